/* SPDX-License-Identifier: MIT */
/*
 * capfile.h - a capture's file, written by the main thread
 *
 *	tap's ring --> blocks of pcapng --> stage --> descriptor
 *
 * The descriptors come from whoever asked for the capture: one or more regular
 * files, written in turn when they are to be rotated, or a pipe.  A pipe that is
 * full is waited for without blocking; meanwhile the ring fills, and then the tap
 * loses packets, counted.  The end, for whatever reason, is statistics of each
 * interface.
 */

#ifndef DAEMON_CAPFILE_H
#define DAEMON_CAPFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/capture.h"

#define CAPFILE_FDS_MAX	   32u	  /* files that are written in turn	*/
#define CAPFILE_SIZE_MIN   65536u /* least size of a limit or a rotation	*/
#define CAPFILE_NAME_MAX   256u	  /* bytes of a name, with NUL		*/
#define CAPFILE_FILTER_MAX 160u

enum capfile_end {
	CAPFILE_RUNS,
	CAPFILE_STOPPED, /* as asked */
	CAPFILE_LIMIT,	 /* the size limit was reached */
	CAPFILE_GONE,	 /* nobody reads the pipe any more */
	CAPFILE_FAILED,	 /* writing failed, see @error */
	CAPFILE_STUCK,	 /* the pipe's reader did not take the rest */
};

enum capfile_state {
	CAPFILE_IDLE,	 /* all is written */
	CAPFILE_MORE,	 /* call again soon */
	CAPFILE_BLOCKED, /* call again when the pipe takes bytes */
	CAPFILE_OVER,	 /* it has ended, nothing more will be written */
};

/**
 * struct capfile - a capture's file
 * @tap:	the worker's side; the worker's until it is removed there
 * @name:	what people call it; for display only
 * @fd:		descriptors
 * @nfds:	their number
 * @at:		the one being written
 * @pipe:	it is a pipe
 * @limit:	most bytes in all, 0 = no limit
 * @rotate:	most bytes of a file, 0 = no limit
 * @wall_ns:	from the monotonic clock to that on the wall
 * @start_ns:	when the file was begun
 * @bytes:	bytes of the file being written
 * @total:	bytes in all, of files that were overwritten too
 * @packets:	packets in all
 * @file_packets: packets of the file being written
 * @side:	per side: packets that the file accounts for
 * @closing:	it ends when the ring is empty
 * @ended:	enum capfile_end
 * @error:	errno of CAPFILE_FAILED
 * @trailer:	statistics have been staged
 * @stage:	bytes on their way
 * @stage_len:	their number
 * @stage_off:	of them written
 */
struct capfile {
	struct captap tap;
	char name[CAPFILE_NAME_MAX];
	int fd[CAPFILE_FDS_MAX];
	uint32_t nfds;
	uint32_t at;
	bool pipe;
	uint64_t limit;
	uint64_t rotate;
	uint64_t wall_ns;
	uint64_t start_ns;
	uint64_t bytes;
	uint64_t total;
	uint64_t packets;
	uint64_t file_packets;
	struct {
		uint64_t seen;
		uint64_t dropped;
	} side[CAPTURE_SIDES];
	bool closing;
	uint8_t ended;
	int error;
	bool trailer;
	uint8_t *stage;
	size_t stage_len;
	size_t stage_off;
};

/**
 * capfile_check() - Can these descriptors be written to?
 * @fd:		descriptors
 * @n:		their number, at least 1
 * @which:	on failure, set to the one that is meant
 *
 * Return: NULL, or what is wrong with it
 */
const char *capfile_check(const int *fd, uint32_t n, uint32_t *which);

/** capfile_shares() - Does it write to the same file or pipe as @fd? */
bool capfile_shares(const struct capfile *f, int fd);

/**
 * capfile_init() - Get ready; nothing is written yet
 * @f:		@tap.filter, @tap.snaplen, @tap.loop, @tap.wake, @name, @limit and
 *		@rotate are set, the rest is zero
 * @fd:		descriptors that capfile_check() found good; taken
 * @n:		their number
 *
 * Return: 0 or -ERR_NOMEM, then the descriptors are the caller's still
 */
int capfile_init(struct capfile *f, const int *fd, uint32_t n) MUST_USE;

/** capfile_begin() - Empty the files and stage the header, once the tap has been added */
void capfile_begin(struct capfile *f);

/** capfile_run() - Write what there is, but not for long */
enum capfile_state capfile_run(struct capfile *f);

/** capfile_close() - The tap has been removed: end when all is written */
void capfile_close(struct capfile *f);

/** capfile_reader_gone() - Has nobody the other end of the pipe any more? */
bool capfile_reader_gone(const struct capfile *f);

/** capfile_abandon() - That is so: nothing more is written */
void capfile_abandon(struct capfile *f);

/** capfile_fini() - Close the descriptors, give memory back */
void capfile_fini(struct capfile *f);

/** capfile_end_text() - Why it has ended, in words */
const char *capfile_end_text(const struct capfile *f);

/** capfile_dropped() - Packets so far that were lost for want of room */
uint64_t capfile_dropped(const struct capfile *f);

#endif /* DAEMON_CAPFILE_H */
