/* SPDX-License-Identifier: MIT */
/*
 * test_svc_join.c - a stream in memory joined with one end of a socket pair
 *
 * "The peer" is at the other end of the stream, "the host" at the other end of
 * the pair.
 */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/svc/join.h"
#include "fakeloop.h"
#include "fakestream.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define TEXT  "both ways, in order and once"
#define LEN   (sizeof(TEXT) - 1)
#define ROOM  100000u
#define ALIVE 1000 /* not the end of any join */

/**
 * struct rig - a join and both its ends
 * @f:		the stream, and the peer
 * @l:		loop
 * @j:		the join, NULL = it is over
 * @host:	the host
 * @fd:		the join's end of the pair
 * @why:	its end, ALIVE = it lives
 */
struct rig {
	struct fake *f;
	struct fakeloop l;
	struct join *j;
	int host;
	int fd;
	int why;
};

static struct join *join_of(struct stream *st)
{
	struct rig *r = st->service->shared;

	return r ? r->j : NULL;
}

static void on_readable(struct stream *st)
{
	if (join_of(st))
		join_readable(join_of(st));
}

static void on_writable(struct stream *st)
{
	if (join_of(st))
		join_writable(join_of(st));
}

static void on_peer_closed(struct stream *st)
{
	if (join_of(st))
		join_peer_closed(join_of(st));
}

static void on_closed(struct stream *st)
{
	if (join_of(st))
		join_closed(join_of(st), st->end);
}

static const struct svc joined = {
	.name = "joined",
	.readable = on_readable,
	.writable = on_writable,
	.peer_closed = on_peer_closed,
	.closed = on_closed,
};

static void on_over(void *arg, int why)
{
	struct rig *r = arg;

	ck_assert_int_eq(r->why, ALIVE);
	r->why = why;
	r->j = NULL;
}

static void rig_join(struct rig *r, const int pair[2], size_t room)
{
	fakeloop_init(&r->l);
	r->f = fake_new(&joined, room);
	r->f->service.shared = r;
	r->fd = pair[0];
	r->host = pair[1];
	r->why = ALIVE;
	r->j = join_new(&r->l.loop, &r->f->st, r->fd, on_over, r);
	ck_assert_ptr_nonnull(r->j);
}

static void rig_init(struct rig *r, size_t room)
{
	int pair[2];

	ck_assert_int_eq(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	rig_join(r, pair, room);
}

/* A pair of TCP sockets: only these know resets. */
static void rig_init_tcp(struct rig *r, size_t room)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr *sa = (struct sockaddr *)&sin;
	socklen_t len = sizeof(sin);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int pair[2];

	ck_assert_int_eq(bind(listener, sa, len), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, sa, &len), 0);
	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(pair[0], sa, len), 0);
	pair[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	ck_assert_int_ge(pair[1], 0);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	close(listener);
	rig_join(r, pair, room);
}

static void rig_fini(struct rig *r)
{
	fake_free(r->f); /* closes the stream, if the join has not ended */
	ck_assert_ptr_null(r->j);
	ck_assert_int_eq(fcntl(r->fd, F_GETFD), -1);
	if (r->host >= 0)
		close(r->host);
	fakeloop_fini(&r->l);
}

/* Pseudo-random, so that what is moved or repeated shows. */
static uint8_t *pattern(size_t len)
{
	uint8_t *bytes = malloc(len);
	uint32_t x = 1;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		bytes[i] = (uint8_t)(x >> 24);
	}
	return bytes;
}

/* All that the host can read now. */
static size_t host_read(struct rig *r, uint8_t *into, size_t max)
{
	size_t len = 0;
	ssize_t n;

	while (len < max && (n = read(r->host, into + len, max - len)) > 0)
		len += (size_t)n;
	return len;
}

static void host_write(struct rig *r, const void *bytes, size_t len)
{
	ck_assert_int_eq(send(r->host, bytes, len, MSG_NOSIGNAL), (int)len);
}

/* As many as the socket takes. */
static size_t host_fill(struct rig *r, const uint8_t *bytes, size_t len)
{
	ssize_t n = send(r->host, bytes, len, MSG_NOSIGNAL);

	return n > 0 ? (size_t)n : 0;
}

/* ------------------------------------------------------------------- bytes */

START_TEST(bytes_go_both_ways)
{
	uint8_t got[LEN + 1];
	struct rig r;

	rig_init(&r, ROOM);
	fake_send(r.f, TEXT, LEN);
	host_write(&r, TEXT, LEN);
	fakeloop_run(&r.l);
	ck_assert_uint_eq(host_read(&r, got, sizeof(got)), LEN);
	ck_assert_mem_eq(got, TEXT, LEN);
	ck_assert_uint_eq(r.f->out_len, LEN);
	ck_assert_mem_eq(r.f->out, TEXT, LEN);
	ck_assert_uint_eq(r.f->service.bytes_in, LEN);
	ck_assert_uint_eq(r.f->service.bytes_out, LEN);
	ck_assert_int_eq(r.why, ALIVE);
	rig_fini(&r);
}
END_TEST

/* Later bytes need no turn of the loop: the stream's callback carries them. */
START_TEST(idle_join_watches_for_reading_alone)
{
	uint8_t got[LEN];
	struct rig r;

	rig_init(&r, ROOM);
	fakeloop_run(&r.l);
	ck_assert_uint_eq(fakeloop_wanted(&r.l, r.fd), SVC_READ);
	fake_send(r.f, TEXT, LEN);
	ck_assert_uint_eq(host_read(&r, got, sizeof(got)), LEN);
	rig_fini(&r);
}
END_TEST

/* The host does not read: the stream is left unread, so its window closes. */
START_TEST(full_socket_stops_reading_the_stream)
{
	uint8_t *bytes = pattern(FAKE_BYTES);
	uint8_t *got = malloc(FAKE_BYTES);
	size_t len = 0;
	struct rig r;

	rig_init(&r, ROOM);
	fake_send(r.f, bytes, FAKE_BYTES);
	fakeloop_run(&r.l);
	ck_assert_uint_gt(fake_waiting(r.f), FAKE_BYTES / 4);
	ck_assert_uint_eq(fakeloop_wanted(&r.l, r.fd), SVC_READ | SVC_WRITE);
	while (fake_waiting(r.f)) {
		len += host_read(&r, got + len, FAKE_BYTES - len);
		fakeloop_run(&r.l);
	}
	len += host_read(&r, got + len, FAKE_BYTES - len);
	ck_assert_uint_eq(len, FAKE_BYTES);
	EXPECT_MEM_EQ(got, bytes, FAKE_BYTES);
	ck_assert_uint_eq(fakeloop_wanted(&r.l, r.fd), SVC_READ);
	rig_fini(&r);
	free(bytes);
	free(got);
}
END_TEST

/* The peer does not read: the socket is not watched, and no byte is lost or
 * kept beyond the one that asks the stream to tell of room; whatever the room.
 */
START_TEST(full_stream_stops_reading_the_socket)
{
	static const size_t acked[] = { 1, 7, 1000, 1001, 50000 };
	size_t all = 300000;
	uint8_t *bytes = pattern(all);
	size_t given = 0;
	struct rig r;

	rig_init(&r, 1001);
	given = host_fill(&r, bytes, all);
	fakeloop_run(&r.l);
	ck_assert_uint_eq(r.f->out_len, 1001);
	ck_assert_uint_eq(fakeloop_wanted(&r.l, r.fd), 0);
	r.f->limit = 60000;
	for (uint32_t i = 0; r.f->acked < all; i++) {
		size_t most = r.f->out_len - r.f->acked;
		size_t ack = acked[i % 5] < most ? acked[i % 5] : most;

		fake_ack(r.f, ack);
		given += host_fill(&r, bytes + given, all - given);
		fakeloop_run(&r.l);
		EXPECT_LE(r.f->out_len - r.f->acked, 60000);
	}
	ck_assert_uint_eq(r.f->out_len, all);
	EXPECT_MEM_EQ(r.f->out, bytes, all);
	ck_assert_uint_eq(fakeloop_wanted(&r.l, r.fd), SVC_READ);
	rig_fini(&r);
	free(bytes);
}
END_TEST

/* The stream has room, and no memory to use it: what was read is kept. */
START_TEST(bytes_that_the_stream_refuses_are_kept)
{
	uint8_t *bytes = pattern(20000);
	struct rig r;

	rig_init(&r, ROOM);
	r.f->refuse_above = 100;
	host_write(&r, bytes, 20000);
	fakeloop_run(&r.l);
	ck_assert_uint_eq(r.f->out_len, 100);
	ck_assert_uint_eq(fakeloop_wanted(&r.l, r.fd), 0);
	fake_ack(r.f, 100);
	ck_assert_uint_eq(r.f->out_len, 200);
	r.f->refuse_above = 0;
	fake_ack(r.f, 100);
	fakeloop_run(&r.l);
	ck_assert_uint_eq(r.f->out_len, 20000);
	EXPECT_MEM_EQ(r.f->out, bytes, 20000);
	rig_fini(&r);
	free(bytes);
}
END_TEST

/* One turn serves a join for a while only, in each direction. */
START_TEST(others_have_their_turn)
{
	uint8_t *bytes = pattern(FAKE_BYTES);
	int big = 8 << 20;
	size_t given;
	struct rig r;

	rig_init(&r, FAKE_BYTES);
	setsockopt(r.fd, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big));
	setsockopt(r.host, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big));
	fake_send(r.f, bytes, FAKE_BYTES);
	given = host_fill(&r, bytes, FAKE_BYTES);
	fakeloop_turn(&r.l);
	ck_assert_uint_le(r.f->out_len, 5 * 65536);
	ck_assert_uint_ge(fake_waiting(r.f), FAKE_BYTES - 5 * 65536);
	fakeloop_run(&r.l);
	ck_assert_uint_eq(r.f->out_len, given);
	rig_fini(&r);
	free(bytes);
}
END_TEST

/* -------------------------------------------------------------------- ends */

START_TEST(end_of_the_peer_alone)
{
	uint8_t got[LEN];
	struct rig r;

	rig_init(&r, ROOM);
	fake_send(r.f, TEXT, LEN);
	fakeloop_run(&r.l);
	fake_fin(r.f);
	ck_assert_uint_eq(host_read(&r, got, LEN), LEN);
	ck_assert_int_eq(read(r.host, got, 1), 0);
	ck_assert_int_eq(r.why, ALIVE);
	ck_assert(!r.f->shut);

	host_write(&r, TEXT, LEN);
	fakeloop_run(&r.l);
	ck_assert_uint_eq(r.f->out_len, LEN);
	ck_assert(!r.f->closed);
	close(r.host);
	r.host = -1;
	fakeloop_run(&r.l);
	ck_assert(r.f->shut && r.f->closed && !r.f->aborted);
	ck_assert_int_eq(r.why, 0);
	rig_fini(&r);
}
END_TEST

START_TEST(end_of_the_host_alone)
{
	uint8_t got[LEN];
	struct rig r;

	rig_init(&r, ROOM);
	host_write(&r, TEXT, LEN);
	shutdown(r.host, SHUT_WR);
	fakeloop_run(&r.l);
	ck_assert_uint_eq(r.f->out_len, LEN);
	ck_assert(r.f->shut && !r.f->closed);
	ck_assert_uint_eq(fakeloop_wanted(&r.l, r.fd), 0);

	fake_send(r.f, TEXT, LEN);
	ck_assert_uint_eq(host_read(&r, got, LEN), LEN);
	fake_ack(r.f, LEN);
	ck_assert_int_eq(r.why, ALIVE);
	fake_fin(r.f);
	ck_assert_int_eq(read(r.host, got, 1), 0);
	ck_assert(r.f->closed && !r.f->aborted);
	ck_assert_int_eq(r.why, 0);
	rig_fini(&r);
}
END_TEST

/* What the stream had no room for still goes out in front of the end. */
START_TEST(end_of_the_host_comes_behind_its_bytes)
{
	struct rig r;

	rig_init(&r, 10);
	host_write(&r, TEXT, LEN);
	shutdown(r.host, SHUT_WR);
	fakeloop_run(&r.l);
	ck_assert_uint_eq(r.f->out_len, 10);
	ck_assert(!r.f->shut);
	while (r.f->acked < LEN) {
		fake_ack(r.f, 1);
		fakeloop_run(&r.l);
	}
	ck_assert_mem_eq(r.f->out, TEXT, LEN);
	ck_assert(r.f->shut);
	rig_fini(&r);
}
END_TEST

START_TEST(host_that_is_gone_cuts_the_stream)
{
	struct rig r;

	rig_init(&r, ROOM);
	fakeloop_run(&r.l);
	close(r.host);
	r.host = -1;
	fake_send(r.f, TEXT, LEN);
	ck_assert(r.f->aborted);
	ck_assert_int_eq(r.why, -ERR_PIPE);
	rig_fini(&r);
}
END_TEST

START_TEST(host_that_resets_cuts_the_stream)
{
	const struct linger at_once = { .l_onoff = 1 };
	struct rig r;

	rig_init_tcp(&r, ROOM);
	fakeloop_run(&r.l);
	setsockopt(r.host, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(r.host);
	r.host = -1;
	fakeloop_run(&r.l);
	ck_assert(r.f->aborted);
	ck_assert_int_eq(r.why, -ERR_PIPE);
	rig_fini(&r);
}
END_TEST

START_TEST(cut_stream_resets_the_host)
{
	uint8_t byte;
	struct rig r;

	rig_init_tcp(&r, ROOM);
	fakeloop_run(&r.l);
	r.f->st.end = -ERR_CONNRESET;
	fake_close(r.f);
	ck_assert_int_eq(r.why, -ERR_CONNRESET);
	ck_assert_int_eq(read(r.host, &byte, 1), -1);
	ck_assert_int_eq(errno, ECONNRESET);
	rig_fini(&r);
}
END_TEST

/* Over in good order, by somebody else's close: the host hears the end. */
START_TEST(stream_that_ends_by_itself_ends_the_host)
{
	uint8_t byte;
	struct rig r;

	rig_init_tcp(&r, ROOM);
	fakeloop_run(&r.l);
	fake_close(r.f);
	ck_assert_int_eq(r.why, 0);
	ck_assert_int_eq(read(r.host, &byte, 1), 0);
	rig_fini(&r);
}
END_TEST

/* As when the daemon ends: what is queued shall go out, so no cut. */
START_TEST(stream_closed_by_others_is_not_cut)
{
	uint8_t byte;
	struct rig r;

	rig_init_tcp(&r, ROOM);
	r.f->broken = true;
	host_write(&r, TEXT, LEN);
	fakeloop_run(&r.l);
	ck_assert(r.f->closed && !r.f->aborted);
	ck_assert_int_eq(r.why, -ERR_CONNABORTED);
	ck_assert_int_eq(read(r.host, &byte, 1), -1);
	ck_assert_int_eq(errno, ECONNRESET);
	rig_fini(&r);
}
END_TEST

START_TEST(join_is_given_up_without_a_word)
{
	uint8_t byte;
	struct rig r;

	rig_init_tcp(&r, ROOM);
	join_free(r.j);
	r.j = NULL;
	ck_assert_int_eq(r.why, ALIVE);
	ck_assert(!r.f->closed);
	ck_assert_int_eq(read(r.host, &byte, 1), -1);
	ck_assert_int_eq(errno, ECONNRESET);
	join_free(NULL);
	rig_fini(&r);
}
END_TEST

START_TEST(no_join_without_memory)
{
	struct rig r;

	rig_init(&r, ROOM);
	r.l.no_memory = true;
	ck_assert_ptr_null(join_new(&r.l.loop, &r.f->st, r.host, on_over, &r));
	ck_assert_int_ne(fcntl(r.host, F_GETFD), -1);
	rig_fini(&r);
}
END_TEST

Suite *suite_daemon_svc_join(void)
{
	Suite *s = suite_create("daemon/svc/join");
	TCase *bytes = tcase_create("bytes");
	TCase *ends = tcase_create("ends");

	tcase_add_test(bytes, bytes_go_both_ways);
	tcase_add_test(bytes, idle_join_watches_for_reading_alone);
	tcase_add_test(bytes, full_socket_stops_reading_the_stream);
	tcase_add_test(bytes, full_stream_stops_reading_the_socket);
	tcase_add_test(bytes, bytes_that_the_stream_refuses_are_kept);
	tcase_add_test(bytes, others_have_their_turn);
	suite_add_tcase(s, bytes);
	tcase_add_test(ends, end_of_the_peer_alone);
	tcase_add_test(ends, end_of_the_host_alone);
	tcase_add_test(ends, end_of_the_host_comes_behind_its_bytes);
	tcase_add_test(ends, host_that_is_gone_cuts_the_stream);
	tcase_add_test(ends, host_that_resets_cuts_the_stream);
	tcase_add_test(ends, cut_stream_resets_the_host);
	tcase_add_test(ends, stream_that_ends_by_itself_ends_the_host);
	tcase_add_test(ends, stream_closed_by_others_is_not_cut);
	tcase_add_test(ends, join_is_given_up_without_a_word);
	tcase_add_test(ends, no_join_without_memory);
	suite_add_tcase(s, ends);
	return s;
}
