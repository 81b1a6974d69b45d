/* SPDX-License-Identifier: MIT */
/*
 * test_connect.c - connect, from what the daemon says to the exit status
 *
 * Method: a child process plays a daemon that answers the request with a prepared
 * text, all at once, and closes the socket that came along.
 */

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "tests/unit/suites.h"

#define OPENED                                                                 \
	"{\"id\":1,\"result\":{\"id\":3,\"local\":\"10.7.0.2\",\"lport\":5,"   \
	"\"remote\":\"10.7.0.1\",\"rport\":80,\"took_us\":9,\"rtt_us\":0,"     \
	"\"tls\":{\"version\":\"TLSv1.2\",\"suite\":\"S\",\"group\":\"G\"}}}"  \
	"\n"
#define CLOSED(code)                                                           \
	"{\"method\":\"connect.closed\",\"params\":{\"id\":3,\"code\":" code   \
	",\"reason\":\"why\"}}\n"

static char dir[] = "/tmp/ustack-connect-XXXXXX";
static char path[64];
static char said[64];
static int to_raise; /* by connect itself, 0 = none */

/* Descriptors that are not asked for are closed by the kernel. */
static void play_daemon(int listener, const char *text)
{
	int fd = accept(listener, NULL, NULL);
	char c = 0;

	while (c != '\n' && read(fd, &c, 1) == 1)
		;
	if (write(fd, text, strlen(text)) < 0)
		_exit(1);
	while (read(fd, &c, 1) == 1)
		;
	_exit(0);
}

static pid_t start_daemon(const char *text)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t pid;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/s", dir);
	(void)snprintf(said, sizeof(said), "%s/err", dir);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	pid = fork();
	if (!pid)
		play_daemon(fd, text);
	(void)close(fd);
	return pid;
}

/* In a process of its own, for its signals, and its standard input. */
static void run_connect(int in)
{
	char name[] = "connect";
	char option[] = "-v";
	char host[] = "10.7.0.1";
	char port[] = "80";
	char *argv[] = { name, option, host, port, NULL };
	struct cli cli = { .out = stdout, .client = client_new(path) };
	int rc;

	(void)dup2(in, STDIN_FILENO);
	if (!freopen(said, "w", stderr))
		_exit(99);
	if (to_raise)
		(void)raise(to_raise);
	rc = cmd_connect(&cli, 4, argv);
	(void)fflush(stderr);
	_exit(rc);
}

/* How it ended, as wait() says it; standard error is in @err. */
static int connect_ends(const char *text, int in, char err[1024])
{
	pid_t daemon_pid = start_daemon(text);
	pid_t pid = fork();
	int status = 0;
	int fd;

	if (!pid)
		run_connect(in);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(waitpid(daemon_pid, NULL, 0), daemon_pid);
	fd = open(said, O_RDONLY);
	memset(err, 0, 1024);
	ck_assert_int_ge(read(fd, err, 1023), 0);
	(void)close(fd);
	(void)unlink(said);
	(void)unlink(path);
	(void)rmdir(dir);
	return status;
}

/* Its exit status. */
static int connect_says(const char *text, int in, char err[1024])
{
	int status = connect_ends(text, in, err);

	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The test would hang: what was read with the reply is not seen by poll(). */
START_TEST(end_that_comes_with_the_reply_is_heard)
{
	char err[1024];
	int in[2];

	ck_assert_int_eq(pipe(in), 0); /* input does not end */
	ck_assert_int_eq(connect_says(OPENED CLOSED("7"), in[0], err),
			 client_status(7));
	ck_assert_ptr_nonnull(strstr(err, "why"));
	(void)close(in[0]);
	(void)close(in[1]);
}
END_TEST

START_TEST(absent_is_not_told)
{
	char err[1024];
	int in = open("/dev/null", O_RDONLY);

	ck_assert_int_eq(connect_says(OPENED CLOSED("7"), in, err),
			 client_status(7));
	ck_assert_ptr_nonnull(strstr(err, "TLSv1.2, S, G\n"));
	ck_assert_msg(!strstr(err, "the peer is"), "%s", err);
	ck_assert_msg(!strstr(err, "SHA-256"), "%s", err);
	(void)close(in);
}
END_TEST

START_TEST(input_that_cannot_be_read_is_told)
{
	char err[1024];
	int in = open("/", O_RDONLY);

	ck_assert_int_eq(connect_says(OPENED CLOSED("0"), in, err),
			 CLI_REFUSED);
	ck_assert_ptr_nonnull(strstr(err, "standard input: Is a directory"));
	(void)close(in);
}
END_TEST

static const int signals[] = { SIGINT, SIGTERM };

/* The signal waits already when the daemon is asked. */
START_TEST(signal_while_it_waits_is_died_of)
{
	char err[1024];
	int in = open("/dev/null", O_RDONLY);
	int status;
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, signals[_i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	to_raise = signals[_i];
	status = connect_ends("", in, err);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), signals[_i]);
	ck_assert_str_eq(err, "");
	(void)close(in);
}
END_TEST

Suite *suite_cli_connect(void)
{
	Suite *s = suite_create("cli/connect");
	TCase *tc = tcase_create("connect");

	tcase_add_test(tc, end_that_comes_with_the_reply_is_heard);
	tcase_add_test(tc, absent_is_not_told);
	tcase_add_test(tc, input_that_cannot_be_read_is_told);
	tcase_add_loop_test(tc, signal_while_it_waits_is_died_of, 0,
			    sizeof(signals) / sizeof(signals[0]));
	suite_add_tcase(s, tc);
	return s;
}
