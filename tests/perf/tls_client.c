/* SPDX-License-Identifier: MIT */
/*
 * tls_client.c - bytes through a secure echo as fast as its server can
 *
 *	tls_client -d ADDR [-P SERVER-PID] [-p CPU] [-b BYTES] [-t SECONDS]
 *
 * All records are encrypted beforehand, and what comes back is kept and decrypted
 * afterwards: while the clock runs, this end only moves bytes, so that what is
 * measured is the server and TCP.  It runs from the first byte of a record until
 * the server's FIN, which follows its close_notify.  Then every byte is compared.
 *
 * Prints one line of JSON; bytes are those of plaintext, counted once for there
 * and back.  Exit status 0, 1 when the run failed, 2 for wrong usage.
 */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "meter.h"
#include "tape.h"

#define PORT	  7007
#define TCP_CHUNK (256u * 1024u)

/**
 * struct opts - the command line
 */
struct opts {
	const char *addr;
	int server;
	int cpu;
	size_t bytes;
	double secs;
};

/**
 * struct client - our end
 * @s:		socket
 * @live:	the channel talks to the socket, else to the tapes
 * @out:	what is to be sent
 * @in:		what has come
 */
struct client {
	int s;
	bool live;
	struct tape out;
	struct tape in;
	struct tls_channel *ch;
};

/* ---------------------------------------------------------- the channel's I/O */

static ptrdiff_t io_recv(void *arg, void *buf, size_t len)
{
	struct client *c = arg;
	ssize_t r;

	if (!c->live)
		return (ptrdiff_t)tape_take(&c->in, buf, len);
	r = recv(c->s, buf, len, 0);
	if (r < 0)
		err(1, "recv");
	return r;
}

static ptrdiff_t io_send(void *arg, const void *buf, size_t len)
{
	struct client *c = arg;
	ssize_t r;

	if (!c->live)
		return tape_put(&c->out, buf, len);
	r = send(c->s, buf, len, MSG_NOSIGNAL);
	if (r < 0)
		err(1, "send");
	return r;
}

static void open_channel(struct client *c)
{
	const struct tls_context_args ca = tape_client();
	const struct tls_channel_args a = {
		.io = { .arg = c, .recv = io_recv, .send = io_send },
		.address = "server",
		.deadline_us = UINT64_MAX,
	};
	struct tls_context *ctx = tape_context(&ca);
	int r;

	c->ch = tls_channel_new(ctx, &a);
	tls_context_put(ctx);
	if (!c->ch)
		errx(1, "no memory");
	c->live = true;
	do
		r = tls_handshake(c->ch);
	while (r == -ERR_INPROGRESS || r == -ERR_AGAIN);
	if (r)
		tape_fail(c->ch, "handshake");
	c->live = false;
}

/* -------------------------------------------------------------------- socket */

static int dial(const char *addr)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(PORT) };
	int s = socket(AF_INET, SOCK_STREAM, 0);

	if (s < 0 || inet_pton(AF_INET, addr, &a.sin_addr) != 1)
		err(1, "address");
	if (setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5))
		err(1, "TCP_CONGESTION");
	if (connect(s, (struct sockaddr *)&a, sizeof(a)))
		err(1, "connect");
	return s;
}

static void push(struct client *c)
{
	size_t left = c->out.len - c->out.at;
	ssize_t r = send(c->s, c->out.p + c->out.at,
			 left < TCP_CHUNK ? left : TCP_CHUNK,
			 MSG_DONTWAIT | MSG_NOSIGNAL);

	if (r < 0 && errno != EAGAIN)
		err(1, "send");
	c->out.at += r > 0 ? (size_t)r : 0;
	if (c->out.at == c->out.len)
		shutdown(c->s, SHUT_WR);
}

/* False at the end. */
static bool pull(struct client *c)
{
	ssize_t r = recv(c->s, c->in.p + c->in.len, c->in.room - c->in.len,
			 MSG_DONTWAIT);

	if (r < 0 && errno != EAGAIN)
		err(1, "recv");
	c->in.len += r > 0 ? (size_t)r : 0;
	return r != 0;
}

/* Send the one tape and fill the other, until the server's FIN. */
static void play(struct client *c, uint64_t end_ns)
{
	struct pollfd p = { .fd = c->s };
	bool open = true;

	while (open) {
		p.events = POLLIN;
		if (c->out.at < c->out.len)
			p.events |= POLLOUT;
		if (now_ns() > end_ns || poll(&p, 1, 1000) < 0) {
			errno = ETIMEDOUT;
			err(1, "echo");
		}
		if (p.revents & POLLOUT)
			push(c);
		if (p.revents & (POLLIN | POLLHUP | POLLERR))
			open = pull(c);
	}
}

/* ---------------------------------------------------------------------- main */

static void pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned int)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "sched_setaffinity");
}

static bool options(struct opts *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "d:P:p:b:t:")) != -1) {
		if (c == 'd')
			o->addr = optarg;
		else if (c == 'P')
			o->server = atoi(optarg);
		else if (c == 'p')
			o->cpu = atoi(optarg);
		else if (c == 'b')
			o->bytes = strtoul(optarg, NULL, 0);
		else if (c == 't')
			o->secs = atof(optarg);
		else
			return false;
	}
	return o->bytes > 0 && o->bytes <= TAPE_PLAIN_MAX && o->secs > 0;
}

static void measure(struct client *c, const struct opts *o)
{
	double client_s = cpu_of(0);
	double server_s = o->server ? cpu_of(o->server) : 0;
	double busy_s = machine_busy();
	uint64_t start_ns = now_ns();
	double secs;

	play(c, start_ns + (uint64_t)(o->secs * 1e9));
	secs = (double)(now_ns() - start_ns) / 1e9;
	client_s = cpu_of(0) - client_s;
	server_s = o->server ? cpu_of(o->server) - server_s : 0;
	busy_s = machine_busy() - busy_s;
	tape_verify(c->ch, o->bytes);
	printf("{\"sec\":%.4f,\"bytes\":%zu,\"mbs\":%.2f,\"cli\":%.3f,"
	       "\"srv\":%.3f,\"busy\":%.3f,",
	       secs, o->bytes, (double)o->bytes / 1e6 / secs, client_s / secs,
	       server_s / secs, busy_s / secs);
}

int main(int argc, char **argv)
{
	struct opts o = { .addr = "10.7.0.2",
			  .cpu = -1,
			  .bytes = 64u << 20,
			  .secs = 60 };
	struct client c = { .s = -1 };
	struct tls_info info;

	if (!options(&o, argc, argv))
		return 2;
	pin(o.cpu);
	tape_new(&c.out, o.bytes);
	tape_new(&c.in, o.bytes);
	c.s = dial(o.addr);
	open_channel(&c);
	tape_record(c.ch, o.bytes);
	measure(&c, &o);
	if (!tls_info(c.ch, &info))
		return 1;
	printf("\"version\":\"%s\",\"suite\":\"%s\"}\n", info.version,
	       info.suite);
	tls_channel_free(c.ch);
	return 0;
}
