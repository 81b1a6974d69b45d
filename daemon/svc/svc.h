/* SPDX-License-Identifier: MIT */
/*
 * svc.h - services: what answers on a port
 *
 *	struct svc		a type, "echo": a table of callbacks over a stream
 *	struct service		one [service NAME] of the configuration, running
 *	struct svc_set		all of them
 *
 * A connection need not cost its service anything: stream.state is a small
 * number that a type may keep for one.
 */

#ifndef DAEMON_SVC_SVC_H
#define DAEMON_SVC_SVC_H

#include <stddef.h>
#include <stdint.h>

#include "stream.h"

struct faults;
struct svc_loop;
struct svc_notes;
struct tls_context;
struct tls_set;
struct ustack;

#define SERVICE_NAME_MAX   32u
#define SERVICE_STATE_MAX  1023u /* largest stream.state */
#define SERVICE_TARGET_MAX 256u
#define SERVICE_WHY_MAX	   256u
#define SERVICE_CC_MAX	   32u

/**
 * struct svc - a type of service
 * @name:	as in the configuration
 * @start:	make what all connections of a service share, NULL = nothing;
 *		0 or -ERR_*
 * @stop:	give that up again; called after a failed @start, too
 * @opened:	a connection is established, its secure channel included; one that
 *		was to be opened by svc_connect(), too
 * @readable:	there is data that was not there before
 * @writable:	there is room again after a write took less than all
 * @peer_closed: the peer has ended its direction, and all it sent was read
 * @closed:	the connection is over, for whatever reason: see stream.end.  It
 *		comes without @opened when one of svc_connect() has failed.
 *
 * A callback that is NULL is not made.
 */
struct svc {
	const char *name;
	int (*start)(struct service *sv);
	void (*stop)(struct service *sv);
	void (*opened)(struct stream *st);
	void (*readable)(struct stream *st);
	void (*writable)(struct stream *st);
	void (*peer_closed)(struct stream *st);
	void (*closed)(struct stream *st);
};

extern const struct svc svc_echo;
extern const struct svc svc_discard;
extern const struct svc svc_chargen;
extern const struct svc svc_http;
extern const struct svc svc_forward;

#define SVC_HTTP_CONNS 128u    /* connections of one http service */
#define SVC_PAGE_MAX   131072u /* bytes of a page */

/**
 * struct svc_text - a text being written into a buffer
 * @buf:	the buffer, the writer's
 * @cap:	bytes in it
 * @len:	bytes written
 * @full:	something did not fit; nothing more is written
 */
struct svc_text {
	char *buf;
	size_t cap;
	size_t len;
	bool full;
};

/** svc_text_add() - Write more, as printf does; all or nothing */
__attribute__((format(printf, 2, 3))) void svc_text_add(struct svc_text *t,
							const char *fmt, ...);

/**
 * struct svc_page - a page that the daemon has for its http services
 * @path:	"/" and so on
 * @type:	media type
 * @make:	write it; called on the stack's thread, whenever it is asked for
 */
struct svc_page {
	const char *path;
	const char *type;
	void (*make)(void *arg, struct svc_text *t);
};

/**
 * struct svc_pages - all of them
 * @page:	the pages
 * @n:		their number
 * @arg:	passed to each @make
 */
struct svc_pages {
	const struct svc_page *page;
	uint32_t n;
	void *arg;
};

/** svc_find() - The type of that name, NULL = none */
const struct svc *svc_find(const char *name);

/**
 * struct service - one configured service
 * @svc:	its type
 * @name:	its own name
 * @port:	where it listens
 * @backlog:	connections that may wait to be accepted
 * @cc:		congestion control, "" = the stack's
 * @pages:	what an http service shows, NULL = nothing
 * @tls:	its connections are secure channels
 * @target:	of a forward service: "tcp:HOST:PORT" or "unix:PATH", as configured
 * @like:	at the start: one of the same type and target, NULL = there is none
 * @why:	after a failed start: the reason, "" = what the error says
 * @loop:	what it may ask of the loop it runs on; borrowed
 * @ops:	kind of its streams
 * @host:	what @ops works on
 * @listener:	the kind's number of the listener, -1 = none
 * @shared:	what @svc.start made
 * @faults:	faults of its reading, NULL = there can be none; borrowed
 * @counters:	those of svc_mib.h, of all services; borrowed
 * @notes:	what is said for the log, NULL = nothing is; borrowed
 * @next:	behind it among those that listen no more
 * @open:	connections now
 * @accepted:	connections so far
 * @bytes_in:	payload it read
 * @bytes_out:	payload it wrote
 *
 * The last four and @counters are read by other threads with relaxed loads.  The alignment
 * leaves room for a connection's state in the low bits of its address.
 */
struct service {
	_Alignas(SERVICE_STATE_MAX + 1u) const struct svc *svc;
	char name[SERVICE_NAME_MAX];
	uint16_t port;
	uint32_t backlog;
	char cc[SERVICE_CC_MAX];
	const struct svc_pages *pages;
	bool tls;
	char target[SERVICE_TARGET_MAX];
	const struct service *like;
	char why[SERVICE_WHY_MAX];
	const struct svc_loop *loop;
	const struct stream_ops *ops;
	void *host;
	int listener;
	void *shared;
	struct faults *faults;
	uint64_t *counters;
	struct svc_notes *notes;
	struct service *next;
	uint64_t open;
	uint64_t accepted;
	uint64_t bytes_in;
	uint64_t bytes_out;
};

/** service_count() - Add to a counter that other threads may read */
static inline void service_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/** service_opened() - Tell a service of a new connection; for kinds of stream */
void service_opened(struct stream *st);

/** service_connecting() - A connection is being opened for a service; the same */
void service_connecting(struct service *sv);

/** service_connected() - Tell it that this has succeeded; the same */
void service_connected(struct stream *st);

/** service_closed() - Tell a service that a connection is over; the same */
void service_closed(struct stream *st);

/**
 * stream_buf_new() - Make a constant buffer to write from by reference
 * @sv:		service whose streams will send it
 * @bytes:	contents, copied
 * @len:	bytes
 *
 * Return: the buffer, or NULL when memory is spent; give it up by
 * stream_buf_free()
 */
struct stream_buf *stream_buf_new(struct service *sv, const void *bytes,
				  uint32_t len);

/** stream_buf_free() - Give up a buffer; what is queued of it stays valid */
void stream_buf_free(struct service *sv, struct stream_buf *b);

/**
 * struct svc_wanted - a service to be made
 * @name:	its name
 * @type:	name of its type
 * @port:	where to listen, on every address
 * @backlog:	connections that may wait to be accepted
 * @cc:		congestion control, NULL = the stack's
 * @pages:	for an http service; borrowed for life
 * @tls:	its connections are secure channels
 * @target:	for a forward service
 */
struct svc_wanted {
	const char *name;
	const char *type;
	uint16_t port;
	uint32_t backlog;
	const char *cc;
	const struct svc_pages *pages;
	bool tls;
	const char *target;
};

/**
 * struct svc_tls_limits - what secure channels may cost
 * @conns:	channels at once, handshakes included; 0 here and below = a default
 * @handshakes:	handshakes at once; the one that has stood still for longest makes
 *		room for another
 * @handshake_us: how long a handshake may take
 */
struct svc_tls_limits {
	uint32_t conns;
	uint32_t handshakes;
	uint64_t handshake_us;
};

/**
 * struct svc_stats - what a service has done
 * @target:	of a forward service, "" = it has none
 */
struct svc_stats {
	const char *name;
	const char *type;
	uint16_t port;
	bool tls;
	const char *target;
	uint64_t open;
	uint64_t accepted;
	uint64_t bytes_in;
	uint64_t bytes_out;
};

struct svc_set;

/**
 * struct svc_args - what a set of services works with
 * @stack:	stack; borrowed
 * @loop:	the loop they run on; borrowed; NULL = there is none, then no service
 *		that needs one can start
 * @tls:	credentials for the services that want them; referenced; NULL = none
 * @limits:	of secure channels
 * @tell:	takes what services have to say for the log, on their thread; NULL =
 *		nobody listens.  It comes as text, see note.h
 * @arg:	its argument
 */
struct svc_args {
	struct ustack *stack;
	const struct svc_loop *loop;
	struct tls_context *tls;
	struct svc_tls_limits limits;
	void (*tell)(void *arg, uint64_t conn, const char *text);
	void *arg;
};

/**
 * svc_set_new() - Start services on a stack
 * @a:		what they work with
 * @wanted:	what to make; borrowed for the call
 * @n:		entries in @wanted
 * @err:	on failure: which service, and why
 * @errlen:	room in @err
 *
 * Return: the set, or NULL.  Free it by svc_set_free() before the stack.
 */
struct svc_set *svc_set_new(const struct svc_args *a,
			    const struct svc_wanted *wanted, uint32_t n,
			    char *err, size_t errlen);

/**
 * svc_set_apply() - Have other services
 * @set:	services; nobody looks at them meanwhile
 * @wanted:	all that there are to be; borrowed for the call
 * @n:		entries in @wanted
 * @err:	on failure: which service, and why
 * @errlen:	room in @err
 *
 * A service that is there already just as it is wanted is left alone.  One that
 * is not wanted any more, or is wanted otherwise, stops listening: connections
 * that wait for it to accept them are reset, those it has are served to their end,
 * and then, at the next call, it goes.  Its faults go to the new service of its
 * name, if there is one.  New ones listen before old ones stop, but
 * for those that want the port of an old one.
 *
 * Return: 0, or -ERR_*: the old services are as they were
 */
int svc_set_apply(struct svc_set *set, const struct svc_wanted *wanted,
		  uint32_t n, char *err, size_t errlen) MUST_USE;

/**
 * svc_set_retired() - Services that only serve connections they have; any thread,
 *		       but not while svc_set_apply() runs
 * @open:	set to the number of these connections
 */
uint32_t svc_set_retired(const struct svc_set *set, uint64_t *open);

/**
 * svc_connect() - Open a connection for a service
 * @set:	the services that it runs beside
 * @sv:		a service of the caller, which need not listen: @svc and @name are
 *		set, @faults, @counters and @notes become those of @set; borrowed
 *		until the connection is over
 * @a:		where to; borrowed for the call
 * @st:		filled in
 *
 * The service is told by @opened, or by @closed alone.
 *
 * Return: 0, or -ERR_* as ustack_connect()
 */
int svc_connect(struct svc_set *set, struct service *sv,
		const struct stream_connect_args *a,
		struct stream *st) MUST_USE;

/**
 * svc_set_tls() - New secure channels use other credentials from now on
 * @set:	services, with a loop
 * @ctx:	context; referenced.  Channels that are open keep the old one.
 */
void svc_set_tls(struct svc_set *set, struct tls_context *ctx);

/** svc_set_limits() - Secure channels may cost more or less from now on; @conns stays */
void svc_set_limits(struct svc_set *set, const struct svc_tls_limits *l);

/** svc_secure() - The secure channels, for stream_tls.h; NULL = there can be none */
struct tls_set *svc_secure(struct svc_set *set);

/**
 * struct svc_tls_gauges - secure channels now
 * @channels:	all of them
 * @handshakes:	those that came and are not established yet
 */
struct svc_tls_gauges {
	uint32_t channels;
	uint32_t handshakes;
};

/** svc_tls_gauges() - Count the secure channels, on the services' thread */
void svc_tls_gauges(const struct svc_set *set, struct svc_tls_gauges *g);

/**
 * svc_close() - End a connection from outside, if it is a secure channel: what is
 *		 queued, close_notify and FIN go out
 *
 * Return: 0, or -ERR_NOENT: it is none, ustack_close() will do
 */
int svc_close(struct svc_set *set, uint64_t conn);

/** svc_set_unlisten() - Accept no more connections */
void svc_set_unlisten(struct svc_set *set);

/** svc_set_hang_up() - Tell all who have dialled (dial.h) that it is over, once the
 * stack makes no more callbacks
 */
void svc_set_hang_up(struct svc_set *set);

/** svc_set_free() - Free the services, once the stack makes no more callbacks */
void svc_set_free(struct svc_set *set);

/** svc_set_count() - Services in a set, any thread */
uint32_t svc_set_count(const struct svc_set *set);

/** svc_set_stats() - Describe service @i, any thread */
void svc_set_stats(const struct svc_set *set, uint32_t i, struct svc_stats *st);

/** svc_set_counters() - Those of svc_mib.h, any thread, relaxed loads */
const uint64_t *svc_set_counters(const struct svc_set *set);

#endif /* DAEMON_SVC_SVC_H */
