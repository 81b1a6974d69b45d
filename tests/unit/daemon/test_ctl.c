/* SPDX-License-Identifier: MIT */
/*
 * test_ctl.c - the control socket: its file, its clients, its limits
 */

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl_rig.h"

/* ----------------------------------------------------------------- socket */

START_TEST(live_socket_is_refused)
{
	char err[256] = "";

	ck_assert_int_eq(rig_probe(), 1);
	ck_assert_ptr_null(rig_open_ctl(err, sizeof(err)));
	ck_assert_ptr_nonnull(strstr(err, "answers there"));
}
END_TEST

START_TEST(stale_socket_is_taken_over)
{
	char err[256];

	rig_free_ctl();
	ck_assert_int_eq(rig_probe(), 0);
	rig_leave_stale();
	ck_assert_int_eq(rig_probe(), 0);
	rig.ctl = rig_open_ctl(err, sizeof(err));
	ck_assert_msg(rig.ctl, "%s", err);
	ck_assert_int_eq(rig_probe(), 1);
}
END_TEST

START_TEST(file_that_is_no_socket_is_kept)
{
	char err[256] = "";
	int fd;

	rig_free_ctl();
	fd = open(rig.cfg.ctl_socket, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	rig.ctl = rig_open_ctl(err, sizeof(err));
	ck_assert_ptr_null(rig.ctl);
	ck_assert_ptr_nonnull(strstr(err, "is not a socket; remove it"));
	ck_assert_int_eq(unlink(rig.cfg.ctl_socket), 0);
}
END_TEST

START_TEST(socket_is_for_owner_and_group)
{
	struct stat st;

	ck_assert_int_eq(lstat(rig.cfg.ctl_socket, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0660);
}
END_TEST

/* ----------------------------------------------------------------- limits */

static const struct {
	size_t len;
	bool fits;
} lengths[] = {
	{ CTL_LINE_MAX - 1, true },
	{ CTL_LINE_MAX, false },
	{ 2 * CTL_LINE_MAX, false },
};

START_TEST(line_length_is_bounded)
{
	static char line[2 * CTL_LINE_MAX + 1];
	int fd = rig_dial();

	memset(line, ' ', sizeof(line));
	memcpy(line, RPC("status", "{}"), strlen(RPC("status", "{}")));
	line[lengths[_i].len] = '\n';
	rig_say(fd, line, lengths[_i].len + 1);
	ck_assert(rig_hear(fd));
	ck_assert_int_eq(strstr(rig.line, "\"result\"") != NULL,
			 lengths[_i].fits);
	ck_assert_int_eq(rig_hung_up(fd), !lengths[_i].fits);
	(void)close(fd);
}
END_TEST

START_TEST(longest_idle_client_makes_room)
{
	int fds[CTL_CLIENTS_MAX + 1];

	for (size_t i = 0; i < CTL_CLIENTS_MAX; i++) {
		fds[i] = rig_dial();
		rig_turn();
	}
	cJSON_Delete(rig_ask(fds[0], RPC("status", "{}")));
	fds[CTL_CLIENTS_MAX] = rig_dial();
	cJSON_Delete(rig_ask(fds[CTL_CLIENTS_MAX], RPC("status", "{}")));
	ck_assert(rig_hung_up(fds[1]));
	cJSON_Delete(rig_ask(fds[0], RPC("status", "{}")));
	cJSON_Delete(rig_ask(fds[2], RPC("status", "{}")));
	for (size_t i = 0; i < CTL_CLIENTS_MAX + 1; i++)
		(void)close(fds[i]);
}
END_TEST

/* A client that asks and does not listen must not make the daemon swell. */
START_TEST(deaf_client_is_not_served_on)
{
	static const char line[] = RPC("conns.list", "{}") "\n";
	int fd = rig_dial();
	size_t most = 0;

	rig.worker.conns = CTL_PAGE_MAX;
	for (int i = 0; i < 300; i++) {
		(void)send(fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
		rig_turn();
		if (rig.ctl->clients->out.len > most)
			most = rig.ctl->clients->out.len;
	}
	ck_assert_uint_gt(most, 0);
	ck_assert_uint_lt(most, CTL_OUT_MARK + CTL_REPLY_MAX);
	for (int i = 0; i < 100; i++)
		ck_assert(rig_hear(fd));
	(void)close(fd);
}
END_TEST

START_TEST(surplus_descriptors_are_closed)
{
	static char line[] = RPC("status", "{}") "\n";
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = line, .iov_len = strlen(line) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);
	int fd = rig_dial();
	int ends[2];
	char byte;

	ck_assert_int_eq(pipe(ends), 0);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &ends[1], sizeof(int));
	ck_assert_int_gt(sendmsg(fd, &msg, 0), 0);
	(void)close(ends[1]);
	ck_assert(rig_hear(fd));
	ck_assert_int_eq(read(ends[0], &byte, 1), 0); /* no writer is left */
	(void)close(ends[0]);
	(void)close(fd);
}
END_TEST

/* ------------------------------------------------------------ life, death */

static const char *const slow[] = {
	RPC("status", "{}") "\n",
	RPC("conns.list", "{}") "\n",
	RPC("conns.abort", "{\"id\":1}") "\n",
};

START_TEST(client_may_vanish_while_its_job_runs)
{
	int fd = rig_dial();

	rig.worker.hold = true;
	rig.worker.conns = 3;
	rig_say(fd, slow[_i], strlen(slow[_i]));
	ck_assert_ptr_nonnull(rig.worker.first);
	(void)close(fd);
	rig_turn();
	rig.worker.hold = false;
	rig_turn();
	ck_assert_uint_eq(rig.ctl->nclients, 0);
}
END_TEST

START_TEST(socket_may_be_freed_while_a_job_runs)
{
	int fd = rig_dial();

	rig.worker.hold = true;
	rig.worker.conns = 3;
	rig_say(fd, slow[_i], strlen(slow[_i]));
	ck_assert_ptr_nonnull(rig.worker.first);
	rig_free_ctl();
	rig_run_jobs();
	ck_assert(rig_hung_up(fd));
	(void)close(fd);
}
END_TEST

START_TEST(shutdown_is_answered_first)
{
	int fd = rig_dial();

	cJSON_Delete(rig_ask(fd, RPC("shutdown", "{}")));
	ck_assert_int_eq(rig.shutdowns, 1);
	(void)close(fd);
}
END_TEST

Suite *suite_daemon_ctl(void)
{
	Suite *s = suite_create("daemon/ctl");
	TCase *tc = rig_case(s, "socket");

	tcase_add_test(tc, live_socket_is_refused);
	tcase_add_test(tc, stale_socket_is_taken_over);
	tcase_add_test(tc, file_that_is_no_socket_is_kept);
	tcase_add_test(tc, socket_is_for_owner_and_group);
	tc = rig_case(s, "limits");
	tcase_add_loop_test(tc, line_length_is_bounded, 0, LENGTH(lengths));
	tcase_add_test(tc, longest_idle_client_makes_room);
	tcase_add_test(tc, deaf_client_is_not_served_on);
	tcase_add_test(tc, surplus_descriptors_are_closed);
	tc = rig_case(s, "life");
	tcase_add_loop_test(tc, client_may_vanish_while_its_job_runs, 0,
			    LENGTH(slow));
	tcase_add_loop_test(tc, socket_may_be_freed_while_a_job_runs, 0,
			    LENGTH(slow));
	tcase_add_test(tc, shutdown_is_answered_first);
	return s;
}
