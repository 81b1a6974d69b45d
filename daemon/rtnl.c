/* SPDX-License-Identifier: MIT */
/*
 * rtnl.c - interfaces, addresses and routes of the host, by rtnetlink
 *
 * One request and its answers at a time.  Changes need CAP_NET_ADMIN; reading
 * needs nothing.
 *
 * System calls: socket(AF_NETLINK), bind, getsockname, sendto, recvmsg, close,
 * and what if_nametoindex() and if_indextoname() need.
 */

#include "rtnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "addr.h"
#include "log.h"

#define RTNL_ANSWER_MAX 32768 /* bytes: more than the kernel ever fills */
#define RTNL_TRIES	3
#define V4_OFFSET	12u /* of an IPv4 address in struct ustack_addr */

/*
 * struct request - one exchange with the kernel
 * @nlh:	message being built, in @buf
 * @seq:	its number
 */
struct request {
	struct nlmsghdr *nlh;
	uint32_t seq;
	_Alignas(struct nlmsghdr) char buf[1024];
};

static void *request_init(struct request *q, int type, int flags, size_t family)
{
	void *body;

	q->nlh = mnl_nlmsg_put_header(q->buf);
	q->nlh->nlmsg_type = (uint16_t)type;
	q->nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	q->seq = (uint32_t)time(NULL);
	q->nlh->nlmsg_seq = q->seq;
	body = mnl_nlmsg_put_extra_header(q->nlh, family);
	return body;
}

/* Run the answers through @cb; 0 or -errno. */
static int exchange(struct mnl_socket *nl, const struct request *q, mnl_cb_t cb,
		    void *arg)
{
	_Alignas(struct nlmsghdr) char buf[RTNL_ANSWER_MAX];
	unsigned int port = mnl_socket_get_portid(nl);
	int rc = 1;

	if (mnl_socket_sendto(nl, q->nlh, q->nlh->nlmsg_len) < 0)
		return -errno;
	while (rc > 0) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));

		if (n < 0)
			return -errno;
		rc = mnl_cb_run(buf, (size_t)n, q->seq, port, cb, arg);
	}
	return rc < 0 ? -errno : 0;
}

static int try_once(const struct request *q, mnl_cb_t cb, void *arg)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int rc;

	if (!nl)
		return -errno;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		rc = -errno;
	else
		rc = exchange(nl, q, cb, arg);
	mnl_socket_close(nl);
	return rc;
}

/*
 * transact() - Send one request and wait for the end of its answers
 *
 * A list that changed while the kernel gave it is asked for again, up to
 * RTNL_TRIES times in all; @cb then hears of things twice.
 *
 * Return: 0 or -errno
 */
static int transact(const struct request *q, mnl_cb_t cb, void *arg)
{
	int rc = -EINTR;

	for (int i = 0; i < RTNL_TRIES && rc == -EINTR; i++)
		rc = try_once(q, cb, arg);
	return rc;
}

static int addr_family(const struct ustack_addr *a)
{
	return ustack_addr_is4(a) ? AF_INET : AF_INET6;
}

/* The address's bytes in its own family, and how many. */
static const uint8_t *addr_bytes(const struct ustack_addr *a, size_t *len)
{
	bool v4 = ustack_addr_is4(a);

	*len = v4 ? 4 : 16;
	return v4 ? a->b + V4_OFFSET : a->b;
}

static const char *prefix_text(const struct config_addr *a, char *text,
			       size_t room)
{
	char host[ADDR_TEXT_MAX];

	snprintf(text, room, "%s/%u", addr_text(&a->addr, host), a->len);
	return text;
}

/* ----------------------------------------------------------------- setting up */

/* No link-local address, hence no DAD and no router solicitation. */
static void put_addr_gen_mode(struct nlmsghdr *nlh)
{
	struct nlattr *spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	struct nlattr *inet6 = mnl_attr_nest_start(nlh, AF_INET6);

	mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(nlh, inet6);
	mnl_attr_nest_end(nlh, spec);
}

static struct ifinfomsg *link_change(struct request *q, unsigned int ifindex)
{
	struct ifinfomsg *ifi = request_init(q, RTM_NEWLINK, NLM_F_ACK,
					     sizeof(*ifi));

	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = (int)ifindex;
	return ifi;
}

static int link_quiet(unsigned int ifindex)
{
	struct request q;

	link_change(&q, ifindex);
	put_addr_gen_mode(q.nlh);
	return transact(&q, NULL, NULL);
}

static int link_size(unsigned int ifindex, const struct rtnl_link *link)
{
	struct request q;

	link_change(&q, ifindex);
	mnl_attr_put_u32(q.nlh, IFLA_MTU, link->mtu);
	mnl_attr_put_u32(q.nlh, IFLA_TXQLEN, link->txqueuelen);
	return transact(&q, NULL, NULL);
}

static int link_up(unsigned int ifindex)
{
	struct request q;
	struct ifinfomsg *ifi = link_change(&q, ifindex);

	ifi->ifi_flags = IFF_UP;
	ifi->ifi_change = IFF_UP;
	return transact(&q, NULL, NULL);
}

static int addr_add(unsigned int ifindex, const struct config_addr *a)
{
	struct request q;
	struct ifaddrmsg *ifa = request_init(
		&q, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK,
		sizeof(*ifa));
	int family = addr_family(&a->addr);
	size_t len;
	const uint8_t *bytes = addr_bytes(&a->addr, &len);

	ifa->ifa_family = (uint8_t)family;
	ifa->ifa_prefixlen = a->len;
	ifa->ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0;
	ifa->ifa_scope = RT_SCOPE_UNIVERSE;
	ifa->ifa_index = ifindex;
	mnl_attr_put(q.nlh, IFA_LOCAL, len, bytes);
	mnl_attr_put(q.nlh, IFA_ADDRESS, len, bytes);
	return transact(&q, NULL, NULL);
}

/* What the kernel answers where IPv6 is absent or disabled. */
static bool ipv6_is_off(const struct config_addr *a, int error)
{
	return addr_family(&a->addr) == AF_INET6 &&
	       (error == -EOPNOTSUPP || error == -EACCES ||
		error == -EAFNOSUPPORT);
}

static int addrs_add(unsigned int ifindex, const struct rtnl_link *link,
		     char *err, size_t errlen)
{
	char text[ADDR_PREFIX_MAX];

	for (uint32_t i = 0; i < link->naddrs; i++) {
		const struct config_addr *a = &link->addr[i];
		int rc = addr_add(ifindex, a);

		prefix_text(a, text, sizeof(text));
		if (rc && ipv6_is_off(a, rc)) {
			log_msg(LOG_LVL_WARNING,
				"%s: %s left out, IPv6 is off on this host: %s",
				link->ifname, text, strerror(-rc));
		} else if (rc) {
			snprintf(err, errlen, "%s: address %s refused: %s",
				 link->ifname, text, strerror(-rc));
			return rc;
		}
	}
	return 0;
}

int rtnl_link_setup(const struct rtnl_link *link, char *err, size_t errlen)
{
	unsigned int ifindex = if_nametoindex(link->ifname);
	int rc;

	if (!ifindex) {
		rc = -errno;
		snprintf(err, errlen, "%s: %s", link->ifname, strerror(-rc));
		return rc;
	}
	link_quiet(ifindex); /* a kernel without IPv6 refuses, and is quiet */
	rc = link_size(ifindex, link);
	if (rc) {
		snprintf(err, errlen, "%s: MTU %u, txqueuelen %u refused: %s",
			 link->ifname, link->mtu, link->txqueuelen,
			 strerror(-rc));
		return rc;
	}
	rc = addrs_add(ifindex, link, err, errlen);
	if (rc)
		return rc;
	rc = link_up(ifindex);
	if (rc)
		snprintf(err, errlen, "%s: cannot be brought up: %s",
			 link->ifname, strerror(-rc));
	return rc;
}

/* --------------------------------------------------------------------- routes */

/*
 * struct route_search - looking for a route that overlaps a subnet
 * @subnet:	the subnet
 * @family:	its family
 * @bytes:	its address
 * @found:	a route overlaps; the rest describes it
 * @route:	its destination
 * @oif:	its device, 0 = none (blackhole and the like)
 */
struct route_search {
	const struct config_addr *subnet;
	int family;
	const uint8_t *bytes;
	bool found;
	struct config_addr route;
	uint32_t oif;
};

/* Are the first @bits of both the same? */
static bool same_bits(const uint8_t *a, const uint8_t *b, uint32_t bits)
{
	uint32_t whole = bits / 8;
	uint32_t rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static void route_found(struct route_search *s, const struct rtmsg *rtm,
			const uint8_t *dst, struct nlattr **attr)
{
	s->found = true;
	if (rtm->rtm_family == AF_INET)
		s->route.addr = ustack_addr4(dst);
	else
		memcpy(s->route.addr.b, dst, sizeof(s->route.addr.b));
	s->route.len = rtm->rtm_dst_len;
	s->oif = attr[RTA_OIF] ? mnl_attr_get_u32(attr[RTA_OIF]) : 0;
}

static int on_attr(const struct nlattr *a, void *arg)
{
	struct nlattr **attr = arg;

	if (mnl_attr_type_valid(a, RTA_MAX) > 0)
		attr[mnl_attr_get_type(a)] = (struct nlattr *)a;
	return MNL_CB_OK;
}

/* VPNs split the default route into halves, so that theirs win over it. */
static bool is_default_route(const struct rtmsg *rtm)
{
	return rtm->rtm_dst_len <= (rtm->rtm_family == AF_INET ? 1 : 3);
}

static int on_route(const struct nlmsghdr *nlh, void *arg)
{
	struct route_search *s = arg;
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct nlattr *attr[RTA_MAX + 1] = { NULL };
	size_t len = s->family == AF_INET ? 4 : 16;
	uint32_t bits = s->subnet->len;

	if (s->found || nlh->nlmsg_type != RTM_NEWROUTE)
		return MNL_CB_OK;
	if (rtm->rtm_family != s->family || is_default_route(rtm))
		return MNL_CB_OK;
	if (mnl_attr_parse(nlh, sizeof(*rtm), on_attr, attr) < 0)
		return MNL_CB_OK;
	if (!attr[RTA_DST] || mnl_attr_get_payload_len(attr[RTA_DST]) < len)
		return MNL_CB_OK;
	if (rtm->rtm_dst_len < bits)
		bits = rtm->rtm_dst_len;
	if (same_bits(mnl_attr_get_payload(attr[RTA_DST]), s->bytes, bits))
		route_found(s, rtm, mnl_attr_get_payload(attr[RTA_DST]), attr);
	return MNL_CB_OK;
}

static void describe_overlap(const struct route_search *s, char *err,
			     size_t errlen)
{
	char mine[ADDR_PREFIX_MAX];
	char theirs[ADDR_PREFIX_MAX];
	char dev[IF_NAMESIZE] = "none";

	if (s->oif)
		if_indextoname(s->oif, dev);
	snprintf(err, errlen,
		 "%s overlaps the route %s of this host (device %s); choose "
		 "other addresses in [interface] host-address and [stack] "
		 "address, or remove the route",
		 prefix_text(s->subnet, mine, sizeof(mine)),
		 prefix_text(&s->route, theirs, sizeof(theirs)), dev);
}

int rtnl_check_free(const struct config_addr *subnet, char *err, size_t errlen)
{
	struct route_search s = { .subnet = subnet,
				  .family = addr_family(&subnet->addr) };
	struct request q;
	struct rtmsg *rtm;
	size_t len;
	int rc;

	if (subnet->len == 0)
		return 0;
	s.bytes = addr_bytes(&subnet->addr, &len);
	rtm = request_init(&q, RTM_GETROUTE, NLM_F_DUMP, sizeof(*rtm));
	rtm->rtm_family = (uint8_t)s.family;
	rc = transact(&q, on_route, &s);
	if (rc == -EOPNOTSUPP)
		return 0; /* the kernel lacks the family, hence routes of it */
	if (rc) {
		snprintf(err, errlen, "cannot list the routes of this host: %s",
			 strerror(-rc));
		return rc;
	}
	if (!s.found)
		return 0;
	describe_overlap(&s, err, errlen);
	return -EEXIST;
}

/* ----------------------------------------------------------------- statistics */

static int on_link_attr(const struct nlattr *a, void *arg)
{
	const size_t need = offsetof(struct rtnl_link_stats64, multicast);
	uint64_t *drops = arg;
	struct rtnl_link_stats64 stats;

	if (mnl_attr_get_type(a) != IFLA_STATS64)
		return MNL_CB_OK;
	if (mnl_attr_get_payload_len(a) < need)
		return MNL_CB_OK;
	memcpy(&stats, mnl_attr_get_payload(a), need);
	*drops = stats.tx_dropped;
	return MNL_CB_OK;
}

static int on_link(const struct nlmsghdr *nlh, void *arg)
{
	return mnl_attr_parse(nlh, sizeof(struct ifinfomsg), on_link_attr, arg);
}

void rtnl_link_drops(const char *ifname, uint64_t *drops)
{
	struct request q;
	struct ifinfomsg *ifi = request_init(&q, RTM_GETLINK, NLM_F_ACK,
					     sizeof(*ifi));

	ifi->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(q.nlh, IFLA_IFNAME, ifname);
	(void)transact(&q, on_link, drops); /* else they stay as they were */
}
