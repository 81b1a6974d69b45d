/* SPDX-License-Identifier: MIT */
/*
 * vnet.c - the virtio header in front of a TUN's packets
 *
 * Traps that were measured: csum_start counts from the IP header, not from the
 * virtio header; a hdr_len beyond the packet, a gso_type with gso_size 0, or of
 * the wrong IP version makes the kernel refuse the write.
 */

#include "vnet.h"

#include <linux/virtio_net.h>
#include <string.h>

_Static_assert(sizeof(struct virtio_net_hdr) == VNET_LEN,
	       "the short virtio header");

void vnet_encode(uint8_t hdr[VNET_LEN], const struct ustack_pkt *p)
{
	struct virtio_net_hdr v = { .gso_type = VIRTIO_NET_HDR_GSO_NONE };

	if (p->flags & USTACK_PKT_CSUM_PARTIAL) {
		v.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		v.csum_start = p->l4_off;
		v.csum_offset = p->csum_off;
		v.hdr_len = p->head_len;
	}
	if (p->gso_size) {
		v.gso_type = p->flags & USTACK_PKT_IPV6
				     ? VIRTIO_NET_HDR_GSO_TCPV6
				     : VIRTIO_NET_HDR_GSO_TCPV4;
		v.gso_size = p->gso_size;
	}
	memcpy(hdr, &v, sizeof(v));
}

/* The packet's IP version that a gso_type asks for, 0 = not one we take. */
static unsigned int gso_ip_version(uint8_t gso_type)
{
	switch (gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return 4;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return 6;
	default:
		return 0;
	}
}

static int decode_csum(const struct virtio_net_hdr *v, struct ustack_pkt *p)
{
	if (v->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if ((uint32_t)v->csum_start + v->csum_offset + 2u > p->len)
			return -ERR_INVAL;
		p->flags |= USTACK_PKT_CSUM_PARTIAL;
	}
	if (v->flags & VIRTIO_NET_HDR_F_DATA_VALID)
		p->flags |= USTACK_PKT_CSUM_OK;
	return 0;
}

int vnet_decode(const uint8_t hdr[VNET_LEN], struct ustack_pkt *p)
{
	struct virtio_net_hdr v;

	memcpy(&v, hdr, sizeof(v));
	p->flags = 0;
	p->gso_size = 0;
	if (p->len == 0)
		return -ERR_INVAL;
	if (v.hdr_len > p->len)
		return -ERR_INVAL;
	if (v.gso_type != VIRTIO_NET_HDR_GSO_NONE) {
		if (gso_ip_version(v.gso_type) != slice_data(p->slice)[0] >> 4)
			return -ERR_INVAL;
		if (v.gso_size == 0)
			return -ERR_INVAL;
		p->gso_size = v.gso_size;
	}
	return decode_csum(&v, p);
}
