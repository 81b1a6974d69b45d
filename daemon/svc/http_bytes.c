/* SPDX-License-Identifier: MIT */
/*
 * http_bytes.c - /bytes/N: a download of just so many bytes
 */

#include "http_bytes.h"

#include <stdlib.h>
#include <string.h>

#define LETTERS 26u
#define BUFFER	(2500u * LETTERS) /* 65000 bytes */

bool http_bytes_wanted(const struct http_request *rq, uint64_t *n)
{
	static const char prefix[] = "/bytes/";
	const size_t skip = sizeof(prefix) - 1;
	uint64_t v = 0;

	if (rq->path_len <= skip || memcmp(rq->path, prefix, skip) != 0)
		return false;
	for (size_t i = skip; i < rq->path_len; i++) {
		char c = rq->path[i];

		if (c < '0' || c > '9' || v > HTTP_BYTES_MAX)
			return false;
		v = v * 10 + (uint64_t)(c - '0');
	}
	*n = v;
	return v <= HTTP_BYTES_MAX;
}

struct stream_buf *http_bytes_new(struct service *sv)
{
	char *text = malloc(BUFFER);
	struct stream_buf *b;

	if (!text)
		return NULL;
	for (uint32_t i = 0; i < BUFFER; i++)
		text[i] = (char)('a' + i % LETTERS);
	b = stream_buf_new(sv, text, BUFFER);
	free(text);
	return b;
}

/* Small pieces make small packets: as much as there is room for, if it is worth
 * it; else all there is, whose refusal asks for the writable callback.
 */
static uint32_t piece(struct stream *st, uint64_t left, uint32_t in_buf)
{
	uint32_t all = left < in_buf ? (uint32_t)left : in_buf;
	size_t room = stream_room(st);

	return room >= all || room < BUFFER / 8 ? all : (uint32_t)room;
}

int http_bytes_send(struct stream *st, struct stream_buf *b, uint64_t len,
		    uint64_t *left)
{
	while (*left > 0) {
		uint32_t at = (uint32_t)((len - *left) % LETTERS);
		ptrdiff_t n = stream_write_buf(st, b, at,
					       piece(st, *left, BUFFER - at));

		if (n < 0)
			return (int)n;
		*left -= (uint64_t)n;
	}
	return 0;
}
