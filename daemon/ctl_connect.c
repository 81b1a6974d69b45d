/* SPDX-License-Identifier: MIT */
/*
 * ctl_connect.c - the control protocol's connect.open: what is asked for
 */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "daemon/addr.h"
#include "daemon/ctl_connect.h"

#define US_PER_MS 1000u
#define BIND_MAX  64u

/* --------------------------------------------------------------- addresses */

static void set_addr(uint8_t out[16], const struct ustack_addr *a)
{
	memcpy(out, a->b, sizeof(a->b));
}

static bool read_peer(struct ctl_request *rq, struct ctl_connect *c)
{
	const char *text = "";
	struct ustack_addr a;
	uint64_t port = 0;

	if (ctl_param_str(rq, rq->params, "address", &text) < 0 ||
	    ctl_param_u64(rq, rq->params, "port", UINT16_MAX, &port) < 0)
		return false;
	if (!addr_of_text(text, &a) || !port) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"expected address and port, as 10.7.0.1 and "
				"80");
		return false;
	}
	set_addr(c->args.remote, &a);
	c->args.rport = (uint16_t)port;
	(void)snprintf(c->address, sizeof(c->address), "%s", text);
	return true;
}

/* ":PORT" at the end of @text, which is cut off there; false = no port. */
static bool split_port(char *text, uint16_t *port)
{
	char *colon = strrchr(text, ':');
	char *end;
	unsigned long v;

	*port = 0;
	if (!colon || (text[0] != '[' && strchr(text, ':') != colon))
		return true; /* an IPv6 address without brackets */
	if (text[0] == '[' && colon[-1] != ']')
		return text[strlen(text) - 1] == ']';
	if (colon[1] < '0' || colon[1] > '9')
		return false;
	v = strtoul(colon + 1, &end, 10);
	if (*end || !v || v > UINT16_MAX)
		return false;
	*colon = '\0';
	*port = (uint16_t)v;
	return true;
}

static bool parse_bind(const char *text, struct ctl_connect *c)
{
	char copy[BIND_MAX];
	struct ustack_addr a;
	size_t len = strlen(text);
	char *addr = copy;

	if (!len || len >= sizeof(copy))
		return false;
	memcpy(copy, text, len + 1);
	if (!split_port(copy, &c->args.lport))
		return false;
	len = strlen(copy);
	if (copy[0] == '[' && len > 1 && copy[len - 1] == ']') {
		copy[len - 1] = '\0';
		addr++;
	}
	if (!*addr)
		return c->args.lport != 0;
	if (!addr_of_text(addr, &a))
		return false;
	set_addr(c->args.local, &a);
	return true;
}

static bool read_bind(struct ctl_request *rq, struct ctl_connect *c)
{
	const char *text = NULL;
	int rc = ctl_param_str(rq, rq->params, "bind", &text);

	if (rc < 0)
		return false;
	if (rc == 0 || parse_bind(text, c))
		return true;
	ctl_reply_error(rq, CTL_E_PARAMS,
			"bind: expected ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT "
			"or :PORT");
	return false;
}

/* ------------------------------------------------------------------- how */

static bool read_ways(struct ctl_request *rq, struct ctl_connect *c)
{
	const char *cc = "";
	uint64_t timeout_ms = 0;

	if (ctl_param_str(rq, rq->params, "cc", &cc) < 0 ||
	    ctl_param_u64(rq, rq->params, "timeout_ms", CTL_CONNECT_TIMEOUT_MAX,
			  &timeout_ms) < 0)
		return false;
	if (*cc && strcmp(cc, "cubic") != 0 && strcmp(cc, "reno") != 0) {
		ctl_reply_error(rq, CTL_E_PARAMS, "cc: expected cubic or reno");
		return false;
	}
	(void)snprintf(c->cc, sizeof(c->cc), "%s", cc);
	c->dial.timeout_us = timeout_ms * US_PER_MS;
	return true;
}

/* The first descriptor: a connected stream socket, from now on not blocking. */
static bool check_socket(struct ctl_request *rq)
{
	int type = 0;
	socklen_t len = sizeof(type);
	struct sockaddr_storage peer;
	socklen_t peer_len = sizeof(peer);
	int flags;

	if (!rq->nfds) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"expected a descriptor for the bytes, one end "
				"of a socket pair, sent with the request "
				"(SCM_RIGHTS)");
		return false;
	}
	flags = fcntl(rq->fds[0], F_GETFL);
	if (getsockopt(rq->fds[0], SOL_SOCKET, SO_TYPE, &type, &len) ||
	    type != SOCK_STREAM ||
	    getpeername(rq->fds[0], (struct sockaddr *)&peer, &peer_len) ||
	    flags < 0 || fcntl(rq->fds[0], F_SETFL, flags | O_NONBLOCK)) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				"descriptor 1: expected a stream socket that "
				"is connected, one end of a socket pair");
		return false;
	}
	return true;
}

/* Everything but the secure channel; false after an error was sent. */
static bool read_params(struct ctl_request *rq, struct ctl_connect *c)
{
	return read_peer(rq, c) && read_bind(rq, c) && read_ways(rq, c) &&
	       check_socket(rq);
}

static bool read_tls(struct ctl_request *rq, struct ctl_connect *c)
{
	const cJSON *tls = cJSON_GetObjectItemCaseSensitive(rq->params, "tls");

	if (!tls && rq->nfds == 1)
		return true;
	if (!cJSON_IsObject(tls)) {
		ctl_reply_error(rq, CTL_E_PARAMS,
				tls ? "tls: expected an object"
				    : "more than one descriptor, but no tls");
		return false;
	}
	return ctl_connect_tls(c, tls, rq->fds + 1, rq->nfds - 1);
}

static uint32_t count_open(const struct ctl *ctl)
{
	uint32_t n = 0;

	for (const struct ctl_connect *c = ctl->connects; c; c = c->next)
		n++;
	return n;
}

void ctl_connect_open(struct ctl_request *rq)
{
	struct ctl_connect *c;

	ctl_take_fds(rq);
	if (count_open(rq->client->ctl) >= CTL_CONNECTS_MAX) {
		ctl_reply_error(rq, CTL_E_REFUSED,
				"%u connections are opened for clients "
				"already; try again later",
				CTL_CONNECTS_MAX);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		ctl_reply_error(rq, CTL_E_INTERNAL, "out of memory");
		return;
	}
	c->rq = rq;
	c->dial.fd = -1;
	if (!read_params(rq, c) || !read_tls(rq, c)) {
		ctl_connect_free(c);
		return;
	}
	c->dial.fd = rq->fds[0];
	rq->fds[0] = rq->fds[--rq->nfds]; /* the others are closed with it */
	ctl_connect_begin(c);
}
