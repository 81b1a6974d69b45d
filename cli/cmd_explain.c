/* SPDX-License-Identifier: MIT */
/*
 * cmd_explain.c - explain: a connection's life in words
 */

#include <string.h>

#include "cli.h"
#include "client.h"
#include "daemon/ctl_proto.h"
#include "explain.h"
#include "number.h"

const struct option_def explain_options[] = {
	{ OPTION_LONG, "last", NULL, "the one that was opened last" },
	{ 0, NULL, NULL, NULL },
};

static int take_option(void *ctx, int value, const char *text)
{
	(void)value;
	(void)text;
	++*(int *)ctx;
	return CLI_DONE;
}

static int read_id(const char *text, cJSON *params)
{
	unsigned long long v;

	if (!number_parse(text, 0, NUMBER_ID_MAX, &v))
		return cli_usage("explain takes a connection's number, which "
				 "ustackctl conns shows, or --last, not %s",
				 text);
	(void)cJSON_AddNumberToObject(params, "id", (double)v);
	return CLI_DONE;
}

static int read_args(int argc, char **argv, cJSON *params)
{
	int last = 0;
	const struct option_reader reader = { .command = "explain",
					      .table = explain_options,
					      .take = take_option,
					      .ctx = &last };
	int first;
	int rc = options_read(&reader, argc, argv, &first);

	if (rc)
		return rc;
	if (argc - first + last > 1)
		return cli_usage("explain takes one connection: its number, "
				 "or --last");
	if (first < argc)
		return read_id(argv[first], params);
	(void)cJSON_AddTrueToObject(params, "last");
	return CLI_DONE;
}

static int tell(struct cli *cli, const struct explain *x,
		const struct explain_rules *rules)
{
	cJSON *json;

	if (!cli->json) {
		explain_say(x, rules, cli->out, cli->colour);
		return CLI_DONE;
	}
	json = explain_json(x, rules);
	if (!json)
		return CLI_REFUSED;
	cli_print_json(cli, json);
	cJSON_Delete(json);
	return CLI_DONE;
}

static int explain(struct cli *cli, const cJSON *trace,
		   const struct explain_rules *rules)
{
	struct life *life = life_new();
	struct explain *x = NULL;
	int rc = CLI_REFUSED;

	if (life) {
		life_load(life, trace);
		life_end(life);
		x = explain_new(life, trace);
	}
	if (x)
		rc = tell(cli, x, rules);
	if (rc == CLI_REFUSED)
		fprintf(stderr, "ustackctl: out of memory\n");
	explain_free(x);
	life_free(life);
	return rc;
}

int cmd_explain(struct cli *cli, int argc, char **argv)
{
	struct explain_rules rules = { .n = 0 };
	cJSON *params = cJSON_CreateObject();
	cJSON *impair = NULL;
	cJSON *trace;
	int rc;

	rc = read_args(argc, argv, params);
	if (rc) {
		cJSON_Delete(params);
		return rc;
	}
	rc = client_call(cli->client, CTL_TRACE_GET, params, &trace);
	if (rc)
		return rc;
	if (!client_call(cli->client, CTL_IMPAIR_GET, NULL, &impair))
		explain_rules_load(&rules, impair);
	cJSON_Delete(impair);
	rc = explain(cli, trace, &rules);
	cJSON_Delete(trace);
	return rc;
}
