/* SPDX-License-Identifier: MIT */
/*
 * rtt.h - round-trip time estimator and retransmission timeout
 *
 * One estimator per connection.  It reads no clock and arms no timer: callers
 * hand in measured samples and ask what the timeout has become.
 *
 *	sample --> SRTT, RTTVAR --> RTO = SRTT + max(G, 4 * RTTVAR)
 *
 * RFC 6298 sections 2 and 5.  All times are microseconds.
 */

#ifndef STACK_TCP_RTT_H
#define STACK_TCP_RTT_H

#include <stdint.h>

#define RTT_GRANULARITY_US 64u /* G of RFC 6298: one tick of the timer wheel */
#define RTT_BACKOFF_MAX	   16u

/**
 * struct rtt_limits - an instance's bounds on the timeout
 * @init_us:	before the first sample, RFC 6298 (2.1)
 * @min_us:	least; 200 ms by default, not 1 s (2.4): as Linux
 * @max_us:	largest, RFC 6298 (2.5) allows >= 60 s
 */
struct rtt_limits {
	uint32_t init_us;
	uint32_t min_us;
	uint32_t max_us;
};

/**
 * struct rtt - smoothed round-trip time of one connection
 * @srtt_us:	smoothed round-trip time, 0 until the first sample
 * @var_us:	mean deviation of the samples (RTTVAR)
 * @min_us:	smallest sample so far, UINT32_MAX until the first
 * @floor_ms:	least timeout until the first sample of data: 3 s after a
 *		repeated SYN, RFC 6298 (5.7); 0 = none
 * @backoff:	consecutive timeouts since the last sample, 0 = none
 */
struct rtt {
	uint32_t srtt_us;
	uint32_t var_us;
	uint32_t min_us;
	uint16_t floor_ms;
	uint8_t backoff;
};

/** rtt_init() - Start an estimator that has seen no sample */
void rtt_init(struct rtt *r);

/**
 * rtt_sample() - Fold one measurement into the estimate
 * @r:		estimator
 * @sample_us:	time from transmission to acknowledgement
 *
 * The caller must not pass a sample taken from a retransmitted segment unless
 * a timestamp echo tells which copy was acknowledged (Karn, RFC 6298 s. 3).
 * A sample also ends exponential backoff.
 */
void rtt_sample(struct rtt *r, uint32_t sample_us);

/** rtt_backoff() - Note that the retransmission timer fired, RFC 6298 (5.5) */
void rtt_backoff(struct rtt *r);

/**
 * rtt_spurious() - A timeout proved premature: allow for such delays (RFC 4015
 *		    section 3.3)
 * @r:		estimator
 * @sample_us:	the sample that came too late, 0 = there was none
 */
void rtt_spurious(struct rtt *r, uint32_t sample_us);

/**
 * rtt_rto_us() - Timeout to arm now
 * @r:		estimator
 * @l:		bounds
 *
 * Return: microseconds, always within [@l->min_us, @l->max_us]
 */
uint32_t rtt_rto_us(const struct rtt *r, const struct rtt_limits *l);

#endif /* STACK_TCP_RTT_H */
