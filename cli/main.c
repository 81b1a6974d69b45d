/* SPDX-License-Identifier: MIT */
/*
 * main.c - ustackctl: the table of commands, and finding the one meant
 */

#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "client.h"
#include "fmt.h"
#include "match.h"

#ifndef USTACK_VERSION
#define USTACK_VERSION "unknown"
#endif

/* clang-format off */
static const struct command commands[] = {
	{ "status", "", "the daemon, its interface, what it holds", cmd_status },
	{ "stats", "[PATTERN] [--all] [--reset]", "counters", cmd_stats },
	{ "conns", "[-s STATE] [-p PORT] [-i]", "connections, as ss -tn does", cmd_conns },
	{ "conn", "ID [abort|close]", "one connection in full, or its end", cmd_conn },
	{ "trace", "[ID|--last|--next|--list] [-f]", "a connection's life as a ladder", cmd_trace },
	{ "capture", "start FILE|- | stop | status", "packets to a pcapng file", cmd_capture },
	{ "explain", "[ID|--last]", "a connection's life in words", cmd_explain },
	{ "services", "", "services and what they have done", cmd_services },
	{ "events", "[-f] [-c ID|-N] [-t TYPE]...", "what happened, or happens", cmd_events },
	{ "impair", "[show|set|preset|script|...]", "faults on packets", cmd_impair },
	{ "fault", "ID|port PORT FAULT", "stall, slow-read, half-open, reset; off", cmd_fault },
	{ "connect", "[OPTION...] HOST PORT", "a connection from the stack, as nc", cmd_connect },
	{ "ping", "[OPTION...] HOST", "ICMP echo from the stack, as ping does", cmd_ping },
	{ "log", "error|warning|info|debug|trace", "set how much is logged", cmd_log },
	{ "top", "[-d SECONDS] [-s KEY] [--once]", "what moves, live", cmd_top },
	{ "reload", "", "read credentials again, reopen the log", cmd_reload },
	{ "shutdown", "", "close all connections and end the daemon", cmd_shutdown },
	{ "help", "", "this list", cmd_help },
};
/* clang-format on */

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

int cmd_help(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	fprintf(cli->out,
		"usage: ustackctl [--socket PATH] [--json] [COMMAND]\n"
		"\n"
		"Shows and steers a running ustackd.  Without a command: "
		"status.\n"
		"\n");
	for (size_t i = 0; i < NCOMMANDS; i++) {
		char text[FMT_WIDTH];

		(void)snprintf(text, sizeof(text), "%s %s", commands[i].name,
			       commands[i].args);
		fprintf(cli->out, "  %-36s  %s\n", text, commands[i].help);
	}
	fprintf(cli->out, "\n"
			  "Commands may be shortened. See ustackctl(8).\n");
	return CLI_DONE;
}

/* The command meant by @word, or NULL after saying what would be right. */
static const struct command *find_command(const char *word)
{
	const char *names[NCOMMANDS];
	const char *near;
	int i;

	for (size_t k = 0; k < NCOMMANDS; k++)
		names[k] = commands[k].name;
	i = match_word(word, names, NCOMMANDS);
	if (i >= 0)
		return &commands[i];
	if (i == MATCH_MANY) {
		fprintf(stderr, "ustackctl: %s may be", word);
		for (size_t k = 0; k < NCOMMANDS; k++)
			if (!strncmp(names[k], word, strlen(word)))
				fprintf(stderr, " %s", names[k]);
		fprintf(stderr, "\n");
		return NULL;
	}
	near = match_nearest(word, names, NCOMMANDS);
	if (near)
		(void)cli_usage("unknown command %s, did you mean %s?", word,
				near);
	else
		(void)cli_usage("unknown command %s, try ustackctl help", word);
	return NULL;
}

/* Take "--json" out of the arguments, wherever it stands. */
static bool take_json(int *argc, char **argv)
{
	bool found = false;
	int n = 0;

	for (int i = 0; i < *argc; i++) {
		if (!strcmp(argv[i], "--json"))
			found = true;
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	*argc = n;
	return found;
}

/* Does an argument ask what the command takes? */
static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help"))
			return true;
	return false;
}

static int run_command(struct cli *cli, const char *path, int argc, char **argv)
{
	static char status[] = "status";
	char *none[] = { status, NULL };
	const struct command *cmd;
	int rc;

	if (!argc) {
		argc = 1;
		argv = none;
	}
	cmd = find_command(argv[0]);
	if (!cmd)
		return CLI_USAGE;
	if (wants_help(argc, argv)) {
		fprintf(cli->out, "usage: ustackctl %s%s%s\n%s\n", cmd->name,
			*cmd->args ? " " : "", cmd->args, cmd->help);
		return CLI_DONE;
	}
	cli->client = client_new(path);
	if (!cli->client) {
		fprintf(stderr, "ustackctl: out of memory\n");
		return CLI_REFUSED;
	}
	rc = cmd->run(cli, argc, argv); /* connects when it asks */
	client_free(cli->client);
	return rc;
}

/*
 * Whoever starts us with standard input, output or error closed must not have a
 * socket there: /dev/null, so that it cannot be used the wrong way round.
 */
static void fill_gaps(void)
{
	static const int how[] = { O_RDONLY, O_RDONLY, O_WRONLY };

	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", how[fd]);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct cli cli = { .out = stdout };
	const char *path = NULL;
	int c;
	int rc;

	fill_gaps();
	opterr = 0;
	cli.json = take_json(&argc, argv);
	cli.colour = fmt_colour_wanted(stdout);
	while ((c = getopt_long(argc, argv, "+:hV", options, NULL)) != -1) {
		switch (c) {
		case 's':
			path = optarg;
			break;
		case 'h':
			return cmd_help(&cli, 0, NULL);
		case 'V':
			printf("ustackctl %s\n", USTACK_VERSION);
			return CLI_DONE;
		case ':':
			return cli_usage("%s needs a value, try ustackctl help",
					 argv[optind - 1]);
		default:
			return cli_usage("unknown option %s, try ustackctl "
					 "help",
					 argv[optind - 1]);
		}
	}
	rc = run_command(&cli, path, argc - optind, argv + optind);
	if (fflush(stdout) && rc == CLI_DONE)
		rc = CLI_REFUSED;
	return rc;
}
