/* SPDX-License-Identifier: MIT */
/*
 * test_capture.c - what passes by, and what befell it
 *
 * Packets come from the rig of stack/link, whose receiver judges what was
 * captured; events are made up.
 */

#include <check.h>
#include <string.h>

#include "caprig.h"
#include "daemon/capfate.h"
#include "daemon/loop.h"
#include "stack/link/view.h"
#include "tests/unit/suites.h"

/* The event that befalls piece @i of caprig_super(). */
static struct ustack_event event_of(const struct ustack_pkt *p,
				    enum impair_dir dir, uint32_t i)
{
	struct link_view v;

	view_parse(&v, dir, p);
	return (struct ustack_event){
		.time_us = loop_clock_us(),
		.kind = USTACK_EV_IMPAIRED,
		.local = v.local,
		.remote = v.remote,
		.lport = v.lport,
		.rport = v.rport,
		.in = dir == IMPAIR_IN,
		.rule = 2,
		.tx = 1,
		.seq = v.seq + i * CAPRIG_MSS,
		.len = i + 1 < CAPRIG_PIECES ? CAPRIG_MSS : CAPRIG_LAST,
	};
}

/* The oldest record, told of; NULL = none. */
static const struct caprec *next_record(void)
{
	static const struct caprec *last;
	const struct caprec *rec;

	if (last)
		capring_done(&caprig.file.tap.ring, last);
	rec = capring_first(&caprig.file.tap.ring);
	last = rec;
	return rec;
}

/* ------------------------------------------------------------------- cutting */

START_TEST(super_packets_are_seen_as_wire_segments)
{
	const enum impair_dir dir = _i ? IMPAIR_IN : IMPAIR_OUT;
	struct ustack_pkt *p = caprig_super(dir);
	const struct caprec *rec;
	uint32_t n = 0;

	caprig_begin(caprig_temp_file());
	capture_packet(&caprig.cap, CAPTURE_STACK, dir, p);
	ck_assert_ptr_null(next_record()); /* held back */
	capture_flush(&caprig.cap);
	while ((rec = next_record())) {
		const char *wrong = rig_receive(rec->data, rec->cap_len);

		ck_assert_msg(!wrong, "piece %u: %s", n, wrong);
		ck_assert_uint_eq(rec->orig_len, rec->cap_len);
		ck_assert_uint_eq(rec->len, ++n < CAPRIG_PIECES ? CAPRIG_MSS
								: CAPRIG_LAST);
		ck_assert_uint_eq(rec->side, CAPTURE_STACK);
		ck_assert_uint_eq(rec->dir, dir);
		ck_assert_uint_eq(rec->fate.faults, 0);
	}
	ck_assert_uint_eq(n, CAPRIG_PIECES);
	rig_free(&caprig.rig, p);
}
END_TEST

START_TEST(snaplen_cuts_what_is_kept_not_what_is_told)
{
	struct ustack_pkt *p = caprig_super(IMPAIR_OUT);
	const struct caprec *rec;

	caprig.file.tap.snaplen = 60;
	caprig_begin(caprig_temp_file());
	capture_packet(&caprig.cap, CAPTURE_WIRE, IMPAIR_OUT, p);
	capture_flush(&caprig.cap);
	rec = next_record();
	ck_assert_ptr_nonnull(rec);
	ck_assert_uint_eq(rec->cap_len, 60);
	ck_assert_uint_eq(rec->orig_len, 52 + CAPRIG_MSS);
	while (next_record())
		;
	rig_free(&caprig.rig, p);
}
END_TEST

static const struct {
	const char *name;
	uint8_t sides;
	uint16_t port;
	uint16_t lport; /* of the connection asked for, 0 = none */
	bool passes;
} filters[] = {
	{ "other side", 1u << CAPTURE_WIRE, 0, 0, false },
	{ "side", 1u << CAPTURE_STACK, 0, 0, true },
	{ "our port", 3, RIG_LPORT, 0, true },
	{ "the peer's port", 3, RIG_RPORT, 0, true },
	{ "other port", 3, 80, 0, false },
	{ "the connection", 3, 0, RIG_LPORT, true },
	{ "another connection", 3, 0, 8, false },
	{ "connection, but other port", 3, 80, RIG_LPORT, false },
};

START_TEST(only_what_passes_the_filter_is_kept)
{
	struct ustack_pkt *p = caprig_super(IMPAIR_IN);
	struct link_view v;
	bool passed;

	view_parse(&v, IMPAIR_IN, p);
	caprig.file.tap.filter = (struct capture_filter){
		.sides = filters[_i].sides,
		.port = filters[_i].port,
		.conn = filters[_i].lport ? 5 : 0,
		.tuple = { v.local, v.remote, filters[_i].lport, v.rport },
	};
	caprig_begin(caprig_temp_file());
	capture_packet(&caprig.cap, CAPTURE_STACK, IMPAIR_IN, p);
	capture_flush(&caprig.cap);
	passed = next_record();
	while (next_record())
		;
	ck_assert_msg(passed == filters[_i].passes, "%s", filters[_i].name);
	ck_assert_uint_eq(capfile_seen(&caprig.file),
			  passed ? CAPRIG_PIECES : 0);
	rig_free(&caprig.rig, p);
}
END_TEST

/* The device had no room: the packet will come again. */
START_TEST(packet_undone_was_not_seen)
{
	struct ustack_pkt *p = caprig_super(IMPAIR_OUT);
	uint32_t n = 0;

	caprig_begin(caprig_temp_file());
	capture_packet(&caprig.cap, CAPTURE_WIRE, IMPAIR_OUT, p);
	capture_packet(&caprig.cap, CAPTURE_STACK, IMPAIR_OUT, p);
	capture_undo(&caprig.cap);
	capture_flush(&caprig.cap);
	while (next_record())
		n++;
	ck_assert_uint_eq(n, CAPRIG_PIECES);
	ck_assert_uint_eq(capfile_seen(&caprig.file), CAPRIG_PIECES);
	rig_free(&caprig.rig, p);
}
END_TEST

START_TEST(full_ring_costs_packets_and_tells_how_many)
{
	struct ustack_pkt *p = caprig_super(IMPAIR_OUT);
	const struct caprec *rec;
	uint64_t kept = 0;
	uint64_t lost = 0;

	caprig_begin(caprig_temp_file());
	while (!capfile_dropped(&caprig.file))
		capture_packet(&caprig.cap, CAPTURE_WIRE, IMPAIR_OUT, p);
	capture_flush(&caprig.cap);
	while ((rec = next_record())) {
		lost += rec->lost;
		kept++;
	}
	ck_assert_uint_eq(capfile_seen(&caprig.file),
			  kept + capfile_dropped(&caprig.file));
	capture_packet(&caprig.cap, CAPTURE_WIRE, IMPAIR_OUT, p);
	capture_flush(&caprig.cap);
	rec = next_record();
	ck_assert_ptr_nonnull(rec);
	ck_assert_uint_gt(rec->lost + lost, 0);
	ck_assert_uint_eq(rec->lost + lost, capfile_dropped(&caprig.file));
	while (next_record())
		;
	rig_free(&caprig.rig, p);
}
END_TEST

/* --------------------------------------------------------------------- fates */

/* A drop is on the side it comes from only, on the segment it befell. */
START_TEST(loss_becomes_a_comment_on_its_segment)
{
	const enum impair_dir dir = _i ? IMPAIR_IN : IMPAIR_OUT;
	struct ustack_pkt *p = caprig_super(dir);
	struct ustack_event ev = event_of(p, dir, 3);
	const struct caprec *rec;
	uint32_t n = 0;

	ev.faults = 1u << USTACK_FAULT_LOST;
	ev.knob = USTACK_KNOB_LOSS;
	caprig_begin(caprig_temp_file());
	capture_packet(&caprig.cap,
		       dir == IMPAIR_IN ? CAPTURE_WIRE : CAPTURE_STACK, dir, p);
	capture_event(&caprig.cap, &ev);
	capture_flush(&caprig.cap);
	capture_event(&caprig.cap, &ev); /* too late: nothing is held back */
	while ((rec = next_record())) {
		ck_assert_uint_eq(rec->fate.faults, n == 3 ? ev.faults : 0);
		ck_assert_uint_eq(rec->fate.rule, n == 3 ? 2 : 0);
		n++;
	}
	ck_assert_uint_eq(n, CAPRIG_PIECES);
	rig_free(&caprig.rig, p);
}
END_TEST

/* What comes out on the other side has its fate there too, a copy as well. */
START_TEST(delay_is_told_on_both_sides)
{
	struct ustack_pkt *p = caprig_super(IMPAIR_OUT);
	struct ustack_event ev = event_of(p, IMPAIR_OUT, 0);
	uint32_t commented = 0;
	const struct caprec *rec;

	ev.faults = 1u << USTACK_FAULT_DELAYED | 1u << USTACK_FAULT_DUPLICATED;
	ev.delay_us = 10000;
	ev.knob = USTACK_KNOB_DELAY;
	caprig_begin(caprig_temp_file());
	capture_packet(&caprig.cap, CAPTURE_STACK, IMPAIR_OUT, p);
	capture_event(&caprig.cap, &ev);
	for (int copy = 0; copy < 3; copy++)
		capture_packet(&caprig.cap, CAPTURE_WIRE, IMPAIR_OUT, p);
	capture_flush(&caprig.cap);
	while ((rec = next_record())) {
		if (!rec->fate.faults)
			continue;
		commented++;
		ck_assert_uint_eq(rec->fate.faults, ev.faults);
		ck_assert_uint_eq(rec->seq, ev.seq);
	}
	ck_assert_uint_eq(commented, 1 + 2);
	rig_free(&caprig.rig, p);
}
END_TEST

START_TEST(event_of_another_flow_is_no_comment)
{
	struct ustack_pkt *p = caprig_super(IMPAIR_OUT);
	struct ustack_event ev = event_of(p, IMPAIR_OUT, 0);
	const struct caprec *rec;

	ev.faults = 1u << USTACK_FAULT_LOST;
	ev.rport++;
	caprig_begin(caprig_temp_file());
	capture_packet(&caprig.cap, CAPTURE_STACK, IMPAIR_OUT, p);
	capture_event(&caprig.cap, &ev);
	capture_flush(&caprig.cap);
	while ((rec = next_record()))
		ck_assert_uint_eq(rec->fate.faults, 0);
	rig_free(&caprig.rig, p);
}
END_TEST

/* The same bytes much later are a retransmission that nothing befell. */
START_TEST(fate_is_taken_when_it_is_due_only)
{
	static struct capfates fates;
	struct ustack_event ev = { .time_us = 1000000,
				   .delay_us = 200000,
				   .faults = 1u << USTACK_FAULT_DELAYED };
	struct capfate fate;

	capfate_keep(&fates, 7, &ev);
	ck_assert(!capfate_take(&fates, 7, 1100000, &fate));
	ck_assert(!capfate_take(&fates, 7, 1300000, &fate));
	ck_assert(!capfate_take(&fates, 9, 1200000, &fate));
	ck_assert(capfate_take(&fates, 7, 1200100, &fate));
	ck_assert(!capfate_take(&fates, 7, 1200100, &fate));
	ev.faults = 1u << USTACK_FAULT_LOST;
	capfate_keep(&fates, 7, &ev);
	ck_assert(!capfate_take(&fates, 7, 1200000, &fate));
}
END_TEST

static const struct {
	struct capfate fate;
	const char *text;
} texts[] = {
	{ { .rule = 2,
	    .tx = 1,
	    .faults = 1u << USTACK_FAULT_LOST,
	    .knob = USTACK_KNOB_LOSS },
	  "ustack: lost by loss of rule 2 (transmission 1)" },
	{ { .rule = 3,
	    .tx = 2,
	    .step = 4,
	    .faults = 1u << USTACK_FAULT_CORRUPTED,
	    .knob = USTACK_KNOB_SCRIPT },
	  "ustack: corrupted by step 4 of script 3 (transmission 2)" },
	{ { .rule = 1,
	    .tx = 1,
	    .delay_us = 10250,
	    .faults = 1u << USTACK_FAULT_DELAYED | 1u << USTACK_FAULT_DUPLICATED,
	    .knob = USTACK_KNOB_DELAY },
	  "ustack: delayed 10.250 ms, duplicated by delay of rule 1 "
	  "(transmission 1)" },
	{ { .faults = 1u << USTACK_FAULT_LOST, .knob = USTACK_KNOB_HALF_OPEN },
	  "ustack: lost by half-open" },
	{ { .rule = UINT32_MAX,
	    .tx = UINT32_MAX,
	    .delay_us = UINT64_MAX,
	    .faults = UINT16_MAX,
	    .step = UINT16_MAX,
	    .knob = USTACK_KNOB_SCRIPT },
	  NULL },
};

START_TEST(fate_is_said_in_words)
{
	char buf[CAPFATE_TEXT_MAX];

	capfate_text(&texts[_i].fate, buf);
	ck_assert_uint_lt(strlen(buf), CAPFATE_TEXT_MAX - 1);
	if (texts[_i].text)
		ck_assert_str_eq(buf, texts[_i].text);
}
END_TEST

Suite *suite_daemon_capture(void)
{
	Suite *s = suite_create("daemon/capture");
	TCase *tc = tcase_create("packets");

	tcase_add_checked_fixture(tc, caprig_setup, caprig_teardown);
	tcase_add_loop_test(tc, super_packets_are_seen_as_wire_segments, 0, 2);
	tcase_add_test(tc, snaplen_cuts_what_is_kept_not_what_is_told);
	tcase_add_loop_test(tc, only_what_passes_the_filter_is_kept, 0,
			    sizeof(filters) / sizeof(filters[0]));
	tcase_add_test(tc, packet_undone_was_not_seen);
	tcase_add_test(tc, full_ring_costs_packets_and_tells_how_many);
	suite_add_tcase(s, tc);
	tc = tcase_create("fates");
	tcase_add_checked_fixture(tc, caprig_setup, caprig_teardown);
	tcase_add_loop_test(tc, loss_becomes_a_comment_on_its_segment, 0, 2);
	tcase_add_test(tc, delay_is_told_on_both_sides);
	tcase_add_test(tc, event_of_another_flow_is_no_comment);
	tcase_add_test(tc, fate_is_taken_when_it_is_due_only);
	tcase_add_loop_test(tc, fate_is_said_in_words, 0,
			    sizeof(texts) / sizeof(texts[0]));
	suite_add_tcase(s, tc);
	return s;
}
