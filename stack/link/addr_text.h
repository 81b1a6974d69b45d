/* SPDX-License-Identifier: MIT */
/*
 * addr_text.h - addresses and prefixes as people write them
 *
 * IPv4 in four decimal numbers, IPv6 as RFC 4291 section 2.2 reads and RFC 5952
 * writes it.
 */

#ifndef STACK_LINK_ADDR_TEXT_H
#define STACK_LINK_ADDR_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/link/words.h"
#include "stack/ustack_types.h"

/**
 * addr_prefix_of() - Read "10.7.0.0/24", "10.7.0.1", "fd07::/64"
 * @p:		text
 * @len:	bytes
 * @out:	set to the prefix; bits behind it are cleared
 *
 * Return: true if it is one
 */
bool addr_prefix_of(const char *p, uint32_t len, struct ustack_prefix *out);

/** text_prefix() - Add a word: the prefix, without length if it is all bits */
void text_prefix(struct text_out *t, const struct ustack_prefix *p);

#endif /* STACK_LINK_ADDR_TEXT_H */
