/* SPDX-License-Identifier: MIT */
/*
 * log.h - log lines to stderr, a file or the journal, as text or JSON
 *
 * The main thread writes; a worker hands its events over by a bounded ring
 * (worker.h) and never waits for a disk.  Repeated lines of one kind are rate
 * limited, and the number held back is said.
 *
 * RFC 5424 levels under their usual names.  Journal: native protocol, fields
 * MESSAGE=, PRIORITY=, SYSLOG_FACILITY=, SYSLOG_IDENTIFIER=, and as far as a line
 * is about them USTACK_CONN=, USTACK_LOCAL_ADDR=, USTACK_LOCAL_PORT=,
 * USTACK_REMOTE_ADDR=, USTACK_REMOTE_PORT=, USTACK_EVENT=, USTACK_RULE=.
 */

#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/ustack.h"

#define LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"

enum log_level {
	LOG_LVL_ERROR,
	LOG_LVL_WARNING,
	LOG_LVL_INFO,
	LOG_LVL_DEBUG,
	LOG_LVL_TRACE,
	LOG_LVLS
};

struct config;

/** log_level_parse() - "error", "warning", "info", "debug", "trace" to a level, -1 = unknown */
int log_level_parse(const char *name);

/** log_level_name() - The reverse */
const char *log_level_name(enum log_level level);

/**
 * log_open() - Start logging where the configuration says
 * @cfg:	target, format and level
 *
 * Before this, and when the target cannot be opened, lines go to stderr.
 *
 * Return: 0, or -errno of opening the target
 */
int log_open(const struct config *cfg);

/** log_check() - Could log_open() open that target?  0 or -errno; nothing changes */
int log_check(const struct config *cfg);

/** log_close() - Flush and close the target */
void log_close(void);

/** log_set_level() - Change the level at run time; any thread */
void log_set_level(enum log_level level);

/** log_get_level() - The level in force; any thread */
enum log_level log_get_level(void);

/**
 * log_event_mask() - Events of the stack that a level shows
 * @level:	level in force
 *
 * Return: mask for ustack_set_event_mask(): memory from warning; opened, closed and packet_lost
 * (retransmission) from info; state changes, drops from debug; segments and
 * metrics from trace
 */
uint32_t log_event_mask(enum log_level level);

/** log_msg() - Write one line, main thread (or before threads exist) */
__attribute__((format(printf, 2, 3))) void log_msg(enum log_level level,
						   const char *fmt, ...);

/** log_conn() - The same, about the connection @conn; 0 = none */
__attribute__((format(printf, 3, 4))) void log_conn(enum log_level level,
						    uint64_t conn,
						    const char *fmt, ...);

/** log_wall_offset_us() - Wall clock less monotonic clock, as lines use it, main
 * thread: it jumps when somebody sets the clock, and does not tremble
 */
uint64_t log_wall_offset_us(void);

/** log_event() - Render one event of the stack, main thread */
void log_event(const struct ustack_event *ev);

#endif /* DAEMON_LOG_H */
