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

#define EVENT_US  1000000u
#define DELAY_US  200000u
#define DUE_US	  (EVENT_US + DELAY_US)
#define MANY	  50u
#define SPORT_OFF 21u /* low byte of the source port */

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
		.ack = v.ack,
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

/* Packets that passed the filter. */
static uint64_t packets_seen(void)
{
	const struct capture_count *n = caprig.file.tap.count;

	return n[CAPTURE_WIRE].seen + n[CAPTURE_STACK].seen;
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
	ck_assert_uint_eq(packets_seen(), passed ? CAPRIG_PIECES : 0);
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
	ck_assert_uint_eq(packets_seen(), CAPRIG_PIECES);
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
	ck_assert_uint_eq(packets_seen(), kept + capfile_dropped(&caprig.file));
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
	ev.time_us -= ev.delay_us; /* it comes out now */
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

/* An event of super()'s flow, and the view of the packet that it befell. */
static struct ustack_event befall(struct link_view *v, uint32_t faults)
{
	struct ustack_pkt *p = caprig_super(IMPAIR_OUT);
	struct ustack_event ev = event_of(p, IMPAIR_OUT, 0);

	view_parse(v, IMPAIR_OUT, p);
	v->data_len = ev.len;
	ev.time_us = EVENT_US;
	ev.delay_us = DELAY_US;
	ev.faults = (uint16_t)faults;
	rig_free(&caprig.rig, p);
	return ev;
}

/* The same bytes much later are a retransmission that nothing befell. */
START_TEST(fate_is_taken_when_it_is_due_only)
{
	static struct capfates fates;
	struct capfate fate;
	struct link_view v;
	struct link_view other;
	struct ustack_event ev = befall(&v, 1u << USTACK_FAULT_DELAYED);

	other = v;
	other.ack++;
	capfate_keep(&fates, &ev);
	ck_assert(!capfate_take(&fates, &v, DUE_US - 100000, &fate));
	ck_assert(!capfate_take(&fates, &v, DUE_US + 1000000, &fate));
	ck_assert(!capfate_take(&fates, &other, DUE_US, &fate));
	ck_assert(capfate_take(&fates, &v, DUE_US + 100, &fate));
	ck_assert_uint_eq(fate.delay_us, DELAY_US);
	ck_assert(!capfate_take(&fates, &v, DUE_US + 100, &fate));
	ev.faults = 1u << USTACK_FAULT_LOST;
	capfate_keep(&fates, &ev);
	ck_assert(!capfate_take(&fates, &v, DUE_US, &fate));
}
END_TEST

/* Duplicate ACKs differ in nothing; each has a delay of its own. */
START_TEST(equal_packets_have_their_fates_in_order)
{
	static struct capfates fates;
	struct capfate fate;
	struct link_view v;
	struct ustack_event ev = befall(&v, 1u << USTACK_FAULT_DELAYED);

	for (uint32_t i = 0; i < MANY; i++) {
		ev.delay_us = DELAY_US + (MANY - i) * 100;
		capfate_keep(&fates, &ev);
	}
	for (uint32_t i = 1; i <= MANY; i++) {
		ck_assert(capfate_take(&fates, &v, DUE_US + i * 100, &fate));
		ck_assert_uint_eq(fate.delay_us, DELAY_US + i * 100);
	}
	ck_assert(!capfate_take(&fates, &v, DUE_US, &fate));
}
END_TEST

/* Where the flipped bit is, the packet does not look like what it was. */
START_TEST(damaged_packet_is_known_in_spite_of_it)
{
	static struct capfates fates;
	struct capfate fate;
	struct link_view v;
	struct link_view seen[4];
	struct ustack_event ev = befall(&v, 1u << USTACK_FAULT_CORRUPTED);

	for (int i = 0; i < 4; i++)
		seen[i] = v;
	seen[0].seq ^= 1u << 20;
	seen[1].rport ^= 1u << 3;
	seen[2].data_len += 4; /* the header's length */
	seen[3].kind = LINK_MALFORMED;
	capfate_keep(&fates, &ev);
	v.seq += CAPRIG_MSS;
	ck_assert(!capfate_take(&fates, &v, DUE_US, &fate));
	ck_assert(capfate_take(&fates, &seen[_i], DUE_US, &fate));
	ck_assert_uint_eq(fate.faults, ev.faults);
	ck_assert(!capfate_take(&fates, &seen[_i], DUE_US, &fate));
	ck_assert_uint_eq(fates.ndamaged, 0);
}
END_TEST

/* What passes no filter any more is not waited for. */
START_TEST(damaged_packet_of_another_port_takes_its_fate_along)
{
	struct ustack_pkt *p = caprig_super(IMPAIR_OUT);
	struct ustack_event ev = event_of(p, IMPAIR_OUT, 0);
	const struct caprec *rec;

	p->gso_size = 0; /* of one piece */
	ev.len = p->len - p->head_len;
	ev.faults = 1u << USTACK_FAULT_CORRUPTED;
	caprig.file.tap.filter.port = RIG_LPORT;
	caprig_begin(caprig_temp_file());
	capture_event(&caprig.cap, &ev);
	p->head[SPORT_OFF] ^= 1;
	capture_packet(&caprig.cap, CAPTURE_WIRE, IMPAIR_OUT, p);
	p->head[SPORT_OFF] ^= 1;
	capture_packet(&caprig.cap, CAPTURE_WIRE, IMPAIR_OUT, p);
	capture_flush(&caprig.cap);
	rec = next_record();
	ck_assert_ptr_nonnull(rec);
	ck_assert_uint_eq(rec->fate.faults, 0);
	while (next_record())
		;
	rig_free(&caprig.rig, p);
}
END_TEST

/* Beyond the bound the first ones are forgotten, nothing else happens. */
START_TEST(fates_are_bounded)
{
	static struct capfates fates;
	struct capfate fate;
	struct link_view v;
	struct ustack_event ev = befall(&v, 1u << (_i ? USTACK_FAULT_CORRUPTED
						      : USTACK_FAULT_DELAYED));

	for (uint32_t i = 0; i < 4 * CAPFATE_PLACES; i++) {
		ev.seq++;
		ev.time_us++;
		capfate_keep(&fates, &ev);
	}
	v.seq = ev.seq;
	ck_assert(capfate_take(&fates, &v, ev.time_us + DELAY_US, &fate));
	ck_assert_uint_le(fates.ndamaged, CAPFATE_DAMAGED);
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
	tcase_add_test(tc, equal_packets_have_their_fates_in_order);
	tcase_add_loop_test(tc, damaged_packet_is_known_in_spite_of_it, 0, 4);
	tcase_add_test(tc, damaged_packet_of_another_port_takes_its_fate_along);
	tcase_add_loop_test(tc, fates_are_bounded, 0, 2);
	tcase_add_loop_test(tc, fate_is_said_in_words, 0,
			    sizeof(texts) / sizeof(texts[0]));
	suite_add_tcase(s, tc);
	return s;
}
