/* SPDX-License-Identifier: MIT */
/*
 * ctl_capture.c - the control protocol's methods capture.*
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl_capture.h"

#define LIST_MAX   128u
#define SIDES_BOTH 3u

void ctl_capture_status(struct ctl_request *rq)
{
	const struct ctl_captures *set = rq->client->ctl->captures;
	struct json *j = ctl_reply_begin(rq);
	uint64_t n = set->nover < CTL_CAPTURES_OVER ? set->nover
						    : CTL_CAPTURES_OVER;
	struct ctl_capture_info in;

	if (!j) {
		ctl_reply_end(rq);
		return;
	}
	json_obj(j, "result");
	json_arr(j, "captures");
	for (const struct ctl_capture *c = set->first; c; c = c->next) {
		ctl_capture_describe(c, &in);
		if (c->phase != CTL_CAPTURE_STARTING)
			ctl_capture_put(j, &in);
	}
	json_arr_end(j);
	json_arr(j, "over");
	for (uint64_t i = set->nover - n; i < set->nover; i++)
		ctl_capture_put(j, &set->over[i % CTL_CAPTURES_OVER]);
	json_arr_end(j);
	json_obj_end(j);
	ctl_reply_end(rq);
}

/* ----------------------------------------------------------------- starting */

/* Descriptors that can be written to, and that no other capture writes to. */
static bool check_fds(struct ctl_request *rq, const struct ctl_captures *set)
{
	uint32_t which = 0;
	const char *wrong;

	if (!rq->nfds) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"expected the descriptor of a file or a pipe "
				"to write to, sent with the request "
				"(SCM_RIGHTS)");
		return false;
	}
	wrong = capfile_check(rq->fds, rq->nfds, &which);
	if (wrong) {
		ctl_reply_error(rq, CTL_E_PARAMS, "descriptor %u %s", which + 1,
				wrong);
		return false;
	}
	for (const struct ctl_capture *c = set->first; c; c = c->next)
		for (uint32_t i = 0; i < rq->nfds; i++) {
			if (!capfile_shares(&c->file, rq->fds[i]))
				continue;
			ctl_reply_error(rq, CTL_E_REFUSED,
					"capture %" PRIu64
					" writes to that file already",
					c->id);
			return false;
		}
	return true;
}

static bool read_size(struct ctl_request *rq, const char *name, uint64_t *size)
{
	int there = ctl_param_u64(rq, rq->params, name, UINT64_MAX, size);

	if (there <= 0 || *size >= CAPFILE_SIZE_MIN)
		return there >= 0;
	ctl_reply_error(rq, CTL_E_PARAMS, "%s: expected at least %u bytes",
			name, CAPFILE_SIZE_MIN);
	return false;
}

/* "limit" and "rotate"; false when an error was sent. */
static bool read_sizes(struct ctl_request *rq, struct capfile *f)
{
	if (!read_size(rq, "limit", &f->limit) ||
	    !read_size(rq, "rotate", &f->rotate))
		return false;
	if (!f->rotate == (rq->nfds < 2))
		return true;
	ctl_reply_error(rq, CTL_E_PARAMS,
			f->rotate ? "rotate: expected the descriptors of two "
				    "files at least, they are written in turn"
				  : "expected one descriptor, or rotate: the "
				    "size at which the next file is begun");
	return false;
}

/* "conn", "port" and "snaplen"; false when an error was sent. */
static bool read_numbers(struct ctl_request *rq, struct captap *t)
{
	uint64_t port = 0;
	uint64_t snaplen = CAPTURE_SNAPLEN_DEF;
	int there = ctl_param_u64(rq, rq->params, "conn", UINT64_MAX,
				  &t->filter.conn);

	if (there < 0 ||
	    ctl_param_u64(rq, rq->params, "port", UINT16_MAX, &port) < 0 ||
	    ctl_param_u64(rq, rq->params, "snaplen", CAPTURE_SNAPLEN_DEF,
			  &snaplen) < 0)
		return false;
	t->filter.port = (uint16_t)port;
	t->snaplen = (uint32_t)snaplen;
	if (snaplen >= CAPTURE_SNAPLEN_MIN)
		return true;
	ctl_reply_error(rq, CTL_E_PARAMS,
			"snaplen: expected %u to %u bytes of each packet",
			CAPTURE_SNAPLEN_MIN, CAPTURE_SNAPLEN_DEF);
	return false;
}

/* Names are shown in terminals and logs. */
static bool is_printable(const char *s)
{
	while (*s && (unsigned char)*s >= ' ' && *s != 0x7f)
		s++;
	return !*s;
}

/* "name" and "side"; false when an error was sent. */
static bool read_texts(struct ctl_request *rq, struct capfile *f)
{
	const char *name = "a file";
	const char *side = "both";

	if (ctl_param_str(rq, rq->params, "name", &name) < 0 ||
	    ctl_param_str(rq, rq->params, "side", &side) < 0)
		return false;
	for (uint8_t sides = 1; sides <= SIDES_BOTH; sides++)
		if (!strcmp(side, ctl_capture_sides(sides)))
			f->tap.filter.sides = sides;
	if (!f->tap.filter.sides) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"side: expected wire, stack or both");
		return false;
	}
	if (strlen(name) >= sizeof(f->name) || !is_printable(name)) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"name: expected at most %u bytes, none of them "
				"a control character",
				CAPFILE_NAME_MAX - 1);
		return false;
	}
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	return true;
}

void ctl_capture_start(struct ctl_request *rq)
{
	struct ctl_captures *set = rq->client->ctl->captures;
	struct ctl_capture *c;

	ctl_take_fds(rq);
	if (set->n == CAPTURE_MAX) {
		ctl_reply_error(rq, CTL_E_REFUSED, CTL_CAPTURES_FULL,
				CAPTURE_MAX);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		ctl_reply_error(rq, CTL_E_INTERNAL, "out of memory");
		return;
	}
	if (!read_texts(rq, &c->file) || !read_numbers(rq, &c->file.tap) ||
	    !check_fds(rq, set) || !read_sizes(rq, &c->file)) {
		free(c);
		return;
	}
	if (capfile_init(&c->file, rq->fds, rq->nfds)) {
		free(c);
		ctl_reply_error(rq, CTL_E_INTERNAL, "out of memory");
		return;
	}
	rq->nfds = 0; /* they are the capture's now */
	ctl_capture_begin(set, c, rq);
}

/* ----------------------------------------------------------------- stopping */

/* "all"; false when an error was sent. */
static bool read_all(struct ctl_request *rq, bool *all)
{
	const cJSON *p = cJSON_GetObjectItemCaseSensitive(rq->params, "all");

	*all = cJSON_IsTrue(p);
	if (!p || cJSON_IsBool(p))
		return true;
	ctl_reply_error(rq, CTL_E_PARAMS, "all: expected true or false");
	return false;
}

/* Can it be told to stop, and nobody else waits for it? */
static bool may_stop(const struct ctl_capture *c)
{
	return c->phase != CTL_CAPTURE_STARTING && !c->stop;
}

/* One number is needed and there is none: say which there are. */
static void refuse_stop(struct ctl_request *rq, uint64_t id)
{
	const struct ctl_captures *set = rq->client->ctl->captures;
	char list[LIST_MAX] = "";
	size_t len = 0;

	for (const struct ctl_capture *c = set->first; c; c = c->next)
		if (may_stop(c) && len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len,
						"%s%" PRIu64, len ? ", " : "",
						c->id);
	if (!len)
		ctl_reply_error(rq, CTL_E_NO_OBJECT, "no capture is running");
	else if (id)
		ctl_reply_error(rq, CTL_E_NO_OBJECT,
				"no capture %" PRIu64 "; running: %s", id,
				list);
	else
		ctl_reply_error(rq, CTL_E_PARAMS,
				"several captures are running, name one or "
				"all: %s",
				list);
}

/* Is @c meant, when @id may be 0 for the only one, or all are? */
static bool is_meant(const struct ctl_capture *c, uint64_t id, bool all)
{
	return may_stop(c) && (all || !id || c->id == id);
}

void ctl_capture_stop(struct ctl_request *rq)
{
	struct ctl_captures *set = rq->client->ctl->captures;
	char text[LIST_MAX];
	struct ctl_capture_stop *s;
	uint64_t id = 0;
	uint32_t n = 0;
	bool all;

	if (ctl_param_u64(rq, rq->params, "id", UINT64_MAX, &id) < 0 ||
	    !read_all(rq, &all))
		return;
	for (struct ctl_capture *c = set->first; c; c = c->next)
		n += is_meant(c, id, all);
	if (!n || (n > 1 && !all)) {
		refuse_stop(rq, id);
		return;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		ctl_reply_error(rq, CTL_E_INTERNAL, "out of memory");
		return;
	}
	s->rq = rq;
	s->left = n;
	for (struct ctl_capture *c = set->first; c; c = c->next) {
		if (!is_meant(c, id, all))
			continue;
		(void)snprintf(text, sizeof(text), "%" PRIu64, c->id);
		ctl_log_change(rq, text);
		c->stop = s;
		ctl_capture_leave(c);
	}
}
