/* SPDX-License-Identifier: MIT */
/*
 * connmap.c - finds what a service keeps for a connection
 *
 * Open addressing, at most half full, one place after another.  A deleted entry
 * leaves no mark: those behind it that are not where they would like to be move
 * up.  The memory follows the number of entries in both directions.
 */

#include "connmap.h"

#include <stdlib.h>
#include <string.h>

#define LEAST_PLACES 16u
#define MIX	     0x9e3779b97f4a7c15u /* 2^64 by the golden ratio */

/**
 * struct connmap_place - one place
 * @conn:	key
 * @value:	what is kept, NULL = the place is free
 */
struct connmap_place {
	uint64_t conn;
	void *value;
};

static uint32_t home(const struct connmap *m, uint64_t conn)
{
	return (uint32_t)((conn * MIX) >> 32) & m->mask;
}

/* Where a connection is, or would come: a free place ends the search. */
static uint32_t find(const struct connmap *m, uint64_t conn)
{
	uint32_t i = home(m, conn);

	while (m->place[i].value && m->place[i].conn != conn)
		i = (i + 1) & m->mask;
	return i;
}

static int resize(struct connmap *m, uint32_t places)
{
	struct connmap to = { .n = m->n, .mask = places - 1 };

	to.place = calloc(places, sizeof(*to.place));
	if (!to.place)
		return -ERR_NOMEM;
	for (uint32_t i = 0; m->place && i <= m->mask; i++)
		if (m->place[i].value)
			to.place[find(&to, m->place[i].conn)] = m->place[i];
	free(m->place);
	*m = to;
	return 0;
}

int connmap_put(struct connmap *m, uint64_t conn, void *value)
{
	uint32_t places = m->place ? m->mask + 1 : 0;

	if (2 * (m->n + 1) > places) {
		int rc = resize(m, places ? 2 * places : LEAST_PLACES);

		if (rc)
			return rc;
	}
	m->place[find(m, conn)] = (struct connmap_place){ .conn = conn,
							  .value = value };
	m->n++;
	return 0;
}

void *connmap_get(const struct connmap *m, uint64_t conn)
{
	return m->place ? m->place[find(m, conn)].value : NULL;
}

/*
 * close_gap() - Fill a place that has become free
 *
 *	home  gap  i	an entry may move from i to the gap if its home is not
 *	  |----|---|	behind the gap on the way to i
 */
static void close_gap(struct connmap *m, uint32_t gap)
{
	uint32_t i = gap;

	for (;;) {
		i = (i + 1) & m->mask;
		if (!m->place[i].value)
			break;
		if (((i - home(m, m->place[i].conn)) & m->mask) <
		    ((i - gap) & m->mask))
			continue;
		m->place[gap] = m->place[i];
		gap = i;
	}
	m->place[gap].value = NULL;
}

void connmap_del(struct connmap *m, uint64_t conn)
{
	uint32_t i;

	if (!connmap_get(m, conn))
		return;
	i = find(m, conn);
	m->place[i].value = NULL;
	close_gap(m, i);
	m->n--;
	if (m->mask >= LEAST_PLACES && 8 * m->n <= m->mask)
		(void)resize(m, (m->mask + 1) / 2); /* or it stays as it is */
}

void *connmap_any(const struct connmap *m)
{
	for (uint32_t i = 0; m->place && i <= m->mask; i++)
		if (m->place[i].value)
			return m->place[i].value;
	return NULL;
}

void connmap_fini(struct connmap *m)
{
	free(m->place);
	*m = (struct connmap){ 0 };
}
