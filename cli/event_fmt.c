/* SPDX-License-Identifier: MIT */
/*
 * event_fmt.c - an event of the daemon for people, on one line
 *
 *	12:34:56.789012 #3 10.7.0.1:41426 > 10.7.0.2:7 rcvd [P.] seq 1:7 ack 1 win 64512
 *	12:34:56.789012 #3 ESTABLISHED -> CLOSE-WAIT
 *
 * The words are those of the daemon's log, the numbers are shorter.
 */

#include "event_fmt.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "fmt.h"

#define RED    "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

/**
 * struct line - a line being written
 * @buf:	EVENT_TEXT bytes
 * @len:	used, less than that
 */
struct line {
	char *buf;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *l,
						      const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->buf + l->len, EVENT_TEXT - l->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->len += (size_t)n;
	if (l->len >= EVENT_TEXT)
		l->len = EVENT_TEXT - 1;
}

static uint32_t num32(const cJSON *ev, const char *key)
{
	double v = cli_num(ev, key);

	return v > 0 && v <= UINT32_MAX ? (uint32_t)v : 0;
}

/* A sequence number less the initial one; as it is where that is not known. */
static uint32_t relative(const cJSON *ev, const char *key, const char *initial)
{
	uint32_t base = num32(ev, initial);

	return num32(ev, key) - base;
}

static void add_time(struct line *l, const cJSON *ev, const char *key)
{
	char text[FMT_TEXT];

	if (cJSON_HasObjectItem(ev, key))
		add(l, "%s", fmt_time(cli_num(ev, key), text));
}

/* ----------------------------------------------------------------- segments */

static void add_range(struct line *l, uint32_t seq, uint32_t len)
{
	add(l, " seq %u", seq);
	if (len)
		add(l, ":%u", seq + len);
}

static void add_sack(struct line *l, const cJSON *ev, const char *initial)
{
	const cJSON *sack = cJSON_GetObjectItemCaseSensitive(ev, "sack");
	uint32_t base = num32(ev, initial);
	const cJSON *block;

	cJSON_ArrayForEach(block, sack)
	{
		const cJSON *a = cJSON_GetArrayItem(block, 0);
		const cJSON *b = cJSON_GetArrayItem(block, 1);

		if (!cJSON_IsNumber(a) || !cJSON_IsNumber(b))
			continue;
		add(l, "%s%u:%u", block == sack->child ? " sack " : ",",
		    (uint32_t)a->valuedouble - base,
		    (uint32_t)b->valuedouble - base);
	}
}

static void add_again(struct line *l, const cJSON *ev)
{
	if (!cJSON_HasObjectItem(ev, "cause"))
		return;
	add(l, " again (%s", cli_str(ev, "cause"));
	if (cJSON_HasObjectItem(ev, "since_us"))
		add(l, " after ");
	add_time(l, ev, "since_us");
	add(l, ")");
}

static void segment(struct line *l, const cJSON *ev)
{
	bool out = !strcmp(cli_str(ev, "event"), "transport:packet_sent");
	const char *ours = out ? "iss" : "irs";
	const char *theirs = out ? "irs" : "iss";
	const char *flags = cli_str(ev, "flags");

	add(l, "%s [%s]", out ? "sent" : "rcvd", flags);
	add_range(l, relative(ev, "seq", ours), num32(ev, "len"));
	if (strchr(flags, '.'))
		add(l, " ack %u", relative(ev, "ack", theirs));
	add(l, " win %u", num32(ev, "wnd"));
	add_sack(l, ev, theirs);
	if (num32(ev, "ecn") == 3)
		add(l, " CE");
	add_again(l, ev);
}

/* ------------------------------------------------------------- other kinds */

static void started(struct line *l, const cJSON *ev)
{
	add(l, "opened (%s)", cli_bool(ev, "active") ? "active" : "passive");
}

static void state(struct line *l, const cJSON *ev)
{
	add(l, "%s -> %s", cli_str(ev, "old"), cli_str(ev, "new"));
}

static void closed(struct line *l, const cJSON *ev)
{
	add(l, "closed (%s) in %.0f, out %.0f bytes, %.0f sent again after ",
	    cli_str(ev, "reason"), cli_num(ev, "bytes_in"),
	    cli_num(ev, "bytes_out"), cli_num(ev, "retrans"));
	add_time(l, ev, "age_us");
}

static void soft_error(struct line *l, const cJSON *ev)
{
	add(l, "soft error: %s", cli_str(ev, "error"));
}

static void dropped(struct line *l, const cJSON *ev)
{
	add(l, "dropped: %s", cli_str(ev, "counter"));
}

static void lost(struct line *l, const cJSON *ev)
{
	add(l, "lost (%s)", cli_str(ev, "cause"));
	add_range(l, relative(ev, "seq", "iss"), num32(ev, "len"));
	if (cJSON_HasObjectItem(ev, "rto_us"))
		add(l, " rto ");
	add_time(l, ev, "rto_us");
}

static void metrics(struct line *l, const cJSON *ev)
{
	add(l, "cwnd %u", num32(ev, "cwnd"));
	if (cJSON_HasObjectItem(ev, "ssthresh"))
		add(l, " ssthresh %u", num32(ev, "ssthresh"));
	add(l, " srtt ");
	add_time(l, ev, "srtt_us");
	add(l, " rto ");
	add_time(l, ev, "rto_us");
}

static void memory(struct line *l, const cJSON *ev)
{
	char used[FMT_TEXT];
	char limit[FMT_TEXT];

	add(l, "memory is %s: %s of %s, %u connections",
	    cli_bool(ev, "short") ? "short" : "enough again",
	    fmt_bytes(cli_num(ev, "used"), used),
	    fmt_bytes(cli_num(ev, "limit"), limit), num32(ev, "connections"));
	if (cli_bool(ev, "short"))
		return;
	add(l, ", %.0f packets dropped in ", cli_num(ev, "dropped"));
	add_time(l, ev, "age_us");
}

static void impaired(struct line *l, const cJSON *ev)
{
	const cJSON *faults = cJSON_GetObjectItemCaseSensitive(ev, "faults");
	const char *flags = cli_str(ev, "flags");
	uint32_t len = num32(ev, "len");
	const cJSON *f;

	add(l, "impaired %s [%s]", cli_str(ev, "dir"), flags);
	if (len || strpbrk(flags, "SF"))
		add_range(l, num32(ev, "offset"), len);
	else
		add(l, " ack %u", num32(ev, "offset"));
	add(l, ":");
	cJSON_ArrayForEach(f, faults)
		add(l, " %s", cJSON_IsString(f) ? f->valuestring : "?");
	if (cJSON_HasObjectItem(ev, "delay_us"))
		add(l, " ");
	add_time(l, ev, "delay_us");
	add(l, " by %s %u", cJSON_HasObjectItem(ev, "step") ? "script" : "rule",
	    num32(ev, "rule"));
	if (cJSON_HasObjectItem(ev, "step"))
		add(l, " step %u", num32(ev, "step"));
	else
		add(l, " (%s)", cli_str(ev, "knob"));
}

static const struct {
	const char *name;
	bool flow; /* endpoints are told */
	const char *tint;
	void (*text)(struct line *l, const cJSON *ev);
} kinds[] = {
	{ "connectivity:connection_started", true, "", started },
	{ "connectivity:connection_state_updated", false, "", state },
	{ "connectivity:connection_closed", false, "", closed },
	{ "connectivity:soft_error", false, RED, soft_error },
	{ "transport:packet_sent", true, "", segment },
	{ "transport:packet_received", true, "", segment },
	{ "transport:packet_dropped", true, RED, dropped },
	{ "recovery:packet_lost", false, RED, lost },
	{ "recovery:metrics_updated", false, "", metrics },
	{ "resource:memory_pressure", false, RED, memory },
	{ "impairment:applied", true, YELLOW, impaired },
};

#define NKINDS (sizeof(kinds) / sizeof(kinds[0]))

bool event_has_type(const char *name, const char *type)
{
	const char *colon = strchr(name, ':');
	size_t len = strlen(type);

	return len && (!strncmp(name, type, len) ||
		       (colon && !strncmp(colon + 1, type, len)));
}

int event_check_type(const char *type)
{
	for (size_t i = 0; i < NKINDS; i++)
		if (event_has_type(kinds[i].name, type))
			return CLI_DONE;
	(void)cli_usage("there is no type of event %s; it begins as one of "
			"these, or as what stands behind their colon:",
			type);
	for (size_t i = 0; i < NKINDS; i++)
		fprintf(stderr, "  %s\n", kinds[i].name);
	return CLI_USAGE;
}

/* ---------------------------------------------------------------- the line */

static void add_clock(struct line *l, double wall_us)
{
	time_t sec = (time_t)(wall_us / 1e6);
	struct tm tm = { 0 };

	(void)localtime_r(&sec, &tm);
	add(l, "%02d:%02d:%02d.%06.0f ", tm.tm_hour, tm.tm_min, tm.tm_sec,
	    wall_us - (double)sec * 1e6);
}

/* From where to where the packet, or the SYN of the connection, went. */
static void add_flow(struct line *l, const cJSON *ev)
{
	const char *local = cli_str(ev, "local");
	const char *remote = cli_str(ev, "remote");
	bool out = !strcmp(cli_str(ev, "event"), "transport:packet_sent") ||
		   !strcmp(cli_str(ev, "dir"), "out") || cli_bool(ev, "active");

	if (cJSON_HasObjectItem(ev, "local"))
		add(l, "%s > %s ", out ? local : remote, out ? remote : local);
}

const char *event_text(const cJSON *ev, const struct event_style *style,
		       char *buf)
{
	const char *name = cli_str(ev, "event");
	struct line l = { .buf = buf };
	size_t i = 0;

	add_clock(&l, cli_num(ev, "time_us") + style->wall_offset_us);
	if (cJSON_HasObjectItem(ev, "conn"))
		add(&l, "#%.0f ", cli_num(ev, "conn"));
	while (i < NKINDS && strcmp(kinds[i].name, name) != 0)
		i++;
	if (i == NKINDS) {
		add(&l, "%s", name); /* of a younger daemon */
		return buf;
	}
	if (kinds[i].flow)
		add_flow(&l, ev);
	if (style->colour)
		add(&l, "%s", kinds[i].tint);
	kinds[i].text(&l, ev);
	if (style->colour && *kinds[i].tint)
		add(&l, PLAIN);
	return buf;
}
