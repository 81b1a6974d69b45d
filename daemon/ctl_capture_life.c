/* SPDX-License-Identifier: MIT */
/*
 * ctl_capture_life.c - captures, from the request that asks for one to its end
 *
 *	STARTING --job: add the tap--> RUNNING --stop, limit, error--> LEAVING
 *	LEAVING --job: remove the tap--> CLOSING --all is written, or no patience--> over
 *
 * From STARTING to LEAVING the tap is the worker's, the rest is the main thread's
 * throughout.  A capture that is over is remembered for capture.status until
 * enough others are.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl_capture.h"
#include "daemon/log.h"

#define PATIENCE_S 1. /* for a reader to take the rest */
#define TEXT_MAX   512u
#define ONLY_MAX   64u

/* ------------------------------------------------------------------ showing */

const char *ctl_capture_sides(uint8_t sides)
{
	static const char *const text[] = { "none", "wire", "stack", "both" };

	return text[sides & 3u];
}

void ctl_capture_describe(const struct ctl_capture *c,
			  struct ctl_capture_info *in)
{
	const struct capfile *f = &c->file;

	*in = (struct ctl_capture_info){ .id = c->id,
					 .filter = f->tap.filter,
					 .snaplen = f->tap.snaplen,
					 .limit = f->limit,
					 .rotate = f->rotate,
					 .files = f->nfds,
					 .file = f->at,
					 .packets = f->packets,
					 .dropped = capfile_dropped(f),
					 .bytes = f->total,
					 .age_us = ctl_now_us() - c->start_us,
					 .end = f->ended ? capfile_end_text(f)
							 : NULL };
	memcpy(in->name, f->name, sizeof(in->name));
}

void ctl_capture_put(struct json *j, const struct ctl_capture_info *in)
{
	json_obj(j, NULL);
	json_u64(j, "id", in->id);
	json_str(j, "name", in->name);
	json_str(j, "side", ctl_capture_sides(in->filter.sides));
	if (in->filter.conn)
		json_u64(j, "conn", in->filter.conn);
	if (in->filter.port)
		json_u64(j, "port", in->filter.port);
	json_u64(j, "snaplen", in->snaplen);
	if (in->limit)
		json_u64(j, "limit", in->limit);
	if (in->rotate)
		json_u64(j, "rotate", in->rotate);
	json_u64(j, "files", in->files);
	json_u64(j, "file", in->file);
	json_u64(j, "packets", in->packets);
	json_u64(j, "dropped", in->dropped);
	json_u64(j, "bytes", in->bytes);
	json_u64(j, "age_us", in->age_us);
	if (in->end)
		json_str(j, "end", in->end);
	json_obj_end(j);
}

/* ---------------------------------------------------------------- the end */

static void answer_stop(struct ctl_capture_stop *s)
{
	struct json *j = ctl_reply_begin(s->rq);

	if (j) {
		json_obj(j, "result");
		json_arr(j, "captures");
		for (uint32_t i = 0; i < s->n; i++)
			ctl_capture_put(j, &s->info[i]);
		json_arr_end(j);
		json_obj_end(j);
	}
	ctl_reply_end(s->rq);
	free(s);
}

/* Take it off the list, and free it; its tap is not the worker's any more. */
static void destroy(struct ctl_capture *c)
{
	struct ev_loop *loop = c->set->loop;
	struct ctl_capture **at = &c->set->first;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->set->n--;
	ev_async_stop(loop, &c->wake);
	ev_io_stop(loop, &c->io);
	ev_timer_stop(loop, &c->patience);
	capfile_fini(&c->file);
	free(c);
}

/* All is written, as far as it can be: remember it, tell who waits. */
static void finish(struct ctl_capture *c)
{
	struct ctl_captures *set = c->set;
	struct ctl_capture_info *in =
		&set->over[set->nover++ % CTL_CAPTURES_OVER];
	struct ctl_capture_stop *s = c->stop;

	ctl_capture_describe(c, in);
	log_msg(c->file.ended >= CAPFILE_FAILED ? LOG_LVL_WARNING
						: LOG_LVL_INFO,
		"capture %" PRIu64 " to %s has ended: %s; %" PRIu64
		" packets, %" PRIu64 " lost",
		c->id, c->file.name, in->end, in->packets, in->dropped);
	destroy(c);
	if (!s)
		return;
	s->info[s->n++] = *in;
	if (--s->left == 0)
		answer_stop(s);
}

static void run_remove(struct job *job, struct worker *w)
{
	struct ctl_capture *c = (struct ctl_capture *)job;

	capture_remove(worker_capture(w), &c->file.tap);
}

static void work(struct ctl_capture *c);

static void on_removed(struct job *job)
{
	struct ctl_capture *c = (struct ctl_capture *)job;

	c->phase = CTL_CAPTURE_CLOSING;
	capfile_close(&c->file);
	ev_timer_start(c->set->loop, &c->patience);
	work(c);
}

void ctl_capture_leave(struct ctl_capture *c)
{
	if (c->phase != CTL_CAPTURE_RUNNING)
		return;
	c->phase = CTL_CAPTURE_LEAVING;
	c->job = (struct job){ .run = run_remove, .done = on_removed };
	worker_post(c->set->worker, &c->job);
}

static void on_patience(struct ev_loop *loop, struct ev_timer *t, int revents)
{
	struct ctl_capture *c = t->data;

	(void)loop;
	(void)revents;
	if (!c->file.ended || c->file.ended == CAPFILE_STOPPED)
		c->file.ended = CAPFILE_STUCK;
	finish(c);
}

/* ---------------------------------------------------------------- the work */

/* A pipe is watched for its reader's end, and when blocked for room. */
static void watch_pipe(struct ctl_capture *c, bool blocked)
{
	int events = EV_READ | (blocked ? EV_WRITE : 0);

	if (!c->file.pipe ||
	    (ev_is_active(&c->io) && (c->io.events & ~EV__IOFDSET) == events))
		return;
	ev_io_stop(c->set->loop, &c->io);
	ev_io_set(&c->io, c->file.fd[0], events);
	ev_io_start(c->set->loop, &c->io);
}

static void work(struct ctl_capture *c)
{
	enum capfile_state st = capfile_run(&c->file);

	if (st == CAPFILE_MORE)
		ev_async_send(c->set->loop, &c->wake);
	if (st == CAPFILE_OVER && c->phase == CTL_CAPTURE_CLOSING) {
		finish(c);
		return;
	}
	if (st == CAPFILE_OVER) {
		ev_io_stop(c->set->loop, &c->io);
		ctl_capture_leave(c);
		return;
	}
	watch_pipe(c, st == CAPFILE_BLOCKED);
}

static void on_captured(struct ev_loop *loop, struct ev_async *a, int revents)
{
	struct ctl_capture *c = a->data;

	(void)loop;
	(void)revents;
	if (c->phase != CTL_CAPTURE_STARTING && c->phase != CTL_CAPTURE_LEAVING)
		work(c);
}

static void on_pipe(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct ctl_capture *c = w->data;

	(void)loop;
	(void)revents;
	if (capfile_reader_gone(&c->file) && !c->file.ended)
		capfile_abandon(&c->file);
	if (c->phase != CTL_CAPTURE_LEAVING)
		work(c);
	else
		ev_io_stop(c->set->loop, &c->io);
}

/* --------------------------------------------------------------- beginning */

/* Resolve the connection, and add the tap. */
static void run_add(struct job *job, struct worker *w)
{
	struct ctl_capture *c = (struct ctl_capture *)job;
	struct capture_filter *flt = &c->file.tap.filter;
	struct ustack *s = worker_stack(w);
	struct ustack_info info;
	struct ustack_conn conn;

	if (flt->conn) {
		c->rc = ustack_find(s, flt->conn, &conn);
		if (!c->rc)
			c->rc = ustack_info(s, conn, &info);
		if (c->rc)
			return;
		flt->tuple = (struct ustack_tuple){ .local = info.local,
						    .remote = info.remote,
						    .lport = info.lport,
						    .rport = info.rport };
	}
	if (!capture_add(worker_capture(w), &c->file.tap))
		c->rc = -ERR_LIMIT;
}

static void tell_start(const struct ctl_capture *c,
		       const struct ctl_request *rq)
{
	const struct capture_filter *flt = &c->file.tap.filter;
	char text[TEXT_MAX];
	char only[ONLY_MAX] = "";

	if (flt->conn)
		(void)snprintf(only, sizeof(only), ", connection %" PRIu64,
			       flt->conn);
	else if (flt->port)
		(void)snprintf(only, sizeof(only), ", port %u", flt->port);
	(void)snprintf(text, sizeof(text), "%" PRIu64 " to %s, side %s%s",
		       c->id, c->file.name, ctl_capture_sides(flt->sides),
		       only);
	ctl_log_change(rq, text);
}

static void on_added(struct job *job)
{
	struct ctl_capture *c = (struct ctl_capture *)job;
	struct ctl_request *rq = c->rq;
	struct json *j;

	c->rq = NULL;
	if (c->rc == -ERR_LIMIT) {
		ctl_reply_error(rq, CTL_E_REFUSED, CTL_CAPTURES_FULL,
				CAPTURE_MAX);
		destroy(c);
		return;
	}
	if (c->rc) {
		ctl_reply_error(rq, CTL_E_NO_OBJECT,
				"no connection %" PRIu64
				"; it may have ended, conns.list has those "
				"that live",
				c->file.tap.filter.conn);
		destroy(c);
		return;
	}
	c->phase = CTL_CAPTURE_RUNNING;
	c->id = ++c->set->last_id;
	c->start_us = ctl_now_us();
	tell_start(c, rq);
	capfile_begin(&c->file);
	j = ctl_reply_begin(rq);
	if (j) {
		json_obj(j, "result");
		json_u64(j, "id", c->id);
		json_obj_end(j);
	}
	ctl_reply_end(rq);
	work(c);
}

static void init_watchers(struct ctl_capture *c)
{
	ev_async_init(&c->wake, on_captured);
	ev_io_init(&c->io, on_pipe, c->file.fd[0], EV_READ);
	ev_timer_init(&c->patience, on_patience, PATIENCE_S, 0.);
	c->wake.data = c;
	c->io.data = c;
	c->patience.data = c;
	c->file.tap.loop = c->set->loop;
	c->file.tap.wake = &c->wake;
	ev_async_start(c->set->loop, &c->wake);
}

void ctl_capture_begin(struct ctl_captures *set, struct ctl_capture *c,
		       struct ctl_request *rq)
{
	c->set = set;
	c->next = set->first;
	set->first = c;
	set->n++;
	c->rq = rq;
	init_watchers(c);
	c->job = (struct job){ .run = run_add, .done = on_added };
	worker_post(set->worker, &c->job);
}

/* --------------------------------------------------------------------- life */

struct ctl_captures *ctl_captures_new(struct ev_loop *loop,
				      struct worker *worker)
{
	struct ctl_captures *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->loop = loop;
	set->worker = worker;
	return set;
}

void ctl_captures_free(struct ctl_captures *set)
{
	while (set->first) {
		struct ctl_capture *c = set->first;

		capfile_close(&c->file);
		while (capfile_run(&c->file) == CAPFILE_MORE)
			;
		if (!c->file.ended)
			c->file.ended = CAPFILE_STUCK;
		finish(c);
	}
	free(set);
}
