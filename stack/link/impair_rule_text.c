/* SPDX-License-Identifier: MIT */
/*
 * impair_rule_text.c - a rule back as text
 *
 * The order is fixed and defaults are left out, so that equal rules have equal
 * texts.  A rule that does nothing is written as loss 0%.
 */

#include "stack/link/lang_int.h"

static void put_prob(struct text_out *t, const char *name, impair_prob p,
		     impair_prob corr)
{
	if (!p && !corr)
		return;
	text_word(t, name);
	text_prob(t, p);
	if (corr)
		text_prob(t, corr);
}

static void put_delay(struct text_out *t, const struct impair_knobs *k)
{
	if (!k->delay_us && !k->jitter_us && !k->delay_corr &&
	    (!k->limit_pkts || k->rate_bps))
		return;
	text_word(t, "delay");
	text_time(t, k->delay_us);
	if (k->jitter_us || k->delay_corr)
		text_time(t, k->jitter_us);
	if (k->delay_corr)
		text_prob(t, k->delay_corr);
	if (k->dist) {
		text_word(t, "distribution");
		text_word(t, lang_dist_names[k->dist & 3]);
	}
}

static void put_loss(struct text_out *t, const struct impair_knobs *k)
{
	switch (k->loss_model) {
	case IMPAIR_LOSS_GEMODEL:
		text_word(t, "loss gemodel");
		text_prob(t, k->ge.p);
		text_prob(t, k->ge.r);
		text_prob(t, k->ge.h1);
		text_prob(t, k->ge.k1);
		break;
	case IMPAIR_LOSS_STATE:
		text_word(t, "loss state");
		text_prob(t, k->state.p13);
		text_prob(t, k->state.p31);
		text_prob(t, k->state.p32);
		text_prob(t, k->state.p23);
		text_prob(t, k->state.p14);
		break;
	default:
		put_prob(t, "loss", k->loss, k->loss_corr);
		if (k->ecn && !k->loss && !k->loss_corr)
			text_word(t, "loss 0%");
		break;
	}
}

static void put_reorder(struct text_out *t, const struct impair_knobs *k)
{
	if (!k->reorder && !k->reorder_corr && !k->gap)
		return;
	text_word(t, "reorder");
	text_prob(t, k->reorder);
	if (k->reorder_corr)
		text_prob(t, k->reorder_corr);
	if (k->gap)
		text_named(t, "gap", k->gap);
}

static void put_rate(struct text_out *t, const struct impair_knobs *k)
{
	if (!k->rate_bps)
		return;
	text_word(t, "rate");
	text_rate(t, k->rate_bps);
	if (k->overhead || k->cell_size || k->cell_overhead)
		text_int(t, k->overhead);
	if (k->cell_size || k->cell_overhead)
		text_int(t, k->cell_size);
	if (k->cell_overhead)
		text_int(t, k->cell_overhead);
}

static void put_knobs(struct text_out *t, const struct impair_knobs *k)
{
	uint32_t before = t->len;

	put_delay(t, k);
	put_loss(t, k);
	put_prob(t, "duplicate", k->duplicate, k->dup_corr);
	put_prob(t, "corrupt", k->corrupt, k->corrupt_corr);
	put_reorder(t, k);
	put_rate(t, k);
	if (t->len == before)
		text_word(t, "loss 0%");
	if (k->limit_pkts)
		text_named(t, "limit", k->limit_pkts);
	if (k->ecn)
		text_word(t, "ecn");
}

const char *impair_rule_text(const struct impair_rule *r,
			     char buf[IMPAIR_TEXT_MAX])
{
	struct text_out t;

	text_init(&t, buf, IMPAIR_TEXT_MAX);
	text_word(&t, lang_dir_name(r->match.dirs));
	lang_put_target(&t, &r->match);
	if (r->silent)
		text_word(&t, "silent");
	else
		put_knobs(&t, &r->knobs);
	if (r->knobs.seed_set)
		text_named(&t, "seed", r->knobs.seed);
	if (r->for_us) {
		text_word(&t, "for");
		text_time(&t, r->for_us);
	}
	return buf;
}
