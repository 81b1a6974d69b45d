/* SPDX-License-Identifier: MIT */
/*
 * top_model.c - top: rates between two readings, and the order of connections
 */

#include <stdlib.h>
#include <string.h>

#include "top.h"

/* ------------------------------------------------------------------- order */

static int by_id(const void *a, const void *b)
{
	const struct top_conn *x = a;
	const struct top_conn *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* The larger one first; equal ones by number, so that nothing hops about. */
static int larger(double x, double y, const void *a, const void *b)
{
	if (x > y)
		return -1;
	return x < y ? 1 : by_id(a, b);
}

static int by_throughput(const void *a, const void *b)
{
	const struct top_conn *x = a;
	const struct top_conn *y = b;

	return larger(x->in_bps + x->out_bps, y->in_bps + y->out_bps, a, b);
}

static int by_rtt(const void *a, const void *b)
{
	const struct top_conn *x = a;
	const struct top_conn *y = b;

	return larger(x->rtt_us, y->rtt_us, a, b);
}

static int by_cwnd(const void *a, const void *b)
{
	const struct top_conn *x = a;
	const struct top_conn *y = b;

	return larger(x->cwnd_segs, y->cwnd_segs, a, b);
}

static int by_retrans(const void *a, const void *b)
{
	const struct top_conn *x = a;
	const struct top_conn *y = b;

	return larger(x->retrans, y->retrans, a, b);
}

void top_order(struct top_sample *s, enum top_sort by)
{
	static int (*const how[TOP_SORTS])(const void *, const void *) = {
		[TOP_BY_THROUGHPUT] = by_throughput,
		[TOP_BY_RTT] = by_rtt,
		[TOP_BY_CWND] = by_cwnd,
		[TOP_BY_RETRANS] = by_retrans,
		[TOP_BY_ID] = by_id,
	};

	if (s->nconns)
		qsort(s->conn, s->nconns, sizeof(*s->conn), how[by]);
}

enum top_sort top_sort_of(int key)
{
	static const char keys[] = "trcxi"; /* as in enum top_sort */
	const char *at = key > 0 && key < 128 ? strchr(keys, key) : NULL;

	return at ? (enum top_sort)(at - keys) : TOP_SORTS;
}

/* ------------------------------------------------------------------- rates */

static double moved(double was, double now)
{
	return now >= was ? now - was : now;
}

static double share(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

/*
 * conn_rates() - Rates of a connection
 * @was:	it in the earlier reading, NULL = not there
 * @now:	it in the later one
 * @dt_s:	seconds between them
 *
 * One that is younger than that has moved all its bytes meanwhile; one that is
 * older was not looked at.
 */
static void conn_rates(const struct top_conn *was, struct top_conn *now,
		       double dt_s)
{
	static const struct top_conn none;

	if (!was && now->age_us > dt_s * 1e6)
		return;
	if (!was)
		was = &none;
	now->in_bps = 8 * moved(was->in_bytes, now->in_bytes) / dt_s;
	now->out_bps = 8 * moved(was->out_bytes, now->out_bytes) / dt_s;
}

static void compare_conns(struct top_sample *was, struct top_sample *now,
			  double dt_s)
{
	top_order(was, TOP_BY_ID);
	for (uint32_t i = 0; i < now->nconns; i++) {
		struct top_conn *c = &now->conn[i];

		conn_rates(was->nconns ? bsearch(c, was->conn, was->nconns,
						 sizeof(*c), by_id)
				       : NULL,
			   c, dt_s);
	}
}

static double value_of(const struct top_count *c, uint32_t n, const char *name)
{
	for (uint32_t i = 0; i < n; i++)
		if (!strcmp(c[i].name, name))
			return c[i].value;
	return 0;
}

static int most_first(const void *a, const void *b)
{
	const struct top_count *x = a;
	const struct top_count *y = b;

	if (x->value > y->value)
		return -1;
	return x->value < y->value ? 1 : strcmp(x->name, y->name);
}

static void compare_drops(const struct top_sample *was,
			  const struct top_sample *now, struct top_rates *r)
{
	for (uint32_t i = 0; i < now->ndrops; i++) {
		const struct top_count *c = &now->drop[i];
		double n = moved(value_of(was->drop, was->ndrops, c->name),
				 c->value);

		if (!(n > 0))
			continue;
		r->drop[r->ndrops] = *c;
		r->drop[r->ndrops++].value = n / r->dt_s;
	}
	qsort(r->drop, r->ndrops, sizeof(r->drop[0]), most_first);
}

static void knob_shares(const struct top_rule *was, const struct top_rule *now,
			double hits, double *out)
{
	for (uint32_t k = 0; k < now->nby; k++) {
		const struct top_count *c = &now->by[k];
		double before = value_of(was->by, was->nby, c->name);

		out[k] = share(moved(before, c->value), hits);
	}
}

static void compare_rules(const struct top_sample *was,
			  const struct top_sample *now, struct top_rates *r)
{
	static const struct top_rule none;

	for (uint32_t i = 0; i < now->nrules; i++) {
		const struct top_rule *rule = &now->rule[i];
		const struct top_rule *before = &none;
		double hits;

		for (uint32_t k = 0; k < was->nrules; k++)
			if (was->rule[k].id == rule->id)
				before = &was->rule[k];
		hits = moved(before->hits, rule->hits);
		r->rule_pps[i] = hits / r->dt_s;
		knob_shares(before, rule, hits, r->rule_share[i]);
	}
}

void top_compare(struct top_sample *was, struct top_sample *now,
		 struct top_rates *r)
{
	double dt_s = was ? (now->at_us - was->at_us) / 1e6 : 0;
	double retrans;

	memset(r, 0, sizeof(*r));
	if (!(dt_s > 0))
		return;
	r->dt_s = dt_s;
	r->in_pps = moved(was->in_packets, now->in_packets) / dt_s;
	r->in_bps = 8 * moved(was->in_bytes, now->in_bytes) / dt_s;
	r->out_pps = moved(was->out_packets, now->out_packets) / dt_s;
	r->out_bps = 8 * moved(was->out_bytes, now->out_bytes) / dt_s;
	r->opens = moved(was->opens, now->opens) / dt_s;
	r->timeouts = moved(was->timeouts, now->timeouts) / dt_s;
	retrans = moved(was->retrans, now->retrans);
	r->retrans = retrans / dt_s;
	r->retrans_share = share(retrans,
				 retrans + moved(was->out_segs, now->out_segs));
	compare_drops(was, now, r);
	compare_rules(was, now, r);
	compare_conns(was, now, dt_s);
}
