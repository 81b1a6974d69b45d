/* SPDX-License-Identifier: MIT */
/*
 * fakestream.h - a stream in memory, to put a service to the test
 *
 * The peer's side is two arrays of bytes: what it sends, and what it has got.
 * Room for writing is what the test gives; a write that finds too little of it
 * asks for the writable callback, as a real stream does.
 */

#ifndef TESTS_UNIT_DAEMON_FAKESTREAM_H
#define TESTS_UNIT_DAEMON_FAKESTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/svc/svc.h"
#include "daemon/svc/svc_mib.h"

#define FAKE_BYTES (1u << 20)
#define FAKE_RUNS  1000u

/**
 * struct fake - one connection and its service
 * @service:	the service
 * @counters:	its counters
 * @st:		the stream
 * @in:		what the peer sent and nobody has read
 * @in_len:	bytes in it
 * @in_off:	bytes of it that were consumed
 * @out:	what was written
 * @out_len:	bytes in it
 * @acked:	bytes of @out that the peer has acknowledged
 * @limit:	most bytes that may be unacknowledged
 * @want_write:	a write found too little room
 * @woken:	the service has asked to be called
 * @shut:	the service has ended its direction
 * @closed:	the service has closed
 * @aborted:	by cutting the connection
 * @broken:	every write fails for good
 * @refuse_above: a write takes no more than this, though there is room, 0 = it does
 * @writes:	writes that took something
 * @bufs:	buffers made and not given up
 * @no_memory:	no buffer can be made
 */
struct fake {
	struct service service;
	uint64_t counters[SVC_COUNTERS_MAX];
	struct stream st;
	uint8_t *in;
	size_t in_len;
	size_t in_off;
	uint8_t *out;
	size_t out_len;
	size_t acked;
	size_t limit;
	bool want_write;
	bool woken;
	bool shut;
	bool closed;
	bool aborted;
	bool broken;
	size_t refuse_above;
	uint32_t writes;
	int bufs;
	bool no_memory;
};

/** fake_new() - A connection of a service, opened, with @limit bytes of room */
struct fake *fake_new(const struct svc *svc, size_t limit);

/** fake_free() - Close the connection, stop the service, check for leaks */
void fake_free(struct fake *f);

/** fake_close() - The connection is over, if it is open; @st.end tells why */
void fake_close(struct fake *f);

/** fake_service() - A service without a connection */
struct fake *fake_service(const struct svc *svc);

/** fake_send() - The peer sends; the service is told */
void fake_send(struct fake *f, const void *bytes, size_t len);

/** fake_ack() - The peer acknowledges @len more bytes; the service is told if it asked */
void fake_ack(struct fake *f, size_t len);

/** fake_run() - Call the service as often as it asks for it */
void fake_run(struct fake *f);

/** fake_fin() - The peer ends its direction; told once all is read */
void fake_fin(struct fake *f);

/** fake_waiting() - Bytes from the peer that the service has not read */
size_t fake_waiting(const struct fake *f);

#endif /* TESTS_UNIT_DAEMON_FAKESTREAM_H */
