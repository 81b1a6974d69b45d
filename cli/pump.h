/* SPDX-License-Identifier: MIT */
/*
 * pump.h - from the daemon's pipe to standard output, until it ends
 */

#ifndef CLI_PUMP_H
#define CLI_PUMP_H

#include <stdbool.h>
#include <stddef.h>

#define PUMP_BYTES 65536u

/**
 * struct pump - bytes on their way
 * @from:	pipe that is read
 * @signals:	tells of SIGINT, SIGTERM and SIGHUP; -1 when one has come
 * @len:	bytes in @buf
 * @off:	of them written
 * @buf:	bytes
 */
struct pump {
	int from;
	int signals;
	size_t len;
	size_t off;
	char buf[PUMP_BYTES];
};

enum pump_state {
	PUMP_END,    /* the pipe has ended and all is written */
	PUMP_SIGNAL, /* a signal has come; the next one has its usual effect */
	PUMP_FAILED, /* standard output takes no more, see errno */
};

/** pump_init() - Get ready: signals come to the pump from now on; false, see errno */
bool pump_init(struct pump *p, int from);

/** pump_run() - Copy until something is worth telling */
enum pump_state pump_run(struct pump *p);

#endif /* CLI_PUMP_H */
