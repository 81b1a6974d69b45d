/* SPDX-License-Identifier: MIT */
/*
 * lab_conf.h - what the configuration means for impairment
 *
 * Rules name services, the engine knows ports: here the one becomes the other.
 */

#ifndef DAEMON_LAB_CONF_H
#define DAEMON_LAB_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/config.h"
#include "stack/link/impair.h"

/**
 * enum lab_match - what is to be said of a rule's connections
 */
enum lab_match {
	LAB_MATCH_OK,
	LAB_MATCH_UNKNOWN, /* there is no such service */
	LAB_MATCH_EXEMPT,  /* it is never impaired */
};

/**
 * lab_resolve() - Find the port of the service that a match names
 * @cfg:	configuration
 * @m:		match; its port is set
 * @why:	why it cannot be, after "expected"; set if the answer is not OK
 * @size:	bytes there
 */
enum lab_match lab_resolve(const struct config *cfg, struct impair_match *m,
			   char *why, size_t size);

/**
 * lab_start() - Make the rules, presets and scripts of [impair]
 * @im:		engine, without any
 * @cfg:	configuration, known to be good
 * @now_us:	the time
 *
 * The first rule of the file is the first that is asked.  None of it can be
 * taken back by undo.
 *
 * Return: false when there is no room or memory for all; it is logged
 */
bool lab_start(struct impair *im, const struct config *cfg, uint64_t now_us);

/**
 * struct lab_change - from one configuration to another
 * @was:	configuration that holds
 * @cfg:	the one that is to hold, known to be good
 * @now_us:	the time
 * @rules:	[impair] differs, not only services
 */
struct lab_change {
	const struct config *was;
	const struct config *cfg;
	uint64_t now_us;
	bool rules;
};

/**
 * lab_reload() - Replace the rules, presets and scripts that [impair] made, if it
 *		  differs
 * @im:		engine
 * @c:		what changes
 * @err:	on failure: which rule, and why
 * @errlen:	room in @err
 *
 * What was made otherwise stays in front of them, unless a new rule has the same
 * match.  All that names a service follows it to its new port, and goes when it is
 * gone.  lab_undo() or lab_keep() must follow.
 *
 * Return: false when there is no room or memory for all: all is as it was
 */
bool lab_reload(struct impair *im, const struct lab_change *c, char *err,
		size_t errlen);

/** lab_undo() - Take lab_reload() back */
void lab_undo(struct impair *im, const struct lab_change *c);

/** lab_keep() - It holds: if it has changed anything, there is nothing to undo */
void lab_keep(struct impair *im);

#endif /* DAEMON_LAB_CONF_H */
