/* SPDX-License-Identifier: MIT */
/*
 * svcloop.h - lets services use a libev loop, by svc/svc_loop.h
 */

#ifndef DAEMON_SVCLOOP_H
#define DAEMON_SVCLOOP_H

#include "daemon/svc/svc_loop.h"

struct ev_loop;

/**
 * struct svcloop - a libev loop for services
 * @loop:	what they see
 * @ev:		libev's; borrowed
 * @woken:	called before each of their callbacks: the loop may have slept, and
 *		the stack shall know the time
 * @arg:	its argument
 */
struct svcloop {
	struct svc_loop loop;
	struct ev_loop *ev;
	void (*woken)(void *arg);
	void *arg;
};

/** svcloop_init() - Fill @loop in; the rest is set */
void svcloop_init(struct svcloop *l);

#endif /* DAEMON_SVCLOOP_H */
