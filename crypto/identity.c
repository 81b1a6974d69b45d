/* SPDX-License-Identifier: MIT */
/*
 * identity.c - a key and a certificate that vouches for itself
 *
 *	key	 ECDSA, P-256
 *	subject	 CN = the name; the issuer is the same
 *	serial	 16 random bytes (RFC 5280 section 4.1.2.2: positive, at most 20)
 *	names	 subjectAltName: the name, and addresses as iPAddress
 *	use	 no authority; digitalSignature; serverAuth
 *
 * It is no authority, so that whoever trusts it by adding it to a list trusts
 * this server and nobody else.
 */

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <mbedtls/asn1write.h>
#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/platform_util.h>

#include "compat.h"
#include "creds_int.h"

#define SAN_BYTES_MAX 1024u
#define SAN_DNS	      (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2)
#define SAN_IP	      (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7)
#define SEQUENCE      (MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE)
#define NAME_BYTES    63u
#define SERIAL_BYTES  16u
#define TIME_TEXT_MAX 32u
#define DAY_S	      86400

/* id-kp-serverAuth in a sequence of one */
static const unsigned char server_auth[] = {
	0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01
};

/**
 * struct maker - what is at work while an identity is made
 */
struct maker {
	struct tls_random from;
	mbedtls_ctr_drbg_context drbg;
	mbedtls_pk_context key;
	mbedtls_x509write_cert crt;
};

static bool is_name(const char *name)
{
	size_t len = strlen(name);

	return len && len <= NAME_BYTES &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == len;
}

/* ------------------------------------------------------------------- names */

/* One entry of subjectAltName, written backwards as all of ASN.1 here. */
static int put_entry(unsigned char **at, unsigned char *start,
		     unsigned char tag, const void *bytes, size_t len)
{
	int n = mbedtls_asn1_write_raw_buffer(at, start, bytes, len);
	int m;

	if (n < 0)
		return n;
	m = mbedtls_asn1_write_len(at, start, len);
	if (m < 0)
		return m;
	n += m;
	m = mbedtls_asn1_write_tag(at, start, tag);
	return m < 0 ? m : n + m;
}

static int put_address(unsigned char **at, unsigned char *start,
		       const char *text)
{
	unsigned char bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		return put_entry(at, start, SAN_IP, bytes, 4);
	if (inet_pton(AF_INET6, text, bytes) == 1)
		return put_entry(at, start, SAN_IP, bytes, 16);
	return MBEDTLS_ERR_X509_BAD_INPUT_DATA;
}

static int put_names(unsigned char **at, unsigned char *start,
		     const struct tls_identity_args *a)
{
	int sum = 0;
	int n;

	for (uint32_t i = a->naddresses; i-- > 0; sum += n) {
		n = put_address(at, start, a->addresses[i]);
		if (n < 0)
			return n;
	}
	n = put_entry(at, start, SAN_DNS, a->name, strlen(a->name));
	if (n < 0)
		return n;
	sum += n;
	n = mbedtls_asn1_write_len(at, start, (size_t)sum);
	if (n < 0)
		return n;
	sum += n;
	n = mbedtls_asn1_write_tag(at, start, SEQUENCE);
	return n < 0 ? n : sum + n;
}

static int set_names(mbedtls_x509write_cert *crt,
		     const struct tls_identity_args *a)
{
	unsigned char buf[SAN_BYTES_MAX];
	unsigned char *at = buf + sizeof(buf);
	char name[NAME_BYTES + 4];
	int n = put_names(&at, buf, a);

	if (n < 0)
		return n;
	n = mbedtls_x509write_crt_set_extension(
		crt, MBEDTLS_OID_SUBJECT_ALT_NAME,
		MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0, at,
		(size_t)n);
	if (n)
		return n;
	(void)snprintf(name, sizeof(name), "CN=%s", a->name);
	n = mbedtls_x509write_crt_set_subject_name(crt, name);
	return n ? n : mbedtls_x509write_crt_set_issuer_name(crt, name);
}

/* ---------------------------------------------------------------- the rest */

static int set_validity(mbedtls_x509write_cert *crt,
			const struct tls_identity_args *a)
{
	time_t from = (time_t)(a->now - DAY_S);
	time_t to = (time_t)(a->now + (int64_t)a->days * DAY_S);
	char from_text[TIME_TEXT_MAX];
	char to_text[TIME_TEXT_MAX];
	struct tm tm;

	if (!gmtime_r(&from, &tm) ||
	    !strftime(from_text, sizeof(from_text), "%Y%m%d%H%M%S", &tm))
		return MBEDTLS_ERR_X509_INVALID_DATE;
	if (!gmtime_r(&to, &tm) ||
	    !strftime(to_text, sizeof(to_text), "%Y%m%d%H%M%S", &tm))
		return MBEDTLS_ERR_X509_INVALID_DATE;
	return mbedtls_x509write_crt_set_validity(crt, from_text, to_text);
}

static int set_serial(struct maker *m)
{
	uint8_t serial[SERIAL_BYTES];
	int code = mbedtls_ctr_drbg_random(&m->drbg, serial, sizeof(serial));

	if (code)
		return code;
	serial[0] = (uint8_t)((serial[0] & 0x7fu) | 0x40u);
	return compat_crt_serial(&m->crt, serial, sizeof(serial));
}

static int set_use(mbedtls_x509write_cert *crt)
{
	int code = mbedtls_x509write_crt_set_basic_constraints(crt, 0, -1);

	if (!code)
		code = mbedtls_x509write_crt_set_key_usage(
			crt, MBEDTLS_X509_KU_DIGITAL_SIGNATURE);
	if (!code)
		code = mbedtls_x509write_crt_set_extension(
			crt, MBEDTLS_OID_EXTENDED_KEY_USAGE,
			MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE), 0,
			server_auth, sizeof(server_auth));
	return code;
}

static int make_key(struct maker *m)
{
	int code = tls_drbg_seed(&m->drbg, &m->from);

	if (!code)
		code = mbedtls_pk_setup(
			&m->key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
	if (!code)
		code = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1,
					   mbedtls_pk_ec(m->key),
					   mbedtls_ctr_drbg_random, &m->drbg);
	return code;
}

static int make_cert(struct maker *m, const struct tls_identity_args *a)
{
	mbedtls_x509write_cert *crt = &m->crt;
	int code;

	mbedtls_x509write_crt_set_version(crt, MBEDTLS_X509_CRT_VERSION_3);
	mbedtls_x509write_crt_set_md_alg(crt, MBEDTLS_MD_SHA256);
	mbedtls_x509write_crt_set_subject_key(crt, &m->key);
	mbedtls_x509write_crt_set_issuer_key(crt, &m->key);
	code = set_serial(m);
	if (!code)
		code = set_names(crt, a);
	if (!code)
		code = set_validity(crt, a);
	if (!code)
		code = set_use(crt);
	return code;
}

static int write_pem(struct maker *m, struct tls_identity *id)
{
	int code = mbedtls_x509write_crt_pem(&m->crt, (unsigned char *)id->cert,
					     sizeof(id->cert),
					     mbedtls_ctr_drbg_random, &m->drbg);

	if (!code)
		code = mbedtls_pk_write_key_pem(
			&m->key, (unsigned char *)id->key, sizeof(id->key));
	if (code)
		return code;
	id->cert_len = strlen(id->cert);
	id->key_len = strlen(id->key);
	return 0;
}

int tls_identity_new(struct tls_identity *id, const struct tls_identity_args *a,
		     struct tls_problem *problem)
{
	struct maker m = { .from = { a->random, a->random_arg } };
	int code = compat_init();

	memset(problem, 0, sizeof(*problem));
	memset(id, 0, sizeof(*id));
	if (!is_name(a->name))
		return tls_refuse(problem, TLS_PART_NONE, 0,
				  "a certificate needs a name of letters, "
				  "digits, hyphens and dots");
	mbedtls_ctr_drbg_init(&m.drbg);
	mbedtls_pk_init(&m.key);
	mbedtls_x509write_crt_init(&m.crt);
	if (!code)
		code = make_key(&m);
	if (!code)
		code = make_cert(&m, a);
	if (!code)
		code = write_pem(&m, id);
	mbedtls_x509write_crt_free(&m.crt);
	mbedtls_pk_free(&m.key);
	mbedtls_ctr_drbg_free(&m.drbg);
	mbedtls_platform_zeroize(&m, sizeof(m));
	if (!code)
		return 0;
	tls_identity_wipe(id);
	tls_problem_set(problem, TLS_INTERNAL, code,
			"a certificate cannot be made");
	return -ERR_INVAL;
}

void tls_identity_wipe(struct tls_identity *id)
{
	mbedtls_platform_zeroize(id->key, sizeof(id->key));
	id->key_len = 0;
}
