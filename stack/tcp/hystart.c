/* SPDX-License-Identifier: MIT */
/*
 * hystart.c - HyStart++ (RFC 9406 section 4.2)
 */

#include "hystart.h"

#include "cc.h"
#include "sendq.h"

/* RFC 9406 section 4.3 */
#define MIN_RTT_THRESH_US  4000u
#define MAX_RTT_THRESH_US  16000u
#define MIN_RTT_DIVISOR	   8u
#define N_RTT_SAMPLE	   8u
#define CSS_GROWTH_DIVISOR 4u
#define CSS_ROUNDS	   5u

static void begin_round(const struct tcp_conn *c, struct cc_hystart *h)
{
	h->last_min_us = h->round_min_us;
	h->round_min_us = UINT32_MAX;
	h->samples = 0;
	h->window_end = c->snd.nxt;
}

static bool delay_rose(const struct cc_hystart *h)
{
	uint32_t thresh = min_u32(max_u32(h->last_min_us / MIN_RTT_DIVISOR,
					  MIN_RTT_THRESH_US),
				  MAX_RTT_THRESH_US);

	return h->last_min_us != UINT32_MAX &&
	       h->round_min_us >= h->last_min_us &&
	       h->round_min_us - h->last_min_us >= thresh;
}

static void look(struct cc_hystart *h)
{
	if (h->samples < N_RTT_SAMPLE)
		return;
	if (h->css) {
		h->css = h->round_min_us >= h->css_base_us;
	} else if (delay_rose(h)) {
		h->css = true;
		h->css_base_us = h->round_min_us;
		h->css_rounds = 0;
	}
}

static void end_round(struct tcp_conn *c, struct cc_hystart *h)
{
	if (h->css && ++h->css_rounds >= CSS_ROUNDS) {
		c->cc.ssthresh = c->cc.cwnd;
		tcp_count(c, USTACK_C_TCP_HYSTART_EXITS);
	}
	begin_round(c, h);
}

void hystart_on_rtt(struct tcp_conn *c, uint32_t rtt_us)
{
	struct cc_hystart *h = &c->fl->cc.hs;

	if (c->cc.ssthresh != CC_SSTHRESH_NONE)
		return;
	if (!h->on) {
		*h = (struct cc_hystart){ .on = true,
					  .round_min_us = UINT32_MAX };
		begin_round(c, h);
	}
	h->round_min_us = min_u32(h->round_min_us, rtt_us);
	if (h->samples < N_RTT_SAMPLE)
		h->samples++;
	look(h);
	if (seq_geq(c->snd.una, h->window_end))
		end_round(c, h);
}

uint32_t hystart_gain(const struct tcp_conn *c, uint32_t bytes)
{
	return c->fl && c->fl->cc.hs.css ? bytes / CSS_GROWTH_DIVISOR : bytes;
}
