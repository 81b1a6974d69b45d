/* SPDX-License-Identifier: MIT */
/*
 * tls_files.h - credentials of the daemon: files that [tls] names, or a
 *		 certificate of our own making
 *
 *	[tls] certificate, key	-- given -->	read
 *				-- empty -->	tls-cert.pem and tls-key.pem of the
 *						state directory; made if absent,
 *						kept in memory where they cannot be
 *
 * Nothing is read unless some service has tls=yes.
 */

#ifndef DAEMON_TLS_FILES_H
#define DAEMON_TLS_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/creds.h"

struct config;

#define TLS_MADE_CERT "tls-cert.pem"
#define TLS_MADE_KEY  "tls-key.pem"

/* Where our certificate is from. */
enum tls_source {
	TLS_SOURCE_NONE,   /* there is none */
	TLS_SOURCE_FILE,   /* a file of [tls] */
	TLS_SOURCE_MADE,   /* made by ustackd, kept in the state directory */
	TLS_SOURCE_MEMORY, /* made by ustackd, gone when it ends */
};

/**
 * struct tls_files - what was loaded; zero at first
 * @ctx:	a reference, NULL = no service has tls=yes
 * @source:	of the certificate
 * @digest:	of all that makes it: tells whether something changed
 * @kept:	the identity with TLS_SOURCE_MEMORY, else NULL
 */
struct tls_files {
	struct tls_context *ctx;
	enum tls_source source;
	uint64_t digest;
	struct tls_identity *kept;
};

enum tls_files_how {
	TLS_FILES_START, /* make what is absent, the state directory as well */
	TLS_FILES_AGAIN, /* make what is absent; the directory is there or not */
	TLS_FILES_CHECK, /* make no file */
};

/**
 * tls_files_load() - Load credentials, or load them again
 * @f:		what there is, replaced as a whole or not at all
 * @cfg:	configuration
 * @how:	what may be done
 * @err:	on failure: which file, what is wrong with it, what to do
 * @errlen:	room in @err
 *
 * Warnings are logged; what was loaded is as well, unless @how only checks.
 *
 * Return: 1 = something changed, 0 = nothing did, -1 = refused
 */
int tls_files_load(struct tls_files *f, const struct config *cfg,
		   enum tls_files_how how, char *err, size_t errlen);

/** tls_files_free() - Give it all up */
void tls_files_free(struct tls_files *f);

/** tls_source_name() - "file", "made", "memory", or "none" */
const char *tls_source_name(enum tls_source s);

/** tls_now() - The time of day, seconds since 1970 */
int64_t tls_now(void);

/* ------------------------------------- between tls_files.c and tls_made.c */

/**
 * struct tls_file - bytes of a file
 * @text:	they, with a NUL behind; NULL = none
 * @len:	their number
 */
struct tls_file {
	char *text;
	size_t len;
};

/**
 * tls_file_read() - Read a regular file
 * @file:	filled in; give it to tls_file_free()
 * @path:	its path
 * @secret:	nobody but us and root may read it
 * @err:	on failure: the path and what is wrong
 * @errlen:	room in @err
 *
 * Return: 0, or -errno: -ENOENT there is no such file
 */
int tls_file_read(struct tls_file *file, const char *path, bool secret,
		  char *err, size_t errlen);

/** tls_file_free() - Wipe and free it */
void tls_file_free(struct tls_file *file);

/**
 * struct tls_made - a pair of our own making
 * @kept:	what was in memory, to be used and stored again; NULL = nothing
 * @cert:	its certificate
 * @key:	its key
 * @source:	where it is kept
 */
struct tls_made {
	const struct tls_identity *kept;
	struct tls_file cert;
	struct tls_file key;
	enum tls_source source;
};

/**
 * tls_made_get() - The pair in the state directory, or one made now
 * @m:		filled in, but for @m->kept
 * @cfg:	configuration
 * @how:	what may be done; for a check nothing is stored
 * @err:	on failure: what is wrong with what is there
 * @errlen:	room in @err
 *
 * Return: 0, or -errno
 */
int tls_made_get(struct tls_made *m, const struct config *cfg,
		 enum tls_files_how how, char *err, size_t errlen);

/** tls_made_renew() - Another pair in place of @m, which has expired; the same */
int tls_made_renew(struct tls_made *m, const struct config *cfg, char *err,
		   size_t errlen);

/** tls_made_free() - Wipe and free it */
void tls_made_free(struct tls_made *m);

#endif /* DAEMON_TLS_FILES_H */
