/* SPDX-License-Identifier: MIT */
/*
 * explain_end.c - what is known when the walk is over
 *
 * How it ended, what was agreed, the totals.  Those are the connection's own, or
 * its closed event's, where segments were missed.
 */

#include <stdlib.h>
#include <string.h>

#include "explain_int.h"

static uint8_t way_of(const struct explain_close *c)
{
	static const struct {
		const char *reason;
		uint8_t way;
	} list[] = {
		{ "reset", EXPLAIN_WAY_RESET },
		{ "refused", EXPLAIN_WAY_REFUSED },
		{ "timeout", EXPLAIN_WAY_TIMEOUT },
		{ "aborted", EXPLAIN_WAY_ABORT },
	};

	if (!*c->reason)
		return EXPLAIN_WAY_NONE;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (!strcmp(c->reason, list[i].reason))
			return list[i].way;
	if (strcmp(c->reason, "normal") != 0)
		return EXPLAIN_WAY_OTHER;
	if (c->way != EXPLAIN_WAY_NONE)
		return c->way;
	return c->fin_in_us < c->fin_out_us ? EXPLAIN_WAY_PASSIVE
					    : EXPLAIN_WAY_ACTIVE;
}

static uint64_t number(const cJSON *obj, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(obj, key);

	return cJSON_IsNumber(v) && v->valuedouble > 0
		       ? (uint64_t)v->valuedouble
		       : 0;
}

static bool truth(const cJSON *obj, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(obj, key));
}

static void copy_word(char to[LIFE_WORD], const cJSON *obj, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(obj, key);

	if (cJSON_IsString(v))
		(void)snprintf(to, LIFE_WORD, "%s", v->valuestring);
}

/* What was agreed, from the connection. */
static void take_options(struct explain *x, const cJSON *conn)
{
	const cJSON *ws = cJSON_GetObjectItemCaseSensitive(conn, "wscale");
	struct explain_open *o = &x->open;

	o->known = true;
	o->mss = number(conn, "mss");
	o->timestamps = truth(conn, "timestamps");
	o->sack = truth(conn, "sack");
	o->ecn = truth(conn, "ecn");
	o->scaled = cJSON_IsObject(ws);
	o->scale_in = number(ws, "snd");
	o->scale_out = number(ws, "rcv");
	copy_word(o->cc, conn, "cc");
}

/* Totals of a connection that lives. */
static void take_totals(struct explain *x, const cJSON *conn)
{
	const cJSON *ssthresh = cJSON_GetObjectItemCaseSensitive(conn,
								 "ssthresh");
	struct explain_sums *sums = &x->sums;
	uint64_t rtt = number(conn, "minrtt_us");

	sums->bytes[0] = number(conn, "bytes_acked");
	sums->bytes[1] = number(conn, "bytes_received");
	sums->segs[0] = number(conn, "segs_out");
	sums->segs[1] = number(conn, "segs_in");
	sums->retrans = number(conn, "retrans");
	sums->srtt_us = number(conn, "srtt_us");
	sums->rto_us = number(conn, "rto_us");
	sums->cwnd = number(conn, "cwnd");
	sums->ssthresh = ssthresh ? number(conn, "ssthresh") : LIFE_NONE;
	sums->age_us = number(conn, "age_us");
	sums->exact = true;
	copy_word(x->close.state, conn, "state");
	if (rtt)
		sums->rtt_min_us = rtt;
	if (sums->cwnd > sums->cwnd_max)
		sums->cwnd_max = sums->cwnd;
}

/* The last event of that name, or NULL. */
static const cJSON *last_event(const cJSON *trace, const char *name)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(trace, "events");
	const cJSON *found = NULL;
	const cJSON *ev;

	cJSON_ArrayForEach(ev, list)
	{
		const cJSON *v = cJSON_GetObjectItemCaseSensitive(ev, "event");

		if (cJSON_IsString(v) && !strcmp(v->valuestring, name))
			found = ev;
	}
	return found;
}

/* Totals of a connection that is over. */
static void take_end(struct explain *x, const cJSON *closed)
{
	uint64_t rtt = number(closed, "minrtt_us");

	if (cJSON_GetObjectItemCaseSensitive(closed, "segs_out") &&
	    !x->sums.exact) {
		x->sums.segs[0] = number(closed, "segs_out");
		x->sums.segs[1] = number(closed, "segs_in");
		x->sums.exact = true;
	}
	if (rtt)
		x->sums.rtt_min_us = rtt;
}

static int by_time(const void *a, const void *b)
{
	const struct explain_ep *x = a;
	const struct explain_ep *y = b;

	if (x->at_us != y->at_us)
		return x->at_us < y->at_us ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

/* A window that begins as large as ever was no cost of the SYN's loss. */
static void forgive(struct explain *x)
{
	for (size_t i = 0; i < x->n; i++) {
		struct explain_ep *e = &x->ep[i];

		if (e->kind == EXPLAIN_LOSS && e->loss.flags & LIFE_SYN &&
		    x->open.mss && e->loss.cut.cwnd_after > x->open.mss)
			e->loss.cut.cut = false;
	}
}

/* What is told of the end begins with the first that meant it. */
static uint64_t earliest(const struct explain_close *c)
{
	uint64_t t = c->closed_us;

	if (c->fin_in_us < t)
		t = c->fin_in_us;
	if (c->fin_out_us < t)
		t = c->fin_out_us;
	return c->rst_us < t ? c->rst_us : t;
}

void explain_end(struct explain_scan *s, const cJSON *trace)
{
	const cJSON *conn = cJSON_GetObjectItemCaseSensitive(trace, "conn");
	const cJSON *opened = last_event(trace, "connectivity:connection_"
						"started");
	const cJSON *closed = last_event(trace, "connectivity:connection_"
						"closed");
	struct explain *x = s->x;

	if (cJSON_GetObjectItemCaseSensitive(trace, "unwatched"))
		x->sums.exact = false;
	x->sums.all_seen = x->sums.exact;
	if (cJSON_IsObject(conn))
		take_options(x, conn);
	else if (opened)
		take_options(x, opened);
	if (closed)
		take_end(x, closed);
	else if (cJSON_IsObject(conn))
		take_totals(x, conn);
	x->close.way = way_of(&x->close);
	explain_loss_sort(x);
	forgive(x);
	s->t_us = earliest(&x->close);
	if (x->close.way != EXPLAIN_WAY_NONE)
		(void)explain_ep_new(s, EXPLAIN_CLOSE, x->close.rst_in);
	if (x->n)
		qsort(x->ep, x->n, sizeof(*x->ep), by_time);
}

const char *explain_way_name(uint8_t way)
{
	static const char *const name[] = {
		[EXPLAIN_WAY_NONE] = "open",
		[EXPLAIN_WAY_ACTIVE] = "active",
		[EXPLAIN_WAY_PASSIVE] = "passive",
		[EXPLAIN_WAY_SIMULTANEOUS] = "simultaneous",
		[EXPLAIN_WAY_RESET] = "reset_by_peer",
		[EXPLAIN_WAY_ABORT] = "reset_by_us",
		[EXPLAIN_WAY_REFUSED] = "refused",
		[EXPLAIN_WAY_TIMEOUT] = "timeout",
		[EXPLAIN_WAY_OTHER] = "other",
	};

	return name[way];
}
