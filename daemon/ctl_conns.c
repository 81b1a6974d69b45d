/* SPDX-License-Identifier: MIT */
/*
 * ctl_conns.c - the control protocol's conns.*: list, get, abort, close
 *
 * A list comes in pieces.  Each request makes one job, each job one call of
 * ustack_walk() for at most CTL_PAGE_MAX connections, filtered on the way back:
 * however many there are, packets wait for one piece only.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/addr.h"
#include "daemon/ctl_int.h"
#include "daemon/svc/stream_tcp.h"
#include "daemon/svc/stream_tls.h"
#include "daemon/svc/svc.h"

#define CURSOR_TEXT_MAX 24u
#define NO_SSTHRESH	UINT32_MAX
#define ANY_STATE	(-1)

/* --------------------------------------------------------- one connection */

void ctl_put_endpoint(struct json *j, const char *addr_key,
		      const struct ustack_addr *a, const char *port_key,
		      uint16_t port)
{
	char text[ADDR_TEXT_MAX];

	json_str(j, addr_key, addr_text(a, text));
	json_u64(j, port_key, port);
}

void ctl_put_service(struct json *j, const struct config *cfg, bool active,
		     uint16_t lport)
{
	if (active) {
		json_str(j, "service", CTL_SERVICE_CONNECT);
		return;
	}
	for (uint32_t i = 0; i < cfg->nservice; i++)
		if (cfg->service[i].port == lport) {
			json_str(j, "service", cfg->service[i].name);
			return;
		}
}

static void put_times_and_windows(struct json *j, const struct ustack_info *in)
{
	json_u64(j, "rto_us", in->rto_us);
	json_u64(j, "srtt_us", in->srtt_us);
	json_u64(j, "rttvar_us", in->rttvar_us);
	json_u64(j, "minrtt_us", in->rtt_min_us);
	json_u64(j, "mss", in->mss);
	json_u64(j, "advmss", in->adv_mss);
	json_u64(j, "pmtu", in->pmtu);
	json_u64(j, "cwnd", in->cwnd);
	if (in->ssthresh != NO_SSTHRESH)
		json_u64(j, "ssthresh", in->ssthresh);
	json_u64(j, "snd_wnd", in->snd_wnd);
	json_u64(j, "rcv_wnd", in->rcv_wnd);
	json_u64(j, "rcv_buf", in->rcvbuf);
}

static void put_amounts(struct json *j, const struct ustack_info *in)
{
	json_u64(j, "inflight", in->inflight);
	json_u64(j, "unacked", in->unacked);
	json_u64(j, "unsent", in->unsent);
	json_u64(j, "sacked", in->sacked);
	json_u64(j, "lost", in->lost);
	json_bool(j, "reordering", in->reordering);
	json_u64(j, "reo_wnd_us", in->reo_wnd_us);
	json_u64(j, "rcv_mss", in->rcv_mss);
	json_u64(j, "urgent", in->urgent);
	json_u64(j, "probes", in->probes);
	json_str(j, "soft_error", in->soft_err ? err_str(in->soft_err) : "");
	json_u64(j, "user_timeout_us", in->user_timeout_us);
	json_u64(j, "last_sent_us", in->last_sent_us);
	json_u64(j, "rcvq", in->rcvq);
	json_u64(j, "ooo", in->ooo);
	json_u64(j, "backoff", in->backoff);
	json_u64(j, "bytes_received", in->bytes_in);
	json_u64(j, "bytes_sent", in->bytes_out);
	json_u64(j, "bytes_acked", in->bytes_acked);
	json_u64(j, "bytes_retrans", in->bytes_retrans);
	json_u64(j, "segs_in", in->segs_in);
	json_u64(j, "segs_out", in->segs_out);
	json_u64(j, "retrans", in->retrans);
	json_u64(j, "age_us", in->age_us);
	json_u64(j, "idle_us", in->idle_us);
	json_u64(j, "mem", in->mem);
}

void ctl_put_conn(struct json *j, const char *key, const struct config *cfg,
		  const struct ustack_info *in,
		  const struct stream_tls_info *tls)
{
	json_obj(j, key);
	json_u64(j, "id", in->id);
	ctl_put_service(j, cfg, in->active, in->lport);
	json_str(j, "state", ustack_state_name((enum ustack_state)in->state));
	json_bool(j, "active", in->active);
	ctl_put_endpoint(j, "local", &in->local, "lport", in->lport);
	ctl_put_endpoint(j, "remote", &in->remote, "rport", in->rport);
	json_str(j, "cc", in->cc ? in->cc : "");
	json_str(j, "cc_state", in->cc_state ? in->cc_state : "");
	if (in->wscale_ok) {
		json_obj(j, "wscale");
		json_u64(j, "snd", in->snd_wscale);
		json_u64(j, "rcv", in->rcv_wscale);
		json_obj_end(j);
	}
	json_bool(j, "timestamps", in->timestamps);
	json_bool(j, "sack", in->sack);
	json_bool(j, "ecn", in->ecn);
	json_bool(j, "peer_closed", in->peer_closed);
	put_times_and_windows(j, in);
	put_amounts(j, in);
	if (tls)
		ctl_put_tls(j, tls);
	json_obj_end(j);
}

/* ------------------------------------------------------------------- list */

/**
 * struct list_job - fetches one piece of the list
 * @job:	the mailbox's; first
 * @rq:		who asked
 * @cursor:	where the piece begins, then where the next one does
 * @limit:	most connections to look at
 * @state:	only those in this state, or ANY_STATE
 * @port:	only those with this port at either end, 0 = any
 * @n:		entries in @info
 * @info:	connections
 * @secure:	which of them are secure channels
 * @tls:	these
 */
struct list_job {
	struct job job;
	struct ctl_request *rq;
	uint64_t cursor;
	uint32_t limit;
	int state;
	uint16_t port;
	uint32_t n;
	struct ustack_info info[CTL_PAGE_MAX];
	bool secure[CTL_PAGE_MAX];
	struct stream_tls_info tls[CTL_PAGE_MAX];
};

static bool passes(const struct list_job *lj, const struct ustack_info *in)
{
	if (lj->state != ANY_STATE && in->state != lj->state)
		return false;
	return !lj->port || in->lport == lj->port || in->rport == lj->port;
}

static void run_list(struct job *job, struct worker *w)
{
	struct list_job *lj = (struct list_job *)job;

	lj->n = ustack_walk(worker_stack(w), &lj->cursor, lj->info, lj->limit);
	for (uint32_t i = 0; i < lj->n; i++)
		lj->secure[i] = passes(lj, &lj->info[i]) &&
				ctl_read_tls(w, &lj->info[i], &lj->tls[i]);
}

static void on_list_done(struct job *job)
{
	struct list_job *lj = (struct list_job *)job;
	const struct ctl *ctl = lj->rq->client->ctl;
	struct json *j = ctl_reply_begin(lj->rq);
	char cursor[CURSOR_TEXT_MAX];

	if (j) {
		json_obj(j, "result");
		json_arr(j, "conns");
		for (uint32_t i = 0; i < lj->n; i++)
			if (passes(lj, &lj->info[i]))
				ctl_put_conn(j, NULL, ctl->cfg, &lj->info[i],
					     lj->secure[i] ? &lj->tls[i]
							   : NULL);
		json_arr_end(j);
		(void)snprintf(cursor, sizeof(cursor), "%" PRIu64, lj->cursor);
		if (lj->n)
			json_str(j, "cursor", cursor);
		else
			json_raw(j, "cursor", "null");
		json_obj_end(j);
	}
	ctl_reply_end(lj->rq);
	free(lj);
}

static int state_by_name(const char *name)
{
	for (int st = 0; st < USTACK_STATES; st++)
		if (!strcmp(ustack_state_name((enum ustack_state)st), name))
			return st;
	return ANY_STATE;
}

/* "filter" into @lj; false when an error was sent. */
static bool read_filter(struct ctl_request *rq, struct list_job *lj)
{
	const cJSON *f = cJSON_GetObjectItemCaseSensitive(rq->params, "filter");
	const char *state = NULL;
	uint64_t port = 0;
	const cJSON *p;

	if (f && !cJSON_IsObject(f)) {
		ctl_reply_error(rq, CTL_E_PARAMS, "filter: expected an object");
		return false;
	}
	cJSON_ArrayForEach(p, f)
	{
		if (!strcmp(p->string, "state") || !strcmp(p->string, "port"))
			continue;
		ctl_reply_error(rq, CTL_E_PARAMS,
				"unknown filter \"%.64s\"; there are state and "
				"port",
				p->string);
		return false;
	}
	if (ctl_param_str(rq, f, "state", &state) < 0 ||
	    ctl_param_u64(rq, f, "port", UINT16_MAX, &port) < 0)
		return false;
	lj->port = (uint16_t)port;
	lj->state = state ? state_by_name(state) : ANY_STATE;
	if (!state || lj->state != ANY_STATE)
		return true;
	ctl_reply_error(rq, CTL_E_PARAMS,
			"state: expected a state's name as RFC 9293 writes it, "
			"such as ESTABLISHED or TIME-WAIT");
	return false;
}

/* "cursor" and "limit" into @lj; false when an error was sent. */
static bool read_position(struct ctl_request *rq, struct list_job *lj)
{
	const cJSON *c = cJSON_GetObjectItemCaseSensitive(rq->params, "cursor");
	uint64_t limit = CTL_PAGE_MAX;
	char *end = NULL;

	if (c && cJSON_IsString(c) && c->valuestring[0] >= '0' &&
	    c->valuestring[0] <= '9')
		lj->cursor = strtoull(c->valuestring, &end, 10);
	if (c && !cJSON_IsNull(c) && (!end || *end)) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"cursor: expected what the last reply had "
				"there, or null");
		return false;
	}
	if (ctl_param_u64(rq, rq->params, "limit", CTL_PAGE_MAX, &limit) < 0)
		return false;
	lj->limit = limit ? (uint32_t)limit : 1;
	return true;
}

void ctl_conns_list(struct ctl_request *rq)
{
	struct list_job *lj = malloc(sizeof(*lj));

	if (!lj) {
		ctl_reply_error(rq, CTL_E_INTERNAL, "out of memory");
		return;
	}
	lj->job = (struct job){ .run = run_list, .done = on_list_done };
	lj->rq = rq;
	lj->cursor = 0;
	lj->n = 0;
	if (!read_filter(rq, lj) || !read_position(rq, lj)) {
		free(lj);
		return;
	}
	worker_post(rq->client->ctl->worker, &lj->job);
}

/* ------------------------------------------------------ get, abort, close */

/**
 * struct conn_job - does something with one connection
 * @job:	the mailbox's; first
 * @rq:		who asked
 * @id:		the connection
 * @act:	what to do, NULL = only describe it
 * @rc:		outcome, 0 or -ERR_*
 * @info:	its description
 * @secure:	it is a secure channel
 * @tls:	this
 */
struct conn_job {
	struct job job;
	struct ctl_request *rq;
	uint64_t id;
	int (*act)(struct worker *w, struct ustack_conn c);
	int rc;
	struct ustack_info info;
	bool secure;
	struct stream_tls_info tls;
};

static void run_conn(struct job *job, struct worker *w)
{
	struct conn_job *cj = (struct conn_job *)job;
	struct ustack *s = worker_stack(w);
	struct ustack_conn c;

	cj->rc = ustack_find(s, cj->id, &c);
	if (cj->rc)
		return;
	if (cj->act) {
		cj->rc = cj->act(w, c);
		return;
	}
	cj->rc = ustack_info(s, c, &cj->info);
	cj->secure = !cj->rc && ctl_read_tls(w, &cj->info, &cj->tls);
}

static void on_conn_done(struct job *job)
{
	struct conn_job *cj = (struct conn_job *)job;
	struct ctl_request *rq = cj->rq;
	const struct ctl *ctl = rq->client->ctl;
	char id[CURSOR_TEXT_MAX];
	struct json *j;

	(void)snprintf(id, sizeof(id), "%" PRIu64, cj->id);
	if (!cj->rc && cj->act)
		ctl_log_change(rq, id);
	if (cj->rc == -ERR_NOENT) {
		ctl_reply_error(rq, CTL_E_NO_OBJECT,
				"no connection %s; it may have ended, "
				"conns.list has those that live",
				id);
	} else if (cj->rc) {
		ctl_reply_error(rq, CTL_E_REFUSED, "connection %s: %s", id,
				err_str(cj->rc));
	} else if (cj->act) {
		ctl_reply_empty(rq);
	} else {
		j = ctl_reply_begin(rq);
		if (j)
			ctl_put_conn(j, "result", ctl->cfg, &cj->info,
				     cj->secure ? &cj->tls : NULL);
		ctl_reply_end(rq);
	}
	free(cj);
}

static void post_conn_job(struct ctl_request *rq,
			  int (*act)(struct worker *w, struct ustack_conn c))
{
	struct conn_job *cj;
	uint64_t id = 0;
	int there = ctl_param_u64(rq, rq->params, "id", UINT64_MAX, &id);

	if (there < 0)
		return;
	if (!there) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"id: expected a connection's number");
		return;
	}
	cj = calloc(1, sizeof(*cj));
	if (!cj) {
		ctl_reply_error(rq, CTL_E_INTERNAL, "out of memory");
		return;
	}
	cj->job = (struct job){ .run = run_conn, .done = on_conn_done };
	cj->rq = rq;
	cj->id = id;
	cj->act = act;
	worker_post(rq->client->ctl->worker, &cj->job);
}

void ctl_conns_get(struct ctl_request *rq)
{
	post_conn_job(rq, NULL);
}

static int abort_conn(struct worker *w, struct ustack_conn c)
{
	return ustack_abort(worker_stack(w), c);
}

void ctl_conns_abort(struct ctl_request *rq)
{
	post_conn_job(rq, abort_conn);
}

void ctl_conns_close(struct ctl_request *rq)
{
	post_conn_job(rq, worker_close_conn);
}
