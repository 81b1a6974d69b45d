/* SPDX-License-Identifier: MIT */
/*
 * metrics.c - the daemon's numbers as Prometheus reads them
 *
 *	# HELP ustack_connections Connections by state.
 *	# TYPE ustack_connections gauge
 *	ustack_connections{state="ESTABLISHED"} 3
 *
 * A counter's name is made from its MIB name by rule (metrics_name()), so that
 * who knows nstat finds it; units are seconds and bytes.  Counters are those
 * since the start: stats.reset does not touch them.
 */

#include "daemon/metrics.h"

#include <stdbool.h>
#include <string.h>

#define US_PER_S 1000000u

/**
 * struct label - the label of a sample, if it has one
 * @name:	its name
 * @value:	its value, any text
 */
struct label {
	const char *name;
	const char *value;
};

/* In a label's value quotes are escaped, too; in a help text they are not. */
static void put_escaped(struct svc_text *t, const char *s, bool quotes)
{
	while (*s) {
		size_t plain = strcspn(s, quotes ? "\\\n\"" : "\\\n");

		svc_text_add(t, "%.*s", (int)plain, s);
		s += plain;
		if (*s)
			svc_text_add(t, "\\%c", *s == '\n' ? 'n' : *s);
		s += *s != '\0';
	}
}

static void put_family(struct svc_text *t, const char *name, const char *type,
		       const char *help)
{
	svc_text_add(t, "# HELP %s ", name);
	put_escaped(t, help, false);
	svc_text_add(t, "\n# TYPE %s %s\n", name, type);
}

static void put_labels(struct svc_text *t, const struct label *label, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		svc_text_add(t, "%s%s=\"", i ? "," : "{", label[i].name);
		put_escaped(t, label[i].value, true);
		svc_text_add(t, "\"");
	}
	svc_text_add(t, "}");
}

static void put_sample(struct svc_text *t, const char *name, struct label l,
		       uint64_t value)
{
	svc_text_add(t, "%s", name);
	if (l.name)
		put_labels(t, &l, 1);
	svc_text_add(t, " %llu\n", (unsigned long long)value);
}

static void put_gauge(struct svc_text *t, const char *name, const char *help,
		      uint64_t value)
{
	put_family(t, name, "gauge", help);
	put_sample(t, name, (struct label){ 0 }, value);
}

/* A family of one sample that says 1, and what there is in its labels. */
static void put_info(struct svc_text *t, const char *name, const char *help,
		     const struct label *label, size_t n)
{
	put_family(t, name, "gauge", help);
	svc_text_add(t, "%s", name);
	put_labels(t, label, n);
	svc_text_add(t, " 1\n");
}

/* ---------------------------------------------------------------- counters */

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

/*
 * starts_word() - Does a word of a MIB name begin here?
 * @name:	the name
 * @i:		place in it, not the first
 *
 * In "DSACKUndo", at the U; but not in "OKs", where the s makes a plural.
 */
static bool starts_word(const char *name, size_t i)
{
	bool plural = name[i + 1] == 's' && !is_lower(name[i + 2]);

	if (!is_upper(name[i]))
		return false;
	if (!is_upper(name[i - 1]))
		return true;
	return is_lower(name[i + 1]) && !plural;
}

static bool ends_in(const char *name, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && memcmp(name + len - n, end, n) == 0;
}

void metrics_name(const struct counter_info *ci, char out[METRICS_NAME_MAX])
{
	struct svc_text t = { .buf = out, .cap = METRICS_NAME_MAX };
	const char *name = ci->name;

	svc_text_add(&t, "ustack_");
	for (size_t i = 0; name[i] && t.len + 2 < t.cap; i++) {
		char c = name[i];

		if (i && starts_word(name, i))
			out[t.len++] = '_';
		out[t.len++] = is_upper(c) ? (char)(c - 'A' + 'a') : c;
	}
	if (ends_in(out, t.len, "_octets"))
		t.len -= strlen("_octets");
	if (!strcmp(ci->unit, "bytes") && !ends_in(out, t.len, "_bytes"))
		svc_text_add(&t, "_bytes");
	svc_text_add(&t, "_total");
}

static void put_counters(struct svc_text *t, const struct counters *c)
{
	const struct counter_info *ci;
	size_t n;

	for (ci = counters_table(&n); n--; ci++) {
		char name[METRICS_NAME_MAX];

		metrics_name(ci, name);
		put_family(t, name, "counter", ci->help);
		put_sample(t, name, (struct label){ 0 }, counters_at(c, ci));
	}
}

/* ------------------------------------------------------------------ gauges */

static void put_daemon(struct svc_text *t, const struct metrics *m)
{
	const struct label build = { "version", m->version };
	const struct label device[] = {
		{ "name", m->counters.tun.ifname },
		{ "mode", m->counters.tun.mode },
	};

	put_info(t, "ustack_build_info", "What runs here.", &build, 1);
	put_info(t, "ustack_interface_info",
		 "The interface, and the offload in use.", device, 2);
	put_family(t, "ustack_uptime_seconds", "gauge",
		   "Time since the daemon started.");
	svc_text_add(t, "ustack_uptime_seconds %llu.%06u\n",
		     (unsigned long long)(m->up_us / US_PER_S),
		     (unsigned int)(m->up_us % US_PER_S));
	put_family(t, "ustack_log_events_lost_total", "counter",
		   "Events that came faster than they could be logged.");
	put_sample(t, "ustack_log_events_lost_total", (struct label){ 0 },
		   m->events_lost);
}

static void put_stack(struct svc_text *t, const struct ustack_gauges *g)
{
	put_family(t, "ustack_connections", "gauge",
		   "Connections by state; LISTEN counts listeners.");
	for (int st = USTACK_LISTEN; st < USTACK_STATES; st++) {
		const char *name = ustack_state_name((enum ustack_state)st);

		put_sample(t, "ustack_connections",
			   (struct label){ "state", name }, g->states[st]);
	}
	put_gauge(t, "ustack_memory_used_bytes", "Memory of the stack in use.",
		  g->mem_used);
	put_gauge(t, "ustack_memory_peak_bytes", "Most memory in use so far.",
		  g->mem_peak);
	put_gauge(t, "ustack_memory_taken_bytes",
		  "Memory taken from the system.", g->mem_taken);
	put_gauge(t, "ustack_memory_limit_bytes",
		  "The budget, [stack] memory-limit.", g->mem_limit);
	put_gauge(t, "ustack_memory_short",
		  "1 while connections get no more than each is promised.",
		  g->mem_short);
	put_gauge(t, "ustack_connection_idle_bytes",
		  "Memory of one idle connection.", g->tcb_bytes);
	put_gauge(t, "ustack_timers", "Timers that are armed.", g->timers);
	put_gauge(t, "ustack_fragmented_datagrams",
		  "Datagrams of which fragments wait for others.", g->frags);
	put_gauge(t, "ustack_fragments_bytes", "Memory that they hold.",
		  g->frag_bytes);
}

/* ---------------------------------------------------------------- services */

enum { SV_PORT, SV_OPEN, SV_ACCEPTED, SV_IN, SV_OUT, SV_FAMILIES };

static void service_values(const struct worker_service *sv,
			   uint64_t v[SV_FAMILIES])
{
	v[SV_PORT] = sv->port;
	v[SV_OPEN] = sv->open;
	v[SV_ACCEPTED] = sv->accepted;
	v[SV_IN] = sv->bytes_in;
	v[SV_OUT] = sv->bytes_out;
}

static void put_services(struct svc_text *t, const struct metrics *m)
{
	static const struct {
		const char *name;
		const char *type;
		const char *help;
	} family[SV_FAMILIES] = {
		[SV_PORT] = { "ustack_service_port", "gauge",
			      "Port that a service listens on." },
		[SV_OPEN] = { "ustack_service_connections", "gauge",
			      "Connections that are open." },
		[SV_ACCEPTED] = { "ustack_service_accepted_total", "counter",
				  "Connections accepted." },
		[SV_IN] = { "ustack_service_in_bytes_total", "counter",
			    "Payload that the service has read." },
		[SV_OUT] = { "ustack_service_out_bytes_total", "counter",
			     "Payload that the service has written." },
	};

	for (int f = 0; m->nservice && f < SV_FAMILIES; f++) {
		put_family(t, family[f].name, family[f].type, family[f].help);
		for (uint32_t i = 0; i < m->nservice; i++) {
			struct label l = { "service", m->service[i].name };
			uint64_t v[SV_FAMILIES];

			service_values(&m->service[i], v);
			put_sample(t, family[f].name, l, v[f]);
		}
	}
}

static void put_tls(struct svc_text *t, const struct svc_tls_gauges *g)
{
	put_gauge(t, "ustack_tls_channels",
		  "Secure channels, handshakes included.", g->channels);
	put_gauge(t, "ustack_tls_handshaking",
		  "Handshakes of clients that go on now.", g->handshakes);
}

/* -------------------------------------------------------------- impairment */

static void put_impairment(struct svc_text *t, const struct metrics *m)
{
	put_family(t, "ustack_impair_matched_packets_total", "counter",
		   "Packets that a rule or script matched.");
	put_sample(t, "ustack_impair_matched_packets_total",
		   (struct label){ 0 }, m->impair.matched);
	put_family(t, "ustack_impair_matched_bytes_total", "counter",
		   "Bytes in them.");
	put_sample(t, "ustack_impair_matched_bytes_total", (struct label){ 0 },
		   m->impair.bytes);
	put_family(t, "ustack_impair_hits_total", "counter",
		   "Packets that a knob acted on.");
	for (int k = USTACK_KNOB_NONE + 1; k < USTACK_KNOBS; k++)
		put_sample(t, "ustack_impair_hits_total",
			   (struct label){ "knob", ustack_knob_name(k) },
			   m->impair.by[k]);
	put_gauge(t, "ustack_impair_rules", "Rules in force.",
		  m->impaired.rules);
	put_gauge(t, "ustack_impair_scripts", "Scripts in force.",
		  m->impaired.scripts);
	put_gauge(t, "ustack_impair_connections",
		  "Connections that impairment knows.", m->impaired.flows);
	put_gauge(t, "ustack_impair_queued_packets",
		  "Packets that wait to go on.", m->impaired.queued_pkts);
	put_gauge(t, "ustack_impair_queued_bytes", "Memory that they hold.",
		  m->impaired.queued_bytes);
}

/* ------------------------------------------------------------------ all */

void metrics_read(struct metrics *m, struct worker *w)
{
	counters_load(&m->counters, worker_counters(w), worker_svc_counters(w));
	tun_info(worker_tun(w), &m->counters.tun);
	ustack_gauges(worker_stack(w), &m->gauges);
	impair_totals(worker_impair(w), &m->impair);
	impair_gauges(worker_impair(w), &m->impaired);
	svc_tls_gauges(worker_svc(w), &m->tls);
	m->events_lost = worker_events_lost(w);
	m->nservice = worker_services(w, m->service, CONFIG_SERVICES_MAX);
}

void metrics_write(const struct metrics *m, struct svc_text *t)
{
	put_daemon(t, m);
	put_stack(t, &m->gauges);
	put_services(t, m);
	put_tls(t, &m->tls);
	put_impairment(t, m);
	put_counters(t, &m->counters);
}
