/* SPDX-License-Identifier: MIT */
/*
 * worker_rig.h - a worker for tests, and its surroundings
 *
 * The device is one end of a socket pair; the test is the main thread, and the
 * host at the other end.
 */

#ifndef TESTS_UNIT_DAEMON_WORKER_RIG_H
#define TESTS_UNIT_DAEMON_WORKER_RIG_H

#include <ev.h>

#include "daemon/config.h"
#include "daemon/tun.h"
#include "daemon/worker.h"

#define WORKER_RIG_PATIENCE_S 20.

/**
 * struct worker_rig - the main thread: loop, worker, and the host at the other end
 * @cfg:	an echo at 10.7.0.2
 * @loop:	the main thread's
 * @patience:	the test fails when it runs for so long
 * @peer_io:	for tests that watch @peer
 * @worker:	made, not started
 * @peer:	the other end of the device, -1 = closed
 * @ends:	calls of worker_rig_stopped()
 * @failures:	calls of worker_rig_failed()
 * @answers:	for tests that count
 */
struct worker_rig {
	struct config cfg;
	struct ev_loop *loop;
	struct ev_timer patience;
	struct ev_io peer_io;
	struct worker *worker;
	int peer;
	int ends;
	int failures;
	int answers;
};

/** worker_rig_init() - Make loop, device and worker; one rig at a time */
void worker_rig_init(struct worker_rig *w);

/** worker_rig_stop() - Drain the worker within a second, and wait for its end */
void worker_rig_stop(struct worker_rig *w);

/** worker_rig_fini() - Free everything */
void worker_rig_fini(struct worker_rig *w);

/** worker_rig_stopped() - For worker_drain(): counts, and leaves the loop */
void worker_rig_stopped(struct worker *w);

/** worker_rig_failed() - For worker_on_failure(), the same */
void worker_rig_failed(struct worker *w);

#endif /* TESTS_UNIT_DAEMON_WORKER_RIG_H */
