/* SPDX-License-Identifier: MIT */
/*
 * http_head.c - the head of an HTTP/1 request: bytes to what is asked for
 *
 * A head is cut into lines, a line into fields; a cut piece is a struct part.
 * The first thing that is wrong decides the answer and ends the reading.
 *
 * RFC 9110 sections 7.2, 9, 10.1; RFC 9112 sections 2, 3, 5, 6, 9.
 */

#include "http_head.h"

#include <string.h>

/**
 * struct part - a piece of the head
 * @at:		its first byte
 * @len:	its bytes
 */
struct part {
	const char *at;
	size_t len;
};

/**
 * struct head - what is known so far
 * @rq:		the request
 * @rest:	lines not read yet
 * @hosts:	Host fields
 * @length:	a Content-Length was there
 * @content:	its value, digits without zeros in front
 * @coded:	a Transfer-Encoding was there
 * @close:	Connection: close
 * @keep:	Connection: keep-alive
 */
struct head {
	struct http_request *rq;
	struct part rest;
	uint32_t hosts;
	bool length;
	struct part content;
	bool coded;
	bool close;
	bool keep;
};

/* Refuse, and trust nothing behind this head: always false. */
static bool refuse(struct head *h, enum http_status status, const char *why)
{
	h->rq->status = status;
	h->rq->why = why;
	h->rq->last = true;
	return false;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* @word is in small letters. */
static bool is_word(struct part p, const char *word)
{
	if (p.len != strlen(word))
		return false;
	for (size_t i = 0; i < p.len; i++)
		if (lower(p.at[i]) != word[i])
			return false;
	return true;
}

static bool is_same(struct part a, struct part b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A tchar of RFC 9110 section 5.6.2. */
static bool is_token_char(char c)
{
	return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct part p)
{
	for (size_t i = 0; i < p.len; i++)
		if (!is_token_char(p.at[i]))
			return false;
	return p.len > 0;
}

/* Visible ASCII, blanks, and bytes of which nobody knows the meaning. */
static bool is_value(struct part p)
{
	for (size_t i = 0; i < p.len; i++) {
		unsigned char c = (unsigned char)p.at[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* Cut up to the first @c off, and drop @c; all of it where there is none. */
static struct part cut(struct part *from, char c)
{
	const char *end = memchr(from->at, c, from->len);
	struct part p = { from->at,
			  end ? (size_t)(end - from->at) : from->len };
	size_t used = end ? p.len + 1 : p.len;

	from->at += used;
	from->len -= used;
	return p;
}

static struct part trim(struct part p)
{
	while (p.len && (p.at[0] == ' ' || p.at[0] == '\t')) {
		p.at++;
		p.len--;
	}
	while (p.len && (p.at[p.len - 1] == ' ' || p.at[p.len - 1] == '\t'))
		p.len--;
	return p;
}

static struct part next_line(struct head *h)
{
	struct part p = cut(&h->rest, '\n');

	if (p.len && p.at[p.len - 1] == '\r')
		p.len--;
	return p;
}

/* ------------------------------------------------------------ request line */

static bool read_version(struct head *h, struct part p)
{
	if (p.len != 8 || memcmp(p.at, "HTTP/", 5) != 0 || !is_digit(p.at[5]) ||
	    p.at[6] != '.' || !is_digit(p.at[7]))
		return refuse(h, HTTP_BAD_REQUEST,
			      "the first line has to be: GET /path HTTP/1.1");
	if (p.at[5] != '1')
		return refuse(h, HTTP_BAD_VERSION,
			      "HTTP/1.0 and HTTP/1.1 are spoken here");
	h->rq->minor = (uint32_t)(p.at[7] - '0');
	return true;
}

/* Of "http://host/path", as a proxy is asked (RFC 9112 section 3.2.2): "/path". */
static struct part path_of_uri(struct part p)
{
	const size_t skip = sizeof("http://") - 1;
	const char *slash;

	if (p.len <= skip || !is_word((struct part){ p.at, skip }, "http://"))
		return p;
	p.at += skip;
	p.len -= skip;
	slash = memchr(p.at, '/', p.len);
	if (!slash)
		return (struct part){ "/", 1 };
	return (struct part){ slash, p.len - (size_t)(slash - p.at) };
}

static bool read_target(struct head *h, struct part p)
{
	for (size_t i = 0; i < p.len; i++)
		if (p.at[i] <= ' ' || p.at[i] > '~' || p.at[i] == '#')
			return refuse(h, HTTP_BAD_REQUEST,
				      "a byte that no target may have");
	p = path_of_uri(p);
	if (p.len == 0 || p.at[0] != '/')
		return refuse(h, HTTP_BAD_REQUEST,
			      "the target has to begin with a slash");
	p = cut(&p, '?');
	h->rq->path = p.at;
	h->rq->path_len = p.len;
	return true;
}

static bool read_request_line(struct head *h)
{
	struct part line = next_line(h);
	struct part method = cut(&line, ' ');
	struct part target = cut(&line, ' ');
	bool get = method.len == 3 && memcmp(method.at, "GET", 3) == 0;

	h->rq->head = method.len == 4 && memcmp(method.at, "HEAD", 4) == 0;
	if (!is_token(method))
		return refuse(h, HTTP_BAD_REQUEST,
			      "the first line has to begin with a method");
	if (!read_version(h, line))
		return false;
	if (!get && !h->rq->head) {
		h->rq->status = HTTP_BAD_METHOD;
		h->rq->why = "all here is read-only";
		return true;
	}
	return read_target(h, target);
}

/* ----------------------------------------------------------- header fields */

static bool read_length(struct head *h, struct part value)
{
	for (size_t i = 0; i < value.len; i++)
		if (!is_digit(value.at[i]))
			return refuse(h, HTTP_BAD_REQUEST,
				      "Content-Length is no number");
	if (value.len == 0)
		return refuse(h, HTTP_BAD_REQUEST, "Content-Length is empty");
	while (value.len > 1 && value.at[0] == '0') {
		value.at++;
		value.len--;
	}
	if (h->length && !is_same(h->content, value))
		return refuse(h, HTTP_BAD_REQUEST,
			      "two values of Content-Length");
	h->length = true;
	h->content = value;
	return true;
}

static void read_connection(struct head *h, struct part list)
{
	while (list.len) {
		struct part word = trim(cut(&list, ','));

		h->close |= is_word(word, "close");
		h->keep |= is_word(word, "keep-alive");
	}
}

static bool read_host(struct head *h, struct part value)
{
	if (h->hosts++)
		return refuse(h, HTTP_BAD_REQUEST, "more than one Host");
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] <= ' ' || value.at[i] > '~' ||
		    strchr("/?#@\\", value.at[i]))
			return refuse(h, HTTP_BAD_REQUEST,
				      "Host is not a name or an address");
	return true;
}

static bool read_field(struct head *h, struct part line)
{
	struct part name = cut(&line, ':');
	struct part value = trim(line);

	/* A blank in front of the colon, and a folded line, end here, too. */
	if (!is_token(name) || name.at + name.len == line.at)
		return refuse(h, HTTP_BAD_REQUEST,
			      "a header line has to be: Name: value");
	if (!is_value(value))
		return refuse(h, HTTP_BAD_REQUEST,
			      "a control character in a header");
	if (is_word(name, "host"))
		return read_host(h, value);
	if (is_word(name, "content-length"))
		return read_length(h, value);
	if (is_word(name, "transfer-encoding"))
		h->coded = true;
	if (is_word(name, "connection"))
		read_connection(h, value);
	return true;
}

/*
 * check_body() - Can the next request be found?
 * @h:		head
 *
 * The body of a request is never looked at: the connection ends behind the
 * answer.  One with two lengths is an attempt at something (section 6.3).
 */
static bool check_body(struct head *h)
{
	if (h->coded && h->length)
		return refuse(h, HTTP_BAD_REQUEST,
			      "Content-Length beside Transfer-Encoding");
	if (h->coded || (h->length && !is_word(h->content, "0")))
		h->rq->last = true;
	return true;
}

bool http_head_whole(const char *text, size_t len)
{
	if (len >= 2 && memcmp(text + len - 2, "\n\n", 2) == 0)
		return true;
	return len >= 3 && memcmp(text + len - 3, "\n\r\n", 3) == 0;
}

void http_head_parse(const char *text, size_t len, struct http_request *rq)
{
	struct head h = { .rq = rq, .rest = { text, len } };

	*rq = (struct http_request){ .status = HTTP_OK, .minor = 1 };
	if (!read_request_line(&h))
		return;
	for (;;) {
		struct part line = next_line(&h);

		if (line.len == 0)
			break;
		if (!read_field(&h, line))
			return;
	}
	if (!check_body(&h))
		return;
	if (rq->minor > 0 && h.hosts == 0)
		refuse(&h, HTTP_BAD_REQUEST, "HTTP/1.1 requires Host");
	else if (h.close || (rq->minor == 0 && !h.keep))
		rq->last = true;
}
