/* SPDX-License-Identifier: MIT */
/*
 * sandbox_landlock.c - the kernel refuses files that are not needed
 *
 * The headers at hand may be older than the kernel: rights that came later are
 * named here.  Version 1 is of Linux 5.13.
 *
 * System calls: landlock_create_ruleset, _add_rule, _restrict_self, open.
 */

#include "daemon/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ull << 13) /* version 2 */
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ull << 14) /* version 3 */
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ull << 15) /* version 5 */
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP (1ull << 0) /* version 4 */
#endif
#ifndef LANDLOCK_SCOPE_SIGNAL
#define LANDLOCK_SCOPE_SIGNAL (1ull << 1) /* version 6 */
#endif

#define FS_V1                                                                  \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |          \
	 LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |          \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |      \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |          \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |          \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |        \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)

#define MAY_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define MAY_WRITE                                                              \
	(MAY_READ | LANDLOCK_ACCESS_FS_WRITE_FILE |                            \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE |        \
	 LANDLOCK_ACCESS_FS_TRUNCATE)
#define FOR_FILES                                                              \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |        \
	 LANDLOCK_ACCESS_FS_TRUNCATE) /* the rest is about directories */

/* struct landlock_ruleset_attr, as of version 6 */
struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

/* What is refused unless a rule allows it, as far as the kernel knows it. */
static struct ruleset handled(int version, size_t *len)
{
	struct ruleset r = { .fs = FS_V1 };

	*len = sizeof(r.fs);
	if (version >= 2)
		r.fs |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		r.fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
	if (version >= 5)
		r.fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
	if (version >= 4) {
		r.net = LANDLOCK_ACCESS_NET_BIND_TCP;
		*len += sizeof(r.net);
	}
	if (version >= 6) {
		r.scoped = LANDLOCK_SCOPE_SIGNAL;
		*len += sizeof(r.scoped);
	}
	return r;
}

/* 0, also when there is no such file, or -errno. */
static int allow(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };
	struct stat st;
	int rc = 0;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return 0;
	if (!fstat(rule.parent_fd, &st) && !S_ISDIR(st.st_mode))
		rule.allowed_access &= FOR_FILES;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		    &rule, 0))
		rc = -errno;
	close(rule.parent_fd);
	return rc;
}

static int allow_all(int ruleset, const struct sandbox_paths *p, uint64_t known)
{
	int rc = 0;

	for (uint32_t i = 0; !rc && i < p->nread; i++)
		rc = allow(ruleset, p->read[i], MAY_READ & known);
	for (uint32_t i = 0; !rc && i < p->nwrite; i++)
		rc = allow(ruleset, p->write[i], MAY_WRITE & known);
	return rc;
}

int sandbox_landlock(const struct sandbox_paths *p)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
			       LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset r;
	size_t len;
	int fd;
	int rc;

	if (version < 0)
		return -errno;
	r = handled((int)version, &len);
	fd = (int)syscall(SYS_landlock_create_ruleset, &r, len, 0);
	if (fd < 0)
		return -errno;
	rc = allow_all(fd, p, r.fs);
	if (!rc && syscall(SYS_landlock_restrict_self, fd, 0))
		rc = -errno;
	close(fd);
	return rc ? rc : (int)version;
}
