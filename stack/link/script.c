/* SPDX-License-Identifier: MIT */
/*
 * script.c - a script at run time: which step acts on a packet
 */

#include "script.h"

#include "stack/wire/tcp_hdr.h"

#define KIND(k)	 (1u << IMPAIR_KIND_##k)
#define KINDS	 (IMPAIR_KIND_ICMP + 1u)
#define ACTIONS	 (IMPAIR_ACT_HOLD + 1u)
#define PARTS	 (IMPAIR_PART_CHECKSUM + 1u)
#define ALL_DIRS ((1u << IMPAIR_DIRS) - 1u)

static bool step_ok(const struct impair_step *st)
{
	if (st->action >= ACTIONS || st->kind >= KINDS || st->part >= PARTS)
		return false;
	if (st->dirs > ALL_DIRS || st->first == 0 || st->last < st->first)
		return false;
	if (st->action == IMPAIR_ACT_DELAY)
		return st->arg_us > 0;
	/* What is held waits for the next packet of its connection. */
	return st->action != IMPAIR_ACT_HOLD || st->kind != IMPAIR_KIND_ICMP;
}

int script_check(const struct impair_script *sc)
{
	if (sc->nsteps == 0 || sc->nsteps > IMPAIR_STEPS_MAX)
		return -ERR_INVAL;
	for (uint32_t i = 0; i < sc->nsteps; i++) {
		if (!step_ok(&sc->step[i]))
			return -ERR_INVAL;
	}
	return 0;
}

static uint32_t tcp_kinds(const struct link_view *v, bool again)
{
	const uint8_t syn_ack = TCP_SYN | TCP_ACK;
	bool space = v->data_len > 0 || (v->flags & (TCP_SYN | TCP_FIN)) != 0;
	uint32_t kinds = KIND(ANY);

	if ((v->flags & syn_ack) == TCP_SYN)
		kinds |= KIND(SYN);
	if ((v->flags & syn_ack) == syn_ack)
		kinds |= KIND(SYNACK);
	if (v->data_len > 0)
		kinds |= KIND(DATA);
	if (v->flags & TCP_FIN)
		kinds |= KIND(FIN);
	if (v->flags & TCP_RST)
		kinds |= KIND(RST);
	else if (v->flags & TCP_ACK && !space)
		kinds |= KIND(ACK);
	if (space && again)
		kinds |= KIND(RETRANSMIT);
	return kinds;
}

uint32_t script_kinds(const struct link_view *v, bool again)
{
	if (v->kind == LINK_TCP)
		return tcp_kinds(v, again);
	return v->kind == LINK_ICMP ? KIND(ICMP) : 0;
}

bool script_wants_icmp(const struct impair_script *sc)
{
	for (uint32_t i = 0; i < sc->nsteps; i++) {
		if (sc->step[i].kind == IMPAIR_KIND_ICMP)
			return true;
	}
	return false;
}

static bool step_fits(const struct impair_step *st, enum impair_dir dir,
		      uint32_t kinds)
{
	uint32_t dirs = st->dirs ? st->dirs : ALL_DIRS;

	return (dirs >> dir & 1u) != 0 && (kinds >> st->kind & 1u) != 0;
}

static bool too_late(const struct impair_step *st, const struct script_flow *f,
		     uint64_t now_us)
{
	return st->until_us > 0 && f->started &&
	       now_us - f->start_us >= st->until_us;
}

uint32_t script_ask(const struct impair_script *sc, struct script_flow *f,
		    enum impair_dir dir, uint32_t kinds, uint64_t now_us)
{
	uint32_t found = SCRIPT_NO_STEP;

	if (kinds == 0)
		return found;
	if (!f->started) {
		f->started = true;
		f->start_us = now_us;
	}
	for (uint32_t i = 0; i < sc->nsteps; i++) {
		const struct impair_step *st = &sc->step[i];

		if (!step_fits(st, dir, kinds))
			continue;
		if (f->seen[i] < UINT32_MAX)
			f->seen[i]++;
		if (found == SCRIPT_NO_STEP && f->seen[i] >= st->first &&
		    f->seen[i] <= st->last && !too_late(st, f, now_us))
			found = i;
	}
	return found;
}

bool script_done(const struct impair_script *sc, const struct script_flow *f,
		 uint32_t step, uint64_t now_us)
{
	const struct impair_step *st = &sc->step[step];

	if (too_late(st, f, now_us))
		return true;
	return st->last != UINT32_MAX && f->seen[step] >= st->last;
}
