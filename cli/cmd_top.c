/* SPDX-License-Identifier: MIT */
/*
 * cmd_top.c - top: what moves, live, or once
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "fmt.h"
#include "number.h"
#include "top.h"

#define INTERVAL_DEF_S	 1.
#define INTERVAL_LEAST_S 0.1
#define INTERVAL_MOST_S	 3600.
#define INTERVAL_STEP	 2.
#define US_PER_S	 1e6
#define CTRL_L		 12

/**
 * struct top - a run of the command
 * @cli:	the tool
 * @once:	two readings, a text, and the end
 * @view:	what is shown
 * @sample:	the last two readings
 * @now:	the later one of them
 * @readings:	how many there were
 * @rates:	between the two
 * @next_us:	when the next one is due
 */
struct top {
	struct cli *cli;
	bool once;
	struct top_view view;
	struct top_sample sample[2];
	uint32_t now;
	uint32_t readings;
	struct top_rates rates;
	double next_us;
};

static double clock_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * US_PER_S + (double)ts.tv_nsec / 1e3;
}

/* --------------------------------------------------------------- arguments */

static int read_interval(const char *text, double *interval_s)
{
	uint32_t ms = 0;
	int rc = number_seconds("-d", text, INTERVAL_LEAST_S, INTERVAL_MOST_S,
				&ms);

	*interval_s = ms / 1e3;
	return rc;
}

static int read_sort(const char *text, enum top_sort *sort)
{
	*sort = text[0] && !text[1] ? top_sort_of(text[0]) : TOP_SORTS;
	if (*sort == TOP_SORTS)
		return cli_usage("-s takes t (throughput), r (rtt), c (cwnd), "
				 "x (retransmits) or i (id), not %s",
				 text);
	return CLI_DONE;
}

enum { OPT_ONCE = OPTION_LONG };

const struct option_def top_options[] = {
	{ 'd', "delay", "SECONDS", "time between readings, 0.1 to 3600" },
	{ 's', "sort", "KEY", "order of the connections: t, r, c, x or i" },
	{ OPT_ONCE, "once", NULL, "print once; also without a terminal" },
	{ 0, NULL, NULL, NULL },
};

static int take_option(void *ctx, int value, const char *text)
{
	struct top *t = ctx;

	if (value == 'd')
		return read_interval(text, &t->view.interval_s);
	if (value == 's')
		return read_sort(text, &t->view.sort);
	t->once = true;
	return CLI_DONE;
}

static int read_args(int argc, char **argv, struct top *t)
{
	const struct option_reader reader = { .command = "top",
					      .table = top_options,
					      .take = take_option,
					      .ctx = t };
	int first;
	int rc = options_read(&reader, argc, argv, &first);

	if (!rc && first < argc)
		return cli_usage("top takes options alone, no %s", argv[first]);
	return rc;
}

/* ---------------------------------------------------------------- readings */

static struct top_sample *latest(struct top *t)
{
	return &t->sample[t->now];
}

static int take_reading(struct top *t)
{
	struct top_sample *was = latest(t);
	int rc;

	t->now = !t->now;
	rc = top_read(t->cli->client, latest(t));
	if (rc)
		return rc;
	top_compare(t->readings++ ? was : NULL, latest(t), &t->rates);
	top_order(latest(t), t->view.sort);
	t->next_us = latest(t)->at_us + t->view.interval_s * US_PER_S;
	return CLI_DONE;
}

/* -------------------------------------------------------------------- once */

static void print_line(void *ctx, enum top_look look, const char *line)
{
	struct cli *cli = ctx;

	if (look == TOP_HEADINGS)
		fmt_head(cli->out, cli->colour, line);
	else
		fprintf(cli->out, "%s\n", line);
}

static int run_once(struct top *t)
{
	int rc = take_reading(t);
	double wait_us;

	if (rc)
		return rc;
	wait_us = t->next_us - clock_us();
	if (wait_us > 0)
		(void)nanosleep(
			&(struct timespec){
				.tv_sec = (time_t)(wait_us / US_PER_S),
				.tv_nsec = (long)wait_us % 1000000 * 1000 },
			NULL);
	rc = take_reading(t);
	if (rc)
		return rc;
	if (t->cli->json) {
		cJSON *o = top_json(latest(t), &t->rates);

		cli_print_json(t->cli, o);
		cJSON_Delete(o);
		return CLI_DONE;
	}
	t->view.cols = FMT_WIDTH;
	t->view.put = print_line;
	t->view.ctx = t->cli;
	top_show(&t->view, latest(t), &t->rates);
	return CLI_DONE;
}

/* -------------------------------------------------------------------- live */

static void draw(struct top *t, struct top_screen *sc)
{
	top_screen_size(sc, &t->view.rows, &t->view.cols);
	t->view.put = top_screen_put;
	t->view.ctx = sc;
	top_screen_begin(sc);
	top_show(&t->view, latest(t), &t->rates);
	top_screen_end(sc);
}

static void scroll_by(struct top *t, int64_t lines)
{
	int64_t first = (int64_t)t->view.first + lines;
	int64_t most = latest(t)->nconns;

	first = first < 0 ? 0 : first;
	t->view.first = (uint32_t)(first > most ? most : first);
}

static void set_interval(struct top *t, double interval_s)
{
	if (interval_s < INTERVAL_LEAST_S)
		interval_s = INTERVAL_LEAST_S;
	if (interval_s > INTERVAL_MOST_S)
		interval_s = INTERVAL_MOST_S;
	t->view.interval_s = interval_s;
	t->next_us = latest(t)->at_us + interval_s * US_PER_S;
}

static void on_motion(struct top *t, int key)
{
	int64_t page = top_page(&t->view, latest(t), &t->rates);

	if (key == TOP_KEY_UP)
		scroll_by(t, -1);
	else if (key == TOP_KEY_DOWN)
		scroll_by(t, 1);
	else if (key == TOP_KEY_PAGE_UP)
		scroll_by(t, -page);
	else if (key == TOP_KEY_PAGE_DOWN)
		scroll_by(t, page);
	else if (key == TOP_KEY_HOME)
		scroll_by(t, -(int64_t)TOP_CONNS_MAX);
	else if (key == TOP_KEY_END)
		scroll_by(t, TOP_CONNS_MAX);
}

static void on_key(struct top *t, int key)
{
	enum top_sort sort = top_sort_of(key);

	if (sort != TOP_SORTS) {
		t->view.sort = sort;
		t->view.first = 0;
		top_order(latest(t), sort);
	} else if (key == 'p' || key == ' ') {
		t->view.paused = !t->view.paused;
	} else if (key == '+') {
		set_interval(t, t->view.interval_s * INTERVAL_STEP);
	} else if (key == '-') {
		set_interval(t, t->view.interval_s / INTERVAL_STEP);
	} else if (key >= TOP_KEY_NONE) {
		on_motion(t, key);
	}
	t->view.help = (key == 'h' || key == '?') && !t->view.help;
}

/* Until the time for a reading, or for ever while paused; false = quit. */
static bool wait_for_key(struct top *t, struct top_screen *sc)
{
	double wait_us = t->next_us - clock_us();
	int key;

	if (t->view.paused)
		wait_us = US_PER_S;
	key = top_screen_wait(sc, wait_us > 0 ? wait_us : 0);
	if (key == 'q' || key == TOP_KEY_GONE)
		return false;
	if (key != TOP_KEY_NONE && key != TOP_KEY_RESIZE)
		on_key(t, key);
	return true;
}

static int run_live(struct top *t)
{
	struct top_screen *sc;
	int rc = take_reading(t); /* complaints go to the terminal as it is */

	if (rc)
		return rc;
	sc = top_screen_open(t->cli->colour);
	if (!sc)
		return CLI_REFUSED;
	do {
		if (!t->view.paused && clock_us() >= t->next_us)
			rc = take_reading(t);
		if (!rc)
			draw(t, sc);
	} while (!rc && wait_for_key(t, sc));
	top_screen_close(sc);
	return rc;
}

int cmd_top(struct cli *cli, int argc, char **argv)
{
	struct top *t = calloc(1, sizeof(*t));
	int rc;

	if (!t) {
		fprintf(stderr, "ustackctl: out of memory\n");
		return CLI_REFUSED;
	}
	t->cli = cli;
	t->view.interval_s = INTERVAL_DEF_S;
	rc = read_args(argc, argv, t);
	if (!rc && !t->once && !cli->json &&
	    !(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)))
		rc = cli_usage("top draws on a terminal; top --once prints");
	if (!rc)
		rc = t->once || cli->json ? run_once(t) : run_live(t);
	top_sample_fini(&t->sample[0]);
	top_sample_fini(&t->sample[1]);
	free(t);
	return rc;
}
