/* SPDX-License-Identifier: MIT */
/*
 * http_bytes.h - /bytes/N: a download of just so many bytes
 *
 * The body is the alphabet over and over, sent by reference from one buffer.
 */

#ifndef DAEMON_SVC_HTTP_BYTES_H
#define DAEMON_SVC_HTTP_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#include "http_head.h"
#include "svc.h"

#define HTTP_BYTES_PATH "/bytes/N"
#define HTTP_BYTES_MAX	1000000000000u /* a terabyte */

/** http_bytes_wanted() - Does a request ask for it, and for how many? */
bool http_bytes_wanted(const struct http_request *rq, uint64_t *n);

/** http_bytes_new() - The buffer for a service's connections, NULL = no memory */
struct stream_buf *http_bytes_new(struct service *sv);

/**
 * http_bytes_send() - Send what the stream takes
 * @st:		stream
 * @b:		buffer of http_bytes_new()
 * @len:	bytes of the whole body
 * @left:	of them, bytes not sent yet; counted down
 *
 * Return: 0 when nothing is left; -ERR_AGAIN, the writable callback follows;
 * other errors: the stream takes no more at all
 */
int http_bytes_send(struct stream *st, struct stream_buf *b, uint64_t len,
		    uint64_t *left) MUST_USE;

#endif /* DAEMON_SVC_HTTP_BYTES_H */
