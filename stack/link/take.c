/* SPDX-License-Identifier: MIT */
/*
 * take.c - a packet comes: which rule and which scripts, then piece by piece
 *
 * What is looked for costs as little as the rules allow: addresses, ports and
 * direction are compared first; the connection is looked up only for a rule
 * that names one, or once something matches.
 */

#include "impair_int.h"

#include "stack/base/bytes.h"
#include "stack/wire/tcp_hdr.h"

static bool is_tcp(const struct take *t)
{
	return t->gso.view.kind == LINK_TCP;
}

static bool is_first_syn(const struct link_view *v)
{
	return (v->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* ------------------------------------------------------------ connection */

static uint64_t classify(const struct take *t)
{
	const struct impair_host *h = &t->im->host;
	const struct link_view *v = &t->gso.view;

	return h->classify(h->ctx, &v->local, v->lport, &v->remote, v->rport);
}

/* A flow has got its number: those bound to it can tell it. */
static void name_flow(struct impair *im, struct flow *fl, uint64_t conn)
{
	fl->conn = conn;
	for (uint32_t i = 0; i < im->tab.nrules; i++)
		if (im->tab.rule[i]->bound.flow == fl->serial)
			im->tab.rule[i]->bound.conn = conn;
	for (uint32_t i = 0; i < im->tab.nscripts; i++)
		if (im->tab.script[i]->bound.flow == fl->serial)
			im->tab.script[i]->bound.conn = conn;
}

/*
 * The packet's flow, if it is remembered.  One from before a time without rules
 * may be that of a connection that is gone.
 */
static struct flow *known_flow(struct take *t)
{
	struct flow *fl;

	if (t->looked)
		return t->flow;
	t->looked = true;
	fl = flow_find(&t->im->flows, &t->gso.view);
	if (fl && fl->epoch != t->im->epoch) {
		if (fl->conn && fl->conn != classify(t)) {
			flow_forget(&t->im->flows, fl);
			return NULL;
		}
		fl->epoch = t->im->epoch;
	}
	t->flow = fl;
	return fl;
}

static struct flow *make_flow(struct take *t)
{
	struct flow *fl;

	(void)known_flow(t);
	fl = flow_get(&t->im->flows, &t->gso.view);
	if (fl && fl != t->flow) {
		fl->epoch = t->im->epoch;
		fl->conn = t->conn;
	}
	t->flow = fl;
	return fl;
}

/*
 * On a SYN's way in the stack has nothing of it yet, but perhaps an older
 * connection of the same addresses in TIME-WAIT.
 */
uint64_t take_conn(struct take *t)
{
	struct flow *fl;

	if (t->asked || !is_tcp(t))
		return t->conn;
	fl = known_flow(t);
	if (fl && fl->conn)
		t->conn = fl->conn;
	else if (t->dir == IMPAIR_OUT || !is_first_syn(&t->gso.view))
		t->conn = classify(t);
	if (fl && !fl->conn && t->conn)
		name_flow(t->im, fl, t->conn);
	t->asked = true;
	return t->conn;
}

/* -------------------------------------------------------------- matching */

static bool prefix_holds(const struct ustack_prefix *p,
			 const struct ustack_addr *a)
{
	uint32_t whole = p->len / 8u;
	uint32_t mask = (0xff00u >> p->len % 8u) & 0xffu;

	if (memcmp(p->addr.b, a->b, whole) != 0)
		return false;
	return whole == 16 || ((p->addr.b[whole] ^ a->b[whole]) & mask) == 0;
}

/* The peer's port counts too, for connections that the stack opens; but a service
 * is never there.
 */
static bool port_fits(const struct impair_match *m, const struct link_view *v)
{
	return v->kind == LINK_TCP &&
	       (v->lport == m->port || (!m->service[0] && v->rport == m->port));
}

static bool ends_fit(const struct impair_match *m, const struct link_view *v)
{
	if (m->port && !port_fits(m, v))
		return false;
	return m->peer.len == 0 ||
	       (v->version != 0 && prefix_holds(&m->peer, &v->remote));
}

static bool is_bound(struct take *t, const struct bound *b)
{
	const struct link_view *v = &t->gso.view;
	const struct flow *fl;

	if (b->flow == 0 || b->lport != v->lport || b->rport != v->rport)
		return false;
	fl = known_flow(t);
	return fl && fl->serial == b->flow;
}

static bool match_fits(struct take *t, const struct impair_match *m,
		       const struct bound *b)
{
	if (!ends_fit(m, &t->gso.view))
		return false;
	if (!m->next && !m->conn)
		return true;
	if (!is_tcp(t))
		return false;
	return m->next ? is_bound(t, b) : take_conn(t) == m->conn;
}

static bool bind(struct take *t, const struct impair_match *m, struct bound *b)
{
	const struct link_view *v = &t->gso.view;
	struct flow *fl;

	if (!m->next || b->flow || !ends_fit(m, v))
		return false;
	fl = make_flow(t);
	if (!fl)
		return false;
	*b = (struct bound){ .flow = fl->serial,
			     .conn = take_conn(t),
			     .lport = v->lport,
			     .rport = v->rport };
	return true;
}

/* Each rule and script that waits for a connection takes the first that fits. */
static void bind_all(struct take *t)
{
	struct table *tab = &t->im->tab;
	bool any = false;

	for (uint32_t i = 0; i < tab->nrules; i++)
		any |= bind(t, &tab->rule[i]->r.match, &tab->rule[i]->bound);
	for (uint32_t i = 0; i < tab->nscripts; i++)
		any |= bind(t, &tab->script[i]->sc.match,
			    &tab->script[i]->bound);
	if (any)
		rules_recount(t->im);
}

/* ICMP belongs to no connection; a script that waits for some gets any. */
static bool script_fits(struct take *t, const struct script *s)
{
	const struct link_view *v = &t->gso.view;

	if (v->kind == LINK_ICMP)
		return s->icmp && (s->sc.match.peer.len == 0 ||
				   prefix_holds(&s->sc.match.peer, &v->remote));
	return v->kind == LINK_TCP && match_fits(t, &s->sc.match, &s->bound);
}

/* Does anything want the packet?  Rules by the first that fits. */
static bool pick(struct take *t)
{
	const struct table *tab = &t->im->tab;

	if (t->im->unbound && is_tcp(t) && is_first_syn(&t->gso.view))
		bind_all(t);
	t->nscripts = 0;
	for (uint32_t i = 0; i < tab->nscripts; i++)
		if (script_fits(t, tab->script[i]))
			t->script[t->nscripts++] = tab->script[i];
	t->rule = NULL;
	for (uint32_t i = 0; i < tab->nrules && !t->rule; i++) {
		struct rule *r = tab->rule[i];

		if ((r->r.match.dirs & 1u << t->dir) &&
		    match_fits(t, &r->r.match, &r->bound))
			t->rule = r;
	}
	return t->rule || t->nscripts > 0;
}

static bool is_exempt(const struct take *t)
{
	uint16_t port = t->gso.view.lport;

	return is_tcp(t) && (t->im->exempt[port / 8] & 1u << port % 8) != 0;
}

bool impair_take(struct impair *im, enum impair_dir dir, struct ustack_pkt *p,
		 uint64_t now_us)
{
	struct ustack_pkt piece;
	struct take t;

	rules_expire(im, now_us);
	t.im = im;
	t.p = p;
	t.now_us = now_us;
	t.dir = (uint8_t)dir;
	t.looked = false;
	t.asked = false;
	t.flow = NULL;
	t.conn = 0;
	gso_begin(&t.gso, dir, p);
	if (is_exempt(&t) || !pick(&t))
		return false;

	if (is_tcp(&t))
		(void)make_flow(&t);
	while (gso_next(&t.gso, &piece))
		apply_piece(&t, &piece);
	if (dir == IMPAIR_IN && t.p)
		im->host.pkt_free(im->host.ctx, t.p);
	return true;
}
