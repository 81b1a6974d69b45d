/* SPDX-License-Identifier: MIT */
/*
 * ustack_info.h - what there is: counters, gauges, connections
 */

#ifndef STACK_USTACK_INFO_H
#define STACK_USTACK_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "ustack_mib.h"
#include "ustack_types.h"

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
 * @mem_short:	connections get no more than each is promised, or did so a
 *		moment ago
 * @tcb_bytes:	bytes of an idle connection
 * @timers:	armed timers
 * @frags:	datagrams of which fragments wait for others
 * @frag_bytes:	memory they hold
 */
struct ustack_gauges {
	uint32_t states[USTACK_STATES];
	uint64_t mem_used;
	uint64_t mem_peak;
	uint64_t mem_taken;
	uint64_t mem_limit;
	bool mem_short;
	uint32_t tcb_bytes;
	uint32_t timers;
	uint32_t frags;
	uint32_t frag_bytes;
};

/**
 * struct ustack_listener_info - a listener
 * @addr:	local address, all zero = any
 * @port:	local port
 * @ops_id:	service
 * @backlog:	most connections that may wait for @accept
 * @waiting:	connections that wait for it
 * @half_open:	half-open connections; a SYN cookie is none
 * @cookies:	SYN cookies were sent lately, for lack of room or always
 */
struct ustack_listener_info {
	struct ustack_addr addr;
	uint16_t port;
	int16_t ops_id;
	uint32_t backlog;
	uint32_t waiting;
	uint32_t half_open;
	bool cookies;
};

/** ustack_listener_info() - Describe a listener of ustack_listen(); 0 or -ERR_NOENT */
int ustack_listener_info(const struct ustack *s, int listener,
			 struct ustack_listener_info *info);

/** ustack_gauges() - Read the gauges, on the instance's own thread */
void ustack_gauges(const struct ustack *s, struct ustack_gauges *g);

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
 * @ecn:	explicit congestion notification in use
 * @sack:	selective acknowledgements in use
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
 * @sacked:	bytes beyond snd.una that the peer has and said so
 * @lost:	bytes held for lost and not sent again
 * @unacked:	bytes sent and not acknowledged
 * @unsent:	bytes queued and not sent
 * @sndq:	bytes queued and not acknowledged, sent or not (SIOCOUTQ)
 * @rcvq:	bytes received in order and not read (SIOCINQ)
 * @urgent:	bytes to read up to the last urgent one, 0 = none (MUST-33)
 * @ooo:	bytes received out of order
 * @reordering:	reordering was seen
 * @reo_wnd_us:	RACK: how long reordering is waited out, 0 = not at all
 * @rcv_mss:	largest segment received
 * @user_timeout_us: R2 for data
 * @last_sent_us: since data last left
 * @backoff:	expiries of the timer in a row
 * @probes:	keepalive probes without answer
 * @soft_err:	enum err: the last soft error since progress was made, 0 = none
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
	bool ecn;
	bool sack;
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
	uint32_t sacked;
	uint32_t lost;
	uint32_t unacked;
	uint32_t unsent;
	uint32_t sndq;
	uint32_t rcvq;
	uint32_t urgent;
	uint32_t ooo;
	bool reordering;
	uint32_t reo_wnd_us;
	uint32_t rcv_mss;
	uint64_t user_timeout_us;
	uint64_t last_sent_us;
	uint32_t backoff;
	uint32_t probes;
	uint8_t soft_err;
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

#endif /* STACK_USTACK_INFO_H */
