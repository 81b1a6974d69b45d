/* SPDX-License-Identifier: MIT */
/*
 * ladder_text.c - what is written on an arrow, and the notes of a ladder
 *
 * A word that stands for a number goes with it ("ack 1449") and is not torn
 * from it.  The ACK flag is not written where the number is: a segment without
 * data that has no other flag is an "ACK 1449".  Of a packet that was cut into
 * runs the first one has what they share.
 */

#include "ladder_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CONTROL (LIFE_SYN | LIFE_FIN | LIFE_RST)
#define ECN_CE	3u

__attribute__((format(printf, 2, 3))) static void add(
	struct ladder_words *words, const char *fmt, ...)
{
	va_list ap;

	if (words->n == LADDER_WORDS)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(words->w[words->n++], LADDER_WORD, fmt, ap);
	va_end(ap);
}

const char *ladder_time(uint64_t us, char buf[FMT_TEXT])
{
	char *zero;

	(void)fmt_time((double)us, buf);
	zero = strstr(buf, ".0");
	if (zero)
		memmove(zero, zero + 2, strlen(zero + 2) + 1);
	return buf;
}

/* ------------------------------------------------------------------ segments */

static void add_flags(const struct life_seg *s, struct ladder_words *words)
{
	static const struct {
		uint8_t bit;
		const char *name;
	} list[] = {
		{ LIFE_SYN, "SYN" }, { LIFE_FIN, "FIN" }, { LIFE_RST, "RST" },
		{ LIFE_PSH, "PSH" }, { LIFE_URG, "URG" }, { LIFE_ECE, "ECE" },
		{ LIFE_CWR, "CWR" }, { LIFE_ACK, "ACK" },
	};
	char text[LADDER_WORD] = "";
	size_t n = 0;

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (!(s->flags & list[i].bit))
			continue;
		if (list[i].bit == LIFE_ACK && !(s->flags & CONTROL))
			continue;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
				      n ? "," : "", list[i].name);
	}
	if (n)
		add(words, "%s", text);
}

static bool is_pure_ack(const struct life_seg *s)
{
	return s->ack != LIFE_NONE && !s->len && !(s->flags & CONTROL);
}

static void add_numbers(const struct life_seg *s, struct ladder_words *words)
{
	if (is_pure_ack(s)) {
		add(words, "ACK %" PRIu64, s->ack);
		return;
	}
	if (!s->len)
		add(words, "seq %" PRIu64, s->seq);
	else
		add(words, "seq %" PRIu64 ":%" PRIu64, s->seq, s->seq + s->len);
	if (s->segs == 2 && s->len % s->seg_len)
		add(words, "len %u+%u", s->seg_len, s->len % s->seg_len);
	else if (s->segs > 1 && s->len % s->seg_len)
		add(words, "len %ux%u+%u", s->segs - 1, s->seg_len,
		    s->len % s->seg_len);
	else if (s->segs > 1)
		add(words, "len %ux%u", s->segs, s->seg_len);
	else if (s->len)
		add(words, "len %u", s->len);
	if (s->ack != LIFE_NONE && s->part <= 1)
		add(words, "ack %" PRIu64, s->ack);
}

static void add_sacks(const struct life_seg *s, struct ladder_words *words)
{
	for (uint32_t i = 0; i < s->nsack; i++)
		add(words, "%s%" PRIu64 ":%" PRIu64,
		    i == 0		 ? (s->dsack ? "dsack " : "sack ")
		    : i == 1 && s->dsack ? "sack "
					 : "",
		    s->sack[i][0], s->sack[i][1]);
}

/* Why it is sent again, or sent at all; and when it was before. */
static void add_cause(const struct life_seg *s, bool bare,
		      struct ladder_words *words)
{
	static const char *const why[LIFE_CAUSES] = {
		[LIFE_CAUSE_NONE] = "again",
		[LIFE_CAUSE_RTO] = "again: rto",
		[LIFE_CAUSE_DUPACK] = "again: 3 dup acks",
		[LIFE_CAUSE_PARTIAL_ACK] = "again: partial ack",
		[LIFE_CAUSE_WND_PROBE] = "window probe",
		[LIFE_CAUSE_SYN] = "again: no answer",
		[LIFE_CAUSE_RACK] = "again: rack",
		[LIFE_CAUSE_SACK] = "again: sack",
		[LIFE_CAUSE_TLP] = "tail loss probe",
		[LIFE_CAUSE_MTU] = "again: smaller for the path",
		[LIFE_CAUSE_KEEPALIVE] = "keepalive probe",
		[LIFE_CAUSE_OTHER] = "again",
	};
	bool timer = s->cause == LIFE_CAUSE_RTO || s->cause == LIFE_CAUSE_SYN;
	char took[FMT_TEXT];

	if (s->cause == LIFE_CAUSE_NONE && !s->again)
		return;
	if (!bare && timer && s->rto_us)
		add(words, "%s of %s", why[s->cause],
		    ladder_time(s->rto_us, took));
	else if (!bare && s->since_us)
		add(words, "%s after %s", why[s->cause],
		    ladder_time(s->since_us, took));
	else
		add(words, "%s", why[s->cause]);
}

static const char *delay_text(const struct life_hit *h, char buf[LADDER_WORD])
{
	char least[FMT_TEXT];
	char most[FMT_TEXT];

	(void)ladder_time(h->delay_us, least);
	(void)ladder_time(h->delay_max_us, most);
	if (strcmp(least, most) != 0)
		(void)snprintf(buf, LADDER_WORD, "%s to %s", least, most);
	else
		(void)snprintf(buf, LADDER_WORD, "%s", least);
	return buf;
}

/* A rule's delay alone is on every packet: as short as it can be. */
static bool is_plain_delay(const struct life_hit *h)
{
	return h->faults == LIFE_F_DELAYED && !h->step;
}

static void add_plain_delay(const struct life_hit *h, bool bare,
			    struct ladder_words *words)
{
	char delay[LADDER_WORD];

	if (is_plain_delay(h))
		add(words, bare ? "delayed" : "+%s", delay_text(h, delay));
}

/* The knob that lost it, unless it goes without saying. */
static const char *knob_text(const struct life_hit *h, char buf[LADDER_WORD])
{
	buf[0] = '\0';
	if (h->faults & LIFE_F_LOST && !h->step && strcmp(h->knob, "loss") != 0)
		(void)snprintf(buf, LADDER_WORD, " (%s)", h->knob);
	return buf;
}

/* "script 2 step 1", "rule 3"; numbers differ from run to run, steps do not. */
static const char *culprit_text(const struct life_hit *h, bool bare,
				char buf[LADDER_WORD])
{
	char number[FMT_TEXT] = "";
	char step[FMT_TEXT] = "";

	if (!bare)
		(void)snprintf(number, sizeof(number), " %u", h->rule);
	if (h->step)
		(void)snprintf(step, sizeof(step), " step %u", h->step);
	(void)snprintf(buf, LADDER_WORD, "%s%s%s", h->step ? "script" : "rule",
		       number, step);
	return buf;
}

static void add_faults(const struct life_hit *h, bool bare,
		       struct ladder_words *words)
{
	char text[LADDER_NOTE] = "";
	char delay[LADDER_WORD];
	char rule[LADDER_WORD];
	char knob[LADDER_WORD];
	size_t n = 0;

	if (!h->faults || is_plain_delay(h))
		return;
	(void)delay_text(h, delay);
	for (uint32_t i = 0; i < LIFE_FAULTS; i++) {
		uint32_t fault = h->faults & 1u << i;
		bool late = fault == LIFE_F_DELAYED && !bare;

		if (fault)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
					      "%s%s%s%s", n ? ", " : "",
					      life_fault_name(fault),
					      late ? " " : "",
					      late ? delay : "");
	}
	add(words, "%s by %s%s", text, culprit_text(h, bare, rule),
	    knob_text(h, knob));
}

void ladder_segment(const struct life_seg *s, bool bare,
		    struct ladder_words *words)
{
	size_t remarks;

	words->n = 0;
	add_flags(s, words);
	add_numbers(s, words);
	if (s->dup)
		add(words, "dup %u", s->dup);
	add_sacks(s, words);
	if (s->seen && s->part <= 1)
		add(words, "win %u", s->wnd);
	if (s->ecn == ECN_CE)
		add(words, "CE");
	add_plain_delay(&s->hit, bare, words);
	remarks = words->n;
	add_cause(s, bare, words);
	if (s->late)
		add(words, "fills a hole");
	if (s->copy)
		add(words, "second copy");
	else
		add_faults(&s->hit, bare, words);
	for (size_t i = remarks; i + 1 < words->n; i++) {
		size_t len = strlen(words->w[i]);

		if (len + 1 < LADDER_WORD)
			memcpy(words->w[i] + len, ",", 2);
	}
}

/* --------------------------------------------------------------------- notes */

const char *ladder_opened(const struct life_opened *o, char note[LADDER_NOTE])
{
	char scale[LADDER_WORD] = "";

	note[0] = '\0';
	if (!o->mss)
		return note;
	if (o->wscale)
		(void)snprintf(scale, sizeof(scale), ", wscale %u,%u",
			       o->scale_in, o->scale_out);
	(void)snprintf(note, LADDER_NOTE, "mss %u%s%s%s%s; %s", o->mss, scale,
		       o->timestamps ? ", timestamps" : "",
		       o->sack ? ", sack" : "", o->ecn ? ", ecn" : "", o->cc);
	return note;
}

const char *ladder_lost(const struct life_lost *lost, bool bare,
			char note[LADDER_NOTE])
{
	static const char *const how[LIFE_CAUSES] = {
		[LIFE_CAUSE_NONE] = "held for lost",
		[LIFE_CAUSE_RTO] = "retransmission timeout (rto)",
		[LIFE_CAUSE_DUPACK] = "third duplicate ack",
		[LIFE_CAUSE_PARTIAL_ACK] = "an ack ends in front of it",
		[LIFE_CAUSE_WND_PROBE] = "window probe",
		[LIFE_CAUSE_SYN] = "no answer within the timeout",
		[LIFE_CAUSE_RACK] = "later data has arrived (rack)",
		[LIFE_CAUSE_SACK] = "3 segments above have arrived (sack)",
		[LIFE_CAUSE_TLP] = "seen by the tail loss probe (tlp)",
		[LIFE_CAUSE_MTU] = "too big for the path",
		[LIFE_CAUSE_KEEPALIVE] = "keepalive",
		[LIFE_CAUSE_OTHER] = "held for lost",
	};
	bool timer = lost->cause == LIFE_CAUSE_RTO ||
		     lost->cause == LIFE_CAUSE_SYN;
	char what[LADDER_WORD];
	char after[FMT_TEXT];

	if (lost->end == lost->seq)
		(void)snprintf(what, sizeof(what), "%s",
			       lost->seq ? "FIN" : "SYN");
	else
		(void)snprintf(what, sizeof(what), "%" PRIu64 ":%" PRIu64,
			       lost->seq, lost->end);
	(void)snprintf(note, LADDER_NOTE, "%s lost: %s%s%s", what,
		       how[lost->cause],
		       !bare && timer && lost->rto_us ? " of " : "",
		       !bare && timer && lost->rto_us
			       ? ladder_time(lost->rto_us, after)
			       : "");
	return note;
}

const char *ladder_closed(const struct life_closed *c, bool bare,
			  char note[LADDER_NOTE])
{
	char in[FMT_TEXT];
	char out[FMT_TEXT];
	char age[FMT_TEXT];
	int n;

	n = snprintf(note, LADDER_NOTE,
		     "closed (%s)%s%s: %s bytes in, %s out, ", c->reason,
		     bare ? "" : " after ",
		     bare ? "" : ladder_time(c->age_us, age),
		     fmt_count((double)c->bytes_in, in),
		     fmt_count((double)c->bytes_out, out));
	if (n < 0 || (size_t)n >= LADDER_NOTE)
		return note;
	if (c->retrans)
		(void)snprintf(note + n, LADDER_NOTE - (size_t)n,
			       "%" PRIu64 " segment%s sent again", c->retrans,
			       c->retrans == 1 ? "" : "s");
	else
		(void)snprintf(note + n, LADDER_NOTE - (size_t)n,
			       "nothing sent again");
	return note;
}
