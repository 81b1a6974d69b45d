/* SPDX-License-Identifier: MIT */
/*
 * ctl_connect_tls.c - the control protocol's connect.open: its secure channel
 *
 * Credentials come as descriptors of files that the client has opened, in the
 * order ca, cert, key, psk.  They are read at once, by pread(), and only what is
 * a regular file of a sane size: nothing here can wait.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/creds.h"
#include "daemon/ctl_connect.h"
#include "daemon/random.h"

enum part { PART_CA, PART_CERT, PART_KEY, PART_PSK, PARTS };

static const char *const part_names[PARTS] = { "ca", "cert", "key", "psk" };

/**
 * struct wanted - a client's context being put together
 * @rq:		who asks
 * @tls:	what is asked for
 * @fds:	descriptors that came
 * @nfds:	their number
 * @buf:	what was read of each part, NULL = not asked for; wiped
 * @args:	what comes out
 */
struct wanted {
	struct ctl_request *rq;
	const cJSON *tls;
	const int *fds;
	uint32_t nfds;
	uint8_t *buf[PARTS];
	struct tls_context_args args;
};

/* 1 true, 0 false or absent, -1 after an error was sent. */
static int read_bool(struct ctl_request *rq, const cJSON *tls, const char *name)
{
	const cJSON *p = cJSON_GetObjectItemCaseSensitive(tls, name);

	if (!p || cJSON_IsBool(p))
		return cJSON_IsTrue(p);
	ctl_reply_error(rq, CTL_E_PARAMS, "tls.%s: expected true or false",
			name);
	return -1;
}

static bool known_names(struct ctl_request *rq, const cJSON *tls)
{
	static const char *const names[] = { "servername", "fingerprint",
					     "insecure",   "ca",
					     "cert",	   "key",
					     "psk" };
	const cJSON *p;

	cJSON_ArrayForEach(p, tls)
	{
		bool known = false;

		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			known |= !strcmp(p->string, names[i]);
		if (known)
			continue;
		ctl_reply_error(rq, CTL_E_PARAMS,
				"tls: unknown \"%.64s\"; it has servername, "
				"fingerprint, insecure, ca, cert, key, psk",
				p->string);
		return false;
	}
	return true;
}

/* ------------------------------------------------------------------- files */

/* Why the file cannot be read, or NULL. */
static const char *read_file(int fd, size_t most, uint8_t **buf, size_t *len)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return "is no regular file";
	if ((size_t)st.st_size > most)
		return most == TLS_PEM_MAX ? "is larger than 64 KiB"
					   : "is larger than 2 MiB";
	*buf = calloc(1, (size_t)st.st_size + 1);
	if (!*buf)
		return "does not fit into memory";
	n = pread(fd, *buf, (size_t)st.st_size, 0);
	if (n < 0)
		return "cannot be read: open it for reading";
	*len = (size_t)n;
	return NULL;
}

static struct tls_bytes *place(struct wanted *w, enum part part)
{
	struct tls_bytes *const places[PARTS] = { &w->args.ca, &w->args.cert,
						  &w->args.key, &w->args.psk };

	return places[part];
}

static bool read_part(struct wanted *w, enum part part, uint32_t *used)
{
	struct tls_bytes *b = place(w, part);
	const char *wrong = NULL;
	int there = read_bool(w->rq, w->tls, part_names[part]);

	if (there <= 0)
		return there == 0;
	if (*used == w->nfds) {
		ctl_reply_error(w->rq, CTL_E_PARAMS,
				"tls.%s: its descriptor did not come",
				part_names[part]);
		return false;
	}
	wrong = read_file(w->fds[(*used)++],
			  part == PART_CA ? TLS_CA_MAX : TLS_PEM_MAX,
			  &w->buf[part], &b->len);
	if (wrong) {
		ctl_reply_error(w->rq, CTL_E_PARAMS, "tls.%s: the file %s",
				part_names[part], wrong);
		return false;
	}
	b->p = w->buf[part];
	return true;
}

static bool read_parts(struct wanted *w)
{
	uint32_t used = 0;

	for (enum part part = 0; part < PARTS; part++)
		if (!read_part(w, part, &used))
			return false;
	if (used == w->nfds)
		return true;
	ctl_reply_error(w->rq, CTL_E_PARAMS,
			"%u descriptors too many for what tls names",
			w->nfds - used);
	return false;
}

/* ------------------------------------------------------------------- trust */

static bool read_trust(struct wanted *w)
{
	const char *text = NULL;
	int insecure = read_bool(w->rq, w->tls, "insecure");
	int pinned = insecure < 0 ? -1
				  : ctl_param_str(w->rq, w->tls, "fingerprint",
						  &text);

	if (pinned < 0)
		return false;
	w->args.insecure = insecure > 0;
	w->args.pinned = pinned > 0;
	if (!pinned || tls_fingerprint_parse(text, w->args.fingerprint))
		return true;
	ctl_reply_error(w->rq, CTL_E_PARAMS,
			"tls.fingerprint: expected SHA-256 as 64 hexadecimal "
			"digits, with colons or without");
	return false;
}

static bool read_servername(struct wanted *w, struct ctl_connect *c)
{
	const char *name = "";

	if (ctl_param_str(w->rq, w->tls, "servername", &name) < 0)
		return false;
	if (strlen(name) < sizeof(c->servername)) {
		(void)snprintf(c->servername, sizeof(c->servername), "%s",
			       name);
		return true;
	}
	ctl_reply_error(w->rq, CTL_E_PARAMS,
			"tls.servername: expected at most 255 bytes");
	return false;
}

/* ----------------------------------------------------------------- together */

static bool make_context(struct wanted *w, struct ctl_connect *c)
{
	struct tls_problem problem = { .kind = TLS_OK };

	w->args.client = true;
	w->args.random = random_fill;
	c->tls = tls_context_new(&w->args, &problem);
	if (!c->tls)
		ctl_reply_error(w->rq, CTL_E_REFUSED, "tls: %s; %s",
				problem.text, problem.advice);
	return c->tls;
}

static void wipe(struct wanted *w)
{
	for (enum part part = 0; part < PARTS; part++) {
		if (w->buf[part])
			explicit_bzero(w->buf[part], place(w, part)->len);
		free(w->buf[part]);
	}
}

bool ctl_connect_tls(struct ctl_connect *c, const cJSON *tls, const int *fds,
		     uint32_t n)
{
	struct wanted w = { .rq = c->rq, .tls = tls, .fds = fds, .nfds = n };
	bool ok = known_names(w.rq, tls) && read_servername(&w, c) &&
		  read_trust(&w) && read_parts(&w) && make_context(&w, c);

	wipe(&w);
	return ok;
}
