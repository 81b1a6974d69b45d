/* SPDX-License-Identifier: MIT */
/*
 * log_int.h - between log.c (where lines go) and log_event.c (what they say)
 */

#ifndef DAEMON_LOG_INT_H
#define DAEMON_LOG_INT_H

#include "daemon/json.h"
#include "daemon/log.h"

#define LOG_TEXT_MAX 512u

/**
 * struct log_line - one line before it has a format
 * @level:	how much it matters
 * @wall_us:	time of day, microseconds since 1970
 * @event:	name of the event, NULL = a message of the daemon
 * @conn:	connection's number, 0 = none
 * @text:	the line for people, without time and level
 * @ev:		the event, whose fields go into JSON; NULL = @text goes there
 */
struct log_line {
	enum log_level level;
	uint64_t wall_us;
	const char *event;
	uint64_t conn;
	const char *text;
	const struct ustack_event *ev;
};

/** log_event_level() - From which level on a kind of event is shown */
enum log_level log_event_level(uint8_t kind);

/** log_event_has_flow() - Does it belong to a pair of endpoints? */
bool log_event_has_flow(const struct ustack_event *ev);

/** log_event_text() - Render an event for people; returns @buf */
const char *log_event_text(const struct ustack_event *ev, char *buf,
			   size_t size);

/** log_event_json() - Add an event's own fields to the object begun in @j */
void log_event_json(const struct ustack_event *ev, struct json *j);

/** log_event_object() - All of an event as ctl_proto.h says, without its braces */
void log_event_object(const struct ustack_event *ev, struct json *j);

#endif /* DAEMON_LOG_INT_H */
