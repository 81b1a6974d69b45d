/* SPDX-License-Identifier: MIT */
/*
 * test_svc_note.c - what services say for the log
 */

#include <stdio.h>
#include <string.h>

#include "daemon/svc/note.h"
#include "daemon/svc/svc.h"
#include "fakeloop.h"
#include "tests/unit/suites.h"

static struct fakeloop loop;
static struct service service;
static struct svc_notes notes;
static char last[SVC_NOTE_MAX];
static uint64_t about;
static uint32_t told;

static void tell(void *arg, uint64_t conn, const char *text)
{
	ck_assert_ptr_eq(arg, &loop);
	ck_assert_uint_lt(strlen(text), SVC_NOTE_MAX);
	snprintf(last, sizeof(last), "%s", text);
	about = conn;
	told++;
}

static void setup(void)
{
	fakeloop_init(&loop);
	notes = (struct svc_notes){ .tell = tell,
				    .arg = &loop,
				    .loop = &loop.loop };
	service = (struct service){ .name = "web", .notes = &notes };
	told = 0;
}

START_TEST(note_names_its_service_and_connection)
{
	svc_note(&service, 7, "%s %d", "no more than", 3);
	ck_assert_uint_eq(told, 1);
	ck_assert_str_eq(last, "service web: no more than 3");
	ck_assert_uint_eq(about, 7);
}
END_TEST

START_TEST(notes_are_few_in_a_second)
{
	for (uint32_t i = 0; i < 25; i++)
		svc_note(&service, 0, "again");
	ck_assert_uint_eq(told, SVC_NOTES_A_SECOND);
	fakeloop_advance(&loop, 999999);
	svc_note(&service, 0, "again");
	ck_assert_uint_eq(told, SVC_NOTES_A_SECOND);
	fakeloop_advance(&loop, 1);
	svc_note(&service, 0, "again");
	ck_assert_uint_eq(told, SVC_NOTES_A_SECOND + 1);
	ck_assert_str_eq(last, "service web: again "
			       "(16 more of services held back)");
	svc_note(&service, 0, "again");
	ck_assert_str_eq(last, "service web: again");
}
END_TEST

START_TEST(long_note_is_cut)
{
	char text[2 * SVC_NOTE_MAX];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	notes.held = UINT64_MAX;
	memset(service.name, 'y', sizeof(service.name) - 1);
	svc_note(&service, 0, "%s", text);
	ck_assert_uint_eq(told, 1);
	ck_assert_ptr_nonnull(strstr(last, "xxx (18446744073709551615 more"));
}
END_TEST

START_TEST(nobody_has_to_listen)
{
	notes.tell = NULL;
	svc_note(&service, 0, "a tree falls");
	service.notes = NULL;
	svc_note(&service, 0, "another one");
	ck_assert_uint_eq(told, 0);
}
END_TEST

Suite *suite_daemon_svc_note(void)
{
	Suite *s = suite_create("daemon/svc/note");
	TCase *tc = tcase_create("note");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, note_names_its_service_and_connection);
	tcase_add_test(tc, notes_are_few_in_a_second);
	tcase_add_test(tc, long_note_is_cut);
	tcase_add_test(tc, nobody_has_to_listen);
	suite_add_tcase(s, tc);
	return s;
}
