/* SPDX-License-Identifier: MIT */
/*
 * connmap.h - finds what a service keeps for a connection
 *
 * For types that keep more than stream.state has room for.  The key is
 * stream.conn, which names one connection and no other before or after it.
 */

#ifndef DAEMON_SVC_CONNMAP_H
#define DAEMON_SVC_CONNMAP_H

#include <stdint.h>

#include "stack/base/err.h"

/**
 * struct connmap - connections and what is kept for them; all 0 = empty
 * @n:		entries in use
 * @mask:	places less one, a power of two less one; 0 = none allocated
 * @place:	the places
 */
struct connmap {
	uint32_t n;
	uint32_t mask;
	struct connmap_place *place;
};

/** connmap_put() - Keep @value, not NULL, for a connection that has none; 0 or -ERR_NOMEM */
int connmap_put(struct connmap *m, uint64_t conn, void *value) MUST_USE;

/** connmap_get() - What is kept for a connection, NULL = nothing */
void *connmap_get(const struct connmap *m, uint64_t conn);

/** connmap_del() - Keep it no longer; one that has nothing is fine */
void connmap_del(struct connmap *m, uint64_t conn);

/** connmap_any() - What is kept for one of them, no matter which; NULL = empty */
void *connmap_any(const struct connmap *m);

/** connmap_fini() - Free the map, not what is kept */
void connmap_fini(struct connmap *m);

#endif /* DAEMON_SVC_CONNMAP_H */
