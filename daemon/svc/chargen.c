/* SPDX-License-Identifier: MIT */
/*
 * chargen.c - sends lines of characters for as long as the peer takes them
 *	       (RFC 864)
 *
 * Each line shows 72 of the 95 printable characters and starts one further
 * than the line before, so that the text repeats after 95 lines:
 *
 *	line 0	 !"#$%&'...  fg		one period: 95 lines of 74 bytes
 *	line 1	!"#$%&'(...  gh
 *
 * Some periods are made once, in a buffer that all connections send from by
 * reference.  A connection's state is the line that comes next; whole lines
 * only are sent.  Its send queue bounds what waits.  What the peer sends is
 * thrown away; its FIN ends the text.
 */

#include "svc.h"

#include <stdlib.h>

#define CHARS	      95u /* ' ' to '~'				*/
#define LINE_CHARS    72u
#define LINE	      (LINE_CHARS + 2u)
#define PERIOD	      (CHARS * LINE)
#define BUFFER	      (9u * PERIOD) /* 63270 bytes, just under 64 KB	*/
#define WORTH_SENDING PERIOD	    /* less room: wait, unless idle	*/

_Static_assert(CHARS <= SERVICE_STATE_MAX, "a line's number fits the state");

static void make_text(uint8_t *text)
{
	for (uint32_t at = 0; at < BUFFER; at++) {
		uint32_t line = at / LINE;
		uint32_t column = at % LINE;

		if (column < LINE_CHARS)
			text[at] = (uint8_t)(' ' + (line + column) % CHARS);
		else
			text[at] = column == LINE_CHARS ? '\r' : '\n';
	}
}

static int chargen_start(struct service *sv)
{
	uint8_t *text = malloc(BUFFER);

	if (!text)
		return -ERR_NOMEM;
	make_text(text);
	sv->shared = stream_buf_new(sv, text, BUFFER);
	free(text);
	return sv->shared ? 0 : -ERR_NOMEM;
}

static void chargen_stop(struct service *sv)
{
	stream_buf_free(sv, sv->shared);
}

/*
 * worth_sending() - How much to send now
 * @st:		stream
 *
 * Small pieces make small packets, so little room is not used while there is
 * something queued; the peer's acknowledgement makes more.
 *
 * Return: bytes, whole lines; all that is in the buffer where there is too
 * little room, since a write that fails asks for the writable callback
 */
static uint32_t worth_sending(struct stream *st)
{
	uint32_t all = BUFFER - st->state * LINE;
	size_t room = stream_room(st);
	struct stream_info info;

	if (room >= all)
		return all;
	if (room < WORTH_SENDING &&
	    (room < LINE || stream_info(st, &info) || info.queued))
		return all;
	return (uint32_t)(room - room % LINE);
}

static void chargen_fill(struct stream *st)
{
	ptrdiff_t n;

	do {
		n = stream_write_buf(st, st->service->shared, st->state * LINE,
				     worth_sending(st));
		if (n > 0)
			st->state = (st->state + (uint32_t)n / LINE) % CHARS;
	} while (n > 0);
}

static void chargen_readable(struct stream *st)
{
	stream_discard(st);
}

static void chargen_peer_closed(struct stream *st)
{
	stream_close(st);
}

const struct svc svc_chargen = {
	.name = "chargen",
	.start = chargen_start,
	.stop = chargen_stop,
	.opened = chargen_fill,
	.readable = chargen_readable,
	.writable = chargen_fill,
	.peer_closed = chargen_peer_closed,
};
