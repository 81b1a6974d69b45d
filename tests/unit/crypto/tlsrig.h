/* SPDX-License-Identifier: MIT */
/*
 * tlsrig.h - two channels and the bytes between them, in memory
 *
 * Each direction is a queue of ciphertext.  How much of it a call of io.recv
 * gives, and how much io.send takes, is chosen by the test: all, one byte, or
 * at random from the seed of the run.
 */

#ifndef TESTS_UNIT_CRYPTO_TLSRIG_H
#define TESTS_UNIT_CRYPTO_TLSRIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/crypto_int.h"

enum tr_end { CLIENT, SERVER };

/* How bytes pass: io.recv and io.send. */
enum tr_pace {
	PACE_ALL,    /* as many as asked for */
	PACE_ONE,    /* one at a time */
	PACE_RANDOM, /* 0 to 2000, at random */
};

/**
 * struct tr_queue - ciphertext on its way
 * @buf:	bytes, from @off to @len
 * @off:	first one not read
 * @len:	behind the last
 * @cap:	room in @buf
 * @room:	most bytes that may wait, for tests that block the writer
 * @total:	bytes that ever came in
 * @flip:	which of @total gets its lowest bit flipped, SIZE_MAX = none
 * @cut:	bytes after which it breaks: no more come in, @ended is set
 * @ended:	no more will come: io.recv says 0 at its end
 */
struct tr_queue {
	uint8_t *buf;
	size_t off;
	size_t len;
	size_t cap;
	size_t room;
	size_t total;
	size_t flip;
	size_t cut;
	bool ended;
};

/**
 * struct tr_side - one end
 * @rig:	whose
 * @ctx:	context, the rig has a reference
 * @ch:		channel
 * @out:	what it has sent
 * @io_err:	what its io says instead of doing anything, 0 = works
 * @result:	what tls_handshake() said last
 */
struct tr_side {
	struct tls_rig *rig;
	struct tls_context *ctx;
	struct tls_channel *ch;
	struct tr_queue out;
	int io_err;
	int result;
};

/**
 * struct tls_rig - both ends
 * @side:	by enum tr_end
 * @pace:	for all of them
 * @random:	state of the generator
 */
struct tls_rig {
	struct tr_side side[2];
	enum tr_pace pace;
	uint64_t random;
};

/** tr_random() - A number below @below, from the seed of the run */
uint32_t tr_random(struct tls_rig *rig, uint32_t below);

/** tr_bytes() - struct tls_context_args' random, with a tls_rig */
int tr_bytes(void *rig, void *buf, size_t len);

/** tr_pem() - Text as credentials */
struct tls_bytes tr_pem(const char *text);

/** tr_server() - Arguments of a server with certificate "ec"; @random set */
struct tls_context_args tr_server(struct tls_rig *rig);

/** tr_client() - Arguments of a client that trusts "ca" */
struct tls_context_args tr_client(struct tls_rig *rig);

/**
 * tr_init() - A rig without contexts
 * @salt:	added to the run's seed: the number of the round
 */
void tr_init(struct tls_rig *rig, uint64_t salt);

/**
 * tr_raw_context() - A context that tls_context_new() would refuse to make
 *
 * With certificates of any quality, without PSK and tickets.
 */
struct tls_context *tr_raw_context(const struct tls_context_args *a);

/** tr_contexts() - Make both contexts */
void tr_contexts(struct tls_rig *rig, const struct tls_context_args *client,
		 const struct tls_context_args *server);

/** tr_suite() - Have the client offer one suite alone */
void tr_suite(struct tls_rig *rig, int id);

/** tr_open() - Make both channels; the client wants @name, NULL = "server.test" */
void tr_open(struct tls_rig *rig, const char *name, const char *address);

/** tr_open_side() - Make one channel */
void tr_open_side(struct tls_rig *rig, enum tr_end end, const char *name,
		  const char *address);

/** tr_shake() - Run the handshake until both are done, or nothing moves */
void tr_shake(struct tls_rig *rig);

/** tr_up() - All of the above with default ends and paces; must succeed */
void tr_up(struct tls_rig *rig);

/** tr_step() - One call of tls_handshake() of an end, and tls_flush() */
int tr_step(struct tls_rig *rig, enum tr_end end);

/** tr_put() - Bytes for an end that its peer did not send */
void tr_put(struct tls_rig *rig, enum tr_end to, const void *bytes, size_t len);

/** tr_write() - tls_write() all of it, flushing; must succeed */
void tr_write(struct tls_rig *rig, enum tr_end end, const void *bytes,
	      size_t len);

/** tr_read() - tls_read() until it has @len bytes or says something else */
ptrdiff_t tr_read(struct tls_rig *rig, enum tr_end end, void *buf, size_t len);

/** tr_cut() - What an end sends is over, as by FIN */
void tr_cut(struct tls_rig *rig, enum tr_end end);

/** tr_kind() - The kind of an end's problem */
enum tls_kind tr_kind(const struct tls_rig *rig, enum tr_end end);

/** tr_close() - Free channels, keep contexts and the state of random numbers */
void tr_close(struct tls_rig *rig);

/** tr_fini() - Free everything */
void tr_fini(struct tls_rig *rig);

#endif /* TESTS_UNIT_CRYPTO_TLSRIG_H */
