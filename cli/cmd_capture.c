/* SPDX-License-Identifier: MIT */
/*
 * cmd_capture.c - capture: packets to a pcapng file
 *
 * The daemon opens no files: it gets descriptors.  For standard output it gets
 * a pipe of our own, since what we were given may not be made non-blocking, and
 * we copy from it until it ends.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "client.h"
#include "daemon/ctl_proto.h"
#include "fmt.h"
#include "match.h"
#include "number.h"
#include "pump.h"

#define FILES_DEF  2
#define PIPE_ROOM  (1 << 20) /* bytes of the pipe, if the system allows */
#define NAME_BYTES 255u	     /* that the daemon takes */

/**
 * struct start - what a capture is started with
 * @params:	for the daemon
 * @file:	name of the file, "-" = standard output
 * @rotated:	it is written in turn with others
 * @files:	how many there are in all, 0 = not said
 * @n:		descriptors in @fd
 * @fd:		descriptors for the daemon
 * @made:	bits: these files were not there before
 */
struct start {
	cJSON *params;
	const char *file;
	bool rotated;
	uint32_t files;
	uint32_t n;
	int fd[CTL_FDS_MAX];
	uint32_t made;
};

/* ---------------------------------------------------------------- arguments */

/* A whole number up to @max, with a suffix K, M or G if @sizes. */
static bool read_number(const char *text, bool sizes, double max, double *v)
{
	static const char suffixes[] = "kmg";
	unsigned long long n;
	const char *suffix;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || end == text || *text < '0' || *text > '9')
		return false;
	*v = (double)n;
	if (*end && sizes) {
		suffix = strchr(suffixes, *end | 0x20);
		for (const char *s = suffixes; suffix && s <= suffix; s++)
			*v *= 1024;
		end += suffix ? 1 : 0;
	}
	return !*end && *v <= max;
}

/* An option that is a number for the daemon; it knows the least one itself. */
static int add_number(struct start *st, const char *key, const char *text)
{
	bool sizes = !strcmp(key, "limit") || !strcmp(key, "rotate");
	double v;

	if (!read_number(text, sizes, (double)NUMBER_ID_MAX, &v))
		return cli_usage("--%s takes a %s, not %s", key,
				 sizes ? "size in bytes, or as 10M, 1G"
				       : "whole number",
				 text);
	(void)cJSON_AddNumberToObject(st->params, key, v);
	return CLI_DONE;
}

static int add_side(struct start *st, const char *text)
{
	static const char *const words[] = { "wire", "stack", "both" };
	int i = match_word(text, words, 3);

	if (i < 0)
		return cli_usage("--side takes wire, stack or both, not %s",
				 text);
	(void)cJSON_AddStringToObject(st->params, "side", words[i]);
	return CLI_DONE;
}

static int read_files(struct start *st, const char *text)
{
	double v;

	if (!read_number(text, false, CTL_FDS_MAX, &v) || v < 2)
		return cli_usage("--files takes a number from 2 to %u, not %s",
				 CTL_FDS_MAX, text);
	st->files = (uint32_t)v;
	return CLI_DONE;
}

enum {
	OPT_SIDE = OPTION_LONG,
	OPT_CONN,
	OPT_PORT,
	OPT_SNAPLEN,
	OPT_LIMIT,
	OPT_ROTATE,
	OPT_FILES
};

const struct option_def capture_options[] = {
	{ OPT_SIDE, "side", "SIDE", "start: wire, stack or both" },
	{ OPT_CONN, "conn", "ID", "start: only of this connection" },
	{ OPT_PORT, "port", "N", "start: only with this port at either end" },
	{ OPT_SNAPLEN, "snaplen", "N", "start: bytes kept of a packet" },
	{ OPT_LIMIT, "limit", "SIZE", "start: end before more is written" },
	{ OPT_ROTATE, "rotate", "SIZE", "start: go on in another file" },
	{ OPT_FILES, "files", "N", "start: so many in turn, 2 to 32" },
	{ 0, NULL, NULL, NULL },
};

const struct word_def capture_words[] = {
	{ "start", "FILE|-", "write packets to a file, or standard output" },
	{ "stop", "[N|all]", "end a capture and show its sums" },
	{ "status", "", "those that run, and the last ones that have ended" },
	{ NULL, NULL, NULL },
};

static int take_option(void *ctx, int value, const char *text)
{
	static const char *const key[] = { "side",    "conn",  "port",
					   "snaplen", "limit", "rotate" };
	struct start *st = ctx;

	if (value == OPT_SIDE)
		return add_side(st, text);
	if (value == OPT_FILES)
		return read_files(st, text);
	st->rotated |= value == OPT_ROTATE;
	return add_number(st, key[value - OPTION_LONG], text);
}

static int check_start(const struct start *st)
{
	if (st->files && !st->rotated)
		return cli_usage("--files goes with --rotate SIZE, the size at "
				 "which the next file is begun");
	if (st->rotated && !strcmp(st->file, "-"))
		return cli_usage("--rotate is for files, standard output is "
				 "one stream");
	if (!strcmp(st->file, "-") && isatty(STDOUT_FILENO))
		return cli_usage("a capture is nothing for a terminal: name a "
				 "file, or pipe it:\n  ustackctl capture start "
				 "- | wireshark -k -i -");
	return CLI_DONE;
}

static int read_start(int argc, char **argv, struct start *st)
{
	const struct option_reader reader = { .command = "capture start",
					      .table = capture_options,
					      .take = take_option,
					      .ctx = st };
	int first;
	int rc = options_read(&reader, argc, argv, &first);

	if (rc)
		return rc;
	if (first + 1 != argc)
		return cli_usage("capture start takes one FILE, or - for "
				 "standard output");
	st->file = argv[first];
	if (st->rotated && !st->files)
		st->files = FILES_DEF;
	return check_start(st);
}

/* -------------------------------------------------------------- descriptors */

/* The name of file @i: FILE, FILE.1, FILE.2 ... */
static const char *file_name(const struct start *st, uint32_t i,
			     char buf[PATH_MAX])
{
	if (i == 0)
		(void)snprintf(buf, PATH_MAX, "%s", st->file);
	else
		(void)snprintf(buf, PATH_MAX, "%s.%u", st->file, i);
	return buf;
}

/* Open without emptying: that is the daemon's, once it has agreed. */
static int open_one(struct start *st, uint32_t i)
{
	char name[PATH_MAX];
	int fd = open(file_name(st, i, name),
		      O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd >= 0)
		st->made |= 1u << i;
	else if (errno == EEXIST)
		fd = open(name, O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "ustackctl: %s: %s\n", name, strerror(errno));
		return CLI_REFUSED;
	}
	st->fd[st->n++] = fd;
	return CLI_DONE;
}

/* Close our copies; after a refusal remove files that we have made. */
static void close_files(struct start *st, bool refused)
{
	char name[PATH_MAX];

	for (uint32_t i = 0; i < st->n; i++) {
		(void)close(st->fd[i]);
		if (refused && st->made >> i & 1u)
			(void)unlink(file_name(st, i, name));
	}
	st->n = 0;
}

/* What the capture is called: the whole path, if it is not too long. */
static void add_name(struct start *st)
{
	char path[PATH_MAX];
	const char *name = st->file;

	if (!strcmp(name, "-"))
		name = "standard output";
	else if (realpath(name, path))
		name = path;
	if (strlen(name) > NAME_BYTES)
		name += strlen(name) - NAME_BYTES;
	(void)cJSON_AddStringToObject(st->params, "name", name);
}

/* Ask for the capture; its number is set. */
static int start(struct cli *cli, struct start *st, cJSON **result)
{
	const struct client_fds fds = { .n = st->n, .fd = st->fd };
	int rc;

	add_name(st);
	rc = client_ask(cli->client, CTL_CAP_START, st->params, &fds);
	st->params = NULL;
	if (!rc)
		rc = client_hear(cli->client, result);
	close_files(st, rc != CLI_DONE);
	return rc;
}

/* ------------------------------------------------------------------ showing */

static void show_sum(FILE *out, const cJSON *c)
{
	char packets[FMT_TEXT];
	char lost[FMT_TEXT];
	char size[FMT_TEXT];

	fprintf(out, "capture %.0f to %s\n  %s: %s packets, %s lost, %s\n",
		cli_num(c, "id"), cli_str(c, "name"), cli_str(c, "end"),
		fmt_count(cli_num(c, "packets"), packets),
		fmt_count(cli_num(c, "dropped"), lost),
		fmt_bytes(cli_num(c, "bytes"), size));
}

static void show_line(FILE *out, const cJSON *c)
{
	char packets[FMT_TEXT];
	char lost[FMT_TEXT];
	char size[FMT_TEXT];
	char only[FMT_TEXT] = "";

	if (cli_num(c, "conn") > 0)
		(void)snprintf(only, sizeof(only), "conn %.0f",
			       cli_num(c, "conn"));
	else if (cli_num(c, "port") > 0)
		(void)snprintf(only, sizeof(only), "port %.0f",
			       cli_num(c, "port"));
	fprintf(out, "%4.0f %-5s %-10s %12s %9s %10s  %s", cli_num(c, "id"),
		cli_str(c, "side"), only,
		fmt_count(cli_num(c, "packets"), packets),
		fmt_count(cli_num(c, "dropped"), lost),
		fmt_bytes(cli_num(c, "bytes"), size), cli_str(c, "name"));
	if (cli_num(c, "file") > 0)
		fprintf(out, ".%.0f", cli_num(c, "file"));
	fprintf(out, "\n");
	if (cJSON_GetObjectItemCaseSensitive(c, "end"))
		fprintf(out, "     ended: %s\n", cli_str(c, "end"));
}

static int status(struct cli *cli)
{
	static const char *const lists[] = { "captures", "over" };
	const cJSON *c;
	cJSON *result;
	int rc = client_call(cli->client, CTL_CAP_STATUS, NULL, &result);

	if (rc)
		return rc;
	if (cli->json)
		cli_print_json(cli, result);
	else
		fmt_head(cli->out, cli->colour,
			 "  Id Side  Only            Packets      Lost       "
			 "Size  File");
	for (int i = 0; i < 2 && !cli->json; i++)
		cJSON_ArrayForEach(
			c, cJSON_GetObjectItemCaseSensitive(result, lists[i]))
			show_line(cli->out, c);
	cJSON_Delete(result);
	return CLI_DONE;
}

static void show_all(FILE *out, const cJSON *result)
{
	const cJSON *c;

	cJSON_ArrayForEach(c,
			   cJSON_GetObjectItemCaseSensitive(result, "captures"))
		show_sum(out, c);
}

/* ---------------------------------------------------------- standard output */

/* Has it ended by itself?  Say why. */
static int tell_end(struct cli *cli, double id)
{
	const cJSON *c;
	cJSON *result;
	int rc = client_call(cli->client, CTL_CAP_STATUS, NULL, &result);

	if (rc)
		return rc;
	cJSON_ArrayForEach(c, cJSON_GetObjectItemCaseSensitive(result, "over"))
	{
		if (!(cli_num(c, "id") < id) && !(cli_num(c, "id") > id))
			show_sum(stderr, c);
	}
	cJSON_Delete(result);
	return CLI_DONE;
}

/* Copy until the capture ends; a signal has it stopped. */
static int follow(struct cli *cli, struct pump *p, double id)
{
	enum pump_state st = pump_run(p);
	cJSON *result = NULL;
	bool asked = false;
	int rc = CLI_DONE;

	if (st == PUMP_SIGNAL) {
		cJSON *params = cJSON_CreateObject();

		(void)cJSON_AddNumberToObject(params, "id", id);
		asked = !client_ask(cli->client, CTL_CAP_STOP, params, NULL);
		st = pump_run(p);
	}
	if (st == PUMP_FAILED) {
		fprintf(stderr, "ustackctl: standard output: %s\n",
			strerror(errno));
		return CLI_REFUSED;
	}
	if (asked)
		rc = client_hear(cli->client, &result);
	else
		rc = tell_end(cli, id);
	show_all(stderr, result);
	cJSON_Delete(result);
	return rc;
}

static int start_pipe(struct cli *cli, struct start *st)
{
	struct pump *p = calloc(1, sizeof(*p));
	cJSON *result = NULL;
	double id;
	int fd[2];
	int rc;

	if (!p || pipe2(fd, O_CLOEXEC)) {
		fprintf(stderr, "ustackctl: no pipe: %s\n", strerror(errno));
		free(p);
		return CLI_REFUSED;
	}
	(void)fcntl(fd[1], F_SETPIPE_SZ, PIPE_ROOM);
	st->fd[st->n++] = fd[1];
	rc = start(cli, st, &result);
	id = cli_num(result, "id");
	cJSON_Delete(result);
	if (!rc && !pump_init(p, fd[0])) {
		fprintf(stderr, "ustackctl: no signals: %s\n", strerror(errno));
		rc = CLI_REFUSED;
	}
	if (!rc)
		rc = follow(cli, p, id);
	(void)close(fd[0]);
	free(p);
	return rc;
}

/* ----------------------------------------------------------------- commands */

static int start_files(struct cli *cli, struct start *st)
{
	uint32_t n = st->files ? st->files : 1;
	cJSON *result = NULL;
	int rc = CLI_DONE;

	for (uint32_t i = 0; i < n && !rc; i++)
		rc = open_one(st, i);
	if (rc) {
		close_files(st, true);
		return rc;
	}
	rc = start(cli, st, &result);
	if (!rc && cli->json)
		cli_print_json(cli, result);
	else if (!rc)
		fprintf(cli->out, "capture %.0f to %s\n", cli_num(result, "id"),
			st->file);
	cJSON_Delete(result);
	return rc;
}

static int cmd_start(struct cli *cli, int argc, char **argv)
{
	struct start st = { .params = cJSON_CreateObject() };
	int rc = read_start(argc, argv, &st);

	if (!rc && !strcmp(st.file, "-"))
		rc = start_pipe(cli, &st);
	else if (!rc)
		rc = start_files(cli, &st);
	cJSON_Delete(st.params);
	return rc;
}

static void show_stopped(struct cli *cli, const cJSON *result)
{
	show_all(cli->out, result);
}

static int cmd_stop(struct cli *cli, int argc, char **argv)
{
	cJSON *params = cJSON_CreateObject();
	double id;

	if (argc == 2 && !strcmp(argv[1], "all")) {
		(void)cJSON_AddTrueToObject(params, "all");
	} else if (argc == 2 &&
		   read_number(argv[1], false, (double)NUMBER_ID_MAX, &id)) {
		(void)cJSON_AddNumberToObject(params, "id", id);
	} else if (argc > 1) {
		cJSON_Delete(params);
		return cli_usage("capture stop takes the number of a capture, "
				 "which capture status shows, or all");
	}
	return cli_ask(cli, CTL_CAP_STOP, params, show_stopped);
}

int cmd_capture(struct cli *cli, int argc, char **argv)
{
	int i = argc > 1 ? options_word(capture_words, "capture", argv[1]) : 2;

	if (i == 0)
		return cmd_start(cli, argc - 1, argv + 1);
	if (i == 1)
		return cmd_stop(cli, argc - 1, argv + 1);
	if (i == 2 && argc > 2)
		return cli_usage("capture status takes no %s", argv[2]);
	return i == 2 ? status(cli) : CLI_USAGE;
}
