/* SPDX-License-Identifier: MIT */
/*
 * ctl_fault.c - the control protocol's fault.set: faults of an endpoint
 *
 *	stall, slow-read	the service reads nothing, or little	svc/fault.h
 *	half-open		nothing passes any more			impair.h
 *	reset			RST, for those that there are now
 *	off			ends the first three
 *
 * The connections of a port are reset a piece at a time: the job is sent again
 * as long as there are more.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl_int.h"
#include "daemon/lab_conf.h"
#include "daemon/svc/fault.h"
#include "daemon/svc/stream_tcp.h"
#include "stack/link/impair_lang.h"

#define PIECE_CONNS 256u
#define TARGET_MAX  64u
#define FAULT_WHY   256u

enum fault { FAULT_STALL, FAULT_SLOW, FAULT_HALF_OPEN, FAULT_RESET, FAULT_OFF };

static const char *const fault_names[] = { "stall", "slow-read", "half-open",
					   "reset", "off",	 NULL };

/**
 * struct fault_job - makes a fault, or ends one
 * @job:	the mailbox's; first
 * @rq:		who asked
 * @what:	enum fault
 * @id:		connection, 0 = all of the port
 * @match:	the same for impairment
 * @bytes_per_s: of a slow reader
 * @cursor:	reset: where the walk over connections is
 * @more:	reset: there are more to be looked at
 * @count:	connections reset, or faults ended
 * @rc:		outcome, 0 or -ERR_*
 */
struct fault_job {
	struct job job;
	struct ctl_request *rq;
	enum fault what;
	uint64_t id;
	struct impair_match match;
	uint64_t bytes_per_s;
	uint64_t cursor;
	bool more;
	uint32_t count;
	int rc;
};

static const char *target_text(const struct fault_job *fj, char *buf)
{
	if (fj->id)
		(void)snprintf(buf, TARGET_MAX, "connection %" PRIu64, fj->id);
	else
		(void)snprintf(buf, TARGET_MAX, "port %u", fj->match.port);
	return buf;
}

/* ------------------------------------------------- on the worker's thread */

static int read_slowly(struct fault_job *fj, struct worker *w,
		       struct ustack_conn c)
{
	const struct svc_fault f = { .id = fj->id,
				     .conn = fj->id ? stream_tcp_key(c) : 0,
				     .port = fj->id ? 0 : fj->match.port,
				     .bytes_per_s = fj->bytes_per_s };
	int rc = svc_fault_set(worker_svc(w), &f);

	worker_arm_ticks(w);
	return rc;
}

static int go_silent(const struct fault_job *fj, struct impair *im)
{
	const struct impair_rule r = { .match = fj->match, .silent = true };
	uint32_t id;

	return impair_set(im, &r, ctl_now_us(), &id);
}

static void reset_piece(struct fault_job *fj, struct ustack *s)
{
	struct ustack_info info[16];
	uint32_t n = 1;

	for (uint32_t seen = 0; seen < PIECE_CONNS && n; seen += n) {
		n = ustack_walk(s, &fj->cursor, info, 16);
		for (uint32_t i = 0; i < n; i++)
			if (info[i].lport == fj->match.port &&
			    info[i].conn.gen && !ustack_abort(s, info[i].conn))
				fj->count++;
	}
	fj->more = n;
}

/* The rule that silences just this target. */
static bool is_silence(const struct fault_job *fj,
		       const struct impair_rule_info *info)
{
	const struct impair_match *m = &info->rule.match;

	return info->rule.silent && !m->next && !m->peer.len &&
	       m->conn == fj->id && m->port == fj->match.port;
}

static void end_faults(struct fault_job *fj, struct worker *w)
{
	struct impair *im = worker_impair(w);
	struct impair_rule_info info;
	uint32_t i = 0;

	fj->count = svc_fault_off(worker_svc(w), fj->id, fj->match.port);
	worker_arm_ticks(w);
	while (!impair_rule_at(im, i, ctl_now_us(), &info)) {
		if (is_silence(fj, &info) && !impair_clear(im, info.id))
			fj->count++;
		else
			i++;
	}
	if (!fj->count)
		fj->rc = -ERR_ALREADY;
}

static void run_fault(struct job *job, struct worker *w)
{
	struct fault_job *fj = (struct fault_job *)job;
	struct ustack *s = worker_stack(w);
	struct ustack_conn c = { 0 };

	if (fj->id && fj->what != FAULT_OFF)
		fj->rc = ustack_find(s, fj->id, &c);
	if (fj->rc)
		return;
	switch (fj->what) {
	case FAULT_STALL:
	case FAULT_SLOW:
		fj->rc = read_slowly(fj, w, c);
		break;
	case FAULT_HALF_OPEN:
		fj->rc = go_silent(fj, worker_impair(w));
		break;
	case FAULT_RESET:
		fj->count += fj->id != 0;
		if (fj->id)
			fj->rc = ustack_abort(s, c);
		else
			reset_piece(fj, s);
		break;
	case FAULT_OFF:
		end_faults(fj, w);
		break;
	}
}

/* ------------------------------------------------------------------ replies */

static void refuse_fault(struct fault_job *fj)
{
	char target[TARGET_MAX];

	target_text(fj, target);
	if (fj->rc == -ERR_NOENT)
		ctl_reply_error(fj->rq, CTL_E_NO_OBJECT,
				"no %s; conns.list has those that live",
				target);
	else if (fj->rc == -ERR_ALREADY)
		ctl_reply_error(fj->rq, CTL_E_NO_OBJECT,
				"%s has no fault; impair.get has those there "
				"are",
				target);
	else if (fj->rc == -ERR_LIMIT)
		ctl_reply_error(fj->rq, CTL_E_REFUSED,
				"there are as many faults as there can be; "
				"end some first");
	else
		ctl_reply_error(fj->rq, CTL_E_REFUSED, "%s: %s", target,
				err_str(fj->rc));
}

static void reply_fault(struct fault_job *fj)
{
	char target[TARGET_MAX];
	char what[TARGET_MAX + 32];
	struct json *j;

	(void)snprintf(what, sizeof(what), "%s %s", target_text(fj, target),
		       fault_names[fj->what]);
	ctl_log_change(fj->rq, what);
	j = ctl_reply_begin(fj->rq);
	if (j) {
		json_obj(j, "result");
		if (fj->what == FAULT_RESET)
			json_u64(j, "reset", fj->count);
		if (fj->what == FAULT_OFF)
			json_u64(j, "ended", fj->count);
		json_obj_end(j);
	}
	ctl_reply_end(fj->rq);
}

static void on_fault_done(struct job *job)
{
	struct fault_job *fj = (struct fault_job *)job;
	const struct ctl *ctl = fj->rq->client->ctl;

	if (fj->more && !fj->rc && ctl) {
		worker_post(ctl->worker, &fj->job);
		return;
	}
	if (fj->rc)
		refuse_fault(fj);
	else
		reply_fault(fj);
	free(fj);
}

/* ----------------------------------------------------------------- requests */

/* "fault" and "rate" into @fj; false when an error was sent. */
static bool read_fault(struct ctl_request *rq, struct fault_job *fj)
{
	char why[IMPAIR_ERR_TEXT_MAX];
	struct impair_lang_err err;
	const char *name = "";
	const char *rate = NULL;
	uint64_t bps = 0;
	int i = 0;

	if (ctl_param_str(rq, rq->params, "fault", &name) < 0 ||
	    ctl_param_str(rq, rq->params, "rate", &rate) < 0)
		return false;
	while (fault_names[i] && strcmp(fault_names[i], name) != 0)
		i++;
	if (!fault_names[i]) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"fault: expected stall, slow-read, half-open, "
				"reset or off");
		return false;
	}
	fj->what = (enum fault)i;
	if ((fj->what == FAULT_SLOW) != (rate != NULL)) {
		ctl_reply_error(
			rq, CTL_E_PARAMS,
			rate ? "rate: only slow-read has one"
			     : "slow-read takes a rate, as in slow-read "
			       "80kbit");
		return false;
	}
	if (rate && impair_rate_parse(rate, &bps, &err)) {
		ctl_reply_error(rq, CTL_E_PARAMS, "%s",
				impair_err_text(rate, &err, why));
		return false;
	}
	fj->bytes_per_s = bps / 8;
	if (!rate || fj->bytes_per_s)
		return true;
	ctl_reply_error(rq, CTL_E_PARAMS,
			"rate: expected at least a byte a second, 8bit");
	return false;
}

/* Does a service listen there that may be impaired? */
static bool check_port(struct ctl_request *rq, struct impair_match *m)
{
	const struct config *cfg = rq->client->ctl->cfg;
	char why[FAULT_WHY];
	enum lab_match found;

	for (uint32_t i = 0; i < cfg->nservice && m->port; i++)
		if (cfg->service[i].port == m->port)
			memcpy(m->service, cfg->service[i].name,
			       sizeof(m->service));
	if (m->port && !m->service[0]) {
		ctl_reply_error(rq, CTL_E_NO_OBJECT,
				"no service listens on port %u; services.list "
				"has those there are",
				m->port);
		return false;
	}
	found = lab_resolve(cfg, m, why, sizeof(why));
	if (found == LAB_MATCH_OK)
		return true;
	ctl_reply_error(rq,
			found == LAB_MATCH_UNKNOWN ? CTL_E_NO_OBJECT
						   : CTL_E_REFUSED,
			"expected %s", why);
	return false;
}

/* "id", "port" or "service" into @fj; false when an error was sent. */
static bool read_target(struct ctl_request *rq, struct fault_job *fj)
{
	struct impair_match *m = &fj->match;
	const char *service = NULL;
	uint64_t port = 0;

	if (ctl_param_u64(rq, rq->params, "id", UINT64_MAX, &fj->id) < 0 ||
	    ctl_param_u64(rq, rq->params, "port", UINT16_MAX, &port) < 0 ||
	    ctl_param_str(rq, rq->params, "service", &service) < 0)
		return false;
	if ((fj->id != 0) + (port != 0) + (service != NULL) != 1) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"expected one of id, port and service: a "
				"connection, or all of a port");
		return false;
	}
	m->dirs = 1u << IMPAIR_IN | 1u << IMPAIR_OUT;
	m->conn = fj->id;
	m->port = (uint16_t)port;
	if (service)
		(void)snprintf(m->service, sizeof(m->service), "%s", service);
	return fj->id || check_port(rq, m);
}

void ctl_fault_set(struct ctl_request *rq)
{
	struct fault_job *fj = calloc(1, sizeof(*fj));

	if (!fj) {
		ctl_reply_error(rq, CTL_E_INTERNAL, "out of memory");
		return;
	}
	fj->job = (struct job){ .run = run_fault, .done = on_fault_done };
	fj->rq = rq;
	if (!read_fault(rq, fj) || !read_target(rq, fj)) {
		free(fj);
		return;
	}
	worker_post(rq->client->ctl->worker, &fj->job);
}
