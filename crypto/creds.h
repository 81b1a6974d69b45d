/* SPDX-License-Identifier: MIT */
/*
 * creds.h - who we are and whom we trust: what the channels of a kind share
 *
 * Credentials come in as bytes; whoever has files reads them.  A context is
 * made on any thread, and used by the channels of one; references are counted
 * by atomics, so that a new one can take its place while old channels live.
 */

#ifndef CRYPTO_CREDS_H
#define CRYPTO_CREDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel.h"

#define TLS_PEM_MAX	 65536u	  /* bytes of a file with credentials */
#define TLS_CA_MAX	 2097152u /* the same of a list of authorities */
#define TLS_FINGERPRINT	 32u	  /* bytes: SHA-256 of the DER certificate */
#define TLS_WARNINGS_MAX 4u
#define TLS_PSK_MAX	 1024u /* identities */
#define TLS_EXPIRY_DAYS	 30u   /* with less than that left, a warning */
#define TLS_LIBRARY_MAX	 32u   /* of the library's name, NUL included */

/**
 * struct tls_bytes - bytes that somebody has read
 * @p:		first, NULL = none
 * @len:	their number, without any NUL behind them
 */
struct tls_bytes {
	const void *p;
	size_t len;
};

enum tls_version { TLS_V1_2, TLS_V1_3 };

/**
 * struct tls_context_args - a context to be made; its parts are borrowed for the
 * call, @random for the life of the context
 * @client:	it opens connections, else it accepts them
 * @cert:	our certificate, PEM, the leaf first, its chain in order; none = no
 *		certificate: a server then needs @psk
 * @key:	its private key, PEM without a passphrase
 * @ca:		PEM.  Server: clients must show a certificate by one of these (or use
 *		a PSK, if there are any).  Client: whom to trust; of a list that is
 *		somebody else's, what mbedTLS cannot read is left out
 * @psk:	text, a line each: "IDENTITY:HEX", 16 to 64 bytes of key; empty lines
 *		and "#" comments.  A client uses the first
 * @min_version: least version; what the library at hand does not speak is an error
 * @tickets:	server: let clients resume by tickets
 * @pinned:	client: trust the certificate with @fingerprint and no other
 * @insecure:	client: trust anybody
 * @random:	cryptographically secure bytes; 0, else nothing can be made.  Called
 *		here, and now and then by the thread of the channels
 * @random_arg:	its argument
 */
struct tls_context_args {
	bool client;
	struct tls_bytes cert;
	struct tls_bytes key;
	struct tls_bytes ca;
	struct tls_bytes psk;
	enum tls_version min_version;
	bool tickets;
	bool pinned;
	uint8_t fingerprint[TLS_FINGERPRINT];
	bool insecure;
	int (*random)(void *arg, void *buf, size_t len);
	void *random_arg;
};

/**
 * tls_context_new() - Make a context with one reference
 * @a:		what is wanted
 * @problem:	on failure: what is wrong, with which of @a's parts, and what to do
 *
 * Checked: the parts can be read, the key is the certificate's, the chain is in
 * order, keys and signatures are as strong as the policy asks.  Not checked: the
 * time of day; see the warnings of tls_context_info().
 *
 * Return: the context, or NULL
 */
struct tls_context *tls_context_new(const struct tls_context_args *a,
				    struct tls_problem *problem);

/** tls_context_ref() - One reference more, any thread; returns @ctx */
struct tls_context *tls_context_ref(struct tls_context *ctx);

/** tls_context_put() - One less, any thread; the last one wipes and frees */
void tls_context_put(struct tls_context *ctx);

/**
 * struct tls_cert_info - our certificate, as status shows it
 * @subject:	"CN=ustack"
 * @issuer:	the same if self-signed
 * @key:	"ECDSA P-256", "RSA 2048"
 * @fingerprint: SHA-256 of it
 * @not_before:	seconds since 1970
 * @not_after:	the same
 * @chain:	certificates in the chain, 0 = there is no certificate
 * @client_ca:	clients are asked for certificates
 * @psks:	identities known
 * @nwarnings:	entries in @warning: "expires in 12 days", ...
 * @warning:	texts
 */
struct tls_cert_info {
	char subject[TLS_NAME_MAX];
	char issuer[TLS_NAME_MAX];
	char key[32];
	uint8_t fingerprint[TLS_FINGERPRINT];
	int64_t not_before;
	int64_t not_after;
	uint32_t chain;
	bool client_ca;
	uint32_t psks;
	uint32_t nwarnings;
	char warning[TLS_WARNINGS_MAX][TLS_TEXT_MAX];
};

/**
 * tls_context_info() - Describe our certificate
 * @ctx:	context; only what never changes is read, any thread
 * @now:	the time of day, seconds since 1970, for warnings
 * @info:	filled in
 */
void tls_context_info(const struct tls_context *ctx, int64_t now,
		      struct tls_cert_info *info);

#define TLS_FINGERPRINT_TEXT (3 * TLS_FINGERPRINT) /* a NUL included */

/** tls_fingerprint_text() - "AA:BB:...", as openssl shows it; returns @text */
const char *tls_fingerprint_text(const uint8_t fp[static TLS_FINGERPRINT],
				 char text[static TLS_FINGERPRINT_TEXT]);

/**
 * tls_fingerprint_parse() - Read one as people write it
 * @text:	64 hexadecimal digits of either case, with colons between bytes or
 *		without
 * @fp:		set to it, or in part
 *
 * Return: false if @text is anything else
 */
bool tls_fingerprint_parse(const char *text,
			   uint8_t fp[static TLS_FINGERPRINT]);

/**
 * struct tls_identity - a key and a self-signed certificate, PEM
 * @cert:	text; @cert_len bytes without the NUL
 * @key:	text; wiped by tls_identity_wipe()
 */
struct tls_identity {
	size_t cert_len;
	size_t key_len;
	char cert[4096];
	char key[1024];
};

/**
 * struct tls_identity_args - a key and certificate to be made
 * @name:	common name and DNS name: letters, digits, hyphens, dots
 * @addresses:	texts of IP addresses that it names as well
 * @naddresses:	their number
 * @now:	valid from a day before that, seconds since 1970
 * @days:	for so many days
 * @random:	as in struct tls_context_args
 * @random_arg:	its argument
 */
struct tls_identity_args {
	const char *name;
	const char *const *addresses;
	uint32_t naddresses;
	int64_t now;
	uint32_t days;
	int (*random)(void *arg, void *buf, size_t len);
	void *random_arg;
};

/**
 * tls_identity_new() - Make an ECDSA P-256 key and a certificate for it
 * @id:		filled in
 * @a:		what is wanted
 * @problem:	on failure: what is wrong
 *
 * Return: 0, or -ERR_*
 */
int tls_identity_new(struct tls_identity *id, const struct tls_identity_args *a,
		     struct tls_problem *problem) MUST_USE;

/** tls_identity_wipe() - Forget the key */
void tls_identity_wipe(struct tls_identity *id);

/**
 * tls_library() - Which mbedTLS it is, now that it runs
 * @name:	"mbed TLS 2.28.3"
 *
 * Return: the greatest version it speaks: "TLSv1.2", "TLSv1.3"
 */
const char *tls_library(char name[static TLS_LIBRARY_MAX]);

#endif /* CRYPTO_CREDS_H */
