/* SPDX-License-Identifier: MIT */
/*
 * client.h - a connection to the daemon, and calls over it
 */

#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include <cjson/cJSON.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct client;

/**
 * client_new() - Get ready for asking; the first client_call() connects
 * @path:	socket, NULL = $USTACK_SOCKET, else the usual places in turn;
 *		borrowed
 *
 * Return: the client, to be freed by client_free(); NULL = out of memory
 */
struct client *client_new(const char *path);

/** client_free() - Disconnect; NULL is fine */
void client_free(struct client *client);

/**
 * client_call() - Ask and wait for the answer
 * @client:	client
 * @method:	what to ask
 * @params:	parameters; taken; NULL = none
 * @result:	set to the result, to be freed by cJSON_Delete()
 *
 * Return: CLI_DONE, or another status (CLI_NO_DAEMON: nobody answers) with the
 * reason printed and no result
 */
int client_call(struct client *client, const char *method, cJSON *params,
		cJSON **result);

/** client_try() - The same, but a method that the daemon does not know is no error:
 * then there is no @result
 */
int client_try(struct client *client, const char *method, cJSON *params,
	       cJSON **result);

/**
 * client_next() - The next notification, after a call that has asked for them
 * @client:	client, connected
 * @timeout_ms:	how long to wait, -1 = until there is one
 * @msg:	set to it: "method" and "params", to be freed by cJSON_Delete();
 *		NULL = there is none in time
 *
 * What has come before the reply to a later call is not lost.  A signal ends
 * the wait, too, if there is a timeout.
 *
 * Return: CLI_DONE; CLI_NO_DAEMON: the daemon is gone, which has been printed
 */
int client_next(struct client *client, int timeout_ms, cJSON **msg);

/**
 * struct client_fds - descriptors that go with a request
 * @n:		their number, at most CTL_FDS_MAX
 * @fd:		they; borrowed
 */
struct client_fds {
	uint32_t n;
	const int *fd;
};

/**
 * client_ask() - Ask, and do not wait
 * @client:	client
 * @method:	what to ask
 * @params:	parameters; taken; NULL = none
 * @fds:	descriptors for the daemon, NULL = none
 *
 * Return: as client_call(); after CLI_DONE client_hear() is the next call
 */
int client_ask(struct client *client, const char *method, cJSON *params,
	       const struct client_fds *fds);

/** client_hear() - Wait for the answer to client_ask(); as client_call() */
int client_hear(struct client *client, cJSON **result);

/**
 * client_follow() - Have client_next() end by itself when somebody stops it
 * @client:	client
 * @out:	where notifications are shown
 *
 * From now on SIGINT, SIGTERM, and a reader of @out that hangs up, end the wait
 * instead of the program: there is no notification, or no result, and
 * client_stopped().
 *
 * Return: CLI_DONE, or CLI_REFUSED with the reason printed
 */
int client_follow(struct client *client, FILE *out);

/** client_stopped() - Did somebody stop it? */
bool client_stopped(const struct client *client);

/**
 * client_die() - Die of the signal that stopped it, if that was one
 *
 * For commands that are not done when they are stopped: whoever started them
 * sees by what they ended, as of any program.
 */
void client_die(const struct client *client);

#define CLIENT_FDS 3u

/**
 * client_watch() - What client_next() would poll() for
 * @client:	client, connected
 * @p:		filled in: the daemon, who stops it, the reader
 */
void client_watch(const struct client *client, struct pollfd p[CLIENT_FDS]);

/** client_seen() - Look at what poll() has found there: is there something for
 * client_next()?  See client_stopped() for the rest.
 */
bool client_seen(struct client *client, const struct pollfd p[CLIENT_FDS]);

/** client_status() - The exit status that an error's code stands for */
int client_status(int code);

/** client_has_more() - Is there a notification that needs no waiting? */
bool client_has_more(const struct client *client);

#endif /* CLI_CLIENT_H */
