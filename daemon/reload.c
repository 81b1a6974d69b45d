/* SPDX-License-Identifier: MIT */
/*
 * reload.c - the configuration, read again
 *
 * All that can fail comes first, and the worker last: it takes all or nothing.
 * What follows that, the log and numbers of our own, cannot fail.
 */

#include "daemon/reload.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/creds.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/svc/svc.h"
#include "daemon/svc/target.h"
#include "daemon/tls_files.h"
#include "daemon/worker.h"

#define TEXT_MAX 512u

/**
 * struct attempt - one reload under way
 * @r:		what there is
 * @who:	asked for it
 * @res:	what becomes of it
 * @cfg:	the new configuration
 * @tls:	credentials as it says, with references of their own
 * @reopened:	the log is opened again
 * @log:	[log] has changed
 * @level:	[log] level has
 * @stack:	[stack] or [tcp] has
 * @limits:	[tls] has, in what channels may cost
 * @rules:	[impair] has
 * @exempt:	services have, in whether they are impaired
 * @services:	services have otherwise
 */
struct attempt {
	struct reload *r;
	const char *who;
	struct reload_result *res;
	struct config *cfg;
	struct tls_files tls;
	bool reopened;
	bool log;
	bool level;
	bool stack;
	bool limits;
	bool rules;
	bool exempt;
	bool services;
};

__attribute__((format(printf, 2, 3))) static void changed(
	struct reload_result *res, const char *fmt, ...)
{
	va_list ap;

	if (res->n == RELOAD_CHANGES_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(res->changed[res->n++], RELOAD_CHANGE_MAX, fmt, ap);
	va_end(ap);
}

/* Add a reason; what does not fit is in the log. */
static void refuse(const struct attempt *a, const char *text)
{
	struct reload_result *res = a->res;
	size_t len = strlen(res->error);

	log_msg(LOG_LVL_ERROR, "%s: %s", a->who, text);
	(void)snprintf(res->error + len, sizeof(res->error) - len, "%s%s",
		       len ? "; " : "", text);
}

/* ----------------------------------------------------------------- reading */

/* The errors of a file, one a line; destroys @text. */
static void refuse_lines(const struct attempt *a, char *text)
{
	char *rest = text;
	char *line;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			refuse(a, line);
}

static bool read_config(struct attempt *a)
{
	struct config_source src = *a->r->source;
	char *text = NULL;
	size_t len;
	FILE *err = open_memstream(&text, &len);
	int errors = 1;

	src.was = a->r->cfg;
	if (err) {
		errors = config_load(a->cfg, &src, err);
		(void)fclose(err);
	}
	if (errors && text)
		refuse_lines(a, text);
	if (errors && !a->res->error[0])
		refuse(a, "out of memory");
	free(text);
	return !errors;
}

/* --------------------------------------------------------------- comparing */

static bool is_limit(const char *key)
{
	return !strcmp(key, "max-handshakes") ||
	       !strcmp(key, "handshake-timeout");
}

static void take_change(struct attempt *a, const struct config_change *c)
{
	char text[TEXT_MAX];

	if (!c->live) {
		(void)snprintf(text, sizeof(text),
			       "[%s] %s: cannot change while running; restart",
			       c->section, c->key);
		refuse(a, text);
		return;
	}
	changed(a->res, "[%s] %s", c->section, c->key);
	a->log |= !strcmp(c->section, "log");
	a->level |= !strcmp(c->section, "log") && !strcmp(c->key, "level");
	a->limits |= !strcmp(c->section, "tls") && is_limit(c->key);
	a->rules |= !strcmp(c->section, "impair");
	a->stack |= !strcmp(c->section, "stack") || !strcmp(c->section, "tcp");
}

static void compare_keys(struct attempt *a)
{
	struct config_change c[CONFIG_CHANGES_MAX];
	int n = config_diff(a->r->cfg, a->cfg, c, CONFIG_CHANGES_MAX);

	if (n < 0)
		refuse(a, "out of memory");
	for (int i = 0; i < n; i++)
		take_change(a, &c[i]);
}

static const struct config_service *find(const struct config *cfg,
					 const char *name)
{
	for (uint32_t i = 0; i < cfg->nservice; i++)
		if (!strcmp(cfg->service[i].name, name))
			return &cfg->service[i];
	return NULL;
}

/* Does it do the same?  Whether it is impaired is another question. */
static bool same_service(const struct config_service *x,
			 const struct config_service *y)
{
	return !strcmp(x->type, y->type) && x->port == y->port &&
	       x->backlog == y->backlog && !strcmp(x->cc, y->cc) &&
	       x->tls == y->tls && !strcmp(x->target, y->target);
}

/* Was a target looked up at the start? */
static bool is_known(const struct config *was, const char *target)
{
	for (uint32_t i = 0; i < was->nservice; i++)
		if (!strcmp(was->service[i].type, "forward") &&
		    !strcmp(was->service[i].target, target))
			return true;
	return false;
}

/* Names are looked up by whoever may open sockets as he likes. */
static void check_target(struct attempt *a, const struct config_service *svc)
{
	char text[TEXT_MAX];

	if (strcmp(svc->type, "forward") != 0 ||
	    !target_has_name(svc->target) || is_known(a->r->cfg, svc->target))
		return;
	(void)snprintf(text, sizeof(text),
		       "[service %s] target = %s: expected an address: names "
		       "are looked up at the start only; restart",
		       svc->name, svc->target);
	refuse(a, text);
}

static void compare_services(struct attempt *a)
{
	const struct config *was = a->r->cfg;
	const struct config *cfg = a->cfg;

	for (uint32_t i = 0; i < cfg->nservice; i++) {
		const struct config_service *svc = &cfg->service[i];
		const struct config_service *old = find(was, svc->name);
		bool same = old && same_service(old, svc);

		if (same && old->exempt == svc->exempt)
			continue;
		changed(a->res, "[service %s]%s", svc->name,
			old ? "" : " (new)");
		if (!same)
			check_target(a, svc);
		a->services |= !same;
		a->exempt |= svc->exempt != (old && old->exempt);
	}
	for (uint32_t i = 0; i < was->nservice; i++) {
		if (find(cfg, was->service[i].name))
			continue;
		changed(a->res, "[service %s] (gone)", was->service[i].name);
		a->services = true;
	}
}

/* ------------------------------------------------- credentials, log, worker */

static struct tls_identity *kept_copy(const struct tls_identity *id)
{
	struct tls_identity *copy = id ? malloc(sizeof(*copy)) : NULL;

	if (copy)
		*copy = *id;
	return copy;
}

static void read_tls(struct attempt *a)
{
	char err[RELOAD_ERROR_MAX] = "";
	int rc;

	a->tls = *a->r->tls;
	a->tls.kept = kept_copy(a->r->tls->kept);
	if (a->tls.ctx)
		a->tls.ctx = tls_context_ref(a->tls.ctx);
	if (a->r->tls->kept && !a->tls.kept) {
		refuse(a, "out of memory"); /* another one would be made */
		return;
	}
	rc = tls_files_load(&a->tls, a->cfg, TLS_FILES_AGAIN, err, sizeof(err));
	if (rc < 0)
		refuse(a, err);
	else if (a->tls.ctx != a->r->tls->ctx)
		changed(a->res, "tls");
}

static void check_log(struct attempt *a)
{
	bool file = a->cfg->log_target == LOG_TO_FILE;
	char text[TEXT_MAX];
	int rc = a->log ? log_check(a->cfg) : 0;

	if (!rc)
		return;
	(void)snprintf(text, sizeof(text), "[log] target: %s: %s",
		       file ? a->cfg->log_path : LOG_JOURNAL_SOCKET,
		       strerror(-rc));
	refuse(a, text);
}

static void change_worker(struct attempt *a)
{
	char err[TEXT_MAX];
	const struct worker_change c = {
		.was = a->r->cfg,
		.cfg = a->cfg,
		.tls_was = a->r->tls->ctx,
		.tls = a->tls.ctx,
		.services = a->services,
		.impair = a->rules || a->exempt || a->services,
		.rules = a->rules,
		.limits = a->limits,
		.stack = a->stack,
	};

	if (c.tls == c.tls_was && !c.services && !c.impair && !c.limits &&
	    !c.stack)
		return;
	if (!worker_reload(a->r->worker, &c, err, sizeof(err)))
		refuse(a, err);
}

/* --------------------------------------------------------------------- all */

/* Open the log anew; if it cannot be, log_open() has said so. */
static bool reopen_log(const struct config *cfg)
{
	enum log_level level = log_get_level();
	int rc;

	log_close();
	rc = log_open(cfg);
	log_set_level(level);
	return !rc;
}

/* It holds from now on. */
static void take(struct attempt *a)
{
	struct reload *r = a->r;
	struct tls_files old = *r->tls;

	*r->tls = a->tls;
	a->tls = old;
	*r->cfg = *a->cfg;
	if (a->log)
		(void)reopen_log(r->cfg);
	if (!a->level)
		return;
	log_set_level((enum log_level)r->cfg->log_level);
	worker_set_level(r->worker, r->cfg->log_level);
}

static void hint_at_sandbox(struct attempt *a)
{
	if (a->r->cfg->sandbox && strstr(a->res->error, strerror(EACCES)))
		refuse(a,
		       "perhaps by the sandbox, which leaves only places that "
		       "the configuration of the start names; then restart");
}

static void try(struct attempt *a)
{
	const struct reload_result *res = a->res;

	if (!read_config(a))
		return;
	compare_keys(a);
	compare_services(a);
	if (!res->error[0])
		check_log(a);
	if (!res->error[0])
		read_tls(a);
	if (!res->error[0])
		change_worker(a);
	if (!res->error[0])
		take(a);
}

static void tell(const struct attempt *a)
{
	const struct reload_result *res = a->res;
	char line[TEXT_MAX] = "";
	struct svc_text text = { .buf = line, .cap = sizeof(line) };

	if (res->error[0]) {
		log_msg(LOG_LVL_ERROR, "%s: refused, nothing has changed",
			a->who);
		return;
	}
	for (uint32_t i = a->reopened; i < res->n; i++)
		svc_text_add(&text, "%s%s", text.len ? ", " : "",
			     res->changed[i]);
	log_msg(LOG_LVL_INFO, "%s: %s%s%s", a->who,
		a->reopened ? "log opened again; " : "",
		text.len ? "changed: " : "nothing has changed", line);
}

bool reload_now(struct reload *r, const char *who, struct reload_result *res)
{
	struct attempt a = { .r = r, .who = who, .res = res };
	bool stops = worker_stops(r->worker);

	*res = (struct reload_result){ 0 };
	if (!stops)
		notify("RELOADING=1\nSTATUS=reloading");
	a.reopened = reopen_log(r->cfg);
	if (a.reopened)
		changed(res, "log");
	a.cfg = malloc(sizeof(*a.cfg));
	if (stops)
		refuse(&a, "ustackd is stopping");
	else if (a.cfg)
		try(&a);
	else
		refuse(&a, "out of memory");
	tls_files_free(&a.tls);
	free(a.cfg);
	hint_at_sandbox(&a);
	tell(&a);
	if (!stops) /* it never is again */
		notify("READY=1\nSTATUS=ready");
	return !res->error[0];
}
