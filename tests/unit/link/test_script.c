/* SPDX-License-Identifier: MIT */
/*
 * test_script.c - which step of a script acts on which packet
 *
 * Method: a script and a row of packets; under each packet the step that must
 * act on it, or a dot.
 */

#include "linkrig.h"
#include "stack/base/bytes.h"
#include "stack/link/script.h"
#include "stack/wire/tcp_hdr.h"
#include "tests/unit/suites.h"

#define IN	(1u << IMPAIR_IN)
#define OUT	(1u << IMPAIR_OUT)
#define ALL	UINT32_MAX
#define KIND(k) (1u << IMPAIR_KIND_##k)

#define DROP(dir, what, lo, hi)                                                \
	{                                                                      \
		.action = IMPAIR_ACT_DROP, .kind = IMPAIR_KIND_##what,         \
		.dirs = (dir), .first = (lo), .last = (hi)                     \
	}

/*
 * Packets: S SYN, A SYN-ACK, a pure ACK, d data, r data again, F FIN, D FIN with
 * data, f FIN again, R RST, i ICMP, o other; small from the stack's point of
 * view is told by the row above: > in, < out.  A packet every 10 ms.
 */
static const struct {
	const char *name;
	struct impair_step step[4];
	const char *dirs;
	const char *pkts;
	const char *acts;
} scripts[] = {
	{ "nth data out",
	  { DROP(OUT, DATA, 3, 3) },
	  "><><><<<<<",
	  "SAaddddddd",
	  "......1..." },
	{ "SYNs in, twice", { DROP(IN, SYN, 1, 2) }, ">>>><", "SSSSS", "11..." },
	{ "SYN is not SYN-ACK",
	  { DROP(0, SYN, 1, ALL), DROP(0, SYNACK, 1, 1) },
	  "><><",
	  "SASA",
	  "121." },
	{ "pure acks alone",
	  { DROP(IN, ACK, 1, ALL) },
	  ">>>>>>>>",
	  "SadFDRai",
	  ".1....1." },
	{ "a range", { DROP(IN, DATA, 2, 4) }, ">>>>>>>", "ddadddd", ".1.11.." },
	{ "from one on", { DROP(IN, DATA, 3, ALL) }, ">>>>>", "ddddd", "..111" },
	{ "retransmissions",
	  { DROP(OUT, RETRANSMIT, 1, 2) },
	  "<<<<<<",
	  "drdrfr",
	  ".1.1.." },
	{ "a retransmission is data",
	  { DROP(OUT, DATA, 2, 2) },
	  "<<<",
	  "drd",
	  ".1." },
	{ "FIN with and without data",
	  { DROP(0, FIN, 1, 2) },
	  "><>",
	  "FDF",
	  "11." },
	{ "RST", { DROP(OUT, RST, 1, 1) }, "<>", "RR", "1." },
	{ "any is any of a connection",
	  { DROP(0, ANY, 2, 5) },
	  "><>>><<>",
	  "SAioadFR",
	  ".1..111." },
	{ "ICMP", { DROP(IN, ICMP, 2, 2) }, ">>>>", "iaii", "..1." },
	{ "the first that acts decides",
	  { DROP(OUT, DATA, 2, 2), DROP(OUT, ANY, 2, 4) },
	  "<<<<<",
	  "ddddd",
	  ".122." },
	{ "each counts for itself",
	  { DROP(OUT, ANY, 1, 2), DROP(OUT, DATA, 2, 2),
	    DROP(OUT, DATA, 3, 3) },
	  "<<<<",
	  "dddd",
	  "113." },
	{ "for a while",
	  { { .action = IMPAIR_ACT_DROP,
	      .kind = IMPAIR_KIND_DATA,
	      .dirs = OUT,
	      .first = 1,
	      .last = ALL,
	      .until_us = 30000 } },
	  "><<<<<",
	  "Sddddd",
	  ".11..." },
	{ "while, then another",
	  { { .action = IMPAIR_ACT_DROP,
	      .kind = IMPAIR_KIND_DATA,
	      .dirs = OUT,
	      .first = 1,
	      .last = 1,
	      .until_us = 10000 },
	    DROP(OUT, DATA, 1, 2) },
	  "><<<",
	  "Sddd",
	  ".22." },
};

/* The packet that a letter stands for; *@again: it was seen before. */
static struct link_view view_of(char letter, bool *again)
{
	struct link_view v = { .kind = LINK_TCP, .flags = TCP_ACK };

	*again = letter == 'r' || letter == 'f';
	if (strchr("drD", letter))
		v.data_len = 100;
	if (strchr("FDf", letter))
		v.flags |= TCP_FIN;
	if (strchr("SA", letter))
		v.flags |= TCP_SYN;
	if (letter == 'S')
		v.flags &= (uint8_t)~TCP_ACK;
	if (letter == 'R')
		v.flags |= TCP_RST;
	if (letter == 'i')
		v.kind = LINK_ICMP;
	if (letter == 'o')
		v.kind = LINK_OTHER;
	return v;
}

static struct impair_script script_of(const struct impair_step step[4])
{
	struct impair_script sc = { 0 };

	for (uint32_t i = 0; i < 4 && step[i].first; i++)
		sc.step[sc.nsteps++] = step[i];
	return sc;
}

START_TEST(packets_meet_their_step)
{
	struct impair_script sc = script_of(scripts[_i].step);
	struct script_flow f = { 0 };
	struct script_flow of_icmp = { 0 };
	const char *pkts = scripts[_i].pkts;
	char got[32] = "";

	ck_assert_int_eq(script_check(&sc), 0);
	for (uint32_t i = 0; pkts[i]; i++) {
		bool in = scripts[_i].dirs[i] == '>';
		bool again;
		struct link_view v = view_of(pkts[i], &again);
		uint32_t step = script_ask(&sc,
					   v.kind == LINK_ICMP ? &of_icmp : &f,
					   in ? IMPAIR_IN : IMPAIR_OUT,
					   script_kinds(&v, again),
					   1000 + i * 10000);

		got[i] = step == SCRIPT_NO_STEP ? '.' : (char)('1' + step);
	}
	ck_assert_msg(!strcmp(got, scripts[_i].acts), "%s: %s, not %s",
		      scripts[_i].name, got, scripts[_i].acts);
}
END_TEST

static const struct {
	const char *name;
	char letter;
	uint32_t kinds;
} kinds[] = {
	{ "SYN", 'S', KIND(ANY) | KIND(SYN) },
	{ "SYN-ACK", 'A', KIND(ANY) | KIND(SYNACK) },
	{ "ACK", 'a', KIND(ANY) | KIND(ACK) },
	{ "data", 'd', KIND(ANY) | KIND(DATA) },
	{ "data again", 'r', KIND(ANY) | KIND(DATA) | KIND(RETRANSMIT) },
	{ "FIN", 'F', KIND(ANY) | KIND(FIN) },
	{ "FIN and data", 'D', KIND(ANY) | KIND(FIN) | KIND(DATA) },
	{ "FIN again", 'f', KIND(ANY) | KIND(FIN) | KIND(RETRANSMIT) },
	{ "RST", 'R', KIND(ANY) | KIND(RST) },
	{ "ICMP", 'i', KIND(ICMP) },
	{ "other", 'o', 0 },
};

START_TEST(packets_are_of_several_kinds)
{
	bool again;
	struct link_view v = view_of(kinds[_i].letter, &again);

	ck_assert_msg(script_kinds(&v, again) == kinds[_i].kinds, "%s: %#x",
		      kinds[_i].name, script_kinds(&v, again));
}
END_TEST

/* An ACK repeats what was acknowledged; it takes no sequence space. */
START_TEST(pure_ack_is_no_retransmission)
{
	bool again;
	struct link_view v = view_of('a', &again);

	EXPECT_EQ(script_kinds(&v, true), KIND(ANY) | KIND(ACK));
}
END_TEST

START_TEST(steps_are_done_behind_their_range)
{
	const struct impair_step step[4] = { DROP(IN, DATA, 2, 3),
					     DROP(IN, DATA, 2, ALL),
					     DROP(IN, FIN, 1, 1) };
	struct impair_script sc = script_of(step);
	struct script_flow f = { 0 };

	for (uint64_t i = 1; i <= 5; i++) {
		script_ask(&sc, &f, IMPAIR_IN, KIND(ANY) | KIND(DATA), i);
		EXPECT_EQ(script_done(&sc, &f, 0, i), i >= 3);
		EXPECT(!script_done(&sc, &f, 1, i));
		EXPECT(!script_done(&sc, &f, 2, i));
	}
}
END_TEST

/* A bound in time runs from the first packet of the connection. */
START_TEST(steps_are_done_when_their_time_is_over)
{
	struct impair_script sc = { .nsteps = 1,
				    .step = { DROP(IN, DATA, 1, ALL) } };
	struct script_flow f = { 0 };

	sc.step[0].until_us = 100;
	EXPECT(!script_done(&sc, &f, 0, 5000));
	EXPECT_EQ(script_ask(&sc, &f, IMPAIR_IN, KIND(SYN), 5000),
		  SCRIPT_NO_STEP);
	EXPECT(!script_done(&sc, &f, 0, 5099));
	EXPECT(script_done(&sc, &f, 0, 5100));
	EXPECT_EQ(script_ask(&sc, &f, IMPAIR_IN, KIND(DATA), 5099), 0);
	EXPECT_EQ(script_ask(&sc, &f, IMPAIR_IN, KIND(DATA), 5100),
		  SCRIPT_NO_STEP);
}
END_TEST

/* Four thousand million packets later it still acts on all. */
START_TEST(counters_do_not_wrap)
{
	const struct impair_script sc = { .nsteps = 1,
					  .step = { DROP(IN, DATA, 9, ALL) } };
	struct script_flow f = { .seen = { UINT32_MAX - 1 } };

	for (int i = 0; i < 4; i++)
		EXPECT_EQ(script_ask(&sc, &f, IMPAIR_IN, KIND(DATA), 1), 0);
}
END_TEST

START_TEST(icmp_is_wanted_where_a_step_names_it)
{
	struct impair_script sc = { .nsteps = 2,
				    .step = { DROP(0, ANY, 1, 1),
					      DROP(0, DATA, 1, 1) } };

	EXPECT(!script_wants_icmp(&sc));
	sc.step[1].kind = IMPAIR_KIND_ICMP;
	EXPECT(script_wants_icmp(&sc));
}
END_TEST

static const struct {
	const char *name;
	struct impair_step step;
	int want;
} checks[] = {
	{ "good", DROP(IN, DATA, 1, 1), 0 },
	{ "both ways", DROP(IN | OUT, DATA, 1, ALL), 0 },
	{ "no such way", DROP(4, DATA, 1, 1), -ERR_INVAL },
	{ "nth 0", DROP(IN, DATA, 0, 1), -ERR_INVAL },
	{ "empty range", DROP(IN, DATA, 2, 1), -ERR_INVAL },
	{ "no such kind",
	  { .kind = IMPAIR_KIND_ICMP + 1, .first = 1, .last = 1 },
	  -ERR_INVAL },
	{ "no such action",
	  { .action = IMPAIR_ACT_HOLD + 1, .first = 1, .last = 1 },
	  -ERR_INVAL },
	{ "no such part",
	  { .part = IMPAIR_PART_CHECKSUM + 1, .first = 1, .last = 1 },
	  -ERR_INVAL },
	{ "delay",
	  { .action = IMPAIR_ACT_DELAY, .first = 1, .last = 1, .arg_us = 1 },
	  0 },
	{ "no delay",
	  { .action = IMPAIR_ACT_DELAY, .first = 1, .last = 1 },
	  -ERR_INVAL },
	{ "hold", { .action = IMPAIR_ACT_HOLD, .first = 1, .last = 1 }, 0 },
	{ "hold ICMP",
	  { .action = IMPAIR_ACT_HOLD,
	    .first = 1,
	    .last = 1,
	    .kind = IMPAIR_KIND_ICMP },
	  -ERR_INVAL },
};

START_TEST(senseless_steps_are_refused)
{
	struct impair_script sc = { .nsteps = IMPAIR_STEPS_MAX };

	for (uint32_t i = 0; i < IMPAIR_STEPS_MAX; i++)
		sc.step[i] = (struct impair_step)DROP(IN, SYN, 1, 1);
	sc.step[IMPAIR_STEPS_MAX - 1] = checks[_i].step;
	ck_assert_msg(script_check(&sc) == checks[_i].want, "%s",
		      checks[_i].name);
	sc.nsteps = IMPAIR_STEPS_MAX + 1;
	ck_assert_int_eq(script_check(&sc), -ERR_INVAL);
	sc.nsteps = 0;
	ck_assert_int_eq(script_check(&sc), -ERR_INVAL);
}
END_TEST

Suite *suite_link_script(void)
{
	Suite *s = suite_create("link/script");
	TCase *tc = tcase_create("script");

	tcase_add_loop_test(tc, packets_meet_their_step, 0, ARRAY_LEN(scripts));
	tcase_add_loop_test(tc, packets_are_of_several_kinds, 0,
			    ARRAY_LEN(kinds));
	tcase_add_test(tc, pure_ack_is_no_retransmission);
	tcase_add_test(tc, steps_are_done_behind_their_range);
	tcase_add_test(tc, steps_are_done_when_their_time_is_over);
	tcase_add_test(tc, counters_do_not_wrap);
	tcase_add_test(tc, icmp_is_wanted_where_a_step_names_it);
	tcase_add_loop_test(tc, senseless_steps_are_refused, 0,
			    ARRAY_LEN(checks));
	suite_add_tcase(s, tc);
	return s;
}
