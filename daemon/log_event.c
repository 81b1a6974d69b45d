/* SPDX-License-Identifier: MIT */
/*
 * log_event.c - what a line about an event of the stack says
 *
 * The text for people and the fields for JSON stand side by side: a kind of
 * event has one function for each.  Addresses are written as "peer > us",
 * for an active open and a sent segment the other way round.
 */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "daemon/addr.h"
#include "daemon/log_int.h"

#define NO_SSTHRESH UINT32_MAX

static const struct {
	const char *name;
	const char *help;
} counters[] = {
#define COUNTER_NAME(c, name, unit, help) { name, help },
	USTACK_COUNTERS(COUNTER_NAME)
#undef COUNTER_NAME
};

/**
 * struct text - line being written
 * @buf:	room
 * @size:	bytes there
 * @len:	bytes used, less than @size
 */
struct text {
	char *buf;
	size_t size;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t,
						      const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	t->len += (size_t)n;
	if (t->len >= t->size)
		t->len = t->size - 1;
}

bool log_event_has_flow(const struct ustack_event *ev)
{
	return ev->lport || ev->rport;
}

static void add_flow(struct text *t, const struct ustack_event *ev)
{
	bool out = ev->kind == USTACK_EV_SENT ||
		   (ev->kind == USTACK_EV_OPENED && ev->active);
	char local[ADDR_ENDPOINT_MAX];
	char remote[ADDR_ENDPOINT_MAX];

	(void)addr_endpoint_text(&ev->local, ev->lport, local);
	(void)addr_endpoint_text(&ev->remote, ev->rport, remote);
	if (ev->id)
		add(t, "conn=%" PRIu64 " ", ev->id);
	if (log_event_has_flow(ev))
		add(t, "%s > %s ", out ? local : remote, out ? remote : local);
}

/* Flags as tcpdump writes them. */
static const char *flags_text(uint8_t flags, char buf[9])
{
	static const struct {
		uint8_t bit;
		char letter;
	} list[] = {
		{ 0x01, 'F' }, { 0x02, 'S' }, { 0x04, 'R' }, { 0x08, 'P' },
		{ 0x10, '.' }, { 0x20, 'U' }, { 0x40, 'E' }, { 0x80, 'W' }
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (flags & list[i].bit)
			buf[n++] = list[i].letter;
	buf[n] = '\0';
	return n ? buf : "none";
}

static const char *cause(const struct ustack_event *ev)
{
	return ustack_cause_name((enum ustack_cause)ev->cause);
}

static double ms(uint64_t us)
{
	return (double)us / 1e3;
}

/* ----------------------------------------------------------------- opened */

static void opened_text(struct text *t, const struct ustack_event *ev)
{
	add(t, "opened (%s)", ev->active ? "active" : "passive");
}

static void opened_json(struct json *j, const struct ustack_event *ev)
{
	json_bool(j, "active", ev->active);
	json_u64(j, "mss", ev->mss);
	if (ev->agreed & USTACK_AGREED_WSCALE) {
		json_obj(j, "wscale");
		json_u64(j, "snd", ev->scale_in);
		json_u64(j, "rcv", ev->scale_out);
		json_obj_end(j);
	}
	json_bool(j, "timestamps", ev->agreed & USTACK_AGREED_TIMESTAMPS);
	json_bool(j, "sack", ev->agreed & USTACK_AGREED_SACK);
	json_bool(j, "ecn", ev->agreed & USTACK_AGREED_ECN);
	if (ev->cc)
		json_str(j, "cc", ev->cc);
}

/* ------------------------------------------------------------------ state */

static void state_text(struct text *t, const struct ustack_event *ev)
{
	add(t, "%s -> %s", ustack_state_name((enum ustack_state)ev->from),
	    ustack_state_name((enum ustack_state)ev->to));
}

static void state_json(struct json *j, const struct ustack_event *ev)
{
	json_str(j, "old", ustack_state_name((enum ustack_state)ev->from));
	json_str(j, "new", ustack_state_name((enum ustack_state)ev->to));
}

/* ----------------------------------------------------------------- closed */

static void closed_text(struct text *t, const struct ustack_event *ev)
{
	add(t,
	    "closed (%s) in %" PRIu64 " bytes, out %" PRIu64
	    " bytes, retransmitted %" PRIu64 " segments",
	    ustack_reason_name((enum ustack_reason)ev->reason), ev->bytes_in,
	    ev->bytes_out, ev->retrans);
	if (ev->srtt_us)
		add(t, ", rtt %.3f ms", ms(ev->srtt_us));
	add(t, ", after %.3f s", (double)ev->age_us / 1e6);
}

static void closed_json(struct json *j, const struct ustack_event *ev)
{
	json_str(j, "reason",
		 ustack_reason_name((enum ustack_reason)ev->reason));
	json_u64(j, "bytes_in", ev->bytes_in);
	json_u64(j, "bytes_out", ev->bytes_out);
	json_u64(j, "retrans", ev->retrans);
	json_u64(j, "segs_in", ev->segs_in);
	json_u64(j, "segs_out", ev->segs_out);
	if (ev->srtt_us)
		json_u64(j, "srtt_us", ev->srtt_us);
	if (ev->minrtt_us)
		json_u64(j, "minrtt_us", ev->minrtt_us);
	json_u64(j, "age_us", ev->age_us);
}

/* --------------------------------------------------------------- segments */

static void segment_text(struct text *t, const struct ustack_event *ev)
{
	char flags[9];

	add(t, "%s [%s] seq %u ack %u win %u len %u",
	    ev->kind == USTACK_EV_SENT ? "sent" : "received",
	    flags_text(ev->flags, flags), ev->seq, ev->ack, ev->wnd, ev->len);
	if (ev->cause)
		add(t, " again (%s)", cause(ev));
}

static void windows_json(struct json *j, const struct ustack_event *ev)
{
	json_u64(j, "cwnd", ev->cwnd);
	if (ev->ssthresh != NO_SSTHRESH)
		json_u64(j, "ssthresh", ev->ssthresh);
	json_u64(j, "rto_us", ev->rto_us);
}

static void sack_json(struct json *j, const struct ustack_event *ev)
{
	json_arr(j, "sack");
	for (uint32_t i = 0; i < ev->nsack; i++) {
		json_arr(j, NULL);
		json_u64(j, NULL, ev->sack[i][0]);
		json_u64(j, NULL, ev->sack[i][1]);
		json_arr_end(j);
	}
	json_arr_end(j);
}

static void segment_json(struct json *j, const struct ustack_event *ev)
{
	char flags[9];

	json_str(j, "flags", flags_text(ev->flags, flags));
	json_u64(j, "seq", ev->seq);
	json_u64(j, "ack", ev->ack);
	json_u64(j, "wnd", ev->wnd);
	json_u64(j, "len", ev->len);
	json_u64(j, "iss", ev->iss);
	json_u64(j, "irs", ev->irs);
	if (ev->gso)
		json_u64(j, "gso", ev->gso);
	if (ev->ecn)
		json_u64(j, "ecn", ev->ecn);
	if (ev->nsack)
		sack_json(j, ev);
	if (ev->cause)
		json_str(j, "cause", cause(ev));
	if (ev->since_us)
		json_u64(j, "since_us", ev->since_us);
	if (ev->cwnd)
		windows_json(j, ev);
}

/* ---------------------------------------------------------------- dropped */

static uint16_t drop_index(const struct ustack_event *ev)
{
	return ev->drop < USTACK_COUNTERS_MAX ? ev->drop : 0;
}

static void dropped_text(struct text *t, const struct ustack_event *ev)
{
	add(t, "dropped: %s (%s)", counters[drop_index(ev)].name,
	    counters[drop_index(ev)].help);
}

static void dropped_json(struct json *j, const struct ustack_event *ev)
{
	json_str(j, "counter", counters[drop_index(ev)].name);
}

/* ------------------------------------------------------------------- lost */

static void lost_text(struct text *t, const struct ustack_event *ev)
{
	add(t, "retransmission (%s) seq %u len %u", cause(ev), ev->seq,
	    ev->len);
	if (ev->rto_us)
		add(t, ", rto %.0f ms", ms(ev->rto_us));
}

static void lost_json(struct json *j, const struct ustack_event *ev)
{
	json_str(j, "cause", cause(ev));
	json_u64(j, "seq", ev->seq);
	json_u64(j, "len", ev->len);
	json_u64(j, "iss", ev->iss);
	if (ev->rto_us)
		json_u64(j, "rto_us", ev->rto_us);
}

/* ---------------------------------------------------------------- metrics */

static void metrics_text(struct text *t, const struct ustack_event *ev)
{
	add(t, "cwnd %u", ev->cwnd);
	if (ev->ssthresh != NO_SSTHRESH)
		add(t, " ssthresh %u", ev->ssthresh);
	add(t, " srtt %.3f ms rto %.3f ms", ms(ev->srtt_us), ms(ev->rto_us));
}

static void metrics_json(struct json *j, const struct ustack_event *ev)
{
	windows_json(j, ev);
	json_u64(j, "srtt_us", ev->srtt_us);
}

/* ------------------------------------------------------------- soft error */

static void soft_error_text(struct text *t, const struct ustack_event *ev)
{
	add(t, "soft error: %s", err_str(ev->err));
}

static void soft_error_json(struct json *j, const struct ustack_event *ev)
{
	json_str(j, "error", err_str(ev->err));
}

/* ----------------------------------------------------------------- memory */

static double mib(uint64_t bytes)
{
	return (double)bytes / (1u << 20);
}

static void memory_text(struct text *t, const struct ustack_event *ev)
{
	if (ev->active)
		add(t,
		    "memory is short: %.1f of %.0f MiB (memory-limit) in use "
		    "by %u connections; each goes on with what it is promised",
		    mib(ev->mem_used), mib(ev->mem_limit), ev->conns);
	else
		add(t,
		    "memory is enough again: %.1f of %.0f MiB (memory-limit) "
		    "in use, after %.1f s in which %" PRIu64
		    " packets were dropped",
		    mib(ev->mem_used), mib(ev->mem_limit),
		    (double)ev->age_us / 1e6, ev->drops);
}

static void memory_json(struct json *j, const struct ustack_event *ev)
{
	json_bool(j, "short", ev->active);
	json_u64(j, "used", ev->mem_used);
	json_u64(j, "limit", ev->mem_limit);
	json_u64(j, "connections", ev->conns);
	json_u64(j, "dropped", ev->drops);
	json_u64(j, "age_us", ev->age_us);
}

/* --------------------------------------------------------------- impaired */

static void impaired_text(struct text *t, const struct ustack_event *ev)
{
	char flags[9];

	add(t, "impaired %s [%s] seq %u ack %u len %u:", ev->in ? "in" : "out",
	    flags_text(ev->flags, flags), ev->seq, ev->ack, ev->len);
	for (uint32_t f = 0; f < USTACK_FAULTS; f++)
		if (ev->faults & (1u << f))
			add(t, " %s", ustack_fault_name((enum ustack_fault)f));
	if (ev->delay_us)
		add(t, " %.3f ms", ms(ev->delay_us));
	add(t, ", by %s of %s %u", ustack_knob_name((enum ustack_knob)ev->knob),
	    ev->step ? "script" : "rule", ev->rule);
	if (ev->step)
		add(t, " step %u", ev->step);
}

static void impaired_json(struct json *j, const struct ustack_event *ev)
{
	char flags[9];

	json_str(j, "dir", ev->in ? "in" : "out");
	json_arr(j, "faults");
	for (uint32_t f = 0; f < USTACK_FAULTS; f++)
		if (ev->faults & (1u << f))
			json_str(j, NULL,
				 ustack_fault_name((enum ustack_fault)f));
	json_arr_end(j);
	json_str(j, "knob", ustack_knob_name((enum ustack_knob)ev->knob));
	json_u64(j, "rule", ev->rule);
	if (ev->step)
		json_u64(j, "step", ev->step);
	json_str(j, "flags", flags_text(ev->flags, flags));
	json_u64(j, "seq", ev->seq);
	json_u64(j, "ack", ev->ack);
	json_u64(j, "len", ev->len);
	json_u64(j, "tx", ev->tx);
	json_u64(j, "offset", ev->offset);
	if (ev->delay_us)
		json_u64(j, "delay_us", ev->delay_us);
}

/* ------------------------------------------------------------------ table */

static const struct {
	enum log_level level;
	void (*text)(struct text *t, const struct ustack_event *ev);
	void (*json)(struct json *j, const struct ustack_event *ev);
} kinds[USTACK_EVENTS] = {
	[USTACK_EV_OPENED] = { LOG_LVL_INFO, opened_text, opened_json },
	[USTACK_EV_STATE] = { LOG_LVL_DEBUG, state_text, state_json },
	[USTACK_EV_CLOSED] = { LOG_LVL_INFO, closed_text, closed_json },
	[USTACK_EV_SENT] = { LOG_LVL_TRACE, segment_text, segment_json },
	[USTACK_EV_RECEIVED] = { LOG_LVL_TRACE, segment_text, segment_json },
	[USTACK_EV_DROPPED] = { LOG_LVL_DEBUG, dropped_text, dropped_json },
	[USTACK_EV_LOST] = { LOG_LVL_INFO, lost_text, lost_json },
	[USTACK_EV_METRICS] = { LOG_LVL_TRACE, metrics_text, metrics_json },
	[USTACK_EV_SOFT_ERROR] = { LOG_LVL_INFO, soft_error_text,
				   soft_error_json },
	[USTACK_EV_MEMORY] = { LOG_LVL_WARNING, memory_text, memory_json },
	[USTACK_EV_IMPAIRED] = { LOG_LVL_TRACE, impaired_text, impaired_json },
};

enum log_level log_event_level(uint8_t kind)
{
	return kind < USTACK_EVENTS ? kinds[kind].level : LOG_LVL_TRACE;
}

const char *log_event_text(const struct ustack_event *ev, char *buf,
			   size_t size)
{
	struct text t = { .buf = buf, .size = size };

	buf[0] = '\0';
	add_flow(&t, ev);
	kinds[ev->kind].text(&t, ev);
	return buf;
}

void log_event_json(const struct ustack_event *ev, struct json *j)
{
	char buf[ADDR_ENDPOINT_MAX];

	if (log_event_has_flow(ev)) {
		json_str(j, "local",
			 addr_endpoint_text(&ev->local, ev->lport, buf));
		json_str(j, "remote",
			 addr_endpoint_text(&ev->remote, ev->rport, buf));
	}
	kinds[ev->kind].json(j, ev);
}

void log_event_object(const struct ustack_event *ev, struct json *j)
{
	json_u64(j, "time_us", ev->time_us);
	json_str(j, "event",
		 ustack_event_name((enum ustack_event_kind)ev->kind));
	if (ev->id)
		json_u64(j, "conn", ev->id);
	log_event_json(ev, j);
}
