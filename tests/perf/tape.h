/* SPDX-License-Identifier: MIT */
/*
 * tape.h - ciphertext that is recorded before the clock runs, or played behind it
 *
 * So a benchmark of one end of a channel does not measure the other one.
 */

#ifndef PERF_TAPE_H
#define PERF_TAPE_H

#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "crypto/channel.h"
#include "crypto/creds.h"
#include "pattern.h"

#define TAPE_PLAIN_MAX (1u << 30)

/**
 * struct tape - bytes in the order they came
 * @p:		bytes
 * @len:	recorded
 * @at:		played
 * @room:	room at @p
 */
struct tape {
	uint8_t *p;
	size_t len;
	size_t at;
	size_t room;
};

/** tape_new() - Room for so much plaintext, in records that may be small */
static inline void tape_new(struct tape *t, size_t plain)
{
	*t = (struct tape){ .room = plain + plain / 8 + (1u << 20) };
	t->p = malloc(t->room);
	if (!t->p)
		err(1, "%zu bytes", t->room);
	memset(t->p, 0, t->room); /* no page faults later */
}

/** tape_put() - Record; as struct tls_io's @send, with a tape */
static inline ptrdiff_t tape_put(void *arg, const void *buf, size_t len)
{
	struct tape *t = arg;

	if (len > t->room - t->len)
		errx(1, "more ciphertext than expected");
	memcpy(t->p + t->len, buf, len);
	t->len += len;
	return (ptrdiff_t)len;
}

/** tape_take() - Play; as struct tls_io's @recv, but for the end */
static inline size_t tape_take(struct tape *t, void *buf, size_t len)
{
	size_t n = t->len - t->at;

	if (n > len)
		n = len;
	memcpy(buf, t->p + t->at, n);
	t->at += n;
	return n;
}

/** tape_fail() - End, with what is wrong with a channel */
__attribute__((noreturn)) static inline void tape_fail(
	const struct tls_channel *ch, const char *what)
{
	const struct tls_problem *p = tls_problem(ch);

	errx(1, "%s: %s (%s)", what, p->text, p->advice);
}

/** tape_record() - Encrypt so many bytes of the pattern, and close_notify */
static inline void tape_record(struct tls_channel *ch, size_t bytes)
{
	static uint8_t buf[TLS_PLAIN_MAX];

	for (size_t at = 0; at < bytes;) {
		size_t len = bytes - at;

		if (len > sizeof(buf))
			len = sizeof(buf);
		for (size_t i = 0; i < len; i++)
			buf[i] = byte_at(at + i);
		if (tls_write(ch, buf, len) != (ptrdiff_t)len)
			tape_fail(ch, "encrypt");
		at += len;
	}
	if (tls_shutdown(ch))
		tape_fail(ch, "close_notify");
}

/** tape_verify() - Decrypt: just these bytes must come, and close_notify */
static inline void tape_verify(struct tls_channel *ch, size_t bytes)
{
	static uint8_t buf[TLS_PLAIN_MAX];
	size_t at = 0;
	ptrdiff_t r;

	while ((r = tls_read(ch, buf, sizeof(buf))) > 0) {
		for (ptrdiff_t i = 0; i < r; i++, at++) {
			if (buf[i] != byte_at(at))
				errx(1, "byte %zu differs", at);
		}
	}
	if (r < 0)
		tape_fail(ch, "decrypt");
	if (at != bytes)
		errx(1, "%zu of %zu bytes", at, bytes);
}

/** tape_random() - As struct tls_context_args' @random */
static inline int tape_random(void *arg, void *buf, size_t len)
{
	(void)arg;
	return getrandom(buf, len, 0) == (ssize_t)len ? 0 : -ERR_AGAIN;
}

/** tape_client() - Arguments of a context that trusts anybody */
static inline struct tls_context_args tape_client(void)
{
	return (struct tls_context_args){ .client = true,
					  .insecure = true,
					  .random = tape_random };
}

/** tape_context() - A context, or none of it */
static inline struct tls_context *tape_context(const struct tls_context_args *a)
{
	struct tls_problem problem = { .kind = TLS_OK };
	struct tls_context *ctx = tls_context_new(a, &problem);

	if (!ctx)
		errx(1, "%s", problem.text);
	return ctx;
}

#endif /* PERF_TAPE_H */
