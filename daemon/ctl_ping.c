/* SPDX-License-Identifier: MIT */
/*
 * ctl_ping.c - the control protocol's ping: one echo request from the stack
 *
 *	request --> job: worker_ping() --> refused: reply, done
 *				       \-> under way .. pong --> reply, done
 *
 * What became of the request is an answer, whatever it was; an error means that
 * none could be sent.  A client that vanishes meanwhile costs a place among
 * those under way until its time is up.
 */

#include <stdlib.h>

#include "daemon/addr.h"
#include "daemon/ctl_int.h"

#define US_PER_MS   1000u
#define ICMP_HEADER 8u

/**
 * struct ping_job - an echo request
 * @job:	has it sent; first
 * @ping:	brings its end
 * @rq:		who asked
 * @args:	what is sent
 * @rc:		why it was not, 0 = it was
 */
struct ping_job {
	struct job job;
	struct worker_ping ping;
	struct ctl_request *rq;
	struct ustack_ping_args args;
	int rc;
};

static struct ping_job *of_over(struct job *over)
{
	return (struct ping_job *)((char *)over -
				   offsetof(struct ping_job, ping.over));
}

/* ----------------------------------------------------------------- replies */

static bool has_local(const struct ping_job *pj)
{
	static const struct ustack_addr any;

	return !ustack_addr_eq(&pj->args.local, &any);
}

static void refuse_ping(struct ping_job *pj, int rc)
{
	bool v4 = ustack_addr_is4(&pj->args.remote);
	char text[ADDR_TEXT_MAX];

	if (rc == -ERR_INVAL)
		ctl_reply_error(pj->rq, CTL_E_PARAMS,
				"address: expected that of one other host, "
				"not %s",
				addr_text(&pj->args.remote, text));
	else if (rc == -ERR_ADDRNOTAVAIL && has_local(pj))
		ctl_reply_error(pj->rq, CTL_E_REFUSED,
				"%s is no address of the stack; status has "
				"those it has",
				addr_text(&pj->args.local, text));
	else if (rc == -ERR_ADDRNOTAVAIL)
		ctl_reply_error(pj->rq, CTL_E_REFUSED,
				"the stack has no %s address to ask %s from",
				v4 ? "IPv4" : "IPv6",
				addr_text(&pj->args.remote, text));
	else if (rc == -ERR_LIMIT)
		ctl_reply_error(pj->rq, CTL_E_REFUSED,
				"%u echo requests are under way already; try "
				"again later",
				USTACK_PINGS_MAX);
	else if (rc == -ERR_CONNABORTED)
		ctl_reply_error(pj->rq, CTL_E_REFUSED, "the daemon is ending");
	else
		ctl_reply_error(pj->rq, CTL_E_REFUSED, "%s: %s",
				addr_text(&pj->args.remote, text), err_str(rc));
}

static void put_addr(struct json *j, const char *key,
		     const struct ustack_addr *a)
{
	char text[ADDR_TEXT_MAX];

	json_str(j, key, addr_text(a, text));
}

static void put_pong(struct json *j, const struct ustack_pong *p)
{
	enum ustack_pong_kind kind = (enum ustack_pong_kind)p->kind;

	json_obj(j, "result");
	json_str(j, "outcome", ustack_pong_name(kind));
	json_u64(j, "seq", p->seq);
	if (kind != USTACK_PONG_TIMEOUT)
		put_addr(j, "from", &p->from);
	if (kind == USTACK_PONG_REPLY) {
		json_u64(j, "bytes", p->len + ICMP_HEADER);
		json_u64(j, "ttl", p->ttl);
		json_u64(j, "rtt_us", p->rtt_us);
	}
	if (kind == USTACK_PONG_UNREACHABLE)
		json_str(j, "reason", err_str(p->err));
	if (kind == USTACK_PONG_TOO_BIG && p->mtu)
		json_u64(j, "mtu", p->mtu);
	json_obj_end(j);
}

static void on_over(struct job *over)
{
	struct ping_job *pj = of_over(over);
	const struct ustack_pong *pong = &pj->ping.pong;
	struct json *j;

	if (pong->kind == USTACK_PONG_FAILED) {
		refuse_ping(pj, -pong->err);
	} else {
		j = ctl_reply_begin(pj->rq);
		if (j)
			put_pong(j, pong);
		ctl_reply_end(pj->rq);
	}
	free(pj);
}

static void on_sent(struct job *job)
{
	struct ping_job *pj = (struct ping_job *)job;

	if (!pj->rc)
		return; /* on_over() follows */
	refuse_ping(pj, pj->rc);
	free(pj);
}

static void run_ping(struct job *job, struct worker *w)
{
	struct ping_job *pj = (struct ping_job *)job;

	pj->rc = worker_ping(w, &pj->args, &pj->ping);
}

/* ---------------------------------------------------------------- requests */

/* An address among the parameters: as ctl_param_str(). */
static int read_addr(struct ctl_request *rq, const char *name,
		     struct ustack_addr *a)
{
	const char *text = NULL;
	int rc = ctl_param_str(rq, rq->params, name, &text);

	if (rc <= 0)
		return rc;
	if (addr_of_text(text, a))
		return 1;
	ctl_reply_error(rq, CTL_E_PARAMS,
			"%s: expected an IPv4 or IPv6 address, as 10.7.0.1 or "
			"fd07::1",
			name);
	return -1;
}

/* Both addresses into @a; false when an error was sent. */
static bool read_addrs(struct ctl_request *rq, struct ustack_ping_args *a)
{
	int remote = read_addr(rq, "address", &a->remote);
	int local = remote > 0 ? read_addr(rq, "local", &a->local) : -1;

	if (remote == 0)
		ctl_reply_error(rq, CTL_E_PARAMS,
				"address: expected, as 10.7.0.1 or fd07::1");
	if (local < 0)
		return false;
	if (local == 0 ||
	    ustack_addr_is4(&a->remote) == ustack_addr_is4(&a->local))
		return true;
	ctl_reply_error(rq, CTL_E_PARAMS,
			"local: expected an address of the same family as "
			"address");
	return false;
}

static bool read_df(struct ctl_request *rq, bool *df)
{
	const cJSON *p = cJSON_GetObjectItemCaseSensitive(rq->params, "df");

	*df = cJSON_IsTrue(p);
	if (!p || cJSON_IsBool(p))
		return true;
	ctl_reply_error(rq, CTL_E_PARAMS, "df: expected true or false");
	return false;
}

static bool read_how(struct ctl_request *rq, struct ustack_ping_args *a)
{
	uint64_t seq = 1;
	uint64_t size = CTL_PING_SIZE;
	uint64_t ttl = 0;
	uint64_t timeout_ms = CTL_PING_TIMEOUT_MS;

	if (ctl_param_u64(rq, rq->params, "seq", UINT16_MAX, &seq) < 0 ||
	    ctl_param_u64(rq, rq->params, "size", CTL_PING_SIZE_MAX, &size) <
		    0 ||
	    ctl_param_u64(rq, rq->params, "ttl", UINT8_MAX, &ttl) < 0 ||
	    ctl_param_u64(rq, rq->params, "timeout_ms", CTL_PING_TIMEOUT_MAX,
			  &timeout_ms) < 0)
		return false;
	if (timeout_ms == 0) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"timeout_ms: expected 1 to %u",
				CTL_PING_TIMEOUT_MAX);
		return false;
	}
	a->seq = (uint16_t)seq;
	a->len = (uint32_t)size;
	a->ttl = (uint8_t)ttl;
	a->timeout_us = timeout_ms * US_PER_MS;
	return true;
}

void ctl_ping(struct ctl_request *rq)
{
	struct ping_job *pj = calloc(1, sizeof(*pj));

	if (!pj) {
		ctl_reply_error(rq, CTL_E_INTERNAL, "out of memory");
		return;
	}
	pj->job = (struct job){ .run = run_ping, .done = on_sent };
	pj->ping.over.done = on_over;
	pj->rq = rq;
	if (!read_addrs(rq, &pj->args) || !read_how(rq, &pj->args) ||
	    !read_df(rq, &pj->args.dont_frag)) {
		free(pj);
		return;
	}
	worker_post(rq->client->ctl->worker, &pj->job);
}
