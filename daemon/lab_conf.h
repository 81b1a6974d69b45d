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

#endif /* DAEMON_LAB_CONF_H */
