/* SPDX-License-Identifier: MIT */
/*
 * ctl_rig.c - the control socket between real clients and a pretended worker
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl_rig.h"

#include "daemon/ctl.h"
#include "daemon/log.h"
#include "daemon/svc/svc.h"

static void pretended_post(struct worker *w, struct job *j);
static struct ustack *pretended_stack(struct worker *w);
static struct history *pretended_history(struct worker *w);
static struct impair *pretended_impair(struct worker *w);
static struct capture *pretended_capture(struct worker *w);
static struct svc_set *pretended_svc(struct worker *w);
static void pretended_arm(struct worker *w);
static int pretended_close_conn(struct worker *w, struct ustack_conn c);
static const uint64_t *pretended_counters(const struct worker *w);
static int pretended_ping(struct worker *w, const struct ustack_ping_args *a,
			  struct worker_ping *p);
static const uint64_t *pretended_svc_counters(const struct worker *w);
static struct tun *pretended_tun(const struct worker *w);
static void pretended_set_level(struct worker *w, int level);
static void pretended_subscribe(struct worker *w, uint32_t mask);
static void pretended_set_sink(struct worker *w, const struct tap_sink *sink);
static void pretended_follow(struct worker *w, const struct history_follow *f,
			     uint32_t n);
static int pretended_watch(struct ustack *s, uint64_t id,
			   enum ustack_watch how);
static int pretended_dial(struct worker *w, struct dial *d,
			  const struct stream_connect_args *a);
static void pretended_tell(struct worker *w, struct job *j);
static void pretended_cut(struct dial *d);
static uint64_t pretended_lost(const struct worker *w);
static uint32_t pretended_services(const struct worker *w,
				   struct worker_service *out, uint32_t max);
static void pretended_tun_info(const struct tun *t, struct tun_info *info);
static uint32_t pretended_walk(struct ustack *s, uint64_t *cursor,
			       struct ustack_info *info, uint32_t n);
static int pretended_find(struct ustack *s, uint64_t id, struct ustack_conn *c);
static int pretended_info(struct ustack *s, struct ustack_conn c,
			  struct ustack_info *info);
static int pretended_end(struct ustack *s, struct ustack_conn c);
static void pretended_gauges(const struct ustack *s, struct ustack_gauges *g);

/* clang-format off */
#define worker_post	     pretended_post
#define worker_stack	     pretended_stack
#define worker_history	     pretended_history
#define worker_impair	     pretended_impair
#define worker_capture	     pretended_capture
#define worker_svc	     pretended_svc
#define worker_arm_ticks     pretended_arm
#define worker_close_conn    pretended_close_conn
#define worker_counters	     pretended_counters
#define worker_ping(w, a, p) pretended_ping(w, a, p)
#define worker_dial(w, d, a) pretended_dial(w, d, a)
#define worker_tell(w, j)    pretended_tell(w, j)
#define dial_cut	     pretended_cut
#define worker_svc_counters  pretended_svc_counters
#define worker_tun	     pretended_tun
#define worker_set_level     pretended_set_level
#define worker_subscribe     pretended_subscribe
#define worker_set_sink	     pretended_set_sink
#define worker_follow	     pretended_follow
#define ustack_watch(s, id, how) pretended_watch(s, id, how)
#define worker_events_lost   pretended_lost
#define worker_services	     pretended_services
#define worker_replaced(w)   ((uint64_t)((w) ? 3 : 0))
#define tun_info(t, i)	     pretended_tun_info(t, i)
#define ustack_walk	     pretended_walk
#define ustack_find	     pretended_find
#define ustack_info(s, c, i) pretended_info(s, c, i)
#define ustack_abort	     pretended_end
#define ustack_close	     pretended_end
#define ustack_gauges(s, g)  pretended_gauges(s, g)

/* clang-format on */

/* The originals' names may be taken by other tests' objects. */
#define ctl_new	  tested_ctl_new
#define ctl_free  tested_ctl_free
#define ctl_probe tested_ctl_probe

#include "daemon/ctl.c"
#include "daemon/ctl_capture.c"
#include "daemon/ctl_capture_life.c"
#include "daemon/ctl_client.c"
#include "daemon/ctl_cmds.c"
#include "daemon/ctl_config.c"
#include "daemon/ctl_connect.c"
#include "daemon/ctl_connect_life.c"
#include "daemon/ctl_connect_tls.c"
#include "daemon/ctl_conns.c"
#include "daemon/ctl_events.c"
#include "daemon/ctl_fault.c"
#include "daemon/ctl_impair.c"
#include "daemon/ctl_impair_get.c"
#include "daemon/ctl_ping.c"
#include "daemon/ctl_reload.c"
#include "daemon/ctl_rpc.c"
#include "daemon/ctl_tls.c"
#include "daemon/ctl_trace.c"

#define TURNS_MAX 50

struct ctl_rig rig;

/* ------------------------------------------------------ pretended worker */

static void pretended_post(struct worker *w, struct job *j)
{
	struct job **last = &w->first;

	while (*last)
		last = &(*last)->next;
	j->next = NULL;
	*last = j;
}

void rig_run_jobs(void)
{
	struct job *j;

	while ((j = rig.worker.first)) {
		rig.worker.first = j->next;
		j->run(j, &rig.worker);
		j->done(j);
	}
}

static struct ustack *pretended_stack(struct worker *w)
{
	return (struct ustack *)(void *)w;
}

static struct history *pretended_history(struct worker *w)
{
	return w->history;
}

static struct impair *pretended_impair(struct worker *w)
{
	return w->impair;
}

static struct capture *pretended_capture(struct worker *w)
{
	return &w->capture;
}

static struct svc_set *pretended_svc(struct worker *w)
{
	return w->services;
}

static int pretended_close_conn(struct worker *w, struct ustack_conn c)
{
	return ustack_close(worker_stack(w), c);
}

static void pretended_arm(struct worker *w)
{
	w->ticks = svc_set_ticks(w->services);
}

static const uint64_t *pretended_counters(const struct worker *w)
{
	return w->counters;
}

static int pretended_ping(struct worker *w, const struct ustack_ping_args *a,
			  struct worker_ping *p)
{
	w->ping_args = *a;
	if (!w->ping_rc)
		w->ping = p;
	return w->ping_rc;
}

void rig_pong(const struct ustack_pong *pong)
{
	struct worker_ping *p = rig.worker.ping;

	rig.worker.ping = NULL;
	p->pong = *pong;
	p->over.done(&p->over);
}

static int pretended_dial(struct worker *w, struct dial *d,
			  const struct stream_connect_args *a)
{
	w->dial_args = *a;
	if (!w->dial_rc)
		w->dial = d;
	return w->dial_rc;
}

static void pretended_tell(struct worker *w, struct job *j)
{
	(void)w;
	j->done(j);
}

void rig_opened(void)
{
	rig.worker.dial->is_open = true;
	rig.worker.dial->opened(rig.worker.dial);
	rig_turn();
}

static void end_dial(struct dial *d, int end)
{
	(void)close(d->fd);
	d->is_over = true;
	d->end = end;
	d->over(d);
}

void rig_over(int end)
{
	struct dial *d = rig.worker.dial;

	rig.worker.dial = NULL;
	end_dial(d, end);
	rig_turn();
}

static void pretended_cut(struct dial *d)
{
	rig.worker.cuts++;
	if (!d->is_over)
		end_dial(d, -ERR_CONNABORTED);
}

static const uint64_t *pretended_svc_counters(const struct worker *w)
{
	return w->svc_counters;
}

static struct tun *pretended_tun(const struct worker *w)
{
	(void)w;
	return NULL;
}

static void pretended_set_level(struct worker *w, int level)
{
	w->level = level;
}

static void pretended_subscribe(struct worker *w, uint32_t mask)
{
	w->mask = mask;
}

static void pretended_set_sink(struct worker *w, const struct tap_sink *sink)
{
	w->sink = *sink;
}

static void pretended_follow(struct worker *w, const struct history_follow *f,
			     uint32_t n)
{
	history_follow(w->history, f, n);
	w->follows = n;
}

/* The stack keeps no record: connections are there or not. */
static int pretended_watch(struct ustack *s, uint64_t id, enum ustack_watch how)
{
	(void)s;
	(void)how;
	return id && id <= rig.worker.conns ? 0 : -ERR_NOENT;
}

static uint64_t pretended_lost(const struct worker *w)
{
	(void)w;
	return 0;
}

static uint32_t pretended_services(const struct worker *w,
				   struct worker_service *out, uint32_t max)
{
	(void)w;
	(void)max;
	out[0] = (struct worker_service){ .name = "echo",
					  .type = "echo",
					  .port = 7,
					  .open = 2 };
	out[1] = (struct worker_service){ .name = "web",
					  .type = "forward",
					  .port = 80,
					  .target = "tcp:localhost:8080" };
	return 2;
}

static void pretended_tun_info(const struct tun *t, struct tun_info *info)
{
	(void)t;
	*info = (struct tun_info){ .ifname = "ustack0",
				   .mode = "csum+tso",
				   .mtu = 1500 };
}

/* Connections are numbered from 1. */
static struct ustack_info conn_of(uint64_t id)
{
	return (struct ustack_info){
		.id = id,
		.conn = { .index = (uint32_t)id, .gen = 1 },
		.state = id % 2 ? USTACK_TIME_WAIT : USTACK_ESTABLISHED,
		.local = ustack_addr4((const uint8_t[4]){ 10, 7, 0, 2 }),
		.remote = ustack_addr4((const uint8_t[4]){ 10, 7, 0, 1 }),
		.lport = id % 2 ? RIG_WAIT_PORT : RIG_ESTAB_PORT,
		.rport = 40000,
		.cc = "reno",
		.cc_state = "open",
		.mss = 1448,
		.ssthresh = UINT32_MAX,
	};
}

static uint32_t pretended_walk(struct ustack *s, uint64_t *cursor,
			       struct ustack_info *info, uint32_t n)
{
	uint32_t i;

	(void)s;
	for (i = 0; i < n && *cursor < rig.worker.conns; i++)
		info[i] = conn_of(++*cursor);
	return i;
}

static int pretended_find(struct ustack *s, uint64_t id, struct ustack_conn *c)
{
	(void)s;
	*c = (struct ustack_conn){ .index = (uint32_t)id, .gen = 1 };
	return id && id <= rig.worker.conns ? 0 : -ERR_NOENT;
}

static int pretended_info(struct ustack *s, struct ustack_conn c,
			  struct ustack_info *info)
{
	(void)s;
	*info = conn_of(c.index);
	return 0;
}

static int pretended_end(struct ustack *s, struct ustack_conn c)
{
	(void)s;
	(void)c;
	rig.worker.ended++;
	return 0;
}

static void pretended_gauges(const struct ustack *s, struct ustack_gauges *g)
{
	(void)s;
	*g = (struct ustack_gauges){ .mem_limit = 1 << 20 };
}

/* -------------------------------------------------------- the socket's side */

static void on_shutdown(void *arg)
{
	(void)arg;
	rig.shutdowns++;
}

static bool on_reload(void *arg, struct reload_result *res)
{
	(void)arg;
	*res = rig.reload;
	return !res->error[0];
}

struct ctl *rig_open_ctl(char *err, size_t errlen)
{
	return ctl_new(&(struct ctl_args){ .loop = rig.loop,
					   .worker = &rig.worker,
					   .cfg = &rig.cfg,
					   .on_reload = on_reload,
					   .on_shutdown = on_shutdown },
		       err, errlen);
}

static void *host_alloc_table(void *ctx, size_t len)
{
	(void)ctx;
	return aligned_alloc(64, (len + 63) / 64 * 64);
}

static void host_free_table(void *ctx, void *p, size_t len)
{
	(void)ctx;
	(void)len;
	free(p);
}

/* A real engine, which is shown no packet. */
static struct impair *new_impair(void)
{
	const struct impair_args a = { .host = { .alloc = host_alloc_table,
						 .free = host_free_table },
				       .seed = 1 };

	return impair_new(&a);
}

static void host_random(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	memset(buf, 7, len);
}

static int host_output(void *ctx, struct ustack_pkt *p)
{
	(void)ctx;
	(void)p;
	return 0;
}

/* No services, on a stack without packets: enough to have faults. */
static struct svc_set *new_services(void)
{
	const struct ustack_host host = { .output = host_output,
					  .random = host_random,
					  .alloc = host_alloc_table,
					  .free = host_free_table };
	struct ustack_config cfg;
	char err[128];

	ustack_config_init(&cfg);
	cfg.addr[0].addr = ustack_addr4((const uint8_t[]){ 10, 7, 0, 2 });
	cfg.addr[0].len = 128;
	cfg.naddrs = 1;
	rig.stack = ustack_new(&cfg, &host, 1);
	ck_assert_ptr_nonnull(rig.stack);
	return svc_set_new(&(struct svc_args){ .stack = rig.stack }, NULL, 0,
			   err, sizeof(err));
}

void rig_setup(void)
{
	char err[256];

	log_set_level(LOG_LVL_ERROR);
	(void)snprintf(rig.dir, sizeof(rig.dir), "/tmp/ustack-test-ctl.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(rig.dir));
	(void)snprintf(rig.cfg.ctl_socket, sizeof(rig.cfg.ctl_socket),
		       "%s/run/control.sock", rig.dir);
	rig.loop = ev_loop_new(EVFLAG_AUTO);
	rig.worker.history = history_new(HISTORY_CONNS);
	rig.worker.impair = new_impair();
	rig.worker.services = new_services();
	rig.ctl = rig_open_ctl(err, sizeof(err));
	ck_assert_msg(rig.ctl, "%s", err);
}

void rig_teardown(void)
{
	char dir[80];

	if (rig.ctl)
		ctl_free(rig.ctl);
	rig_run_jobs();
	ev_loop_destroy(rig.loop);
	history_free(rig.worker.history);
	impair_free(rig.worker.impair);
	svc_set_free(rig.worker.services);
	ustack_free(rig.stack);
	(void)snprintf(dir, sizeof(dir), "%s/run", rig.dir);
	ck_assert_int_eq(rmdir(dir), 0); /* the socket is gone */
	ck_assert_int_eq(rmdir(rig.dir), 0);
}

/* Let the daemon's side work until it has nothing to do. */
void rig_turn(void)
{
	for (int i = 0; i < 4; i++) {
		ev_run(rig.loop, EVRUN_NOWAIT);
		if (!rig.worker.hold)
			rig_run_jobs();
	}
}

int rig_dial(void)
{
	struct sockaddr_un sa;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert(fill_address(&sa, rig.cfg.ctl_socket));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	rig_turn();
	return fd;
}

void rig_say(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			return; /* hung up: the test will see */
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
		rig_turn();
	}
}

/* A line from the daemon in rig.line; false when it hung up or says nothing. */
bool rig_hear(int fd)
{
	size_t len = 0;

	for (int i = 0; i < TURNS_MAX;) {
		ssize_t n = recv(fd, rig.line + len, RIG_LINE_ROOM - len,
				 MSG_DONTWAIT | MSG_PEEK);
		char *nl;

		if (n == 0)
			return false;
		if (n < 0) {
			rig_turn();
			i++;
			continue;
		}
		nl = memchr(rig.line + len, '\n', (size_t)n);
		if (nl)
			n = nl + 1 - (rig.line + len);
		n = recv(fd, rig.line + len, (size_t)n, MSG_DONTWAIT);
		ck_assert_int_gt(n, 0);
		len += (size_t)n;
		if (nl) {
			rig.line[len - 1] = '\0';
			return true;
		}
		ck_assert_uint_lt(len, RIG_LINE_ROOM);
	}
	return false;
}

bool rig_hung_up(int fd)
{
	char byte;
	ssize_t n;

	rig_turn();
	n = recv(fd, &byte, 1, MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno == ECONNRESET);
}

/* ------------------------------------------------------------ for the tests */

void rig_free_ctl(void)
{
	ctl_free(rig.ctl);
	rig.ctl = NULL;
}

int rig_probe(void)
{
	return ctl_probe(rig.cfg.ctl_socket);
}

void rig_leave_stale(void)
{
	struct sockaddr_un sa;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert(fill_address(&sa, rig.cfg.ctl_socket));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	(void)close(fd); /* its file stays */
}

TCase *rig_case(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, rig_setup, rig_teardown);
	tcase_set_timeout(tc, 30);
	suite_add_tcase(s, tc);
	return tc;
}
