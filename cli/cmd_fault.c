/* SPDX-License-Identifier: MIT */
/*
 * cmd_fault.c - fault: an endpoint that does not read, or is not there
 */

#include <string.h>

#include "cli.h"
#include "client.h"
#include "daemon/ctl_proto.h"
#include "match.h"
#include "number.h"

#define TAKES                                                                  \
	"fault takes ID, port PORT or service NAME, and then stall, "          \
	"slow-read RATE, half-open, reset or off"

static int add_number(cJSON *params, const char *key, const char *text,
		      unsigned long long max)
{
	unsigned long long v;

	if (!number_parse(text, 1, max, &v))
		return cli_usage("%s is a number from 1 to %llu, not %s",
				 strcmp(key, "id") ? "a port" : "a connection",
				 max, text);
	(void)cJSON_AddNumberToObject(params, key, (double)v);
	return CLI_DONE;
}

/* The target from @argv; the number of words it takes, 0 after a complaint. */
static int read_target(int argc, char **argv, cJSON *params)
{
	static const char *const words[] = { "port", "service" };
	int i = match_word(argv[0], words, 2);

	if (i < 0)
		return add_number(params, "id", argv[0], NUMBER_ID_MAX) ? 0 : 1;
	if (argc < 2) {
		(void)cli_usage(TAKES);
		return 0;
	}
	if (i == 0)
		return add_number(params, "port", argv[1], NUMBER_PORT_MAX) ? 0
									    : 2;
	(void)cJSON_AddStringToObject(params, "service", argv[1]);
	return 2;
}

enum { SLOW_READ = 1 };

const struct word_def fault_words[] = {
	{ "stall", "", "the service stops reading" },
	{ "slow-read", "RATE", "it reads so much a second" },
	{ "half-open", "", "it goes silent, and the peer is not told" },
	{ "reset", "", "the connections there are now are reset" },
	{ "off", "", "the first three end" },
	{ NULL, NULL, NULL },
};

/* What is to happen, and the rate of a slow reader. */
static int read_fault(int argc, char **argv, cJSON *params)
{
	int i = options_word(fault_words, "fault", argc ? argv[0] : NULL);

	if (i < 0)
		return CLI_USAGE;
	(void)cJSON_AddStringToObject(params, "fault", fault_words[i].name);
	if (argc != (i == SLOW_READ ? 2 : 1))
		return i == SLOW_READ
			       ? cli_usage(
					 "fault slow-read takes a rate, as in "
					 "slow-read 80kbit or slow-read "
					 "10kbps (bytes)")
			       : cli_usage("fault %s takes no %s",
					   fault_words[i].name, argv[1]);
	if (i == SLOW_READ)
		(void)cJSON_AddStringToObject(params, "rate", argv[1]);
	return CLI_DONE;
}

static void show(struct cli *cli, const cJSON *result)
{
	if (cJSON_HasObjectItem(result, "reset"))
		fprintf(cli->out, "reset %.0f\n", cli_num(result, "reset"));
	if (cJSON_HasObjectItem(result, "ended"))
		fprintf(cli->out, "ended %.0f\n", cli_num(result, "ended"));
}

int cmd_fault(struct cli *cli, int argc, char **argv)
{
	cJSON *params = cJSON_CreateObject();
	int rc = CLI_USAGE;
	int n = 0;

	if (argc < 2)
		(void)cli_usage(TAKES);
	else
		n = read_target(argc - 1, argv + 1, params);
	if (n)
		rc = read_fault(argc - 1 - n, argv + 1 + n, params);
	if (rc) {
		cJSON_Delete(params);
		return rc;
	}
	return cli_ask(cli, CTL_FAULT_SET, params, show);
}
