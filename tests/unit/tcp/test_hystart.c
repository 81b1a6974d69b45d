/* SPDX-License-Identifier: MIT */
/*
 * test_hystart.c - HyStart++ (RFC 9406), sample by sample
 *
 * Method: each round acknowledges what was sent before it, in ten ACKs.
 */

#include "inner.h"
#include "stack/tcp/cc.h"
#include "stack/tcp/hystart.h"
#include "stack/tcp/sendq.h"

#define MSS 1460u
#define N   10u

static struct tcp_conn *begin(struct peer *p)
{
	struct tcp_conn *c;

	peer_init(p, NULL);
	peer_open(p);
	peer_send(p, 100 * MSS);
	peer_drain(p);
	c = inner_conn(p);
	hystart_on_rtt(c, MS(100)); /* the first ends no round */
	return c;
}

/* A round of @n samples, with what it sends in flight behind it. */
static void round_of(struct tcp_conn *c, uint64_t rtt_us, uint32_t n)
{
	while (n-- > 1)
		hystart_on_rtt(c, (uint32_t)rtt_us);
	c->snd.una = c->snd.nxt;
	c->snd.nxt += 100 * MSS;
	hystart_on_rtt(c, (uint32_t)rtt_us);
}

static void end(struct peer *p, struct tcp_conn *c)
{
	c->snd.una = c->fl->first->seq;
	c->snd.nxt = c->fl->last->seq + c->fl->last->len;
	peer_fini(p);
}

static bool css(const struct tcp_conn *c)
{
	return c->fl->cc.hs.css;
}

static const struct {
	uint32_t before_us;
	uint32_t least_us; /* rise that counts */
} thresholds[] = {
	{ 10, 4000 },	   { 30000, 4000 },   { 80000, 10000 },
	{ 128000, 16000 }, { 800000, 16000 },
};

/* RFC 9406 section 4.2: an eighth of the round-trip time, 4 to 16 ms. */
START_TEST(rise_of_the_least_delay_slows_the_start)
{
	uint32_t before = thresholds[_i].before_us;
	struct peer p;
	struct tcp_conn *c = begin(&p);

	c->fl->cc.hs.on = false; /* anew, with this delay */
	hystart_on_rtt(c, before);
	round_of(c, before, N);
	round_of(c, before + thresholds[_i].least_us - 1, N);
	EXPECT(!css(c));
	c->fl->cc.hs.last_min_us = before;
	round_of(c, before + thresholds[_i].least_us, N);
	EXPECT(css(c));
	EXPECT_EQ(c->cc.ssthresh, CC_SSTHRESH_NONE);
	end(&p, c);
}
END_TEST

/* RFC 9406 section 4.2: fewer than eight samples say nothing. */
START_TEST(few_samples_say_nothing)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	round_of(c, MS(100), N);
	round_of(c, MS(150), 7);
	EXPECT(!css(c));
	end(&p, c);
}
END_TEST

/* RFC 9406 section 4.2 (9438-8): a quarter of the growth, for five rounds. */
START_TEST(five_slow_rounds_end_slow_start)
{
	uint32_t cwnd;
	struct peer p;
	struct tcp_conn *c = begin(&p);

	round_of(c, MS(100), N);
	round_of(c, MS(120), N); /* the first of the five */
	EXPECT(css(c));
	cwnd = c->cc.cwnd;
	tcp_cc(c)->on_ack(c, 4 * MSS);
	EXPECT_EQ(c->cc.cwnd, cwnd + MSS);
	tcp_cc(c)->on_ack(c, 100 * MSS);
	EXPECT_EQ(c->cc.cwnd, cwnd + MSS + CC_ABC_LIMIT / 4 * MSS);
	for (uint32_t i = 0; i < 3; i++) {
		round_of(c, MS(120), N);
		EXPECT_EQ(c->cc.ssthresh, CC_SSTHRESH_NONE);
	}
	round_of(c, MS(120), N);
	EXPECT_EQ(c->cc.ssthresh, c->cc.cwnd);
	EXPECT_EQ(peer_counter(&p, USTACK_C_TCP_HYSTART_EXITS), 1);
	end(&p, c);
}
END_TEST

/* RFC 9406 section 4.2: the delay fell again, it was jitter. */
START_TEST(false_alarm_resumes_slow_start)
{
	uint32_t cwnd;
	struct peer p;
	struct tcp_conn *c = begin(&p);

	round_of(c, MS(100), N);
	round_of(c, MS(120), N);
	EXPECT(css(c));
	round_of(c, MS(119), N);
	EXPECT(!css(c));
	cwnd = c->cc.cwnd;
	tcp_cc(c)->on_ack(c, 4 * MSS);
	EXPECT_EQ(c->cc.cwnd, cwnd + 4 * MSS);
	for (uint32_t i = 0; i < 8; i++)
		round_of(c, MS(119), N);
	EXPECT_EQ(c->cc.ssthresh, CC_SSTHRESH_NONE);
	end(&p, c);
}
END_TEST

/* RFC 9406 section 4.3: a slow start that knows a threshold is not watched. */
START_TEST(later_slow_starts_are_not_watched)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	c->cc.ssthresh = 1000 * MSS;
	round_of(c, MS(100), N);
	round_of(c, MS(150), N);
	EXPECT(!css(c));
	end(&p, c);
}
END_TEST

Suite *suite_tcp_hystart(void)
{
	Suite *s = suite_create("tcp/hystart");
	TCase *tc = tcase_create("rounds");

	tcase_add_loop_test(tc, rise_of_the_least_delay_slows_the_start, 0,
			    ARRAY_LEN(thresholds));
	tcase_add_test(tc, few_samples_say_nothing);
	tcase_add_test(tc, five_slow_rounds_end_slow_start);
	tcase_add_test(tc, false_alarm_resumes_slow_start);
	tcase_add_test(tc, later_slow_starts_are_not_watched);
	suite_add_tcase(s, tc);
	return s;
}
