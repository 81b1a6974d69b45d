/* SPDX-License-Identifier: MIT */
/*
 * http_head.h - the head of an HTTP/1 request: bytes to what is asked for
 *
 *	GET /metrics?x=1 HTTP/1.1	method SP target SP version
 *	Host: 10.7.0.2			name ":" value, ...
 *					an empty line ends it
 *
 * Strict: what RFC 9112 lets a server refuse is refused, but for a line that
 * ends in LF alone, which a person types into nc (section 2.2).  Nothing is
 * copied, nothing kept.
 */

#ifndef DAEMON_SVC_HTTP_HEAD_H
#define DAEMON_SVC_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX 8192u /* bytes of a head, the empty line included */

/* Status codes in use. */
enum http_status {
	HTTP_OK = 200,
	HTTP_BAD_REQUEST = 400,
	HTTP_NOT_FOUND = 404,
	HTTP_BAD_METHOD = 405,
	HTTP_TOO_LONG = 431,
	HTTP_INTERNAL = 500,
	HTTP_BAD_VERSION = 505,
};

/**
 * struct http_request - what a request asks for
 * @status:	HTTP_OK, else what it has to be answered with
 * @why:	with a @status that is not HTTP_OK: what is wrong, for people
 * @minor:	of the version 1.x
 * @head:	all but the body is wanted (HEAD)
 * @last:	the connection ends behind the answer: the client asks for it, or
 *		where the next request begins cannot be told, or is not worth it
 * @path:	path of the target, without a query; within the request's bytes
 * @path_len:	its bytes
 */
struct http_request {
	enum http_status status;
	const char *why;
	uint32_t minor;
	bool head;
	bool last;
	const char *path;
	size_t path_len;
};

/** http_head_whole() - Do the bytes end in an empty line? */
bool http_head_whole(const char *text, size_t len);

/**
 * http_head_parse() - Read a head
 * @text:	its bytes, for which http_head_whole() holds, without empty lines
 *		in front
 * @len:	their number
 * @rq:		filled in
 */
void http_head_parse(const char *text, size_t len, struct http_request *rq);

#endif /* DAEMON_SVC_HTTP_HEAD_H */
