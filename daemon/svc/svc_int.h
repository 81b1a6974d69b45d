/* SPDX-License-Identifier: MIT */
/*
 * svc_int.h - between svc.c and svc_apply.c
 */

#ifndef DAEMON_SVC_SVC_INT_H
#define DAEMON_SVC_SVC_INT_H

#include "dial_int.h"
#include "note.h"
#include "svc.h"
#include "svc_mib.h"

/**
 * struct svc_set - the services of a stack
 * @stack:	the stack; borrowed
 * @tcp:	ops_id of plain connections
 * @tls:		secure channels, NULL = there can be none
 * @loop:	the loop; borrowed, NULL = none
 * @faults:	faults of their reading
 * @counters:	counters, of all together
 * @notes:	what they say for the log
 * @dialler:	what connections belong to that we open: plain, secure
 * @diallers:	their @shared
 * @n:		services
 * @service:	they
 * @retired:	those that listen no more, until their connections are over
 */
struct svc_set {
	struct ustack *stack;
	int tcp;
	struct tls_set *tls;
	const struct svc_loop *loop;
	struct faults *faults;
	uint64_t counters[SVC_COUNTERS_MAX];
	struct svc_notes notes;
	struct service dialler[2];
	struct diallers diallers[2];
	uint32_t n;
	struct service **service;
	struct service *retired;
};

/** svc_or_empty() - The text, "" for none */
static inline const char *svc_or_empty(const char *text)
{
	return text ? text : "";
}

/**
 * service_start() - Make a service that does not listen yet
 * @set:	where it belongs
 * @sv:		zero but for @listener, -1; on failure @sv->why may say what is wrong
 * @wanted:	what it is to be; borrowed for the call
 *
 * Return: 0 or -ERR_*; service_free() in either case
 */
int service_start(struct svc_set *set, struct service *sv,
		  const struct svc_wanted *wanted) MUST_USE;

/** service_free() - End a service that has no connections, and free it */
void service_free(struct service *sv);

/** service_listen() - Have it listen: 0 or -ERR_* with @sv->why, perhaps */
int service_listen(struct svc_set *set, struct service *sv) MUST_USE;

/** service_unlisten() - Have it accept no more, if it did */
void service_unlisten(struct svc_set *set, struct service *sv);

#endif /* DAEMON_SVC_SVC_INT_H */
