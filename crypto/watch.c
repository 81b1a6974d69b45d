/* SPDX-License-Identifier: MIT */
/*
 * watch.c - what the server's open part of a handshake gives away
 *
 *	bytes --> records --> messages of the handshake --> ServerHello,
 *						 ServerKeyExchange
 *
 * Only what concerns the group is understood; what is malformed is passed over,
 * since mbedTLS judges it.  Reading ends where encryption begins: with
 * ChangeCipherSpec in TLS 1.2, after the ServerHello in TLS 1.3, unless that is
 * a HelloRetryRequest and another follows.
 *
 * RFC 8446 sections 4.1.3, 4.2.8, 4.2.11; RFC 5246 sections 6.2.1, 7.4;
 * RFC 8422 section 5.4; RFC 5489 section 2.
 */

#include <string.h>

#include "watch.h"

#define REC_CCS		       20
#define REC_ALERT	       21
#define REC_HANDSHAKE	       22

#define HS_SERVER_HELLO	       2
#define HS_SERVER_KEY_EXCHANGE 12
#define HS_HEADER	       4u

#define EXT_PRE_SHARED_KEY     41
#define EXT_VERSIONS	       43
#define EXT_KEY_SHARE	       51

#define NAMED_CURVE	       3

/* A part of a message that is read from its front. */
struct span {
	const uint8_t *p;
	size_t len;
};

static bool take(struct span *s, size_t n, struct span *out)
{
	if (s->len < n)
		return false;
	if (out)
		*out = (struct span){ s->p, n };
	s->p += n;
	s->len -= n;
	return true;
}

static bool take_num(struct span *s, size_t n, unsigned int *out)
{
	struct span b;

	if (!take(s, n, &b))
		return false;
	*out = 0;
	for (size_t i = 0; i < n; i++)
		*out = *out << 8 | b.p[i];
	return true;
}

static void on_extension(struct tls_watch *w, unsigned int type, struct span e)
{
	unsigned int n;

	if (type == EXT_VERSIONS && take_num(&e, 2, &n))
		w->v13 = n == 0x0304;
	else if (type == EXT_KEY_SHARE && take_num(&e, 2, &n))
		w->group = (uint16_t)n;
	else if (type == EXT_PRE_SHARED_KEY)
		w->psk = true;
}

/* SHA-256 of "HelloRetryRequest", RFC 8446 section 4.1.3: its first bytes do. */
static bool is_retry(const uint8_t *random)
{
	static const uint8_t start[] = { 0xcf, 0x21, 0xad, 0x74,
					 0xe5, 0x9a, 0x61, 0x11 };

	return !memcmp(random, start, sizeof(start));
}

static void on_server_hello(struct tls_watch *w, struct span m)
{
	struct span random;
	struct span ext;
	unsigned int n;
	unsigned int type;

	if (!take(&m, 2, NULL) || !take(&m, 32, &random) ||
	    !take_num(&m, 1, &n) || !take(&m, n, NULL) || !take(&m, 3, NULL))
		return;
	w->retry = is_retry(random.p);
	take(&m, 2, NULL); /* length of all extensions */
	while (take_num(&m, 2, &type) && take_num(&m, 2, &n) &&
	       take(&m, n, &ext))
		on_extension(w, type, ext);
	w->done = w->v13 && !w->retry;
}

/*
 * Curve type and curve; with a PSK a hint comes first.  A hint of 0x0300 bytes
 * and more would be needed to take one for the other.
 */
static void on_key_exchange(struct tls_watch *w, struct span m)
{
	unsigned int n;
	unsigned int type;

	w->done = true;
	if (m.len && m.p[0] != NAMED_CURVE &&
	    (!take_num(&m, 2, &n) || !take(&m, n, NULL)))
		return;
	if (take_num(&m, 1, &type) && type == NAMED_CURVE &&
	    take_num(&m, 2, &n))
		w->group = (uint16_t)n;
}

static void on_message(struct tls_watch *w)
{
	struct span m = { w->msg + HS_HEADER, w->nmsg - HS_HEADER };

	if (w->msg[0] == HS_SERVER_HELLO)
		on_server_hello(w, m);
	else if (w->msg[0] == HS_SERVER_KEY_EXCHANGE)
		on_key_exchange(w, m);
	w->nmsg = 0;
}

/* How many bytes the message in @msg wants; its header has come. */
static size_t message_len(const struct tls_watch *w)
{
	return HS_HEADER +
	       ((size_t)w->msg[1] << 16 | (size_t)w->msg[2] << 8 | w->msg[3]);
}

/* Take a byte of a handshake record. */
static void on_byte(struct tls_watch *w, uint8_t b)
{
	size_t len;

	if (w->skip) {
		if (!--w->skip)
			on_message(w);
		return;
	}
	w->msg[w->nmsg++] = b;
	if (w->nmsg < HS_HEADER)
		return;
	len = message_len(w);
	if (w->nmsg == len)
		on_message(w);
	else if (w->nmsg == TLS_WATCH_MAX)
		w->skip = (uint32_t)(len - TLS_WATCH_MAX);
}

static void on_header(struct tls_watch *w)
{
	w->left = (uint16_t)(w->head[3] << 8 | w->head[4]);
	switch (w->head[0]) {
	case REC_HANDSHAKE:
	case REC_ALERT:
		break;
	case REC_CCS:
		w->done = !w->retry;
		break;
	default:
		w->done = true;
	}
}

void tls_watch_feed(struct tls_watch *w, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < len && !w->done; i++) {
		if (w->left) {
			w->left--;
			if (w->head[0] == REC_HANDSHAKE)
				on_byte(w, p[i]);
			continue;
		}
		if (w->nhead == sizeof(w->head))
			w->nhead = 0;
		w->head[w->nhead++] = p[i];
		if (w->nhead == sizeof(w->head))
			on_header(w);
	}
}
