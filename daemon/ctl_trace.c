/* SPDX-License-Identifier: MIT */
/*
 * ctl_trace.c - the control protocol's trace.*: what is remembered of connections
 *
 * A job copies a history as it is packed; it is unpacked and written here, where
 * no packet waits for it.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/ctl_int.h"
#include "daemon/history.h"
#include "daemon/log_int.h"
#include "daemon/svc/stream_tls.h"

#define NUMBER_MAX 24u
#define NAMED_MAX  8u /* connections that an error names */

/* What trace.get and trace.list both say of a connection. */
static void put_whose(struct json *j, const struct config *cfg,
		      const struct history_info *in)
{
	json_u64(j, "id", in->id);
	json_bool(j, "open", in->open);
	json_bool(j, "active", in->active);
	ctl_put_service(j, cfg, in->active, in->lport);
	ctl_put_endpoint(j, "local", &in->local, "lport", in->lport);
	ctl_put_endpoint(j, "remote", &in->remote, "rport", in->rport);
}

/* -------------------------------------------------------------------- get */

/**
 * struct trace_job - fetches one history
 * @job:	the mailbox's; first
 * @rq:		who asked
 * @id:		whose history, 0 = of the connection opened last
 * @rc:		0 or -ERR_NOENT
 * @live:	the connection is still there, and described by @conn
 * @conn:	as it is now
 * @secure:	it is a secure channel, described by @tls
 * @tls:	this
 * @nothers:	if there is no such history: entries in @others
 * @others:	connections that have one
 * @view:	the history
 */
struct trace_job {
	struct job job;
	struct ctl_request *rq;
	uint64_t id;
	int rc;
	bool live;
	struct ustack_info conn;
	bool secure;
	struct stream_tls_info tls;
	uint32_t nothers;
	struct history_info others[HISTORY_CONNS];
	struct history_view view;
};

static void run_get(struct job *job, struct worker *w)
{
	struct trace_job *tj = (struct trace_job *)job;
	struct ustack *s = worker_stack(w);
	struct history *h = worker_history(w);
	struct ustack_conn c;

	tj->rc = history_copy(h, tj->id, &tj->view);
	if (tj->rc) {
		tj->nothers = history_list(h, tj->others, HISTORY_CONNS);
		return;
	}
	tj->live = !ustack_find(s, tj->view.info.id, &c) &&
		   !ustack_info(s, c, &tj->conn);
	tj->secure = tj->live && ctl_read_tls(w, &tj->conn, &tj->tls);
}

static void put_unwatched(struct json *j, const struct history_info *in)
{
	if (in->unwatched_from_us == USTACK_NEVER)
		return;
	json_obj(j, "unwatched");
	json_u64(j, "from_us", in->unwatched_from_us);
	if (in->unwatched_to_us != USTACK_NEVER)
		json_u64(j, "to_us", in->unwatched_to_us);
	json_obj_end(j);
}

static void put_events(struct json *j, const struct history_view *v)
{
	struct ustack_event ev;

	json_arr(j, "events");
	for (uint32_t i = 0; i < v->info.events; i++) {
		history_event(v, i, &ev);
		json_obj(j, NULL);
		json_u64(j, "n", v->rec[i].n);
		log_event_object(&ev, j);
		json_obj_end(j);
	}
	json_arr_end(j);
}

static void put_trace(struct json *j, const struct config *cfg,
		      const struct trace_job *tj)
{
	const struct history_info *in = &tj->view.info;

	json_obj(j, "result");
	put_whose(j, cfg, in);
	if (tj->live)
		ctl_put_conn(j, "conn", cfg, &tj->conn,
			     tj->secure ? &tj->tls : NULL);
	else
		json_raw(j, "conn", "null");
	json_u64(j, "wall_offset_us", log_wall_offset_us());
	if (in->iss)
		json_u64(j, "iss", in->iss);
	if (in->irs)
		json_u64(j, "irs", in->irs);
	json_u64(j, "skipped", in->skipped);
	put_unwatched(j, in);
	put_events(j, &tj->view);
	json_obj_end(j);
}

static int by_opening(const void *a, const void *b)
{
	const struct history_info *x = a;
	const struct history_info *y = b;

	return x->id < y->id ? 1 : x->id > y->id ? -1 : 0;
}

/* There is no such history: say which there are. */
static void refuse(struct trace_job *tj)
{
	char names[NAMED_MAX * NUMBER_MAX] = "";
	size_t len = 0;

	if (!tj->nothers) {
		ctl_reply_error(tj->rq, CTL_E_NO_OBJECT,
				"no connection has been opened yet");
		return;
	}
	qsort(tj->others, tj->nothers, sizeof(tj->others[0]), by_opening);
	for (uint32_t i = 0; i < tj->nothers && i < NAMED_MAX; i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len,
					"%s%" PRIu64, i ? ", " : "",
					tj->others[i].id);
	ctl_reply_error(tj->rq, CTL_E_NO_OBJECT,
			"nothing is remembered of connection %" PRIu64
			"; there %s %s%s",
			tj->id, tj->nothers == 1 ? "is" : "are", names,
			tj->nothers > NAMED_MAX ? " and older ones" : "");
}

static void on_get_done(struct job *job)
{
	struct trace_job *tj = (struct trace_job *)job;
	const struct ctl *ctl = tj->rq->client->ctl;
	struct json *j;

	if (tj->rc) {
		refuse(tj);
	} else {
		j = ctl_reply_begin(tj->rq);
		if (j)
			put_trace(j, ctl->cfg, tj);
		ctl_reply_end(tj->rq);
	}
	free(tj);
}

/* Whose history is asked for; false when an error was sent. */
static bool read_whose(struct ctl_request *rq, uint64_t *id)
{
	const cJSON *last = cJSON_GetObjectItemCaseSensitive(rq->params,
							     "last");
	int there = ctl_param_u64(rq, rq->params, "id", UINT64_MAX, id);

	if (there < 0)
		return false;
	if (last && !cJSON_IsTrue(last)) {
		ctl_reply_error(rq, CTL_E_PARAMS, "last: expected true");
		return false;
	}
	if (there && (last || !*id)) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"expected either an id, a connection's number "
				"from 1, or last");
		return false;
	}
	return true;
}

void ctl_trace_get(struct ctl_request *rq)
{
	struct trace_job *tj;
	uint64_t id = 0;

	if (!read_whose(rq, &id))
		return;
	tj = malloc(sizeof(*tj));
	if (!tj) {
		ctl_reply_error(rq, CTL_E_INTERNAL, "out of memory");
		return;
	}
	tj->job = (struct job){ .run = run_get, .done = on_get_done };
	tj->rq = rq;
	tj->id = id;
	tj->nothers = 0;
	worker_post(rq->client->ctl->worker, &tj->job);
}

/* ------------------------------------------------------------------- list */

/**
 * struct traces_job - lists what is remembered
 * @job:	the mailbox's; first
 * @rq:		who asked
 * @n:		entries in @info
 * @info:	connections
 */
struct traces_job {
	struct job job;
	struct ctl_request *rq;
	uint32_t n;
	struct history_info info[HISTORY_CONNS];
};

static void run_list_traces(struct job *job, struct worker *w)
{
	struct traces_job *tj = (struct traces_job *)job;

	tj->n = history_list(worker_history(w), tj->info, HISTORY_CONNS);
}

static void on_traces_done(struct job *job)
{
	struct traces_job *tj = (struct traces_job *)job;
	const struct ctl *ctl = tj->rq->client->ctl;
	struct json *j = ctl_reply_begin(tj->rq);

	if (j) {
		qsort(tj->info, tj->n, sizeof(tj->info[0]), by_opening);
		json_obj(j, "result");
		json_u64(j, "wall_offset_us", log_wall_offset_us());
		json_arr(j, "traces");
		for (uint32_t i = 0; i < tj->n; i++) {
			json_obj(j, NULL);
			put_whose(j, ctl->cfg, &tj->info[i]);
			json_u64(j, "events", tj->info[i].events);
			json_u64(j, "skipped", tj->info[i].skipped);
			json_u64(j, "first_us", tj->info[i].first_us);
			json_u64(j, "last_us", tj->info[i].last_us);
			json_obj_end(j);
		}
		json_arr_end(j);
		json_obj_end(j);
	}
	ctl_reply_end(tj->rq);
	free(tj);
}

void ctl_trace_list(struct ctl_request *rq)
{
	struct traces_job *tj = malloc(sizeof(*tj));

	if (!tj) {
		ctl_reply_error(rq, CTL_E_INTERNAL, "out of memory");
		return;
	}
	tj->job = (struct job){ .run = run_list_traces,
				.done = on_traces_done };
	tj->rq = rq;
	tj->n = 0;
	worker_post(rq->client->ctl->worker, &tj->job);
}
