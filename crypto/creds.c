/* SPDX-License-Identifier: MIT */
/*
 * creds.c - who we are and whom we trust: a context, filled in from bytes
 *
 *	random bytes -> certificate and key -> authorities -> PSKs -> policy
 *
 * The first thing that is wrong ends it, with the part that is to blame.
 */

#include "creds.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <mbedtls/oid.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/version.h>

#include "compat.h"
#include "creds_int.h"

#define TICKET_LIFE_S 7200u /* as OpenSSL; keys are changed as often */
#define DAY_S	      86400

int tls_refuse(struct tls_problem *p, enum tls_part part, int code,
	       const char *fmt, ...)
{
	char text[TLS_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	p->part = part;
	tls_problem_set(p, TLS_CREDENTIALS, code, "%s", text);
	return -ERR_INVAL;
}

int tls_out_of_memory(struct tls_problem *p)
{
	tls_problem_set(p, TLS_MEMORY, 0, "no memory");
	return -ERR_NOMEM;
}

/* ----------------------------------------------------------- what is wanted */

static int check_client(const struct tls_context_args *a, struct tls_problem *p)
{
	int err;

	if (a->ca.p || a->pinned || a->insecure || a->psk.p)
		return 0;
	err = tls_refuse(p, TLS_PART_NONE, 0, "nothing to know the server by");
	tls_problem_advise(p, "give authorities (--ca), a fingerprint "
			      "(--fingerprint) or a PSK file (--psk-file); or "
			      "trust anybody (--insecure)");
	return err;
}

static int check_server(const struct tls_context_args *a, struct tls_problem *p)
{
	int err;

	if (a->cert.p || a->psk.p)
		return 0;
	err = tls_refuse(p, TLS_PART_NONE, 0,
			 "nothing to prove ourselves by to clients");
	tls_problem_advise(p, "give a certificate and its key, or a PSK file");
	return err;
}

static int check_args(const struct tls_context_args *a, struct tls_problem *p)
{
	int err;

	if (!a->cert.p == !a->key.p)
		return a->client ? check_client(a, p) : check_server(a, p);
	err = tls_refuse(p, a->cert.p ? TLS_PART_CERT : TLS_PART_KEY, 0,
			 a->cert.p ? "a certificate without its key"
				   : "a key without its certificate");
	tls_problem_advise(p, "give both, or none");
	return err;
}

/* ----------------------------------------------------------------- filling */

static int refuse_random(int code, struct tls_problem *p)
{
	tls_problem_set(p, TLS_INTERNAL, code, "random bytes");
	return -ERR_INVAL;
}

static int read_parts(struct tls_context *ctx, const struct tls_context_args *a,
		      struct tls_problem *p)
{
	int err = 0;

	if (a->cert.p)
		err = tls_own_cert(ctx, a, p);
	if (!err && a->ca.p)
		err = tls_authorities(ctx, a, p);
	if (!err && a->psk.p)
		err = tls_psk_read(ctx, a, p);
	return err;
}

static int refuse_policy(const struct tls_context_args *a, int code,
			 struct tls_problem *p)
{
	char name[TLS_LIBRARY_MAX];
	const char *version = tls_library(name);

	if (a->min_version != TLS_V1_3 || compat_has_v13()) {
		tls_problem_set(p, TLS_INTERNAL, code, "configuration");
		return -ERR_NOMEM;
	}
	(void)tls_refuse(p, TLS_PART_NONE, 0, "%s speaks at most %s", name,
			 version);
	tls_problem_advise(p, "accept version 1.2, or build with mbed TLS 3.6");
	return -ERR_INVAL;
}

/* mbedTLS's code, or 0. */
static int configure(struct tls_context *ctx, const struct tls_context_args *a)
{
	mbedtls_ssl_config *conf = &ctx->conf;
	const struct tls_psk *psk = ctx->psk;
	int code = 0;

	mbedtls_ssl_conf_rng(conf, mbedtls_ctr_drbg_random, &ctx->drbg);
	if (ctx->has_ca)
		mbedtls_ssl_conf_ca_chain(conf, &ctx->ca, NULL);
	if (ctx->has_cert)
		code = mbedtls_ssl_conf_own_cert(conf, &ctx->cert, &ctx->key);
	if (!code && ctx->client && psk)
		code = mbedtls_ssl_conf_psk(conf, psk->key, psk->key_len,
					    (const unsigned char *)psk->id,
					    psk->id_len);
	if (code || !tls_policy_tickets(a))
		return code;
	code = compat_ticket_setup(&ctx->ticket, mbedtls_ctr_drbg_random,
				   &ctx->drbg, TICKET_LIFE_S);
	if (code)
		return code;
	mbedtls_ssl_conf_session_tickets_cb(conf, mbedtls_ssl_ticket_write,
					    mbedtls_ssl_ticket_parse,
					    &ctx->ticket);
	ctx->tickets = true;
	return 0;
}

static int fill(struct tls_context *ctx, const struct tls_context_args *a,
		struct tls_problem *p)
{
	int code = compat_init();
	int err;

	ctx->client = a->client;
	ctx->pinned = a->pinned;
	ctx->insecure = a->insecure;
	memcpy(ctx->fingerprint, a->fingerprint, sizeof(ctx->fingerprint));
	ctx->random = (struct tls_random){ a->random, a->random_arg };
	if (!code)
		code = tls_drbg_seed(&ctx->drbg, &ctx->random);
	if (code)
		return refuse_random(code, p);
	err = read_parts(ctx, a, p);
	if (err)
		return err;
	code = tls_policy_apply(&ctx->policy, &ctx->conf, a);
	if (code)
		return refuse_policy(a, code, p);
	code = configure(ctx, a);
	if (code) {
		tls_problem_set(p, TLS_MEMORY, code, "configuration");
		return -ERR_NOMEM;
	}
	tls_channel_hooks(ctx);
	return 0;
}

struct tls_context *tls_context_new(const struct tls_context_args *a,
				    struct tls_problem *problem)
{
	struct tls_context *ctx;

	memset(problem, 0, sizeof(*problem));
	if (check_args(a, problem))
		return NULL;
	ctx = tls_context_alloc();
	if (!ctx) {
		(void)tls_out_of_memory(problem);
		return NULL;
	}
	if (!fill(ctx, a, problem))
		return ctx;
	tls_context_put(ctx);
	return NULL;
}

/* -------------------------------------------------------------- describing */

static int64_t seconds_of(const mbedtls_x509_time *t)
{
	struct tm tm = {
		.tm_year = t->year - 1900,
		.tm_mon = t->mon - 1,
		.tm_mday = t->day,
		.tm_hour = t->hour,
		.tm_min = t->min,
		.tm_sec = t->sec,
	};

	return timegm(&tm);
}

__attribute__((format(printf, 2, 3))) static void warn(
	struct tls_cert_info *info, const char *fmt, ...)
{
	va_list ap;

	if (info->nwarnings == TLS_WARNINGS_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(info->warning[info->nwarnings++], TLS_TEXT_MAX, fmt,
			ap);
	va_end(ap);
}

static const char *days_text(int64_t s, char *buf, size_t size)
{
	long long days = (long long)(s / DAY_S);

	if (days < 1)
		(void)snprintf(buf, size, "less than a day");
	else
		(void)snprintf(buf, size, "%lld day%s", days,
			       days == 1 ? "" : "s");
	return buf;
}

/* The @n-th certificate of the chain, by the clock. */
static void warn_times(struct tls_cert_info *info, const mbedtls_x509_crt *crt,
		       unsigned int n, int64_t now)
{
	int64_t from = seconds_of(&crt->valid_from);
	int64_t to = seconds_of(&crt->valid_to);
	char which[48] = "the certificate";
	char days[32];

	if (n > 1)
		(void)snprintf(which, sizeof(which),
			       "certificate %u of the chain", n);
	if (now > to)
		warn(info, "%s expired %s ago", which,
		     days_text(now - to, days, sizeof(days)));
	else if (now < from)
		warn(info, "%s is not valid yet, for another %s", which,
		     days_text(from - now, days, sizeof(days)));
	else if (to - now < (int64_t)TLS_EXPIRY_DAYS * DAY_S)
		warn(info, "%s expires in %s", which,
		     days_text(to - now, days, sizeof(days)));
}

static void warn_use(struct tls_cert_info *info, const struct tls_context *ctx)
{
	if (!ctx->client && mbedtls_x509_crt_check_extended_key_usage(
				    &ctx->cert, MBEDTLS_OID_SERVER_AUTH,
				    MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)))
		warn(info, "the certificate is not for servers, by its "
			   "extended key usage");
}

static void warn_authorities(struct tls_cert_info *info,
			     const struct tls_context *ctx, int64_t now)
{
	unsigned int over = 0;
	unsigned int n = 0;

	for (const mbedtls_x509_crt *crt = &ctx->ca; crt; crt = crt->next) {
		n++;
		over += now > seconds_of(&crt->valid_to);
	}
	if (over)
		warn(info, "%u of %u certificates of authorities %s expired",
		     over, n, over == 1 ? "has" : "have");
}

static void describe_cert(const struct tls_context *ctx, int64_t now,
			  struct tls_cert_info *info)
{
	const mbedtls_x509_crt *crt = &ctx->cert;

	if (mbedtls_x509_dn_gets(info->subject, sizeof(info->subject),
				 &crt->subject) < 0)
		(void)snprintf(info->subject, sizeof(info->subject), "?");
	if (mbedtls_x509_dn_gets(info->issuer, sizeof(info->issuer),
				 &crt->issuer) < 0)
		(void)snprintf(info->issuer, sizeof(info->issuer), "?");
	tls_key_name(compat_crt_pk(crt), info->key, sizeof(info->key));
	compat_sha256(crt->raw.p, crt->raw.len, info->fingerprint);
	info->not_before = seconds_of(&crt->valid_from);
	info->not_after = seconds_of(&crt->valid_to);
	for (; crt; crt = crt->next)
		warn_times(info, crt, ++info->chain, now);
	warn_use(info, ctx);
}

void tls_context_info(const struct tls_context *ctx, int64_t now,
		      struct tls_cert_info *info)
{
	memset(info, 0, sizeof(*info));
	if (ctx->has_cert)
		describe_cert(ctx, now, info);
	if (!ctx->client && ctx->has_ca)
		warn_authorities(info, ctx, now);
	info->client_ca = !ctx->client && ctx->has_ca;
	info->psks = ctx->npsk;
}

const char *tls_library(char name[static TLS_LIBRARY_MAX])
{
	mbedtls_version_get_string_full(name);
	return compat_has_v13() ? "TLSv1.3" : "TLSv1.2";
}
