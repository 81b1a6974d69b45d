/* SPDX-License-Identifier: MIT */
/*
 * test_client.c - replies and notifications over one connection
 *
 * Method: a child process plays a daemon that answers the first request with a
 * prepared text, in pieces, and hangs up after the second.
 */

#include <check.h>
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

#define PIECE 7u /* bytes in one write */

static char dir[] = "/tmp/ustack-client-XXXXXX";
static char path[64];
static pid_t daemon_pid;

/* Take a request, a line, whatever it says; or the end of it. */
static void take_request(int fd)
{
	char c = 0;

	while (c != '\n' && read(fd, &c, 1) == 1)
		;
}

static void play_daemon(int listener, const char *text)
{
	int fd = accept(listener, NULL, NULL);
	size_t len = strlen(text);

	take_request(fd);
	for (size_t at = 0; at < len; at += PIECE) {
		size_t n = len - at < PIECE ? len - at : PIECE;

		if (write(fd, text + at, n) < 0)
			_exit(1);
	}
	take_request(fd);
	_exit(0);
}

static struct client *connect_to(const char *text)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/s", dir);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	daemon_pid = fork();
	if (!daemon_pid)
		play_daemon(fd, text);
	(void)close(fd);
	return client_new(path);
}

static void disconnect(struct client *client)
{
	int status;

	client_free(client);
	ck_assert_int_eq(waitpid(daemon_pid, &status, 0), daemon_pid);
	(void)unlink(path);
	(void)rmdir(dir);
}

/* The next notification's number, -1 = none in time */
static int next_number(struct client *client, int timeout_ms)
{
	cJSON *msg;
	int n = -1;

	ck_assert_int_eq(client_next(client, timeout_ms, &msg), CLI_DONE);
	if (msg)
		n = (int)cli_num(cJSON_GetObjectItem(msg, "params"), "n");
	cJSON_Delete(msg);
	return n;
}

START_TEST(notifications_come_in_order_around_a_reply)
{
	struct client *client = connect_to(
		"{\"method\":\"event\",\"params\":{\"n\":1}}\n"
		"{\"method\":\"event\",\"params\":{\"n\":2}}\n"
		"{\"id\":1,\"result\":{\"x\":7}}\n"
		"{\"method\":\"event\",\"params\":{\"n\":3}}\n");
	cJSON *result;

	ck_assert_int_eq(client_call(client, "m", NULL, &result), CLI_DONE);
	ck_assert_int_eq((int)cli_num(result, "x"), 7);
	cJSON_Delete(result);
	ck_assert_int_eq(next_number(client, -1), 1);
	ck_assert_int_eq(next_number(client, -1), 2);
	ck_assert_int_eq(next_number(client, -1), 3);
	ck_assert_int_eq(next_number(client, 10), -1);
	disconnect(client);
}
END_TEST

START_TEST(daemon_that_hangs_up_is_no_silence)
{
	struct client *client = connect_to("{\"id\":1,\"result\":{}}\n");
	cJSON *result;
	cJSON *msg;

	ck_assert_int_eq(client_call(client, "m", NULL, &result), CLI_DONE);
	cJSON_Delete(result);
	ck_assert_int_eq(client_call(client, "m", NULL, &result),
			 CLI_NO_DAEMON);
	ck_assert_int_eq(client_next(client, -1, &msg), CLI_NO_DAEMON);
	ck_assert_ptr_null(msg);
	disconnect(client);
}
END_TEST

static void stop_by_signal(FILE *reader)
{
	(void)reader;
	(void)raise(SIGTERM);
}

static void stop_by_hanging_up(FILE *reader)
{
	(void)fclose(reader);
}

static void (*const ways_to_stop[])(FILE *reader) = { stop_by_signal,
						      stop_by_hanging_up };

/* A signal, or a reader that hangs up, ends the wait and not the program. */
START_TEST(following_ends_when_somebody_stops_it)
{
	struct client *client = connect_to("{\"id\":1,\"result\":{}}\n"
					   "{\"method\":\"event\"}\n");
	cJSON *result;
	cJSON *msg;
	FILE *out;
	int fd[2];

	ck_assert_int_eq(pipe(fd), 0);
	out = fdopen(fd[1], "w");
	ck_assert_int_eq(client_follow(client, out), CLI_DONE);
	ck_assert_int_eq(client_call(client, "m", NULL, &result), CLI_DONE);
	cJSON_Delete(result);
	ck_assert_int_eq(client_next(client, -1, &msg), CLI_DONE);
	ck_assert_str_eq(cli_str(msg, "method"), "event");
	cJSON_Delete(msg);
	ck_assert(!client_has_more(client));
	ck_assert(!client_stopped(client));
	ways_to_stop[_i](fdopen(fd[0], "r"));
	ck_assert_int_eq(client_next(client, -1, &msg), CLI_DONE);
	ck_assert_ptr_null(msg);
	ck_assert(client_stopped(client));
	ck_assert_int_eq(client_call(client, "m", NULL, &result), CLI_DONE);
	ck_assert_ptr_null(result);
	(void)fclose(out);
	disconnect(client);
}
END_TEST

Suite *suite_cli_client(void)
{
	Suite *s = suite_create("cli/client");
	TCase *tc = tcase_create("client");

	tcase_add_test(tc, notifications_come_in_order_around_a_reply);
	tcase_add_test(tc, daemon_that_hangs_up_is_no_silence);
	tcase_add_loop_test(tc, following_ends_when_somebody_stops_it, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}
