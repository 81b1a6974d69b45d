/* SPDX-License-Identifier: MIT */
/*
 * args.h - the daemon's command line
 */

#ifndef DAEMON_ARGS_H
#define DAEMON_ARGS_H

#include <stdint.h>
#include <stdio.h>

#define ARGS_OVERRIDES_MAX 64u

enum args_action { ARGS_RUN, ARGS_CHECK, ARGS_HELP, ARGS_VERSION };

/**
 * struct args - what the command line asks for
 * @action:	what to do
 * @path:	-c, NULL = the default file
 * @override:	-o, in order; borrowed from the command line
 * @noverride:	entries in it
 * @tun_fd:	--tun-fd, -1 = none
 */
struct args {
	enum args_action action;
	const char *path;
	const char *override[ARGS_OVERRIDES_MAX];
	uint32_t noverride;
	int tun_fd;
};

/**
 * args_parse() - Read the command line
 * @a:		result
 * @argc:	words
 * @argv:	the words, borrowed for the life of @a
 * @err:	gets one line on what is wrong and what would be right
 *
 * Return: 0 or -1
 */
int args_parse(struct args *a, int argc, char **argv, FILE *err);

/** args_usage() - Explain the command line */
void args_usage(FILE *out);

#endif /* DAEMON_ARGS_H */
