/* SPDX-License-Identifier: MIT */
/*
 * cmd_stats.c - stats: the counters
 */

#include <string.h>

#include "cli.h"
#include "client.h"
#include "daemon/ctl_proto.h"
#include "fmt.h"

/**
 * struct stats_args - what was asked for
 * @pattern:	counters, NULL = all
 * @all:	those that are 0 too
 * @reset:	start them again afterwards
 */
struct stats_args {
	const char *pattern;
	bool all;
	bool reset;
};

enum { OPT_ALL = OPTION_LONG, OPT_RESET };

const struct option_def stats_options[] = {
	{ OPT_ALL, "all", NULL, "those that are 0, too" },
	{ OPT_RESET, "reset", NULL, "let them start at 0 again afterwards" },
	{ 0, NULL, NULL, NULL },
};

static int take_option(void *ctx, int value, const char *text)
{
	struct stats_args *a = ctx;

	(void)text;
	if (value == OPT_ALL)
		a->all = true;
	else
		a->reset = true;
	return CLI_DONE;
}

static int read_args(int argc, char **argv, struct stats_args *a)
{
	const struct option_reader reader = { .command = "stats",
					      .table = stats_options,
					      .take = take_option,
					      .ctx = a };
	int first;
	int rc = options_read(&reader, argc, argv, &first);

	if (rc)
		return rc;
	if (first < argc)
		a->pattern = argv[first++];
	if (first < argc)
		return cli_usage("stats takes one PATTERN, quote it: '%s*'",
				 a->pattern);
	return CLI_DONE;
}

/* Does it name one counter? */
static bool is_name(const char *pattern)
{
	return pattern && !strpbrk(pattern, "*?");
}

/* How many counters the daemon gave. */
static int count_all(const cJSON *result)
{
	return cJSON_GetArraySize(
		cJSON_GetObjectItemCaseSensitive(result, "counters"));
}

/* Say why nothing was shown. */
static int explain_nothing(const struct stats_args *a, int matching)
{
	if (matching) {
		fprintf(stderr,
			"ustackctl: %d counters, all 0: --all shows them\n",
			matching);
		return CLI_DONE;
	}
	fprintf(stderr,
		"ustackctl: no counter matches %s; ustackctl stats --all has "
		"them all\n",
		a->pattern ? a->pattern : "*");
	return CLI_NO_OBJECT;
}

static uint32_t show(struct cli *cli, const cJSON *result, bool zeros)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(result,
							     "counters");
	uint32_t n = 0;
	const cJSON *c;

	cJSON_ArrayForEach(c, list)
	{
		double v = cli_num(c, "value");

		if (!zeros && !(v > 0))
			continue;
		n++;
		fprintf(cli->out, "%-28s %20.0f %s\n", cli_str(c, "name"), v,
			cli_str(c, "unit"));
	}
	return n;
}

int cmd_stats(struct cli *cli, int argc, char **argv)
{
	struct stats_args a = { 0 };
	cJSON *params = NULL;
	cJSON *result;
	uint32_t n;
	int matching;
	int rc = read_args(argc, argv, &a);

	if (rc)
		return rc;
	if (a.pattern) {
		params = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(params, "pattern", a.pattern);
	}
	rc = client_call(cli->client, CTL_STATS_GET, params, &result);
	if (rc)
		return rc;
	matching = count_all(result);
	n = (uint32_t)matching;
	if (cli->json)
		cli_print_json(cli, result);
	else
		n = show(cli, result, a.all || is_name(a.pattern));
	cJSON_Delete(result);
	if (!n)
		rc = explain_nothing(&a, matching);
	if (rc || !a.reset)
		return rc;
	rc = client_call(cli->client, CTL_STATS_RESET, NULL, &result);
	cJSON_Delete(result);
	return rc;
}
