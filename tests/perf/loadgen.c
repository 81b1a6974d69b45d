/* SPDX-License-Identifier: MIT */
/*
 * loadgen.c - closed-loop TCP load from kernel sockets, over IPv4
 *
 *	loadgen -d ADDR -M MODE [-n CONNECTIONS] [-t SECONDS] [-P SERVER-PID]
 *		[-p CPU] [-o OUTSTANDING-BYTES] [-b BYTES] [-C CONGESTION-CONTROL]
 *
 *	sink	write to port 9		source	read from port 19
 *	echo	write to and read from port 7, at most -o bytes under way
 *	rr	one byte there and back, again and again, port 7
 *	crr	connect, one byte there and back, close, port 7
 *	verify	send -b pseudo-random bytes to port 7 and compare the echo
 *	fetch	read -b bytes from port 19 and compare with RFC 864's text; ends
 *		early, without an error, when -t has passed
 *
 * Prints one line of JSON: rates, latency in microseconds, and the CPUs that
 * client, server and the whole machine kept busy.  Sockets use cubic unless -C
 * says otherwise, since the host's default may be held back by design (BBR).
 * Exit status 0, 1 when the run failed, 2 for wrong usage.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chargen.h"
#include "meter.h"
#include "pattern.h"

#define CHUNK	     (256u * 1024u)
#define CONNS_MAX    4096
#define FDS_MAX	     65536
#define EVENTS_MAX   256
#define SECS_MAX     60

#define ECHO_PORT    7
#define DISCARD_PORT 9
#define CHARGEN_PORT 19

/**
 * struct opts - the command line
 * @addr:	server
 * @mode:	what to do
 * @cc:		congestion control of our sockets
 * @conns:	connections at a time
 * @secs:	duration
 * @server:	process whose CPU time is reported, 0 = none
 * @cpu:	CPU to run on, -1 = any
 * @outstanding: echo: most bytes sent and not yet back, each connection
 * @bytes:	verify: bytes to send; fetch: bytes to read
 */
struct opts {
	const char *addr;
	const char *mode;
	const char *cc;
	int conns;
	double secs;
	int server;
	int cpu;
	size_t outstanding;
	uint64_t bytes;
};

static struct opts opt = { .addr = "10.7.0.2",
			   .mode = "rr",
			   .cc = "cubic",
			   .conns = 1,
			   .secs = 1,
			   .cpu = -1,
			   .outstanding = 1u << 20,
			   .bytes = 64u << 20 };

/* What is known of a connection, by its descriptor. */
static struct {
	size_t out;	   /* echo: bytes under way		*/
	uint64_t start_ns; /* rr, crr: when the exchange began	*/
	bool sent;	   /* crr: connected, the byte is out	*/
} conns[FDS_MAX];

static char *buf;
static uint64_t total_bytes;
static uint64_t total_ops;

/* --------------------------------------------------------------- histogram */

/* Nanoseconds below 64 exactly, then 32 steps for each power of two. */
#define HIST_EXACT 64u
#define HIST_STEPS 32u
#define HIST_MAX   (HIST_EXACT + 40u * HIST_STEPS)

static uint32_t hist[HIST_MAX];

static void lat_add(uint64_t ns)
{
	unsigned int i = (unsigned int)ns, e;

	if (ns >= HIST_EXACT) {
		e = 58u - (unsigned int)__builtin_clzll(ns);
		i = HIST_EXACT + (e - 1) * HIST_STEPS +
		    (unsigned int)(ns >> e) - HIST_STEPS;
	}
	hist[i < HIST_MAX ? i : HIST_MAX - 1]++;
	total_ops++;
}

/* Latency in microseconds below which the part @q of all exchanges lies. */
static double lat_quantile(double q)
{
	uint64_t want = (uint64_t)((double)total_ops * q), seen = 0;
	unsigned int i = 0, e;

	if (total_ops == 0)
		return 0;
	while (i < HIST_MAX - 1 && (seen += hist[i]) <= want)
		i++;
	if (i < HIST_EXACT)
		return i / 1e3;
	e = (i - HIST_EXACT) / HIST_STEPS + 1;
	i = (i - HIST_EXACT) % HIST_STEPS + HIST_STEPS;
	return (double)((uint64_t)i << e) / 1e3;
}

/* ----------------------------------------------------------------- sockets */

static void fail(const char *what)
{
	fprintf(stderr, "loadgen: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int dial(uint16_t port, bool nonblocking)
{
	int s = socket(AF_INET, SOCK_STREAM | (nonblocking ? SOCK_NONBLOCK : 0),
		       0);
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port) };
	int one = 1;

	if (s < 0 || s >= FDS_MAX)
		fail("socket");
	if (inet_pton(AF_INET, opt.addr, &a.sin_addr) != 1)
		fail("address");
	setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, opt.cc,
		       (socklen_t)strlen(opt.cc)))
		fail("TCP_CONGESTION");
	if (connect(s, (struct sockaddr *)&a, sizeof(a)) &&
	    errno != EINPROGRESS)
		fail("connect");
	return s;
}

static void watch(int ep, int op, int s, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = s };

	epoll_ctl(ep, op, s, &e);
}

static int dial_watched(int ep, uint16_t port, uint32_t events)
{
	int s = dial(port, false);

	fcntl(s, F_SETFL, O_NONBLOCK);
	watch(ep, EPOLL_CTL_ADD, s, events);
	return s;
}

/* -------------------------------------------------------------- bulk modes */

/* One connection one way: blocking calls are the cheapest client. */
static void bulk_blocking(uint16_t port, uint64_t end_ns)
{
	struct timeval tv = { .tv_sec = 1 };
	int s = dial(port, false);
	ssize_t r;

	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	while (now_ns() < end_ns) {
		if (port == DISCARD_PORT)
			r = send(s, buf, CHUNK, 0);
		else
			r = recv(s, buf, CHUNK, 0);
		if (r <= 0)
			break;
		total_bytes += (uint64_t)r;
	}
}

static void bulk_in(int ep, int s, uint16_t port)
{
	ssize_t r = recv(s, buf, CHUNK, 0);
	size_t before = conns[s].out;

	if (r <= 0)
		return;
	total_bytes += (uint64_t)r;
	if (port != ECHO_PORT)
		return;
	conns[s].out -= (size_t)r;
	if (before >= opt.outstanding && conns[s].out < opt.outstanding)
		watch(ep, EPOLL_CTL_MOD, s, EPOLLIN | EPOLLOUT);
}

static void bulk_out(int ep, int s, uint16_t port)
{
	ssize_t r;

	if (port == ECHO_PORT && conns[s].out >= opt.outstanding)
		return;
	r = send(s, buf, CHUNK, 0);
	if (r <= 0)
		return;
	if (port == DISCARD_PORT) {
		total_bytes += (uint64_t)r;
		return;
	}
	conns[s].out += (size_t)r;
	if (conns[s].out >= opt.outstanding)
		watch(ep, EPOLL_CTL_MOD, s, EPOLLIN);
}

static void bulk(uint16_t port, uint64_t end_ns)
{
	struct epoll_event ev[EVENTS_MAX];
	uint32_t events = EPOLLIN | EPOLLOUT;
	int ep, n;

	if (opt.conns == 1 && port != ECHO_PORT) {
		bulk_blocking(port, end_ns);
		return;
	}
	if (port != ECHO_PORT)
		events = port == DISCARD_PORT ? EPOLLOUT : EPOLLIN;
	ep = epoll_create1(0);
	for (int i = 0; i < opt.conns; i++)
		dial_watched(ep, port, events);
	while (now_ns() < end_ns) {
		n = epoll_wait(ep, ev, EVENTS_MAX, 100);
		for (int i = 0; i < n; i++) {
			if (ev[i].events & EPOLLIN)
				bulk_in(ep, ev[i].data.fd, port);
			if (ev[i].events & EPOLLOUT)
				bulk_out(ep, ev[i].data.fd, port);
		}
	}
}

/* -------------------------------------------------------- round-trip modes */

static void rr_blocking(uint64_t end_ns)
{
	int s = dial(ECHO_PORT, false);
	uint64_t t = now_ns(), u;
	char b = 'x';

	for (; t < end_ns; t = u) {
		if (send(s, &b, 1, 0) != 1 || recv(s, &b, 1, 0) != 1)
			fail("rr");
		u = now_ns();
		lat_add(u - t);
	}
}

static void rr_send(int s)
{
	char b = 'x';

	conns[s].start_ns = now_ns();
	if (send(s, &b, 1, 0) != 1)
		fail("rr: send");
}

static void rr(uint64_t end_ns)
{
	struct epoll_event ev[EVENTS_MAX];
	int ep, n, fds[CONNS_MAX];
	char b;

	if (opt.conns == 1) {
		rr_blocking(end_ns);
		return;
	}
	ep = epoll_create1(0);
	for (int i = 0; i < opt.conns; i++)
		fds[i] = dial_watched(ep, ECHO_PORT, EPOLLIN);
	for (int i = 0; i < opt.conns; i++)
		rr_send(fds[i]);
	while (now_ns() < end_ns) {
		n = epoll_wait(ep, ev, EVENTS_MAX, 100);
		for (int i = 0; i < n; i++) {
			int s = ev[i].data.fd;

			if (recv(s, &b, 1, 0) != 1)
				continue;
			lat_add(now_ns() - conns[s].start_ns);
			rr_send(s);
		}
	}
}

static void crr_dial(int ep)
{
	uint64_t t = now_ns();
	int s = dial(ECHO_PORT, true);

	conns[s].start_ns = t;
	conns[s].sent = false;
	watch(ep, EPOLL_CTL_ADD, s, EPOLLOUT);
}

/* Act on a readiness; true when the exchange is over. */
static bool crr_step(int ep, int s)
{
	char b = 'x';

	if (!conns[s].sent) {
		if (send(s, &b, 1, 0) != 1)
			fail("crr: send");
		conns[s].sent = true;
		watch(ep, EPOLL_CTL_MOD, s, EPOLLIN);
		return false;
	}
	if (recv(s, &b, 1, 0) != 1)
		fail("crr: recv");
	close(s);
	lat_add(now_ns() - conns[s].start_ns);
	return true;
}

static void crr(uint64_t end_ns)
{
	struct epoll_event ev[EVENTS_MAX];
	int ep = epoll_create1(0), live, n;

	for (live = 0; live < opt.conns; live++)
		crr_dial(ep);
	while (now_ns() < end_ns) {
		n = epoll_wait(ep, ev, EVENTS_MAX, 100);
		for (int i = 0; i < n; i++)
			if (crr_step(ep, ev[i].data.fd))
				crr_dial(ep);
	}
}

/* ------------------------------------------------------------------ verify */

static uint64_t verify_send(int s, uint64_t pos)
{
	uint64_t len = opt.bytes - pos < CHUNK ? opt.bytes - pos : CHUNK;
	ssize_t r;

	for (uint64_t i = 0; i < len; i++)
		buf[i] = (char)byte_at(pos + i);
	r = send(s, buf, len, 0);
	return r > 0 ? pos + (uint64_t)r : pos;
}

static uint64_t verify_recv(int s, uint64_t pos)
{
	ssize_t r = recv(s, buf, CHUNK, 0);

	if (r == 0 || (r < 0 && errno != EAGAIN))
		fail("verify: the stream ended early");
	for (ssize_t i = 0; i < r; i++, pos++) {
		if ((uint8_t)buf[i] == byte_at(pos))
			continue;
		fprintf(stderr, "loadgen: verify: byte %llu differs\n",
			(unsigned long long)pos);
		exit(1);
	}
	return pos;
}

static void verify(uint64_t end_ns)
{
	int ep = epoll_create1(0);
	int s = dial_watched(ep, ECHO_PORT, EPOLLIN | EPOLLOUT);
	uint64_t sent = 0, got = 0;
	struct epoll_event ev;

	while (got < opt.bytes) {
		if (now_ns() > end_ns) {
			errno = ETIMEDOUT;
			fail("verify");
		}
		if (epoll_wait(ep, &ev, 1, 100) != 1)
			continue;
		if (ev.events & EPOLLIN)
			got = verify_recv(s, got);
		if (ev.events & EPOLLOUT && sent < opt.bytes)
			sent = verify_send(s, sent);
		if (sent == opt.bytes)
			watch(ep, EPOLL_CTL_MOD, s, EPOLLIN);
	}
	total_bytes = got;
}

/* ------------------------------------------------------------------- fetch */

static void fetch(uint64_t end_ns)
{
	static char text[CHARGEN_PERIOD + CHUNK];
	struct timeval tv = { .tv_usec = 100000 };
	int s = dial(CHARGEN_PORT, false);
	ssize_t r;

	chargen_text(text, sizeof(text));
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	while (total_bytes < opt.bytes && now_ns() < end_ns) {
		r = recv(s, buf, CHUNK, 0);
		if (r < 0 && errno == EAGAIN)
			continue;
		if (r <= 0)
			fail("fetch: the stream ended early");
		if (memcmp(buf, text + total_bytes % CHARGEN_PERIOD,
			   (size_t)r)) {
			fprintf(stderr,
				"loadgen: fetch: wrong bytes after %llu\n",
				(unsigned long long)total_bytes);
			exit(1);
		}
		total_bytes += (uint64_t)r;
	}
}

/* -------------------------------------------------------------------- main */

static void pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned int)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("sched_setaffinity");
}

static bool set_option(int c)
{
	switch (c) {
	case 'd':
		opt.addr = optarg;
		return true;
	case 'M':
		opt.mode = optarg;
		return true;
	case 'n':
		opt.conns = atoi(optarg);
		return opt.conns >= 1 && opt.conns <= CONNS_MAX;
	case 't':
		opt.secs = atof(optarg);
		return opt.secs > 0 && opt.secs <= SECS_MAX;
	case 'P':
		opt.server = atoi(optarg);
		return opt.server > 0;
	case 'p':
		opt.cpu = atoi(optarg);
		return true;
	case 'o':
		opt.outstanding = strtoul(optarg, NULL, 0);
		return opt.outstanding > 0;
	case 'b':
		opt.bytes = strtoull(optarg, NULL, 0);
		return opt.bytes > 0;
	case 'C':
		opt.cc = optarg;
		return true;
	}
	return false;
}

static bool run(uint64_t end_ns)
{
	if (strcmp(opt.mode, "sink") == 0)
		bulk(DISCARD_PORT, end_ns);
	else if (strcmp(opt.mode, "source") == 0)
		bulk(CHARGEN_PORT, end_ns);
	else if (strcmp(opt.mode, "echo") == 0)
		bulk(ECHO_PORT, end_ns);
	else if (strcmp(opt.mode, "rr") == 0)
		rr(end_ns);
	else if (strcmp(opt.mode, "crr") == 0)
		crr(end_ns);
	else if (strcmp(opt.mode, "verify") == 0)
		verify(end_ns);
	else if (strcmp(opt.mode, "fetch") == 0)
		fetch(end_ns);
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	double client_s, server_s, busy_s, secs;
	uint64_t start_ns;
	int c;

	while ((c = getopt(argc, argv, "d:M:n:t:P:p:o:b:C:")) != -1)
		if (!set_option(c))
			return 2;
	pin(opt.cpu);
	buf = aligned_alloc(4096, CHUNK);
	if (!buf)
		return 1;
	memset(buf, 'y', CHUNK);

	client_s = cpu_of(0);
	server_s = opt.server ? cpu_of(opt.server) : 0;
	busy_s = machine_busy();
	start_ns = now_ns();
	if (!run(start_ns + (uint64_t)(opt.secs * 1e9)))
		return 2;
	secs = (double)(now_ns() - start_ns) / 1e9;
	client_s = cpu_of(0) - client_s;
	server_s = opt.server ? cpu_of(opt.server) - server_s : 0;
	busy_s = machine_busy() - busy_s;

	printf("{\"mode\":\"%s\",\"n\":%d,\"sec\":%.3f,\"bytes\":%llu,"
	       "\"gbps\":%.3f,\"ops\":%.0f,\"p50\":%.1f,\"p99\":%.1f,"
	       "\"cli\":%.3f,\"srv\":%.3f,\"busy\":%.3f}\n",
	       opt.mode, opt.conns, secs, (unsigned long long)total_bytes,
	       (double)total_bytes * 8 / 1e9 / secs, (double)total_ops / secs,
	       lat_quantile(.5), lat_quantile(.99), client_s / secs,
	       server_s / secs, busy_s / secs);
	fflush(stdout);
	_exit(0); /* connections go with us, without orderly goodbyes */
}
