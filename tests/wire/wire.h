/* SPDX-License-Identifier: MIT */
/*
 * wire.h - what the wire tests share
 *
 * A test brings a connection into a state by wire_goto(), sends one segment,
 * and looks at the answer.  Numbers are relative to the ISNs, so that a fresh
 * connection stands at RCV.NXT = SND.NXT = 1.
 */

#ifndef TESTS_WIRE_WIRE_H
#define TESTS_WIRE_WIRE_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"
#include "stack/base/bytes.h"

#define WIRE_ROWS(a) (sizeof(a) / sizeof((a)[0]))

/**
 * struct wire_pos - where a connection stands
 * @rcv:	RCV.NXT, relative to the peer's ISN
 * @snd:	SND.NXT, relative to the stack's
 */
struct wire_pos {
	uint32_t rcv;
	uint32_t snd;
};

/* A segment of the peer with these flags. */
static inline struct pseg seg(uint8_t flags, uint32_t seq, uint32_t ack,
			      uint32_t len)
{
	return (struct pseg){ .flags = flags,
			      .seq = seq,
			      .ack = ack,
			      .len = len };
}

static inline struct pseg seg_ack(uint32_t seq, uint32_t ack)
{
	return seg(TCP_ACK, seq, ack, 0);
}

/* The same with a window; 0 means 0. */
static inline struct pseg seg_wnd(uint32_t seq, uint32_t ack, uint16_t wnd)
{
	struct pseg s = seg_ack(seq, ack);

	s.wnd = wnd;
	s.wnd0 = wnd == 0;
	return s;
}

static inline struct pseg seg_data(uint32_t seq, uint32_t ack, uint32_t len)
{
	return seg(TCP_ACK, seq, ack, len);
}

static inline struct pseg seg_fin(uint32_t seq, uint32_t ack)
{
	return seg(TCP_FIN | TCP_ACK, seq, ack, 0);
}

static inline struct pseg seg_rst(uint32_t seq)
{
	return seg(TCP_RST, seq, 0, 0);
}

/** wire_case() - A test case of a suite, with time enough for sanitizers */
TCase *wire_case(Suite *s, const char *name);

/** wire_init() - peer_init(), or peer_init6() if @v6 */
void wire_init(struct peer *p, int v6,
	       void (*tweak)(struct ustack_config *cfg));

/** wire_goto() - Bring a fresh connection into a state; nothing is queued then */
struct wire_pos wire_goto(struct peer *p, enum ustack_state st);

/** wire_shutdown() - ustack_shutdown(), which must succeed, and run */
void wire_shutdown(struct peer *p);

/** wire_close() - ustack_close(), which must succeed, and run */
void wire_close(struct peer *p);

/** wire_abort() - ustack_abort(), which must succeed, and run */
void wire_abort(struct peer *p);

/** wire_take() - Take all segments sent; returns their number, @bytes their payload */
uint32_t wire_take(struct peer *p, uint32_t *bytes);

/** wire_expect_after() - Nothing for @ms milliseconds, then a segment at once */
#define wire_expect_after(p, ms) wire_expect_after_at(p, ms, __FILE__, __LINE__)

struct pseg wire_expect_after_at(struct peer *p, uint64_t ms, const char *file,
				 int line);

/** wire_check_state() - The connection is in state @st, compact entries included */
void wire_check_state(struct peer *p, enum ustack_state st);

/** wire_check_listener() - The listener still takes connections */
void wire_check_listener(struct peer *p);

/**
 * wire_worst_shrink() - Send 3000 segments of all sizes, read now and then
 * @p:		connection in ESTABLISHED, its service not reading by itself
 *
 * Return: bytes by which an announced right edge lay below an earlier one, at
 * worst
 */
uint32_t wire_worst_shrink(struct peer *p);

/** wire_ip() - A packet of the peer to the stack, @len zero bytes behind its header */
struct vpkt *wire_ip(const struct peer *p, uint8_t proto, uint32_t len);

/** wire_ip4_csum() - Make the IPv4 header's checksum right again */
void wire_ip4_csum(struct vpkt *v);

/** wire_icmp_csum() - Make the checksum of an ICMP or ICMPv6 message right */
void wire_icmp_csum(struct vpkt *v);

/** wire_hand() - Hand in a packet, which is taken, and let it run */
void wire_hand(struct peer *p, struct vpkt *v);

/** wire_drops() - All that was dropped, for whatever reason */
uint64_t wire_drops(struct peer *p);

/* 4096 bytes of receive buffer, and no scaling: the window is the buffer. */
void wire_small_window(struct ustack_config *cfg);

#endif /* TESTS_WIRE_WIRE_H */
