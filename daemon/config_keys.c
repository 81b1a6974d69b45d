/* SPDX-License-Identifier: MIT */
/*
 * config_keys.c - every section and key of the configuration, one line each
 *
 * Reading, the messages, ustackd -t and (by a test) the manual follow from
 * this table.  To add a key: a field in struct config, a line here, an entry
 * in ustackd.conf.5.
 */

#include <stdbool.h>
#include <string.h>

#include "daemon/config_int.h"

#define KIB	      1024u
#define MIB	      (1024u * KIB)
#define GIB	      (1024ull * MIB)

#define MS	      1000ull
#define SEC	      (1000 * MS)
#define MIN	      (60 * SEC)

#define NEAR_NAME_MAX 32u
#define NEAR_SHORT    4u

#define AT(m)	      offsetof(struct config, m), sizeof(((struct config *)0)->m)
#define WHOLE	      0, sizeof(struct config)
#define SERVICE(m)                                                             \
	offsetof(struct config_service, m),                                    \
		sizeof(((struct config_service *)0)->m)

static const char *const offload_words[] = { "auto", "on", "off", NULL };
static const char *const cc_words[] = { "cubic", "reno", NULL };
static const char *const svc_cc_words[] = { CONFIG_CC_DEF, "cubic", "reno",
					    NULL };
static const char *const cookie_words[] = { "never", "auto", "always", NULL };
static const char *const ecn_words[] = { "off", "passive", "active", NULL };
static const char *const level_words[] = { "error", "warning", "info",
					   "debug", "trace",   NULL };
static const char *const format_words[] = { "text", "json", NULL };
static const char *const version_words[] = { "1.2", "1.3", NULL };
static const char *const type_words[] = { "echo", "discard", "chargen",
					  "http", "forward", NULL };

/* clang-format off */
static const struct config_key keys[] = {
	/* section, key, type, place, least, most, words, default */
	{ "interface", "name", &config_type_ifname, AT(ifname), 1, 15, NULL, "ustack0" },
	{ "interface", "mtu", &config_type_uint, AT(mtu), 576, 65535, NULL, "1500" },
	{ "interface", "host-address", &config_type_host_addrs, WHOLE, 0, 0, NULL,
	  "10.7.0.1/24, fd07::1/64" },
	{ "interface", "offload", &config_type_choice, AT(offload), 0, 0, offload_words, "auto" },
	{ "interface", "manage", &config_type_bool, AT(manage), 0, 0, NULL, "yes" },
	{ "interface", "txqueuelen", &config_type_uint, AT(txqueuelen), 1, 1000000, NULL, "5000" },

	{ "stack", "address", &config_type_stack_addrs, WHOLE, 0, 0, NULL, "10.7.0.2, fd07::2" },
	{ "stack", "memory-limit", &config_type_memory, AT(stack.mem_limit_bytes),
	  16 * MIB, 1024 * GIB, NULL, "auto" },
	{ "stack", "max-connections", &config_type_uint, AT(stack.max_conns),
	  1, 1u << 24, NULL, NULL },

	{ "tcp", "congestion-control", &config_type_word, AT(stack.cc), 0, 0, cc_words, NULL },
	{ "tcp", "ecn", &config_type_choice, AT(stack.ecn), 0, 0, ecn_words, NULL },
	{ "tcp", "window-max", &config_type_size, AT(stack.rcvbuf_max), 4 * KIB, GIB, NULL, NULL },
	{ "tcp", "send-buffer", &config_type_size, AT(stack.sndbuf_max), 4 * KIB, GIB, NULL, NULL },
	{ "tcp", "syn-backlog", &config_type_uint, AT(stack.syn_backlog), 1, 1u << 20, NULL, NULL },
	{ "tcp", "syn-cookies", &config_type_choice, AT(stack.syn_cookies),
	  0, 0, cookie_words, NULL },
	{ "tcp", "max-time-wait", &config_type_uint, AT(stack.max_time_wait),
	  1, 1u << 22, NULL, NULL },
	{ "tcp", "initial-window", &config_type_uint, AT(stack.init_cwnd), 1, 10, NULL, NULL },
	{ "tcp", "timestamps", &config_type_bool, AT(stack.timestamps), 0, 0, NULL, NULL },
	{ "tcp", "window-scaling", &config_type_bool, AT(stack.wscale), 0, 0, NULL, NULL },
	{ "tcp", "sack", &config_type_bool, AT(stack.sack), 0, 0, NULL, NULL },
	{ "tcp", "dsack", &config_type_bool, AT(stack.dsack), 0, 0, NULL, NULL },
	{ "tcp", "nodelay", &config_type_bool, AT(stack.nodelay), 0, 0, NULL, NULL },
	{ "tcp", "delayed-ack", &config_type_time, AT(stack.delack_us),
	  0, 499 * MS, NULL, NULL },
	{ "tcp", "rto-initial", &config_type_time, AT(stack.rto_init_us),
	  MS, 10 * MIN, NULL, NULL },
	{ "tcp", "rto-min", &config_type_time, AT(stack.rto_min_us), MS, 10 * MIN, NULL, NULL },
	{ "tcp", "rto-max", &config_type_time, AT(stack.rto_max_us), MS, 10 * MIN, NULL, NULL },
	{ "tcp", "msl", &config_type_time, AT(stack.msl_us), MS, 10 * MIN, NULL, NULL },
	{ "tcp", "fin-wait2-timeout", &config_type_time, AT(stack.fin_wait2_us),
	  MS, 1440 * MIN, NULL, NULL },
	{ "tcp", "user-timeout", &config_type_time, AT(stack.r2_us), SEC, 1440 * MIN, NULL, NULL },
	{ "tcp", "syn-timeout", &config_type_time, AT(stack.syn_r2_us), SEC, 60 * MIN, NULL, NULL },
	{ "tcp", "keepalive", &config_type_bool, AT(stack.keepalive), 0, 0, NULL, NULL },
	{ "tcp", "keepalive-time", &config_type_time, AT(stack.keepalive_idle_us),
	  SEC, 24 * 60 * MIN, NULL, NULL },
	{ "tcp", "keepalive-interval", &config_type_time, AT(stack.keepalive_intvl_us),
	  SEC, 60 * MIN, NULL, NULL },
	{ "tcp", "keepalive-probes", &config_type_uint, AT(stack.keepalive_probes),
	  1, 127, NULL, NULL },
	{ "tcp", "synack-retries", &config_type_uint, AT(stack.synack_retries), 0, 8, NULL, NULL },
	{ "tcp", "ttl", &config_type_uint, AT(stack.ttl), 1, 255, NULL, NULL },
	{ "tcp", "icmp-rate", &config_type_uint, AT(stack.icmp_rate), 0, 1000000, NULL, NULL },
	{ "tcp", "rst-rate", &config_type_uint, AT(stack.rst_rate), 0, 1000000, NULL, NULL },
	{ "tcp", "challenge-rate", &config_type_uint, AT(stack.challenge_rate),
	  0, 1000000, NULL, NULL },

	{ CONFIG_SERVICE, "type", &config_type_word, SERVICE(type), 0, 0, type_words, NULL },
	{ CONFIG_SERVICE, "port", &config_type_uint, SERVICE(port), 1, 65535, NULL, NULL },
	{ CONFIG_SERVICE, "backlog", &config_type_uint, SERVICE(backlog),
	  1, 65535, NULL, CONFIG_BACKLOG_DEF },
	{ CONFIG_SERVICE, "congestion-control", &config_type_word, SERVICE(cc),
	  0, 0, svc_cc_words, CONFIG_CC_DEF },
	{ CONFIG_SERVICE, "exempt", &config_type_bool, SERVICE(exempt), 0, 0, NULL, "no" },
	{ CONFIG_SERVICE, "tls", &config_type_bool, SERVICE(tls), 0, 0, NULL, "no" },
	{ CONFIG_SERVICE, "target", &config_type_target, SERVICE(target), 0, 255, NULL, "" },

	{ "tls", "certificate", &config_type_path, AT(tls.certificate), 0, 255, NULL, "" },
	{ "tls", "key", &config_type_path, AT(tls.key), 0, 255, NULL, "" },
	{ "tls", "client-ca", &config_type_path, AT(tls.client_ca), 0, 255, NULL, "" },
	{ "tls", "psk-file", &config_type_path, AT(tls.psk_file), 0, 255, NULL, "" },
	{ "tls", "min-version", &config_type_choice, AT(tls.min_version),
	  0, 0, version_words, "1.2" },
	{ "tls", "session-tickets", &config_type_bool, AT(tls.tickets), 0, 0, NULL, "yes" },
	{ "tls", "max-connections", &config_type_uint, AT(tls.max_conns),
	  1, 1u << 20, NULL, "1024" },
	{ "tls", "max-handshakes", &config_type_uint, AT(tls.max_handshakes),
	  1, 1u << 16, NULL, "256" },
	{ "tls", "handshake-timeout", &config_type_time, AT(tls.handshake_timeout_us),
	  SEC, 10 * MIN, NULL, "10s" },
	{ "tls", "state-directory", &config_type_path, AT(tls.state_dir), 1, 255, NULL, NULL },

	{ "impair", "rule", &config_type_rules, WHOLE, 0, 0, NULL, NULL },
	{ "impair", "preset", &config_type_presets, WHOLE, 0, 0, NULL, NULL },
	{ "impair", "script", &config_type_scripts, WHOLE, 0, 0, NULL, NULL },

	{ "log", "level", &config_type_choice, AT(log_level), 0, 0, level_words, "info" },
	{ "log", "target", &config_type_log_target, WHOLE, 0, 0, NULL, "stderr" },
	{ "log", "format", &config_type_choice, AT(log_json), 0, 0, format_words, "text" },

	{ "control", "socket", &config_type_path, AT(ctl_socket), 1, 107, NULL, NULL },
	{ "control", "group", &config_type_name, AT(ctl_group), 0, 31, NULL, CONFIG_GROUP_DEFAULT },
	{ "control", "shutdown-timeout", &config_type_time, AT(shutdown_timeout_us),
	  0, 10 * MIN, NULL, "5s" },

	{ "security", "sandbox", &config_type_bool, AT(sandbox), 0, 0, NULL, "yes" },
};
/* clang-format on */

#define NKEYS (sizeof(keys) / sizeof(keys[0]))

_Static_assert(NKEYS <= CONFIG_KEYS_MAX, "struct config_pass is too small");

const struct config_key *config_keys(uint32_t *n)
{
	*n = NKEYS;
	return keys;
}

const struct config_key *config_key_find(const char *section, const char *name)
{
	for (size_t i = 0; i < NKEYS; i++)
		if (!strcmp(keys[i].section, section) &&
		    !strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

bool config_section_known(const char *section)
{
	for (size_t i = 0; i < NKEYS; i++)
		if (!strcmp(keys[i].section, section))
			return true;
	return false;
}

/* The next row of the table in Levenshtein's method, for one byte of @a. */
static void near_row(uint32_t *row, char a, const char *b, size_t blen)
{
	uint32_t diag = row[0]++;

	for (size_t j = 1; j <= blen; j++) {
		uint32_t best = diag + (a != b[j - 1]);

		if (row[j] + 1 < best)
			best = row[j] + 1;
		if (row[j - 1] + 1 < best)
			best = row[j - 1] + 1;
		diag = row[j];
		row[j] = best;
	}
}

/* Is one the other with two neighbouring bytes swapped? */
static bool is_swap(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a && *b && a[0] == b[1] && a[1] == b[0] &&
	       !strcmp(a + 2, b + 2);
}

/*
 * near_cost() - How many bytes to change to get from one word to another
 *
 * In a short word, two changes make another word.
 *
 * Return: that number, UINT32_MAX when the words have little in common
 */
static uint32_t near_cost(const char *a, const char *b)
{
	uint32_t row[NEAR_NAME_MAX + 1];
	size_t alen = strlen(a);
	size_t blen = strlen(b);

	if (alen > NEAR_NAME_MAX || blen > NEAR_NAME_MAX)
		return UINT32_MAX;
	if (is_swap(a, b))
		return 1;
	for (uint32_t j = 0; j <= blen; j++)
		row[j] = j;
	for (size_t i = 0; i < alen; i++)
		near_row(row, a[i], b, blen);
	if (alen > blen)
		alen = blen;
	if (row[blen] > (alen <= NEAR_SHORT ? 1 : 1 + alen / 3))
		return UINT32_MAX;
	return row[blen];
}

const char *config_key_near(const char *section, const char *name)
{
	const char *near = NULL;
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < NKEYS; i++) {
		uint32_t cost = near_cost(name, keys[i].name);

		if (strcmp(keys[i].section, section) != 0 || cost >= least)
			continue;
		least = cost;
		near = keys[i].name;
	}
	return near;
}

const char *config_section_near(const char *name)
{
	const char *near = NULL;
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < NKEYS; i++) {
		uint32_t cost = near_cost(name, keys[i].section);

		if (cost >= least)
			continue;
		least = cost;
		near = keys[i].section;
	}
	return near;
}
