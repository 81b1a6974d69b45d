/* SPDX-License-Identifier: MIT */
/*
 * test_capfile.c - the file that a capture becomes
 *
 * Files are read back block by block: lengths at both ends must lead to the end.
 */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "caprig.h"
#include "tests/unit/suites.h"

#define LIMIT	200000u
#define MANY	100
#define PIPE_SZ 65536

/* Blocks in @fd from its start; fails unless they are whole. */
static uint32_t count_blocks(int fd, uint32_t type)
{
	uint32_t n = 0;
	off_t at = 0;
	off_t end = lseek(fd, 0, SEEK_END);
	uint32_t head[2];

	while (at < end) {
		uint32_t tail = 0;

		ck_assert_int_eq(pread(fd, head, sizeof(head), at),
				 sizeof(head));
		at += head[1];
		ck_assert_int_eq(pread(fd, &tail, sizeof(tail),
				       at - (off_t)sizeof(tail)),
				 sizeof(tail));
		ck_assert_uint_eq(tail, head[1]);
		n += head[0] == type;
	}
	ck_assert_int_eq(at, end);
	return n;
}

static void see(struct ustack_pkt *p)
{
	capture_packet(&caprig.cap, CAPTURE_STACK, IMPAIR_OUT, p);
	capture_packet(&caprig.cap, CAPTURE_WIRE, IMPAIR_OUT, p);
	capture_flush(&caprig.cap);
}

static void finish(void)
{
	capture_remove(&caprig.cap, &caprig.file.tap);
	capfile_close(&caprig.file);
	while (capfile_run(&caprig.file) == CAPFILE_MORE)
		;
}

START_TEST(file_has_header_packets_and_statistics)
{
	struct ustack_pkt *p = caprig_super(IMPAIR_OUT);
	int fd = caprig_temp_file();

	caprig_begin(dup(fd));
	see(p);
	ck_assert_int_eq(capfile_run(&caprig.file), CAPFILE_IDLE);
	finish();
	ck_assert_int_eq(caprig.file.ended, CAPFILE_STOPPED);
	ck_assert_uint_eq(count_blocks(fd, 0x0a0d0d0a), 1);
	ck_assert_uint_eq(count_blocks(fd, 1), 2);
	ck_assert_uint_eq(count_blocks(fd, 6), 2 * CAPRIG_PIECES);
	ck_assert_uint_eq(count_blocks(fd, 5), 2);
	ck_assert_uint_eq(caprig.file.total, (uint64_t)lseek(fd, 0, SEEK_END));
	close(fd);
	rig_free(&caprig.rig, p);
}
END_TEST

START_TEST(what_was_in_the_file_is_gone)
{
	int fd = caprig_temp_file();

	ck_assert_int_eq(ftruncate(fd, LIMIT), 0);
	caprig_begin(dup(fd));
	finish();
	ck_assert_uint_eq(count_blocks(fd, 6), 0);
	ck_assert_int_lt(lseek(fd, 0, SEEK_END), 2000);
	close(fd);
}
END_TEST

START_TEST(limit_ends_it_whole)
{
	struct ustack_pkt *p = caprig_super(IMPAIR_OUT);
	int fd = caprig_temp_file();

	caprig.file.limit = LIMIT;
	caprig_begin(dup(fd));
	for (int i = 0; i < MANY && !caprig.file.ended; i++) {
		see(p);
		(void)capfile_run(&caprig.file);
	}
	ck_assert_int_eq(caprig.file.ended, CAPFILE_LIMIT);
	ck_assert_int_le(lseek(fd, 0, SEEK_END), LIMIT);
	ck_assert_int_gt(lseek(fd, 0, SEEK_END), LIMIT - 4000);
	ck_assert_uint_eq(count_blocks(fd, 5), 2);
	close(fd);
	rig_free(&caprig.rig, p);
}
END_TEST

START_TEST(rotation_goes_round)
{
	struct ustack_pkt *p = caprig_super(IMPAIR_OUT);
	int fd[3] = { caprig_temp_file(), caprig_temp_file(),
		      caprig_temp_file() };
	const int mine[3] = { dup(fd[0]), dup(fd[1]), dup(fd[2]) };
	uint32_t kept = 0;

	caprig.file.rotate = CAPFILE_SIZE_MIN;
	ck_assert_int_eq(capfile_init(&caprig.file, mine, 3), 0);
	ck_assert(capture_add(&caprig.cap, &caprig.file.tap));
	capfile_begin(&caprig.file);
	for (int i = 0; i < MANY; i++) {
		see(p);
		while (capfile_run(&caprig.file) == CAPFILE_MORE)
			;
	}
	finish();
	for (int i = 0; i < 3; i++) {
		ck_assert_int_le(lseek(fd[i], 0, SEEK_END), CAPFILE_SIZE_MIN);
		ck_assert_uint_eq(count_blocks(fd[i], 0x0a0d0d0a), 1);
		ck_assert_uint_eq(count_blocks(fd[i], 5), 2);
		kept += count_blocks(fd[i], 6);
		close(fd[i]);
	}
	ck_assert_uint_lt(kept, caprig.file.packets);
	ck_assert_uint_gt(kept, 80);
	ck_assert_uint_eq(caprig.file.packets, MANY * 2 * CAPRIG_PIECES);
	rig_free(&caprig.rig, p);
}
END_TEST

/* A full pipe is waited for; every byte comes, in order, in the end. */
START_TEST(full_pipe_blocks_the_capture_only)
{
	struct ustack_pkt *p = caprig_super(IMPAIR_OUT);
	static char buf[PIPE_SZ];
	int fd = caprig_temp_file();
	enum capfile_state st;
	int pipe_fd[2];
	ssize_t n;

	ck_assert_int_eq(pipe(pipe_fd), 0);
	caprig_begin(pipe_fd[1]);
	for (int i = 0; i < MANY; i++)
		see(p);
	ck_assert_int_eq(capfile_run(&caprig.file), CAPFILE_BLOCKED);
	capture_remove(&caprig.cap, &caprig.file.tap);
	capfile_close(&caprig.file);
	do {
		st = capfile_run(&caprig.file);
		n = read(pipe_fd[0], buf, sizeof(buf));
		ck_assert_int_eq(write(fd, buf, (size_t)n), n);
	} while (st != CAPFILE_OVER);
	capfile_fini(&caprig.file);
	while ((n = read(pipe_fd[0], buf, sizeof(buf))) > 0)
		ck_assert_int_eq(write(fd, buf, (size_t)n), n);
	ck_assert_uint_eq(count_blocks(fd, 6), MANY * 2 * CAPRIG_PIECES);
	ck_assert_uint_eq(count_blocks(fd, 5), 2);
	close(fd);
	close(pipe_fd[0]);
	rig_free(&caprig.rig, p);
}
END_TEST

/* Who passed the pipe has its open description, too. */
START_TEST(pipe_set_to_block_does_not_block_us)
{
	struct ustack_pkt *p = caprig_super(IMPAIR_OUT);
	int pipe_fd[2];
	int theirs;

	ck_assert_int_eq(pipe(pipe_fd), 0);
	theirs = dup(pipe_fd[1]);
	caprig_begin(pipe_fd[1]);
	ck_assert_int_eq(fcntl(theirs, F_SETFL, 0), 0);
	for (int i = 0; i < MANY; i++)
		see(p);
	ck_assert_int_eq(capfile_run(&caprig.file), CAPFILE_BLOCKED);
	capture_remove(&caprig.cap, &caprig.file.tap);
	capfile_fini(&caprig.file);
	close(theirs);
	close(pipe_fd[0]);
	rig_free(&caprig.rig, p);
}
END_TEST

START_TEST(reader_that_goes_ends_it)
{
	struct ustack_pkt *p = caprig_super(IMPAIR_OUT);
	int pipe_fd[2];

	ck_assert_int_eq(pipe(pipe_fd), 0);
	caprig_begin(pipe_fd[1]);
	ck_assert(!capfile_reader_gone(&caprig.file));
	see(p);
	close(pipe_fd[0]);
	ck_assert(capfile_reader_gone(&caprig.file));
	ck_assert_int_eq(capfile_run(&caprig.file), CAPFILE_OVER);
	ck_assert_int_eq(caprig.file.ended, CAPFILE_GONE);
	ck_assert_int_eq(capfile_run(&caprig.file), CAPFILE_OVER);
	rig_free(&caprig.rig, p);
}
END_TEST

/* /dev/full would be no file for the control socket, but fails as a full disk does. */
START_TEST(full_disk_ends_it_with_the_reason)
{
	struct ustack_pkt *p = caprig_super(IMPAIR_OUT);
	int fd = open("/dev/full", O_WRONLY);

	caprig.file.pipe = true; /* nothing that can be emptied */
	caprig_begin(fd);
	see(p);
	(void)capfile_run(&caprig.file);
	if (!caprig.file.ended)
		(void)capfile_run(&caprig.file);
	ck_assert_int_eq(caprig.file.ended, CAPFILE_FAILED);
	ck_assert(caprig.file.error == ENOSPC || caprig.file.error == EINVAL);
	ck_assert_str_eq(capfile_end_text(&caprig.file),
			 strerror(caprig.file.error));
	rig_free(&caprig.rig, p);
}
END_TEST

START_TEST(descriptors_are_looked_at)
{
	int good = caprig_temp_file();
	int pipe_fd[2];
	uint32_t which;

	ck_assert_int_eq(pipe(pipe_fd), 0);
	ck_assert_ptr_null(capfile_check(&good, 1, &which));
	ck_assert_ptr_null(capfile_check(&pipe_fd[1], 1, &which));
	ck_assert_ptr_nonnull(capfile_check(&pipe_fd[0], 1, &which));
	ck_assert_ptr_nonnull(
		capfile_check((const int[]){ good, pipe_fd[1] }, 2, &which));
	ck_assert_uint_eq(which, 1);
	ck_assert_ptr_nonnull(
		capfile_check((const int[]){ good, good }, 2, &which));
	ck_assert_ptr_nonnull(capfile_check((const int[]){ -1 }, 1, &which));
	close(good);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}
END_TEST

Suite *suite_daemon_capfile(void)
{
	Suite *s = suite_create("daemon/capfile");
	TCase *tc = tcase_create("files");

	tcase_add_checked_fixture(tc, caprig_setup, caprig_teardown);
	tcase_add_test(tc, file_has_header_packets_and_statistics);
	tcase_add_test(tc, what_was_in_the_file_is_gone);
	tcase_add_test(tc, limit_ends_it_whole);
	tcase_add_test(tc, rotation_goes_round);
	tcase_add_test(tc, full_pipe_blocks_the_capture_only);
	tcase_add_test(tc, pipe_set_to_block_does_not_block_us);
	tcase_add_test(tc, reader_that_goes_ends_it);
	tcase_add_test(tc, full_disk_ends_it_with_the_reason);
	tcase_add_test(tc, descriptors_are_looked_at);
	suite_add_tcase(s, tc);
	return s;
}
