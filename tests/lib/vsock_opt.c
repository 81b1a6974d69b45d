/* SPDX-License-Identifier: MIT */
/*
 * vsock_opt.c - socket options as options of a connection
 *
 * What is set before there is a connection is put aside for it; what is set on
 * a listening socket is for those that it accepts.
 */

#include "vsock_int.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#define US_PER_S  ((uint64_t)1000000)
#define US_PER_MS ((uint64_t)1000)

/**
 * struct row - how an int of a socket option stands for one of ours
 * @opt:	(level, name)
 * @to:		ours
 * @scale:	microseconds, bytes, ... that 1 stands for
 */
struct row {
	struct vsock_opt opt;
	enum ustack_opt to;
	uint64_t scale;
};

static const struct row rows[] = {
	{ { SOL_SOCKET, SO_KEEPALIVE }, USTACK_OPT_KEEPALIVE, 1 },
	{ { SOL_SOCKET, SO_SNDBUF }, USTACK_OPT_SNDBUF, 2 }, /* as Linux */
	{ { SOL_SOCKET, SO_RCVBUF }, USTACK_OPT_RCVBUF, 2 },
	{ { IPPROTO_TCP, TCP_NODELAY }, USTACK_OPT_NODELAY, 1 },
	{ { IPPROTO_TCP, TCP_CORK }, USTACK_OPT_CORK, 1 },
	{ { IPPROTO_TCP, TCP_MAXSEG }, USTACK_OPT_MAXSEG, 1 },
	{ { IPPROTO_TCP, TCP_KEEPIDLE }, USTACK_OPT_KEEPIDLE, US_PER_S },
	{ { IPPROTO_TCP, TCP_KEEPINTVL }, USTACK_OPT_KEEPINTVL, US_PER_S },
	{ { IPPROTO_TCP, TCP_KEEPCNT }, USTACK_OPT_KEEPCNT, 1 },
	{ { IPPROTO_TCP, TCP_SYNCNT }, USTACK_OPT_SYNCNT, 1 },
	{ { IPPROTO_TCP, TCP_LINGER2 }, USTACK_OPT_LINGER2, US_PER_S },
	{ { IPPROTO_TCP, TCP_USER_TIMEOUT },
	  USTACK_OPT_USER_TIMEOUT,
	  US_PER_MS },
	{ { IPPROTO_IP, IP_TTL }, USTACK_OPT_TTL, 1 },
	{ { IPPROTO_IP, IP_TOS }, USTACK_OPT_TOS, 1 },
	{ { IPPROTO_IP, IP_MTU_DISCOVER }, USTACK_OPT_PMTU, 1 },
	{ { IPPROTO_IPV6, IPV6_UNICAST_HOPS }, USTACK_OPT_TTL, 1 },
	{ { IPPROTO_IPV6, IPV6_TCLASS }, USTACK_OPT_TOS, 1 },
};

/* IP_MTU_DISCOVER's words for enum ustack_pmtu. */
static const int pmtu_words[USTACK_PMTU_MODES] = {
	[USTACK_PMTU_WANT] = IP_PMTUDISC_WANT,
	[USTACK_PMTU_DO] = IP_PMTUDISC_DO,
	[USTACK_PMTU_DONT] = IP_PMTUDISC_DONT,
	[USTACK_PMTU_PROBE] = IP_PMTUDISC_PROBE,
};

static bool is(struct vsock_opt opt, int level, int name)
{
	return opt.level == level && opt.name == name;
}

static const struct row *row_of(struct vsock_opt opt)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (is(opt, rows[i].opt.level, rows[i].opt.name))
			return &rows[i];
	return NULL;
}

/* Now, and for a connection that is not there yet. */
static int put(struct vsock_net *n, struct vsock *v, enum ustack_opt opt,
	       uint64_t value)
{
	uint32_t i;

	if (v->kind == CONNECTED)
		return (int)vsock_errno(
			ustack_setopt(n->s, v->conn, opt, value));
	for (i = 0; i < v->nopts && v->opt[i] != opt; i++)
		;
	if (i == VSOCK_OPTS)
		return -ENOBUFS;
	v->opt[i] = opt;
	v->val[i] = value;
	v->nopts += i == v->nopts;
	return 0;
}

static int put_linger(struct vsock_net *n, struct vsock *v, const void *value,
		      socklen_t len)
{
	struct linger l;

	if (len < sizeof(l))
		return -EINVAL;
	memcpy(&l, value, sizeof(l));
	if (!l.l_onoff)
		return put(n, v, USTACK_OPT_LINGER, USTACK_LINGER_OFF);
	return put(n, v, USTACK_OPT_LINGER, (uint64_t)l.l_linger * US_PER_S);
}

static uint64_t pmtu_of(int word)
{
	uint64_t i = 0;

	while (i < USTACK_PMTU_MODES && pmtu_words[i] != word)
		i++;
	return i;
}

int vsock_setsockopt(struct vsock_net *n, int fd, struct vsock_opt opt,
		     const void *value, socklen_t len)
{
	const struct row *row = row_of(opt);
	struct vsock *v = vsock_get(n, fd);
	int x;

	if (!v)
		return -EBADF;
	if (is(opt, SOL_SOCKET, SO_LINGER))
		return put_linger(n, v, value, len);
	if (len < sizeof(x))
		return -EINVAL;
	memcpy(&x, value, sizeof(x));
	if (is(opt, SOL_SOCKET, SO_REUSEADDR)) {
		v->reuse = x != 0;
		return 0;
	}
	if (is(opt, SOL_SOCKET, SO_OOBINLINE))
		return x ? 0 : -EINVAL;
	if (!row)
		return -ENOPROTOOPT;
	if (x < 0)
		return -EINVAL;
	if (row->to == USTACK_OPT_PMTU)
		return put(n, v, row->to, pmtu_of(x));
	return put(n, v, row->to, (uint64_t)x * row->scale);
}

/* Unset yet: 0, or what was put aside. */
static uint64_t value_of(struct vsock_net *n, const struct vsock *v,
			 enum ustack_opt opt)
{
	uint64_t value = opt == USTACK_OPT_LINGER ? USTACK_LINGER_OFF : 0;

	if (v->kind == CONNECTED &&
	    ustack_getopt(n->s, v->conn, opt, &value) == 0)
		return value;
	for (uint32_t i = 0; i < v->nopts; i++)
		if (v->opt[i] == opt)
			value = v->val[i];
	return value;
}

static int give(void *value, socklen_t *len, const void *from, size_t size)
{
	if (*len > size)
		*len = (socklen_t)size;
	memcpy(value, from, *len);
	return 0;
}

static int give_int(void *value, socklen_t *len, int x)
{
	return give(value, len, &x, sizeof(x));
}

static int give_linger(struct vsock_net *n, const struct vsock *v, void *value,
		       socklen_t *len)
{
	uint64_t us = value_of(n, v, USTACK_OPT_LINGER);
	struct linger l = { .l_onoff = us != USTACK_LINGER_OFF };

	if (l.l_onoff)
		l.l_linger = (int)(us / US_PER_S);
	return give(value, len, &l, sizeof(l));
}

/* Our states in the order of the kernel's TCP_ESTABLISHED, ... */
static const uint8_t kernel_state[USTACK_STATES] = {
	[USTACK_CLOSED] = TCP_CLOSE,
	[USTACK_LISTEN] = TCP_LISTEN,
	[USTACK_SYN_SENT] = TCP_SYN_SENT,
	[USTACK_SYN_RCVD] = TCP_SYN_RECV,
	[USTACK_ESTABLISHED] = TCP_ESTABLISHED,
	[USTACK_FIN_WAIT_1] = TCP_FIN_WAIT1,
	[USTACK_FIN_WAIT_2] = TCP_FIN_WAIT2,
	[USTACK_CLOSE_WAIT] = TCP_CLOSE_WAIT,
	[USTACK_CLOSING] = TCP_CLOSING,
	[USTACK_LAST_ACK] = TCP_LAST_ACK,
	[USTACK_TIME_WAIT] = TCP_TIME_WAIT,
};

static uint32_t in_segments(uint32_t bytes, uint32_t mss)
{
	return mss ? (bytes + mss - 1) / mss : 0;
}

static int give_tcp_info(struct vsock_net *n, const struct vsock *v,
			 void *value, socklen_t *len)
{
	struct ustack_info u = vsock_info(n, v);
	struct tcp_info t = { .tcpi_state = kernel_state[u.state] };

	if (v->kind == LISTENING)
		t.tcpi_state = TCP_LISTEN;
	t.tcpi_probes = (uint8_t)u.probes;
	t.tcpi_backoff = (uint8_t)u.backoff;
	t.tcpi_options = (uint8_t)((u.timestamps ? TCPI_OPT_TIMESTAMPS : 0) |
				   (u.wscale_ok ? TCPI_OPT_WSCALE : 0) |
				   (u.sack ? TCPI_OPT_SACK : 0));
	t.tcpi_snd_wscale = u.snd_wscale & 15u;
	t.tcpi_rcv_wscale = u.rcv_wscale & 15u;
	t.tcpi_rto = u.rto_us;
	t.tcpi_snd_mss = u.mss;
	t.tcpi_advmss = u.adv_mss;
	t.tcpi_pmtu = u.pmtu;
	t.tcpi_rtt = u.srtt_us;
	t.tcpi_rttvar = u.rttvar_us;
	t.tcpi_unacked = in_segments(u.unacked, u.mss);
	t.tcpi_sacked = in_segments(u.sacked, u.mss);
	t.tcpi_lost = in_segments(u.lost, u.mss);
	t.tcpi_rcv_mss = u.rcv_mss;
	t.tcpi_last_data_sent = (uint32_t)(u.last_sent_us / US_PER_MS);
	t.tcpi_last_data_recv = (uint32_t)(u.idle_us / US_PER_MS);
	t.tcpi_rcv_space = u.rcvbuf;
	t.tcpi_snd_cwnd = in_segments(u.cwnd, u.mss);
	t.tcpi_snd_ssthresh = in_segments(u.ssthresh, u.mss);
	t.tcpi_total_retrans = (uint32_t)u.retrans;
	return give(value, len, &t, sizeof(t));
}

int vsock_getsockopt(struct vsock_net *n, int fd, struct vsock_opt opt,
		     void *value, socklen_t *len)
{
	const struct row *row = row_of(opt);
	struct vsock *v = vsock_get(n, fd);

	if (!v)
		return -EBADF;
	if (is(opt, SOL_SOCKET, SO_LINGER))
		return give_linger(n, v, value, len);
	if (is(opt, IPPROTO_TCP, TCP_INFO))
		return give_tcp_info(n, v, value, len);
	if (is(opt, SOL_SOCKET, SO_ERROR))
		return give_int(
			value, len,
			v->kind == CONNECTED
				? -(int)vsock_errno(ustack_error(n->s, v->conn))
				: 0);
	if (is(opt, SOL_SOCKET, SO_ACCEPTCONN))
		return give_int(value, len, v->kind == LISTENING);
	if (is(opt, SOL_SOCKET, SO_REUSEADDR))
		return give_int(value, len, v->reuse);
	if (is(opt, SOL_SOCKET, SO_OOBINLINE))
		return give_int(value, len, 1);
	if (!row)
		return -ENOPROTOOPT;
	if (row->to == USTACK_OPT_PMTU)
		return give_int(value, len,
				pmtu_words[value_of(n, v, row->to)]);
	return give_int(value, len,
			(int)(value_of(n, v, row->to) / row->scale *
			      (row->scale == 2 ? 2 : 1)));
}
