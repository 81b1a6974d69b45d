/* SPDX-License-Identifier: MIT */
/*
 * test_reload.c - what is different in a configuration, and a worker that
 *		   changes while it runs
 */

#include <stdio.h>
#include <string.h>

#include "confrig.h"
#include "daemon/config.h"
#include "stack/link/impair.h"
#include "stack/ustack.h"
#include "tests/unit/suites.h"
#include "worker_rig.h"

#define ERR_LEN	  256u
#define HAND_MADE 40

/* -------------------------------------------------------------- differences */

/* What @text changes of the defaults, as "section key!, ...", ! = at a restart */
static void diff(const char *text, char *out, size_t size)
{
	struct config_change c[CONFIG_CHANGES_MAX];
	static struct conf_rig a, b;
	size_t len = 0;
	int n;

	ck_assert_int_eq(conf_load(&a, "", NULL), 0);
	ck_assert_int_eq(conf_load(&b, text, NULL), 0);
	n = config_diff(&a.cfg, &b.cfg, c, CONFIG_CHANGES_MAX);
	ck_assert_int_ge(n, 0);
	out[0] = '\0';
	for (int i = 0; i < n; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%s %s%s",
					i ? ", " : "", c[i].section, c[i].key,
					c[i].live ? "" : "!");
	conf_free(&a);
	conf_free(&b);
}

static const struct {
	const char *text;
	const char *want;
} diffs[] = {
	{ "", "" },
	{ "[tcp]\nrto-min = 200000us\n", "" },		/* said otherwise */
	{ "[service x]\ntype = echo\nport = 1\n", "" }, /* not compared here */
	{ "[interface]\nname = x\nmtu = 1400\n",
	  "interface name!, interface mtu!" },
	{ "[interface]\nhost-address = 10.7.0.9/24, fd07::1/64\n",
	  "interface host-address!" },
	{ "[stack]\naddress = 10.7.0.3\nmax-connections = 5\n",
	  "stack address!, stack max-connections" },
	{ "[stack]\nmemory-limit = 77M\n", "stack memory-limit" },
	{ "[tcp]\nrto-min = 1ms\nttl = 9\n", "tcp rto-min, tcp ttl" },
	{ "[tls]\nmax-connections = 5\nmax-handshakes = 5\n",
	  "tls max-connections!, tls max-handshakes" },
	{ "[tls]\nstate-directory = /x\nmin-version = 1.3\n",
	  "tls min-version, tls state-directory!" },
	{ "[impair]\nrule = loss 1%\n", "impair rule" },
	{ "[impair]\npreset = lte\nscript = port 7; drop in fin\n",
	  "impair preset, impair script" },
	{ "[log]\nlevel = debug\ntarget = file:/x\nformat = json\n",
	  "log level, log target, log format" },
	{ "[control]\nsocket = /x\ngroup = x\nshutdown-timeout = 1s\n",
	  "control socket!, control group!, control shutdown-timeout" },
	{ "[security]\nsandbox = no\n", "security sandbox!" },
};

START_TEST(differences_are_found_by_key)
{
	char got[ERR_LEN];

	diff(diffs[_i].text, got, sizeof(got));
	ck_assert_str_eq(got, diffs[_i].want);
}
END_TEST

/* More than there is room for are not written. */
START_TEST(differences_are_bounded)
{
	struct config_change c[2] = { { .section = "none" },
				      { .section = "none" } };
	static struct conf_rig a, b;

	ck_assert_int_eq(conf_load(&a, "", NULL), 0);
	ck_assert_int_eq(conf_load(&b, "[tcp]\nttl = 9\nsack = no\n", NULL), 0);
	ck_assert_int_eq(config_diff(&a.cfg, &b.cfg, c, 1), 1);
	ck_assert_str_eq(c[0].key, "sack");
	ck_assert_str_eq(c[1].section, "none");
	conf_free(&a);
	conf_free(&b);
}
END_TEST

/* ------------------------------------------------------------------- worker */

static struct config_service service(const char *name, const char *type,
				     uint16_t port)
{
	struct config_service sv = { .port = port, .backlog = 16 };

	(void)snprintf(sv.name, sizeof(sv.name), "%s", name);
	(void)snprintf(sv.type, sizeof(sv.type), "%s", type);
	return sv;
}

/* Its services, as "name:port ..." */
static void check_services(const struct worker_rig *w, const char *want)
{
	struct worker_service sv[CONFIG_SERVICES_MAX];
	uint32_t n = worker_services(w->worker, sv, CONFIG_SERVICES_MAX);
	char got[ERR_LEN] = "";
	size_t len = 0;

	for (uint32_t i = 0; i < n; i++)
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%s:%u",
					i ? " " : "", sv[i].name, sv[i].port);
	ck_assert_str_eq(got, want);
}

static bool change(struct worker_rig *w, const struct config *to, char *err)
{
	const struct worker_change c = { .was = &w->cfg,
					 .cfg = to,
					 .services = true,
					 .impair = true,
					 .rules = true,
					 .limits = true,
					 .stack = true };

	err[0] = '\0';
	if (!worker_reload(w->worker, &c, err, ERR_LEN))
		return false;
	w->cfg = *to;
	return true;
}

static void add_rule(struct config *cfg, const char *text)
{
	(void)snprintf(cfg->rules.text[cfg->rules.n++], CONFIG_TEXT_MAX, "%s",
		       text);
}

/* So many that somebody made by hand, as one step; it does not run yet. */
static void make_rules(struct worker_rig *w, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct impair_rule r = { .match.port = (uint16_t)(1000 + i) };
		uint32_t id;

		ck_assert_int_eq(
			impair_set(worker_impair(w->worker), &r, 0, &id), 0);
		if (i > 0)
			impair_settle(worker_impair(w->worker), 1);
	}
}

static struct impair_gauges rules_of(const struct worker_rig *w)
{
	struct impair_gauges g;

	impair_gauges(worker_impair(w->worker), &g);
	return g;
}

static void check_rules(const struct worker_rig *w, uint32_t want)
{
	ck_assert_uint_eq(rules_of(w).rules, want);
}

static void start(struct worker_rig *w, uint16_t nrules)
{
	worker_rig_init(w);
	make_rules(w, nrules);
	w->cfg.tls.max_conns = 4;
	w->cfg.tls.max_handshakes = 4;
	w->cfg.tls.handshake_timeout_us = 1000000;
	ck_assert_int_eq(worker_start(w->worker), 0);
}

static void stop(struct worker_rig *w)
{
	worker_rig_stop(w);
	worker_rig_fini(w);
}

START_TEST(worker_becomes_what_it_says)
{
	static struct worker_rig w;
	static struct config to;
	char err[ERR_LEN];

	start(&w, 0);
	to = w.cfg;
	to.service[to.nservice++] = service("web", "http", 80);
	to.stack.ttl = 9;
	add_rule(&to, "in service web delay 1ms");
	ck_assert_msg(change(&w, &to, err), "%s", err);
	check_services(&w, "echo:7 web:80");
	check_rules(&w, 1);
	ck_assert_uint_eq(ustack_settings(worker_stack(w.worker))->ttl, 9);
	to.service[0].port = 70;
	ck_assert_msg(change(&w, &to, err), "%s", err);
	check_services(&w, "echo:70 web:80");
	to.service[0] = to.service[1];
	to.nservice = 1;
	ck_assert_msg(change(&w, &to, err), "%s", err);
	check_services(&w, "web:80");
	stop(&w);
}
END_TEST

/* Each of these fails at another step; those before it are taken back. */
static void no_target(struct config *to)
{
	to->service[to->nservice] = service("to", "forward", 90);
	(void)snprintf(to->service[to->nservice++].target, CONFIG_TARGET_MAX,
		       "nowhere");
}

static void no_memory_limit(struct config *to)
{
	to->stack.mem_limit_bytes = 4u << 20;
	to->stack.syn_backlog = 1u << 20;
}

static void wide_window(struct config *to)
{
	to->stack.rcvbuf_max = 1u << 30;
}

static void many_rules(struct config *to)
{
	char text[64];

	for (uint32_t i = to->rules.n; i < CONFIG_TEXTS_MAX; i++) {
		(void)snprintf(text, sizeof(text), "port %u loss 1%%", i + 1);
		add_rule(to, text);
	}
}

static const struct {
	void (*spoil)(struct config *to);
	const char *why;
} failures[] = {
	{ no_target, "service to: forward on port 90: nowhere: " },
	{ no_memory_limit,
	  "[tcp] syn-backlog: no memory for its table; restart" },
	{ wide_window, "[tcp] window-max: more than the window scale" },
	{ many_rules,
	  "[impair] rule = both port 8 loss 1%: there are too many" },
};

START_TEST(failure_leaves_all_as_it_was)
{
	static struct worker_rig w;
	static struct config to, bad;
	char err[ERR_LEN];
	uint32_t undo;

	start(&w, HAND_MADE);
	to = w.cfg;
	bad = to;
	failures[_i].spoil(&bad);
	undo = rules_of(&w).undo;
	ck_assert_uint_gt(undo, 0);
	ck_assert(!change(&w, &bad, err));
	ck_assert_uint_eq(rules_of(&w).undo, undo);
	add_rule(&to, "in port 9 loss 1%");
	ck_assert_msg(change(&w, &to, err), "%s", err);
	bad = to;
	bad.service[0].port = 70;
	bad.stack.ttl = 9;
	add_rule(&bad, "in port 8 loss 1%");
	failures[_i].spoil(&bad);
	ck_assert(!change(&w, &bad, err));
	ck_assert_msg(!strncmp(err, failures[_i].why, strlen(failures[_i].why)),
		      "%s", err);
	check_services(&w, "echo:7");
	check_rules(&w, HAND_MADE + 1);
	ck_assert_uint_eq(ustack_settings(worker_stack(w.worker))->ttl, 64);
	ck_assert_msg(change(&w, &to, err), "%s", err);
	stop(&w);
}
END_TEST

START_TEST(worker_that_stops_changes_no_more)
{
	static struct worker_rig w;
	static struct config to;
	char err[ERR_LEN];

	start(&w, 0);
	to = w.cfg;
	worker_rig_stop(&w);
	ck_assert(!change(&w, &to, err));
	ck_assert_str_eq(err, "ustackd is stopping");
	worker_rig_fini(&w);
}
END_TEST

Suite *suite_daemon_reload(void)
{
	Suite *s = suite_create("daemon/reload");
	TCase *tc = tcase_create("reload");

	tcase_set_timeout(tc, 2 * WORKER_RIG_PATIENCE_S);
	tcase_add_loop_test(tc, differences_are_found_by_key, 0,
			    sizeof(diffs) / sizeof(diffs[0]));
	tcase_add_test(tc, differences_are_bounded);
	tcase_add_test(tc, worker_becomes_what_it_says);
	tcase_add_loop_test(tc, failure_leaves_all_as_it_was, 0,
			    sizeof(failures) / sizeof(failures[0]));
	tcase_add_test(tc, worker_that_stops_changes_no_more);
	suite_add_tcase(s, tc);
	return s;
}
