/* SPDX-License-Identifier: MIT */
/*
 * ctl_cmds.c - the control protocol's methods, but for conns.*, events.*
 *		and trace.*
 *
 * Counters are read where they are, with relaxed loads; what only the worker
 * knows is fetched by a job, and answered when the job comes back.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/addr.h"
#include "daemon/ctl_int.h"
#include "daemon/log.h"
#include "daemon/sandbox.h"
#include "daemon/svc/fault.h"
#include "daemon/tun.h"
#include "stack/link/impair.h"

#ifndef USTACK_VERSION
#define USTACK_VERSION "unknown"
#endif

uint64_t ctl_now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

/* ----------------------------------------------------------------- status */

/**
 * struct status_job - fetches the stack's gauges
 * @job:	the mailbox's; first
 * @rq:		who asked
 * @gauges:	filled in by the worker
 * @impair:	the same
 * @nfaults:	the same: services that read slowly or not at all
 */
struct status_job {
	struct job job;
	struct ctl_request *rq;
	struct ustack_gauges gauges;
	struct impair_gauges impair;
	uint32_t nfaults;
};

static void put_interface(struct json *j, const struct ctl *ctl)
{
	struct tun_info info;

	tun_info(worker_tun(ctl->worker), &info);
	json_obj(j, "interface");
	json_str(j, "name", info.ifname);
	json_str(j, "mode", info.mode);
	json_bool(j, "managed", info.managed);
	json_u64(j, "mtu", info.mtu);
	json_u64(j, "rx_packets", info.rx_packets);
	json_u64(j, "rx_bytes", info.rx_bytes);
	json_u64(j, "tx_packets", info.tx_packets);
	json_u64(j, "tx_bytes", info.tx_bytes);
	json_u64(j, "rx_errors", info.rx_errors);
	json_u64(j, "tx_errors", info.tx_errors);
	json_u64(j, "bad_vnet", info.bad_vnet);
	json_u64(j, "dev_drops", info.dev_drops);
	json_obj_end(j);
}

static void put_prefix(struct json *j, const struct ustack_prefix *p)
{
	char text[ADDR_PREFIX_MAX];

	json_str(j, NULL, addr_prefix_text(p, text));
}

static struct ustack_prefix host_prefix(const struct config_addr *h)
{
	uint32_t skip = ustack_addr_is4(&h->addr) ? ADDR_MAPPED_BITS : 0;

	return (struct ustack_prefix){ .addr = h->addr,
				       .len = (uint8_t)(h->len + skip) };
}

static void put_addresses(struct json *j, const struct config *cfg)
{
	json_obj(j, "addresses");
	json_arr(j, "host");
	for (uint32_t i = 0; i < cfg->nhost_addr; i++) {
		struct ustack_prefix p = host_prefix(&cfg->host_addr[i]);

		put_prefix(j, &p);
	}
	json_arr_end(j);
	json_arr(j, "stack");
	for (uint32_t i = 0; i < cfg->stack.naddrs; i++)
		put_prefix(j, &cfg->stack.addr[i]);
	json_arr_end(j);
	json_obj_end(j);
}

static void put_services(struct json *j, const struct worker *w, bool counts)
{
	struct worker_service svc[CONFIG_SERVICES_MAX];
	uint32_t n = worker_services(w, svc, CONFIG_SERVICES_MAX);

	json_arr(j, "services");
	for (uint32_t i = 0; i < n; i++) {
		json_obj(j, NULL);
		json_str(j, "name", svc[i].name);
		json_str(j, "type", svc[i].type);
		json_u64(j, "port", svc[i].port);
		json_bool(j, "tls", svc[i].tls);
		if (svc[i].target[0])
			json_str(j, "target", svc[i].target);
		if (counts) {
			json_u64(j, "open", svc[i].open);
			json_u64(j, "accepted", svc[i].accepted);
			json_u64(j, "bytes_in", svc[i].bytes_in);
			json_u64(j, "bytes_out", svc[i].bytes_out);
		}
		json_obj_end(j);
	}
	json_arr_end(j);
}

static void put_gauges(struct json *j, const struct ustack_gauges *g)
{
	json_obj(j, "connections");
	for (int st = USTACK_SYN_SENT; st < USTACK_STATES; st++)
		json_u64(j, ustack_state_name((enum ustack_state)st),
			 g->states[st]);
	json_obj_end(j);
	json_obj(j, "memory");
	json_u64(j, "used", g->mem_used);
	json_u64(j, "peak", g->mem_peak);
	json_u64(j, "taken", g->mem_taken);
	json_u64(j, "limit", g->mem_limit);
	json_bool(j, "short", g->mem_short);
	json_u64(j, "per_idle_conn", g->tcb_bytes);
	json_obj_end(j);
	json_u64(j, "timers", g->timers);
}

static void put_impairment(struct json *j, const struct status_job *sj)
{
	json_obj(j, "impairment");
	json_u64(j, "rules", sj->impair.rules);
	json_u64(j, "scripts", sj->impair.scripts);
	json_u64(j, "faults", sj->nfaults);
	json_u64(j, "queued", sj->impair.queued_pkts);
	json_obj_end(j);
}

static void put_sandbox(struct json *j, const struct sandbox *sb)
{
	static const struct sandbox none;

	if (!sb)
		sb = &none;
	json_obj(j, "sandbox");
	json_bool(j, "no_core_dumps", sb->no_core);
	json_bool(j, "no_capabilities", sb->no_caps);
	json_bool(j, "no_new_privileges", sb->no_new_privs);
	json_i64(j, "landlock", sb->landlock);
	json_u64(j, "seccomp", sb->seccomp);
	json_obj_end(j);
}

static void on_status_done(struct job *job)
{
	struct status_job *sj = (struct status_job *)job;
	const struct ctl *ctl = sj->rq->client->ctl;
	struct json *j = ctl_reply_begin(sj->rq);

	if (j) {
		json_obj(j, "result");
		json_str(j, "version", USTACK_VERSION);
		json_u64(j, "protocol", CTL_PROTOCOL);
		json_i64(j, "pid", getpid());
		json_u64(j, "uptime_us", ctl_now_us() - ctl->start_us);
		put_interface(j, ctl);
		put_addresses(j, ctl->cfg);
		put_services(j, ctl->worker, false);
		put_gauges(j, &sj->gauges);
		put_impairment(j, sj);
		put_sandbox(j, ctl->sandbox);
		ctl_put_creds(j, ctl);
		json_obj(j, "log");
		json_str(j, "level", log_level_name(log_get_level()));
		json_u64(j, "lost", worker_events_lost(ctl->worker));
		json_obj_end(j);
		json_obj_end(j);
	}
	ctl_reply_end(sj->rq);
	free(sj);
}

static void run_status(struct job *job, struct worker *w)
{
	struct status_job *sj = (struct status_job *)job;
	struct svc_fault fault[SVC_FAULTS_MAX];

	ustack_gauges(worker_stack(w), &sj->gauges);
	impair_gauges(worker_impair(w), &sj->impair);
	sj->nfaults = svc_faults(worker_svc(w), fault);
}

static void ctl_status(struct ctl_request *rq)
{
	struct status_job *sj = calloc(1, sizeof(*sj));

	if (!sj) {
		ctl_reply_error(rq, CTL_E_INTERNAL, "out of memory");
		return;
	}
	sj->job.run = run_status;
	sj->job.done = on_status_done;
	sj->rq = rq;
	worker_post(rq->client->ctl->worker, &sj->job);
}

/* ------------------------------------------------------------------ stats */

void ctl_read_counters(const struct worker *w, struct counters *out)
{
	counters_load(out, worker_counters(w), worker_svc_counters(w));
	tun_info(worker_tun(w), &out->tun);
}

/* Since the last reset; a counter that fell behind it shows 0. */
static uint64_t counter_since(const struct counters *base,
			      const struct counters *now,
			      const struct counter_info *ci)
{
	uint64_t v = counters_at(now, ci);
	uint64_t was = counters_at(base, ci);

	return v > was ? v - was : 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/*
 * glob_matches() - Does @text match a pattern of "*", "?" and letters of either
 *		    case?
 *
 * When a letter does not fit, the last "*" takes one more byte: the effort is
 * at most the product of the lengths, whatever the pattern.
 */
static bool glob_matches(const char *pattern, const char *text)
{
	const char *star = NULL;
	const char *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == '?' || lower(*pattern) == lower(*text)) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

static void ctl_stats_get(struct ctl_request *rq)
{
	const struct ctl *ctl = rq->client->ctl;
	const char *pattern = "*";
	const struct counter_info *ci;
	struct counters now;
	struct json *j;
	size_t n;

	if (ctl_param_str(rq, rq->params, "pattern", &pattern) < 0)
		return;
	ctl_read_counters(ctl->worker, &now);
	j = ctl_reply_begin(rq);
	if (!j) {
		ctl_reply_end(rq);
		return;
	}
	json_obj(j, "result");
	json_u64(j, "since_us", ctl_now_us() - ctl->reset_us);
	json_arr(j, "counters");
	for (ci = counters_table(&n); n--; ci++) {
		if (!glob_matches(pattern, ci->name))
			continue;
		json_obj(j, NULL);
		json_str(j, "name", ci->name);
		json_u64(j, "value", counter_since(&ctl->base, &now, ci));
		json_str(j, "unit", ci->unit);
		json_str(j, "help", ci->help);
		json_obj_end(j);
	}
	json_arr_end(j);
	json_obj_end(j);
	ctl_reply_end(rq);
}

/* The counters go on; only what is shown starts again. */
static void ctl_stats_reset(struct ctl_request *rq)
{
	struct ctl *ctl = rq->client->ctl;

	ctl_read_counters(ctl->worker, &ctl->base);
	ctl->reset_us = ctl_now_us();
	ctl_log_change(rq, "");
	ctl_reply_empty(rq);
}

/* --------------------------------------------------------- services, log */

static void ctl_services_list(struct ctl_request *rq)
{
	const struct ctl *ctl = rq->client->ctl;
	struct json *j = ctl_reply_begin(rq);

	if (j) {
		json_obj(j, "result");
		put_services(j, ctl->worker, true);
		json_u64(j, "replaced", worker_replaced(ctl->worker));
		json_obj_end(j);
	}
	ctl_reply_end(rq);
}

static void ctl_log_set(struct ctl_request *rq)
{
	struct worker *w = rq->client->ctl->worker;
	enum log_level was = log_get_level();
	const char *name = "";
	struct json *j;
	int level;

	if (ctl_param_str(rq, rq->params, "level", &name) < 0)
		return;
	level = log_level_parse(name);
	if (level < 0) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"level: expected error, warning, info, debug "
				"or trace");
		return;
	}
	ctl_log_change(rq, log_level_name((enum log_level)level));
	log_set_level((enum log_level)level);
	worker_set_level(w, level);
	j = ctl_reply_begin(rq);
	if (j) {
		json_obj(j, "result");
		json_str(j, "level", log_level_name((enum log_level)level));
		json_str(j, "was", log_level_name(was));
		json_obj_end(j);
	}
	ctl_reply_end(rq);
}

static void ctl_shutdown(struct ctl_request *rq)
{
	struct ctl *ctl = rq->client->ctl;

	ctl_log_change(rq, "");
	ctl_reply_empty(rq);
	ctl->on_shutdown(ctl->arg);
}

/* ------------------------------------------------------------------ table */

static const struct ctl_method methods[] = {
	{ CTL_STATUS, { NULL }, ctl_status },
	{ CTL_STATS_GET, { "pattern" }, ctl_stats_get },
	{ CTL_STATS_RESET, { NULL }, ctl_stats_reset },
	{ CTL_CONNS_LIST, { "filter", "cursor", "limit" }, ctl_conns_list },
	{ CTL_CONNS_GET, { "id" }, ctl_conns_get },
	{ CTL_CONNS_ABORT, { "id" }, ctl_conns_abort },
	{ CTL_CONNS_CLOSE, { "id" }, ctl_conns_close },
	{ CTL_SERVICES_LIST, { NULL }, ctl_services_list },
	{ CTL_CONNECT_OPEN,
	  { "address", "port", "bind", "cc", "timeout_ms", "tls" },
	  ctl_connect_open },
	{ CTL_EVENTS_SUBSCRIBE,
	  { "conn", "port", "types", "next" },
	  ctl_events_subscribe },
	{ CTL_EVENTS_UNSUBSCRIBE, { NULL }, ctl_events_unsubscribe },
	{ CTL_IMPAIR_GET, { NULL }, ctl_impair_get },
	{ CTL_IMPAIR_SET, { "rule" }, ctl_impair_set },
	{ CTL_IMPAIR_PRESET, { "preset" }, ctl_impair_preset },
	{ CTL_IMPAIR_SCRIPT, { "script" }, ctl_impair_script },
	{ CTL_IMPAIR_CLEAR, { "id" }, ctl_impair_clear },
	{ CTL_IMPAIR_UNDO, { NULL }, ctl_impair_undo },
	{ CTL_CAP_START,
	  { "name", "side", "conn", "port", "snaplen", "limit", "rotate" },
	  ctl_capture_start },
	{ CTL_CAP_STOP, { "id", "all" }, ctl_capture_stop },
	{ CTL_CAP_STATUS, { NULL }, ctl_capture_status },
	{ CTL_TRACE_GET, { "id", "last" }, ctl_trace_get },
	{ CTL_TRACE_LIST, { NULL }, ctl_trace_list },
	{ CTL_FAULT_SET,
	  { "id", "port", "service", "fault", "rate" },
	  ctl_fault_set },
	{ CTL_PING,
	  { "address", "local", "seq", "size", "ttl", "df", "timeout_ms" },
	  ctl_ping },
	{ CTL_LOG_SET, { "level" }, ctl_log_set },
	{ CTL_CONFIG_GET, { NULL }, ctl_config_get },
	{ CTL_CONFIG_RELOAD, { NULL }, ctl_config_reload },
	{ CTL_SHUTDOWN, { NULL }, ctl_shutdown },
};

const struct ctl_method *ctl_methods(size_t *n)
{
	*n = sizeof(methods) / sizeof(methods[0]);
	return methods;
}
