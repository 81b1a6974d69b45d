/* SPDX-License-Identifier: MIT */
/*
 * svcloop.c - lets services use a libev loop, by svc/svc_loop.h
 */

#include "daemon/svcloop.h"

#include <ev.h>
#include <stdlib.h>

#include "daemon/loop.h"

struct svc_watch {
	struct ev_io io;
	struct svcloop *loop;
	void (*ready)(void *arg, uint32_t events);
	void *arg;
};

struct svc_timer {
	struct ev_timer timer;
	struct svcloop *loop;
	void (*due)(void *arg);
	void *arg;
};

static uint64_t now_us(void *ctx)
{
	(void)ctx;
	return loop_clock_us();
}

/* ------------------------------------------------------------ descriptors */

static void on_ready(struct ev_loop *ev, struct ev_io *io, int revents)
{
	struct svc_watch *w = io->data;
	uint32_t events = 0;

	(void)ev;
	if (revents & EV_READ)
		events |= SVC_READ;
	if (revents & EV_WRITE)
		events |= SVC_WRITE;
	w->loop->woken(w->loop->arg);
	w->ready(w->arg, events);
}

static struct svc_watch *watch(void *ctx, int fd,
			       void (*ready)(void *arg, uint32_t events),
			       void *arg)
{
	struct svc_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->loop = ctx;
	w->ready = ready;
	w->arg = arg;
	ev_io_init(&w->io, on_ready, fd, 0);
	w->io.data = w;
	return w;
}

static void want(struct svc_watch *w, uint32_t events)
{
	int wanted = (events & SVC_READ ? EV_READ : 0) |
		     (events & SVC_WRITE ? EV_WRITE : 0);

	if (wanted == (w->io.events & (EV_READ | EV_WRITE)))
		return;
	ev_io_stop(w->loop->ev, &w->io);
	ev_io_set(&w->io, w->io.fd, wanted);
	if (wanted)
		ev_io_start(w->loop->ev, &w->io);
}

static void unwatch(struct svc_watch *w)
{
	ev_io_stop(w->loop->ev, &w->io);
	free(w);
}

/* ----------------------------------------------------------------- timers */

static void on_due(struct ev_loop *ev, struct ev_timer *timer, int revents)
{
	struct svc_timer *t = timer->data;

	(void)ev;
	(void)revents;
	t->loop->woken(t->loop->arg);
	t->due(t->arg);
}

static struct svc_timer *timer(void *ctx, void (*due)(void *arg), void *arg)
{
	struct svc_timer *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->loop = ctx;
	t->due = due;
	t->arg = arg;
	ev_timer_init(&t->timer, on_due, 0., 0.);
	t->timer.data = t;
	return t;
}

static void timer_set(struct svc_timer *t, uint64_t delay_us)
{
	ev_timer_stop(t->loop->ev, &t->timer);
	if (delay_us == UINT64_MAX)
		return;
	ev_now_update(t->loop->ev);
	ev_timer_set(&t->timer, (double)delay_us / 1e6, 0.);
	ev_timer_start(t->loop->ev, &t->timer);
}

static void timer_free(struct svc_timer *t)
{
	ev_timer_stop(t->loop->ev, &t->timer);
	free(t);
}

void svcloop_init(struct svcloop *l)
{
	l->loop = (struct svc_loop){
		.ctx = l,
		.now_us = now_us,
		.watch = watch,
		.want = want,
		.unwatch = unwatch,
		.timer = timer,
		.timer_set = timer_set,
		.timer_free = timer_free,
	};
}
