/* SPDX-License-Identifier: MIT */
/*
 * flow.c - connections as impairment remembers them
 */

#include "flow.h"

#include "stack/base/bytes.h"
#include "stack/base/seq.h"
#include "stack/wire/tcp_hdr.h"

#define RESENT_SETS 64u
#define RESENT_WAYS 4u

/*
 * Offsets that were sent again.  The low 32 bits tell them apart: what is
 * outstanding at a time spans less.
 */
struct flow_resent {
	struct {
		uint32_t offset;
		uint32_t tx; /* 0 = free */
	} slot[RESENT_SETS][RESENT_WAYS];
};

static uint64_t hash_of(const struct flows *t, const struct link_view *v)
{
	uint64_t w[5];

	memcpy(w, v->local.b, 16);
	memcpy(w + 2, v->remote.b, 16);
	w[4] = (uint64_t)v->lport << 16 | v->rport;
	return siphash_words(&t->key, w, ARRAY_LEN(w));
}

static bool same_ends(const struct flow *fl, const struct link_view *v)
{
	return fl->lport == v->lport && fl->rport == v->rport &&
	       memcmp(&fl->remote, &v->remote, sizeof(v->remote)) == 0 &&
	       memcmp(&fl->local, &v->local, sizeof(v->local)) == 0;
}

int flows_init(struct flows *t, struct mem *mem, uint64_t seed)
{
	t->mem = mem;
	t->key.k[0] = seed;
	t->key.k[1] = 0;
	t->serial = 0;
	t->count = 0;
	list_init(&t->lru);
	return htab_init(&t->tab, mem);
}

static void free_records(struct flows *t, struct flow *fl)
{
	while (fl->under) {
		struct flow_under *u = fl->under;

		fl->under = u->next;
		mem_free(t->mem, u, sizeof(*u));
	}
	while (fl->watched) {
		struct flow_watched *w = fl->watched;

		fl->watched = w->next;
		mem_free(t->mem, w, sizeof(*w));
	}
}

void flow_forget(struct flows *t, struct flow *fl)
{
	htab_remove(&t->tab, &fl->node);
	list_del(&fl->lru);
	free_records(t, fl);
	for (uint32_t i = 0; i < IMPAIR_DIRS; i++)
		mem_free(t->mem, fl->d[i].resent, sizeof(*fl->d[i].resent));
	mem_free(t->mem, fl, sizeof(*fl));
	t->count--;
}

void flows_fini(struct flows *t)
{
	struct flow *fl;

	for (fl = list_first(&t->lru, struct flow, lru); fl;
	     fl = list_first(&t->lru, struct flow, lru))
		flow_forget(t, fl);
	htab_fini(&t->tab);
}

static struct flow *lookup(const struct flows *t, const struct link_view *v)
{
	struct hnode *n;

	for (n = htab_first(&t->tab, hash_of(t, v)); n; n = htab_next(n)) {
		struct flow *fl = container_of(n, struct flow, node);

		if (same_ends(fl, v))
			return fl;
	}
	return NULL;
}

static bool isn_fits(const struct flow_dir *d, uint32_t isn)
{
	return d->known && d->exact && d->isn == isn;
}

/*
 * Only a SYN tells connections with the same addresses apart.  One from the
 * side that has sent none yet is a simultaneous open, or an answer; the answer
 * names the SYN that it is for.
 */
static bool belongs(const struct flow *fl, const struct link_view *v)
{
	const struct flow_dir *mine = &fl->d[v->dir];
	const struct flow_dir *other = &fl->d[!v->dir];

	if (!(v->flags & TCP_SYN))
		return true;
	if (mine->known && !isn_fits(mine, v->seq))
		return false;
	if (v->flags & TCP_ACK)
		return isn_fits(other, v->ack - 1);
	return mine->known || fl->whole;
}

struct flow *flow_find(struct flows *t, const struct link_view *v)
{
	struct flow *fl = lookup(t, v);

	if (fl && !belongs(fl, v)) {
		flow_forget(t, fl);
		fl = NULL;
	}
	return fl;
}

/* Make room for one: what was not seen for longest goes, unless it must stay. */
static void evict(struct flows *t)
{
	struct list *l = t->lru.next;

	while (l != &t->lru) {
		struct flow *fl = list_entry(l, struct flow, lru);

		if (!t->pinned || !t->pinned(t->ctx, fl->serial)) {
			flow_forget(t, fl);
			return;
		}
		l = l->next;
	}
}

static struct flow *make(struct flows *t, const struct link_view *v)
{
	struct flow *fl;

	if (t->count >= IMPAIR_FLOWS_MAX)
		evict(t);
	fl = mem_alloc(t->mem, sizeof(*fl));
	if (!fl)
		return NULL;
	*fl = (struct flow){ .serial = ++t->serial,
			     .local = v->local,
			     .remote = v->remote,
			     .lport = v->lport,
			     .rport = v->rport,
			     .whole = (v->flags & TCP_SYN) != 0 };
	htab_insert(&t->tab, &fl->node, hash_of(t, v));
	list_insert(&t->lru, &fl->lru);
	t->count++;
	return fl;
}

struct flow *flow_get(struct flows *t, const struct link_view *v)
{
	struct flow *fl = flow_find(t, v);

	if (!fl)
		return make(t, v);
	list_del(&fl->lru);
	list_insert(&t->lru, &fl->lru);
	return fl;
}

/* ---------------------------------------------------------------- places */

static void begin_at(struct flow_dir *d, uint32_t isn, bool exact,
		     uint64_t high)
{
	d->known = true;
	d->exact = exact;
	d->isn = isn;
	d->high = high;
}

/*
 * Where offsets begin: at the SYN.  Of a direction whose SYN was not seen, the
 * first acknowledgement of it tells, which is one beyond when the flow was seen
 * from its start; else what comes first is as good as the first byte.
 */
static void learn(struct flow *fl, const struct link_view *v)
{
	struct flow_dir *mine = &fl->d[v->dir];
	struct flow_dir *other = &fl->d[!v->dir];

	if (!mine->known && (v->flags & TCP_SYN))
		begin_at(mine, v->seq, true, 0);
	else if (!mine->known)
		begin_at(mine, v->seq - 1, false, 1);
	if (!other->known && (v->flags & TCP_ACK))
		begin_at(other, v->ack - 1, fl->whole, 1);
}

static uint64_t offset_of(const struct flow_dir *d, uint32_t seq)
{
	int32_t ahead = seq_diff(seq, d->isn + (uint32_t)d->high);

	return d->high + (uint64_t)(int64_t)ahead;
}

/* The slot of an offset, or the one that makes way for it. */
static uint32_t choose_way(const struct flow_resent *r, uint32_t set,
			   uint32_t offset)
{
	uint32_t way = 0;

	for (uint32_t i = 0; i < RESENT_WAYS; i++)
		if (r->slot[set][i].tx && r->slot[set][i].offset == offset)
			return i;
	for (uint32_t i = 0; i < RESENT_WAYS; i++) {
		if (!r->slot[set][i].tx)
			return i;
		if (seq_lt(r->slot[set][i].offset, r->slot[set][way].offset))
			way = i;
	}
	return way;
}

/* Transmission number of what was sent before: 2 when not counted yet. */
static uint32_t count_resent(struct flows *t, struct flow_dir *d,
			     uint64_t offset64)
{
	uint32_t offset = (uint32_t)offset64;
	uint32_t set = (offset * 0x9e3779b1u) >> 26;
	uint32_t way;

	if (!d->resent) {
		d->resent = mem_alloc(t->mem, sizeof(*d->resent));
		if (!d->resent)
			return 2 + d->unknown++;
		memset(d->resent, 0, sizeof(*d->resent));
	}
	way = choose_way(d->resent, set, offset);
	if (d->resent->slot[set][way].offset != offset ||
	    !d->resent->slot[set][way].tx) {
		d->resent->slot[set][way].offset = offset;
		d->resent->slot[set][way].tx = 1;
	}
	return ++d->resent->slot[set][way].tx;
}

static void place_ack(struct flow_dir *d, uint64_t offset,
		      struct flow_place *pl)
{
	if (d->ack_rep == 0 || d->ack_off != offset)
		d->ack_rep = 0;
	d->ack_off = offset;
	pl->offset = offset;
	pl->tx = ++d->ack_rep;
	pl->ack = true;
}

void flow_note(struct flows *t, struct flow *fl, const struct link_view *v,
	       struct flow_place *pl)
{
	struct flow_dir *d = &fl->d[v->dir];
	uint32_t span = v->data_len + ((v->flags & TCP_SYN) != 0) +
			((v->flags & TCP_FIN) != 0);

	*pl = (struct flow_place){ .tx = 1 };
	learn(fl, v);
	if (v->flags & TCP_RST) {
		pl->offset = offset_of(d, v->seq);
		pl->tx = ++d->resets;
		return;
	}
	if (span == 0) {
		place_ack(d, offset_of(&fl->d[!v->dir], v->ack), pl);
		return;
	}
	pl->offset = offset_of(d, v->seq);
	pl->again = (int64_t)(pl->offset - d->high) < 0;
	if (pl->again)
		pl->tx = count_resent(t, d, pl->offset);
	if ((int64_t)(pl->offset + span - d->high) > 0)
		d->high = pl->offset + span;
}

/* --------------------------------------------------------------- records */

struct flow_under *flow_under(struct flows *t, struct flow *fl, uint64_t gen)
{
	struct flow_under **at = &fl->under, *u;
	bool known;
	uint32_t n = 0;

	for (; *at && (*at)->gen != gen && n < FLOW_UNDER_MAX - 1; n++)
		at = &(*at)->next;
	u = *at;
	known = u && u->gen == gen;
	if (u)
		*at = u->next; /* to the front, or it makes way */
	else
		u = mem_alloc(t->mem, sizeof(*u));
	if (!u)
		return NULL;
	if (!known)
		*u = (struct flow_under){ .gen = gen };
	u->next = fl->under;
	fl->under = u;
	return u;
}

struct script_flow *flow_watched(struct flows *t, struct flow *fl, uint64_t gen)
{
	struct flow_watched **at = &fl->watched, *w;
	bool known;
	uint32_t n = 0;

	for (; *at && (*at)->gen != gen && n < FLOW_WATCHED_MAX - 1; n++)
		at = &(*at)->next;
	w = *at;
	known = w && w->gen == gen;
	if (w)
		*at = w->next;
	else
		w = mem_alloc(t->mem, sizeof(*w));
	if (!w)
		return NULL;
	if (!known)
		*w = (struct flow_watched){ .gen = gen };
	w->next = fl->watched;
	fl->watched = w;
	return &w->seen;
}
