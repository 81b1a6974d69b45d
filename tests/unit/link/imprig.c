/* SPDX-License-Identifier: MIT */
/*
 * imprig.c - an impairment engine between two ends that a test plays
 */

#include "imprig.h"

#include <stdlib.h>

#include "stack/base/bytes.h"
#include "stack/wire/csum.h"

#define GROW 1024u

/* The array with room for one more than @n. */
static void *room_for(void *array, uint32_t n, size_t size)
{
	if (n % GROW != 0)
		return array;
	return realloc(array, (n + GROW) * size);
}

static uint32_t isn_of(enum impair_dir dir)
{
	return dir == IMPAIR_IN ? IMP_ISN_IN : IMP_ISN_OUT;
}

static int on_forward(void *ctx, enum impair_dir dir, struct ustack_pkt *p)
{
	struct imprig *r = ctx;
	struct imp_out *o;
	uint8_t *flat;

	if (dir == IMPAIR_OUT && r->full)
		return -ERR_AGAIN;
	r->out = room_for(r->out, r->nout, sizeof(*r->out));
	o = &r->out[r->nout++];
	*o = (struct imp_out){ .us = r->now_us, .flags = p->flags };
	view_parse(&o->v, dir, p);
	o->v.seq -= isn_of(dir);
	o->v.ack -= isn_of(!dir);
	if (o->v.kind == LINK_MALFORMED) {
		o->wrong = "malformed";
	} else if (!(p->flags & USTACK_PKT_CSUM_PARTIAL)) {
		flat = rig_flat(p);
		o->wrong = rig_receive(flat, p->len);
		free(flat);
	}
	rig_free(&r->rig, p);
	if (r->reply && dir == IMPAIR_IN)
		r->reply(r);
	return 0;
}

static void *on_alloc(void *ctx, size_t len)
{
	struct imprig *r = ctx;
	void *p = NULL;

	if (r->rig.refuse || posix_memalign(&p, 64, len))
		return NULL;
	memset(p, 0xa5, len);
	r->live += len;
	return p;
}

static void on_free(void *ctx, void *p, size_t len)
{
	struct imprig *r = ctx;

	r->live -= len;
	free(p);
}

static uint64_t on_classify(void *ctx, const struct ustack_addr *local,
			    uint16_t lport, const struct ustack_addr *remote,
			    uint16_t rport)
{
	struct imprig *r = ctx;

	(void)local;
	(void)remote;
	(void)lport;
	r->asked++;
	return r->conn ? r->conn + rport : 0;
}

static void on_event(void *ctx, const struct ustack_event *ev)
{
	struct imprig *r = ctx;

	EXPECT_EQ(ev->kind, USTACK_EV_IMPAIRED);
	r->ev = room_for(r->ev, r->nev, sizeof(*r->ev));
	r->ev[r->nev++] = *ev;
}

void imp_init(struct imprig *r, uint64_t seed, uint64_t queue_bytes)
{
	struct impair_args a = { .seed = seed, .queue_bytes = queue_bytes };

	*r = (struct imprig){ .now_us = IMP_START };
	rig_init(&r->rig);
	a.host = r->rig.host;
	a.host.forward = on_forward;
	a.host.alloc = on_alloc;
	a.host.free = on_free;
	a.host.classify = on_classify;
	a.host.event = on_event;
	r->im = impair_new(&a);
	ck_assert_ptr_nonnull(r->im);
}

void imp_forget(struct imprig *r)
{
	free(r->out);
	free(r->ev);
	r->out = NULL;
	r->ev = NULL;
	r->nout = 0;
	r->nev = 0;
}

void imp_fini(struct imprig *r)
{
	impair_free(r->im);
	imp_forget(r);
	EXPECT_EQ(r->live, 0);
	rig_fini(&r->rig);
}

/* Ports, numbers and the remote address, which rig_make() has its own of. */
static void patch(uint8_t *b, const struct imp_pkt *a)
{
	uint16_t lport = a->lport ? a->lport : RIG_LPORT;
	uint16_t rport = a->rport ? a->rport : RIG_RPORT;
	uint8_t *tcp = b + (a->v6 ? 40 : 20);
	bool in = a->dir == IMPAIR_IN;
	uint16_t csum;

	if (a->host && a->v6)
		b[in ? 23 : 39] = a->host;
	if (a->host && !a->v6) {
		b[in ? 15 : 19] = a->host;
		memset(b + 10, 0, 2);
		csum = csum_finish(csum_add(0, b, 20));
		memcpy(b + 10, &csum, 2);
	}
	if (a->proto)
		return;
	be16_store(tcp, in ? rport : lport);
	be16_store(tcp + 2, in ? lport : rport);
	be32_store(tcp + 4, isn_of(a->dir) + a->isn + a->seq);
	be32_store(tcp + 8, isn_of(!a->dir) + a->ack);
}

bool imp_send(struct imprig *r, const struct imp_pkt *a)
{
	const struct rig_pkt rp = {
		.dir = a->dir,
		.v6 = a->v6,
		.proto = a->proto,
		.tos = a->tos,
		.flags = a->flags ? a->flags : TCP_ACK,
		.data_len = a->len,
		.gso_size = a->gso,
		.nslices = 1,
	};
	struct ustack_pkt *p = rig_make(&r->rig, &rp);
	bool in = a->dir == IMPAIR_IN;
	bool taken;

	patch(in ? p->slice[0].buf->data + p->slice[0].off : p->head, a);
	taken = impair_take(r->im, a->dir, p, r->now_us);
	if (!taken || !in)
		rig_free(&r->rig, p);
	return taken;
}

void imp_until(struct imprig *r, uint64_t us)
{
	uint64_t next = impair_run(r->im, r->now_us);

	while (next <= us && !(r->full && next <= r->now_us)) {
		uint32_t before = r->nout;

		EXPECT_GE(next, r->now_us);
		r->now_us = next;
		next = impair_run(r->im, next);
		EXPECT(next > r->now_us || r->nout > before); /* it goes on */
	}
	r->now_us = us;
}

uint32_t imp_set(struct imprig *r, const struct impair_rule *rule)
{
	uint32_t id = 0;

	ck_assert_int_eq(impair_set(r->im, rule, r->now_us, &id), 0);
	return id;
}

uint32_t imp_script(struct imprig *r, const struct impair_script *sc)
{
	uint32_t id = 0;

	ck_assert_int_eq(impair_run_script(r->im, sc, r->now_us, &id), 0);
	return id;
}

void imp_open(struct imprig *r, uint16_t rport)
{
	imp_send(r, &(struct imp_pkt){ .dir = IMPAIR_IN,
				       .rport = rport,
				       .flags = TCP_SYN });
	imp_send(r, &(struct imp_pkt){ .dir = IMPAIR_OUT,
				       .rport = rport,
				       .ack = 1,
				       .flags = TCP_SYN | TCP_ACK });
	imp_send(r, &(struct imp_pkt){ .dir = IMPAIR_IN,
				       .rport = rport,
				       .seq = 1,
				       .ack = 1 });
	imp_until(r, r->now_us);
}

uint64_t imp_by(const struct imprig *r, enum ustack_knob k)
{
	struct impair_counts c;

	impair_totals(r->im, &c);
	return c.by[k];
}

impair_prob imp_p(uint32_t per_mille)
{
	return (impair_prob)((uint64_t)IMPAIR_PROB_ONE * per_mille / 1000);
}
