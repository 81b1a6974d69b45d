/* SPDX-License-Identifier: MIT */
/*
 * discard.c - reads everything and answers nothing (RFC 863)
 */

#include "svc.h"

static void discard_readable(struct stream *st)
{
	stream_discard(st);
}

static void discard_peer_closed(struct stream *st)
{
	stream_close(st);
}

const struct svc svc_discard = {
	.name = "discard",
	.readable = discard_readable,
	.peer_closed = discard_peer_closed,
};
