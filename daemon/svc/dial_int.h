/* SPDX-License-Identifier: MIT */
/*
 * dial_int.h - between svc.c, which has the dialling service, and dial.c
 */

#ifndef DAEMON_SVC_DIAL_INT_H
#define DAEMON_SVC_DIAL_INT_H

#include "connmap.h"
#include "svc.h"

/**
 * struct diallers - the connections that a dialling service has opened
 * @conns:	struct dial of each
 */
struct diallers {
	struct connmap conns;
};

extern const struct svc svc_dial;

/** svc_set_dialler() - The service that connections which we open belong to */
struct service *svc_set_dialler(struct svc_set *set, bool tls);

#endif /* DAEMON_SVC_DIAL_INT_H */
