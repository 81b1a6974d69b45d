/* SPDX-License-Identifier: MIT */
/*
 * cmd_trace.c - trace: a connection's life as a ladder diagram, from what the
 *		 daemon remembers, or while it happens
 *
 *	--next	  subscribe to the next one, draw until it is closed
 *	ID -f	  subscribe to it, then ask for its history: what happens in
 *		  between comes twice, and the second time is left out
 *
 * A packet that was sent last may still be impaired, and a change of state may
 * follow a segment, so both wait for what comes next, but not for long.
 */

#include <string.h>
#include <time.h>

#include "cli.h"
#include "client.h"
#include "daemon/ctl_proto.h"
#include "fmt.h"
#include "ladder.h"
#include "life.h"
#include "number.h"

#define SETTLE_MS 100 /* how long what was drawn last waits for more */
#define FOREVER	  (-1)

enum what { WHAT_LAST, WHAT_ID, WHAT_NEXT, WHAT_LIST };

/**
 * struct trace_args - what was asked for
 * @what:	whose trace
 * @id:		with WHAT_ID: whose
 * @port:	with WHAT_NEXT: the next one with this port, 0 = any
 * @follow:	go on until it is closed
 * @fold:	runs of ordinary segments in one line
 * @bare:	without what differs from run to run
 * @given:	how often it was said whose trace
 */
struct trace_args {
	enum what what;
	double id;
	unsigned long long port;
	bool follow;
	bool fold;
	bool bare;
	int given;
};

/**
 * struct trace - a trace being drawn
 * @cli:	the run
 * @life:	what happened
 * @ladder:	where it is drawn
 * @headed:	the heading stands
 * @last_us:	daemon's clock at the end of the history
 * @tail:	the history's events of that time
 */
struct trace {
	struct cli *cli;
	struct life *life;
	struct ladder *ladder;
	bool headed;
	double last_us;
	cJSON *tail;
};

/* ---------------------------------------------------------------- arguments */

static int read_id(const char *text, struct trace_args *a)
{
	unsigned long long v;

	if (!number_parse(text, 0, NUMBER_ID_MAX, &v))
		return cli_usage("trace takes a connection's number, which "
				 "ustackctl trace --list shows, not %s",
				 text);
	a->id = (double)v;
	a->what = WHAT_ID;
	return CLI_DONE;
}

enum { OPT_LAST = OPTION_LONG, OPT_NEXT, OPT_LIST, OPT_FOLD, OPT_NO_TIME };

const struct option_def trace_options[] = {
	{ OPT_LAST, "last", NULL, "of the one that was opened last" },
	{ OPT_NEXT, "next", NULL, "of the next one, while it happens" },
	{ OPT_LIST, "list", NULL, "which connections are remembered" },
	{ 'f', "follow", NULL, "go on until it is closed" },
	{ 'p', "port", "PORT", "with --next: one with a port at either end" },
	{ OPT_FOLD, "fold", NULL, "runs of ordinary segments in one line" },
	{ OPT_NO_TIME, "no-time", NULL,
	  "without what differs from run to run" },
	{ 0, NULL, NULL, NULL },
};

static int take_option(void *ctx, int value, const char *text)
{
	struct trace_args *a = ctx;

	switch (value) {
	case 'f':
		a->follow = true;
		break;
	case OPT_FOLD:
		a->fold = true;
		break;
	case OPT_NO_TIME:
		a->bare = true;
		break;
	case 'p':
		return number_port("-p", text, &a->port);
	default:
		a->what = value == OPT_LAST   ? WHAT_LAST
			  : value == OPT_NEXT ? WHAT_NEXT
					      : WHAT_LIST;
		a->given++;
	}
	return CLI_DONE;
}

static int read_args(int argc, char **argv, struct trace_args *a)
{
	const struct option_reader reader = { .command = "trace",
					      .table = trace_options,
					      .take = take_option,
					      .ctx = a };
	int first;
	int rc = options_read(&reader, argc, argv, &first);

	for (; !rc && first < argc; first++, a->given++)
		rc = read_id(argv[first], a);
	if (rc)
		return rc;
	if (a->given > 1)
		return cli_usage("trace takes one of ID, --last, --next and "
				 "--list");
	if (a->port && a->what != WHAT_NEXT)
		return cli_usage("-p goes with --next: the next connection "
				 "with that port");
	return CLI_DONE;
}

/* ------------------------------------------------------------------ drawing */

static int open_trace(struct trace *t, const struct trace_args *a)
{
	const struct ladder_args how = { .out = t->cli->out,
					 .colour = t->cli->colour,
					 .bare = a->bare,
					 .fold = a->fold };

	t->life = life_new();
	t->ladder = ladder_new(&how);
	if (t->life && t->ladder)
		return CLI_DONE;
	fprintf(stderr, "ustackctl: out of memory\n");
	return CLI_REFUSED;
}

static void close_trace(struct trace *t)
{
	cJSON_Delete(t->tail);
	ladder_free(t->ladder);
	life_free(t->life);
}

/* Draw what will not change any more. */
static void draw(struct trace *t)
{
	struct life *l = t->life;

	if (t->cli->json || !l->settled)
		return;
	if (!t->headed)
		ladder_head(t->ladder, l);
	t->headed = true;
	for (size_t i = 0; i < l->settled; i++)
		ladder_add(t->ladder, &l->rec[i]);
	life_forget(l, l->settled);
}

static void draw_end(struct trace *t)
{
	life_end(t->life);
	draw(t);
	if (!t->cli->json)
		ladder_foot(t->ladder, t->life);
}

/* ------------------------------------------------------------------ history */

/* Remember the events at the end, they may come again. */
static void keep_tail(struct trace *t, const cJSON *trace)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(trace, "events");
	const cJSON *event = NULL;

	t->tail = cJSON_CreateArray();
	cJSON_ArrayForEach(event, list)
	{
		double at_us = cli_num(event, "time_us");
		cJSON *copy = cJSON_Duplicate(event, true);

		if (at_us > t->last_us) {
			cJSON_Delete(t->tail);
			t->tail = cJSON_CreateArray();
			t->last_us = at_us;
		}
		cJSON_DeleteItemFromObjectCaseSensitive(copy, "n");
		(void)cJSON_AddItemToArray(t->tail, copy);
	}
}

/* Was an event in the history, too? */
static bool is_told(struct trace *t, const cJSON *event)
{
	double at_us = cli_num(event, "time_us");
	int n = cJSON_GetArraySize(t->tail);

	if (at_us != t->last_us)
		return at_us < t->last_us;
	for (int i = 0; i < n; i++) {
		if (!cJSON_Compare(cJSON_GetArrayItem(t->tail, i), event, true))
			continue;
		cJSON_DeleteItemFromArray(t->tail, i);
		return true;
	}
	return false;
}

static int fetch(struct cli *cli, const struct trace_args *a, cJSON **result)
{
	cJSON *params = cJSON_CreateObject();

	if (a->what == WHAT_ID)
		(void)cJSON_AddNumberToObject(params, "id", a->id);
	else
		(void)cJSON_AddTrueToObject(params, "last");
	return client_call(cli->client, CTL_TRACE_GET, params, result);
}

/* --------------------------------------------------------------------- live */

static void take_event(struct trace *t, const cJSON *event)
{
	if (is_told(t, event))
		return;
	if (t->cli->json) {
		cli_print_json(t->cli, event);
		(void)fflush(t->cli->out);
	}
	life_feed(t->life, event);
}

static void take(struct trace *t, const cJSON *msg)
{
	const cJSON *params = cJSON_GetObjectItemCaseSensitive(msg, "params");
	const char *method = cli_str(msg, "method");

	if (!strcmp(method, CTL_EVENT))
		take_event(t, params);
	else if (!strcmp(method, CTL_EVENTS_LOST))
		life_skip(t->life, (uint64_t)(cli_num(params, "n") +
					      cli_num(params, "overrun")));
}

/* Draw what happens until the connection is closed. */
static int follow(struct trace *t)
{
	bool waits = false; /* something drawn last */

	while (t->life->open) {
		cJSON *msg;
		int rc = client_next(t->cli->client,
				     waits ? SETTLE_MS : FOREVER, &msg);

		if (rc)
			return rc;
		waits = msg != NULL;
		if (msg)
			take(t, msg);
		else
			life_settle(t->life);
		cJSON_Delete(msg);
		draw(t);
		if (!waits && !t->cli->json)
			ladder_flush(t->ladder);
		(void)fflush(t->cli->out);
	}
	return CLI_DONE;
}

static int subscribe(struct cli *cli, const struct trace_args *a,
		     uint64_t *wall_us)
{
	cJSON *params = cJSON_CreateObject();
	cJSON *result;
	int rc;

	if (a->what == WHAT_ID)
		(void)cJSON_AddNumberToObject(params, "conn", a->id);
	else
		(void)cJSON_AddTrueToObject(params, "next");
	if (a->port)
		(void)cJSON_AddNumberToObject(params, "port", (double)a->port);
	rc = client_call(cli->client, CTL_EVENTS_SUBSCRIBE, params, &result);
	if (!rc)
		*wall_us = (uint64_t)cli_num(result, "wall_offset_us");
	cJSON_Delete(result);
	return rc;
}

static int trace_next(struct trace *t, const struct trace_args *a)
{
	int rc = subscribe(t->cli, a, &t->life->wall_us);

	if (rc)
		return rc;
	fprintf(stderr, "waiting for the next connection; Ctrl-C ends\n");
	rc = follow(t);
	draw_end(t);
	return rc;
}

/* A history, and with -f what comes behind it. */
static int trace_one(struct trace *t, struct trace_args *a)
{
	cJSON *result;
	int rc = fetch(t->cli, a, &result);
	bool open;

	if (rc)
		return rc;
	open = cli_bool(result, "open");
	if (a->follow && open) { /* once more, what happens now comes, too */
		a->id = cli_num(result, "id");
		a->what = WHAT_ID;
		rc = subscribe(t->cli, a, &t->life->wall_us);
		cJSON_Delete(result);
		rc = rc ? rc : fetch(t->cli, a, &result);
		if (rc)
			return rc;
	}
	if (t->cli->json)
		cli_print_json(t->cli, result);
	life_load(t->life, result);
	keep_tail(t, result);
	cJSON_Delete(result);
	draw(t);
	(void)fflush(t->cli->out);
	if (a->follow && open)
		rc = follow(t);
	draw_end(t);
	return rc;
}

/* --------------------------------------------------------------------- list */

static void list_one(struct cli *cli, const cJSON *c, double offset_us)
{
	double first_us = cli_num(c, "first_us");
	time_t began = (time_t)((first_us + offset_us) / 1e6);
	char clock[FMT_TEXT] = "?";
	char lasted[FMT_TEXT];
	char peer[LIFE_TEXT];
	char us[LIFE_TEXT];
	struct tm tm;

	if (localtime_r(&began, &tm))
		(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	fprintf(cli->out, "%6.0f %-6s %-8s %8s %7.0f  %s > %s\n",
		cli_num(c, "id"), cli_bool(c, "open") ? "open" : "closed",
		clock, fmt_time(cli_num(c, "last_us") - first_us, lasted),
		cli_num(c, "events"),
		fmt_endpoint(cli_str(c, "remote"), cli_num(c, "rport"), peer,
			     sizeof(peer)),
		fmt_endpoint(cli_str(c, "local"), cli_num(c, "lport"), us,
			     sizeof(us)));
}

static int trace_list(struct cli *cli)
{
	const cJSON *c;
	cJSON *result;
	int rc = client_call(cli->client, CTL_TRACE_LIST, NULL, &result);

	if (rc)
		return rc;
	if (cli->json) {
		cli_print_json(cli, result);
	} else {
		fmt_head(cli->out, cli->colour,
			 "    Id State  Began      Lasted  Events  Peer > us");
		cJSON_ArrayForEach(
			c, cJSON_GetObjectItemCaseSensitive(result, "traces"))
			list_one(cli, c, cli_num(result, "wall_offset_us"));
	}
	cJSON_Delete(result);
	return CLI_DONE;
}

int cmd_trace(struct cli *cli, int argc, char **argv)
{
	struct trace_args a = { .what = WHAT_LAST };
	struct trace t = { .cli = cli };
	int rc = read_args(argc, argv, &a);

	if (rc)
		return rc;
	if (a.what == WHAT_LIST)
		return trace_list(cli);
	rc = open_trace(&t, &a);
	if (!rc)
		rc = a.what == WHAT_NEXT ? trace_next(&t, &a)
					 : trace_one(&t, &a);
	close_trace(&t);
	return rc;
}
