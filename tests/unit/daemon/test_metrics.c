/* SPDX-License-Identifier: MIT */
/*
 * test_metrics.c - the daemon's numbers as text
 *
 * That the whole is what Prometheus reads, tests/system/promcheck.py holds.
 */

#include <stdlib.h>
#include <string.h>

#include "daemon/metrics.h"
#include "tests/unit/suites.h"

static struct metrics *reading(void)
{
	struct metrics *m = calloc(1, sizeof(*m));

	m->version = "1.2";
	memcpy(m->counters.tun.ifname, "ustack0", sizeof("ustack0"));
	m->counters.tun.mode = "csum+tso";
	return m;
}

/* The whole text, to be freed. */
static char *write_out(const struct metrics *m)
{
	struct svc_text t = { .buf = malloc(SVC_PAGE_MAX),
			      .cap = SVC_PAGE_MAX };

	metrics_write(m, &t);
	ck_assert(!t.full);
	ck_assert_uint_eq(strlen(t.buf), t.len);
	return t.buf;
}

static void expect_line(const struct metrics *m, const char *line)
{
	char *text = write_out(m);

	ck_assert_msg(strstr(text, line), "no \"%s\" in:\n%s", line, text);
	free(text);
}

static const struct {
	const char *name;
	const char *unit;
	const char *want;
} names[] = {
	{ "TcpExtInBytes", "bytes", "ustack_tcp_ext_in_bytes_total" },
	{ "IpInOctets", "bytes", "ustack_ip_in_bytes_total" },
	{ "IpReasmOKs", "packets", "ustack_ip_reasm_oks_total" },
	{ "Ip6InReceives", "packets", "ustack_ip6_in_receives_total" },
	{ "TcpExtDSACKUndo", "episodes", "ustack_tcp_ext_dsack_undo_total" },
	{ "TcpOutRsts", "segments", "ustack_tcp_out_rsts_total" },
	{ "DropNotIp", "packets", "ustack_drop_not_ip_total" },
	{ "TunRxBytes", "bytes", "ustack_tun_rx_bytes_total" },
	{ "Queue", "bytes", "ustack_queue_bytes_total" },
	{ "OKs", "x", "ustack_oks_total" },
	{ "A", "x", "ustack_a_total" },
};

START_TEST(name_follows_from_that_of_the_mib)
{
	const struct counter_info ci = { .name = names[_i].name,
					 .unit = names[_i].unit };
	char name[METRICS_NAME_MAX];

	metrics_name(&ci, name);
	ck_assert_str_eq(name, names[_i].want);
}
END_TEST

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

START_TEST(names_of_all_counters_are_valid_and_differ)
{
	const struct counter_info *ci;
	char(*all)[METRICS_NAME_MAX];
	size_t n;

	ci = counters_table(&n);
	all = calloc(n, sizeof(*all));
	for (size_t i = 0; i < n; i++) {
		metrics_name(&ci[i], all[i]);
		ck_assert_msg(strspn(all[i],
				     "abcdefghijklmnopqrstuvwxyz0123456789_") ==
				      strlen(all[i]),
			      "%s", all[i]);
		ck_assert_msg(!strstr(all[i], "__"), "%s", all[i]);
		ck_assert_uint_lt(strlen(all[i]), 64);
	}
	qsort(all, n, sizeof(*all), compare);
	for (size_t i = 1; i < n; i++)
		ck_assert_str_ne(all[i - 1], all[i]);
	free(all);
}
END_TEST

START_TEST(counter_has_help_type_and_value)
{
	struct metrics *m = reading();

	m->counters.stack[USTACK_C_TCP_IN_BYTES] = UINT64_MAX;
	expect_line(m, "# HELP ustack_tcp_ext_in_bytes_total payload accepted "
		       "in order\n"
		       "# TYPE ustack_tcp_ext_in_bytes_total counter\n"
		       "ustack_tcp_ext_in_bytes_total 18446744073709551615\n");
	free(m);
}
END_TEST

START_TEST(connections_are_told_by_state)
{
	struct metrics *m = reading();

	m->gauges.states[USTACK_TIME_WAIT] = 7;
	expect_line(m, "\nustack_connections{state=\"TIME-WAIT\"} 7\n");
	free(m);
}
END_TEST

START_TEST(times_are_seconds)
{
	struct metrics *m = reading();

	m->up_us = 3000042;
	expect_line(m, "\nustack_uptime_seconds 3.000042\n");
	free(m);
}
END_TEST

START_TEST(values_of_labels_are_escaped)
{
	struct metrics *m = reading();

	memcpy(m->counters.tun.ifname, "a\"\\\nb", sizeof("a\"\\\nb"));
	expect_line(m, "\nustack_interface_info{name=\"a\\\"\\\\\\nb\","
		       "mode=\"csum+tso\"} 1\n");
	free(m);
}
END_TEST

START_TEST(services_have_a_label)
{
	struct metrics *m = reading();
	char *text = write_out(m);

	ck_assert_ptr_null(strstr(text, "ustack_service_"));
	free(text);
	m->nservice = 1;
	m->service[0] = (struct worker_service){ .name = "echo",
						 .bytes_out = 5 };
	expect_line(m,
		    "\nustack_service_out_bytes_total{service=\"echo\"} 5\n");
	free(m);
}
END_TEST

START_TEST(hits_are_told_by_knob)
{
	struct metrics *m = reading();
	char *text;

	m->impair.by[USTACK_KNOB_LOSS] = 3;
	m->impair.by[USTACK_KNOB_NONE] = 4;
	expect_line(m, "\nustack_impair_hits_total{knob=\"loss\"} 3\n");
	text = write_out(m);
	ck_assert_ptr_null(strstr(text, "\"none\""));
	ck_assert_ptr_null(strstr(text, "\"unknown\""));
	free(text);
	free(m);
}
END_TEST

/* All at their largest, and nothing is cut. */
START_TEST(largest_reading_fits_a_page)
{
	struct metrics *m = reading();

	memset(&m->counters.stack, 0xff, sizeof(m->counters.stack));
	memset(&m->gauges, 0xff, sizeof(m->gauges));
	m->gauges.mem_short = true;
	memset(&m->impair, 0xff, sizeof(m->impair));
	memset(&m->impaired, 0xff, sizeof(m->impaired));
	m->up_us = UINT64_MAX;
	m->nservice = CONFIG_SERVICES_MAX;
	for (uint32_t i = 0; i < m->nservice; i++) {
		memset(&m->service[i], 0xff, sizeof(m->service[i]));
		memset(m->service[i].name, '"', CONFIG_NAME_MAX);
		m->service[i].name[CONFIG_NAME_MAX - 1] = '\0';
	}
	free(write_out(m));
	free(m);
}
END_TEST

Suite *suite_daemon_metrics(void)
{
	Suite *s = suite_create("daemon/metrics");
	TCase *tc = tcase_create("metrics");

	tcase_add_loop_test(tc, name_follows_from_that_of_the_mib, 0,
			    sizeof(names) / sizeof(names[0]));
	tcase_add_test(tc, names_of_all_counters_are_valid_and_differ);
	tcase_add_test(tc, counter_has_help_type_and_value);
	tcase_add_test(tc, connections_are_told_by_state);
	tcase_add_test(tc, times_are_seconds);
	tcase_add_test(tc, values_of_labels_are_escaped);
	tcase_add_test(tc, services_have_a_label);
	tcase_add_test(tc, hits_are_told_by_knob);
	tcase_add_test(tc, largest_reading_fits_a_page);
	suite_add_tcase(s, tc);
	return s;
}
