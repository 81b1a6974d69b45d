/* SPDX-License-Identifier: MIT */
/*
 * world.c - two stacks and the link between them
 */

#include "world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/bytes.h"
#include "stack/base/siphash.h"

/**
 * struct flying - a packet on its way
 * @at_us:	when it arrives
 * @serial:	order of sending
 * @to:		host that gets it
 * @p:		the packet
 */
struct flying {
	uint64_t at_us;
	uint64_t serial;
	int to;
	struct vpkt *p;
};

static bool before(const struct flying *a, const struct flying *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us
				    : a->serial < b->serial;
}

static void swap(struct flying *a, struct flying *b)
{
	struct flying t = *a;

	*a = *b;
	*b = t;
}

static void push(struct world *w, struct flying f)
{
	uint32_t i = w->nflying;

	if (w->nflying == w->cap) {
		w->cap = w->cap ? 2 * w->cap : 64;
		w->heap = realloc(w->heap, w->cap * sizeof(*w->heap));
		if (!w->heap)
			abort();
	}
	w->heap[w->nflying++] = f;
	for (; i > 0 && before(&w->heap[i], &w->heap[(i - 1) / 2]);
	     i = (i - 1) / 2)
		swap(&w->heap[i], &w->heap[(i - 1) / 2]);
}

static struct flying pop(struct world *w)
{
	struct flying top = w->heap[0];
	uint32_t i = 0;

	w->heap[0] = w->heap[--w->nflying];
	for (;;) {
		uint32_t kid = 2 * i + 1;

		if (kid >= w->nflying)
			return top;
		if (kid + 1 < w->nflying &&
		    before(&w->heap[kid + 1], &w->heap[kid]))
			kid++;
		if (!before(&w->heap[kid], &w->heap[i]))
			return top;
		swap(&w->heap[kid], &w->heap[i]);
		i = kid;
	}
}

static void trace(const struct world *w, int from, const struct vpkt *p,
		  enum path_fate fate)
{
	uint32_t len;
	const uint8_t *tcp;

	if (!w->trace)
		return;
	fprintf(w->trace, "%12.6f %s ",
		(double)(w->now_us - VHOST_START_US) / 1e6, from ? "<" : ">");
	tcp = vpkt_tcp(p, &len);
	if (tcp)
		fprintf(w->trace,
			"flags %02x seq %10" PRIu32 " ack %10" PRIu32
			" wnd %5u len %u%s%s\n",
			tcp[13], be32_load(tcp + 4), be32_load(tcp + 8),
			be16_load(tcp + 14), len, p->gso_size ? " super" : "",
			path_fate_name(fate));
	else
		fprintf(w->trace, "not TCP, %u bytes%s\n", p->len,
			path_fate_name(fate));
}

static void digest(struct world *w, int from, const struct vpkt *p)
{
	struct siphash_key key = { { w->digest, w->now_us + (uint64_t)from } };

	w->digest = siphash(&key, p->data, p->len);
}

static bool chance(struct world *w, double p)
{
	return p > 0 && rng_unit(&w->rng) < p;
}

static void fly(struct world *w, int to, uint64_t at_us, struct vpkt *p)
{
	push(w, (struct flying){ .at_us = at_us,
				 .serial = w->serial++,
				 .to = to,
				 .p = p });
}

static struct vpkt *copy_of(const struct vpkt *p)
{
	struct vpkt *c = vpkt_new(p->len);

	memcpy(c, p, sizeof(*p) + p->len);
	return c;
}

/* It does not fly: the router may answer, half the way there and back. */
static void drop(struct world *w, int from, struct vpkt *p, enum path_fate why)
{
	const struct path *path = &w->path[from];
	struct vpkt *answer = NULL;

	if (why == PATH_TOO_BIG && path->icmp)
		answer = path_too_big(path, p);
	if (answer)
		fly(w, from, w->now_us + path->delay_us, answer);
	free(p);
}

/* What becomes of a packet of its final size that leaves @from; it is taken. */
static void launch(struct world *w, int from, struct vpkt *p)
{
	struct path *path = &w->path[from];
	enum path_fate fate;

	digest(w, from, p);
	fate = path_admit(path, &w->rng, w->now_us, p);
	if (w->seen)
		w->seen(w->ctx, from, p, fate);
	trace(w, from, p, fate);
	if (fate != PATH_PASS && fate != PATH_CORRUPT) {
		drop(w, from, p, fate);
		return;
	}
	if (chance(w, path->duplicate))
		fly(w, !from, path_arrival(path, &w->rng, w->now_us),
		    copy_of(p));
	if (fate == PATH_CORRUPT)
		path_corrupt(&w->rng, p);
	fly(w, !from, path_arrival(path, &w->rng, w->now_us), p);
}

static void launch_fragment(void *ctx, struct vpkt *p)
{
	struct world_side *side = ctx;

	launch(side->w, side->index, p);
}

static void launch_piece(void *ctx, struct vpkt *p)
{
	struct world_side *side = ctx;
	struct world *w = side->w;

	if (!path_fragment(&w->path[side->index], w->now_us, p, launch_fragment,
			   side))
		launch(w, side->index, p);
}

void world_send(struct world *w, int from, struct vpkt *p)
{
	if (path_cuts(&w->path[from]))
		vpkt_split(p, launch_piece, &w->side[from]);
	else
		launch(w, from, p);
}

static int on_out(void *ctx, struct vpkt *p)
{
	struct world_side *side = ctx;

	world_send(side->w, side->index, p);
	return 0;
}

void world_init(struct world *w, const struct ustack_config cfg[2],
		uint64_t seed)
{
	static const char *const addr[2][2] = { { "10.7.0.1", "fd07::1" },
						{ "10.7.0.2", "fd07::2" } };

	memset(w, 0, sizeof(*w));
	rng_init(&w->rng, seed);
	w->now_us = VHOST_START_US;
	for (int i = 0; i < 2; i++) {
		struct ustack_config c = cfg[i];

		for (uint32_t k = 0; k < 2; k++)
			c.addr[k] = (struct ustack_prefix){
				vhost_addr(addr[i][k]), 128
			};
		c.naddrs = 2;
		w->side[i] = (struct world_side){ .w = w, .index = i };
		w->host[i].out = on_out;
		w->host[i].ctx = &w->side[i];
		vhost_init(&w->host[i], &c, rng_u64(&w->rng));
	}
}

const char *world_fini(struct world *w)
{
	const char *left = NULL;

	while (w->nflying > 0)
		free(pop(w).p);
	free(w->heap);
	for (int i = 0; i < 2; i++) {
		const char *what = vhost_fini(&w->host[i]);

		if (what)
			left = what;
	}
	return left;
}

static void run(struct world *w)
{
	for (int i = 0; i < 2; i++)
		vhost_run(&w->host[i]);
	if (w->foreign)
		w->foreign_us = w->foreign->run(w->foreign->ctx, w->now_us);
}

static void arrive(struct world *w, struct flying f)
{
	if (f.to == 1 && w->foreign)
		w->foreign->input(w->foreign->ctx, f.p);
	else
		vhost_input(&w->host[f.to], f.p);
}

static uint64_t next_time(const struct world *w)
{
	uint64_t at = w->nflying ? w->heap[0].at_us : USTACK_NEVER;

	for (int i = 0; i < 2; i++)
		at = min_u64(at, w->host[i].deadline_us);
	if (w->foreign)
		at = min_u64(at, w->foreign_us);
	return max_u64(at, w->now_us);
}

bool world_step(struct world *w, uint64_t until_us)
{
	uint64_t at;

	run(w);
	at = next_time(w);
	if (at > until_us) {
		w->now_us = max_u64(w->now_us, until_us);
		return false;
	}
	w->now_us = at;
	for (int i = 0; i < 2; i++)
		w->host[i].now_us = at;
	/* All that arrives at one moment is one batch, as a device would read. */
	while (w->nflying && w->heap[0].at_us <= at)
		arrive(w, pop(w));
	run(w);
	return true;
}
