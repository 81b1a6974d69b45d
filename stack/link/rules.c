/* SPDX-License-Identifier: MIT */
/*
 * rules.c - the table of rules and scripts: made, replaced, cleared, undone
 *
 * Before each change the table, which is pointers, is put aside; undo puts it
 * back.  What ended by itself meanwhile ends again at once.
 */

#include "impair_int.h"

#include "stack/base/assert.h"
#include "stack/base/bytes.h"
#include "stack/base/siphash.h"

#define COST_MAX 65535 /* of @overhead and the like, bytes either way */

/* ----------------------------------------------------------- what is valid */

static bool match_valid(const struct impair_match *m)
{
	return m->dirs < 1u << IMPAIR_DIRS && m->peer.len <= 128 &&
	       !(m->next && m->conn);
}

static bool cost_valid(int32_t bytes)
{
	return bytes >= -COST_MAX && bytes <= COST_MAX;
}

static bool knobs_valid(const struct impair_knobs *k)
{
	if (k->delay_us > IMPAIR_DELAY_MAX || k->jitter_us > IMPAIR_DELAY_MAX)
		return false;
	if (k->dist > IMPAIR_DIST_PARETONORMAL ||
	    k->loss_model > IMPAIR_LOSS_STATE)
		return false;
	if (k->gap > 0 && k->reorder == 0)
		return false;
	if (!cost_valid(k->overhead) || !cost_valid(k->cell_overhead) ||
	    k->cell_size > COST_MAX)
		return false;
	return k->cell_size == 0 ||
	       (int32_t)k->cell_size + k->cell_overhead > 0;
}

/* --------------------------------------------------------------- objects */

static struct rule *rule_get(struct rule *r)
{
	r->refs++;
	return r;
}

void rule_put(struct impair *im, struct rule *r)
{
	if (r && --r->refs == 0)
		mem_free(&im->mem, r, sizeof(*r));
}

static struct script *script_get(struct script *s)
{
	s->refs++;
	return s;
}

static void script_put(struct impair *im, struct script *s)
{
	if (--s->refs == 0)
		mem_free(&im->mem, s, sizeof(*s));
}

/*
 * What of the match decides fates: not the connection's number, which is
 * another in each run, nor the direction, which is in each draw.
 */
static uint64_t fate_id(const struct impair_match *m)
{
	const struct siphash_key key = { { 0, 0 } };
	uint64_t w[3];

	memcpy(w, m->peer.addr.b, 16);
	w[2] = (uint64_t)m->peer.len << 16 | m->port;
	if (m->peer.len == 0)
		w[0] = w[1] = 0;
	return siphash_words(&key, w, ARRAY_LEN(w));
}

static struct rule *rule_new(struct impair *im, const struct impair_rule *r,
			     uint64_t now_us)
{
	struct rule *n = mem_alloc(&im->mem, sizeof(*n));

	if (!n)
		return NULL;
	memset(n, 0, sizeof(*n));
	n->refs = 1;
	n->gen = ++im->gen;
	n->r = *r;
	if (n->r.match.dirs == 0)
		n->r.match.dirs = (1u << IMPAIR_DIRS) - 1;
	if (!n->r.knobs.seed_set)
		n->r.knobs.seed = rng_u64(&im->rng) >> 32;
	n->r.knobs.seed_set = true;
	n->fate_id = fate_id(&n->r.match);
	n->expire_us = IMPAIR_NEVER;
	if (r->for_us && r->for_us < IMPAIR_NEVER - now_us)
		n->expire_us = now_us + r->for_us;
	return n;
}

static struct script *script_new(struct impair *im,
				 const struct impair_script *sc)
{
	struct script *n = mem_alloc(&im->mem, sizeof(*n));

	if (!n)
		return NULL;
	memset(n, 0, sizeof(*n));
	n->refs = 1;
	n->gen = ++im->gen;
	n->sc = *sc;
	n->icmp = script_wants_icmp(sc);
	return n;
}

/* ----------------------------------------------------------------- table */

static void table_put(struct impair *im, struct table *t)
{
	for (uint32_t i = 0; i < t->nrules; i++)
		rule_put(im, t->rule[i]);
	for (uint32_t i = 0; i < t->nscripts; i++)
		script_put(im, t->script[i]);
	t->nrules = 0;
	t->nscripts = 0;
}

/* Put the table aside; @t had nothing in it. */
static void table_copy(const struct impair *im, struct table *t)
{
	*t = im->tab;
	for (uint32_t i = 0; i < t->nrules; i++)
		rule_get(t->rule[i]);
	for (uint32_t i = 0; i < t->nscripts; i++)
		script_get(t->script[i]);
}

/* Before the table is changed. */
static void snapshot(struct impair *im)
{
	if (im->batch) {
		im->changed = true;
		return;
	}
	if (im->nundo == IMPAIR_UNDO_MAX) {
		table_put(im, &im->undo[0]);
		memmove(im->undo, im->undo + 1,
			(IMPAIR_UNDO_MAX - 1) * sizeof(im->undo[0]));
		im->nundo--;
	}
	table_copy(im, &im->undo[im->nundo++]);
}

static bool is_empty(const struct table *t)
{
	return t->nrules == 0 && t->nscripts == 0;
}

/* While there was nothing to do, connections came and went unseen. */
static void wake(struct impair *im)
{
	if (is_empty(&im->tab))
		im->epoch++;
}

void rules_recount(struct impair *im)
{
	const struct table *t = &im->tab;

	im->expire_us = IMPAIR_NEVER;
	im->unbound = 0;
	for (uint32_t i = 0; i < t->nrules; i++) {
		const struct rule *r = t->rule[i];

		im->expire_us = min_u64(im->expire_us, r->expire_us);
		im->unbound += r->r.match.next && !r->bound.flow;
	}
	for (uint32_t i = 0; i < t->nscripts; i++)
		im->unbound += t->script[i]->sc.match.next &&
			       !t->script[i]->bound.flow;
}

void rules_expire(struct impair *im, uint64_t now_us)
{
	struct table *t = &im->tab;
	uint32_t left = 0;

	im->now_us = max_u64(im->now_us, now_us);
	if (now_us < im->expire_us)
		return;
	for (uint32_t i = 0; i < t->nrules; i++) {
		if (t->rule[i]->expire_us > now_us)
			t->rule[left++] = t->rule[i];
		else
			rule_put(im, t->rule[i]);
	}
	t->nrules = left;
	rules_recount(im);
}

bool rules_pinned(void *ctx, uint64_t serial)
{
	const struct impair *im = ctx;

	for (uint32_t i = 0; i < im->tab.nrules; i++)
		if (im->tab.rule[i]->bound.flow == serial)
			return true;
	for (uint32_t i = 0; i < im->tab.nscripts; i++)
		if (im->tab.script[i]->bound.flow == serial)
			return true;
	return false;
}

void rules_free(struct impair *im)
{
	table_put(im, &im->tab);
	table_put(im, &im->saved);
	while (im->nundo > 0)
		table_put(im, &im->undo[--im->nundo]);
}

/* --------------------------------------------------------------- changes */

static bool same_peer(const struct ustack_prefix *a,
		      const struct ustack_prefix *b)
{
	uint32_t whole = a->len / 8u;
	uint32_t mask = 0xff00u >> a->len % 8u;

	if (a->len != b->len || memcmp(a->addr.b, b->addr.b, whole) != 0)
		return false;
	return whole == 16 ||
	       ((a->addr.b[whole] ^ b->addr.b[whole]) & mask & 0xffu) == 0;
}

/* A rule that silences an endpoint stands beside the one that impairs it. */
static bool same_match(const struct impair_rule *a, const struct impair_rule *b)
{
	const struct impair_match *m = &a->match, *n = &b->match;

	return m->dirs == n->dirs && m->conn == n->conn && m->port == n->port &&
	       !m->service[0] == !n->service[0] && m->next == n->next &&
	       a->silent == b->silent && same_peer(&m->peer, &n->peer);
}

static uint32_t find_same(const struct table *t, const struct rule *r)
{
	uint32_t i = 0;

	while (i < t->nrules && !same_match(&t->rule[i]->r, &r->r))
		i++;
	return i;
}

static void take_out(struct table *t, uint32_t at)
{
	t->nrules--;
	memmove(t->rule + at, t->rule + at + 1,
		(t->nrules - at) * sizeof(t->rule[0]));
}

/* A new rule goes in front, or in front of those that stand, as it does. */
static void insert(struct table *t, struct rule *n)
{
	uint32_t at = 0;

	while (n->r.standing && at < t->nrules && !t->rule[at]->r.standing)
		at++;
	memmove(t->rule + at + 1, t->rule + at,
		(t->nrules - at) * sizeof(t->rule[0]));
	t->rule[at] = n;
	t->nrules++;
}

/* Where it stands; but one that stands behind others does not stay in front. */
static void replace(struct impair *im, uint32_t at, struct rule *n)
{
	struct table *t = &im->tab;
	struct rule *old = t->rule[at];

	n->id = old->id;
	if (n->r.standing && !old->r.standing) {
		take_out(t, at);
		insert(t, n);
	} else {
		t->rule[at] = n;
	}
	rule_put(im, old);
}

int impair_set(struct impair *im, const struct impair_rule *r, uint64_t now_us,
	       uint32_t *id)
{
	struct table *t = &im->tab;
	struct rule *n;
	uint32_t at;

	if (!match_valid(&r->match) || !knobs_valid(&r->knobs))
		return -ERR_INVAL;
	rules_expire(im, now_us);
	n = rule_new(im, r, now_us);
	if (!n)
		return -ERR_NOMEM;
	at = find_same(t, n);
	if (at == t->nrules && t->nrules == IMPAIR_RULES_MAX) {
		rule_put(im, n);
		return -ERR_LIMIT;
	}
	wake(im);
	snapshot(im);
	if (at < t->nrules) {
		replace(im, at, n);
	} else {
		n->id = ++im->last_id;
		insert(t, n);
	}
	*id = n->id;
	rules_recount(im);
	return 0;
}

int impair_run_script(struct impair *im, const struct impair_script *sc,
		      uint64_t now_us, uint32_t *id)
{
	struct table *t = &im->tab;
	struct script *n;

	if (!match_valid(&sc->match) || script_check(sc) != 0)
		return -ERR_INVAL;
	rules_expire(im, now_us);
	if (t->nscripts == IMPAIR_SCRIPTS_MAX)
		return -ERR_LIMIT;
	n = script_new(im, sc);
	if (!n)
		return -ERR_NOMEM;
	wake(im);
	snapshot(im);
	n->id = ++im->last_id;
	t->script[t->nscripts++] = n;
	*id = n->id;
	rules_recount(im);
	return 0;
}

static bool clear_rule(struct impair *im, uint32_t id)
{
	struct table *t = &im->tab;
	uint32_t i = 0;

	while (i < t->nrules && t->rule[i]->id != id)
		i++;
	if (i == t->nrules)
		return false;
	snapshot(im);
	rule_put(im, t->rule[i]);
	take_out(t, i);
	return true;
}

static bool clear_script(struct impair *im, uint32_t id)
{
	struct table *t = &im->tab;
	uint32_t i = 0;

	while (i < t->nscripts && t->script[i]->id != id)
		i++;
	if (i == t->nscripts)
		return false;
	snapshot(im);
	script_put(im, t->script[i]);
	t->nscripts--;
	memmove(t->script + i, t->script + i + 1,
		(t->nscripts - i) * sizeof(t->script[0]));
	return true;
}

int impair_clear(struct impair *im, uint32_t id)
{
	if (id != 0 && !clear_rule(im, id) && !clear_script(im, id))
		return -ERR_NOENT;
	if (id == 0 && !is_empty(&im->tab)) {
		snapshot(im);
		table_put(im, &im->tab);
	}
	rules_recount(im);
	return 0;
}

void impair_settle(struct impair *im, uint32_t n)
{
	for (; n > 0 && im->nundo > 0; n--)
		table_put(im, &im->undo[--im->nundo]);
}

int impair_undo(struct impair *im)
{
	if (im->nundo == 0)
		return -ERR_NOENT;
	wake(im);
	table_put(im, &im->tab);
	im->tab = im->undo[--im->nundo];
	rules_recount(im);
	return 0;
}

/* ---------------------------------------------------------- many as one */

void impair_begin(struct impair *im)
{
	ASSERT(!im->batch);
	table_copy(im, &im->saved);
	im->batch = true;
	im->changed = false;
}

void impair_end(struct impair *im, bool keep)
{
	ASSERT(im->batch);
	im->batch = false;
	if (keep) {
		table_put(im, &im->saved);
		if (im->changed)
			impair_settle(im, UINT32_MAX);
		return;
	}
	wake(im);
	table_put(im, &im->tab);
	im->tab = im->saved;
	im->saved = (struct table){ 0 };
	rules_recount(im);
}

/* Packets that wait because of a rule still count there. */
static int move_rule(struct impair *im, uint32_t at, uint16_t port)
{
	struct rule **r = &im->tab.rule[at];
	struct rule *n = mem_alloc(&im->mem, sizeof(*n));

	if (!n)
		return -ERR_NOMEM;
	*n = **r;
	n->refs = 1;
	n->r.match.port = port;
	n->fate_id = fate_id(&n->r.match);
	for (uint32_t i = 0; i < IMPAIR_DIRS; i++)
		n->d[i].waiting = 0;
	snapshot(im);
	rule_put(im, *r);
	*r = n;
	return 0;
}

static int move_script(struct impair *im, uint32_t at, uint16_t port)
{
	struct script **s = &im->tab.script[at];
	struct script *n = mem_alloc(&im->mem, sizeof(*n));

	if (!n)
		return -ERR_NOMEM;
	*n = **s;
	n->refs = 1;
	n->sc.match.port = port;
	snapshot(im);
	script_put(im, *s);
	*s = n;
	return 0;
}

int impair_move(struct impair *im, uint32_t id, uint16_t port)
{
	for (uint32_t i = 0; i < im->tab.nrules; i++)
		if (im->tab.rule[i]->id == id)
			return move_rule(im, i, port);
	for (uint32_t i = 0; i < im->tab.nscripts; i++)
		if (im->tab.script[i]->id == id)
			return move_script(im, i, port);
	return -ERR_NOENT;
}

/* ----------------------------------------------------------------- shown */

int impair_rule_at(const struct impair *im, uint32_t i, uint64_t now_us,
		   struct impair_rule_info *info)
{
	const struct rule *r;

	if (i >= im->tab.nrules)
		return -ERR_NOENT;
	r = im->tab.rule[i];
	*info = (struct impair_rule_info){
		.id = r->id,
		.rule = r->r,
		.left_us = r->expire_us,
		.queued = r->d[IMPAIR_IN].waiting + r->d[IMPAIR_OUT].waiting,
		.bound = r->bound.conn,
		.conns = r->conns,
		.counts = r->counts,
		.hit_us = r->hit_us,
		.hit = r->hit,
	};
	if (r->expire_us != IMPAIR_NEVER)
		info->left_us = r->expire_us > now_us ? r->expire_us - now_us
						      : 0;
	return 0;
}

/* Scripts of a port always find a connection that is new to them. */
static bool step_done(const struct impair *im, const struct script *s,
		      uint32_t step)
{
	if (s->sc.step[step].kind == IMPAIR_KIND_ICMP)
		return script_done(&s->sc, &s->none, step, im->now_us);
	if (!s->sc.match.next && !s->sc.match.conn)
		return false;
	return script_done(&s->sc, &s->one, step, im->now_us);
}

int impair_script_at(const struct impair *im, uint32_t i,
		     struct impair_script_info *info)
{
	const struct script *s;

	if (i >= im->tab.nscripts)
		return -ERR_NOENT;
	s = im->tab.script[i];
	*info = (struct impair_script_info){ .id = s->id,
					     .script = s->sc,
					     .bound = s->bound.conn,
					     .hit_us = s->hit_us,
					     .hit = s->hit };
	memcpy(info->fired, s->fired, sizeof(info->fired));
	for (uint32_t step = 0; step < s->sc.nsteps; step++)
		info->done[step] = step_done(im, s, step);
	return 0;
}

void impair_totals(const struct impair *im, struct impair_counts *c)
{
	*c = im->totals;
}

void impair_gauges(const struct impair *im, struct impair_gauges *g)
{
	*g = (struct impair_gauges){ .rules = im->tab.nrules,
				     .scripts = im->tab.nscripts,
				     .flows = im->flows.count,
				     .queued_pkts = queue_pkts(&im->queue),
				     .queued_bytes = im->queue.bytes,
				     .undo = im->nundo };
}
