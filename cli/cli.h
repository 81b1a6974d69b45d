/* SPDX-License-Identifier: MIT */
/*
 * cli.h - what the commands of ustackctl share
 *
 * main.c has the table of commands, each command is one function here.  A
 * command gets its own arguments, asks the daemon by client_call(), and prints
 * for people or, with --json, what it was told.
 */

#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "options.h"

/* Exit status, promised in ustackctl(8): name, number, what it means. */
#define CLI_STATUSES(X)                                                        \
	X(CLI_DONE, 0, "done")                                                 \
	X(CLI_REFUSED, 1, "refused")                                           \
	X(CLI_USAGE, 2, "wrong usage")                                         \
	X(CLI_NO_DAEMON, 3, "no daemon")                                       \
	X(CLI_NO_OBJECT, 4, "no such thing")                                   \
	X(CLI_PEER_REFUSED, 5, "refused by the peer")                          \
	X(CLI_TIMED_OUT, 6, "timed out")                                       \
	X(CLI_PEER_RESET, 7, "reset by the peer")                              \
	X(CLI_NOT_TRUSTED, 8, "not trusted")

enum cli_status {
#define CLI_STATUS(name, number, help) name = (number),
	CLI_STATUSES(CLI_STATUS)
#undef CLI_STATUS
};

struct client;

/**
 * struct cli - one run of the tool
 * @client:	connects to the daemon when it is first asked
 * @out:	where results go
 * @json:	print JSON
 * @colour:	@out is a terminal that wants colours
 */
struct cli {
	struct client *client;
	FILE *out;
	bool json;
	bool colour;
};

/**
 * struct command - one line of the table
 * @name:	as typed; an unambiguous prefix will do
 * @args:	its arguments, for the help
 * @help:	one line
 * @run:	carries it out; @argv[0] is the name, @argv[@argc] is NULL
 * @options:	its options, NULL = it has none
 * @words:	words that may follow it, NULL = it has none
 */
struct command {
	const char *name;
	const char *args;
	const char *help;
	int (*run)(struct cli *cli, int argc, char **argv);
	const struct option_def *options;
	const struct word_def *words;
};

extern const struct option_def capture_options[]; /* of capture start */
extern const struct option_def connect_options[];
extern const struct option_def conns_options[];
extern const struct option_def events_options[];
extern const struct option_def explain_options[];
extern const struct option_def impair_options[]; /* of impair script */
extern const struct option_def ping_options[];
extern const struct option_def reload_options[];
extern const struct option_def stats_options[];
extern const struct option_def top_options[];
extern const struct option_def trace_options[];
extern const struct word_def capture_words[];
extern const struct word_def conn_words[];
extern const struct word_def fault_words[];
extern const struct word_def impair_words[];
extern const struct word_def log_words[];

int cmd_status(struct cli *cli, int argc, char **argv);
int cmd_stats(struct cli *cli, int argc, char **argv);
int cmd_conns(struct cli *cli, int argc, char **argv);
int cmd_conn(struct cli *cli, int argc, char **argv);
int cmd_trace(struct cli *cli, int argc, char **argv);
int cmd_fault(struct cli *cli, int argc, char **argv);
int cmd_impair(struct cli *cli, int argc, char **argv);
int cmd_capture(struct cli *cli, int argc, char **argv);
int cmd_connect(struct cli *cli, int argc, char **argv);
int cmd_ping(struct cli *cli, int argc, char **argv);
int cmd_services(struct cli *cli, int argc, char **argv);
int cmd_events(struct cli *cli, int argc, char **argv);
int cmd_log(struct cli *cli, int argc, char **argv);
int cmd_top(struct cli *cli, int argc, char **argv);
int cmd_explain(struct cli *cli, int argc, char **argv);
int cmd_config(struct cli *cli, int argc, char **argv);
int cmd_reload(struct cli *cli, int argc, char **argv);
int cmd_shutdown(struct cli *cli, int argc, char **argv);
int cmd_help(struct cli *cli, int argc, char **argv);

/** cli_usage() - Say what is wrong with the arguments; returns CLI_USAGE */
__attribute__((format(printf, 1, 2))) int cli_usage(const char *fmt, ...);

/** cli_print_json() - Print what the daemon said, on one line */
void cli_print_json(const struct cli *cli, const cJSON *what);

/**
 * cli_ask() - Ask the daemon and print its answer
 * @cli:	run
 * @method:	what to ask
 * @params:	parameters; taken
 * @show:	prints the answer for people, NULL = there is nothing to tell
 *
 * Return: as client_call()
 */
int cli_ask(struct cli *cli, const char *method, cJSON *params,
	    void (*show)(struct cli *cli, const cJSON *result));

/** cli_num() - A number of an object; 0 if it is not there */
double cli_num(const cJSON *obj, const char *key);

/** cli_str() - A text of an object; "-" if it is not there */
const char *cli_str(const cJSON *obj, const char *key);

/** cli_bool() - A truth value of an object; false if it is not there */
bool cli_bool(const cJSON *obj, const char *key);

#endif /* CLI_CLI_H */
