/* SPDX-License-Identifier: MIT */
/*
 * explain_rules.c - how rules and scripts were asked for, from impair.get
 *
 * A rule that is gone by now is told of by its number and knob alone.
 */

#include <stdio.h>
#include <string.h>

#include "explain.h"

static void add(struct explain_rules *r, const cJSON *id, uint64_t step,
		const cJSON *text)
{
	if (r->n == EXPLAIN_RULES_MAX || !cJSON_IsNumber(id) ||
	    id->valuedouble < 0 || !cJSON_IsString(text))
		return;
	r->rule[r->n].id = (uint64_t)id->valuedouble;
	r->rule[r->n].step = step;
	(void)snprintf(r->rule[r->n].text, EXPLAIN_RULE_TEXT, "%s",
		       text->valuestring);
	r->n++;
}

static void add_steps(struct explain_rules *r, const cJSON *script)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(script, "id");
	const cJSON *steps = cJSON_GetObjectItemCaseSensitive(script, "steps");
	const cJSON *step;
	uint64_t n = 0;

	cJSON_ArrayForEach(step, steps)
		add(r, id, ++n, cJSON_GetObjectItemCaseSensitive(step, "text"));
}

void explain_rules_load(struct explain_rules *r, const cJSON *impair)
{
	const cJSON *rules = cJSON_GetObjectItemCaseSensitive(impair, "rules");
	const cJSON *scripts = cJSON_GetObjectItemCaseSensitive(impair,
								"scripts");
	const cJSON *item;

	r->n = 0;
	cJSON_ArrayForEach(item, rules)
		add(r, cJSON_GetObjectItemCaseSensitive(item, "id"), 0,
		    cJSON_GetObjectItemCaseSensitive(item, "text"));
	cJSON_ArrayForEach(item, scripts) add_steps(r, item);
}

size_t explain_rules_find(const struct explain_rules *r, uint64_t id,
			  uint64_t step)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->rule[i].id == id && r->rule[i].step == step)
			return i;
	return r->n;
}
