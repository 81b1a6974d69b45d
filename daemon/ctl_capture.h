/* SPDX-License-Identifier: MIT */
/*
 * ctl_capture.h - between ctl_capture.c (methods) and ctl_capture_life.c
 */

#ifndef DAEMON_CTL_CAPTURE_H
#define DAEMON_CTL_CAPTURE_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/capfile.h"
#include "daemon/ctl_int.h"

#define CTL_CAPTURES_OVER 4u /* captures remembered that are over */
#define CTL_CAPTURES_FULL "%u captures are running already, stop one first"

enum ctl_capture_phase {
	CTL_CAPTURE_STARTING,
	CTL_CAPTURE_RUNNING,
	CTL_CAPTURE_LEAVING,
	CTL_CAPTURE_CLOSING,
};

/**
 * struct ctl_capture_info - a capture as it is shown
 * @id:		its number
 * @name:	what the client called it
 * @filter:	which packets
 * @snaplen:	most bytes of a packet
 * @limit:	most bytes in all, 0 = no limit
 * @rotate:	most bytes of a file, 0 = no limit
 * @files:	files that are written in turn
 * @file:	the one being written, from 0
 * @packets:	packets written
 * @dropped:	packets lost for want of room
 * @bytes:	bytes written
 * @age_us:	time since it began
 * @end:	why it is over, NULL = it is not
 */
struct ctl_capture_info {
	uint64_t id;
	char name[CAPFILE_NAME_MAX];
	struct capture_filter filter;
	uint32_t snaplen;
	uint64_t limit;
	uint64_t rotate;
	uint32_t files;
	uint32_t file;
	uint64_t packets;
	uint64_t dropped;
	uint64_t bytes;
	uint64_t age_us;
	const char *end;
};

/**
 * struct ctl_capture_stop - a request that waits for captures to be over
 * @rq:		the request
 * @left:	captures that it waits for
 * @n:		entries in @info
 * @info:	those that are over
 */
struct ctl_capture_stop {
	struct ctl_request *rq;
	uint32_t left;
	uint32_t n;
	struct ctl_capture_info info[CAPTURE_MAX];
};

/**
 * struct ctl_capture - one capture
 * @job:	adds or removes the tap; first
 * @next:	the next one of @set
 * @set:	all of them
 * @rq:		CTL_CAPTURE_STARTING: who asked for it
 * @stop:	who waits for its end, NULL = nobody
 * @rc:		outcome of adding: 0, or -ERR_NOENT: no such connection
 * @id:		its number, 0 = CTL_CAPTURE_STARTING
 * @start_us:	when it began
 * @phase:	enum ctl_capture_phase
 * @wake:	the worker has captured something
 * @io:		the pipe takes bytes, or has lost its reader
 * @patience:	runs while it is CTL_CAPTURE_CLOSING
 * @file:	what is written
 */
struct ctl_capture {
	struct job job;
	struct ctl_capture *next;
	struct ctl_captures *set;
	struct ctl_request *rq;
	struct ctl_capture_stop *stop;
	int rc;
	uint64_t id;
	uint64_t start_us;
	uint8_t phase;
	struct ev_async wake;
	struct ev_io io;
	struct ev_timer patience;
	struct capfile file;
};

/**
 * struct ctl_captures - all captures
 * @loop:	the main thread's loop; borrowed
 * @worker:	borrowed
 * @first:	those that are not over
 * @n:		their number
 * @last_id:	number given last
 * @nover:	captures over so far
 * @over:	the last of them, in turn
 */
struct ctl_captures {
	struct ev_loop *loop;
	struct worker *worker;
	struct ctl_capture *first;
	uint32_t n;
	uint64_t last_id;
	uint64_t nover;
	struct ctl_capture_info over[CTL_CAPTURES_OVER];
};

/** ctl_capture_sides() - "wire", "stack", "both" for bits (1 << enum capture_side) */
const char *ctl_capture_sides(uint8_t sides);

/** ctl_capture_describe() - A capture as it is shown */
void ctl_capture_describe(const struct ctl_capture *c,
			  struct ctl_capture_info *in);

/** ctl_capture_put() - Write it down */
void ctl_capture_put(struct json *j, const struct ctl_capture_info *in);

/**
 * ctl_capture_begin() - Have the worker capture; answers @rq, then or later
 * @set:	all captures
 * @c:		zeroed, but for its file, whose capfile_init() has been called
 * @rq:		who asks; taken
 */
void ctl_capture_begin(struct ctl_captures *set, struct ctl_capture *c,
		       struct ctl_request *rq);

/** ctl_capture_leave() - End it; it will be over, unless that is on its way already */
void ctl_capture_leave(struct ctl_capture *c);

#endif /* DAEMON_CTL_CAPTURE_H */
