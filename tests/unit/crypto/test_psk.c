/* SPDX-License-Identifier: MIT */
/*
 * test_psk.c - PSK files: lines, bounds, and words that tell no key
 *
 * Method: texts become contexts of a server; identities and keys are looked at
 * inside.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/creds_int.h"
#include "tests/unit/suites.h"
#include "tlsrig.h"

#define HEX16 "00112233445566778899aabbccddeeff"

static struct tls_rig rig;

static void setup(void)
{
	tr_init(&rig, 0);
}

static struct tls_context *make(struct tls_bytes text, bool client,
				struct tls_problem *p)
{
	struct tls_context_args a = { .client = client,
				      .psk = text,
				      .random = tr_bytes,
				      .random_arg = &rig };

	return tls_context_new(&a, p);
}

#define LONG64                                                                 \
	"0123456789012345678901234567890123456789012345678901234567890123"

static const struct {
	const char *text;
	unsigned int line;
	const char *what;
} bad[] = {
	{ "alice\n", 1, "there is no colon" },
	{ "# x\n\n:" HEX16 "\n", 3, "the identity is empty" },
	{ "a:" HEX16 "\nb:00112\n", 2, "the key has an odd number of digits" },
	{ "a:zz112233445566778899aabbccddeeff\n", 1,
	  "the key is not hexadecimal" },
	{ "a:\n", 1, "the key is shorter than 16 bytes" },
	{ "a:00112233445566778899aabbccddee\n", 1,
	  "the key is shorter than 16 bytes" },
	{ "a:" LONG64 LONG64 "00\n", 1, "the key is longer than 64 bytes" },
	{ "a:" HEX16 "\nb:" HEX16 "\na:" HEX16 "\n", 3,
	  "\"a\" is there already" },
	{ "a : " HEX16, 1, "there is a blank in front of the colon" },
	{ "a: " HEX16, 1, "the key is not hexadecimal" },
	{ LONG64 LONG64 LONG64 LONG64 ":" HEX16, 1,
	  "the identity is longer than 255 bytes" },
};

START_TEST(bad_line_is_named_by_number)
{
	struct tls_problem p;
	char want[128];

	ck_assert(!make(tr_pem(bad[_i].text), false, &p));
	(void)snprintf(want, sizeof(want), "line %u of the PSK file: %s",
		       bad[_i].line, bad[_i].what);
	ck_assert_str_eq(p.text, want);
	ck_assert_int_eq(p.part, TLS_PART_PSK);
	ck_assert_int_eq(p.kind, TLS_CREDENTIALS);
}
END_TEST

/* Whatever is wrong with it, no message shows some of a key. */
START_TEST(message_shows_no_key)
{
	static const char *const texts[] = {
		"a:5ec2e7\n",
		"a:5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e7x\n",
		"5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e7\n",
	};
	struct tls_problem p;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert(!make(tr_pem(texts[i]), false, &p));
		ck_assert_ptr_null(strstr(p.text, "5ec2e7"));
		ck_assert_ptr_null(strstr(p.advice, "5ec2e7"));
	}
}
END_TEST

START_TEST(identities_are_taken_as_they_are)
{
	static const char text[] = "# comment\r\n  \n"
				   "alice:" HEX16 "\r\n"
				   "\tc:o:l:" LONG64 LONG64 "  \n"
				   "\xc3\xa4 b:" HEX16;
	struct tls_problem p;
	struct tls_context *ctx = make(tr_pem(text), false, &p);

	ck_assert_msg(ctx, "%s", p.text);
	ck_assert_uint_eq(ctx->npsk, 3);
	ck_assert_str_eq(ctx->psk[0].id, "alice");
	ck_assert_uint_eq(ctx->psk[0].key_len, 16);
	ck_assert_uint_eq(ctx->psk[0].key[15], 0xff);
	ck_assert_str_eq(ctx->psk[1].id, "c:o:l");
	ck_assert_uint_eq(ctx->psk[1].key_len, 64);
	ck_assert_str_eq(ctx->psk[2].id, "\xc3\xa4 b");
	tls_context_put(ctx);
}
END_TEST

START_TEST(nul_byte_is_refused)
{
	static const char text[] = "a\0b:" HEX16 "\n";
	struct tls_problem p;

	ck_assert(
		!make((struct tls_bytes){ text, sizeof(text) - 1 }, false, &p));
	ck_assert_str_eq(p.text, "line 1 of the PSK file: there is a NUL byte");
}
END_TEST

START_TEST(identities_are_bounded_in_number)
{
	char *text = malloc(TLS_PEM_MAX);
	struct tls_context *ctx;
	struct tls_problem p;
	size_t len = 0;

	ck_assert_ptr_nonnull(text);
	for (unsigned int i = 0; i < TLS_PSK_MAX; i++)
		len += (size_t)snprintf(text + len, TLS_PEM_MAX - len,
					"%u:" HEX16 "\n", i);
	ctx = make(tr_pem(text), false, &p);
	ck_assert_msg(ctx, "%s", p.text);
	ck_assert_uint_eq(ctx->npsk, TLS_PSK_MAX);
	tls_context_put(ctx);
	(void)snprintf(text + len, TLS_PEM_MAX - len, "x:" HEX16 "\n");
	ck_assert(!make(tr_pem(text), false, &p));
	ck_assert_str_eq(p.text, "line 1025 of the PSK file: there are more "
				 "than 1024 identities");
	free(text);
}
END_TEST

/* Client and server, from the same file: the first identity is used. */
START_TEST(client_uses_the_first)
{
	struct tls_problem p;
	struct tls_info info;

	rig.side[CLIENT].ctx = make(tr_pem("bob:" HEX16 "\nx:" HEX16), true,
				    &p);
	rig.side[SERVER].ctx = make(tr_pem("x:" HEX16 "\nbob:" HEX16), false,
				    &p);
	tr_open(&rig, NULL, NULL);
	tr_shake(&rig);
	ck_assert(tls_info(rig.side[SERVER].ch, &info));
	ck_assert_str_eq(info.peer, "bob");
	tr_fini(&rig);
}
END_TEST

Suite *suite_crypto_psk(void)
{
	Suite *s = suite_create("crypto/psk");
	TCase *tc = tcase_create("psk");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, bad_line_is_named_by_number, 0,
			    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, message_shows_no_key);
	tcase_add_test(tc, identities_are_taken_as_they_are);
	tcase_add_test(tc, nul_byte_is_refused);
	tcase_add_test(tc, identities_are_bounded_in_number);
	tcase_add_test(tc, client_uses_the_first);
	suite_add_tcase(s, tc);
	return s;
}
