/* SPDX-License-Identifier: MIT */
/*
 * life_json.c - an event's fields
 *
 * What is missing is 0 or empty; what is not as it should be counts as missing.
 * Texts are drawn on a terminal later on and keep only what can be printed.
 */

#include <string.h>

#include "life_int.h"

#define EXACT_MAX 9007199254740992.0 /* 2^53: beyond it doubles have gaps */

static const char *const causes[LIFE_CAUSES] = {
	[LIFE_CAUSE_NONE] = "none",
	[LIFE_CAUSE_RTO] = "rto",
	[LIFE_CAUSE_DUPACK] = "dupack",
	[LIFE_CAUSE_PARTIAL_ACK] = "partial_ack",
	[LIFE_CAUSE_WND_PROBE] = "zero_window_probe",
	[LIFE_CAUSE_SYN] = "syn",
	[LIFE_CAUSE_RACK] = "rack",
	[LIFE_CAUSE_SACK] = "sack",
	[LIFE_CAUSE_TLP] = "tlp",
	[LIFE_CAUSE_MTU] = "mtu",
	[LIFE_CAUSE_KEEPALIVE] = "keepalive",
	[LIFE_CAUSE_OTHER] = "other",
};

static const char *const faults[LIFE_FAULTS] = {
	"lost",	  "delayed",   "duplicated", "corrupted", "reordered",
	"marked", "truncated", "held",	     "tampered",
};

const char *life_cause_name(uint8_t cause)
{
	return causes[cause < LIFE_CAUSES ? cause : LIFE_CAUSE_OTHER];
}

const char *life_fault_name(uint32_t fault)
{
	for (uint32_t i = 0; i < LIFE_FAULTS; i++)
		if (fault == 1u << i)
			return faults[i];
	return "unknown";
}

static uint64_t number_of(const cJSON *v)
{
	if (!cJSON_IsNumber(v) || !(v->valuedouble >= 0) ||
	    v->valuedouble > EXACT_MAX)
		return 0;
	return (uint64_t)v->valuedouble;
}

uint64_t life_u64(const cJSON *obj, const char *key)
{
	return number_of(cJSON_GetObjectItemCaseSensitive(obj, key));
}

uint64_t life_u64_or(const cJSON *obj, const char *key, uint64_t absent)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(obj, key);

	return v ? number_of(v) : absent;
}

static uint32_t u32(const cJSON *obj, const char *key)
{
	return (uint32_t)life_u64(obj, key);
}

void life_text(const cJSON *obj, const char *key, char *to, size_t size)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(obj, key);
	size_t n = 0;

	for (const char *p = cJSON_IsString(v) ? v->valuestring : "";
	     *p && n + 1 < size; p++)
		if (*p >= ' ' && *p <= '~')
			to[n++] = *p;
	to[n] = '\0';
}

/* Which of a list of names a text is; @n if it is none of them. */
static uint32_t index_of(const char *text, const char *const *list, uint32_t n)
{
	uint32_t i = 0;

	while (i < n && strcmp(text, list[i]) != 0)
		i++;
	return i;
}

uint8_t life_cause(const cJSON *obj)
{
	char word[LIFE_WORD];
	uint32_t i;

	life_text(obj, "cause", word, sizeof(word));
	if (!*word)
		return LIFE_CAUSE_NONE;
	i = index_of(word, causes, LIFE_CAUSES);
	return i < LIFE_CAUSES ? (uint8_t)i : LIFE_CAUSE_OTHER;
}

/* Flags as tcpdump writes them. */
static uint8_t read_flags(const cJSON *event)
{
	static const char letters[] = "FSRP.UEW";
	char text[LIFE_WORD];
	uint8_t flags = 0;

	life_text(event, "flags", text, sizeof(text));
	if (!strcmp(text, "none"))
		return 0;
	for (const char *p = text; *p; p++) {
		const char *at = strchr(letters, *p);

		if (at)
			flags |= (uint8_t)(1u << (at - letters));
	}
	return flags;
}

static void read_sack(const cJSON *event, struct life_wire *w)
{
	const cJSON *block;

	cJSON_ArrayForEach(block,
			   cJSON_GetObjectItemCaseSensitive(event, "sack"))
	{
		if (w->nsack == LIFE_SACKS || cJSON_GetArraySize(block) != 2)
			return;
		for (int i = 0; i < 2; i++)
			w->sack[w->nsack][i] = (uint32_t)number_of(
				cJSON_GetArrayItem(block, i));
		w->nsack++;
	}
}

void life_wire_read(const cJSON *event, struct life_wire *w)
{
	*w = (struct life_wire){
		.ecn = (uint8_t)(u32(event, "ecn") & 3u),
		.cause = life_cause(event),
		.flags = read_flags(event),
		.seq = u32(event, "seq"),
		.ack = u32(event, "ack"),
		.wnd = u32(event, "wnd"),
		.len = u32(event, "len"),
		.gso = u32(event, "gso"),
		.iss = u32(event, "iss"),
		.irs = u32(event, "irs"),
		.since_us = life_u64(event, "since_us"),
		.cwnd = life_u64(event, "cwnd"),
		.ssthresh = life_u64_or(event, "ssthresh", LIFE_NONE),
		.rto_us = life_u64(event, "rto_us"),
	};
	read_sack(event, w);
}

void life_hit_read(const cJSON *event, struct life_hit *hit)
{
	const cJSON *v;

	*hit = (struct life_hit){
		.rule = u32(event, "rule"),
		.step = u32(event, "step"),
		.tx = u32(event, "tx"),
		.delay_us = life_u64(event, "delay_us"),
	};
	hit->delay_max_us = hit->delay_us;
	life_text(event, "knob", hit->knob, sizeof(hit->knob));
	cJSON_ArrayForEach(v, cJSON_GetObjectItemCaseSensitive(event, "faults"))
	{
		uint32_t i = LIFE_FAULTS;

		if (cJSON_IsString(v))
			i = index_of(v->valuestring, faults, LIFE_FAULTS);
		if (i < LIFE_FAULTS)
			hit->faults |= 1u << i;
	}
}
