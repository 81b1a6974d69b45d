/* SPDX-License-Identifier: MIT */
/*
 * lifefeed.h - events of a connection, as the daemon writes them
 *
 * They are fed to the life @l of the test that runs; our initial sequence
 * number is ISS, the peer's IRS.
 */

#ifndef TESTS_UNIT_CLI_LIFEFEED_H
#define TESTS_UNIT_CLI_LIFEFEED_H

#include "cli/life.h"

#define ISS 5000u
#define IRS 9000u

extern struct life *l;

/** life_setup() - A new life, before each test */
void life_setup(void);

/** life_teardown() - and its end */
void life_teardown(void);

/** feed_text() - An event, or whatever the text is */
void feed_text(const char *text);

/** feed() - An event at @t_us, with these fields behind the common ones */
__attribute__((format(printf, 3, 4))) void feed(uint32_t t_us, const char *name,
						const char *fmt, ...);

/** sent() - Data of ours at a relative number; @gso 0 = one segment */
void sent(uint32_t t_us, uint32_t seq, uint32_t len, uint32_t gso);

/** received() - Data of the peer's */
void received(uint32_t t_us, uint32_t seq, uint32_t len);

/** acked() - A bare ACK of the peer's; @more: other fields */
void acked(uint32_t t_us, uint32_t ack, const char *more);

/** hit() - A wire segment is impaired at 10 us; @more: other fields */
void hit(bool out, const char *faults, uint32_t seq, uint32_t len,
	 const char *more);

/** seg() - Record @i, which must be a segment */
const struct life_seg *seg(size_t i);

/** is_run() - Record @i must be data [@seq, @end) that these faults befell */
void is_run(size_t i, uint64_t seq, uint64_t end, uint32_t faults);

#endif /* TESTS_UNIT_CLI_LIFEFEED_H */
