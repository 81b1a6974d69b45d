/* SPDX-License-Identifier: MIT */
/*
 * test_frag.c - what a reassembled datagram looks like to the next layer
 */

#include "iphost.h"
#include "stack/ip/frag.h"

#define UDP  17
#define DATA 64u

/* Hand @t->b to the IP layer as a packet; the view of what came out, or false. */
static bool take(struct iphost *t, struct ustack_pkt **p, struct ip_view *v)
{
	struct slice *sl;

	*p = ustack_pkt_new(t->h.s);
	sl = &(*p)->slice[0];
	memcpy(sl->buf->data + sl->off, t->b, t->len);
	sl->len = t->len;
	(*p)->len = t->len;
	if (t->b[0] >> 4 == 4 ? ip4_input(t->h.s, p, v)
			      : ip6_input(t->h.s, p, v))
		return true;
	ustack_pkt_free(t->h.s, *p);
	return false;
}

/* Half of DATA bytes, each its own position, behind one IPv6 option header. */
static void half(struct iphost *t, bool v6, bool second, uint8_t tos)
{
	uint32_t off = second ? DATA / 2 : 0;
	uint8_t *b;

	if (v6) {
		b = iphost_build6(t, 60, 16 + DATA / 2);
		memcpy(b, (uint8_t[]){ 44, 0, 1, 4, 0, 0, 0, 0 }, 8);
		memcpy(b + 8, (uint8_t[]){ UDP, 0, 0, 0, 1, 2, 3, 4 }, 8);
		be16_store(b + 10, (uint16_t)(off | !second));
		t->b[0] |= (uint8_t)(tos >> 4);
		t->b[1] |= (uint8_t)(tos << 4);
		b += 16;
	} else {
		b = iphost_build4(t, UDP, DATA / 2);
		t->b[1] = tos;
		be16_store(t->b + 6,
			   (uint16_t)(off / 8 | (second ? 0u : 0x2000u)));
		iphost_fix4(t);
	}
	for (uint32_t i = 0; i < DATA / 2; i++)
		b[i] = (uint8_t)(off + i);
}

static const struct {
	uint8_t first, second, want;
} marks[] = {
	{ 0x28, 0x28, 0x28 }, /* no ECN; DSCP stays */
	{ 0x2a, 0x2a, 0x2a }, /* ECT(0) */
	{ 0x2a, 0x2b, 0x2b }, /* CE on the second */
	{ 0x2b, 0x2a, 0x2b }, /* CE on the first */
	{ 0x29, 0x2b, 0x2b }, /* ECT(1) and CE */
	{ 0x2b, 0x2b, 0x2b },
};

/* RFC 3168 section 5.3 (3168-9); RFC 791 and 8200: no trace of the cut. */
START_TEST(whole_datagram_has_data_class_and_header_of_one)
{
	bool v6 = _i & 1;
	bool swap = _i & 2;
	struct iphost *t = iphost_new(NULL);
	struct ustack_pkt *p;
	struct ip_view v;
	struct ip4_hdr h4;

	half(t, v6, swap, swap ? marks[_i / 4].second : marks[_i / 4].first);
	EXPECT(!take(t, &p, &v));
	half(t, v6, !swap, swap ? marks[_i / 4].first : marks[_i / 4].second);
	ck_assert(take(t, &p, &v));
	EXPECT_EQ(v.tos, marks[_i / 4].want);
	EXPECT_EQ(v.proto, UDP);
	EXPECT_EQ(v.l4_len, DATA);
	ck_assert_ptr_eq(v.l4, v.hdr + (v6 ? 48 : 20));
	EXPECT_EQ(p->slice[0].len, (v6 ? 48 : 20) + DATA);
	EXPECT_EQ(p->len, p->slice[0].len);
	EXPECT(!v.csum_ok);
	for (uint32_t i = 0; i < DATA; i++)
		EXPECT_EQ(v.l4[i], i);
	if (v6) {
		EXPECT_EQ(v.next_off, 40);
		EXPECT_EQ(v.hdr[v.next_off], UDP);
	} else {
		EXPECT_EQ(ip4_parse(&h4, v.hdr, p->len), IP4_OK);
		EXPECT_EQ(h4.frag_off, 0);
		EXPECT(!h4.mf);
	}
	ustack_pkt_free(t->h.s, p);
	iphost_free(t);
}
END_TEST

/* An instance may be freed while fragments wait. */
START_TEST(freed_instance_leaves_no_fragment)
{
	struct iphost *t = iphost_new(NULL);
	struct ustack_gauges g;

	half(t, _i, false, 0);
	iphost_send(t);
	ustack_gauges(t->h.s, &g);
	EXPECT_EQ(g.frags, 1);
	EXPECT(g.frag_bytes > DATA / 2);
	EXPECT_EQ(g.timers, 1);
	frag_free(t->h.s);
	EXPECT_EQ(t->h.s->wheel.armed, 0);
	iphost_free(t);
}
END_TEST

Suite *suite_ip_frag(void)
{
	Suite *s = suite_create("ip/frag");
	TCase *tc = tcase_create("whole");

	tcase_add_loop_test(tc, whole_datagram_has_data_class_and_header_of_one,
			    0, 4 * ARRAY_LEN(marks));
	tcase_add_loop_test(tc, freed_instance_leaves_no_fragment, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}
