/* SPDX-License-Identifier: MIT */
/*
 * test_addr.c - addresses as people write them
 */

#include <arpa/inet.h>
#include <string.h>

#include "daemon/addr.h"
#include "tests/unit/suites.h"

/* text, bits of the prefix, port; and how they are written */
static const struct {
	const char *addr;
	uint8_t len;
	const char *prefix;
	const char *endpoint;
} texts[] = {
	{ "10.7.0.2", 128, "10.7.0.2", "10.7.0.2:65535" },
	{ "10.7.0.0", 120, "10.7.0.0/24", "10.7.0.0:65535" },
	{ "0.0.0.0", 96, "0.0.0.0/0", "0.0.0.0:65535" },
	{ "fd07::2", 128, "fd07::2", "[fd07::2]:65535" },
	{ "fd07::", 64, "fd07::/64", "[fd07::]:65535" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 127,
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127",
	  "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535" },
};

START_TEST(address_is_written_in_each_form)
{
	struct ustack_prefix p = { .len = texts[_i].len };
	char text[ADDR_TEXT_MAX];
	char prefix[ADDR_PREFIX_MAX];
	char endpoint[ADDR_ENDPOINT_MAX];
	uint8_t b4[4];

	if (inet_pton(AF_INET, texts[_i].addr, b4) == 1)
		p.addr = ustack_addr4(b4);
	else
		ck_assert_int_eq(inet_pton(AF_INET6, texts[_i].addr, p.addr.b),
				 1);
	ck_assert_str_eq(addr_text(&p.addr, text), texts[_i].addr);
	ck_assert_str_eq(addr_prefix_text(&p, prefix), texts[_i].prefix);
	ck_assert_str_eq(addr_endpoint_text(&p.addr, 65535, endpoint),
			 texts[_i].endpoint);
}
END_TEST

Suite *suite_daemon_addr(void)
{
	Suite *s = suite_create("daemon/addr");
	TCase *tc = tcase_create("text");

	tcase_add_loop_test(tc, address_is_written_in_each_form, 0,
			    sizeof(texts) / sizeof(texts[0]));
	suite_add_tcase(s, tc);
	return s;
}
