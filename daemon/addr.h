/* SPDX-License-Identifier: MIT */
/*
 * addr.h - addresses as people write them
 */

#ifndef DAEMON_ADDR_H
#define DAEMON_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/ustack.h"

#define ADDR_MAPPED_BITS  96u /* of ::ffff:a.b.c.d before the IPv4 address */
#define ADDR_TEXT_MAX	  46u /* an IPv6 address, NUL included */
#define ADDR_PREFIX_MAX	  50u /* and "/128" */
#define ADDR_ENDPOINT_MAX 54u /* in brackets, and ":65535" */

/**
 * addr_of_text() - Read "10.7.0.2", "fd07::2"
 * @text:	text
 * @a:		set to the address
 *
 * Return: true if it is one; IPv4 inside IPv6 is none
 */
bool addr_of_text(const char *text, struct ustack_addr *a);

/** addr_text() - "10.7.0.2", "fd07::2"; returns @buf */
const char *addr_text(const struct ustack_addr *a, char buf[ADDR_TEXT_MAX]);

/** addr_prefix_text() - "10.7.0.0/24"; a single address without length; returns @buf */
const char *addr_prefix_text(const struct ustack_prefix *p,
			     char buf[ADDR_PREFIX_MAX]);

/** addr_endpoint_text() - "10.7.0.2:7", "[fd07::2]:7"; returns @buf */
const char *addr_endpoint_text(const struct ustack_addr *a, uint16_t port,
			       char buf[ADDR_ENDPOINT_MAX]);

#endif /* DAEMON_ADDR_H */
