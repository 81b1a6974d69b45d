/* SPDX-License-Identifier: MIT */
/*
 * test_sandbox.c - what the kernel refuses once the daemon has locked itself in
 *
 * Method: a child locks itself in and tries; its status and what it writes to
 * standard error tell what became of it.
 */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/sandbox.h"

enum { CAN, CANNOT, NO_SANDBOX };

static struct {
	char said[4096];
	char dir[32];
	char config[64];
	char secret[64];
} t;

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}

/* DIR/etc/conf is named by the configuration, DIR/secret is not. */
static void setup(void)
{
	char sub[64];

	(void)snprintf(t.dir, sizeof(t.dir), "/tmp/ustack-test-box.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(t.dir));
	(void)snprintf(sub, sizeof(sub), "%s/etc", t.dir);
	ck_assert_int_eq(mkdir(sub, 0700), 0);
	(void)snprintf(t.config, sizeof(t.config), "%s/etc/conf", t.dir);
	(void)snprintf(t.secret, sizeof(t.secret), "%s/secret", t.dir);
	make_file(t.config);
	make_file(t.secret);
}

static void teardown(void)
{
	char sub[64];

	(void)snprintf(sub, sizeof(sub), "%s/etc/new", t.dir);
	(void)unlink(sub);
	(void)unlink(t.config);
	(void)unlink(t.secret);
	(void)snprintf(sub, sizeof(sub), "%s/etc", t.dir);
	(void)rmdir(sub);
	(void)rmdir(t.dir);
}

/* Run @f in a child; its status, what it says in t.said. */
static int in_child(int (*f)(void))
{
	int fd[2];
	size_t len = 0;
	ssize_t n;
	int status;
	pid_t pid;

	ck_assert_int_eq(pipe(fd), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		(void)dup2(fd[1], STDERR_FILENO);
		_exit(f());
	}
	(void)close(fd[1]);
	while ((n = read(fd[0], t.said + len, sizeof(t.said) - 1 - len)) > 0)
		len += (size_t)n;
	t.said[len] = '\0';
	(void)close(fd[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static bool confined(void)
{
	static struct config cfg;
	struct sandbox sb = { 0 };

	(void)snprintf(cfg.ctl_socket, sizeof(cfg.ctl_socket), "%s/etc/socket",
		       t.dir);
	sandbox_confine(&sb, &cfg, t.config);
	return sb.no_caps && sb.no_new_privs && sb.landlock > 0;
}

static bool locked(void)
{
	struct sandbox sb = { .no_new_privs = true };

	sandbox_confine(&sb, &(struct config){ .log_level = 0 }, NULL);
	sandbox_lock(&sb);
	return sb.seccomp > 0;
}

/* Not every kernel has both; then these tests have nothing to look at. */
static bool known(int status)
{
	return !WIFEXITED(status) || WEXITSTATUS(status) != NO_SANDBOX;
}

static void expect_killed_by(int (*f)(void), const char *call)
{
	int status = in_child(f);

	if (!known(status))
		return;
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
		      "status %#x instead of SIGSYS: %s", status, t.said);
	ck_assert_ptr_nonnull(strstr(t.said, call));
	ck_assert_ptr_nonnull(strstr(t.said, "not on the list"));
}

static void expect(int (*f)(void), int what)
{
	int status = in_child(f);

	if (known(status))
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == what,
			      "status %#x instead of %d: %s", status, what,
			      t.said);
}

/* -------------------------------------------------------------------- files */

static int can_open(const char *path, int flags)
{
	int fd;

	if (!confined())
		return NO_SANDBOX;
	fd = open(path, flags, 0600);
	return fd >= 0 ? CAN : CANNOT;
}

static int read_config(void)
{
	return can_open(t.config, O_RDONLY);
}

static int read_secret(void)
{
	return can_open(t.secret, O_RDONLY);
}

static int read_passwords(void)
{
	return can_open("/etc/passwd", O_RDONLY);
}

static int write_secret(void)
{
	return can_open(t.secret, O_WRONLY);
}

static int write_beside_socket(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/etc/new", t.dir);
	return can_open(path, O_WRONLY | O_CREAT);
}

START_TEST(files_of_the_configuration_can_be_read)
{
	expect(read_config, CAN);
}
END_TEST

START_TEST(other_files_cannot_be_read_or_written)
{
	expect(read_secret, CANNOT);
	expect(read_passwords, CANNOT);
	expect(write_secret, CANNOT);
}
END_TEST

START_TEST(the_place_of_the_socket_can_be_written)
{
	expect(write_beside_socket, CAN);
}
END_TEST

static int has_capabilities(void)
{
	char line[256];
	unsigned long long caps = 0;
	FILE *in = fopen("/proc/self/status", "re");

	if (!in || !confined())
		return NO_SANDBOX;
	while (fgets(line, sizeof(line), in))
		if (!strncmp(line, "CapEff:", 7) ||
		    !strncmp(line, "CapPrm:", 7))
			caps |= strtoull(line + 7, NULL, 16);
	return caps ? CAN : CANNOT;
}

START_TEST(no_capability_is_left)
{
	expect(has_capabilities, CANNOT);
}
END_TEST

/* -------------------------------------------------------------------- calls */

static int call_execve(void)
{
	char *const none[] = { NULL };

	if (!locked())
		return NO_SANDBOX;
	(void)execve("/bin/true", none, none);
	return CAN;
}

static int call_chroot(void)
{
	if (!locked())
		return NO_SANDBOX;
	(void)syscall(SYS_chroot, "/");
	return CAN;
}

static int call_packet_socket(void)
{
	if (!locked())
		return NO_SANDBOX;
	(void)socket(AF_PACKET, SOCK_RAW, 0);
	return CAN;
}

static int call_mmap_exec(void)
{
	if (!locked())
		return NO_SANDBOX;
	(void)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return CAN;
}

static int call_what_is_needed(void)
{
	int fd;

	if (!locked())
		return NO_SANDBOX;
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	free(malloc(1 << 22));
	return fd >= 0 && !close(fd) ? CAN : CANNOT;
}

START_TEST(a_forbidden_call_ends_it_and_is_named)
{
	expect_killed_by(call_execve, "(execve)");
	expect_killed_by(call_chroot, "(chroot)");
}
END_TEST

START_TEST(arguments_count)
{
	expect_killed_by(call_packet_socket, "(socket)");
	expect_killed_by(call_mmap_exec, "(mmap)");
}
END_TEST

START_TEST(calls_on_the_list_work)
{
	expect(call_what_is_needed, CAN);
}
END_TEST

Suite *suite_daemon_sandbox(void)
{
	Suite *s = suite_create("daemon/sandbox");
	TCase *files = tcase_create("files and powers");
	TCase *calls = tcase_create("calls");

	tcase_add_checked_fixture(files, setup, teardown);
	tcase_add_test(files, files_of_the_configuration_can_be_read);
	tcase_add_test(files, other_files_cannot_be_read_or_written);
	tcase_add_test(files, the_place_of_the_socket_can_be_written);
	tcase_add_test(files, no_capability_is_left);
	suite_add_tcase(s, files);
	tcase_add_checked_fixture(calls, setup, teardown);
	tcase_add_test(calls, a_forbidden_call_ends_it_and_is_named);
	tcase_add_test(calls, arguments_count);
	tcase_add_test(calls, calls_on_the_list_work);
	suite_add_tcase(s, calls);
	return s;
}
