/* SPDX-License-Identifier: MIT */
/*
 * ctl_impair.c - the control protocol's impair.*, but for impair.get
 *
 * A text is read here, where a complaint can say what would be right; a job
 * gives what it means to the engine, on the worker's thread.  What is refused
 * leaves everything as it was.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl_int.h"
#include "daemon/lab_conf.h"
#include "stack/link/impair_lang.h"

#define WHY_MAX	   256u
#define NUMBER_MAX 24u

/**
 * struct impair_job - a change of rules and scripts
 * @job:	the mailbox's; first
 * @rq:		who asked
 * @rule:	rules to make
 * @n:		their number
 * @id:		their numbers, or that of the script
 * @script:	script to make
 * @conn:	connection that has to be there, 0 = none
 * @count:	clear: what was cleared; undo: what can still be
 * @rc:		outcome, 0 or -ERR_*
 */
struct impair_job {
	struct job job;
	struct ctl_request *rq;
	struct impair_rule rule[IMPAIR_PRESET_RULES];
	uint32_t n;
	uint32_t id[IMPAIR_PRESET_RULES];
	struct impair_script script;
	uint64_t conn;
	uint32_t count;
	int rc;
};

/* The job for a request, or NULL: an error was sent. */
static struct impair_job *change_new(struct ctl_request *rq,
				     void (*run)(struct job *, struct worker *),
				     void (*done)(struct job *))
{
	struct impair_job *ij = calloc(1, sizeof(*ij));

	if (!ij) {
		ctl_reply_error(rq, CTL_E_INTERNAL, "out of memory");
		return NULL;
	}
	ij->job = (struct job){ .run = run, .done = done };
	ij->rq = rq;
	return ij;
}

static void post_change(struct impair_job *ij)
{
	worker_post(ij->rq->client->ctl->worker, &ij->job);
}

/* --------------------------------------------------------------- refusals */

static void refuse_text(struct ctl_request *rq, const char *text,
			const struct impair_lang_err *err)
{
	char why[IMPAIR_ERR_TEXT_MAX];

	impair_err_text(text, err, why);
	if (strchr(text, '\n'))
		ctl_reply_error(rq, CTL_E_PARAMS, "line %u: %s", err->line,
				why);
	else
		ctl_reply_error(rq, CTL_E_PARAMS, "%s", why);
}

/* Why the engine did not take it; takes the request. */
static void refuse_change(struct impair_job *ij)
{
	if (ij->conn && ij->rc == -ERR_NOENT)
		ctl_reply_error(ij->rq, CTL_E_NO_OBJECT,
				"no connection %" PRIu64 "; conns.list has "
				"those that live, and next means the next one",
				ij->conn);
	else if (ij->rc == -ERR_LIMIT)
		ctl_reply_error(ij->rq, CTL_E_REFUSED,
				"there are as many as there can be, %u rules "
				"and %u scripts; clear some first",
				IMPAIR_RULES_MAX, IMPAIR_SCRIPTS_MAX);
	else
		ctl_reply_error(ij->rq, CTL_E_REFUSED, "%s", err_str(ij->rc));
}

/* Resolve the service that a match names; false when an error was sent. */
static bool resolve_match(struct ctl_request *rq, struct impair_match *m)
{
	char why[WHY_MAX];

	switch (lab_resolve(rq->client->ctl->cfg, m, why, sizeof(why))) {
	case LAB_MATCH_OK:
		return true;
	case LAB_MATCH_UNKNOWN:
		ctl_reply_error(rq, CTL_E_NO_OBJECT, "expected %s", why);
		return false;
	case LAB_MATCH_EXEMPT:
		break;
	}
	ctl_reply_error(rq, CTL_E_REFUSED, "expected %s", why);
	return false;
}

/* The text parameter @name, or NULL: an error was sent. */
static const char *read_text(struct ctl_request *rq, const char *name)
{
	const char *text = NULL;
	int there = ctl_param_str(rq, rq->params, name, &text);

	if (!there)
		ctl_reply_error(rq, CTL_E_PARAMS, "%s: expected a text", name);
	return there > 0 ? text : NULL;
}

/* Is the connection there that a match names?  0 or -ERR_NOENT. */
static int find_conn(struct impair_job *ij, struct worker *w,
		     const struct impair_match *m)
{
	struct ustack_conn c;

	ij->conn = m->conn;
	return m->conn ? ustack_find(worker_stack(w), m->conn, &c) : 0;
}

/* ------------------------------------------------------------------- rules */

/* The rule as it stands now, its seed included. */
static void fetch_rule(struct impair_job *ij, struct impair *im, uint32_t at)
{
	struct impair_rule_info info;

	for (uint32_t i = 0; !impair_rule_at(im, i, ctl_now_us(), &info); i++)
		if (info.id == ij->id[at])
			ij->rule[at] = info.rule;
}

/* All of them or none; they are taken back as one. */
static void run_impair_set(struct job *job, struct worker *w)
{
	struct impair_job *ij = (struct impair_job *)job;
	struct impair *im = worker_impair(w);
	uint32_t i;

	ij->rc = find_conn(ij, w, &ij->rule[0].match);
	for (i = 0; !ij->rc && i < ij->n; i++)
		ij->rc = impair_set(im, &ij->rule[i], ctl_now_us(), &ij->id[i]);
	if (ij->rc) {
		while (i-- > 1)
			(void)impair_undo(im);
		return;
	}
	impair_settle(im, ij->n - 1);
	for (i = 0; i < ij->n; i++)
		fetch_rule(ij, im, i);
}

static void on_impair_set_done(struct job *job)
{
	struct impair_job *ij = (struct impair_job *)job;
	char text[IMPAIR_TEXT_MAX];
	struct json *j;

	if (ij->rc) {
		refuse_change(ij);
		free(ij);
		return;
	}
	for (uint32_t i = 0; i < ij->n; i++)
		ctl_log_change(ij->rq, impair_rule_text(&ij->rule[i], text));
	j = ctl_reply_begin(ij->rq);
	if (j) {
		json_obj(j, "result");
		json_arr(j, "rules");
		for (uint32_t i = 0; i < ij->n; i++) {
			json_obj(j, NULL);
			json_u64(j, "id", ij->id[i]);
			json_str(j, "text",
				 impair_rule_text(&ij->rule[i], text));
			json_obj_end(j);
		}
		json_arr_end(j);
		json_obj_end(j);
	}
	ctl_reply_end(ij->rq);
	free(ij);
}

/* Post the job if its rules can be meant, or drop it. */
static void post_rules(struct impair_job *ij)
{
	for (uint32_t i = 0; i < ij->n; i++)
		if (!resolve_match(ij->rq, &ij->rule[i].match)) {
			free(ij);
			return;
		}
	post_change(ij);
}

void ctl_impair_set(struct ctl_request *rq)
{
	const char *text = read_text(rq, "rule");
	struct impair_lang_err err;
	struct impair_job *ij;

	if (!text)
		return;
	ij = change_new(rq, run_impair_set, on_impair_set_done);
	if (!ij)
		return;
	ij->n = 1;
	if (impair_rule_parse(text, &ij->rule[0], &err)) {
		refuse_text(rq, text, &err);
		free(ij);
		return;
	}
	post_rules(ij);
}

/* ----------------------------------------------------------------- presets */

static void list_presets(struct ctl_request *rq)
{
	uint32_t n;
	const struct impair_preset *p = impair_presets(&n);
	struct json *j = ctl_reply_begin(rq);

	if (j) {
		json_obj(j, "result");
		json_arr(j, "presets");
		for (; n-- > 0; p++) {
			json_obj(j, NULL);
			json_str(j, "name", p->name);
			json_str(j, "help", p->help);
			json_str(j, "source", p->source);
			json_arr(j, "rules");
			for (uint32_t i = 0; i < IMPAIR_PRESET_RULES; i++)
				if (p->rule[i])
					json_str(j, NULL, p->rule[i]);
			json_arr_end(j);
			json_obj_end(j);
		}
		json_arr_end(j);
		json_obj_end(j);
	}
	ctl_reply_end(rq);
}

void ctl_impair_preset(struct ctl_request *rq)
{
	const char *text = NULL;
	int there = ctl_param_str(rq, rq->params, "preset", &text);
	struct impair_lang_err err;
	struct impair_job *ij;

	if (there < 0)
		return;
	if (!there) {
		list_presets(rq);
		return;
	}
	ij = change_new(rq, run_impair_set, on_impair_set_done);
	if (!ij)
		return;
	if (impair_preset_parse(text, ij->rule, &ij->n, &err)) {
		refuse_text(rq, text, &err);
		free(ij);
		return;
	}
	post_rules(ij);
}

/* ----------------------------------------------------------------- scripts */

static void run_script(struct job *job, struct worker *w)
{
	struct impair_job *ij = (struct impair_job *)job;

	ij->rc = find_conn(ij, w, &ij->script.match);
	if (!ij->rc)
		ij->rc = impair_run_script(worker_impair(w), &ij->script,
					   ctl_now_us(), &ij->id[0]);
}

static void on_script_done(struct job *job)
{
	struct impair_job *ij = (struct impair_job *)job;
	char text[IMPAIR_SCRIPT_TEXT_MAX];
	struct json *j;

	if (ij->rc) {
		refuse_change(ij);
		free(ij);
		return;
	}
	impair_script_text(&ij->script, text);
	ctl_log_change(ij->rq, text);
	j = ctl_reply_begin(ij->rq);
	if (j) {
		json_obj(j, "result");
		json_u64(j, "id", ij->id[0]);
		json_str(j, "text", text);
		json_obj_end(j);
	}
	ctl_reply_end(ij->rq);
	free(ij);
}

void ctl_impair_script(struct ctl_request *rq)
{
	const char *text = read_text(rq, "script");
	struct impair_lang_err err;
	struct impair_job *ij;

	if (!text)
		return;
	ij = change_new(rq, run_script, on_script_done);
	if (!ij)
		return;
	if (impair_script_parse(text, &ij->script, &err)) {
		refuse_text(rq, text, &err);
		free(ij);
		return;
	}
	if (resolve_match(rq, &ij->script.match))
		post_change(ij);
	else
		free(ij);
}

/* ------------------------------------------------------------- clear, undo */

static uint32_t number_of(struct impair *im)
{
	struct impair_gauges g;

	impair_gauges(im, &g);
	return g.rules + g.scripts;
}

static void run_clear(struct job *job, struct worker *w)
{
	struct impair_job *ij = (struct impair_job *)job;
	struct impair *im = worker_impair(w);

	ij->count = number_of(im);
	ij->rc = impair_clear(im, ij->id[0]);
	ij->count -= number_of(im);
}

static void reply_count(struct ctl_request *rq, const char *key, uint32_t n)
{
	struct json *j = ctl_reply_begin(rq);

	if (j) {
		json_obj(j, "result");
		json_u64(j, key, n);
		json_obj_end(j);
	}
	ctl_reply_end(rq);
}

static void on_clear_done(struct job *job)
{
	struct impair_job *ij = (struct impair_job *)job;
	char id[NUMBER_MAX] = "";

	if (ij->rc) {
		ctl_reply_error(ij->rq, CTL_E_NO_OBJECT,
				"no rule or script %u; impair.get has those "
				"there are",
				ij->id[0]);
		free(ij);
		return;
	}
	if (ij->id[0])
		(void)snprintf(id, sizeof(id), "%u", ij->id[0]);
	ctl_log_change(ij->rq, id);
	reply_count(ij->rq, "cleared", ij->count);
	free(ij);
}

void ctl_impair_clear(struct ctl_request *rq)
{
	struct impair_job *ij;
	uint64_t id = 0;
	int there = ctl_param_u64(rq, rq->params, "id", UINT32_MAX, &id);

	if (there < 0)
		return;
	if (there && !id) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"id: expected the number of a rule or script "
				"from 1; without id all are cleared");
		return;
	}
	ij = change_new(rq, run_clear, on_clear_done);
	if (!ij)
		return;
	ij->id[0] = (uint32_t)id;
	post_change(ij);
}

static void run_undo(struct job *job, struct worker *w)
{
	struct impair_job *ij = (struct impair_job *)job;
	struct impair *im = worker_impair(w);
	struct impair_gauges g;

	ij->rc = impair_undo(im);
	impair_gauges(im, &g);
	ij->count = g.undo;
}

static void on_undo_done(struct job *job)
{
	struct impair_job *ij = (struct impair_job *)job;

	if (ij->rc) {
		ctl_reply_error(ij->rq, CTL_E_REFUSED,
				"there is no change that could be taken back");
	} else {
		ctl_log_change(ij->rq, "");
		reply_count(ij->rq, "undo", ij->count);
	}
	free(ij);
}

void ctl_impair_undo(struct ctl_request *rq)
{
	struct impair_job *ij = change_new(rq, run_undo, on_undo_done);

	if (ij)
		post_change(ij);
}
