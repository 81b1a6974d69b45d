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
 */

#ifndef STACK_USTACK_H
#define STACK_USTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ustack_mib.h"
#include "ustack_types.h"

#define USTACK_NEVER UINT64_MAX

struct ustack;

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
 *
 * @output and @event are called in the middle of things: they must not call
 * back into the instance.
 */
struct ustack_host {
	void *ctx;
	int (*output)(void *ctx, struct ustack_pkt *p);
	void (*random)(void *ctx, void *buf, size_t len);
	void *(*alloc)(void *ctx, size_t len);
	void (*free)(void *ctx, void *p, size_t len);
	void (*event)(void *ctx, const struct ustack_event *ev);
};

#define USTACK_ADDRS_MAX   16u
#define USTACK_CC_NAME_MAX 16u

/**
 * struct ustack_config - an instance's settings; start from
 *			  ustack_config_init()
 * @addr:	addresses and prefixes that are ours
 * @naddrs:	entries in @addr
 * @not_ours:	addresses inside those prefixes that belong to the host
 * @nnot_ours:	entries in @not_ours
 * @mtu:	bytes of the largest IP packet on the link, 1280 to 65535
 *		(from 576 without IPv6)
 * @tx_csum:	the link completes transport checksums (CSUM_PARTIAL)
 * @tx_tso4:	the link takes IPv4 super-packets
 * @tx_tso6:	the link takes IPv6 super-packets
 * @mem_limit_bytes: budget for everything the instance holds
 * @max_conns:	connections, half-open ones not counted
 * @syn_backlog: half-open connections
 * @max_time_wait: connections remembered in TIME-WAIT
 * @rcvbuf_init: receive buffer of a new connection, bytes
 * @rcvbuf_max:	what it may grow to
 * @sndbuf_max:	send buffer, bytes
 * @cc:		congestion control, by name: "reno"
 * @init_cwnd:	initial window in segments, bounded by RFC 6928; 10
 * @timestamps:	offer and accept RFC 7323 timestamps
 * @wscale:	offer and accept window scaling
 * @nodelay:	new connections start with Nagle off
 * @ttl:	IPv4 TTL and IPv6 hop limit
 * @rto_init_us: timeout before the first sample (RFC 6298: 1 s)
 * @rto_min_us:	least timeout
 * @rto_max_us:	largest timeout
 * @delack_us:	longest delay of an acknowledgement, < 500000 (MUST-40)
 * @msl_us:	maximum segment lifetime; TIME-WAIT lasts twice that
 * @fin_wait2_us: longest stay in FIN-WAIT-2 once the application closed
 * @r2_us:	give up when data is unacknowledged for so long (SHLD-11)
 * @syn_r2_us:	the same for the SYN of an active open (MUST-23: 180 s)
 * @synack_retries: repetitions of a SYN-ACK before the entry is dropped
 * @icmp_rate:	ICMP errors and RSTs to strangers, per second; 0 = no limit
 * @challenge_rate: challenge ACKs per connection and second; 0 = no limit
 */
struct ustack_config {
	struct ustack_prefix addr[USTACK_ADDRS_MAX];
	uint32_t naddrs;
	struct ustack_addr not_ours[USTACK_ADDRS_MAX];
	uint32_t nnot_ours;
	uint32_t mtu;
	bool tx_csum;
	bool tx_tso4;
	bool tx_tso6;
	uint64_t mem_limit_bytes;
	uint32_t max_conns;
	uint32_t syn_backlog;
	uint32_t max_time_wait;
	uint32_t rcvbuf_init;
	uint32_t rcvbuf_max;
	uint32_t sndbuf_max;
	char cc[USTACK_CC_NAME_MAX];
	uint32_t init_cwnd;
	bool timestamps;
	bool wscale;
	bool nodelay;
	uint8_t ttl;
	uint32_t rto_init_us;
	uint32_t rto_min_us;
	uint32_t rto_max_us;
	uint32_t delack_us;
	uint64_t msl_us;
	uint64_t fin_wait2_us;
	uint64_t r2_us;
	uint64_t syn_r2_us;
	uint32_t synack_retries;
	uint32_t icmp_rate;
	uint32_t challenge_rate;
};

/** ustack_config_init() - Fill in the defaults: no address, MTU 1500 */
void ustack_config_init(struct ustack_config *cfg);

/**
 * ustack_config_check() - Say what is wrong with a configuration
 * @cfg:	settings
 *
 * Return: NULL if all is well, else a constant sentence that names the field
 */
const char *ustack_config_check(const struct ustack_config *cfg);

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

/** ustack_free() - Drop everything at once, sending nothing */
void ustack_free(struct ustack *s);

/**
 * ustack_input() - A packet arrived
 * @s:		instance
 * @p:		packet of ustack_pkt_new(); taken
 * @now_us:	the time
 *
 * Only marks; answers leave by the next ustack_run(), so that a batch of
 * packets draws one acknowledgement.
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

/* Indices into the array of ustack_counters(). */
enum ustack_counter {
#define USTACK_COUNTER_ENUM(c, name, unit, help) USTACK_C_##c,
	USTACK_COUNTERS(USTACK_COUNTER_ENUM)
#undef USTACK_COUNTER_ENUM
		USTACK_COUNTERS_MAX
};

/**
 * ustack_counters() - The instance's counters
 * @s:		instance
 *
 * Return: USTACK_COUNTERS_MAX numbers that another thread may read at any
 * time with relaxed atomic loads; valid until ustack_free()
 */
const uint64_t *ustack_counters(const struct ustack *s);

/**
 * struct ustack_gauges - what there is at the moment
 * @states:	connections by state; SYN_RCVD and TIME_WAIT count compact
 *		entries too, LISTEN counts listeners
 * @mem_used:	bytes handed out
 * @mem_peak:	most so far
 * @mem_taken:	bytes taken from the embedder
 * @mem_limit:	the budget
 * @tcb_bytes:	bytes of an idle connection
 * @timers:	armed timers
 */
struct ustack_gauges {
	uint32_t states[USTACK_STATES];
	uint64_t mem_used;
	uint64_t mem_peak;
	uint64_t mem_taken;
	uint64_t mem_limit;
	uint32_t tcb_bytes;
	uint32_t timers;
};

/** ustack_gauges() - Read the gauges, on the instance's own thread */
void ustack_gauges(const struct ustack *s, struct ustack_gauges *g);

/** ustack_set_event_mask() - Choose the events wanted, bits (1 << kind) */
void ustack_set_event_mask(struct ustack *s, uint32_t mask);

/* ------------------------------------------------------------ connections */

/**
 * struct ustack_conn - handle of a connection; plain data, never a pointer
 * @index:	place in the instance's table
 * @gen:	generation of that place, 0 = no connection
 */
struct ustack_conn {
	uint32_t index;
	uint32_t gen;
};

/**
 * struct ustack_ops - a service: callbacks, made by ustack_run() only
 * @accept:	a connection to a listener is established.  0: taken.
 *		-ERR_AGAIN: leave it in the backlog until ustack_accept_ready().
 *		Other errors: reset it.
 * @connected:	an active open succeeded
 * @readable:	there is data to read that was not there before
 * @writable:	there is room again after ustack_send() took less than all
 * @peer_closed: the peer's FIN has come and all data before it was read
 * @closed:	the connection is over; the handle dies when this returns
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
 * struct ustack_listen_args - a passive open
 * @addr:	local address; all zero = any of either family
 * @port:	local port, 1 to 65535
 * @backlog:	established connections that may wait for @accept to take them
 * @ops_id:	service
 * @ctx:	its context
 */
struct ustack_listen_args {
	struct ustack_addr addr;
	uint16_t port;
	uint32_t backlog;
	int ops_id;
	uint64_t ctx;
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

/** ustack_accept_ready() - Offer connections in the backlog to @accept again */
void ustack_accept_ready(struct ustack *s, int listener);

/**
 * struct ustack_connect_args - an active open
 * @remote:	where to
 * @rport:	port there
 * @local:	address to use, or any
 * @lport:	port to use, 0 = an unpredictable free one (RFC 6056)
 * @ops_id:	service
 * @ctx:	its context
 */
struct ustack_connect_args {
	struct ustack_addr remote;
	struct ustack_addr local;
	uint16_t rport;
	uint16_t lport;
	int ops_id;
	uint64_t ctx;
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

/** ustack_send_room() - Bytes that ustack_send() would take now */
size_t ustack_send_room(struct ustack *s, struct ustack_conn c);

/** ustack_shutdown() - Send FIN behind the queued data; reading goes on */
int ustack_shutdown(struct ustack *s, struct ustack_conn c);

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

enum ustack_opt {
	USTACK_OPT_NODELAY, /* Nagle off (MUST-17) */
	USTACK_OPT_SNDBUF,  /* send buffer, bytes */
	USTACK_OPT_RCVBUF,  /* receive buffer, bytes; no growth then */
	USTACK_OPT_USER_TIMEOUT, /* R2 in microseconds (MUST-21), 0 = as configured */
	USTACK_OPT_TTL,		 /* TTL or hop limit (MUST-49) */
	USTACK_OPT_TOS,		 /* DSCP and ECN byte (MUST-48) */
};

/** ustack_setopt() - Set an option; 0, -ERR_INVAL or -ERR_NOENT */
int ustack_setopt(struct ustack *s, struct ustack_conn c, enum ustack_opt opt,
		  uint64_t value);

/**
 * struct ustack_info - one connection, as TCP_INFO shows it
 * @conn:	handle; gen 0 for a half-open or TIME-WAIT entry
 * @id:		number as people see it, in order of opening, never reused
 * @local:	our address
 * @remote:	the peer's
 * @lport:	our port
 * @rport:	the peer's port
 * @state:	enum ustack_state
 * @active:	we sent the SYN
 * @peer_closed: a FIN came
 * @timestamps:	in use
 * @wscale_ok:	window scaling in use
 * @ops_id:	service
 * @listener:	its listener, -1 = active open
 * @snd_wscale:	shift of the windows that the peer announces
 * @rcv_wscale:	shift of those that we announce
 * @cc:		congestion control's name
 * @cc_state:	"open", "recovery", "loss"
 * @rto_us:	timeout, back-off included
 * @srtt_us:	0 = no sample yet
 * @rttvar_us:	mean deviation
 * @rtt_min_us:	smallest sample, 0 = none
 * @mss:	payload of a full segment sent
 * @adv_mss:	MSS that we announced
 * @pmtu:	path MTU
 * @cwnd:	bytes
 * @ssthresh:	bytes, UINT32_MAX = none yet
 * @snd_wnd:	the peer's window, bytes
 * @rcv_wnd:	ours as last announced, bytes
 * @rcvbuf:	receive buffer's limit, bytes
 * @inflight:	bytes sent and held to be in the network
 * @unacked:	bytes sent and not acknowledged
 * @unsent:	bytes queued and not sent
 * @rcvq:	bytes received in order and not read
 * @ooo:	bytes received out of order
 * @backoff:	expiries of the timer in a row
 * @bytes_in:	payload received in order
 * @bytes_out:	payload sent for the first time
 * @bytes_acked: payload acknowledged by the peer
 * @bytes_retrans: payload sent again
 * @segs_in:	segments received
 * @segs_out:	segments sent (wire segments)
 * @retrans:	segments sent again
 * @age_us:	since it was opened
 * @idle_us:	since the last segment came
 * @mem:	bytes of memory held, TCB included
 */
struct ustack_info {
	struct ustack_conn conn;
	uint64_t id;
	struct ustack_addr local;
	struct ustack_addr remote;
	uint16_t lport;
	uint16_t rport;
	uint8_t state;
	bool active;
	bool peer_closed;
	bool timestamps;
	bool wscale_ok;
	uint8_t snd_wscale;
	uint8_t rcv_wscale;
	int16_t ops_id;
	int16_t listener;
	const char *cc;
	const char *cc_state;
	uint32_t rto_us;
	uint32_t srtt_us;
	uint32_t rttvar_us;
	uint32_t rtt_min_us;
	uint32_t mss;
	uint32_t adv_mss;
	uint32_t pmtu;
	uint32_t cwnd;
	uint32_t ssthresh;
	uint32_t snd_wnd;
	uint32_t rcv_wnd;
	uint32_t rcvbuf;
	uint32_t inflight;
	uint32_t unacked;
	uint32_t unsent;
	uint32_t rcvq;
	uint32_t ooo;
	uint32_t backoff;
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t bytes_acked;
	uint64_t bytes_retrans;
	uint64_t segs_in;
	uint64_t segs_out;
	uint64_t retrans;
	uint64_t age_us;
	uint64_t idle_us;
	uint64_t mem;
};

/** ustack_info() - Describe a connection; 0 or -ERR_NOENT */
int ustack_info(struct ustack *s, struct ustack_conn c,
		struct ustack_info *info) MUST_USE;

/** ustack_find() - Handle of the connection that people call @id, 0 or -ERR_NOENT */
int ustack_find(struct ustack *s, uint64_t id, struct ustack_conn *c) MUST_USE;

/**
 * ustack_walk() - List connections a piece at a time
 * @s:		instance
 * @cursor:	0 at the start, then what the last call left there
 * @info:	filled in
 * @n:		room in @info
 *
 * A connection that lives through the whole walk is seen once.  Half-open and
 * TIME-WAIT entries come last, by their place in line: while entries before
 * them end, some may be missed.
 *
 * Return: entries filled; 0 at the end
 */
uint32_t ustack_walk(struct ustack *s, uint64_t *cursor,
		     struct ustack_info *info, uint32_t n);

#endif /* STACK_USTACK_H */
