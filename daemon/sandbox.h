/* SPDX-License-Identifier: MIT */
/*
 * sandbox.h - what the daemon gives up once it has what it needs
 *
 * In stages, each of which holds for good:
 *
 *	1 core dumps	none, and no tracing by the same user: keys are in memory
 *	2 capabilities	CAP_NET_ADMIN was for the interface, CAP_CHOWN for the socket
 *	3 privileges	no program that is started can have more than we do
 *	4 Landlock	files: those that the configuration names, and their places
 *	5 seccomp	system calls: those of the list in sandbox_seccomp.c
 *
 * What the kernel at hand does not have is left out, and said; status shows
 * which stages hold.
 */

#ifndef DAEMON_SANDBOX_H
#define DAEMON_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

struct config;

/**
 * struct sandbox - which stages hold
 * @no_core:	no core dumps
 * @no_caps:	no capabilities
 * @no_new_privs: no new privileges
 * @landlock:	version of the kernel's interface, 0 = not in force
 * @seccomp:	calls on the list, 0 = not in force
 */
struct sandbox {
	bool no_core;
	bool no_caps;
	bool no_new_privs;
	int landlock;
	uint32_t seccomp;
};

/**
 * sandbox_confine() - Stages 1 to 4, before there are threads and once the
 *		       interface, the log and the control socket are open
 * @sb:		set to what holds
 * @cfg:	names the files that are still needed
 * @path:	the configuration's own, read at a reload; NULL = none
 *
 * What cannot be done is logged as a warning.
 */
void sandbox_confine(struct sandbox *sb, const struct config *cfg,
		     const char *path);

/** sandbox_lock() - Stage 5, for all threads there are; the same */
void sandbox_lock(struct sandbox *sb);

/* --------------------------------------------- the stages that have a file */

#define SANDBOX_PATHS_MAX 24u

/**
 * struct sandbox_paths - files that are still needed
 * @nread:	entries in @read
 * @nwrite:	entries in @write
 * @read:	files, or directories with all in them, that are read
 * @write:	directories in which files are made, written and removed
 */
struct sandbox_paths {
	uint32_t nread;
	uint32_t nwrite;
	char *read[SANDBOX_PATHS_MAX];
	char *write[SANDBOX_PATHS_MAX];
};

/**
 * sandbox_landlock() - Have the kernel refuse all other files
 * @p:		those that are needed; ones that do not exist are passed over
 *
 * Return: version of the kernel's interface, or -errno: -ENOSYS, -EOPNOTSUPP
 * where it has none
 */
int sandbox_landlock(const struct sandbox_paths *p);

/** sandbox_seccomp() - Have the kernel end us by any call that is not on the
 * list; returns the list's length, or -errno
 */
int sandbox_seccomp(void);

#endif /* DAEMON_SANDBOX_H */
