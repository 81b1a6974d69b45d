/* SPDX-License-Identifier: MIT */
/*
 * top_read.c - top: asks the daemon for a reading
 *
 * A reading is bounded whatever the daemon holds: at most TOP_CONNS_MAX
 * connections are looked at, in pieces.  Those in TIME-WAIT are counted only:
 * nothing moves there.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "client.h"
#include "conn_fmt.h"
#include "daemon/ctl_proto.h"
#include "fmt.h"
#include "top.h"

static const cJSON *item(const cJSON *obj, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(obj, key);
}

static void take_text(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from);
}

static double clock_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

void top_take_status(struct top_sample *s, const cJSON *status)
{
	const cJSON *ifc = item(status, "interface");
	const cJSON *mem = item(status, "memory");
	const cJSON *st;

	take_text(s->version, sizeof(s->version), cli_str(status, "version"));
	take_text(s->ifname, sizeof(s->ifname), cli_str(ifc, "name"));
	take_text(s->mode, sizeof(s->mode), cli_str(ifc, "mode"));
	s->up_us = cli_num(status, "uptime_us");
	s->mem_used = cli_num(mem, "used");
	s->in_packets = cli_num(ifc, "rx_packets");
	s->in_bytes = cli_num(ifc, "rx_bytes");
	s->out_packets = cli_num(ifc, "tx_packets");
	s->out_bytes = cli_num(ifc, "tx_bytes");
	s->nstates = 0;
	cJSON_ArrayForEach(st, item(status, "connections"))
	{
		struct top_count *c = &s->state[s->nstates];

		if (!cJSON_IsNumber(st) || !(st->valuedouble > 0) ||
		    s->nstates == TOP_STATES_MAX)
			continue;
		take_text(c->name, sizeof(c->name), st->string);
		c->value = st->valuedouble;
		s->nstates++;
	}
}

/* Does a counter tell of packets that were lost here? */
static bool is_drop(const char *name)
{
	static const char *const others[] = { "TunDeviceDrops", "TunRxErrors",
					      "TunTxErrors",
					      "TunBadVnetHeader" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(name, others[i]))
			return true;
	return !strncmp(name, "Drop", 4);
}

static void take_counter(struct top_sample *s, const char *name, double value)
{
	if (!strcmp(name, "TcpActiveOpens") || !strcmp(name, "TcpPassiveOpens"))
		s->opens += value;
	else if (!strcmp(name, "TcpOutSegs"))
		s->out_segs = value;
	else if (!strcmp(name, "TcpRetransSegs"))
		s->retrans = value;
	else if (!strcmp(name, "TcpExtTimeouts"))
		s->timeouts = value;
	if (!is_drop(name) || s->ndrops == TOP_COUNTS_MAX)
		return;
	take_text(s->drop[s->ndrops].name, TOP_NAME_MAX, name);
	s->drop[s->ndrops++].value = value;
}

void top_take_stats(struct top_sample *s, const cJSON *stats)
{
	const cJSON *c;

	s->opens = 0;
	s->ndrops = 0;
	cJSON_ArrayForEach(c, item(stats, "counters"))
	{
		take_counter(s, cli_str(c, "name"), cli_num(c, "value"));
	}
}

static double fired(const cJSON *steps)
{
	const cJSON *step;
	double n = 0;

	cJSON_ArrayForEach(step, steps)
	{
		n += cli_num(step, "fired");
	}
	return n;
}

static void take_rule(struct top_rule *r, const cJSON *from)
{
	const cJSON *knob;

	memset(r, 0, sizeof(*r));
	r->id = (uint64_t)cli_num(from, "id");
	r->hits = cli_num(from, "matched");
	take_text(r->text, sizeof(r->text), cli_str(from, "text"));
	cJSON_ArrayForEach(knob, item(from, "by"))
	{
		struct top_count *c = &r->by[r->nby];

		if (!cJSON_IsNumber(knob) || !knob->string ||
		    r->nby == TOP_KNOBS_MAX)
			continue;
		take_text(c->name, sizeof(c->name), knob->string);
		c->value = knob->valuedouble;
		r->nby++;
	}
}

static void take_script(struct top_rule *r, const cJSON *from)
{
	memset(r, 0, sizeof(*r));
	r->id = (uint64_t)cli_num(from, "id");
	r->hits = fired(item(from, "steps"));
	(void)snprintf(r->text, sizeof(r->text), "script %s",
		       cli_str(from, "text"));
}

/* In the order in which they are asked for a packet. */
void top_take_rules(struct top_sample *s, const cJSON *impair)
{
	const cJSON *from;

	s->nrules = 0;
	cJSON_ArrayForEach(from, item(impair, "scripts"))
	{
		if (s->nrules < TOP_RULES_MAX)
			take_script(&s->rule[s->nrules++], from);
	}
	cJSON_ArrayForEach(from, item(impair, "rules"))
	{
		if (s->nrules < TOP_RULES_MAX)
			take_rule(&s->rule[s->nrules++], from);
	}
}

static void take_conn(struct top_conn *c, const cJSON *from)
{
	double mss = cli_num(from, "mss");

	memset(c, 0, sizeof(*c));
	c->id = (uint64_t)cli_num(from, "id");
	take_text(c->service, sizeof(c->service), cli_str(from, "service"));
	take_text(c->state, sizeof(c->state),
		  conn_state_short(cli_str(from, "state")));
	(void)fmt_endpoint(cli_str(from, "remote"), cli_num(from, "rport"),
			   c->peer, sizeof(c->peer));
	c->in_bytes = cli_num(from, "bytes_received");
	c->out_bytes = cli_num(from, "bytes_acked");
	c->age_us = cli_num(from, "age_us");
	c->rtt_us = cli_num(from, "srtt_us");
	c->cwnd_segs = mss >= 1 ? (double)(uint64_t)((cli_num(from, "cwnd") +
						      mss - 1) /
						     mss)
				: 0;
	c->retrans = cli_num(from, "retrans");
	c->in_bps = TOP_NEVER_KNOWN;
	c->out_bps = TOP_NEVER_KNOWN;
}

bool top_take_conns(struct top_sample *s, const cJSON *piece)
{
	const cJSON *c;

	if (!s->conn)
		s->conn = calloc(TOP_CONNS_MAX, sizeof(*s->conn));
	if (!s->conn)
		return false;
	cJSON_ArrayForEach(c, item(piece, "conns"))
	{
		if (!strcmp(cli_str(c, "state"), "TIME-WAIT"))
			continue;
		if (s->nconns == TOP_CONNS_MAX) {
			s->cut = true;
			return false;
		}
		take_conn(&s->conn[s->nconns++], c);
	}
	return cJSON_IsString(item(piece, "cursor"));
}

/* As many pieces as it takes, and not more than for TOP_CONNS_MAX entries. */
static int read_conns(struct client *client, struct top_sample *s)
{
	cJSON *last = NULL;
	bool more = true;
	int rc = CLI_DONE;

	s->nconns = 0;
	s->cut = false;
	for (uint32_t seen = 0; more && !rc; seen += CTL_PAGE_MAX) {
		const cJSON *cursor = item(last, "cursor");
		cJSON *params = cJSON_CreateObject();
		cJSON *piece;

		if (seen > TOP_CONNS_MAX) {
			s->cut = true;
			cJSON_Delete(params);
			break;
		}
		if (cursor)
			(void)cJSON_AddStringToObject(params, "cursor",
						      cursor->valuestring);
		rc = client_call(client, CTL_CONNS_LIST, params, &piece);
		more = !rc && top_take_conns(s, piece);
		cJSON_Delete(last);
		last = piece;
	}
	cJSON_Delete(last);
	return rc;
}

static int ask(struct client *client, const char *method, struct top_sample *s,
	       void (*take)(struct top_sample *s, const cJSON *result))
{
	cJSON *result;
	int rc = client_try(client, method, NULL, &result);

	if (!rc)
		take(s, result);
	cJSON_Delete(result);
	return rc;
}

int top_read(struct client *client, struct top_sample *s)
{
	int rc;

	s->at_us = clock_us();
	rc = ask(client, CTL_STATUS, s, top_take_status);
	if (!rc)
		rc = ask(client, CTL_STATS_GET, s, top_take_stats);
	if (!rc)
		rc = ask(client, CTL_IMPAIR_GET, s, top_take_rules);
	if (!rc)
		rc = read_conns(client, s);
	return rc;
}

void top_sample_fini(struct top_sample *s)
{
	free(s->conn);
	memset(s, 0, sizeof(*s));
}
