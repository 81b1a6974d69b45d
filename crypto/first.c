/* SPDX-License-Identifier: MIT */
/*
 * first.c - the first bytes of a client, before there is any mbedTLS for it
 *
 * A record starts with its type, 20 to 23, and the version's first byte, 3.
 * All else is told by its first byte already: printable text from somebody who
 * does not know about TLS, the hello of SSL 2, or noise.  Until five bytes of a
 * record have come, a channel holds no more than these.
 */

#include "channel_int.h"

#define RECORD_HEADER 5u
#define RECORD_MAX    (TLS_PLAIN_MAX + 2048u) /* RFC 5246 section 6.2.3 */

static bool is_text(uint8_t b)
{
	return (b >= ' ' && b < 0x7f) || b == '\r' || b == '\n' || b == '\t';
}

/* Read until @want of the first bytes are there; 0, or what stands in the way. */
static int fetch(struct tls_channel *ch, size_t want)
{
	ptrdiff_t n;

	while (ch->nfirst < want) {
		n = ch->io.recv(ch->io.arg, ch->first + ch->nfirst,
				want - ch->nfirst);
		if (n <= 0)
			return n ? (int)n : -ERR_CONNABORTED;
		ch->nfirst = (uint8_t)(ch->nfirst + n);
	}
	return 0;
}

static int need(struct tls_channel *ch, size_t want)
{
	int err = fetch(ch, want);

	if (!err || err == -ERR_AGAIN)
		return err;
	ch->io_err = err;
	return tls_give_up(ch, TLS_CUT, 0, "handshake");
}

/* There is no mbedTLS to write it: a fatal alert by hand. */
static void alert(struct tls_channel *ch, enum tls_kind kind)
{
	uint8_t rec[] = { 21, 3, 3, 0, 2, 2, tls_kind_alert(kind) };

	/* what does not fit is not worth waiting for */
	(void)!ch->io.send(ch->io.arg, rec, sizeof(rec));
}

static size_t text_len(const struct tls_channel *ch)
{
	size_t n = 0;

	while (n < ch->nfirst && ch->first[n] >= ' ' && ch->first[n] < 0x7f)
		n++;
	return n;
}

static int not_tls(struct tls_channel *ch)
{
	char text[4 * TLS_FIRST_MAX + 1];
	int err;

	/* what else has come makes the message clearer; any of it will do */
	(void)!fetch(ch, TLS_FIRST_MAX);
	tls_printable(text, sizeof(text), ch->first, text_len(ch));
	err = tls_give_up(ch, TLS_NOT_TLS, 0, "the first bytes are plain text");
	tls_problem_advise(ch->problem,
			   "the client speaks plain text (\"%s\"): let it use "
			   "TLS, or a port without tls=yes",
			   text);
	return err;
}

/* SSL 2: a length with the top bit set, then the type of a CLIENT-HELLO. */
static bool is_ssl2(const uint8_t *p)
{
	return (p[0] & 0x80) && p[2] == 1;
}

static bool is_record(const uint8_t *p)
{
	return p[0] >= 20 && p[0] <= 23 && p[1] == 3 &&
	       (p[3] << 8 | p[4]) <= (int)RECORD_MAX;
}

int tls_first_bytes(struct tls_channel *ch)
{
	enum tls_kind kind;
	int err;

	err = need(ch, 1);
	if (err)
		return err;
	if (is_text(ch->first[0])) {
		alert(ch, TLS_NOT_TLS);
		return not_tls(ch);
	}
	err = need(ch, RECORD_HEADER);
	if (err)
		return err;
	if (is_record(ch->first))
		return 0;
	kind = is_ssl2(ch->first) ? TLS_OLD_VERSION : TLS_GARBAGE;
	alert(ch, kind);
	return tls_give_up(ch, kind, 0,
			   kind == TLS_GARBAGE ? "the first bytes are no record"
					       : "the client speaks SSL 2");
}
