/* SPDX-License-Identifier: MIT */
/*
 * reload.c - what a running daemon reads again
 *
 * The log comes first and whatever becomes of the rest: logrotate has moved its
 * file away.
 */

#include "daemon/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/creds.h"
#include "daemon/config.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/svc/svc.h"
#include "daemon/tls_files.h"
#include "daemon/worker.h"

/**
 * struct tls_job - takes new credentials to the services
 * @job:	the mailbox's; first
 * @ctx:	a reference
 */
struct tls_job {
	struct job job;
	struct tls_context *ctx;
};

static void run_tls(struct job *j, struct worker *w)
{
	svc_set_tls(worker_svc(w), ((struct tls_job *)j)->ctx);
}

static void done_tls(struct job *j)
{
	tls_context_put(((struct tls_job *)j)->ctx);
	free(j);
}

static bool hand_over(struct reload *r)
{
	struct tls_job *t = calloc(1, sizeof(*t));

	if (!t)
		return false;
	t->job = (struct job){ .run = run_tls, .done = done_tls };
	t->ctx = tls_context_ref(r->tls->ctx);
	worker_post(r->worker, &t->job);
	return true;
}

/* Open the log anew; if it cannot be, log_open() has said so. */
static bool reload_log(const struct config *cfg)
{
	enum log_level level = log_get_level();
	int rc;

	log_close();
	rc = log_open(cfg);
	log_set_level(level);
	return !rc;
}

static void reload_tls(struct reload *r, struct reload_result *res)
{
	int rc = tls_files_load(r->tls, r->cfg, TLS_FILES_AGAIN, res->error,
				sizeof(res->error));

	if (rc <= 0)
		return;
	res->tls = hand_over(r);
	if (res->tls)
		return;
	r->tls->digest = 0; /* the next reload tries again */
	(void)snprintf(res->error, sizeof(res->error), "[tls]: no memory");
}

bool reload_now(struct reload *r, const char *who, struct reload_result *res)
{
	*res = (struct reload_result){ 0 };
	notify("RELOADING=1\nSTATUS=reloading");
	res->log = reload_log(r->cfg);
	reload_tls(r, res);
	notify("READY=1\nSTATUS=ready");
	if (res->error[0])
		log_msg(LOG_LVL_ERROR, "%s: %s; the credentials in force stay",
			who, res->error);
	else
		log_msg(LOG_LVL_INFO, "%s: %s%s", who,
			res->log ? "log reopened" : "log not reopened",
			res->tls ? ", new credentials in force" : "");
	return !res->error[0];
}
