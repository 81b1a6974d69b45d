/* SPDX-License-Identifier: MIT */
/*
 * ustack_opt.h - options of a connection
 */

#ifndef STACK_USTACK_OPT_H
#define STACK_USTACK_OPT_H

#include <stdint.h>

#include "ustack_types.h"

enum ustack_opt {
	USTACK_OPT_NODELAY, /* Nagle off (MUST-17) */
	USTACK_OPT_SNDBUF,  /* send buffer, bytes */
	USTACK_OPT_RCVBUF,  /* receive buffer, bytes; no growth then */
	USTACK_OPT_USER_TIMEOUT, /* R2 in microseconds (MUST-21), 0 = as configured */
	USTACK_OPT_TTL,		 /* TTL or hop limit (MUST-49) */
	USTACK_OPT_TOS,		 /* DSCP and ECN byte (MUST-48) */
};

/** ustack_setopt() - Set an option; 0, -ERR_INVAL or -ERR_NOENT */
int ustack_setopt(struct ustack *s, struct ustack_conn c, enum ustack_opt opt,
		  uint64_t value);

/**
 * ustack_setopt_cc() - Choose a connection's congestion control
 * @s:		instance
 * @c:		connection, in any state
 * @name:	"cubic" or "reno"; NULL = as configured
 *
 * Window and threshold are kept.  ustack_info() tells the present one.
 *
 * Return: 0, -ERR_INVAL (no such algorithm) or -ERR_NOENT
 */
int ustack_setopt_cc(struct ustack *s, struct ustack_conn c, const char *name);

#endif /* STACK_USTACK_OPT_H */
