/* SPDX-License-Identifier: MIT */
/*
 * capfate.c - what befell packets that will be seen once more
 *
 * Keys are hashes that nobody keeps a secret: who makes two collide gets a
 * wrong comment, no more.
 */

#include "daemon/capfate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "stack/link/impair.h"

#define EARLY_US     1000u   /* earlier than due: another packet */
#define LATE_US	     500000u /* and so much later; a busy machine is late */
#define BITS_UNKNOWN 1u	     /* as if one bit differed */
#define BITS_MANY    64u
#define NOWHERE	     UINT32_MAX
#define US_PER_MS    1000u

/* The finalizer of MurmurHash3: each bit of @x moves about half of the result. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccdu;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53u;
	return x ^ x >> 33;
}

static uint64_t mix_addr(uint64_t h, const struct ustack_addr *a)
{
	uint64_t half[2];

	memcpy(half, a->b, sizeof(half));
	return mix(mix(h ^ half[0]) ^ half[1]);
}

uint64_t capfate_flow(const struct ustack_tuple *t, bool in)
{
	uint64_t h = (uint64_t)t->lport << 32 | (uint64_t)t->rport << 8 | in;

	return mix_addr(mix_addr(mix(h), &t->local), &t->remote) | 1;
}

/* Number for a segment of a flow; never 0. */
static uint64_t key_of(uint64_t flow, uint32_t seq, uint32_t ack, uint32_t len)
{
	return mix(mix(flow ^ ((uint64_t)seq << 32 | ack)) ^ len) | 1;
}

struct capfate capfate_of(const struct ustack_event *ev)
{
	return (struct capfate){ .delay_us = ev->delay_us,
				 .rule = ev->rule,
				 .tx = ev->tx,
				 .faults = ev->faults,
				 .step = ev->step,
				 .knob = ev->knob };
}

static bool has(uint32_t faults, enum ustack_fault f)
{
	return faults >> f & 1u;
}

static uint32_t window_of(uint64_t key)
{
	return (uint32_t)(key >> 32) % CAPFATE_PLACES;
}

static struct ustack_tuple tuple_of(const struct ustack_event *ev)
{
	return (struct ustack_tuple){ .local = ev->local,
				      .remote = ev->remote,
				      .lport = ev->lport,
				      .rport = ev->rport };
}

/* In a free place of its window, or that of the one due first. */
static void keep_whole(struct capfates *f, const struct ustack_event *ev,
		       const struct capfate_kept *kept)
{
	struct ustack_tuple tuple = tuple_of(ev);
	uint64_t key = key_of(capfate_flow(&tuple, ev->in), ev->seq, ev->ack,
			      ev->len);
	uint32_t from = window_of(key);
	uint32_t at = from;

	for (uint32_t i = from; i < from + CAPFATE_WINDOW && f->key[at]; i++)
		if (!f->key[i] || f->kept[i].due_us < f->kept[at].due_us)
			at = i;
	f->key[at] = key;
	f->kept[at] = *kept;
}

static void keep_damaged(struct capfates *f, const struct ustack_event *ev,
			 const struct capfate_kept *kept)
{
	struct capfate_damaged *at = f->damaged;

	for (uint32_t i = 0; i < CAPFATE_DAMAGED && at->kept.copies; i++)
		if (!f->damaged[i].kept.copies ||
		    f->damaged[i].kept.due_us < at->kept.due_us)
			at = &f->damaged[i];
	f->ndamaged += !at->kept.copies;
	*at = (struct capfate_damaged){ .kept = *kept,
					.tuple = tuple_of(ev),
					.seq = ev->seq,
					.ack = ev->ack,
					.in = ev->in };
}

void capfate_keep(struct capfates *f, const struct ustack_event *ev)
{
	const struct capfate_kept kept = {
		.due_us = ev->time_us + ev->delay_us,
		.nr = f->nr++,
		.copies = has(ev->faults, USTACK_FAULT_DUPLICATED) ? 2 : 1,
		.fate = capfate_of(ev),
	};

	if (has(ev->faults, USTACK_FAULT_LOST))
		return;
	if (has(ev->faults, USTACK_FAULT_CORRUPTED) ||
	    has(ev->faults, USTACK_FAULT_TRUNCATED))
		keep_damaged(f, ev, &kept);
	else
		keep_whole(f, ev, &kept);
}

static bool is_due(const struct capfate_kept *k, uint64_t now_us)
{
	uint64_t late_us = LATE_US;

	if (has(k->fate.faults, USTACK_FAULT_HELD))
		late_us += IMPAIR_HOLD_US;
	return now_us + EARLY_US >= k->due_us && now_us <= k->due_us + late_us;
}

/* Does @a come out before @b? */
static bool is_before(const struct capfate_kept *a,
		      const struct capfate_kept *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->nr < b->nr;
}

/* The first one due of those that look the same, as copies of an ACK do. */
static uint32_t find_whole(const struct capfates *f, uint64_t key,
			   uint64_t now_us)
{
	uint32_t from = window_of(key);
	uint32_t best = NOWHERE;

	for (uint32_t i = from; i < from + CAPFATE_WINDOW; i++)
		if (f->key[i] == key && is_due(&f->kept[i], now_us) &&
		    (best == NOWHERE || is_before(&f->kept[i], &f->kept[best])))
			best = i;
	return best;
}

/*
 * Bits by which a packet differs from what a damaged one was.  The IP header is
 * never damaged; one bit of the rest is, or it ends too early.
 */
static uint32_t bits_between(const struct capfate_damaged *d,
			     const struct link_view *v)
{
	if (d->in != (v->dir == IMPAIR_IN) ||
	    !ustack_addr_eq(&d->tuple.local, &v->local) ||
	    !ustack_addr_eq(&d->tuple.remote, &v->remote))
		return BITS_MANY;
	if (v->kind == LINK_MALFORMED)
		return BITS_UNKNOWN;
	return (uint32_t)(__builtin_popcount(d->seq ^ v->seq) +
			  __builtin_popcount(d->ack ^ v->ack) +
			  __builtin_popcount(d->tuple.lport ^ v->lport) +
			  __builtin_popcount(d->tuple.rport ^ v->rport));
}

/* The one that differs least, by at most @most bits; of those the first one due. */
static struct capfate_damaged *find_damaged(struct capfates *f,
					    const struct link_view *v,
					    uint64_t now_us, uint32_t most)
{
	struct capfate_damaged *best = NULL;

	for (uint32_t i = 0; i < CAPFATE_DAMAGED && f->ndamaged; i++) {
		struct capfate_damaged *d = &f->damaged[i];
		uint32_t bits;

		if (!d->kept.copies || !is_due(&d->kept, now_us))
			continue;
		bits = bits_between(d, v);
		if (bits > most ||
		    (best && bits == most && !is_before(&d->kept, &best->kept)))
			continue;
		best = d;
		most = bits;
	}
	return best;
}

bool capfate_take(struct capfates *f, const struct link_view *v,
		  uint64_t now_us, struct capfate *fate)
{
	const struct ustack_tuple tuple = { .local = v->local,
					    .remote = v->remote,
					    .lport = v->lport,
					    .rport = v->rport };
	uint64_t flow = capfate_flow(&tuple, v->dir == IMPAIR_IN);
	uint32_t i = find_whole(f, key_of(flow, v->seq, v->ack, v->data_len),
				now_us);
	struct capfate_damaged *d = find_damaged(
		f, v, now_us, i == NOWHERE ? BITS_UNKNOWN : 0);

	if (d && (i == NOWHERE || is_before(&d->kept, &f->kept[i]))) {
		*fate = d->kept.fate;
		f->ndamaged -= --d->kept.copies == 0;
		return true;
	}
	if (i == NOWHERE)
		return false;
	*fate = f->kept[i].fate;
	if (--f->kept[i].copies == 0)
		f->key[i] = 0;
	return true;
}

/* --------------------------------------------------------------- in words */

/**
 * struct words - a text being written
 * @buf:	where to
 * @len:	bytes there, at most CAPFATE_TEXT_MAX - 1
 */
struct words {
	char *buf;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void say(struct words *w,
						      const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(w->buf + w->len, CAPFATE_TEXT_MAX - w->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		w->len += (size_t)n;
	if (w->len >= CAPFATE_TEXT_MAX)
		w->len = CAPFATE_TEXT_MAX - 1;
}

static void say_faults(struct words *w, const struct capfate *fate)
{
	const char *between = "";

	for (int f = 0; f < USTACK_FAULTS; f++) {
		if (!has(fate->faults, (enum ustack_fault)f))
			continue;
		say(w, "%s%s", between,
		    ustack_fault_name((enum ustack_fault)f));
		if (f == USTACK_FAULT_DELAYED)
			say(w, " %" PRIu64 ".%03" PRIu64 " ms",
			    fate->delay_us / US_PER_MS,
			    fate->delay_us % US_PER_MS);
		between = ", ";
	}
}

const char *capfate_text(const struct capfate *fate, char buf[CAPFATE_TEXT_MAX])
{
	struct words w = { .buf = buf };

	say(&w, "ustack: ");
	say_faults(&w, fate);
	if (fate->step)
		say(&w, " by step %u of script %u", fate->step, fate->rule);
	else
		say(&w, " by %s",
		    ustack_knob_name((enum ustack_knob)fate->knob));
	if (fate->rule && !fate->step)
		say(&w, " of rule %u", fate->rule);
	if (fate->tx)
		say(&w, " (transmission %u)", fate->tx);
	return buf;
}
