/* SPDX-License-Identifier: MIT */
/*
 * explain_json.c - episodes as JSON: the same findings, all of them
 */

#include <string.h>

#include "explain.h"

/* A time or number that there is. */
static void num(cJSON *o, const char *key, uint64_t v)
{
	if (v != EXPLAIN_NONE)
		(void)cJSON_AddNumberToObject(o, key, (double)v);
}

static void truth(cJSON *o, const char *key, bool v)
{
	(void)cJSON_AddBoolToObject(o, key, v);
}

static void text(cJSON *o, const char *key, const char *v)
{
	(void)cJSON_AddStringToObject(o, key, v);
}

static void add_hit(cJSON *o, const struct life_hit *hit,
		    const struct explain_rules *r)
{
	size_t i = explain_rules_find(r, hit->rule, hit->step);
	cJSON *h;
	cJSON *f;

	if (!hit->faults)
		return;
	h = cJSON_AddObjectToObject(o, "impairment");
	num(h, "rule", hit->rule);
	if (hit->step)
		num(h, "step", hit->step);
	text(h, "knob", hit->knob);
	if (i < r->n)
		text(h, "text", r->rule[i].text);
	f = cJSON_AddArrayToObject(h, "faults");
	for (i = 0; i < LIFE_FAULTS; i++)
		if (hit->faults & (1u << i))
			(void)cJSON_AddItemToArray(
				f,
				cJSON_CreateString(life_fault_name(1u << i)));
	if (hit->delay_us)
		num(h, "delay_us", hit->delay_us);
}

static void add_cut(cJSON *o, const struct explain_cut *c)
{
	cJSON *w;

	if (!c->cut)
		return;
	w = cJSON_AddObjectToObject(o, "window");
	if (c->cwnd_before)
		num(w, "cwnd_before", c->cwnd_before);
	num(w, "cwnd_after", c->cwnd_after);
	num(w, "ssthresh", c->ssthresh);
	num(w, "undone_us", c->undone_us);
	if (c->undone_us != EXPLAIN_NONE)
		num(w, "cwnd_undone", c->cwnd_undone);
}

/* ------------------------------------------------------------------ by kind */

static void put_flow(cJSON *o, const struct explain_ep *e,
		     const struct explain_rules *r)
{
	(void)r;
	for (uint32_t in = 0; in < 2; in++) {
		if (!e->flow.bytes[in])
			continue;
		num(o, in ? "bytes_in" : "bytes_out", e->flow.bytes[in]);
		num(o, in ? "segs_in" : "segs_out", e->flow.segs[in]);
	}
}

static const char *undo_name(uint8_t undo)
{
	static const char *const name[] = {
		[EXPLAIN_UNDO_DSACK] = "dsack",
		[EXPLAIN_UNDO_TIMEOUT] = "frto",
		[EXPLAIN_UNDO_TIMESTAMP] = "timestamp",
	};

	return name[undo];
}

static void put_found(cJSON *o, const struct explain_loss *h)
{
	if (h->found_us == EXPLAIN_NONE)
		return;
	text(o, "cause", life_cause_name(h->cause));
	num(o, "found_us", h->found_us);
	if (h->rto_us)
		num(o, "rto_us", h->rto_us);
	num(o, "timer_left_us", h->left_us);
	num(o, "probe_us", h->probe_us);
	truth(o, "shared", h->shared);
	if (h->undo)
		text(o, "undo", undo_name(h->undo));
}

static void put_loss(cJSON *o, const struct explain_ep *e,
		     const struct explain_rules *r)
{
	const struct explain_loss *h = &e->loss;

	num(o, "seq", h->seq);
	num(o, "end", h->end);
	num(o, "segs", h->segs);
	if (h->nth)
		num(o, "nth", h->nth);
	truth(o, "syn", h->flags & LIFE_SYN);
	truth(o, "fin", h->flags & LIFE_FIN);
	add_hit(o, &h->hit, r);
	truth(o, "gone", h->gone);
	if (h->dated)
		num(o, "sent_us", h->sent_us);
	num(o, "sign_us", h->sign_us);
	num(o, "signs", h->signs);
	put_found(o, h);
	num(o, "tries", h->tries);
	num(o, "again_us", h->again_us);
	num(o, "last_again_us", h->last_us);
	num(o, "copies_lost", h->gone_again);
	num(o, "done_us", h->done_us);
	num(o, "stall_us", h->stall_us);
	truth(o, "needless", h->needless);
	add_cut(o, &h->cut);
}

static void put_many(cJSON *o, const struct explain_ep *e,
		     const struct explain_rules *r)
{
	const struct explain_many *m = &e->many;

	add_hit(o, &m->hit, r);
	num(o, "packets", m->n);
	num(o, "ack", m->ack);
	num(o, "healed_us", m->healed_us);
	if (!m->sum_us)
		return;
	num(o, "min_us", m->min_us);
	num(o, "max_us", m->max_us);
	num(o, "mean_us", m->sum_us / m->n);
}

static void put_twice(cJSON *o, const struct explain_ep *e,
		      const struct explain_rules *r)
{
	num(o, "seq", e->twice.seq);
	num(o, "end", e->twice.end);
	add_hit(o, &e->twice.hit, r);
	num(o, "told_us", e->twice.told_us);
}

static void put_mark(cJSON *o, const struct explain_ep *e,
		     const struct explain_rules *r)
{
	add_hit(o, &e->mark.hit, r);
	num(o, "packets", e->mark.n);
	num(o, "told_us", e->mark.told_us);
	num(o, "cuts", e->mark.cuts);
	add_cut(o, &e->mark.cut);
}

static void put_window(cJSON *o, const struct explain_ep *e,
		       const struct explain_rules *r)
{
	(void)r;
	num(o, "probes", e->window.probes);
}

static void put_alive(cJSON *o, const struct explain_ep *e,
		      const struct explain_rules *r)
{
	(void)r;
	num(o, "idle_us", e->alive.idle_us);
	num(o, "probes", e->alive.probes);
	num(o, "answer_us", e->alive.answer_us);
}

static void put_error(cJSON *o, const struct explain_ep *e,
		      const struct explain_rules *r)
{
	(void)r;
	text(o, "what", e->error.what);
	num(o, "times", e->error.n);
}

static void put_gap(cJSON *o, const struct explain_ep *e,
		    const struct explain_rules *r)
{
	(void)r;
	num(o, "events", e->gap.skipped);
	num(o, "places", e->gap.places);
}

/* Begin and end are objects of their own. */
static const struct {
	const char *name;
	void (*put)(cJSON *o, const struct explain_ep *e,
		    const struct explain_rules *r);
} kinds[EXPLAIN_KINDS] = {
	[EXPLAIN_FLOW] = { "data", put_flow },
	[EXPLAIN_LOSS] = { "loss", put_loss },
	[EXPLAIN_ACK_LOSS] = { "ack_loss", put_many },
	[EXPLAIN_LATE] = { "reordering", put_loss },
	[EXPLAIN_TWICE] = { "duplicate", put_twice },
	[EXPLAIN_DELAY] = { "delay", put_many },
	[EXPLAIN_MARK] = { "ecn", put_mark },
	[EXPLAIN_WINDOW] = { "zero_window", put_window },
	[EXPLAIN_KEEPALIVE] = { "keepalive", put_alive },
	[EXPLAIN_ERROR] = { "error", put_error },
	[EXPLAIN_REFUSED] = { "dropped", put_error },
	[EXPLAIN_GAP] = { "gap", put_gap },
};

/* ------------------------------------------------------------- begin and end */

static void put_open(cJSON *o, const struct explain_open *p)
{
	truth(o, "active", p->active);
	truth(o, "simultaneous", p->crossed);
	num(o, "syn_us", p->syn_us);
	num(o, "synack_us", p->synack_us);
	num(o, "established_us", p->done_us);
	if (p->mss)
		num(o, "mss", p->mss);
	if (!p->known)
		return;
	truth(o, "timestamps", p->timestamps);
	truth(o, "sack", p->sack);
	truth(o, "ecn", p->ecn);
	if (p->scaled) {
		num(o, "wscale_in", p->scale_in);
		num(o, "wscale_out", p->scale_out);
	}
	if (*p->cc)
		text(o, "cc", p->cc);
}

static void put_close(cJSON *o, const struct explain_close *c)
{
	text(o, "way", explain_way_name(c->way));
	text(o, "reason", c->reason);
	num(o, "fin_out_us", c->fin_out_us);
	num(o, "fin_in_us", c->fin_in_us);
	num(o, "acked_us", c->acked_us);
	num(o, "rst_us", c->rst_us);
	num(o, "time_wait_us", c->time_wait_us);
	num(o, "closed_us", c->closed_us);
	num(o, "half_close_out", c->half_out);
	num(o, "half_close_in", c->half_in);
}

static void put_sums(cJSON *o, const struct explain_sums *t)
{
	cJSON *by;

	truth(o, "exact", t->exact);
	truth(o, "all_seen", t->all_seen);
	num(o, "bytes_out", t->bytes[0]);
	num(o, "bytes_in", t->bytes[1]);
	num(o, "segs_out", t->segs[0]);
	num(o, "segs_in", t->segs[1]);
	num(o, "impaired_out", t->gone[0]);
	num(o, "impaired_in", t->gone[1]);
	num(o, "retrans", t->retrans);
	by = cJSON_AddObjectToObject(o, "retrans_by_cause");
	for (uint32_t c = 0; c < LIFE_CAUSES; c++)
		if (t->by[c])
			num(by, life_cause_name((uint8_t)c), t->by[c]);
	num(o, "first_out_us", t->first_us[0]);
	num(o, "last_out_us", t->last_us[0]);
	num(o, "first_in_us", t->first_us[1]);
	num(o, "last_in_us", t->last_us[1]);
	if (t->rtt_min_us != EXPLAIN_NONE) {
		num(o, "minrtt_us", t->rtt_min_us);
		num(o, "maxrtt_us", t->rtt_max_us);
	}
	if (t->srtt_us)
		num(o, "srtt_us", t->srtt_us);
	if (t->rto_us)
		num(o, "rto_us", t->rto_us);
	if (t->cwnd) {
		num(o, "cwnd", t->cwnd);
		num(o, "cwnd_max", t->cwnd_max);
		num(o, "ssthresh", t->ssthresh);
	}
	num(o, "age_us", t->age_us);
}

static void put_findings(cJSON *list, const struct explain *x,
			 const struct explain_rules *r)
{
	for (size_t i = 0; i < x->n; i++) {
		const struct explain_ep *e = &x->ep[i];
		cJSON *o;

		if (!kinds[e->kind].put)
			continue;
		o = cJSON_CreateObject();
		text(o, "kind", kinds[e->kind].name);
		text(o, "dir", e->in ? "in" : "out");
		num(o, "at_us", e->at_us);
		num(o, "end_us", e->end_us);
		kinds[e->kind].put(o, e, r);
		(void)cJSON_AddItemToArray(list, o);
	}
}

cJSON *explain_json(const struct explain *x, const struct explain_rules *r)
{
	cJSON *o = cJSON_CreateObject();

	if (!o)
		return NULL;
	num(o, "id", x->life->id);
	text(o, "local", x->life->local);
	text(o, "remote", x->life->remote);
	if (*x->life->service)
		text(o, "service", x->life->service);
	num(o, "skipped", x->skipped);
	put_open(cJSON_AddObjectToObject(o, "opened"), &x->open);
	put_findings(cJSON_AddArrayToObject(o, "findings"), x, r);
	if (*x->close.state)
		text(o, "state", x->close.state);
	if (x->close.way != EXPLAIN_WAY_NONE)
		put_close(cJSON_AddObjectToObject(o, "closed"), &x->close);
	put_sums(cJSON_AddObjectToObject(o, "totals"), &x->sums);
	return o;
}
