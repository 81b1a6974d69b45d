/* SPDX-License-Identifier: MIT */
/*
 * compat.c - the whole difference between mbedTLS 2.28 and 3.6
 *
 * First what both can do with the same text, once private fields may be
 * named; then a half for each library, of the same functions.
 *
 *	2.28	TLS 1.2; fields are public; curves and hashes are listed apart
 *	3.6	TLS 1.3 as well, which needs PSA; IANA's groups, and pairs of
 *		signature and hash; functions that touch private keys take random
 *		bytes for blinding
 */

#define MBEDTLS_ALLOW_PRIVATE_ACCESS

#include <string.h>

#include <mbedtls/sha256.h>
#include <mbedtls/version.h>

#include "compat.h"

bool compat_etm(const mbedtls_ssl_context *ssl)
{
	return ssl->session && ssl->session->encrypt_then_mac;
}

int compat_alert(const mbedtls_ssl_context *ssl)
{
	return ssl->in_msg ? ssl->in_msg[1] : 0;
}

int compat_open_alert(const mbedtls_ssl_context *ssl)
{
	const unsigned char *h = ssl->in_hdr;

	/* a closed record of TLS 1.3 is of type application data, and longer */
	return h && h[0] == MBEDTLS_SSL_MSG_ALERT && !h[3] && h[4] == 2 ? h[6]
									: -1;
}

/*
 * Exactly that state: in TLS 1.3 a server that has yet to write its tickets is
 * beyond it, and reads and writes would run more of the handshake unseen.
 */
bool compat_handshake_over(const mbedtls_ssl_context *ssl)
{
	return ssl->state == MBEDTLS_SSL_HANDSHAKE_OVER;
}

const mbedtls_pk_context *compat_crt_pk(const mbedtls_x509_crt *crt)
{
	return &crt->pk;
}

bool compat_crt_is_ca(const mbedtls_x509_crt *crt)
{
	return crt->ca_istrue;
}

mbedtls_ecp_group_id compat_pk_group(const mbedtls_pk_context *pk)
{
	return mbedtls_pk_ec(*pk)->grp.id;
}

int compat_ticket_setup(mbedtls_ssl_ticket_context *t, compat_rng rng,
			void *rng_arg, uint32_t lifetime_s)
{
	return mbedtls_ssl_ticket_setup(t, rng, rng_arg,
					MBEDTLS_CIPHER_AES_256_GCM, lifetime_s);
}

/* What compat_conf_lists() finds in the same place in both. */
static void lists_alike(const mbedtls_ssl_config *conf, struct compat_lists *l)
{
	*l = (struct compat_lists){
		.etm = conf->encrypt_then_mac,
		.ems = conf->extended_ms,
		.renegotiation = conf->disable_renegotiation !=
					 MBEDTLS_SSL_RENEGOTIATION_DISABLED ||
				 conf->allow_legacy_renegotiation ==
					 MBEDTLS_SSL_LEGACY_ALLOW_RENEGOTIATION,
		.authmode = conf->authmode,
		.profile = conf->cert_profile,
	};
}

#if MBEDTLS_VERSION_MAJOR < 3

static const int hashes[] = {
	MBEDTLS_MD_SHA256,
	MBEDTLS_MD_SHA384,
	MBEDTLS_MD_SHA512,
	MBEDTLS_MD_NONE,
};

int compat_init(void)
{
	return 0;
}

bool compat_has_v13(void)
{
	return false;
}

void compat_conf_policy(mbedtls_ssl_config *conf, const struct tls_policy *p,
			bool v13_least)
{
	(void)v13_least;
	mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3,
				     MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_max_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3,
				     MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_curves(conf, p->curves);
	mbedtls_ssl_conf_sig_hashes(conf, hashes);
	mbedtls_ssl_conf_truncated_hmac(conf, MBEDTLS_SSL_TRUNC_HMAC_DISABLED);
}

void compat_conf_tickets(mbedtls_ssl_config *conf, bool on)
{
	mbedtls_ssl_conf_session_tickets(
		conf, on ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED
			 : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
}

void compat_conf_only(mbedtls_ssl_config *conf, bool v13)
{
	(void)conf;
	(void)v13;
}

void compat_conf_lists(const mbedtls_ssl_config *conf, struct compat_lists *l)
{
	const mbedtls_ecp_group_id *c = conf->curve_list;
	const mbedtls_ecp_curve_info *info;

	lists_alike(conf, l);
	l->suites = conf->ciphersuite_list[MBEDTLS_SSL_MINOR_VERSION_3];
	l->min_version = (uint16_t)(conf->min_major_ver << 8 |
				    conf->min_minor_ver);
	l->max_version = (uint16_t)(conf->max_major_ver << 8 |
				    conf->max_minor_ver);
	for (; *c != MBEDTLS_ECP_DP_NONE && l->ngroups < TLS_GROUPS_MAX; c++) {
		info = mbedtls_ecp_curve_info_from_grp_id(*c);
		l->groups[l->ngroups++] = info ? info->tls_id : 0;
	}
	for (const int *h = conf->sig_hashes; *h != MBEDTLS_MD_NONE; h++)
		l->sha1 |= *h <= MBEDTLS_MD_SHA1;
	l->server_order = true;
}

int compat_pk_parse(mbedtls_pk_context *pk, const unsigned char *pem,
		    size_t size, compat_rng rng, void *rng_arg)
{
	(void)rng;
	(void)rng_arg;
	return mbedtls_pk_parse_key(pk, pem, size, NULL, 0);
}

int compat_pk_check_pair(const mbedtls_pk_context *pub,
			 const mbedtls_pk_context *key, compat_rng rng,
			 void *rng_arg)
{
	(void)rng;
	(void)rng_arg;
	return mbedtls_pk_check_pair(pub, key);
}

int compat_crt_serial(mbedtls_x509write_cert *crt, const uint8_t *serial,
		      size_t len)
{
	mbedtls_mpi n;
	int err;

	mbedtls_mpi_init(&n);
	err = mbedtls_mpi_read_binary(&n, serial, len);
	if (!err)
		err = mbedtls_x509write_crt_set_serial(crt, &n);
	mbedtls_mpi_free(&n);
	return err;
}

void compat_sha256(const void *bytes, size_t len, uint8_t out[static 32])
{
	if (mbedtls_sha256_ret(bytes, len, out, 0))
		memset(out, 0, 32);
}

bool compat_is_ticket(int code)
{
	(void)code;
	return false;
}

enum compat_code compat_code(int code)
{
	switch (code) {
	case MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION:
		return COMPAT_VERSION;
	case MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN:
	case MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE:
		return COMPAT_SUITE;
	case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE:
	case MBEDTLS_ERR_SSL_CERTIFICATE_REQUIRED:
		return COMPAT_NO_CERT;
	case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
	case MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE:
	case MBEDTLS_ERR_SSL_PEER_VERIFY_FAILED:
		return COMPAT_UNTRUSTED;
	case MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY:
		return COMPAT_IDENTITY;
	default:
		return COMPAT_OTHER;
	}
}

#else

#include <psa/crypto.h>

static const uint16_t sig_algs[] = {
	MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
	MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
	MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512,
	MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,
	MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
	MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,
	MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
	MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
	MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
	MBEDTLS_TLS1_3_SIG_NONE,
};

int compat_init(void)
{
	return (int)psa_crypto_init();
}

bool compat_has_v13(void)
{
	return true;
}

void compat_conf_policy(mbedtls_ssl_config *conf, const struct tls_policy *p,
			bool v13_least)
{
	mbedtls_ssl_conf_min_tls_version(
		conf, v13_least ? MBEDTLS_SSL_VERSION_TLS1_3
				: MBEDTLS_SSL_VERSION_TLS1_2);
	mbedtls_ssl_conf_max_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_3);
	/* never a PSK without fresh keys of both ends */
	mbedtls_ssl_conf_tls13_key_exchange_modes(
		conf, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL);
	mbedtls_ssl_conf_groups(conf, p->groups);
	mbedtls_ssl_conf_sig_algs(conf, sig_algs);
	mbedtls_ssl_conf_preference_order(
		conf, MBEDTLS_SSL_SRV_CIPHERSUITE_ORDER_SERVER);
}

void compat_conf_tickets(mbedtls_ssl_config *conf, bool on)
{
	mbedtls_ssl_conf_session_tickets(
		conf, on ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED
			 : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
	mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
		conf,
		on ? MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED
		   : MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_DISABLED);
}

void compat_conf_only(mbedtls_ssl_config *conf, bool v13)
{
	mbedtls_ssl_protocol_version v = v13 ? MBEDTLS_SSL_VERSION_TLS1_3
					     : MBEDTLS_SSL_VERSION_TLS1_2;

	mbedtls_ssl_conf_min_tls_version(conf, v);
	mbedtls_ssl_conf_max_tls_version(conf, v);
}

void compat_conf_lists(const mbedtls_ssl_config *conf, struct compat_lists *l)
{
	const uint16_t *g = conf->group_list;

	lists_alike(conf, l);
	l->suites = conf->ciphersuite_list;
	l->min_version = (uint16_t)conf->min_tls_version;
	l->max_version = (uint16_t)conf->max_tls_version;
	for (; *g && l->ngroups < TLS_GROUPS_MAX; g++)
		l->groups[l->ngroups++] = *g;
	for (const uint16_t *s = conf->sig_algs; *s; s++)
		l->sha1 |= *s >> 8 <= MBEDTLS_SSL_HASH_SHA1;
	l->server_order = conf->respect_cli_pref ==
			  MBEDTLS_SSL_SRV_CIPHERSUITE_ORDER_SERVER;
}

int compat_pk_parse(mbedtls_pk_context *pk, const unsigned char *pem,
		    size_t size, compat_rng rng, void *rng_arg)
{
	return mbedtls_pk_parse_key(pk, pem, size, NULL, 0, rng, rng_arg);
}

int compat_pk_check_pair(const mbedtls_pk_context *pub,
			 const mbedtls_pk_context *key, compat_rng rng,
			 void *rng_arg)
{
	return mbedtls_pk_check_pair(pub, key, rng, rng_arg);
}

int compat_crt_serial(mbedtls_x509write_cert *crt, const uint8_t *serial,
		      size_t len)
{
	unsigned char copy[MBEDTLS_X509_RFC5280_MAX_SERIAL_LEN];

	if (len > sizeof(copy))
		return MBEDTLS_ERR_X509_BAD_INPUT_DATA;
	memcpy(copy, serial, len);
	return mbedtls_x509write_crt_set_serial_raw(crt, copy, len);
}

void compat_sha256(const void *bytes, size_t len, uint8_t out[static 32])
{
	if (mbedtls_sha256(bytes, len, out, 0))
		memset(out, 0, 32);
}

bool compat_is_ticket(int code)
{
	return code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
}

enum compat_code compat_code(int code)
{
	switch (code) {
	case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
		return COMPAT_VERSION;
	case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE:
		return COMPAT_SUITE;
	case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE:
		return COMPAT_NO_CERT;
	case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
	case MBEDTLS_ERR_SSL_BAD_CERTIFICATE:
		return COMPAT_UNTRUSTED;
	case MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY:
		return COMPAT_IDENTITY;
	default:
		return COMPAT_OTHER;
	}
}

#endif
