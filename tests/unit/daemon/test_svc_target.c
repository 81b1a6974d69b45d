/* SPDX-License-Identifier: MIT */
/*
 * test_svc_target.c - where a forward service connects to, as text
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "daemon/svc/target.h"
#include "tests/unit/suites.h"

#define TEN	"1234567890"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct {
	const char *text;
	const char *wrong; /* NULL = nothing; else a part of what is said */
} targets[] = {
	{ "tcp:localhost:8080", NULL },
	{ "tcp:127.0.0.1:1", NULL },
	{ "tcp:[::1]:65535", NULL },
	{ "tcp:a-b.example:80", NULL },
	{ "unix:/run/web.sock", NULL },
	{ "unix:/" HUNDRED "123456", NULL },
	{ "", "tcp:HOST:PORT or unix:PATH" },
	{ "localhost:80", "tcp:HOST:PORT or unix:PATH" },
	{ "udp:localhost:80", "tcp:HOST:PORT or unix:PATH" },
	{ "TCP:localhost:80", "tcp:HOST:PORT or unix:PATH" },
	{ "tcp:", "port" },
	{ "tcp:localhost", "port" },
	{ "tcp:localhost:", "port" },
	{ "tcp:localhost:0", "port" },
	{ "tcp:localhost:65536", "port" },
	{ "tcp:localhost:http", "port" },
	{ "tcp:localhost:80x", "port" },
	{ "tcp:localhost:-1", "port" },
	{ "tcp:localhost: 80", "port" },
	{ "tcp:localhost:000080", "port" },
	{ "tcp::80", "host" },
	{ "tcp:[]:80", "brackets" },
	{ "tcp:::1:80", "brackets" },
	{ "tcp:[::1:80", "brackets" },
	{ "tcp:" HUNDRED HUNDRED HUNDRED ":80", "253" },
	{ "unix:", "begins with /" },
	{ "unix:web.sock", "begins with /" },
	{ "unix:@web", "begins with /" },
	{ "unix:/" HUNDRED "1234567", "107" },
};

START_TEST(target_is_checked)
{
	const char *wrong = target_check(targets[_i].text);
	const char *want = targets[_i].wrong;

	if (want)
		ck_assert_msg(wrong && strstr(wrong, want), "%s: %s",
			      targets[_i].text, wrong);
	else
		ck_assert_msg(!wrong, "%s: %s", targets[_i].text, wrong);
}
END_TEST

START_TEST(numbers_and_paths_are_resolved)
{
	const struct sockaddr_un *sun;
	const struct sockaddr_in *sin;
	const struct sockaddr_in6 *sin6;
	struct target t;
	char why[200];

	ck_assert_int_eq(target_resolve(&t, "tcp:127.0.0.9:80", why, 200), 0);
	sin = (const struct sockaddr_in *)&t.addr[0].sa;
	ck_assert_uint_eq(t.n, 1);
	ck_assert_uint_eq(t.addr[0].len, sizeof(*sin));
	ck_assert_int_eq(sin->sin_family, AF_INET);
	ck_assert_uint_eq(ntohl(sin->sin_addr.s_addr), 0x7f000009);
	ck_assert_uint_eq(ntohs(sin->sin_port), 80);

	ck_assert_int_eq(target_resolve(&t, "tcp:[::1]:81", why, 200), 0);
	sin6 = (const struct sockaddr_in6 *)&t.addr[0].sa;
	ck_assert_uint_eq(t.n, 1);
	ck_assert_int_eq(sin6->sin6_family, AF_INET6);
	ck_assert(IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr));
	ck_assert_uint_eq(ntohs(sin6->sin6_port), 81);

	ck_assert_int_eq(target_resolve(&t, "unix:/a/b", why, 200), 0);
	sun = (const struct sockaddr_un *)&t.addr[0].sa;
	ck_assert_uint_eq(t.n, 1);
	ck_assert_int_eq(sun->sun_family, AF_UNIX);
	ck_assert_str_eq(sun->sun_path, "/a/b");
}
END_TEST

/* What is wrong is said together with the target. */
START_TEST(target_that_cannot_be_resolved_says_why)
{
	struct target t;
	char why[200];

	ck_assert_int_eq(target_resolve(&t, "tcp:x", why, sizeof(why)),
			 -ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(why, "tcp:x: tcp:HOST:PORT ends with"));
	ck_assert_int_eq(target_resolve(&t, "tcp:1.2.3.4.5.:1", why,
					sizeof(why)),
			 -ERR_ADDRNOTAVAIL);
	ck_assert_ptr_nonnull(strstr(why, "tcp:1.2.3.4.5.:1: "));
	ck_assert_uint_gt(strlen(why), strlen("tcp:1.2.3.4.5.:1: "));
}
END_TEST

Suite *suite_daemon_svc_target(void)
{
	Suite *s = suite_create("daemon/svc/target");
	TCase *tc = tcase_create("target");

	tcase_add_loop_test(tc, target_is_checked, 0,
			    sizeof(targets) / sizeof(targets[0]));
	tcase_add_test(tc, numbers_and_paths_are_resolved);
	tcase_add_test(tc, target_that_cannot_be_resolved_says_why);
	suite_add_tcase(s, tc);
	return s;
}
