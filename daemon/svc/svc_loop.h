/* SPDX-License-Identifier: MIT */
/*
 * svc_loop.h - what a service may ask of the loop that it runs on
 *
 * Descriptors of the host and timers, without a word on whose loop it is: the
 * daemon's (daemon/svcloop.c), or one in a test.  Callbacks are made on the
 * stack's thread, never from inside one of these calls, and never after
 * svc_unwatch() or svc_timer_free().  They may use streams as the callbacks of
 * struct svc may; the stack runs after them.
 */

#ifndef DAEMON_SVC_SVC_LOOP_H
#define DAEMON_SVC_SVC_LOOP_H

#include <stdint.h>

struct svc_timer;
struct svc_watch;

#define SVC_READ  0x1u
#define SVC_WRITE 0x2u

/**
 * struct svc_loop - a loop; see the functions below for each
 * @ctx:	the loop's own
 */
struct svc_loop {
	void *ctx;
	uint64_t (*now_us)(void *ctx);
	struct svc_watch *(*watch)(void *ctx, int fd,
				   void (*ready)(void *arg, uint32_t events),
				   void *arg);
	void (*want)(struct svc_watch *w, uint32_t events);
	void (*unwatch)(struct svc_watch *w);
	struct svc_timer *(*timer)(void *ctx, void (*due)(void *arg),
				   void *arg);
	void (*timer_set)(struct svc_timer *t, uint64_t delay_us);
	void (*timer_free)(struct svc_timer *t);
};

/** svc_now_us() - The monotonic clock */
static inline uint64_t svc_now_us(const struct svc_loop *l)
{
	return l->now_us(l->ctx);
}

/**
 * svc_watch() - Watch a descriptor, at first for nothing
 * @l:		loop
 * @fd:		descriptor, non-blocking; stays the caller's, who must not close it
 *		before svc_unwatch()
 * @ready:	it is readable or writable, as wanted: SVC_*
 * @arg:	passed to @ready
 *
 * Return: the watch, or NULL when memory is spent
 */
static inline struct svc_watch *svc_watch(const struct svc_loop *l, int fd,
					  void (*ready)(void *arg,
							uint32_t events),
					  void *arg)
{
	return l->watch(l->ctx, fd, ready, arg);
}

/** svc_want() - What to watch for from now on, SVC_*; 0 = nothing */
static inline void svc_want(const struct svc_loop *l, struct svc_watch *w,
			    uint32_t events)
{
	l->want(w, events);
}

/** svc_unwatch() - Watch no more, and free it; NULL is fine */
static inline void svc_unwatch(const struct svc_loop *l, struct svc_watch *w)
{
	if (w)
		l->unwatch(w);
}

/** svc_timer() - Make a timer that is not set; NULL when memory is spent */
static inline struct svc_timer *svc_timer(const struct svc_loop *l,
					  void (*due)(void *arg), void *arg)
{
	return l->timer(l->ctx, due, arg);
}

/** svc_timer_set() - Fire once, @delay_us from now; UINT64_MAX = not at all */
static inline void svc_timer_set(const struct svc_loop *l, struct svc_timer *t,
				 uint64_t delay_us)
{
	l->timer_set(t, delay_us);
}

/** svc_timer_free() - Stop and free it; NULL is fine */
static inline void svc_timer_free(const struct svc_loop *l, struct svc_timer *t)
{
	if (t)
		l->timer_free(t);
}

#endif /* DAEMON_SVC_SVC_LOOP_H */
