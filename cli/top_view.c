/* SPDX-License-Identifier: MIT */
/*
 * top_view.c - top: a reading as lines of text
 *
 *	ustackd 0.1.0, up 2h14m   ustack0 csum+tso   4 ESTABLISHED	head
 *	in   83.1k packets/s 4.81Gbit/s ...
 *	tcp  0 opened/s ...
 *	drops none
 *	   Id Service  State      Peer               In bit/s ...	headings
 *	    1 chargen  ESTAB      10.7.0.1:41464           0 ...	list
 *	by throughput, every 1 s   1-1 of 1   q quit  h help		foot
 *
 * Where there is little room the head goes first, line by line, then the foot
 * and the headings: a list of one line is shown as long as there is a line.
 */

#include <stdio.h>
#include <string.h>

#include "fmt.h"
#include "top.h"

#define HEAD_MAX   12u
#define COLS_MAX   255u
#define DROPS_ROWS 3u  /* lines for drops, at most		*/
#define RULES_ROWS 4u  /* lines for impairments, at most	*/
#define ROWS_SMALL 14u /* with fewer the head is shortened	*/
#define PEER_COLS  18u /* at 80 columns			*/
#define PEER_MORE  29u /* what the longest endpoint takes more */
#define LIST_COLS  80u

/**
 * struct head - the lines above the list
 * @n:		lines
 * @look:	how each is shown
 * @line:	the lines
 */
struct head {
	uint32_t n;
	enum top_look look[HEAD_MAX];
	char line[HEAD_MAX][COLS_MAX + 1];
};

static const char *const sorts[TOP_SORTS] = {
	[TOP_BY_THROUGHPUT] = "throughput",
	[TOP_BY_RTT] = "rtt",
	[TOP_BY_CWND] = "cwnd",
	[TOP_BY_RETRANS] = "retransmits",
	[TOP_BY_ID] = "id",
};

/* Show a line, cut to the columns there are. */
static void put(const struct top_view *v, enum top_look look, const char *text)
{
	char line[COLS_MAX + 1];
	uint32_t cols = v->cols < COLS_MAX ? v->cols : COLS_MAX;

	(void)snprintf(line, sizeof(line), "%.*s", (int)cols, text);
	for (char *c = line; *c; c++)
		if (*c > 0 && *c < ' ') /* a line stays one */
			*c = ' ';
	v->put(v->ctx, look, line);
}

/* -------------------------------------------------------------------- head */

/* The next line of the head, empty; the last one again where it is full. */
static char *head_line(struct head *h, enum top_look look)
{
	uint32_t i = h->n < HEAD_MAX ? h->n++ : HEAD_MAX - 1;

	h->look[i] = look;
	h->line[i][0] = '\0';
	return h->line[i];
}

static void append(char *line, const char *text)
{
	size_t len = strlen(line);

	(void)snprintf(line + len, COLS_MAX + 1 - len, "%s", text);
}

static void head_title(struct head *h, const struct top_sample *s)
{
	char *line = head_line(h, TOP_TITLE);
	char up[FMT_TEXT];
	char text[TOP_TEXT_MAX];

	(void)snprintf(line, COLS_MAX + 1, "ustackd %s, up %s   %s %s  ",
		       s->version, fmt_time(s->up_us, up), s->ifname, s->mode);
	for (uint32_t i = 0; i < s->nstates; i++) {
		(void)snprintf(text, sizeof(text), " %.0f %s",
			       s->state[i].value, s->state[i].name);
		append(line, text);
	}
	if (!s->nstates)
		append(line, " no connections");
}

static void head_rates(struct head *h, const struct top_sample *s,
		       const struct top_rates *r)
{
	char *line = head_line(h, TOP_PLAIN);
	char n[4][FMT_TEXT];

	if (!(r->dt_s > 0)) {
		append(line, "measuring ...");
		return;
	}
	(void)snprintf(line, COLS_MAX + 1,
		       "in    %5s packets/s %5sbit/s     out   %5s packets/s "
		       "%5sbit/s",
		       fmt_si(r->in_pps, n[0]), fmt_si(r->in_bps, n[1]),
		       fmt_si(r->out_pps, n[2]), fmt_si(r->out_bps, n[3]));
	line = head_line(h, TOP_PLAIN);
	(void)snprintf(line, COLS_MAX + 1,
		       "tcp   %5s opened/s  %s sent again/s (%.2f %%)  "
		       "%s timeouts/s  memory ",
		       fmt_si(r->opens, n[0]), fmt_si(r->retrans, n[1]),
		       100 * r->retrans_share, fmt_si(r->timeouts, n[2]));
	append(line, fmt_bytes(s->mem_used, n[0]));
}

/* "0.50", "12", "1.23k" a second. */
static const char *per_second(double n, char buf[FMT_TEXT])
{
	if (n > 0 && n < 9.95) {
		(void)snprintf(buf, FMT_TEXT, "%.1f", n);
		return buf;
	}
	return fmt_si(n, buf);
}

static void head_drops(struct head *h, const struct top_rates *r, uint32_t cols)
{
	const uint32_t last = h->n + DROPS_ROWS;
	char *line;

	if (!(r->dt_s > 0))
		return;
	line = head_line(h, r->ndrops ? TOP_ALARM : TOP_PLAIN);
	append(line, r->ndrops ? "drops" : "drops none");
	for (uint32_t i = 0; i < r->ndrops; i++) {
		char text[TOP_TEXT_MAX];
		char n[FMT_TEXT];

		(void)snprintf(text, sizeof(text), " %s %s/s", r->drop[i].name,
			       per_second(r->drop[i].value, n));
		if (strlen(line) + strlen(text) > cols && strlen(line) > 5) {
			if (h->n == last)
				return;
			line = head_line(h, TOP_ALARM);
			append(line, "     ");
		}
		append(line, text);
	}
}

/* " loss 4.9 % delay 100.0 %": of what matched, as far as it was hit. */
static void head_knobs(char *line, const struct top_rule *rule,
		       const double *share)
{
	for (uint32_t k = 0; k < rule->nby; k++) {
		char text[TOP_TEXT_MAX];

		if (!(share[k] > 0))
			continue;
		(void)snprintf(text, sizeof(text), " %s %.1f %%",
			       rule->by[k].name, 100 * share[k]);
		append(line, text);
	}
}

static void head_rules(struct head *h, const struct top_sample *s,
		       const struct top_rates *r)
{
	for (uint32_t i = 0; i < s->nrules && i < RULES_ROWS; i++) {
		char *line = head_line(h, TOP_ALARM);
		char n[FMT_TEXT];

		if (i == RULES_ROWS - 1 && s->nrules > RULES_ROWS) {
			(void)snprintf(line, COLS_MAX + 1,
				       "impair ... and %u more: ustackctl "
				       "impair show",
				       s->nrules - i);
			return;
		}
		(void)snprintf(line, COLS_MAX + 1, "impair %s/s",
			       per_second(r->rule_pps[i], n));
		head_knobs(line, &s->rule[i], r->rule_share[i]);
		append(line, "  ");
		append(line, s->rule[i].text);
	}
}

/* All of it, or what is shown of it where there are few rows. */
static void make_head(struct head *h, const struct top_view *v,
		      const struct top_sample *s, const struct top_rates *r)
{
	uint32_t most;

	h->n = 0;
	head_title(h, s);
	head_rates(h, s, r);
	head_drops(h, r, v->cols);
	head_rules(h, s, r);
	if (v->rows == 0)
		return;
	most = v->rows < ROWS_SMALL ? v->rows / 4 : v->rows / 2;
	if (h->n > most)
		h->n = most;
}

/* -------------------------------------------------------------------- list */

static uint32_t list_rows(const struct top_view *v, const struct head *h)
{
	uint32_t others = h->n + 2; /* headings, foot */

	if (v->rows == 0)
		return TOP_CONNS_MAX;
	if (v->rows < 3)
		return v->rows;
	return v->rows > others ? v->rows - others : 1;
}

static uint32_t peer_cols(const struct top_view *v)
{
	uint32_t more = v->cols > LIST_COLS ? v->cols - LIST_COLS : 0;

	return PEER_COLS + (more < PEER_MORE ? more : PEER_MORE);
}

static void put_headings(const struct top_view *v)
{
	char line[COLS_MAX + 1];

	(void)snprintf(line, sizeof(line),
		       "%5s %-8s %-10s %-*s %7s %7s %6s %6s %5s", "Id",
		       "Service", "State", (int)peer_cols(v), "Peer", "In b/s",
		       "Out b/s", "RTTms", "Cwnd", "Retr");
	put(v, TOP_HEADINGS, line);
}

static const char *rate(double bps, char buf[FMT_TEXT])
{
	return bps < 0 ? "-" : fmt_si(bps, buf);
}

/* Milliseconds in 6 columns. */
static const char *rtt(double us, char buf[FMT_TEXT])
{
	int places = us < 10e3 ? 3 : us < 100e3 ? 2 : us < 1e6 ? 1 : 0;

	if (!(us > 0))
		return "-";
	(void)snprintf(buf, FMT_TEXT, "%.*f", places, us / 1e3);
	return buf;
}

static void put_conn(const struct top_view *v, const struct top_conn *c)
{
	char line[COLS_MAX + 1];
	char n[5][FMT_TEXT];
	int cols = (int)peer_cols(v);

	(void)snprintf(line, sizeof(line),
		       "%5llu %-8.8s %-10.10s %-*.*s %7s %7s %6s %6s %5s",
		       (unsigned long long)c->id, c->service, c->state, cols,
		       cols, c->peer, rate(c->in_bps, n[0]),
		       rate(c->out_bps, n[1]), rtt(c->rtt_us, n[2]),
		       fmt_si(c->cwnd_segs, n[3]), fmt_si(c->retrans, n[4]));
	put(v,
	    c->retrans > 0 && v->sort == TOP_BY_RETRANS ? TOP_ALARM : TOP_PLAIN,
	    line);
}

static void put_foot(const struct top_view *v, const struct top_sample *s,
		     uint32_t shown)
{
	char line[COLS_MAX + 1];
	char range[TOP_TEXT_MAX] = "no connections";

	if (shown)
		(void)snprintf(range, sizeof(range), "%u-%u of %s%u",
			       v->first + 1, v->first + shown,
			       s->cut ? "the first " : "", s->nconns);
	(void)snprintf(line, sizeof(line),
		       "%s by %s   %s   q quit  h help  p %s", range,
		       sorts[v->sort], v->paused ? "PAUSED" : "",
		       v->paused ? "go on" : "pause");
	put(v, TOP_FOOT, line);
}

static const char *const help_text[] = {
	"t  by throughput, both ways together",
	"r  by round-trip time",
	"c  by congestion window, segments",
	"x  by segments sent again since it was opened",
	"i  by number",
	"up down page-up page-down home end   move in the list",
	"p  pause, and go on",
	"+ -  longer, shorter interval",
	"h  this help",
	"q  quit",
};

static void put_help(const struct top_view *v)
{
	const uint32_t n = sizeof(help_text) / sizeof(help_text[0]);
	char line[COLS_MAX + 1];

	(void)snprintf(line, sizeof(line),
		       "Keys; a reading every %.1f s, sorted by %s",
		       v->interval_s, sorts[v->sort]);
	put(v, TOP_HEADINGS, line);
	for (uint32_t i = 0; i < n && i + 1 < v->rows; i++)
		put(v, TOP_PLAIN, help_text[i]);
}

uint32_t top_page(const struct top_view *v, const struct top_sample *s,
		  const struct top_rates *r)
{
	struct head h;

	make_head(&h, v, s, r);
	return list_rows(v, &h);
}

void top_show(struct top_view *v, const struct top_sample *s,
	      const struct top_rates *r)
{
	struct head h;
	uint32_t rows;
	uint32_t shown = 0;

	if (v->help) {
		put_help(v);
		return;
	}
	make_head(&h, v, s, r);
	rows = list_rows(v, &h);
	if (v->first + rows > s->nconns)
		v->first = s->nconns > rows ? s->nconns - rows : 0;
	for (uint32_t i = 0; i < h.n; i++)
		put(v, h.look[i], h.line[i]);
	if (v->rows == 0 || v->rows >= 3)
		put_headings(v);
	for (; shown < rows && v->first + shown < s->nconns; shown++)
		put_conn(v, &s->conn[v->first + shown]);
	if (v->rows == 0 && s->cut)
		put(v, TOP_FOOT,
		    "there are more connections than were looked at");
	if (v->rows < 3)
		return;
	for (uint32_t i = shown; i < rows; i++)
		put(v, TOP_PLAIN, "");
	put_foot(v, s, shown);
}

/* -------------------------------------------------------------------- JSON */

static void add_way(cJSON *to, const char *name, double pps, double bps)
{
	cJSON *way = cJSON_AddObjectToObject(to, name);

	(void)cJSON_AddNumberToObject(way, "packets_per_s", pps);
	(void)cJSON_AddNumberToObject(way, "bits_per_s", bps);
}

static cJSON *conn_json(const struct top_conn *c)
{
	cJSON *o = cJSON_CreateObject();

	(void)cJSON_AddNumberToObject(o, "id", (double)c->id);
	(void)cJSON_AddStringToObject(o, "service", c->service);
	(void)cJSON_AddStringToObject(o, "state", c->state);
	(void)cJSON_AddStringToObject(o, "peer", c->peer);
	if (c->in_bps >= 0)
		(void)cJSON_AddNumberToObject(o, "in_bits_per_s", c->in_bps);
	if (c->out_bps >= 0)
		(void)cJSON_AddNumberToObject(o, "out_bits_per_s", c->out_bps);
	(void)cJSON_AddNumberToObject(o, "srtt_us", c->rtt_us);
	(void)cJSON_AddNumberToObject(o, "cwnd_segs", c->cwnd_segs);
	(void)cJSON_AddNumberToObject(o, "retrans", c->retrans);
	return o;
}

static void add_knobs(cJSON *to, const struct top_rule *rule,
		      const double *share)
{
	cJSON *by = cJSON_AddObjectToObject(to, "share");

	for (uint32_t k = 0; k < rule->nby; k++)
		(void)cJSON_AddNumberToObject(by, rule->by[k].name, share[k]);
}

static void add_lists(cJSON *to, const struct top_sample *s,
		      const struct top_rates *r)
{
	cJSON *states = cJSON_AddObjectToObject(to, "connections");
	cJSON *drops = cJSON_AddObjectToObject(to, "drops_per_s");
	cJSON *rules = cJSON_AddArrayToObject(to, "impairments");
	cJSON *conns = cJSON_AddArrayToObject(to, "conns");

	for (uint32_t i = 0; i < s->nstates; i++)
		(void)cJSON_AddNumberToObject(states, s->state[i].name,
					      s->state[i].value);
	for (uint32_t i = 0; i < r->ndrops; i++)
		(void)cJSON_AddNumberToObject(drops, r->drop[i].name,
					      r->drop[i].value);
	for (uint32_t i = 0; i < s->nrules; i++) {
		cJSON *o = cJSON_CreateObject();

		(void)cJSON_AddNumberToObject(o, "id", (double)s->rule[i].id);
		(void)cJSON_AddStringToObject(o, "text", s->rule[i].text);
		(void)cJSON_AddNumberToObject(o, "hits_per_s", r->rule_pps[i]);
		add_knobs(o, &s->rule[i], r->rule_share[i]);
		(void)cJSON_AddItemToArray(rules, o);
	}
	for (uint32_t i = 0; i < s->nconns; i++)
		(void)cJSON_AddItemToArray(conns, conn_json(&s->conn[i]));
}

cJSON *top_json(const struct top_sample *s, const struct top_rates *r)
{
	cJSON *o = cJSON_CreateObject();

	(void)cJSON_AddNumberToObject(o, "interval_us", r->dt_s * 1e6);
	add_way(o, "in", r->in_pps, r->in_bps);
	add_way(o, "out", r->out_pps, r->out_bps);
	(void)cJSON_AddNumberToObject(o, "opened_per_s", r->opens);
	(void)cJSON_AddNumberToObject(o, "retrans_per_s", r->retrans);
	(void)cJSON_AddNumberToObject(o, "retrans_share", r->retrans_share);
	(void)cJSON_AddNumberToObject(o, "timeouts_per_s", r->timeouts);
	(void)cJSON_AddBoolToObject(o, "complete", !s->cut);
	add_lists(o, s, r);
	return o;
}
