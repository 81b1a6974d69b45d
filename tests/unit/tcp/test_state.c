/* SPDX-License-Identifier: MIT */
/*
 * test_state.c - the table of state transitions and what a change brings
 */

#include <signal.h>

#include "inner.h"
#include "stack/tcp/state.h"

/* RFC 9293 section 3.3.2, figure 5; a passive open's TCB starts in SYN-RECEIVED. */
static const struct {
	enum ustack_state from;
	const char *to;
} arrows[] = {
	{ USTACK_CLOSED, "SYN-SENT SYN-RECEIVED" },
	{ USTACK_LISTEN, "SYN-RECEIVED" },
	{ USTACK_SYN_SENT, "SYN-RECEIVED ESTABLISHED CLOSED" },
	{ USTACK_SYN_RCVD, "ESTABLISHED FIN-WAIT-1 CLOSED" },
	{ USTACK_ESTABLISHED, "FIN-WAIT-1 CLOSE-WAIT CLOSED" },
	{ USTACK_FIN_WAIT_1, "FIN-WAIT-2 CLOSING TIME-WAIT CLOSED" },
	{ USTACK_FIN_WAIT_2, "TIME-WAIT CLOSED" },
	{ USTACK_CLOSE_WAIT, "LAST-ACK CLOSED" },
	{ USTACK_CLOSING, "TIME-WAIT CLOSED" },
	{ USTACK_LAST_ACK, "CLOSED" },
	{ USTACK_TIME_WAIT, "CLOSED" },
};

/* Is @name a whole word of @list? */
static bool listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; (at = strstr(at, name)) != NULL; at += len)
		if ((at == list || at[-1] == ' ') &&
		    (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

START_TEST(every_pair_is_legal_exactly_where_the_figure_has_an_arrow)
{
	ck_assert_uint_eq(ARRAY_LEN(arrows), USTACK_STATES);
	for (uint32_t to = 0; to < USTACK_STATES; to++) {
		const char *name = ustack_state_name(to);

		ck_assert_msg(tcp_state_legal(arrows[_i].from, to) ==
				      listed(arrows[_i].to, name),
			      "%s to %s", ustack_state_name(arrows[_i].from),
			      name);
	}
}
END_TEST

START_TEST(change_moves_the_gauge_and_tells_both_states)
{
	struct peer p;

	peer_init(&p, NULL);
	peer_open(&p);
	ck_assert_uint_eq(peer_states(&p, USTACK_ESTABLISHED), 1);
	tcp_set_state(inner_conn(&p), USTACK_CLOSE_WAIT);
	ck_assert_uint_eq(peer_states(&p, USTACK_ESTABLISHED), 0);
	ck_assert_uint_eq(peer_states(&p, USTACK_CLOSE_WAIT), 1);
	peer_fini(&p);
}
END_TEST

START_TEST(illegal_change_is_a_bug_of_ours)
{
	struct peer p;

	peer_init(&p, NULL);
	peer_open(&p);
	tcp_set_state(inner_conn(&p), USTACK_LAST_ACK);
}
END_TEST

Suite *suite_tcp_state(void)
{
	Suite *s = suite_create("tcp/state");
	TCase *tc = tcase_create("table");

	tcase_add_loop_test(
		tc, every_pair_is_legal_exactly_where_the_figure_has_an_arrow,
		0, ARRAY_LEN(arrows));
	tcase_add_test(tc, change_moves_the_gauge_and_tells_both_states);
	tcase_add_test_raise_signal(tc, illegal_change_is_a_bug_of_ours,
				    SIGABRT);
	suite_add_tcase(s, tc);
	return s;
}
