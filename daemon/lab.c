/* SPDX-License-Identifier: MIT */
/*
 * lab.c - the laboratory between device and stack: faults on packets
 *
 * What impairment takes comes back by on_forward(), from lab_run() alone: so a
 * packet is never handed to the stack while the stack hands one out.
 */

#include "lab.h"

#include "arena.h"
#include "tun.h"

static int on_forward(void *ctx, enum impair_dir dir, struct ustack_pkt *p)
{
	struct lab *lab = ctx;
	int rc;

	if (dir == IMPAIR_IN) {
		ustack_input(lab->stack, p, lab->now_us);
		return 0;
	}
	rc = tun_write(lab->tun, p);
	if (rc == -ERR_AGAIN)
		return rc;
	ustack_pkt_free(lab->stack, p);
	return 0;
}

static struct ustack_pkt *on_pkt_sized(void *ctx, uint32_t len)
{
	struct lab *lab = ctx;

	return ustack_pkt_sized(lab->stack, len);
}

static struct ustack_pkt *on_pkt_keep(void *ctx, const struct ustack_pkt *p)
{
	struct lab *lab = ctx;

	return ustack_pkt_keep(lab->stack, p);
}

static void on_pkt_free(void *ctx, struct ustack_pkt *p)
{
	struct lab *lab = ctx;

	ustack_pkt_free(lab->stack, p);
}

static void *on_alloc(void *ctx, size_t len)
{
	struct lab *lab = ctx;

	return arena_alloc(lab->arena, len);
}

static void on_free(void *ctx, void *p, size_t len)
{
	(void)ctx;
	arena_free(p, len);
}

static uint64_t on_classify(void *ctx, const struct ustack_addr *local,
			    uint16_t lport, const struct ustack_addr *remote,
			    uint16_t rport)
{
	struct lab *lab = ctx;
	struct ustack_tuple t = { .local = *local,
				  .remote = *remote,
				  .lport = lport,
				  .rport = rport };

	return ustack_classify(lab->stack, &t);
}

static void on_event(void *ctx, const struct ustack_event *ev)
{
	struct lab *lab = ctx;

	lab->event(lab->arg, ev);
}

int lab_init(struct lab *lab, uint64_t seed)
{
	struct tun_info info;
	struct impair_args a = { .host = { .ctx = lab,
					   .forward = on_forward,
					   .pkt_sized = on_pkt_sized,
					   .pkt_keep = on_pkt_keep,
					   .pkt_free = on_pkt_free,
					   .alloc = on_alloc,
					   .free = on_free,
					   .classify = on_classify,
					   .event = on_event },
				 .seed = seed };

	tun_info(lab->tun, &info);
	a.mtu = info.mtu;
	lab->im = impair_new(&a);
	return lab->im ? 0 : -ERR_NOMEM;
}

void lab_fini(struct lab *lab)
{
	if (lab->im)
		impair_free(lab->im);
	lab->im = NULL;
}

void lab_input(struct lab *lab, struct ustack_pkt *p, uint64_t now_us)
{
	lab->now_us = now_us;
	if (!impair_take(lab->im, IMPAIR_IN, p, now_us))
		ustack_input(lab->stack, p, now_us);
}

int lab_output(struct lab *lab, struct ustack_pkt *p, uint64_t now_us)
{
	lab->now_us = now_us;
	if (impair_take(lab->im, IMPAIR_OUT, p, now_us))
		return 0;
	return tun_write(lab->tun, p);
}

uint64_t lab_run(struct lab *lab, uint64_t now_us)
{
	lab->now_us = now_us;
	return impair_run(lab->im, now_us);
}
