/* SPDX-License-Identifier: MIT */
/*
 * golden.c - texts that are stored beside the tests
 */

#include "golden.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_LEN 256u

static FILE *open_file(const char *folder, const char *name, const char *ext,
		       const char *mode)
{
	char path[PATH_LEN];

	(void)snprintf(path, sizeof(path), "%s/%s.%s", folder, name, ext);
	return fopen(path, mode);
}

/* A whole file, to be freed; empty if there is none. */
static char *read_file(const char *folder, const char *name, const char *ext)
{
	char *text = calloc(1, GOLDEN_MAX);
	FILE *f = open_file(folder, name, ext, "r");

	ck_assert_ptr_nonnull(text);
	if (!f)
		return text;
	text[fread(text, 1, GOLDEN_MAX - 1, f)] = '\0';
	(void)fclose(f);
	return text;
}

static void write_new(const char *folder, const char *name, const char *text)
{
	FILE *f = open_file(folder, name, "new", "w");

	if (!f)
		return;
	(void)fputs(text, f);
	(void)fclose(f);
}

cJSON *golden_json(const char *folder, const char *name)
{
	char *text = read_file(folder, name, "json");
	cJSON *json = cJSON_Parse(text);

	ck_assert_msg(json != NULL, "%s/%s.json is no JSON", folder, name);
	free(text);
	return json;
}

void golden_expect(const char *folder, const char *name, const char *text)
{
	char *want = read_file(folder, name, "txt");

	if (strcmp(text, want) != 0) {
		write_new(folder, name, text);
		ck_abort_msg("%s/%s.txt is not what came: see %s.new", folder,
			     name, name);
	}
	free(want);
}
