/* SPDX-License-Identifier: MIT */
/*
 * treap.c - intrusive ordered tree
 */

#include "treap.h"

#include <stddef.h>
#include <stdint.h>

#define GOLDEN                                                                 \
	0x9e3779b97f4a7c15u /* 2^64 / golden ratio: spreads what is near */

static uint64_t prio(const struct treap_node *n)
{
	uint64_t x = (uint64_t)(uintptr_t)n * GOLDEN;

	return (x ^ x >> 29) * GOLDEN;
}

/* Hang @n where @old hung. */
static void replace(struct treap *t, const struct treap_node *old,
		    struct treap_node *n)
{
	struct treap_node *up = old->up;

	if (!up)
		t->root = n;
	else if (up->left == old)
		up->left = n;
	else
		up->right = n;
	if (n)
		n->up = up;
}

/*
 * Lift @n over its parent; the order stays:
 *
 *	    p             n		    p		      n
 *	   / \	         / \		   / \		     / \
 *	  n   c   -->   a   p		  a   n	     -->    p   c
 *	 / \	           / \		     / \	   / \
 *	a   b	          b   c		    b   c	  a   b
 */
static void lift(struct treap *t, struct treap_node *n)
{
	struct treap_node *p = n->up;

	replace(t, p, n);
	if (p->left == n) {
		p->left = n->right;
		if (p->left)
			p->left->up = p;
		n->right = p;
	} else {
		p->right = n->left;
		if (p->right)
			p->right->up = p;
		n->left = p;
	}
	p->up = n;
}

static struct treap_node *leftmost(struct treap_node *n)
{
	while (n && n->left)
		n = n->left;
	return n;
}

static struct treap_node *rightmost(struct treap_node *n)
{
	while (n && n->right)
		n = n->right;
	return n;
}

void treap_insert_after(struct treap *t, struct treap_node *at,
			struct treap_node *n)
{
	struct treap_node *before = NULL; /* it becomes its left child */

	n->left = NULL;
	n->right = NULL;
	if (!at)
		before = leftmost(t->root);
	else if (at->right)
		before = leftmost(at->right);

	n->up = before ? before : at;
	if (before)
		before->left = n;
	else if (at)
		at->right = n;
	else
		t->root = n;
	while (n->up && prio(n->up) < prio(n))
		lift(t, n);
}

void treap_remove(struct treap *t, struct treap_node *n)
{
	while (n->left && n->right)
		lift(t, prio(n->left) > prio(n->right) ? n->left : n->right);
	replace(t, n, n->left ? n->left : n->right);
}

struct treap_node *treap_first(const struct treap *t)
{
	return leftmost(t->root);
}

struct treap_node *treap_next(const struct treap_node *n)
{
	if (n->right)
		return leftmost(n->right);
	while (n->up && n->up->right == n)
		n = n->up;
	return n->up;
}

struct treap_node *treap_prev(const struct treap_node *n)
{
	if (n->left)
		return rightmost(n->left);
	while (n->up && n->up->left == n)
		n = n->up;
	return n->up;
}
