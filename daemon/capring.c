/* SPDX-License-Identifier: MIT */
/*
 * capring.c - captured packets on their way from a worker to the main thread
 *
 * Each side owns a count and publishes it with release order, so that the
 * other, reading it with acquire order, sees the bytes as they were left.
 *
 * System calls: mmap, munmap; memory that is never written is never there.
 */

#include "daemon/capring.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#define UNIT	 16u		     /* records begin at multiples of that */
#define HELD_MAX (CAPRING_BYTES / 2) /* bytes held back */

/* A skipped end is at least a unit: what says so must fit into it. */
_Static_assert(offsetof(struct caprec, skip) < UNIT, "skip is in a unit");
_Static_assert(CAPRING_BYTES % UNIT == 0, "the end is a unit's");

static struct caprec *record_at(const struct capring *r, uint64_t at)
{
	void *p = r->mem + at % CAPRING_BYTES;

	return p;
}

int capring_init(struct capring *r)
{
	void *mem = mmap(NULL, CAPRING_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		return -ERR_NOMEM;
	memset(r, 0, sizeof(*r));
	r->mem = mem;
	r->room_to = CAPRING_BYTES;
	return 0;
}

void capring_fini(struct capring *r)
{
	if (r->mem)
		munmap(r->mem, CAPRING_BYTES);
	r->mem = NULL;
}

/* Are there @bytes behind head?  The reader's count is read only if need be. */
static bool has_room(struct capring *r, uint64_t bytes)
{
	if (r->head + bytes <= r->room_to)
		return true;
	r->room_to = __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE) +
		     CAPRING_BYTES;
	return r->head + bytes <= r->room_to;
}

struct caprec *capring_put(struct capring *r, uint32_t cap_len)
{
	uint32_t size = (uint32_t)(sizeof(struct caprec) + cap_len + UNIT - 1) &
			~(UNIT - 1);
	uint32_t to_end = CAPRING_BYTES - (uint32_t)(r->head % CAPRING_BYTES);
	uint32_t skipped = size > to_end ? to_end : 0;
	struct caprec *rec;

	if (r->head - r->told + skipped + size > HELD_MAX ||
	    !has_room(r, skipped + size))
		return NULL;
	if (skipped) {
		rec = record_at(r, r->head);
		rec->size = skipped;
		rec->skip = true;
		r->head += skipped;
	}
	rec = record_at(r, r->head);
	memset(rec, 0, sizeof(*rec));
	rec->size = size;
	rec->cap_len = cap_len;
	r->head += size;
	return rec;
}

/* The record at @at, or behind a skipped end there; NULL = behind @end. */
static struct caprec *record_before(const struct capring *r, uint64_t at,
				    uint64_t end)
{
	struct caprec *rec = record_at(r, at);

	if (at != end && rec->skip) {
		at += rec->size;
		rec = record_at(r, at);
	}
	return at != end ? rec : NULL;
}

struct caprec *capring_held(struct capring *r)
{
	return record_before(r, r->told, r->head);
}

struct caprec *capring_next(struct capring *r, struct caprec *rec)
{
	uint64_t off = (uint64_t)((uint8_t *)rec - r->mem) + rec->size;
	uint64_t base = r->told % CAPRING_BYTES;
	uint64_t past = (off - base) % CAPRING_BYTES;

	return record_before(r, r->told + past, r->head);
}

bool capring_tell(struct capring *r)
{
	if (r->told == r->head)
		return false;
	__atomic_store_n(&r->told, r->head, __ATOMIC_RELEASE);
	return true;
}

void capring_take_back(struct capring *r)
{
	r->head = r->told;
}

const struct caprec *capring_first(struct capring *r)
{
	uint64_t told = __atomic_load_n(&r->told, __ATOMIC_ACQUIRE);

	return record_before(r, r->tail, told);
}

void capring_done(struct capring *r, const struct caprec *rec)
{
	uint64_t off = (uint64_t)((const uint8_t *)rec - r->mem) + rec->size;
	uint64_t past = (off - r->tail) % CAPRING_BYTES;

	__atomic_store_n(&r->tail, r->tail + past, __ATOMIC_RELEASE);
}
