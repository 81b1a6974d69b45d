/* SPDX-License-Identifier: MIT */
/*
 * echo.c - sends back what it gets (RFC 862)
 *
 * What arrives becomes what is sent, without a copy.  When the peer does not
 * read, the send queue fills up, echo stops taking from the receive queue, and
 * the window closes: memory stays bounded by the two queues.
 */

#include "svc.h"

static void echo_move(struct stream *st)
{
	while (stream_splice(st, st, SIZE_MAX) > 0)
		;
}

/* All it sent was read, hence is queued to go back: end behind that. */
static void echo_peer_closed(struct stream *st)
{
	stream_close(st);
}

const struct svc svc_echo = {
	.name = "echo",
	.readable = echo_move,
	.writable = echo_move,
	.peer_closed = echo_peer_closed,
};
