/* SPDX-License-Identifier: MIT */
/*
 * client.h - a connection to the daemon, and calls over it
 */

#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include <cjson/cJSON.h>

struct client;

/**
 * client_open() - Connect to the daemon
 * @path:	socket, NULL = $USTACK_SOCKET, else the usual places in turn
 * @client:	set to the connection
 *
 * Return: CLI_DONE, or CLI_NO_DAEMON with the reason printed
 */
int client_open(const char *path, struct client **client);

/** client_close() - Disconnect; NULL is fine */
void client_close(struct client *client);

/**
 * client_call() - Ask and wait for the answer
 * @client:	connection
 * @method:	what to ask
 * @params:	parameters; taken; NULL = none
 * @result:	set to the result, to be freed by cJSON_Delete()
 *
 * Return: CLI_DONE, or another status with the reason printed and no result
 */
int client_call(struct client *client, const char *method, cJSON *params,
		cJSON **result);

#endif /* CLI_CLIENT_H */
