/* SPDX-License-Identifier: MIT */
/*
 * line.c - a long line: a TUN that gives back what it is given, later
 *
 *	line -i DEVICE -d DELAY-US [-r MBIT/S] [-q QUEUE-BYTES]
 *
 * Packets routed into the device come out of it again after the delay, in
 * order, so that a forwarding namespace becomes a path with a round-trip time.
 * With -r they also wait their turn at a bottleneck of that rate, whose queue
 * holds -q bytes; what finds it full is dropped.  (For kernels without netem.)
 *
 *	read --> queue, at most -q bytes --rate--> on the line --delay--> write
 *
 * Both directions share the device but not the bottleneck: packets to and from
 * 10.8.0.0/16, where the client lives, count as two.  Runs until killed.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "meter.h"

#define PACKET_MAX 2048u
#define FLIGHT_MAX 32768u /* packets on the line, each way */
#define NS_PER_S   1000000000ull
#define CLIENT_NET 0x0a080000u
#define CLIENT_LEN 16

/* A packet on its way, and when it arrives. */
struct packet {
	uint64_t at_ns;
	uint32_t len;
	uint8_t data[PACKET_MAX];
};

/**
 * struct way - one direction
 * @ring:	packets on their way, in order
 * @head:	next to arrive
 * @tail:	where the next goes
 * @free_ns:	when the bottleneck has sent all that it holds
 */
struct way {
	struct packet *ring;
	uint64_t head;
	uint64_t tail;
	uint64_t free_ns;
};

static uint64_t delay_ns;
static double ns_per_byte;
static double queue_bytes = 1e6;

static int open_tun(const char *name)
{
	struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	if (strlen(name) >= sizeof(r.ifr_name))
		return -1;
	memcpy(r.ifr_name, name, strlen(name));
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r))
		return -1;
	return fd;
}

static bool to_client(const uint8_t *data, uint32_t len)
{
	struct iphdr ip;

	if (len < sizeof(ip))
		return false;
	memcpy(&ip, data, sizeof(ip));
	return (ntohl(ip.daddr) ^ CLIENT_NET) >> (32 - CLIENT_LEN) == 0;
}

/* When a packet that came now arrives; 0 = the bottleneck's queue is full. */
static uint64_t arrival(struct way *w, uint32_t len, uint64_t now)
{
	uint64_t start = w->free_ns > now ? w->free_ns : now;

	if ((double)(start - now) > queue_bytes * ns_per_byte)
		return 0;
	w->free_ns = start + (uint64_t)((double)len * ns_per_byte);
	return w->free_ns + delay_ns;
}

static void take(int fd, struct way *ways)
{
	uint8_t data[PACKET_MAX];
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) > 0) {
		struct way *w = &ways[to_client(data, (uint32_t)n)];
		struct packet *p = &w->ring[w->tail % FLIGHT_MAX];

		if (w->tail - w->head == FLIGHT_MAX)
			continue;
		p->at_ns = arrival(w, (uint32_t)n, now_ns());
		if (!p->at_ns)
			continue;
		p->len = (uint32_t)n;
		memcpy(p->data, data, p->len);
		w->tail++;
	}
}

/* Write what has arrived; returns when the next does. */
static uint64_t give(int fd, struct way *w)
{
	while (w->head != w->tail) {
		struct packet *p = &w->ring[w->head % FLIGHT_MAX];

		if (p->at_ns > now_ns())
			return p->at_ns;
		if (write(fd, p->data, p->len) < 0 && errno == EAGAIN)
			return p->at_ns;
		w->head++;
	}
	return UINT64_MAX;
}

static _Noreturn void carry(int fd, struct way *ways)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (;;) {
		uint64_t a = give(fd, &ways[0]), b = give(fd, &ways[1]);
		uint64_t next = a < b ? a : b, now = now_ns();
		struct timespec t = { 0 };

		if (next > now) {
			next -= now;
			t.tv_sec = (time_t)(next / NS_PER_S);
			t.tv_nsec = (long)(next % NS_PER_S);
		}
		if (ppoll(&p, 1, next == UINT64_MAX ? NULL : &t, NULL) > 0)
			take(fd, ways);
	}
}

int main(int argc, char **argv)
{
	const struct sched_param first = { .sched_priority = 1 };
	struct way ways[2] = { 0 };
	const char *dev = "line0";
	int c, fd;

	while ((c = getopt(argc, argv, "i:d:r:q:")) != -1) {
		if (c == 'i')
			dev = optarg;
		else if (c == 'd')
			delay_ns = strtoull(optarg, NULL, 10) * 1000;
		else if (c == 'r')
			ns_per_byte = 8000 / atof(optarg);
		else if (c == 'q')
			queue_bytes = atof(optarg);
		else
			return 2;
	}
	fd = open_tun(dev);
	if (fd < 0) {
		perror("line");
		return 1;
	}
	for (int i = 0; i < 2; i++) {
		ways[i].ring = calloc(FLIGHT_MAX, sizeof(struct packet));
		if (!ways[i].ring)
			return 1;
	}
	if (sched_setscheduler(0, SCHED_FIFO,
			       &first)) /* a line waits for none */
		perror("line: SCHED_FIFO");
	carry(fd, ways);
}
