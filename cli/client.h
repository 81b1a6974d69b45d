/* SPDX-License-Identifier: MIT */
/*
 * client.h - a connection to the daemon, and calls over it
 */

#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include <cjson/cJSON.h>

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

#endif /* CLI_CLIENT_H */
