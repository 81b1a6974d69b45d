/* SPDX-License-Identifier: MIT */
/*
 * config_diff.c - what is different in another configuration
 *
 * Values are the same if they are printed the same.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_int.h"

_Static_assert(CONFIG_CHANGES_MAX >= CONFIG_KEYS_MAX,
	       "each key may have changed");

/* What a reload can change, beside [service NAME]; the first that fits. */
static const struct {
	const char *section;
	const char *key;
	bool live;
} live_keys[] = {
	{ "stack", "memory-limit", true },
	{ "stack", "max-connections", true },
	{ "tcp", NULL, true },
	{ "tls", "max-connections", false },
	{ "tls", "state-directory", false },
	{ "tls", NULL, true },
	{ "impair", NULL, true },
	{ "log", NULL, true },
	{ "control", "shutdown-timeout", true },
};

static bool is_live(const struct config_key *k)
{
	for (size_t i = 0; i < sizeof(live_keys) / sizeof(live_keys[0]); i++)
		if (!strcmp(k->section, live_keys[i].section) &&
		    (!live_keys[i].key || !strcmp(k->name, live_keys[i].key)))
			return live_keys[i].live;
	return false;
}

/* Text of a value, to be freed; NULL = no memory. */
static char *value_text(const struct config_key *k, const struct config *cfg)
{
	const char *field = (const char *)cfg + k->off;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	if (k->type->lines)
		k->type->lines(k, field, out);
	else
		k->type->print(k, field, out);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

/* 1, 0, or -ENOMEM */
static int differs(const struct config_key *k, const struct config *a,
		   const struct config *b)
{
	char *x = value_text(k, a);
	char *y = value_text(k, b);
	int rc = x && y ? strcmp(x, y) != 0 : -ENOMEM;

	free(x);
	free(y);
	return rc;
}

int config_diff(const struct config *a, const struct config *b,
		struct config_change *out, uint32_t max)
{
	uint32_t nkeys;
	const struct config_key *k = config_keys(&nkeys);
	uint32_t n = 0;

	for (; nkeys-- > 0; k++) {
		int rc;

		if (!strcmp(k->section, CONFIG_SERVICE))
			continue;
		rc = differs(k, a, b);
		if (rc < 0)
			return rc;
		if (rc && n < max)
			out[n++] = (struct config_change){ .section = k->section,
							   .key = k->name,
							   .live = is_live(k) };
	}
	return (int)n;
}
