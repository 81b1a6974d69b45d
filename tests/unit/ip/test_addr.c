/* SPDX-License-Identifier: MIT */
/*
 * test_addr.c - kinds of address, and which ones are ours
 */

#include "stack/base/bytes.h"
#include "stack/ip/ip.h"
#include "tests/lib/vhost.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

static const struct {
	const char *text;
	bool is4;
	bool any;
	bool unicast;
} kinds[] = {
	{ "0.0.0.0", true, true, false },
	{ "0.0.0.1", true, false, false }, /* "this network" */
	{ "10.7.0.1", true, false, true },
	{ "126.255.255.255", true, false, true },
	{ "127.0.0.1", true, false, false },
	{ "127.255.0.9", true, false, false },
	{ "128.0.0.1", true, false, true },
	{ "223.255.255.255", true, false, true },
	{ "224.0.0.1", true, false, false }, /* class D	  */
	{ "239.1.2.3", true, false, false },
	{ "240.0.0.1", true, false, false }, /* class E	  */
	{ "255.255.255.255", true, false, false },
	{ "::", false, true, false },
	{ "::1", false, false, false },
	{ "::2", false, false, true },
	{ "::10.7.0.1", false, false, true }, /* not mapped: compatible */
	{ "::ffff:10.7.0.1", true, false, true },
	{ "::fffe:10.7.0.1", false, false, true },
	{ "1::ffff:10.7.0.1", false, false, true },
	{ "fd07::1", false, false, true },
	{ "fe80::1", false, false, true },
	{ "ff02::1", false, false, false },
	{ "ff0e::1", false, false, false },
};

/* RFC 1122 section 3.2.1.3, RFC 4291 section 2 */
START_TEST(address_is_of_its_kind)
{
	struct ustack_addr a = vhost_addr(kinds[_i].text);

	ck_assert_msg(ip_is4(&a) == kinds[_i].is4, "%s", kinds[_i].text);
	ck_assert_msg(ustack_addr_is4(&a) == kinds[_i].is4, "%s",
		      kinds[_i].text);
	ck_assert_msg(ip_is_any(&a) == kinds[_i].any, "%s", kinds[_i].text);
	ck_assert_msg(ip_is_unicast(&a) == kinds[_i].unicast, "%s",
		      kinds[_i].text);
	ck_assert_uint_eq(ip_hdr_len(&a), kinds[_i].is4 ? 20 : 40);
}
END_TEST

START_TEST(addresses_are_equal_when_all_bytes_are)
{
	const uint8_t four[4] = { 10, 7, 0, 1 };
	struct ustack_addr a = vhost_addr("::ffff:10.7.0.1");
	struct ustack_addr b = ustack_addr4(four);

	ck_assert(ustack_addr_eq(&a, &b));
	for (int i = 0; i < 16; i++) {
		b.b[i] ^= 0x40;
		ck_assert(!ustack_addr_eq(&a, &b));
		b.b[i] ^= 0x40;
	}
}
END_TEST

static const struct {
	const char *text;
	bool ours;
} whose[] = {
	{ "10.7.0.2", true },	      { "10.7.0.3", false },
	{ "10.8.0.0", true },	      { "10.8.15.255", true },
	{ "10.8.16.0", false },	      { "10.8.1.1", false },
	{ "fd07::2", true },	      { "fd07::3", false },
	{ "fd08::1", true },	      { "fd08:0:0:7fff::", true },
	{ "fd08:0:0:8000::", false }, { "fd08::bad", false },
};

/* Prefixes count their bits exactly; exceptions stand out of them. */
START_TEST(ours_is_what_the_prefixes_hold_without_the_exceptions)
{
	struct vhost h = { 0 };
	struct ustack_config cfg;
	struct ustack_addr a = vhost_addr(whose[_i].text);

	vhost_config(&cfg);
	cfg.addr[2] = (struct ustack_prefix){ vhost_addr("10.8.0.0"), 96 + 20 };
	cfg.addr[3] = (struct ustack_prefix){ vhost_addr("fd08::"), 49 };
	cfg.naddrs = 4;
	cfg.not_ours[0] = vhost_addr("10.8.1.1");
	cfg.not_ours[1] = vhost_addr("fd08::bad");
	cfg.nnot_ours = 2;
	vhost_init(&h, &cfg, 1);
	ck_assert_msg(stack_is_ours(h.s, &a) == whose[_i].ours, "%s",
		      whose[_i].text);
	ck_assert_ptr_null(vhost_fini(&h));
}
END_TEST

Suite *suite_ip_addr(void)
{
	Suite *s = suite_create("ip/addr");
	TCase *tc = tcase_create("kinds");

	tcase_add_loop_test(tc, address_is_of_its_kind, 0, ARRAY_LEN(kinds));
	tcase_add_test(tc, addresses_are_equal_when_all_bytes_are);
	tcase_add_loop_test(
		tc, ours_is_what_the_prefixes_hold_without_the_exceptions, 0,
		ARRAY_LEN(whose));
	suite_add_tcase(s, tc);
	return s;
}
