/* SPDX-License-Identifier: MIT */
/*
 * channel.h - one end of a TLS connection, without I/O of its own
 *
 *	service  -- plaintext -->  tls_write()  -- records -->  io.send()
 *	service  <-- plaintext --  tls_read()   <-- records --  io.recv()
 *
 * The owner has the ciphertext: the channel asks it for bytes and hands it
 * bytes, as spans, while one of the calls below runs.  Time comes in as an
 * argument; nothing here looks at a clock, opens a file or waits.
 *
 * A channel belongs to one thread.  What it holds of a context (creds.h) is a
 * reference.  Errors are -ERR_*; what went wrong in the words of TLS is told by
 * tls_problem().
 */

#ifndef CRYPTO_CHANNEL_H
#define CRYPTO_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/base/err.h"

struct tls_channel;
struct tls_context;

#define TLS_PLAIN_MAX 16384u /* most bytes of a record */
#define TLS_NAME_MAX  256u   /* of a server or a client, NUL included */
#define TLS_TEXT_MAX  320u   /* of a problem, NUL included */

/**
 * struct tls_io - where ciphertext comes from, and goes to
 * @arg:	passed to both
 * @recv:	copy at most @len bytes that have come to @buf: their number,
 *		-ERR_AGAIN when there are none now, 0 at the end of the stream
 * @send:	take bytes: how many, fewer than given or -ERR_AGAIN when there is
 *		no room now; other errors: nothing can be sent any more
 */
struct tls_io {
	void *arg;
	ptrdiff_t (*recv)(void *arg, void *buf, size_t len);
	ptrdiff_t (*send)(void *arg, const void *buf, size_t len);
};

/**
 * struct tls_channel_args - a channel to be made
 * @io:		ciphertext; copied
 * @servername:	client: whom we want to talk to, checked against its certificate
 *		and sent as SNI; NULL = an address, of which @address has the text
 * @address:	client: the address as text, for certificates that name it
 * @deadline_us: when the handshake must be over, of the owner's clock
 */
struct tls_channel_args {
	struct tls_io io;
	const char *servername;
	const char *address;
	uint64_t deadline_us;
};

/** tls_channel_new() - Make a channel; @ctx is referenced; NULL = out of memory */
struct tls_channel *tls_channel_new(struct tls_context *ctx,
				    const struct tls_channel_args *a);

/** tls_channel_free() - Wipe and free it; sends nothing; NULL is fine */
void tls_channel_free(struct tls_channel *ch);

/**
 * tls_handshake() - Go on with the handshake
 * @ch:		channel
 *
 * Does at most one step that costs much (a signature, a key exchange) in a
 * call, so that others have their turn.
 *
 * Return: 0 when it is done; -ERR_AGAIN: it waits for bytes or for room;
 * -ERR_INPROGRESS: call again, nothing needs waiting for; -ERR_PERM: it failed
 * by policy or trust, -ERR_PROTO: otherwise; see tls_problem().  An alert has
 * been handed to io.send where TLS has one; what is left of it, tls_flush() has.
 * What failed once fails the same way ever after.
 */
int tls_handshake(struct tls_channel *ch) MUST_USE;

/** tls_expired() - Has the handshake taken too long?  Sets the problem if so. */
bool tls_expired(struct tls_channel *ch, uint64_t now_us);

/** tls_established() - Is the handshake over, well? */
bool tls_established(const struct tls_channel *ch);

/**
 * tls_read() - Take decrypted bytes
 * @ch:		channel, established
 * @buf:	where to
 * @len:	room there; with TLS_PLAIN_MAX a record is never split
 *
 * Return: bytes; 0: the peer has ended its direction by close_notify;
 * -ERR_AGAIN: more ciphertext is needed; -ERR_CONNABORTED: the stream ended
 * without close_notify, it was cut (writing still works); -ERR_PROTO: a record
 * was wrong, or the peer sent an alert, or 64 KB without any data; see
 * tls_problem(); -ERR_NOTCONN: not established
 */
ptrdiff_t tls_read(struct tls_channel *ch, void *buf, size_t len) MUST_USE;

/** tls_pending() - Decrypted bytes that tls_read() gives without ciphertext */
size_t tls_pending(const struct tls_channel *ch);

/**
 * tls_write() - Encrypt bytes and hand them on
 * @ch:		channel, established
 * @buf:	bytes
 * @len:	their number, at least 1; more than TLS_PLAIN_MAX makes several
 *		records
 *
 * Bytes taken are encrypted, and io.send has the records or the channel keeps
 * the rest of the last one for tls_flush().
 *
 * Return: bytes taken, fewer than given when io.send has no more room;
 * -ERR_AGAIN: none; -ERR_PIPE after tls_shutdown(); -ERR_PROTO; -ERR_NOTCONN:
 * not established
 */
ptrdiff_t tls_write(struct tls_channel *ch, const void *buf,
		    size_t len) MUST_USE;

/**
 * tls_flush() - Hand on what io.send did not take
 *
 * Return: 0: nothing is left; -ERR_AGAIN: still no room; other errors of io.send
 */
int tls_flush(struct tls_channel *ch) MUST_USE;

/** tls_unsent() - Is there anything for tls_flush()? */
bool tls_unsent(const struct tls_channel *ch);

/**
 * tls_shutdown() - End our direction by close_notify; reading goes on
 *
 * Return: 0; -ERR_AGAIN: it is written, call tls_flush() until it is sent;
 * -ERR_NOTCONN: not established; others as tls_write()
 */
int tls_shutdown(struct tls_channel *ch) MUST_USE;

/* What went wrong; each is a counter of the daemon's. */
enum tls_kind {
	TLS_OK,
	TLS_NOT_TLS,	   /* plain text on the TLS port: "GET /", "hello" */
	TLS_GARBAGE,	   /* bytes that are no record */
	TLS_BAD_HANDSHAKE, /* records that make no handshake */
	TLS_OLD_VERSION,   /* no version in common */
	TLS_NO_SUITE,	   /* no cipher suite or group in common */
	TLS_NO_CERT,	   /* the peer showed no certificate and had to */
	TLS_UNTRUSTED,	   /* signed by nobody we trust */
	TLS_EXPIRED,	   /* not valid now */
	TLS_WRONG_NAME,	   /* for somebody else */
	TLS_NOT_PINNED,	   /* not the one that was pinned */
	TLS_BAD_PSK,	   /* unknown identity, or another key */
	TLS_BAD_MAC,	   /* a record was changed on its way */
	TLS_ALERT,	   /* the peer says that something is wrong */
	TLS_CUT,	   /* the stream ended without close_notify */
	TLS_TIMEOUT,	   /* the handshake took too long */
	TLS_MEMORY,	   /* memory is spent */
	TLS_CREDENTIALS, /* what we were given to prove ourselves by is no good */
	TLS_INTERNAL,	 /* anything else mbedTLS says */
	TLS_KINDS,
};

/** tls_kind_name() - "not-tls", "bad-mac", ... for logs and the control socket */
const char *tls_kind_name(enum tls_kind k);

/* What a context is made of; see struct tls_context_args. */
enum tls_part {
	TLS_PART_NONE,
	TLS_PART_CERT,
	TLS_PART_KEY,
	TLS_PART_CA,
	TLS_PART_PSK,
};

/**
 * struct tls_problem - what went wrong, and what to do about it
 * @kind:	the short of it
 * @part:	of a context that was not made: which of its parts, if one
 * @code:	mbedTLS's number (negative), 0 = none
 * @text:	one line: mbedTLS's words and code where there are any
 * @advice:	one line in plain words: what to do
 */
struct tls_problem {
	enum tls_kind kind;
	enum tls_part part;
	int code;
	char text[TLS_TEXT_MAX];
	char advice[TLS_TEXT_MAX];
};

/** tls_problem() - The first thing that went wrong; its @kind is TLS_OK if nothing */
const struct tls_problem *tls_problem(const struct tls_channel *ch);

/**
 * struct tls_info - what two ends have agreed on
 * @version:	"TLSv1.2" or "TLSv1.3"
 * @suite:	IANA's name with dashes, "TLS-ECDHE-ECDSA-WITH-AES-256-CBC-SHA384"
 * @group:	"x25519", "secp256r1", ...; what the ephemeral keys are of; "none" if
 *		resumed in TLS 1.2
 * @kx:		"ECDHE-ECDSA", "ECDHE-RSA", "ECDHE-PSK"; "ECDHE" if resumed in 1.3
 * @cipher:	"AES-256-CBC", "AES-128-GCM"
 * @mac:	"HMAC-SHA384", or "AEAD"
 * @etm:	encrypt-then-MAC is in force (CBC only)
 * @resumed:	by a ticket, without a new key exchange by certificates
 * @peer:	subject of the peer's certificate or its PSK identity, printable;
 *		empty = anonymous
 * @servername:	server: the name the client asked for by SNI, printable, or empty
 * @fingerprint: SHA-256 of the peer's certificate, all zero = none
 */
struct tls_info {
	const char *version;
	const char *suite;
	const char *group;
	const char *kx;
	const char *cipher;
	const char *mac;
	bool etm;
	bool resumed;
	char peer[TLS_NAME_MAX];
	char servername[TLS_NAME_MAX];
	uint8_t fingerprint[32];
};

/** tls_info() - Read it; false before the handshake is over */
bool tls_info(const struct tls_channel *ch, struct tls_info *info);

#endif /* CRYPTO_CHANNEL_H */
