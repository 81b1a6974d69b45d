/* SPDX-License-Identifier: MIT */
/*
 * client.c - a connection to the daemon, and calls over it
 *
 * The protocol stands in daemon/ctl_proto.h.
 */

#include "client.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli.h"
#include "daemon/ctl_proto.h"

#define PATHS_MAX    2
#define CTL_PATH_MAX 256

/**
 * struct client - a connection
 * @path:	where it goes to, NULL = the usual places; borrowed
 * @fd:		socket, -1 = not connected yet
 * @calls:	calls so far; the number of each is its id
 * @len:	bytes in @buf
 * @buf:	the reply being read
 */
struct client {
	const char *path;
	int fd;
	int calls;
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
	if (client->fd >= 0)
		(void)close(client->fd);
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

static bool send_request(struct client *client, const char *method,
			 cJSON *params)
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
	ok = text && send_all(client->fd, text, strlen(text)) &&
	     send_all(client->fd, "\n", 1);
	cJSON_free(text);
	return ok;
}

/* One line into client->buf, without its newline; false at the end of it. */
static bool read_line(struct client *client)
{
	char *nl = NULL;

	client->len = 0;
	while (!nl && client->len < CTL_REPLY_MAX) {
		ssize_t n = recv(client->fd, client->buf + client->len,
				 CTL_REPLY_MAX - client->len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		nl = memchr(client->buf + client->len, '\n', (size_t)n);
		client->len += (size_t)n;
	}
	if (!nl)
		return false;
	*nl = '\0';
	return true;
}

/* What an error reply means for the exit status. */
static int status_of(const cJSON *error)
{
	const char *message = cli_str(error, "message");
	int code = (int)cli_num(error, "code");

	fprintf(stderr, "ustackctl: %s\n", message);
	if (code == CTL_E_NO_OBJECT)
		return CLI_NO_OBJECT;
	return code == CTL_E_PARAMS ? CLI_USAGE : CLI_REFUSED;
}

int client_call(struct client *client, const char *method, cJSON *params,
		cJSON **result)
{
	const cJSON *error;
	cJSON *reply;
	int status;

	*result = NULL;
	status = client->fd < 0 ? client_connect(client) : CLI_DONE;
	if (status) {
		cJSON_Delete(params);
		return status;
	}
	(void)send_request(client, method, params); /* a refusal may wait */
	if (!read_line(client)) {
		fprintf(stderr,
			"ustackctl: the daemon hung up before it answered\n");
		return CLI_NO_DAEMON;
	}
	reply = cJSON_Parse(client->buf);
	error = cJSON_GetObjectItemCaseSensitive(reply, "error");
	*result = cJSON_DetachItemFromObjectCaseSensitive(reply, "result");
	status = CLI_DONE;
	if (error) {
		status = status_of(error);
	} else if (!*result) {
		fprintf(stderr, "ustackctl: the daemon's answer makes no "
				"sense; is it of another version?\n");
		status = CLI_REFUSED;
	}
	cJSON_Delete(reply);
	return status;
}
