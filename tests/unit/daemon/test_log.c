/* SPDX-License-Identifier: MIT */
/*
 * test_log.c - log lines: what they say, in which format, how many
 *
 * Method: log to a file in /tmp, then read the file.
 */

#include <check.h>
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/json.h"
#include "daemon/log.h"

static struct {
	struct config cfg;
	char text[1 << 18];
} t;

static void setup(void)
{
	int fd;

	t.cfg = (struct config){ .log_target = LOG_TO_FILE,
				 .log_level = LOG_LVL_TRACE };
	(void)snprintf(t.cfg.log_path, sizeof(t.cfg.log_path),
		       "/tmp/ustack-test-log.XXXXXX");
	fd = mkstemp(t.cfg.log_path);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}

static void teardown(void)
{
	log_close();
	(void)unlink(t.cfg.log_path);
}

static void open_log(bool json)
{
	t.cfg.log_json = json;
	ck_assert_int_eq(log_open(&t.cfg), 0);
}

/* What the file has by now. */
static const char *logged(void)
{
	FILE *in = fopen(t.cfg.log_path, "r");

	ck_assert_ptr_nonnull(in);
	t.text[fread(t.text, 1, sizeof(t.text) - 1, in)] = '\0';
	(void)fclose(in);
	return t.text;
}

static int lines_with(const char *what)
{
	const char *p = logged();
	int n = 0;

	while ((p = strstr(p, what))) {
		n++;
		p++;
	}
	return n;
}

static struct ustack_event event(enum ustack_event_kind kind)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct ustack_event){
		.time_us = (uint64_t)ts.tv_sec * 1000000u,
		.kind = (uint8_t)kind,
		.id = 3,
		.local = ustack_addr4((const uint8_t[4]){ 10, 7, 0, 2 }),
		.remote = ustack_addr4((const uint8_t[4]){ 10, 7, 0, 1 }),
		.lport = 7,
		.rport = 40000,
		.from = USTACK_ESTABLISHED,
		.to = USTACK_CLOSE_WAIT,
		.drop = USTACK_C_DROP_TCP_SEQ,
		.flags = 0x12,
		.seq = 1,
		.ack = 2,
		.len = 1448,
		.wnd = 65535,
		.cwnd = 14480,
		.ssthresh = UINT32_MAX,
		.srtt_us = 250,
		.rto_us = 200000,
		.bytes_in = 11,
		.bytes_out = 22,
		.retrans = 1,
		.segs_in = 5,
		.segs_out = 6,
		.minrtt_us = 240,
		.age_us = 1500000,
		.agreed = USTACK_AGREED_WSCALE | USTACK_AGREED_SACK,
		.scale_in = 7,
		.scale_out = 10,
		.mss = 1448,
		.cc = "reno",
	};
}

static const struct {
	enum ustack_event_kind kind;
	uint8_t cause;
	const char *text;
	const char *json;
} kinds[] = {
	{ USTACK_EV_OPENED, 0,
	  " info  conn=3 10.7.0.1:40000 > 10.7.0.2:7 opened (passive)\n",
	  "\"active\":false,\"mss\":1448,\"wscale\":{\"snd\":7,\"rcv\":10},"
	  "\"timestamps\":false,\"sack\":true,\"ecn\":false,"
	  "\"cc\":\"reno\"" },
	{ USTACK_EV_STATE, 0, "ESTABLISHED -> CLOSE-WAIT\n",
	  "\"old\":\"ESTABLISHED\",\"new\":\"CLOSE-WAIT\"" },
	{ USTACK_EV_CLOSED, 0,
	  "closed (normal) in 11 bytes, out 22 bytes, retransmitted 1 segments, "
	  "rtt 0.250 ms, after 1.500 s\n",
	  "\"reason\":\"normal\",\"bytes_in\":11,\"bytes_out\":22,"
	  "\"retrans\":1,\"segs_in\":5,\"segs_out\":6,\"srtt_us\":250,"
	  "\"minrtt_us\":240,\"age_us\":1500000" },
	{ USTACK_EV_SENT, 0,
	  "10.7.0.2:7 > 10.7.0.1:40000 sent [S.] seq 1 ack 2 win 65535 len 1448\n",
	  "\"flags\":\"S.\",\"seq\":1" },
	{ USTACK_EV_SENT, USTACK_CAUSE_RTO, "len 1448 again (rto)\n",
	  "\"cause\":\"rto\"" },
	{ USTACK_EV_RECEIVED, 0, "10.7.0.1:40000 > 10.7.0.2:7 received [S.]",
	  "\"wnd\":65535" },
	{ USTACK_EV_DROPPED, 0, "dropped: DropTcpSequence (",
	  "\"counter\":\"DropTcpSequence\"" },
	{ USTACK_EV_LOST, USTACK_CAUSE_RTO,
	  "retransmission (rto) seq 1 len 1448, rto 200 ms\n",
	  "\"cause\":\"rto\",\"seq\":1,\"len\":1448,\"iss\":0,\"rto_us\":200000" },
	{ USTACK_EV_METRICS, 0, "cwnd 14480 srtt 0.250 ms rto 200.000 ms\n",
	  "\"cwnd\":14480" },
	{ USTACK_EV_SOFT_ERROR, 0, "soft error: no error\n",
	  "\"error\":\"no error\"" },
};

START_TEST(event_has_a_text)
{
	struct ustack_event ev = event(kinds[_i].kind);

	ev.cause = kinds[_i].cause;
	open_log(false);
	log_event(&ev);
	ck_assert_msg(strstr(logged(), kinds[_i].text), "%s", t.text);
	ck_assert_ptr_eq(strchr(t.text, '\n'), t.text + strlen(t.text) - 1);
}
END_TEST

START_TEST(event_has_json)
{
	struct ustack_event ev = event(kinds[_i].kind);
	cJSON *line;

	ev.cause = kinds[_i].cause;
	open_log(true);
	log_event(&ev);
	ck_assert_msg(strstr(logged(), kinds[_i].json), "%s", t.text);
	line = cJSON_Parse(t.text);
	ck_assert_msg(line, "no JSON: %s", t.text);
	ck_assert_str_eq(cJSON_GetObjectItem(line, "event")->valuestring,
			 ustack_event_name(kinds[_i].kind));
	ck_assert_int_eq(cJSON_GetObjectItem(line, "conn")->valueint, 3);
	ck_assert_str_eq(cJSON_GetObjectItem(line, "remote")->valuestring,
			 "10.7.0.1:40000");
	cJSON_Delete(line);
}
END_TEST

START_TEST(time_is_utc_with_microseconds)
{
	open_log(false);
	log_msg(LOG_LVL_ERROR, "x");
	ck_assert_int_eq(logged()[4], '-');
	ck_assert_int_eq(t.text[10], 'T');
	ck_assert_int_eq(t.text[19], '.');
	ck_assert_int_eq(t.text[26], 'Z');
	ck_assert_str_eq(t.text + 27, " error x\n");
}
END_TEST

/* A name that somebody chose must not forge a second line. */
START_TEST(message_stays_one_line)
{
	open_log(false);
	log_msg(LOG_LVL_INFO, "name %s", "a\nb\033[1m");
	ck_assert_ptr_nonnull(strstr(logged(), "name a?b?[1m\n"));
	open_log(true);
	log_msg(LOG_LVL_INFO, "\"%s\\", "\xc3\xa4");
	ck_assert_ptr_nonnull(
		strstr(logged(), "\"msg\":\"\\\"\\u00c3\\u00a4\\\\\"}"));
}
END_TEST

START_TEST(level_decides_what_is_written)
{
	struct ustack_event ev = event(USTACK_EV_STATE);

	open_log(false);
	log_set_level(LOG_LVL_INFO);
	log_event(&ev);
	log_msg(LOG_LVL_DEBUG, "hidden");
	log_msg(LOG_LVL_WARNING, "shown");
	ck_assert_int_eq(lines_with("\n"), 1);
	ck_assert_int_eq(lines_with("shown"), 1);
}
END_TEST

START_TEST(mask_grows_with_the_level)
{
	uint32_t warning = log_event_mask(LOG_LVL_WARNING);
	uint32_t info = log_event_mask(LOG_LVL_INFO);
	uint32_t debug = log_event_mask(LOG_LVL_DEBUG);

	ck_assert_uint_eq(log_event_mask(LOG_LVL_ERROR), 0);
	ck_assert_uint_eq(warning, 1u << USTACK_EV_MEMORY);
	ck_assert_uint_eq(info, warning | 1u << USTACK_EV_OPENED |
					1u << USTACK_EV_CLOSED |
					1u << USTACK_EV_LOST |
					1u << USTACK_EV_SOFT_ERROR);
	ck_assert_uint_eq(debug, info | 1u << USTACK_EV_STATE |
					 1u << USTACK_EV_DROPPED);
	ck_assert_uint_eq(log_event_mask(LOG_LVL_TRACE),
			  (1u << USTACK_EVENTS) - 1);
}
END_TEST

START_TEST(flood_is_cut_and_counted)
{
	struct ustack_event ev = event(USTACK_EV_DROPPED);

	open_log(false);
	for (int i = 0; i < 250; i++)
		log_event(&ev);
	log_close();
	ck_assert_int_eq(lines_with("dropped: "), 200);
	ck_assert_int_eq(lines_with(
				 " 50 more lines of transport:packet_dropped "
				 "held back\n"),
			 1);
}
END_TEST

START_TEST(unwritable_target_falls_back_and_says_so)
{
	char kept[CONFIG_PATH_MAX];

	memcpy(kept, t.cfg.log_path, sizeof(kept));
	(void)snprintf(t.cfg.log_path, sizeof(t.cfg.log_path),
		       "/nonexistent/x");
	ck_assert_int_lt(log_open(&t.cfg), 0);
	memcpy(t.cfg.log_path, kept, sizeof(kept));
}
END_TEST

START_TEST(reopened_file_is_a_new_one)
{
	char old[CONFIG_PATH_MAX + 4];

	open_log(false);
	log_msg(LOG_LVL_INFO, "first");
	(void)snprintf(old, sizeof(old), "%s.1", t.cfg.log_path);
	ck_assert_int_eq(rename(t.cfg.log_path, old), 0);
	open_log(false);
	log_msg(LOG_LVL_INFO, "second");
	ck_assert_int_eq(lines_with("first"), 0);
	ck_assert_int_eq(lines_with("second"), 1);
	ck_assert_int_eq(unlink(old), 0);
}
END_TEST

/* A pager at rest: nobody reads stderr, and the pipe is full. */
START_TEST(full_pipe_costs_lines_but_no_time)
{
	int before = dup(STDERR_FILENO);
	int fds[2];
	ssize_t n;

	t.cfg.log_target = LOG_TO_STDERR;
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_ge(dup2(fds[1], STDERR_FILENO), 0);
	open_log(false);
	(void)alarm(10);
	for (int i = 0; i < 2000; i++) /* 64 KiB hold some 800 */
		log_msg(LOG_LVL_INFO,
			"line %d, with something to fill the pipe", i);
	(void)alarm(0);
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
	n = read(fds[0], t.text, sizeof(t.text) - 1);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(t.text[n - 1], '\n');
	log_msg(LOG_LVL_INFO, "read again");
	n = read(fds[0], t.text, sizeof(t.text) - 1);
	ck_assert_int_gt(n, 0);
	t.text[n] = '\0';
	(void)dup2(before, STDERR_FILENO);
	ck_assert_msg(strstr(t.text, " log lines could not be written\n"), "%s",
		      t.text);
	ck_assert_ptr_nonnull(strstr(t.text, "read again\n"));
	(void)close(before);
	(void)close(fds[0]);
	(void)close(fds[1]);
}
END_TEST

START_TEST(level_names_read_back)
{
	for (int i = 0; i < LOG_LVLS; i++)
		ck_assert_int_eq(
			log_level_parse(log_level_name((enum log_level)i)), i);
	ck_assert_int_eq(log_level_parse("loud"), -1);
	ck_assert_int_eq(log_level_parse(""), -1);
}
END_TEST

/* ------------------------------------------------------------ JSON writer */

START_TEST(json_puts_commas_and_escapes)
{
	struct json j;

	json_init(&j, 1024);
	json_obj(&j, NULL);
	json_str(&j, "a\n", "\"\\");
	json_arr(&j, "l");
	json_u64(&j, NULL, UINT64_MAX);
	json_i64(&j, NULL, -1);
	json_obj(&j, NULL);
	json_obj_end(&j);
	json_arr_end(&j);
	json_bool(&j, "b", true);
	json_obj_end(&j);
	json_nl(&j);
	ck_assert(!json_failed(&j));
	ck_assert_mem_eq(
		j.buf,
		"{\"a\\u000a\":\"\\\"\\\\\",\"l\":[18446744073709551615,"
		"-1,{}],\"b\":true}\n",
		j.len);
	json_fini(&j);
}
END_TEST

START_TEST(json_fails_as_a_whole_at_its_bound)
{
	struct json j;

	json_init(&j, 10);
	json_str(&j, NULL, "12345678");
	ck_assert(!json_failed(&j));
	json_str(&j, NULL, "");
	ck_assert(json_failed(&j));
	json_reset(&j);
	ck_assert(!json_failed(&j));
	json_fini(&j);
}
END_TEST

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

Suite *suite_daemon_log(void)
{
	Suite *s = suite_create("daemon/log");
	TCase *tc = tcase_create("log");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, event_has_a_text, 0, LENGTH(kinds));
	tcase_add_loop_test(tc, event_has_json, 0, LENGTH(kinds));
	tcase_add_test(tc, time_is_utc_with_microseconds);
	tcase_add_test(tc, message_stays_one_line);
	tcase_add_test(tc, level_decides_what_is_written);
	tcase_add_test(tc, mask_grows_with_the_level);
	tcase_add_test(tc, flood_is_cut_and_counted);
	tcase_add_test(tc, unwritable_target_falls_back_and_says_so);
	tcase_add_test(tc, reopened_file_is_a_new_one);
	tcase_add_test(tc, full_pipe_costs_lines_but_no_time);
	tcase_add_test(tc, level_names_read_back);
	suite_add_tcase(s, tc);
	tc = tcase_create("json");
	tcase_add_test(tc, json_puts_commas_and_escapes);
	tcase_add_test(tc, json_fails_as_a_whole_at_its_bound);
	suite_add_tcase(s, tc);
	return s;
}
