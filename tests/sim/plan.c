/* SPDX-License-Identifier: MIT */
/*
 * plan.c - what a seed means: settings, faults, sizes
 *
 * Most plans are mild and small, so that many fit in a minute; each kind of
 * fault and each setting is off in a good part of them, so that combinations
 * are met and causes can be told apart.
 */

#include <stdio.h>

#include "sim.h"

static uint32_t pick(struct sim *sim, uint32_t n)
{
	return rng_below(&sim->plan, n);
}

static bool one_in(struct sim *sim, uint32_t n)
{
	return pick(sim, n) == 0;
}

static void plan_stack(struct sim *sim, struct ustack_config *c)
{
	static const uint32_t mtu[] = { 1500, 1280, 9000, 65535 };
	static const uint32_t rcvbuf[] = { 4096, 16384, 65536, 1u << 20 };

	vhost_config(c);
	c->mem_limit_bytes = 64u << 20;
	c->mtu = mtu[pick(sim, 4)];
	c->timestamps = !one_in(sim, 4);
	c->wscale = !one_in(sim, 4);
	c->sack = !one_in(sim, 4);
	c->dsack = !one_in(sim, 4);
	c->nodelay = one_in(sim, 2);
	c->rcvbuf_init = rcvbuf[pick(sim, 4)];
	c->rcvbuf_max = c->rcvbuf_init << pick(sim, 4);
	c->sndbuf_max = 8192u << pick(sim, 8);
	c->delack_us = one_in(sim, 4) ? 200000 : 40000;
	c->tx_csum = !one_in(sim, 4);
	if (!c->tx_csum || one_in(sim, 3))
		c->tx_tso4 = c->tx_tso6 = false;
	c->init_cwnd = 1 + pick(sim, 10);
	c->ecn = (uint8_t)pick(sim, USTACK_ECN_ACTIVE + 1);
	snprintf(c->cc, sizeof(c->cc), "%s", one_in(sim, 2) ? "reno" : "cubic");
}

static double rate(struct sim *sim, double most)
{
	return one_in(sim, 2) ? 0 : rng_unit(&sim->plan) * most;
}

/* From a modem to a network card, the queue short or bloated. */
static void plan_bottleneck(struct sim *sim, struct path *p)
{
	p->rate_bps = 200000ull << pick(sim, 14);
	p->limit_bytes = 4096u << pick(sim, 8);
	if (one_in(sim, 3))
		p->mark_bytes = p->limit_bytes / 3;
}

/*
 * The path takes less than the link, at once or from some time on, and may take
 * more or less again later.  The router tells, or does not.
 */
static void plan_mtu(struct sim *sim, struct path *p)
{
	static const uint32_t mtu[] = { 1280, 1300, 1400, 1492, 4000 };
	static const uint32_t mtu4[] = { 576, 600, 1006, 1300, 1492 };
	uint64_t at = VHOST_START_US;

	p->icmp = !one_in(sim, 4);
	p->nturns = 1 + pick(sim, PATH_TURNS_MAX);
	for (uint32_t i = 0; i < p->nturns; i++) {
		p->turn[i].at_us = at;
		p->turn[i].mtu = sim->v6 ? mtu[pick(sim, 5)]
					 : mtu4[pick(sim, 5)];
		at += pick(sim, 2000000);
	}
}

static void plan_path(struct sim *sim, struct path *p)
{
	static const uint64_t delay[] = { 10, 500, 5000, 40000 };

	*p = (struct path){ .delay_us = delay[pick(sim, 4)] };
	p->split = !one_in(sim, 3);
	p->loss = rate(sim, one_in(sim, 4) ? 0.15 : 0.03);
	p->duplicate = rate(sim, 0.05);
	p->corrupt = rate(sim, 0.03);
	p->hold = rate(sim, 0.03);
	if (one_in(sim, 2))
		p->jitter_us = 1 + pick(sim, (uint32_t)p->delay_us * 2);
	if (one_in(sim, 4)) {
		p->reorder = rng_unit(&sim->plan) * 0.1;
		p->reorder_us = 1 + pick(sim, (uint32_t)p->delay_us * 4);
	}
	if (one_in(sim, 4))
		plan_bottleneck(sim, p);
	if (one_in(sim, 8))
		plan_mtu(sim, p);
}

static uint32_t plan_size(struct sim *sim)
{
	switch (pick(sim, 8)) {
	case 0:
		return 0;
	case 1:
		return 1;
	case 2:
	case 3:
		return pick(sim, 2000);
	case 4:
	case 5:
	case 6:
		return pick(sim, 50000);
	default:
		return pick(sim, 400000);
	}
}

static void plan_app(struct sim *sim, struct sim_app *a)
{
	a->to_send = plan_size(sim);
	a->chunk = one_in(sim, 4) ? 1 + pick(sim, 500) : 1 + pick(sim, 100000);
	if (one_in(sim, 6) && a->chunk > 5000)
		a->read_gap_us = 1000u << pick(sim, 8);
	a->early_shut = !one_in(sim, 3);
}

void sim_plan(struct sim *sim, struct ustack_config cfg[2], struct path path[2])
{
	sim->v6 = one_in(sim, 3);
	sim->nconns = one_in(sim, 5) ? SIM_CONNS_MAX : 1;
	for (int i = 0; i < 2; i++) {
		plan_stack(sim, &cfg[i]);
		plan_path(sim, &path[i]);
	}
	for (uint32_t k = 0; k < sim->nconns; k++) {
		for (int i = 0; i < 2; i++)
			plan_app(sim, &sim->app[k][i]);
		/* Somebody must close first. */
		if (!sim->app[k][0].early_shut)
			sim->app[k][1].early_shut = true;
	}
}
