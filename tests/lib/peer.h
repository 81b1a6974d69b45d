/* SPDX-License-Identifier: MIT */
/*
 * peer.h - a scripted peer: segments in, segments out, in virtual time
 *
 *	struct peer p;
 *
 *	peer_init(&p, NULL);                      a stack that listens on port 7
 *	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .mss = 1460 });
 *	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
 *
 * Sequence numbers are relative: @seq to the peer's ISN (PEER_ISN), @ack to
 * the stack's, which is learnt from its first SYN.  Each packet of the stack is
 * parsed strictly (lengths, checksums, option layout) before a test sees it;
 * super-packets are cut into wire segments unless @whole is set.
 * Assertions are Check's.
 */

#ifndef TESTS_LIB_PEER_H
#define TESTS_LIB_PEER_H

#include "stack/wire/tcp_hdr.h"
#include "stack/wire/tcp_opt.h"
#include "vhost.h"

#define PEER_SEED    20260707u	 /* of everything random in the stack */
#define PEER_ISN     0xfffff000u /* so that 4096 bytes cross the wrap */
#define PEER_PORT    40000u
#define STACK_PORT   7u
#define PEER_OUT_MAX 2048u
#define MS(n)	     ((uint64_t)(n)*1000u)
#define SEC(n)	     ((uint64_t)(n)*1000000u)

/**
 * struct pseg - a segment as a test writes or reads it
 * @seq:	relative to the sender's ISN
 * @ack:	relative to the other side's ISN
 * @flags:	TCP_*
 * @len:	payload bytes; the peer's payload is a function of the position,
 *		see peer_byte()
 * @wnd:	window field; 0 stands for 65535 unless @wnd0
 * @wnd0:	the window really is 0
 * @urg:	urgent pointer
 * @has:	TCP_OPT_HAS_*: options present
 * @uto:	user timeout option
 * @mss:	MSS option; set, it needs no bit in @has when sent
 * @wscale:	window scale option
 * @tsval:	timestamp
 * @tsecr:	its echo
 * @sack_ok:	SACK-permitted; needs no bit in @has when sent
 * @nsack:	SACK blocks; they need no bit in @has when sent
 * @sack:	their numbers, relative to the ISN of the other side, as @ack
 * @raw_opt:	sent instead of the options above
 * @raw_len:	its bytes, a multiple of 4
 * @sport:	sender's port, 0 = the usual one
 * @dport:	receiver's port, 0 = the usual one
 * @bad_csum:	sent with a wrong checksum
 * @abs_ack:	@ack is absolute
 * @tos:	traffic class
 * @ttl:	TTL or hop limit, read only
 * @df:		not to be fragmented, read only
 * @label:	IPv6 flow label, read only
 * @abs_seq:	absolute sequence number, read only
 */
struct pseg {
	uint32_t seq;
	uint32_t ack;
	uint32_t len;
	uint32_t abs_seq;
	uint8_t flags;
	uint8_t has;
	uint8_t wscale;
	uint8_t tos;
	uint8_t ttl;
	uint16_t wnd;
	uint16_t urg;
	uint16_t mss;
	uint16_t uto;
	uint16_t sport;
	uint16_t dport;
	bool sack_ok;
	bool wnd0;
	bool bad_csum;
	bool abs_ack;
	bool df;
	uint32_t label;
	uint32_t tsval;
	uint32_t tsecr;
	uint8_t nsack;
	struct tcp_sack sack[TCP_SACK_MAX];
	const uint8_t *raw_opt;
	uint32_t raw_len;
};

/**
 * struct peer - the peer and the stack it talks to
 * @h:		the stack's host
 * @v6:		talk IPv6
 * @whole:	do not cut super-packets
 * @df_clear:	IPv4 segments may come without DF
 * @no_auto_read: the service leaves what comes in the receive queue
 * @refuse_accept: the service's @accept returns this (0 = take)
 * @stack_isn:	the stack's ISN, once known
 * @isn_known:	it is
 * @conn:	handle of the last connection accepted or opened
 * @c:		what the callbacks have seen:
 *		accepted, connected, readable, writable, peer_closed, closed,
 *		soft_error, urgent
 * @reason:	of the last close
 * @error:	pending error at the last close
 * @soft_error:	the last one
 * @urgent_left: bytes up to the end of urgent data, as last told
 * @received:	bytes the service has read in all; they were what peer_byte() says
 * @out:	segments of the stack that no test has looked at yet
 */
struct peer {
	struct vhost h;
	bool v6;
	bool whole;
	bool df_clear;
	bool no_auto_read;
	int refuse_accept;
	uint32_t stack_isn;
	bool isn_known;
	int ops_id;
	int listener;
	struct ustack_conn conn;
	struct {
		uint32_t accepted;
		uint32_t connected;
		uint32_t readable;
		uint32_t writable;
		uint32_t peer_closed;
		uint32_t closed;
		uint32_t soft_error;
		uint32_t urgent;
	} c;
	enum ustack_reason reason;
	enum err error;
	enum err soft_error;
	uint32_t urgent_left;
	uint64_t received;
	struct pseg out[PEER_OUT_MAX];
	uint32_t head;
	uint32_t tail;
	uint32_t icmp_out; /* ICMP packets the stack has sent */
	const char *file;  /* where the test stands */
	int line;
	uint32_t icmp_len; /* bytes of the last of them, IP header included */
	uint8_t icmp[1500];
};

/** peer_byte() - Payload at a position of the peer's stream (1 = first after SYN) */
uint8_t peer_byte(uint32_t pos);

/**
 * peer_init() - Start a stack that listens on STACK_PORT
 * @p:		storage
 * @tweak:	changes the configuration first, or NULL
 */
void peer_init(struct peer *p, void (*tweak)(struct ustack_config *cfg));

/** peer_init6() - The same over IPv6 */
void peer_init6(struct peer *p, void (*tweak)(struct ustack_config *cfg));

/** peer_fini() - End: abort what is open, check that nothing is left behind */
void peer_fini(struct peer *p);

/** peer_tx() - Send a segment to the stack and let it run */
void peer_tx(struct peer *p, struct pseg seg);

/** peer_tx_batch() - Send several and let it run once */
void peer_tx_batch(struct peer *p, const struct pseg *seg, uint32_t n);

/**
 * peer_build() - The packet that peer_tx() would send, for a test to damage
 *
 * Return: to be freed by the caller
 */
struct vpkt *peer_build(struct peer *p, const struct pseg *s);

/** peer_raw() - Hand in any packet, as bytes, and let it run */
void peer_raw(struct peer *p, const void *data, uint32_t len);

/** peer_advance() - Let time pass */
void peer_advance(struct peer *p, uint64_t us);

/** peer_rx() - Next segment that the stack sent; false = none */
bool peer_rx(struct peer *p, struct pseg *seg);

/** peer_drain() - Forget all segments sent so far; returns their number */
uint32_t peer_drain(struct peer *p);

/** peer_expect() - The next segment has these flags (PSH aside), numbers, length */
#define peer_expect(p, flags, seq, ack, len)                                   \
	(peer_at(p, __FILE__, __LINE__),                                       \
	 peer_expect_next(p, flags, seq, ack, len))

struct pseg peer_expect_next(struct peer *p, uint8_t flags, uint32_t seq,
			     uint32_t ack, uint32_t len);

/** peer_at() - Where the test stands, for messages */
void peer_at(struct peer *p, const char *file, int line);

/** peer_expect_none() - Nothing was sent */
#define peer_expect_none(p)                                                    \
	(peer_at(p, __FILE__, __LINE__), peer_expect_nothing(p))

void peer_expect_nothing(struct peer *p);

/** peer_open() - Three-way handshake by the peer: MSS 1460, no other option */
void peer_open(struct peer *p);

/** peer_open_with() - The same with what @syn offers; returns the SYN-ACK */
struct pseg peer_open_with(struct peer *p, struct pseg syn);

/** peer_connect() - The stack opens to PEER_PORT; its SYN waits in the queue */
void peer_connect(struct peer *p);

/** peer_open_active() - The stack opens and the peer accepts */
void peer_open_active(struct peer *p);

/** peer_send() - The stack's service queues @len bytes; returns bytes taken */
ptrdiff_t peer_send(struct peer *p, uint32_t len);

/** peer_read() - The service reads up to @len bytes now; returns bytes read */
uint32_t peer_read(struct peer *p, uint32_t len);

/** peer_state() - State of the connection; CLOSED if it is gone */
enum ustack_state peer_state(struct peer *p);

/** peer_info() - All about the connection; fails the test if it is gone */
struct ustack_info peer_info(struct peer *p);

/** peer_counter() - A counter's value */
uint64_t peer_counter(struct peer *p, enum ustack_counter c);

/** peer_states() - Connections in a state, compact entries included */
uint32_t peer_states(struct peer *p, enum ustack_state st);

#endif /* TESTS_LIB_PEER_H */
