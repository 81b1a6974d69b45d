/* SPDX-License-Identifier: MIT */
/*
 * ustack_opt.h - options of a connection
 *
 * What is set right after ustack_connect() holds for the SYN too.  Times are
 * microseconds.  ustack_getopt() tells what is in force, ustack_setopt() takes
 * 0 for "as configured" where it says so.
 */

#ifndef STACK_USTACK_OPT_H
#define STACK_USTACK_OPT_H

#include <stdint.h>

#include "ustack_types.h"

#define USTACK_LINGER_OFF  UINT64_MAX
#define USTACK_PACING_AUTO UINT64_MAX

/* Whether segments may be fragmented, as IP_MTU_DISCOVER has it. */
enum ustack_pmtu {
	USTACK_PMTU_WANT,  /* discover, as ICMP says; the default */
	USTACK_PMTU_DO,	   /* never fragment, heed ICMP */
	USTACK_PMTU_DONT,  /* leave DF clear, let routers fragment */
	USTACK_PMTU_PROBE, /* set DF, ignore what ICMP says */
	USTACK_PMTU_MODES,
};

enum ustack_opt {
	USTACK_OPT_NODELAY, /* Nagle off (MUST-17) */
	USTACK_OPT_CORK,    /* hold what is short, for 200 ms at most */
	USTACK_OPT_SNDBUF,  /* send buffer, bytes; no growth then */
	USTACK_OPT_RCVBUF,  /* receive buffer, bytes; no growth then */
	/* Largest MSS to announce and to use, 88 to 65495, 0 = no limit of
	 * one's own; reads the payload of a full segment. */
	USTACK_OPT_MAXSEG,
	/* R2: give up when data, the SYN or a keepalive probe is unanswered
	 * for so long (MUST-21, 5482-3); 0 = as configured */
	USTACK_OPT_USER_TIMEOUT,
	USTACK_OPT_KEEPALIVE, /* probe an idle peer (MUST-24) */
	USTACK_OPT_KEEPIDLE, /* silence before the first probe, 0 = as configured */
	USTACK_OPT_KEEPINTVL, /* time between probes, 0 = as configured */
	USTACK_OPT_KEEPCNT, /* probes without answer, to 127; 0 = as configured */
	USTACK_OPT_SYNCNT, /* repetitions of the SYN, to 127; 0 = by time alone */
	/* What ustack_close() does: USTACK_LINGER_OFF delivers the rest however
	 * long it takes, 0 resets at once, else it is reset when the time has
	 * run out. */
	USTACK_OPT_LINGER,
	USTACK_OPT_LINGER2, /* longest stay in FIN-WAIT-2, 0 = as configured */
	USTACK_OPT_TTL,	    /* TTL or hop limit (MUST-49) */
	/* DSCP in its byte (MUST-48), at any time (SHLD-21); the ECN bits are the
	 * stack's */
	USTACK_OPT_TOS,
	USTACK_OPT_PMTU, /* enum ustack_pmtu */
	/* Bytes a second at which data leaves, 0 = as fast as the window
	 * allows (the default); USTACK_PACING_AUTO: as the congestion control
	 * says */
	USTACK_OPT_PACING,
	USTACK_OPT_SOFT_ERRORS, /* @soft_error is called (SHLD-20); on */
	/* RFC 5482: timeout to announce, in whole seconds up to 32767, then in
	 * minutes; 0 = the option is not sent (5482-1) */
	USTACK_OPT_UTO_SEND,
	/* Let the peer's announcement move R2, to between 2 minutes and a day
	 * (5482-2); off, and off again when USER_TIMEOUT is set */
	USTACK_OPT_UTO_ACCEPT,
	USTACK_OPTS,
};

/**
 * ustack_setopt() - Set an option
 * @s:		instance
 * @c:		connection
 * @opt:	which
 * @value:	its value; a switch is on for anything but 0
 *
 * Return: 0, -ERR_INVAL, -ERR_NOMEM or -ERR_NOENT
 */
int ustack_setopt(struct ustack *s, struct ustack_conn c, enum ustack_opt opt,
		  uint64_t value);

/** ustack_getopt() - Read an option; 0, -ERR_INVAL or -ERR_NOENT */
int ustack_getopt(struct ustack *s, struct ustack_conn c, enum ustack_opt opt,
		  uint64_t *value) MUST_USE;

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
