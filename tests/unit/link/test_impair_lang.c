/* SPDX-License-Identifier: MIT */
/*
 * test_impair_lang.c - rules and presets in words
 *
 * Method: tables of texts with the canonical text or the complaint expected;
 * what is canonical has to read as the same rule again, and words strung
 * together by chance have to be answered by either.
 */

#include <stdio.h>
#include <string.h>

#include "stack/base/rng.h"
#include "stack/link/impair_lang.h"
#include "tests/unit/suites.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* clang-format off */
static const struct {
	const char *text;
	const char *canonical;
} good[] = {
	{ "delay 20ms", "both delay 20ms" },
	{ "out delay 20ms 2ms", "out delay 20ms 2ms" },
	{ "  in\tlatency 20000 2000 25% ", "in delay 20ms 2ms 25%" },
	{ "both delay 1.5s 0.5s distribution normal", "both delay 1.5s 500ms distribution normal" },
	{ "delay 100ms 10ms distribution pareto", "both delay 100ms 10ms distribution pareto" },
	{ "delay 100ms 10ms distribution paretonormal",
	  "both delay 100ms 10ms distribution paretonormal" },
	{ "delay 100ms 10ms distribution uniform", "both delay 100ms 10ms" },
	{ "distribution normal delay 1ms 1ms out", "out delay 1ms 1ms distribution normal" },
	{ "delay 150us", "both delay 150us" },
	{ "delay 1500us", "both delay 1.5ms" },
	{ "delay 1msec 1usecs", "both delay 1ms 1us" },
	{ "delay 2min", "both delay 2min" },
	{ "delay 0", "both loss 0%" },
	{ "loss 1%", "both loss 1%" },
	{ "loss 1", "both loss 1%" },
	{ "loss 0.3% 25%", "both loss 0.3% 25%" },
	{ "loss random 100%", "both loss 100%" },
	{ "drop 5%", "both loss 5%" },
	{ "loss .5", "both loss 0.5%" },
	{ "loss 33.3333333%", "both loss 33.3333333%" },
	{ "loss 0.0000001%", "both loss 0.0000001%" },
	{ "loss 0%", "both loss 0%" },
	{ "loss gemodel 1%", "both loss gemodel 1% 99% 100% 0%" },
	{ "loss gemodel 1% 10%", "both loss gemodel 1% 10% 100% 0%" },
	{ "loss gemodel 1% 10% 70% 0.1%", "both loss gemodel 1% 10% 70% 0.1%" },
	{ "loss state 1%", "both loss state 1% 99% 0% 100% 0%" },
	{ "loss state 1% 2% 3% 4% 5%", "both loss state 1% 2% 3% 4% 5%" },
	{ "duplicate 1% 10% corrupt 0.1% 5%", "both duplicate 1% 10% corrupt 0.1% 5%" },
	{ "delay 10ms reorder 25% 50%", "both delay 10ms reorder 25% 50%" },
	{ "reorder 25% gap 5 delay 10ms", "both delay 10ms reorder 25% gap 5" },
	{ "rate 10mbit", "both rate 10mbit" },
	{ "rate 5kbit 20 100 5", "both rate 5kbit 20 100 5" },
	{ "rate 1Mbit -14", "both rate 1mbit -14" },
	{ "rate 1mbps", "both rate 8mbit" },
	{ "rate 1500", "both rate 1.5kbit" },
	{ "rate 1kibit", "both rate 1.024kbit" },
	{ "rate 1.6mbit limit 100", "both rate 1.6mbit limit 100" },
	{ "rate 2.5gbit", "both rate 2.5gbit" },
	{ "rate 1tbit", "both rate 1tbit" },
	{ "rate 1234567bit", "both rate 1234.567kbit" },
	{ "loss 1% ecn", "both loss 1% ecn" },
	{ "loss 0% ecn", "both loss 0% ecn" },
	{ "delay 0 limit 7", "both delay 0ms limit 7" },
	{ "loss 5% seed 42", "both loss 5% seed 42" },
	{ "loss 5% seed 0", "both loss 5% seed 0" },
	{ "loss 5% seed 18446744073709551615", "both loss 5% seed 18446744073709551615" },
	{ "loss 5% for 30s", "both loss 5% for 30s" },
	{ "loss 5% for 1h", "both loss 5% for 60min" },
	{ "silent", "both silent" },
	{ "port 7 silent for 5s", "both port 7 silent for 5s" },
	{ "conn 3 loss 1%", "both conn 3 loss 1%" },
	{ "out port 80 next loss 1%", "out port 80 next loss 1%" },
	{ "next loss 1%", "both next loss 1%" },
	{ "service echo-tls loss 1%", "both service echo-tls loss 1%" },
	{ "peer 10.7.0.1 loss 1%", "both peer 10.7.0.1 loss 1%" },
	{ "peer 10.7.0.9/24 loss 1%", "both peer 10.7.0.0/24 loss 1%" },
	{ "peer 0.0.0.0/0 loss 1%", "both peer 0.0.0.0/0 loss 1%" },
	{ "peer fd07::1 loss 1%", "both peer fd07::1 loss 1%" },
	{ "peer FD07:0:0:0:0:0:0:1/64 loss 1%", "both peer fd07::/64 loss 1%" },
	{ "peer 2001:db8:0:1:1:1:1:1 loss 1%", "both peer 2001:db8:0:1:1:1:1:1 loss 1%" },
	{ "peer 2001:0:0:1:0:0:0:1 loss 1%", "both peer 2001:0:0:1::1 loss 1%" },
	{ "peer ::1 loss 1%", "both peer ::1 loss 1%" },
	{ "peer fd07:: loss 1%", "both peer fd07:: loss 1%" },
	{ "peer ::ffff:10.7.0.1 loss 1%", "both peer 10.7.0.1 loss 1%" },
	{ "peer 64:ff9b::1.2.3.4 loss 1%", "both peer 64:ff9b::102:304 loss 1%" },
	{ "out service web peer 10.0.0.0/8 next delay 20ms 5ms 10% distribution normal loss 1% 2% "
	  "duplicate 3% corrupt 4% reorder 5% gap 6 rate 7mbit 8 9 10 limit 11 ecn seed 12 for 13s",
	  "out service web peer 10.0.0.0/8 next delay 20ms 5ms 10% distribution normal loss 1% 2% "
	  "duplicate 3% corrupt 4% reorder 5% gap 6 rate 7mbit 8 9 10 limit 11 ecn seed 12 "
	  "for 13s" },
};

static const struct {
	const char *text;
	const char *complaint; /* its beginning */
} bad[] = {
	{ "loss 120%", "loss 120%: a probability is 0% to 100%" },
	{ "loss -1%", "loss -1%: a probability is 0% to 100%" },
	{ "loss", "loss: a probability is 0% to 100%" },
	{ "loss 5x", "loss 5x: a probability is 0% to 100%" },
	{ "loss 5%%", "loss 5%%: a probability is 0% to 100%" },
	{ "loss 1% 101%", "loss 1% 101%: a correlation is 0% to 100%" },
	{ "loss gemodel", "loss gemodel: a probability is" },
	{ "loss gemodel 120% 5%", "loss gemodel 120%: a probability is" },
	{ "loss gemodel 1% 2% 3% 4% 5%", "5%: one number more than" },
	{ "loss 1% gemodel 2%", "gemodel: it follows the word loss, and there is one model" },
	{ "loss 1% loss gemodel 2%", "loss: it is given once" },
	{ "delay -3ms", "delay -3ms: a delay is 0ms to 10min, with us, ms, s or min" },
	{ "delay", "delay: a delay is 0ms to 10min" },
	{ "delay 11min", "delay 11min: a delay is" },
	{ "delay 20parsecs", "delay 20parsecs: a delay is" },
	{ "delay 1e3ms", "delay 1e3ms: a delay is" },
	{ "delay 99999999999999999999s", "delay 99999999999999999999s: a delay is" },
	{ "delay 10ms 5%", "delay 10ms 5%: a jitter is" },
	{ "delay 10ms 1ms 5% 6%", "6%: one number more than" },
	{ "delay 10ms distribution normal", "distribution: it is that of a jitter, as in" },
	{ "delay 10ms 1ms distribution nomal",
	  "distribution nomal: did you mean normal? there are" },
	{ "delay 10ms 1ms distribution", "distribution: there are the distributions" },
	{ "delay 10ms gap 5", "gap: it belongs to reorder, as in" },
	{ "delay 10ms reorder 25% gap 0", "gap 0: a gap is a number" },
	{ "reorder 25%", "reorder: packets overtake those that are delayed" },
	{ "delay 0ms reorder 25%", "reorder: packets overtake those that are delayed" },
	{ "rate", "rate: a rate is" },
	{ "rate 0", "rate 0: a rate is" },
	{ "rate 10mbits", "rate 10mbits: a rate is" },
	{ "rate 2tbit", "rate 2tbit: a rate is" },
	{ "rate 1mbit 65536", "rate 1mbit 65536: an overhead is" },
	{ "rate 1mbit 0 -1", "rate 1mbit 0 -1: a cell has" },
	{ "rate 1mbit -", "rate 1mbit -: an overhead is" },
	{ "limit 10", "limit: packets wait because of delay or rate" },
	{ "loss 1% limit 10", "limit: packets wait because of" },
	{ "rate 1mbit limit 0", "limit 0: a limit is" },
	{ "delay 1ms ecn", "ecn: it marks what loss would drop" },
	{ "loss 1% seed x", "seed x: a seed is" },
	{ "loss 1% seed 18446744073709551616", "seed 18446744073709551616: a seed is" },
	{ "loss 1% for 30", "for 30: a time with its unit" },
	{ "loss 1% for 0s", "for 0s: a time with its unit" },
	{ "loss 1% for 400000h", "for 400000h: a time with its unit" },
	{ "silent loss 1%", "silent: nothing passes then" },
	{ "", "a rule says what happens to packets, as in" },
	{ "out port 7", "out port 7: a rule says what happens to packets" },
	{ "seed 3", "seed 3: a rule says what happens" },
	{ "in out loss 1%", "out: one direction is given, or both" },
	{ "port 0 loss 1%", "port 0: a port is a number from 1 to 65535" },
	{ "port 65536 loss 1%", "port 65536: a port is" },
	{ "port echo loss 1%", "port echo: a port is" },
	{ "port", "port: a port is" },
	{ "port 7 port 8 loss 1%", "port: it is given once" },
	{ "port 7 service echo loss 1%",
	  "port 7 service echo loss 1%: a service stands for its port" },
	{ "conn 0 loss 1%", "conn 0: a connection is named by its number" },
	{ "conn 3 next loss 1%", "conn 3 next loss 1%: conn names one connection" },
	{ "service e/cho loss 1%", "service e/cho: a service is named" },
	{ "service 0123456789abcdef0123456789abcdef loss 1%",
	  "service 0123456789abcdef0123456789abcdef: a" },
	{ "peer 10.7.0 loss 1%", "peer 10.7.0: a peer is an address" },
	{ "peer 10.7.0.256 loss 1%", "peer 10.7.0.256: a peer is" },
	{ "peer 10.7.0.01 loss 1%", "peer 10.7.0.01: a peer is" },
	{ "peer 10.7.0.1/33 loss 1%", "peer 10.7.0.1/33: a peer is" },
	{ "peer 10.7.0.1/ loss 1%", "peer 10.7.0.1/: a peer is" },
	{ "peer fd07:::1 loss 1%", "peer fd07:::1: a peer is" },
	{ "peer fd07::1::2 loss 1%", "peer fd07::1::2: a peer is" },
	{ "peer 1:2:3:4:5:6:7 loss 1%", "peer 1:2:3:4:5:6:7: a peer is" },
	{ "peer 1:2:3:4:5:6:7:8:9 loss 1%", "peer 1:2:3:4:5:6:7:8:9: a peer is" },
	{ "peer 1:2:3:4::5:6:7:8 loss 1%", "peer 1:2:3:4::5:6:7:8: a peer is" },
	{ "peer 1:2:3:4:5:6:7: loss 1%", "peer 1:2:3:4:5:6:7:: a peer is" },
	{ "peer : loss 1%", "peer :: a peer is" },
	{ "peer 12345::1 loss 1%", "peer 12345::1: a peer is" },
	{ "peer /24 loss 1%", "peer /24: a peer is" },
	{ "peer loss 1%", "peer loss: a peer is" },
	{ "dealy 20ms", "dealy: did you mean delay? expected in, out, both, conn" },
	{ "los 1%", "los: did you mean loss? expected" },
	{ "delay 20ms please", "please: expected in, out" },
	{ "loss 1% 2% 3%", "3%: one number more than the words in front of it take" },
	{ "LOSS 1%", "LOSS: did you mean loss?" },
	{ "loss 1%\033[2Jx", "loss 1%?[2Jx: a probability is" },
};

static const struct {
	const char *text;
	const char *rule[IMPAIR_PRESET_RULES];
} presets[] = {
	{ "3g", { "out delay 150ms rate 1.6mbit", "in delay 150ms rate 768kbit" } },
	{ "lossy", { "both delay 25ms loss 2.8%", NULL } },
	{ "transatlantic port 7 next for 30s seed 3",
	  { "both port 7 next delay 45ms seed 3 for 30s", NULL } },
	{ "bufferbloat", { "out delay 10ms rate 1mbit limit 175",
	  "in delay 10ms rate 1mbit limit 175" } },
};

static const struct {
	const char *text;
	const char *complaint;
} bad_presets[] = {
	{ "", "there are the presets wifi, lte" },
	{ "ltr", "ltr: did you mean lte? there are the presets" },
	{ "lte out", "out: expected conn ID" },
	{ "lte loss 1%", "loss: expected conn ID" },
	{ "lte port", "port: a port is" },
	{ "lte service echo port 7", "lte service echo port 7: a service stands for its port" },
};

static const char *const vocabulary[] = {
	"in", "out", "both", "conn", "port", "service", "peer", "next", "delay", "loss",
	"duplicate", "corrupt", "reorder", "rate", "distribution", "gap", "limit", "ecn",
	"seed", "for", "silent",
	"random", "gemodel", "state", "normal", "pareto", "7", "1%", "25%", "20ms", "2ms", "1mbit",
	"10.0.0.0/8", "fd07::/64", "echo", "-1", "30s", "0", "99999999999999999999", "%", "-", ".",
	":", "::", "/", "1.5", "drop", "syn", "data", "nth", "3", "3-", "5-10", "count", "until",
	";", "\n", "#", "all", "header", "hold", "truncate", "mark", "icmp", "ack", "delay",
};
/* clang-format on */

/* Equal rules have equal texts, and a text reads as what it was written from. */
START_TEST(rules_are_read_and_written_canonically)
{
	struct impair_lang_err err;
	struct impair_rule again;
	struct impair_rule r;
	char text[IMPAIR_TEXT_MAX];
	char twice[IMPAIR_TEXT_MAX];

	ck_assert_msg(!impair_rule_parse(good[_i].text, &r, &err), "%s: %s",
		      good[_i].text, err.want);
	ck_assert_str_eq(impair_rule_text(&r, text), good[_i].canonical);
	ck_assert_msg(!impair_rule_parse(text, &again, &err), "%s: %s", text,
		      err.want);
	ck_assert_str_eq(impair_rule_text(&again, twice), text);
	ck_assert_mem_eq(&again.match, &r.match, sizeof(r.match));
}
END_TEST

START_TEST(bad_rules_are_refused_with_what_would_be_right)
{
	struct impair_lang_err err;
	struct impair_rule r;
	char text[IMPAIR_ERR_TEXT_MAX];

	ck_assert_int_eq(impair_rule_parse(bad[_i].text, &r, &err), -ERR_INVAL);
	impair_err_text(bad[_i].text, &err, text);
	ck_assert_msg(!strncmp(text, bad[_i].complaint,
			       strlen(bad[_i].complaint)),
		      "\"%s\" is answered: %s", bad[_i].text, text);
}
END_TEST

START_TEST(a_rule_has_the_values_of_its_words)
{
	struct impair_lang_err err;
	struct impair_rule r;

	ck_assert_int_eq(
		impair_rule_parse("in port 7 delay 20ms 2ms 50% loss 100% "
				  "duplicate 50% rate 1mbps -4 48 5 for 2s",
				  &r, &err),
		0);
	ck_assert_uint_eq(r.match.dirs, 1u << IMPAIR_IN);
	ck_assert_uint_eq(r.match.port, 7);
	ck_assert_uint_eq(r.knobs.delay_us, 20000);
	ck_assert_uint_eq(r.knobs.jitter_us, 2000);
	ck_assert_uint_eq(r.knobs.delay_corr, 2147483648u);
	ck_assert_uint_eq(r.knobs.loss, IMPAIR_PROB_ONE);
	ck_assert_uint_eq(r.knobs.duplicate, 2147483648u);
	ck_assert_uint_eq(r.knobs.rate_bps, 8000000);
	ck_assert_int_eq(r.knobs.overhead, -4);
	ck_assert_uint_eq(r.knobs.cell_size, 48);
	ck_assert_int_eq(r.knobs.cell_overhead, 5);
	ck_assert_uint_eq(r.for_us, 2000000);
	ck_assert(!r.knobs.seed_set && !r.silent && !r.match.next);
}
END_TEST

/* Any 32-bit probability can be written so that it reads as itself. */
START_TEST(probabilities_survive_being_written)
{
	struct impair_rule r = { .match.dirs = 1 };
	struct impair_lang_err err;
	struct impair_rule again;
	char text[IMPAIR_TEXT_MAX];
	struct rng rng;

	rng_init(&rng, test_seed());
	for (int i = 0; i < 20000; i++) {
		r.knobs.loss = (impair_prob)rng_u64(&rng) >>
			       rng_below(&rng, 32);
		impair_rule_text(&r, text);
		ck_assert_int_eq(impair_rule_parse(text, &again, &err), 0);
		ck_assert_msg(again.knobs.loss == r.knobs.loss, "%s", text);
	}
}
END_TEST

START_TEST(presets_are_rules_for_whom_one_likes)
{
	struct impair_rule r[IMPAIR_PRESET_RULES];
	struct impair_lang_err err;
	char text[IMPAIR_TEXT_MAX];
	uint32_t n = 9;

	ck_assert_int_eq(impair_preset_parse(presets[_i].text, r, &n, &err), 0);
	for (uint32_t i = 0; i < IMPAIR_PRESET_RULES; i++) {
		ck_assert_int_eq(i < n, presets[_i].rule[i] != NULL);
		if (i >= n)
			continue;
		ck_assert_str_eq(impair_rule_text(&r[i], text),
				 presets[_i].rule[i]);
		ck_assert(!strncmp(presets[_i].text, r[i].preset,
				   strlen(r[i].preset)));
	}
}
END_TEST

START_TEST(every_preset_says_what_and_why)
{
	struct impair_rule r[IMPAIR_PRESET_RULES];
	struct impair_lang_err err;
	char text[IMPAIR_TEXT_MAX];
	uint32_t known;
	const struct impair_preset *p = impair_presets(&known);
	uint32_t n;

	for (uint32_t i = 0; i < known; i++) {
		ck_assert_int_eq(impair_preset_parse(p[i].name, r, &n, &err),
				 0);
		ck_assert(n > 0 && *p[i].help && *p[i].source);
		for (uint32_t k = 0; k < n; k++)
			ck_assert_str_eq(impair_rule_text(&r[k], text),
					 p[i].rule[k]);
	}
}
END_TEST

START_TEST(bad_presets_are_refused)
{
	struct impair_rule r[IMPAIR_PRESET_RULES];
	struct impair_lang_err err;
	char text[IMPAIR_ERR_TEXT_MAX];
	uint32_t n;

	ck_assert_int_eq(impair_preset_parse(bad_presets[_i].text, r, &n, &err),
			 -ERR_INVAL);
	impair_err_text(bad_presets[_i].text, &err, text);
	ck_assert_msg(!strncmp(text, bad_presets[_i].complaint,
			       strlen(bad_presets[_i].complaint)),
		      "\"%s\" is answered: %s", bad_presets[_i].text, text);
}
END_TEST

/* Read it as whatever it may be; what is accepted has to survive writing. */
static void try_text(const char *text)
{
	static struct impair_script sc;
	static struct impair_script sc_again;
	static char written[IMPAIR_SCRIPT_TEXT_MAX];
	struct impair_rule pair[IMPAIR_PRESET_RULES];
	struct impair_lang_err err;
	struct impair_rule r;
	char complaint[IMPAIR_ERR_TEXT_MAX];
	uint32_t n;

	if (impair_rule_parse(text, &r, &err)) {
		ck_assert_ptr_nonnull(err.want);
		ck_assert_uint_le((size_t)err.at + err.len, strlen(text));
		impair_err_text(text, &err, complaint);
	} else {
		impair_rule_text(&r, written);
		ck_assert_msg(!impair_rule_parse(written, &r, &err), "%s",
			      written);
	}
	if (impair_script_parse(text, &sc, &err)) {
		ck_assert_ptr_nonnull(err.want);
		ck_assert_uint_le((size_t)err.at + err.len, strlen(text));
		impair_err_text(text, &err, complaint);
	} else {
		impair_script_text(&sc, written);
		ck_assert_msg(!impair_script_parse(written, &sc_again, &err),
			      "%s", written);
		ck_assert_mem_eq(&sc, &sc_again, sizeof(sc));
	}
	(void)!impair_preset_parse(text, pair, &n, &err);
}

START_TEST(words_by_chance_do_no_harm)
{
	struct rng rng;
	char text[600];

	rng_init(&rng, test_seed());
	for (int i = 0; i < 20000; i++) {
		uint32_t words = rng_below(&rng, 12);
		size_t len = 0;

		text[0] = '\0';
		for (uint32_t k = 0; k < words; k++)
			len += (size_t)snprintf(
				text + len, sizeof(text) - len, "%s%s",
				rng_below(&rng, 16) ? " " : "",
				vocabulary[rng_below(&rng, N(vocabulary))]);
		try_text(text);
	}
}
END_TEST

START_TEST(bytes_by_chance_do_no_harm)
{
	struct rng rng;
	char text[64];

	rng_init(&rng, test_seed());
	for (int i = 0; i < 20000; i++) {
		size_t len = rng_below(&rng, sizeof(text));

		for (size_t k = 0; k < len; k++)
			text[k] = (char)(1 + rng_below(&rng, 255));
		text[len] = '\0';
		try_text(text);
	}
}
END_TEST

Suite *suite_link_impair_lang(void)
{
	Suite *s = suite_create("link/impair_lang");
	TCase *tc = tcase_create("rules");

	tcase_add_loop_test(tc, rules_are_read_and_written_canonically, 0,
			    N(good));
	tcase_add_loop_test(tc, bad_rules_are_refused_with_what_would_be_right,
			    0, N(bad));
	tcase_add_test(tc, a_rule_has_the_values_of_its_words);
	tcase_add_test(tc, probabilities_survive_being_written);
	suite_add_tcase(s, tc);
	tc = tcase_create("presets");
	tcase_add_loop_test(tc, presets_are_rules_for_whom_one_likes, 0,
			    N(presets));
	tcase_add_test(tc, every_preset_says_what_and_why);
	tcase_add_loop_test(tc, bad_presets_are_refused, 0, N(bad_presets));
	suite_add_tcase(s, tc);
	tc = tcase_create("chance");
	tcase_add_test(tc, words_by_chance_do_no_harm);
	tcase_add_test(tc, bytes_by_chance_do_no_harm);
	suite_add_tcase(s, tc);
	return s;
}
