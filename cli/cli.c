/* SPDX-License-Identifier: MIT */
/*
 * cli.c - what the commands of ustackctl share
 */

#include "cli.h"

#include <stdarg.h>

int cli_usage(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "ustackctl: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	return CLI_USAGE;
}

void cli_print_json(const struct cli *cli, const cJSON *what)
{
	char *text = cJSON_PrintUnformatted(what);

	fprintf(cli->out, "%s\n", text ? text : "null");
	cJSON_free(text);
}

double cli_num(const cJSON *obj, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(obj, key);

	return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

const char *cli_str(const cJSON *obj, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(obj, key);

	return cJSON_IsString(v) ? v->valuestring : "-";
}

bool cli_bool(const cJSON *obj, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(obj, key));
}
