/* SPDX-License-Identifier: MIT */
/*
 * cc_flight.h - what congestion control notes about the data in flight
 *
 * Part of struct tcp_flight: made with the first record, all zero but @last_us,
 * and gone when everything is acknowledged.  What must outlive that stands in
 * c->cc.
 */

#ifndef STACK_TCP_CC_FLIGHT_H
#define STACK_TCP_CC_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct cc_hystart - HyStart++ (hystart.h)
 * @window_end:	the round ends when this is acknowledged
 * @last_min_us: least round-trip time of the round before, UINT32_MAX = none
 * @round_min_us: least one of this round so far, UINT32_MAX = none
 * @css_base_us: the least one that began conservative slow start
 * @samples:	samples in this round, counted up to what is needed
 * @css_rounds:	rounds of conservative slow start that are over
 * @css:	conservative slow start
 * @on:		the first round has begun
 */
struct cc_hystart {
	uint32_t window_end;
	uint32_t last_min_us;
	uint32_t round_min_us;
	uint32_t css_base_us;
	uint8_t samples;
	uint8_t css_rounds;
	bool css;
	bool on;
};

/**
 * struct cc_flight - notes of one flight
 * @last_us:	when the last ACK of new data came; at first, when the flight began
 * @busy_us:	time with a full window that the algorithm has not taken yet
 * @est_acked:	CUBIC: bytes counted towards the next growth of W_est
 * @hs:		HyStart++
 * @flight:	bytes unacknowledged when output stopped last
 * @pipe:	bytes of them held to be in the network
 * @cut_end:	snd.nxt when ECN cut the window, valid with @cut
 * @cut:	it did, and no ACK has gone beyond that
 * @full:	the congestion window was what stopped the last output
 */
struct cc_flight {
	uint64_t last_us;
	uint64_t busy_us;
	uint32_t est_acked;
	struct cc_hystart hs;
	uint32_t flight;
	uint32_t pipe;
	uint32_t cut_end;
	bool cut;
	bool full;
};

#endif /* STACK_TCP_CC_FLIGHT_H */
