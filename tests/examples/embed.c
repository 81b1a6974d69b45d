/* SPDX-License-Identifier: MIT */
/*
 * embed.c - libustack in a program of your own: an echo between two hosts, 5 ms
 *	     apart in virtual time; with a device main() would sleep and read
 *
 *	cc embed.c $(pkg-config --cflags --libs ustack) && ./a.out
 */
#include <ustack_hosted.h>

static struct ustack *host[2];	     /* 10.0.0.1 and 10.0.0.2 */
static struct ustack_pkt *wire[256]; /* on their way; few come in a turn */
static uint8_t sent, arrived;	     /* counts; they wrap with the ring */

static int output(void *to, struct ustack_pkt *p)
{
	wire[sent] = ustack_pkt_copy(*(struct ustack **)to, p);
	return wire[sent] ? (sent++, 0) : -ERR_NOBUFS; /* TCP sees to it */
}

static void echo(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	while (ustack_splice(s, c, c, SIZE_MAX) > 0)
		; /* without room: again when it is writable */
}

static void finish(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	ustack_close(s, c);
}

static void hear(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	char text[80];
	struct ustack_info i;
	int n = (int)ustack_recv(s, c, &(struct ustack_iov){ text, 80 }, 1, 0);

	if (n > 0 && ustack_info(s, c, &i) == 0)
		printf("%.*srtt %u us, %s\n", n, text, i.srtt_us, i.cc);
	ustack_close(s, c);
}

static void closed(struct ustack *s, struct ustack_conn c, uint64_t ctx,
		   enum ustack_reason why)
{
	printf("closed: %s\n", ustack_reason_name(why));
}

int main(void)
{
	static const struct ustack_ops client = { .readable = hear,
						  .closed = closed };
	static const struct ustack_ops server = { .readable = echo,
						  .writable = echo,
						  .peer_closed = finish };
	struct ustack_host cb = { .output = output, USTACK_HOSTED };
	struct ustack_listen_args at = { .port = 7, .backlog = 8 };
	struct ustack_connect_args to = { .rport = 7 };
	struct ustack_config cfg;
	struct ustack_conn c;

	ustack_config_init(&cfg);
	cfg.naddrs = 1;
	for (uint8_t i = 0; i < 2; i++) {
		to.remote = ustack_addr4((uint8_t[]){ 10, 0, 0, i + 1 });
		cfg.addr[0] = (struct ustack_prefix){ to.remote, 128 };
		cb.ctx = &host[!i];
		host[i] = ustack_new(&cfg, &cb, 0);
	}
	to.ops_id = ustack_ops_register(host[0], &client);
	at.ops_id = ustack_ops_register(host[1], &server);
	if (ustack_listen(host[1], &at) < 0 ||
	    ustack_connect(host[0], &to, &c) ||
	    ustack_send(host[0], c, &(struct ustack_iov){ "hi\n", 3 }, 1) < 3)
		return 1;
	for (uint64_t i = 0, us = 0; i < 100; i++, us += 5000) {
		for (uint8_t end = sent; arrived != end; arrived++)
			ustack_input(host[i % 2], wire[arrived], us);
		ustack_run(host[i % 2], us, 64);
	}
}
