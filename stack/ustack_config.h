/* SPDX-License-Identifier: MIT */
/*
 * ustack_config.h - an instance's settings
 */

#ifndef STACK_USTACK_CONFIG_H
#define STACK_USTACK_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "ustack_types.h"

#define USTACK_ADDRS_MAX   16u
#define USTACK_CC_NAME_MAX 16u

/* Explicit congestion notification (RFC 3168). */
enum ustack_ecn {
	USTACK_ECN_OFF,
	USTACK_ECN_PASSIVE, /* agree when a peer offers it */
	USTACK_ECN_ACTIVE,  /* offer it too */
};

/* SYN cookies: a handshake that leaves no state until it is complete. */
enum ustack_cookies {
	USTACK_COOKIES_NEVER,
	USTACK_COOKIES_AUTO,   /* when a port has no room for half-open ones */
	USTACK_COOKIES_ALWAYS, /* but for what takes over from TIME-WAIT */
};

#define USTACK_WSCALE_AUTO 255u

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
 * @syn_backlog: half-open connections, 1 to 1048576
 * @syn_cookies: USTACK_COOKIES_*: when to keep none of them
 * @max_time_wait: connections remembered in TIME-WAIT
 * @rcvbuf_init: receive buffer of a new connection, bytes
 * @rcvbuf_max:	what it may grow to
 * @sndbuf_init: send buffer of a new connection, bytes, if @sndbuf_max is not
 *		less
 * @sndbuf_max:	what it may grow to
 * @cc:		congestion control, by name: "cubic" or "reno"
 * @ecn:		enum ustack_ecn
 * @init_cwnd:	initial window in segments, bounded by RFC 6928; 10
 * @timestamps:	offer and accept RFC 7323 timestamps
 * @wscale:	offer and accept window scaling
 * @sack:	offer and accept selective acknowledgements (RFC 2018)
 * @dsack:	report duplicates by them (RFC 2883)
 * @wscale_shift: shift to announce, 0 to 14, or USTACK_WSCALE_AUTO: enough for
 *		@rcvbuf_max
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
 * @r1_retries:	repetitions after which @soft_error tells (SHLD-10: 3 or more)
 * @keepalive:	new connections start with keepalive on (MUST-25: off)
 * @keepalive_idle_us: silence before the first probe (MUST-28: 2 h)
 * @keepalive_intvl_us: time between probes
 * @keepalive_probes: probes without answer that end the connection, 1 to 127
 * @synack_retries: repetitions of a SYN-ACK before the entry is dropped
 * @frag_max:	datagrams of which fragments wait for others; 0 = no fragments
 *		are taken
 * @frag_mem_bytes: memory for them, at least 1 MiB unless @frag_max is 0
 * @frag_timeout_us: how long they wait (1122-18; RFC 8200: 60 s)
 * @icmp_rate:	ICMP errors of each type sent per second, and errors received
 *		that are acted on; 0 = no limit
 * @rst_rate:	resets to segments of no connection, per second; 0 = no limit
 * @challenge_rate: challenge ACKs per connection and second, half-open ones and
 *		those in TIME-WAIT included; 0 = no limit
 * @watch_rate:	new connections per second that are watched (ustack_watch()) from
 *		their first segment on; 0 = none
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
	uint8_t syn_cookies;
	uint32_t max_time_wait;
	uint32_t rcvbuf_init;
	uint32_t rcvbuf_max;
	uint32_t sndbuf_init;
	uint32_t sndbuf_max;
	char cc[USTACK_CC_NAME_MAX];
	uint8_t ecn;
	uint32_t init_cwnd;
	bool timestamps;
	bool wscale;
	uint8_t wscale_shift;
	bool sack;
	bool dsack;
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
	uint32_t r1_retries;
	bool keepalive;
	uint64_t keepalive_idle_us;
	uint64_t keepalive_intvl_us;
	uint32_t keepalive_probes;
	uint32_t synack_retries;
	uint32_t frag_max;
	uint32_t frag_mem_bytes;
	uint64_t frag_timeout_us;
	uint32_t icmp_rate;
	uint32_t rst_rate;
	uint32_t challenge_rate;
	uint32_t watch_rate;
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

#endif /* STACK_USTACK_CONFIG_H */
