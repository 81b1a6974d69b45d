/* SPDX-License-Identifier: MIT */
/*
 * impair.c - the engine: its life, exemption, and what is due
 */

#include "impair_int.h"

#include "stack/base/bytes.h"

#define TABLES_MAX ((uint64_t)96 << 20) /* bytes of flows and queue tables */

struct impair *impair_new(const struct impair_args *a)
{
	struct impair *im = a->host.alloc(a->host.ctx, sizeof(*im));
	uint64_t bytes = a->queue_bytes ? a->queue_bytes : IMPAIR_QUEUE_BYTES;
	int r;

	if (!im)
		return NULL;
	memset(im, 0, sizeof(*im));
	im->host = a->host;
	im->expire_us = IMPAIR_NEVER;
	rng_init(&im->rng, a->seed);
	mem_init(&im->mem, TABLES_MAX, a->host.alloc, a->host.free,
		 a->host.ctx);
	im->flows.pinned = rules_pinned;
	im->flows.ctx = im;
	r = flows_init(&im->flows, &im->mem, rng_u64(&im->rng));
	if (r == 0)
		r = queue_init(&im->queue, &im->mem, bytes);
	if (r == 0)
		return im;
	mem_fini(&im->mem);
	a->host.free(a->host.ctx, im, sizeof(*im));
	return NULL;
}

/* A packet has left, or is about to: its rule waits for it no more. */
static void left(struct impair *im, enum impair_dir dir,
		 const struct queue_item *it)
{
	if (it->rule && it->waits)
		it->rule->d[dir].waiting--;
	rule_put(im, it->rule);
}

static void drop_all(struct impair *im)
{
	struct queue_item it;

	queue_unhold(&im->queue, IMPAIR_NEVER);
	for (uint32_t dir = 0; dir < IMPAIR_DIRS; dir++) {
		while (queue_pop(&im->queue, dir, IMPAIR_NEVER, &it)) {
			queue_gone(&im->queue, it.p);
			left(im, dir, &it);
			im->host.pkt_free(im->host.ctx, it.p);
		}
	}
}

void impair_free(struct impair *im)
{
	struct impair_host host;

	if (!im)
		return;
	host = im->host;
	drop_all(im);
	queue_fini(&im->queue);
	flows_fini(&im->flows);
	rules_free(im);
	mem_fini(&im->mem);
	host.free(host.ctx, im, sizeof(*im));
}

bool impair_active(const struct impair *im)
{
	return im->tab.nrules > 0 || im->tab.nscripts > 0 ||
	       queue_pkts(&im->queue) > 0;
}

int impair_exempt(struct impair *im, uint16_t port, bool exempt)
{
	uint8_t bit = (uint8_t)(1u << port % 8);

	if (port == 0)
		return -ERR_INVAL;
	if (exempt)
		im->exempt[port / 8] |= bit;
	else
		im->exempt[port / 8] &= (uint8_t)~bit;
	return 0;
}

/*
 * The counts are right before the packet goes, since on its way in it may draw
 * an answer at once, which comes by impair_take().
 */
static void run_in(struct impair *im, uint64_t now_us)
{
	uint32_t left_pkts = IMPAIR_RUN_PKTS;
	struct queue_item it;

	while (left_pkts-- > 0 &&
	       queue_pop(&im->queue, IMPAIR_IN, now_us, &it)) {
		queue_gone(&im->queue, it.p);
		left(im, IMPAIR_IN, &it);
		(void)im->host.forward(im->host.ctx, IMPAIR_IN, it.p);
	}
}

static void run_out(struct impair *im, uint64_t now_us)
{
	uint32_t left_pkts = IMPAIR_RUN_PKTS;
	struct queue_item it;

	while (left_pkts-- > 0 &&
	       queue_pop(&im->queue, IMPAIR_OUT, now_us, &it)) {
		queue_gone(&im->queue, it.p);
		if (im->host.forward(im->host.ctx, IMPAIR_OUT, it.p) ==
		    -ERR_AGAIN) {
			queue_again(&im->queue, IMPAIR_OUT, &it);
			return;
		}
		left(im, IMPAIR_OUT, &it);
	}
}

uint64_t impair_run(struct impair *im, uint64_t now_us)
{
	rules_expire(im, now_us);
	queue_unhold(&im->queue, now_us);
	run_in(im, now_us);
	run_out(im, now_us);
	return min_u64(queue_next_us(&im->queue), im->expire_us);
}
