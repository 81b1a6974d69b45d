/* SPDX-License-Identifier: MIT */
/*
 * config_impair.c - [impair]: rules, presets and scripts from the start
 *
 * Values are kept as they were written, once the language has taken them, and
 * are read again by those who act on them.  They are printed canonically where
 * a line has room for that.
 */

#include <string.h>

#include "daemon/config_int.h"
#include "daemon/lab_conf.h"
#include "stack/link/impair_lang.h"

/**
 * struct kind - one of the three keys
 * @check:	why @text is no such value, written into @buf; NULL = it is one
 * @canonical:	a good @text as it is printed
 * @texts:	its values
 * @origin:	and where they come from
 */
struct kind {
	const char *(*check)(const char *text, char *buf);
	const char *(*canonical)(const char *text, char *buf);
	struct config_texts *(*texts)(struct config *cfg);
	struct config_origin *(*origin)(struct config_pass *p);
};

/* ------------------------------------------------------------------- kinds */

static const char *check_rule(const char *text, char *buf)
{
	struct impair_lang_err err;
	struct impair_rule r;

	return impair_rule_parse(text, &r, &err)
		       ? impair_err_text(text, &err, buf)
		       : NULL;
}

static const char *canonical_rule(const char *text, char *buf)
{
	struct impair_lang_err err;
	struct impair_rule r;

	return impair_rule_parse(text, &r, &err) ? text
						 : impair_rule_text(&r, buf);
}

static struct config_texts *rules_of(struct config *cfg)
{
	return &cfg->rules;
}

static struct config_origin *rules_from(struct config_pass *p)
{
	return p->rule_origin;
}

static const char *check_preset(const char *text, char *buf)
{
	struct impair_rule r[IMPAIR_PRESET_RULES];
	struct impair_lang_err err;
	uint32_t n;

	return impair_preset_parse(text, r, &n, &err)
		       ? impair_err_text(text, &err, buf)
		       : NULL;
}

static const char *canonical_preset(const char *text, char *buf)
{
	(void)buf;
	return text;
}

static struct config_texts *presets_of(struct config *cfg)
{
	return &cfg->presets;
}

static struct config_origin *presets_from(struct config_pass *p)
{
	return p->preset_origin;
}

static const char *check_script(const char *text, char *buf)
{
	struct impair_lang_err err;
	struct impair_script sc;

	return impair_script_parse(text, &sc, &err)
		       ? impair_err_text(text, &err, buf)
		       : NULL;
}

static const char *canonical_script(const char *text, char *buf)
{
	struct impair_lang_err err;
	struct impair_script sc;

	return impair_script_parse(text, &sc, &err)
		       ? text
		       : impair_script_text(&sc, buf);
}

static struct config_texts *scripts_of(struct config *cfg)
{
	return &cfg->scripts;
}

static struct config_origin *scripts_from(struct config_pass *p)
{
	return p->script_origin;
}

static const struct kind rule_kind = { check_rule, canonical_rule, rules_of,
				       rules_from };
static const struct kind preset_kind = { check_preset, canonical_preset,
					 presets_of, presets_from };
static const struct kind script_kind = { check_script, canonical_script,
					 scripts_of, scripts_from };

/* ------------------------------------------------------------- read, print */

static void add_text(struct config_pass *p, const struct config_item *it,
		     const struct kind *kind)
{
	struct config_texts *t = kind->texts(p->cfg);
	char why[IMPAIR_ERR_TEXT_MAX];
	const char *wrong;

	if (!*it->value) {
		t->n = 0;
		return;
	}
	if (t->n == CONFIG_TEXTS_MAX) {
		config_complain(p, it, "expected at most %u of them",
				CONFIG_TEXTS_MAX);
		return;
	}
	wrong = kind->check(it->value, why);
	if (wrong) {
		config_complain(p, it, "%s", wrong);
		return;
	}
	kind->origin(p)[t->n] = it->from;
	(void)snprintf(t->text[t->n], sizeof(t->text[0]), "%s", it->value);
	t->n++;
}

static void print_texts(const struct config_key *k,
			const struct config_texts *t, const struct kind *kind,
			FILE *out)
{
	char buf[IMPAIR_SCRIPT_TEXT_MAX];
	size_t room = CONFIG_LINE_MAX - strlen(k->name) - strlen(" = ");

	for (uint32_t i = 0; i < t->n; i++) {
		const char *text = kind->canonical(t->text[i], buf);

		if (strlen(text) > room)
			text = t->text[i];
		(void)fprintf(out, "%s = %s\n", k->name, text);
	}
}

static void rules_add(struct config_pass *p, const struct config_item *it,
		      const struct config_key *k)
{
	(void)k;
	add_text(p, it, &rule_kind);
}

static void rules_lines(const struct config_key *k, const void *field,
			FILE *out)
{
	print_texts(k, &((const struct config *)field)->rules, &rule_kind, out);
}

static void presets_add(struct config_pass *p, const struct config_item *it,
			const struct config_key *k)
{
	(void)k;
	add_text(p, it, &preset_kind);
}

static void presets_lines(const struct config_key *k, const void *field,
			  FILE *out)
{
	print_texts(k, &((const struct config *)field)->presets, &preset_kind,
		    out);
}

static void scripts_add(struct config_pass *p, const struct config_item *it,
			const struct config_key *k)
{
	(void)k;
	add_text(p, it, &script_kind);
}

static void scripts_lines(const struct config_key *k, const void *field,
			  FILE *out)
{
	print_texts(k, &((const struct config *)field)->scripts, &script_kind,
		    out);
}

const struct config_type config_type_rules = { .add = rules_add,
					       .lines = rules_lines };
const struct config_type config_type_presets = { .add = presets_add,
						 .lines = presets_lines };
const struct config_type config_type_scripts = { .add = scripts_add,
						 .lines = scripts_lines };

/* ------------------------------------------------------------------ checks */

static void check_match(struct config_pass *p, const struct config_item *it,
			struct impair_match *m)
{
	char why[CONFIG_TEXT_MAX];

	if (lab_resolve(p->cfg, m, why, sizeof(why)) != LAB_MATCH_OK)
		config_complain(p, it, "expected %s", why);
}

/* Each value of a key: the connections it is about. */
static void check_matches(struct config_pass *p, const char *key,
			  const struct kind *kind)
{
	const struct config_texts *t = kind->texts(p->cfg);
	struct impair_rule r[IMPAIR_PRESET_RULES];
	struct impair_lang_err err;
	struct impair_script sc;
	uint32_t n;

	for (uint32_t i = 0; i < t->n; i++) {
		struct config_item it = { .from = kind->origin(p)[i],
					  .section = "impair",
					  .key = key,
					  .value = t->text[i] };

		if (kind == &script_kind &&
		    !impair_script_parse(t->text[i], &sc, &err))
			check_match(p, &it, &sc.match);
		else if (kind == &rule_kind &&
			 !impair_rule_parse(t->text[i], &r[0], &err))
			check_match(p, &it, &r[0].match);
		else if (kind == &preset_kind &&
			 !impair_preset_parse(t->text[i], r, &n, &err))
			check_match(p, &it, &r[0].match);
	}
}

/* As many rules as the engine takes: a preset may be two. */
static void check_number(struct config_pass *p)
{
	const struct config_texts *t = &p->cfg->presets;
	uint32_t all = p->cfg->rules.n;
	struct impair_rule r[IMPAIR_PRESET_RULES];
	struct impair_lang_err err;
	uint32_t n;

	for (uint32_t i = 0; i < t->n; i++) {
		struct config_item it = { .from = p->preset_origin[i],
					  .section = "impair",
					  .key = "preset",
					  .value = t->text[i] };

		if (impair_preset_parse(t->text[i], r, &n, &err))
			continue;
		all += n;
		if (all <= IMPAIR_RULES_MAX)
			continue;
		config_complain(p, &it,
				"expected at most %u rules, those of presets "
				"included",
				IMPAIR_RULES_MAX);
		return;
	}
}

void config_check_impair(struct config_pass *p)
{
	check_matches(p, "rule", &rule_kind);
	check_matches(p, "preset", &preset_kind);
	check_matches(p, "script", &script_kind);
	check_number(p);
}
