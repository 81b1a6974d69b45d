/* SPDX-License-Identifier: MIT */
/*
 * test_tls_files.c - credentials of the daemon: files, modes, and made pairs
 *
 * Method: a configuration with paths into a directory of the test's own; what
 * is loaded, and what is on the disk afterwards.  Log lines go to stderr.
 */

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/log.h"
#include "daemon/tls_files.h"
#include "suites.h"
#include "tests/unit/crypto/pki.h"

#define ERR_MAX 1024

static struct {
	char dir[64];
	struct config cfg;
	struct tls_files f;
	char err[ERR_MAX];
} t;

static const char *path_of(const char *name)
{
	static char path[4][CONFIG_PATH_MAX];
	static unsigned int turn;

	turn = (turn + 1) % 4;
	(void)snprintf(path[turn], sizeof(path[turn]), "%s/%s", t.dir, name);
	return path[turn];
}

static void put_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, mode);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	(void)close(fd);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	return stat(path_of(name), &st) ? 0 : st.st_mode & 07777;
}

static void set_path(char to[CONFIG_PATH_MAX], const char *name)
{
	(void)snprintf(to, CONFIG_PATH_MAX, "%s", path_of(name));
}

static void give(const char *cert, const char *key)
{
	put_file("cert", cert, 0644);
	put_file("key", key, 0600);
	set_path(t.cfg.tls.certificate, "cert");
	set_path(t.cfg.tls.key, "key");
}

static int load(enum tls_files_how how)
{
	return tls_files_load(&t.f, &t.cfg, how, t.err, sizeof(t.err));
}

static void setup(void)
{
	memset(&t, 0, sizeof(t));
	(void)snprintf(t.dir, sizeof(t.dir), "/tmp/ustack-tls.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(t.dir));
	t.cfg.nservice = 1;
	t.cfg.service[0].tls = true;
	(void)snprintf(t.cfg.tls.state_dir, sizeof(t.cfg.tls.state_dir),
		       "%s/a/state", t.dir);
	log_set_level(LOG_LVL_ERROR);
}

static void teardown(void)
{
	static const char *const names[] = { "a/state/" TLS_MADE_CERT,
					     "a/state/" TLS_MADE_KEY,
					     "a/state",
					     "a",
					     "cert",
					     "key",
					     "psk",
					     "fifo",
					     "big" };

	tls_files_free(&t.f);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)remove(path_of(names[i]));
	ck_assert_int_eq(rmdir(t.dir), 0); /* nothing else was left */
	log_set_level(LOG_LVL_INFO);
}

START_TEST(nothing_is_read_for_nobody)
{
	give("no certificate", "no key");
	t.cfg.service[0].tls = false;
	ck_assert_int_eq(load(TLS_FILES_START), 0);
	ck_assert_ptr_null(t.f.ctx);
	ck_assert_int_lt(mode_of("a"), 1);
}
END_TEST

START_TEST(given_pair_is_loaded)
{
	give(pki_ec_cert, pki_ec_key);
	ck_assert_msg(load(TLS_FILES_START) == 1, "%s", t.err);
	ck_assert_int_eq(t.f.source, TLS_SOURCE_FILE);
	ck_assert_str_eq(t.err, "");
	ck_assert_int_eq(load(TLS_FILES_AGAIN), 0);
	put_file("cert", pki_rsa_cert, 0644);
	put_file("key", pki_rsa_key, 0600);
	ck_assert_int_eq(load(TLS_FILES_AGAIN), 1);
}
END_TEST

/* A faulty file changes nothing of what there is. */
START_TEST(refused_load_keeps_the_old)
{
	struct tls_files before;

	give(pki_ec_cert, pki_ec_key);
	ck_assert_int_eq(load(TLS_FILES_START), 1);
	before = t.f;
	put_file("cert", pki_rsa_cert, 0644);
	ck_assert_int_eq(load(TLS_FILES_AGAIN), -1);
	ck_assert_ptr_nonnull(strstr(t.err, path_of("key")));
	ck_assert_ptr_nonnull(strstr(t.err, "does not match"));
	ck_assert_mem_eq(&t.f, &before, sizeof(before));
}
END_TEST

/* The same files for other rules are other credentials, even if nobody wanted
 * any when they changed.
 */
START_TEST(other_rules_for_the_same_files_are_a_change)
{
	give(pki_ec_cert, pki_ec_key);
	ck_assert_int_eq(load(TLS_FILES_START), 1);
	ck_assert_int_eq(load(TLS_FILES_AGAIN), 0);
	t.cfg.tls.tickets = !t.cfg.tls.tickets;
	t.cfg.service[0].tls = false;
	ck_assert_int_eq(load(TLS_FILES_AGAIN), 0);
	t.cfg.service[0].tls = true;
	ck_assert_int_eq(load(TLS_FILES_AGAIN), 1);
	ck_assert_int_eq(load(TLS_FILES_AGAIN), 0);
}
END_TEST

static const struct {
	mode_t mode;
	bool good;
} modes[] = {
	{ 0600, true },	 { 0400, true },  { 0640, false },
	{ 0604, false }, { 0620, false }, { 0601, false },
};

START_TEST(secret_is_nobody_elses)
{
	char want[128];

	give(pki_ec_cert, pki_ec_key);
	ck_assert_int_eq(chmod(path_of("key"), modes[_i].mode), 0);
	ck_assert_int_eq(load(TLS_FILES_START), modes[_i].good ? 1 : -1);
	(void)snprintf(want, sizeof(want), "chmod 600 %s", path_of("key"));
	ck_assert_int_eq(!strstr(t.err, want), modes[_i].good);
}
END_TEST

/* systemd gives the service access by an ACL, which shows as the group's. */
START_TEST(systemds_credentials_may_look_shared)
{
	give(pki_ec_cert, pki_ec_key);
	ck_assert_int_eq(chmod(path_of("key"), 0440), 0);
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", t.dir, 1), 0);
	ck_assert_msg(load(TLS_FILES_START) == 1, "%s", t.err);
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", "/tmp/ust", 1), 0);
	ck_assert_int_eq(load(TLS_FILES_AGAIN), -1);
	ck_assert_int_eq(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}
END_TEST

START_TEST(only_regular_files_of_bounded_size_are_read)
{
	char *big = calloc(1, TLS_PEM_MAX + 2);

	ck_assert_ptr_nonnull(big);
	memset(big, '\n', TLS_PEM_MAX + 1);
	give(pki_ec_cert, pki_ec_key);
	ck_assert_int_eq(mkfifo(path_of("fifo"), 0600), 0);
	set_path(t.cfg.tls.certificate, "fifo");
	ck_assert_int_eq(load(TLS_FILES_START), -1); /* and does not wait */
	ck_assert_ptr_nonnull(strstr(t.err, "fifo: is no regular file"));
	put_file("big", big, 0600);
	set_path(t.cfg.tls.certificate, "big");
	ck_assert_int_eq(load(TLS_FILES_START), -1);
	ck_assert_ptr_nonnull(strstr(t.err, "big: is larger than 64 KB"));
	free(big);
}
END_TEST

START_TEST(psk_file_is_named_with_its_line)
{
	t.cfg.tls.psk_file[0] = '\0';
	give(pki_ec_cert, pki_ec_key);
	put_file("psk", "x:00\n", 0600);
	set_path(t.cfg.tls.psk_file, "psk");
	ck_assert_int_eq(load(TLS_FILES_START), -1);
	ck_assert_ptr_nonnull(strstr(t.err, "/psk: line 1 of the PSK file"));
}
END_TEST

/* --------------------------------------------------------------- made pairs */

START_TEST(pair_is_made_with_its_modes_and_kept)
{
	uint64_t digest;

	ck_assert_msg(load(TLS_FILES_START) == 1, "%s", t.err);
	ck_assert_int_eq(t.f.source, TLS_SOURCE_MADE);
	ck_assert_int_eq(mode_of("a/state"), 0700);
	ck_assert_int_eq(mode_of("a/state/" TLS_MADE_KEY), 0600);
	ck_assert_int_eq(mode_of("a/state/" TLS_MADE_CERT), 0644);
	digest = t.f.digest;
	tls_files_free(&t.f);
	ck_assert_int_eq(load(TLS_FILES_START), 1);
	ck_assert_uint_eq(t.f.digest, digest);
}
END_TEST

START_TEST(check_makes_no_file)
{
	ck_assert_int_eq(load(TLS_FILES_CHECK), 1);
	ck_assert_int_lt(mode_of("a"), 1);
}
END_TEST

/* Without its half, a file is refused and stays as it is. */
START_TEST(half_a_pair_is_left_alone)
{
	bool key = _i;
	const char *name = key ? "a/state/" TLS_MADE_KEY
			       : "a/state/" TLS_MADE_CERT;

	ck_assert_int_eq(load(TLS_FILES_START), 1);
	ck_assert_int_eq(unlink(path_of(key ? "a/state/" TLS_MADE_CERT
					    : "a/state/" TLS_MADE_KEY)),
			 0);
	put_file(name, pki_ec_key, key ? 0600 : 0644);
	ck_assert_int_eq(load(TLS_FILES_AGAIN), -1);
	ck_assert_ptr_nonnull(strstr(t.err, "is there, but "));
	ck_assert_ptr_nonnull(t.f.ctx);
	ck_assert_int_eq(mode_of(name), key ? 0600 : 0644);
}
END_TEST

START_TEST(expired_one_of_ours_is_replaced)
{
	ck_assert_int_eq(load(TLS_FILES_START), 1);
	put_file("a/state/" TLS_MADE_CERT, pki_expired_cert, 0644);
	put_file("a/state/" TLS_MADE_KEY, pki_ec_key, 0600);
	ck_assert_int_eq(load(TLS_FILES_AGAIN), 1);
	tls_files_free(&t.f);
	ck_assert_int_eq(load(TLS_FILES_START), 1);
	ck_assert_int_eq(t.f.source, TLS_SOURCE_MADE);
}
END_TEST

START_TEST(expired_one_of_somebodys_is_not)
{
	give(pki_expired_cert, pki_ec_key);
	ck_assert_int_eq(load(TLS_FILES_START), 1);
	ck_assert_int_eq(t.f.source, TLS_SOURCE_FILE);
}
END_TEST

/* Where nothing can be kept, memory does; once it can be, the same is kept. */
START_TEST(memory_stands_in_for_a_directory)
{
	uint64_t digest;

	ck_assert_int_eq(load(TLS_FILES_AGAIN), 1); /* makes no directory */
	ck_assert_int_eq(t.f.source, TLS_SOURCE_MEMORY);
	digest = t.f.digest;
	ck_assert_int_eq(load(TLS_FILES_AGAIN), 0);
	ck_assert_uint_eq(t.f.digest, digest);
	ck_assert_int_eq(mkdir(path_of("a"), 0700), 0);
	ck_assert_int_eq(mkdir(path_of("a/state"), 0700), 0);
	ck_assert_int_eq(load(TLS_FILES_AGAIN), 1);
	ck_assert_int_eq(t.f.source, TLS_SOURCE_MADE);
	ck_assert_uint_eq(t.f.digest, digest);
}
END_TEST

Suite *suite_daemon_tls_files(void)
{
	Suite *s = suite_create("daemon/tls_files");
	TCase *tc = tcase_create("files");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nothing_is_read_for_nobody);
	tcase_add_test(tc, given_pair_is_loaded);
	tcase_add_test(tc, refused_load_keeps_the_old);
	tcase_add_test(tc, other_rules_for_the_same_files_are_a_change);
	tcase_add_loop_test(tc, secret_is_nobody_elses, 0,
			    sizeof(modes) / sizeof(modes[0]));
	tcase_add_test(tc, systemds_credentials_may_look_shared);
	tcase_add_test(tc, only_regular_files_of_bounded_size_are_read);
	tcase_add_test(tc, psk_file_is_named_with_its_line);
	tcase_add_test(tc, pair_is_made_with_its_modes_and_kept);
	tcase_add_test(tc, check_makes_no_file);
	tcase_add_loop_test(tc, half_a_pair_is_left_alone, 0, 2);
	tcase_add_test(tc, expired_one_of_ours_is_replaced);
	tcase_add_test(tc, expired_one_of_somebodys_is_not);
	tcase_add_test(tc, memory_stands_in_for_a_directory);
	suite_add_tcase(s, tc);
	return s;
}
