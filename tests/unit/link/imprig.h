/* SPDX-License-Identifier: MIT */
/*
 * imprig.h - an impairment engine between two ends that a test plays
 *
 * Packets are written down as they leave, with time; so are events.  Time moves
 * only by imp_until(), which runs the engine at each deadline on the way.
 */

#ifndef TESTS_UNIT_LINK_IMPRIG_H
#define TESTS_UNIT_LINK_IMPRIG_H

#include "linkrig.h"
#include "stack/wire/tcp_hdr.h"

#define IMP_START   1000000u /* time that a test begins at, us */
#define IMP_ISN_IN  0xffffff00u
#define IMP_ISN_OUT 0x7fffff00u

/**
 * struct imp_pkt - a packet as it is asked for
 * @dir:	where it goes
 * @lport:	local port, 0 = RIG_LPORT
 * @rport:	remote port, 0 = RIG_RPORT
 * @host:	last byte of the remote address, 0 = 1
 * @seq:	relative to the direction's ISN
 * @ack:	relative to the other direction's ISN
 * @isn:	added to @seq: another ISN than usual
 * @flags:	TCP flags, 0 = ACK
 * @len:	payload
 * @gso:	gso_size
 * @tos:	traffic class
 * @v6:		IPv6
 * @proto:	other protocol than TCP
 */
struct imp_pkt {
	enum impair_dir dir;
	uint16_t lport;
	uint16_t rport;
	uint8_t host;
	uint32_t seq;
	uint32_t ack;
	uint32_t isn;
	uint8_t flags;
	uint32_t len;
	uint16_t gso;
	uint8_t tos;
	bool v6;
	uint8_t proto;
};

/* The nth segment of 100 bytes. */
#define OUT_DATA(n)                                                            \
	&(struct imp_pkt)                                                      \
	{                                                                      \
		.dir = IMPAIR_OUT, .seq = 1 + (n)*100, .ack = 1, .len = 100    \
	}
#define IN_DATA(n)                                                             \
	&(struct imp_pkt)                                                      \
	{                                                                      \
		.dir = IMPAIR_IN, .seq = 1 + (n)*100, .ack = 1, .len = 100     \
	}

/**
 * struct imp_out - a packet that was forwarded
 * @us:		when
 * @v:		what it is; its @seq and @ack are relative
 * @flags:	USTACK_PKT_*
 * @wrong:	what a receiver would find wrong with it, NULL = nothing; known
 *		for those whose checksum is complete
 */
struct imp_out {
	uint64_t us;
	struct link_view v;
	uint8_t flags;
	const char *wrong;
};

/**
 * struct imprig - engine and both ends
 * @rig:	host of packets; first, since it is the callbacks' context
 * @im:		engine
 * @now_us:	time
 * @out:	packets forwarded
 * @nout:	their number
 * @ev:		events
 * @nev:	their number
 * @full:	forward() out has no room
 * @conn:	classify() answers this plus the remote port, 0 = 0
 * @asked:	calls of classify()
 * @live:	bytes of the engine's own memory
 * @reply:	called at each forward in, or NULL
 */
struct imprig {
	struct rig rig;
	struct impair *im;
	uint64_t now_us;
	struct imp_out *out;
	uint32_t nout;
	struct ustack_event *ev;
	uint32_t nev;
	bool full;
	uint64_t conn;
	uint32_t asked;
	uint64_t live;
	void (*reply)(struct imprig *r);
};

/** imp_init() - Make an engine; @queue_bytes as in struct impair_args */
void imp_init(struct imprig *r, uint64_t seed, uint64_t queue_bytes);

/** imp_fini() - Fails the test unless all that was taken came back */
void imp_fini(struct imprig *r);

/** imp_send() - Show the engine a packet now: was it taken? */
bool imp_send(struct imprig *r, const struct imp_pkt *a);

/** imp_until() - Move time, running the engine at each deadline */
void imp_until(struct imprig *r, uint64_t us);

/** imp_set() - Make a rule that must be good: its number */
uint32_t imp_set(struct imprig *r, const struct impair_rule *rule);

/** imp_script() - The same for a script */
uint32_t imp_script(struct imprig *r, const struct impair_script *sc);

/** imp_forget() - Empty @out and @ev */
void imp_forget(struct imprig *r);

/** imp_open() - SYN, SYN-ACK and ACK of a connection, run through */
void imp_open(struct imprig *r, uint16_t rport);

/** imp_by() - Packets that a knob has acted on, all in all */
uint64_t imp_by(const struct imprig *r, enum ustack_knob k);

/** imp_p() - Probability from per mille */
impair_prob imp_p(uint32_t per_mille);

#endif /* TESTS_UNIT_LINK_IMPRIG_H */
