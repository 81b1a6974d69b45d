/* SPDX-License-Identifier: MIT */
/*
 * test_names.c - every state, cause, reason and event has a name of its own
 */

#include <string.h>

#include "stack/ustack.h"
#include "tests/unit/suites.h"

static const char *state(int i)
{
	return ustack_state_name((enum ustack_state)i);
}

static const char *cause(int i)
{
	return ustack_cause_name((enum ustack_cause)i);
}

static const char *reason(int i)
{
	return ustack_reason_name((enum ustack_reason)i);
}

static const char *event(int i)
{
	return ustack_event_name((enum ustack_event_kind)i);
}

static const char *fault(int i)
{
	return ustack_fault_name((enum ustack_fault)i);
}

static const char *knob(int i)
{
	return ustack_knob_name((enum ustack_knob)i);
}

static const struct {
	const char *(*name)(int i);
	int n;
} enums[] = {
	{ state, USTACK_STATES }, { cause, USTACK_CAUSES },
	{ reason, USTACK_ENDS },  { event, USTACK_EVENTS },
	{ fault, USTACK_FAULTS }, { knob, USTACK_KNOBS },
};

START_TEST(each_value_has_a_name_of_its_own)
{
	for (int i = 0; i < enums[_i].n; i++) {
		ck_assert_str_ne(enums[_i].name(i), "unknown");
		ck_assert(enums[_i].name(i)[0] != '\0');
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(enums[_i].name(i), enums[_i].name(k));
	}
	ck_assert_str_eq(enums[_i].name(enums[_i].n), "unknown");
	ck_assert_str_eq(enums[_i].name(-1), "unknown");
}
END_TEST

/* RFC 9293's spelling, and qlog's. */
START_TEST(names_are_those_of_the_standards)
{
	ck_assert_str_eq(ustack_state_name(USTACK_SYN_RCVD), "SYN-RECEIVED");
	ck_assert_str_eq(ustack_state_name(USTACK_FIN_WAIT_1), "FIN-WAIT-1");
	ck_assert_str_eq(ustack_state_name(USTACK_TIME_WAIT), "TIME-WAIT");
	ck_assert_str_eq(ustack_event_name(USTACK_EV_LOST),
			 "recovery:packet_lost");
	ck_assert_str_eq(ustack_cause_name(USTACK_CAUSE_FAST), "dupack");
}
END_TEST

START_TEST(each_reason_maps_to_an_error_of_its_own)
{
	ck_assert_int_eq(ustack_reason_err(USTACK_END_NORMAL), ERR_NONE);
	ck_assert_int_eq(ustack_reason_err(USTACK_END_RESET), ERR_CONNRESET);
	ck_assert_int_eq(ustack_reason_err(USTACK_END_REFUSED),
			 ERR_CONNREFUSED);
	for (int i = 1; i < USTACK_ENDS; i++)
		for (int k = 0; k < i; k++)
			ck_assert_int_ne(
				ustack_reason_err((enum ustack_reason)i),
				ustack_reason_err((enum ustack_reason)k));
	ck_assert_int_eq(ustack_reason_err(USTACK_ENDS), ERR_INVAL);
}
END_TEST

#define COUNTER_NAME(c, name, unit, help) name,
static const char *const counters[] = { USTACK_COUNTERS(COUNTER_NAME) };

START_TEST(counters_have_names_of_their_own)
{
	ck_assert_int_eq(sizeof(counters) / sizeof(counters[0]),
			 USTACK_COUNTERS_MAX);
	for (int i = 0; i < USTACK_COUNTERS_MAX; i++)
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(counters[i], counters[k]);
}
END_TEST

Suite *suite_stack_names(void)
{
	Suite *s = suite_create("stack/names");
	TCase *tc = tcase_create("names");

	tcase_add_loop_test(tc, each_value_has_a_name_of_its_own, 0,
			    sizeof(enums) / sizeof(enums[0]));
	tcase_add_test(tc, names_are_those_of_the_standards);
	tcase_add_test(tc, each_reason_maps_to_an_error_of_its_own);
	tcase_add_test(tc, counters_have_names_of_their_own);
	suite_add_tcase(s, tc);
	return s;
}
