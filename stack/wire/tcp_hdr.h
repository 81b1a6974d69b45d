/* SPDX-License-Identifier: MIT */
/*
 * tcp_hdr.h - TCP header: bytes <-> struct (RFC 9293 section 3.1)
 */

#ifndef STACK_WIRE_TCP_HDR_H
#define STACK_WIRE_TCP_HDR_H

#include <stdint.h>

#define TCP_HDR_MIN  20u
#define TCP_HDR_MAX  60u
#define TCP_CSUM_OFF 16u /* of the checksum field in the header */

#define TCP_FIN	     0x01u
#define TCP_SYN	     0x02u
#define TCP_RST	     0x04u
#define TCP_PSH	     0x08u
#define TCP_ACK	     0x10u
#define TCP_URG	     0x20u
#define TCP_ECE	     0x40u
#define TCP_CWR	     0x80u

/**
 * struct tcp_hdr - fixed header in host order
 * @seq:	sequence number
 * @ack:	acknowledgement number
 * @sport:	source port
 * @dport:	destination port
 * @wnd:	window field as it stands, not scaled
 * @urg:	urgent pointer
 * @hdr_len:	header bytes, options included
 * @flags:	TCP_FIN ... TCP_CWR
 */
struct tcp_hdr {
	uint32_t seq;
	uint32_t ack;
	uint16_t sport;
	uint16_t dport;
	uint16_t wnd;
	uint16_t urg;
	uint8_t hdr_len;
	uint8_t flags;
};

/**
 * tcp_hdr_parse() - Read a header
 * @h:		result
 * @p:		start of the segment
 * @len:	bytes of the segment
 *
 * Return: 0, -1 when shorter than 20 bytes, -2 when the data offset is below
 * 5 words or beyond the segment (9293-a35)
 */
int tcp_hdr_parse(struct tcp_hdr *h, const uint8_t *p, uint32_t len);

/** tcp_hdr_build() - Write the 20 fixed bytes with a zero checksum field */
void tcp_hdr_build(uint8_t *p, const struct tcp_hdr *h);

#endif /* STACK_WIRE_TCP_HDR_H */
