/* SPDX-License-Identifier: MIT */
/*
 * lab_conf.c - what the configuration means for impairment
 */

#include "lab_conf.h"

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "stack/link/impair_lang.h"

#define NAMES_MAX 160u
#define WHY_MAX	  256u
#define ERR_MAX	  512u

/* ---------------------------------------------------------------- services */

/* "echo, discard, chargen" */
static const char *service_names(const struct config *cfg, char buf[NAMES_MAX])
{
	size_t len = 0;

	(void)snprintf(buf, NAMES_MAX, "none");
	for (uint32_t i = 0; i < cfg->nservice && len < NAMES_MAX; i++)
		len += (size_t)snprintf(buf + len, NAMES_MAX - len, "%s%s",
					i ? ", " : "", cfg->service[i].name);
	return buf;
}

/* The service that is meant by name or port, NULL = none of ours. */
static const struct config_service *find_service(const struct config *cfg,
						 const struct impair_match *m)
{
	for (uint32_t i = 0; i < cfg->nservice; i++) {
		const struct config_service *svc = &cfg->service[i];

		if (m->service[0] ? !strcmp(svc->name, m->service)
				  : m->port && svc->port == m->port)
			return svc;
	}
	return NULL;
}

enum lab_match lab_resolve(const struct config *cfg, struct impair_match *m,
			   char *why, size_t size)
{
	const struct config_service *svc = find_service(cfg, m);
	char names[NAMES_MAX];

	if (m->service[0] && !svc) {
		(void)snprintf(why, size, "a service there is: no %s among %s",
			       m->service, service_names(cfg, names));
		return LAB_MATCH_UNKNOWN;
	}
	if (!svc)
		return LAB_MATCH_OK;
	if (svc->exempt) {
		(void)snprintf(why, size,
			       "a service that may be impaired: [service %s] "
			       "has exempt = yes",
			       svc->name);
		return LAB_MATCH_EXEMPT;
	}
	m->port = svc->port;
	return LAB_MATCH_OK;
}

/* ------------------------------------------------------------------- start */

/**
 * struct start - rules being made
 * @im:		engine
 * @cfg:	configuration
 * @now_us:	the time
 * @err:	why one cannot be
 * @errlen:	room in @err
 */
struct start {
	struct impair *im;
	const struct config *cfg;
	uint64_t now_us;
	char *err;
	size_t errlen;
};

static bool refused(const struct start *s, const char *key, const char *text,
		    int rc)
{
	(void)snprintf(s->err, s->errlen, "[impair] %s = %s: %s", key, text,
		       rc == -ERR_LIMIT ? "there are too many" : err_str(rc));
	return false;
}

static bool start_rule(const struct start *s, struct impair_rule *r)
{
	char text[IMPAIR_TEXT_MAX];
	char why[WHY_MAX];
	uint32_t id;
	int rc;

	(void)lab_resolve(s->cfg, &r->match, why, sizeof(why));
	r->standing = true;
	rc = impair_set(s->im, r, s->now_us, &id);
	return !rc || refused(s, "rule", impair_rule_text(r, text), rc);
}

/* A new rule goes in front of the others: the last ones are made first. */
static bool start_rules(const struct start *s)
{
	const struct config *cfg = s->cfg;
	struct impair_rule r[IMPAIR_PRESET_RULES];
	struct impair_lang_err err;
	uint32_t n;

	for (uint32_t i = cfg->presets.n; i-- > 0;) {
		if (impair_preset_parse(cfg->presets.text[i], r, &n, &err))
			continue;
		while (n-- > 0)
			if (!start_rule(s, &r[n]))
				return false;
	}
	for (uint32_t i = cfg->rules.n; i-- > 0;)
		if (!impair_rule_parse(cfg->rules.text[i], r, &err) &&
		    !start_rule(s, r))
			return false;
	return true;
}

static bool start_scripts(const struct start *s)
{
	const struct config_texts *scripts = &s->cfg->scripts;
	struct impair_lang_err err;
	struct impair_script sc;
	char why[WHY_MAX];
	uint32_t id;

	for (uint32_t i = 0; i < scripts->n; i++) {
		int rc;

		if (impair_script_parse(scripts->text[i], &sc, &err))
			continue;
		(void)lab_resolve(s->cfg, &sc.match, why, sizeof(why));
		sc.standing = true;
		rc = impair_run_script(s->im, &sc, s->now_us, &id);
		if (rc)
			return refused(s, "script", scripts->text[i], rc);
	}
	return true;
}

static bool start_exempt(const struct start *s)
{
	for (uint32_t i = 0; i < s->cfg->nservice; i++) {
		const struct config_service *svc = &s->cfg->service[i];
		int rc = svc->exempt ? impair_exempt(s->im, svc->port, true)
				     : 0;

		if (rc)
			return refused(s, "exempt", svc->name, rc);
	}
	return true;
}

bool lab_start(struct impair *im, const struct config *cfg, uint64_t now_us)
{
	char err[ERR_MAX];
	struct start s = { .im = im,
			   .cfg = cfg,
			   .now_us = now_us,
			   .err = err,
			   .errlen = sizeof(err) };
	bool ok;

	impair_begin(im);
	ok = start_exempt(&s) && start_rules(&s) && start_scripts(&s);
	impair_end(im, true);
	if (!ok)
		log_msg(LOG_LVL_ERROR, "%s", err);
	return ok;
}

/* ------------------------------------------------------------------ reload */

static bool clear_a_rule(struct impair *im, uint64_t now_us)
{
	struct impair_rule_info info;

	for (uint32_t i = 0; !impair_rule_at(im, i, now_us, &info); i++)
		if (info.rule.standing)
			return !impair_clear(im, info.id);
	return false;
}

static bool clear_a_script(struct impair *im)
{
	struct impair_script_info info;

	for (uint32_t i = 0; !impair_script_at(im, i, &info); i++)
		if (info.script.standing)
			return !impair_clear(im, info.id);
	return false;
}

static void forget_exempt(struct impair *im, const struct config *cfg)
{
	for (uint32_t i = 0; i < cfg->nservice; i++)
		if (cfg->service[i].exempt)
			(void)impair_exempt(im, cfg->service[i].port, false);
}

/* What a service's new port is, 0 = the old one, or the match names none. */
static uint16_t new_port(const struct start *s, const struct impair_match *m)
{
	const struct config_service *svc;

	svc = m->service[0] ? find_service(s->cfg, m) : NULL;
	return svc && svc->port != m->port ? svc->port : 0;
}

static bool is_gone(const struct start *s, const struct impair_match *m)
{
	return m->service[0] && !find_service(s->cfg, m);
}

static int follow(const struct start *s, uint32_t id,
		  const struct impair_match *m)
{
	uint16_t port = new_port(s, m);

	return port ? impair_move(s->im, id, port) : 0;
}

/* Rules and scripts go where their services go, or with them. */
static bool follow_services(const struct start *s)
{
	struct impair_script_info sc;
	struct impair_rule_info r;
	uint32_t i = 0;
	int rc = 0;

	while (!rc && !impair_rule_at(s->im, i, s->now_us, &r)) {
		if (is_gone(s, &r.rule.match)) {
			rc = impair_clear(s->im, r.id);
			continue;
		}
		rc = follow(s, r.id, &r.rule.match);
		i++;
	}
	for (i = 0; !rc && !impair_script_at(s->im, i, &sc);) {
		if (is_gone(s, &sc.script.match)) {
			rc = impair_clear(s->im, sc.id);
			continue;
		}
		rc = follow(s, sc.id, &sc.script.match);
		i++;
	}
	if (rc)
		(void)snprintf(s->err, s->errlen, "[impair]: %s", err_str(rc));
	return !rc;
}

bool lab_reload(struct impair *im, const struct lab_change *c, char *err,
		size_t errlen)
{
	struct start s = { .im = im,
			   .cfg = c->cfg,
			   .now_us = c->now_us,
			   .err = err,
			   .errlen = errlen };

	impair_begin(im);
	while (c->rules && (clear_a_rule(im, c->now_us) || clear_a_script(im)))
		;
	forget_exempt(im, c->was);
	if (follow_services(&s) && start_exempt(&s) &&
	    (!c->rules || (start_rules(&s) && start_scripts(&s))))
		return true;
	lab_undo(im, c);
	return false;
}

void lab_undo(struct impair *im, const struct lab_change *c)
{
	char err[ERR_MAX];
	struct start s = { .im = im,
			   .cfg = c->was,
			   .err = err,
			   .errlen = sizeof(err) };

	forget_exempt(im, c->cfg);
	(void)start_exempt(&s); /* there was room for them */
	impair_end(im, false);
}

void lab_keep(struct impair *im)
{
	impair_end(im, true);
}
