/* SPDX-License-Identifier: MIT */
/*
 * fuzz_impair_lang.c - the language of impairment: any text
 *
 * Whatever the text, it is understood or refused with a complaint about a part
 * of it; what was understood prints as text that means the same.
 */

#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/link/impair_lang.h"

static void check_complaint(const char *text, const struct impair_lang_err *err)
{
	char buf[IMPAIR_ERR_TEXT_MAX];

	FUZZ_CHECK(err->want, "refused without a reason: %s", text);
	FUZZ_CHECK(err->at + err->len <= strlen(text),
		   "a complaint about bytes %u to %u of: %s", err->at,
		   err->at + err->len, text);
	impair_err_text(text, err, buf);
	FUZZ_CHECK(strlen(buf) < sizeof(buf) && buf[0], "no complaint: %s",
		   text);
}

static void check_rule(const struct impair_rule *r, const char *from)
{
	char first[IMPAIR_TEXT_MAX];
	char second[IMPAIR_TEXT_MAX];
	struct impair_lang_err err;
	struct impair_rule again;

	impair_rule_text(r, first);
	FUZZ_CHECK(impair_rule_parse(first, &again, &err) == 0,
		   "\"%s\" prints as \"%s\", which is refused", from, first);
	impair_rule_text(&again, second);
	FUZZ_CHECK(!strcmp(first, second), "\"%s\" prints as \"%s\"", first,
		   second);
}

static void try_rule(const char *text)
{
	struct impair_lang_err err;
	struct impair_rule r;

	if (impair_rule_parse(text, &r, &err) < 0)
		check_complaint(text, &err);
	else
		check_rule(&r, text);
}

static void try_script(const char *text)
{
	char first[IMPAIR_SCRIPT_TEXT_MAX];
	char second[IMPAIR_SCRIPT_TEXT_MAX];
	struct impair_lang_err err;
	struct impair_script sc;

	if (impair_script_parse(text, &sc, &err) < 0) {
		check_complaint(text, &err);
		return;
	}
	impair_script_text(&sc, first);
	FUZZ_CHECK(impair_script_parse(first, &sc, &err) == 0,
		   "\"%s\" prints as \"%s\", which is refused", text, first);
	impair_script_text(&sc, second);
	FUZZ_CHECK(!strcmp(first, second), "\"%s\" prints as \"%s\"", first,
		   second);
}

static void try_preset(const char *text)
{
	struct impair_rule r[IMPAIR_PRESET_RULES];
	struct impair_lang_err err;
	uint32_t n = 0;

	if (impair_preset_parse(text, r, &n, &err) < 0) {
		check_complaint(text, &err);
		return;
	}
	FUZZ_CHECK(n > 0 && n <= IMPAIR_PRESET_RULES, "%u rules", n);
	for (uint32_t i = 0; i < n; i++)
		check_rule(&r[i], text);
}

static void try_rate(const char *text)
{
	char buf[IMPAIR_STEP_TEXT_MAX];
	struct impair_lang_err err;
	uint64_t bps = 0;

	if (impair_rate_parse(text, &bps, &err) < 0)
		check_complaint(text, &err);
	else
		impair_rate_text(bps, buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0] & 3) {
	case 0:
		try_rule(text);
		break;
	case 1:
		try_script(text);
		break;
	case 2:
		try_preset(text);
		break;
	default:
		try_rate(text);
		break;
	}
	free(text);
	return 0;
}
