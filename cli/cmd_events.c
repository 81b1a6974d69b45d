/* SPDX-License-Identifier: MIT */
/*
 * cmd_events.c - events: what happened lately, or what happens
 *
 *	without -f	the histories that the daemon has, merged by time
 *	with -f		a subscription
 *
 * Histories are fetched from the youngest on, until the rest must be older than
 * the last events that are wanted.
 */

#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "client.h"
#include "daemon/ctl_proto.h"
#include "event_fmt.h"
#include "fmt.h"
#include "number.h"

#define TYPES_MAX 16
#define LAST_DEF  100ul

/**
 * struct events_args - what was asked for
 * @follow:	what happens from now on
 * @next:	only of the next connection
 * @conn:	only of this one, 0 = all
 * @port:	only with this port, 0 = all
 * @count:	so many: the last ones, or when following, the first ones; 0 = as
 *		many as there are
 * @ntypes:	entries in @type
 * @type:	only these kinds, or what begins so
 */
struct events_args {
	bool follow;
	bool next;
	unsigned long long conn;
	unsigned long long port;
	unsigned long long count;
	int ntypes;
	const char *type[TYPES_MAX];
};

/* ---------------------------------------------------------------- arguments */

static int add_type(struct events_args *a, const char *type)
{
	if (a->ntypes == TYPES_MAX)
		return cli_usage("-t can be given %d times", TYPES_MAX);
	a->type[a->ntypes++] = type;
	return event_check_type(type);
}

const struct option_def events_options[] = {
	{ 'f', "follow", NULL, "what happens from now on" },
	{ 'c', "conn", "ID", "only of one connection" },
	{ 'N', "next", NULL, "follow the next connection that begins" },
	{ 'p', "port", "PORT", "only with a port at either end" },
	{ 't', "type", "TYPE", "only names that begin so; may be repeated" },
	{ 'n', "count", "COUNT", "at most the last ones; with -f the first" },
	{ 0, NULL, NULL, NULL },
};

static int take_option(void *ctx, int value, const char *text)
{
	struct events_args *a = ctx;
	int rc = CLI_DONE;

	switch (value) {
	case 'N':
		a->next = true;
		a->follow = true;
		break;
	case 'c':
		rc = number_option("-c", text, 1, NUMBER_ID_MAX, &a->conn);
		break;
	case 'p':
		rc = number_port("-p", text, &a->port);
		break;
	case 'n':
		rc = number_option("-n", text, 1, UINT32_MAX, &a->count);
		break;
	case 't':
		rc = add_type(a, text);
		break;
	default:
		a->follow = true;
	}
	return rc;
}

static int read_args(int argc, char **argv, struct events_args *a)
{
	const struct option_reader reader = { .command = "events",
					      .table = events_options,
					      .take = take_option,
					      .ctx = a };
	int first;
	int rc = options_read(&reader, argc, argv, &first);

	if (rc)
		return rc;
	if (first < argc)
		return cli_usage("events takes options alone, no %s; of one "
				 "connection: -c ID",
				 argv[first]);
	if (a->next && a->conn)
		return cli_usage("either --conn, a connection that is there, "
				 "or --next, one that will be opened");
	return CLI_DONE;
}

/* ------------------------------------------------------------------ filters */

static bool has_type(const struct events_args *a, const cJSON *ev)
{
	for (int i = 0; i < a->ntypes; i++)
		if (event_has_type(cli_str(ev, "event"), a->type[i]))
			return true;
	return !a->ntypes;
}

static bool has_port(const struct events_args *a, const cJSON *trace)
{
	double port = (double)a->port;

	return !a->port || cli_num(trace, "lport") == port ||
	       cli_num(trace, "rport") == port;
}

/* ------------------------------------------------------------------ showing */

static void show(const struct cli *cli, const cJSON *ev,
		 const struct event_style *style)
{
	char text[EVENT_TEXT];

	if (cli->json)
		cli_print_json(cli, ev);
	else
		fprintf(cli->out, "%s\n", event_text(ev, style, text));
}

/* ------------------------------------------------------------------- lately */

/**
 * struct lately - events of several histories
 * @ev:		the events; borrowed from @answers
 * @n:		entries there
 * @room:	room there
 * @answers:	histories
 */
struct lately {
	const cJSON **ev;
	size_t n;
	size_t room;
	cJSON *answers;
};

static bool collect(struct lately *l, const struct events_args *a,
		    const cJSON *trace)
{
	const cJSON *events = cJSON_GetObjectItemCaseSensitive(trace, "events");
	size_t room = l->n + (size_t)cJSON_GetArraySize(events);
	const cJSON **more;
	const cJSON *ev;

	if (room > l->room) {
		more = realloc(l->ev, 2 * room * sizeof(cJSON *));
		if (!more)
			return false;
		l->ev = more;
		l->room = 2 * room;
	}
	cJSON_ArrayForEach(ev, events) if (has_type(a, ev)) l->ev[l->n++] = ev;
	return true;
}

static int by_time(const void *a, const void *b)
{
	const cJSON *x = *(const cJSON *const *)a;
	const cJSON *y = *(const cJSON *const *)b;
	static const char *const keys[] = { "time_us", "conn", "n" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		double d = cli_num(x, keys[i]) - cli_num(y, keys[i]);

		if (d < 0 || d > 0)
			return d < 0 ? -1 : 1;
	}
	return 0;
}

/* Are there as many as are wanted that happened after @last_us? */
static bool has_enough(const struct lately *l, const struct events_args *a,
		       double last_us)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += cli_num(l->ev[i], "time_us") > last_us;
	return a->count && n >= a->count;
}

/* Fetch one history, if it is still there; an exit status. */
static int fetch(struct cli *cli, const struct events_args *a, double id,
		 struct lately *l)
{
	cJSON *params = cJSON_CreateObject();
	cJSON *trace;
	int rc;

	(void)cJSON_AddNumberToObject(params, "id", id);
	rc = client_call(cli->client, CTL_TRACE_GET, params, &trace);
	if (rc)
		return rc;
	if (!collect(l, a, trace)) {
		cJSON_Delete(trace);
		fprintf(stderr, "ustackctl: out of memory\n");
		return CLI_REFUSED;
	}
	(void)cJSON_AddItemToArray(l->answers, trace);
	return CLI_DONE;
}

/* The history, of those not looked at yet, whose last event is the youngest. */
static cJSON *take_youngest(cJSON *traces)
{
	cJSON *youngest = NULL;
	cJSON *t;

	cJSON_ArrayForEach(t, traces) if (!youngest ||
					  cli_num(t, "last_us") >
						  cli_num(youngest, "last_us"))
		youngest = t;
	return youngest ? cJSON_DetachItemViaPointer(traces, youngest) : NULL;
}

/* Fetch what may be wanted of @list; an exit status. */
static int fetch_all(struct cli *cli, const struct events_args *a,
		     const cJSON *list, struct lately *l)
{
	cJSON *traces = cJSON_GetObjectItemCaseSensitive(list, "traces");
	int rc = CLI_DONE;
	cJSON *t;

	while (!rc && (t = take_youngest(traces))) {
		if (has_enough(l, a, cli_num(t, "last_us"))) {
			cJSON_Delete(t);
			break;
		}
		if (has_port(a, t) &&
		    (!a->conn || cli_num(t, "id") == (double)a->conn))
			rc = fetch(cli, a, cli_num(t, "id"), l);
		if (rc == CLI_NO_OBJECT && !a->conn)
			rc = CLI_DONE; /* it had to make room meanwhile */
		cJSON_Delete(t);
	}
	return rc;
}

static int show_lately(struct cli *cli, const struct events_args *a)
{
	struct lately l = { .answers = cJSON_CreateArray() };
	struct event_style style = { .colour = cli->colour };
	size_t from = 0;
	cJSON *list;
	int rc;

	rc = client_call(cli->client, CTL_TRACE_LIST, NULL, &list);
	if (!rc)
		rc = fetch_all(cli, a, list, &l);
	if (!rc && a->conn && !cJSON_GetArraySize(l.answers))
		rc = fetch(cli, a, (double)a->conn,
			   &l); /* the error says more */
	style.wall_offset_us = cli_num(list, "wall_offset_us");
	if (!rc && l.n) {
		qsort(l.ev, l.n, sizeof(cJSON *), by_time);
		if (a->count && l.n > a->count)
			from = l.n - a->count;
	}
	for (size_t i = from; !rc && i < l.n; i++)
		show(cli, l.ev[i], &style);
	free(l.ev);
	cJSON_Delete(l.answers);
	cJSON_Delete(list);
	return rc;
}

/* ---------------------------------------------------------------- following */

static cJSON *make_subscription(const struct events_args *a)
{
	cJSON *params = cJSON_CreateObject();

	if (a->conn)
		(void)cJSON_AddNumberToObject(params, "conn", (double)a->conn);
	if (a->port)
		(void)cJSON_AddNumberToObject(params, "port", (double)a->port);
	if (a->next)
		(void)cJSON_AddTrueToObject(params, "next");
	if (a->ntypes)
		(void)cJSON_AddItemToObject(params, "types",
					    cJSON_CreateStringArray(a->type,
								    a->ntypes));
	return params;
}

/* Losses, in the place of what was lost. */
static void show_lost(const struct cli *cli, cJSON *params)
{
	double n = cli_num(params, "n");
	double overrun = cli_num(params, "overrun");

	if (cli->json) {
		(void)cJSON_AddStringToObject(params, "event", CTL_EVENTS_LOST);
		cli_print_json(cli, params);
		return;
	}
	if (n > 0)
		fprintf(cli->out, "-- %.0f events lost: too slow a reader\n",
			n);
	if (overrun > 0)
		fprintf(cli->out,
			"-- %.0f events lost: faster than the daemon hands "
			"them out\n",
			overrun);
}

static int follow(struct cli *cli, const struct events_args *a)
{
	struct event_style style = { .colour = cli->colour };
	unsigned long n = 0;
	cJSON *result;
	cJSON *msg;
	int rc;

	rc = client_follow(cli->client, cli->out);
	if (!rc)
		rc = client_call(cli->client, CTL_EVENTS_SUBSCRIBE,
				 make_subscription(a), &result);
	if (rc)
		return rc;
	style.wall_offset_us = cli_num(result, "wall_offset_us");
	cJSON_Delete(result);
	while (!rc && !client_stopped(cli->client) &&
	       (!a->count || n < a->count)) {
		if (!client_has_more(cli->client) && fflush(cli->out))
			break; /* nobody reads it */
		rc = client_next(cli->client, -1, &msg);
		if (!strcmp(cli_str(msg, "method"), CTL_EVENT)) {
			show(cli, cJSON_GetObjectItem(msg, "params"), &style);
			n++;
		} else if (msg) {
			show_lost(cli, cJSON_GetObjectItem(msg, "params"));
		}
		cJSON_Delete(msg);
	}
	return rc;
}

int cmd_events(struct cli *cli, int argc, char **argv)
{
	struct events_args a = { 0 };
	int rc = read_args(argc, argv, &a);

	if (rc)
		return rc;
	if (a.follow)
		return follow(cli, &a);
	if (!a.count && !a.conn)
		a.count = LAST_DEF;
	return show_lately(cli, &a);
}
