/* SPDX-License-Identifier: MIT */
/*
 * args.c - the daemon's command line
 */

#include "args.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"

#define TRY_HELP "; try \"ustackd -h\""

enum { OPT_TUN_FD = 256 };

#define NOPTIONS (sizeof(options) / sizeof(options[0]))
#define COLUMN	 24 /* where the help of an option begins */

/* clang-format off */
static const struct {
	int value;	  /* its letter, or a number if it has none */
	const char *name;
	const char *arg;  /* NULL = it takes none */
	const char *help;
} options[] = {
	{ 'c', "config", "FILE", "configuration (default " CONFIG_PATH_DEFAULT ")" },
	{ 'o', "option", "SECTION.KEY=VALUE", "set one key, after the file; may be repeated" },
	{ OPT_TUN_FD, "tun-fd", "N", "take descriptor N: a TUN, or one packet a read" },
	{ 't', "test", NULL, "check and print the effective configuration" },
	{ 'h', "help", NULL, "this text" },
	{ 'V', "version", NULL, "the version" },
};
/* clang-format on */

static void usage_option(FILE *out, size_t i)
{
	bool letter = options[i].value < OPT_TUN_FD;
	int n = fprintf(out, "  %c%c%s --%s%s%s", letter ? '-' : ' ',
			letter ? options[i].value : ' ', letter ? "," : " ",
			options[i].name, options[i].arg ? " " : "",
			options[i].arg ? options[i].arg : "");

	if (n + 2 > COLUMN)
		n = fprintf(out, "\n") - 1;
	fprintf(out, "%*s%s\n", COLUMN - n, "", options[i].help);
}

void args_usage(FILE *out)
{
	fputs("usage: ustackd [-c FILE] [-o SECTION.KEY=VALUE]... [--tun-fd N] "
	      "[-t] [-h] [-V]\n"
	      "A TCP/IP host of its own behind a TUN interface.\n"
	      "\n",
	      out);
	for (size_t i = 0; i < NOPTIONS; i++)
		usage_option(out, i);
	fputs("\n"
	      "Exit status:\n"
	      "  0  ended as asked, or the configuration is good\n"
	      "  1  failed, or the configuration is faulty\n"
	      "  2  wrong usage\n"
	      "SIGTERM closes connections gracefully, a second one at once; "
	      "SIGHUP reloads.\n"
	      "See ustackd(8) and ustackd.conf(5).\n",
	      out);
}

/* The table in getopt_long()'s own form. */
static void fill(char letters[2 * NOPTIONS + 2],
		 struct option names[NOPTIONS + 1])
{
	*letters++ = ':';
	for (size_t i = 0; i < NOPTIONS; i++) {
		names[i] = (struct option){
			.name = options[i].name,
			.has_arg = options[i].arg ? required_argument
						  : no_argument,
			.val = options[i].value
		};
		if (options[i].value >= OPT_TUN_FD)
			continue;
		*letters++ = (char)options[i].value;
		if (options[i].arg)
			*letters++ = ':';
	}
}

/* "SECTION.KEY=VALUE": a dot inside the part before the equals sign. */
static bool is_override(const char *text)
{
	const char *equals = strchr(text, '=');
	const char *dot = strchr(text, '.');

	return equals && dot && dot != text && dot + 1 < equals;
}

static int parse_override(struct args *a, const char *text, FILE *err)
{
	if (!is_override(text)) {
		fprintf(err,
			"ustackd: -o %s: expected SECTION.KEY=VALUE, such as "
			"\"-o interface.mtu=9000\"\n",
			text);
		return -1;
	}
	if (a->noverride == ARGS_OVERRIDES_MAX) {
		fprintf(err,
			"ustackd: more than %u times -o; write a file and "
			"name it with -c\n",
			ARGS_OVERRIDES_MAX);
		return -1;
	}
	a->override[a->noverride++] = text;
	return 0;
}

static int parse_fd(struct args *a, const char *text, FILE *err)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < 0 || n > INT_MAX) {
		fprintf(err,
			"ustackd: --tun-fd %s: expected the number of an "
			"open descriptor, such as 3\n",
			text);
		return -1;
	}
	a->tun_fd = (int)n;
	return 0;
}

/* One option; 0 or -1. */
static int parse_option(struct args *a, int option, char **argv, FILE *err)
{
	switch (option) {
	case 'c':
		a->path = optarg;
		return 0;
	case 'o':
		return parse_override(a, optarg, err);
	case OPT_TUN_FD:
		return parse_fd(a, optarg, err);
	case 't':
		a->action = ARGS_CHECK;
		return 0;
	case 'h':
		a->action = ARGS_HELP;
		return 0;
	case 'V':
		a->action = ARGS_VERSION;
		return 0;
	case ':':
		fprintf(err, "ustackd: %s needs a value" TRY_HELP "\n",
			argv[optind - 1]);
		return -1;
	default:
		fprintf(err, "ustackd: unknown option %s" TRY_HELP "\n",
			argv[optind - 1]);
		return -1;
	}
}

int args_parse(struct args *a, int argc, char **argv, FILE *err)
{
	char letters[2 * NOPTIONS + 2] = "";
	struct option names[NOPTIONS + 1] = { 0 };
	int option;

	fill(letters, names);
	memset(a, 0, sizeof(*a));
	a->tun_fd = -1;
	optind = 0; /* start over, glibc's way */
	opterr = 0;
	while ((option = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		if (parse_option(a, option, argv, err))
			return -1;
		if (a->action == ARGS_HELP || a->action == ARGS_VERSION)
			return 0;
	}
	if (optind < argc) {
		fprintf(err,
			"ustackd: \"%s\" is no option; ustackd takes no "
			"other arguments" TRY_HELP "\n",
			argv[optind]);
		return -1;
	}
	return 0;
}
