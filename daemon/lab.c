/* SPDX-License-Identifier: MIT */
/*
 * lab.c - the laboratory between device and stack: faults on packets, captures
 *
 * What impairment takes comes back by on_forward(), from lab_run() alone: so a
 * packet is never handed to the stack while the stack hands one out.
 *
 * The stack tells of a packet that it has sent once it is taken.  What befalls
 * the packet is told after that: whoever reads the events sees them in order.
 */

#include "lab.h"

#include "arena.h"
#include "tun.h"

/* TCP's flags, as events have them. */
#define TCP_SYN 0x02u
#define TCP_ACK 0x10u

/* The stack gets a packet; takes it. */
static void to_stack(struct lab *lab, struct ustack_pkt *p)
{
	if (capture_on(&lab->capture))
		capture_packet(&lab->capture, CAPTURE_STACK, IMPAIR_IN, p);
	ustack_input(lab->stack, p, lab->now_us);
}

/* The device gets a packet; answers as tun_write(). */
static int to_device(struct lab *lab, struct ustack_pkt *p)
{
	int rc = tun_write(lab->tun, p);

	if (rc == 0 && capture_on(&lab->capture))
		capture_packet(&lab->capture, CAPTURE_WIRE, IMPAIR_OUT, p);
	return rc;
}

static int on_forward(void *ctx, enum impair_dir dir, struct ustack_pkt *p)
{
	struct lab *lab = ctx;
	int rc;

	if (dir == IMPAIR_IN) {
		to_stack(lab, p);
		return 0;
	}
	rc = to_device(lab, p);
	lab->blocked = rc == -ERR_AGAIN;
	if (lab->blocked)
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

static bool is_syn(const struct ustack_event *ev)
{
	return (ev->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* Whose it is will be known when one like it gets through. */
static void keep_syn(struct lab *lab, const struct ustack_event *ev)
{
	lab->syns[lab->nsyns++ % LAB_SYNS_MAX] = *ev;
}

static void on_event(void *ctx, const struct ustack_event *ev)
{
	struct lab *lab = ctx;

	if (capture_on(&lab->capture))
		capture_event(&lab->capture, ev);
	if (lab->sending && lab->nlate < LAB_LATE_MAX)
		lab->late[lab->nlate++] = *ev;
	else if (ev->in && ev->id == 0 && is_syn(ev))
		keep_syn(lab, ev);
	else
		lab->event(lab->arg, ev);
}

static bool same_syn(const struct ustack_event *a, const struct ustack_event *b)
{
	return a->seq == b->seq && a->lport == b->lport &&
	       a->rport == b->rport && ustack_addr_eq(&a->local, &b->local) &&
	       ustack_addr_eq(&a->remote, &b->remote);
}

void lab_adopt(struct lab *lab, const struct ustack_event *ev)
{
	if (lab->nsyns == 0 || !is_syn(ev))
		return;
	for (uint64_t i = 0; i < LAB_SYNS_MAX; i++) {
		struct ustack_event *syn =
			&lab->syns[(lab->nsyns + i) % LAB_SYNS_MAX];

		if (syn->kind != USTACK_EV_IMPAIRED || !same_syn(syn, ev))
			continue;
		syn->id = ev->id;
		lab->event(lab->arg, syn);
		syn->kind = USTACK_EVENTS; /* the place is free */
	}
}

void lab_tell(struct lab *lab)
{
	for (uint32_t i = 0; i < lab->nlate; i++)
		lab->event(lab->arg, &lab->late[i]);
	lab->nlate = 0;
}

int lab_init(struct lab *lab, uint64_t seed)
{
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

	lab->im = impair_new(&a);
	return lab->im ? 0 : -ERR_NOMEM;
}

void lab_fini(struct lab *lab)
{
	capture_fini(&lab->capture);
	if (lab->im)
		impair_free(lab->im);
	lab->im = NULL;
}

void lab_input(struct lab *lab, struct ustack_pkt *p, uint64_t now_us)
{
	lab->now_us = now_us;
	if (capture_on(&lab->capture))
		capture_packet(&lab->capture, CAPTURE_WIRE, IMPAIR_IN, p);
	if (!impair_take(lab->im, IMPAIR_IN, p, now_us))
		to_stack(lab, p);
}

int lab_output(struct lab *lab, struct ustack_pkt *p, uint64_t now_us)
{
	bool taken;
	int rc;

	lab->now_us = now_us;
	lab_tell(lab); /* the last packet was nobody's */
	if (capture_on(&lab->capture))
		capture_packet(&lab->capture, CAPTURE_STACK, IMPAIR_OUT, p);
	lab->sending = true;
	taken = impair_take(lab->im, IMPAIR_OUT, p, now_us);
	lab->sending = false;
	if (taken)
		return 0;
	rc = to_device(lab, p);
	if (rc == -ERR_AGAIN && capture_on(&lab->capture))
		capture_undo(&lab->capture); /* it will be tried again */
	return rc;
}

uint64_t lab_run(struct lab *lab, uint64_t now_us)
{
	lab->now_us = now_us;
	lab->blocked = false;
	lab_tell(lab);
	return impair_run(lab->im, now_us);
}
