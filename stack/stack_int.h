/* SPDX-License-Identifier: MIT */
/*
 * stack_int.h - what the parts of the library share about an instance
 *
 * The TCP state hangs off opaquely, so that ip/ cannot reach into it.
 */

#ifndef STACK_STACK_INT_H
#define STACK_STACK_INT_H

#include "stack/base/mem.h"
#include "stack/base/siphash.h"
#include "stack/base/timer.h"
#include "stack/limit.h"
#include "stack/pressure.h"
#include "stack/ustack.h"

#define STACK_MEM_RESERVE (1u << 20) /* kept for packets in transit */

struct frag_tab;
struct path_tab;
struct ping_tab;
struct tcp;

/**
 * struct ustack - one instance
 * @cfg:	settings
 * @host:	the embedder
 * @now_us:	time of the call being served
 * @mem:	all memory but this struct
 * @wheel:	all timers
 * @limit:	what we may say to strangers, a bucket for each kind of answer
 * @rand:	secret of stack_random(), and how often it was asked
 * @event_mask:	events wanted
 * @about:	number of the watched connection whose segment is being processed,
 *		0 = none
 * @tx_left:	packets that ustack_run() may still send
 * @frags:	fragments that wait for others
 * @frag_id:	secret of ip_frag_id() and of answers' flow labels, and how often
 *		it was asked
 * @paths:	what is known about paths, NULL = nothing yet
 * @pings:	echo requests of ours, NULL = there was none yet
 * @tcp:	everything of TCP
 * @pressure:	whether memory is short
 * @spare:	packets for input, ready for use
 * @mib:	counters, read by other threads
 */
struct ustack {
	struct ustack_config cfg;
	struct ustack_host host;
	uint64_t now_us;
	struct mem mem;
	struct timer_wheel wheel;
	struct limit limit[LIMITS];
	struct {
		struct siphash_key key;
		uint64_t n;
	} rand;
	uint32_t event_mask;
	uint64_t about;
	uint32_t tx_left;
	struct frag_tab *frags;
	struct {
		struct siphash_key key;
		uint32_t n;
	} frag_id;
	struct path_tab *paths;
	struct ping_tab *pings;
	struct tcp *tcp;
	struct pressure pressure;
	struct ustack_pkt *spare;
	uint64_t mib[USTACK_COUNTERS_MAX];
};

/** stack_count_n() - Add to a counter that other threads may read */
static inline void stack_count_n(struct ustack *s, enum ustack_counter c,
				 uint64_t n)
{
	__atomic_store_n(&s->mib[c], s->mib[c] + n, __ATOMIC_RELAXED);
}

static inline void stack_count(struct ustack *s, enum ustack_counter c)
{
	stack_count_n(s, c, 1);
}

static inline bool stack_wants(const struct ustack *s, enum ustack_event_kind k)
{
	return __builtin_expect((s->event_mask & (1u << k)) != 0, 0);
}

/** stack_tells() - The same of what belongs to a flow that is watched so much */
static inline bool stack_tells(const struct ustack *s, uint8_t watch,
			       enum ustack_event_kind k)
{
	bool rare = k != USTACK_EV_SENT && k != USTACK_EV_RECEIVED;

	return __builtin_expect((s->event_mask & (1u << k)) != 0 ||
					watch > (rare ? USTACK_WATCH_OFF
						      : USTACK_WATCH_LIFE),
				0);
}

/** stack_drop() - Count a dropped packet under its reason, and tell who asked */
void stack_drop(struct ustack *s, enum ustack_counter reason);

/**
 * stack_limit_ok() - May an answer to a stranger leave now?
 * @s:		instance
 * @kind:	what it is
 *
 * Return: true and it is paid for, or false (counted)
 */
bool stack_limit_ok(struct ustack *s, enum limit_kind kind);

/** stack_pkt_fini() - Give back the packets that are ready for use */
void stack_pkt_fini(struct ustack *s);

/** stack_random() - 64 bits that nobody outside can foretell, without asking
 * the host for each
 */
uint64_t stack_random(struct ustack *s);

/** stack_is_ours() - Is it one of our addresses? */
bool stack_is_ours(const struct ustack *s, const struct ustack_addr *a);

/** stack_mem_no_packet() - Is there no memory for one more packet to be read? */
bool stack_mem_no_packet(struct ustack *s);

/**
 * stack_mem_low() - Must what is left of the budget be kept?
 *
 * For packets in transit, and for what each connection is promised: as long as
 * any of that is in use, nobody gets anything else.
 */
static inline bool stack_mem_low(struct ustack *s)
{
	return mem_low(&s->mem) ||
	       (!s->mem.free_list[MEM_CLASS_PACKET] && stack_mem_no_packet(s));
}

/** stack_mem_short() - Is less than an eighth of the budget left beyond that? */
bool stack_mem_short(struct ustack *s);

#endif /* STACK_STACK_INT_H */
