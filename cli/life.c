/* SPDX-License-Identifier: MIT */
/*
 * life.c - the life of one connection: storage, and which event becomes what
 */

#include "life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "life_int.h"

#define FIRST_RECS 256u

/* ---------------------------------------------------------------- storage */

struct life *life_new(void)
{
	struct life *l = calloc(1, sizeof(*l));
	struct life_in *in = calloc(1, sizeof(*in));

	if (!l || !in) {
		free(l);
		free(in);
		return NULL;
	}
	in->away_us = LIFE_NONE;
	in->back_us = LIFE_NONE;
	in->us.acked = LIFE_NONE;
	in->peer.acked = LIFE_NONE;
	l->open = true;
	l->priv = in;
	return l;
}

void life_free(struct life *l)
{
	if (!l)
		return;
	free(l->priv->waiting);
	free(l->priv);
	free(l->rec);
	free(l);
}

/* Twice the room. */
static bool grow(struct life *l)
{
	size_t cap = l->priv->cap ? l->priv->cap * 2 : FIRST_RECS;
	struct life_rec *rec;

	if (cap > LIFE_RECS_MAX)
		return false;
	rec = realloc(l->rec, cap * sizeof(*rec));
	if (!rec)
		return false;
	l->rec = rec;
	l->priv->cap = cap;
	return true;
}

struct life_rec *life_push(struct life *l, enum life_kind kind, uint64_t t_us)
{
	struct life_rec *r;

	if (l->n == l->priv->cap && !grow(l)) {
		l->dropped++;
		return NULL;
	}
	r = &l->rec[l->n++];
	memset(r, 0, sizeof(*r));
	r->kind = kind;
	r->t_us = t_us;
	return r;
}

void life_settle(struct life *l)
{
	l->priv->cut = l->n;
	l->settled = l->n;
}

void life_end(struct life *l)
{
	life_seg_stranded(l);
	life_settle(l);
}

void life_forget(struct life *l, size_t n)
{
	if (n > l->settled)
		n = l->settled;
	if (!n)
		return;
	memmove(l->rec, l->rec + n, (l->n - n) * sizeof(*l->rec));
	l->n -= n;
	l->settled -= n;
	l->priv->cut -= n;
}

/* ----------------------------------------------------------------- events */

static bool truth(const cJSON *obj, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(obj, key));
}

static void on_started(struct life *l, const cJSON *event, uint64_t t_us)
{
	const cJSON *scale = cJSON_GetObjectItemCaseSensitive(event, "wscale");
	struct life_rec *r = life_push(l, LIFE_OPENED, t_us);

	if (!r)
		return;
	r->opened.active = truth(event, "active");
	r->opened.timestamps = truth(event, "timestamps");
	r->opened.sack = truth(event, "sack");
	r->opened.ecn = truth(event, "ecn");
	r->opened.wscale = scale != NULL;
	r->opened.scale_in = (uint32_t)life_u64(scale, "snd");
	r->opened.scale_out = (uint32_t)life_u64(scale, "rcv");
	r->opened.mss = (uint32_t)life_u64(event, "mss");
	life_text(event, "cc", r->opened.cc, sizeof(r->opened.cc));
}

static void on_state(struct life *l, const cJSON *event, uint64_t t_us)
{
	struct life_rec *r = life_push(l, LIFE_STATE, t_us);

	if (!r)
		return;
	life_text(event, "old", r->state.from, sizeof(r->state.from));
	life_text(event, "new", r->state.to, sizeof(r->state.to));
}

static void on_closed(struct life *l, const cJSON *event, uint64_t t_us)
{
	struct life_rec *r = life_push(l, LIFE_CLOSED, t_us);

	l->open = false;
	if (!r)
		return;
	life_text(event, "reason", r->closed.reason, sizeof(r->closed.reason));
	r->closed.bytes_in = life_u64(event, "bytes_in");
	r->closed.bytes_out = life_u64(event, "bytes_out");
	r->closed.retrans = life_u64(event, "retrans");
	r->closed.segs_in = life_u64(event, "segs_in");
	r->closed.segs_out = life_u64(event, "segs_out");
	r->closed.minrtt_us = life_u64(event, "minrtt_us");
	r->closed.srtt_us = life_u64(event, "srtt_us");
	r->closed.age_us = life_u64(event, "age_us");
}

static void on_soft_error(struct life *l, const cJSON *event, uint64_t t_us)
{
	struct life_rec *r = life_push(l, LIFE_ERROR, t_us);

	if (r)
		life_text(event, "error", r->word, sizeof(r->word));
}

static void on_dropped(struct life *l, const cJSON *event, uint64_t t_us)
{
	struct life_rec *r = life_push(l, LIFE_DROPPED, t_us);

	if (r)
		life_text(event, "counter", r->word, sizeof(r->word));
}

static void on_lost(struct life *l, const cJSON *event, uint64_t t_us)
{
	uint32_t seq = (uint32_t)life_u64(event, "seq");
	struct life_rec *r;

	life_seg_known(l, (uint32_t)life_u64(event, "iss"), 0);
	r = life_push(l, LIFE_LOST, t_us);
	if (!r)
		return;
	r->lost.cause = life_cause(event);
	r->lost.seq = life_seg_rel(&l->priv->us, seq);
	r->lost.end = r->lost.seq + life_u64(event, "len");
	r->lost.rto_us = life_u64(event, "rto_us");
}

static void on_metrics(struct life *l, const cJSON *event, uint64_t t_us)
{
	struct life_rec *r = life_push(l, LIFE_METRICS, t_us);

	if (!r)
		return;
	r->metrics.cwnd = life_u64(event, "cwnd");
	r->metrics.ssthresh = cJSON_HasObjectItem(event, "ssthresh")
				      ? life_u64(event, "ssthresh")
				      : LIFE_NONE;
	r->metrics.srtt_us = life_u64(event, "srtt_us");
	r->metrics.rto_us = life_u64(event, "rto_us");
}

static void on_sent(struct life *l, const cJSON *event, uint64_t t_us)
{
	struct life_wire w;

	life_wire_read(event, &w);
	w.out = true;
	life_seg_passed(l, &w, t_us);
}

static void on_received(struct life *l, const cJSON *event, uint64_t t_us)
{
	struct life_wire w;

	life_wire_read(event, &w);
	life_seg_passed(l, &w, t_us);
}

/* Is an impairment:applied about what we sent? */
static bool is_out(const cJSON *event)
{
	char dir[LIFE_WORD];

	life_text(event, "dir", dir, sizeof(dir));
	return !strcmp(dir, "out");
}

static void on_impaired(struct life *l, const cJSON *event, uint64_t t_us)
{
	struct life_wire w;
	struct life_hit hit;

	life_wire_read(event, &w);
	life_hit_read(event, &hit);
	w.out = is_out(event);
	life_seg_hit(l, &w, &hit, t_us);
}

static const struct {
	const char *name;
	void (*on)(struct life *l, const cJSON *event, uint64_t t_us);
} events[] = {
	{ "connectivity:connection_started", on_started },
	{ "connectivity:connection_state_updated", on_state },
	{ "connectivity:connection_closed", on_closed },
	{ "connectivity:soft_error", on_soft_error },
	{ "transport:packet_sent", on_sent },
	{ "transport:packet_received", on_received },
	{ "transport:packet_dropped", on_dropped },
	{ "recovery:packet_lost", on_lost },
	{ "recovery:metrics_updated", on_metrics },
	{ "impairment:applied", on_impaired },
};

#define NEVENTS (sizeof(events) / sizeof(events[0]))

static uint64_t since_begin(const struct life *l, uint64_t at_us)
{
	return at_us > l->begin_us ? at_us - l->begin_us : 0;
}

/* Time since the first event. */
static uint64_t time_of(struct life *l, const cJSON *event)
{
	uint64_t at_us = life_u64(event, "time_us");

	if (!l->priv->begun) {
		l->priv->begun = true;
		l->begin_us = at_us;
	}
	return since_begin(l, at_us);
}

/* Events whose numbers are missing were not kept.  False: we have this one. */
static bool in_turn(struct life *l, const cJSON *event)
{
	uint64_t n = life_u64(event, "n");
	uint64_t last = l->priv->last_n;

	if (!n)
		return true;
	if (n <= last)
		return false;
	if (n > last + 1)
		life_skip(l, n - last - 1);
	l->priv->last_n = n;
	return true;
}

/* Say where it began that ordinary segments were not looked at. */
static void note_unwatched(struct life *l, uint64_t now_us)
{
	struct life_in *in = l->priv;
	struct life_rec *r;

	if (in->away_us == LIFE_NONE || now_us < in->away_us)
		return;
	life_settle(l);
	r = life_push(l, LIFE_UNWATCHED, since_begin(l, in->away_us));
	in->away_us = LIFE_NONE;
	if (r)
		r->until_us = in->back_us == LIFE_NONE
				      ? LIFE_NONE
				      : since_begin(l, in->back_us);
	life_settle(l);
}

/* Whose life is this?  The first event that knows says so. */
static void name_life(struct life *l, const cJSON *event)
{
	if (!l->id)
		l->id = life_u64(event, "conn");
	if (!*l->local)
		life_text(event, "local", l->local, sizeof(l->local));
	if (!*l->remote)
		life_text(event, "remote", l->remote, sizeof(l->remote));
}

/* Index in the table of events; its size if we do not know the event. */
static size_t find_event(const cJSON *event)
{
	char name[LIFE_TEXT];
	size_t i = 0;

	life_text(event, "event", name, sizeof(name));
	while (i < NEVENTS && strcmp(events[i].name, name) != 0)
		i++;
	return i;
}

void life_feed(struct life *l, const cJSON *event)
{
	size_t i = find_event(event);
	bool ours;

	if (i == NEVENTS) {
		l->dropped++;
		return;
	}
	ours = events[i].on == on_sent ||
	       (events[i].on == on_impaired && is_out(event));
	if (!in_turn(l, event))
		return;
	name_life(l, event);
	if (!ours)
		life_settle(l);
	events[i].on(l, event, time_of(l, event));
	if (!ours)
		life_settle(l);
}

void life_skip(struct life *l, uint64_t events_lost)
{
	uint64_t t_us = l->n ? l->rec[l->n - 1].t_us : 0;
	struct life_rec *r;

	life_settle(l);
	r = life_push(l, LIFE_SKIPPED, t_us);
	if (r)
		r->skipped = events_lost;
	life_settle(l);
}

/* ---------------------------------------------------------------- loading */

/* An endpoint, whether its port stands apart or not. */
static void read_endpoint(const cJSON *o, const char *addr, const char *port,
			  char *to)
{
	char text[LIFE_TEXT];

	life_text(o, addr, text, sizeof(text));
	if (!*text)
		return;
	if (!cJSON_HasObjectItem(o, port))
		(void)snprintf(to, LIFE_TEXT, "%s", text);
	else
		(void)snprintf(to, LIFE_TEXT,
			       strchr(text, ':') ? "[%.46s]:%u" : "%.46s:%u",
			       text, (unsigned int)life_u64(o, port));
}

static void read_unwatched(struct life *l, const cJSON *trace)
{
	const cJSON *u = cJSON_GetObjectItemCaseSensitive(trace, "unwatched");

	if (!u)
		return;
	l->priv->away_us = life_u64(u, "from_us");
	l->priv->back_us = life_u64_or(u, "to_us", LIFE_NONE);
}

void life_load(struct life *l, const cJSON *trace)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(trace, "events");
	const cJSON *event;

	l->id = life_u64(trace, "id");
	l->wall_us = life_u64(trace, "wall_offset_us");
	l->open = !cJSON_IsFalse(
		cJSON_GetObjectItemCaseSensitive(trace, "open"));
	read_endpoint(trace, "local", "lport", l->local);
	read_endpoint(trace, "remote", "rport", l->remote);
	life_text(trace, "service", l->service, sizeof(l->service));
	life_seg_known(l, (uint32_t)life_u64(trace, "iss"),
		       (uint32_t)life_u64(trace, "irs"));
	read_unwatched(l, trace);
	cJSON_ArrayForEach(event, list)
	{
		note_unwatched(l, life_u64(event, "time_us"));
		life_feed(l, event);
	}
	note_unwatched(l, LIFE_NONE);
}

size_t life_last_sent(const struct life *l, uint64_t seq, size_t before)
{
	for (size_t i = before < l->n ? before : l->n; i > 0; i--) {
		const struct life_rec *r = &l->rec[i - 1];

		if (r->kind == LIFE_SEGMENT && r->seg.out &&
		    seq >= r->seg.seq && seq < r->seg.end)
			return i - 1;
	}
	return l->n;
}
