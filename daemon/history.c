/* SPDX-License-Identifier: MIT */
/*
 * history.c - the connections of a history, and how closely each is watched
 *
 * A connection is in one of four lists, by the order of coming there:
 *
 *	free --> half-open --> open --> closed
 *		     \____________________/
 *
 * and is recycled from their fronts.  A hash finds it by its number; most events
 * belong to the same one as the event before.
 *
 * Attention.  Each has a credit of ordinary segments.  When it is spent, the
 * stack is asked for rare events only.  A loss, a fault, a FIN brings new credit,
 * so that what follows it is seen.
 *
 *	ALL -- credit spent --> LIFE -- loss, fault, FIN, a follower --> ALL
 */

#include "daemon/history.h"

#include <stdlib.h>

#include "daemon/history_int.h"

#define WISHES_MAX     64u
#define CREDIT_NEW     HISTORY_EVENTS /* as many as are kept	 */
#define CREDIT_FAULT   HISTORY_TAIL
#define CREDIT_MOMENT  64u  /* a loss, another state	 */
#define WISH_AGAIN     256u /* segments after which a wish was lost */
#define RECYCLE_LOOKS  32u  /* connections looked at for one to recycle */
#define HALF_OPEN_PART 4u   /* half-open ones have that part for sure */
#define TCP_FIN	       0x01u
#define TCP_SYN	       0x02u
#define TCP_RST	       0x04u
#define ENDPOINT_FLAGS (TCP_FIN | TCP_SYN | TCP_RST)

enum list { LIST_FREE, LIST_HALF_OPEN, LIST_OPEN, LIST_CLOSED, LISTS };

/**
 * struct life - a connection
 * @info:	what is known of it; @events, @skipped and the times of watching
 *		are filled in when it is asked for
 * @next:	neighbours in its list
 * @prev:	the same
 * @chain:	next one with the same hash
 * @list:	enum list
 * @watch:	enum ustack_watch that the stack was asked for
 * @by_next:	it is followed because it began, not by its number
 * @follow:	kinds of event that followers want
 * @credit:	ordinary segments until the stack is asked for less
 * @late:	ordinary segments that came although less was asked for
 * @store:	its events
 */
struct life {
	struct history_info info;
	uint16_t next;
	uint16_t prev;
	uint16_t chain;
	uint8_t list;
	uint8_t watch;
	bool by_next;
	uint32_t follow;
	uint32_t credit;
	uint32_t late;
	struct history_store store;
};

/**
 * struct lives - a list of connections
 * @first:	the one longest there, HISTORY_NONE = none
 * @last:	the newest
 * @n:		their number
 */
struct lives {
	uint16_t first;
	uint16_t last;
	uint16_t n;
};

/**
 * struct wish - how closely the stack shall watch a connection
 */
struct wish {
	uint64_t id;
	enum ustack_watch how;
};

/**
 * struct history - all of it
 * @life:	the connections
 * @n:		entries there
 * @bucket:	first connection of each hash
 * @bits:	mask of a hash
 * @list:	the lists, by enum list
 * @newest:	the greatest number so far
 * @recent:	the one that the last event belonged to
 * @nfollow:	entries in @follow
 * @nwishes:	entries in @wish
 * @follow:	who is followed
 * @wish:	what the stack has not been asked yet; what finds no room is
 *		wished again when it matters
 */
struct history {
	struct life *life;
	uint32_t n;
	uint16_t *bucket;
	uint32_t bits;
	struct lives list[LISTS];
	uint64_t newest;
	struct life *recent;
	uint32_t nfollow;
	uint32_t nwishes;
	struct history_follow follow[HISTORY_FOLLOW_MAX];
	struct wish wish[WISHES_MAX];
};

/* --------------------------------------------------------------- the lists */

static uint16_t index_of(const struct history *h, const struct life *l)
{
	return (uint16_t)(l - h->life);
}

static void list_add(struct history *h, struct life *l, enum list to)
{
	struct lives *list = &h->list[to];
	uint16_t i = index_of(h, l);

	l->list = (uint8_t)to;
	l->next = HISTORY_NONE;
	l->prev = list->last;
	if (list->n++)
		h->life[list->last].next = i;
	else
		list->first = i;
	list->last = i;
}

static void list_del(struct history *h, struct life *l)
{
	struct lives *list = &h->list[l->list];

	if (l->prev != HISTORY_NONE)
		h->life[l->prev].next = l->next;
	else
		list->first = l->next;
	if (l->next != HISTORY_NONE)
		h->life[l->next].prev = l->prev;
	else
		list->last = l->prev;
	list->n--;
}

static void list_move(struct history *h, struct life *l, enum list to)
{
	if (l->list == to)
		return;
	list_del(h, l);
	list_add(h, l, to);
}

/* ---------------------------------------------------------------- the hash */

/* Numbers are given one after the other: their low bits are a good hash. */
static uint16_t *bucket_of(const struct history *h, uint64_t id)
{
	return &h->bucket[id & h->bits];
}

static struct life *find(const struct history *h, uint64_t id)
{
	uint16_t i = *bucket_of(h, id);

	while (i != HISTORY_NONE && h->life[i].info.id != id)
		i = h->life[i].chain;
	return i == HISTORY_NONE ? NULL : &h->life[i];
}

static void hash_add(struct history *h, struct life *l)
{
	uint16_t *at = bucket_of(h, l->info.id);

	l->chain = *at;
	*at = index_of(h, l);
}

static void hash_del(struct history *h, const struct life *l)
{
	uint16_t *at = bucket_of(h, l->info.id);

	while (*at != index_of(h, l))
		at = &h->life[*at].chain;
	*at = l->chain;
}

/* ------------------------------------------------------------------ wishes */

static void wish(struct history *h, uint64_t id, enum ustack_watch how)
{
	if (h->nwishes < WISHES_MAX)
		h->wish[h->nwishes++] = (struct wish){ .id = id, .how = how };
}

void history_settle(struct history *h,
		    int (*watch)(struct ustack *s, uint64_t id,
				 enum ustack_watch how),
		    struct ustack *s)
{
	for (uint32_t i = 0; i < h->nwishes; i++)
		(void)watch(s, h->wish[i].id, h->wish[i].how);
	h->nwishes = 0;
}

static void look_closely(struct history *h, struct life *l, uint64_t now_us)
{
	if (l->watch == USTACK_WATCH_ALL || !l->info.open)
		return;
	l->watch = USTACK_WATCH_ALL;
	l->info.unwatched_to_us = now_us;
	wish(h, l->info.id, USTACK_WATCH_ALL);
}

static void look_away(struct history *h, struct life *l, uint64_t now_us)
{
	l->watch = USTACK_WATCH_LIFE;
	l->late = 0;
	if (l->info.unwatched_from_us == USTACK_NEVER)
		l->info.unwatched_from_us = now_us;
	wish(h, l->info.id, USTACK_WATCH_LIFE);
}

/* ------------------------------------------------------------- new entries */

static bool is_followed(const struct history *h, uint64_t id)
{
	for (uint32_t i = 0; i < h->nfollow; i++)
		if (h->follow[i].id == id)
			return true;
	return false;
}

/* The front of a list, but for those that somebody follows; NULL = none. */
static struct life *front(const struct history *h, enum list of)
{
	uint16_t i = h->list[of].first;

	for (uint32_t k = 0; k < RECYCLE_LOOKS && i != HISTORY_NONE; k++) {
		if (!h->life[i].follow)
			return &h->life[i];
		i = h->life[i].next;
	}
	return NULL;
}

/* Who is forgotten for a newcomer; NULL = nobody. */
static struct life *choose(const struct history *h, bool wanted)
{
	struct life *l = front(h, LIST_FREE);

	if (!l && wanted && h->list[LIST_HALF_OPEN].n > h->n / HALF_OPEN_PART)
		l = front(h, LIST_HALF_OPEN);
	if (!l)
		l = front(h, LIST_CLOSED);
	if (!l && wanted)
		l = front(h, LIST_HALF_OPEN);
	if (!l && wanted)
		l = front(h, LIST_OPEN);
	return l;
}

static void forget(struct history *h, struct life *l)
{
	if (l->list == LIST_FREE)
		return;
	if (l->list != LIST_CLOSED)
		wish(h, l->info.id, USTACK_WATCH_OFF);
	hash_del(h, l);
	if (h->recent == l)
		h->recent = NULL;
}

/* Kinds wanted of a connection that has just been met. */
static void inherit(const struct history *h, struct life *l, bool beginning)
{
	for (uint32_t i = 0; i < h->nfollow; i++) {
		const struct history_follow *f = &h->follow[i];
		bool next = !f->id && beginning &&
			    (!f->port || f->port == l->info.lport ||
			     f->port == l->info.rport);

		if (f->id != l->info.id && !next)
			continue;
		l->follow |= f->mask;
		l->by_next |= next;
	}
}

/*
 * A connection that is not remembered: shall it be?  One that begins shall, and
 * one that is followed; another one only if no open one is lost by it and it
 * matters: it is opened, which a log tells of those that nobody watches, or
 * impaired.
 */
static struct life *meet(struct history *h, const struct ustack_event *ev)
{
	bool beginning = history_is_beginning(ev);
	bool wanted = beginning || is_followed(h, ev->id);
	struct life *l;

	if ((!ev->lport && !ev->rport) ||
	    (!wanted && ev->kind != USTACK_EV_OPENED &&
	     ev->kind != USTACK_EV_IMPAIRED))
		return NULL;
	l = choose(h, wanted);
	if (!l)
		return NULL;
	forget(h, l);
	l->info = (struct history_info){
		.id = ev->id,
		.open = true,
		.local = ev->local,
		.remote = ev->remote,
		.lport = ev->lport,
		.rport = ev->rport,
		.first_us = ev->time_us,
		.unwatched_from_us = beginning ? USTACK_NEVER : ev->time_us,
		.unwatched_to_us = USTACK_NEVER,
	};
	l->watch = beginning ? USTACK_WATCH_ALL : USTACK_WATCH_LIFE;
	l->by_next = false;
	l->follow = 0;
	l->credit = CREDIT_NEW;
	l->late = 0;
	history_store_init(&l->store);
	inherit(h, l, beginning);
	list_del(h, l);
	list_add(h, l, beginning ? LIST_HALF_OPEN : LIST_OPEN);
	hash_add(h, l);
	if (l->follow)
		look_closely(h, l, ev->time_us);
	return l;
}

/* ------------------------------------------------------------------ events */

/* What there is most of, and what tells least: it goes first. */
static bool is_ordinary(const struct ustack_event *ev)
{
	if (ev->kind == USTACK_EV_SENT || ev->kind == USTACK_EV_RECEIVED)
		return !ev->cause && !(ev->flags & ENDPOINT_FLAGS);
	return ev->kind == USTACK_EV_IMPAIRED &&
	       ev->faults == 1u << USTACK_FAULT_DELAYED;
}

/* How many ordinary segments are of interest after an event. */
static uint32_t credit_for(const struct ustack_event *ev)
{
	switch (ev->kind) {
	case USTACK_EV_IMPAIRED:
		return ev->faults == 1u << USTACK_FAULT_DELAYED ? 0
								: CREDIT_FAULT;
	case USTACK_EV_LOST:
	case USTACK_EV_STATE:
		return CREDIT_MOMENT;
	default:
		return 0;
	}
}

static void attend(struct history *h, struct life *l,
		   const struct ustack_event *ev)
{
	uint32_t credit = credit_for(ev);

	if (l->credit < credit)
		l->credit = credit;
	if (credit)
		look_closely(h, l, ev->time_us);
}

/* An ordinary event was seen: does it become too many? */
static void weary(struct history *h, struct life *l,
		  const struct ustack_event *ev)
{
	if (l->follow)
		return;
	if (l->watch == USTACK_WATCH_ALL) {
		if (l->credit)
			l->credit--;
		else
			look_away(h, l, ev->time_us);
	} else if (++l->late == WISH_AGAIN) {
		look_away(h, l, ev->time_us);
	}
	if (l->watch == USTACK_WATCH_LIFE &&
	    l->info.unwatched_to_us == USTACK_NEVER)
		l->info.unwatched_from_us = ev->time_us; /* so far it was seen */
}

/* What an event tells about the connection itself. */
static void learn(struct history *h, struct life *l,
		  const struct ustack_event *ev)
{
	switch (ev->kind) {
	case USTACK_EV_SENT:
	case USTACK_EV_RECEIVED:
		if (ev->iss)
			l->info.iss = ev->iss;
		if (ev->irs)
			l->info.irs = ev->irs;
		break;
	case USTACK_EV_LOST:
		if (ev->iss)
			l->info.iss = ev->iss;
		break;
	case USTACK_EV_STATE:
		if (ev->to == USTACK_SYN_SENT)
			l->info.active = true;
		break;
	case USTACK_EV_OPENED:
		l->info.active = ev->active;
		if (l->list == LIST_HALF_OPEN)
			list_move(h, l, LIST_OPEN);
		break;
	case USTACK_EV_CLOSED:
		l->info.open = false;
		list_move(h, l, LIST_CLOSED);
		break;
	default:
		break;
	}
}

bool history_put(struct history *h, const struct ustack_event *ev)
{
	struct life *l = h->recent;
	bool ordinary;

	if (!ev->id || ev->kind >= USTACK_EVENTS)
		return false;
	if (!l || l->info.id != ev->id)
		l = find(h, ev->id);
	if (!l) {
		if (h->newest < ev->id)
			h->newest = ev->id;
		l = meet(h, ev);
	}
	if (!l)
		return false;
	h->recent = l;
	l->info.last_us = ev->time_us;
	ordinary = is_ordinary(ev);
	learn(h, l, ev);
	history_store_put(&l->store, ev, ordinary);
	if (ordinary)
		weary(h, l, ev);
	else
		attend(h, l, ev);
	return l->follow & (1u << ev->kind);
}

/* --------------------------------------------------------------- following */

void history_follow(struct history *h, const struct history_follow *f,
		    uint32_t n)
{
	bool next = false;

	h->nfollow = n < HISTORY_FOLLOW_MAX ? n : HISTORY_FOLLOW_MAX;
	for (uint32_t i = 0; i < h->nfollow; i++) {
		h->follow[i] = f[i];
		next |= !f[i].id;
	}
	for (uint32_t i = 0; i < h->n; i++)
		if (!h->life[i].by_next || !next ||
		    is_followed(h, h->life[i].info.id)) {
			h->life[i].follow = 0;
			h->life[i].by_next = false;
		}
	for (uint32_t i = 0; i < h->nfollow; i++) {
		struct life *l = f[i].id ? find(h, f[i].id) : NULL;

		if (f[i].id)
			wish(h, f[i].id, USTACK_WATCH_ALL);
		if (!l)
			continue;
		l->follow |= f[i].mask;
		look_closely(h, l, l->info.last_us);
	}
}

/* -------------------------------------------------------------- looking in */

static void describe(const struct life *l, struct history_info *info)
{
	*info = l->info;
	info->events = l->store.count - l->store.skipped;
	info->skipped = l->store.skipped;
	if (l->watch == USTACK_WATCH_LIFE)
		info->unwatched_to_us = USTACK_NEVER;
}

bool history_is_open(const struct history *h, uint64_t id)
{
	const struct life *l = find(h, id);

	return l && l->info.open;
}

uint64_t history_newest(const struct history *h)
{
	return h->newest;
}

static const struct life *opened_last(const struct history *h)
{
	const struct life *last = NULL;

	for (uint32_t i = 0; i < h->n; i++)
		if (h->life[i].list != LIST_FREE &&
		    (!last || h->life[i].info.id > last->info.id))
			last = &h->life[i];
	return last;
}

int history_copy(const struct history *h, uint64_t id, struct history_view *v)
{
	const struct life *l = id ? find(h, id) : opened_last(h);

	if (!l)
		return -ERR_NOENT;
	describe(l, &v->info);
	v->info.events = history_store_copy(&l->store, v->rec);
	return 0;
}

uint32_t history_list(const struct history *h, struct history_info *info,
		      uint32_t max)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->n && n < max; i++)
		if (h->life[i].list != LIST_FREE)
			describe(&h->life[i], &info[n++]);
	return n;
}

/* -------------------------------------------------------------- life of it */

struct history *history_new(uint32_t conns)
{
	struct history *h = calloc(1, sizeof(*h));
	uint32_t buckets = 1;

	if (!h)
		return NULL;
	while (buckets < 2 * conns)
		buckets *= 2;
	h->n = conns;
	h->bits = buckets - 1;
	h->life = calloc(conns, sizeof(*h->life));
	h->bucket = malloc(buckets * sizeof(*h->bucket));
	if (!h->life || !h->bucket) {
		h->n = 0;
		history_free(h);
		return NULL;
	}
	for (uint32_t i = 0; i < buckets; i++)
		h->bucket[i] = HISTORY_NONE;
	for (uint32_t k = 0; k < LISTS; k++)
		h->list[k] = (struct lives){ .first = HISTORY_NONE,
					     .last = HISTORY_NONE };
	for (uint32_t i = 0; i < conns; i++)
		list_add(h, &h->life[i], LIST_FREE);
	return h;
}

void history_free(struct history *h)
{
	if (!h)
		return;
	for (uint32_t i = 0; i < h->n; i++) {
		free(h->life[i].store.head);
		free(h->life[i].store.tail);
	}
	free(h->life);
	free(h->bucket);
	free(h);
}
