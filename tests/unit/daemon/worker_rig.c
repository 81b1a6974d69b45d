/* SPDX-License-Identifier: MIT */
/*
 * worker_rig.c - a worker for tests, and its surroundings
 */

#include "worker_rig.h"

#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Callbacks of a worker get nothing but the worker. */
static struct worker_rig *self;

static void on_patience(struct ev_loop *loop, struct ev_timer *t, int revents)
{
	(void)loop;
	(void)t;
	(void)revents;
	ck_abort_msg("nothing happens any more");
}

void worker_rig_stopped(struct worker *w)
{
	(void)w;
	self->ends++;
	ev_break(self->loop, EVBREAK_ALL);
}

void worker_rig_failed(struct worker *w)
{
	(void)w;
	self->failures++;
	ev_break(self->loop, EVBREAK_ALL);
}

static void config_init(struct config *cfg, int fd)
{
	const uint8_t addr[4] = { 10, 7, 0, 2 };

	memset(cfg, 0, sizeof(*cfg));
	ustack_config_init(&cfg->stack);
	cfg->stack.addr[0] = (struct ustack_prefix){ ustack_addr4(addr), 128 };
	cfg->stack.naddrs = 1;
	cfg->mtu = 1500;
	cfg->tun_fd = fd;
	cfg->nservice = 1;
	cfg->service[0] = (struct config_service){ .name = "echo",
						   .type = "echo",
						   .port = 7,
						   .backlog = 16 };
}

void worker_rig_init(struct worker_rig *w)
{
	char err[256] = "";
	struct tun *tun;
	int fd[2];

	signal(SIGPIPE, SIG_IGN);
	memset(w, 0, sizeof(*w));
	self = w;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	w->peer = fd[0];
	config_init(&w->cfg, fd[1]);
	w->loop = ev_loop_new(EVFLAG_AUTO);
	ev_timer_init(&w->patience, on_patience, WORKER_RIG_PATIENCE_S, 0.);
	ev_timer_start(w->loop, &w->patience);
	tun = tun_open(&w->cfg, err, sizeof(err));
	ck_assert_msg(tun != NULL, "%s", err);
	w->worker = worker_new(&w->cfg, tun, w->loop, NULL);
	ck_assert_ptr_nonnull(w->worker);
}

void worker_rig_stop(struct worker_rig *w)
{
	worker_drain(w->worker, 1000000u, worker_rig_stopped);
	ev_run(w->loop, 0);
	ck_assert_int_eq(w->ends, 1);
}

void worker_rig_fini(struct worker_rig *w)
{
	worker_free(w->worker);
	ev_loop_destroy(w->loop);
	if (w->peer >= 0)
		close(w->peer);
}
