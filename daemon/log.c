/* SPDX-License-Identifier: MIT */
/*
 * log.c - where log lines go, in which format, and how many of them
 *
 *	log_msg()   \                  / stderr: time, or <N> under systemd
 *	             > struct log_line - file:   opened for appending
 *	log_event() /                  \ journal: one datagram of fields
 *
 * Text for a stderr that is the journal's goes to the journal, for its fields.
 *
 * One write a line, nothing is buffered.  Nothing waits for a reader either: a
 * terminal that was stopped or a pager that rests would hold up the control
 * socket and the signals.  What cannot take a line at once does not get it, and
 * is told how many it missed when it reads again.  A line fits into PIPE_BUF:
 * a pipe that has room takes it whole.  Each kind of event may write so many
 * lines a second; what exceeds that is counted and summed up in one line as
 * soon as anything is logged after that second.
 */

#include "daemon/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/addr.h"
#include "daemon/config.h"
#include "daemon/log_int.h"

#define IDENTIFIER     "ustackd"
#define FACILITY       "3" /* daemon */
#define FIELDS_MAX     512u
#define SECOND_US      1000000u
#define EVENT_AGE_MAX  (60u * SECOND_US) /* older: another clock than ours */
#define APART_SLACK_US 1000u
#define TIME_TEXT_MAX  32u
#define LINE_JSON_MAX  (PIPE_BUF - 8u) /* with "<N>" in front */

_Static_assert(LOG_TEXT_MAX + 64 <= PIPE_BUF, "a pipe takes a line whole");

static const char *const level_names[LOG_LVLS] = { "error", "warning", "info",
						   "debug", "trace" };

/* RFC 5424 severities; the journal has none below debug. */
static const int severities[LOG_LVLS] = { 3, 4, 6, 7, 7 };

/**
 * struct limit - lines of one kind of event
 * @since_us:	monotonic time at which the second began
 * @lines:	written in it
 * @held:	held back in it
 */
struct limit {
	uint64_t since_us;
	uint32_t lines;
	uint64_t held;
};

/* The program has one log; before log_open() it is stderr. */
static struct {
	_Atomic int level;
	int fd;	      /* file or journal, -1 = stderr		*/
	bool journal; /* @fd is the journal's socket		*/
	bool json;
	bool prefix;	   /* stderr is read by journald: "<N>"	*/
	uint64_t apart_us; /* wall clock less monotonic clock	*/
	uint64_t lost;	   /* lines that could not be written	*/
	int error;	   /* errno of the last write, 0 = fine	*/
	bool told;	   /* stderr has heard of @error	*/
	bool torn;	   /* the last line lacks its end	*/
	char path[CONFIG_PATH_MAX];
	struct limit limit[USTACK_EVENTS];
	struct json buf;
} log_state = { .level = LOG_LVL_INFO, .fd = -1, .buf.max = LINE_JSON_MAX };

int log_level_parse(const char *name)
{
	for (int i = 0; i < LOG_LVLS; i++)
		if (!strcmp(name, level_names[i]))
			return i;
	return -1;
}

const char *log_level_name(enum log_level level)
{
	return level_names[level];
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&log_state.level, (int)level,
			      memory_order_relaxed);
}

enum log_level log_get_level(void)
{
	return (enum log_level)atomic_load_explicit(&log_state.level,
						    memory_order_relaxed);
}

/* ------------------------------------------------------------------ times */

static uint64_t clock_us(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * SECOND_US + (uint64_t)ts.tv_nsec / 1000;
}

/* It is kept while it stays the same, or events of one moment would get different
 * times.
 */
uint64_t log_wall_offset_us(void)
{
	uint64_t now_us = clock_us(CLOCK_MONOTONIC);
	uint64_t apart_us = clock_us(CLOCK_REALTIME) - now_us;

	if (apart_us - log_state.apart_us + APART_SLACK_US > 2 * APART_SLACK_US)
		log_state.apart_us = apart_us;
	return log_state.apart_us;
}

/* The time of day at which the monotonic clock showed @mono_us. */
static uint64_t wall_of(uint64_t mono_us)
{
	uint64_t apart_us = log_wall_offset_us();
	uint64_t now_us = clock_us(CLOCK_MONOTONIC);

	if (now_us - mono_us > EVENT_AGE_MAX)
		mono_us = now_us;
	return mono_us + apart_us;
}

static void format_time(uint64_t wall_us, char *buf, size_t size)
{
	time_t sec = (time_t)(wall_us / SECOND_US);
	struct tm tm;
	size_t len;

	(void)gmtime_r(&sec, &tm);
	len = strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(buf + len, size - len, ".%06uZ",
		       (unsigned int)(wall_us % SECOND_US));
}

/* ---------------------------------------------------------------- writing */

/* Where lines go now. */
static int target_fd(void)
{
	return log_state.fd >= 0 ? log_state.fd : STDERR_FILENO;
}

/*
 * Does @fd take bytes without making us wait?  O_NONBLOCK would tell as well,
 * but stderr is shared with whoever started us.
 */
static bool takes_bytes(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && p.revents & POLLOUT;
}

/* All of it; false: a part at most. */
static bool write_bytes(int fd, const char *p, size_t len, size_t *done)
{
	errno = EAGAIN;
	for (*done = 0; *done < len;) {
		ssize_t n = takes_bytes(fd) ? write(fd, p + *done, len - *done)
					    : -1;

		if (n < 0)
			return false;
		*done += (size_t)n;
	}
	return true;
}

/* A line; behind a torn one it begins anew. */
static void write_all(int fd, const char *p, size_t len)
{
	size_t done = 0;

	if (log_state.torn && write_bytes(fd, "\n", 1, &done))
		log_state.torn = false;
	if (!log_state.torn && write_bytes(fd, p, len, &done)) {
		log_state.error = 0;
		return;
	}
	log_state.error = errno == EAGAIN ? 0 : errno;
	log_state.torn |= done > 0;
	log_state.lost++;
}

static void write_text(int fd, const struct log_line *l)
{
	char line[LOG_TEXT_MAX + 64];
	char when[TIME_TEXT_MAX];
	int len;

	format_time(l->wall_us, when, sizeof(when));
	if (fd == STDERR_FILENO && log_state.prefix)
		len = snprintf(line, sizeof(line), "<%d>%s\n",
			       severities[l->level], l->text);
	else
		len = snprintf(line, sizeof(line), "%s %-5s %s\n", when,
			       level_names[l->level], l->text);
	if (len > 0)
		write_all(fd, line, (size_t)len);
}

static void write_json(int fd, const struct log_line *l)
{
	struct json *j = &log_state.buf;
	char when[TIME_TEXT_MAX];
	char line[PIPE_BUF];
	int len;

	json_reset(j);
	format_time(l->wall_us, when, sizeof(when));
	json_obj(j, NULL);
	json_str(j, "time", when);
	json_str(j, "level", level_names[l->level]);
	if (l->event)
		json_str(j, "event", l->event);
	if (l->conn)
		json_u64(j, "conn", l->conn);
	if (l->ev)
		log_event_json(l->ev, j);
	else
		json_str(j, "msg", l->text);
	json_obj_end(j);
	json_nl(j);
	if (json_failed(j)) {
		log_state.lost++;
	} else if (fd == STDERR_FILENO && log_state.prefix) {
		len = snprintf(line, sizeof(line), "<%d>%.*s",
			       severities[l->level], (int)j->len, j->buf);
		write_all(fd, line, (size_t)len);
	} else {
		write_all(fd, j->buf, j->len);
	}
}

/* An address and a port each, so that they can be asked for. */
static int flow_fields(const struct ustack_event *ev, char *buf, size_t size)
{
	char local[ADDR_TEXT_MAX];
	char remote[ADDR_TEXT_MAX];

	return snprintf(buf, size,
			"USTACK_LOCAL_ADDR=%s\nUSTACK_LOCAL_PORT=%u\n"
			"USTACK_REMOTE_ADDR=%s\nUSTACK_REMOTE_PORT=%u\n",
			addr_text(&ev->local, local), ev->lport,
			addr_text(&ev->remote, remote), ev->rport);
}

/* systemd.journal-fields(7): fields by lines; no value here has a newline. */
static void send_journal(int fd, const struct log_line *l)
{
	char msg[LOG_TEXT_MAX + FIELDS_MAX];
	int len;

	len = snprintf(msg, sizeof(msg),
		       "MESSAGE=%s\nPRIORITY=%d\nSYSLOG_FACILITY=" FACILITY
		       "\nSYSLOG_IDENTIFIER=" IDENTIFIER "\n",
		       l->text, severities[l->level]);
	if (l->ev && log_event_has_flow(l->ev))
		len += flow_fields(l->ev, msg + len, sizeof(msg) - (size_t)len);
	if (l->conn)
		len += snprintf(msg + len, sizeof(msg) - (size_t)len,
				"USTACK_CONN=%" PRIu64 "\n", l->conn);
	if (l->event)
		len += snprintf(msg + len, sizeof(msg) - (size_t)len,
				"USTACK_EVENT=%s\n", l->event);
	if (l->ev && l->ev->kind == USTACK_EV_IMPAIRED)
		len += snprintf(msg + len, sizeof(msg) - (size_t)len,
				"USTACK_RULE=%u\n", (unsigned int)l->ev->rule);
	if (send(fd, msg, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_state.lost++;
}

/* A log that cannot be written, on a full disk say, cannot tell that itself. */
static void tell_error(void)
{
	char text[LOG_TEXT_MAX];
	struct log_line l = { .level = LOG_LVL_ERROR,
			      .wall_us = clock_us(CLOCK_REALTIME),
			      .text = text };
	int error = log_state.error;

	(void)snprintf(text, sizeof(text),
		       "%s: cannot be written: %s; lines are lost until it can",
		       log_state.path, strerror(error));
	log_state.told = true;
	write_text(STDERR_FILENO, &l);
	log_state.error = error;
}

static void emit(const struct log_line *l)
{
	int fd = target_fd();

	if (log_state.journal)
		send_journal(fd, l);
	else if (log_state.json)
		write_json(fd, l);
	else
		write_text(fd, l);
	if (!log_state.error)
		log_state.told = false;
	else if (!log_state.told && fd != STDERR_FILENO)
		tell_error();
}

/* ------------------------------------------------------------ rate limits */

/* Lines a second that a kind of event may write. */
static uint32_t limit_of(uint8_t kind)
{
	switch (kind) {
	case USTACK_EV_DROPPED:
	case USTACK_EV_LOST:
		return 200;
	case USTACK_EV_OPENED:
	case USTACK_EV_STATE:
	case USTACK_EV_CLOSED:
		return 1000;
	default:
		return 5000; /* trace: somebody wants to see it all */
	}
}

static void emit_held(uint8_t kind, uint64_t held)
{
	char text[LOG_TEXT_MAX];
	struct log_line l = {
		.level = log_event_level(kind),
		.wall_us = clock_us(CLOCK_REALTIME),
		.text = text,
	};

	(void)snprintf(text, sizeof(text),
		       "%" PRIu64 " more lines of %s held back", held,
		       ustack_event_name((enum ustack_event_kind)kind));
	emit(&l);
}

/* Say how many lines found nobody who would take them. */
static void emit_lost(void)
{
	char text[LOG_TEXT_MAX];
	struct log_line l = { .level = LOG_LVL_WARNING,
			      .wall_us = clock_us(CLOCK_REALTIME),
			      .text = text };
	uint64_t lost = log_state.lost;

	(void)snprintf(text, sizeof(text),
		       "%" PRIu64 " log lines could not be written", lost);
	log_state.lost = 0;
	emit(&l);
	if (log_state.lost) /* this one neither, and it is none that counts */
		log_state.lost = lost;
}

/*
 * Say what the seconds that are over held back; with @now_us UINT64_MAX all.
 * While nobody listens, it is kept.
 */
static void flush_held(uint64_t now_us)
{
	if (!takes_bytes(target_fd()))
		return;
	for (uint8_t k = 0; k < USTACK_EVENTS; k++) {
		struct limit *lim = &log_state.limit[k];
		uint64_t held = lim->held;

		if (!held || now_us - lim->since_us < SECOND_US)
			continue;
		*lim = (struct limit){ 0 };
		emit_held(k, held);
	}
	if (log_state.lost)
		emit_lost();
}

static bool admit(uint8_t kind, uint64_t now_us)
{
	struct limit *lim = &log_state.limit[kind];

	if (now_us - lim->since_us >= SECOND_US) {
		lim->since_us = now_us;
		lim->lines = 0;
	}
	if (lim->lines >= limit_of(kind)) {
		lim->held++;
		return false;
	}
	lim->lines++;
	return true;
}

/* --------------------------------------------------------- open and close */

/* Does journald read our stderr?  systemd.exec(5), JOURNAL_STREAM. */
static bool stderr_is_journal(void)
{
	const char *env = getenv("JOURNAL_STREAM");
	struct stat st;
	uintmax_t dev;
	uintmax_t ino;

	if (!env || sscanf(env, "%ju:%ju", &dev, &ino) != 2)
		return false;
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev &&
	       st.st_ino == ino;
}

static int open_journal(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX,
				  .sun_path = LOG_JOURNAL_SOCKET };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	rc = -errno;
	(void)close(fd);
	return rc;
}

static int open_target(const struct config *cfg)
{
	int fd;

	if (cfg->log_target != LOG_TO_FILE)
		return open_journal();
	fd = open(cfg->log_path, /* a pipe that nobody reads must not stop us */
		  O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK |
			  O_NOCTTY,
		  0640);
	return fd >= 0 ? fd : -errno;
}

int log_check(const struct config *cfg)
{
	int fd = cfg->log_target == LOG_TO_STDERR ? -1 : open_target(cfg);

	if (fd >= 0)
		(void)close(fd);
	return cfg->log_target == LOG_TO_STDERR || fd >= 0 ? 0 : fd;
}

int log_open(const struct config *cfg)
{
	int fd;

	log_close();
	log_set_level((enum log_level)cfg->log_level);
	log_state.json = cfg->log_json;
	log_state.prefix = stderr_is_journal();
	if (cfg->log_target == LOG_TO_STDERR &&
	    (!log_state.prefix || log_state.json))
		return 0;
	fd = open_target(cfg);
	if (fd < 0 && cfg->log_target == LOG_TO_STDERR)
		return 0; /* the journal gets lines instead of fields */
	if (fd < 0) {
		log_msg(LOG_LVL_WARNING,
			"log target %s cannot be opened: %s; using stderr",
			cfg->log_target == LOG_TO_JOURNAL ? LOG_JOURNAL_SOCKET
							  : cfg->log_path,
			strerror(-fd));
		return fd;
	}
	log_state.fd = fd;
	(void)snprintf(log_state.path, sizeof(log_state.path), "%s",
		       cfg->log_path);
	log_state.journal = cfg->log_target != LOG_TO_FILE;
	return 0;
}

void log_close(void)
{
	flush_held(UINT64_MAX);
	if (log_state.fd >= 0)
		(void)close(log_state.fd);
	log_state.fd = -1;
	log_state.torn = false;
	log_state.error = 0;
	log_state.journal = false;
	json_fini(&log_state.buf);
}

/* ------------------------------------------------------------------ lines */

/* One line, whatever was put into it. */
static void clean_text(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

__attribute__((format(printf, 3, 0))) static void message(enum log_level level,
							  uint64_t conn,
							  const char *fmt,
							  va_list ap)
{
	char text[LOG_TEXT_MAX];
	struct log_line l = { .level = level, .conn = conn, .text = text };

	if (level > log_get_level())
		return;
	flush_held(clock_us(CLOCK_MONOTONIC));
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	clean_text(text);
	l.wall_us = clock_us(CLOCK_REALTIME);
	emit(&l);
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(level, 0, fmt, ap);
	va_end(ap);
}

void log_conn(enum log_level level, uint64_t conn, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(level, conn, fmt, ap);
	va_end(ap);
}

void log_event(const struct ustack_event *ev)
{
	char text[LOG_TEXT_MAX];
	struct log_line l = {
		.level = log_event_level(ev->kind),
		.conn = ev->id,
		.ev = ev,
	};
	uint64_t now_us;

	if (ev->kind >= USTACK_EVENTS || l.level > log_get_level())
		return;
	now_us = clock_us(CLOCK_MONOTONIC);
	flush_held(now_us);
	if (!admit(ev->kind, now_us))
		return;
	l.wall_us = wall_of(ev->time_us);
	l.event = ustack_event_name((enum ustack_event_kind)ev->kind);
	l.text = log_event_text(ev, text, sizeof(text));
	emit(&l);
}

uint32_t log_event_mask(enum log_level level)
{
	uint32_t mask = 0;

	for (uint8_t k = 0; k < USTACK_EVENTS; k++)
		if (log_event_level(k) <= level)
			mask |= 1u << k;
	return mask;
}
