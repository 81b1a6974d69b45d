/* SPDX-License-Identifier: MIT */
/*
 * certs.c - certificates and keys of a context: read, and checked before use
 *
 *	cert = leaf --signed by--> 2 --signed by--> 3 ...
 *	key  = of the leaf
 *
 * What every peer would refuse is refused here, where somebody can do something
 * about it.  Times are not looked at: they change while a context lives.
 *
 * A pair of the chain is checked by mbedTLS's own verification, with the upper
 * one alone as the trusted certificate: so "signed by" means the same here as
 * at the other end of a connection, use as an authority included.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/pem.h>
#include <mbedtls/platform_util.h>

#include "compat.h"
#include "creds_int.h"

#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define PEM_END	  "-----END CERTIFICATE-----"
#define CHAIN_MAX 16000u /* bytes: it must fit a message of 16384 */
#define SHOWN_MAX 96u	 /* of a certificate, in messages */

/* ------------------------------------------------------------------- text */

/* Bytes as a string, to be given to free_text(); NULL = no memory. */
static char *make_text(const struct tls_bytes *b)
{
	char *text = malloc(b->len + 1);

	if (!text)
		return NULL;
	memcpy(text, b->p, b->len);
	text[b->len] = '\0';
	return text;
}

static void free_text(char *text, size_t len)
{
	mbedtls_platform_zeroize(text, len + 1);
	free(text);
}

static void name_of(const mbedtls_x509_crt *crt, char *buf, size_t size)
{
	if (mbedtls_x509_dn_gets(buf, size, &crt->subject) <= 0)
		(void)snprintf(buf, size, "no name");
}

void tls_key_name(const mbedtls_pk_context *pk, char *buf, size_t size)
{
	unsigned int bits = (unsigned int)mbedtls_pk_get_bitlen(pk);

	if (mbedtls_pk_get_type(pk) == MBEDTLS_PK_RSA)
		(void)snprintf(buf, size, "RSA %u", bits);
	else if (!mbedtls_pk_can_do(pk, MBEDTLS_PK_ECDSA))
		(void)snprintf(buf, size, "%s", mbedtls_pk_get_name(pk));
	else if (compat_pk_group(pk) == MBEDTLS_ECP_DP_SECP256R1 ||
		 compat_pk_group(pk) == MBEDTLS_ECP_DP_SECP384R1 ||
		 compat_pk_group(pk) == MBEDTLS_ECP_DP_SECP521R1)
		(void)snprintf(buf, size, "ECDSA P-%u", bits);
	else
		(void)snprintf(buf, size, "ECDSA with another curve, %u bits",
			       bits);
}

/* ---------------------------------------------------------------- reading */

/**
 * struct source - text with certificates
 * @part:	what it is of
 * @what:	the same in words, "CA file"
 * @lenient:	leave out what cannot be read
 */
struct source {
	enum tls_part part;
	const char *what;
	bool lenient;
};

static int refuse_none(const struct source *src, const char *text,
		       struct tls_problem *p)
{
	int err = tls_refuse(p, src->part, 0, "no certificate in the %s",
			     src->what);

	if (strstr(text, "PRIVATE KEY"))
		tls_problem_advise(p, "it looks like a key: are the two files "
				      "swapped?");
	else if (*text == 0x30)
		tls_problem_advise(p, "it looks like DER: convert it by "
				      "openssl x509 -inform DER");
	else
		tls_problem_advise(p, "it must be PEM, with a line %s",
				   PEM_BEGIN);
	return err;
}

/* The block at @begin, counted as @n. */
static int parse_block(mbedtls_x509_crt *chain, char *begin, unsigned int n,
		       const struct source *src, struct tls_problem *p)
{
	char *end = strstr(begin, PEM_END);
	char kept;
	int code;

	if (!end) {
		int err = tls_refuse(p, src->part, 0,
				     "certificate %u of the %s has no end", n,
				     src->what);

		tls_problem_advise(p, "the file is cut: copy it again");
		return err;
	}
	end += strlen(PEM_END);
	kept = *end;
	*end = '\0';
	code = mbedtls_x509_crt_parse(chain, (unsigned char *)begin,
				      (size_t)(end - begin) + 1);
	*end = kept;
	if (!code || src->lenient)
		return 0;
	code = tls_refuse(p, src->part, code,
			  "certificate %u of the %s cannot be read", n,
			  src->what);
	tls_problem_advise(p, "see what openssl x509 -noout -text says of it");
	return code;
}

static int parse_blocks(mbedtls_x509_crt *chain, char *text,
			const struct source *src, struct tls_problem *p)
{
	unsigned int n = 0;
	int err;

	for (char *at = text; (at = strstr(at, PEM_BEGIN)); at++) {
		err = parse_block(chain, at, ++n, src, p);
		if (err)
			return err;
	}
	return chain->version ? 0 : refuse_none(src, text, p);
}

static int parse_certs(mbedtls_x509_crt *chain, const struct tls_bytes *b,
		       const struct source *src, struct tls_problem *p)
{
	size_t most = src->part == TLS_PART_CA ? TLS_CA_MAX : TLS_PEM_MAX;
	char *text;
	int err;

	if (b->len > most)
		return tls_refuse(p, src->part, 0,
				  "the %s is larger than %zu KB", src->what,
				  most / 1024);
	text = make_text(b);
	if (!text)
		return tls_out_of_memory(p);
	err = parse_blocks(chain, text, src, p);
	free_text(text, b->len);
	return err;
}

/* ------------------------------------------------------------- the chain */

static int parse_copy(mbedtls_x509_crt *to, const mbedtls_x509_crt *from)
{
	mbedtls_x509_crt_init(to);
	return from ? mbedtls_x509_crt_parse_der(to, from->raw.p, from->raw.len)
		    : 0;
}

/*
 * chain_flags() - What is wrong with a certificate by the policy
 * @crt:	certificate
 * @issuer:	who should have signed it, NULL = nobody is known
 *
 * Return: flags of MBEDTLS_X509_BADCERT_*
 */
static uint32_t chain_flags(const mbedtls_x509_crt *crt,
			    const mbedtls_x509_crt *issuer)
{
	mbedtls_x509_crt child;
	mbedtls_x509_crt parent;
	uint32_t flags = UINT32_MAX;
	int err = parse_copy(&child, crt);

	err |= parse_copy(&parent, issuer);
	if (!err)
		(void)mbedtls_x509_crt_verify_with_profile(
			&child, issuer ? &parent : NULL, NULL,
			tls_cert_profile(), NULL, &flags, NULL, NULL);
	mbedtls_x509_crt_free(&child);
	mbedtls_x509_crt_free(&parent);
	return flags;
}

static int refuse_order(const mbedtls_x509_crt *crt, unsigned int n,
			struct tls_problem *p)
{
	char name[SHOWN_MAX];
	char above[SHOWN_MAX];
	int err;

	name_of(crt, name, sizeof(name));
	name_of(crt->next, above, sizeof(above));
	err = tls_refuse(p, TLS_PART_CERT, 0,
			 "certificate %u (%s) is not signed by the next (%s)",
			 n, name, above);
	tls_problem_advise(p, "put the leaf first, behind it the certificate "
			      "that signed it, and so on");
	return err;
}

static int refuse_weak(const mbedtls_x509_crt *crt, unsigned int n,
		       uint32_t flags, struct tls_problem *p)
{
	char name[SHOWN_MAX];
	char key[64];
	int err;

	name_of(crt, name, sizeof(name));
	tls_key_name(compat_crt_pk(crt), key, sizeof(key));
	if (flags & MBEDTLS_X509_BADCERT_BAD_MD)
		err = tls_refuse(p, TLS_PART_CERT, 0,
				 "certificate %u (%s) is signed with a hash "
				 "that is too weak",
				 n, name);
	else
		err = tls_refuse(p, TLS_PART_CERT, 0,
				 "certificate %u (%s) has a key that is too "
				 "weak: %s",
				 n, name, key);
	tls_problem_advise(p,
			   "it takes RSA of 2048 bits or more, or ECDSA with "
			   "P-256 or P-384, and SHA-256 or more");
	return err;
}

static bool is_self_issued(const mbedtls_x509_crt *crt)
{
	return crt->subject_raw.len == crt->issuer_raw.len &&
	       !memcmp(crt->subject_raw.p, crt->issuer_raw.p,
		       crt->subject_raw.len);
}

/* Is it a root, whose own signature nobody looks at? */
static bool is_root(const mbedtls_x509_crt *crt, unsigned int n)
{
	return n > 1 && !crt->next && is_self_issued(crt);
}

/* Of a root, the key counts alone. */
static uint32_t weakness(const mbedtls_x509_crt *crt, unsigned int n)
{
	const uint32_t key = MBEDTLS_X509_BADCERT_BAD_KEY;
	const uint32_t all = key | MBEDTLS_X509_BADCERT_BAD_PK |
			     MBEDTLS_X509_BADCERT_BAD_MD;

	return chain_flags(crt, NULL) & (is_root(crt, n) ? key : all);
}

static int check_chain(const mbedtls_x509_crt *first, struct tls_problem *p)
{
	const mbedtls_x509_crt *crt = first;
	size_t bytes = 0;
	uint32_t flags;

	for (unsigned int n = 1; crt->next; crt = crt->next, n++)
		if (chain_flags(crt, crt->next) &
		    MBEDTLS_X509_BADCERT_NOT_TRUSTED)
			return refuse_order(crt, n, p);
	crt = first;
	for (unsigned int n = 1; crt; crt = crt->next, n++) {
		flags = weakness(crt, n);
		if (flags)
			return refuse_weak(crt, n, flags, p);
		bytes += crt->raw.len;
	}
	if (bytes <= CHAIN_MAX)
		return 0;
	return tls_refuse(p, TLS_PART_CERT, 0,
			  "the chain has %zu bytes, and %u fit a handshake",
			  bytes, CHAIN_MAX);
}

/* ---------------------------------------------------------------- the key */

static int refuse_key(const char *text, int code, struct tls_problem *p)
{
	int err;

	if (code == MBEDTLS_ERR_PK_PASSWORD_REQUIRED ||
	    code == MBEDTLS_ERR_PK_PASSWORD_MISMATCH) {
		err = tls_refuse(p, TLS_PART_KEY, 0, "the key is encrypted");
		tls_problem_advise(p, "nobody is there to type a passphrase: "
				      "openssl pkey -in KEY -out PLAIN, mode "
				      "600");
		return err;
	}
	err = tls_refuse(p, TLS_PART_KEY, code, "the key cannot be read");
	if (strstr(text, PEM_BEGIN))
		tls_problem_advise(p, "it looks like a certificate: are the "
				      "two files swapped?");
	else
		tls_problem_advise(p, "it must be PEM: openssl pkey -in KEY "
				      "-out NEW converts it");
	return err;
}

static int parse_key(struct tls_context *ctx, const struct tls_bytes *b,
		     struct tls_problem *p)
{
	char *text;
	int code;
	int err = 0;

	if (b->len > TLS_PEM_MAX)
		return tls_refuse(p, TLS_PART_KEY, 0,
				  "the key is larger than 64 KB");
	text = make_text(b);
	if (!text)
		return tls_out_of_memory(p);
	code = compat_pk_parse(&ctx->key, (unsigned char *)text, b->len + 1,
			       mbedtls_ctr_drbg_random, &ctx->drbg);
	if (code)
		err = refuse_key(text, code, p);
	free_text(text, b->len);
	return err;
}

static bool is_key_of(struct tls_context *ctx, const mbedtls_x509_crt *crt)
{
	return !compat_pk_check_pair(compat_crt_pk(crt), &ctx->key,
				     mbedtls_ctr_drbg_random, &ctx->drbg);
}

static int check_pair(struct tls_context *ctx, struct tls_problem *p)
{
	unsigned int n = 2;
	int err;

	if (is_key_of(ctx, &ctx->cert))
		return 0;
	for (mbedtls_x509_crt *crt = ctx->cert.next; crt;
	     crt = crt->next, n++) {
		if (!is_key_of(ctx, crt))
			continue;
		err = tls_refuse(p, TLS_PART_CERT, 0,
				 "the key is that of certificate %u, not of "
				 "the first",
				 n);
		tls_problem_advise(p,
				   "put the certificate of the key first, "
				   "behind it the one that signed it, and so "
				   "on");
		return err;
	}
	err = tls_refuse(p, TLS_PART_KEY, 0,
			 "the key does not match the certificate");
	tls_problem_advise(p, "take the two that were made together: openssl "
			      "pkey -pubout and openssl x509 -pubkey show the "
			      "same then");
	return err;
}

int tls_own_cert(struct tls_context *ctx, const struct tls_context_args *a,
		 struct tls_problem *p)
{
	static const struct source src = { .part = TLS_PART_CERT,
					   .what = "certificate file" };
	int err = parse_certs(&ctx->cert, &a->cert, &src, p);

	if (!err)
		err = parse_key(ctx, &a->key, p);
	if (!err)
		err = check_pair(ctx, p);
	if (!err)
		err = check_chain(&ctx->cert, p);
	ctx->has_cert = !err;
	return err;
}

/* ------------------------------------------------------------ authorities */

/* As mbedTLS has it: an authority, an old one, or a certificate on its own. */
static bool can_vouch(const mbedtls_x509_crt *crt)
{
	return compat_crt_is_ca(crt) || crt->version < 3 || is_self_issued(crt);
}

int tls_authorities(struct tls_context *ctx, const struct tls_context_args *a,
		    struct tls_problem *p)
{
	const struct source src = { .part = TLS_PART_CA,
				    .what = "CA file",
				    .lenient = a->client };
	int err = parse_certs(&ctx->ca, &a->ca, &src, p);

	if (err)
		return err;
	for (const mbedtls_x509_crt *crt = &ctx->ca; crt; crt = crt->next)
		ctx->has_ca |= can_vouch(crt);
	if (ctx->has_ca)
		return 0;
	err = tls_refuse(p, TLS_PART_CA, 0,
			 "the CA file has no certificate of an authority");
	tls_problem_advise(p, "it needs the certificate that signed the "
			      "peer's, with CA:TRUE, not the peer's own");
	return err;
}
