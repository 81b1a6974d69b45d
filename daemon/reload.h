/* SPDX-License-Identifier: MIT */
/*
 * reload.h - the configuration, read again: SIGHUP, config.reload
 *
 *	log		opened again in any case: its file may have been moved away
 *	configuration	read, checked and compared; what cannot change while the
 *			daemon runs is named, and all of it is refused
 *	credentials	read, whether [tls] has changed or not; connections that
 *			are open keep those they have
 *	worker		changes services, impairment, limits
 *
 * Whatever fails, nothing has changed but the log's file.
 */

#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/config.h"

struct tls_files;
struct worker;

#define RELOAD_ERROR_MAX   1024u
#define RELOAD_CHANGES_MAX (CONFIG_CHANGES_MAX + 2 * CONFIG_SERVICES_MAX + 2)
#define RELOAD_CHANGE_MAX  64u

/**
 * struct reload - what there is to be read again; all borrowed
 * @cfg:	configuration in force, replaced when it has changed
 * @source:	where it comes from
 * @worker:	does as it says
 * @tls:	credentials, replaced when they have changed
 */
struct reload {
	struct config *cfg;
	const struct config_source *source;
	struct worker *worker;
	struct tls_files *tls;
};

/**
 * struct reload_result - what has become of it
 * @n:		entries in @changed
 * @changed:	what is other than it was: "log" if it was opened again, "tls" if
 *		new connections get other credentials, "[SECTION] KEY", and
 *		"[service NAME]" with " (new)" or " (gone)" if it is
 * @error:	what was refused, and why; empty = nothing
 */
struct reload_result {
	uint32_t n;
	char changed[RELOAD_CHANGES_MAX][RELOAD_CHANGE_MAX];
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
