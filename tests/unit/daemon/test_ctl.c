/* SPDX-License-Identifier: MIT */
/*
 * test_ctl.c - the control socket against real clients and a pretended worker
 *
 * Method: the control socket's own files are compiled in here once more, with
 * the worker's and the stack's calls renamed to the pretended ones below.  The
 * pretended worker holds jobs until the test lets them go, so that a client
 * can vanish at any moment; its stack has as many connections as the test says.
 */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/ctl.h"
#include "daemon/log.h"
#include "daemon/tun.h"
#include "daemon/worker.h"
#include "suites.h"

static void pretended_post(struct worker *w, struct job *j);
static struct ustack *pretended_stack(struct worker *w);
static const uint64_t *pretended_counters(const struct worker *w);
static struct tun *pretended_tun(const struct worker *w);
static void pretended_set_level(struct worker *w, int level);
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

#define worker_post	   pretended_post
#define worker_stack	   pretended_stack
#define worker_counters	   pretended_counters
#define worker_tun	   pretended_tun
#define worker_set_level   pretended_set_level
#define worker_events_lost pretended_lost
#define worker_services	   pretended_services
#define tun_info(t, i)	   pretended_tun_info(t, i)
#define ustack_walk	   pretended_walk
#define ustack_find	   pretended_find
#define ustack_info(s, c, i) pretended_info(s, c, i)
#define ustack_abort	   pretended_end
#define ustack_close	   pretended_end
#define ustack_gauges(s, g) pretended_gauges(s, g)

/* The originals' names may be taken by other tests' objects. */
#define ctl_new	  tested_ctl_new
#define ctl_free  tested_ctl_free
#define ctl_probe tested_ctl_probe

#include "daemon/ctl.c"
#include "daemon/ctl_client.c"
#include "daemon/ctl_cmds.c"
#include "daemon/ctl_conns.c"
#include "daemon/ctl_rpc.c"

#define LINE_ROOM  (CTL_REPLY_MAX + 1)
#define TURNS_MAX  50
#define ESTAB_PORT 7
#define WAIT_PORT  9

/* ------------------------------------------------------ pretended worker */

/**
 * struct worker - holds jobs, and what the test says there is
 * @first:	jobs, in order
 * @hold:	they stay there
 * @conns:	connections; odd ones are in TIME-WAIT
 * @ended:	connections aborted or closed
 * @level:	last worker_set_level()
 * @counters:	the stack's
 */
struct worker {
	struct job *first;
	bool hold;
	uint32_t conns;
	uint32_t ended;
	int level;
	uint64_t counters[USTACK_COUNTERS_MAX];
};

static struct worker the_worker;

static void pretended_post(struct worker *w, struct job *j)
{
	struct job **last = &w->first;

	while (*last)
		last = &(*last)->next;
	j->next = NULL;
	*last = j;
}

static void run_jobs(void)
{
	struct job *j;

	while ((j = the_worker.first)) {
		the_worker.first = j->next;
		j->run(j, &the_worker);
		j->done(j);
	}
}

static struct ustack *pretended_stack(struct worker *w)
{
	return (struct ustack *)(void *)w;
}

static const uint64_t *pretended_counters(const struct worker *w)
{
	return w->counters;
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
	out[0] = (struct worker_service){ .name = "echo", .type = "echo",
					  .port = 7, .open = 2 };
	return 1;
}

static void pretended_tun_info(const struct tun *t, struct tun_info *info)
{
	(void)t;
	*info = (struct tun_info){ .ifname = "ustack0", .mode = "csum+tso" };
}

/* Connections are numbered from 1. */
static struct ustack_info conn_of(uint64_t id)
{
	return (struct ustack_info){
		.id = id,
		.state = id % 2 ? USTACK_TIME_WAIT : USTACK_ESTABLISHED,
		.local = ustack_addr4((const uint8_t[4]){ 10, 7, 0, 2 }),
		.remote = ustack_addr4((const uint8_t[4]){ 10, 7, 0, 1 }),
		.lport = id % 2 ? WAIT_PORT : ESTAB_PORT,
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
	for (i = 0; i < n && *cursor < the_worker.conns; i++)
		info[i] = conn_of(++*cursor);
	return i;
}

static int pretended_find(struct ustack *s, uint64_t id, struct ustack_conn *c)
{
	(void)s;
	*c = (struct ustack_conn){ .index = (uint32_t)id, .gen = 1 };
	return id && id <= the_worker.conns ? 0 : -ERR_NOENT;
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
	the_worker.ended++;
	return 0;
}

static void pretended_gauges(const struct ustack *s, struct ustack_gauges *g)
{
	(void)s;
	*g = (struct ustack_gauges){ .mem_limit = 1 << 20 };
}

/* ---------------------------------------------------------------- fixture */

static struct {
	char dir[64];
	struct config cfg;
	struct ev_loop *loop;
	struct ctl *ctl;
	int shutdowns;
	char line[LINE_ROOM];
} t;

static void on_shutdown(void *arg)
{
	(void)arg;
	t.shutdowns++;
}

static struct ctl *open_ctl(char *err, size_t errlen)
{
	return ctl_new(t.loop, &the_worker, &t.cfg, on_shutdown, NULL, err,
		       errlen);
}

static void setup(void)
{
	char err[256];

	log_set_level(LOG_LVL_ERROR);
	(void)snprintf(t.dir, sizeof(t.dir), "/tmp/ustack-test-ctl.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(t.dir));
	(void)snprintf(t.cfg.ctl_socket, sizeof(t.cfg.ctl_socket),
		       "%s/run/control.sock", t.dir);
	t.loop = ev_loop_new(EVFLAG_AUTO);
	t.ctl = open_ctl(err, sizeof(err));
	ck_assert_msg(t.ctl, "%s", err);
}

static void teardown(void)
{
	char dir[80];

	if (t.ctl)
		ctl_free(t.ctl);
	run_jobs();
	ev_loop_destroy(t.loop);
	(void)snprintf(dir, sizeof(dir), "%s/run", t.dir);
	ck_assert_int_eq(rmdir(dir), 0);	/* the socket is gone */
	ck_assert_int_eq(rmdir(t.dir), 0);
}

/* Let the daemon's side work until it has nothing to do. */
static void turn(void)
{
	for (int i = 0; i < 4; i++) {
		ev_run(t.loop, EVRUN_NOWAIT);
		if (!the_worker.hold)
			run_jobs();
	}
}

static int dial(void)
{
	struct sockaddr_un sa;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert(fill_address(&sa, t.cfg.ctl_socket));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	turn();
	return fd;
}

static void say(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			return;		/* hung up: the test will see */
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
		turn();
	}
}

/* A line from the daemon in t.line; false when it hung up or says nothing. */
static bool hear(int fd)
{
	size_t len = 0;

	for (int i = 0; i < TURNS_MAX;) {
		ssize_t n = recv(fd, t.line + len, LINE_ROOM - len,
				 MSG_DONTWAIT | MSG_PEEK);
		char *nl;

		if (n == 0)
			return false;
		if (n < 0) {
			turn();
			i++;
			continue;
		}
		nl = memchr(t.line + len, '\n', (size_t)n);
		if (nl)
			n = nl + 1 - (t.line + len);
		n = recv(fd, t.line + len, (size_t)n, MSG_DONTWAIT);
		ck_assert_int_gt(n, 0);
		len += (size_t)n;
		if (nl) {
			t.line[len - 1] = '\0';
			return true;
		}
		ck_assert_uint_lt(len, LINE_ROOM);
	}
	return false;
}

static bool hung_up(int fd)
{
	char byte;
	ssize_t n;

	turn();
	n = recv(fd, &byte, 1, MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno == ECONNRESET);
}

/* Ask and parse the answer. */
static cJSON *ask(int fd, const char *text)
{
	cJSON *reply;

	say(fd, text, strlen(text));
	say(fd, "\n", 1);
	ck_assert_msg(hear(fd), "no answer to %s", text);
	reply = cJSON_Parse(t.line);
	ck_assert_msg(reply, "no JSON: %s", t.line);
	return reply;
}

static const cJSON *at(const cJSON *obj, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(obj, key);
}

#define RPC(method, params) \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":" params "}"

/* ----------------------------------------------------------------- socket */

START_TEST(live_socket_is_refused)
{
	char err[256] = "";

	ck_assert_int_eq(ctl_probe(t.cfg.ctl_socket), 1);
	ck_assert_ptr_null(open_ctl(err, sizeof(err)));
	ck_assert_ptr_nonnull(strstr(err, "answers there"));
}
END_TEST

START_TEST(stale_socket_is_taken_over)
{
	struct sockaddr_un sa;
	char err[256];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ctl_free(t.ctl);
	ck_assert_int_eq(ctl_probe(t.cfg.ctl_socket), 0);
	ck_assert(fill_address(&sa, t.cfg.ctl_socket));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	(void)close(fd);	/* its file stays */
	ck_assert_int_eq(ctl_probe(t.cfg.ctl_socket), 0);
	t.ctl = open_ctl(err, sizeof(err));
	ck_assert_msg(t.ctl, "%s", err);
	ck_assert_int_eq(ctl_probe(t.cfg.ctl_socket), 1);
}
END_TEST

START_TEST(file_that_is_no_socket_is_kept)
{
	char err[256] = "";
	int fd;

	ctl_free(t.ctl);
	fd = open(t.cfg.ctl_socket, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	t.ctl = open_ctl(err, sizeof(err));
	ck_assert_ptr_null(t.ctl);
	ck_assert_ptr_nonnull(strstr(err, "cannot be replaced"));
	ck_assert_int_eq(unlink(t.cfg.ctl_socket), 0);
}
END_TEST

START_TEST(socket_is_for_owner_and_group)
{
	struct stat st;

	ck_assert_int_eq(lstat(t.cfg.ctl_socket, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0660);
}
END_TEST

/* -------------------------------------------------------------- requests */

static const struct {
	const char *line;
	int want;
} errors[] = {
	{ "garbage", CTL_E_PARSE },
	{ "{\"jsonrpc\":\"2.0\"", CTL_E_PARSE },
	{ RPC("status", "{}") "x", CTL_E_PARSE },
	{ "[[[[[[[[[[[[1]]]]]]]]]]]]", CTL_E_PARSE },
	{ "[]", CTL_E_REQUEST },
	{ "[" RPC("status", "{}") "]", CTL_E_REQUEST },
	{ "7", CTL_E_REQUEST },
	{ "{}", CTL_E_REQUEST },
	{ "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"status\"}", CTL_E_REQUEST },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", CTL_E_REQUEST },
	{ "{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"status\"}", CTL_E_REQUEST },
	{ RPC("reload", "{}"), CTL_E_METHOD },
	{ RPC("impair.get", "{}"), CTL_E_METHOD },
	{ RPC("status", "[]"), CTL_E_PARAMS },
	{ RPC("status", "{\"x\":1}"), CTL_E_PARAMS },
	{ RPC("stats.get", "{\"pattern\":1}"), CTL_E_PARAMS },
	{ RPC("log.set", "{}"), CTL_E_PARAMS },
	{ RPC("log.set", "{\"level\":\"loud\"}"), CTL_E_PARAMS },
	{ RPC("conns.get", "{}"), CTL_E_PARAMS },
	{ RPC("conns.get", "{\"id\":-1}"), CTL_E_PARAMS },
	{ RPC("conns.get", "{\"id\":1.5}"), CTL_E_PARAMS },
	{ RPC("conns.get", "{\"id\":1e300}"), CTL_E_PARAMS },
	{ RPC("conns.get", "{\"id\":99}"), CTL_E_NO_OBJECT },
	{ RPC("conns.abort", "{\"id\":99}"), CTL_E_NO_OBJECT },
	{ RPC("conns.list", "{\"filter\":[]}"), CTL_E_PARAMS },
	{ RPC("conns.list", "{\"filter\":{\"x\":1}}"), CTL_E_PARAMS },
	{ RPC("conns.list", "{\"filter\":{\"state\":\"OPEN\"}}"), CTL_E_PARAMS },
	{ RPC("conns.list", "{\"filter\":{\"port\":65536}}"), CTL_E_PARAMS },
	{ RPC("conns.list", "{\"cursor\":\"-1\"}"), CTL_E_PARAMS },
	{ RPC("conns.list", "{\"limit\":257}"), CTL_E_PARAMS },
};

/* JSON-RPC 2.0 section 5.1; the client is served on after each. */
START_TEST(faulty_request_is_answered_by_its_code)
{
	int fd = dial();
	cJSON *reply = ask(fd, errors[_i].line);

	ck_assert_msg(at(at(reply, "error"), "code") &&
			      at(at(reply, "error"), "code")->valueint ==
				      errors[_i].want,
		      "%s: %s", errors[_i].line, t.line);
	ck_assert_uint_gt(strlen(at(at(reply, "error"), "message")->valuestring),
			  0);
	cJSON_Delete(reply);
	reply = ask(fd, RPC("status", "{}"));
	ck_assert_ptr_nonnull(at(reply, "result"));
	cJSON_Delete(reply);
	(void)close(fd);
}
END_TEST

static const char *const good[] = {
	RPC("status", "{}"),
	RPC("stats.get", "{\"pattern\":\"Tcp*\"}"),
	RPC("stats.reset", "{}"),
	RPC("conns.list", "{}"),
	RPC("conns.list", "{\"filter\":{},\"cursor\":null,\"limit\":0}"),
	RPC("conns.get", "{\"id\":1}"),
	RPC("conns.abort", "{\"id\":1}"),
	RPC("conns.close", "{\"id\":2}"),
	RPC("services.list", "{}"),
	RPC("log.set", "{\"level\":\"error\"}"),
	RPC("shutdown", "{}"),
};

START_TEST(each_method_answers_with_a_result)
{
	int fd = dial();
	cJSON *reply;

	the_worker.conns = 2;
	reply = ask(fd, good[_i]);
	ck_assert_msg(at(reply, "result"), "%s", t.line);
	ck_assert_int_eq(at(reply, "id")->valueint, 1);
	cJSON_Delete(reply);
	(void)close(fd);
}
END_TEST

START_TEST(nul_byte_is_no_way_to_hide_text)
{
	static const char line[] = RPC("status", "{}") "\0{}\n";
	int fd = dial();

	say(fd, line, sizeof(line) - 1);
	ck_assert(hear(fd));
	ck_assert_ptr_nonnull(strstr(t.line, "-32700"));
	(void)close(fd);
}
END_TEST

START_TEST(notification_is_carried_out_in_silence)
{
	static const char line[] =
		"{\"jsonrpc\":\"2.0\",\"method\":\"log.set\",\"params\":"
		"{\"level\":\"error\"}}\n";
	int fd = dial();

	the_worker.level = -1;
	say(fd, line, strlen(line));
	ck_assert(!hear(fd));
	ck_assert_int_eq(the_worker.level, LOG_LVL_ERROR);
	(void)close(fd);
}
END_TEST

START_TEST(requests_are_answered_in_order)
{
	char line[256];
	int fd = dial();

	for (int i = 0; i < 50; i++) {
		int len = snprintf(line, sizeof(line),
				   "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":"
				   "\"%s\"}\n",
				   i, i % 2 ? "status" : "services.list");

		say(fd, line, (size_t)len);
	}
	for (int i = 0; i < 50; i++) {
		cJSON *reply;

		ck_assert(hear(fd));
		reply = cJSON_Parse(t.line);
		ck_assert_int_eq(at(reply, "id")->valueint, i);
		cJSON_Delete(reply);
	}
	(void)close(fd);
}
END_TEST

START_TEST(request_may_come_byte_by_byte)
{
	static const char line[] = RPC("status", "{}") "\n";
	int fd = dial();

	for (size_t i = 0; i < strlen(line); i++)
		say(fd, line + i, 1);
	ck_assert(hear(fd));
	ck_assert_ptr_nonnull(strstr(t.line, "result"));
	(void)close(fd);
}
END_TEST

START_TEST(last_line_needs_no_newline)
{
	static const char line[] = RPC("status", "{}");
	int fd = dial();

	say(fd, line, strlen(line));
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	ck_assert(hear(fd));
	ck_assert_ptr_nonnull(strstr(t.line, "result"));
	ck_assert(hung_up(fd));
	(void)close(fd);
}
END_TEST

/* ----------------------------------------------------------------- limits */

static const struct {
	size_t len;
	bool fits;
} lengths[] = {
	{ CTL_LINE_MAX - 1, true },
	{ CTL_LINE_MAX, false },
	{ 2 * CTL_LINE_MAX, false },
};

START_TEST(line_length_is_bounded)
{
	static char line[2 * CTL_LINE_MAX + 1];
	int fd = dial();

	memset(line, ' ', sizeof(line));
	memcpy(line, RPC("status", "{}"), strlen(RPC("status", "{}")));
	line[lengths[_i].len] = '\n';
	say(fd, line, lengths[_i].len + 1);
	ck_assert(hear(fd));
	ck_assert_int_eq(strstr(t.line, "\"result\"") != NULL, lengths[_i].fits);
	ck_assert_int_eq(hung_up(fd), !lengths[_i].fits);
	(void)close(fd);
}
END_TEST

START_TEST(one_client_too_many_is_told_so)
{
	int fds[CTL_CLIENTS_MAX + 1];

	for (size_t i = 0; i < CTL_CLIENTS_MAX + 1; i++)
		fds[i] = dial();
	ck_assert(hear(fds[CTL_CLIENTS_MAX]));
	ck_assert_ptr_nonnull(strstr(t.line, "too many clients"));
	ck_assert(hung_up(fds[CTL_CLIENTS_MAX]));
	(void)close(fds[0]);
	turn();
	fds[0] = dial();
	cJSON_Delete(ask(fds[0], RPC("status", "{}")));
	for (size_t i = 0; i < CTL_CLIENTS_MAX + 1; i++)
		(void)close(fds[i]);
}
END_TEST

/* A client that asks and does not listen must not make the daemon swell. */
START_TEST(deaf_client_is_not_served_on)
{
	static const char line[] = RPC("conns.list", "{}") "\n";
	int fd = dial();
	size_t most = 0;

	the_worker.conns = CTL_PAGE_MAX;
	for (int i = 0; i < 300; i++) {
		(void)send(fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
		turn();
		if (t.ctl->clients->out.len > most)
			most = t.ctl->clients->out.len;
	}
	ck_assert_uint_gt(most, 0);
	ck_assert_uint_lt(most, CTL_OUT_MARK + CTL_REPLY_MAX);
	for (int i = 0; i < 100; i++)
		ck_assert(hear(fd));
	(void)close(fd);
}
END_TEST

START_TEST(surplus_descriptors_are_closed)
{
	static char line[] = RPC("status", "{}") "\n";
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = line, .iov_len = strlen(line) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);
	int fd = dial();
	int ends[2];
	char byte;

	ck_assert_int_eq(pipe(ends), 0);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &ends[1], sizeof(int));
	ck_assert_int_gt(sendmsg(fd, &msg, 0), 0);
	(void)close(ends[1]);
	ck_assert(hear(fd));
	ck_assert_int_eq(read(ends[0], &byte, 1), 0);	/* no writer is left */
	(void)close(ends[0]);
	(void)close(fd);
}
END_TEST

/* ------------------------------------------------------------ life, death */

static const char *const slow[] = {
	RPC("status", "{}") "\n",
	RPC("conns.list", "{}") "\n",
	RPC("conns.abort", "{\"id\":1}") "\n",
};

START_TEST(client_may_vanish_while_its_job_runs)
{
	int fd = dial();

	the_worker.hold = true;
	the_worker.conns = 3;
	say(fd, slow[_i], strlen(slow[_i]));
	ck_assert_ptr_nonnull(the_worker.first);
	(void)close(fd);
	turn();
	the_worker.hold = false;
	turn();
	ck_assert_uint_eq(t.ctl->nclients, 0);
}
END_TEST

START_TEST(socket_may_be_freed_while_a_job_runs)
{
	int fd = dial();

	the_worker.hold = true;
	the_worker.conns = 3;
	say(fd, slow[_i], strlen(slow[_i]));
	ck_assert_ptr_nonnull(the_worker.first);
	ctl_free(t.ctl);
	t.ctl = NULL;
	run_jobs();
	ck_assert(hung_up(fd));
	(void)close(fd);
}
END_TEST

START_TEST(shutdown_is_answered_first)
{
	int fd = dial();

	cJSON_Delete(ask(fd, RPC("shutdown", "{}")));
	ck_assert_int_eq(t.shutdowns, 1);
	(void)close(fd);
}
END_TEST

/* ---------------------------------------------------------------- methods */

/* Walk the list by its cursor; how many connections, each but once. */
static uint32_t count_list(int fd, const char *filter)
{
	static bool seen[4096];
	char line[512];
	char cursor[64] = "null";
	uint32_t n = 0;
	bool more = true;

	memset(seen, 0, sizeof(seen));
	while (more) {
		const cJSON *c;
		cJSON *reply;

		(void)snprintf(line, sizeof(line),
			       RPC("conns.list", "{\"filter\":%s,\"cursor\":%s}"),
			       filter, cursor);
		reply = ask(fd, line);
		cJSON_ArrayForEach(c, at(at(reply, "result"), "conns"))
		{
			int id = at(c, "id")->valueint;

			ck_assert(!seen[id]);
			seen[id] = true;
			n++;
		}
		c = at(at(reply, "result"), "cursor");
		more = cJSON_IsString(c);
		if (more)
			(void)snprintf(cursor, sizeof(cursor), "\"%s\"",
				       c->valuestring);
		cJSON_Delete(reply);
	}
	return n;
}

START_TEST(list_comes_in_pieces)
{
	int fd = dial();

	the_worker.conns = 1000;
	ck_assert_uint_eq(count_list(fd, "{}"), 1000);
	ck_assert_uint_eq(count_list(fd, "{\"state\":\"TIME-WAIT\"}"), 500);
	ck_assert_uint_eq(count_list(fd, "{\"port\":7}"), 500);
	ck_assert_uint_eq(count_list(fd, "{\"port\":8}"), 0);
	the_worker.conns = 0;
	ck_assert_uint_eq(count_list(fd, "{}"), 0);
	(void)close(fd);
}
END_TEST

static double counter_value(int fd, const char *name)
{
	char line[256];
	cJSON *reply;
	double v;

	(void)snprintf(line, sizeof(line),
		       RPC("stats.get", "{\"pattern\":\"%s\"}"), name);
	reply = ask(fd, line);
	v = at(cJSON_GetArrayItem(at(at(reply, "result"), "counters"), 0),
	       "value")->valuedouble;
	cJSON_Delete(reply);
	return v;
}

START_TEST(counters_start_again_after_reset)
{
	int fd = dial();

	the_worker.counters[USTACK_C_TCP_IN_SEGS] = 7;
	ck_assert_double_eq(counter_value(fd, "tcpinsegs"), 7);
	cJSON_Delete(ask(fd, RPC("stats.reset", "{}")));
	ck_assert_double_eq(counter_value(fd, "TcpInSegs"), 0);
	the_worker.counters[USTACK_C_TCP_IN_SEGS] = 9;
	ck_assert_double_eq(counter_value(fd, "TcpInS*"), 2);
	ck_assert_uint_eq(the_worker.counters[USTACK_C_TCP_IN_SEGS], 9);
	(void)close(fd);
}
END_TEST

static const struct {
	const char *pattern;
	const char *text;
	bool want;
} globs[] = {
	{ "*", "", true },	      { "", "", true },
	{ "", "a", false },	      { "Tcp*", "tcpInSegs", true },
	{ "*Segs", "TcpInSegs", true }, { "*s*S*", "TcpInSegs", true },
	{ "?cp", "Tcp", true },	      { "?cp", "cp", false },
	{ "Tcp", "TcpInSegs", false }, { "*x*", "TcpInSegs", false },
	{ "*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
};

START_TEST(glob_is_a_glob)
{
	ck_assert_msg(glob_matches(globs[_i].pattern, globs[_i].text) ==
			      globs[_i].want,
		      "%s against %s", globs[_i].pattern, globs[_i].text);
}
END_TEST

/* ----------------------------------------------------------------- hostile */

/* Random damage to good requests, and plain noise: no crash, served on. */
START_TEST(noise_harms_nobody)
{
	unsigned int seed = (unsigned int)test_seed();
	char line[512];
	int fd;

	the_worker.conns = 3;
	for (int i = 0; i < 2000; i++) {
		const char *base = good[(unsigned int)rand_r(&seed) % 10];
		size_t len = strlen(base);

		fd = dial();
		memcpy(line, base, len);
		for (int k = 0; k < 1 + i % 8; k++)
			line[(unsigned int)rand_r(&seed) % len] =
				(char)rand_r(&seed);
		line[len] = '\n';
		say(fd, line, len + 1);
		(void)close(fd);
		turn();
	}
	ck_assert_uint_eq(t.ctl->nclients, 0);
	fd = dial();
	cJSON_Delete(ask(fd, RPC("status", "{}")));
	(void)close(fd);
}
END_TEST

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

static TCase *new_case(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	suite_add_tcase(s, tc);
	return tc;
}

Suite *suite_daemon_ctl(void)
{
	Suite *s = suite_create("daemon/ctl");
	TCase *tc = new_case(s, "socket");

	tcase_add_test(tc, live_socket_is_refused);
	tcase_add_test(tc, stale_socket_is_taken_over);
	tcase_add_test(tc, file_that_is_no_socket_is_kept);
	tcase_add_test(tc, socket_is_for_owner_and_group);
	tc = new_case(s, "requests");
	tcase_add_loop_test(tc, faulty_request_is_answered_by_its_code, 0,
			    LENGTH(errors));
	tcase_add_loop_test(tc, each_method_answers_with_a_result, 0,
			    LENGTH(good));
	tcase_add_test(tc, nul_byte_is_no_way_to_hide_text);
	tcase_add_test(tc, notification_is_carried_out_in_silence);
	tcase_add_test(tc, requests_are_answered_in_order);
	tcase_add_test(tc, request_may_come_byte_by_byte);
	tcase_add_test(tc, last_line_needs_no_newline);
	tc = new_case(s, "limits");
	tcase_add_loop_test(tc, line_length_is_bounded, 0, LENGTH(lengths));
	tcase_add_test(tc, one_client_too_many_is_told_so);
	tcase_add_test(tc, deaf_client_is_not_served_on);
	tcase_add_test(tc, surplus_descriptors_are_closed);
	tc = new_case(s, "life");
	tcase_add_loop_test(tc, client_may_vanish_while_its_job_runs, 0,
			    LENGTH(slow));
	tcase_add_loop_test(tc, socket_may_be_freed_while_a_job_runs, 0,
			    LENGTH(slow));
	tcase_add_test(tc, shutdown_is_answered_first);
	tc = new_case(s, "methods");
	tcase_add_test(tc, list_comes_in_pieces);
	tcase_add_test(tc, counters_start_again_after_reset);
	tcase_add_loop_test(tc, glob_is_a_glob, 0, LENGTH(globs));
	tc = new_case(s, "hostile");
	tcase_add_test(tc, noise_harms_nobody);
	return s;
}
