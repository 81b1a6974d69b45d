/* SPDX-License-Identifier: MIT */
/*
 * ctl_rpc.c - a line becomes a request, a request becomes a reply
 *
 * JSON-RPC 2.0 sections 4 and 5, without batches (section 6).
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/ctl_int.h"
#include "daemon/log.h"

#define MESSAGE_MAX   1280u
#define NAMES_MAX     1024u
#define ID_MAX	      128u /* bytes of an id, which is sent back	 */
#define EXACT_INT_MAX 9007199254740992. /* 2^53: cJSON has only doubles */

/* ---------------------------------------------------------------- replies */

static void reply_open(struct json *j, const char *id)
{
	json_reset(j);
	json_obj(j, NULL);
	json_str(j, "jsonrpc", "2.0");
	json_raw(j, "id", id);
}

static void reply_error(struct json *j, int code, const char *message)
{
	json_obj(j, "error");
	json_i64(j, "code", code);
	json_str(j, "message", message);
	json_obj_end(j);
	json_obj_end(j);
	json_nl(j);
}

void ctl_rpc_refuse(struct ctl_client *c, int code, const char *message)
{
	struct json *j = &c->ctl->reply;

	reply_open(j, "null");
	reply_error(j, code, message);
	if (!json_failed(j))
		ctl_client_send(c, j->buf, j->len);
}

/* The request is over, the client may have its next one. */
static void request_free(struct ctl_request *rq)
{
	struct ctl_client *c = rq->client;

	c->busy = false;
	if (c->ctl && !c->pumping)
		ctl_client_pump(c);
	ctl_client_put(c);
	while (rq->nfds)
		(void)close(rq->fds[--rq->nfds]);
	cJSON_Delete(rq->msg);
	cJSON_free(rq->id);
	free(rq);
}

struct json *ctl_reply_begin(struct ctl_request *rq)
{
	if (!rq->client->ctl || !rq->id)
		return NULL;
	reply_open(&rq->client->ctl->reply, rq->id);
	return &rq->client->ctl->reply;
}

void ctl_reply_end(struct ctl_request *rq)
{
	struct ctl *ctl = rq->client->ctl;

	if (ctl && rq->id) {
		struct json *j = &ctl->reply;

		json_obj_end(j);
		json_nl(j);
		if (json_failed(j)) {
			reply_open(j, rq->id);
			reply_error(j, CTL_E_INTERNAL,
				    "the reply does not fit");
		}
		ctl_client_send(rq->client, j->buf, j->len);
	}
	request_free(rq);
}

void ctl_reply_empty(struct ctl_request *rq)
{
	struct json *j = ctl_reply_begin(rq);

	if (j) {
		json_obj(j, "result");
		json_obj_end(j);
	}
	ctl_reply_end(rq);
}

void ctl_reply_error(struct ctl_request *rq, int code, const char *fmt, ...)
{
	char message[MESSAGE_MAX];
	struct json *j = ctl_reply_begin(rq);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (j) {
		reply_error(j, code, message);
		if (!json_failed(j))
			ctl_client_send(rq->client, j->buf, j->len);
	}
	request_free(rq);
}

void ctl_log_change(const struct ctl_request *rq, const char *what)
{
	log_msg(LOG_LVL_INFO, "control: uid %u pid %d: %s%s%s",
		(unsigned int)rq->client->uid, (int)rq->client->pid, rq->method,
		*what ? " " : "", what);
}

/* ------------------------------------------------------------- parameters */

void ctl_take_fds(struct ctl_request *rq)
{
	struct ctl_client *c = rq->client;

	rq->nfds = c->nfds;
	memcpy(rq->fds, c->fds, sizeof(rq->fds));
	c->nfds = 0;
}

int ctl_param_u64(struct ctl_request *rq, const cJSON *obj, const char *name,
		  uint64_t max, uint64_t *v)
{
	const cJSON *p = cJSON_GetObjectItemCaseSensitive(obj, name);
	double d;

	if (!p)
		return 0;
	if (max >= (uint64_t)EXACT_INT_MAX)
		max = (uint64_t)EXACT_INT_MAX - 1;
	d = p->valuedouble;
	if (!cJSON_IsNumber(p) || !(d >= 0) || d >= EXACT_INT_MAX ||
	    d > (double)(uint64_t)d || (uint64_t)d > max) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"%s: expected a whole number from 0 to %llu",
				name, (unsigned long long)max);
		return -1;
	}
	*v = (uint64_t)d;
	return 1;
}

int ctl_param_str(struct ctl_request *rq, const cJSON *obj, const char *name,
		  const char **v)
{
	const cJSON *p = cJSON_GetObjectItemCaseSensitive(obj, name);

	if (!p)
		return 0;
	if (!cJSON_IsString(p)) {
		ctl_reply_error(rq, CTL_E_PARAMS, "%s: expected a text", name);
		return -1;
	}
	*v = p->valuestring;
	return 1;
}

/* Is it a parameter of the method? */
static bool param_known(const struct ctl_method *m, const char *name)
{
	for (size_t i = 0; i < CTL_PARAMS_MAX && m->params[i]; i++)
		if (!strcmp(m->params[i], name))
			return true;
	return false;
}

static void list_params(const struct ctl_method *m, char *buf, size_t size)
{
	size_t len = 0;

	(void)snprintf(buf, size, "none");
	for (size_t i = 0; i < CTL_PARAMS_MAX && m->params[i]; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s",
					i ? ", " : "", m->params[i]);
}

/* Only parameters that the method knows; else an error is sent. */
static bool check_params(struct ctl_request *rq, const struct ctl_method *m)
{
	const cJSON *p;
	char known[NAMES_MAX];

	if (rq->params && !cJSON_IsObject(rq->params)) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"params: expected an object with names");
		return false;
	}
	cJSON_ArrayForEach(p, rq->params)
	{
		if (param_known(m, p->string))
			continue;
		list_params(m, known, sizeof(known));
		ctl_reply_error(rq, CTL_E_PARAMS,
				"unknown parameter \"%.64s\"; %s has: %s",
				p->string, m->name, known);
		return false;
	}
	return true;
}

/* --------------------------------------------------------------- requests */

static void refuse_method(struct ctl_request *rq)
{
	size_t n;
	const struct ctl_method *m = ctl_methods(&n);
	char known[NAMES_MAX] = "";
	size_t len = 0;

	for (size_t i = 0; i < n && len < sizeof(known); i++)
		len += (size_t)snprintf(known + len, sizeof(known) - len,
					"%s%s", i ? ", " : "", m[i].name);
	ctl_reply_error(rq, CTL_E_METHOD,
			"unknown method \"%.64s\"; there are %s", rq->method,
			known);
}

static void dispatch(struct ctl_request *rq)
{
	size_t n;
	const struct ctl_method *m = ctl_methods(&n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(m[i].name, rq->method) != 0)
			continue;
		if (check_params(rq, &m[i]))
			m[i].run(rq);
		return;
	}
	refuse_method(rq);
}

/* Why @msg is no request, or NULL. */
static const char *find_fault(const cJSON *msg)
{
	const cJSON *version = cJSON_GetObjectItemCaseSensitive(msg, "jsonrpc");
	const cJSON *method = cJSON_GetObjectItemCaseSensitive(msg, "method");
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(msg, "id");

	if (cJSON_IsArray(msg))
		return "batches are not supported, send one object per line";
	if (!cJSON_IsObject(msg))
		return "expected an object";
	if (!cJSON_IsString(version) ||
	    strcmp(version->valuestring, "2.0") != 0)
		return "expected \"jsonrpc\":\"2.0\"";
	if (!cJSON_IsString(method))
		return "expected a \"method\" with its name";
	if (id && !cJSON_IsString(id) && !cJSON_IsNumber(id) &&
	    !cJSON_IsNull(id))
		return "expected an \"id\" that is a text or a number";
	if (cJSON_IsString(id) && strlen(id->valuestring) > ID_MAX)
		return "expected an \"id\" of at most 128 bytes";
	return NULL;
}

/* Nesting of brackets outside of texts; it bounds cJSON's recursion. */
static bool too_deep(const char *line, size_t len)
{
	uint32_t depth = 0;
	bool text = false;

	for (size_t i = 0; i < len; i++) {
		if (text && line[i] == '\\')
			i++;
		else if (line[i] == '"')
			text = !text;
		else if (!text && (line[i] == '{' || line[i] == '['))
			depth++;
		else if (!text && depth && (line[i] == '}' || line[i] == ']'))
			depth--;
		if (depth > CTL_DEPTH_MAX)
			return true;
	}
	return false;
}

/* The line as JSON, or NULL after an error was sent. */
static cJSON *parse(struct ctl_client *c, const char *line, size_t len)
{
	const char *end;
	cJSON *msg = NULL;

	if (too_deep(line, len)) {
		ctl_rpc_refuse(c, CTL_E_PARSE, "nested too deeply");
		return NULL;
	}
	if (!memchr(line, '\0', len))
		msg = cJSON_ParseWithLengthOpts(line, len + 1, &end, 1);
	if (!msg)
		ctl_rpc_refuse(c, CTL_E_PARSE, "expected one JSON object");
	return msg;
}

/* Take the message into a request; NULL when memory is short. */
static struct ctl_request *request_new(struct ctl_client *c, cJSON *msg)
{
	struct ctl_request *rq = calloc(1, sizeof(*rq));
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(msg, "id");

	if (!rq)
		return NULL;
	rq->msg = msg;
	rq->method =
		cJSON_GetObjectItemCaseSensitive(msg, "method")->valuestring;
	rq->params = cJSON_GetObjectItemCaseSensitive(msg, "params");
	if (id)
		rq->id = cJSON_PrintUnformatted(id);
	if (id && !rq->id) {
		free(rq);
		return NULL;
	}
	rq->client = c;
	c->refs++;
	c->busy = true;
	return rq;
}

void ctl_rpc_line(struct ctl_client *c, const char *line, size_t len)
{
	struct ctl_request *rq;
	const char *fault;
	cJSON *msg;

	if (strspn(line, " \t\r") == len)
		return;
	msg = parse(c, line, len);
	if (!msg)
		return;
	fault = find_fault(msg);
	if (fault) {
		ctl_rpc_refuse(c, CTL_E_REQUEST, fault);
		cJSON_Delete(msg);
		return;
	}
	rq = request_new(c, msg);
	if (rq) {
		dispatch(rq);
		return;
	}
	cJSON_Delete(msg);
	ctl_rpc_refuse(c, CTL_E_INTERNAL, "out of memory");
}
