/* SPDX-License-Identifier: MIT */
/*
 * impair_presets.c - networks that people know, with the source of each number
 *
 * The host stands for the one behind the access line: out, to the host, is the
 * download, in the upload.  Round-trip times are shared evenly by both ways
 * unless the source tells them apart.
 */

#include "stack/base/bytes.h"
#include "stack/link/lang_int.h"

static const struct impair_preset presets[] = {
	{
		.name = "wifi",
		.help = "a good wireless LAN",
		.source = "Apple, Network Link Conditioner, profile Wi-Fi",
		.rule = { "out delay 1ms rate 40mbit", "in delay 1ms rate "
						       "33mbit" },
	},
	{
		.name = "lte",
		.help = "mobile, fourth generation",
		.source = "Apple, Network Link Conditioner, profile LTE",
		.rule = { "out delay 50ms rate 50mbit",
			  "in delay 65ms rate 10mbit" },
	},
	{
		.name = "3g",
		.help = "mobile, third generation",
		.source = "WebPageTest, connectivity.ini, profile Mobile 3G",
		.rule = { "out delay 150ms rate 1.6mbit",
			  "in delay 150ms rate 768kbit" },
	},
	{
		.name = "satellite",
		.help = "a geostationary satellite, far from below it",
		.source = "RFC 2488 section 2 (279 ms a hop); FCC, Measuring "
			  "Broadband America (25 and 3 Mbit/s)",
		.rule = { "out delay 279ms rate 25mbit",
			  "in delay 279ms rate 3mbit" },
	},
	{
		.name = "transatlantic",
		.help = "New York to London",
		.source = "Verizon, service level for its transatlantic "
			  "network, 90 ms round trip",
		.rule = { "both delay 45ms" },
	},
	{
		.name = "lossy",
		.help = "as many losses as Google's web servers saw",
		.source = "Dukkipati et al., Proportional Rate Reduction for "
			  "TCP, IMC 2011, table 1 (2.8% sent again)",
		.rule = { "both delay 25ms loss 2.8%" },
	},
	{
		.name = "bufferbloat",
		.help = "a slow line with 256 KB of buffer in front of it",
		.source = "Kreibich et al., Netalyzr, IMC 2010 (256 KB at 1 "
			  "Mbit/s hold 2 s)",
		.rule = { "out delay 10ms rate 1mbit limit 175",
			  "in delay 10ms rate 1mbit limit 175" },
	},
};

static const char *const preset_names[] = {
	"wifi",		 "lte",	  "3g",		 "satellite",
	"transatlantic", "lossy", "bufferbloat", NULL
};

_Static_assert(ARRAY_LEN(presets) + 1 == ARRAY_LEN(preset_names),
	       "each preset has its name in the list");

const struct impair_preset *impair_presets(uint32_t *n)
{
	*n = ARRAY_LEN(presets);
	return presets;
}

/* The preset's rule for what @extra asks. */
static bool make_rule(struct impair_rule *r, const struct impair_preset *p,
		      uint32_t i, const struct impair_rule *extra)
{
	struct impair_lang_err err;
	uint8_t dirs;
	uint32_t len = 0;

	if (!p->rule[i] || impair_rule_parse(p->rule[i], r, &err))
		return false;
	dirs = r->match.dirs;
	r->match = extra->match;
	r->match.dirs = dirs;
	r->for_us = extra->for_us;
	r->knobs.seed = extra->knobs.seed;
	r->knobs.seed_set = extra->knobs.seed_set;
	for (; p->name[len] && len + 1 < sizeof(r->preset); len++)
		r->preset[len] = p->name[len];
	return true;
}

int impair_preset_parse(const char *text,
			struct impair_rule r[IMPAIR_PRESET_RULES], uint32_t *n,
			struct impair_lang_err *err)
{
	static const char want[] = "there are the presets wifi, lte, 3g, "
				   "satellite, transatlantic, lossy and "
				   "bufferbloat";
	struct impair_rule extra = { 0 };
	struct words w;
	struct word a;
	int i;

	words_init(&w, text, err);
	if (!words_take(&w, &a)) {
		(void)words_fail(&w, NULL, want);
		return -ERR_INVAL;
	}
	words_from(&w, &a);
	i = words_find(&a, preset_names);
	if (i < 0) {
		(void)words_unknown(&w, &a, preset_names, want);
		return -ERR_INVAL;
	}
	if (!lang_rule_words(&w, &extra, LANG_EXTRA))
		return -ERR_INVAL;
	for (*n = 0; *n < IMPAIR_PRESET_RULES; ++*n)
		if (!make_rule(&r[*n], &presets[i], *n, &extra))
			break;
	return 0;
}
