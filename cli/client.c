/* SPDX-License-Identifier: MIT */
/*
 * client.c - a connection to the daemon, and calls over it
 *
 * The protocol stands in daemon/ctl_proto.h.
 */

#include "client.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli.h"
#include "daemon/ctl_proto.h"

#define PATHS_MAX    2
#define CTL_PATH_MAX 256
#define QUEUE_MAX    8192u

/**
 * struct client - a connection
 * @path:	where it goes to, NULL = the usual places; borrowed
 * @fd:		socket, -1 = not connected yet
 * @calls:	calls so far; the number of each is its id
 * @stop_fd:	tells SIGINT and SIGTERM, -1 = they end the program
 * @out_fd:	where notifications are shown, -1 = nobody cares
 * @stopped:	somebody wants no more of them
 * @signal:	by which signal, 0 = none
 * @first:	notifications that came in front of a reply, oldest first
 * @queued:	their number
 * @lost:	those that found no room
 * @start:	of what was read and not used yet
 * @len:	bytes read into @buf
 * @buf:	what was read
 */
struct client {
	const char *path;
	int fd;
	int calls;
	int stop_fd;
	int out_fd;
	bool stopped;
	int signal;
	cJSON *first;
	uint32_t queued;
	uint32_t lost;
	size_t start;
	size_t len;
	char buf[CTL_REPLY_MAX + 1];
};

/* ---------------------------------------------------------------- opening */

/* A connected socket, or -errno. */
static int connect_to(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;
	int rc;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	memcpy(sa.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	rc = -errno;
	(void)close(fd);
	return rc;
}

static void say_denied(const char *path)
{
	struct stat st;
	const struct group *gr = NULL;

	if (stat(path, &st) == 0)
		gr = getgrgid(st.st_gid);
	if (gr && gr->gr_gid != 0)
		fprintf(stderr,
			"ustackctl: %s is for root and group %s: join the "
			"group (usermod -aG %s USER, then log in again), or "
			"use sudo\n",
			path, gr->gr_name, gr->gr_name);
	else
		fprintf(stderr, "ustackctl: %s is for root: use sudo\n", path);
}

static void say_nobody(char paths[][CTL_PATH_MAX], const int *errors, int n)
{
	fprintf(stderr, "ustackctl: no daemon answers\n");
	for (int i = 0; i < n; i++)
		fprintf(stderr, "  tried %s: %s\n", paths[i],
			errors[i] == -ECONNREFUSED ? "its daemon is gone"
						   : strerror(-errors[i]));
	fprintf(stderr, "Start one by \"systemctl start ustackd\" or \"sudo "
			"ustackd\", or name its socket\nby --socket PATH.\n");
}

/* Where a daemon may listen, in the order of trying. */
static int list_paths(const char *path, char paths[][CTL_PATH_MAX])
{
	const char *dir = getenv("XDG_RUNTIME_DIR");

	if (!path)
		path = getenv("USTACK_SOCKET");
	if (path && *path) {
		(void)snprintf(paths[0], CTL_PATH_MAX, "%s", path);
		return 1;
	}
	(void)snprintf(paths[0], CTL_PATH_MAX, "%s", CTL_SOCKET_SYSTEM);
	if (!dir || !*dir)
		return 1;
	(void)snprintf(paths[1], CTL_PATH_MAX, "%s/%s", dir, CTL_SOCKET_USER);
	return 2;
}

struct client *client_new(const char *path)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->path = path;
	client->fd = -1;
	client->stop_fd = -1;
	client->out_fd = -1;
	return client;
}

/* The first daemon that answers; an exit status. */
static int client_connect(struct client *client)
{
	char paths[PATHS_MAX][CTL_PATH_MAX];
	int errors[PATHS_MAX];
	int n = list_paths(client->path, paths);

	for (int i = 0; i < n; i++) {
		int fd = connect_to(paths[i]);

		errors[i] = fd;
		if (fd < 0)
			continue;
		client->fd = fd;
		return CLI_DONE;
	}
	for (int i = 0; i < n; i++) {
		if (errors[i] != -EACCES)
			continue;
		say_denied(paths[i]);
		return CLI_NO_DAEMON;
	}
	say_nobody(paths, errors, n);
	return CLI_NO_DAEMON;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	if (client->stop_fd >= 0)
		(void)close(client->stop_fd);
	if (client->fd >= 0)
		(void)close(client->fd);
	cJSON_Delete(client->first);
	free(client);
}

/* ------------------------------------------------------------------ calls */

static bool send_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* The first byte takes the descriptors along. */
static bool send_with_fds(int fd, const char *p, size_t len,
			  const struct client_fds *fds)
{
	_Alignas(struct cmsghdr) char
		control[CMSG_SPACE(CTL_FDS_MAX * sizeof(int))] = { 0 };
	struct iovec iov = { (void *)(uintptr_t)p, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = CMSG_SPACE(fds->n *
							   sizeof(int)) };
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);
	ssize_t n;

	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(fds->n * sizeof(int));
	memcpy(CMSG_DATA(cm), fds->fd, fds->n * sizeof(int));
	do
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == 1 && send_all(fd, p + 1, len - 1);
}

static bool send_request(struct client *client, const char *method,
			 cJSON *params, const struct client_fds *fds)
{
	cJSON *msg = cJSON_CreateObject();
	char *text;
	bool ok;

	(void)cJSON_AddStringToObject(msg, "jsonrpc", "2.0");
	(void)cJSON_AddNumberToObject(msg, "id", ++client->calls);
	(void)cJSON_AddStringToObject(msg, "method", method);
	if (params && !cJSON_AddItemToObject(msg, "params", params))
		cJSON_Delete(params);
	text = cJSON_PrintUnformatted(msg);
	cJSON_Delete(msg);
	ok = text && (fds ? send_with_fds(client->fd, text, strlen(text), fds)
			  : send_all(client->fd, text, strlen(text)));
	ok = ok && send_all(client->fd, "\n", 1);
	cJSON_free(text);
	return ok;
}

void client_watch(const struct client *client, struct pollfd p[CLIENT_FDS])
{
	p[0] = (struct pollfd){ .fd = client->fd, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = client->stop_fd, .events = POLLIN };
	p[2] = (struct pollfd){ .fd = client->out_fd }; /* its reader hangs up */
}

bool client_seen(struct client *client, const struct pollfd p[CLIENT_FDS])
{
	struct signalfd_siginfo info;

	if (p[1].revents || p[2].revents)
		client->stopped = true;
	if (p[1].revents &&
	    read(client->stop_fd, &info, sizeof(info)) == sizeof(info))
		client->signal = (int)info.ssi_signo;
	return p[0].revents && !client->stopped;
}

/* Wait until there is something to read; false when time is up. */
static bool wait_readable(struct client *client, int timeout_ms)
{
	struct pollfd p[CLIENT_FDS];
	int n;

	client_watch(client, p);
	do
		n = poll(p, CLIENT_FDS, timeout_ms);
	while (n < 0 && errno == EINTR && timeout_ms < 0);
	return n > 0 && client_seen(client, p);
}

/* Read more, behind what is not used yet; false at the end of it. */
static bool read_more(struct client *client)
{
	ssize_t n;

	memmove(client->buf, client->buf + client->start,
		client->len - client->start);
	client->len -= client->start;
	client->start = 0;
	if (client->len == CTL_REPLY_MAX)
		return false;
	do
		n = recv(client->fd, client->buf + client->len,
			 CTL_REPLY_MAX - client->len, 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	client->len += (size_t)n;
	return true;
}

/*
 * read_line() - The next line, without its newline
 * @client:	client
 * @timeout_ms:	how long to wait for it, -1 = for ever
 * @line:	set to it, good until the next one is read; NULL = time is up
 *
 * Return: false if there will be none
 */
static bool read_line(struct client *client, int timeout_ms, char **line)
{
	size_t seen = 0;

	for (;;) {
		char *from = client->buf + client->start;
		size_t have = client->len - client->start;
		char *nl = memchr(from + seen, '\n', have - seen);

		*line = nl ? from : NULL;
		if (nl) {
			*nl = '\0';
			client->start += (size_t)(nl - from) + 1;
			return true;
		}
		if (!wait_readable(client, timeout_ms))
			return true;
		seen = have;
		if (!read_more(client))
			return false;
	}
}

/* Keep a notification for client_next(). */
static void keep(struct client *client, cJSON *msg)
{
	if (!client->first)
		client->first = cJSON_CreateArray();
	if (client->queued == QUEUE_MAX ||
	    !cJSON_AddItemToArray(client->first, msg)) {
		cJSON_Delete(msg);
		client->lost++;
		return;
	}
	client->queued++;
}

/* The next reply; notifications in front of it are kept.  NULL: hung up, or
 * somebody has stopped it.
 */
static cJSON *read_reply(struct client *client)
{
	char *line;

	while (read_line(client, -1, &line) && line) {
		cJSON *msg = cJSON_Parse(line);

		if (!cJSON_HasObjectItem(msg, "method"))
			return msg ? msg : cJSON_CreateObject();
		keep(client, msg);
	}
	return NULL;
}

int client_status(int code)
{
	switch (code) {
	case CTL_E_PARAMS:
		return CLI_USAGE;
	case CTL_E_NO_OBJECT:
		return CLI_NO_OBJECT;
	case CTL_E_PEER_REFUSED:
		return CLI_PEER_REFUSED;
	case CTL_E_TIMED_OUT:
		return CLI_TIMED_OUT;
	case CTL_E_PEER_RESET:
		return CLI_PEER_RESET;
	case CTL_E_NOT_TRUSTED:
		return CLI_NOT_TRUSTED;
	default:
		return CLI_REFUSED;
	}
}

/* What an error reply means for the exit status. */
/*
 * The daemon's word for it, which may send the reader on to another method: to the
 * command that asks it, then.
 */
static void say(const char *message)
{
	static const struct {
		const char *method;
		const char *command;
	} list[] = {
		{ CTL_CONNS_LIST, "ustackctl conns" },
		{ CTL_SERVICES_LIST, "ustackctl services" },
		{ CTL_IMPAIR_GET, "ustackctl impair" },
		{ CTL_CAP_STATUS, "ustackctl capture status" },
		{ CTL_TRACE_LIST, "ustackctl trace --list" },
	};
	const char *end;

	fprintf(stderr, "ustackctl: ");
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		end = strstr(message, list[i].method);
		if (!end)
			continue;
		fprintf(stderr, "%.*s%s", (int)(end - message), message,
			list[i].command);
		message = end + strlen(list[i].method);
	}
	fprintf(stderr, "%s\n", message);
}

static int status_of(const cJSON *error)
{
	say(cli_str(error, "message"));
	return client_status((int)cli_num(error, "code"));
}

int client_ask(struct client *client, const char *method, cJSON *params,
	       const struct client_fds *fds)
{
	int status = client->fd < 0 ? client_connect(client) : CLI_DONE;

	if (status)
		cJSON_Delete(params);
	else /* a refusal may wait */
		(void)send_request(client, method, params, fds);
	return status;
}

/*
 * hear() - Wait for the reply to client_ask()
 * @may_lack:	the daemon need not know the method: no result then, no error
 */
static int hear(struct client *client, bool may_lack, cJSON **result)
{
	const cJSON *error;
	cJSON *reply;
	int status = CLI_DONE;

	*result = NULL;
	reply = read_reply(client);
	if (!reply && client->stopped)
		return CLI_DONE;
	if (!reply) {
		fprintf(stderr,
			"ustackctl: the daemon hung up before it answered\n");
		return CLI_NO_DAEMON;
	}
	error = cJSON_GetObjectItemCaseSensitive(reply, "error");
	*result = cJSON_DetachItemFromObjectCaseSensitive(reply, "result");
	if (error) {
		if (!may_lack || (int)cli_num(error, "code") != CTL_E_METHOD)
			status = status_of(error);
	} else if (!*result) {
		fprintf(stderr, "ustackctl: the daemon's answer makes no "
				"sense; is it of another version?\n");
		status = CLI_REFUSED;
	}
	cJSON_Delete(reply);
	return status;
}

int client_hear(struct client *client, cJSON **result)
{
	return hear(client, false, result);
}

int client_call(struct client *client, const char *method, cJSON *params,
		cJSON **result)
{
	int status = client_ask(client, method, params, NULL);

	*result = NULL;
	return status ? status : hear(client, false, result);
}

int client_try(struct client *client, const char *method, cJSON *params,
	       cJSON **result)
{
	int status = client_ask(client, method, params, NULL);

	*result = NULL;
	return status ? status : hear(client, true, result);
}

/* That some found no room in the queue, as the daemon would say it. */
static cJSON *tell_lost(struct client *client)
{
	cJSON *msg = cJSON_CreateObject();
	cJSON *params;

	(void)cJSON_AddStringToObject(msg, "method", "events.lost");
	params = cJSON_AddObjectToObject(msg, "params");
	(void)cJSON_AddNumberToObject(params, "n", client->lost);
	client->lost = 0;
	return msg;
}

int client_next(struct client *client, int timeout_ms, cJSON **msg)
{
	char *line;

	*msg = NULL;
	if (client->queued) {
		client->queued--;
		*msg = cJSON_DetachItemFromArray(client->first, 0);
		return CLI_DONE;
	}
	if (client->lost) {
		*msg = tell_lost(client);
		return CLI_DONE;
	}
	if (!read_line(client, timeout_ms, &line)) {
		fprintf(stderr, "ustackctl: the daemon has hung up\n");
		return CLI_NO_DAEMON;
	}
	*msg = line ? cJSON_Parse(line) : NULL;
	return CLI_DONE;
}

int client_follow(struct client *client, FILE *out)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	client->stop_fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (client->stop_fd < 0) {
		fprintf(stderr, "ustackctl: signalfd: %s\n", strerror(errno));
		return CLI_REFUSED;
	}
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	client->out_fd = fileno(out);
	return CLI_DONE;
}

bool client_stopped(const struct client *client)
{
	return client->stopped;
}

void client_die(const struct client *client)
{
	sigset_t set;

	if (!client->signal)
		return;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, client->signal);
	(void)signal(client->signal, SIG_DFL);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)raise(client->signal);
}

bool client_has_more(const struct client *client)
{
	return client->queued || client->lost ||
	       memchr(client->buf + client->start, '\n',
		      client->len - client->start);
}
