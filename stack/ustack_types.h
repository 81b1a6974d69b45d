/* SPDX-License-Identifier: MIT */
/*
 * ustack_types.h - addresses, packets and events as ustack.h hands them about
 */

#ifndef STACK_USTACK_TYPES_H
#define STACK_USTACK_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct ustack;

/* ------------------------------------------------------------- addresses */

/**
 * struct ustack_addr - IPv6 address, or IPv4 address as ::ffff:a.b.c.d
 * @b:	bytes as on the wire; all zero means "any, of either family"
 */
struct ustack_addr {
	_Alignas(8) uint8_t b[16];
};

/**
 * struct ustack_prefix - addresses that share their first bits
 * @addr:	first address
 * @len:	bits that count, 0 to 128; an IPv4 /24 is 96 + 24
 */
struct ustack_prefix {
	struct ustack_addr addr;
	uint8_t len;
};

/** ustack_addr4() - Make an address from four IPv4 bytes */
struct ustack_addr ustack_addr4(const uint8_t b[4]);

/** ustack_addr_is4() - Is it an IPv4 address? */
bool ustack_addr_is4(const struct ustack_addr *a);

/** ustack_addr_eq() - Are the two the same? */
bool ustack_addr_eq(const struct ustack_addr *a, const struct ustack_addr *b);

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

/* --------------------------------------------------------------- packets */

#define USTACK_PKT_SLICES   64u	   /* most slices in one packet */
#define USTACK_PKT_HEADROOM 16u	   /* free bytes in front of the IP header */
#define USTACK_PKT_HEAD	    120u   /* IPv6 + TCP with all options, and some */
#define USTACK_PKT_ROOM	    65600u /* bytes that a packet made for input takes */

#define USTACK_PKT_CSUM_PARTIAL                                                \
	0x01u /* out: transport checksum holds the pseudo-header's
				       * sum only; in: not computed by the host, all is well */
#define USTACK_PKT_CSUM_OK 0x02u /* in: the device has verified it */
#define USTACK_PKT_IPV6	   0x04u /* out: IPv6, else IPv4 */

/**
 * struct ustack_pkt - one IP packet, possibly a super-packet
 * @next:	free for whoever owns the packet
 * @len:	bytes of the whole packet
 * @head_len:	bytes at @head: all headers on output, 0 on input
 * @gso_size:	payload bytes of each wire segment that the packet stands for,
 *		0 if it stands for itself
 * @l4_off:	out: offset of the transport header
 * @csum_off:	out: offset of the checksum field in the transport header
 * @flags:	USTACK_PKT_*
 * @nslices:	slices in use
 * @max_slices:	slices that there is room for, where the packet is an owner's;
 *		UINT8_MAX in one of ustack_pkt_new(), which has room for all
 * @room:	free bytes in front of @head for a device's own header
 * @head:	headers
 * @slice:	the rest of the packet, in order
 *
 * On output the packet and its slices are lent to host.output() for the call.
 */
struct ustack_pkt {
	struct ustack_pkt *next;
	uint32_t len;
	uint16_t head_len;
	uint16_t gso_size;
	uint16_t l4_off;
	uint16_t csum_off;
	uint8_t flags;
	uint8_t nslices;
	uint8_t max_slices;
	_Alignas(16) uint8_t room[USTACK_PKT_HEADROOM];
	uint8_t head[USTACK_PKT_HEAD];
	struct slice slice[USTACK_PKT_SLICES];
};

/**
 * ustack_pkt_new() - Make a packet to read into
 * @s:		instance
 *
 * The packet has one slice over a fresh buffer: @slice[0].off leaves
 * USTACK_PKT_HEADROOM bytes in front, @slice[0].len is USTACK_PKT_ROOM.  The
 * reader sets @slice[0].len and @len to what it got, and @gso_size and @flags.
 *
 * Return: a packet owned by the caller, or NULL when memory is spent
 */
struct ustack_pkt *ustack_pkt_new(struct ustack *s);

/**
 * ustack_pkt_sized() - The same with room for @len bytes only
 * @s:		instance
 * @len:	bytes, 1 to USTACK_PKT_ROOM
 *
 * For packets that wait before they come in, so that they hold no more memory
 * than they need.
 *
 * Return: as ustack_pkt_new(), @slice[0].len is @len; it has room for one slice
 */
struct ustack_pkt *ustack_pkt_sized(struct ustack *s, uint32_t len);

/**
 * ustack_pkt_keep() - Keep a packet that is only lent, by references
 * @s:		instance
 * @p:		packet, as host.output() gets it
 *
 * Return: a packet of its own that shares the bytes behind @p's slices, with
 * room for just as many slices; NULL when memory is spent
 */
struct ustack_pkt *ustack_pkt_keep(struct ustack *s,
				   const struct ustack_pkt *p);

/**
 * ustack_pkt_copy() - Make a packet of another one's bytes
 * @s:		instance that the copy is for; it may belong to another thread
 * @p:		packet, as host.output() gets it, of any instance
 *
 * For a link in memory, or a device that takes one row of bytes: they are @len
 * from slice_data(&@slice[0]) on.
 *
 * Return: as ustack_pkt_sized(), with the offload fields of @p; NULL when memory
 * is spent
 */
struct ustack_pkt *ustack_pkt_copy(struct ustack *s,
				   const struct ustack_pkt *p);

/** ustack_pkt_free() - Drop a packet of one of the four above */
void ustack_pkt_free(struct ustack *s, struct ustack_pkt *p);

/* ----------------------------------------------------------------- events */

enum ustack_state {
	USTACK_CLOSED,
	USTACK_LISTEN,
	USTACK_SYN_SENT,
	USTACK_SYN_RCVD,
	USTACK_ESTABLISHED,
	USTACK_FIN_WAIT_1,
	USTACK_FIN_WAIT_2,
	USTACK_CLOSE_WAIT,
	USTACK_CLOSING,
	USTACK_LAST_ACK,
	USTACK_TIME_WAIT,
	USTACK_STATES,
};

/** ustack_state_name() - "ESTABLISHED", as RFC 9293 writes it */
const char *ustack_state_name(enum ustack_state st);

/* Why a segment was sent again, or sent at all against a closed window. */
enum ustack_cause {
	USTACK_CAUSE_NONE,	  /* first transmission */
	USTACK_CAUSE_RTO,	  /* retransmission timer */
	USTACK_CAUSE_FAST,	  /* third duplicate acknowledgement */
	USTACK_CAUSE_PARTIAL_ACK, /* NewReno partial acknowledgement */
	USTACK_CAUSE_WND_PROBE,	  /* zero-window probe */
	USTACK_CAUSE_SYN,	  /* SYN or SYN-ACK without answer */
	USTACK_CAUSE_RACK,	  /* something sent later has arrived */
	USTACK_CAUSE_SACK,	  /* three segments above it have arrived */
	USTACK_CAUSE_TLP,	  /* tail loss probe */
	USTACK_CAUSE_MTU,	  /* it was too big for the path */
	USTACK_CAUSE_KEEPALIVE,	  /* probe of an idle peer */
	USTACK_CAUSES,
};

/** ustack_cause_name() - "rto", "dupack", "partial_ack", ... */
const char *ustack_cause_name(enum ustack_cause c);

/* Why a connection ended. */
enum ustack_reason {
	USTACK_END_NORMAL,    /* FIN both ways, all acknowledged */
	USTACK_END_RESET,     /* RST by the peer */
	USTACK_END_REFUSED,   /* RST in answer to our SYN */
	USTACK_END_TIMEOUT,   /* the peer stopped answering */
	USTACK_END_ABORTED,   /* ustack_abort(), or close with unread data */
	USTACK_END_UNREACH,   /* ICMP said so during the handshake */
	USTACK_END_NO_MEMORY, /* a budget was spent */
	USTACK_END_NO_ADDR,   /* its local address is ours no more */
	USTACK_ENDS,
};

/** ustack_reason_name() - "normal", "reset", ... */
const char *ustack_reason_name(enum ustack_reason r);

/** ustack_reason_err() - The ERR_ code a socket layer would report, 0 = none */
enum err ustack_reason_err(enum ustack_reason r);

/* What impairment did to a packet; an event has bit (1 << fault) for each. */
enum ustack_fault {
	USTACK_FAULT_LOST,
	USTACK_FAULT_DELAYED,
	USTACK_FAULT_DUPLICATED,
	USTACK_FAULT_CORRUPTED,
	USTACK_FAULT_REORDERED, /* sent at once while others are delayed */
	USTACK_FAULT_MARKED,	/* CE (RFC 3168) */
	USTACK_FAULT_TRUNCATED,
	USTACK_FAULT_HELD,     /* until the next packet has passed */
	USTACK_FAULT_TAMPERED, /* payload and checksum changed: no TCP sees it */
	USTACK_FAULTS,
};

/** ustack_fault_name() - "lost", "delayed", ... */
const char *ustack_fault_name(enum ustack_fault f);

/* Which knob lost a packet, or did what else was done. */
enum ustack_knob {
	USTACK_KNOB_NONE,
	USTACK_KNOB_LOSS,    /* loss random */
	USTACK_KNOB_GEMODEL, /* loss gemodel, loss state */
	USTACK_KNOB_DELAY,   /* delay, jitter */
	USTACK_KNOB_DUPLICATE,
	USTACK_KNOB_CORRUPT,
	USTACK_KNOB_REORDER,
	USTACK_KNOB_RATE,
	USTACK_KNOB_LIMIT, /* the queue was full */
	USTACK_KNOB_ECN,   /* marked instead of lost */
	USTACK_KNOB_SCRIPT,
	USTACK_KNOB_HALF_OPEN, /* the endpoint has gone silent */
	USTACK_KNOB_MEMORY,    /* no memory to hold it */
	USTACK_KNOBS,
};

/** ustack_knob_name() - "loss", "gemodel", ... */
const char *ustack_knob_name(enum ustack_knob k);

#define USTACK_SACK_BLOCKS 4u

/* What a handshake can agree on. */
#define USTACK_AGREED_WSCALE	 0x01u
#define USTACK_AGREED_TIMESTAMPS 0x02u
#define USTACK_AGREED_SACK	 0x04u
#define USTACK_AGREED_ECN	 0x08u

/* Kinds of event; the mask has bit (1 << kind). */
enum ustack_event_kind {
	USTACK_EV_OPENED,     /* connectivity:connection_started */
	USTACK_EV_STATE,      /* connectivity:connection_state_updated */
	USTACK_EV_CLOSED,     /* connectivity:connection_closed */
	USTACK_EV_SENT,	      /* transport:packet_sent */
	USTACK_EV_RECEIVED,   /* transport:packet_received */
	USTACK_EV_DROPPED,    /* transport:packet_dropped */
	USTACK_EV_LOST,	      /* recovery:packet_lost */
	USTACK_EV_METRICS,    /* recovery:metrics_updated */
	USTACK_EV_SOFT_ERROR, /* connectivity:soft_error */
	USTACK_EV_MEMORY,     /* resource:memory_pressure; of no connection */
	USTACK_EV_IMPAIRED, /* impairment:applied; by stack/link, not the stack */
	USTACK_EVENTS,
};

/** ustack_event_name() - The name in the comment above */
const char *ustack_event_name(enum ustack_event_kind k);

/**
 * struct ustack_event - something happened
 * @time_us:	when
 * @kind:	what; says which fields below are set
 * @id:		the connection's number as people see it, 0 = none
 * @local:	our address		(not DROPPED without a flow)
 * @remote:	the peer's address
 * @lport:	our port
 * @rport:	the peer's port
 * @active:	OPENED: we sent the SYN; MEMORY: it gets short, else it is enough
 * @agreed:	OPENED: bits USTACK_AGREED_*
 * @scale_in:	OPENED: shift of the peer's windows
 * @scale_out:	OPENED: shift of ours
 * @mss:	OPENED: payload of a full segment of ours
 * @cc:		OPENED: name of the congestion control, static
 * @from:	STATE: old state
 * @to:		STATE: new state
 * @cause:	SENT, LOST: why sent again, why held for lost
 * @reason:	CLOSED: why
 * @drop:	DROPPED: index of its counter, USTACK_C_DROP_*
 * @ecn:	SENT, RECEIVED: ECN field of the IP header, 3 = CE
 * @nsack:	SENT, RECEIVED: entries in @sack
 * @gso:	SENT, RECEIVED: payload of each wire segment if it stands for
 *		several, else 0
 * @iss:	SENT, RECEIVED, LOST: our initial sequence number
 * @irs:	SENT, RECEIVED: the peer's, if it is known
 * @sack:	SENT, RECEIVED: SACK blocks, first and behind the last byte; the
 *		first may be a DSACK
 * @in:		IMPAIRED: it was on its way to the stack
 * @knob:	IMPAIRED: enum ustack_knob: what did it, the loss where several did
 * @faults:	IMPAIRED: bits (1 << enum ustack_fault)
 * @rule:	IMPAIRED: number of the rule or script, as people see it
 * @step:	IMPAIRED: step of a script, from 1; 0 = a rule
 * @tx:		IMPAIRED: how often this offset was sent, from 1; of a pure ACK
 *		its repetition
 * @offset:	IMPAIRED: sequence (of a pure ACK: acknowledgement) number less
 *		the initial one
 * @delay_us:	IMPAIRED: how long it is kept
 * @err:	SOFT_ERROR: an enum err, ERR_TIMEDOUT when R1 is reached
 * @flags:	SENT, RECEIVED, IMPAIRED: TCP flags
 * @seq:	SENT, RECEIVED, LOST, IMPAIRED: sequence number
 * @ack:	SENT, RECEIVED, IMPAIRED: acknowledgement number
 * @len:	SENT, RECEIVED, LOST, IMPAIRED: payload bytes
 * @wnd:	SENT, RECEIVED: window in bytes, scaled
 * @cwnd:	METRICS, SENT, RECEIVED: congestion window in bytes; 0 = none yet
 * @ssthresh:	the same of them: in bytes, UINT32_MAX = none yet
 * @srtt_us:	METRICS, CLOSED: smoothed round-trip time, 0 = none
 * @rto_us:	METRICS, LOST, SENT, RECEIVED: retransmission timeout
 * @since_us:	SENT again: time since it was sent before
 * @bytes_in:	CLOSED: payload received in order
 * @bytes_out:	CLOSED: payload sent and acknowledged
 * @retrans:	CLOSED: segments sent again
 * @segs_in:	CLOSED: segments received
 * @segs_out:	CLOSED: segments sent
 * @minrtt_us:	CLOSED: smallest round-trip time, 0 = none
 * @age_us:	CLOSED: time since it was opened; MEMORY: at the end, how long it was
 * @mem_used:	MEMORY: bytes in use
 * @mem_limit:	MEMORY: most there can be
 * @drops:	MEMORY: at the end, packets that were lost for want of it
 * @conns:	MEMORY: connections
 */
struct ustack_event {
	uint64_t time_us;
	uint64_t id;
	struct ustack_addr local;
	struct ustack_addr remote;
	uint16_t lport;
	uint16_t rport;
	uint8_t kind;
	uint8_t from;
	uint8_t to;
	uint8_t cause;
	uint8_t reason;
	uint8_t flags;
	uint8_t err;
	bool active;
	uint8_t agreed;
	uint8_t scale_in;
	uint8_t scale_out;
	uint16_t mss;
	uint16_t drop;
	uint8_t ecn;
	uint8_t nsack;
	uint16_t gso;
	uint8_t knob;
	bool in;
	uint16_t faults;
	uint16_t step;
	uint32_t rule;
	uint32_t tx;
	uint32_t offset;
	uint32_t iss;
	uint32_t irs;
	uint32_t sack[USTACK_SACK_BLOCKS][2];
	uint64_t delay_us;
	uint32_t seq;
	uint32_t ack;
	uint32_t len;
	uint32_t wnd;
	uint32_t cwnd;
	uint32_t ssthresh;
	uint32_t srtt_us;
	uint32_t rto_us;
	uint64_t since_us;
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t retrans;
	uint32_t segs_in;
	uint32_t segs_out;
	uint32_t minrtt_us;
	uint32_t conns;
	uint64_t age_us;
	uint64_t mem_used;
	uint64_t mem_limit;
	uint64_t drops;
	const char *cc;
};

#endif /* STACK_USTACK_TYPES_H */
