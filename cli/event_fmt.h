/* SPDX-License-Identifier: MIT */
/*
 * event_fmt.h - an event of the daemon for people, on one line
 */

#ifndef CLI_EVENT_FMT_H
#define CLI_EVENT_FMT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#define EVENT_TEXT 512u /* room for any line */

/**
 * struct event_style - how lines look
 * @wall_offset_us: what is added to an event's time to get the time of day
 * @colour:	for a terminal
 */
struct event_style {
	double wall_offset_us;
	bool colour;
};

/**
 * event_text() - Describe an event
 * @ev:		event, as ctl_proto.h has it
 * @style:	how
 * @buf:	where to, EVENT_TEXT bytes
 *
 * Sequence numbers are counted from 0, the SYN's, as far as the initial ones are
 * known.
 *
 * Return: @buf, a line without newline
 */
const char *event_text(const cJSON *ev, const struct event_style *style,
		       char *buf);

/** event_has_type() - Does an event's name begin so, or what is behind its colon? */
bool event_has_type(const char *name, const char *type);

/** event_check_type() - Is there such an event?  CLI_DONE, or CLI_USAGE with the
 * right names printed
 */
int event_check_type(const char *type);

#endif /* CLI_EVENT_FMT_H */
