/* SPDX-License-Identifier: MIT */
/*
 * addr.c - addresses as people write them
 */

#include "daemon/addr.h"

#include <arpa/inet.h>
#include <stdio.h>

_Static_assert(ADDR_TEXT_MAX == INET6_ADDRSTRLEN, "room for any address");

bool addr_of_text(const char *text, struct ustack_addr *a)
{
	uint8_t b4[4];

	if (inet_pton(AF_INET, text, b4) == 1)
		*a = ustack_addr4(b4);
	else if (inet_pton(AF_INET6, text, a->b) != 1 || ustack_addr_is4(a))
		return false;
	return true;
}

const char *addr_text(const struct ustack_addr *a, char buf[ADDR_TEXT_MAX])
{
	bool v4 = ustack_addr_is4(a);

	(void)inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? a->b + 12 : a->b, buf,
			ADDR_TEXT_MAX);
	return buf;
}

const char *addr_prefix_text(const struct ustack_prefix *p,
			     char buf[ADDR_PREFIX_MAX])
{
	uint32_t skip = ustack_addr_is4(&p->addr) ? ADDR_MAPPED_BITS : 0;
	char text[ADDR_TEXT_MAX];

	if (p->len == 128)
		return addr_text(&p->addr, buf);
	(void)snprintf(buf, ADDR_PREFIX_MAX, "%s/%u", addr_text(&p->addr, text),
		       p->len - skip);
	return buf;
}

const char *addr_endpoint_text(const struct ustack_addr *a, uint16_t port,
			       char buf[ADDR_ENDPOINT_MAX])
{
	bool v4 = ustack_addr_is4(a);
	char text[ADDR_TEXT_MAX];

	(void)snprintf(buf, ADDR_ENDPOINT_MAX, v4 ? "%s:%u" : "[%s]:%u",
		       addr_text(a, text), (unsigned int)port);
	return buf;
}
