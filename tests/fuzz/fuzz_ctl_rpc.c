/* SPDX-License-Identifier: MIT */
/*
 * fuzz_ctl_rpc.c - the control socket: any bytes, in any pieces
 *
 *	[ length, bytes ] [ length, bytes ] ...
 *
 * Each piece is written at once to a client's end of a real control socket; the
 * worker behind it is a real one whose thread has ended before it began, so that
 * its jobs run here.  Whatever comes, each answer is a line of JSON-RPC, and
 * nothing is left behind.
 */

#include "fuzz.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/ctl.h"
#include "daemon/ctl_int.h"
#include "daemon/log.h"
#include "daemon/tun.h"
#include "daemon/worker_int.h"

#define IDLE_TURNS 4
#define LINE_ROOM  (2 * CTL_REPLY_MAX)
#define ECHO_PORT  7

/**
 * struct rig - the daemon's side, and the client
 * @dir:	directory of the socket
 * @device:	the host's end of the device
 * @fd:		the client's end
 * @len:	bytes in @line
 * @line:	what the client has read and not looked at
 */
struct rig {
	char dir[64];
	struct config cfg;
	struct ev_loop *loop;
	struct worker *worker;
	struct ctl *ctl;
	int device;
	int fd;
	size_t len;
	char *line;
};

static void on_shutdown(void *arg)
{
	(void)arg;
}

static void configure(struct rig *r, int device)
{
	const uint8_t addr[] = { 10, 7, 0, 2 };
	struct config *cfg = &r->cfg;

	ustack_config_init(&cfg->stack);
	cfg->stack.mem_limit_bytes = 16u << 20;
	cfg->stack.max_conns = 16;
	cfg->stack.addr[0] = (struct ustack_prefix){ ustack_addr4(addr), 128 };
	cfg->stack.naddrs = 1;
	cfg->mtu = 1500;
	cfg->tun_fd = device;
	cfg->nservice = 1;
	cfg->service[0] = (struct config_service){ .name = "echo",
						   .type = "echo",
						   .port = ECHO_PORT,
						   .backlog = 16 };
	(void)snprintf(r->dir, sizeof(r->dir), "/tmp/ustack-fuzz.XXXXXX");
	FUZZ_CHECK(mkdtemp(r->dir), "%s: %s", r->dir, strerror(errno));
	(void)snprintf(cfg->ctl_socket, sizeof(cfg->ctl_socket), "%s/s",
		       r->dir);
}

static void dial(struct rig *r)
{
	int fd[2];

	FUZZ_CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd),
		   "socketpair: %s", strerror(errno));
	r->fd = fd[0];
	ctl_client_new(r->ctl, fd[1]);
}

static struct rig *set_up(void)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct ctl_args args = { .on_shutdown = on_shutdown };
	char err[256] = "";
	struct tun *tun;
	int fd[2];

	FUZZ_CHECK(r && !socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd),
		   "no memory, no socket");
	log_set_level(LOG_LVL_ERROR);
	r->device = fd[0];
	r->line = malloc(LINE_ROOM);
	configure(r, fd[1]);
	r->loop = ev_loop_new(EVFLAG_AUTO);
	tun = tun_open(&r->cfg, err, sizeof(err));
	FUZZ_CHECK(tun, "%s", err);
	r->worker = worker_new(&r->cfg, tun, r->loop, NULL);
	FUZZ_CHECK(r->worker && r->line, "out of memory");
	r->worker->ended = true;
	args.loop = r->loop;
	args.worker = r->worker;
	args.cfg = &r->cfg;
	r->ctl = ctl_new(&args, err, sizeof(err));
	FUZZ_CHECK(r->ctl, "%s", err);
	dial(r);
	return r;
}

static void tear_down(struct rig *r)
{
	(void)close(r->fd);
	(void)ev_run(r->loop, EVRUN_NOWAIT);
	worker_free(r->worker);
	ctl_free(r->ctl);
	ev_loop_destroy(r->loop);
	(void)close(r->device);
	FUZZ_CHECK(!rmdir(r->dir), "%s: %s", r->dir, strerror(errno));
	free(r->line);
	free(r);
}

/* A notification has a method, an answer a result or an error. */
static void check_answer(const char *line)
{
	cJSON *msg = cJSON_Parse(line);

	FUZZ_CHECK(msg, "no JSON: %s", line);
	FUZZ_CHECK(cJSON_HasObjectItem(msg, "jsonrpc"), "no JSON-RPC: %s",
		   line);
	FUZZ_CHECK(cJSON_HasObjectItem(msg, "result") +
				   cJSON_HasObjectItem(msg, "error") +
				   cJSON_HasObjectItem(msg, "method") ==
			   1,
		   "neither answer nor notification: %s", line);
	cJSON_Delete(msg);
}

static void check_lines(struct rig *r)
{
	char *nl;

	while ((nl = memchr(r->line, '\n', r->len))) {
		*nl++ = '\0';
		check_answer(r->line);
		r->len -= (size_t)(nl - r->line);
		memmove(r->line, nl, r->len);
	}
	FUZZ_CHECK(r->len < LINE_ROOM, "a line without end");
}

/* Let the daemon work, and listen to it; true if it said something. */
static bool turn(struct rig *r)
{
	ssize_t n;

	(void)ev_run(r->loop, EVRUN_NOWAIT);
	n = recv(r->fd, r->line + r->len, LINE_ROOM - r->len, MSG_DONTWAIT);
	if (n <= 0)
		return false;
	r->len += (size_t)n;
	check_lines(r);
	return true;
}

/* False when the daemon has hung up. */
static bool say(struct rig *r, const uint8_t *p, size_t len)
{
	while (len) {
		ssize_t n = send(r->fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN)
			return false;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
		(void)turn(r);
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	struct rig *r = set_up();
	bool open = true;

	while (open && in.left > 0) {
		size_t len = fuzz_u8(&in);
		const uint8_t *piece = fuzz_take(&in, &len);

		open = say(r, piece, len);
	}
	if (open)
		(void)say(r, (const uint8_t *)"\n", 1);
	for (int idle = 0; idle < IDLE_TURNS; idle++)
		if (turn(r))
			idle = 0;
	FUZZ_CHECK(r->len == 0, "half a line was said");
	tear_down(r);
	return 0;
}
