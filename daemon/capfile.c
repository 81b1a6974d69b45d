/* SPDX-License-Identifier: MIT */
/*
 * capfile.c - a capture's file, written by the main thread
 *
 * Blocks are staged and written many at a time.  A pipe may take a part of what
 * is staged; the rest goes first the next time, so that what it carries is whole
 * blocks up to the end.  Times of packets are those of the monotonic clock, moved
 * to the wall's by what was between them when the capture began: a clock that is
 * set does not make packets trade places.
 *
 * Rotation goes round the descriptors: what is in the next file is thrown away
 * first.  Each file is complete for itself.
 *
 * System calls: write, ftruncate, lseek, fstat, fcntl, open, poll, close.
 */

#include "daemon/capfile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/addr.h"
#include "daemon/capfate.h"
#include "stack/link/pcapng.h"

#ifndef USTACK_VERSION
#define USTACK_VERSION "unknown"
#endif

#define NS_PER_S     1000000000u
#define PROC_FD_MAX  32u
#define STAGE_BYTES  (1u << 20)
#define STAGE_MARK   (1u << 18) /* staged bytes that are written at once	*/
#define BUDGET_BYTES (1u << 20) /* of one capfile_run()			*/
#define HEADER_MAX   (PCAPNG_SECTION_MAX + CAPTURE_SIDES * PCAPNG_IFACE_MAX)
#define TRAILER_MAX  (CAPTURE_SIDES * PCAPNG_STATS_MAX)

static const char *const side_name[CAPTURE_SIDES] = {
	[CAPTURE_WIRE] = "wire",
	[CAPTURE_STACK] = "stack",
};

static const char *const side_descr[CAPTURE_SIDES] = {
	[CAPTURE_WIRE] = "what the host sent and saw, behind impairment",
	[CAPTURE_STACK] = "what the stack meant and got, before impairment",
};

static uint64_t clock_of(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static uint64_t wall_now(const struct capfile *f)
{
	return clock_of(CLOCK_MONOTONIC) + f->wall_ns;
}

static bool has_side(const struct capfile *f, uint32_t side)
{
	return f->tap.filter.sides >> side & 1u;
}

/* The number of a side's interface. */
static uint32_t iface_of(const struct capfile *f, uint32_t side)
{
	return side > 0 && has_side(f, 0) ? 1 : 0;
}

/* -------------------------------------------------------------- descriptors */

static bool same_file(int a, int b)
{
	struct stat sa;
	struct stat sb;

	return !fstat(a, &sa) && !fstat(b, &sb) && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

static const char *check_one(int fd, bool several)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (fstat(fd, &st))
		return "cannot be looked at";
	if (S_ISDIR(st.st_mode))
		return "is a directory; expected a file or a pipe";
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		return "is neither a file nor a pipe";
	if (flags < 0 || flags & O_PATH || (flags & O_ACCMODE) == O_RDONLY)
		return "is open for reading only; expected one to write to";
	if (several && !S_ISREG(st.st_mode))
		return "is a pipe; only files can be written in turn";
	return NULL;
}

const char *capfile_check(const int *fd, uint32_t n, uint32_t *which)
{
	for (*which = 0; *which < n; ++*which) {
		const char *wrong = check_one(fd[*which], n > 1);

		if (wrong)
			return wrong;
		for (uint32_t i = 0; i < *which; i++)
			if (same_file(fd[i], fd[*which]))
				return "is the same file as one before it";
	}
	return NULL;
}

bool capfile_shares(const struct capfile *f, int fd)
{
	for (uint32_t i = 0; i < f->nfds; i++)
		if (same_file(f->fd[i], fd))
			return true;
	return false;
}

bool capfile_reader_gone(const struct capfile *f)
{
	struct pollfd p = { .fd = f->fd[f->at] };

	return f->pipe && poll(&p, 1, 0) == 1 && p.revents & POLLERR;
}

/* ------------------------------------------------------------------ writing */

/* Bytes of the stage that were written, as far as they are whole blocks. */
static size_t whole_blocks(const struct capfile *f)
{
	uint32_t len[2] = { 0 }; /* type and length */
	size_t at = 0;

	while (at + sizeof(len) <= f->stage_off) {
		memcpy(len, f->stage + at, sizeof(len));
		if (at + len[1] > f->stage_off)
			break;
		at += len[1];
	}
	return at;
}

/* Nothing more can be written; a file ends behind its last whole block. */
static void fail(struct capfile *f, int error)
{
	off_t end = f->pipe ? -1 : lseek(f->fd[f->at], 0, SEEK_CUR);
	off_t torn = (off_t)(f->stage_off - whole_blocks(f));

	if (end >= 0 && torn > 0) /* if that fails too, it stays torn */
		(void)!ftruncate(f->fd[f->at], end - torn);
	f->ended = error == EPIPE ? CAPFILE_GONE : CAPFILE_FAILED;
	f->error = error;
	f->stage_len = 0;
	f->stage_off = 0;
	f->trailer = true; /* there is no way to write one */
}

/* Write what is staged: IDLE, BLOCKED, or OVER when it fails. */
static enum capfile_state flush(struct capfile *f)
{
	while (f->stage_off < f->stage_len) {
		ssize_t n = write(f->fd[f->at], f->stage + f->stage_off,
				  f->stage_len - f->stage_off);

		if (n > 0) {
			f->stage_off += (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return CAPFILE_BLOCKED;
		fail(f, n < 0 ? errno : EIO);
		return CAPFILE_OVER;
	}
	f->stage_len = 0;
	f->stage_off = 0;
	return CAPFILE_IDLE;
}

/* A block was written behind what is staged. */
static void staged(struct capfile *f, size_t len)
{
	f->stage_len += len;
	f->bytes += len;
	f->total += len;
}

static size_t room(const struct capfile *f)
{
	return STAGE_BYTES - f->stage_len;
}

/* An address and a port as libpcap's language has them. */
static size_t add_end(char *buf, size_t size, const struct ustack_addr *a,
		      uint16_t port)
{
	char text[ADDR_TEXT_MAX];

	return (size_t)snprintf(buf, size, " and host %s and port %u",
				addr_text(a, text), port);
}

/* What the filter lets through, or NULL when that is everything. */
static const char *filter_text(const struct capture_filter *flt,
			       char buf[CAPFILE_FILTER_MAX])
{
	const struct ustack_tuple *t = &flt->tuple;
	size_t n = (size_t)snprintf(buf, CAPFILE_FILTER_MAX, "tcp");

	if (!flt->conn && !flt->port)
		return NULL;
	if (flt->port)
		n += (size_t)snprintf(buf + n, CAPFILE_FILTER_MAX - n,
				      " and port %u", flt->port);
	if (!flt->conn)
		return buf;
	n += add_end(buf + n, CAPFILE_FILTER_MAX - n, &t->local, t->lport);
	(void)add_end(buf + n, CAPFILE_FILTER_MAX - n, &t->remote, t->rport);
	return buf;
}

static void stage_header(struct capfile *f)
{
	char text[CAPFILE_FILTER_MAX];
	const char *filter = filter_text(&f->tap.filter, text);

	f->bytes = 0;
	f->file_packets = 0;
	memset(f->side, 0, sizeof(f->side));
	f->start_ns = wall_now(f);
	staged(f, pcapng_section(f->stage + f->stage_len, room(f), "Linux",
				 "ustackd " USTACK_VERSION));
	for (uint32_t i = 0; i < CAPTURE_SIDES; i++)
		if (has_side(f, i))
			staged(f,
			       pcapng_iface(f->stage + f->stage_len, room(f),
					    &(struct pcapng_iface){
						    side_name[i], side_descr[i],
						    filter, f->tap.snaplen }));
}

static void stage_trailer(struct capfile *f)
{
	uint64_t now_ns = wall_now(f);

	for (uint32_t i = 0; i < CAPTURE_SIDES; i++) {
		const struct pcapng_stats st = { .iface = iface_of(f, i),
						 .start_ns = f->start_ns,
						 .end_ns = now_ns,
						 .received = f->side[i].seen,
						 .dropped = f->side[i].dropped };

		if (has_side(f, i))
			staged(f, pcapng_stats(f->stage + f->stage_len, room(f),
					       &st));
	}
}

static void stage_packet(struct capfile *f, const struct caprec *rec)
{
	char text[CAPFATE_TEXT_MAX];
	const struct pcapng_packet p = {
		.iface = iface_of(f, rec->side),
		.time_ns = rec->time_ns + f->wall_ns,
		.data = rec->data,
		.cap_len = rec->cap_len,
		.orig_len = rec->orig_len,
		.dir = rec->dir == IMPAIR_IN ? PCAPNG_IN : PCAPNG_OUT,
		.lost = rec->lost,
		.comment = rec->fate.faults ? capfate_text(&rec->fate, text)
					    : NULL,
	};

	staged(f, pcapng_packet(f->stage + f->stage_len, room(f), &p));
	f->packets++;
	f->file_packets++;
	f->side[rec->side].seen += 1 + rec->lost;
	f->side[rec->side].dropped += rec->lost;
}

/* ------------------------------------------------------------- whole files */

/* Empty the file; a pipe has nothing to be emptied. */
static bool empty(struct capfile *f)
{
	if (f->pipe)
		return true;
	if (!ftruncate(f->fd[f->at], 0) && !lseek(f->fd[f->at], 0, SEEK_SET))
		return true;
	fail(f, errno);
	return false;
}

/* End this file and begin the next one; files never block. */
static void rotate(struct capfile *f)
{
	stage_trailer(f);
	if (flush(f) != CAPFILE_IDLE)
		return;
	f->at = (f->at + 1) % f->nfds;
	if (empty(f))
		stage_header(f);
}

/* Is there room for a packet below the bounds?  If not, see to it. */
static bool may_stage(struct capfile *f, const struct caprec *rec)
{
	uint64_t size = PCAPNG_PACKET_MAX(rec->cap_len) + TRAILER_MAX;
	uint64_t slack = 0;

	if (f->rotate) /* the next file's */
		slack = HEADER_MAX + TRAILER_MAX;
	if (f->limit && f->total + size + slack > f->limit) {
		f->ended = CAPFILE_LIMIT;
		return false;
	}
	if (f->rotate && f->bytes + size > f->rotate && f->file_packets > 0) {
		rotate(f);
		return false;
	}
	return true;
}

/* It has ended: statistics, and out with what is staged. */
static enum capfile_state run_out(struct capfile *f)
{
	enum capfile_state st;

	if (!f->trailer)
		stage_trailer(f);
	f->trailer = true;
	st = flush(f);
	return st == CAPFILE_IDLE ? CAPFILE_OVER : st;
}

/* The ring is empty, and so it stays when closing. */
static enum capfile_state run_dry(struct capfile *f)
{
	if (!f->closing)
		return flush(f);
	for (uint32_t i = 0; i < CAPTURE_SIDES; i++) {
		f->side[i].seen += f->tap.count[i].lost;
		f->side[i].dropped += f->tap.count[i].lost;
	}
	f->ended = CAPFILE_STOPPED;
	return run_out(f);
}

enum capfile_state capfile_run(struct capfile *f)
{
	uint64_t until = f->total + BUDGET_BYTES;

	while (!f->ended && f->total < until) {
		const struct caprec *rec = capring_first(&f->tap.ring);

		if (!rec)
			return run_dry(f);
		if (f->stage_len >= STAGE_MARK) {
			enum capfile_state st = flush(f);

			if (st != CAPFILE_IDLE)
				return st;
		}
		if (!may_stage(f, rec))
			continue;
		stage_packet(f, rec);
		capring_done(&f->tap.ring, rec);
	}
	return f->ended ? run_out(f) : CAPFILE_MORE;
}

void capfile_close(struct capfile *f)
{
	f->closing = true;
}

void capfile_abandon(struct capfile *f)
{
	fail(f, EPIPE);
}

/* --------------------------------------------------------------------- life */

int capfile_init(struct capfile *f, const int *fd, uint32_t n)
{
	struct stat st = { 0 };
	int rc = capring_init(&f->tap.ring);

	if (rc)
		return rc;
	f->stage = malloc(STAGE_BYTES);
	if (!f->stage) {
		capring_fini(&f->tap.ring);
		return -ERR_NOMEM;
	}
	memcpy(f->fd, fd, n * sizeof(*fd));
	f->nfds = n;
	f->pipe = !fstat(f->fd[0], &st) && S_ISFIFO(st.st_mode);
	f->wall_ns = clock_of(CLOCK_REALTIME) - clock_of(CLOCK_MONOTONIC);
	return 0;
}

/*
 * unblock() - See to it that writing to the pipe never blocks
 *
 * Flags belong to the open description, which whoever passed the descriptor has,
 * too, and could set back.  Opened once more it is ours alone; where that is not
 * allowed (another user's pipe, no /proc), its flag is all there is.
 */
static bool unblock(struct capfile *f)
{
	char path[PROC_FD_MAX];
	int flags;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", f->fd[0]);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		(void)close(f->fd[0]);
		f->fd[0] = fd;
		return true;
	}
	flags = fcntl(f->fd[0], F_GETFL);
	return !fcntl(f->fd[0], F_SETFL, flags | O_NONBLOCK);
}

void capfile_begin(struct capfile *f)
{
	if (f->pipe && !unblock(f))
		fail(f, errno);
	else if (empty(f))
		stage_header(f);
}

void capfile_fini(struct capfile *f)
{
	for (uint32_t i = 0; i < f->nfds; i++)
		(void)close(f->fd[i]);
	f->nfds = 0;
	free(f->stage);
	f->stage = NULL;
	capring_fini(&f->tap.ring);
}

/* ---------------------------------------------------------------- looking in */

const char *capfile_end_text(const struct capfile *f)
{
	switch (f->ended) {
	case CAPFILE_RUNS:
		return "running";
	case CAPFILE_STOPPED:
		return "stopped";
	case CAPFILE_LIMIT:
		return "the size limit is reached";
	case CAPFILE_GONE:
		return "its reader has gone";
	case CAPFILE_STUCK:
		return "stopped; its reader did not take the rest";
	default:
		return strerror(f->error);
	}
}

uint64_t capfile_dropped(const struct capfile *f)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < CAPTURE_SIDES; i++)
		n += __atomic_load_n(&f->tap.count[i].dropped,
				     __ATOMIC_RELAXED);
	return n;
}
