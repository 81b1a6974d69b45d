/* SPDX-License-Identifier: MIT */
/*
 * embed.c - libustack in a program of your own: two hosts in virtual time
 *
 *	10.0.0.1  --- 5 ms --->  10.0.0.2:7, an echo
 *		  <-- 5 ms ----
 *
 *	cc embed.c $(pkg-config --cflags --libs ustack) && ./a.out
 *
 * They take turns, 5 ms apart; what one sends is there at the other's turn.  With
 * a device and a clock, main() would sleep until what ustack_run() returns.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <ustack.h>

static struct ustack *host[2];
static struct ustack_pkt *wire[256]; /* on their way, oldest first */
static uint8_t sent, arrived;	     /* counts; they wrap with the ring */
static uint64_t now_us;
static bool over;

/* The packet is only lent: the other stack gets a copy. */
static int output(void *ctx, struct ustack_pkt *p)
{
	struct ustack *to = ctx == &host[0] ? host[1] : host[0];
	bool full = (uint8_t)(sent + 1) == arrived;
	struct ustack_pkt *q = full ? NULL : ustack_pkt_sized(to, p->len);
	uint8_t *at;

	if (!q)
		return -ERR_NOBUFS; /* lost; TCP will see to it */
	at = q->slice[0].buf->data + q->slice[0].off;
	memcpy(at, p->head, p->head_len);
	at += p->head_len;
	for (uint32_t i = 0; i < p->nslices; at += p->slice[i++].len)
		memcpy(at, slice_data(&p->slice[i]), p->slice[i].len);
	wire[sent++] = q;
	return 0;
}

static void get_random(void *ctx, void *buf, size_t len)
{
	if (getrandom(buf, len, 0) != (ssize_t)len)
		abort();
}

static void *get_chunk(void *ctx, size_t len)
{
	return aligned_alloc(64, (len + 63) / 64 * 64);
}

static void free_chunk(void *ctx, void *p, size_t len)
{
	free(p);
}

void ustack_assert_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

static void echo(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	if (ustack_splice(s, c, c, SIZE_MAX) < 0)
		ustack_abort(s, c);
}

static void finish(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	ustack_close(s, c);
}

static void say(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct ustack_iov line = { "hello, stack\n", 13 };

	if (ustack_send(s, c, &line, 1) != 13)
		ustack_abort(s, c);
}

static void hear(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	char text[80];
	struct ustack_iov iov = { text, sizeof(text) };
	ptrdiff_t n = ustack_recv(s, c, &iov, 1, 0);
	struct ustack_info i;

	if (n > 0 && ustack_info(s, c, &i) == 0)
		printf("%.*s%s for %u ms, %s, rtt %u ms, cwnd %u, mss %u\n",
		       (int)n, text, ustack_state_name(i.state),
		       (unsigned)(i.age_us / 1000), i.cc, i.srtt_us / 1000,
		       i.cwnd, i.mss);
	ustack_close(s, c);
}

static void closed(struct ustack *s, struct ustack_conn c, uint64_t ctx,
		   enum ustack_reason why)
{
	printf("closed: %s\n", ustack_reason_name(why));
	over = true;
}

int main(void)
{
	static const struct ustack_ops server = { .readable = echo,
						  .peer_closed = finish };
	static const struct ustack_ops client = { .connected = say,
						  .readable = hear,
						  .closed = closed };
	struct ustack_listen_args at = { .port = 7, .backlog = 8 };
	struct ustack_connect_args to = { .rport = 7 };
	struct ustack_host cb = { .output = output,
				  .random = get_random,
				  .alloc = get_chunk,
				  .free = free_chunk };
	struct ustack_config cfg;
	struct ustack_conn c;

	ustack_config_init(&cfg);
	cfg.naddrs = 1;
	for (int i = 0; i < 2; i++) {
		uint8_t addr[] = { 10, 0, 0, (uint8_t)(i + 1) };

		cb.ctx = &host[i];
		cfg.addr[0] = (struct ustack_prefix){ ustack_addr4(addr), 128 };
		host[i] = ustack_new(&cfg, &cb, now_us);
		if (!host[i])
			return 1;
	}
	to.remote = cfg.addr[0].addr;
	to.ops_id = ustack_ops_register(host[0], &client);
	at.ops_id = ustack_ops_register(host[1], &server);
	if (ustack_listen(host[1], &at) < 0 || ustack_connect(host[0], &to, &c))
		return 1;
	for (int i = 0; i < 1000 && !over; i++, now_us += 5000) {
		for (uint8_t end = sent; arrived != end; arrived++)
			ustack_input(host[i % 2], wire[arrived], now_us);
		ustack_run(host[i % 2], now_us, 64);
	}
	ustack_free(host[0]);
	ustack_free(host[1]);
	return !over;
}
