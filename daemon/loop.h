/* SPDX-License-Identifier: MIT */
/*
 * loop.h - drives one stack from one device in a libev loop
 *
 *	TUN readable	--> on_tun:	read up to a budget  --> ustack_input()
 *	before sleeping --> on_prepare: ustack_run() once, arm its deadline
 */

#ifndef DAEMON_LOOP_H
#define DAEMON_LOOP_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/ustack.h"

struct lab;
struct tun;

/**
 * struct loop - the watchers, and what they share
 * @ev:		libev's loop; borrowed
 * @stack:	the stack; borrowed
 * @tun:	the device; borrowed
 * @lab:	what may stand between the two; borrowed
 * @on_broken:	the device failed for good: errno, on the loop's thread
 * @arg:	its argument
 * @readable:	packets wait
 * @writable:	the device takes packets again
 * @timer_fd:	watches @timerfd
 * @timer:	wakes a little before a deadline that is far
 * @pause:	no memory to read into: wakes to try again
 * @prepare:	runs the stack before the loop sleeps
 * @idle:	keeps the loop from sleeping while work is left
 * @timerfd:	wakes exactly at a deadline that is near
 * @timer_at_us: when @timer fires, USTACK_NEVER = it is not armed
 * @timerfd_at_us: the same of @timerfd
 * @late_us:	how late @timerfd wakes us, a mean
 * @now_us:	time of the batch being handled, 0 = not read yet
 * @pkt:	packet for the next read, NULL = none
 * @blocked:	the device refused a packet since the last look
 */
struct loop {
	struct ev_loop *ev;
	struct ustack *stack;
	struct tun *tun;
	struct lab *lab;
	void (*on_broken)(void *arg, int error);
	void *arg;
	struct ev_io readable;
	struct ev_io writable;
	struct ev_io timer_fd;
	struct ev_timer timer;
	struct ev_timer pause;
	struct ev_prepare prepare;
	struct ev_idle idle;
	int timerfd;
	uint64_t timer_at_us;
	uint64_t timerfd_at_us;
	uint32_t late_us;
	uint64_t now_us;
	struct ustack_pkt *pkt;
	bool blocked;
};

/** loop_clock_us() - The time, microseconds of CLOCK_MONOTONIC */
uint64_t loop_clock_us(void);

/**
 * loop_init() - Start the watchers
 * @l:		storage of the caller, who must not move it; @ev, @stack, @tun,
 *		@lab, @on_broken and @arg are set, the rest is filled in
 *
 * Return: 0, or -errno when there is no timerfd
 */
int loop_init(struct loop *l) MUST_USE;

/** loop_fini() - Stop the watchers and give back what they held */
void loop_fini(struct loop *l);

/**
 * loop_output() - Write a packet; for host.output()
 * @l:		loop
 * @p:		packet, lent
 *
 * Return: as tun_write(); after -ERR_AGAIN the stack runs again once the
 * device takes packets
 */
int loop_output(struct loop *l, struct ustack_pkt *p);

#endif /* DAEMON_LOOP_H */
