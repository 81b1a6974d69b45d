/* SPDX-License-Identifier: MIT */
/*
 * vhost.c - an instance of the stack in virtual time
 */

#include "vhost.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostmem.h"
#include "stack/base/bytes.h"
#include "stack/wire/csum.h"
#include "stack/wire/ip4.h"
#include "stack/wire/tcp_hdr.h"

static void *host_alloc(void *ctx, size_t len)
{
	struct vhost *h = ctx;
	void *p = hostmem_alloc(len);

	if (p)
		h->live += len;
	return p;
}

static void host_free(void *ctx, void *p, size_t len)
{
	struct vhost *h = ctx;

	h->live -= len;
	hostmem_free(p, len);
}

static void host_random(void *ctx, void *buf, size_t len)
{
	struct vhost *h = ctx;
	uint8_t *b = buf;

	for (size_t i = 0; i < len; i++)
		b[i] = (uint8_t)rng_u64(&h->rng);
}

struct vpkt *vpkt_new(uint32_t len)
{
	struct vpkt *p = calloc(1, sizeof(*p) + len);

	if (!p)
		abort();
	p->len = len;
	return p;
}

static void complete_csum(struct vpkt *p, uint32_t csum_off)
{
	uint16_t csum = csum_finish(
		csum_add(0, p->data + p->l4_off, p->len - p->l4_off));

	memcpy(p->data + p->l4_off + csum_off, &csum, 2);
}

/* What the link gets. */
static int emit(struct vhost *h, const struct ustack_pkt *p)
{
	struct vpkt *v = vpkt_new(p->len);
	uint8_t *at = v->data;

	memcpy(at, p->head, p->head_len);
	at += p->head_len;
	for (uint32_t i = 0; i < p->nslices; i++) {
		memcpy(at, slice_data(&p->slice[i]), p->slice[i].len);
		at += p->slice[i].len;
	}
	if (at != v->data + p->len) {
		fprintf(stderr, "packet of %u bytes has %td\n", p->len,
			at - v->data);
		abort();
	}
	v->gso_size = p->gso_size;
	v->l4_off = p->l4_off;
	if (p->flags & USTACK_PKT_CSUM_PARTIAL)
		complete_csum(v, p->csum_off);
	return h->out(h->ctx, v);
}

static int host_output(void *ctx, struct ustack_pkt *p)
{
	struct vhost *h = ctx;

	if (h->im && impair_take(h->im, IMPAIR_OUT, p, h->now_us))
		return 0;
	return emit(h, p);
}

static void host_event(void *ctx, const struct ustack_event *ev)
{
	struct vhost *h = ctx;

	if (h->event)
		h->event(h->ctx, ev);
}

static void host_pong(void *ctx, const struct ustack_pong *p)
{
	struct vhost *h = ctx;

	h->pong(h->ctx, p);
}

struct ustack_addr vhost_addr(const char *text)
{
	struct ustack_addr a;
	uint8_t b[4];

	if (inet_pton(AF_INET6, text, a.b) == 1)
		return a;
	if (inet_pton(AF_INET, text, b) != 1)
		abort();
	return ustack_addr4(b);
}

void vhost_config(struct ustack_config *cfg)
{
	ustack_config_init(cfg);
	cfg->addr[0] = (struct ustack_prefix){ vhost_addr("10.7.0.2"), 128 };
	cfg->addr[1] = (struct ustack_prefix){ vhost_addr("fd07::2"), 128 };
	cfg->naddrs = 2;
	cfg->tx_csum = true;
	cfg->tx_tso4 = true;
	cfg->tx_tso6 = true;
}

void vhost_init(struct vhost *h, const struct ustack_config *cfg, uint64_t seed)
{
	struct ustack_host host = { .ctx = h,
				    .output = host_output,
				    .random = host_random,
				    .alloc = host_alloc,
				    .free = host_free,
				    .event = host_event,
				    .pong = h->pong ? host_pong : NULL };

	h->live = 0;
	h->im = NULL;
	h->now_us = VHOST_START_US;
	h->deadline_us = USTACK_NEVER;
	if (h->budget == 0)
		h->budget = 64;
	rng_init(&h->rng, seed);
	h->s = ustack_new(cfg, &host, h->now_us);
	if (!h->s) {
		const char *why = ustack_config_check(cfg);

		fprintf(stderr, "ustack_new: %s\n", why ? why : "no memory");
		abort();
	}
}

/* ------------------------------------------------------------ impairment */

static int lab_forward(void *ctx, enum impair_dir dir, struct ustack_pkt *p)
{
	struct vhost *h = ctx;
	int r = 0;

	if (dir == IMPAIR_IN)
		ustack_input(h->s, p, h->now_us);
	else
		r = emit(h, p);
	if (dir == IMPAIR_OUT && r != -ERR_AGAIN)
		ustack_pkt_free(h->s, p);
	return r;
}

static struct ustack_pkt *lab_sized(void *ctx, uint32_t len)
{
	return ustack_pkt_sized(((struct vhost *)ctx)->s, len);
}

static struct ustack_pkt *lab_keep(void *ctx, const struct ustack_pkt *p)
{
	return ustack_pkt_keep(((struct vhost *)ctx)->s, p);
}

static void lab_free(void *ctx, struct ustack_pkt *p)
{
	ustack_pkt_free(((struct vhost *)ctx)->s, p);
}

static uint64_t lab_classify(void *ctx, const struct ustack_addr *local,
			     uint16_t lport, const struct ustack_addr *remote,
			     uint16_t rport)
{
	const struct ustack_tuple t = { .local = *local,
					.remote = *remote,
					.lport = lport,
					.rport = rport };

	return ustack_classify(((struct vhost *)ctx)->s, &t);
}

void vhost_impair(struct vhost *h, uint64_t seed)
{
	const struct impair_args a = { .host = { .ctx = h,
						 .forward = lab_forward,
						 .pkt_sized = lab_sized,
						 .pkt_keep = lab_keep,
						 .pkt_free = lab_free,
						 .alloc = host_alloc,
						 .free = host_free,
						 .classify = lab_classify,
						 .event = host_event },
				       .seed = seed };

	h->im = impair_new(&a);
	if (!h->im)
		abort();
}

/* Run both; what the engine lets in may make the stack speak, and again. */
static uint64_t run_once(struct vhost *h)
{
	uint64_t stack_us, lab_us;

	if (!h->im)
		return ustack_run(h->s, h->now_us, h->budget);
	impair_run(h->im, h->now_us);
	stack_us = ustack_run(h->s, h->now_us, h->budget);
	lab_us = impair_run(h->im, h->now_us);
	return min_u64(stack_us, lab_us);
}

/* -------------------------------------------------------------- its life */

const char *vhost_fini(struct vhost *h)
{
	impair_free(h->im);
	h->im = NULL;
	ustack_free(h->s);
	h->s = NULL;
	return h->live == 0 ? NULL : "memory";
}

void vhost_input(struct vhost *h, struct vpkt *p)
{
	struct ustack_pkt *u = ustack_pkt_new(h->s);

	if (u) {
		struct slice *sl = &u->slice[0];

		memcpy(sl->buf->data + sl->off, p->data, p->len);
		sl->len = p->len;
		u->len = p->len;
		u->gso_size = p->gso_size;
		if (p->csum_ok)
			u->flags |= USTACK_PKT_CSUM_OK;
		if (!h->im || !impair_take(h->im, IMPAIR_IN, u, h->now_us))
			ustack_input(h->s, u, h->now_us);
	}
	free(p);
}

void vhost_run(struct vhost *h)
{
	for (uint32_t i = 0; i < 100000; i++) {
		h->deadline_us = run_once(h);
		if (h->deadline_us > h->now_us)
			return;
	}
	fprintf(stderr, "ustack_run() never finds an end\n");
	abort();
}

void vhost_advance(struct vhost *h, uint64_t now_us)
{
	vhost_run(h);
	while (h->deadline_us <= now_us) {
		h->now_us = h->deadline_us;
		vhost_run(h);
	}
	h->now_us = now_us;
	vhost_run(h);
}

/* One wire segment: headers of @p, @len payload bytes from @off on. */
static struct vpkt *cut(const struct vpkt *p, uint32_t hdr, uint32_t off,
			uint32_t len)
{
	struct vpkt *v = vpkt_new(hdr + len);
	uint8_t *tcp = v->data + p->l4_off;
	bool last = hdr + off + len == p->len;
	uint64_t sum;
	uint16_t csum;

	v->l4_off = p->l4_off;
	memcpy(v->data, p->data, hdr);
	memcpy(v->data + hdr, p->data + hdr + off, len);
	be32_store(tcp + 4, be32_load(tcp + 4) + off);
	if (!last)
		tcp[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	memset(tcp + TCP_CSUM_OFF, 0, 2);
	if (v->data[0] >> 4 == 4) {
		be16_store(v->data + 2, (uint16_t)v->len);
		memset(v->data + 10, 0, 2);
		csum = csum_finish(csum_add(0, v->data, v->l4_off));
		memcpy(v->data + 10, &csum, 2);
		sum = csum_pseudo4(v->data + 12, v->data + 16, 6,
				   v->len - v->l4_off);
	} else {
		be16_store(v->data + 4, (uint16_t)(v->len - 40));
		sum = csum_pseudo6(v->data + 8, v->data + 24, 6,
				   v->len - v->l4_off);
	}
	csum = csum_finish(csum_add(sum, tcp, v->len - v->l4_off));
	memcpy(tcp + TCP_CSUM_OFF, &csum, 2);
	return v;
}

void vpkt_split(struct vpkt *p, void (*sink)(void *ctx, struct vpkt *p),
		void *ctx)
{
	uint32_t hdr, total;

	if (p->gso_size == 0) {
		sink(ctx, p);
		return;
	}
	hdr = p->l4_off + (uint32_t)(p->data[p->l4_off + 12] >> 4) * 4u;
	total = p->len - hdr;
	for (uint32_t off = 0; off < total; off += p->gso_size)
		sink(ctx, cut(p, hdr, off, min_u32(p->gso_size, total - off)));
	free(p);
}
