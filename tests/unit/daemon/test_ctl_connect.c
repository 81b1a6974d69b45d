/* SPDX-License-Identifier: MIT */
/*
 * test_ctl_connect.c - connect.open of the control protocol
 *
 * Method: the worker is pretended; connections are opened and ended by hand.
 */

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl_rig.h"
#include "suites.h"

#define TO(more)                                                               \
	RPC("connect.open", "{\"address\":\"10.7.0.1\",\"port\":80" more "}")

/* Send a request with these descriptors, which are closed here. */
static void say_with(int fd, const char *line, int *fds, uint32_t n)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))] = {
		0
	};
	struct iovec iov[] = { { (char *)(uintptr_t)line, strlen(line) },
			       { (char[]){ '\n' }, 1 } };
	struct msghdr msg = { .msg_iov = iov,
			      .msg_iovlen = 2,
			      .msg_control = control,
			      .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);

	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(cm), fds, n * sizeof(int));
	ck_assert_int_gt(sendmsg(fd, &msg, 0), 0);
	for (uint32_t i = 0; i < n; i++)
		(void)close(fds[i]);
	rig_turn();
}

/* Ask with one end of a socket pair; the other one. */
static int ask(int fd, const char *line)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	say_with(fd, line, &pair[1], 1);
	return pair[0];
}

static bool is_closed(int sock)
{
	char byte;

	return recv(sock, &byte, 1, MSG_DONTWAIT) == 0;
}

static void expect_line(int fd, const char *want)
{
	ck_assert(rig_hear(fd));
	ck_assert_msg(strstr(rig.line, want), "%s instead of %s", rig.line,
		      want);
}

/* ----------------------------------------------------------------- refusals */

/* clang-format off */
static const struct {
	const char *ask;
	const char *want;
} refused[] = {
	{ RPC("connect.open", "{}"), "expected address and port" },
	{ RPC("connect.open", "{\"address\":\"localhost\",\"port\":80}"),
	  "expected address and port" },
	{ RPC("connect.open", "{\"address\":\"10.7.0.1\",\"port\":0}"),
	  "expected address and port" },
	{ RPC("connect.open", "{\"address\":\"10.7.0.1\",\"port\":65536}"), "port: expected" },
	{ TO(",\"bind\":\"\""), "bind: expected" },
	{ TO(",\"bind\":\"10.7.0.2:\""), "bind: expected" },
	{ TO(",\"bind\":\"10.7.0.2:65536\""), "bind: expected" },
	{ TO(",\"bind\":\":0\""), "bind: expected" },
	{ TO(",\"bind\":\"[fd07::2\""), "bind: expected" },
	{ TO(",\"bind\":\"fd07::2]:1\""), "bind: expected" },
	{ TO(",\"cc\":\"vegas\""), "cc: expected cubic or reno" },
	{ TO(",\"timeout_ms\":-1"), "timeout_ms: expected" },
	{ TO(",\"tls\":1"), "tls: expected an object" },
	{ TO(",\"tls\":{\"foo\":1}"), "tls: unknown \\\"foo\\\"" },
	{ TO(",\"tls\":{\"ca\":1}"), "tls.ca: expected true or false" },
	{ TO(",\"tls\":{\"ca\":true}"), "tls.ca: its descriptor did not come" },
	{ TO(",\"tls\":{\"fingerprint\":\"AA:BB\"}"), "tls.fingerprint: expected" },
	{ TO(",\"tls\":{}"), "tls: " },
};
/* clang-format on */

START_TEST(request_is_refused_with_what_is_right)
{
	int fd = rig_dial();
	int sock = ask(fd, refused[_i].ask);

	expect_line(fd, refused[_i].want);
	ck_assert_ptr_null(rig.worker.dial);
	ck_assert(is_closed(sock));
	(void)close(sock);
	(void)close(fd);
}
END_TEST

START_TEST(bytes_need_a_stream_socket)
{
	int fd = rig_dial();
	int ends[2];

	rig_say(fd, TO("") "\n", strlen(TO("") "\n"));
	expect_line(fd, "one end of a socket pair");
	ck_assert_int_eq(pipe(ends), 0);
	(void)close(ends[0]);
	say_with(fd, TO(""), &ends[1], 1);
	expect_line(fd, "expected a stream socket that is connected");
	ends[1] = socket(AF_UNIX, SOCK_STREAM, 0);
	say_with(fd, TO(""), &ends[1], 1);
	expect_line(fd, "expected a stream socket that is connected");
	(void)close(fd);
}
END_TEST

START_TEST(credentials_are_regular_files)
{
	int fd = rig_dial();
	int pair[2];
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fds[0] = pair[1];
	fds[1] = open("/dev/zero", O_RDONLY);
	say_with(fd, TO(",\"tls\":{\"ca\":true}"), fds, 2);
	expect_line(fd, "tls.ca: the file is no regular file");
	ck_assert(is_closed(pair[0]));
	(void)close(pair[0]);
	(void)close(fd);
}
END_TEST

START_TEST(surplus_descriptors_are_no_credentials)
{
	int fd = rig_dial();
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	say_with(fd, TO(""), pair, 2);
	expect_line(fd, "more than one descriptor, but no tls");
	(void)close(fd);
}
END_TEST

static const struct {
	const char *line;
	int rc;
	const char *want;
} not_dialled[] = {
	{ TO(""), -ERR_INVAL,
	  "80: expected the address of one other host, not of the stack\"" },
	{ TO(""), -ERR_ADDRNOTAVAIL, "80: the stack has no IPv4 address\"" },
	{ TO(",\"bind\":\"10.7.0.9:5\""), -ERR_ADDRNOTAVAIL,
	  "80: 10.7.0.9 is no address of the stack; status has" },
	{ TO(",\"bind\":\":5\""), -ERR_ADDRNOTAVAIL,
	  "80: the stack has no IPv4 address\"" },
	{ TO(",\"bind\":\"fd07::2\""), -ERR_INVAL,
	  "80: bind: expected an IPv4 address, not fd07::2\"" },
	{ TO(",\"bind\":\"10.7.0.2\""), -ERR_INVAL,
	  "80: expected the address of one other host, not of the stack\"" },
	{ TO(""), -ERR_CONNABORTED, "\"code\":1," },
};

START_TEST(what_the_stack_refuses_is_told)
{
	int fd = rig_dial();
	int sock;

	rig.worker.dial_rc = not_dialled[_i].rc;
	sock = ask(fd, not_dialled[_i].line);
	expect_line(fd, not_dialled[_i].want);
	ck_assert(is_closed(sock));
	(void)close(sock);
	(void)close(fd);
}
END_TEST

/* -------------------------------------------------------------------- lives */

START_TEST(arguments_are_handed_on)
{
	const struct stream_connect_args *a = &rig.worker.dial_args;
	int fd = rig_dial();
	int sock = ask(fd, TO(",\"bind\":\"10.7.0.2:4444\",\"cc\":\"reno\","
			      "\"timeout_ms\":250"));

	ck_assert_uint_eq(a->remote[15], 1);
	ck_assert_uint_eq(a->rport, 80);
	ck_assert_uint_eq(a->local[15], 2);
	ck_assert_uint_eq(a->lport, 4444);
	ck_assert_str_eq(a->cc, "reno");
	ck_assert_ptr_null(a->tls);
	ck_assert_uint_eq(rig.worker.dial->timeout_us, 250000);
	rig_over(-ERR_CONNREFUSED);
	expect_line(fd, "\"code\":5,");
	(void)close(sock);
	(void)close(fd);
}
END_TEST

static const struct {
	int end;
	const char *code;
} ends[] = {
	{ 0, "\"code\":0,\"reason\":\"normal\"" },
	{ -ERR_TIMEDOUT, "\"code\":6,\"reason\":\"connection timed out\"" },
	{ -ERR_CONNRESET,
	  "\"code\":7,\"reason\":\"connection reset by peer\"" },
	{ -ERR_PIPE, "\"code\":1,\"reason\":\"nobody is left" },
};

START_TEST(end_of_a_connection_is_told)
{
	int fd = rig_dial();
	int sock = ask(fd, TO(""));

	rig_opened();
	expect_line(fd, "\"result\":{\"id\":");
	rig_over(ends[_i].end);
	expect_line(fd, "\"method\":\"connect.closed\"");
	ck_assert_msg(strstr(rig.line, ends[_i].code), "%s", rig.line);
	(void)close(sock);
	(void)close(fd);
}
END_TEST

static const struct {
	int end;
	enum tls_kind kind;
	const char *code;
} failures[] = {
	{ -ERR_CONNREFUSED, TLS_OK, "\"code\":5," },
	{ -ERR_TIMEDOUT, TLS_OK, "\"code\":6," },
	{ -ERR_CONNRESET, TLS_OK, "\"code\":7," },
	{ -ERR_HOSTUNREACH, TLS_OK, "\"code\":1," },
	{ -ERR_PERM, TLS_UNTRUSTED,
	  "\"code\":8,\"message\":\"10.7.0.1:80: untrusted: " },
	{ -ERR_PERM, TLS_NOT_PINNED, "\"code\":8," },
	{ -ERR_PROTO, TLS_GARBAGE,
	  "\"code\":1,\"message\":\"10.7.0.1:80: garbage: " },
	{ 0, TLS_OK, "\"code\":7," }, /* its end came before it was open */
};

START_TEST(connection_that_comes_to_nothing_is_an_error)
{
	int fd = rig_dial();
	int sock = ask(fd, TO(""));

	rig.worker.dial->problem.kind = failures[_i].kind;
	rig_over(failures[_i].end);
	expect_line(fd, failures[_i].code);
	(void)close(sock);
	(void)close(fd);
}
END_TEST

START_TEST(client_that_goes_takes_its_connections_along)
{
	int fd = rig_dial();
	int sock = ask(fd, TO(""));
	int other;

	rig_opened();
	ck_assert(rig_hear(fd));
	other = ask(fd, TO("")); /* a second one, which it will wait for */
	rig_opened();
	ck_assert(rig_hear(fd));
	(void)close(fd);
	rig_turn();
	ck_assert_uint_eq(rig.worker.cuts, 2);
	ck_assert_uint_eq(rig.ctl->nclients, 0);
	ck_assert_ptr_null(rig.ctl->connects);
	(void)close(sock);
	(void)close(other);
}
END_TEST

START_TEST(client_with_a_connection_is_not_idle)
{
	int fd = rig_dial();
	int sock = ask(fd, TO(""));
	int others[CTL_CLIENTS_MAX];

	rig_opened();
	ck_assert(rig_hear(fd));
	for (uint32_t i = 0; i < CTL_CLIENTS_MAX; i++)
		others[i] = rig_dial();
	rig_turn();
	ck_assert_uint_eq(rig.worker.cuts, 0);
	rig_over(0);
	expect_line(fd, "connect.closed");
	for (uint32_t i = 0; i < CTL_CLIENTS_MAX; i++)
		(void)close(others[i]);
	(void)close(sock);
	(void)close(fd);
}
END_TEST

Suite *suite_daemon_ctl_connect(void)
{
	Suite *s = suite_create("daemon/ctl_connect");
	TCase *tc = rig_case(s, "requests");

	tcase_add_loop_test(tc, request_is_refused_with_what_is_right, 0,
			    LENGTH(refused));
	tcase_add_test(tc, bytes_need_a_stream_socket);
	tcase_add_test(tc, credentials_are_regular_files);
	tcase_add_test(tc, surplus_descriptors_are_no_credentials);
	tcase_add_loop_test(tc, what_the_stack_refuses_is_told, 0,
			    LENGTH(not_dialled));
	tc = rig_case(s, "lives");
	tcase_add_test(tc, arguments_are_handed_on);
	tcase_add_loop_test(tc, end_of_a_connection_is_told, 0, LENGTH(ends));
	tcase_add_loop_test(tc, connection_that_comes_to_nothing_is_an_error, 0,
			    LENGTH(failures));
	tcase_add_test(tc, client_that_goes_takes_its_connections_along);
	tcase_add_test(tc, client_with_a_connection_is_not_idle);
	return s;
}
