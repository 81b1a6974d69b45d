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
 * struct cc_flight - notes of one flight
 * @last_us:	when the last ACK of new data came; at first, when the flight began
 * @busy_us:	time with a full window that the algorithm has not taken yet
 * @est_acked:	CUBIC: bytes counted towards the next growth of W_est
 * @full:	the congestion window was what stopped the last output
 */
struct cc_flight {
	uint64_t last_us;
	uint64_t busy_us;
	uint32_t est_acked;
	bool full;
};

#endif /* STACK_TCP_CC_FLIGHT_H */
