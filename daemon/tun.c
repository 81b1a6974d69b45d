/* SPDX-License-Identifier: MIT */
/*
 * tun.c - the TUN device: reading and writing packets
 *
 * A packet is read by one read() and written by one writev().  Both ways the
 * virtio header lies right in front of the IP header: on input in the headroom
 * of the packet's buffer, on output in the room that struct ustack_pkt has in
 * front of its headers.
 *
 *	read	[ headroom |vnet| IP TCP payload ..........]	slice[0]
 *	writev	[     room |vnet| IP TCP ] [ slice ] [ slice ] ...
 *
 * System calls: read, writev, poll, close.
 */

#include "tun.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "rtnl.h"
#include "tun_int.h"
#include "vnet.h"

_Static_assert(USTACK_PKT_HEADROOM >= VNET_LEN, "room for the virtio header");
_Static_assert(offsetof(struct ustack_pkt, head) ==
		       offsetof(struct ustack_pkt, room) + USTACK_PKT_HEADROOM,
	       "virtio header and headers are one piece");

const char *const tun_mode_name[] = {
	[MODE_TSO] = "csum+tso",
	[MODE_CSUM] = "csum",
	[MODE_PLAIN] = "plain",
	[MODE_RAW] = "raw",
};

static void count_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static uint64_t count_get(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

void tun_close(struct tun *t)
{
	if (!t)
		return;
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

int tun_fd(const struct tun *t)
{
	return t->fd;
}

void tun_caps(const struct tun *t, struct ustack_config *cfg)
{
	cfg->tx_csum = t->mode == MODE_TSO || t->mode == MODE_CSUM;
	cfg->tx_tso4 = t->mode == MODE_TSO;
	cfg->tx_tso6 = t->mode == MODE_TSO;
	cfg->mtu = t->mtu;
}

/* -------------------------------------------------------------------- packets */

static int read_failed(struct tun *t, int error)
{
	if (error == EAGAIN || error == EINTR)
		return 0;
	count_add(&t->count.rx_errors, 1);
	return -error;
}

/* A frame that is no packet: the stack gets an empty one, and drops it. */
static int read_empty(struct ustack_pkt *p)
{
	p->len = 0;
	p->slice[0].len = 0;
	p->flags = 0;
	p->gso_size = 0;
	return 1;
}

/* An empty datagram reads as the end does. */
static bool hung_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) == 1;
}

int tun_read(struct tun *t, struct ustack_pkt *p)
{
	struct slice *sl = &p->slice[0];
	uint8_t *frame = sl->buf->data + sl->off - t->vnet_len;
	ssize_t n = read(t->fd, frame, t->vnet_len + USTACK_PKT_ROOM);

	if (n < 0)
		return read_failed(t, errno);
	if (n == 0 && t->seqpacket && hung_up(t->fd))
		return read_failed(t, EPIPE);
	if (n <= (ssize_t)t->vnet_len) {
		count_add(&t->count.rx_errors, 1);
		return read_empty(p);
	}
	p->len = (uint32_t)n - t->vnet_len;
	count_add(&t->count.rx_packets, 1);
	count_add(&t->count.rx_bytes, p->len);
	sl->len = p->len;
	p->flags = 0;
	p->gso_size = 0;
	if (t->vnet_len && vnet_decode(frame, p)) {
		count_add(&t->count.bad_vnet, 1);
		return read_empty(p);
	}
	return 1;
}

int tun_write(struct tun *t, struct ustack_pkt *p)
{
	struct iovec iov[1 + USTACK_PKT_SLICES];
	uint8_t *frame = p->room + USTACK_PKT_HEADROOM - t->vnet_len;
	ssize_t n;

	if (t->vnet_len)
		vnet_encode(frame, p);
	iov[0].iov_base = frame;
	iov[0].iov_len = t->vnet_len + p->head_len;
	for (uint32_t i = 0; i < p->nslices; i++) {
		iov[i + 1].iov_base = p->slice[i].buf->data + p->slice[i].off;
		iov[i + 1].iov_len = p->slice[i].len;
	}
	n = writev(t->fd, iov, 1 + p->nslices);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -ERR_AGAIN;
	if (n < 0) {
		count_add(&t->count.tx_errors, 1);
		return -ERR_INVAL;
	}
	count_add(&t->count.tx_packets, 1);
	count_add(&t->count.tx_bytes, (uint64_t)n - t->vnet_len);
	return 0;
}

void tun_info(struct tun *t, struct tun_info *info)
{
	memset(info, 0, sizeof(*info));
	memcpy(info->ifname, t->ifname, sizeof(info->ifname));
	info->mode = tun_mode_name[t->mode];
	info->managed = t->managed;
	info->mtu = t->mtu;
	info->rx_packets = count_get(&t->count.rx_packets);
	info->rx_bytes = count_get(&t->count.rx_bytes);
	info->tx_packets = count_get(&t->count.tx_packets);
	info->tx_bytes = count_get(&t->count.tx_bytes);
	info->rx_errors = count_get(&t->count.rx_errors);
	info->tx_errors = count_get(&t->count.tx_errors);
	info->bad_vnet = count_get(&t->count.bad_vnet);
	info->dev_drops = count_get(&t->dev_drops);
	if (t->ours)
		rtnl_link_drops(t->ifname, &info->dev_drops);
	__atomic_store_n(&t->dev_drops, info->dev_drops, __ATOMIC_RELAXED);
}
