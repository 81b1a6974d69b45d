/* SPDX-License-Identifier: MIT */
/*
 * test_event_fmt.c - events for people, and what their types may be called
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/event_fmt.h"
#include "tests/unit/suites.h"

#define AT   "{\"time_us\":1500007,\"event\":"
#define FLOW "\"conn\":3,\"local\":\"10.7.0.2:7\",\"remote\":\"10.7.0.1:9999\","
#define IN   "00:00:02.500007 #3 10.7.0.1:9999 > 10.7.0.2:7 "
#define OUT  "00:00:02.500007 #3 10.7.0.2:7 > 10.7.0.1:9999 "
#define OF   "00:00:02.500007 #3 "

/* clang-format off */
static const struct {
	const char *json;
	const char *want;
} lines[] = {
	{ AT "\"connectivity:connection_started\"," FLOW "\"active\":false}",
	  IN "opened (passive)" },
	{ AT "\"connectivity:connection_started\"," FLOW "\"active\":true}",
	  OUT "opened (active)" },
	{ AT "\"connectivity:connection_state_updated\"," FLOW
	  "\"old\":\"LISTEN\",\"new\":\"SYN-RECEIVED\"}",
	  OF "LISTEN -> SYN-RECEIVED" },
	{ AT "\"connectivity:connection_closed\"," FLOW "\"reason\":\"timeout\","
	  "\"bytes_in\":6,\"bytes_out\":7,\"retrans\":2,\"age_us\":3500}",
	  OF "closed (timeout) in 6, out 7 bytes, 2 sent again after 3.5ms" },
	{ AT "\"connectivity:soft_error\"," FLOW "\"error\":\"timed out\"}",
	  OF "soft error: timed out" },
	{ AT "\"transport:packet_sent\"," FLOW "\"flags\":\"S\",\"seq\":4294967295,"
	  "\"ack\":0,\"wnd\":65535,\"len\":0,\"iss\":4294967295,\"irs\":0}",
	  OUT "sent [S] seq 0 win 65535" },
	{ AT "\"transport:packet_sent\"," FLOW "\"flags\":\"P.\",\"seq\":1448,"
	  "\"ack\":1001,\"wnd\":65535,\"len\":1448,\"iss\":4294967295,\"irs\":1000,"
	  "\"cause\":\"rto\",\"since_us\":204000}",
	  OUT "sent [P.] seq 1449:2897 ack 1 win 65535 again (rto after 204.0ms)" },
	{ AT "\"transport:packet_received\"," FLOW "\"flags\":\".\",\"seq\":1001,"
	  "\"ack\":1448,\"wnd\":512,\"len\":0,\"iss\":4294967295,\"irs\":1000,"
	  "\"ecn\":3,\"sack\":[[2896,4344],[5792,7240]]}",
	  IN "rcvd [.] seq 1 ack 1449 win 512 sack 2897:4345,5793:7241 CE" },
	{ AT "\"transport:packet_received\"," FLOW "\"sack\":[1,[2],[\"a\",3]]}",
	  IN "rcvd [-] seq 0 win 0" },
	{ AT "\"transport:packet_dropped\",\"counter\":\"DropIpHeader\"}",
	  "00:00:02.500007 dropped: DropIpHeader" },
	{ AT "\"transport:packet_dropped\",\"conn\":3,\"counter\":\"DropTcpOld\"}",
	  OF "dropped: DropTcpOld" },
	{ AT "\"recovery:packet_lost\"," FLOW "\"cause\":\"rack\",\"seq\":1448,"
	  "\"len\":1448,\"iss\":4294967295,\"rto_us\":200000}",
	  OF "lost (rack) seq 1449:2897 rto 200.0ms" },
	{ AT "\"recovery:metrics_updated\"," FLOW "\"cwnd\":14480,\"ssthresh\":7240,"
	  "\"srtt_us\":500,\"rto_us\":200000}",
	  OF "cwnd 14480 ssthresh 7240 srtt 500us rto 200.0ms" },
	{ AT "\"impairment:applied\"," FLOW "\"dir\":\"out\",\"faults\":[\"lost\"],"
	  "\"knob\":\"loss\",\"rule\":2,\"flags\":\".\",\"seq\":1,\"ack\":2,"
	  "\"len\":1448,\"tx\":1,\"offset\":1449}",
	  OUT "impaired out [.] seq 1449:2897: lost by rule 2 (loss)" },
	{ AT "\"impairment:applied\"," FLOW "\"dir\":\"in\",\"faults\":[\"delayed\","
	  "\"duplicated\"],\"knob\":\"script\",\"rule\":1,\"step\":4,\"flags\":\".\","
	  "\"len\":0,\"offset\":77,\"delay_us\":20000}",
	  IN "impaired in [.] ack 77: delayed duplicated 20.0ms by script 1 step 4" },
	{ AT "\"future:event\"," FLOW "\"x\":1}", OF "future:event" },
	{ "{}", "00:00:01.000000 -" },
};
/* clang-format on */

/* Numbers count from the SYN, and wrap as they do on the wire. */
START_TEST(line_says_what_happened)
{
	struct event_style style = { .wall_offset_us = 1000000 };
	cJSON *ev = cJSON_Parse(lines[_i].json);
	char text[EVENT_TEXT];

	(void)setenv("TZ", "UTC", 1);
	tzset();
	ck_assert_msg(ev, "%s", lines[_i].json);
	ck_assert_str_eq(event_text(ev, &style, text), lines[_i].want);
	cJSON_Delete(ev);
}
END_TEST

/* A line that would be longer is cut, whatever the daemon says. */
START_TEST(long_line_is_cut)
{
	struct event_style style = { .colour = true };
	char big[3 * EVENT_TEXT];
	char text[EVENT_TEXT];
	cJSON *ev = cJSON_CreateObject();

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	(void)cJSON_AddStringToObject(ev, "event", "transport:packet_dropped");
	(void)cJSON_AddStringToObject(ev, "counter", big);
	ck_assert_uint_lt(strlen(event_text(ev, &style, text)), EVENT_TEXT);
	cJSON_Delete(ev);
}
END_TEST

/* A type is the beginning of a name, or of what is behind its colon. */
START_TEST(type_is_a_beginning)
{
	ck_assert(event_has_type("recovery:packet_lost", "recovery"));
	ck_assert(event_has_type("recovery:packet_lost", "packet_lost"));
	ck_assert(
		event_has_type("recovery:packet_lost", "recovery:packet_lost"));
	ck_assert(!event_has_type("recovery:packet_lost", "lost"));
	ck_assert(!event_has_type("recovery:packet_lost", ""));
	ck_assert_int_eq(event_check_type("packet_"), CLI_DONE);
	ck_assert_int_eq(event_check_type("frob"), CLI_USAGE);
}
END_TEST

Suite *suite_cli_event_fmt(void)
{
	Suite *s = suite_create("cli/event_fmt");
	TCase *tc = tcase_create("event");

	tcase_add_loop_test(tc, line_says_what_happened, 0,
			    sizeof(lines) / sizeof(lines[0]));
	tcase_add_test(tc, long_line_is_cut);
	tcase_add_test(tc, type_is_a_beginning);
	suite_add_tcase(s, tc);
	return s;
}
