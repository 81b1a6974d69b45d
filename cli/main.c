/* SPDX-License-Identifier: MIT */
/*
 * main.c - ustackctl: the table of commands, and finding the one meant
 */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "client.h"
#include "fmt.h"
#include "match.h"

#ifndef USTACK_VERSION
#define USTACK_VERSION "unknown"
#endif

enum { OPT_SOCKET = OPTION_LONG, OPT_JSON };

/* clang-format off */
static const struct command commands[] = {
	{ "status", "", "the daemon, its interface, what it holds",
	  cmd_status, NULL, NULL },
	{ "stats", "[PATTERN] [--all] [--reset]", "counters",
	  cmd_stats, stats_options, NULL },
	{ "conns", "[-s STATE] [-p PORT] [-i]", "connections, as ss -tn does",
	  cmd_conns, conns_options, NULL },
	{ "conn", "ID [abort|close]", "one connection in full, or its end",
	  cmd_conn, NULL, conn_words },
	{ "trace", "[ID|--last|--next|--list] [-f]", "a connection's life as a ladder",
	  cmd_trace, trace_options, NULL },
	{ "capture", "start FILE|- | stop | status", "packets to a pcapng file",
	  cmd_capture, capture_options, capture_words },
	{ "explain", "[ID|--last]", "a connection's life in words",
	  cmd_explain, explain_options, NULL },
	{ "services", "", "services and what they have done",
	  cmd_services, NULL, NULL },
	{ "events", "[-f] [-c ID|-N] [-t TYPE]...", "what happened, or happens",
	  cmd_events, events_options, NULL },
	{ "impair", "[show|set|preset|script|...]", "faults on packets",
	  cmd_impair, impair_options, impair_words },
	{ "fault", "ID|port N|service NAME FAULT", "an endpoint that fails",
	  cmd_fault, NULL, fault_words },
	{ "connect", "[OPTION...] HOST PORT", "a connection from the stack, as nc",
	  cmd_connect, connect_options, NULL },
	{ "ping", "[OPTION...] HOST", "ICMP echo from the stack, as ping does",
	  cmd_ping, ping_options, NULL },
	{ "log", "error|warning|info|debug|trace", "set how much is logged",
	  cmd_log, NULL, log_words },
	{ "top", "[-d SECONDS] [-s KEY] [--once]", "what moves, live",
	  cmd_top, top_options, NULL },
	{ "config", "[SECTION]", "the configuration in force",
	  cmd_config, NULL, NULL },
	{ "reload", "[-q]", "read the configuration again",
	  cmd_reload, reload_options, NULL },
	{ "shutdown", "", "close all connections and end the daemon",
	  cmd_shutdown, NULL, NULL },
	{ "help", "", "this list",
	  cmd_help, NULL, NULL },
};

static const struct option_def options[] = {
	{ OPT_SOCKET, "socket", "PATH", "the daemon's control socket" },
	{ OPT_JSON, "json", NULL, "print JSON; may stand behind the command, too" },
	{ 'h', "help", NULL, "this text; behind a command, what it takes" },
	{ 'V', "version", NULL, "the version" },
	{ 0, NULL, NULL, NULL },
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
	options_help(cli->out, options);
	fprintf(cli->out, "\n");
	for (size_t i = 0; i < NCOMMANDS; i++) {
		char text[FMT_WIDTH];

		(void)snprintf(text, sizeof(text), "%s %s", commands[i].name,
			       commands[i].args);
		fprintf(cli->out, "  %-36s  %s\n", text, commands[i].help);
	}
	fprintf(cli->out, "\nCommands may be shortened; ustackctl COMMAND "
			  "--help tells more.\nExit status:\n");
#define CLI_STATUS(name, number, help)                                         \
	fprintf(cli->out, "  %d  %s\n", number, help);
	CLI_STATUSES(CLI_STATUS)
#undef CLI_STATUS
	fprintf(cli->out, "See ustackctl(8).\n");
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

static int help_command(const struct cli *cli, const struct command *cmd)
{
	fprintf(cli->out, "usage: ustackctl %s%s%s\n%s\n", cmd->name,
		*cmd->args ? " " : "", cmd->args, cmd->help);
	if (cmd->words || cmd->options)
		fprintf(cli->out, "\n");
	if (cmd->words)
		options_words_help(cli->out, cmd->words);
	if (cmd->options)
		options_help(cli->out, cmd->options);
	return CLI_DONE;
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
	if (wants_help(argc, argv))
		return help_command(cli, cmd);
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

/**
 * struct global - what stands before the command
 * @path:	the socket, NULL = not said
 * @json:	JSON is wanted
 * @help:	the list is wanted
 * @version:	the version is wanted
 */
struct global {
	const char *path;
	bool json;
	bool help;
	bool version;
};

static int take_option(void *ctx, int value, const char *text)
{
	struct global *g = ctx;

	if (value == 'h')
		g->help = true;
	else if (value == 'V')
		g->version = true;
	else if (value == OPT_SOCKET)
		g->path = text;
	else
		g->json = true; /* abbreviated, or take_json() had it */
	return CLI_DONE;
}

int main(int argc, char **argv)
{
	struct cli cli = { .out = stdout };
	struct global g = { 0 };
	const struct option_reader reader = { .command = "ustackctl",
					      .table = options,
					      .front = true,
					      .take = take_option,
					      .ctx = &g };
	int first;
	int rc;

	fill_gaps();
	cli.json = take_json(&argc, argv);
	cli.colour = fmt_colour_wanted(stdout);
	rc = options_read(&reader, argc, argv, &first);
	if (rc)
		return rc;
	cli.json |= g.json;
	if (g.help) {
		rc = cmd_help(&cli, 0, NULL);
	} else if (g.version) {
		printf("ustackctl %s\n", USTACK_VERSION);
	} else {
		rc = run_command(&cli, g.path, argc - first, argv + first);
	}
	if (fflush(stdout) && rc == CLI_DONE)
		rc = CLI_REFUSED;
	return rc;
}
