/* SPDX-License-Identifier: MIT */
/*
 * pump.c - from the daemon's pipe to standard output, until it ends
 *
 * Standard output belongs to others too and stays blocking; so it is written
 * to only when it has room, and never more at once than room for certain.
 * A signal is heard even when nobody takes what is written.
 */

#include "pump.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void chosen_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

bool pump_init(struct pump *p, int from)
{
	sigset_t set;

	chosen_signals(&set);
	p->from = from;
	p->len = 0;
	p->off = 0;
	p->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return p->signals >= 0 && !sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Take the signal; another one ends the program. */
static void on_signal(struct pump *p)
{
	struct signalfd_siginfo info;
	sigset_t set;

	(void)!read(p->signals, &info, sizeof(info));
	(void)close(p->signals);
	p->signals = -1;
	chosen_signals(&set);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Read more; false at the end. */
static bool fill(struct pump *p)
{
	ssize_t n = read(p->from, p->buf, sizeof(p->buf));

	p->off = 0;
	p->len = n > 0 ? (size_t)n : 0;
	return n > 0 || (n < 0 && errno == EINTR);
}

/* Write what there is certainly room for; false, it failed. */
static bool drain(struct pump *p)
{
	size_t left = p->len - p->off;
	ssize_t n = write(STDOUT_FILENO, p->buf + p->off,
			  left < PIPE_BUF ? left : PIPE_BUF);

	if (n > 0)
		p->off += (size_t)n;
	return n > 0 || errno == EINTR || errno == EAGAIN;
}

enum pump_state pump_run(struct pump *p)
{
	for (;;) {
		bool full = p->off < p->len;
		struct pollfd fds[] = {
			{ .fd = p->signals, .events = POLLIN },
			{ .fd = full ? STDOUT_FILENO : p->from,
			  .events = full ? POLLOUT : POLLIN },
		};

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return PUMP_FAILED;
		if (fds[0].revents) {
			on_signal(p);
			return PUMP_SIGNAL;
		}
		if (!fds[1].revents)
			continue;
		if (full && !drain(p))
			return PUMP_FAILED;
		if (!full && !fill(p))
			return PUMP_END;
	}
}
