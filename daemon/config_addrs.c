/* SPDX-License-Identifier: MIT */
/*
 * config_addrs.c - the two lists of addresses in the configuration
 *
 * host-address takes "ADDRESS/LENGTH" as an interface has it; address takes
 * single addresses and whole networks.  Neither takes what no host can be:
 * the unspecified, loopback, multicast and IPv4-mapped addresses.
 */

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/addr.h"
#include "daemon/config_int.h"

#define LIST_TEXT_MAX 512u

/* Can a host have it? */
static bool is_host_addr(const struct ustack_addr *a)
{
	static const uint8_t low[15];
	bool low_v6 = !memcmp(a->b, low, sizeof(low)) && a->b[15] <= 1;

	if (!ustack_addr_is4(a))
		return !low_v6 && a->b[0] != 0xff;
	return a->b[12] != 0 && a->b[12] != 127 && a->b[12] < 224;
}

/**
 * cidr_parse() - Read "ADDRESS" or "ADDRESS/LENGTH"
 * @text:	text, which is cut apart
 * @a:		address
 * @len:	length in the family's own count
 *
 * Return: 0 refused, 1 without a length, 2 with one
 */
static int cidr_parse(char *text, struct ustack_addr *a, unsigned long *len)
{
	char *slash = strchr(text, '/');
	unsigned long full;
	char *end;

	if (slash)
		*slash = '\0';
	if (!addr_of_text(text, a) || !is_host_addr(a))
		return 0;
	full = ustack_addr_is4(a) ? 32 : 128;
	*len = full;
	if (!slash)
		return 1;
	if (slash[1] < '0' || slash[1] > '9' || strlen(slash + 1) > 3)
		return 0;
	*len = strtoul(slash + 1, &end, 10);
	return *end || *len == 0 || *len > full ? 0 : 2;
}

/* The next of a list by commas, without blanks around it; NULL at the end. */
static char *next_item(char **rest)
{
	char *item = strsep(rest, ",");
	size_t len;

	if (!item)
		return NULL;
	item += strspn(item, " \t");
	len = strcspn(item, " \t");
	if (item[len + strspn(item + len, " \t")] == '\0')
		item[len] = '\0';
	return item;
}

static bool bit(const struct ustack_addr *a, uint32_t i)
{
	return a->b[i / 8] >> (7 - i % 8) & 1;
}

/* Are all bits from @len on the same as @v? */
static bool rest_is(const struct ustack_addr *a, uint32_t len, bool v)
{
	for (uint32_t i = len; i < 128; i++)
		if (bit(a, i) != v)
			return false;
	return true;
}

/* A network's own address and its broadcast address belong to no host. */
static bool is_net_or_broadcast(const struct ustack_addr *a, uint32_t len)
{
	if (!ustack_addr_is4(a) || len > 30)
		return false;
	return rest_is(a, ADDR_MAPPED_BITS + len, false) ||
	       rest_is(a, ADDR_MAPPED_BITS + len, true);
}

static bool host_addrs_parse(const struct config_key *k, const char *text,
			     void *field)
{
	struct config *cfg = field;
	struct config_addr list[CONFIG_ADDRS_MAX];
	char copy[LIST_TEXT_MAX];
	char *rest = copy;
	uint32_t n = 0;

	(void)k;
	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return false;
	for (char *item; (item = next_item(&rest)); n++) {
		unsigned long len;

		if (n == CONFIG_ADDRS_MAX ||
		    cidr_parse(item, &list[n].addr, &len) != 2)
			return false;
		if (is_net_or_broadcast(&list[n].addr, (uint32_t)len))
			return false;
		list[n].len = (uint8_t)len;
	}
	memcpy(cfg->host_addr, list, n * sizeof(list[0]));
	cfg->nhost_addr = n;
	return true;
}

static void host_addrs_print(const struct config_key *k, const void *field,
			     FILE *out)
{
	const struct config *cfg = field;
	char buf[ADDR_TEXT_MAX];

	(void)k;
	for (uint32_t i = 0; i < cfg->nhost_addr; i++)
		(void)fprintf(out, "%s%s/%u", i ? ", " : "",
			      addr_text(&cfg->host_addr[i].addr, buf),
			      (unsigned int)cfg->host_addr[i].len);
}

static void host_addrs_expect(const struct config_key *k, char *buf,
			      size_t size)
{
	(void)k;
	(void)snprintf(buf, size,
		       "up to %u addresses with prefix length, such as "
		       "10.7.0.1/24, fd07::1/64",
		       CONFIG_ADDRS_MAX);
}

static bool stack_addrs_parse(const struct config_key *k, const char *text,
			      void *field)
{
	struct config *cfg = field;
	struct ustack_prefix list[CONFIG_ADDRS_MAX];
	char copy[LIST_TEXT_MAX];
	char *rest = copy;
	uint32_t n = 0;

	(void)k;
	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return false;
	for (char *item; (item = next_item(&rest)); n++) {
		unsigned long len;

		if (n == CONFIG_ADDRS_MAX ||
		    !cidr_parse(item, &list[n].addr, &len))
			return false;
		if (ustack_addr_is4(&list[n].addr))
			len += ADDR_MAPPED_BITS;
		if (!rest_is(&list[n].addr, (uint32_t)len, false))
			return false; /* 10.7.0.5/24: a host or a network? */
		list[n].len = (uint8_t)len;
	}
	memcpy(cfg->stack.addr, list, n * sizeof(list[0]));
	cfg->stack.naddrs = n;
	return true;
}

static void stack_addrs_print(const struct config_key *k, const void *field,
			      FILE *out)
{
	const struct ustack_config *st = &((const struct config *)field)->stack;
	char buf[ADDR_PREFIX_MAX];

	(void)k;
	for (uint32_t i = 0; i < st->naddrs; i++)
		(void)fprintf(out, "%s%s", i ? ", " : "",
			      addr_prefix_text(&st->addr[i], buf));
}

static void stack_addrs_expect(const struct config_key *k, char *buf,
			       size_t size)
{
	(void)k;
	(void)snprintf(buf, size,
		       "up to %u addresses (10.7.0.2, fd07::2) or networks "
		       "without host bits (10.7.0.0/24)",
		       CONFIG_ADDRS_MAX);
}

const struct config_type config_type_host_addrs = {
	.parse = host_addrs_parse,
	.print = host_addrs_print,
	.expect = host_addrs_expect
};
const struct config_type config_type_stack_addrs = {
	.parse = stack_addrs_parse,
	.print = stack_addrs_print,
	.expect = stack_addrs_expect
};
