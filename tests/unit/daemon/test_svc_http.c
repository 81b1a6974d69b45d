/* SPDX-License-Identifier: MIT */
/*
 * test_svc_http.c - requests and answers over a stream in memory
 *
 * Method: bytes go in, bytes come out; what a test expects of an answer it
 * finds as text.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakestream.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define ROOM	 400000u
#define HOST	 "Host: 10.7.0.2\r\n"
#define GET(p)	 "GET " p " HTTP/1.1\r\n" HOST "\r\n"
#define HELLO	 "hello, page\n"
#define BIG	 100000u
#define BIG_TEXT "100000"

static uint32_t made;

static void make_hello(void *arg, struct svc_text *t)
{
	made++;
	ck_assert_ptr_eq(arg, &made);
	svc_text_add(t, "%s", HELLO);
}

static void make_big(void *arg, struct svc_text *t)
{
	(void)arg;
	for (uint32_t i = 0; i < BIG / 10; i++)
		svc_text_add(t, "%09u\n", i);
}

static void make_endless(void *arg, struct svc_text *t)
{
	(void)arg;
	while (!t->full)
		svc_text_add(t, "and on");
}

static const struct svc_page page[] = {
	{ "/", "text/html; charset=utf-8", make_hello },
	{ "/big", "text/plain", make_big },
	{ "/endless", "text/plain", make_endless },
};

static const struct svc_pages pages = { .page = page, .n = 3, .arg = &made };

static struct fake *begin(size_t room)
{
	struct fake *f = fake_new(&svc_http, room);

	f->service.pages = &pages;
	made = 0;
	return f;
}

/* All that was answered, as text. */
static const char *said(struct fake *f)
{
	EXPECT_LE(f->out_len + 1, FAKE_BYTES);
	f->out[f->out_len] = '\0';
	return (const char *)f->out;
}

static void say(struct fake *f, const char *text)
{
	fake_send(f, text, strlen(text));
}

static bool has(struct fake *f, const char *text)
{
	return strstr(said(f), text);
}

static uint32_t answers(struct fake *f)
{
	uint32_t n = 0;

	for (const char *at = said(f); (at = strstr(at, "Server: ustack"));
	     at++)
		n++;
	return n;
}

START_TEST(get_answers_with_type_and_length)
{
	struct fake *f = begin(ROOM);

	say(f, GET("/"));
	ck_assert_str_eq(said(f), "HTTP/1.1 200 OK\r\n"
				  "Server: ustack\r\n"
				  "Content-Type: text/html; charset=utf-8\r\n"
				  "Content-Length: 12\r\n"
				  "Cache-Control: no-store\r\n"
				  "\r\n" HELLO);
	ck_assert(!f->shut && !f->closed);
	fake_free(f);
}
END_TEST

/* RFC 9110 section 9.3.2. */
START_TEST(head_answers_as_get_but_for_the_body)
{
	struct fake *f = begin(ROOM);

	say(f, "HEAD / HTTP/1.1\r\n" HOST "\r\n");
	ck_assert(has(f, "Content-Length: 12\r\n"));
	ck_assert(!has(f, HELLO));
	ck_assert(!f->shut);
	fake_free(f);
}
END_TEST

static const struct {
	const char *name;
	const char *text;
	const char *want;
	bool last; /* the connection ends behind it */
} requests[] = {
	{ "query", GET("/?a=b&c"), "200 OK", false },
	{ "absolute target", GET("http://x:80/"), "200 OK", false },
	{ "absolute target without path", GET("HTTP://x"), "200 OK", false },
	{ "unknown path", GET("/none"), "404 Not Found", false },
	{ "path is not a prefix", GET("/bi"), "404 Not Found", false },
	{ "path goes on", GET("/big/"), "404 Not Found", false },
	{ "bytes", GET("/bytes/10"), "\r\n\r\nabcdefghij", false },
	{ "no bytes", GET("/bytes/0"), "Content-Length: 0", false },
	{ "bytes without a number", GET("/bytes/"), "404 Not Found", false },
	{ "bytes that are none", GET("/bytes/1k"), "404 Not Found", false },
	{ "too many bytes", GET("/bytes/1000000000001"), "404 Not Found",
	  false },
	{ "far too many bytes", GET("/bytes/99999999999999999999999999"),
	  "404 Not Found", false },
	{ "HEAD of bytes", "HEAD /bytes/7 HTTP/1.1\r\n" HOST "\r\n",
	  "Content-Length: 7", false },
	{ "NUL is not the end", GET("/big%00"), "404 Not Found", false },
	{ "close", "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
	  "200 OK", true },
	{ "close in a list",
	  "GET / HTTP/1.1\r\n" HOST "Connection: x, CLOSE\r\n\r\n", "200 OK",
	  true },
	{ "HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "Connection: close", true },
	{ "HTTP/1.0 kept", "GET / HTTP/1.0\r\nconnection: Keep-Alive\r\n\r\n",
	  "Connection: keep-alive", false },
	{ "HTTP/1.9 is a 1.1", "GET / HTTP/1.9\r\n" HOST "\r\n", "200 OK",
	  false },
	{ "lines of LF",
	  "GET / HTTP/1.1\n"
	  "Host: x\n\n",
	  "200 OK", false },
	{ "empty lines first", "\r\n\n\r\n" GET("/"), "200 OK", false },
	{ "no host", "GET / HTTP/1.1\r\n\r\n", "400 Bad Request", true },
	{ "two hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", "400 ", true },
	{ "host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400 ",
	  true },
	{ "empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "200 OK", false },
	{ "HTTP/2", "GET / HTTP/2.0\r\n" HOST "\r\n", "505 ", true },
	{ "HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 ", true },
	{ "HTTP/0.9", "GET /\r\n\r\n", "400 ", true },
	{ "two blanks", "GET  / HTTP/1.1\r\n" HOST "\r\n", "400 ", true },
	{ "blank behind", "GET / HTTP/1.1 \r\n" HOST "\r\n", "400 ", true },
	{ "version in small letters", "GET / http/1.1\r\n" HOST "\r\n", "400 ",
	  true },
	{ "no method", " / HTTP/1.1\r\n" HOST "\r\n", "400 ", true },
	{ "method in small letters", "get / HTTP/1.1\r\n" HOST "\r\n",
	  "405 Method Not Allowed", false },
	{ "relative target", GET("x"), "400 ", true },
	{ "fragment", GET("/#a"), "400 ", true },
	{ "beyond ASCII", GET("/\xc3\xa4"), "400 ", true },
	{ "other method", "DELETE / HTTP/1.1\r\n" HOST "\r\n",
	  "Allow: GET, HEAD\r\n", false },
	{ "other method, any target", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
	  "405 Method Not Allowed", false },
	{ "method with a body",
	  "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", "405 ",
	  true },
	{ "GET with a body",
	  "GET / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", "200 OK",
	  true },
	{ "GET with an empty body",
	  "GET / HTTP/1.1\r\n" HOST "Content-Length: 000\r\n\r\n", "200 OK",
	  false },
	{ "chunks",
	  "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n"
	  "\r\n",
	  "405 ", true },
	{ "two lengths",
	  "GET / HTTP/1.1\r\n" HOST
	  "Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
	  "400 ", true },
	{ "length and chunks",
	  "GET / HTTP/1.1\r\n" HOST
	  "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
	  "400 ", true },
	{ "length no number",
	  "GET / HTTP/1.1\r\n" HOST "Content-Length: +0\r\n\r\n", "400 ",
	  true },
	{ "blank before colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", "400 ",
	  true },
	{ "folded line", "GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", "400 ",
	  true },
	{ "no colon", "GET / HTTP/1.1\r\n" HOST "nothing\r\n\r\n", "400 ",
	  true },
	{ "no name", "GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n", "400 ", true },
	{ "CR in a value", "GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", "400 ",
	  true },
	{ "bytes beyond ASCII in a value",
	  "GET / HTTP/1.1\r\n" HOST "X: \xff\r\n\r\n", "200 OK", false },
	{ "too long for a page", GET("/endless"), "500 Internal Server Error",
	  false },
};

/* RFC 9112 sections 2.2, 2.3, 3, 5.1, 5.2, 6.3 and 9.3. */
START_TEST(request_is_answered_by_the_rules)
{
	struct fake *f = begin(ROOM);

	say(f, requests[_i].text);
	ck_assert_msg(has(f, requests[_i].want), "%s: %s", requests[_i].name,
		      said(f));
	ck_assert_msg(f->shut == requests[_i].last, "%s: end",
		      requests[_i].name);
	ck_assert_msg(has(f, "Connection: close") == requests[_i].last,
		      "%s: %s", requests[_i].name, said(f));
	EXPECT_EQ(answers(f), 1);
	fake_free(f);
}
END_TEST

/* The same whichever way the bytes come in pieces. */
START_TEST(request_may_come_byte_by_byte)
{
	struct fake *f = begin(ROOM);
	const char *text = requests[_i].text;

	while (*text && !f->shut) {
		fake_send(f, text++, 1);
		fake_run(f);
	}
	ck_assert_msg(has(f, requests[_i].want), "%s: %s", requests[_i].name,
		      said(f));
	fake_free(f);
}
END_TEST

START_TEST(page_that_is_not_there_is_told_with_those_that_are)
{
	struct fake *f = begin(ROOM);

	say(f, GET("/none"));
	ck_assert(has(f, "There is: / /big /endless /bytes/N\n"));
	fake_free(f);
}
END_TEST

START_TEST(service_without_pages_has_none)
{
	struct fake *f = begin(ROOM);

	f->service.pages = NULL;
	say(f, GET("/"));
	ck_assert(has(f, "404 "));
	fake_free(f);
}
END_TEST

/* A head of 8192 bytes is one, a head of 8193 is not. */
START_TEST(head_is_bounded)
{
	static char text[8193];
	const char begin_text[] = "GET / HTTP/1.1\r\n" HOST "X: ";
	struct fake *f = begin(ROOM);
	uint32_t len = 8192 + (uint32_t)_i;

	memset(text, 'x', sizeof(text));
	memcpy(text, begin_text, sizeof(begin_text) - 1);
	memcpy(text + len - 4, "\r\n\r\n", 4);
	fake_send(f, text, len);
	ck_assert(
		has(f, _i ? "431 Request Header Fields Too Large" : "200 OK"));
	ck_assert_int_eq(f->shut, _i);
	fake_free(f);
}
END_TEST

START_TEST(endless_request_line_is_too_long)
{
	static char text[20000];
	struct fake *f = begin(ROOM);

	memset(text, 'A', sizeof(text));
	fake_send(f, text, sizeof(text));
	ck_assert(has(f, "431 "));
	ck_assert(f->shut);
	EXPECT_EQ(fake_waiting(f), 0);
	fake_free(f);
}
END_TEST

/* One a turn, so that others get theirs; in order. */
START_TEST(pipelined_requests_take_turns)
{
	struct fake *f = begin(ROOM);

	say(f, GET("/") GET("/none") GET("/"));
	EXPECT_EQ(answers(f), 1);
	fake_run(f);
	EXPECT_EQ(answers(f), 3);
	EXPECT_EQ(made, 2);
	ck_assert(has(f, HELLO "HTTP/1.1 404 "));
	ck_assert(has(f, "/bytes/N\nHTTP/1.1 200 "));
	EXPECT_EQ(fake_waiting(f), 0);
	fake_free(f);
}
END_TEST

/* Whatever the room, and nothing is read while something is owed. */
START_TEST(slow_reader_gets_all_and_is_not_served_ahead)
{
	struct fake *f = begin(1000);

	say(f, GET("/big") GET("/"));
	EXPECT_EQ(f->out_len, 1000);
	EXPECT_EQ(fake_waiting(f), sizeof(GET("/")) - 1);
	EXPECT_EQ(made, 0);
	while (f->acked < f->out_len) {
		fake_ack(f, f->out_len - f->acked);
		fake_run(f);
	}
	EXPECT_EQ(answers(f), 2);
	ck_assert(has(f, "Content-Length: " BIG_TEXT "\r\n"));
	ck_assert(has(f, "\r\n\r\n000000000\n000000001\n"));
	ck_assert(has(f, "000009999\nHTTP/1.1 200 OK"));
	fake_free(f);
}
END_TEST

START_TEST(end_waits_for_the_rest_of_the_last_answer)
{
	struct fake *f = begin(1000);

	say(f, "GET /big HTTP/1.0\r\n\r\n");
	ck_assert(!f->shut);
	while (f->acked < f->out_len)
		fake_ack(f, f->out_len - f->acked);
	ck_assert(has(f, "000009999\n"));
	ck_assert(f->shut && !f->closed);
	fake_fin(f);
	ck_assert(f->closed && !f->aborted);
	fake_free(f);
}
END_TEST

/* As nc -N does. */
START_TEST(answer_goes_out_to_a_half_closed_peer)
{
	struct fake *f = begin(1000);

	say(f, GET("/big"));
	fake_fin(f);
	ck_assert(!f->closed);
	while (f->acked < f->out_len)
		fake_ack(f, f->out_len - f->acked);
	ck_assert(f->closed && !f->aborted);
	ck_assert(has(f, "000009999\n"));
	fake_free(f);
}
END_TEST

START_TEST(idle_connection_closes_with_its_peer)
{
	struct fake *f = begin(ROOM);

	say(f, GET("/"));
	fake_fin(f);
	ck_assert(f->closed && !f->aborted);
	EXPECT_EQ(answers(f), 1);
	fake_free(f);
}
END_TEST

START_TEST(request_cut_short_is_told_so)
{
	struct fake *f = begin(ROOM);

	say(f, "GET / HTTP/1.1\r\nHos");
	fake_fin(f);
	ck_assert(has(f, "400 "));
	ck_assert(f->closed && !f->aborted);
	fake_free(f);
}
END_TEST

/* What follows the last answer is no request, and it has an end. */
START_TEST(body_is_thrown_away_up_to_a_bound)
{
	static uint8_t body[400000];
	struct fake *f = begin(ROOM);

	say(f, "POST / HTTP/1.1\r\n" HOST "Content-Length: 9999999\r\n\r\n");
	say(f, GET("/"));
	for (int i = 0; i < 3; i++) {
		ck_assert(!f->aborted);
		EXPECT_EQ(fake_waiting(f), 0);
		f->in_len = 0;
		f->in_off = 0;
		fake_send(f, body, sizeof(body));
	}
	ck_assert(f->aborted);
	EXPECT_EQ(answers(f), 1);
	fake_free(f);
}
END_TEST

START_TEST(stream_that_takes_nothing_is_cut)
{
	struct fake *f = begin(ROOM);

	f->broken = true;
	say(f, GET("/"));
	ck_assert(f->aborted);
	fake_free(f);
}
END_TEST

static struct stream open_another(struct fake *f, uint64_t conn)
{
	struct stream st = f->st;

	st.conn = conn;
	st.state = 0;
	service_opened(&st);
	return st;
}

/* RFC 9112 section 9.5: an idle one may be closed at any time. */
START_TEST(one_too_many_and_the_longest_idle_goes)
{
	struct stream st[SVC_HTTP_CONNS];
	struct fake *f = begin(ROOM);

	for (uint32_t i = 1; i < SVC_HTTP_CONNS; i++)
		st[i] = open_another(f, i);
	say(f, GET("/")); /* the first is now the youngest */
	ck_assert(!f->closed);
	st[0] = open_another(f, SVC_HTTP_CONNS);
	ck_assert(f->closed && !f->aborted);
	f->closed = false;
	EXPECT_EQ(f->out_len > 0, true);
	f->out_len = 0;
	say(f, GET("/")); /* still served: the one that went is conn 1 */
	EXPECT_EQ(answers(f), 1);
	for (uint32_t i = 0; i < SVC_HTTP_CONNS; i++)
		service_closed(&st[i]);
	say(f, GET("/"));
	EXPECT_EQ(answers(f), 2);
	fake_free(f);
}
END_TEST

/* Callbacks of one that had to go find nobody in its place. */
START_TEST(evicted_connection_is_deaf)
{
	struct stream st[SVC_HTTP_CONNS];
	struct fake *f = begin(ROOM);

	say(f, "GET / HT");
	for (uint32_t i = 0; i < SVC_HTTP_CONNS; i++)
		st[i] = open_another(f, i + 1);
	ck_assert(f->aborted);
	say(f, "TP/1.1\r\n" HOST "\r\n");
	EXPECT_EQ(f->out_len, 0);
	for (uint32_t i = 0; i < SVC_HTTP_CONNS; i++)
		service_closed(&st[i]);
	fake_free(f);
}
END_TEST

START_TEST(random_bytes_do_no_harm)
{
	static const char some[] = "GET /HTP1.\r\n: ,\tHost";
	uint64_t seed = test_seed() + (uint64_t)_i;

	for (uint32_t round = 0; round < 50; round++) {
		struct fake *f = begin(ROOM);

		for (uint32_t n = 0; n < 40 && !f->aborted; n++) {
			char b[64];

			for (size_t i = 0; i < sizeof(b); i++) {
				seed = seed * 6364136223846793005u + 1;
				b[i] = some[(seed >> 33) % sizeof(some)];
			}
			fake_send(f, b, sizeof(b));
			fake_run(f);
		}
		fake_free(f);
	}
}
END_TEST

/* The alphabet goes on where room ended, over the buffer's end, and then the next
 * request has its turn.
 */
START_TEST(bytes_come_as_there_is_room)
{
	struct fake *f = begin(10000);
	const char *body;

	say(f, GET("/bytes/200000") GET("/"));
	EXPECT_LT(f->out_len, 20000);
	ck_assert(has(f, "Content-Length: 200000\r\n"));
	while (!has(f, HELLO) && f->acked < f->out_len)
		fake_ack(f, f->out_len - f->acked);
	body = strstr(said(f), "\r\n\r\n") + 4;
	for (uint32_t i = 0; i < 200000; i++)
		ck_assert_int_eq(body[i], 'a' + (int)(i % 26));
	ck_assert(strncmp(body + 200000, "HTTP/1.1 200", 12) == 0);
	EXPECT_EQ(answers(f), 2);
	fake_free(f);
}
END_TEST

Suite *suite_daemon_svc_http(void)
{
	Suite *s = suite_create("daemon/svc/http");
	TCase *tc = tcase_create("http");
	const int n = sizeof(requests) / sizeof(requests[0]);

	tcase_add_test(tc, get_answers_with_type_and_length);
	tcase_add_test(tc, head_answers_as_get_but_for_the_body);
	tcase_add_loop_test(tc, request_is_answered_by_the_rules, 0, n);
	tcase_add_loop_test(tc, request_may_come_byte_by_byte, 0, n);
	tcase_add_test(tc, page_that_is_not_there_is_told_with_those_that_are);
	tcase_add_test(tc, service_without_pages_has_none);
	tcase_add_loop_test(tc, head_is_bounded, 0, 2);
	tcase_add_test(tc, endless_request_line_is_too_long);
	tcase_add_test(tc, pipelined_requests_take_turns);
	tcase_add_test(tc, slow_reader_gets_all_and_is_not_served_ahead);
	tcase_add_test(tc, end_waits_for_the_rest_of_the_last_answer);
	tcase_add_test(tc, answer_goes_out_to_a_half_closed_peer);
	tcase_add_test(tc, idle_connection_closes_with_its_peer);
	tcase_add_test(tc, request_cut_short_is_told_so);
	tcase_add_test(tc, body_is_thrown_away_up_to_a_bound);
	tcase_add_test(tc, stream_that_takes_nothing_is_cut);
	tcase_add_test(tc, one_too_many_and_the_longest_idle_goes);
	tcase_add_test(tc, evicted_connection_is_deaf);
	tcase_add_loop_test(tc, random_bytes_do_no_harm, 0, 4);
	tcase_add_test(tc, bytes_come_as_there_is_room);
	suite_add_tcase(s, tc);
	return s;
}
