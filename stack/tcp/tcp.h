/* SPDX-License-Identifier: MIT */
/*
 * tcp.h - what the rest of the stack asks of TCP
 */

#ifndef STACK_TCP_TCP_H
#define STACK_TCP_TCP_H

#include <stdbool.h>

#include "stack/ustack.h"

#define TCP_SYNACK_RETRIES_LIMIT 8u

struct ip_error;
struct ip_view;
struct tcp;
struct timer;

/** tcp_new() - Make the TCP part of an instance, or NULL when memory is spent */
struct tcp *tcp_new(struct ustack *s);

/** tcp_free() - Drop all connections in silence */
void tcp_free(struct tcp *t);

/**
 * tcp_input() - A TCP segment arrived
 * @t:		TCP
 * @p:		its packet; borrowed, what is kept of its buffer is counted
 * @v:		its IP view
 *
 * RFC 9293 section 3.10.7.
 */
void tcp_input(struct tcp *t, struct ustack_pkt *p, const struct ip_view *v);

/**
 * tcp_icmp() - An ICMP error quotes a segment (MUST-54)
 * @t:		TCP
 * @e:		what it says; its @proto is TCP
 */
void tcp_icmp(struct tcp *t, const struct ip_error *e);

/** tcp_on_timer() - A timer of TCP's is due */
void tcp_on_timer(struct tcp *t, struct timer *timer);

/**
 * tcp_run() - Callbacks and output for every connection that is ready
 * @t:		TCP
 *
 * Return: true if work is left
 */
bool tcp_run(struct tcp *t);

/** tcp_on_mtu() - The link's MTU has changed: segments shrink, or may grow */
void tcp_on_mtu(struct tcp *t);

/** tcp_on_addrs() - Our addresses have changed: what has none of them ends */
void tcp_on_addrs(struct tcp *t);

/**
 * tcp_reconfigure() - As ustack_reconfigure(), before the settings are in force
 * @t:		TCP
 * @cfg:	settings, known to be good
 *
 * Return: NULL, or what cannot be so
 */
const char *tcp_reconfigure(struct tcp *t, const struct ustack_config *cfg);

/** tcp_gauges() - Fill in the connection counts */
void tcp_gauges(const struct tcp *t, struct ustack_gauges *g);

/** tcp_cc_known() - Is there a congestion control of that name? */
bool tcp_cc_known(const char *name);

#endif /* STACK_TCP_TCP_H */
