/* SPDX-License-Identifier: MIT */
/*
 * resolve.h - from a host's name to addresses that the stack can speak to
 *
 * The daemon takes numbers only; names are the host's to know.
 */

#ifndef CLI_RESOLVE_H
#define CLI_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>

#include "cli.h"

#define RESOLVE_ADDR_MAX 46u /* an address as text, NUL included */
#define RESOLVE_MAX	 16u /* addresses of a name */

/**
 * struct resolved - addresses of a host, the best first
 * @n:		their number, > 0
 * @addr:	they
 */
struct resolved {
	uint32_t n;
	char addr[RESOLVE_MAX][RESOLVE_ADDR_MAX];
};

/**
 * resolve_host() - Look a host up
 * @cli:	run; the daemon is asked which families the stack has, if a name
 *		leaves the choice
 * @host:	name or number; an IPv6 one may stand in brackets
 * @family:	AF_INET, AF_INET6, or AF_UNSPEC
 * @out:	filled in
 *
 * Return: CLI_DONE; CLI_NO_OBJECT: no such name, or none of its addresses will
 * do; or as client_call(): the reason is printed
 */
int resolve_host(struct cli *cli, const char *host, int family,
		 struct resolved *out);

#endif /* CLI_RESOLVE_H */
