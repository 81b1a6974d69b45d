/* SPDX-License-Identifier: MIT */
/*
 * svcloop.h - lets services use a libev loop, by svc/svc_loop.h
 */

#ifndef DAEMON_SVCLOOP_H
#define DAEMON_SVCLOOP_H

struct ev_loop;
struct svc_loop;

/** svcloop_init() - Fill @l in for a loop; borrowed */
void svcloop_init(struct svc_loop *l, struct ev_loop *ev);

#endif /* DAEMON_SVCLOOP_H */
