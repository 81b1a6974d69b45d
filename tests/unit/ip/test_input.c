/* SPDX-License-Identifier: MIT */
/*
 * test_input.c - what the IP layer drops, each under its own reason, in silence
 *
 * A case changes one thing in a good packet: UDP, which would be answered.
 */

#include "iphost.h"

#define UDP 17

static void set_src4(struct iphost *t, const char *text)
{
	memcpy(t->b + 12, vhost_addr(text).b + 12, 4);
	iphost_fix4(t);
}

static void truncated4(struct iphost *t)
{
	t->len = 19;
}

static void version5(struct iphost *t)
{
	t->b[0] = 0x55;
}

static void empty(struct iphost *t)
{
	t->len = 0;
}

static void short_header4(struct iphost *t)
{
	t->b[0] = 0x44;
	iphost_fix4(t);
}

static void long_total4(struct iphost *t)
{
	be16_store(t->b + 2, (uint16_t)(t->len + 1));
	iphost_fix4(t);
}

static void bad_csum4(struct iphost *t)
{
	t->b[10] ^= 1;
}

static void bad_option4(struct iphost *t)
{
	t->b[0] = 0x46;
	t->b[20] = 7;
	t->b[21] = 5; /* leads out of the header */
	iphost_fix4(t);
}

static void from_loopback4(struct iphost *t)
{
	set_src4(t, "127.0.0.1");
}

static void from_broadcast4(struct iphost *t)
{
	set_src4(t, "255.255.255.255");
}

static void from_ourselves4(struct iphost *t)
{
	set_src4(t, "10.7.0.2");
}

static void to_another4(struct iphost *t)
{
	t->b[19]++;
	iphost_fix4(t);
}

static void ragged_fragment4(struct iphost *t)
{
	be16_store(t->b + 2, 20 + 23);
	be16_store(t->b + 6, 0x2000);
	iphost_fix4(t);
}

static void fragment_beyond_the_end4(struct iphost *t)
{
	be16_store(t->b + 6, 0x1fff);
	iphost_fix4(t);
}

static void truncated6(struct iphost *t)
{
	t->len = 39;
}

static void long_payload6(struct iphost *t)
{
	be16_store(t->b + 4, (uint16_t)(t->len - 40 + 1));
}

static void extension_out_of_bounds6(struct iphost *t)
{
	t->b[6] = 60;
	t->b[41] = 200;
}

static void silent_option6(struct iphost *t)
{
	t->b[6] = 60;
	memcpy(t->b + 40, (uint8_t[]){ UDP, 0, 0x40, 0, 1, 2, 0, 0 }, 8);
}

static void from_mapped6(struct iphost *t)
{
	memcpy(t->b + 8, vhost_addr("10.7.0.1").b, 16);
}

static void from_multicast6(struct iphost *t)
{
	t->b[8] = 0xff;
}

static void from_ourselves6(struct iphost *t)
{
	memcpy(t->b + 8, t->b + 24, 16);
}

static void to_multicast6(struct iphost *t)
{
	t->b[24] = 0xff;
}

static void to_mapped6(struct iphost *t)
{
	memcpy(t->b + 24, vhost_addr("10.7.0.2").b, 16);
}

static void empty_fragment6(struct iphost *t)
{
	be16_store(t->b + 4, 8);
	t->b[6] = 44;
	memcpy(t->b + 40, (uint8_t[]){ UDP, 0, 0, 8, 0, 0, 0, 1 }, 8);
}

static const struct {
	void (*spoil)(struct iphost *t);
	bool v6;
	enum ustack_counter why;
} drops[] = {
	{ truncated4, false, USTACK_C_DROP_IP_TRUNCATED },
	{ version5, false, USTACK_C_DROP_NOT_IP },
	{ empty, false, USTACK_C_DROP_NOT_IP },
	{ short_header4, false, USTACK_C_DROP_IP_HDR_LEN },
	{ long_total4, false, USTACK_C_DROP_IP_TOTAL_LEN },
	{ bad_csum4, false, USTACK_C_DROP_IP_CSUM },
	{ bad_option4, false, USTACK_C_DROP_IP_OPTION },
	{ from_loopback4, false, USTACK_C_DROP_IP_SRC },
	{ from_broadcast4, false, USTACK_C_DROP_IP_SRC },
	{ from_ourselves4, false, USTACK_C_DROP_IP_SRC },
	{ to_another4, false, USTACK_C_DROP_IP_DST },
	{ ragged_fragment4, false, USTACK_C_DROP_FRAG_LEN },
	{ fragment_beyond_the_end4, false, USTACK_C_DROP_FRAG_SIZE },
	{ truncated6, true, USTACK_C_DROP_IP6_TRUNCATED },
	{ long_payload6, true, USTACK_C_DROP_IP6_LEN },
	{ extension_out_of_bounds6, true, USTACK_C_DROP_IP6_EXT },
	{ silent_option6, true, USTACK_C_DROP_IP6_OPTION },
	{ from_mapped6, true, USTACK_C_DROP_IP6_SRC },
	{ from_multicast6, true, USTACK_C_DROP_IP6_SRC },
	{ from_ourselves6, true, USTACK_C_DROP_IP6_SRC },
	{ to_multicast6, true, USTACK_C_DROP_IP6_DST },
	{ to_mapped6, true, USTACK_C_DROP_IP6_DST },
	{ empty_fragment6, true, USTACK_C_DROP_FRAG_LEN },
};

static uint64_t all_drops(struct iphost *t)
{
	uint64_t n = 0;

	for (uint32_t c = USTACK_C_DROP_NOT_IP; c < USTACK_COUNTERS_MAX; c++)
		n += iphost_count(t, c);
	return n;
}

START_TEST(packet_is_dropped_under_its_own_reason_without_an_answer)
{
	struct iphost *t = iphost_new(NULL);

	if (drops[_i].v6)
		iphost_build6(t, UDP, 24);
	else
		iphost_build4(t, UDP, 24);
	drops[_i].spoil(t);
	iphost_send(t);
	EXPECT_EQ(iphost_count(t, drops[_i].why), 1);
	EXPECT_EQ(all_drops(t), 1);
	EXPECT_EQ(t->sent, 0);
	EXPECT_EQ(iphost_count(t, USTACK_C_IP_IN_DELIVERS), 0);
	EXPECT_EQ(iphost_count(t, USTACK_C_IP6_IN_DELIVERS), 0);
	iphost_free(t);
}
END_TEST

/* What is good reaches its protocol, with options and surplus bytes too. */
START_TEST(good_packet_is_delivered)
{
	struct iphost *t = iphost_new(NULL);

	iphost_build4(t, UDP, 24);
	iphost_send(t);
	t->b[0] = 0x46; /* four bytes of options: NOPs */
	memset(t->b + 20, 1, 4);
	iphost_fix4(t);
	t->len += 9; /* link padding (1122-3) */
	iphost_send(t);
	EXPECT_EQ(iphost_count(t, USTACK_C_IP_IN_DELIVERS), 2);
	EXPECT_EQ(iphost_count(t, USTACK_C_DROP_IP_PROTO), 2);
	iphost_build6(t, UDP, 24);
	iphost_send(t);
	EXPECT_EQ(iphost_count(t, USTACK_C_IP6_IN_DELIVERS), 1);
	EXPECT_EQ(iphost_count(t, USTACK_C_DROP_IP6_PROTO), 1);
	EXPECT_EQ(t->sent, 3);
	iphost_free(t);
}
END_TEST

Suite *suite_ip_input(void)
{
	Suite *s = suite_create("ip/input");
	TCase *tc = tcase_create("drops");

	tcase_add_loop_test(
		tc, packet_is_dropped_under_its_own_reason_without_an_answer, 0,
		ARRAY_LEN(drops));
	tcase_add_test(tc, good_packet_is_delivered);
	suite_add_tcase(s, tc);
	return s;
}
