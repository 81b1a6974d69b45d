/* SPDX-License-Identifier: MIT */
/*
 * test_config.c - the configuration: values, errors, contradictions, printing
 *
 * Method: a configuration is loaded from text by way of a temporary file, with
 * overrides where a case has them; messages are caught and looked at.
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "confrig.h"
#include "daemon/config.h"
#include "daemon/config_int.h"
#include "daemon/log.h"
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

/* --------------------------------------------------------------- defaults */

START_TEST(empty_file_is_the_defaults)
{
	ck_assert_int_eq(load("", NULL), 0);
	ck_assert_str_eq(t.cfg.ifname, "ustack0");
	ck_assert_uint_eq(t.cfg.mtu, 1500);
	ck_assert_uint_eq(t.cfg.stack.mtu, 1500);
	ck_assert(t.cfg.manage);
	ck_assert_uint_eq(t.cfg.txqueuelen, 5000);
	ck_assert_uint_eq(t.cfg.nhost_addr, 2);
	ck_assert_uint_eq(t.cfg.host_addr[0].len, 24);
	ck_assert_uint_eq(t.cfg.stack.naddrs, 2);
	ck_assert_uint_eq(t.cfg.stack.nnot_ours, 0);
	ck_assert_uint_eq(t.cfg.nservice, 5);
	ck_assert_uint_eq(t.cfg.service[2].port, 19);
	ck_assert_uint_eq(t.cfg.service[3].port, 80);
	ck_assert_uint_eq(t.cfg.service[4].port, 7007);
	ck_assert(t.cfg.service[4].tls);
	ck_assert_int_eq(t.cfg.log_level, LOG_LVL_INFO);
	ck_assert_int_eq(t.cfg.tun_fd, -1);
	ck_assert_uint_ge(t.cfg.stack.mem_limit_bytes, 64u << 20);
	ck_assert_uint_le(t.cfg.stack.mem_limit_bytes, (uint64_t)4 << 30);
}
END_TEST

START_TEST(missing_file_is_an_error_when_named)
{
	struct config_source src = { .path = "/nonexistent", .tun_fd = -1 };
	FILE *out = open_memstream(&t.messages, &t.len);

	ck_assert_int_eq(config_load(&t.cfg, &src, out), 1);
	(void)fclose(out);
	ck_assert_ptr_nonnull(
		strstr(t.messages, "/nonexistent: cannot be read"));
}
END_TEST

START_TEST(directory_is_no_file)
{
	struct config_source src = { .path = "/tmp", .tun_fd = -1 };
	FILE *out = open_memstream(&t.messages, &t.len);

	ck_assert_int_eq(config_load(&t.cfg, &src, out), 1);
	(void)fclose(out);
}
END_TEST

/* --------------------------------------------------------------- printing */

static char *print(void)
{
	return conf_print(&t);
}

static const char *const printable[] = {
	"",
	"[interface]\nmanage=no\noffload=off\nname=a.b-c_1\n",
	"[stack]\naddress = 10.7.0.0/24, fd07::/64\nmemory-limit=17M\n",
	"[tcp]\nrto-min=1ms\ndelayed-ack=0s\nmsl=90s\nwindow-max=4097\n",
	"[service a]\ntype=echo\nport=1\n[service b]\nport=2\ntype=chargen\n",
	"[tcp]\necn=active\ncongestion-control=reno\n",
	"[service a]\ntype=echo\nport=1\ncongestion-control=reno\n",
	"[log]\ntarget=file:/x/y\nformat=json\nlevel=trace\n",
	"[control]\nsocket=/x\ngroup=\nshutdown-timeout=0s\n",
	"[service a]\ntype=echo\nport=1\ntls=yes\n[tls]\ncertificate=/c\n"
	"key=/k\nclient-ca=/ca\npsk-file=/psk\nmin-version=1.3\n"
	"session-tickets=no\nmax-connections=3\nmax-handshakes=2\n"
	"handshake-timeout=3s\nstate-directory=/var/x\n",
	"[impair]\nrule = out delay 20ms 2ms loss 1%\nscript = drop syn; drop "
	"fin\npreset = lte\nrule = loss gemodel 1%\npreset = 3g port 7\n",
};

/* What -t prints is a configuration, and the same one. */
START_TEST(printed_configuration_reads_back)
{
	char *first;
	char *second;

	ck_assert_msg(load(printable[_i], NULL) == 0, "%s", t.messages);
	first = print();
	ck_assert_msg(load(first, NULL) == 0, "%s", t.messages);
	second = print();
	ck_assert_str_eq(first, second);
	free(first);
	free(second);
}
END_TEST

/* ----------------------------------------------------------------- errors */

static const struct {
	const char *name;
	const char *text;
	const char *override;
	const char *want; /* after "FILE:", or the whole line of -o */
} faults[] = {
	{ "no section", "mtu=1\n", NULL, "1: mtu = 1: expected a [section]" },
	{ "unknown section", "\n[tpc]\n", NULL,
	  "2: [tpc]: unknown section, expected [tcp]?" },
	{ "unknown key", "[tcp]\nrto-mim=1s\n", NULL,
	  "2: [tcp] rto-mim = 1s: unknown key, expected rto-min?" },
	{ "later issue's key", "[tcp]\nfast-open=auto\n", NULL,
	  "2: [tcp] fast-open = auto: unknown key" },
	{ "no such choice", "[tcp]\nsyn-cookies=yes\n", NULL,
	  "2: [tcp] syn-cookies = yes: expected never, auto or always" },
	{ "later issue's section", "[filter]\n", NULL,
	  "1: [filter]: unknown section" },
	{ "section like none", "[qqqqqq]\n", NULL,
	  "1: [qqqqqq]: unknown section, expected one of [interface], [stack], "
	  "[tcp], [service NAME], [tls], [impair], [log], [control], "
	  "[security]\n" },
	{ "impossible rule", "[impair]\nrule = loss 1%\nrule = loss 120%\n",
	  NULL,
	  "3: [impair] rule = loss 120%: loss 120%: a probability is 0% to 100%" },
	{ "unknown preset", "[impair]\npreset = ltr\n", NULL,
	  "2: [impair] preset = ltr: ltr: did you mean lte? there are" },
	{ "impossible script", "[impair]\nscript = drop out dada\n", NULL,
	  "2: [impair] script = drop out dada: dada: did you mean data?" },
	{ "impairment of nobody", "[impair]\nrule = service web loss 1%\n",
	  NULL,
	  "2: [impair] rule = service web loss 1%: expected a service there is: no web among "
	  "echo, discard, chargen" },
	{ "too many rules",
	  "[impair]\npreset=lte port 1\npreset=lte port 2\npreset=lte port 3\n"
	  "preset=lte port 4\npreset=lte port 5\npreset=lte port 6\n"
	  "preset=lte port 7\npreset=lte port 8\npreset=lte port 9\n"
	  "preset=lte port 10\npreset=lte port 11\npreset=lte port 12\n"
	  "preset=lte port 13\npreset=lte port 14\npreset=lte port 15\n"
	  "preset=lte port 16\npreset=lte port 17\npreset=lte port 18\n"
	  "preset=lte port 19\npreset=lte port 20\npreset=lte port 21\n"
	  "preset=lte port 22\npreset=lte port 23\npreset=lte port 24\n"
	  "preset=lte port 25\npreset=lte port 26\npreset=lte port 27\n"
	  "preset=lte port 28\npreset=lte port 29\npreset=lte port 30\n"
	  "preset=lte port 31\npreset=lte port 32\nrule=loss 1%\n",
	  NULL,
	  "33: [impair] preset = lte port 32: expected at most 64 rules" },
	{ "exempt and impaired",
	  "[service a]\ntype=echo\nport=7\nexempt=yes\n"
	  "[impair]\nscript=port 7; drop syn\n",
	  NULL,
	  "6: [impair] script = port 7; drop syn: expected a service that "
	  "may be impaired: [service a] has exempt = yes" },
	{ "override of a rule", "", "impair.rule=delay -3ms",
	  "-o impair.rule=delay -3ms: delay -3ms: a delay is" },
	{ "no number", "[interface]\nmtu=big\n", NULL,
	  "2: [interface] mtu = big: expected a whole number from 576 to 65535" },
	{ "out of range", "[interface]\nmtu=65536\n", NULL,
	  "2: [interface] mtu = 65536: expected" },
	{ "overflow", "[interface]\nmtu=18446744073709552116\n", NULL,
	  "expected a whole" },
	{ "negative", "[tcp]\nttl=-1\n", NULL,
	  "expected a whole number from 1 to 255" },
	{ "time without unit", "[tcp]\nrto-min=200\n", NULL,
	  "expected a time with its unit" },
	{ "delayed ack too long", "[tcp]\ndelayed-ack=500ms\n", NULL,
	  "from 0s to 499ms" },
	{ "size overflow", "[tcp]\nwindow-max=99999999999999999G\n", NULL,
	  "expected a size" },
	{ "word", "[log]\nlevel=loud\n", NULL,
	  "expected error, warning, info, debug or trace" },
	{ "yes or no", "[tcp]\nnodelay=maybe\n", NULL, "expected yes or no" },
	{ "relative path", "[log]\ntarget=file:x\n", NULL,
	  "expected stderr, journal or file:PATH" },
	{ "long socket path",
	  "[control]\nsocket=/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	  NULL, "at most 107 bytes" },
	{ "interface name", "[interface]\nname=a/b\n", NULL,
	  "expected a name of at most 15" },
	{ "host without length", "[interface]\nhost-address=10.7.0.1\n", NULL,
	  "prefix length" },
	{ "host is network", "[interface]\nhost-address=10.7.0.0/24\n", NULL,
	  "prefix length" },
	{ "host is broadcast", "[interface]\nhost-address=10.7.0.255/24\n",
	  NULL, "prefix length" },
	{ "host bits in network", "[stack]\naddress=10.7.0.5/24\n", NULL,
	  "without host bits" },
	{ "multicast", "[stack]\naddress=224.0.0.1\n", NULL,
	  "expected up to 8 addresses" },
	{ "loopback", "[stack]\naddress=::1\n", NULL,
	  "expected up to 8 addresses" },
	{ "mapped", "[stack]\naddress=::ffff:10.7.0.2\n", NULL,
	  "expected up to 8 addresses" },
	{ "empty list", "[stack]\naddress=\n", NULL,
	  "expected up to 8 addresses" },
	{ "trailing comma", "[stack]\naddress=10.7.0.2,\n", NULL,
	  "expected up to 8 addresses" },
	{ "given twice", "[log]\nlevel=info\nlevel=info\n", NULL,
	  "3: [log] level = info: expected once, first given at line 2" },
	{ "no assignment", "[log]\nlevel\n", NULL,
	  "2: expected key = value, a [section] or" },
	{ "no bracket", "[log\n", NULL, "1: expected a ']'" },
	{ "nameless service", "[service]\n", NULL,
	  "1: [service]: expected [service NAME]" },
	{ "service twice", "[service a]\ntype=echo\nport=1\n[service a]\n",
	  NULL, "4: [service a]: expected once, first given at line 1" },
	{ "service without type", "[service a]\nport=1\n", NULL,
	  "1: [service a]: expected a key type" },
	{ "service without port", "[service a]\ntype=echo\n", NULL,
	  "1: [service a]: expected a key port" },
	{ "port twice",
	  "[service a]\ntype=echo\nport=1\n[service b]\ntype=echo\nport=1\n",
	  NULL,
	  "4: [service b]: expected a port of its own, 1 is that of [service a]" },
	{ "mtu and IPv6", "[interface]\nmtu=1000\n", NULL,
	  "2: [interface] mtu = 1000: expected at least 1280" },
	{ "mtu and the host's IPv6",
	  "[interface]\nmtu=1000\n[stack]\naddress=10.7.0.2\n", NULL,
	  "2: [interface] mtu = 1000: expected at least 1280, because "
	  "[interface] host-address has IPv6" },
	{ "host's own address", "[stack]\naddress=10.7.0.1\n", NULL,
	  "2: [stack] address = 10.7.0.1: expected another address than the host's" },
	{ "outside the subnet", "[stack]\naddress=10.8.0.1\n", NULL,
	  "10.8.0.1 is not" },
	{ "no room", "[stack]\naddress=10.7.0.0/31\n", NULL,
	  "expected a network with room" },
	{ "address twice", "[stack]\naddress=10.7.0.2, 10.7.0.2\n", NULL,
	  "each address once" },
	{ "rto order", "[tcp]\nrto-min=2m\n", NULL,
	  "2: [tcp] rto-min = 2m: expected at most rto-max" },
	{ "rto-initial", "[tcp]\nrto-max=500ms\n", NULL,
	  "rto-initial = 1s (default): expected" },
	{ "override without dot", "", "mtu=3",
	  "-o mtu=3: expected SECTION.KEY=VALUE" },
	{ "override without value", "", "interface.mtu",
	  "-o interface.mtu: expected SECTION" },
	{ "override of nothing", "", "interface.mut=9000",
	  "-o interface.mut=9000: unknown key, expected mtu?" },
	{ "bad override", "", "interface.mtu=1",
	  "-o interface.mtu=1: expected a whole number" },
	{ "override contradicts", "", "interface.mtu=1000",
	  "-o interface.mtu=1000: expected at" },
};

START_TEST(fault_is_named_by_place_and_expectation)
{
	ck_assert_msg(load(faults[_i].text, faults[_i].override) == 1, "%s: %s",
		      faults[_i].name, t.messages);
	ck_assert_msg(strstr(t.messages, faults[_i].want), "%s: %s",
		      faults[_i].name, t.messages);
	ck_assert_msg(t.messages[strlen(t.messages) - 1] == '\n', "%s",
		      faults[_i].name);
}
END_TEST

START_TEST(all_errors_come_at_once)
{
	ck_assert_int_eq(load("x=1\n[interface]\nmtu=x\nname=\n[nix]\na=b\n"
			      "[log]\nlevel=x\njunk\n",
			      "tcp.ttl=0"),
			 7);
}
END_TEST

START_TEST(line_too_long_is_refused_whole)
{
	char text[512];
	size_t len = (size_t)snprintf(text, sizeof(text),
				      "[log]\nlevel = info");

	memset(text + len, ' ', 300);
	(void)snprintf(text + len + 300, sizeof(text) - len - 300,
		       "mtu = 3\nformat = json\n");
	ck_assert_int_eq(load(text, NULL), 1);
	ck_assert_ptr_nonnull(strstr(t.messages, ":2: expected a line of at"));
	ck_assert(t.cfg.log_json);
}
END_TEST

/* ----------------------------------------------------------------- values */

START_TEST(layout_of_lines_is_free)
{
	ck_assert_msg(load("\xef\xbb\xbf# comment\n  [ tcp ]  ; comment\r\n"
			   "\tttl=7   ; comment\n  nodelay : no\n"
			   "; comment\n\n[log]\nlevel=debug",
			   NULL) == 0,
		      "%s", t.messages);
	ck_assert_uint_eq(t.cfg.stack.ttl, 7);
	ck_assert(!t.cfg.stack.nodelay);
	ck_assert_int_eq(t.cfg.log_level, LOG_LVL_DEBUG);
}
END_TEST

static const struct {
	const char *text;
	uint64_t us;
} times[] = {
	{ "1ms", 1000 },     { "1500us", 1500 },   { "2s", 2000000 },
	{ "2m", 120000000 }, { "1h", 3600000000 },
};

START_TEST(times_have_units)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "tcp.fin-wait2-timeout=%s",
		       times[_i].text);
	ck_assert_int_eq(load("", text), 0);
	ck_assert_uint_eq(t.cfg.stack.fin_wait2_us, times[_i].us);
}
END_TEST

START_TEST(network_leaves_out_what_is_the_hosts)
{
	ck_assert_msg(load("[stack]\naddress=10.7.0.0/24, fd07::/64\n", NULL) ==
			      0,
		      "%s", t.messages);
	/* host, network, broadcast; and the host's IPv6 address */
	ck_assert_uint_eq(t.cfg.stack.nnot_ours, 4);
	ck_assert_uint_eq(t.cfg.stack.addr[0].len, 96 + 24);
	ck_assert_uint_eq(t.cfg.stack.addr[1].len, 64);
}
END_TEST

START_TEST(foreign_interface_may_have_any_addresses)
{
	ck_assert_msg(
		load("[interface]\nmanage=no\n[stack]\naddress=10.9.0.1\n",
		     NULL) == 0,
		"%s", t.messages);
}
END_TEST

/* Equal keys add up, and are printed in the words of the language. */
START_TEST(rules_presets_and_scripts_may_be_repeated)
{
	char *text;

	ck_assert_msg(load("[impair]\nrule = delay 20000 out\n"
			   "rule = loss 1\npreset = lte next\n"
			   "script = drop in syn count 2; hold out data\n",
			   "impair.rule=in loss gemodel 1%") == 0,
		      "%s", t.messages);
	text = print();
	ck_assert_ptr_nonnull(strstr(text,
				     "[impair]\n"
				     "rule = out delay 20ms\n"
				     "rule = both loss 1%\n"
				     "rule = in loss gemodel 1% 99% 100% "
				     "0%\n"
				     "preset = lte next\n"
				     "script = next; drop in syn nth 1-2; "
				     "hold out data\n\n"));
	free(text);
	ck_assert_int_eq(load("[impair]\nrule = loss 1%\n", "impair.rule="), 0);
	ck_assert_uint_eq(t.cfg.rules.n, 0);
}
END_TEST

START_TEST(rules_are_bounded_in_number)
{
	char text[2048] = "[impair]\n";
	size_t len = strlen(text);

	for (uint32_t i = 0; i < CONFIG_TEXTS_MAX + 1; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"rule = port %u loss 1%%\n", i + 100);
	ck_assert_int_eq(load(text, NULL), 1);
	ck_assert_ptr_nonnull(
		strstr(t.messages, "expected at most 32 of them"));
}
END_TEST

START_TEST(override_wins_over_file)
{
	ck_assert_int_eq(load("[interface]\nmtu=9000\n", "interface.mtu=1400"),
			 0);
	ck_assert_uint_eq(t.cfg.mtu, 1400);
}
END_TEST

START_TEST(override_changes_a_default_service)
{
	ck_assert_int_eq(load("", "service echo.port=7777"), 0);
	ck_assert_uint_eq(t.cfg.nservice, 5);
	ck_assert_uint_eq(t.cfg.service[0].port, 7777);
}
END_TEST

START_TEST(small_window_shrinks_the_first_buffer)
{
	ck_assert_int_eq(load("[tcp]\nwindow-max=8K\n", NULL), 0);
	ck_assert_uint_eq(t.cfg.stack.rcvbuf_init, 8192);
}
END_TEST

/* Whatever bytes a file has: messages, no crash, and they fit a terminal. */
START_TEST(noise_is_refused_quietly)
{
	static const char letters[] =
		"[]=;#:., \n\r\tatcpservice/0123456789\x01\xff";
	unsigned int seed = (unsigned int)test_seed();
	char text[600];

	for (int i = 0; i < 500; i++) {
		size_t len = (size_t)rand_r(&seed) % (sizeof(text) - 1);

		for (size_t k = 0; k < len; k++)
			text[k] = letters[(size_t)rand_r(&seed) %
					  (sizeof(letters) - 1)];
		text[len] = '\0';
		(void)load(text, NULL);
		ck_assert_ptr_null(strchr(t.messages, '\x01'));
	}
}
END_TEST

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

Suite *suite_daemon_config(void)
{
	Suite *s = suite_create("daemon/config");
	TCase *tc = tcase_create("config");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, empty_file_is_the_defaults);
	tcase_add_test(tc, missing_file_is_an_error_when_named);
	tcase_add_test(tc, directory_is_no_file);
	tcase_add_loop_test(tc, printed_configuration_reads_back, 0,
			    LENGTH(printable));
	tcase_add_loop_test(tc, fault_is_named_by_place_and_expectation, 0,
			    LENGTH(faults));
	tcase_add_test(tc, all_errors_come_at_once);
	tcase_add_test(tc, line_too_long_is_refused_whole);
	tcase_add_test(tc, layout_of_lines_is_free);
	tcase_add_loop_test(tc, times_have_units, 0, LENGTH(times));
	tcase_add_test(tc, network_leaves_out_what_is_the_hosts);
	tcase_add_test(tc, foreign_interface_may_have_any_addresses);
	tcase_add_test(tc, rules_presets_and_scripts_may_be_repeated);
	tcase_add_test(tc, rules_are_bounded_in_number);
	tcase_add_test(tc, override_wins_over_file);
	tcase_add_test(tc, override_changes_a_default_service);
	tcase_add_test(tc, small_window_shrinks_the_first_buffer);
	tcase_add_test(tc, noise_is_refused_quietly);
	suite_add_tcase(s, tc);
	return s;
}
