/* SPDX-License-Identifier: MIT */
/*
 * tls_made.c - a certificate of our own making, and where it is kept
 *
 *	both files there	use them
 *	one of them		refuse: the other was somebody's, once
 *	none			make both: each under another name, written to the
 *				disk, then renamed, the key first
 *
 * Ten years: nobody believes in its dates, clients know it by its fingerprint,
 * and each renewal is one more fingerprint to hand out.  What only browsers
 * ask for, at most 825 days, they ask of certificates of authorities.
 *
 * System calls: open, fstat, fchmod, write, fsync, rename, unlink, close;
 * mkdir at the start alone.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/addr.h"
#include "daemon/config.h"
#include "daemon/log.h"
#include "daemon/random.h"
#include "daemon/tls_files.h"

#define MADE_NAME     "ustack"
#define MADE_DAYS     3650u
#define MADE_PATH_MAX (CONFIG_PATH_MAX + 32u)
#define TEMPORARY     ".new"
#define KEY_MODE      0600
#define CERT_MODE     0644
#define DIR_MODE      0700

/**
 * struct made_paths - the two files
 */
struct made_paths {
	char cert[MADE_PATH_MAX];
	char key[MADE_PATH_MAX];
};

static void find_paths(struct made_paths *p, const struct config *cfg)
{
	(void)snprintf(p->cert, sizeof(p->cert), "%s/%s", cfg->tls.state_dir,
		       TLS_MADE_CERT);
	(void)snprintf(p->key, sizeof(p->key), "%s/%s", cfg->tls.state_dir,
		       TLS_MADE_KEY);
}

/* ----------------------------------------------------------------- writing */

/* mkdir -p, all of it for us alone; 0 or -errno. */
static int make_dirs(const char *dir)
{
	char path[CONFIG_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s", dir);
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, DIR_MODE) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, DIR_MODE) && errno != EEXIST ? -errno : 0;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return fsync(fd) ? -errno : 0;
}

/* A new file of that mode, on the disk when this returns; 0 or -errno. */
static int write_new(const char *path, mode_t mode, const char *text,
		     size_t len)
{
	int fd;
	int rc;

	(void)unlink(path); /* of a daemon that was interrupted */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  mode);
	if (fd < 0)
		return -errno;
	rc = fchmod(fd, mode) ? -errno : write_all(fd, text, len);
	(void)close(fd);
	if (rc)
		(void)unlink(path);
	return rc;
}

/* What was renamed stays renamed when the power fails. */
static void sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)fsync(fd);
	(void)close(fd);
}

/*
 * Both files or none, by two names that they have meanwhile.  A certificate that
 * is alone in having one belongs to the key in place: see finish().
 */
static int store_as(const struct made_paths *p, const struct tls_identity *id)
{
	char key[MADE_PATH_MAX + sizeof(TEMPORARY)];
	char cert[MADE_PATH_MAX + sizeof(TEMPORARY)];
	int rc;

	(void)snprintf(key, sizeof(key), "%s" TEMPORARY, p->key);
	(void)snprintf(cert, sizeof(cert), "%s" TEMPORARY, p->cert);
	(void)unlink(cert);
	rc = write_new(key, KEY_MODE, id->key, id->key_len);
	if (rc)
		return rc;
	rc = write_new(cert, CERT_MODE, id->cert, id->cert_len);
	if (!rc && rename(key, p->key))
		rc = -errno;
	if (!rc && rename(cert, p->cert)) {
		rc = -errno;
		(void)unlink(p->key);
	}
	if (rc) {
		(void)unlink(cert);
		(void)unlink(key);
	}
	return rc;
}

/* Of a daemon that was killed when its key was in place and its certificate not. */
static void finish(const struct made_paths *p)
{
	char key[MADE_PATH_MAX + sizeof(TEMPORARY)];
	char cert[MADE_PATH_MAX + sizeof(TEMPORARY)];

	(void)snprintf(key, sizeof(key), "%s" TEMPORARY, p->key);
	(void)snprintf(cert, sizeof(cert), "%s" TEMPORARY, p->cert);
	if (access(key, F_OK) && errno == ENOENT && !access(p->key, F_OK))
		(void)rename(cert, p->cert);
}

static int store(const struct config *cfg, const struct made_paths *p,
		 const struct tls_identity *id, enum tls_files_how how)
{
	int rc = how == TLS_FILES_START ? make_dirs(cfg->tls.state_dir) : 0;

	if (!rc)
		rc = store_as(p, id);
	if (!rc)
		sync_dir(cfg->tls.state_dir);
	return rc;
}

/* ------------------------------------------------------------------ making */

static int make(struct tls_identity *id, const struct config *cfg, char *err,
		size_t errlen)
{
	const char *addresses[CONFIG_ADDRS_MAX];
	char text[CONFIG_ADDRS_MAX][ADDR_TEXT_MAX];
	struct tls_identity_args a = { .name = MADE_NAME,
				       .addresses = addresses,
				       .now = tls_now(),
				       .days = MADE_DAYS,
				       .random = random_fill };
	struct tls_problem p;

	for (uint32_t i = 0; i < cfg->stack.naddrs; i++) {
		const struct ustack_prefix *addr = &cfg->stack.addr[i];

		if (addr->len != 128 || a.naddresses == CONFIG_ADDRS_MAX)
			continue;
		addresses[a.naddresses] = addr_text(&addr->addr,
						    text[a.naddresses]);
		a.naddresses++;
	}
	if (!tls_identity_new(id, &a, &p))
		return 0;
	(void)snprintf(err, errlen, "%s: %s", p.text, p.advice);
	return -EIO;
}

static int take(struct tls_file *file, const char *text, size_t len)
{
	file->text = malloc(len + 1);
	if (!file->text)
		return -ENOMEM;
	memcpy(file->text, text, len);
	file->text[len] = '\0';
	file->len = len;
	return 0;
}

static int take_both(struct tls_made *m, const struct tls_identity *id,
		     enum tls_source source)
{
	int rc = take(&m->cert, id->cert, id->cert_len);

	if (!rc)
		rc = take(&m->key, id->key, id->key_len);
	m->source = source;
	return rc;
}

/* Store it if that can be done, use it in any case. */
static int adopt(struct tls_made *m, const struct config *cfg,
		 const struct tls_identity *id, enum tls_files_how how)
{
	struct made_paths p;
	int rc;

	if (how == TLS_FILES_CHECK)
		return take_both(m, id, TLS_SOURCE_MEMORY);
	find_paths(&p, cfg);
	rc = store(cfg, &p, id, how);
	if (rc)
		log_msg(LOG_LVL_WARNING,
			"%s: cannot keep the certificate there: %s; clients "
			"will see another one after a restart, set [tls] "
			"state-directory",
			cfg->tls.state_dir, strerror(-rc));
	else
		log_msg(LOG_LVL_INFO, "%s: made, with %s", p.cert,
			TLS_MADE_KEY);
	return take_both(m, id, rc ? TLS_SOURCE_MEMORY : TLS_SOURCE_MADE);
}

static int make_and_adopt(struct tls_made *m, const struct config *cfg,
			  enum tls_files_how how, char *err, size_t errlen)
{
	struct tls_identity id;
	int rc = make(&id, cfg, err, errlen);

	if (!rc)
		rc = adopt(m, cfg, &id, how);
	tls_identity_wipe(&id);
	return rc;
}

static int refuse_half(const char *there, const char *absent, char *err,
		       size_t errlen)
{
	(void)snprintf(err, errlen,
		       "%s: is there, but %s is not: put it back, or remove "
		       "the other for a new pair to be made",
		       there, absent);
	return -EINVAL;
}

int tls_made_get(struct tls_made *m, const struct config *cfg,
		 enum tls_files_how how, char *err, size_t errlen)
{
	struct made_paths p;
	int cert;
	int key;

	find_paths(&p, cfg);
	if (how != TLS_FILES_CHECK)
		finish(&p);
	m->source = TLS_SOURCE_MADE;
	cert = tls_file_read(&m->cert, p.cert, false, err, errlen);
	if (cert && cert != -ENOENT && cert != -EACCES && cert != -ENOTDIR)
		return cert;
	key = tls_file_read(&m->key, p.key, true, err, errlen);
	if (!cert && !key)
		return 0;
	if (cert == key && (cert == -EACCES || cert == -ENOTDIR))
		cert = key = -ENOENT; /* it is the directory's fault */
	if (key && key != -ENOENT)
		return key;
	if (cert && !key)
		return refuse_half(p.key, p.cert, err, errlen);
	if (key && !cert)
		return refuse_half(p.cert, p.key, err, errlen);
	if (m->kept)
		return adopt(m, cfg, m->kept, how);
	return make_and_adopt(m, cfg, how, err, errlen);
}

int tls_made_renew(struct tls_made *m, const struct config *cfg, char *err,
		   size_t errlen)
{
	log_msg(LOG_LVL_INFO,
		"%s/%s: expired; another one is made, with another fingerprint",
		cfg->tls.state_dir, TLS_MADE_CERT);
	tls_made_free(m);
	return make_and_adopt(m, cfg, TLS_FILES_AGAIN, err, errlen);
}

void tls_made_free(struct tls_made *m)
{
	tls_file_free(&m->cert);
	tls_file_free(&m->key);
}
