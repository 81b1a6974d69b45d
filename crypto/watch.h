/* SPDX-License-Identifier: MIT */
/*
 * watch.h - what the server's open part of a handshake gives away
 *
 * mbedTLS does not tell which group the ephemeral keys are of, nor whether a
 * session was resumed, by anything but private fields that differ between its
 * versions.  Both are there to be read in what the server sends before
 * encryption starts: so they are read, in either end, on the way.
 */

#ifndef CRYPTO_WATCH_H
#define CRYPTO_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_WATCH_MAX 512u /* bytes of a message that are looked at */

/**
 * struct tls_watch - reads records as they pass
 * @done:	there is nothing more to see
 * @v13:	the server chose TLS 1.3
 * @psk:	TLS 1.3: the server took a pre-shared key (a ticket is one)
 * @group:	IANA's number of the group, 0 = not seen; in TLS 1.2 a handshake
 *		without any is a resumed one
 * @retry:	the last hello was a HelloRetryRequest
 * @head:	its header, @nhead bytes of it so far
 * @nhead:	in @head
 * @left:	bytes of the record that have yet to pass
 * @msg:	the handshake message that passes, its first @nmsg bytes
 * @nmsg:	in @msg
 * @skip:	bytes of it that do not fit and have yet to pass
 */
struct tls_watch {
	bool done;
	bool v13;
	bool psk;
	uint16_t group;
	bool retry;
	uint8_t nhead;
	uint8_t head[5];
	uint16_t left;
	uint16_t nmsg;
	uint32_t skip;
	uint8_t msg[TLS_WATCH_MAX];
};

/**
 * tls_watch_feed() - Bytes on their way from the server to the client
 * @w:		zero at first
 * @bytes:	any part of the stream, in order
 * @len:	their number
 */
void tls_watch_feed(struct tls_watch *w, const void *bytes, size_t len);

#endif /* CRYPTO_WATCH_H */
