/* SPDX-License-Identifier: MIT */
/*
 * fakeloop.c - a loop for services under test: real descriptors, virtual time
 */

#include "fakeloop.h"

#include <poll.h>
#include <stdlib.h>

#include "tests/unit/expect.h"

#define TURNS_MAX 100000u

struct svc_watch {
	struct fakeloop *f;
	uint32_t at;
	int fd;
	uint32_t events;
	void (*ready)(void *arg, uint32_t events);
	void *arg;
};

struct svc_timer {
	struct fakeloop *f;
	uint32_t at;
	uint64_t due_us;
	void (*due)(void *arg);
	void *arg;
};

static uint64_t now_us(void *ctx)
{
	const struct fakeloop *f = ctx;

	return f->now_us;
}

static struct svc_watch *watch(void *ctx, int fd,
			       void (*ready)(void *arg, uint32_t events),
			       void *arg)
{
	struct fakeloop *f = ctx;
	struct svc_watch *w;
	uint32_t at = 0;

	if (f->no_memory)
		return NULL;
	while (f->watch[at])
		EXPECT_LT(++at, FAKELOOP_MAX);
	w = malloc(sizeof(*w));
	*w = (struct svc_watch){ .f = f,
				 .at = at,
				 .fd = fd,
				 .ready = ready,
				 .arg = arg };
	f->watch[at] = w;
	return w;
}

static void want(struct svc_watch *w, uint32_t events)
{
	w->events = events;
}

static void unwatch(struct svc_watch *w)
{
	w->f->watch[w->at] = NULL;
	free(w);
}

static struct svc_timer *timer(void *ctx, void (*due)(void *arg), void *arg)
{
	struct fakeloop *f = ctx;
	struct svc_timer *t;
	uint32_t at = 0;

	if (f->no_memory)
		return NULL;
	while (f->timer[at])
		EXPECT_LT(++at, FAKELOOP_MAX);
	t = malloc(sizeof(*t));
	*t = (struct svc_timer){ .f = f,
				 .at = at,
				 .due_us = UINT64_MAX,
				 .due = due,
				 .arg = arg };
	f->timer[at] = t;
	return t;
}

static void timer_set(struct svc_timer *t, uint64_t delay_us)
{
	t->due_us = delay_us == UINT64_MAX ? delay_us : t->f->now_us + delay_us;
}

static void timer_free(struct svc_timer *t)
{
	t->f->timer[t->at] = NULL;
	free(t);
}

void fakeloop_init(struct fakeloop *f)
{
	*f = (struct fakeloop){ .now_us = 1000000,
				.loop = { .ctx = f,
					  .now_us = now_us,
					  .watch = watch,
					  .want = want,
					  .unwatch = unwatch,
					  .timer = timer,
					  .timer_set = timer_set,
					  .timer_free = timer_free } };
}

void fakeloop_fini(struct fakeloop *f)
{
	for (uint32_t i = 0; i < FAKELOOP_MAX; i++) {
		ck_assert_ptr_null(f->watch[i]);
		ck_assert_ptr_null(f->timer[i]);
	}
}

/* What a watch wanted and has, as libev tells it: errors make both. */
static uint32_t ready_events(const struct svc_watch *w)
{
	struct pollfd p = { .fd = w->fd };
	uint32_t events = 0;

	if (w->events & SVC_READ)
		p.events |= POLLIN;
	if (w->events & SVC_WRITE)
		p.events |= POLLOUT;
	if (poll(&p, 1, 0) <= 0)
		return 0;
	if (p.revents & (POLLIN | POLLERR | POLLHUP))
		events |= SVC_READ;
	if (p.revents & (POLLOUT | POLLERR | POLLHUP))
		events |= SVC_WRITE;
	return events & w->events;
}

uint32_t fakeloop_turn(struct fakeloop *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < FAKELOOP_MAX; i++) {
		struct svc_watch *w = f->watch[i];
		uint32_t events = w ? ready_events(w) : 0;

		if (events) {
			w->ready(w->arg, events);
			n++;
		}
	}
	return n;
}

uint32_t fakeloop_run(struct fakeloop *f)
{
	uint32_t turns = 0;

	while (fakeloop_turn(f))
		EXPECT_LT(++turns, TURNS_MAX);
	return turns;
}

void fakeloop_advance(struct fakeloop *f, uint64_t us)
{
	f->now_us += us;
	for (uint32_t i = 0; i < FAKELOOP_MAX; i++) {
		struct svc_timer *t = f->timer[i];

		if (!t || t->due_us > f->now_us)
			continue;
		t->due_us = UINT64_MAX;
		t->due(t->arg);
	}
}

uint64_t fakeloop_due_us(const struct fakeloop *f)
{
	uint64_t due_us = UINT64_MAX;

	for (uint32_t i = 0; i < FAKELOOP_MAX; i++)
		if (f->timer[i] && f->timer[i]->due_us < due_us)
			due_us = f->timer[i]->due_us;
	return due_us;
}

uint32_t fakeloop_wanted(const struct fakeloop *f, int fd)
{
	for (uint32_t i = 0; i < FAKELOOP_MAX; i++)
		if (f->watch[i] && f->watch[i]->fd == fd)
			return f->watch[i]->events;
	return 0;
}

uint32_t fakeloop_watches(const struct fakeloop *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < FAKELOOP_MAX; i++)
		n += f->watch[i] != NULL;
	return n;
}

uint32_t fakeloop_timers(const struct fakeloop *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < FAKELOOP_MAX; i++)
		n += f->timer[i] && f->timer[i]->due_us != UINT64_MAX;
	return n;
}
