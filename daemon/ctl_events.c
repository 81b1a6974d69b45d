/* SPDX-License-Identifier: MIT */
/*
 * ctl_events.c - the control protocol's events.*: who is told of what
 *
 *	request --> job: follow, take the newest number --> reply --> events
 *
 * A client has one subscription; a second one takes its place.  The worker is
 * told the sum of all: kinds wanted of every connection, and connections that
 * are followed.  It is in force before the reply, so that what a client does
 * after it is seen from its first event on.  Here each event is asked of each
 * subscription, and written once.
 *
 * What a subscriber does not take is dropped beyond CTL_SUB_MARK unsent bytes,
 * counted, and told as soon as half of them are gone.
 */

#include <stdlib.h>
#include <string.h>

#include "daemon/ctl_int.h"
#include "daemon/history.h"
#include "daemon/log_int.h"
#include "daemon/tap.h"

#define ALL_KINDS      ((1u << USTACK_EVENTS) - 1)
#define KINDS_TEXT_MAX 512u

/* By these a connection begins, see history_is_beginning(). */
#define BEGINNINGS                                                             \
	(1u << USTACK_EV_STATE | 1u << USTACK_EV_SENT |                        \
	 1u << USTACK_EV_RECEIVED)

_Static_assert(HISTORY_FOLLOW_MAX >= 2 * CTL_SUBSCRIBERS_MAX,
	       "each has a subscription and may be asking for another one");

/* ------------------------------------------------- what the worker has to do */

/**
 * struct follow_job - has the worker follow connections
 * @job:	the mailbox's; first
 * @n:		entries in @follow
 * @follow:	whom
 */
struct follow_job {
	struct job job;
	uint32_t n;
	struct history_follow follow[HISTORY_FOLLOW_MAX];
};

/* Add a subscription to those of @fj; kinds that it wants of all connections. */
static uint32_t add_sub(struct follow_job *fj, const struct ctl_sub *sub)
{
	struct history_follow *f = &fj->follow[fj->n];

	if (!sub)
		return 0;
	if (!sub->conn && !sub->next)
		return sub->mask;
	if (fj->n == HISTORY_FOLLOW_MAX)
		return 0;
	*f = (struct history_follow){ .id = sub->conn,
				      .port = sub->port,
				      .mask = sub->mask };
	if (sub->next)
		f->mask |= BEGINNINGS;
	fj->n++;
	return 0;
}

/* All that is subscribed to; the kinds are put in force with the next job. */
static void collect(const struct ctl *ctl, struct follow_job *fj)
{
	uint32_t mask = 0;

	fj->n = 0;
	for (const struct ctl_client *c = ctl->clients; c; c = c->next) {
		mask |= add_sub(fj, c->sub);
		mask |= add_sub(fj, c->sub_new);
	}
	worker_subscribe(ctl->worker, mask);
}

static void run_follow(struct job *job, struct worker *w)
{
	const struct follow_job *fj = (const struct follow_job *)job;

	worker_follow(w, fj->follow, fj->n);
}

static void on_follow_done(struct job *job)
{
	free(job);
}

/* Subscriptions have changed; without memory too much is followed, no harm. */
static void refresh(struct ctl *ctl)
{
	struct follow_job *fj = ctl->worker ? malloc(sizeof(*fj)) : NULL;

	if (!fj)
		return;
	fj->job = (struct job){ .run = run_follow, .done = on_follow_done };
	collect(ctl, fj);
	worker_post(ctl->worker, &fj->job);
}

/* ---------------------------------------------------------------- delivery */

static bool has_port(const struct ctl_sub *sub, const struct ustack_event *ev)
{
	return !sub->port || ev->lport == sub->port || ev->rport == sub->port;
}

/* Does the event belong to the connection that a subscription waits for? */
static bool is_next(const struct ctl_sub *sub, const struct ustack_event *ev)
{
	return ev->id > sub->newest && history_is_beginning(ev) &&
	       has_port(sub, ev);
}

static bool wants(struct ctl *ctl, struct ctl_sub *sub,
		  const struct ustack_event *ev)
{
	if (sub->next && is_next(sub, ev)) {
		sub->next = false;
		sub->conn = ev->id;
		ctl->rebound = true;
	}
	if (sub->next || !(sub->mask & (1u << ev->kind)))
		return false;
	if (sub->conn && !ev->lport) /* some drops name the connection alone */
		return sub->conn == ev->id;
	return (!sub->conn || sub->conn == ev->id) && has_port(sub, ev);
}

static void begin_notification(struct json *j, const char *method)
{
	json_reset(j);
	json_obj(j, NULL);
	json_str(j, "jsonrpc", "2.0");
	json_str(j, "method", method);
	json_obj(j, "params");
}

static void end_notification(struct json *j)
{
	json_obj_end(j);
	json_obj_end(j);
	json_nl(j);
}

void ctl_events_tell_lost(struct ctl_client *c)
{
	struct ctl_sub *sub = c->sub;
	struct json *j = &c->ctl->lost;

	if (!sub || (!sub->lost && !sub->overrun))
		return;
	begin_notification(j, CTL_EVENTS_LOST);
	json_u64(j, "n", sub->lost);
	json_u64(j, "overrun", sub->overrun);
	end_notification(j);
	if (json_failed(j) ||
	    !ctl_client_queue(c, j->buf, j->len, CTL_SUB_MARK / 2))
		return;
	sub->lost = 0;
	sub->overrun = 0;
}

static void deliver(struct ctl_client *c, const struct json *j)
{
	ctl_events_tell_lost(c);
	if (c->sub->lost || c->sub->overrun ||
	    !ctl_client_queue(c, j->buf, j->len, CTL_SUB_MARK))
		c->sub->lost++;
}

static void on_event(void *arg, const struct ustack_event *ev)
{
	struct ctl *ctl = arg;
	struct json *j = &ctl->event;
	bool written = false;

	for (struct ctl_client *c = ctl->clients; c; c = c->next) {
		if (!c->sub || !wants(ctl, c->sub, ev))
			continue;
		if (!written) {
			begin_notification(j, CTL_EVENT);
			log_event_object(ev, j);
			end_notification(j);
			written = true;
		}
		if (json_failed(j))
			c->sub->lost++;
		else
			deliver(c, j);
	}
}

static void on_lost(void *arg, uint64_t n)
{
	const struct ctl *ctl = arg;

	for (struct ctl_client *c = ctl->clients; c; c = c->next)
		if (c->sub)
			c->sub->overrun += n;
}

static void on_flush(void *arg)
{
	struct ctl *ctl = arg;
	struct ctl_client *next;

	for (struct ctl_client *c = ctl->clients; c; c = next) {
		next = c->next;
		if (!c->sub)
			continue;
		ctl_events_tell_lost(c);
		ctl_client_push(c);
	}
	if (ctl->rebound)
		refresh(ctl);
	ctl->rebound = false;
}

void ctl_events_init(struct ctl *ctl)
{
	json_init(&ctl->event, CTL_EVENT_MAX);
	json_init(&ctl->lost, CTL_EVENT_MAX);
	worker_set_sink(ctl->worker, &(struct tap_sink){ .event = on_event,
							 .lost = on_lost,
							 .flush = on_flush,
							 .arg = ctl });
}

void ctl_events_fini(struct ctl *ctl)
{
	json_fini(&ctl->event);
	json_fini(&ctl->lost);
}

void ctl_events_end(struct ctl_client *c)
{
	bool any = c->sub || c->sub_new;

	free(c->sub);
	free(c->sub_new);
	c->sub = NULL;
	c->sub_new = NULL;
	if (any)
		refresh(c->ctl);
}

/* --------------------------------------------------------------- subscribe */

/**
 * struct subscribe_job - puts a subscription in force
 * @follow:	what the worker does for all; first
 * @rq:		who asked
 * @conn:	connection that is meant, 0 = none
 * @newest:	set to the greatest number of a connection so far
 * @there:	set if @conn is
 */
struct subscribe_job {
	struct follow_job follow;
	struct ctl_request *rq;
	uint64_t conn;
	uint64_t newest;
	bool there;
};

static void run_subscribe(struct job *job, struct worker *w)
{
	struct subscribe_job *sj = (struct subscribe_job *)job;
	struct history *h = worker_history(w);

	sj->newest = history_newest(h);
	sj->there = sj->conn && (history_is_open(h, sj->conn) ||
				 !ustack_watch(worker_stack(w), sj->conn,
					       USTACK_WATCH_ALL));
	run_follow(job, w);
}

static void on_subscribe_done(struct job *job)
{
	struct subscribe_job *sj = (struct subscribe_job *)job;
	struct ctl_client *c = sj->rq->client;
	struct json *j;

	if (c->ctl && sj->conn && !sj->there) {
		free(c->sub_new);
		c->sub_new = NULL;
		refresh(c->ctl);
		ctl_reply_error(sj->rq, CTL_E_NO_OBJECT,
				"no connection %llu; it may have ended, "
				"conns.list has those that live",
				(unsigned long long)sj->conn);
		free(sj);
		return;
	}
	if (c->ctl) { /* else its subscription went with it */
		free(c->sub);
		c->sub = c->sub_new;
		c->sub_new = NULL;
		c->sub->newest = sj->newest;
	}
	j = ctl_reply_begin(sj->rq);
	if (j) {
		json_obj(j, "result");
		json_u64(j, "wall_offset_us", log_wall_offset_us());
		json_obj_end(j);
	}
	ctl_reply_end(sj->rq);
	free(sj);
}

/* Does a name begin like that, or what stands behind its colon? */
static bool name_matches(const char *name, const char *type)
{
	size_t len = strlen(type);

	return len && (!strncmp(name, type, len) ||
		       !strncmp(strchr(name, ':') + 1, type, len));
}

/* Kinds that a type means, 0 = none. */
static uint32_t kinds_of(const char *type)
{
	uint32_t mask = 0;

	for (uint32_t k = 0; k < USTACK_EVENTS; k++)
		if (name_matches(ustack_event_name((enum ustack_event_kind)k),
				 type))
			mask |= 1u << k;
	return mask;
}

static void refuse_type(struct ctl_request *rq, const cJSON *type)
{
	char names[KINDS_TEXT_MAX];
	size_t len = 0;

	for (uint32_t k = 0; k < USTACK_EVENTS && len < sizeof(names); k++)
		len += (size_t)snprintf(
			names + len, sizeof(names) - len, "%s%s", k ? ", " : "",
			ustack_event_name((enum ustack_event_kind)k));
	ctl_reply_error(rq, CTL_E_PARAMS,
			"types: expected an array of names or their "
			"beginnings%s%.64s; there are %s",
			cJSON_IsString(type) ? ", not " : "",
			cJSON_IsString(type) ? type->valuestring : "", names);
}

/* "types" into @mask; false when an error was sent. */
static bool read_types(struct ctl_request *rq, uint32_t *mask)
{
	const cJSON *types = cJSON_GetObjectItemCaseSensitive(rq->params,
							      "types");
	const cJSON *type;

	*mask = types ? 0 : ALL_KINDS;
	if (types && (!cJSON_IsArray(types) || !types->child)) {
		refuse_type(rq, types);
		return false;
	}
	cJSON_ArrayForEach(type, types)
	{
		uint32_t more = cJSON_IsString(type)
					? kinds_of(type->valuestring)
					: 0;

		if (!more) {
			refuse_type(rq, type);
			return false;
		}
		*mask |= more;
	}
	return true;
}

/* The parameters into @sub; false when an error was sent. */
static bool read_sub(struct ctl_request *rq, struct ctl_sub *sub)
{
	const cJSON *next = cJSON_GetObjectItemCaseSensitive(rq->params,
							     "next");
	uint64_t port = 0;

	if (ctl_param_u64(rq, rq->params, "conn", UINT64_MAX, &sub->conn) < 0 ||
	    ctl_param_u64(rq, rq->params, "port", UINT16_MAX, &port) < 0 ||
	    !read_types(rq, &sub->mask))
		return false;
	sub->port = (uint16_t)port;
	sub->next = cJSON_IsTrue(next);
	if (next && !cJSON_IsBool(next)) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"next: expected true or false");
		return false;
	}
	if (sub->next && sub->conn) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"expected either conn, a connection that is "
				"there, or next, one that will be opened");
		return false;
	}
	return true;
}

static bool may_subscribe(struct ctl_request *rq)
{
	const struct ctl *ctl = rq->client->ctl;
	uint32_t n = 0;

	for (const struct ctl_client *c = ctl->clients; c; c = c->next)
		n += c != rq->client && (c->sub || c->sub_new);
	if (n < CTL_SUBSCRIBERS_MAX)
		return true;
	ctl_reply_error(rq, CTL_E_REFUSED,
			"there are %u subscribers already, which is the limit; "
			"try again when one has gone",
			CTL_SUBSCRIBERS_MAX);
	return false;
}

void ctl_events_subscribe(struct ctl_request *rq)
{
	struct ctl_sub sub = { 0 };
	struct ctl_client *c = rq->client;
	struct subscribe_job *sj;

	if (!may_subscribe(rq) || !read_sub(rq, &sub))
		return;
	sj = calloc(1, sizeof(*sj));
	c->sub_new = malloc(sizeof(sub));
	if (!sj || !c->sub_new) {
		free(sj);
		free(c->sub_new);
		c->sub_new = NULL;
		ctl_reply_error(rq, CTL_E_INTERNAL, "out of memory");
		return;
	}
	*c->sub_new = sub;
	sj->follow.job = (struct job){ .run = run_subscribe,
				       .done = on_subscribe_done };
	sj->rq = rq;
	sj->conn = sub.conn;
	collect(c->ctl, &sj->follow);
	worker_post(c->ctl->worker, &sj->follow.job);
}

void ctl_events_unsubscribe(struct ctl_request *rq)
{
	ctl_events_tell_lost(rq->client);
	ctl_events_end(rq->client);
	ctl_reply_empty(rq);
}
