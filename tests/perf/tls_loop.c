/* SPDX-License-Identifier: MIT */
/*
 * tls_loop.c - what cryptography costs an echo: a channel in memory, on one core
 *
 *	tls_loop [-b BYTES] [-p CPU]
 *
 *	client  -- records -->  [ server: decrypt, encrypt ]  -- records -->  client
 *	 before the clock runs                             behind it: compare
 *
 * Prints one line of JSON; bytes are those of plaintext, counted once for both ways.
 * Exit status 0, 1 when the run failed, 2 for wrong usage.
 */

#include <sched.h>
#include <stdbool.h>

#include "meter.h"
#include "tape.h"

/**
 * struct end - one end of the connection
 * @in:		what comes, the other end's @out
 * @out:	what it sends
 */
struct end {
	struct tape *in;
	struct tape out;
	struct tls_channel *ch;
};

static ptrdiff_t on_recv(void *arg, void *buf, size_t len)
{
	struct end *e = arg;
	size_t n = tape_take(e->in, buf, len);

	return n ? (ptrdiff_t)n : -ERR_AGAIN;
}

static ptrdiff_t on_send(void *arg, const void *buf, size_t len)
{
	struct end *e = arg;

	return tape_put(&e->out, buf, len);
}

static void open_end(struct end *e, const struct tls_context_args *a)
{
	const struct tls_channel_args args = {
		.io = { .arg = e, .recv = on_recv, .send = on_send },
		.address = "server",
		.deadline_us = UINT64_MAX,
	};
	struct tls_context *ctx = tape_context(a);

	e->ch = tls_channel_new(ctx, &args);
	tls_context_put(ctx);
	if (!e->ch)
		errx(1, "no memory");
}

static struct tls_context_args server_of(struct tls_identity *id)
{
	const struct tls_identity_args ia = { .name = "server",
					      .now = time(NULL),
					      .days = 2,
					      .random = tape_random };
	struct tls_problem problem = { .kind = TLS_OK };

	if (tls_identity_new(id, &ia, &problem))
		errx(1, "%s", problem.text);
	return (struct tls_context_args){
		.cert = { id->cert, id->cert_len },
		.key = { id->key, id->key_len },
		.random = tape_random,
	};
}

static void shake(struct end *client, struct end *server)
{
	int c;
	int s;

	do {
		c = tls_handshake(client->ch);
		s = tls_handshake(server->ch);
		if (c && c != -ERR_AGAIN && c != -ERR_INPROGRESS)
			tape_fail(client->ch, "client");
		if (s && s != -ERR_AGAIN && s != -ERR_INPROGRESS)
			tape_fail(server->ch, "server");
	} while (c || s);
}

/* The server's part, which is measured. */
static void echo(struct tls_channel *ch)
{
	static uint8_t buf[TLS_PLAIN_MAX];
	ptrdiff_t r;

	while ((r = tls_read(ch, buf, sizeof(buf))) > 0) {
		if (tls_write(ch, buf, (size_t)r) != r)
			tape_fail(ch, "encrypt");
	}
	if (r < 0)
		tape_fail(ch, "decrypt");
	if (tls_shutdown(ch))
		tape_fail(ch, "close_notify");
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((unsigned int)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "sched_setaffinity");
}

static bool options(int argc, char **argv, size_t *bytes)
{
	int c;

	while ((c = getopt(argc, argv, "b:p:")) != -1) {
		if (c == 'b')
			*bytes = strtoul(optarg, NULL, 0);
		else if (c == 'p')
			pin(atoi(optarg));
		else
			return false;
	}
	return *bytes > 0 && *bytes <= TAPE_PLAIN_MAX;
}

int main(int argc, char **argv)
{
	const struct tls_context_args ca = tape_client();
	struct end client = { .in = NULL };
	struct end server = { .in = &client.out };
	size_t bytes = 64u << 20;
	struct tls_context_args sa;
	struct tls_identity id;
	struct tls_info info;
	uint64_t start_ns;
	double cpu_s;
	double secs;

	if (!options(argc, argv, &bytes))
		return 2;
	client.in = &server.out;
	tape_new(&client.out, bytes);
	tape_new(&server.out, bytes);
	sa = server_of(&id);
	open_end(&client, &ca);
	open_end(&server, &sa);
	shake(&client, &server);
	tape_record(client.ch, bytes);

	cpu_s = cpu_of(0);
	start_ns = now_ns();
	echo(server.ch);
	secs = (double)(now_ns() - start_ns) / 1e9;
	cpu_s = cpu_of(0) - cpu_s;

	tape_verify(client.ch, bytes);
	if (!tls_info(server.ch, &info))
		return 1;
	printf("{\"sec\":%.4f,\"bytes\":%zu,\"mbs\":%.2f,\"cpu\":%.3f,"
	       "\"version\":\"%s\",\"suite\":\"%s\"}\n",
	       secs, bytes, (double)bytes / 1e6 / secs, cpu_s / secs,
	       info.version, info.suite);
	tls_channel_free(client.ch);
	tls_channel_free(server.ch);
	tls_identity_wipe(&id);
	return 0;
}
