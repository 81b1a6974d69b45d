/* SPDX-License-Identifier: MIT */
/*
 * cmd_status.c - status, services, log, reload, shutdown
 */

#include <string.h>
#include <time.h>

#include "cli.h"
#include "client.h"
#include "daemon/ctl_proto.h"
#include "fmt.h"

#define LABEL_WIDTH  13u
#define SERVICE_TYPE 24u

static const cJSON *item(const cJSON *obj, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(obj, key);
}

/* Begin a labelled line; what is added wraps under itself. */
static struct fmt_wrap begin(struct cli *cli, const char *label)
{
	struct fmt_wrap w = { .out = cli->out, .indent = LABEL_WIDTH };

	fprintf(cli->out, "%s%-*s%s", cli->colour ? "\033[1m" : "",
		(int)LABEL_WIDTH - 1, label, cli->colour ? "\033[0m" : "");
	w.col = LABEL_WIDTH - 1;
	return w;
}

static void show_daemon(struct cli *cli, const cJSON *st)
{
	char up[FMT_TEXT];
	struct fmt_wrap w = begin(cli, "daemon");

	fmt_wrap_add(&w, "ustackd %s, pid %.0f, up %s", cli_str(st, "version"),
		     cli_num(st, "pid"),
		     fmt_time(cli_num(st, "uptime_us"), up));
	fmt_wrap_end(&w);
}

static void show_interface(struct cli *cli, const cJSON *ifc)
{
	char packets[FMT_TEXT];
	char bytes[FMT_TEXT];
	struct fmt_wrap w = begin(cli, "interface");

	fmt_wrap_add(&w, "%s, offload %s, mtu %.0f%s", cli_str(ifc, "name"),
		     cli_str(ifc, "mode"), cli_num(ifc, "mtu"),
		     cli_bool(ifc, "managed") ? "" : ", not managed");
	fmt_wrap_end(&w);
	w = begin(cli, "packets");
	fmt_wrap_add(&w, "in %s (%s),",
		     fmt_count(cli_num(ifc, "rx_packets"), packets),
		     fmt_bytes(cli_num(ifc, "rx_bytes"), bytes));
	fmt_wrap_add(&w, "out %s (%s),",
		     fmt_count(cli_num(ifc, "tx_packets"), packets),
		     fmt_bytes(cli_num(ifc, "tx_bytes"), bytes));
	fmt_wrap_add(&w, "dropped by the interface %s",
		     fmt_count(cli_num(ifc, "dev_drops"), packets));
	fmt_wrap_end(&w);
}

static void show_list(struct cli *cli, const char *label, const cJSON *list)
{
	struct fmt_wrap w = begin(cli, label);
	const cJSON *a;

	cJSON_ArrayForEach(a, list)
	{
		if (cJSON_IsString(a))
			fmt_wrap_add(&w, "%s", a->valuestring);
		else
			fmt_wrap_add(&w, "%s:%.0f", cli_str(a, "name"),
				     cli_num(a, "port"));
	}
	fmt_wrap_end(&w);
}

static void show_connections(struct cli *cli, const cJSON *conns)
{
	struct fmt_wrap w = begin(cli, "connections");
	char n[FMT_TEXT];
	bool any = false;
	const cJSON *st;

	cJSON_ArrayForEach(st, conns)
	{
		if (!cJSON_IsNumber(st) || !(st->valuedouble > 0))
			continue;
		any = true;
		fmt_wrap_add(&w, "%s %s", fmt_count(st->valuedouble, n),
			     st->string);
	}
	if (!any)
		fmt_wrap_add(&w, "none");
	fmt_wrap_end(&w);
}

/* "2 rules 1 script (3 packets waiting)" */
static void show_impairment(struct cli *cli, const cJSON *im)
{
	static const char *const kinds[] = { "rule", "script", "fault" };
	static const char *const keys[] = { "rules", "scripts", "faults" };
	struct fmt_wrap w = begin(cli, "impaired");
	double queued = cli_num(im, "queued");
	bool any = false;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		double n = cli_num(im, keys[i]);

		if (n > 0)
			fmt_wrap_add(&w, "%.0f %s%s", n, kinds[i],
				     n > 1 ? "s" : "");
		any |= n > 0;
	}
	if (!any)
		fmt_wrap_add(&w, "nothing");
	if (queued > 0)
		fmt_wrap_add(&w, "(%.0f packet%s waiting)", queued,
			     queued > 1 ? "s" : "");
	fmt_wrap_end(&w);
}

static void show_memory(struct cli *cli, const cJSON *mem)
{
	struct fmt_wrap w = begin(cli, "memory");
	char used[FMT_TEXT];
	char limit[FMT_TEXT];
	char peak[FMT_TEXT];

	fmt_wrap_add(&w, "%s of %s,", fmt_bytes(cli_num(mem, "used"), used),
		     fmt_bytes(cli_num(mem, "limit"), limit));
	fmt_wrap_add(&w, "at most %s so far,",
		     fmt_bytes(cli_num(mem, "peak"), peak));
	fmt_wrap_add(&w, "%.0f bytes per idle connection",
		     cli_num(mem, "per_idle_conn"));
	if (cli_bool(mem, "short"))
		fmt_wrap_add(&w, "(short: each connection gets what it is "
				 "promised, no more)");
	fmt_wrap_end(&w);
}

/* What was given up, or "none" and what is missing. */
static void show_sandbox(struct cli *cli, const cJSON *sb)
{
	static const char *const flags[] = { "no_capabilities",
					     "no_new_privileges",
					     "no_core_dumps" };
	static const char *const texts[] = { "no capabilities,",
					     "no new privileges,",
					     "no core dumps," };
	struct fmt_wrap w = begin(cli, "sandbox");
	double landlock = cli_num(sb, "landlock");
	double calls = cli_num(sb, "seccomp");

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (cli_bool(sb, flags[i]))
			fmt_wrap_add(&w, "%s", texts[i]);
	if (landlock > 0)
		fmt_wrap_add(&w, "files by Landlock %.0f,", landlock);
	else
		fmt_wrap_add(&w, "all files,");
	if (calls > 0)
		fmt_wrap_add(&w, "%.0f system calls", calls);
	else
		fmt_wrap_add(&w, "all system calls");
	fmt_wrap_end(&w);
}

/* "2036-11-24" */
static const char *date_text(double s, char text[FMT_TEXT])
{
	time_t t = (time_t)s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(text, FMT_TEXT, "%Y-%m-%d", &tm))
		(void)snprintf(text, FMT_TEXT, "?");
	return text;
}

/* Where a certificate is from, for those that are no file's. */
static const char *source_text(const char *source)
{
	if (!strcmp(source, "made"))
		return ", made by ustackd";
	return strcmp(source, "memory") ? "" : ", until ustackd ends";
}

/* In one piece, without colons: to be copied, and to fit a line. */
static void show_fingerprint(struct cli *cli, const char *fp)
{
	struct fmt_wrap w = begin(cli, "fingerprint");
	char hex[65];
	size_t n = 0;

	for (; *fp && n < sizeof(hex) - 1; fp++)
		if (*fp != ':')
			hex[n++] = *fp;
	hex[n] = '\0';
	fmt_wrap_add(&w, "%s", hex);
	fmt_wrap_end(&w);
}

static void show_certificate(struct cli *cli, const cJSON *tls)
{
	struct fmt_wrap w = begin(cli, "certificate");
	char date[FMT_TEXT];

	fmt_wrap_add(&w, "%s,", cli_str(tls, "subject"));
	fmt_wrap_add(&w, "%s,", cli_str(tls, "key"));
	fmt_wrap_add(&w, "valid until %s%s",
		     date_text(cli_num(tls, "not_after"), date),
		     source_text(cli_str(tls, "source")));
	fmt_wrap_end(&w);
	show_fingerprint(cli, cli_str(tls, "fingerprint"));
}

static void show_warnings(struct cli *cli, const cJSON *list)
{
	const cJSON *text;

	cJSON_ArrayForEach(text, list)
	{
		struct fmt_wrap w = begin(cli, "warning");

		fmt_wrap_add(&w, "%s", cJSON_GetStringValue(text));
		fmt_wrap_end(&w);
	}
}

static void show_tls(struct cli *cli, const cJSON *tls)
{
	struct fmt_wrap w = begin(cli, "TLS");
	double psks = cli_num(tls, "psks");

	fmt_wrap_add(&w, "%s,", cli_str(tls, "library"));
	fmt_wrap_add(&w, "at most %s%s", cli_str(tls, "version"),
		     cli_bool(tls, "client_ca") || psks > 0 ? "," : "");
	if (cli_bool(tls, "client_ca"))
		fmt_wrap_add(&w, "clients show certificates%s",
			     psks > 0 ? "," : "");
	if (psks > 0)
		fmt_wrap_add(&w, "%.0f PSK identit%s", psks,
			     psks > 1 ? "ies" : "y");
	fmt_wrap_end(&w);
	if (item(tls, "fingerprint"))
		show_certificate(cli, tls);
	show_warnings(cli, item(tls, "warnings"));
}

static void show_log(struct cli *cli, const cJSON *log)
{
	struct fmt_wrap w = begin(cli, "log");

	fmt_wrap_add(&w, "%s", cli_str(log, "level"));
	if (cli_num(log, "lost") > 0)
		fmt_wrap_add(&w, "(%.0f events lost)", cli_num(log, "lost"));
	fmt_wrap_end(&w);
}

static int no_arguments(int argc, char **argv)
{
	if (argc <= 1)
		return CLI_DONE;
	return cli_usage("%s takes no argument: %s", argv[0], argv[1]);
}

int cmd_status(struct cli *cli, int argc, char **argv)
{
	const cJSON *addrs;
	cJSON *st;
	int rc = no_arguments(argc, argv);

	if (rc)
		return rc;
	rc = client_call(cli->client, CTL_STATUS, NULL, &st);
	if (rc)
		return rc;
	if (cli->json) {
		cli_print_json(cli, st);
		cJSON_Delete(st);
		return CLI_DONE;
	}
	addrs = item(st, "addresses");
	show_daemon(cli, st);
	show_interface(cli, item(st, "interface"));
	show_list(cli, "host", item(addrs, "host"));
	show_list(cli, "stack", item(addrs, "stack"));
	show_list(cli, "services", item(st, "services"));
	show_connections(cli, item(st, "connections"));
	show_impairment(cli, item(st, "impairment"));
	show_memory(cli, item(st, "memory"));
	if (item(st, "sandbox"))
		show_sandbox(cli, item(st, "sandbox"));
	if (item(item(st, "tls"), "source"))
		show_tls(cli, item(st, "tls"));
	show_log(cli, item(st, "log"));
	cJSON_Delete(st);
	return CLI_DONE;
}

static void show_service(struct cli *cli, const cJSON *s)
{
	char open[FMT_TEXT];
	char accepted[FMT_TEXT];
	char in[FMT_TEXT];
	char out[FMT_TEXT];
	char type[SERVICE_TYPE];

	(void)snprintf(type, sizeof(type), "%.16s%s", cli_str(s, "type"),
		       cli_bool(s, "tls") ? "/tls" : "");
	fprintf(cli->out, "%-17s %-11s %5.0f %9s %11s %10s %10s\n",
		cli_str(s, "name"), type, cli_num(s, "port"),
		fmt_count(cli_num(s, "open"), open),
		fmt_count(cli_num(s, "accepted"), accepted),
		fmt_bytes(cli_num(s, "bytes_in"), in),
		fmt_bytes(cli_num(s, "bytes_out"), out));
	if (cJSON_HasObjectItem(s, "target"))
		fprintf(cli->out, "  to %s\n", cli_str(s, "target"));
}

int cmd_services(struct cli *cli, int argc, char **argv)
{
	const cJSON *s;
	cJSON *result;
	int rc = no_arguments(argc, argv);

	if (rc)
		return rc;
	rc = client_call(cli->client, CTL_SERVICES_LIST, NULL, &result);
	if (rc)
		return rc;
	if (cli->json) {
		cli_print_json(cli, result);
		cJSON_Delete(result);
		return CLI_DONE;
	}
	fmt_head(cli->out, cli->colour,
		 "Name              Type         Port      Open    Accepted"
		 "         In        Out");
	cJSON_ArrayForEach(s, item(result, "services"))
	{
		show_service(cli, s);
	}
	if (cli_num(result, "replaced") > 0)
		fprintf(cli->out,
			"and of services that were replaced, %.0f open\n",
			cli_num(result, "replaced"));
	cJSON_Delete(result);
	return CLI_DONE;
}

static void show_level(struct cli *cli, const cJSON *result)
{
	fprintf(cli->out, "log level %s (was %s)\n", cli_str(result, "level"),
		cli_str(result, "was"));
}

const struct word_def log_words[] = {
	{ "error", "", "what has failed" },
	{ "warning", "", "and what is not as it should be" },
	{ "info", "", "and connections opened, closed, and losses" },
	{ "debug", "", "and changes of state, dropped packets" },
	{ "trace", "", "and each segment" },
	{ NULL, NULL, NULL },
};

int cmd_log(struct cli *cli, int argc, char **argv)
{
	cJSON *params;
	int level;

	if (argc > 2)
		return cli_usage("log takes one level, no %s", argv[2]);
	level = options_word(log_words, "log", argc == 2 ? argv[1] : NULL);
	if (level < 0)
		return CLI_USAGE;
	params = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(params, "level", log_words[level].name);
	return cli_ask(cli, CTL_LOG_SET, params, show_level);
}

static void show_change(struct cli *cli, const char *what)
{
	if (!strcmp(what, "log"))
		fprintf(cli->out, "log: opened again\n");
	else if (!strcmp(what, "tls"))
		fprintf(cli->out, "TLS: new connections get new credentials\n");
	else
		fprintf(cli->out, "changed: %s\n", what);
}

static void show_reload(struct cli *cli, const cJSON *result)
{
	const cJSON *tls = item(result, "tls");
	bool any = false;
	const cJSON *what;

	cJSON_ArrayForEach(what, item(result, "changed"))
	{
		if (!cJSON_IsString(what))
			continue;
		show_change(cli, what->valuestring);
		any |= strcmp(what->valuestring, "log") != 0;
	}
	if (!any)
		fprintf(cli->out, "nothing has changed\n");
	if (!tls)
		return;
	if (item(tls, "fingerprint"))
		show_certificate(cli, tls);
	show_warnings(cli, item(tls, "warnings"));
}

const struct option_def reload_options[] = {
	{ 'q', "quiet", NULL, "say nothing unless it is refused" },
	{ 0, NULL, NULL, NULL },
};

static int take_quiet(void *ctx, int value, const char *arg)
{
	bool *quiet = ctx;

	(void)value;
	(void)arg;
	*quiet = true;
	return CLI_DONE;
}

/* Whoever starts it for the journal has there what the daemon says of it. */
static void show_nothing(struct cli *cli, const cJSON *result)
{
	(void)cli;
	(void)result;
}

int cmd_reload(struct cli *cli, int argc, char **argv)
{
	bool quiet = false;
	const struct option_reader reader = { .command = "reload",
					      .table = reload_options,
					      .take = take_quiet,
					      .ctx = &quiet };
	int first;
	int rc = options_read(&reader, argc, argv, &first);

	if (rc)
		return rc;
	if (first < argc)
		return cli_usage("reload takes no argument: %s", argv[first]);
	return cli_ask(cli, CTL_CONFIG_RELOAD, NULL,
		       quiet ? show_nothing : show_reload);
}

int cmd_shutdown(struct cli *cli, int argc, char **argv)
{
	int rc = no_arguments(argc, argv);

	return rc ? rc : cli_ask(cli, CTL_SHUTDOWN, NULL, NULL);
}
