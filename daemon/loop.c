/* SPDX-License-Identifier: MIT */
/*
 * loop.c - drives one stack from one device in a libev loop
 *
 * The stack's timers and the packets that impairment keeps share one wake-up:
 * the earlier of their deadlines.
 *
 * One turn: packets are read until none waits or a budget is spent, jobs from
 * the mailbox run, and before the loop sleeps the stack acts once.  So a batch
 * of packets draws one acknowledgement, and what is written between two reads
 * is bounded as well: a host whose queue is flooded drops our packets.
 *
 * Sleeping until a deadline.  libev's timers are good to 1 ms, and rounded up.
 *
 *	now        deadline - 1 ms   deadline
 *	 |---------------|--------------|		> 2 ms away: ev_timer
 *	                 ^ timer        ^ timerfd
 *	                 |--------------|		nearer: timerfd, exact
 *
 * Waking early is allowed and costs one empty turn; so what is armed is left
 * alone while it is not later than needed, and a bulk transfer whose deadline
 * moves with each acknowledgement makes no system call for it.
 *
 * System calls: timerfd_create, timerfd_settime, read, clock_gettime (vDSO),
 * and what libev's epoll backend needs.
 */

#include "loop.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "lab.h"
#include "tun.h"

#define READ_BUDGET_PKTS  64u
#define READ_BUDGET_BYTES (256u * 1024u)
#define RUN_BUDGET_PKTS	  128u
#define NEAR_US		  2000u	 /* deadlines nearer than this: timerfd	*/
#define MARGIN_US	  1000u	 /* libev's rounding			*/
#define PAUSE_S		  0.005	 /* until memory is looked for again	*/
#define BLOCKED_US	  10000u /* timers go on while output is stuck	*/
#define LATE_MAX_US	  200u	 /* allowed for when a packet is due	*/
#define US_PER_S	  1000000u

uint64_t loop_clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * US_PER_S + (uint64_t)ts.tv_nsec / 1000u;
}

/* One look at the clock for each batch. */
static uint64_t batch_now(struct loop *l)
{
	if (!l->now_us)
		l->now_us = loop_clock_us();
	return l->now_us;
}

/* ---------------------------------------------------------------------- input */

/* Memory is spent: let the host's queue hold the packets for a moment. */
static void pause_reading(struct loop *l)
{
	ev_io_stop(l->ev, &l->readable);
	ev_timer_set(&l->pause, PAUSE_S, 0.);
	ev_timer_start(l->ev, &l->pause);
}

static void on_pause(struct ev_loop *ev, struct ev_timer *w, int revents)
{
	struct loop *l = w->data;

	(void)revents;
	ev_io_start(ev, &l->readable);
}

/*
 * read_one() - Read a packet and hand it to the stack
 *
 * Return: its bytes, 0 when none waits or none can be read now
 */
static uint32_t read_one(struct loop *l)
{
	uint32_t len;
	int rc;

	if (!l->pkt)
		l->pkt = ustack_pkt_new(l->stack);
	if (!l->pkt) {
		pause_reading(l);
		return 0;
	}
	rc = tun_read(l->tun, l->pkt);
	if (rc < 0) {
		ev_io_stop(l->ev, &l->readable);
		l->on_broken(l->arg, -rc);
	}
	if (rc <= 0)
		return 0;
	len = l->pkt->len ? l->pkt->len : 1;
	if (lab_busy(l->lab))
		lab_input(l->lab, l->pkt, batch_now(l));
	else
		ustack_input(l->stack, l->pkt, batch_now(l));
	l->pkt = NULL;
	return len;
}

static void on_tun(struct ev_loop *ev, struct ev_io *w, int revents)
{
	struct loop *l = w->data;
	uint32_t bytes = 0;

	(void)ev;
	(void)revents;
	for (uint32_t i = 0; i < READ_BUDGET_PKTS; i++) {
		uint32_t len = read_one(l);

		bytes += len;
		if (len == 0 || bytes >= READ_BUDGET_BYTES)
			break;
	}
}

/* --------------------------------------------------------------------- output */

int loop_output(struct loop *l, struct ustack_pkt *p)
{
	int rc = lab_busy(l->lab) ? lab_output(l->lab, p, batch_now(l))
				  : tun_write(l->tun, p);

	if (rc == -ERR_AGAIN)
		l->blocked = true;
	return rc;
}

static void on_writable(struct ev_loop *ev, struct ev_io *w, int revents)
{
	(void)revents;
	ev_io_stop(ev, w);
}

/* ----------------------------------------------------------------------- time */

static void on_timer(struct ev_loop *ev, struct ev_timer *w, int revents)
{
	struct loop *l = w->data;

	(void)ev;
	(void)revents;
	l->timer_at_us = USTACK_NEVER;
}

/* A CPU that sleeps takes its time to wake. */
static void note_lateness(struct loop *l, uint64_t now_us)
{
	uint64_t late_us = now_us - l->timerfd_at_us;

	if (l->timerfd_at_us > now_us)
		return;
	if (late_us > LATE_MAX_US)
		late_us = LATE_MAX_US;
	l->late_us = (7 * l->late_us + (uint32_t)late_us) / 8;
}

static void on_timerfd(struct ev_loop *ev, struct ev_io *w, int revents)
{
	struct loop *l = w->data;
	uint64_t expiries;

	(void)ev;
	(void)revents;
	if (read(l->timerfd, &expiries, sizeof(expiries)) <= 0)
		return;
	note_lateness(l, batch_now(l));
	l->timerfd_at_us = USTACK_NEVER;
}

static void arm_far(struct loop *l, uint64_t now_us, uint64_t at_us)
{
	if (l->timer_at_us <= at_us)
		return;
	ev_timer_stop(l->ev, &l->timer);
	ev_timer_set(&l->timer, (double)(at_us - now_us) / US_PER_S, 0.);
	ev_timer_start(l->ev, &l->timer);
	l->timer_at_us = at_us;
}

static void arm_near(struct loop *l, uint64_t at_us)
{
	struct itimerspec its = {
		.it_value.tv_sec = (time_t)(at_us / US_PER_S),
		.it_value.tv_nsec = (long)(at_us % US_PER_S) * 1000,
	};

	if (l->timerfd_at_us <= at_us)
		return;
	if (timerfd_settime(l->timerfd, TFD_TIMER_ABSTIME, &its, NULL) == 0)
		l->timerfd_at_us = at_us;
}

/* See the drawing on top. */
static void arm(struct loop *l, uint64_t now_us, uint64_t deadline_us)
{
	bool busy = deadline_us <= now_us;

	if (busy && !ev_is_active(&l->idle))
		ev_idle_start(l->ev, &l->idle);
	if (!busy && ev_is_active(&l->idle))
		ev_idle_stop(l->ev, &l->idle);
	if (busy || deadline_us == USTACK_NEVER)
		return;
	if (deadline_us - now_us > NEAR_US)
		arm_far(l, now_us, deadline_us - MARGIN_US);
	else
		arm_near(l, deadline_us);
}

static void on_idle(struct ev_loop *ev, struct ev_idle *w, int revents)
{
	(void)ev;
	(void)w;
	(void)revents;
}

/*
 * A packet that is kept shall leave when it is due, not when we have woken: wake
 * earlier by what that takes, and look again and again for the rest.
 */
static uint64_t wake_for_lab(const struct loop *l, uint64_t at_us,
			     uint64_t now_us)
{
	if (at_us == USTACK_NEVER)
		return at_us;
	return at_us > now_us + l->late_us ? at_us - l->late_us : now_us;
}

/* What the laboratory kept comes in before the stack runs, and goes out behind
 * it; when to wake for what it still keeps.
 */
static uint64_t run_all(struct loop *l, uint64_t now_us)
{
	uint64_t lab_us = USTACK_NEVER;
	uint64_t stack_us;

	if (lab_busy(l->lab))
		lab_run(l->lab, now_us);
	stack_us = ustack_run(l->stack, now_us, RUN_BUDGET_PKTS);
	if (lab_busy(l->lab))
		lab_us = wake_for_lab(l, lab_run(l->lab, now_us), now_us);
	if (l->lab->blocked)
		l->blocked = true;
	return lab_us < stack_us ? lab_us : stack_us;
}

static void on_prepare(struct ev_loop *ev, struct ev_prepare *w, int revents)
{
	struct loop *l = w->data;
	uint64_t now_us = batch_now(l);
	uint64_t deadline_us;

	(void)revents;
	l->blocked = false;
	deadline_us = run_all(l, now_us);
	if (l->blocked)
		ev_io_start(ev, &l->writable);
	if (l->blocked && deadline_us <= now_us)
		deadline_us = now_us + BLOCKED_US;
	arm(l, now_us, deadline_us);
	l->now_us = 0;
}

/* ---------------------------------------------------------------------- set-up */

int loop_init(struct loop *l)
{
	l->timerfd = timerfd_create(CLOCK_MONOTONIC,
				    TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->timerfd < 0)
		return -errno;
	l->timer_at_us = USTACK_NEVER;
	l->timerfd_at_us = USTACK_NEVER;
	l->late_us = 0;
	l->now_us = 0;
	l->pkt = NULL;
	l->blocked = false;
	ev_io_init(&l->readable, on_tun, tun_fd(l->tun), EV_READ);
	ev_io_init(&l->writable, on_writable, tun_fd(l->tun), EV_WRITE);
	ev_io_init(&l->timer_fd, on_timerfd, l->timerfd, EV_READ);
	ev_timer_init(&l->timer, on_timer, 0., 0.);
	ev_timer_init(&l->pause, on_pause, 0., 0.);
	ev_prepare_init(&l->prepare, on_prepare);
	ev_idle_init(&l->idle, on_idle);
	l->readable.data = l;
	l->timer_fd.data = l;
	l->timer.data = l;
	l->pause.data = l;
	l->prepare.data = l;
	ev_io_start(l->ev, &l->readable);
	ev_io_start(l->ev, &l->timer_fd);
	ev_prepare_start(l->ev, &l->prepare);
	return 0;
}

void loop_fini(struct loop *l)
{
	ev_io_stop(l->ev, &l->readable);
	ev_io_stop(l->ev, &l->writable);
	ev_io_stop(l->ev, &l->timer_fd);
	ev_timer_stop(l->ev, &l->timer);
	ev_timer_stop(l->ev, &l->pause);
	ev_prepare_stop(l->ev, &l->prepare);
	ev_idle_stop(l->ev, &l->idle);
	if (l->pkt)
		ustack_pkt_free(l->stack, l->pkt);
	l->pkt = NULL;
	close(l->timerfd);
}
