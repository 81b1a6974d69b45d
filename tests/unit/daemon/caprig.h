/* SPDX-License-Identifier: MIT */
/*
 * caprig.h - a capture whose worker and main thread the test is
 */

#ifndef TESTS_UNIT_DAEMON_CAPRIG_H
#define TESTS_UNIT_DAEMON_CAPRIG_H

#include <ev.h>

#include "daemon/capfile.h"
#include "tests/unit/link/linkrig.h"

#define CAPRIG_MSS    1448u
#define CAPRIG_PIECES 10u
#define CAPRIG_LAST   100u /* payload of the last piece */

/**
 * struct caprig - what a test works with
 * @rig:	makes packets
 * @cap:	what the worker captures
 * @file:	the one capture: both sides, whole packets
 * @wake:	its wake-up, unheard
 * @loop:	for that
 */
struct caprig {
	struct rig rig;
	struct capture cap;
	struct capfile file;
	struct ev_async wake;
	struct ev_loop *loop;
};

extern struct caprig caprig;

/** caprig_setup() - Fixture; the capture has not begun */
void caprig_setup(void);

/** caprig_teardown() - Its end */
void caprig_teardown(void);

/** caprig_begin() - Capture into @fd, which is taken */
void caprig_begin(int fd);

/** caprig_temp_file() - A file without a name */
int caprig_temp_file(void);

/** caprig_super() - Gives a super-packet of CAPRIG_PIECES */
struct ustack_pkt *caprig_super(enum impair_dir dir);

#endif /* TESTS_UNIT_DAEMON_CAPRIG_H */
