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

static bool refused(const char *key, const char *text, int rc)
{
	log_msg(LOG_LVL_ERROR, "[impair] %s = %s: %s", key, text,
		rc == -ERR_LIMIT ? "there are too many" : err_str(rc));
	return false;
}

static bool start_rule(struct impair *im, const struct config *cfg,
		       struct impair_rule *r, uint64_t now_us)
{
	char text[IMPAIR_TEXT_MAX];
	char why[WHY_MAX];
	uint32_t id;
	int rc;

	(void)lab_resolve(cfg, &r->match, why, sizeof(why));
	rc = impair_set(im, r, now_us, &id);
	return !rc || refused("rule", impair_rule_text(r, text), rc);
}

/* A new rule goes in front of the others: the last ones are made first. */
static bool start_rules(struct impair *im, const struct config *cfg,
			uint64_t now_us)
{
	struct impair_rule r[IMPAIR_PRESET_RULES];
	struct impair_lang_err err;
	uint32_t n;

	for (uint32_t i = cfg->presets.n; i-- > 0;) {
		if (impair_preset_parse(cfg->presets.text[i], r, &n, &err))
			continue;
		while (n-- > 0)
			if (!start_rule(im, cfg, &r[n], now_us))
				return false;
	}
	for (uint32_t i = cfg->rules.n; i-- > 0;)
		if (!impair_rule_parse(cfg->rules.text[i], r, &err) &&
		    !start_rule(im, cfg, r, now_us))
			return false;
	return true;
}

static bool start_scripts(struct impair *im, const struct config *cfg,
			  uint64_t now_us)
{
	struct impair_lang_err err;
	struct impair_script sc;
	char why[WHY_MAX];
	uint32_t id;

	for (uint32_t i = 0; i < cfg->scripts.n; i++) {
		int rc;

		if (impair_script_parse(cfg->scripts.text[i], &sc, &err))
			continue;
		(void)lab_resolve(cfg, &sc.match, why, sizeof(why));
		rc = impair_run_script(im, &sc, now_us, &id);
		if (rc)
			return refused("script", cfg->scripts.text[i], rc);
	}
	return true;
}

static bool start_exempt(struct impair *im, const struct config *cfg)
{
	for (uint32_t i = 0; i < cfg->nservice; i++) {
		const struct config_service *svc = &cfg->service[i];
		int rc = svc->exempt ? impair_exempt(im, svc->port, true) : 0;

		if (rc)
			return refused("exempt", svc->name, rc);
	}
	return true;
}

bool lab_start(struct impair *im, const struct config *cfg, uint64_t now_us)
{
	bool ok = start_exempt(im, cfg) && start_rules(im, cfg, now_us) &&
		  start_scripts(im, cfg, now_us);

	impair_settle(im, UINT32_MAX);
	return ok;
}
