/* SPDX-License-Identifier: MIT */
/*
 * mem.c - all memory of one stack: chunks from the embedder, under a budget
 *
 *	chunk:  [ header, 64 bytes | block | block | block | ... ]
 *
 * All blocks of a chunk belong to one class and are put on its free list when
 * the chunk arrives.  A chunk has CHUNK_BLOCKS blocks within CHUNK_MIN and
 * CHUNK_MAX, so that a class of which one block is wanted does not eat up a
 * small budget, or as many as its rest allows.
 *
 * Chunks stay until mem_fini(), or until the budget is spent and another class
 * wants a block: then those that are wholly unused go back (mem_chunk.c).  They
 * are looked for only when enough has been freed since the last time.
 *
 *	budget	[ taken ........................ | left | withheld ]
 *					           ^ for who claims, too
 */

#include "mem_int.h"

#include "assert.h"
#include "bytes.h"

#define CHUNK_BLOCKS 16u
#define CHUNK_MIN    ((uint64_t)64 << 10)
#define DATA_MIN     1024u /* blocks from here on hold data */
#define CHUNK_MAX    ((uint64_t)1 << 20)
#define TRY_SHIFT    5u /* look again when a 32nd of the budget was freed */
#define SPARE_SHIFT  3u /* an eighth of the budget is for promises, or */
#define MORE_SHIFT   2u /* ... a quarter more than there are, if that is more */

/*
 * Number of the class whose blocks hold @len bytes.
 *
 *	64  128  ...  32 K  64 K | 68 K | 128 K
 *
 * The odd one is for what a device reads: 64 KB and a little.
 */
static inline uint32_t class_of(size_t len)
{
	unsigned long long top = (len - 1) | ((1u << MEM_MIN_SHIFT) - 1);
	uint32_t power = 63 - (uint32_t)__builtin_clzll(top) -
			 (MEM_MIN_SHIFT - 1);

	return power + (len > MEM_PACKET);
}

static inline void note_used(struct mem *m, size_t len)
{
	m->used += len;
	m->peak = max_u64(m->peak, m->used);
}

/* Bytes of the budget not yet taken; a budget may have been cut below @taken */
static uint64_t budget_rest(const struct mem *m)
{
	return m->budget > m->taken ? m->budget - m->taken : 0;
}

/* The same without what is withheld. */
static uint64_t budget_left(const struct mem *m)
{
	uint64_t rest = budget_rest(m);

	return rest > m->withheld ? rest - m->withheld : 0;
}

/* Push from the end, so that blocks are handed out in ascending order. */
static void carve(struct mem_chunk *c, struct mem_block **list)
{
	size_t size = class_size(c->cls);

	for (size_t i = c->n; i-- > 0;) {
		struct mem_block *b = (void *)(c->blocks + i * size);

		b->next = *list;
		*list = b;
		poison(b, size);
	}
}

/* After a change of what is withheld, claimed or to be kept. */
static void set_enough(struct mem *m)
{
	uint64_t kept = m->withheld + m->reserve;

	bool spent = m->nowed || m->denied || m->budget <= kept;

	m->enough = spent ? 0 : m->budget - kept;
}

/* Take a chunk of @n blocks; NULL when the embedder has none. */
static struct mem_chunk *take_chunk(struct mem *m, uint32_t cls, size_t n)
{
	size_t len = sizeof(struct mem_chunk) + n * class_size(cls);
	struct mem_chunk *c;

	c = m->denied ? NULL : m->alloc(m->ctx, len);
	if (!c) {
		m->denied = true;
		set_enough(m);
		return NULL;
	}
	c->len = len;
	c->cls = cls;
	c->n = (uint32_t)n;
	mem_add_chunk(m, c);
	m->taken += len;
	return c;
}

/* ---------------------------------------------------------------- promises */

/* Bytes that @n promises still need to be made, chunk headers included. */
static uint64_t need(const struct mem *m, uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < m->nkept; i++) {
		const struct mem_kept *k = &m->kept[i];

		if (n > k->made)
			sum += (n - k->made) *
			       (k->share * (uint64_t)class_size(k->cls) +
				sizeof(struct mem_chunk));
	}
	return sum;
}

/* Budget is withheld for more than there are, so that those who came first leave
 * room for others.
 */
static uint32_t to_cover(const struct mem *m)
{
	return max_u32(m->promises + (m->promises >> MORE_SHIFT), m->foreseen);
}

static void withhold(struct mem *m)
{
	m->covered = to_cover(m);
	m->withheld = need(m, m->covered);
	set_enough(m);
}

void mem_set_budget(struct mem *m, uint64_t budget)
{
	m->budget = budget;
	if (m->unit)
		m->foreseen = (uint32_t)min_u64(
			(budget >> SPARE_SHIFT) / m->unit, UINT32_MAX);
	withhold(m);
}

uint64_t mem_least_budget(const struct mem *m)
{
	return m->taken + need(m, m->promises);
}

void mem_promises(struct mem *m, const struct mem_share *share, uint32_t n)
{
	ASSERT(n <= MEM_SHARES_MAX);
	for (uint32_t i = 0; i < n; i++)
		m->kept[i] = (struct mem_kept){ .cls = class_of(share[i].len),
						.share = share[i].n };
	m->nkept = n;
	m->unit = need(m, 1);
	mem_set_budget(m, m->budget);
}

void mem_set_reserve(struct mem *m, uint64_t bytes)
{
	m->reserve = bytes;
	set_enough(m);
}

bool mem_may_promise(const struct mem *m)
{
	uint64_t rest = budget_rest(m);

	/* Usually what is withheld for it is there. */
	return (m->promises < m->covered && m->withheld <= rest) ||
	       need(m, m->promises + 1) <= rest;
}

void mem_unpromise(struct mem *m)
{
	ASSERT(m->promises > 0);
	m->promises--;
	if (to_cover(m) != m->covered)
		withhold(m);
}

/* What is set aside of a class, NULL = nothing is. */
static struct mem_kept *kept_of(struct mem *m, uint32_t cls)
{
	for (uint32_t i = 0; i < m->nkept; i++)
		if (m->kept[i].cls == cls)
			return &m->kept[i];
	return NULL;
}

/* What is kept for more promises than there are is for everybody again. */
static void unkeep(struct mem *m, struct mem_kept *k)
{
	while (k->made > m->promises && !m->owed[k->cls]) {
		for (uint32_t i = 0; i < k->share; i++) {
			struct mem_block *b = k->list;

			k->list = next_of(b);
			link_to(b, m->free_list[k->cls]);
			m->free_list[k->cls] = b;
		}
		k->made--;
	}
}

/*
 * Return unused chunks of all classes to the embedder, if that may yield any.
 * Not by how often it is asked for, but by what was freed since the last time,
 * is the work bounded.
 */
static void trim(struct mem *m)
{
	uint64_t step = m->budget >> TRY_SHIFT;

	if (m->taken - m->used < step || m->used + step > m->tried) {
		m->tried = max_u64(m->tried, m->used);
		return;
	}
	for (uint32_t i = 0; i < m->nkept; i++)
		unkeep(m, &m->kept[i]);
	for (uint32_t cls = 0; cls < MEM_CLASSES; cls++)
		mem_free_chunks(m, cls);
	withhold(m);
	m->tried = m->used;
}

bool mem_promise(struct mem *m)
{
	if (!mem_may_promise(m)) {
		trim(m);
		if (!mem_may_promise(m))
			return false;
	}
	m->promises++;
	if (to_cover(m) != m->covered)
		withhold(m);
	return true;
}

/*
 * How many promises' blocks of a class a new chunk has, 0 = none are due.  Whole
 * chunks, for promises to come too, as far as that takes nothing from those
 * there are: small ones would waste the embedder's pages.
 */
static uint64_t to_make(const struct mem *m, const struct mem_kept *k)
{
	uint64_t size = k->share * (uint64_t)class_size(k->cls);
	uint64_t rest = budget_rest(m);
	uint64_t due = need(m, m->promises);
	uint64_t spare = rest > due ? rest - due : 0;
	uint64_t n;

	if (m->promises <= k->made)
		return 0;
	n = max_u64(m->promises - k->made, CHUNK_MIN / size);
	n = min_u64(n, max_u64(CHUNK_MAX / size, 1));
	n = min_u64(n,
		    m->covered - k->made); /* the rest is for other classes */
	return min_u64(n, m->promises - k->made + spare / size);
}

/* Make what is promised of a class, or as much of it as a chunk holds. */
static void make_kept(struct mem *m, struct mem_kept *k)
{
	uint64_t n = to_make(m, k);
	size_t blocks = (size_t)n * k->share;
	struct mem_chunk *c;

	if (n == 0 || sizeof(*c) + blocks * class_size(k->cls) > budget_rest(m))
		return;
	c = take_chunk(m, k->cls, blocks);
	if (!c)
		return;
	carve(c, &k->list);
	k->made += (uint32_t)n;
	withhold(m);
}

/* A block that was promised to who asks. */
static void *pop_kept(struct mem *m, struct mem_kept *k, size_t len)
{
	struct mem_block *b;

	if (!k->list)
		make_kept(m, k);
	b = k->list;
	if (!b)
		return NULL;
	k->list = next_of(b);
	m->owed[k->cls]++;
	m->nowed++;
	set_enough(m);
	unpoison(b, len);
	note_used(m, class_size(k->cls));
	return b;
}

/* Make good for one that was claimed. */
static void give_back(struct mem *m, struct mem_kept *k, struct mem_block *b)
{
	link_to(b, k->list);
	k->list = b;
	m->owed[k->cls]--;
	m->nowed--;
	set_enough(m);
}

static __attribute__((noinline, cold)) void push_kept(struct mem *m,
						      uint32_t cls,
						      struct mem_block *b)
{
	give_back(m, kept_of(m, cls), b);
}

/* --------------------------------------------------------------------- blocks */

/* Take a chunk for a class, within @left bytes; false when it could not hold even
 * one block.
 */
static bool grow_within(struct mem *m, uint32_t cls, uint64_t left)
{
	size_t size = class_size(cls);
	uint64_t want = min_u64(max_u64(CHUNK_BLOCKS * size, CHUNK_MIN),
				CHUNK_MAX);
	struct mem_chunk *c;

	if (left < sizeof(*c) + size)
		return false;
	want = min_u64(want, left - sizeof(*c));
	c = take_chunk(m, cls, (size_t)want / size);
	if (!c)
		return false;
	carve(c, &m->free_list[cls]);
	return true;
}

/* Before data gets more, what is promised is made: the embedder may refuse later. */
static void make_good(struct mem *m)
{
	for (uint32_t i = 0; i < m->nkept; i++)
		make_kept(m, &m->kept[i]);
}

static bool grow(struct mem *m, uint32_t cls)
{
	if (class_size(cls) >= DATA_MIN)
		make_good(m);
	if (budget_left(m) < sizeof(struct mem_chunk) + class_size(cls))
		trim(m);
	return grow_within(m, cls, budget_left(m));
}

/* The holder of a new promise may begin with what is withheld for such: with a
 * small chunk of it, since what is left over of that is everybody's.
 */
static bool grow_claimed(struct mem *m, uint32_t cls)
{
	uint64_t due = need(m, m->promises);
	uint64_t rest = budget_rest(m);
	uint64_t most = sizeof(struct mem_chunk) +
			max_u64(CHUNK_MIN, class_size(cls));

	return grow_within(m, cls, min_u64(most, rest > due ? rest - due : 0));
}

void mem_repay(struct mem *m)
{
	for (uint32_t i = 0; i < m->nkept; i++) {
		uint32_t cls = m->kept[i].cls;

		while (m->owed[cls] && (m->free_list[cls] || grow(m, cls))) {
			struct mem_block *b = m->free_list[cls];

			m->free_list[cls] = next_of(b);
			give_back(m, &m->kept[i], b);
		}
	}
}

/* Take the first block of a class that has one, for @len bytes. */
static inline void *pop(struct mem *m, uint32_t cls, size_t len)
{
	struct mem_block *b = m->free_list[cls];

	unpoison(b, sizeof(*b));
	m->free_list[cls] = b->next;
	poison(b, sizeof(*b));
	unpoison(b, len);
	note_used(m, class_size(cls));
	return b;
}

/* Kept apart, so that the usual path of mem_alloc() saves no registers. */
static __attribute__((noinline, cold)) void *pop_after_growing(struct mem *m,
							       uint32_t cls,
							       size_t len)
{
	struct mem_kept *k = kept_of(m, cls);

	if (grow(m, cls))
		return pop(m, cls, len);
	if (!m->claimed)
		return NULL;
	if (k)
		return pop_kept(m, k, len);
	return grow_claimed(m, cls) ? pop(m, cls, len) : NULL;
}

void mem_init(struct mem *m, uint64_t budget,
	      void *(*alloc)(void *ctx, size_t len),
	      void (*free)(void *ctx, void *p, size_t len), void *ctx)
{
	*m = (struct mem){
		.alloc = alloc,
		.free = free,
		.ctx = ctx,
		.budget = budget,
		.enough = budget,
		.tried = UINT64_MAX,
	};
}

void mem_fini(struct mem *m)
{
	while (m->chunks.root)
		mem_return_chunk(m, (struct mem_chunk *)m->chunks.root);
	memset(m->free_list, 0, sizeof(m->free_list));
	m->nkept = 0;
	m->used = 0;
}

void *mem_alloc(struct mem *m, size_t len)
{
	uint32_t cls = class_of(len);

	ASSERT(cls < MEM_CLASSES);
	if (__builtin_expect(!m->free_list[cls], 0))
		return pop_after_growing(m, cls, len);
	return pop(m, cls, len);
}

void mem_free(struct mem *m, void *p, size_t len)
{
	uint32_t cls = class_of(len);
	struct mem_block *b = p;

	if (!p)
		return;
	ASSERT(cls < MEM_CLASSES);
	ASSERT(m->used >= class_size(cls));
	unpoison(b, sizeof(*b));
	if (__builtin_expect(m->owed[cls] != 0, 0)) {
		push_kept(m, cls, b);
	} else {
		b->next = m->free_list[cls];
		m->free_list[cls] = b;
	}
	poison(b, class_size(cls));
	m->used -= class_size(cls);
}

bool mem_ensure(struct mem *m, size_t len)
{
	uint32_t cls = class_of(len);

	return m->free_list[cls] || grow(m, cls);
}

void mem_retry(struct mem *m)
{
	m->denied = false;
	set_enough(m);
}

size_t mem_block_size(size_t len)
{
	return class_size(class_of(len));
}

void *mem_alloc_big(struct mem *m, size_t len)
{
	void *p;

	if (len > budget_left(m))
		trim(m);
	if (len > budget_left(m))
		return NULL;
	p = m->alloc(m->ctx, len);
	if (!p)
		return NULL;
	m->taken += len;
	note_used(m, len);
	return p;
}

void mem_free_big(struct mem *m, void *p, size_t len)
{
	if (!p)
		return;
	ASSERT(m->used >= len);
	m->taken -= len;
	m->used -= len;
	m->free(m->ctx, p, len);
}
