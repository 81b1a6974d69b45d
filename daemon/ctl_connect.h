/* SPDX-License-Identifier: MIT */
/*
 * ctl_connect.h - between ctl_connect.c, which reads what is asked for, and
 *		   ctl_connect_life.c, which sees to the connection
 */

#ifndef DAEMON_CTL_CONNECT_H
#define DAEMON_CTL_CONNECT_H

#include "daemon/ctl_int.h"
#include "daemon/svc/dial.h"
#include "daemon/svc/svc.h"

#define CTL_CONNECT_NAME_MAX 256u

/**
 * struct ctl_connect - a connection that a client has asked for
 * @job:	opens it; first
 * @told:	brings that it is open
 * @ended:	brings that it is over
 * @cut:	ends it, when the client has gone
 * @under_way:	of these, how many may still come
 * @cutting:	@cut was sent
 * @dial:	the connection
 * @args:	where to, pointing into what follows
 * @cc:		congestion control, empty = the stack's
 * @servername:	whom we want to talk to, empty = an address
 * @address:	the peer's address as text
 * @tls:	credentials, NULL = plain
 * @worker:	whose services open it
 * @next:	the next one of the daemon
 * @client:	whom to tell; a reference; NULL = nobody any more
 * @rq:		the request, until it is answered
 * @rc:		why it was not opened, 0 = it is on its way
 * @opened:	the connection when it was opened
 * @over:	the connection when it was over, which it may be before anybody has
 *		looked at @opened
 */
struct ctl_connect {
	struct job job;
	struct job told;
	struct job ended;
	struct job cut;
	uint32_t under_way;
	bool cutting;
	struct dial dial;
	struct stream_connect_args args;
	char cc[CONFIG_NAME_MAX];
	char servername[CTL_CONNECT_NAME_MAX];
	char address[CTL_CONNECT_NAME_MAX];
	struct tls_context *tls;
	struct worker *worker;
	struct ctl_connect *next;
	struct ctl_client *client;
	struct ctl_request *rq;
	int rc;
	struct ustack_info opened;
	struct ustack_info over;
};

/** ctl_connect_begin() - Open it; takes @c, whose @rq, @dial.fd and @args are set */
void ctl_connect_begin(struct ctl_connect *c);

/** ctl_connect_free() - Free one that was not begun; its @rq is left alone */
void ctl_connect_free(struct ctl_connect *c);

/**
 * ctl_connect_tls() - Read what is asked for of the secure channel
 * @c:		connection; @tls and @servername are filled in
 * @tls:	parameter "tls"
 * @fds:	descriptors that came for it
 * @n:		their number
 *
 * Return: false after an error was sent, and @c->rq is gone
 */
bool ctl_connect_tls(struct ctl_connect *c, const cJSON *tls, const int *fds,
		     uint32_t n);

#endif /* DAEMON_CTL_CONNECT_H */
