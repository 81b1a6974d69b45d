/* SPDX-License-Identifier: MIT */
/*
 * duplex.h - standard input to a socket, and the socket to standard output
 *
 * Each direction by itself: an end of input becomes an end of what is sent, and
 * what still comes is shown.  Neither direction waits for the other.
 */

#ifndef CLI_DUPLEX_H
#define CLI_DUPLEX_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#define DUPLEX_BYTES 65536u
#define DUPLEX_FDS   2u /* entries of duplex_watch() */

/**
 * struct flow - bytes on their way in one direction
 * @from:	read from, -1 = its end was read
 * @to:		written to
 * @ended:	all was passed on, the end too
 * @len:	bytes in @buf
 * @off:	of them written
 * @buf:	bytes
 */
struct flow {
	int from;
	int to;
	bool ended;
	size_t len;
	size_t off;
	char buf[DUPLEX_BYTES];
};

/**
 * struct duplex - both directions
 * @up:		from standard input to the socket
 * @down:	from the socket to standard output
 * @failed:	errno of standard output, 0 = it takes what comes
 * @unread:	errno of standard input, where it ended by an error; 0 = it did not,
 *		or was never open
 */
struct duplex {
	struct flow up;
	struct flow down;
	int failed;
	int unread;
};

/** duplex_init() - Nothing has moved yet; @sock is borrowed */
void duplex_init(struct duplex *d, int sock);

/** duplex_watch() - What to poll() for; an entry that waits for nothing has fd -1 */
void duplex_watch(const struct duplex *d, struct pollfd p[DUPLEX_FDS]);

/** duplex_move() - Move what poll() has found */
void duplex_move(struct duplex *d, const struct pollfd p[DUPLEX_FDS]);

/** duplex_stop_up() - Send no more: nobody takes it */
void duplex_stop_up(struct duplex *d);

#endif /* CLI_DUPLEX_H */
