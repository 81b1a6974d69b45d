/* SPDX-License-Identifier: MIT */
/*
 * frag.c - fragments become datagrams again
 */

#include "frag.h"

#include "stack/base/assert.h"
#include "stack/base/bytes.h"
#include "stack/base/htab.h"
#include "stack/base/list.h"
#include "stack/wire/csum.h"
#include "stack/wire/ip4.h"
#include "stack/wire/ip6.h"

#define SOURCES	      64u /* buckets of sources */
#define SHARE	      4u  /* a bucket has 1/SHARE of the bounds */
#define DATAGRAM_MAX  65535u
#define FRAG_HDR_LEN  8u
#define ECN_MASK      3u
#define ECN_SEEN(ecn) (uint8_t)(1u << (ecn))
#define ECN_NOT_ECT   0u
#define ECN_CE	      3u
#define DGRAM_BYTES   (uint32_t) mem_block_size(sizeof(struct frag_dgram))

/**
 * struct frag_key - what fragments of one datagram have in common
 * @src:	sender
 * @dst:	one of our addresses
 * @id:		identification
 * @proto:	protocol; 0 for IPv6, where fragments may differ in it
 */
struct frag_key {
	struct ustack_addr src;
	struct ustack_addr dst;
	uint32_t id;
	uint32_t proto;
};

/**
 * struct frag_piece - data of one fragment
 * @next:	the piece behind it
 * @off:	offset in the datagram's data
 * @len:	bytes of data
 * @hdr_len:	bytes of headers in front of the data, 0 unless @off is 0
 * @bytes:	headers and data
 */
struct frag_piece {
	struct frag_piece *next;
	uint32_t off;
	uint32_t len;
	uint32_t hdr_len;
	uint8_t bytes[];
};

/**
 * struct frag_dgram - a datagram that is not complete
 * @node:	link in the table of keys
 * @key:	its key
 * @age:	link in the list of all
 * @from:	link in its bucket's list
 * @due_us:	when to give up
 * @first:	pieces in order
 * @last:	the last of them
 * @npieces:	their number
 * @got:	bytes of data in them
 * @end:	length of the whole, 0 = not known
 * @mem:	memory held, this struct included
 * @bucket:	of its source
 * @named_at:	of the fragment at offset 0
 * @proto:	of the same
 * @ecn:	ECN codepoints seen, as bits
 * @v6:		IPv6
 * @dead:	an overlap was seen: nothing more is kept (5722-1)
 */
struct frag_dgram {
	struct hnode node;
	struct frag_key key;
	struct list age;
	struct list from;
	uint64_t due_us;
	struct frag_piece *first;
	struct frag_piece *last;
	uint32_t npieces;
	uint32_t got;
	uint32_t end;
	uint32_t mem;
	uint32_t bucket;
	uint32_t named_at;
	uint8_t proto;
	uint8_t ecn;
	bool v6;
	bool dead;
};

/* What is held for all, or for the sources of one bucket. */
struct frag_load {
	struct list list;
	uint32_t dgrams;
	uint32_t mem;
};

/**
 * struct frag_tab - all incomplete datagrams of an instance
 * @dgrams:	by key
 * @key:	secret of the hashes
 * @timer:	at the oldest one's deadline
 * @all:	all of them, oldest first
 * @src:	the same by source
 */
struct frag_tab {
	struct htab dgrams;
	struct siphash_key key;
	struct timer timer;
	struct frag_load all;
	struct frag_load src[SOURCES];
};

int frag_new(struct ustack *s)
{
	struct frag_tab *t = mem_alloc(&s->mem, sizeof(*t));

	if (!t)
		return -ERR_NOMEM;
	memset(t, 0, sizeof(*t));
	if (htab_init(&t->dgrams, &s->mem) < 0) {
		mem_free(&s->mem, t, sizeof(*t));
		return -ERR_NOMEM;
	}
	s->host.random(s->host.ctx, &t->key, sizeof(t->key));
	timer_init(&t->timer);
	list_init(&t->all.list);
	for (uint32_t i = 0; i < SOURCES; i++)
		list_init(&t->src[i].list);
	s->frags = t;
	return 0;
}

static size_t piece_size(uint32_t bytes)
{
	return sizeof(struct frag_piece) + bytes;
}

static void account(struct frag_tab *t, struct frag_dgram *d, uint32_t plus,
		    uint32_t minus)
{
	d->mem += plus - minus;
	t->all.mem += plus - minus;
	t->src[d->bucket].mem += plus - minus;
}

static void drop_pieces(struct ustack *s, struct frag_dgram *d)
{
	while (d->first) {
		struct frag_piece *p = d->first;
		size_t size = piece_size(p->hdr_len + p->len);

		d->first = p->next;
		account(s->frags, d, 0, (uint32_t)mem_block_size(size));
		mem_free(&s->mem, p, size);
	}
	d->last = NULL;
	d->npieces = 0;
	d->got = 0;
}

static void arm(struct ustack *s)
{
	struct frag_tab *t = s->frags;
	struct frag_dgram *d = list_first(&t->all.list, struct frag_dgram, age);

	timer_arm(&s->wheel, &t->timer, d ? d->due_us : TIME_NEVER);
}

static void dgram_free(struct ustack *s, struct frag_dgram *d)
{
	struct frag_tab *t = s->frags;

	drop_pieces(s, d);
	account(t, d, 0, d->mem);
	t->all.dgrams--;
	t->src[d->bucket].dgrams--;
	list_del(&d->age);
	list_del(&d->from);
	htab_remove(&t->dgrams, &d->node);
	mem_free(&s->mem, d, sizeof(*d));
}

void frag_free(struct ustack *s)
{
	struct frag_tab *t = s->frags;
	struct frag_dgram *d;

	if (!t)
		return;
	while ((d = list_first(&t->all.list, struct frag_dgram, age)))
		dgram_free(s, d);
	timer_cancel(&s->wheel, &t->timer);
	htab_fini(&t->dgrams);
	mem_free(&s->mem, t, sizeof(*t));
	s->frags = NULL;
}

static void count_fail(struct ustack *s, const struct frag_dgram *d,
		       enum ustack_counter why)
{
	if (d->dead)
		return; /* it was counted when it died */
	stack_count(s,
		    d->v6 ? USTACK_C_IP6_REASM_FAILS : USTACK_C_IP_REASM_FAILS);
	stack_drop(s, why);
}

static void fail(struct ustack *s, struct frag_dgram *d,
		 enum ustack_counter why)
{
	count_fail(s, d, why);
	dgram_free(s, d);
}

/* Something contradicts what is here already. */
static void contradict(struct ustack *s, struct frag_dgram *d)
{
	count_fail(s, d, USTACK_C_DROP_FRAG_OVERLAP);
	d->dead = true;
	if (d->v6)
		drop_pieces(s, d);
	else
		dgram_free(s, d);
}

/* ---------------------------------------------------------------- bounds */

/* The oldest datagram of a list, by its link; @keep is not meant. */
static struct list *oldest_but(const struct list *head, const struct list *keep)
{
	struct list *n = head->next;

	if (n == keep)
		n = n->next;
	return n == head ? NULL : n;
}

static bool over(const struct ustack *s, const struct frag_load *l,
		 uint32_t share, uint32_t dgrams, uint32_t mem)
{
	return l->dgrams + dgrams > max_u32(s->cfg.frag_max / share, 1) ||
	       l->mem + mem > s->cfg.frag_mem_bytes / share;
}

/*
 * Make room for @mem bytes, and for a datagram unless @keep has one already,
 * at the cost of the oldest.
 */
static bool make_room(struct ustack *s, uint32_t bucket,
		      struct frag_dgram *keep, uint32_t mem)
{
	struct frag_tab *t = s->frags;
	struct frag_load *l = &t->src[bucket];
	uint32_t dgrams = keep == NULL;
	struct list *n;

	while (over(s, l, SHARE, dgrams, mem)) {
		n = oldest_but(&l->list, keep ? &keep->from : NULL);
		if (!n)
			return false;
		fail(s, list_entry(n, struct frag_dgram, from),
		     USTACK_C_DROP_FRAG_EVICTED);
	}
	while (over(s, &t->all, 1, dgrams, mem)) {
		n = oldest_but(&t->all.list, keep ? &keep->age : NULL);
		if (!n)
			return false;
		fail(s, list_entry(n, struct frag_dgram, age),
		     USTACK_C_DROP_FRAG_EVICTED);
	}
	return !stack_mem_low(s);
}

/* --------------------------------------------------------------- by key */

static struct frag_key key_of(const struct ip_frag *f)
{
	return (struct frag_key){ .src = f->v->src,
				  .dst = f->v->dst,
				  .id = f->id,
				  .proto = f->v->v6 ? 0 : f->proto };
}

static struct frag_dgram *find(const struct frag_tab *t,
			       const struct frag_key *k, uint64_t hash)
{
	struct hnode *n;

	for (n = htab_first(&t->dgrams, hash); n; n = htab_next(n)) {
		struct frag_dgram *d = container_of(n, struct frag_dgram, node);

		if (memcmp(&d->key, k, sizeof(*k)) == 0)
			return d;
	}
	return NULL;
}

static struct frag_dgram *dgram_new(struct ustack *s, const struct frag_key *k,
				    uint64_t hash, bool v6)
{
	struct frag_tab *t = s->frags;
	uint32_t bucket = siphash(&t->key, &k->src, sizeof(k->src)) % SOURCES;
	struct frag_dgram *d = NULL;

	if (make_room(s, bucket, NULL, DGRAM_BYTES))
		d = mem_alloc(&s->mem, sizeof(*d));
	if (!d)
		return NULL;
	*d = (struct frag_dgram){ .key = *k,
				  .due_us = s->now_us + s->cfg.frag_timeout_us,
				  .bucket = bucket,
				  .v6 = v6 };
	account(t, d, DGRAM_BYTES, 0);
	t->all.dgrams++;
	t->src[bucket].dgrams++;
	list_insert(&t->all.list, &d->age);
	list_insert(&t->src[bucket].list, &d->from);
	htab_insert(&t->dgrams, &d->node, hash);
	return d;
}

/* ---------------------------------------------------------------- pieces */

static const uint8_t *piece_data(const struct frag_piece *p)
{
	return p->bytes + p->hdr_len;
}

/* The piece behind which one at @off belongs, NULL = it comes first. */
static struct frag_piece *piece_before(const struct frag_dgram *d, uint32_t off)
{
	struct frag_piece *before = NULL;

	if (d->last && d->last->off < off)
		return d->last; /* in order, as they mostly come */
	for (struct frag_piece *p = d->first; p && p->off < off; p = p->next)
		before = p;
	return before;
}

static struct frag_piece *piece_behind(const struct frag_dgram *d,
				       const struct frag_piece *before)
{
	return before ? before->next : d->first;
}

static bool overlaps(const struct frag_dgram *d, const struct ip_frag *f,
		     const struct frag_piece *before)
{
	const struct frag_piece *behind = piece_behind(d, before);

	return (before && before->off + before->len > f->off) ||
	       (behind && behind->off < f->off + f->len);
}

/* The same bytes at the same place, sent or copied twice (815-1). */
static bool is_copy(const struct frag_dgram *d, const struct frag_piece *p,
		    const struct ip_frag *f)
{
	return p && p->off == f->off && p->len == f->len &&
	       f->more == (d->end != f->off + f->len) &&
	       memcmp(piece_data(p), f->v->hdr + f->hdr_len, f->len) == 0;
}

/* Does it say of the datagram's end what the others say? */
static bool end_agrees(const struct frag_dgram *d, const struct ip_frag *f)
{
	uint32_t end = f->off + f->len;

	if (f->more)
		return d->end == 0 || end < d->end;
	if (d->end != 0)
		return end == d->end;
	return !d->last || d->last->off + d->last->len <= end;
}

static bool piece_add(struct ustack *s, struct frag_dgram *d,
		      const struct ip_frag *f, struct frag_piece *before)
{
	uint32_t hdr_len = f->off == 0 ? f->hdr_len : 0;
	size_t size = piece_size(hdr_len + f->len);
	struct frag_piece *p = NULL;

	if (d->npieces >= FRAG_PIECES_MAX) {
		fail(s, d, USTACK_C_DROP_FRAG_PIECES);
		return false;
	}
	if (make_room(s, d->bucket, d, (uint32_t)mem_block_size(size)))
		p = mem_alloc(&s->mem, size);
	if (!p) {
		stack_drop(s, USTACK_C_DROP_NO_MEMORY);
		return false;
	}
	account(s->frags, d, (uint32_t)mem_block_size(size), 0);
	p->off = f->off;
	p->len = f->len;
	p->hdr_len = hdr_len;
	memcpy(p->bytes, f->v->hdr + f->hdr_len - hdr_len, hdr_len + f->len);
	p->next = piece_behind(d, before);
	*(before ? &before->next : &d->first) = p;
	if (!p->next)
		d->last = p;
	d->npieces++;
	d->got += f->len;
	return true;
}

/* false: nothing was added, and @d may be gone. */
static bool take(struct ustack *s, struct frag_dgram *d,
		 const struct ip_frag *f)
{
	struct frag_piece *before = piece_before(d, f->off);

	if (is_copy(d, piece_behind(d, before), f)) {
		stack_drop(s, USTACK_C_DROP_FRAG_COPY);
		return false;
	}
	if (overlaps(d, f, before) || !end_agrees(d, f)) {
		contradict(s, d);
		return false;
	}
	if (!piece_add(s, d, f, before))
		return false;
	d->ecn |= ECN_SEEN(f->v->tos & ECN_MASK);
	if (!f->more)
		d->end = f->off + f->len;
	if (f->off == 0) {
		d->proto = f->proto;
		d->named_at = f->named_at;
	}
	return true;
}

/* -------------------------------------------------------------- the whole */

/* Make the first fragment's header that of the whole (791, 3168-9). */
static void fix4(uint8_t *h, uint32_t hdr_len, uint32_t len, bool ce)
{
	uint16_t csum;

	if (ce)
		h[1] |= ECN_CE;
	be16_store(h + 2, (uint16_t)(hdr_len + len));
	be16_store(h + 6, 0);
	be16_store(h + 10, 0);
	csum = csum_finish(csum_add(0, h, hdr_len));
	memcpy(h + 10, &csum, sizeof(csum));
}

/* The same for IPv6; the fragment header, which was the last one, is gone. */
static void fix6(uint8_t *h, uint32_t hdr_len, uint32_t len,
		 const struct frag_dgram *d)
{
	h[d->named_at] = d->proto;
	be16_store(h + 4, (uint16_t)(hdr_len - IP6_HDR_LEN + len));
	if (d->ecn & ECN_SEEN(ECN_CE))
		h[1] |= ECN_CE << 4;
}

static uint32_t whole_hdr_len(const struct frag_dgram *d)
{
	return d->first->hdr_len - (d->v6 ? FRAG_HDR_LEN : 0);
}

static struct ustack_pkt *put_together(struct ustack *s,
				       const struct frag_dgram *d)
{
	struct ustack_pkt *p = ustack_pkt_new(s);
	uint32_t hdr_len = whole_hdr_len(d);
	uint8_t *h;

	if (!p)
		return NULL;
	h = p->slice[0].buf->data + p->slice[0].off;
	memcpy(h, d->first->bytes, hdr_len);
	for (const struct frag_piece *q = d->first; q; q = q->next)
		memcpy(h + hdr_len + q->off, piece_data(q), q->len);
	if (d->v6)
		fix6(h, hdr_len, d->end, d);
	else
		fix4(h, hdr_len, d->end, d->ecn & ECN_SEEN(ECN_CE));
	p->len = hdr_len + d->end;
	p->slice[0].len = p->len;
	return p;
}

/* What is known to be complete: does it make a datagram? */
static enum ustack_counter verdict(const struct frag_dgram *d)
{
	const uint8_t bad = ECN_SEEN(ECN_CE) | ECN_SEEN(ECN_NOT_ECT);
	uint32_t max = DATAGRAM_MAX + (d->v6 ? IP6_HDR_LEN : 0);

	if (whole_hdr_len(d) + d->end > max)
		return USTACK_C_DROP_FRAG_SIZE;
	if ((d->ecn & bad) == bad)
		return USTACK_C_DROP_FRAG_ECN;
	return USTACK_COUNTERS_MAX;
}

static struct ustack_pkt *finish(struct ustack *s, struct frag_dgram *d)
{
	enum ustack_counter why = verdict(d);
	struct ustack_pkt *p = NULL;

	if (why == USTACK_COUNTERS_MAX) {
		p = put_together(s, d);
		why = USTACK_C_DROP_NO_MEMORY;
	}
	if (p) {
		stack_count(s, d->v6 ? USTACK_C_IP6_REASM_OKS
				     : USTACK_C_IP_REASM_OKS);
		dgram_free(s, d);
	} else {
		fail(s, d, why);
	}
	return p;
}

struct ustack_pkt *frag_input(struct ustack *s, const struct ip_frag *f)
{
	struct frag_tab *t = s->frags;
	struct frag_key k = key_of(f);
	uint64_t hash = siphash(&t->key, &k, sizeof(k));
	struct frag_dgram *d = find(t, &k, hash);
	struct ustack_pkt *p = NULL;

	ASSERT(f->len > 0);
	ASSERT(f->off % 8 == 0);
	stack_count(s, f->v->v6 ? USTACK_C_IP6_REASM_REQDS
				: USTACK_C_IP_REASM_REQDS);
	if (s->cfg.frag_max == 0) {
		stack_drop(s, USTACK_C_DROP_FRAG_REFUSED);
		return NULL;
	}
	if (!d)
		d = dgram_new(s, &k, hash, f->v->v6);
	if (!d)
		stack_drop(s, USTACK_C_DROP_NO_MEMORY);
	else if (d->dead)
		stack_drop(s, USTACK_C_DROP_FRAG_OVERLAP); /* (5722-1) */
	else if (take(s, d, f) && d->got == d->end)
		p = finish(s, d);
	arm(s);
	return p;
}

/* ------------------------------------------------------------------ time */

bool frag_is_timer(const struct ustack *s, const struct timer *t)
{
	return t == &s->frags->timer;
}

/* The sender is told, if we can show it the beginning (1122-18, 8200-1). */
static void tell_sender(struct ustack *s, const struct frag_dgram *d)
{
	const struct frag_piece *p = d->first;
	struct ip_view v = { .src = d->key.src,
			     .dst = d->key.dst,
			     .proto = d->proto,
			     .v6 = d->v6 };

	if (!p || p->off != 0)
		return;
	v.hdr = p->bytes;
	v.l4 = piece_data(p);
	v.l4_len = p->len;
	if (d->v6)
		icmp6_time_exceeded(s, &v);
	else
		icmp4_time_exceeded(s, &v);
}

void frag_on_timer(struct ustack *s)
{
	struct frag_tab *t = s->frags;
	struct frag_dgram *d;

	while ((d = list_first(&t->all.list, struct frag_dgram, age)) &&
	       d->due_us <= s->now_us) {
		tell_sender(s, d);
		fail(s, d, USTACK_C_DROP_FRAG_TIMEOUT);
	}
	arm(s);
}

void frag_gauges(const struct ustack *s, struct ustack_gauges *g)
{
	g->frags = s->frags->all.dgrams;
	g->frag_bytes = s->frags->all.mem;
}
