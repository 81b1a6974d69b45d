/* SPDX-License-Identifier: MIT */
/*
 * cc.c - what all congestion control algorithms share
 */

#include "cc.h"

#include "tcp.h"
#include "timers.h"

#define IW_BYTES 14600u /* RFC 6928 section 2 */

static const struct tcp_cc_ops *const algorithms[TCP_CC_IDS] = {
	[TCP_CC_RENO] = &tcp_cc_reno,
};

const struct tcp_cc_ops *tcp_cc_ops(enum tcp_cc_id id)
{
	return algorithms[id];
}

int tcp_cc_find(const char *name)
{
	for (int i = 0; i < (int)TCP_CC_IDS; i++) {
		const char *a = algorithms[i]->name;
		const char *b = name;

		while (*a && *a == *b) {
			a++;
			b++;
		}
		if (*a == *b)
			return i;
	}
	return -ERR_NOENT;
}

bool tcp_cc_known(const char *name)
{
	return tcp_cc_find(name) >= 0;
}

uint32_t tcp_cc_initial_window(const struct tcp_conn *c)
{
	uint32_t mss = c->snd.mss;

	if (c->flags & CF_SYN_REXMIT)
		return mss; /* (5681-2) */
	return min_u32(c->t->s->cfg.init_cwnd * mss,
		       max_u32(2 * mss, IW_BYTES));
}

void tcp_cc_start(struct tcp_conn *c)
{
	c->cc.cwnd = tcp_cc_initial_window(c);
	c->cc.ssthresh = CC_SSTHRESH_NONE;
	c->cc.acked = 0;
	tcp_cc(c)->init(c);
}

void tcp_cc_after_idle(struct tcp_conn *c)
{
	if (tcp_now(c) - c->spoke_us <= tcp_rto_us(c))
		return;
	c->cc.cwnd = min_u32(c->cc.cwnd, tcp_cc_initial_window(c));
}
