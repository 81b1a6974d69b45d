/* SPDX-License-Identifier: MIT */
/*
 * test_ctl_events.c - subscriptions to events
 *
 * The pretended worker hands events to the control socket as a real one would;
 * what clients get of them is counted, and what is lost has to be told.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl_rig.h"
#include "tests/unit/suites.h"

#define FLOOD 20000u
#define SYN   0x02u

static struct ustack_event event(uint64_t id, enum ustack_event_kind kind)
{
	return (struct ustack_event){
		.time_us = 5,
		.kind = (uint8_t)kind,
		.id = id,
		.local = ustack_addr4((const uint8_t[4]){ 10, 7, 0, 2 }),
		.remote = ustack_addr4((const uint8_t[4]){ 10, 7, 0, 1 }),
		.lport = id == 9 ? 9 : 7,
		.rport = (uint16_t)(40000 + id),
	};
}

static void flush(void)
{
	rig.worker.sink.flush(rig.worker.sink.arg);
	rig_turn();
}

/* An event goes the whole way: history, then the sink. */
static void happen(uint64_t id, enum ustack_event_kind kind, uint8_t flags)
{
	struct ustack_event ev = event(id, kind);

	ev.flags = flags;
	(void)history_put(rig.worker.history, &ev);
	rig.worker.sink.event(rig.worker.sink.arg, &ev);
}

static int subscribe(const char *params)
{
	char line[512];
	int fd = rig_dial();
	cJSON *reply;

	(void)snprintf(line, sizeof(line), RPC("events.subscribe", "%s"),
		       params);
	reply = rig_ask(fd, line);
	ck_assert_msg(rig_at(reply, "result"), "%s: %s", params, rig.line);
	cJSON_Delete(reply);
	return fd;
}

/* Notifications that came, by what they say; the last one is in rig.line. */
static struct {
	uint32_t events;
	uint32_t reports;
	uint64_t lost;
	uint64_t overrun;
} got;

static void hear_all(int fd)
{
	memset(&got, 0, sizeof(got));
	while (rig_hear(fd)) {
		cJSON *msg = cJSON_Parse(rig.line);
		const cJSON *params = rig_at(msg, "params");
		const char *method = rig_at(msg, "method")->valuestring;

		if (!strcmp(method, "event")) {
			got.events++;
		} else {
			ck_assert_str_eq(method, "events.lost");
			got.reports++;
			got.lost += (uint64_t)rig_at(params, "n")->valuedouble;
			got.overrun += (uint64_t)rig_at(params, "overrun")
					       ->valuedouble;
		}
		cJSON_Delete(msg);
	}
}

static const struct {
	const char *params;
	uint32_t mask;
	uint32_t follows;
	uint32_t events; /* of those of some_events() */
} filters[] = {
	{ "{}", (1u << USTACK_EVENTS) - 1, 0, 6 },
	{ "{\"port\":9}", (1u << USTACK_EVENTS) - 1, 0, 2 },
	{ "{\"port\":40001}", (1u << USTACK_EVENTS) - 1, 0, 3 },
	{ "{\"conn\":1}", 0, 1, 3 },
	{ "{\"conn\":1,\"types\":[\"recovery\"]}", 0, 1, 1 },
	{ "{\"types\":[\"recovery:packet_lost\"]}", 1u << USTACK_EV_LOST, 0,
	  1 },
	{ "{\"types\":[\"packet_lost\",\"packet_dr\"]}",
	  1u << USTACK_EV_LOST | 1u << USTACK_EV_DROPPED, 0, 2 },
	{ "{\"types\":[\"impairment\"]}", 1u << USTACK_EV_IMPAIRED, 0, 0 },
	{ "{\"conn\":1,\"port\":9}", 0, 1, 0 },
};

static void some_events(void)
{
	struct ustack_event stray = { .kind = USTACK_EV_DROPPED };

	happen(1, USTACK_EV_SENT, 0);
	happen(1, USTACK_EV_LOST, 0);
	happen(1, USTACK_EV_OPENED, 0);
	happen(9, USTACK_EV_SENT, 0);
	happen(9, USTACK_EV_CLOSED, 0);
	rig.worker.sink.event(rig.worker.sink.arg, &stray);
	flush();
}

/* Who asks for little gets little, and the worker is told the sum. */
START_TEST(filter_decides_what_comes)
{
	int fd;

	rig.worker.conns = 9;
	fd = subscribe(filters[_i].params);
	ck_assert_uint_eq(rig.worker.mask, filters[_i].mask);
	ck_assert_uint_eq(rig.worker.follows, filters[_i].follows);
	some_events();
	hear_all(fd);
	ck_assert_msg(got.events == filters[_i].events, "%s: %u events",
		      filters[_i].params, got.events);
	ck_assert_uint_eq(got.reports, 0);
	(void)close(fd);
	rig_turn();
	ck_assert_uint_eq(rig.worker.mask, 0);
	ck_assert_uint_eq(rig.worker.follows, 0);
}
END_TEST

static const struct {
	const char *params;
	int code;
} faults[] = {
	{ "{\"conn\":10}", CTL_E_NO_OBJECT },
	{ "{\"conn\":-1}", CTL_E_PARAMS },
	{ "{\"port\":65536}", CTL_E_PARAMS },
	{ "{\"types\":\"recovery\"}", CTL_E_PARAMS },
	{ "{\"types\":[]}", CTL_E_PARAMS },
	{ "{\"types\":[\"recovery\",\"frob\"]}", CTL_E_PARAMS },
	{ "{\"types\":[\"\"]}", CTL_E_PARAMS },
	{ "{\"types\":[1]}", CTL_E_PARAMS },
	{ "{\"next\":1}", CTL_E_PARAMS },
	{ "{\"next\":true,\"conn\":1}", CTL_E_PARAMS },
	{ "{\"frob\":1}", CTL_E_PARAMS },
};

/* A bad request is refused, and takes nothing from the subscription there is. */
START_TEST(bad_subscription_leaves_the_old_one)
{
	char line[256];
	cJSON *reply;
	int fd;

	rig.worker.conns = 9;
	fd = subscribe("{\"conn\":1}");
	(void)snprintf(line, sizeof(line), RPC("events.subscribe", "%s"),
		       faults[_i].params);
	reply = rig_ask(fd, line);
	ck_assert_msg(
		rig_at(rig_at(reply, "error"), "code") &&
			rig_at(rig_at(reply, "error"), "code")->valueint ==
				faults[_i].code,
		"%s: %s", faults[_i].params, rig.line);
	cJSON_Delete(reply);
	some_events();
	hear_all(fd);
	ck_assert_uint_eq(got.events, 3);
	ck_assert_uint_eq(rig.worker.follows, 1);
	(void)close(fd);
}
END_TEST

/* Another subscription takes the place of the first. */
START_TEST(second_subscription_replaces_the_first)
{
	cJSON *reply;
	int fd;

	rig.worker.conns = 9;
	fd = subscribe("{}");
	reply = rig_ask(fd, RPC("events.subscribe", "{\"conn\":9}"));
	ck_assert_ptr_nonnull(rig_at(reply, "result"));
	cJSON_Delete(reply);
	some_events();
	hear_all(fd);
	ck_assert_uint_eq(got.events, 2);
	(void)close(fd);
}
END_TEST

/* The next connection is one that begins afterwards, from its first event on. */
START_TEST(next_is_the_one_that_begins_afterwards)
{
	int fd;

	happen(1, USTACK_EV_RECEIVED, SYN);
	fd = subscribe("{\"next\":true,\"types\":[\"transport\"]}");
	ck_assert_uint_eq(rig.worker.follows, 1);
	happen(1, USTACK_EV_SENT, SYN); /* again */
	happen(1, USTACK_EV_SENT, 0);
	happen(2, USTACK_EV_RECEIVED, SYN);
	happen(3, USTACK_EV_RECEIVED, SYN);
	happen(2, USTACK_EV_OPENED, 0);
	happen(2, USTACK_EV_SENT, 0);
	flush();
	hear_all(fd);
	ck_assert_uint_eq(got.events, 2);
	ck_assert_uint_eq(rig.worker.follows, 1);
	(void)close(fd);
}
END_TEST

/* On a port, others that begin before do not count. */
START_TEST(next_on_a_port_waits_for_it)
{
	int fd = subscribe("{\"next\":true,\"port\":9}");

	happen(8, USTACK_EV_RECEIVED, SYN);
	happen(9, USTACK_EV_RECEIVED, SYN);
	happen(9, USTACK_EV_OPENED, 0);
	flush();
	hear_all(fd);
	ck_assert_uint_eq(got.events, 2);
	(void)close(fd);
}
END_TEST

/* A reader that rests loses events, is told how many, and nobody else does. */
START_TEST(stuck_reader_harms_itself_only)
{
	int stuck = subscribe("{}");
	int fd = subscribe("{}");
	uint32_t seen = 0;

	for (uint32_t i = 0; i < FLOOD; i++) {
		happen(1, USTACK_EV_SENT, 0);
		if (i % 100 != 99)
			continue;
		flush();
		hear_all(fd);
		ck_assert_uint_eq(got.reports, 0);
		seen += got.events;
	}
	ck_assert_uint_eq(seen, FLOOD);
	for (const struct ctl_client *c = rig.ctl->clients; c; c = c->next)
		ck_assert_uint_le(c->out.len, CTL_SUB_MARK);
	hear_all(stuck);
	ck_assert_uint_gt(got.lost, 0);
	ck_assert_uint_gt(got.reports, 0);
	ck_assert_uint_eq(got.events + got.lost, FLOOD);
	happen(1, USTACK_EV_SENT, 0);
	flush();
	hear_all(stuck);
	ck_assert_uint_eq(got.events, 1);
	ck_assert_uint_eq(got.lost, 0);
	(void)close(fd);
	(void)close(stuck);
}
END_TEST

/* What the worker could not hand out is told to all. */
START_TEST(overrun_is_told_to_all)
{
	int a = subscribe("{}");
	int b = subscribe("{\"port\":9}");

	rig.worker.sink.lost(rig.worker.sink.arg, 7);
	flush();
	hear_all(a);
	ck_assert_uint_eq(got.overrun, 7);
	hear_all(b);
	ck_assert_uint_eq(got.overrun, 7);
	ck_assert_uint_eq(got.reports, 1);
	(void)close(a);
	(void)close(b);
}
END_TEST

/* It ends when it is told to. */
START_TEST(unsubscribe_ends_it)
{
	int fd = subscribe("{}");
	cJSON *reply = rig_ask(fd, RPC("events.unsubscribe", "{}"));

	ck_assert_ptr_nonnull(rig_at(reply, "result"));
	cJSON_Delete(reply);
	ck_assert_uint_eq(rig.worker.mask, 0);
	some_events();
	hear_all(fd);
	ck_assert_uint_eq(got.events, 0);
	(void)close(fd);
}
END_TEST

/* Subscribers are bounded, and listening is no idleness. */
START_TEST(subscribers_are_bounded)
{
	int fd[CTL_SUBSCRIBERS_MAX];
	int others[CTL_CLIENTS_MAX];
	cJSON *reply;

	for (uint32_t i = 0; i < CTL_SUBSCRIBERS_MAX; i++)
		fd[i] = subscribe("{}");
	for (uint32_t i = 0; i < CTL_CLIENTS_MAX; i++)
		others[i] = rig_dial();
	reply = rig_ask(others[CTL_CLIENTS_MAX - 1],
			RPC("events.subscribe", "{}"));
	ck_assert_int_eq(rig_at(rig_at(reply, "error"), "code")->valueint,
			 CTL_E_REFUSED);
	cJSON_Delete(reply);
	some_events();
	for (uint32_t i = 0; i < CTL_SUBSCRIBERS_MAX; i++) {
		hear_all(fd[i]);
		ck_assert_uint_eq(got.events, 6);
		(void)close(fd[i]);
	}
	for (uint32_t i = 0; i < CTL_CLIENTS_MAX; i++)
		(void)close(others[i]);
}
END_TEST

/* A client may vanish while it is being subscribed. */
START_TEST(vanished_client_leaves_nothing_behind)
{
	const char *line = RPC("events.subscribe", "{}") "\n";
	int fd = rig_dial();

	rig.worker.hold = true;
	rig_say(fd, line, strlen(line));
	ck_assert_uint_ne(rig.worker.mask, 0);
	(void)close(fd);
	rig_turn();
	rig.worker.hold = false;
	rig_turn();
	some_events();
	ck_assert_uint_eq(rig.worker.mask, 0);
}
END_TEST

Suite *suite_daemon_ctl_events(void)
{
	Suite *s = suite_create("daemon/ctl_events");
	TCase *tc = rig_case(s, "events");

	tcase_add_loop_test(tc, filter_decides_what_comes, 0, LENGTH(filters));
	tcase_add_loop_test(tc, bad_subscription_leaves_the_old_one, 0,
			    LENGTH(faults));
	tcase_add_test(tc, second_subscription_replaces_the_first);
	tcase_add_test(tc, next_is_the_one_that_begins_afterwards);
	tcase_add_test(tc, next_on_a_port_waits_for_it);
	tcase_add_test(tc, stuck_reader_harms_itself_only);
	tcase_add_test(tc, overrun_is_told_to_all);
	tcase_add_test(tc, unsubscribe_ends_it);
	tcase_add_test(tc, subscribers_are_bounded);
	tcase_add_test(tc, vanished_client_leaves_nothing_behind);
	return s;
}
