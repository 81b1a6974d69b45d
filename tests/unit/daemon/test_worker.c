/* SPDX-License-Identifier: MIT */
/*
 * test_worker.c - a worker's thread, from its first job to its last
 *
 * The test is the main thread, and the host at the other end of the device.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/mailbox.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"
#include "worker_rig.h"

#define JOBS	 1000
#define ECHO_LEN 36

/* An echo request from 10.7.0.1 to 10.7.0.2; both checksums are right. */
static const uint8_t echo_request[ECHO_LEN] = {
	0x45, 0x00, 0x00, 0x24, 0x00, 0x01, 0x00, 0x00, 0x40, 0x01, 0x66, 0xc8,
	0x0a, 0x07, 0x00, 0x01, 0x0a, 0x07, 0x00, 0x02, 0x08, 0x00, 0x66, 0x68,
	0x00, 0x01, 0x00, 0x01, 'a',  'b',  'c',  'd',	'e',  'f',  'g',  'h',
};

/* ------------------------------------------------------------------- packets */

static void on_peer(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct worker_rig *w = io->data;
	uint8_t got[100];

	(void)revents;
	ck_assert_int_eq(recv(w->peer, got, sizeof(got), 0), ECHO_LEN);
	ck_assert_int_eq(got[20], 0); /* echo reply */
	ck_assert_mem_eq(got + 24, echo_request + 24, ECHO_LEN - 24);
	w->answers++;
	ev_break(loop, EVBREAK_ALL);
}

START_TEST(packet_is_answered)
{
	struct tun_info info;
	struct worker_rig w;

	worker_rig_init(&w);
	ev_io_init(&w.peer_io, on_peer, w.peer, EV_READ);
	w.peer_io.data = &w;
	ev_io_start(w.loop, &w.peer_io);
	ck_assert_int_eq(worker_start(w.worker), 0);
	for (int i = 1; i <= 3; i++) {
		ck_assert_int_eq(send(w.peer, echo_request, ECHO_LEN, 0),
				 ECHO_LEN);
		ev_run(w.loop, 0);
		ck_assert_int_eq(w.answers, i);
	}
	worker_rig_stop(&w);
	tun_info(worker_tun(w.worker), &info);
	ck_assert_uint_eq(info.rx_packets, 3);
	ck_assert_uint_eq(info.tx_packets, 3);
	ck_assert_uint_eq(
		worker_counters(w.worker)[USTACK_C_ICMP_OUT_ECHO_REPS], 3);
	worker_rig_fini(&w);
}
END_TEST

/* The interface was deleted, or the other end closed: main is told, once. */
START_TEST(broken_device_ends_the_worker)
{
	struct worker_rig w;

	worker_rig_init(&w);
	worker_on_failure(w.worker, worker_rig_failed);
	ck_assert_int_eq(worker_start(w.worker), 0);
	close(w.peer);
	w.peer = -1;
	ev_run(w.loop, 0);
	ck_assert_int_eq(w.failures, 1);
	worker_rig_stop(&w);
	ck_assert_int_eq(w.failures, 1);
	worker_rig_fini(&w);
}
END_TEST

/* ---------------------------------------------------------------------- jobs */

struct counted {
	struct job job;
	struct worker_rig *rig;
	pthread_t ran_on;
	sigset_t blocked;
	int *runs;
	int *dones;
};

static void job_run(struct job *j, struct worker *w)
{
	struct counted *c = (struct counted *)j;

	EXPECT(w == c->rig->worker);
	EXPECT(worker_stack(w) != NULL);
	c->ran_on = pthread_self();
	pthread_sigmask(SIG_SETMASK, NULL, &c->blocked);
	++*c->runs;
}

static void job_done(struct job *j)
{
	struct counted *c = (struct counted *)j;

	++*c->dones;
	free(c);
}

static void post(struct worker_rig *w, int *runs, int *dones,
		 void (*done)(struct job *))
{
	struct counted *c = calloc(1, sizeof(*c));

	c->job.run = job_run;
	c->job.done = done;
	c->rig = w;
	c->runs = runs;
	c->dones = dones;
	worker_post(w->worker, &c->job);
}

static void job_done_elsewhere(struct job *j)
{
	struct counted *c = (struct counted *)j;

	EXPECT(!pthread_equal(c->ran_on, pthread_self()));
	EXPECT(sigismember(&c->blocked, SIGTERM)); /* main's */
	EXPECT(!sigismember(&c->blocked,
			    SIGSYS)); /* a call that is forbidden */
	ev_break(c->rig->loop, EVBREAK_ALL);
	job_done(j);
}

START_TEST(job_runs_on_the_worker_and_ends_on_main)
{
	struct worker_rig w;
	int runs = 0;
	int dones = 0;

	worker_rig_init(&w);
	ck_assert_int_eq(worker_start(w.worker), 0);
	post(&w, &runs, &dones, job_done_elsewhere);
	ev_run(w.loop, 0);
	ck_assert_int_eq(runs, 1);
	ck_assert_int_eq(dones, 1);
	worker_rig_stop(&w);
	worker_rig_fini(&w);
}
END_TEST

/* Posted before the start, while it runs, while it ends, and after its end. */
START_TEST(no_job_is_lost_or_run_twice)
{
	struct worker_rig w;
	int runs = 0;
	int dones = 0;

	worker_rig_init(&w);
	for (int i = 0; i < JOBS; i++)
		post(&w, &runs, &dones, job_done);
	ck_assert_int_eq(worker_start(w.worker), 0);
	for (int i = 0; i < JOBS; i++)
		post(&w, &runs, &dones, job_done);
	worker_drain(w.worker, 1000000u, worker_rig_stopped);
	for (int i = 0; i < JOBS; i++)
		post(&w, &runs, &dones, job_done);
	ev_run(w.loop, 0);
	for (int i = 0; i < JOBS; i++)
		post(&w, &runs, &dones, job_done);
	worker_free(w.worker);
	ck_assert_int_eq(runs, 4 * JOBS);
	ck_assert_int_eq(dones, 4 * JOBS);
	w.worker = NULL;
	worker_rig_fini(&w);
}
END_TEST

START_TEST(jobs_of_a_worker_that_never_started_are_done)
{
	struct worker_rig w;
	int runs = 0;
	int dones = 0;

	worker_rig_init(&w);
	post(&w, &runs, &dones, job_done);
	worker_rig_fini(&w);
	ck_assert_int_eq(runs, 1);
	ck_assert_int_eq(dones, 1);
}
END_TEST

/* A long answer is made of pieces: the end of one posts the next. */
static void job_done_post_next(struct job *j)
{
	struct counted *c = (struct counted *)j;
	struct worker_rig *w = c->rig;
	int *runs = c->runs;
	int *dones = c->dones;

	job_done(j);
	if (*dones < JOBS)
		post(w, runs, dones, job_done_post_next);
}

START_TEST(chain_of_jobs_goes_on_to_its_end)
{
	struct worker_rig w;
	int runs = 0;
	int dones = 0;

	worker_rig_init(&w);
	ck_assert_int_eq(worker_start(w.worker), 0);
	post(&w, &runs, &dones, job_done_post_next);
	worker_rig_fini(&w);
	ck_assert_int_eq(runs, JOBS);
	ck_assert_int_eq(dones, JOBS);
}
END_TEST

/* --------------------------------------------------------------------- pings */

/* An echo request, and the job that has it sent. */
struct asked {
	struct job job;
	struct worker_ping ping;
	struct ustack_ping_args args;
	struct ev_loop *loop;
	int rc;
	bool sent;
	bool over;
};

static struct asked asked;

static void ping_run(struct job *j, struct worker *w)
{
	struct asked *a = (struct asked *)j;

	a->rc = worker_ping(w, &a->args, &a->ping);
}

static void ping_sent(struct job *j)
{
	((struct asked *)j)->sent = true;
}

static void ping_over(struct job *j)
{
	EXPECT(j == &asked.ping.over);
	EXPECT(asked.sent && !asked.over);
	asked.over = true;
	ev_break(asked.loop, EVBREAK_ALL);
}

static void post_ping(struct worker_rig *w)
{
	asked = (struct asked){
		.job = { .run = ping_run, .done = ping_sent },
		.ping.over.done = ping_over,
		.loop = w->loop,
		.args = { .remote = ustack_addr4(
				  (const uint8_t[]){ 10, 7, 0, 1 }),
			  .timeout_us = 60000000u,
			  .len = 8 },
	};
	worker_post(w->worker, &asked.job);
}

/* The host at the other end: turn the request round. */
static void on_request(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct worker_rig *w = io->data;
	uint8_t got[100];
	uint32_t sum;

	(void)revents;
	(void)loop;
	ck_assert_int_eq(recv(w->peer, got, sizeof(got), 0), ECHO_LEN);
	ck_assert_int_eq(got[20], 8);
	memcpy(got + 12, echo_request + 12, 8); /* addresses: the same sum */
	got[20] = 0;
	sum = (uint32_t)(got[22] << 8 | got[23]) + 0x800; /* RFC 1624 */
	sum = (sum & 0xffff) + (sum >> 16);
	got[22] = (uint8_t)(sum >> 8);
	got[23] = (uint8_t)sum;
	ck_assert_int_eq(send(w->peer, got, ECHO_LEN, 0), ECHO_LEN);
	w->answers++;
}

START_TEST(ping_ends_on_main)
{
	struct worker_rig w;

	worker_rig_init(&w);
	ev_io_init(&w.peer_io, on_request, w.peer, EV_READ);
	w.peer_io.data = &w;
	ev_io_start(w.loop, &w.peer_io);
	ck_assert_int_eq(worker_start(w.worker), 0);
	post_ping(&w);
	ev_run(w.loop, 0);
	ck_assert_int_eq(asked.rc, 0);
	ck_assert(asked.over);
	ck_assert_int_eq(asked.ping.pong.kind, USTACK_PONG_REPLY);
	ck_assert_int_eq(w.answers, 1);
	worker_rig_stop(&w);
	worker_rig_fini(&w);
}
END_TEST

/* Nobody answers, and the daemon ends: whoever asked is told. */
START_TEST(ping_under_way_ends_with_the_worker)
{
	struct worker_rig w;

	worker_rig_init(&w);
	ck_assert_int_eq(worker_start(w.worker), 0);
	post_ping(&w);
	if (_i)
		worker_rig_stop(&w);
	worker_rig_fini(&w);
	ck_assert(asked.sent);
	if (asked.rc) /* it came too late to be sent */
		ck_assert_int_eq(asked.rc, -ERR_CONNABORTED);
	else
		ck_assert(asked.over);
	if (_i)
		ck_assert_int_eq(asked.rc, 0);
}
END_TEST

START_TEST(ping_after_the_end_is_refused)
{
	struct worker_rig w;

	worker_rig_init(&w);
	ck_assert_int_eq(worker_start(w.worker), 0);
	worker_rig_stop(&w);
	post_ping(&w);
	worker_rig_fini(&w);
	ck_assert_int_eq(asked.rc, -ERR_CONNABORTED);
	ck_assert(asked.sent && !asked.over);
}
END_TEST

/* ----------------------------------------------------------------------- end */

START_TEST(drain_without_connections_is_quick)
{
	struct worker_rig w;
	ev_tstamp began = ev_time();

	worker_rig_init(&w);
	ck_assert_int_eq(worker_start(w.worker), 0);
	worker_drain(w.worker, 60000000u, worker_rig_stopped);
	ev_run(w.loop, 0);
	ck_assert_int_eq(w.ends, 1);
	ck_assert(ev_time() - began < 10.);
	worker_rig_fini(&w);
}
END_TEST

START_TEST(drain_again_is_told_again)
{
	struct worker_rig w;

	worker_rig_init(&w);
	ck_assert_int_eq(worker_start(w.worker), 0);
	worker_rig_stop(&w);
	worker_drain(w.worker, 0, worker_rig_stopped);
	ev_run(w.loop, 0);
	ck_assert_int_eq(w.ends, 2);
	worker_rig_fini(&w);
}
END_TEST

static unsigned long address_space_mb(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%lu", &pages), 1);
	(void)fclose(f);
	return pages / 256;
}

/* An area of 64 MB, and what is left of it, is given back. */
START_TEST(memory_is_given_back)
{
	unsigned long before = 0;
	struct worker_rig w;

	for (int i = 0; i < 5; i++) {
		worker_rig_init(&w);
		worker_rig_fini(&w);
		if (i == 0)
			before = address_space_mb();
	}
	ck_assert_uint_lt(address_space_mb(), before + 64);
}
END_TEST

START_TEST(services_are_described)
{
	struct worker_service sv[2];
	struct worker_rig w;

	worker_rig_init(&w);
	ck_assert_uint_eq(worker_services(w.worker, sv, 2), 1);
	ck_assert_str_eq(sv[0].name, "echo");
	ck_assert_str_eq(sv[0].type, "echo");
	ck_assert_uint_eq(sv[0].port, 7);
	ck_assert_uint_eq(sv[0].open, 0);
	ck_assert_uint_eq(worker_services(w.worker, sv, 0), 0);
	worker_rig_fini(&w);
}
END_TEST

/* Two services on one port: refused, and nothing is left behind. */
START_TEST(port_taken_twice_is_refused)
{
	char err[256];
	struct worker_rig w;
	int fd[2];

	worker_rig_init(&w);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	w.cfg.tun_fd = fd[1];
	w.cfg.nservice = 2;
	w.cfg.service[1] = w.cfg.service[0];
	ck_assert_ptr_null(worker_new(
		&w.cfg, tun_open(&w.cfg, err, sizeof(err)), w.loop, NULL));
	close(fd[0]);
	worker_rig_fini(&w);
}
END_TEST

Suite *suite_daemon_worker(void)
{
	Suite *s = suite_create("daemon/worker");
	TCase *tc = tcase_create("thread");

	tcase_set_timeout(tc, 2 * WORKER_RIG_PATIENCE_S);
	tcase_add_test(tc, packet_is_answered);
	tcase_add_test(tc, broken_device_ends_the_worker);
	tcase_add_test(tc, job_runs_on_the_worker_and_ends_on_main);
	tcase_add_test(tc, no_job_is_lost_or_run_twice);
	tcase_add_test(tc, jobs_of_a_worker_that_never_started_are_done);
	tcase_add_test(tc, chain_of_jobs_goes_on_to_its_end);
	tcase_add_test(tc, ping_ends_on_main);
	tcase_add_loop_test(tc, ping_under_way_ends_with_the_worker, 0, 2);
	tcase_add_test(tc, ping_after_the_end_is_refused);
	tcase_add_test(tc, drain_without_connections_is_quick);
	tcase_add_test(tc, drain_again_is_told_again);
	tcase_add_test(tc, memory_is_given_back);
	tcase_add_test(tc, services_are_described);
	tcase_add_test(tc, port_taken_twice_is_refused);
	suite_add_tcase(s, tc);
	return s;
}
