/* SPDX-License-Identifier: MIT */
/*
 * ctl_connect_life.c - connections that clients have asked for, to their end
 *
 *	job: dial() --refused--> error reply
 *	     \--opened, told--> reply --over, ended--> connect.closed
 *	      \-----------------over, ended--> error reply
 *
 * A client that goes takes its connections along: @cut.  Three jobs may be on
 * their way at a time; the last one that comes frees the connection.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/creds.h"
#include "daemon/addr.h"
#include "daemon/ctl_connect.h"
#include "daemon/svc/join.h"
#include "daemon/svc/stream_tcp.h"

#define OF_JOB(j, member)                                                      \
	((struct ctl_connect *)((char *)(j)-offsetof(struct ctl_connect,       \
						     member)))

static struct ctl_connect *of_dial(struct dial *d)
{
	return OF_JOB(d, dial);
}

/* ----------------------------------------------------- the worker's thread */

/* What is not there any more stays as it was. */
static void read_info(const struct ctl_connect *c, struct ustack_info *info)
{
	struct ustack_conn conn = stream_tcp_conn(c->dial.st.conn);

	if (ustack_info(worker_stack(c->worker), conn, info))
		info->active = true;
}

static void on_dial_opened(struct dial *d)
{
	struct ctl_connect *c = of_dial(d);

	read_info(c, &c->opened);
	worker_tell(c->worker, &c->told);
}

static void on_dial_over(struct dial *d)
{
	struct ctl_connect *c = of_dial(d);

	c->over = c->opened;
	read_info(c, &c->over);
	worker_tell(c->worker, &c->ended);
}

static void run_open(struct job *job, struct worker *w)
{
	struct ctl_connect *c = OF_JOB(job, job);

	c->rc = worker_dial(w, &c->dial, &c->args);
	c->dial.is_over = c->rc != 0;
}

static void run_cut(struct job *job, struct worker *w)
{
	struct ctl_connect *c = OF_JOB(job, cut);

	(void)w;
	dial_cut(&c->dial);
}

/* ------------------------------------------------------------------- telling */

static void answer_open(struct ctl_connect *c)
{
	const struct ustack_info *in = &c->opened;
	struct json *j = ctl_reply_begin(c->rq);

	if (j) {
		json_obj(j, "result");
		json_u64(j, "id", in->id);
		ctl_put_endpoint(j, "local", &in->local, "lport", in->lport);
		ctl_put_endpoint(j, "remote", &in->remote, "rport", in->rport);
		json_u64(j, "took_us", c->dial.took_us);
		json_u64(j, "rtt_us", in->srtt_us);
		if (c->dial.secure) {
			json_obj(j, "tls");
			ctl_put_agreed(j, &c->dial.tls);
			json_obj_end(j);
		}
		json_obj_end(j);
	}
	ctl_reply_end(c->rq);
	c->rq = NULL;
}

/* The error code for an end; in words, err_str() has it. */
static int code_of(const struct ctl_connect *c, int end)
{
	switch (end) {
	case -ERR_CONNREFUSED:
		return CTL_E_PEER_REFUSED;
	case -ERR_TIMEDOUT:
		return CTL_E_TIMED_OUT;
	case -ERR_CONNRESET:
		return CTL_E_PEER_RESET;
	default:
		return c->dial.problem.kind >= TLS_OLD_VERSION &&
				       c->dial.problem.kind <= TLS_BAD_PSK
			       ? CTL_E_NOT_TRUSTED
			       : CTL_E_REFUSED;
	}
}

static bool is_given(const struct ustack_addr *a)
{
	static const struct ustack_addr any;

	return !ustack_addr_eq(a, &any);
}

/* The stack does not take these two addresses: which is wrong, and how? */
static void tell_misplaced(const struct ctl_connect *c, int end, char *buf,
			   size_t size)
{
	struct ustack_addr local;
	struct ustack_addr remote;
	char text[ADDR_TEXT_MAX];
	int kind;

	memcpy(local.b, c->args.local, sizeof(local.b));
	memcpy(remote.b, c->args.remote, sizeof(remote.b));
	kind = ustack_addr_is4(&remote) ? 4 : 6;
	(void)addr_text(&local, text);
	if (is_given(&local) && ustack_addr_is4(&local) != (kind == 4))
		(void)snprintf(buf, size,
			       "bind: expected an IPv%d address, not %s", kind,
			       text);
	else if (end == -ERR_INVAL)
		(void)snprintf(buf, size,
			       "expected the address of one other host, "
			       "not of the stack");
	else if (is_given(&local))
		(void)snprintf(buf, size,
			       "%s is no address of the stack; status has "
			       "those it has",
			       text);
	else
		(void)snprintf(buf, size, "the stack has no IPv%d address",
			       kind);
}

/* What went wrong, in one line. */
static const char *text_of(const struct ctl_connect *c, int end, char *buf,
			   size_t size)
{
	const struct tls_problem *p = &c->dial.problem;

	if (p->kind != TLS_OK)
		(void)snprintf(buf, size, "%s: %s; %s", tls_kind_name(p->kind),
			       p->text, p->advice);
	else if (c->rc && (end == -ERR_INVAL || end == -ERR_ADDRNOTAVAIL))
		tell_misplaced(c, end, buf, size);
	else if (end == -ERR_PIPE)
		(void)snprintf(buf, size, "nobody is left behind the socket");
	else
		(void)snprintf(buf, size, "%s", err_str(end));
	return buf;
}

static void refuse_dial(struct ctl_connect *c, int end)
{
	char to[ADDR_ENDPOINT_MAX];
	char text[2 * TLS_TEXT_MAX + 64];
	struct ustack_addr a;

	memcpy(a.b, c->args.remote, sizeof(a.b));
	ctl_reply_error(c->rq, code_of(c, end), "%s: %s",
			addr_endpoint_text(&a, c->args.rport, to),
			text_of(c, end, text, sizeof(text)));
	c->rq = NULL;
}

static void notify_closed(struct ctl_connect *c)
{
	char text[2 * TLS_TEXT_MAX + 64];
	int end = c->dial.end;
	struct json j;

	json_init(&j, CTL_REPLY_MAX);
	json_obj(&j, NULL);
	json_str(&j, "jsonrpc", "2.0");
	json_str(&j, "method", CTL_CONNECT_CLOSED);
	json_obj(&j, "params");
	json_u64(&j, "id", c->over.id);
	json_i64(&j, "code", end ? code_of(c, end) : 0);
	json_str(&j, "reason",
		 end ? text_of(c, end, text, sizeof(text)) : "normal");
	json_u64(&j, "bytes_in", c->over.bytes_in);
	json_u64(&j, "bytes_out", c->over.bytes_out);
	json_u64(&j, "retrans", c->over.retrans);
	json_u64(&j, "age_us", c->over.age_us);
	json_obj_end(&j);
	json_obj_end(&j);
	json_bytes(&j, "\n", 1);
	if (!json_failed(&j))
		ctl_client_send(c->client, j.buf, j.len);
	json_fini(&j);
}

/* --------------------------------------------------------- the main thread */

static void unlist(struct ctl_connect *c)
{
	struct ctl_client *client = c->client;
	struct ctl_connect **at;

	if (!client)
		return;
	c->client = NULL;
	client->nconnects--;
	for (at = client->ctl ? &client->ctl->connects : NULL; at && *at;
	     at = &(*at)->next)
		if (*at == c) {
			*at = c->next;
			break;
		}
	ctl_client_put(client);
}

void ctl_connect_free(struct ctl_connect *c)
{
	if (c->tls)
		tls_context_put(c->tls);
	if (c->dial.fd >= 0) /* dial() has not taken it */
		join_close_host(c->dial.fd, false);
	free(c);
}

/* One of its jobs has come back. */
static void put_back(struct ctl_connect *c)
{
	if (--c->under_way)
		return;
	unlist(c);
	ctl_connect_free(c);
}

static void on_told(struct job *job)
{
	struct ctl_connect *c = OF_JOB(job, told);

	answer_open(c);
	put_back(c);
}

static void on_ended(struct job *job)
{
	struct ctl_connect *c = OF_JOB(job, ended);

	if (!c->dial.is_open)
		c->under_way--; /* on_told() is not to come */
	if (c->rq)
		refuse_dial(c, c->dial.end ? c->dial.end : -ERR_CONNRESET);
	else if (c->client)
		notify_closed(c);
	put_back(c);
}

static void on_dialled(struct job *job)
{
	struct ctl_connect *c = OF_JOB(job, job);

	if (c->rc) {
		c->under_way -= 2; /* nor on_ended() */
		refuse_dial(c, c->rc);
	}
	put_back(c);
}

static void on_cut(struct job *job)
{
	put_back(OF_JOB(job, cut));
}

static void hang_up(struct ctl_connect *c)
{
	if (c->cutting)
		return;
	c->cutting = true;
	c->under_way++;
	c->cut = (struct job){ .run = run_cut, .done = on_cut };
	worker_post(c->worker, &c->cut);
}

void ctl_connects_leave(struct ctl_client *client)
{
	struct ctl_connect **at = &client->ctl->connects;

	while (*at) {
		struct ctl_connect *c = *at;

		if (c->client != client) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		c->client = NULL;
		client->nconnects--;
		hang_up(c);
		ctl_client_put(client);
	}
}

static void log_dial(const struct ctl_connect *c)
{
	char to[ADDR_ENDPOINT_MAX];
	struct ustack_addr a;

	memcpy(a.b, c->args.remote, sizeof(a.b));
	ctl_log_change(c->rq, addr_endpoint_text(&a, c->args.rport, to));
}

void ctl_connect_begin(struct ctl_connect *c)
{
	struct ctl *ctl = c->rq->client->ctl;

	c->args.cc = c->cc[0] ? c->cc : NULL;
	c->args.tls = c->tls;
	c->args.servername = c->servername[0] ? c->servername : NULL;
	c->args.address = c->address;
	c->dial.opened = on_dial_opened;
	c->dial.over = on_dial_over;
	c->job = (struct job){ .run = run_open, .done = on_dialled };
	c->told.done = on_told;
	c->ended.done = on_ended;
	c->under_way = 3;
	c->worker = ctl->worker;
	c->client = c->rq->client;
	c->client->refs++;
	c->client->nconnects++;
	c->next = ctl->connects;
	ctl->connects = c;
	log_dial(c);
	worker_post(c->worker, &c->job);
}
