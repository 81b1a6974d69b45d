/* SPDX-License-Identifier: MIT */
/*
 * impair_fmt.c - what impair tells people
 *
 *	rule 2    out port 7 delay 20ms loss 1% seed 42
 *	          1,234 packets of 3 connections: loss 12, delay 1,222
 *	          last 0.3s ago: out, connection 5, [P.] offset 2897, 1448 bytes:
 *	          lost by loss
 *	script 3  next: connection 6
 *	          fired 1, done    drop out data nth 3
 */

#include "impair_fmt.h"

#include <string.h>

#include "fmt.h"

#define INDENT	 10u
#define HEAD_MAX 32u
#define WORD_MAX 64u

/* All words of @text. */
static void add_words(struct fmt_wrap *w, const char *text)
{
	while (*text) {
		size_t len;

		text += strspn(text, " ");
		len = strcspn(text, " ");
		if (len)
			fmt_wrap_add(w, "%.*s", (int)len, text);
		text += len;
	}
}

/* "rule 2" or "script 3" in the margin, and a text. */
static void put_head(struct cli *cli, const char *what, const cJSON *obj,
		     const char *text)
{
	struct fmt_wrap w = { .out = cli->out, .indent = INDENT };
	char head[HEAD_MAX];

	(void)snprintf(head, sizeof(head), "%s %.0f", what, cli_num(obj, "id"));
	fprintf(cli->out, "%s%-*s%s", cli->colour ? "\033[1m" : "",
		(int)INDENT - 1, head, cli->colour ? "\033[0m" : "");
	w.col = INDENT - 1;
	add_words(&w, text);
	fmt_wrap_end(&w);
}

static bool has(const cJSON *obj, const char *key)
{
	return cJSON_HasObjectItem(obj, key);
}

/* ------------------------------------------------------------------- parts */

/* "loss 12, delay 1,222", nothing if no knob has acted. */
static void add_knobs(struct fmt_wrap *w, const cJSON *obj)
{
	const cJSON *by = cJSON_GetObjectItemCaseSensitive(obj, "by");
	const cJSON *knob;
	char num[FMT_TEXT];

	cJSON_ArrayForEach(knob, by)
	{
		fmt_wrap_add(w, "%s", knob->string);
		fmt_wrap_add(w, "%s%s", fmt_count(knob->valuedouble, num),
			     knob->next ? "," : "");
	}
}

static void put_counts(struct cli *cli, const cJSON *r)
{
	struct fmt_wrap w = { .out = cli->out, .indent = INDENT };
	double packets = cli_num(r, "matched");
	double conns = cli_num(r, "conns");
	const cJSON *by = cJSON_GetObjectItemCaseSensitive(r, "by");
	char num[FMT_TEXT];

	fmt_wrap_add(&w, "%s", fmt_count(packets, num));
	add_words(&w, packets == 1 ? "packet of" : "packets of");
	fmt_wrap_add(&w, "%s", fmt_count(conns, num));
	fmt_wrap_add(&w, "connection%s%s", conns == 1 ? "" : "s",
		     by && by->child ? ":" : "");
	add_knobs(&w, r);
	if (cli_num(r, "queued") > 0) {
		fmt_wrap_add(&w, "(%s", fmt_count(cli_num(r, "queued"), num));
		add_words(&w, "waiting)");
	}
	fmt_wrap_end(&w);
}

/* The rest of what is to be known of a rule, where there is any. */
static void put_notes(struct cli *cli, const cJSON *r)
{
	struct fmt_wrap w = { .out = cli->out, .indent = INDENT };
	bool next = strstr(cli_str(r, "text"), " next ") != NULL;
	char num[FMT_TEXT];

	if (has(r, "preset"))
		fmt_wrap_add(&w, "preset %s", cli_str(r, "preset"));
	if (has(r, "left_us"))
		fmt_wrap_add(&w, "expires in %s",
			     fmt_time(cli_num(r, "left_us"), num));
	if (has(r, "bound"))
		fmt_wrap_add(&w, "holds for connection %.0f",
			     cli_num(r, "bound"));
	else if (next)
		fmt_wrap_add(&w, "waits for the next connection");
	fmt_wrap_end(&w);
}

static void add_faults(struct fmt_wrap *w, const cJSON *ev)
{
	const cJSON *faults = cJSON_GetObjectItemCaseSensitive(ev, "faults");
	const cJSON *f;
	char num[FMT_TEXT];

	cJSON_ArrayForEach(f, faults)
	{
		fmt_wrap_add(w, "%s%s",
			     cJSON_IsString(f) ? f->valuestring : "?",
			     f->next ? "," : "");
	}
	if (has(ev, "delay_us"))
		fmt_wrap_add(w, "%s", fmt_time(cli_num(ev, "delay_us"), num));
	fmt_wrap_add(w, "by %s", cli_str(ev, "knob"));
	if (has(ev, "step"))
		fmt_wrap_add(w, "step %.0f", cli_num(ev, "step"));
}

/* The last packet that it has acted on. */
static void put_hit(struct cli *cli, const cJSON *r)
{
	const cJSON *hit = cJSON_GetObjectItemCaseSensitive(r, "hit");
	const cJSON *ev = cJSON_GetObjectItemCaseSensitive(hit, "event");
	struct fmt_wrap w = { .out = cli->out, .indent = INDENT };
	char num[FMT_TEXT];

	if (!ev)
		return;
	add_words(&w, "last");
	fmt_wrap_add(&w, "%s ago:", fmt_time(cli_num(hit, "ago_us"), num));
	fmt_wrap_add(&w, "%s,", cli_str(ev, "dir"));
	if (has(ev, "conn"))
		fmt_wrap_add(&w, "connection %.0f,", cli_num(ev, "conn"));
	fmt_wrap_add(&w, "[%s]", cli_str(ev, "flags"));
	fmt_wrap_add(&w, "offset %.0f,", cli_num(ev, "offset"));
	fmt_wrap_add(&w, "%.0f bytes", cli_num(ev, "len"));
	if (cli_num(ev, "tx") > 1)
		fmt_wrap_add(&w, "(sent %.0f times)", cli_num(ev, "tx"));
	fmt_wrap_add(&w, "->");
	add_faults(&w, ev);
	fmt_wrap_end(&w);
}

/* ----------------------------------------------------------- impair show */

static void put_rule(struct cli *cli, const cJSON *r)
{
	put_head(cli, "rule", r, cli_str(r, "text"));
	put_notes(cli, r);
	put_counts(cli, r);
	put_hit(cli, r);
}

static void put_step(struct cli *cli, const cJSON *step)
{
	char state[WORD_MAX];
	char num[FMT_TEXT];

	(void)snprintf(state, sizeof(state), "fired %s%s",
		       fmt_count(cli_num(step, "fired"), num),
		       cli_bool(step, "done") ? ", done" : "");
	fprintf(cli->out, "%*s%-16s %s\n", (int)INDENT, "", state,
		cli_str(step, "text"));
}

static void put_script(struct cli *cli, const cJSON *sc)
{
	const cJSON *steps = cJSON_GetObjectItemCaseSensitive(sc, "steps");
	const cJSON *step;
	char target[256];

	if (has(sc, "bound"))
		(void)snprintf(target, sizeof(target), "%s: connection %.0f",
			       cli_str(sc, "target"), cli_num(sc, "bound"));
	else
		(void)snprintf(target, sizeof(target), "%s",
			       cli_str(sc, "target"));
	put_head(cli, "script", sc, target);
	cJSON_ArrayForEach(step, steps) put_step(cli, step);
	put_hit(cli, sc);
}

static void put_totals(struct cli *cli, const cJSON *result)
{
	const cJSON *t = cJSON_GetObjectItemCaseSensitive(result, "totals");
	const cJSON *exempt = cJSON_GetObjectItemCaseSensitive(result,
							       "exempt");
	struct fmt_wrap w = { .out = cli->out, .indent = INDENT };
	const cJSON *name;
	char num[FMT_TEXT];

	if (cli_num(t, "matched") > 0) {
		const cJSON *by = cJSON_GetObjectItemCaseSensitive(t, "by");

		fprintf(cli->out, "%-*s", (int)INDENT - 1, "in all");
		w.col = INDENT - 1;
		fmt_wrap_add(&w, "%s", fmt_count(cli_num(t, "matched"), num));
		fmt_wrap_add(&w, "packets%s", by && by->child ? ":" : "");
		add_knobs(&w, t);
		fmt_wrap_end(&w);
	}
	if (exempt && exempt->child) {
		fprintf(cli->out, "%-*s", (int)INDENT - 1, "exempt");
		w.col = INDENT - 1;
		cJSON_ArrayForEach(name, exempt) fmt_wrap_add(
			&w, "%s",
			cJSON_IsString(name) ? name->valuestring : "?");
		fmt_wrap_end(&w);
	}
	if (cli_num(result, "undo") > 0)
		fprintf(cli->out, "%-*s %.0f change%s can be taken back\n",
			(int)INDENT - 1, "undo", cli_num(result, "undo"),
			cli_num(result, "undo") > 1 ? "s" : "");
}

static void put_fault(struct cli *cli, const cJSON *f)
{
	struct fmt_wrap w = { .out = cli->out,
			      .indent = INDENT,
			      .col = INDENT - 1 };
	double held = cli_num(f, "held");

	fprintf(cli->out, "%-*s", (int)INDENT - 1, "fault");
	if (has(f, "id"))
		fmt_wrap_add(&w, "connection %.0f", cli_num(f, "id"));
	else
		fmt_wrap_add(&w, "port %.0f", cli_num(f, "port"));
	fmt_wrap_add(&w, "%s", cli_str(f, "fault"));
	if (has(f, "rate"))
		fmt_wrap_add(&w, "%s", cli_str(f, "rate"));
	if (has(f, "rule"))
		fmt_wrap_add(&w, "by rule %.0f", cli_num(f, "rule"));
	else
		fmt_wrap_add(&w, "(%.0f connection%s held back)", held,
			     held == 1 ? "" : "s");
	fmt_wrap_end(&w);
}

void impair_show(struct cli *cli, const cJSON *result)
{
	const cJSON *rules = cJSON_GetObjectItemCaseSensitive(result, "rules");
	const cJSON *scripts = cJSON_GetObjectItemCaseSensitive(result,
								"scripts");
	const cJSON *faults = cJSON_GetObjectItemCaseSensitive(result,
							       "faults");
	const cJSON *it;

	if (!cJSON_GetArraySize(rules) && !cJSON_GetArraySize(scripts) &&
	    !cJSON_GetArraySize(faults))
		fprintf(cli->out, "nothing is impaired\n");
	cJSON_ArrayForEach(it, scripts) put_script(cli, it);
	cJSON_ArrayForEach(it, rules) put_rule(cli, it);
	cJSON_ArrayForEach(it, faults) put_fault(cli, it);
	put_totals(cli, result);
}

/* ----------------------------------------------------------------- changes */

void impair_show_made(struct cli *cli, const cJSON *result)
{
	const cJSON *rules = cJSON_GetObjectItemCaseSensitive(result, "rules");
	const cJSON *r;

	cJSON_ArrayForEach(r, rules)
		put_head(cli, "rule", r, cli_str(r, "text"));
}

void impair_show_script(struct cli *cli, const cJSON *result)
{
	put_head(cli, "script", result, cli_str(result, "text"));
}

void impair_show_presets(struct cli *cli, const cJSON *result)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(result, "presets");
	const cJSON *p;
	const cJSON *r;

	cJSON_ArrayForEach(p, list)
	{
		const cJSON *rules = cJSON_GetObjectItemCaseSensitive(p,
								      "rules");
		struct fmt_wrap w = { .out = cli->out, .indent = 15 };

		fprintf(cli->out, "%s%-14s%s %s\n",
			cli->colour ? "\033[1m" : "", cli_str(p, "name"),
			cli->colour ? "\033[0m" : "", cli_str(p, "help"));
		cJSON_ArrayForEach(r, rules)
			fprintf(cli->out, "%15s%s\n", "",
				cJSON_IsString(r) ? r->valuestring : "?");
		add_words(&w, "source:");
		add_words(&w, cli_str(p, "source"));
		fmt_wrap_end(&w);
	}
}

void impair_show_cleared(struct cli *cli, const cJSON *result)
{
	fprintf(cli->out, "cleared %.0f\n", cli_num(result, "cleared"));
}

void impair_show_undone(struct cli *cli, const cJSON *result)
{
	double left = cli_num(result, "undo");

	fprintf(cli->out, "taken back; %.0f more change%s can be\n", left,
		left == 1 ? "" : "s");
}
