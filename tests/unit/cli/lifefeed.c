/* SPDX-License-Identifier: MIT */
/*
 * lifefeed.c - events of a connection, as the daemon writes them
 */

#include "lifefeed.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>

#define EVENT_MAX 1024u

struct life *l;

void life_setup(void)
{
	l = life_new();
	ck_assert_ptr_nonnull(l);
}

void life_teardown(void)
{
	life_free(l);
	l = NULL;
}

void feed_text(const char *text)
{
	cJSON *event = cJSON_Parse(text);

	ck_assert_msg(event != NULL, "no JSON: %s", text);
	life_feed(l, event);
	cJSON_Delete(event);
}

/* An event at @t_us with these fields behind the common ones. */
void feed(uint32_t t_us, const char *name, const char *fmt, ...)
{
	char text[EVENT_MAX];
	va_list ap;
	int n;

	n = snprintf(text, sizeof(text),
		     "{\"time_us\":%u,\"event\":\"%s\",\"conn\":3,"
		     "\"local\":\"10.7.0.2:7\",\"remote\":\"10.7.0.1:40000\","
		     "\"iss\":%u,\"irs\":%u",
		     t_us, name, ISS, IRS);
	va_start(ap, fmt);
	if (*fmt)
		text[n++] = ',';
	n += vsnprintf(text + n, sizeof(text) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	ck_assert_uint_lt((size_t)n + 1, sizeof(text));
	text[n++] = '}';
	text[n] = '\0';
	feed_text(text);
}

/* Data of ours, relative; @gso 0 = one segment */
void sent(uint32_t t_us, uint32_t seq, uint32_t len, uint32_t gso)
{
	feed(t_us, "transport:packet_sent",
	     "\"flags\":\"P.\",\"seq\":%u,\"ack\":%u,\"wnd\":65536,\"len\":%u,"
	     "\"gso\":%u",
	     ISS + seq, IRS + 1, len, gso);
}

void received(uint32_t t_us, uint32_t seq, uint32_t len)
{
	feed(t_us, "transport:packet_received",
	     "\"flags\":\".\",\"seq\":%u,\"ack\":%u,\"wnd\":64256,\"len\":%u",
	     IRS + seq, ISS + 1, len);
}

void acked(uint32_t t_us, uint32_t ack, const char *more)
{
	feed(t_us, "transport:packet_received",
	     "\"flags\":\".\",\"seq\":%u,\"ack\":%u,\"wnd\":64256,\"len\":0%s",
	     IRS + 1, ISS + ack, more);
}

/* One wire segment is impaired; @more: other fields */
void hit(bool out, const char *faults, uint32_t seq, uint32_t len,
	 const char *more)
{
	feed(10, "impairment:applied",
	     "\"dir\":\"%s\",\"faults\":[%s],\"knob\":\"script\",\"rule\":1,"
	     "\"step\":1,\"flags\":\".\",\"seq\":%u,\"ack\":%u,\"len\":%u%s",
	     out ? "out" : "in", faults, (out ? ISS : IRS) + seq,
	     (out ? IRS : ISS) + 1, len, more);
}

const struct life_seg *seg(size_t i)
{
	ck_assert_uint_lt(i, l->n);
	ck_assert_int_eq(l->rec[i].kind, LIFE_SEGMENT);
	return &l->rec[i].seg;
}

void is_run(size_t i, uint64_t seq, uint64_t end, uint32_t faults)
{
	const struct life_seg *s = seg(i);

	ck_assert_msg(s->seq == seq && s->end == end && s->len == end - seq &&
			      s->hit.faults == faults,
		      "record %zu: %llu:%llu len %u faults %u", i,
		      (unsigned long long)s->seq, (unsigned long long)s->end,
		      s->len, s->hit.faults);
}
