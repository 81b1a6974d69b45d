/* SPDX-License-Identifier: MIT */
/*
 * http.c - read-only pages over HTTP/1.0 and 1.1
 *
 * The pages are the daemon's (struct svc_pages); they are made when they are
 * asked for, in a buffer that all connections share.  What the stream does not
 * take at once is kept for its connection until it does.
 *
 *	reading --whole head--> page --all taken--> reading	(keep-alive)
 *	   ^                      | not all
 *	   |<---- all taken ---- owing: nothing more is read
 *	                          | and it was the last answer
 *	                          v
 *	                        ended: FIN sent; what comes is thrown away
 *
 * A last answer is followed by our FIN alone, and the peer is heard out: a
 * reset for what it still sends could destroy the answer on its way (RFC 9112
 * section 9.6).  Pipelined requests wait in the receive queue; each callback
 * answers one and asks to be called again, so that nobody keeps the others
 * waiting.
 *
 * A service knows no time.  What bounds slow clients is their number: one more
 * than SVC_HTTP_CONNS, and the one that had its last answer longest ago goes.  So
 * all that waits here is at most SVC_HTTP_CONNS heads and pages.  For want of a
 * clock, there is no Date (RFC 9110 section 6.6.1).
 */

#include "svc.h"

#include <stdlib.h>
#include <string.h>

#include "http_bytes.h"

#define LINES_MAX 512u	   /* status line and header fields of an answer */
#define HEARD_OUT 1048576u /* bytes thrown away before a cut		 */

_Static_assert(SVC_HTTP_CONNS <= SERVICE_STATE_MAX, "the state is a place + 1");

/**
 * struct http_conn - a connection
 * @st:		its stream
 * @used:	there is one here
 * @turn:	when it was opened or had its last answer, in turns
 * @head:	the request's head as far as it has come, NULL = nothing
 * @head_len:	bytes of it
 * @owed:	what is left of an answer, NULL = nothing
 * @owed_off:	first byte that the stream has not taken
 * @owed_len:	end of it
 * @bytes_len:	body of /bytes/N behind it
 * @bytes_left:	of that, what the stream has not taken
 * @last:	no more requests are answered behind this answer
 * @ended:	our FIN is sent
 * @peer_closed: the peer's FIN has come
 * @heard:	bytes thrown away since
 */
struct http_conn {
	struct stream st;
	bool used;
	uint64_t turn;
	char *head;
	uint32_t head_len;
	char *owed;
	uint32_t owed_off;
	uint32_t owed_len;
	uint64_t bytes_len;
	uint64_t bytes_left;
	bool last;
	bool ended;
	bool peer_closed;
	uint32_t heard;
};

/**
 * struct http - what the connections of a service share
 * @turn:	grows with each connection and each answer
 * @conn:	the connections; a stream's state is its place + 1, or 0
 * @bytes:	what /bytes/N is sent from
 * @text:	an answer being made: room for the header, then the page
 */
struct http {
	uint64_t turn;
	struct http_conn conn[SVC_HTTP_CONNS];
	struct stream_buf *bytes;
	char text[LINES_MAX + SVC_PAGE_MAX];
};

/**
 * struct answer - an answer to be sent
 * @status:	status code
 * @page:	what it carries, NULL = a line on @status
 * @why:	that line's end, for people; NULL = none
 * @is_bytes:	instead of a page: @bytes of them
 * @head:	do not send the page itself
 * @keep:	say that the connection stays: HTTP/1.0 wants to hear it
 */
struct answer {
	enum http_status status;
	const struct svc_page *page;
	const char *why;
	bool is_bytes;
	uint64_t bytes;
	bool head;
	bool keep;
};

/* ------------------------------------------------------------- connections */

/* NULL for one that had to go: its place may be another's. */
static struct http_conn *conn_of(struct stream *st)
{
	struct http *h = st->service->shared;
	struct http_conn *c;

	if (st->state == 0)
		return NULL;
	c = &h->conn[st->state - 1];
	return c->used && c->st.conn == st->conn ? c : NULL;
}

static void conn_free(struct http_conn *c)
{
	free(c->head);
	free(c->owed);
	memset(c, 0, sizeof(*c));
}

static bool owes(const struct http_conn *c)
{
	return c->owed || c->bytes_left;
}

/* Politely, where nothing is under way. */
static void conn_evict(struct http_conn *c)
{
	if (c->head || owes(c) || c->ended)
		stream_abort(&c->st);
	else
		stream_close(&c->st);
	conn_free(c);
}

/* A free place, or that of who had its last answer longest ago. */
static struct http_conn *conn_take(struct http *h)
{
	struct http_conn *oldest = &h->conn[0];

	for (uint32_t i = 0; i < SVC_HTTP_CONNS; i++) {
		struct http_conn *c = &h->conn[i];

		if (!c->used)
			return c;
		if (c->turn < oldest->turn)
			oldest = c;
	}
	conn_evict(oldest);
	return oldest;
}

/* There is no way to go on. */
static void conn_cut(struct stream *st, struct http_conn *c)
{
	stream_abort(st);
	conn_free(c);
}

/* ----------------------------------------------------------------- sending */

/* The last answer is on its way: end our direction. */
static void finish(struct stream *st, struct http_conn *c)
{
	if (c->peer_closed)
		stream_close(st);
	else
		stream_shutdown(st);
	c->ended = true;
}

/*
 * send_text() - Send an answer, or keep what the stream does not take
 *
 * Return: true once all of it is taken
 */
static bool send_text(struct stream *st, struct http_conn *c, char *text,
		      size_t len)
{
	struct stream_iov iov = { text, len };
	ptrdiff_t n = stream_write(st, &iov, 1);

	if (n < 0 && n != -ERR_AGAIN) {
		conn_cut(st, c);
		return false;
	}
	if (n > 0) {
		text += n;
		len -= (size_t)n;
	}
	if (len == 0)
		return true;
	c->owed = malloc(len);
	if (!c->owed) {
		conn_cut(st, c);
		return false;
	}
	memcpy(c->owed, text, len);
	c->owed_off = 0;
	c->owed_len = (uint32_t)len;
	return false;
}

/* Then what follows it by reference. */
static bool send_bytes(struct stream *st, struct http_conn *c)
{
	struct http *h = st->service->shared;
	int r = http_bytes_send(st, h->bytes, c->bytes_len, &c->bytes_left);

	if (r < 0 && r != -ERR_AGAIN)
		conn_cut(st, c);
	return r == 0;
}

/* The same for what was kept. */
static bool send_owed(struct stream *st, struct http_conn *c)
{
	struct stream_iov iov = { c->owed + c->owed_off,
				  c->owed_len - c->owed_off };
	ptrdiff_t n = c->owed ? stream_write(st, &iov, 1) : 0;

	if (n < 0) {
		if (n != -ERR_AGAIN)
			conn_cut(st, c);
		return false;
	}
	c->owed_off += (uint32_t)n;
	if (c->owed_off < c->owed_len)
		return false;
	free(c->owed);
	c->owed = NULL;
	c->owed_off = 0;
	c->owed_len = 0;
	return send_bytes(st, c);
}

static const char *status_text(enum http_status status)
{
	switch (status) {
	case HTTP_OK:
		return "OK";
	case HTTP_BAD_REQUEST:
		return "Bad Request";
	case HTTP_NOT_FOUND:
		return "Not Found";
	case HTTP_BAD_METHOD:
		return "Method Not Allowed";
	case HTTP_TOO_LONG:
		return "Request Header Fields Too Large";
	case HTTP_BAD_VERSION:
		return "HTTP Version Not Supported";
	default:
		return "Internal Server Error";
	}
}

static void make_error(const struct answer *a, const struct svc_pages *pages,
		       struct svc_text *t)
{
	svc_text_add(t, "%u %s\n", a->status, status_text(a->status));
	if (a->why)
		svc_text_add(t, "%s\n", a->why);
	if (a->status != HTTP_NOT_FOUND || !pages)
		return;
	svc_text_add(t, "There is:");
	for (uint32_t i = 0; i < pages->n; i++)
		svc_text_add(t, " %s", pages->page[i].path);
	svc_text_add(t, " " HTTP_BYTES_PATH "\n");
}

static void make_body(struct answer *a, const struct svc_pages *pages,
		      struct svc_text *t)
{
	if (a->is_bytes)
		return;
	if (a->page)
		a->page->make(pages->arg, t);
	if (t->full) {
		t->len = 0;
		t->full = false;
		a->page = NULL;
		a->status = HTTP_INTERNAL;
		a->why = "the page is longer than this server can send";
	}
	if (!a->page)
		make_error(a, pages, t);
}

static void make_lines(const struct answer *a, bool last, uint64_t body_len,
		       struct svc_text *t)
{
	svc_text_add(t, "HTTP/1.1 %u %s\r\nServer: ustack\r\n", a->status,
		     status_text(a->status));
	svc_text_add(t, "Content-Type: %s\r\nContent-Length: %llu\r\n",
		     a->page ? a->page->type : "text/plain; charset=utf-8",
		     (unsigned long long)body_len);
	if (a->page)
		svc_text_add(t, "Cache-Control: no-store\r\n");
	if (a->status == HTTP_BAD_METHOD)
		svc_text_add(t, "Allow: GET, HEAD\r\n");
	if (last || a->keep)
		svc_text_add(t, "Connection: %s\r\n",
			     last ? "close" : "keep-alive");
	svc_text_add(t, "\r\n");
}

/*
 * answer() - Make an answer and send it
 *
 * The page comes first, behind the room for the lines that tell its length;
 * they are then moved to where it begins.
 */
static void answer(struct stream *st, struct http_conn *c, struct answer *a)
{
	struct http *h = st->service->shared;
	char lines[LINES_MAX];
	struct svc_text head = { .buf = lines, .cap = sizeof(lines) };
	struct svc_text body = { .buf = h->text + LINES_MAX,
				 .cap = SVC_PAGE_MAX };

	make_body(a, st->service->pages, &body);
	make_lines(a, c->last, a->is_bytes ? a->bytes : body.len, &head);
	memcpy(body.buf - head.len, head.buf, head.len);
	c->turn = ++h->turn;
	c->bytes_len = a->is_bytes && !a->head ? a->bytes : 0;
	c->bytes_left = c->bytes_len;
	if (send_text(st, c, body.buf - head.len,
		      head.len + (a->head ? 0 : body.len)) &&
	    send_bytes(st, c) && c->last)
		finish(st, c);
}

/* --------------------------------------------------------------- receiving */

static const struct svc_page *find_page(const struct svc_pages *pages,
					const struct http_request *rq)
{
	for (uint32_t i = 0; pages && i < pages->n; i++) {
		const struct svc_page *p = &pages->page[i];

		if (strlen(p->path) == rq->path_len &&
		    memcmp(p->path, rq->path, rq->path_len) == 0)
			return p;
	}
	return NULL;
}

static void answer_head(struct stream *st, struct http_conn *c)
{
	struct http_request rq = {
		.status = HTTP_TOO_LONG,
		.why = "request line and headers have to fit into 8192 bytes",
		.minor = 1,
		.last = true,
	};
	struct answer a = { 0 };

	if (http_head_whole(c->head, c->head_len))
		http_head_parse(c->head, c->head_len, &rq);
	a.status = rq.status;
	a.why = rq.why;
	a.head = rq.head;
	a.keep = rq.minor == 0;
	if (rq.status == HTTP_OK)
		a.page = find_page(st->service->pages, &rq);
	if (rq.status == HTTP_OK && !a.page)
		a.is_bytes = http_bytes_wanted(&rq, &a.bytes);
	if (rq.status == HTTP_OK && !a.page && !a.is_bytes)
		a.status = HTTP_NOT_FOUND;
	c->last = rq.last;
	free(c->head);
	c->head = NULL;
	c->head_len = 0;
	answer(st, c, &a);
}

/*
 * head_add() - Add bytes to a head, up to its end
 * @c:		connection
 * @text:	bytes
 * @len:	their number
 * @done:	set when the head is whole, or too long
 *
 * Empty lines in front of a request are skipped (RFC 9112 section 2.2).
 *
 * Return: bytes that were used
 */
static size_t head_add(struct http_conn *c, const char *text, size_t len,
		       bool *done)
{
	size_t i = 0;

	while (i < len && !*done) {
		char byte = text[i++];

		if (c->head_len == 0 && (byte == '\r' || byte == '\n'))
			continue;
		c->head[c->head_len++] = byte;
		*done = c->head_len == HTTP_HEAD_MAX ||
			(byte == '\n' && http_head_whole(c->head, c->head_len));
	}
	return i;
}

/* Take what has come up to the end of a head; true if it is there. */
static bool take_head(struct stream *st, struct http_conn *c)
{
	struct stream_iov iov[STREAM_IOV_MAX];
	bool done = false;
	int n;

	while (!done && (n = stream_peek(st, iov, STREAM_IOV_MAX)) > 0) {
		size_t used = 0;

		if (!c->head)
			c->head = malloc(HTTP_HEAD_MAX);
		if (!c->head) {
			conn_cut(st, c);
			return false;
		}
		for (int i = 0; i < n && !done; i++)
			used += head_add(c, iov[i].base, iov[i].len, &done);
		stream_consume(st, used);
	}
	if (c->head_len == 0) {
		free(c->head);
		c->head = NULL;
	}
	return done;
}

static void hear_out(struct stream *st, struct http_conn *c)
{
	size_t n = stream_discard(st);

	c->heard += n < HEARD_OUT ? (uint32_t)n : HEARD_OUT;
	if (c->heard >= HEARD_OUT)
		conn_cut(st, c);
}

static bool has_more(struct stream *st)
{
	struct stream_info info;

	return stream_info(st, &info) == 0 && info.unread > 0;
}

/* Something has changed: send, read, answer one request. */
static void http_go(struct stream *st)
{
	struct http_conn *c = conn_of(st);

	if (!c)
		return;
	if (owes(c)) {
		if (!send_owed(st, c))
			return;
		if (c->last)
			finish(st, c);
	}
	if (c->ended) {
		hear_out(st, c);
		return;
	}
	if (!take_head(st, c))
		return;
	answer_head(st, c);
	if (c->ended)
		hear_out(st, c);
	else if (c->used && !owes(c) && has_more(st))
		stream_wake(st);
}

/* --------------------------------------------------------------- callbacks */

static int http_start(struct service *sv)
{
	struct http *h = calloc(1, sizeof(*h));

	sv->shared = h;
	if (h)
		h->bytes = http_bytes_new(sv);
	return h && h->bytes ? 0 : -ERR_NOMEM;
}

static void http_stop(struct service *sv)
{
	struct http *h = sv->shared;

	for (uint32_t i = 0; h && i < SVC_HTTP_CONNS; i++)
		conn_free(&h->conn[i]);
	if (h && h->bytes)
		stream_buf_free(sv, h->bytes);
	free(h);
}

static void http_opened(struct stream *st)
{
	struct http *h = st->service->shared;
	struct http_conn *c = conn_take(h);

	st->state = (uint32_t)(c - h->conn) + 1;
	c->st = *st;
	c->used = true;
	c->turn = ++h->turn;
}

static void http_peer_closed(struct stream *st)
{
	struct http_conn *c = conn_of(st);
	struct answer a = { .status = HTTP_BAD_REQUEST,
			    .why = "the request ends in the middle" };

	if (c) {
		c->peer_closed = true;
		c->last = true;
	}
	if (c && c->head && !c->ended)
		answer(st, c, &a);
	else if (!c || !owes(c))
		stream_close(st);
}

static void http_closed(struct stream *st)
{
	struct http_conn *c = conn_of(st);

	if (c)
		conn_free(c);
}

const struct svc svc_http = {
	.name = "http",
	.start = http_start,
	.stop = http_stop,
	.opened = http_opened,
	.readable = http_go,
	.writable = http_go,
	.peer_closed = http_peer_closed,
	.closed = http_closed,
};
