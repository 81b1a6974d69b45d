/* SPDX-License-Identifier: MIT */
/*
 * test_config_tls.c - the configuration: secure channels and forwarding
 *
 * Method: as test_config.c.
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "confrig.h"
#include "suites.h"

static struct conf_rig t;

static int load(const char *text, const char *override)
{
	return conf_load(&t, text, override);
}

static void teardown(void)
{
	conf_free(&t);
}

static const struct {
	const char *name;
	const char *text;
	const char *override;
	const char *want; /* after "FILE:", or the whole line of -o */
} faults[] = {
	{ "target of no forward",
	  "[service a]\ntype=echo\nport=1\ntarget=tcp:localhost:80\n", NULL,
	  "1: [service a]: expected type = forward, no other has a target" },
	{ "forward without a target", "[service a]\ntype=forward\nport=1\n",
	  NULL, "1: [service a]: expected a key target, where type = forward" },
	{ "target without a port",
	  "[service a]\ntype=echo\nport=1\ntarget=tcp:localhost\n", NULL,
	  "4: [service a] target = tcp:localhost: expected tcp:HOST:PORT" },
	{ "target with an impossible port",
	  "[service a]\ntype=echo\nport=1\ntarget=tcp:[::1]:65536\n", NULL,
	  "4: [service a] target = tcp:[::1]:65536: expected tcp:HOST:PORT" },
	{ "target with a relative path",
	  "[service a]\ntype=echo\nport=1\ntarget=unix:sock\n", NULL,
	  "4: [service a] target = unix:sock: expected tcp:HOST:PORT" },
	{ "certificate without key", "[tls]\ncertificate=/a\n", NULL,
	  "2: [tls] certificate = /a: expected a key = PATH as well" },
	{ "key without certificate", "", "tls.key=/a",
	  "-o tls.key=/a: expected a certificate = PATH as well" },
	{ "old version of TLS", "[tls]\nmin-version=1.1\n", NULL,
	  "2: [tls] min-version = 1.1: expected 1.2 or 1.3" },
	{ "relative certificate", "[tls]\ncertificate=a.pem\nkey=/k\n", NULL,
	  "2: [tls] certificate = a.pem: expected an absolute path" },
	{ "no room for a handshake", "[tls]\nmax-handshakes=0\n", NULL,
	  "expected a whole number from 1 to 65536" },
	{ "no state directory", "[tls]\nstate-directory=\n", NULL,
	  "expected an absolute path of at most 255 bytes" },
};

START_TEST(fault_is_named_by_place_and_expectation)
{
	ck_assert_msg(load(faults[_i].text, faults[_i].override) == 1, "%s: %s",
		      faults[_i].name, t.messages);
	ck_assert_msg(strstr(t.messages, faults[_i].want), "%s: %s",
		      faults[_i].name, t.messages);
}
END_TEST

START_TEST(tls_is_off_and_bounded_by_default)
{
	ck_assert_int_eq(load("", NULL), 0);
	ck_assert(!t.cfg.service[0].tls);
	ck_assert_str_eq(t.cfg.tls.certificate, "");
	ck_assert_int_eq(t.cfg.tls.min_version, 0);
	ck_assert(t.cfg.tls.tickets);
	ck_assert_uint_eq(t.cfg.tls.max_conns, 1024);
	ck_assert_uint_eq(t.cfg.tls.max_handshakes, 256);
	ck_assert_uint_eq(t.cfg.tls.handshake_timeout_us, 10000000);
}
END_TEST

START_TEST(service_may_be_secure)
{
	ck_assert_int_eq(load("[service a]\ntype=echo\nport=7\ntls=yes\n",
			      "tls.min-version=1.3"),
			 0);
	ck_assert(t.cfg.service[0].tls);
	ck_assert_int_eq(t.cfg.tls.min_version, 1);
}
END_TEST

/* systemd names several with colons; a relative path is nobody's. */
START_TEST(state_directory_is_systemds_first)
{
	ck_assert_int_eq(setenv("STATE_DIRECTORY", "/s/a:/s/b", 1), 0);
	ck_assert_int_eq(load("", NULL), 0);
	ck_assert_str_eq(t.cfg.tls.state_dir, "/s/a");
	ck_assert_int_eq(load("", "tls.state-directory=/mine"), 0);
	ck_assert_str_eq(t.cfg.tls.state_dir, "/mine");
	ck_assert_int_eq(setenv("STATE_DIRECTORY", "a", 1), 0);
	ck_assert_int_eq(load("", NULL), 0);
	ck_assert_int_eq(t.cfg.tls.state_dir[0], '/');
	ck_assert_int_eq(unsetenv("STATE_DIRECTORY"), 0);
}
END_TEST

Suite *suite_daemon_config_tls(void)
{
	Suite *s = suite_create("daemon/config: tls");
	TCase *tc = tcase_create("config");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, fault_is_named_by_place_and_expectation, 0,
			    sizeof(faults) / sizeof(faults[0]));
	tcase_add_test(tc, tls_is_off_and_bounded_by_default);
	tcase_add_test(tc, service_may_be_secure);
	tcase_add_test(tc, state_directory_is_systemds_first);
	suite_add_tcase(s, tc);
	return s;
}
