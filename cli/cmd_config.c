/* SPDX-License-Identifier: MIT */
/*
 * cmd_config.c - config: the configuration in force
 */

#include <string.h>

#include "cli.h"
#include "client.h"
#include "daemon/ctl_proto.h"

/* Of [service NAME], "service" names all. */
static bool is_wanted(const char *section, const char *wanted)
{
	size_t len = wanted ? strlen(wanted) : 0;

	return !wanted || (!strncmp(section, wanted, len) &&
			   (section[len] == '\0' || section[len] == ' '));
}

/* As a file that could be read back.  Return: keys shown */
static int show(struct cli *cli, const cJSON *config, const char *wanted)
{
	const char *last = NULL;
	const cJSON *key;
	int n = 0;

	cJSON_ArrayForEach(key, config)
	{
		const char *section = cli_str(key, "section");

		if (!is_wanted(section, wanted))
			continue;
		if (!last || strcmp(section, last) != 0)
			fprintf(cli->out, "%s[%s]\n", n ? "\n" : "", section);
		last = section;
		fprintf(cli->out, "%s = %s\n", cli_str(key, "key"),
			cli_str(key, "value"));
		n++;
	}
	return n;
}

int cmd_config(struct cli *cli, int argc, char **argv)
{
	const char *wanted = argc > 1 ? argv[1] : NULL;
	cJSON *result = NULL;
	int rc;

	if (argc > 2)
		return cli_usage("config takes one section, no %s", argv[2]);
	rc = client_call(cli->client, CTL_CONFIG_GET, NULL, &result);
	if (rc)
		return rc;
	if (cli->json)
		cli_print_json(cli, result);
	else if (!show(cli, cJSON_GetObjectItem(result, "config"), wanted) &&
		 wanted)
		rc = cli_usage("there is no section %s", wanted);
	cJSON_Delete(result);
	return rc;
}
