/* SPDX-License-Identifier: MIT */
/*
 * cmd_impair.c - impair: rules, presets and scripts of faults
 *
 * What is asked for is passed on as words: the daemon reads them, and its
 * complaints say what would be right.
 */

#include <errno.h>
#include <string.h>

#include "cli.h"
#include "client.h"
#include "daemon/ctl_proto.h"
#include "fmt.h"
#include "impair_fmt.h"
#include "number.h"

#define TEXT_MAX 16384u /* of a rule, or of a script */

/* The words as one text; false: they are too many. */
static bool join(int argc, char **argv, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (int i = 0; i < argc && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s",
					i ? " " : "", argv[i]);
	return len < size;
}

static int too_long(const char *what)
{
	return cli_usage("impair %s: at most %u bytes", what, TEXT_MAX - 1);
}

static cJSON *text_param(const char *name, const char *text)
{
	cJSON *params = cJSON_CreateObject();

	(void)cJSON_AddStringToObject(params, name, text);
	return params;
}

/* ----------------------------------------------------------------- actions */

static int run_show(struct cli *cli, int argc, char **argv)
{
	if (argc)
		return cli_usage("impair show takes no %s", argv[0]);
	return cli_ask(cli, CTL_IMPAIR_GET, NULL, impair_show);
}

static int run_set(struct cli *cli, int argc, char **argv)
{
	char text[TEXT_MAX];

	if (!argc)
		return cli_usage("impair set takes a rule, as in impair set "
				 "out port 7 delay 20ms loss 1%%");
	if (!join(argc, argv, text, sizeof(text)))
		return too_long("set");
	return cli_ask(cli, CTL_IMPAIR_SET, text_param("rule", text),
		       impair_show_made);
}

static int run_preset(struct cli *cli, int argc, char **argv)
{
	char text[TEXT_MAX];

	if (!argc || (argc == 1 && !strcmp(argv[0], "list")))
		return cli_ask(cli, CTL_IMPAIR_PRESET, NULL,
			       impair_show_presets);
	if (!join(argc, argv, text, sizeof(text)))
		return too_long("preset");
	return cli_ask(cli, CTL_IMPAIR_PRESET, text_param("preset", text),
		       impair_show_made);
}

static int run_clear(struct cli *cli, int argc, char **argv)
{
	cJSON *params = NULL;
	unsigned long long id = 0;

	if (argc > 1)
		return cli_usage("impair clear takes one number, or none for "
				 "all");
	if (argc) {
		if (!number_parse(argv[0], 1, UINT32_MAX, &id))
			return cli_usage("impair clear takes the number of a "
					 "rule or script, which impair show "
					 "tells, not %s",
					 argv[0]);
		params = cJSON_CreateObject();
		(void)cJSON_AddNumberToObject(params, "id", (double)id);
	}
	return cli_ask(cli, CTL_IMPAIR_CLEAR, params, impair_show_cleared);
}

static int run_undo(struct cli *cli, int argc, char **argv)
{
	if (argc)
		return cli_usage("impair undo takes no %s", argv[0]);
	return cli_ask(cli, CTL_IMPAIR_UNDO, NULL, impair_show_undone);
}

/* The whole of a file, "-" = standard input. */
static int read_file(const char *path, char *buf, size_t size)
{
	bool own = strcmp(path, "-") != 0;
	FILE *in = own ? fopen(path, "re") : stdin;
	size_t len;

	if (!in) {
		fprintf(stderr, "ustackctl: %s: %s\n", path, strerror(errno));
		return CLI_REFUSED;
	}
	len = fread(buf, 1, size, in);
	if (ferror(in)) {
		fprintf(stderr, "ustackctl: %s: %s\n", path, strerror(errno));
		len = size + 1;
	}
	if (own)
		(void)fclose(in);
	if (len > size)
		return CLI_REFUSED;
	if (len == size)
		return too_long("script");
	buf[len] = '\0';
	if (memchr(buf, '\0', len))
		return cli_usage("%s: expected text, found a NUL byte", path);
	return CLI_DONE;
}

/* For the help alone: a rule or script may have words like options. */
const struct option_def impair_options[] = {
	{ 'f', NULL, "FILE",
	  "script: the steps are there, - is standard input" },
	{ 0, NULL, NULL, NULL },
};

static int run_script(struct cli *cli, int argc, char **argv)
{
	char text[TEXT_MAX];
	int rc = CLI_DONE;

	if (!argc || (!strcmp(argv[0], "-f") && argc != 2))
		return cli_usage("impair script takes steps, as in impair "
				 "script 'drop out data nth 3', or -f FILE");
	if (!strcmp(argv[0], "-f"))
		rc = read_file(argv[1], text, sizeof(text));
	else if (!join(argc, argv, text, sizeof(text)))
		rc = too_long("script");
	if (rc)
		return rc;
	return cli_ask(cli, CTL_IMPAIR_SCRIPT, text_param("script", text),
		       impair_show_script);
}

/* ------------------------------------------------------------------ tables */

const struct word_def impair_words[] = {
	{ "show", "", "rules and scripts, and what they have done" },
	{ "set", "RULE",
	  "make a rule, or replace the one for the same packets" },
	{ "preset", "[NAME ...]",
	  "make the rules of a known network, or list them" },
	{ "script", "STEPS", "name exact packets" },
	{ "clear", "[N]", "remove a rule or script, or all" },
	{ "undo", "", "take back the last change" },
	{ NULL, NULL, NULL },
};

int cmd_impair(struct cli *cli, int argc, char **argv)
{
	/* in the order of impair_words */
	static int (*const run[])(struct cli *, int, char **) = {
		run_show, run_set, run_preset, run_script, run_clear, run_undo,
	};
	int i;

	if (argc < 2)
		return run_show(cli, 0, argv);
	i = options_word(impair_words, "impair", argv[1]);
	return i < 0 ? CLI_USAGE : run[i](cli, argc - 2, argv + 2);
}
