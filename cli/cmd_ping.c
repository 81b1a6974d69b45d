/* SPDX-License-Identifier: MIT */
/*
 * cmd_ping.c - ping: ICMP echo from the stack, in the habit of ping(8)
 *
 * One request is under way at a time: the next one goes when the interval is
 * over and the last one has its end, by an answer or by its time.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "cli.h"
#include "client.h"
#include "daemon/ctl_proto.h"
#include "fmt.h"
#include "number.h"
#include "resolve.h"

#define HEADERS4	 28u /* of IPv4 and ICMP */
#define HEADERS6	 48u
#define INTERVAL_MAX_S	 3600.
#define INTERVAL_LEAST_S 0.002 /* as ping(8) lets anybody */

/**
 * struct ping_args - what was asked for
 * @host:	whom to ask, as given
 * @local:	from which address, NULL = any
 * @family:	AF_INET, AF_INET6, AF_UNSPEC
 * @count:	requests, 0 = until somebody stops it
 * @size:	bytes behind the ICMP header
 * @ttl:	0 = the stack's default
 * @df:		forbid fragments
 * @interval_ms: from one request to the next
 * @wait_ms:	for each answer
 */
struct ping_args {
	const char *host;
	const char *local;
	int family;
	unsigned long long count;
	unsigned long long size;
	unsigned long long ttl;
	bool df;
	uint32_t interval_ms;
	uint32_t wait_ms;
};

/**
 * struct ping_sum - what there was
 * @sent:	requests
 * @received:	replies
 * @errors:	answers that were none
 * @min_us:	round-trip times of the replies
 * @max_us:	the same
 * @sum_us:	the same
 * @began_ms:	when it began
 */
struct ping_sum {
	unsigned long sent;
	unsigned long received;
	unsigned long errors;
	double min_us;
	double max_us;
	double sum_us;
	uint64_t began_ms;
};

/* -------------------------------------------------------------- arguments */

const struct option_def ping_options[] = {
	{ '4', NULL, NULL, "only IPv4" },
	{ '6', NULL, NULL, "only IPv6" },
	{ 'c', NULL, "COUNT", "so many requests" },
	{ 'i', NULL, "SECONDS", "the interval from one to the next" },
	{ 's', NULL, "SIZE", "bytes behind the ICMP header" },
	{ 't', NULL, "TTL", "time to live, or hop limit" },
	{ 'W', NULL, "SECONDS", "how long to wait for each answer" },
	{ 'M', NULL, "do", "let nobody cut a request into fragments" },
	{ 'I', NULL, "ADDRESS", "from this address of the stack" },
	{ 0, NULL, NULL, NULL },
};

static int take_option(void *ctx, int value, const char *text)
{
	struct ping_args *a = ctx;

	switch (value) {
	case '4':
		a->family = AF_INET;
		return CLI_DONE;
	case '6':
		a->family = AF_INET6;
		return CLI_DONE;
	case 'c':
		return number_option("-c", text, 1, 1000000000, &a->count);
	case 'i':
		return number_seconds("-i", text, INTERVAL_LEAST_S,
				      INTERVAL_MAX_S, &a->interval_ms);
	case 's':
		return number_option("-s", text, 0, CTL_PING_SIZE_MAX,
				     &a->size);
	case 't':
		return number_option("-t", text, 1, UINT8_MAX, &a->ttl);
	case 'W':
		return number_seconds("-W", text, 1e-3,
				      CTL_PING_TIMEOUT_MAX / 1e3, &a->wait_ms);
	case 'I':
		a->local = text;
		return CLI_DONE;
	default:
		a->df = !strcmp(text, "do");
		return a->df ? CLI_DONE
			     : cli_usage("-M takes do: let nobody cut it, not "
					 "%s",
					 text);
	}
}

static int read_args(int argc, char **argv, struct ping_args *a)
{
	const struct option_reader reader = { .command = "ping",
					      .table = ping_options,
					      .take = take_option,
					      .ctx = a };
	int first;
	int rc = options_read(&reader, argc, argv, &first);

	if (rc)
		return rc;
	if (first + 1 != argc)
		return cli_usage("ping takes one HOST, as in ping 10.7.0.1");
	a->host = argv[first];
	return CLI_DONE;
}

/* ----------------------------------------------------------------- output */

static double to_ms(double us)
{
	return us / 1e3;
}

static void show_head(const struct cli *cli, const struct ping_args *a,
		      const char *addr)
{
	unsigned long long headers = strchr(addr, ':') ? HEADERS6 : HEADERS4;

	if (!cli->json)
		fprintf(cli->out, "PING %s (%s): %llu(%llu) bytes of data\n",
			a->host, addr, a->size, a->size + headers);
}

static void show_reply(const struct cli *cli, const cJSON *r)
{
	fprintf(cli->out,
		"%.0f bytes from %s: seq=%.0f ttl=%.0f time=%.3f ms\n",
		cli_num(r, "bytes"), cli_str(r, "from"), cli_num(r, "seq"),
		cli_num(r, "ttl"), to_ms(cli_num(r, "rtt_us")));
}

/* What came instead of a reply. */
static void show_error(const struct cli *cli, const struct ping_args *a,
		       const cJSON *r)
{
	const char *outcome = cli_str(r, "outcome");

	if (!strcmp(outcome, "timeout")) {
		fprintf(cli->out, "no answer to seq=%.0f in %g s\n",
			cli_num(r, "seq"), a->wait_ms / 1e3);
		return;
	}
	fprintf(cli->out, "from %s: seq=%.0f ", cli_str(r, "from"),
		cli_num(r, "seq"));
	if (!strcmp(outcome, "too_big") && cJSON_HasObjectItem(r, "mtu"))
		fprintf(cli->out, "too big, mtu=%.0f\n", cli_num(r, "mtu"));
	else if (!strcmp(outcome, "too_big"))
		fprintf(cli->out, "too big\n");
	else if (!strcmp(outcome, "time_exceeded"))
		fprintf(cli->out, "time to live exceeded\n");
	else
		fprintf(cli->out, "%s\n", cli_str(r, "reason"));
}

/* Count an answer, and show it. */
static void take_answer(const struct cli *cli, const struct ping_args *a,
			struct ping_sum *sum, const cJSON *r)
{
	const char *outcome = cli_str(r, "outcome");
	double us = cli_num(r, "rtt_us");

	if (!strcmp(outcome, "reply")) {
		if (!sum->received || us < sum->min_us)
			sum->min_us = us;
		if (us > sum->max_us)
			sum->max_us = us;
		sum->sum_us += us;
		sum->received++;
	} else if (strcmp(outcome, "timeout") != 0) {
		sum->errors++;
	}
	if (cli->json)
		cli_print_json(cli, r);
	else if (!strcmp(outcome, "reply"))
		show_reply(cli, r);
	else
		show_error(cli, a, r);
	(void)fflush(cli->out);
}

static double mean_us(const struct ping_sum *sum)
{
	return sum->sum_us / (double)sum->received;
}

static void sum_json(const struct cli *cli, const struct ping_sum *sum)
{
	cJSON *obj = cJSON_CreateObject();
	cJSON *rtt;

	(void)cJSON_AddNumberToObject(obj, "transmitted", (double)sum->sent);
	(void)cJSON_AddNumberToObject(obj, "received", (double)sum->received);
	(void)cJSON_AddNumberToObject(obj, "errors", (double)sum->errors);
	if (sum->received) {
		rtt = cJSON_AddObjectToObject(obj, "rtt_us");
		(void)cJSON_AddNumberToObject(rtt, "min", sum->min_us);
		(void)cJSON_AddNumberToObject(rtt, "avg", mean_us(sum));
		(void)cJSON_AddNumberToObject(rtt, "max", sum->max_us);
	}
	cli_print_json(cli, obj);
	cJSON_Delete(obj);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000u + (uint64_t)ts.tv_nsec / 1000000u;
}

static void show_sum(const struct cli *cli, const struct ping_args *a,
		     const struct ping_sum *sum)
{
	double lost = (double)(sum->sent - sum->received);

	if (cli->json) {
		sum_json(cli, sum);
		return;
	}
	fprintf(cli->out, "--- %s ping statistics ---\n", a->host);
	fprintf(cli->out, "%lu packets transmitted, %lu received, ", sum->sent,
		sum->received);
	if (sum->errors)
		fprintf(cli->out, "+%lu errors, ", sum->errors);
	fprintf(cli->out, "%.4g%% packet loss, time %lums\n",
		sum->sent ? 100. * lost / (double)sum->sent : 0.,
		(unsigned long)(now_ms() - sum->began_ms));
	if (sum->received)
		fprintf(cli->out, "rtt min/avg/max = %.3f/%.3f/%.3f ms\n",
			to_ms(sum->min_us), to_ms(mean_us(sum)),
			to_ms(sum->max_us));
}

/* ---------------------------------------------------------------- running */

static cJSON *make_request(const struct ping_args *a, const char *addr,
			   unsigned long seq)
{
	cJSON *params = cJSON_CreateObject();

	(void)cJSON_AddStringToObject(params, "address", addr);
	if (a->local)
		(void)cJSON_AddStringToObject(params, "local", a->local);
	(void)cJSON_AddNumberToObject(params, "seq",
				      (double)(seq & UINT16_MAX));
	(void)cJSON_AddNumberToObject(params, "size", (double)a->size);
	if (a->ttl)
		(void)cJSON_AddNumberToObject(params, "ttl", (double)a->ttl);
	if (a->df)
		(void)cJSON_AddTrueToObject(params, "df");
	(void)cJSON_AddNumberToObject(params, "timeout_ms", a->wait_ms);
	return params;
}

/* Let the rest of the interval pass, unless somebody stops it. */
static int rest(struct cli *cli, uint64_t until_ms)
{
	int rc = CLI_DONE;
	cJSON *msg;

	while (!rc && !client_stopped(cli->client) && now_ms() < until_ms) {
		rc = client_next(cli->client, (int)(until_ms - now_ms()), &msg);
		cJSON_Delete(msg);
	}
	return rc;
}

static bool goes_on(const struct cli *cli, const struct ping_args *a,
		    const struct ping_sum *sum)
{
	return !client_stopped(cli->client) && !ferror(cli->out) &&
	       (!a->count || sum->sent < a->count);
}

static int run(struct cli *cli, const struct ping_args *a, const char *addr,
	       struct ping_sum *sum)
{
	int rc = CLI_DONE;
	cJSON *r;

	while (!rc && goes_on(cli, a, sum)) {
		uint64_t next_ms = now_ms() + a->interval_ms;

		rc = client_call(cli->client, CTL_PING,
				 make_request(a, addr, sum->sent + 1), &r);
		if (rc)
			break;
		sum->sent++;
		if (r)
			take_answer(cli, a, sum, r);
		cJSON_Delete(r);
		if (goes_on(cli, a, sum))
			rc = rest(cli, next_ms);
	}
	return rc;
}

int cmd_ping(struct cli *cli, int argc, char **argv)
{
	struct ping_args a = { .family = AF_UNSPEC,
			       .size = CTL_PING_SIZE,
			       .interval_ms = 1000,
			       .wait_ms = CTL_PING_TIMEOUT_MS };
	struct ping_sum sum = { .began_ms = now_ms() };
	struct resolved host;
	int rc = read_args(argc, argv, &a);

	if (!rc)
		rc = resolve_host(cli, a.host, a.family, &host);
	if (!rc)
		rc = client_follow(cli->client, cli->out);
	if (rc)
		return rc;
	show_head(cli, &a, host.addr[0]);
	rc = run(cli, &a, host.addr[0], &sum);
	if (sum.sent)
		show_sum(cli, &a, &sum);
	if (rc || sum.received || !sum.sent)
		return rc;
	return CLI_TIMED_OUT;
}
