/* SPDX-License-Identifier: MIT */
/*
 * channel_int.h - the inside of a channel, for the files that it is made of
 *
 *	channel.c  life, handshake, reading, writing, ending
 *	fail.c     failing
 *	first.c    the first bytes, before there is any mbedTLS
 *	verify.c   is the peer who it should be
 *	info.c     what was agreed on
 *	watch.c    reads along
 */

#ifndef CRYPTO_CHANNEL_INT_H
#define CRYPTO_CHANNEL_INT_H

#include "crypto_int.h"
#include "watch.h"

#define TLS_FIRST_MAX	32u /* bytes that are looked at before the rest is made */
#define TLS_ADDRESS_MAX 64u /* text of an address, NUL included */

/*
 * Bytes that may come without any data, in a handshake or between two reads that
 * gave some: more than any chain of certificates, and than a record.
 */
#define TLS_BARREN_MAX 65536u

/* Records that may wait for room: two of the greatest, and alerts. */
#define TLS_PENDING_MAX (2u * (TLS_PLAIN_MAX + 1024u))

/**
 * struct tls_target - client: whom it wants to talk to
 * @name:	DNS name, empty = none
 * @address:	IP address as in a certificate, @address_len bytes
 * @address_len: 4, 16, or 0 = none
 */
struct tls_target {
	char name[TLS_NAME_MAX];
	uint8_t address[16];
	size_t address_len;
};

/**
 * struct tls_core - the big part of a channel
 * @ssl:	mbedTLS's; its callbacks find the rest by it
 * @ch:		whose it is
 * @watch:	reads along
 * @pending:	records that io.send did not take, from @pending_off on; NULL if none
 * @pending_off: first byte of @pending that has to go
 * @pending_len: bytes of it, those gone included
 * @alerted:	an alert was written in this call
 * @refused:	the certificate is not the pinned one
 * @met:	client: SHA-256 of the certificate that the peer has shown, if @has_met
 * @has_met:	it has shown one
 * @psk_known:	server: @psk is one of ours
 * @psk:	server: identity that the client named last, printable; empty = none
 * @servername:	server: name asked for, printable; empty = none
 */
struct tls_core {
	mbedtls_ssl_context ssl;
	struct tls_channel *ch;
	struct tls_watch watch;
	uint8_t *pending;
	size_t pending_off;
	size_t pending_len;
	bool alerted;
	bool refused;
	uint8_t met[TLS_FINGERPRINT];
	bool has_met;
	bool psk_known;
	char psk[TLS_NAME_MAX];
	char servername[TLS_NAME_MAX];
};

/**
 * struct tls_channel - what every channel has; a silent peer gets no more
 * @ctx:	a reference
 * @io:		ciphertext
 * @deadline_us: for the handshake
 * @target:	client only, else NULL
 * @core:	NULL until the first bytes of a record have come (server), or the
 *		first step (client)
 * @problem:	NULL = none
 * @dead:	-ERR_* that every call gives from now on, 0 = lives
 * @cut:	-ERR_* that reading gives, 0 = goes on
 * @established: handshake over, well
 * @ended:	the peer's close_notify has come
 * @shut:	ours has been written
 * @starved:	io.recv had nothing, in this call
 * @barren:	bytes that have come since there were data
 * @io_err:	what io said when it failed, 0 = nothing
 * @nfirst:	bytes in @first
 * @first_off:	bytes of it that mbedTLS has taken
 * @first:	what came first
 */
struct tls_channel {
	struct tls_context *ctx;
	struct tls_io io;
	uint64_t deadline_us;
	struct tls_target *target;
	struct tls_core *core;
	struct tls_problem *problem;
	int dead;
	int cut;
	bool established;
	bool ended;
	bool shut;
	bool starved;
	uint32_t barren;
	int io_err;
	uint8_t nfirst;
	uint8_t first_off;
	uint8_t first[TLS_FIRST_MAX];
};

/** tls_core_of() - The rest, found by what mbedTLS gives its callbacks */
struct tls_core *tls_core_of(mbedtls_ssl_context *ssl);

/**
 * tls_give_up() - The channel has failed
 * @ch:		channel
 * @kind:	why; the first time counts
 * @code:	mbedTLS's code, 0 = none
 * @what:	what failed
 *
 * Return: what the calls give from now on
 */
int tls_give_up(struct tls_channel *ch, enum tls_kind kind, int code,
		const char *what);

/** tls_send_alert() - A fatal one, unless mbedTLS has sent its own; 0 = none */
void tls_send_alert(struct tls_core *core, unsigned char alert);

/**
 * tls_fail() - mbedTLS gave up: find out why, tell the peer, give up too
 * @ch:		channel with a core
 * @code:	mbedTLS's code
 *
 * Return: what the calls give from now on
 */
int tls_fail(struct tls_channel *ch, int code);

/**
 * tls_first_bytes() - Look at what a client says first
 * @ch:		server's, without a core
 *
 * Return: 0: it is the start of a record; -ERR_AGAIN: not enough has come; other
 * errors: the channel has failed
 */
int tls_first_bytes(struct tls_channel *ch) MUST_USE;

/** tls_target_new() - Whom a client wants; NULL = no memory */
struct tls_target *tls_target_new(const struct tls_channel_args *a);

/** tls_verify_setup() - Have mbedTLS check the peer; 0 or its code */
int tls_verify_setup(struct tls_core *core,
		     const struct tls_target *t) MUST_USE;

/**
 * tls_verify_over() - After the handshake: was everybody checked who had to be?
 *
 * For what mbedTLS cannot enforce, or would not have called us for.
 *
 * Return: TLS_OK, or why not
 */
enum tls_kind tls_verify_over(struct tls_core *core);

/** tls_verify_tell() - Add to the problem which certificate the peer has shown;
 * returns what the channel died of
 */
int tls_verify_tell(const struct tls_channel *ch);

/** tls_verify_kind() - What flags of MBEDTLS_X509_BADCERT_* come to */
enum tls_kind tls_verify_kind(uint32_t flags);

/** tls_kind_of() - What a code of mbedTLS comes to; @established: after the handshake */
enum tls_kind tls_kind_of(int code, bool established);

/** tls_kind_alert() - The alert that says so to the peer */
unsigned char tls_kind_alert(enum tls_kind kind);

/** tls_alert_name() - RFC 8446's name of an alert, "bad_certificate" */
const char *tls_alert_name(int alert);

/** tls_alert_advice() - What to do if the peer says that; NULL = nothing special */
const char *tls_alert_advice(int alert);

/** tls_kind_advice() - What to do, in plain words */
const char *tls_kind_advice(enum tls_kind kind);

#endif /* CRYPTO_CHANNEL_INT_H */
