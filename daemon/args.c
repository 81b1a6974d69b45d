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

#define TRY_HELP "; try \"ustackd -h\""

enum { OPT_TUN_FD = 256 };

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "option", required_argument, NULL, 'o' },
	{ "tun-fd", required_argument, NULL, OPT_TUN_FD },
	{ "test", no_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

void args_usage(FILE *out)
{
	fputs("usage: ustackd [-c FILE] [-o SECTION.KEY=VALUE]... [--tun-fd N] "
	      "[-t] [-h] [-V]\n"
	      "A TCP/IP host of its own behind a TUN interface.\n"
	      "\n"
	      "  -c, --config FILE     configuration (default "
	      "/etc/ustack/ustackd.conf)\n"
	      "  -o, --option SECTION.KEY=VALUE\n"
	      "                        set one key, after the file; may be "
	      "repeated\n"
	      "      --tun-fd N        use descriptor N: a TUN, or a socket "
	      "with one raw IP\n"
	      "                        packet per read and write\n"
	      "  -t, --test            check and print the effective "
	      "configuration\n"
	      "  -h, --help            this text\n"
	      "  -V, --version         the version\n"
	      "\n"
	      "Exit status: 0 ended well, 1 failed, 2 wrong usage.  SIGTERM "
	      "closes connections\n"
	      "gracefully, a second one at once; SIGHUP reopens the log file.\n"
	      "See ustackd(8) and ustackd.conf(5).\n",
	      out);
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
	int option;

	memset(a, 0, sizeof(*a));
	a->tun_fd = -1;
	optind = 0; /* start over, glibc's way */
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":c:o:thV", long_options,
				     NULL)) != -1) {
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
