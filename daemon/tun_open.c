/* SPDX-License-Identifier: MIT */
/*
 * tun_open.c - the TUN device: making it, attaching to it, taking it over
 *
 *	manage=yes	makes the interface, gives it MTU, queue and addresses,
 *			and brings it up; it vanishes with the descriptor
 *	manage=no	attaches to one that somebody else set up; a user who
 *			owns it needs no capability
 *	--tun-fd	takes a descriptor: a TUN, or a socket that carries one
 *			raw IP packet per read and write
 *
 * Offloads, from the best down; the first that the kernel takes is kept:
 *
 *	csum+tso	virtio header; super-packets, partial checksums
 *	csum		virtio header; partial checksums
 *	plain		no virtio header; the stack computes all checksums
 *
 * System calls: open(/dev/net/tun), ioctl(TUN*, SIOCGIFMTU), fcntl, getsockopt,
 * and those of rtnl.c.
 */

#include "tun_int.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "rtnl.h"
#include "vnet.h"

#define TUN_PATH     "/dev/net/tun"
#define OFFLOAD_CSUM TUN_F_CSUM
#define OFFLOAD_TSO  (TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)
#define OFFLOAD_ALL  (OFFLOAD_TSO | TUN_F_TSO_ECN)

/* A message for people: where to, and whether one is wanted. */
struct report {
	char *err;
	size_t errlen;
};

/* Write the message; always -1, so that failing is one line. */
__attribute__((format(printf, 2, 3))) static int fail(const struct report *r,
						      const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->err, r->errlen, fmt, ap);
	va_end(ap);
	return -1;
}

/* ------------------------------------------------------- making an interface */

static const char no_driver[] = TUN_PATH
	": %s; load the driver with \"modprobe tun\", or in a container "
	"make the node with \"mkdir -p /dev/net && mknod " TUN_PATH
	" c 10 200\"";
static const char no_access[] = TUN_PATH
	": %s; run ustackd as root, let this user open it (chmod 0666 " TUN_PATH
	" is usual and gives no power by itself), or hand over a "
	"descriptor with --tun-fd";
static const char no_capability[] =
	"%s: making a TUN interface needs the capability CAP_NET_ADMIN, which "
	"this process lacks; run it with sudo, or by systemd with "
	"AmbientCapabilities=CAP_NET_ADMIN, or after \"setcap "
	"cap_net_admin+ep ustackd\"; or use a persistent TUN with manage=no, "
	"or --tun-fd";
static const char not_owner[] =
	"%s: it belongs to another user, and attaching to it then needs "
	"CAP_NET_ADMIN; give it away with \"ip tuntap add dev %s mode tun user "
	"NAME\"";
static const char name_taken[] =
	"%s: an interface of that name exists already; choose another "
	"[interface] name, or attach to it with manage=no";
static const char no_tun[] =
	"%s: the interface exists but is not a TUN (\"ip tuntap add mode tun\", "
	"not tap)";
static const char no_interface[] =
	"%s: no such interface, and manage=no makes none; make it with \"ip "
	"tuntap add dev %s mode tun user NAME\", or set manage=yes";
static const char offload_lacking[] =
	"%s: offload=on, but the kernel offers no more than \"%s\"; "
	"offload=auto takes what there is";

static int fail_open(const struct report *r, int error)
{
	switch (error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return fail(r, no_driver, strerror(error));
	case EACCES:
	case EPERM:
		return fail(r, no_access, strerror(error));
	default:
		return fail(r, TUN_PATH ": %s", strerror(error));
	}
}

/* Why a new interface cannot be made. */
static int fail_create(const struct report *r, const char *name, int error)
{
	switch (error) {
	case EPERM:
		return fail(r, no_capability, name);
	case EBUSY:
		return fail(r, name_taken, name);
	case EINVAL:
		return fail(r, "%s: not a name for an interface", name);
	default:
		return fail(r, "%s: TUNSETIFF: %s", name, strerror(error));
	}
}

/* Why an interface that exists cannot be used. */
static int fail_attach(const struct report *r, const char *name, int error)
{
	switch (error) {
	case EPERM:
		return fail(r, not_owner, name, name);
	case EBUSY:
		return fail(r, "%s: another process has it open", name);
	case EINVAL:
		return fail(r, no_tun, name);
	default:
		return fail(r, "%s: TUNSETIFF: %s", name, strerror(error));
	}
}

/*
 * tun_attach() - Open the driver and bind to the interface
 * @t:		device; @fd and @ifname are set
 * @cfg:	name, manage
 * @vnet:	with a virtio header
 * @r:		gets the reason
 *
 * Return: 0 or -1
 */
static int tun_attach(struct tun *t, const struct config *cfg, bool vnet,
		      const struct report *r)
{
	unsigned int flags = IFF_TUN | IFF_NO_PI | (vnet ? IFF_VNET_HDR : 0u) |
			     (cfg->manage ? IFF_TUN_EXCL : 0u);
	struct ifreq ifr = { .ifr_flags = (short)flags };
	int error;

	t->fd = open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0)
		return fail_open(r, errno);
	memcpy(ifr.ifr_name, cfg->ifname, IF_NAMESIZE);
	error = ioctl(t->fd, TUNSETIFF, &ifr) < 0 ? errno : 0;
	if (error == EINVAL && !cfg->manage) {
		/* made for several queues: one of them is enough */
		ifr.ifr_flags = (short)(flags | IFF_MULTI_QUEUE);
		error = ioctl(t->fd, TUNSETIFF, &ifr) < 0 ? errno : 0;
	}
	if (error) {
		close(t->fd);
		t->fd = -1;
		return cfg->manage ? fail_create(r, cfg->ifname, error)
				   : fail_attach(r, cfg->ifname, error);
	}
	memcpy(t->ifname, ifr.ifr_name, IF_NAMESIZE);
	return 0;
}

/* Does the kernel offer the virtio header at all? */
static bool kernel_has_vnet(void)
{
	int fd = open(TUN_PATH, O_RDWR | O_CLOEXEC);
	unsigned int features = 0;

	if (fd < 0)
		return true; /* the attempt that follows says why */
	if (ioctl(fd, TUNGETFEATURES, &features) < 0)
		features = 0;
	close(fd);
	return features & IFF_VNET_HDR;
}

static int set_header(const struct tun *t, const struct report *r)
{
	int len = VNET_LEN;

	if (ioctl(t->fd, TUNSETVNETHDRSZ, &len) < 0)
		return fail(r, "%s: TUNSETVNETHDRSZ %d: %s", t->ifname, len,
			    strerror(errno));
	return 0;
}

/*
 * set_offload() - Find the best offload that the kernel takes
 * @t:		device with a virtio header
 *
 * Return: the mode, MODE_PLAIN when even checksums are refused
 */
static enum tun_mode set_offload(const struct tun *t)
{
	static const struct {
		unsigned int bits;
		enum tun_mode mode;
	} steps[] = {
		{ OFFLOAD_ALL, MODE_TSO },
		{ OFFLOAD_TSO, MODE_TSO },
		{ OFFLOAD_CSUM, MODE_CSUM },
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (ioctl(t->fd, TUNSETOFFLOAD, steps[i].bits) == 0)
			return steps[i].mode;
		log_msg(LOG_LVL_INFO, "%s: TUNSETOFFLOAD 0x%x refused: %s",
			t->ifname, steps[i].bits, strerror(errno));
	}
	return MODE_PLAIN;
}

/*
 * tun_make() - Open the interface by name with the best offload there is
 *
 * An interface that refuses even checksums is opened anew without the virtio
 * header: one that we made vanishes with the first descriptor.
 */
static int tun_make(struct tun *t, const struct config *cfg,
		    const struct report *r)
{
	bool vnet = cfg->offload != OFFLOAD_OFF && kernel_has_vnet();

	if (tun_attach(t, cfg, vnet, r))
		return -1;
	t->mode = MODE_PLAIN;
	if (vnet && set_header(t, r))
		log_msg(LOG_LVL_INFO, "%s; without offload then", r->err);
	else if (vnet)
		t->mode = set_offload(t);
	if (vnet && t->mode == MODE_PLAIN) {
		close(t->fd);
		if (tun_attach(t, cfg, false, r))
			return -1;
	}
	if (cfg->offload == OFFLOAD_ON && t->mode != MODE_TSO)
		return fail(r, offload_lacking, t->ifname,
			    tun_mode_name[t->mode]);
	if (t->mode != MODE_PLAIN)
		t->vnet_len = VNET_LEN;
	t->managed = cfg->manage;
	t->ours = true;
	return 0;
}

/* ------------------------------------------------------------ configuring it */

/* All that the interface must not clash with is known before it is made. */
static int check_free(const struct config *cfg, const struct report *r)
{
	if (if_nametoindex(cfg->ifname))
		return fail_create(r, cfg->ifname, EBUSY);
	for (uint32_t i = 0; i < cfg->nhost_addr; i++)
		if (rtnl_check_free(&cfg->host_addr[i], r->err, r->errlen))
			return -1;
	for (uint32_t i = 0; i < cfg->stack.naddrs; i++) {
		const struct ustack_prefix *p = &cfg->stack.addr[i];
		bool v4 = ustack_addr_is4(&p->addr);
		struct config_addr a = { .addr = p->addr,
					 .len = (uint8_t)(v4 ? p->len - 96
							     : p->len) };

		if (rtnl_check_free(&a, r->err, r->errlen))
			return -1;
	}
	return 0;
}

static int configure(const struct tun *t, const struct config *cfg,
		     const struct report *r)
{
	struct rtnl_link link = {
		.ifname = t->ifname,
		.mtu = cfg->mtu,
		.txqueuelen = cfg->txqueuelen,
		.addr = cfg->host_addr,
		.naddrs = cfg->nhost_addr,
	};

	return rtnl_link_setup(&link, r->err, r->errlen);
}

/* The MTU of an interface that is somebody else's is theirs to set: obey it. */
static void compare_mtu(struct tun *t, const struct config *cfg)
{
	struct ifreq ifr = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint32_t mtu = cfg->mtu;

	if (fd < 0)
		return;
	memcpy(ifr.ifr_name, t->ifname, IF_NAMESIZE);
	if (ioctl(fd, SIOCGIFMTU, &ifr) == 0)
		mtu = (uint32_t)ifr.ifr_mtu;
	close(fd);
	if (mtu == cfg->mtu)
		return;
	if (mtu < cfg->mtu)
		t->mtu = mtu;
	log_msg(LOG_LVL_WARNING,
		"%s: its MTU is %u, the configuration says %u; using %u (set "
		"[interface] mtu = %u to silence this)",
		t->ifname, mtu, cfg->mtu, t->mtu, mtu);
}

/* ------------------------------------------------------ a descriptor from others */

/* Is the TUN in this process's network namespace?  Without the right to ask: no. */
static bool tun_is_here(int tun)
{
	int there = ioctl(tun, TUNGETDEVNETNS);
	struct stat a;
	struct stat b;
	bool same;

	if (there < 0)
		return false;
	same = fstat(there, &a) == 0 && stat("/proc/self/ns/net", &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
	close(there);
	return same;
}

static int adopt_tun(struct tun *t, const struct ifreq *ifr,
		     const struct config *cfg, const struct report *r)
{
	unsigned int flags = (unsigned short)ifr->ifr_flags;

	memcpy(t->ifname, ifr->ifr_name, IF_NAMESIZE);
	if (!(flags & IFF_TUN))
		return fail(r,
			    "--tun-fd %d: %s is a TAP; expected a TUN, made "
			    "with IFF_TUN",
			    t->fd, t->ifname);
	if (!(flags & IFF_NO_PI))
		return fail(r,
			    "--tun-fd %d: %s was opened without IFF_NO_PI; "
			    "set that flag at TUNSETIFF",
			    t->fd, t->ifname);
	t->mode = MODE_PLAIN;
	if (flags & IFF_VNET_HDR) {
		if (set_header(t, r))
			return -1;
		t->vnet_len = VNET_LEN; /* also where offloads are refused */
		t->mode = set_offload(t);
	}
	if (cfg->offload == OFFLOAD_ON && t->mode != MODE_TSO)
		return fail(r, offload_lacking, t->ifname,
			    tun_mode_name[t->mode]);
	t->ours = tun_is_here(t->fd);
	if (t->ours)
		compare_mtu(t, cfg);
	return 0;
}

static int adopt_socket(struct tun *t, const struct config *cfg,
			const struct report *r)
{
	int type = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(t->fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		return fail(r,
			    "--tun-fd %d: neither a TUN nor a socket; hand "
			    "over one of them, open for reading and writing",
			    t->fd);
	if (type == SOCK_STREAM)
		return fail(r,
			    "--tun-fd %d: a stream socket does not keep "
			    "packets apart; use SOCK_SEQPACKET",
			    t->fd);
	if (cfg->offload == OFFLOAD_ON)
		return fail(r,
			    "--tun-fd %d: offload=on, but it is no TUN; "
			    "offload=auto takes what there is",
			    t->fd);
	t->mode = MODE_RAW;
	t->seqpacket = type == SOCK_SEQPACKET;
	return 0;
}

static int tun_adopt(struct tun *t, const struct config *cfg,
		     const struct report *r)
{
	struct ifreq ifr = { 0 };
	int flags = fcntl(cfg->tun_fd, F_GETFL);

	if (flags < 0)
		return fail(r,
			    "--tun-fd %d: %s; expected the number of an open "
			    "descriptor",
			    cfg->tun_fd, strerror(errno));
	if (fcntl(cfg->tun_fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(cfg->tun_fd, F_SETFD, FD_CLOEXEC) < 0)
		return fail(r, "--tun-fd %d: fcntl: %s", cfg->tun_fd,
			    strerror(errno));
	t->fd = cfg->tun_fd;
	if (ioctl(t->fd, TUNGETIFF, &ifr) == 0)
		return adopt_tun(t, &ifr, cfg, r);
	return adopt_socket(t, cfg, r);
}

/* ------------------------------------------------------------- open and close */

static int open_by_name(struct tun *t, const struct config *cfg,
			const struct report *r)
{
	if (cfg->manage) {
		if (check_free(cfg, r) || tun_make(t, cfg, r))
			return -1;
		return configure(t, cfg, r);
	}
	if (!if_nametoindex(cfg->ifname))
		return fail(r, no_interface, cfg->ifname, cfg->ifname);
	if (tun_make(t, cfg, r))
		return -1;
	compare_mtu(t, cfg);
	return 0;
}

struct tun *tun_open(const struct config *cfg, char *err, size_t errlen)
{
	const struct report r = { .err = err, .errlen = errlen };
	struct tun *t = calloc(1, sizeof(*t));
	int rc;

	if (!t) {
		fail(&r, "out of memory");
		return NULL;
	}
	t->fd = -1;
	t->ifname[0] = '-';
	t->mtu = cfg->mtu;
	rc = cfg->tun_fd >= 0 ? tun_adopt(t, cfg, &r)
			      : open_by_name(t, cfg, &r);
	if (rc) {
		tun_close(t);
		return NULL;
	}
	return t;
}
