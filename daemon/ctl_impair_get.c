/* SPDX-License-Identifier: MIT */
/*
 * ctl_impair_get.c - impair.get: rules and scripts, and what they have done
 *
 * A job copies what the engine knows; it is written here, where no packet waits
 * for it.
 */

#include <stdio.h>
#include <stdlib.h>

#include "daemon/ctl_int.h"
#include "daemon/log_int.h"
#include "daemon/svc/fault.h"
#include "stack/link/impair_lang.h"

#define SEED_MAX 24u

/**
 * struct impair_get_job - fetches all of impairment
 * @job:	the mailbox's; first
 * @rq:		who asked
 * @now_us:	when it was looked at
 * @nrules:	entries in @rule
 * @nscripts:	entries in @script
 * @rule:	rules, from the front
 * @script:	scripts
 * @totals:	what all have done
 * @gauges:	what there is
 * @nfaults:	entries in @fault
 * @fault:	services that read slowly or not at all
 */
struct impair_get_job {
	struct job job;
	struct ctl_request *rq;
	uint64_t now_us;
	uint32_t nrules;
	uint32_t nscripts;
	struct impair_rule_info rule[IMPAIR_RULES_MAX];
	struct impair_script_info script[IMPAIR_SCRIPTS_MAX];
	struct impair_counts totals;
	struct impair_gauges gauges;
	uint32_t nfaults;
	struct svc_fault fault[SVC_FAULTS_MAX];
};

static void run_impair_get(struct job *job, struct worker *w)
{
	struct impair_get_job *gj = (struct impair_get_job *)job;
	const struct impair *im = worker_impair(w);

	gj->now_us = ctl_now_us();
	while (gj->nrules < IMPAIR_RULES_MAX &&
	       !impair_rule_at(im, gj->nrules, gj->now_us,
			       &gj->rule[gj->nrules]))
		gj->nrules++;
	while (gj->nscripts < IMPAIR_SCRIPTS_MAX &&
	       !impair_script_at(im, gj->nscripts, &gj->script[gj->nscripts]))
		gj->nscripts++;
	impair_totals(im, &gj->totals);
	impair_gauges(im, &gj->gauges);
	gj->nfaults = svc_faults(worker_svc(w), gj->fault);
}

static void put_counts(struct json *j, const struct impair_counts *c)
{
	json_u64(j, "matched", c->matched);
	json_u64(j, "bytes", c->bytes);
	json_obj(j, "by");
	for (int k = USTACK_KNOB_NONE + 1; k < USTACK_KNOBS; k++)
		if (c->by[k])
			json_u64(j, ustack_knob_name((enum ustack_knob)k),
				 c->by[k]);
	json_obj_end(j);
}

static void put_hit(struct json *j, uint64_t now_us, uint64_t hit_us,
		    const struct ustack_event *ev)
{
	if (!hit_us)
		return;
	json_obj(j, "hit");
	json_u64(j, "ago_us", now_us > hit_us ? now_us - hit_us : 0);
	json_obj(j, "event");
	log_event_object(ev, j);
	json_obj_end(j);
	json_obj_end(j);
}

static void put_rule(struct json *j, const struct impair_get_job *gj,
		     uint32_t i)
{
	static const char *const dirs[] = { "both", "in", "out", "both" };
	const struct impair_rule_info *in = &gj->rule[i];
	char text[IMPAIR_TEXT_MAX];
	char seed[SEED_MAX];

	json_obj(j, NULL);
	json_u64(j, "id", in->id);
	json_str(j, "text", impair_rule_text(&in->rule, text));
	if (in->rule.preset[0])
		json_str(j, "preset", in->rule.preset);
	json_str(j, "dir", dirs[in->rule.match.dirs & 3]);
	(void)snprintf(seed, sizeof(seed), "%llu",
		       (unsigned long long)in->rule.knobs.seed);
	json_str(j, "seed", seed);
	if (in->left_us != IMPAIR_NEVER)
		json_u64(j, "left_us", in->left_us);
	json_u64(j, "queued", in->queued);
	if (in->bound)
		json_u64(j, "bound", in->bound);
	json_u64(j, "conns", in->conns);
	put_counts(j, &in->counts);
	put_hit(j, gj->now_us, in->hit_us, &in->hit);
	json_obj_end(j);
}

static void put_script(struct json *j, const struct impair_get_job *gj,
		       uint32_t i)
{
	const struct impair_script_info *in = &gj->script[i];
	char text[IMPAIR_SCRIPT_TEXT_MAX];

	json_obj(j, NULL);
	json_u64(j, "id", in->id);
	json_str(j, "text", impair_script_text(&in->script, text));
	json_str(j, "target", impair_target_text(&in->script.match, text));
	if (in->bound)
		json_u64(j, "bound", in->bound);
	json_arr(j, "steps");
	for (uint32_t k = 0; k < in->script.nsteps; k++) {
		json_obj(j, NULL);
		json_str(j, "text",
			 impair_step_text(&in->script.step[k], text));
		json_u64(j, "fired", in->fired[k]);
		json_bool(j, "done", in->done[k]);
		json_obj_end(j);
	}
	json_arr_end(j);
	put_hit(j, gj->now_us, in->hit_us, &in->hit);
	json_obj_end(j);
}

static void put_whom(struct json *j, uint64_t id, uint16_t port)
{
	if (id)
		json_u64(j, "id", id);
	else
		json_u64(j, "port", port);
}

static void put_fault(struct json *j, const struct svc_fault *f)
{
	char rate[IMPAIR_STEP_TEXT_MAX];

	json_obj(j, NULL);
	put_whom(j, f->id, f->port);
	json_str(j, "fault", f->bytes_per_s ? "slow-read" : "stall");
	if (f->bytes_per_s)
		json_str(j, "rate", impair_rate_text(8 * f->bytes_per_s, rate));
	json_u64(j, "held", f->held);
	json_obj_end(j);
}

/* Endpoints that do not read, and those that are silent. */
static void put_faults(struct json *j, const struct impair_get_job *gj)
{
	json_arr(j, "faults");
	for (uint32_t i = 0; i < gj->nfaults; i++)
		put_fault(j, &gj->fault[i]);
	for (uint32_t i = 0; i < gj->nrules; i++) {
		const struct impair_match *m = &gj->rule[i].rule.match;

		if (!gj->rule[i].rule.silent || (!m->conn && !m->port))
			continue;
		json_obj(j, NULL);
		put_whom(j, m->conn, m->port);
		json_str(j, "fault", "half-open");
		json_u64(j, "rule", gj->rule[i].id);
		json_obj_end(j);
	}
	json_arr_end(j);
}

static void put_exempt(struct json *j, const struct config *cfg)
{
	json_arr(j, "exempt");
	for (uint32_t i = 0; i < cfg->nservice; i++)
		if (cfg->service[i].exempt)
			json_str(j, NULL, cfg->service[i].name);
	json_arr_end(j);
}

static void on_impair_get_done(struct job *job)
{
	struct impair_get_job *gj = (struct impair_get_job *)job;
	const struct ctl *ctl = gj->rq->client->ctl;
	struct json *j = ctl_reply_begin(gj->rq);

	if (j) {
		json_obj(j, "result");
		json_arr(j, "rules");
		for (uint32_t i = 0; i < gj->nrules; i++)
			put_rule(j, gj, i);
		json_arr_end(j);
		json_arr(j, "scripts");
		for (uint32_t i = 0; i < gj->nscripts; i++)
			put_script(j, gj, i);
		json_arr_end(j);
		json_obj(j, "totals");
		put_counts(j, &gj->totals);
		json_obj_end(j);
		json_u64(j, "flows", gj->gauges.flows);
		json_u64(j, "queued", gj->gauges.queued_pkts);
		json_u64(j, "queued_bytes", gj->gauges.queued_bytes);
		json_u64(j, "undo", gj->gauges.undo);
		put_exempt(j, ctl->cfg);
		put_faults(j, gj);
		json_obj_end(j);
	}
	ctl_reply_end(gj->rq);
	free(gj);
}

void ctl_impair_get(struct ctl_request *rq)
{
	struct impair_get_job *gj = calloc(1, sizeof(*gj));

	if (!gj) {
		ctl_reply_error(rq, CTL_E_INTERNAL, "out of memory");
		return;
	}
	gj->job = (struct job){ .run = run_impair_get,
				.done = on_impair_get_done };
	gj->rq = rq;
	worker_post(rq->client->ctl->worker, &gj->job);
}
