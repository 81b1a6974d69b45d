/* SPDX-License-Identifier: MIT */
/*
 * cmd_conns.c - conns: connections, as ss shows them
 *
 * The list is printed while it comes: a million connections need no memory
 * here, and the first line does not wait for the last.
 */

#include <string.h>
#include <strings.h>

#include "cli.h"
#include "client.h"
#include "conn_fmt.h"
#include "daemon/ctl_proto.h"
#include "fmt.h"
#include "number.h"

/**
 * struct conns_args - what was asked for
 * @state:	only those in this state, NULL = any
 * @port:	only those with this port, 0 = any
 * @info:	with a second line
 */
struct conns_args {
	const char *state;
	unsigned long long port;
	bool info;
};

const struct option_def conns_options[] = {
	{ 's', "state", "STATE", "only those in a state" },
	{ 'p', "port", "PORT", "only those with a port at either end" },
	{ 'i', "info", NULL, "with what ss -tin shows" },
	{ 0, NULL, NULL, NULL },
};

static int take_option(void *ctx, int value, const char *text)
{
	struct conns_args *a = ctx;

	if (value == 's')
		return conn_state_find(text, &a->state);
	if (value == 'p')
		return number_port("-p", text, &a->port);
	a->info = true;
	return CLI_DONE;
}

static int read_args(int argc, char **argv, struct conns_args *a)
{
	const struct option_reader reader = { .command = "conns",
					      .table = conns_options,
					      .take = take_option,
					      .ctx = a };
	int first;
	int rc = options_read(&reader, argc, argv, &first);

	if (!rc && first < argc)
		return cli_usage("conns takes no %s; one connection: conn ID",
				 argv[first]);
	return rc;
}

/* Ask for the piece at @cursor, NULL = the first. */
static int fetch(struct cli *cli, const struct conns_args *a,
		 const char *cursor, cJSON **result)
{
	cJSON *params = cJSON_CreateObject();
	cJSON *filter = cJSON_AddObjectToObject(params, "filter");

	if (a->state)
		(void)cJSON_AddStringToObject(filter, "state", a->state);
	if (a->port)
		(void)cJSON_AddNumberToObject(filter, "port", (double)a->port);
	if (cursor)
		(void)cJSON_AddStringToObject(params, "cursor", cursor);
	return client_call(cli->client, CTL_CONNS_LIST, params, result);
}

/* Print one piece; @n counts what has been printed. */
static void show(struct cli *cli, const struct conns_args *a,
		 const cJSON *result, uint64_t *n)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(result, "conns");
	const cJSON *c;

	cJSON_ArrayForEach(c, list)
	{
		if (cli->json) {
			fprintf(cli->out, "%s", *n ? "," : "");
			cli_print_json(cli, c);
		} else {
			conn_show_line(cli, c);
			if (a->info)
				conn_show_info(cli, c);
		}
		++*n;
	}
	(void)fflush(cli->out);
}

int cmd_conns(struct cli *cli, int argc, char **argv)
{
	struct conns_args a = { 0 };
	const cJSON *cursor = NULL;
	cJSON *last = NULL;
	cJSON *result;
	uint64_t n = 0;
	int rc = read_args(argc, argv, &a);

	if (rc)
		return rc;
	do {
		rc = fetch(cli, &a, cursor ? cursor->valuestring : NULL,
			   &result);
		cJSON_Delete(last);
		last = result;
		if (rc)
			break;
		if (!cursor && cli->json)
			fprintf(cli->out, "{\"conns\":[\n");
		else if (!cursor)
			conn_show_head(cli);
		show(cli, &a, result, &n);
		cursor = cJSON_GetObjectItemCaseSensitive(result, "cursor");
	} while (cJSON_IsString(cursor));
	cJSON_Delete(last);
	if (!rc && cli->json)
		fprintf(cli->out, "]}\n");
	return rc;
}
