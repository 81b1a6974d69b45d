/* SPDX-License-Identifier: MIT */
/*
 * tls_files.c - credentials from the files of the configuration
 *
 * A file is opened without waiting, and must be a regular one of bounded size:
 * a FIFO or a terminal under that name stops nobody.  What is secret must
 * belong to us or to root, and nobody else may read it; in the directory that
 * systemd passes credentials in, it has seen to that by an ACL.
 *
 * System calls: open, fstat, read, close, geteuid.
 */

#include "daemon/tls_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/log.h"
#include "daemon/random.h"

#define DATE_TEXT_MAX 32u
#define WHY_MAX	      768u /* what is wrong with a file */
#define PLACE_MAX     320u /* a key of [tls] and its path */

int64_t tls_now(void)
{
	return time(NULL);
}

const char *tls_source_name(enum tls_source s)
{
	static const char *const names[] = { "none", "file", "made", "memory" };

	return names[s];
}

/* ------------------------------------------------------------------- files */

static bool is_systemds(const char *path)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	size_t len = dir ? strlen(dir) : 0;

	return len && !strncmp(path, dir, len) && path[len] == '/' &&
	       !strstr(path, "/../");
}

__attribute__((format(printf, 3, 4))) static int complain(char *err,
							  size_t errlen,
							  const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(err, errlen, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* May a file be used?  0, or -EINVAL. */
static int check_file(const struct stat *st, const char *path, bool secret,
		      char *err, size_t errlen)
{
	if (!S_ISREG(st->st_mode))
		return complain(err, errlen, "%s: is no regular file", path);
	if (st->st_size > TLS_PEM_MAX)
		return complain(err, errlen, "%s: is larger than %u KB", path,
				TLS_PEM_MAX / 1024);
	if (!secret || is_systemds(path))
		return 0;
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return complain(err, errlen,
				"%s: belongs to uid %u, who could read it: "
				"chown it to root, or to the daemon's user",
				path, st->st_uid);
	if (st->st_mode & (S_IRWXG | S_IRWXO))
		return complain(err, errlen,
				"%s: mode %04o lets others use it: chmod 600 "
				"%s",
				path, st->st_mode & 07777, path);
	return 0;
}

/* Read what is in @fd, at most TLS_PEM_MAX bytes; 0 or -errno. */
static int read_all(struct tls_file *file, int fd)
{
	file->text = malloc(TLS_PEM_MAX + 1);
	if (!file->text)
		return -ENOMEM;
	while (file->len < TLS_PEM_MAX) {
		ssize_t n = read(fd, file->text + file->len,
				 TLS_PEM_MAX - file->len);

		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			file->len += (size_t)n;
	}
	file->text[file->len] = '\0';
	return 0;
}

int tls_file_read(struct tls_file *file, const char *path, bool secret,
		  char *err, size_t errlen)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int rc;

	*file = (struct tls_file){ 0 };
	if (fd < 0) {
		rc = -errno;
		(void)complain(err, errlen, "%s: cannot be read: %s", path,
			       strerror(-rc));
		return rc;
	}
	rc = fstat(fd, &st) ? -errno
			    : check_file(&st, path, secret, err, errlen);
	if (!rc) {
		rc = read_all(file, fd);
		if (rc)
			(void)complain(err, errlen, "%s: cannot be read: %s",
				       path, strerror(-rc));
	}
	(void)close(fd);
	if (rc)
		tls_file_free(file);
	return rc;
}

void tls_file_free(struct tls_file *file)
{
	if (file->text)
		explicit_bzero(file->text, file->len);
	free(file->text);
	*file = (struct tls_file){ 0 };
}

/* ----------------------------------------------------------------- loading */

/**
 * struct parts - all that goes into a context
 * @cfg:	configuration
 * @pair:	certificate and key, given or made
 * @ca:		authorities
 * @psk:	keys
 */
struct parts {
	const struct config *cfg;
	struct tls_made pair;
	struct tls_file ca;
	struct tls_file psk;
};

static void free_parts(struct parts *p)
{
	tls_made_free(&p->pair);
	tls_file_free(&p->ca);
	tls_file_free(&p->psk);
}

/**
 * struct given - a file that the configuration names
 * @key:	by this key of [tls]
 * @path:	empty = it names none
 * @secret:	others must not read it
 */
struct given {
	const char *key;
	const char *path;
	bool secret;
};

static int read_given(struct tls_file *file, struct given g, char *err,
		      size_t errlen)
{
	char why[WHY_MAX];
	int rc;

	if (!g.path[0])
		return 0;
	rc = tls_file_read(file, g.path, g.secret, why, sizeof(why));
	if (rc)
		(void)complain(err, errlen, "[tls] %s = %s", g.key, why);
	return rc;
}

static int read_parts(struct parts *p, const struct tls_files *f,
		      enum tls_files_how how, char *err, size_t errlen)
{
	const struct config_tls *tls = &p->cfg->tls;
	int rc;

	if (tls->certificate[0]) {
		p->pair.source = TLS_SOURCE_FILE;
		rc = read_given(&p->pair.cert,
				(struct given){ "certificate", tls->certificate,
						false },
				err, errlen);
		if (!rc)
			rc = read_given(&p->pair.key,
					(struct given){ "key", tls->key, true },
					err, errlen);
	} else {
		p->pair.kept = f->kept;
		rc = tls_made_get(&p->pair, p->cfg, how, err, errlen);
	}
	if (!rc)
		rc = read_given(&p->ca,
				(struct given){ "client-ca", tls->client_ca,
						false },
				err, errlen);
	if (!rc)
		rc = read_given(&p->psk,
				(struct given){ "psk-file", tls->psk_file,
						true },
				err, errlen);
	return rc;
}

static struct tls_bytes bytes_of(const struct tls_file *file)
{
	return (struct tls_bytes){ file->text, file->len };
}

/* The key that names what a problem is in, and its value; or the section. */
static const char *place_of(const struct parts *p, enum tls_part part,
			    char buf[PLACE_MAX])
{
	const struct config_tls *tls = &p->cfg->tls;
	bool given = p->pair.source == TLS_SOURCE_FILE;
	struct given g = { "state-directory", tls->state_dir, true };

	if (part == TLS_PART_CERT && given)
		g = (struct given){ "certificate", tls->certificate, false };
	else if (part == TLS_PART_KEY && given)
		g = (struct given){ "key", tls->key, true };
	else if (part == TLS_PART_CA)
		g = (struct given){ "client-ca", tls->client_ca, false };
	else if (part == TLS_PART_PSK)
		g = (struct given){ "psk-file", tls->psk_file, true };
	else if (part != TLS_PART_CERT && part != TLS_PART_KEY)
		return "[tls]";
	(void)snprintf(buf, PLACE_MAX, "[tls] %s = %s", g.key, g.path);
	return buf;
}

static struct tls_context *make_context(const struct parts *p, char *err,
					size_t errlen)
{
	struct tls_context_args a = {
		.cert = bytes_of(&p->pair.cert),
		.key = bytes_of(&p->pair.key),
		.ca = bytes_of(&p->ca),
		.psk = bytes_of(&p->psk),
		.min_version = (enum tls_version)p->cfg->tls.min_version,
		.tickets = p->cfg->tls.tickets,
		.random = random_fill,
	};
	struct tls_problem problem;
	char place[PLACE_MAX];
	struct tls_context *ctx = tls_context_new(&a, &problem);
	bool made = p->pair.source != TLS_SOURCE_FILE &&
		    (problem.part == TLS_PART_CERT ||
		     problem.part == TLS_PART_KEY);

	if (!ctx)
		(void)complain(err, errlen, "%s: %s: %s",
			       place_of(p, problem.part, place), problem.text,
			       made ? "remove " TLS_MADE_CERT
				      " and " TLS_MADE_KEY
				      " for a new pair to be made"
				    : problem.advice);
	return ctx;
}

/* FNV-1a; it tells change from none, and nothing to a stranger. */
static uint64_t digest_add(uint64_t h, const struct tls_file *file)
{
	for (size_t i = 0; i < file->len; i++)
		h = (h ^ (uint8_t)file->text[i]) * 0x100000001b3u;
	return (h ^ file->len) * 0x100000001b3u;
}

static uint64_t digest_of(const struct parts *p)
{
	const struct config_tls *tls = &p->cfg->tls;
	uint64_t h = digest_add(0xcbf29ce484222325u, &p->pair.cert);

	h = digest_add(h, &p->pair.key);
	h = digest_add(h, &p->ca);
	h = digest_add(h, &p->psk);
	return (h ^ (uint64_t)tls->min_version << 1 ^ tls->tickets) *
	       0x100000001b3u;
}

static bool has_expired(const struct tls_context *ctx)
{
	struct tls_cert_info info;

	tls_context_info(ctx, tls_now(), &info);
	return info.not_after < tls_now();
}

/* An old certificate of ours is nobody's: make another. */
static struct tls_context *renew(struct parts *p, struct tls_context *ctx,
				 char *err, size_t errlen)
{
	if (p->pair.source != TLS_SOURCE_MADE || !has_expired(ctx))
		return ctx;
	tls_context_put(ctx);
	if (tls_made_renew(&p->pair, p->cfg, err, errlen))
		return NULL;
	return make_context(p, err, errlen);
}

/* What stays in memory must be there at the next load. */
static struct tls_identity *keep(const struct tls_made *pair)
{
	struct tls_identity *id;

	if (pair->source != TLS_SOURCE_MEMORY ||
	    pair->cert.len >= sizeof(id->cert) ||
	    pair->key.len >= sizeof(id->key))
		return NULL;
	id = calloc(1, sizeof(*id));
	if (!id)
		return NULL;
	id->cert_len = pair->cert.len;
	id->key_len = pair->key.len;
	memcpy(id->cert, pair->cert.text, id->cert_len);
	memcpy(id->key, pair->key.text, id->key_len);
	return id;
}

static const char *date_text(int64_t s, char text[static DATE_TEXT_MAX])
{
	time_t t = (time_t)s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
	    !strftime(text, DATE_TEXT_MAX, "%Y-%m-%d", &tm))
		text[0] = '\0';
	return text;
}

static void tell(const struct tls_files *f, enum tls_files_how how)
{
	char fp[TLS_FINGERPRINT_TEXT];
	char date[DATE_TEXT_MAX];
	struct tls_cert_info info;

	tls_context_info(f->ctx, tls_now(), &info);
	if (how != TLS_FILES_CHECK)
		log_msg(LOG_LVL_INFO,
			"TLS: %s certificate %s until %s, SHA-256 %s", info.key,
			info.subject, date_text(info.not_after, date),
			tls_fingerprint_text(info.fingerprint, fp));
	for (uint32_t i = 0; i < info.nwarnings; i++)
		log_msg(LOG_LVL_WARNING, "TLS: %s", info.warning[i]);
}

static bool is_wanted(const struct config *cfg)
{
	for (uint32_t i = 0; i < cfg->nservice; i++)
		if (cfg->service[i].tls)
			return true;
	return false;
}

static void replace(struct tls_files *f, struct tls_context *ctx,
		    const struct parts *p)
{
	struct tls_identity *kept = keep(&p->pair);

	tls_files_free(f);
	*f = (struct tls_files){ .ctx = ctx,
				 .source = p->pair.source,
				 .digest = digest_of(p),
				 .kept = kept };
}

int tls_files_load(struct tls_files *f, const struct config *cfg,
		   enum tls_files_how how, char *err, size_t errlen)
{
	struct parts p = { .cfg = cfg };
	struct tls_context *ctx = NULL;
	bool same;

	if (!is_wanted(cfg))
		return 0;
	err[0] = '\0';
	if (!read_parts(&p, f, how, err, errlen))
		ctx = make_context(&p, err, errlen);
	if (ctx && how != TLS_FILES_CHECK)
		ctx = renew(&p, ctx, err, errlen);
	if (!ctx) {
		if (!err[0])
			(void)complain(err, errlen, "[tls]: no memory");
		free_parts(&p);
		return -1;
	}
	err[0] = '\0'; /* what is absent may have been made */
	same = f->ctx && f->digest == digest_of(&p) &&
	       f->source == p.pair.source;
	if (same)
		tls_context_put(ctx);
	else
		replace(f, ctx, &p);
	free_parts(&p);
	tell(f, how);
	return same ? 0 : 1;
}

void tls_files_free(struct tls_files *f)
{
	tls_context_put(f->ctx);
	if (f->kept)
		tls_identity_wipe(f->kept);
	free(f->kept);
	*f = (struct tls_files){ 0 };
}
