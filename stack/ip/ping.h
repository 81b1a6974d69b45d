/* SPDX-License-Identifier: MIT */
/*
 * ping.h - echo requests of our own, see ustack_ping.h
 */

#ifndef STACK_IP_PING_H
#define STACK_IP_PING_H

#include "stack/stack_int.h"

struct ip_error;
struct ip_view;

/** ping_reply() - An echo reply has come; one that nobody waits for is counted */
void ping_reply(struct ustack *s, const struct ip_view *v);

/**
 * ping_error() - An ICMP error has come, and not about TCP
 * @s:		instance
 * @e:		what it says
 *
 * Return: it was about a request under way, which is over
 */
bool ping_error(struct ustack *s, const struct ip_error *e);

/** ping_run() - Send what is to be sent, tell what is over; true if work is left */
bool ping_run(struct ustack *s);

/** ping_is_timer() - Is it the requests' timer? */
bool ping_is_timer(const struct ustack *s, const struct timer *t);

/** ping_on_timer() - End what has waited long enough */
void ping_on_timer(struct ustack *s);

/** ping_free() - Forget all requests, telling nobody */
void ping_free(struct ustack *s);

#endif /* STACK_IP_PING_H */
