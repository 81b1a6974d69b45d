/* SPDX-License-Identifier: MIT */
/*
 * config_check.c - what only shows when the whole configuration is known
 *
 * Contradictions between keys are reported at the key that is easier to
 * change.  A key that was refused already is not complained about again: its
 * default stands in, and says nothing about what its author meant.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/addr.h"
#include "daemon/config_int.h"
#include "daemon/ctl_proto.h"

#define IPV6_MIN_MTU 1280u
#define SYSTEM_RUN   "/run"
#define SYSTEM_DIR   "/run/ustack" /* of CTL_SOCKET_SYSTEM */
#define STATE_PARENT "/var/lib"
#define STATE_DIR    "/var/lib/ustack"

/* The origin of a key that is no service's. */
static struct config_origin *origin_of(struct config_pass *p,
				       const struct config_key *k)
{
	uint32_t n;

	return &p->origin[k - config_keys(&n)];
}

static bool is_bad(struct config_pass *p, const char *section, const char *key)
{
	return origin_of(p, config_key_find(section, key))->bad;
}

/* The value as config_print() writes it, to be freed. */
static char *value_text(const struct config_key *k, const void *base)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	k->type->print(k, (const char *)base + k->off, out);
	(void)fclose(out);
	return text;
}

/**
 * complain_key() - Report a key by the value in force
 * @p:		pass
 * @section:	section
 * @key:	key there
 * @problem:	what was expected
 */
static void complain_key(struct config_pass *p, const char *section,
			 const char *key, const char *problem)
{
	const struct config_key *k = config_key_find(section, key);
	char *text = value_text(k, p->cfg);
	struct config_item it = {
		.from = *origin_of(p, k),
		.section = section,
		.key = key,
		.value = text ? text : "?",
	};

	config_complain(p, &it, "%s", problem);
	free(text);
}

/* ---------------------------------------------------------------- services */

static void complain_service(struct config_pass *p, uint32_t i,
			     const char *problem)
{
	char title[sizeof(CONFIG_SERVICE) + 1 + CONFIG_NAME_MAX];
	struct config_item it = { .from = p->service_head[i],
				  .section = title };

	(void)snprintf(title, sizeof(title), "%s %s", CONFIG_SERVICE,
		       p->cfg->service[i].name);
	config_complain(p, &it, "%s", problem);
}

/* Was the key of this service refused already? */
static bool service_is_bad(struct config_pass *p, uint32_t i, const char *key)
{
	uint32_t n;
	const struct config_key *k = config_key_find(CONFIG_SERVICE, key);

	return p->service_origin[i][k - config_keys(&n)].bad;
}

static void check_port_once(struct config_pass *p, uint32_t i)
{
	const struct config_service *svc = p->cfg->service;
	char text[CONFIG_TEXT_MAX];

	for (uint32_t other = 0; other < i; other++) {
		if (svc[i].port != svc[other].port || !svc[i].port)
			continue;
		(void)snprintf(text, sizeof(text),
			       "expected a port of its own, %u is that of "
			       "[service %s]",
			       (unsigned int)svc[i].port, svc[other].name);
		complain_service(p, i, text);
		return;
	}
}

static void check_target(struct config_pass *p, uint32_t i)
{
	const struct config_service *svc = &p->cfg->service[i];
	bool forwards = !strcmp(svc->type, "forward");

	if (service_is_bad(p, i, "type") || service_is_bad(p, i, "target"))
		return;
	if (forwards && !svc->target[0])
		complain_service(
			p, i,
			"expected a key target, where type = forward "
			"is to connect to: tcp:HOST:PORT or unix:PATH");
	else if (!forwards && svc->target[0])
		complain_service(p, i,
				 "expected type = forward, no other has a "
				 "target");
}

static void check_services(struct config_pass *p)
{
	const struct config *cfg = p->cfg;

	for (uint32_t i = 0; i < cfg->nservice; i++) {
		if (!cfg->service[i].type[0] && !service_is_bad(p, i, "type"))
			complain_service(p, i,
					 "expected a key type = echo, discard, "
					 "chargen, http or forward");
		if (!cfg->service[i].port && !service_is_bad(p, i, "port"))
			complain_service(p, i, "expected a key port = NUMBER");
		check_port_once(p, i);
		check_target(p, i);
	}
}

/* --------------------------------------------------------------- addresses */

static bool in_prefix(const struct ustack_addr *a,
		      const struct ustack_addr *net, uint32_t len)
{
	uint32_t whole = len / 8;
	uint32_t bits = len % 8;

	if (memcmp(a->b, net->b, whole) != 0)
		return false;
	return !bits || !((a->b[whole] ^ net->b[whole]) >> (8 - bits));
}

/* Prefix length in the bits of struct ustack_addr. */
static uint32_t host_len(const struct config_addr *h)
{
	return h->len + (ustack_addr_is4(&h->addr) ? ADDR_MAPPED_BITS : 0);
}

static bool is_in_a_host_subnet(const struct config *cfg,
				const struct ustack_prefix *ours)
{
	for (uint32_t i = 0; i < cfg->nhost_addr; i++) {
		const struct config_addr *h = &cfg->host_addr[i];

		if (ours->len >= host_len(h) &&
		    in_prefix(&ours->addr, &h->addr, host_len(h)))
			return true;
	}
	return false;
}

static bool is_the_hosts(const struct config *cfg, const struct ustack_addr *a)
{
	for (uint32_t i = 0; i < cfg->nhost_addr; i++)
		if (ustack_addr_eq(a, &cfg->host_addr[i].addr))
			return true;
	return false;
}

/* One entry of [stack] address against [interface] host-address. */
static void check_stack_addr(struct config_pass *p,
			     const struct ustack_prefix *ours)
{
	char text[CONFIG_TEXT_MAX];
	char addr[ADDR_TEXT_MAX];

	(void)addr_text(&ours->addr, addr);
	if (ours->len == 128 && is_the_hosts(p->cfg, &ours->addr)) {
		(void)snprintf(text, sizeof(text),
			       "expected another address than the host's, %s "
			       "is in [interface] host-address",
			       addr);
		complain_key(p, "stack", "address", text);
	} else if (!is_in_a_host_subnet(p->cfg, ours)) {
		(void)snprintf(text, sizeof(text),
			       "expected addresses inside the subnets of "
			       "[interface] host-address, %s is not",
			       addr);
		complain_key(p, "stack", "address", text);
	}
}

static void check_stack_addrs(struct config_pass *p)
{
	const struct ustack_config *st = &p->cfg->stack;

	for (uint32_t i = 0; i < st->naddrs; i++)
		for (uint32_t j = 0; j < i; j++)
			if (st->addr[i].len == st->addr[j].len &&
			    ustack_addr_eq(&st->addr[i].addr,
					   &st->addr[j].addr))
				complain_key(p, "stack", "address",
					     "expected each address once");
	/* An interface that others set up may have any addresses. */
	if (!p->cfg->manage || p->cfg->tun_fd >= 0 ||
	    is_bad(p, "interface", "host-address"))
		return;
	for (uint32_t i = 0; i < st->naddrs; i++)
		check_stack_addr(p, &st->addr[i]);
}

/* Add an address to not_ours if it lies inside a network of ours. */
static void not_ours_add(struct ustack_config *st, const struct ustack_addr *a)
{
	bool inside = false;

	for (uint32_t i = 0; i < st->naddrs; i++)
		if (st->addr[i].len < 128 &&
		    in_prefix(a, &st->addr[i].addr, st->addr[i].len))
			inside = true;
	for (uint32_t i = 0; i < st->nnot_ours; i++)
		if (ustack_addr_eq(a, &st->not_ours[i]))
			return;
	if (inside && st->nnot_ours < USTACK_ADDRS_MAX)
		st->not_ours[st->nnot_ours++] = *a;
}

/* The last address of an IPv4 network, or with @first its first. */
static struct ustack_addr net_edge(const struct ustack_addr *a, uint32_t len,
				   bool first)
{
	struct ustack_addr edge = *a;

	for (uint32_t i = len; i < 128; i++) {
		uint8_t mask = (uint8_t)(0x80u >> i % 8);

		if (first)
			edge.b[i / 8] &= (uint8_t)~mask;
		else
			edge.b[i / 8] |= mask;
	}
	return edge;
}

/*
 * Inside a network of ours, the host's addresses are the host's, and network
 * and broadcast addresses are nobody's.  The hosts' addresses come first: they
 * fit always.
 */
static void fill_not_ours(struct config *cfg)
{
	struct ustack_config *st = &cfg->stack;

	st->nnot_ours = 0;
	for (uint32_t i = 0; i < cfg->nhost_addr; i++)
		not_ours_add(st, &cfg->host_addr[i].addr);
	for (uint32_t i = 0; i < cfg->nhost_addr; i++) {
		const struct config_addr *h = &cfg->host_addr[i];
		struct ustack_addr edge;

		if (!ustack_addr_is4(&h->addr) || h->len > 30)
			continue;
		edge = net_edge(&h->addr, host_len(h), true);
		not_ours_add(st, &edge);
		edge = net_edge(&h->addr, host_len(h), false);
		not_ours_add(st, &edge);
	}
}

/* A network all of whose addresses are somebody else's is a mistake. */
static void check_room(struct config_pass *p)
{
	const struct ustack_config *st = &p->cfg->stack;

	for (uint32_t i = 0; i < st->naddrs; i++) {
		uint32_t taken = 0;
		uint32_t bits = 128u - st->addr[i].len;

		for (uint32_t j = 0; j < st->nnot_ours; j++)
			taken += in_prefix(&st->not_ours[j], &st->addr[i].addr,
					   st->addr[i].len);
		if (bits > 0 && bits < 16 && taken >= 1u << bits)
			complain_key(p, "stack", "address",
				     "expected a network with room beside the "
				     "host's addresses");
	}
}

static bool stack_has_ipv6(const struct config *cfg)
{
	for (uint32_t i = 0; i < cfg->stack.naddrs; i++)
		if (!ustack_addr_is4(&cfg->stack.addr[i].addr))
			return true;
	return false;
}

/* Does an interface that we make get an IPv6 address? */
static bool host_has_ipv6(const struct config *cfg)
{
	if (!cfg->manage || cfg->tun_fd >= 0)
		return false;
	for (uint32_t i = 0; i < cfg->nhost_addr; i++)
		if (!ustack_addr_is4(&cfg->host_addr[i].addr))
			return true;
	return false;
}

static void check_mtu(struct config_pass *p)
{
	if (p->cfg->mtu >= IPV6_MIN_MTU || is_bad(p, "interface", "mtu"))
		return;
	if (!is_bad(p, "stack", "address") && stack_has_ipv6(p->cfg))
		complain_key(p, "interface", "mtu",
			     "expected at least 1280, because [stack] address "
			     "has IPv6");
	else if (!is_bad(p, "interface", "host-address") &&
		 host_has_ipv6(p->cfg))
		complain_key(p, "interface", "mtu",
			     "expected at least 1280, because [interface] "
			     "host-address has IPv6");
}

/* ------------------------------------------------------------------- times */

static void check_times(struct config_pass *p)
{
	const struct ustack_config *st = &p->cfg->stack;

	if (is_bad(p, "tcp", "rto-min") || is_bad(p, "tcp", "rto-max") ||
	    is_bad(p, "tcp", "rto-initial"))
		return;
	if (st->rto_min_us > st->rto_max_us)
		complain_key(p, "tcp", "rto-min", "expected at most rto-max");
	else if (st->rto_init_us < st->rto_min_us ||
		 st->rto_init_us > st->rto_max_us)
		complain_key(p, "tcp", "rto-initial",
			     "expected a time between rto-min and rto-max");
}

/* --------------------------------------------------------------------- tls */

static void check_tls(struct config_pass *p)
{
	const struct config_tls *tls = &p->cfg->tls;

	if (is_bad(p, "tls", "certificate") || is_bad(p, "tls", "key"))
		return;
	if (tls->certificate[0] && !tls->key[0])
		complain_key(p, "tls", "certificate",
			     "expected a key = PATH as well");
	else if (tls->key[0] && !tls->certificate[0])
		complain_key(p, "tls", "key",
			     "expected a certificate = PATH as well");
}

/* ------------------------------------------------------------------ socket */

static int access_dir(const char *dir)
{
	return faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) ? errno : 0;
}

/* root of a user namespace may be nobody there: access decides, not the uid. */
static bool can_use(const char *dir, const char *parent)
{
	int error = access_dir(dir);

	return error == ENOENT ? !access_dir(parent) : !error;
}

/*
 * Where the control socket goes when nobody says: the system's place, or the
 * user's own for somebody who cannot write there.
 */
static void set_default_socket(struct config *cfg, const struct config *was)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	int len = 0;

	if (was) {
		memcpy(cfg->ctl_socket, was->ctl_socket,
		       sizeof(cfg->ctl_socket));
		return;
	}
	if (dir && *dir == '/' && !can_use(SYSTEM_DIR, SYSTEM_RUN))
		len = snprintf(cfg->ctl_socket, sizeof(cfg->ctl_socket),
			       "%s/%s", dir, CTL_SOCKET_USER);
	if (len <= 0 || len > 107)
		(void)snprintf(cfg->ctl_socket, sizeof(cfg->ctl_socket), "%s",
			       CTL_SOCKET_SYSTEM);
}

/* --------------------------------------------------------- state directory */

/* An absolute path made of two parts; false = too long, or no @dir. */
static bool state_dir_is(struct config *cfg, const char *dir, const char *sub)
{
	int len;

	if (!dir || *dir != '/')
		return false;
	len = snprintf(cfg->tls.state_dir, sizeof(cfg->tls.state_dir), "%s%s",
		       dir, sub);
	return len > 0 && (size_t)len < sizeof(cfg->tls.state_dir);
}

/*
 * Where to keep what must last when nobody says: systemd's place, of which it
 * names several with colons between them; the system's; or the user's own for
 * somebody who cannot write there.
 */
static void set_default_state_dir(struct config *cfg, const struct config *was)
{
	const char *dir = getenv("STATE_DIRECTORY");

	if (was) {
		memcpy(cfg->tls.state_dir, was->tls.state_dir,
		       sizeof(cfg->tls.state_dir));
		return;
	}
	if (state_dir_is(cfg, dir, "")) {
		cfg->tls.state_dir[strcspn(cfg->tls.state_dir, ":")] = '\0';
		return;
	}
	if (!can_use(STATE_DIR, STATE_PARENT) &&
	    (state_dir_is(cfg, getenv("XDG_STATE_HOME"), "/ustack") ||
	     state_dir_is(cfg, getenv("HOME"), "/.local/state/ustack")))
		return;
	(void)state_dir_is(cfg, STATE_DIR, "");
}

/* -------------------------------------------------------------------- all */

void config_check(struct config_pass *p)
{
	struct config *cfg = p->cfg;
	const char *problem;

	cfg->stack.mtu = cfg->mtu;
	if (cfg->stack.rcvbuf_init > cfg->stack.rcvbuf_max)
		cfg->stack.rcvbuf_init = cfg->stack.rcvbuf_max;
	if (!cfg->ctl_socket[0])
		set_default_socket(cfg, p->was);
	if (!cfg->tls.state_dir[0])
		set_default_state_dir(cfg, p->was);
	fill_not_ours(cfg);
	check_services(p);
	config_check_impair(p);
	check_tls(p);
	check_mtu(p);
	check_times(p);
	if (!is_bad(p, "stack", "address")) {
		check_stack_addrs(p);
		check_room(p);
	}
	if (p->errors)
		return;
	problem = ustack_config_check(&cfg->stack);
	if (problem) {
		(void)fprintf(p->err, "%s: [stack] and [tcp]: %s\n", p->file,
			      problem);
		p->errors++;
	}
}
