/* SPDX-License-Identifier: MIT */
/*
 * ustack.h - TCP/IP in a process: the public interface of libustack
 *
 * The library does no I/O.  Packets, time and random bytes are handed in;
 * packets and events come out through the callbacks of struct ustack_host:
 *
 *	loop:	read packets		-> ustack_input() for each
 *		once per batch		-> ustack_run(): timers, services, output
 *		sleep until its return value, or until a packet arrives
 *
 * ustack_input() and ustack_run() carry the time; all other calls only mark
 * what is to be done, and may be made from anywhere, callbacks included.
 * ustack_run() acts.  One instance belongs to one thread.
 *
 * Times are microseconds of any monotonic clock.  Errors are -ERR_*.
 *
 * This header has the instance and its connections; it brings in
 * ustack_config.h (settings), ustack_opt.h (a connection's options),
 * ustack_info.h (what can be seen), ustack_ping.h (echo requests) and
 * ustack_types.h (addresses, packets, events).
 */

#ifndef STACK_USTACK_H
#define STACK_USTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ustack_config.h"
#include "ustack_info.h"
#include "ustack_opt.h"
#include "ustack_ping.h"
#include "ustack_types.h"

#define USTACK_NEVER UINT64_MAX

/* --------------------------------------------------------------- instance */

/**
 * struct ustack_host - what the stack asks of its embedder
 * @ctx:	passed to each call
 * @output:	take a packet; it and its slices are lent for the call, copy or
 *		count what is kept.  0: taken.  -ERR_AGAIN: no room now, the
 *		connection stays ready and is tried at the next ustack_run().
 *		Other errors: the packet is lost, TCP will see to it.
 * @random:	fill with bytes from the system's generator, for secrets
 * @alloc:	@len bytes aligned to 64, or NULL; called for large chunks only
 * @free:	their counterpart
 * @event:	something in the event mask happened; NULL = never
 * @pong:	a request of ustack_ping() is over; called by ustack_run(), may call
 *		whatever a service may; NULL = there are none
 *
 * @output and @event are called in the middle of things: they must not call
 * back into the instance, but for ustack_classify() and the packet functions of
 * ustack_types.h.
 */
struct ustack_host {
	void *ctx;
	int (*output)(void *ctx, struct ustack_pkt *p);
	void (*random)(void *ctx, void *buf, size_t len);
	void *(*alloc)(void *ctx, size_t len);
	void (*free)(void *ctx, void *p, size_t len);
	void (*event)(void *ctx, const struct ustack_event *ev);
	void (*pong)(void *ctx, const struct ustack_pong *p);
};

/**
 * ustack_new() - Make an instance
 * @cfg:	settings, copied
 * @host:	callbacks, copied
 * @now_us:	the time
 *
 * Return: the instance, or NULL when ustack_config_check() objects or memory
 * cannot be had.  Free it by ustack_free().
 */
struct ustack *ustack_new(const struct ustack_config *cfg,
			  const struct ustack_host *host, uint64_t now_us);

/**
 * struct ustack_tuple - addresses and ports of a segment, as we see them
 */
struct ustack_tuple {
	struct ustack_addr local;
	struct ustack_addr remote;
	uint16_t lport;
	uint16_t rport;
};

/**
 * ustack_classify() - Whose segment is it?
 * @s:		instance
 * @t:		its addresses and ports
 *
 * Return: the connection's number as people see it, half-open ones and those in
 * TIME-WAIT included; 0 = none
 */
uint64_t ustack_classify(const struct ustack *s, const struct ustack_tuple *t);

/* How much of a connection's life is told whatever the event mask says. */
enum ustack_watch {
	USTACK_WATCH_OFF,
	USTACK_WATCH_LIFE, /* all but segments received or sent for the first time
			    * without SYN, FIN and RST */
	USTACK_WATCH_ALL,
};

/**
 * ustack_watch() - Have a connection's events told, whatever the mask
 * @s:		instance
 * @id:		the connection's number
 * @how:	how much
 *
 * New connections are watched as @watch_rate of the configuration says.
 *
 * Return: 0 or -ERR_NOENT
 */
int ustack_watch(struct ustack *s, uint64_t id, enum ustack_watch how);

/**
 * ustack_set_mtu() - The link's MTU has changed
 * @s:		instance
 * @mtu:	bytes, as in struct ustack_config
 *
 * Segments of existing connections shrink at once, and grow as far as the
 * peer takes them.
 *
 * Return: 0 or -ERR_INVAL
 */
int ustack_set_mtu(struct ustack *s, uint32_t mtu) MUST_USE;

/**
 * struct ustack_addrs - addresses, as in struct ustack_config
 * @addr:	addresses and prefixes that are ours
 * @naddrs:	entries in @addr
 * @not_ours:	addresses inside those prefixes that belong to the host
 * @nnot_ours:	entries in @not_ours
 */
struct ustack_addrs {
	struct ustack_prefix addr[USTACK_ADDRS_MAX];
	uint32_t naddrs;
	struct ustack_addr not_ours[USTACK_ADDRS_MAX];
	uint32_t nnot_ours;
};

/**
 * ustack_set_addrs() - Our addresses have changed
 * @s:		instance
 * @a:		the new ones, instead of all old ones
 *
 * Connections from addresses that are gone end without a word to the peer,
 * with USTACK_END_NO_ADDR: there is no address left to speak from.  Listeners
 * stay, and hear nothing until their address is back.
 *
 * Return: 0 or -ERR_INVAL
 */
int ustack_set_addrs(struct ustack *s, const struct ustack_addrs *a) MUST_USE;

/**
 * ustack_reconfigure() - Other settings for an instance that runs
 * @s:		instance
 * @cfg:	all of them, as for ustack_new().  What describes the link (MTU,
 *		offloads) and the addresses are not looked at: they have calls of
 *		their own, or are for life.
 *
 * How a connection begins holds for new ones.  Limits and times hold for all, a
 * time from the next occasion on; nothing that is established ends because of a
 * lower limit, half-open connections that are too many are forgotten.  The window
 * scale is for life: @rcvbuf_max may grow as far as it can tell of.  Memory that
 * was taken is kept, and promises are: @mem_limit_bytes cannot fall below that.
 *
 * Return: NULL, or a constant sentence that names the field which cannot be so:
 * nothing has changed
 */
const char *ustack_reconfigure(struct ustack *s,
			       const struct ustack_config *cfg) MUST_USE;

/** ustack_settings() - Those in force, as ustack_reconfigure() takes them; borrowed */
const struct ustack_config *ustack_settings(const struct ustack *s);

/** ustack_free() - Drop everything at once, sending nothing */
void ustack_free(struct ustack *s);

/**
 * ustack_input() - A packet arrived
 * @s:		instance
 * @p:		packet of ustack_pkt_new(); taken
 * @now_us:	the time
 *
 * Only marks; what connections answer leaves by the next ustack_run(), so that a
 * batch of packets draws one acknowledgement.  Answers that need no connection
 * (SYN-ACK, reset, ICMP) leave at once, by host.output().
 */
void ustack_input(struct ustack *s, struct ustack_pkt *p, uint64_t now_us);

/**
 * ustack_run() - Act: due timers, services, output
 * @s:		instance
 * @now_us:	the time
 * @budget_pkts: most packets to send in this call
 *
 * Return: when to call again at the latest: @now_us if work is left, else the
 * next deadline, USTACK_NEVER if there is none
 */
uint64_t ustack_run(struct ustack *s, uint64_t now_us, uint32_t budget_pkts);

/** ustack_set_event_mask() - Choose the events wanted, bits (1 << kind) */
void ustack_set_event_mask(struct ustack *s, uint32_t mask);

/* ------------------------------------------------------------ connections */

/**
 * struct ustack_ops - a service: callbacks, made by ustack_run() only
 * @accept:	a connection to a listener is established.  0: taken.
 *		-ERR_AGAIN: leave it in the backlog until ustack_accept() or
 *		ustack_accept_ready().
 *		Other errors: reset it.
 * @connected:	an active open succeeded
 * @readable:	there is data to read that was not there before
 * @writable:	there is room again after ustack_send() took less than all, or
 *		ustack_wake() asked for it
 * @peer_closed: the peer's FIN has come and all data before it was read
 * @closed:	the connection is over; the handle dies when this returns
 * @soft_error:	something is amiss that does not end the connection: what ICMP
 *		said, or ERR_TIMEDOUT when R1 is reached (SHLD-9, MUST-47)
 * @urgent:	urgent data was announced, or its end has moved: @left bytes to read
 *		until it ends (MUST-32); it is part of the stream
 * @hold:	a connection that is over stays, in CLOSED, until
 *		ustack_close(): for a socket layer that asks instead of listening
 *
 * @ctx is the connection's own, at first that of its listener or connect call.
 * Any of them may be NULL.
 */
struct ustack_ops {
	int (*accept)(struct ustack *s, struct ustack_conn c, uint64_t ctx);
	void (*connected)(struct ustack *s, struct ustack_conn c, uint64_t ctx);
	void (*readable)(struct ustack *s, struct ustack_conn c, uint64_t ctx);
	void (*writable)(struct ustack *s, struct ustack_conn c, uint64_t ctx);
	void (*peer_closed)(struct ustack *s, struct ustack_conn c,
			    uint64_t ctx);
	void (*closed)(struct ustack *s, struct ustack_conn c, uint64_t ctx,
		       enum ustack_reason why);
	void (*soft_error)(struct ustack *s, struct ustack_conn c, uint64_t ctx,
			   enum err why);
	void (*urgent)(struct ustack *s, struct ustack_conn c, uint64_t ctx,
		       uint32_t left);
	bool hold;
};

#define USTACK_OPS_MAX 32u

/**
 * ustack_ops_register() - Name a service table
 * @s:		instance
 * @ops:	table, borrowed for the instance's life
 *
 * Return: its ops_id >= 0, or -ERR_LIMIT
 */
int ustack_ops_register(struct ustack *s,
			const struct ustack_ops *ops) MUST_USE;

/**
 * struct ustack_bind - a local name
 * @addr:	local address; all zero = any of either family
 * @port:	local port; 0 = an unpredictable free one, which is filled in
 * @reuse:	share it with others that say so, and with connections that still
 *		have it, as SO_REUSEADDR
 */
struct ustack_bind {
	struct ustack_addr addr;
	uint16_t port;
	bool reuse;
};

/**
 * ustack_bind() - Reserve a local port, for a later listen or connect
 * @s:		instance
 * @b:		what is wanted, and then what it is
 *
 * Nobody else gets the port until ustack_unbind(): use it by @bound of
 * struct ustack_listen_args or ustack_connect_args.
 *
 * Return: 0, -ERR_ADDRINUSE, -ERR_ADDRNOTAVAIL, -ERR_LIMIT or -ERR_NOMEM
 */
int ustack_bind(struct ustack *s, struct ustack_bind *b) MUST_USE;

/** ustack_unbind() - Give a reservation up; what uses the port goes on */
void ustack_unbind(struct ustack *s, const struct ustack_bind *b);

/**
 * struct ustack_listen_args - a passive open
 * @addr:	local address; all zero = any of either family
 * @port:	local port, 1 to 65535
 * @bound:	the caller has reserved @addr and @port by ustack_bind()
 * @backlog:	established connections that may wait for @accept to take them
 * @ttl:	TTL or hop limit of its connections, SYN-ACK included; 0 = as configured
 * @tos:	traffic class of the same
 * @maxseg:	largest MSS to announce and to use, 0 = what the link takes
 * @ops_id:	service
 * @ctx:	its context
 * @cc:		congestion control of its connections, NULL = as configured
 */
struct ustack_listen_args {
	struct ustack_addr addr;
	uint16_t port;
	bool bound;
	uint8_t ttl;
	uint8_t tos;
	uint16_t maxseg;
	uint32_t backlog;
	int ops_id;
	uint64_t ctx;
	const char *cc;
};

/**
 * ustack_listen() - Accept connections on a port (RFC 9293 section 3.10.1)
 * @s:		instance
 * @a:		arguments
 *
 * Return: listener number >= 0, -ERR_ADDRINUSE, -ERR_ADDRNOTAVAIL,
 * -ERR_INVAL or -ERR_LIMIT
 */
int ustack_listen(struct ustack *s,
		  const struct ustack_listen_args *a) MUST_USE;

/** ustack_unlisten() - Stop accepting; waiting connections are reset */
void ustack_unlisten(struct ustack *s, int listener);

/** ustack_accept_ready() - Offer the connections that @accept left in the backlog
 * again, the oldest first, until it says -ERR_AGAIN
 */
void ustack_accept_ready(struct ustack *s, int listener);

/**
 * ustack_accept() - Take a connection that @accept left in the backlog, the
 *		     one that waits longest
 * @s:		instance
 * @listener:	where
 * @c:		set to its handle
 *
 * Return: 0, -ERR_AGAIN when none waits, -ERR_NOENT
 */
int ustack_accept(struct ustack *s, int listener,
		  struct ustack_conn *c) MUST_USE;

/**
 * struct ustack_connect_args - an active open
 * @remote:	where to
 * @rport:	port there
 * @local:	address to use, or any
 * @lport:	port to use, 0 = an unpredictable free one (RFC 6056)
 * @bound:	the caller has reserved @lport by ustack_bind()
 * @ops_id:	service
 * @ctx:	its context
 * @cc:		congestion control, NULL = as configured
 */
struct ustack_connect_args {
	struct ustack_addr remote;
	struct ustack_addr local;
	uint16_t rport;
	uint16_t lport;
	bool bound;
	int ops_id;
	uint64_t ctx;
	const char *cc;
};

/**
 * ustack_connect() - Open a connection (RFC 9293 section 3.10.1)
 * @s:		instance
 * @a:		arguments
 * @c:		set to the handle
 *
 * Return: 0 (the outcome comes by @connected or @closed), -ERR_ADDRINUSE,
 * -ERR_ADDRNOTAVAIL, -ERR_INVAL (broadcast, multicast, our own address),
 * -ERR_LIMIT or -ERR_NOMEM
 */
int ustack_connect(struct ustack *s, const struct ustack_connect_args *a,
		   struct ustack_conn *c) MUST_USE;

/** ustack_ctx() - Read a connection's context; 0 or -ERR_NOENT */
int ustack_ctx(struct ustack *s, struct ustack_conn c, uint64_t *ctx) MUST_USE;

/** ustack_set_ctx() - Give a connection a context of its own */
void ustack_set_ctx(struct ustack *s, struct ustack_conn c, uint64_t ctx);

/**
 * struct ustack_iov - bytes of the embedder
 */
struct ustack_iov {
	void *base;
	size_t len;
};

/**
 * ustack_send() - Queue bytes, by copying them
 * @s:		instance
 * @c:		connection
 * @iov:	bytes
 * @n:		entries
 *
 * Return: bytes taken, possibly fewer than given (then @writable follows);
 * -ERR_AGAIN when none, -ERR_PIPE after ustack_shutdown(), -ERR_NOTCONN,
 * -ERR_NOENT
 */
ptrdiff_t ustack_send(struct ustack *s, struct ustack_conn c,
		      const struct ustack_iov *iov, uint32_t n) MUST_USE;

/**
 * ustack_send_buf() - Queue a slice without copying it
 * @s:		instance
 * @c:		connection
 * @sl:		slice of a buffer of ustack_buf_new(); its bytes must not change
 *		any more.  The stack counts a reference of its own.
 *
 * Return: as ustack_send(); a slice is taken whole or not at all;
 * -ERR_MSGSIZE if it could never fit in the send buffer
 */
ptrdiff_t ustack_send_buf(struct ustack *s, struct ustack_conn c,
			  struct slice sl) MUST_USE;

/**
 * ustack_send_urgent() - Queue bytes whose last one ends urgent data (MUST-30)
 * @s:		instance
 * @c:		connection
 * @iov:	bytes, any number (MUST-31)
 * @n:		entries
 *
 * New applications should not use it (SHLD-13): it is here for those that do.
 *
 * Return: as ustack_send(), or -ERR_NOMEM
 */
ptrdiff_t ustack_send_urgent(struct ustack *s, struct ustack_conn c,
			     const struct ustack_iov *iov, uint32_t n) MUST_USE;

/** ustack_buf_new() - Buffer of at least @size bytes with one reference, or NULL;
 * give it up by ubuf_put()
 */
struct ubuf *ustack_buf_new(struct ustack *s, uint32_t size);

/**
 * ustack_peek() - Look at received bytes
 * @s:		instance
 * @c:		connection
 * @iov:	filled in; the bytes stay the stack's and valid until they are
 *		consumed, or until the callback or the caller's turn ends
 * @n:		room in @iov
 *
 * Return: entries filled, 0 when nothing waits (see ustack_info for the end of
 * the stream), -ERR_NOENT
 */
int ustack_peek(struct ustack *s, struct ustack_conn c, struct ustack_iov *iov,
		uint32_t n) MUST_USE;

#define USTACK_PEEK 0x1u

/**
 * ustack_recv() - Read by copying, as recvmsg()
 * @s:		instance
 * @c:		connection
 * @iov:	where to
 * @n:		entries
 * @flags:	USTACK_PEEK: leave the bytes where they are
 *
 * A read stops in front of the last urgent byte and behind it, so that the
 * reader can tell where it is.
 *
 * Return: bytes; 0 at the end of the stream; -ERR_AGAIN when none wait; the
 * pending error, which is then forgotten; -ERR_NOENT
 */
ptrdiff_t ustack_recv(struct ustack *s, struct ustack_conn c,
		      const struct ustack_iov *iov, uint32_t n,
		      uint32_t flags) MUST_USE;

/** ustack_consume() - Drop @len received bytes, at most those that wait */
void ustack_consume(struct ustack *s, struct ustack_conn c, size_t len);

/**
 * ustack_splice() - Received slices of one connection become sent slices of
 *		     another, or of the same one: no copy; echo is this
 * @s:		instance
 * @from:	giver
 * @to:		taker
 * @max:	most bytes
 *
 * Return: bytes moved, 0 when nothing waits; -ERR_AGAIN when @to has no room
 * (then @to's @writable follows), -ERR_PIPE, -ERR_NOTCONN, -ERR_NOENT
 */
ptrdiff_t ustack_splice(struct ustack *s, struct ustack_conn from,
			struct ustack_conn to, size_t max) MUST_USE;

#define USTACK_POLL_READABLE                                                   \
	0x01u /* data, the end, or a connection to accept */
#define USTACK_POLL_WRITABLE                                                   \
	0x02u /* a third of the send buffer is free, or over */
#define USTACK_POLL_PRIORITY	0x04u /* urgent data is not read yet */
#define USTACK_POLL_PEER_CLOSED 0x08u /* nothing more will come */
#define USTACK_POLL_HUP		0x10u /* and nothing more can be sent */
#define USTACK_POLL_ERROR	0x20u /* ustack_error() has something to tell */
#define USTACK_POLL_INVALID	0x40u /* no such connection or listener */

/** ustack_poll() - What a connection is ready for, USTACK_POLL_* */
uint32_t ustack_poll(struct ustack *s, struct ustack_conn c);

/** ustack_poll_listener() - The same of a listener */
uint32_t ustack_poll_listener(struct ustack *s, int listener);

/**
 * ustack_wake() - Ask for @writable, though there is room
 * @s:		instance
 * @c:		connection
 *
 * It comes in the next ustack_run(), in this connection's turn: for a service
 * that has more to do than it should do at once.
 *
 * Return: 0, -ERR_NOENT, -ERR_NOTCONN, -ERR_PIPE
 */
int ustack_wake(struct ustack *s, struct ustack_conn c);

/** ustack_send_room() - Bytes that ustack_send() would take now */
size_t ustack_send_room(struct ustack *s, struct ustack_conn c);

/** ustack_shutdown() - Send FIN behind the queued data; reading goes on */
int ustack_shutdown(struct ustack *s, struct ustack_conn c);

/**
 * ustack_shutdown_read() - Read no more
 * @s:		instance
 * @c:		connection
 *
 * What waits is dropped; what still comes is acknowledged and dropped, and the
 * window stays open, as in BSD.  (Linux keeps it and would hand it out.)
 *
 * Return: 0, -ERR_NOTCONN or -ERR_NOENT
 */
int ustack_shutdown_read(struct ustack *s, struct ustack_conn c);

/**
 * ustack_error() - Pending error, which is then forgotten, as SO_ERROR
 * @s:		instance
 * @c:		connection, of a service with @hold if it is over
 *
 * Return: 0, or why it ended: -ERR_CONNREFUSED, -ERR_TIMEDOUT, ...
 */
int ustack_error(struct ustack *s, struct ustack_conn c);

/** ustack_abort() - Reset; queues are dropped, @closed(ABORTED) follows */
int ustack_abort(struct ustack *s, struct ustack_conn c);

/**
 * ustack_close() - Finish with a connection: FIN behind the queued data, and
 *		    no interest in more.  Unread data, or data that still comes,
 *		    makes a reset (SHLD-3).
 * @s:		instance
 * @c:		connection; @closed is its only callback from now on
 *
 * Return: 0 or -ERR_NOENT
 */
int ustack_close(struct ustack *s, struct ustack_conn c);

#endif /* STACK_USTACK_H */
