/* SPDX-License-Identifier: MIT */
/*
 * list.h - intrusive doubly linked list with a head node
 *
 * An unlinked node points to itself, so that "is it on a list" needs no flag
 * and unlinking twice is harmless.
 */

#ifndef STACK_BASE_LIST_H
#define STACK_BASE_LIST_H

#include <stdbool.h>

#include "bytes.h"

struct list {
	struct list *next;
	struct list *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* Insert @n before @at; with a head as @at this appends. */
static inline void list_insert(struct list *at, struct list *n)
{
	n->prev = at->prev;
	n->next = at;
	at->prev->next = n;
	at->prev = n;
}

static inline void list_del(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

/* Move everything from @from to the empty head @to. */
static inline void list_take(struct list *to, struct list *from)
{
	if (list_empty(from)) {
		list_init(to);
		return;
	}
	*to = *from;
	to->next->prev = to;
	to->prev->next = to;
	list_init(from);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)

#define list_first(head, type, member)                                         \
	(list_empty(head) ? NULL : list_entry((head)->next, type, member))

#endif /* STACK_BASE_LIST_H */
