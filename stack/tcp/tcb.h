/* SPDX-License-Identifier: MIT */
/*
 * tcb.h - transmission control blocks and what they hang from
 *
 *	struct tcp (one an instance)
 *	  flows: 4-tuple --> tcp_flow --> tcp_conn     full connection
 *			              --> syn_entry    half-open, passive
 *			              --> tw_entry     TIME-WAIT
 *	  slots: handle  --> tcp_conn
 *	  ids:   number  --> tcp_conn
 *	  ready: connections that ustack_run() must look at
 *
 * RFC 9293's variables keep their names inside named parts: c->snd.una,
 * c->rcv.nxt.  An idle connection fits in 512 bytes and owns no buffer: what
 * only data in flight needs hangs off @fl and goes when all is acknowledged,
 * what only few ask for hangs off @x.
 */

#ifndef STACK_TCP_TCB_H
#define STACK_TCP_TCB_H

#include "stack/base/assert.h"
#include "stack/base/htab.h"
#include "stack/base/list.h"
#include "stack/base/seq.h"
#include "stack/base/sliceq.h"
#include "stack/ip/ip.h"
#include "stack/stack_int.h"
#include "stack/wire/tcp_hdr.h"
#include "stack/wire/tcp_opt.h"

#include "rtt.h"

#define TCP_MSS_DEFAULT4       536u /* (MUST-15) */
#define TCP_MSS_DEFAULT6       1220u
#define TCP_MSS_MIN	       88u /* least segment we let a peer force on us, as Linux */
#define TCP_LISTENERS_MAX      64u
#define TCP_PORT_CHAINS	       64u  /* listeners by port */
#define TCP_PORT_COUNTERS      256u /* RFC 6056 algorithm 4 */
#define TCP_SLOT_SHIFT	       12u  /* slots per chunk: 4096 */
#define TCP_SLOTS	       (1u << TCP_SLOT_SHIFT)
#define TCP_DUPACK_THRESH      3u /* RFC 5681 section 3.2 */
#define TCP_SYNACK_RETRIES_MAX 8u

enum tcp_flow_kind { FLOW_CONN, FLOW_SYN, FLOW_TIME_WAIT };

/**
 * struct tcp_flow - what is found by a 4-tuple
 * @node:	link in the flow table
 * @local:	our address
 * @remote:	the peer's
 * @lport:	our port
 * @rport:	the peer's
 * @kind:	enum tcp_flow_kind: what this is the head of
 * @watch:	enum ustack_watch: how much of it is told whatever the mask
 */
struct tcp_flow {
	struct hnode node;
	struct ustack_addr local;
	struct ustack_addr remote;
	uint16_t lport;
	uint16_t rport;
	uint8_t kind;
	uint8_t watch;
};

/**
 * struct tcp_seg - a segment that arrived
 * @seq:	first sequence number of the text (or of the SYN)
 * @first:	the same before trimming, set by tcp_in_seq()
 * @ack:	acknowledgement number
 * @len:	bytes of text left after trimming
 * @off:	first byte of the text in @buf
 * @buf:	the packet's buffer; borrowed
 * @wnd:	window field, unscaled
 * @flags:	TCP_FIN ...
 * @ecn:	ECN field of the IP header
 * @ce:		the packet was marked Congestion Experienced
 * @gso:	payload of a wire segment, 0 = it is one
 * @urg:	urgent pointer
 * @opt:	options
 * @reuses:	it is a SYN that took over a 4-tuple from TIME-WAIT, and
 * @iss_above:	the new ISS must be above this (MAY-2, 6191-5)
 */
struct tcp_seg {
	uint32_t seq;
	uint32_t first;
	uint32_t ack;
	uint32_t len;
	uint32_t off;
	struct ubuf *buf;
	uint16_t wnd;
	uint8_t flags;
	uint8_t ecn;
	bool ce;
	uint16_t gso;
	uint16_t urg;
	struct tcp_opts opt;
	bool reuses;
	uint32_t iss_above;
};

/* What the application's side has asked for, and what was agreed. */
#define CF_ACTIVE      0x00000001u /* we sent the SYN */
#define CF_TS	       0x00000002u /* timestamps in use */
#define CF_WSCALE      0x00000004u /* window scaling in use */
#define CF_NODELAY     0x00000008u /* Nagle off */
#define CF_SHUT	       0x00000010u /* no more data from us: FIN is due */
#define CF_FIN_SENT    0x00000020u /* our FIN has left at least once */
#define CF_FIN_SEEN    0x00000040u /* rcv.fin_seq is known */
#define CF_FIN_RCVD    0x00000080u /* all data before the peer's FIN came */
#define CF_ORPHAN      0x00000100u /* the application closed: it reads no more */
#define CF_DETACHED    0x00000200u /* over on the wire, out of the flow table */
#define CF_RCVBUF_LOCK 0x00000400u /* receive buffer set by the application */
#define CF_WANT_WRITE  0x00000800u /* a send was cut short */
#define CF_QUEUED      0x00001000u /* counted in its listener's backlog */
#define CF_PARKED      0x00002000u /* @accept said -ERR_AGAIN */
#define CF_SYN_REXMIT  0x00004000u /* the SYN or SYN-ACK had to be repeated */
#define CF_SACK	       0x00008000u /* selective acknowledgements in use */

/* What is due at the next run. */
#define CF_ACK_NOW   0x00010000u
#define CF_SYN_NOW   0x00020000u
#define CF_RST_NOW   0x00040000u
#define CF_PROBE_NOW 0x00080000u /* probe, or override SWS avoidance */
#define CF_ACK_LATE  0x00100000u /* the ACK due is the delayed-ACK timer's */

/* Callbacks due at the next run. */
#define CF_EV_ACCEPT	  0x01000000u
#define CF_EV_CONNECTED	  0x02000000u
#define CF_EV_READABLE	  0x04000000u
#define CF_EV_WRITABLE	  0x08000000u
#define CF_EV_PEER_CLOSED 0x10000000u
#define CF_EV_CLOSED	  0x20000000u
#define CF_EV_ERROR	  0x40000000u
#define CF_EV_URGENT	  0x80000000u
#define CF_EV_ALL	  0xff000000u

enum tcp_ca_state { CA_OPEN, CA_RECOVERY, CA_LOSS };

/* Options that few applications set: @opts. */
#define OF_KEEPALIVE	0x0001u /* probe an idle peer (MUST-24) */
#define OF_CORK		0x0002u /* hold what is short */
#define OF_LINGER	0x0004u /* @x->linger_us bounds the wait after close */
#define OF_SNDBUF	0x0008u /* send buffer set by the application */
#define OF_SHUT_RD	0x0010u /* the application reads no more */
#define OF_SOFT_OFF	0x0020u /* no reports of soft errors (SHLD-20) */
#define OF_USER_TIMEOUT 0x0040u /* the application has set R2 */
#define OF_KEEP_NOW	0x0080u /* a keepalive probe is due */
#define OF_UNCORK	0x0100u /* corked data has waited long enough */
#define OF_PMTU		0x1000u /* segments are smaller because of the path */
#define OF_MAY_FRAG	0x2000u /* packets may be fragmented on their way */
#define OF_URG_RCVD	0x0200u /* urgent data is not read yet: @x->rcv_up */
#define OF_UTO_ACCEPT	0x0800u /* the peer may move R2 (5482-2) */
#define OF_UTO_NOW	0x4000u /* our timeout is to be announced */
#define OF_URG_SEND	0x0400u /* urgent data is not acknowledged: @x->snd_up */

/**
 * struct tcp_chal - challenge ACKs sent lately
 * @s:		second (modulo 2^16) in which they are counted
 * @n:		their number in it
 */
struct tcp_chal {
	uint16_t s;
	uint16_t n;
};

struct syn_entry;
struct tcp_conn;
struct tcp_flight;
struct tcp_extra;
struct tcp_rec;
struct tcp_reasm;

/**
 * struct tcp_conn - transmission control block
 * @flow:	4-tuple; first, so that a flow of kind FLOW_CONN is one of these
 * @idnode:	link in the table of numbers; its hash is the connection's number
 * @t:		the instance's TCP; borrowed
 * @ready:	link in the ready list
 * @timer:	one node at the earliest deadline below, re-armed lazily
 * @index:	slot
 * @gen:	its generation
 * @flags:	CF_*
 * @state:	enum ustack_state
 * @reason:	enum ustack_reason, once CF_EV_CLOSED is set
 * @ops_id:	service
 * @listener:	where it came from, -1 = active open
 * @ctx:	the service's
 * @rtx_at:	retransmission or persist timer, TIME_NEVER = off
 * @delack_at:	delayed ACK
 * @life_at:	FIN-WAIT-2 time, or when to look for memory; TIME_NEVER = off
 * @snd:	send sequence space (RFC 9293 section 3.3.1)
 * @rcv:	receive sequence space
 * @ts:		timestamps (RFC 7323)
 * @rtt:	estimator
 * @cc:		congestion control
 * @rec:	recovery
 * @sndq:	bytes from snd.una on, sent or not
 * @rcvq:	bytes received in order and not read
 * @fl:	what only data in flight needs (sendq.h), NULL = nothing is
 * @x:		what only unusual options need, NULL = none was set
 * @reasm:	out-of-order data, NULL = none
 * @st:		totals
 * @opened_us:	when
 * @heard_us:	when the last acceptable segment came
 * @spoke_us:	when the last data segment left
 * @user_timeout_ms: R2 for data (MUST-21)
 * @opts:	OF_*
 * @chal:	challenge ACKs sent lately
 * @soft_err:	enum err: the last soft error since progress was made, 0 = none
 * @err:	enum err: why it ended, until ustack_error() has told
 * @keep_sent:	keepalive probes without answer
 */
struct tcp_conn {
	struct tcp_flow flow;
	uint8_t state;
	uint8_t reason;
	uint8_t ttl;
	uint8_t tos;
	int16_t ops_id;
	int16_t listener;
	struct tcp *t;
	struct list ready;
	struct timer timer;
	uint64_t rtx_at;
	uint64_t delack_at;
	uint64_t life_at;
	uint32_t flags;
	uint32_t index;
	uint32_t gen;

	struct {
		uint32_t una;
		uint32_t nxt;
		uint32_t wnd; /* bytes, scaled */
		uint32_t wl1;
		uint32_t wl2;
		uint32_t max_wnd; /* largest window the peer ever offered */
		uint32_t iss;
		uint32_t sml; /* end of the last short segment sent (Nagle) */
		uint32_t buf; /* send buffer, bytes */
		uint16_t mss; /* payload of a full segment, options taken off */
		uint8_t wscale;
		uint8_t offers; /* TCP_OPT_HAS_* of our SYN or SYN-ACK */
	} snd;
	struct {
		uint32_t nxt;
		uint32_t adv; /* right edge promised */
		uint32_t edge; /* furthest edge that a window field has announced */
		uint32_t acked;	 /* last ACK sent (Last.ACK.sent) */
		uint32_t buf;	 /* receive buffer, bytes */
		uint32_t charge; /* what it counts for in tcp.promised */
		union {
			uint32_t fin_seq; /* the peer's FIN, with CF_FIN_SEEN */
			uint32_t round; /* before it: this round's beginning */
		};
		uint32_t read; /* bytes the application took in the round */
		uint16_t mss;  /* largest segment seen, for delayed ACK */
		uint8_t wscale;
	} rcv;
	struct {
		uint32_t recent;
		uint32_t offset;
		uint32_t recent_s; /* when @recent was set, in seconds */
	} ts;
	struct rtt rtt;
	struct {
		uint32_t cwnd;
		uint32_t ssthresh;
		uint32_t acked;	  /* bytes counted towards the next increase */
		uint32_t priv[5]; /* the algorithm's own */
		uint8_t id;	  /* enum tcp_cc_id */
		uint8_t ecn;	  /* ECN_* (ecn.h) */
		uint16_t full_s; /* second, modulo 2^16, of the last full window */
	} cc;
	struct {
		uint32_t recover; /* RFC 6582: highest sequence sent at its start */
		uint8_t state; /* enum tcp_ca_state */
		uint8_t reo_mult; /* RACK: reordering window in quarters of min RTT */
		uint8_t reo_persist; /* recoveries until it shrinks again */
		bool reordered;	     /* reordering was seen */
		uint16_t adv_mss;    /* MSS that we announced */
		uint16_t peer_mss;   /* MSS that the peer did, or the default */
	} rec;
	struct sliceq sndq;
	struct sliceq rcvq;
	struct tcp_flight *fl;
	struct tcp_extra *x;
	struct tcp_reasm *reasm;
	struct hnode idnode;
	uint64_t ctx;
	struct {
		uint64_t bytes_in;
		uint64_t bytes_out;
		uint64_t bytes_acked;
		uint64_t bytes_retrans;
		uint32_t segs_in;
		uint32_t segs_out;
		uint32_t retrans;
	} st;
	uint64_t opened_us;
	uint64_t heard_us;
	uint64_t spoke_us;
	uint32_t user_timeout_ms;
	struct tcp_chal chal;
	uint16_t opts;
	uint8_t soft_err;
	uint8_t err;
	uint8_t keep_sent;
};

_Static_assert(sizeof(struct tcp_conn) <= 512, "an idle connection is small");

/**
 * struct tcp_backlog - connections that @accept left for later, in order
 * @ring:	handles, some perhaps of connections that are gone; NULL = none yet
 * @size:	room in it, a power of two
 * @head:	first
 * @n:		their number
 * @offered:	the one that is being offered again, gen 0 = none
 */
struct tcp_backlog {
	struct ustack_conn *ring;
	uint32_t size;
	uint32_t head;
	uint32_t n;
	struct ustack_conn offered;
};

/**
 * struct tcp_listener - a port that accepts
 * @addr:	local address, or any
 * @ctx:	given to new connections
 * @parked:	those connections waiting that @accept left for later
 * @backlog:	most connections waiting
 * @waiting:	connections waiting
 * @half_open:	SYN cache entries
 * @cookies_until_us: until then an ACK may answer a SYN cookie
 * @port:	local port
 * @maxseg:	largest MSS, 0 = what the link takes
 * @ops_id:	service
 * @cc:		congestion control of its connections, enum tcp_cc_id, or
 *		TCP_CC_ANY: that of all new ones
 * @next:	next listener in the chain of its port, less 1; 0 = none
 * @used:	the entry is in use
 * @ttl:	of its connections, 0 = the instance's
 * @tos:	of its connections
 */
struct tcp_listener {
	struct ustack_addr addr;
	uint64_t ctx;
	uint64_t cookies_until_us;
	struct tcp_backlog parked;
	uint32_t backlog;
	uint32_t waiting;
	uint32_t half_open;
	uint16_t port;
	uint16_t maxseg;
	int16_t ops_id;
	uint8_t next;
	uint8_t cc;
	bool used;
	uint8_t ttl;
	uint8_t tos;
};

/**
 * struct tcp_slot - handle table entry
 * @c:		connection, NULL = free
 * @gen:	generation of the present or next user, never 0
 * @next:	next free slot while free
 */
struct tcp_slot {
	struct tcp_conn *c;
	uint32_t gen;
	uint32_t next;
};

/**
 * struct tcp - everything of TCP in one instance
 * @s:		the instance
 * @flows:	by 4-tuple
 * @ids:	by number
 * @bound:	reserved ports, by port
 * @key:	secrets: flow table, ISN, ports, timestamp offsets, SYN cookies
 * @ready:	connections to look at
 * @slots:	chunks of TCP_SLOTS handles
 * @slots_max:	chunks that there is room for
 * @nslots:	handles made so far
 * @free_slot:	first free one, UINT32_MAX = none
 * @nconns:	full connections
 * @next_id:	number of the next connection
 * @promised:	sum of all receive buffers, and of what was announced beyond
 *		those that have become smaller, bytes
 * @listener:	the table
 * @port_chain:	first listener by hash of its port, less 1; 0 = none
 * @ops:	service tables
 * @nops:	their number
 * @states:	connections by state
 * @syn_list:	SYN cache by number of transmissions, each in order of deadline
 * @syn_table:	its entries, in no order
 * @syn_max:	entries that there is room for
 * @nsyn:	their number
 * @syn_timer:	at the earliest of their deadlines
 * @tw_list:	TIME-WAIT, in order of deadline
 * @ntw:	entries in it
 * @tw_timer:	at the first one's deadline
 * @port_next:	RFC 6056 algorithm 4: offsets of the next ephemeral port to try
 * @cc:		congestion control of new connections, enum tcp_cc_id
 * @wscale:	window scale announced, for life: who was told it counts on it
 * @watch:	new connections that may be watched, a bucket
 */
struct tcp {
	struct ustack *s;
	struct htab flows;
	struct htab ids;
	struct htab bound;
	struct {
		struct siphash_key flow;
		struct siphash_key isn;
		struct siphash_key port;
		struct siphash_key ts;
		struct siphash_key cookie;
	} key;
	struct list ready;
	struct tcp_slot **slots;
	uint32_t slots_max;
	uint32_t nslots;
	uint32_t free_slot;
	uint32_t nconns;
	uint64_t next_id;
	uint64_t promised;
	struct tcp_listener listener[TCP_LISTENERS_MAX];
	uint8_t port_chain[TCP_PORT_CHAINS];
	const struct ustack_ops *ops[USTACK_OPS_MAX];
	uint32_t nops;
	uint32_t states[USTACK_STATES];
	struct list syn_list[TCP_SYNACK_RETRIES_MAX + 1];
	struct syn_entry **syn_table;
	uint32_t syn_max;
	uint32_t nsyn;
	struct timer syn_timer;
	struct list tw_list;
	uint32_t ntw;
	struct timer tw_timer;
	uint32_t port_next[TCP_PORT_COUNTERS];
	uint8_t cc;
	uint8_t wscale;
	struct limit watch;
};

static inline uint64_t tcp_now(const struct tcp_conn *c)
{
	return c->t->s->now_us;
}

/* The same in seconds. */
static inline uint32_t tcp_now_s(const struct tcp_conn *c)
{
	return (uint32_t)(tcp_now(c) / 1000000u);
}

static inline void tcp_count(const struct tcp_conn *c, enum ustack_counter ctr)
{
	stack_count(c->t->s, ctr);
}

/* The connection's number as people see it. */
static inline uint64_t tcp_id(const struct tcp_conn *c)
{
	return c->idnode.hash;
}

/* Bytes of sequence space sent and not acknowledged. */
static inline uint32_t tcp_unacked(const struct tcp_conn *c)
{
	return c->snd.nxt - c->snd.una;
}

/* Receive window as promised, in bytes.  A FIN, and what rounding announced
 * beyond the promise, may have carried rcv.nxt past it.
 */
static inline uint32_t tcp_rcv_wnd(const struct tcp_conn *c)
{
	return seq_gt(c->rcv.adv, c->rcv.nxt) ? c->rcv.adv - c->rcv.nxt : 0;
}

/* The sequence number behind the last byte queued for sending. */
static inline uint32_t tcp_sndq_end(const struct tcp_conn *c)
{
	return c->sndq.start + c->sndq.bytes;
}

/* Bytes queued and never sent. */
static inline uint32_t tcp_unsent(const struct tcp_conn *c)
{
	uint32_t end = tcp_sndq_end(c);

	return seq_gt(end, c->snd.nxt) ? end - c->snd.nxt : 0;
}

/** tcp_mark_ready() - Have ustack_run() look at a connection */
static inline void tcp_mark_ready(struct tcp_conn *c)
{
	if (list_empty(&c->ready))
		list_insert(&c->t->ready, &c->ready);
}

#endif /* STACK_TCP_TCB_H */
