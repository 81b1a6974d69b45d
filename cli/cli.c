/* SPDX-License-Identifier: MIT */
/*
 * cli.c - what the commands of ustackctl share
 */

#include "cli.h"

#include <stdarg.h>

#include "client.h"

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

int cli_ask(struct cli *cli, const char *method, cJSON *params,
	    void (*show)(struct cli *cli, const cJSON *result))
{
	cJSON *result;
	int rc = client_call(cli->client, method, params, &result);

	if (rc)
		return rc;
	if (cli->json)
		cli_print_json(cli, result);
	else if (show)
		show(cli, result);
	cJSON_Delete(result);
	return CLI_DONE;
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
