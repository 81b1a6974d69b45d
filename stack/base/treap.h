/* SPDX-License-Identifier: MIT */
/*
 * treap.h - intrusive ordered tree
 *
 *	in order by place:  every node on the left comes before, on the right after
 *	heap by priority:   no node has a higher priority than its parent
 *
 * A node's priority is a hash of its address, which nobody outside knows or
 * chooses: the tree is as deep as one built in random order, O(log n).  It knows
 * no keys: a node is put behind another one, and whoever searches compares on
 * the way down.  Adding at the end and taking the first away cost O(1) on average.
 */

#ifndef STACK_BASE_TREAP_H
#define STACK_BASE_TREAP_H

/**
 * struct treap_node - link of an object in a tree
 * @left:	subtree before it
 * @right:	subtree behind it
 * @up:		parent, NULL at the root
 */
struct treap_node {
	struct treap_node *left;
	struct treap_node *right;
	struct treap_node *up;
};

/**
 * struct treap - a tree
 * @root:	NULL = empty
 */
struct treap {
	struct treap_node *root;
};

/**
 * treap_insert_after() - Put a node right behind another one
 * @t:		tree
 * @at:		node in the tree, NULL = put it in front of all
 * @n:		new node
 */
void treap_insert_after(struct treap *t, struct treap_node *at,
			struct treap_node *n);

/** treap_remove() - Take a node out */
void treap_remove(struct treap *t, struct treap_node *n);

/** treap_first() - The first node, NULL = empty */
struct treap_node *treap_first(const struct treap *t);

/** treap_next() - The node behind @n, NULL = none */
struct treap_node *treap_next(const struct treap_node *n);

/** treap_prev() - The node before @n, NULL = none */
struct treap_node *treap_prev(const struct treap_node *n);

#endif /* STACK_BASE_TREAP_H */
