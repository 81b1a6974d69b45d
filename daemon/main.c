/* SPDX-License-Identifier: MIT */
/*
 * main.c - ustackd: starts the parts in order, and stops them
 *
 *	configuration, log	nothing of the host has been touched
 *	control socket		free, or handed over: another daemon is refused before
 *				any interface
 *	credentials		read, or made at the first start
 *	interface		needs CAP_NET_ADMIN, unless it is handed over
 *	stack, services
 *	control socket
 *	sandbox			files and powers that are not needed any more
 *	worker's thread		packets flow
 *	sandbox			system calls that are not needed: ready
 *
 * The main thread then has signals, the control socket and the log, and the
 * worker all packets.  The first SIGTERM or SIGINT closes connections within
 * [control] shutdown-timeout; the second one, at once.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "activation.h"
#include "addr.h"
#include "args.h"
#include "config.h"
#include "ctl.h"
#include "log.h"
#include "notify.h"
#include "reload.h"
#include "sandbox.h"
#include "stack/base/assert.h"
#include "tls_files.h"
#include "tun.h"
#include "watchdog.h"
#include "worker.h"

#define EXIT_USAGE    2
#define ERR_TEXT_MAX  1024
#define LINE_TEXT_MAX 1024

/**
 * struct daemon - the one daemon of this process
 * @cfg:	configuration in force
 * @source:	where it comes from
 * @sandbox:	what was given up
 * @tls:	credentials
 * @reload:	what can be read again
 * @loop:	the main thread's loop
 * @worker:	the worker, NULL = not made yet
 * @ctl:	the control socket, NULL = not made yet
 * @listen_fd:	control socket that was handed over, 0 = none
 * @term:	SIGTERM
 * @intr:	SIGINT
 * @hup:	SIGHUP
 * @watchdog:	tells systemd that the worker works
 * @stopping:	connections are being closed
 * @failed:	the exit status is a failure's
 */
struct daemon {
	struct config cfg;
	struct config_source source;
	struct sandbox sandbox;
	struct tls_files tls;
	struct reload reload;
	struct ev_loop *loop;
	struct worker *worker;
	struct ctl *ctl;
	int listen_fd;
	struct ev_signal term;
	struct ev_signal intr;
	struct ev_signal hup;
	struct watchdog watchdog;
	bool stopping;
	bool failed;
};

static struct daemon self;

void ustack_assert_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "ustackd: %s:%d: assertion failed: %s\n", file, line,
		what);
	abort();
}

/* ----------------------------------------------------------------- stopping */

static void on_stopped(struct worker *w)
{
	(void)w;
	ev_break(self.loop, EVBREAK_ALL);
}

static void on_failed(struct worker *w)
{
	(void)w;
	self.failed = true;
	ev_break(self.loop, EVBREAK_ALL);
}

/* Asked to stop: gracefully the first time, at once the second. */
static void stop(const char *who)
{
	uint64_t timeout_us = self.stopping ? 0 : self.cfg.shutdown_timeout_us;

	log_msg(LOG_LVL_INFO, "%s: %s", who,
		self.stopping ? "stopping at once" : "closing connections");
	if (!self.stopping)
		notify("STOPPING=1\nSTATUS=closing connections");
	self.stopping = true;
	worker_drain(self.worker, timeout_us, on_stopped);
}

static void on_shutdown(void *arg)
{
	(void)arg;
	stop("shutdown by control socket");
}

static void on_signal(struct ev_loop *loop, struct ev_signal *w, int revents)
{
	(void)loop;
	(void)revents;
	stop(w->signum == SIGINT ? "SIGINT" : "SIGTERM");
}

static void on_hup(struct ev_loop *loop, struct ev_signal *w, int revents)
{
	struct reload_result res;

	(void)loop;
	(void)w;
	(void)revents;
	(void)reload_now(&self.reload, "SIGHUP", &res);
}

static bool on_reload(void *arg, struct reload_result *res)
{
	(void)arg;
	return reload_now(&self.reload, "reload by control socket", res);
}

static void watch_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a capture has grown beyond ulimit -f */
	ev_signal_init(&self.term, on_signal, SIGTERM);
	ev_signal_init(&self.intr, on_signal, SIGINT);
	ev_signal_init(&self.hup, on_hup, SIGHUP);
	ev_signal_start(self.loop, &self.term);
	ev_signal_start(self.loop, &self.intr);
	ev_signal_start(self.loop, &self.hup);
}

/* ----------------------------------------------------------------- starting */

/* Add to a line, as far as there is room. */
__attribute__((format(printf, 2, 3))) static void add(char line[LINE_TEXT_MAX],
						      const char *fmt, ...)
{
	size_t used = strlen(line);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line + used, LINE_TEXT_MAX - used, fmt, ap);
	va_end(ap);
}

static void tell_ready(void)
{
	const struct config *cfg = &self.cfg;
	char line[LINE_TEXT_MAX] = "";
	char addr[ADDR_PREFIX_MAX];
	struct tun_info info;

	tun_info(worker_tun(self.worker), &info);
	add(line, "ready: %s (%s), stack", info.ifname, info.mode);
	for (uint32_t i = 0; i < cfg->stack.naddrs; i++)
		add(line, " %s", addr_prefix_text(&cfg->stack.addr[i], addr));
	add(line, "; services");
	for (uint32_t i = 0; i < cfg->nservice; i++)
		add(line, " %s:%u", cfg->service[i].name, cfg->service[i].port);
	add(line, "; control %s", cfg->ctl_socket);
	log_msg(LOG_LVL_INFO, "%s", line);
	notify("READY=1\nSTATUS=ready");
}

/* Each connection that is carried to or from a descriptor of the host costs one. */
static void raise_descriptors(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		return;
	lim.rlim_cur = lim.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &lim);
}

/* The worker and its services, on an interface; 0, or -1. */
static int start_worker(char *err, size_t errlen)
{
	struct tun *tun;

	if (tls_files_load(&self.tls, &self.cfg, TLS_FILES_START, err, errlen) <
	    0)
		return -1;
	tun = tun_open(&self.cfg, err, errlen);
	if (!tun)
		return -1;
	self.worker = worker_new(&self.cfg, tun, self.loop, self.tls.ctx);
	if (!self.worker)
		return -1;
	worker_on_failure(self.worker, on_failed);
	self.reload = (struct reload){ .cfg = &self.cfg,
				       .source = &self.source,
				       .worker = self.worker,
				       .tls = &self.tls };
	return 0;
}

/* A control socket that was handed over, or a place for one; 0, or -1. */
static int find_socket(char *err, size_t errlen)
{
	const char *path = self.cfg.ctl_socket;

	self.listen_fd = activation_take(path, err, errlen);
	if (self.listen_fd)
		return self.listen_fd > 0 ? 0 : -1;
	if (ctl_probe(path) <= 0)
		return 0;
	(void)snprintf(err, errlen,
		       "%s: a daemon answers there already; stop it, or choose "
		       "another [control] socket",
		       path);
	return -1;
}

/* Make what the daemon consists of; 0, or -1 with the reason logged. */
static int start_parts(void)
{
	char err[ERR_TEXT_MAX] = "";
	int rc;

	raise_descriptors();
	if (find_socket(err, sizeof(err)) || start_worker(err, sizeof(err))) {
		if (err[0]) /* worker_new() says so itself */
			log_msg(LOG_LVL_ERROR, "%s", err);
		return -1;
	}
	self.ctl = ctl_new(&(struct ctl_args){ .loop = self.loop,
					       .worker = self.worker,
					       .cfg = &self.cfg,
					       .listen_fd = self.listen_fd,
					       .sandbox = &self.sandbox,
					       .tls = &self.tls,
					       .on_reload = on_reload,
					       .on_shutdown = on_shutdown },
			   err, sizeof(err));
	if (!self.ctl) {
		log_msg(LOG_LVL_ERROR, "%s", err);
		return -1;
	}
	if (self.cfg.sandbox)
		sandbox_confine(&self.sandbox, &self.cfg, self.source.path);
	rc = worker_start(self.worker);
	if (rc)
		log_msg(LOG_LVL_ERROR, "worker: %s", strerror(-rc));
	else if (self.cfg.sandbox)
		sandbox_lock(&self.sandbox);
	return rc ? -1 : 0;
}

/* Jobs on their way end at the control socket: the worker goes first. */
static void stop_parts(void)
{
	watchdog_stop(&self.watchdog);
	worker_free(self.worker);
	if (self.ctl)
		ctl_free(self.ctl);
	tls_files_free(&self.tls);
}

/* ustackd -t: what only shows when files are read, then all of it. */
static int check(void)
{
	char err[ERR_TEXT_MAX];
	int rc = tls_files_load(&self.tls, &self.cfg, TLS_FILES_CHECK, err,
				sizeof(err));

	if (rc < 0)
		(void)fprintf(stderr, "%s\n", err);
	else
		config_print(&self.cfg, stdout);
	tls_files_free(&self.tls);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(void)
{
	log_open(&self.cfg); /* says itself when it falls back to stderr */
	self.loop = ev_default_loop(EVFLAG_AUTO);
	if (!self.loop) {
		log_msg(LOG_LVL_ERROR, "libev: no event loop");
		return EXIT_FAILURE;
	}
	watch_signals();
	if (start_parts()) {
		self.failed = true;
		stop_parts();
	} else {
		tell_ready();
		watchdog_start(&self.watchdog, self.loop, self.worker);
		ev_run(self.loop, 0);
		stop_parts();
		log_msg(LOG_LVL_INFO, "stopped");
	}
	log_close();
	return self.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static struct args args; /* the source's strings, for life */

	if (args_parse(&args, argc, argv, stderr))
		return EXIT_USAGE;
	if (args.action == ARGS_HELP) {
		args_usage(stdout);
		return EXIT_SUCCESS;
	}
	if (args.action == ARGS_VERSION) {
		puts("ustackd " USTACK_VERSION);
		return EXIT_SUCCESS;
	}
	self.source = (struct config_source){ .path = args.path,
					      .override = args.override,
					      .noverride = args.noverride,
					      .tun_fd = args.tun_fd };
	if (config_load(&self.cfg, &self.source, stderr))
		return args.action == ARGS_CHECK ? EXIT_FAILURE : EXIT_USAGE;
	return args.action == ARGS_CHECK ? check() : run();
}
