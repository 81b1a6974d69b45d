/* SPDX-License-Identifier: MIT */
/*
 * config.h - the daemon's configuration: INI file, -o overrides, defaults
 *
 * Everything that is wrong with a file is found in one pass and reported
 * together: file, line, key, value, and what was expected.
 */

#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "stack/ustack.h"

#define CONFIG_PATH_DEFAULT  "/etc/ustack/ustackd.conf"
#define CONFIG_GROUP_DEFAULT "ustack"
#define CONFIG_ADDRS_MAX     8u
#define CONFIG_SERVICES_MAX  32u
#define CONFIG_NAME_MAX	     32u
#define CONFIG_PATH_MAX	     256u
#define CONFIG_TARGET_MAX    256u
#define CONFIG_TEXTS_MAX     32u  /* of a key that may be repeated */
#define CONFIG_TEXT_MAX	     320u /* bytes of each, NUL included */

enum config_offload { OFFLOAD_AUTO, OFFLOAD_ON, OFFLOAD_OFF };
enum config_log_target { LOG_TO_STDERR, LOG_TO_JOURNAL, LOG_TO_FILE };

/**
 * struct config_addr - address with prefix length, as "10.7.0.1/24"
 * @addr:	address (IPv4 as ::ffff:a.b.c.d)
 * @len:	prefix length in the family's own count, 0 to 32 or 128
 */
struct config_addr {
	struct ustack_addr addr;
	uint8_t len;
};

#define CONFIG_CC_DEF "default" /* a service's: that of [tcp] */

/**
 * struct config_service - [service NAME]
 * @name:	from the section's title
 * @type:	"echo", "discard", "chargen", "http" or "forward"
 * @port:	local port
 * @backlog:	connections that may wait to be accepted
 * @cc:		congestion control, CONFIG_CC_DEF = that of [tcp]
 * @exempt:	its port is never impaired
 * @tls:	its connections are secure channels
 * @target:	of a forward service: "tcp:HOST:PORT" or "unix:PATH"
 */
struct config_service {
	char name[CONFIG_NAME_MAX];
	char type[CONFIG_NAME_MAX];
	uint16_t port;
	uint32_t backlog;
	char cc[CONFIG_NAME_MAX];
	bool exempt;
	bool tls;
	char target[CONFIG_TARGET_MAX];
};

/**
 * struct config_texts - a key that may be repeated
 * @n:		how often it was given
 * @text:	its values, known to be good
 */
struct config_texts {
	uint32_t n;
	char text[CONFIG_TEXTS_MAX][CONFIG_TEXT_MAX];
};

/**
 * struct config_tls - [tls]
 * @certificate: PEM file, empty = one that is made at first start
 * @key:	its key's
 * @client_ca:	PEM file; clients must show a certificate by one of these
 * @psk_file:	"IDENTITY:HEX" lines
 * @min_version: least version, an enum tls_version
 * @tickets:	let clients resume
 * @max_conns:	secure channels at once
 * @max_handshakes: handshakes at once
 * @handshake_timeout_us: how long one may take
 * @state_dir:	where a certificate that we made is kept
 */
struct config_tls {
	char certificate[CONFIG_PATH_MAX];
	char key[CONFIG_PATH_MAX];
	char client_ca[CONFIG_PATH_MAX];
	char psk_file[CONFIG_PATH_MAX];
	int min_version;
	bool tickets;
	uint32_t max_conns;
	uint32_t max_handshakes;
	uint64_t handshake_timeout_us;
	char state_dir[CONFIG_PATH_MAX];
};

/**
 * struct config - everything that can be configured, ready to use
 * @has_file:	it is that of a file, not only defaults and options
 * @ifname:	[interface] name
 * @mtu:	[interface] mtu, bytes
 * @host_addr:	[interface] host-address, what the kernel side gets
 * @nhost_addr:	entries in it
 * @offload:	[interface] offload
 * @manage:	[interface] manage: create and configure the interface
 * @txqueuelen:	[interface] txqueuelen, packets
 * @tun_fd:	--tun-fd, -1 = open the interface ourselves
 * @stack:	[stack] and [tcp], in the library's own terms; addresses, MTU
 *		and not_ours are filled in, offloads are the TUN's to say
 * @service:	[service NAME] sections; the defaults when there is none
 * @nservice:	entries in it
 * @tls:	[tls]
 * @rules:	[impair] rule: first match wins
 * @presets:	[impair] preset: rules behind those
 * @scripts:	[impair] script
 * @log_level:	[log] level, an enum log_level
 * @log_target:	[log] target
 * @log_path:	its file for LOG_TO_FILE
 * @log_json:	[log] format=json
 * @ctl_socket:	[control] socket
 * @ctl_group:	[control] group, empty = leave the group alone
 * @sandbox:	[security] sandbox: give up what is not needed, see sandbox.h
 * @shutdown_timeout_us: [control] shutdown-timeout, bound on a graceful stop
 */
struct config {
	bool has_file;
	char ifname[IF_NAMESIZE];
	uint32_t mtu;
	struct config_addr host_addr[CONFIG_ADDRS_MAX];
	uint32_t nhost_addr;
	enum config_offload offload;
	bool manage;
	uint32_t txqueuelen;
	int tun_fd;
	struct ustack_config stack;
	struct config_service service[CONFIG_SERVICES_MAX];
	uint32_t nservice;
	struct config_tls tls;
	struct config_texts rules;
	struct config_texts presets;
	struct config_texts scripts;
	int log_level;
	enum config_log_target log_target;
	char log_path[CONFIG_PATH_MAX];
	bool log_json;
	char ctl_socket[CONFIG_PATH_MAX];
	char ctl_group[CONFIG_NAME_MAX];
	bool sandbox;
	uint64_t shutdown_timeout_us;
};

/**
 * struct config_source - where a configuration comes from
 * @path:	file; NULL = CONFIG_PATH_DEFAULT, whose absence is no error
 * @override:	"SECTION.KEY=VALUE" strings of -o, applied last, in order
 * @noverride:	their number
 * @tun_fd:	--tun-fd, -1 = none
 * @was:	configuration in force, NULL = none: places that nobody gives are
 *		those that it found, for they depend on what we are allowed to; and
 *		if it had a file, this must be there
 */
struct config_source {
	const char *path;
	const char *const *override;
	uint32_t noverride;
	int tun_fd;
	const struct config *was;
};

/**
 * config_load() - Read, complete and check a configuration
 * @cfg:	result, defined only on success
 * @src:	file and overrides
 * @err:	gets one line for each error found
 *
 * Return: 0, or the number of errors
 */
int config_load(struct config *cfg, const struct config_source *src, FILE *err);

/** config_print() - Write the effective configuration as a file that could be read back */
void config_print(const struct config *cfg, FILE *out);

/**
 * struct config_change - a key whose value is another one
 * @section:	its section
 * @key:	its name
 * @live:	it can change while the daemon runs
 */
struct config_change {
	const char *section;
	const char *key;
	bool live;
};

/**
 * config_diff() - Find what is different, [service NAME] aside
 * @a:		a configuration
 * @b:		another one
 * @out:	changes found, in the order of the manual
 * @max:	room in @out
 *
 * Return: their number, at most @max; or -ENOMEM
 */
int config_diff(const struct config *a, const struct config *b,
		struct config_change *out, uint32_t max);

#define CONFIG_CHANGES_MAX 96u /* there are no more keys */

#endif /* DAEMON_CONFIG_H */
