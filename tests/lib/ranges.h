/* SPDX-License-Identifier: MIT */
/*
 * ranges.h - which bytes of a stream somebody has
 *
 *	======= floor
 *	         ..[===]..[==]..      all before floor, and ranges beyond
 */

#ifndef TESTS_LIB_RANGES_H
#define TESTS_LIB_RANGES_H

#include <stdbool.h>
#include <stdint.h>

struct range {
	uint64_t from;
	uint64_t to;
};

/**
 * struct ranges - a set of bytes; all zero is the empty one
 * @floor:	all before is in it
 * @range:	what is in it beyond, in order, apart
 * @n:		their number
 * @cap:	room
 */
struct ranges {
	uint64_t floor;
	struct range *range;
	uint32_t n;
	uint32_t cap;
};

/** ranges_add() - Take in @from up to but without @to */
void ranges_add(struct ranges *s, uint64_t from, uint64_t to);

/** ranges_have() - All of it is there */
bool ranges_have(const struct ranges *s, uint64_t from, uint64_t to);

/** ranges_find() - First range that ends at or behind @at; s->n if none does */
uint32_t ranges_find(const struct ranges *s, uint64_t at);

/** ranges_fini() - Free, and be empty */
void ranges_fini(struct ranges *s);

#endif /* TESTS_LIB_RANGES_H */
