/* SPDX-License-Identifier: MIT */
/*
 * addr.c - what kind of address is it, and which of ours goes with it?
 */

#include "ip.h"

#include "stack/base/bytes.h"

bool ip_is_any(const struct ustack_addr *a)
{
	static const struct ustack_addr zero;

	if (ip_is4(a))
		return be32_load(a->b + 12) == 0;
	return ip_addr_eq(a, &zero);
}

/* RFC 1122 section 3.2.1.3: this network, loopback, class D and E, broadcast. */
static bool is_unicast4(uint32_t a)
{
	uint8_t net = (uint8_t)(a >> 24);

	return net != 0 && net != 127 && net < 224;
}

bool ip_is_unicast(const struct ustack_addr *a)
{
	static const uint8_t loopback[16] = { [15] = 1 };

	if (ip_is4(a))
		return is_unicast4(be32_load(a->b + 12));
	return a->b[0] != 0xff && !ip_is_any(a) &&
	       memcmp(a->b, loopback, sizeof(loopback)) != 0;
}

/* Broadcast and multicast are no peers (MUST-46), nor are we. */
static bool is_peer(const struct ustack *s, const struct ustack_addr *a)
{
	return ip_is_unicast(a) && !stack_is_ours(s, a);
}

int ip_local_for(const struct ustack *s, const struct ustack_addr *remote,
		 const struct ustack_addr *wanted, struct ustack_addr *local)
{
	bool v4 = ip_is4(remote);

	if (!is_peer(s, remote))
		return -ERR_INVAL;
	if (!ip_is_any(wanted)) {
		*local = *wanted;
		if (ip_is4(local) != v4)
			return -ERR_INVAL;
		return stack_is_ours(s, local) ? 0 : -ERR_ADDRNOTAVAIL;
	}
	for (uint32_t i = 0; i < s->cfg.naddrs; i++) {
		*local = s->cfg.addr[i].addr;
		if (ip_is4(local) == v4 && stack_is_ours(s, local))
			return 0;
	}
	return -ERR_ADDRNOTAVAIL;
}
