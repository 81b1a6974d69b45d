/* SPDX-License-Identifier: MIT */
/*
 * ctl_rig.h - the control socket between real clients and a pretended worker
 *
 * ctl_rig.c compiles the control socket's own files once more, with the calls
 * to worker and stack renamed to pretended ones.  The pretended worker holds
 * jobs until the test lets them go, so that a client can vanish at any moment;
 * its stack has as many connections as the test says.
 */

#ifndef TESTS_UNIT_DAEMON_CTL_RIG_H
#define TESTS_UNIT_DAEMON_CTL_RIG_H

#include <check.h>
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/capture.h"
#include "daemon/ctl_int.h"
#include "daemon/history.h"
#include "daemon/reload.h"
#include "daemon/svc/dial.h"
#include "daemon/tap.h"
#include "stack/link/impair.h"

#define RIG_LINE_ROOM  (CTL_REPLY_MAX + 1)
#define RIG_ESTAB_PORT 7
#define RIG_WAIT_PORT  9

#define RPC(method, params)                                                    \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method                   \
	"\",\"params\":" params "}"

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

/**
 * struct worker - holds jobs, and what the test says there is
 * @first:	jobs, in order
 * @hold:	they stay there
 * @conns:	connections; odd ones are in TIME-WAIT
 * @ended:	connections aborted or closed
 * @level:	last worker_set_level()
 * @mask:	kinds that subscribers want of all connections
 * @follows:	connections followed
 * @sink:	where events go on the main thread
 * @capture:	what it captures
 * @history:	what is remembered of connections
 * @impair:	rules and scripts
 * @services:	none, but they have faults
 * @ticks:	they want to be told the time
 * @counters:	the stack's
 * @ping:	echo request under way, NULL = none
 * @ping_args:	the last one's
 * @ping_rc:	why there shall be none
 * @dial:	connection being opened, or open; NULL = none
 * @dial_args:	the last one's, whose texts may be gone
 * @dial_rc:	why there shall be none
 * @cuts:	how often one was to be cut
 * @svc_counters: the services'
 */
struct worker {
	struct job *first;
	bool hold;
	uint32_t conns;
	uint32_t ended;
	int level;
	uint32_t mask;
	uint32_t follows;
	struct tap_sink sink;
	struct capture capture;
	struct history *history;
	struct impair *impair;
	struct svc_set *services;
	bool ticks;
	uint64_t counters[USTACK_COUNTERS_MAX];
	struct worker_ping *ping;
	struct ustack_ping_args ping_args;
	int ping_rc;
	struct dial *dial;
	struct stream_connect_args dial_args;
	int dial_rc;
	uint32_t cuts;
	uint64_t svc_counters[SVC_COUNTERS_MAX];
};

/**
 * struct ctl_rig - what a test of the control socket works with
 * @dir:	directory of the socket's directory
 * @cfg:	configuration; its socket's path is set
 * @loop:	the daemon's loop
 * @ctl:	what is tested, NULL = freed by the test
 * @shutdowns:	calls of on_shutdown
 * @reload:	what on_reload answers; an error refuses
 * @worker:	the pretended worker
 * @stack:	of its services
 * @line:	what rig_hear() heard
 */
struct ctl_rig {
	char dir[64];
	struct config cfg;
	struct ev_loop *loop;
	struct ctl *ctl;
	int shutdowns;
	struct reload_result reload;
	struct worker worker;
	struct ustack *stack;
	char line[RIG_LINE_ROOM];
};

extern struct ctl_rig rig;

/** rig_setup() - Open a control socket in a directory of its own */
void rig_setup(void);

/** rig_teardown() - Close it; checks that nothing is left behind */
void rig_teardown(void);

/** rig_case() - A test case with these two, added to @s */
TCase *rig_case(Suite *s, const char *name);

/** rig_open_ctl() - Call ctl_new() */
struct ctl *rig_open_ctl(char *err, size_t errlen);

/** rig_free_ctl() - Call ctl_free() */
void rig_free_ctl(void);

/** rig_probe() - Call ctl_probe() */
int rig_probe(void);

/** rig_leave_stale() - Put a socket there that nobody listens at */
void rig_leave_stale(void);

/** rig_run_jobs() - Let the worker do what it was asked */
void rig_run_jobs(void);

/** rig_pong() - The echo request under way has ended */
void rig_pong(const struct ustack_pong *pong);

/** rig_opened() - The connection being opened is there */
void rig_opened(void);

/** rig_over() - The connection is over, or comes to nothing, with that end */
void rig_over(int end);

/** rig_turn() - Let the daemon's side work until it has nothing to do */
void rig_turn(void);

/** rig_dial() - Connect */
int rig_dial(void);

/** rig_say() - Send bytes, letting the daemon work meanwhile */
void rig_say(int fd, const char *text, size_t len);

/** rig_hear() - A line into rig.line; false = hung up, or nothing is said */
bool rig_hear(int fd);

/** rig_hung_up() - Has the daemon disconnected, with nothing left to read? */
bool rig_hung_up(int fd);

/** rig_ask() - Send a line and parse the answer */
cJSON *rig_ask(int fd, const char *text);

/** rig_expect() - Ask on a connection of its own; the answer has @want in it */
void rig_expect(const char *ask, const char *want);

/** rig_at() - A member of an object, or NULL */
const cJSON *rig_at(const cJSON *obj, const char *key);

#endif /* TESTS_UNIT_DAEMON_CTL_RIG_H */
