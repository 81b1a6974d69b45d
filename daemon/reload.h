/* SPDX-License-Identifier: MIT */
/*
 * reload.h - what a running daemon reads again: SIGHUP, config.reload
 *
 *	log	opened again, at the level in force
 *	tls	credentials; connections that are open keep those they have
 *
 * Each part is taken as a whole or not at all.
 */

#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include <stdbool.h>

struct config;
struct tls_files;
struct worker;

#define RELOAD_ERROR_MAX 1024u

/**
 * struct reload - what there is to be read again; all borrowed
 * @cfg:	configuration in force
 * @worker:	gets new credentials
 * @tls:	credentials, replaced when they have changed
 */
struct reload {
	const struct config *cfg;
	struct worker *worker;
	struct tls_files *tls;
};

/**
 * struct reload_result - what has become of it
 * @log:	the log is another file now, or the same again
 * @tls:	new connections get other credentials
 * @error:	what was refused, and why; empty = nothing
 */
struct reload_result {
	bool log;
	bool tls;
	char error[RELOAD_ERROR_MAX];
};

/**
 * reload_now() - Read it again, main thread
 * @r:		what there is
 * @who:	for the log: "SIGHUP"
 * @res:	filled in
 *
 * The outcome is logged.  Return: nothing was refused
 */
bool reload_now(struct reload *r, const char *who, struct reload_result *res);

#endif /* DAEMON_RELOAD_H */
