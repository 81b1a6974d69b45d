/* SPDX-License-Identifier: MIT */
/*
 * test_watch.c - reading along in the open part of a handshake
 *
 * Method: hand-made records, whole, in single bytes, cut off, and noise.
 */

#include <stdlib.h>
#include <string.h>

#include "crypto/watch.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define RANDOM "0123456789abcdef0123456789abcdef"
#define RETRY                                                                  \
	"\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8"         \
	"\x91\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8"         \
	"\x33\x9c"

/* ServerHello of TLS 1.2 without extensions, 42 bytes. */
#define HELLO12 "\2\0\0\x26\3\3" RANDOM "\0\xc0\x2b\0"
/* Of TLS 1.3: supported_versions and key_share with @group, 58 bytes. */
#define HELLO13(rnd, group)                                                    \
	"\2\0\0\x36\3\3" rnd "\0\x13\1\0\0\x0e"                                \
	"\0\x2b\0\2\3\4"                                                       \
	"\0\x33\0\4\0" group "\0\0"
#define REC(type, len) type "\3\3\0" len
#define CCS	       "\x14\3\3\0\1\1"

#define CASE(name, text, ...)                                                  \
	{                                                                      \
		name, text, sizeof(text) - 1, __VA_ARGS__                      \
	}

static const struct {
	const char *name;
	const char *bytes;
	size_t len;
	uint16_t group;
	bool v13;
	bool psk;
	bool done;
} cases[] = {
	CASE("TLS 1.2, x25519",
	     REC("\x16", "\x2a")
		     HELLO12 REC("\x16", "\x08") "\x0c\0\0\4\3\0\x1d\x20",
	     0x1d, false, false, true),
	CASE("both in one record",
	     REC("\x16", "\x32") HELLO12 "\x0c\0\0\4\3\0\x17\x20", 0x17, false,
	     false, true),
	CASE("certificate in between, in two records",
	     REC("\x16", "\x2e") HELLO12
	     "\x0b\0\0\6" REC("\x16", "\x0e") "abcdef\x0c\0\0\4\3\0\x18\x20",
	     0x18, false, false, true),
	CASE("PSK with a hint",
	     REC("\x16", "\x2a") HELLO12 REC(
		     "\x16", "\x0c") "\x0c\0\0\x08\0\2hi\3\0\x1d\x20",
	     0x1d, false, false, true),
	CASE("PSK without one",
	     REC("\x16", "\x2a")
		     HELLO12 REC("\x16", "\x0a") "\x0c\0\0\6\0\0\3\0\x1d\x20",
	     0x1d, false, false, true),
	CASE("resumed", REC("\x16", "\x2a") HELLO12 CCS, 0, false, false, true),
	CASE("explicit curve",
	     REC("\x16", "\x2a")
		     HELLO12 REC("\x16", "\x08") "\x0c\0\0\4\1\0\x1d\x20",
	     0, false, false, true),
	CASE("TLS 1.3", REC("\x16", "\x3a") HELLO13(RANDOM, "\x1d"), 0x1d, true,
	     false, true),
	CASE("TLS 1.3 after a retry",
	     REC("\x16", "\x3a") HELLO13(RETRY, "\x17") CCS REC("\x16", "\x3a")
		     HELLO13(RANDOM, "\x17"),
	     0x17, true, false, true),
	CASE("a retry alone goes on",
	     REC("\x16", "\x3a") HELLO13(RETRY, "\x17") CCS, 0x17, true, false,
	     false),
	CASE("TLS 1.3 with a PSK",
	     REC("\x16", "\x40") "\2\0\0\x3c\3\3" RANDOM "\0\x13\1\0\0\x14"
				 "\0\x29\0\2\0\0"
				 "\0\x2b\0\2\3\4"
				 "\0\x33\0\4\0\x1d\0\0",
	     0x1d, true, true, true),
	CASE("alert", "\x15\3\3\0\2\2\x28", 0, false, false, false),
	CASE("closed records",
	     "\x17\3\3\0\2ab" REC("\x16", "\x3a") HELLO13(RANDOM, "\x1d"), 0,
	     false, false, true),
};

static void check(const struct tls_watch *w, int i)
{
	ck_assert_msg(w->group == cases[i].group, "%s: %04x", cases[i].name,
		      w->group);
	ck_assert_msg(w->v13 == cases[i].v13, "%s", cases[i].name);
	ck_assert_msg(w->psk == cases[i].psk, "%s", cases[i].name);
	ck_assert_msg(w->done == cases[i].done, "%s", cases[i].name);
}

/* RFC 8446 section 4.1.3, RFC 8422 section 5.4: where the group stands. */
START_TEST(group_is_read_on_the_way)
{
	struct tls_watch w = { 0 };

	tls_watch_feed(&w, cases[_i].bytes, cases[_i].len);
	check(&w, _i);
	memset(&w, 0, sizeof(w));
	for (size_t i = 0; i < cases[_i].len; i++)
		tls_watch_feed(&w, cases[_i].bytes + i, 1);
	check(&w, _i);
}
END_TEST

/* Lengths that lie, at each byte: nothing is read beyond what came. */
START_TEST(any_byte_may_be_wrong)
{
	struct tls_watch w;
	uint8_t *copy = malloc(cases[_i].len);

	ck_assert_ptr_nonnull(copy);
	for (size_t at = 0; at < cases[_i].len; at++) {
		for (unsigned int v = 0; v < 256; v += 5) {
			memcpy(copy, cases[_i].bytes, cases[_i].len);
			copy[at] = (uint8_t)v;
			memset(&w, 0, sizeof(w));
			tls_watch_feed(&w, copy, cases[_i].len);
			EXPECT_LE(w.nmsg, TLS_WATCH_MAX);
		}
	}
	free(copy);
}
END_TEST

/* A message longer than is kept passes, and the next is read. */
START_TEST(long_messages_pass)
{
	static const uint8_t head[] = { 22, 3, 3, 0x20, 0 };
	static const uint8_t cert[] = { 11, 0, 0x1f, 0xfc };
	static const uint8_t kx[] = { 22, 3, 3, 0, 8, 12, 0, 0, 4, 3, 0, 23, 9 };
	static uint8_t body[0x1ffc];
	struct tls_watch w = { 0 };

	tls_watch_feed(&w, head, sizeof(head));
	tls_watch_feed(&w, cert, sizeof(cert));
	tls_watch_feed(&w, body, sizeof(body));
	ck_assert_uint_eq(w.nmsg, 0);
	tls_watch_feed(&w, kx, sizeof(kx));
	ck_assert_uint_eq(w.group, 23);
	ck_assert(w.done);
}
END_TEST

Suite *suite_crypto_watch(void)
{
	Suite *s = suite_create("crypto/watch");
	TCase *tc = tcase_create("records");
	int n = (int)(sizeof(cases) / sizeof(cases[0]));

	tcase_add_loop_test(tc, group_is_read_on_the_way, 0, n);
	tcase_add_loop_test(tc, any_byte_may_be_wrong, 0, n);
	tcase_add_test(tc, long_messages_pass);
	suite_add_tcase(s, tc);
	return s;
}
