/* SPDX-License-Identifier: MIT */
/*
 * flood.c - connection requests from forged addresses, into a device
 *
 *	flood -i DEVICE -d ADDRESS [-p PORT] [-s PREFIX/LENGTH] [-t SECONDS]
 *	      [-r PER-SECOND] [-n MOST] [-S SEED]
 *
 * Each SYN carries the options of a Linux client, a random source from the
 * prefix, a random port and sequence number, and right checksums.  They go to
 * the device by a packet socket, -r of them a second, without -r as fast as it
 * takes them; -t and -n bound what leaves.  What the device's queue has no room
 * for is gone, as with any sender that does not care.
 *
 * Prints one line of JSON: how many were sent, and refused on the spot, in how
 * many seconds.  Never run it outside a network namespace of its own.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "meter.h"

#define BATCH	   64u
#define QUANTUM_NS 200000u
#define SECS_MAX   120
#define NS_PER_S   1000000000ull

/* What a Linux client sends: MSS, SACK permitted, timestamps, window scale. */
struct options {
	uint8_t mss[4];
	uint8_t sack_ts[4];
	uint32_t tsval;
	uint32_t tsecr;
	uint8_t wscale[4];
};

struct request {
	struct iphdr ip;
	struct tcphdr tcp;
	struct options opt;
};

_Static_assert(sizeof(struct request) == 60, "no padding");

/**
 * struct opts - the command line
 * @dev:	device
 * @dst:	who is flooded
 * @port:	on which port
 * @prefix:	where the forged sources lie, host order
 * @hosts:	mask of what may vary in them
 * @secs:	for how long
 * @rate:	SYNs a second, 0 = as many as can be
 * @most:	SYNs in all, at most
 * @seed:	of the random numbers
 */
static struct opts {
	const char *dev;
	struct in_addr dst;
	uint16_t port;
	uint32_t prefix;
	uint32_t hosts;
	double secs;
	double rate;
	uint64_t most;
	uint64_t seed;
} opt = { .dev = "ustack0",
	  .port = 7,
	  .prefix = 0xc6120000, /* 198.18.0.0/15, RFC 2544 */
	  .hosts = 0x1ffff,
	  .secs = 1,
	  .most = UINT64_MAX,
	  .seed = 1 };

static void fail(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t rnd(void)
{
	opt.seed ^= opt.seed << 13;
	opt.seed ^= opt.seed >> 7;
	opt.seed ^= opt.seed << 17;
	return opt.seed;
}

/* --------------------------------------------------------------- the packet */

static uint32_t sum16(const void *p, size_t len, uint32_t sum)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)(b[i] << 8 | b[i + 1]);
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void make_template(struct request *r)
{
	*r = (struct request){
		.ip = { .version = 4,
			.ihl = 5,
			.tot_len = htons(sizeof(*r)),
			.frag_off = htons(IP_DF),
			.ttl = 64,
			.protocol = IPPROTO_TCP,
			.daddr = opt.dst.s_addr },
		.tcp = { .dest = htons(opt.port),
			 .doff = 10,
			 .syn = 1,
			 .window = htons(64240) },
		.opt = { .mss = { TCPOPT_MAXSEG, 4, 1460 >> 8, 1460 & 0xff },
			 .sack_ts = { TCPOPT_SACK_PERMITTED, 2,
				      TCPOPT_TIMESTAMP, 10 },
			 .wscale = { TCPOPT_NOP, TCPOPT_WINDOW, 3, 7 } },
	};
}

static void forge(struct request *r)
{
	uint64_t a = rnd(), b = rnd();
	uint32_t src = opt.prefix | ((uint32_t)a & opt.hosts);
	const uint32_t pseudo = IPPROTO_TCP + sizeof(*r) - sizeof(r->ip);

	r->ip.saddr = htonl(src);
	r->ip.id = (uint16_t)(a >> 32);
	r->ip.check = 0;
	r->ip.check = fold(sum16(&r->ip, sizeof(r->ip), 0));
	r->tcp.source = htons((uint16_t)(1024 + (a >> 48) % 64512));
	r->tcp.seq = (uint32_t)b;
	r->opt.tsval = (uint32_t)(b >> 32);
	r->tcp.check = 0;
	r->tcp.check = fold(sum16(&r->tcp, sizeof(*r) - sizeof(r->ip),
				  sum16(&r->ip.saddr, 8, pseudo)));
}

/* ------------------------------------------------------------------ sending */

static int packet_socket(void)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_IP) };
	int s = socket(AF_PACKET, SOCK_RAW, 0), size = 4 << 20;

	a.sll_ifindex = (int)if_nametoindex(opt.dev);
	if (s < 0 || !a.sll_ifindex ||
	    bind(s, (struct sockaddr *)&a, sizeof(a)))
		fail(opt.dev);
	setsockopt(s, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return s;
}

/* Send @n new requests; returns how many the device refused. */
static unsigned int send_batch(int s, struct request *r, unsigned int n)
{
	struct mmsghdr m[BATCH] = { 0 };
	struct iovec v[BATCH];
	unsigned int done = 0, refused = 0;

	for (unsigned int i = 0; i < n; i++) {
		forge(&r[i]);
		v[i] = (struct iovec){ &r[i], sizeof(r[i]) };
		m[i].msg_hdr.msg_iov = &v[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	while (done < n) {
		int sent = sendmmsg(s, m + done, n - done, 0);

		if (sent < 0 && errno != ENOBUFS && errno != EAGAIN)
			fail("sendmmsg");
		refused += sent <= 0;
		done += sent > 0 ? (unsigned int)sent : 1;
	}
	return refused;
}

/* How many to send now, by the clock. */
static unsigned int due(uint64_t passed_ns, uint64_t sent)
{
	uint64_t allowed = opt.most;

	if (opt.rate > 0) {
		double by_now = opt.rate * (double)passed_ns / 1e9;

		if (by_now < (double)allowed)
			allowed = (uint64_t)by_now;
	}
	if (allowed <= sent)
		return 0;
	return allowed - sent < BATCH ? (unsigned int)(allowed - sent) : BATCH;
}

static void flood(int s)
{
	const struct timespec quantum = { .tv_nsec = QUANTUM_NS };
	uint64_t start_ns = now_ns(), passed_ns, sent = 0, refused = 0;
	struct request r[BATCH];

	for (unsigned int i = 0; i < BATCH; i++)
		make_template(&r[i]);
	while ((passed_ns = now_ns() - start_ns) < opt.secs * 1e9 &&
	       sent < opt.most) {
		unsigned int n = due(passed_ns, sent);

		if (n < BATCH && opt.rate > 0)
			nanosleep(&quantum, NULL);
		refused += send_batch(s, r, n);
		sent += n;
	}
	printf("{\"sent\":%llu,\"refused\":%llu,\"sec\":%.3f}\n",
	       (unsigned long long)sent, (unsigned long long)refused,
	       (double)(now_ns() - start_ns) / 1e9);
}

/* --------------------------------------------------------------------- main */

static bool set_prefix(char *text)
{
	char *slash = strchr(text, '/');
	struct in_addr a;
	long length;

	if (!slash)
		return false;
	*slash = '\0';
	length = strtol(slash + 1, NULL, 10);
	if (length < 1 || length > 30 || inet_pton(AF_INET, text, &a) != 1)
		return false;
	opt.hosts = UINT32_MAX >> length;
	opt.prefix = ntohl(a.s_addr) & ~opt.hosts;
	return true;
}

static bool set_option(int c)
{
	switch (c) {
	case 'i':
		opt.dev = optarg;
		return true;
	case 'd':
		return inet_pton(AF_INET, optarg, &opt.dst) == 1;
	case 'p':
		opt.port = (uint16_t)atoi(optarg);
		return opt.port > 0;
	case 's':
		return set_prefix(optarg);
	case 't':
		opt.secs = atof(optarg);
		return opt.secs > 0 && opt.secs <= SECS_MAX;
	case 'r':
		opt.rate = atof(optarg);
		return opt.rate > 0;
	case 'n':
		opt.most = strtoull(optarg, NULL, 10);
		return opt.most > 0;
	case 'S':
		opt.seed = strtoull(optarg, NULL, 10);
		return opt.seed > 0;
	}
	return false;
}

int main(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "i:d:p:s:t:r:n:S:")) != -1)
		if (!set_option(c))
			return 2;
	if (opt.dst.s_addr == 0)
		return 2;
	flood(packet_socket());
	return 0;
}
