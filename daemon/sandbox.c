/* SPDX-License-Identifier: MIT */
/*
 * sandbox.c - what the daemon gives up once it has what it needs
 *
 * System calls: prctl, capset, setrlimit.
 */

#include "daemon/sandbox.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/log.h"

/* The leak checker looks at the process by tracing it. */
#ifdef __SANITIZE_ADDRESS__
#define LEAKS_ARE_CHECKED 1
#else
#define LEAKS_ARE_CHECKED 0
#endif

static void warn(const char *stage, int error)
{
	log_msg(LOG_LVL_WARNING, "sandbox: %s: %s; going on without", stage,
		strerror(error));
}

/* ------------------------------------------------------ core dumps, powers */

static bool drop_core_dumps(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) ||
	    (!LEAKS_ARE_CHECKED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))) {
		warn("core dumps", errno);
		return false;
	}
	return true;
}

/* All sets of this thread; those to come inherit them. */
static bool drop_capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	/* Needs CAP_SETPCAP, which a service does not have: it has little to
	 * drop here, and no_new_privs makes the bounding set idle. */
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0;
	     cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, none) == 0)
		return true;
	warn("capabilities", errno);
	return false;
}

static bool no_new_privs(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		return true;
	warn("no new privileges", errno);
	return false;
}

/* ------------------------------------------------------------------- files */

static void add(char *list[SANDBOX_PATHS_MAX], uint32_t *n, char *path)
{
	if (path && *n < SANDBOX_PATHS_MAX)
		list[(*n)++] = path;
	else
		free(path);
}

/* The directory that a file is in, made by malloc(). */
static char *place_of(char *path)
{
	char *dir = path ? strdup(dirname(path)) : NULL;

	free(path);
	return dir;
}

/*
 * A file that is read again at a reload.  By then it may have been replaced by
 * another of its name, so that its directory counts; and the one that it is in
 * really, when the name is a symbolic link.
 */
static void needs_file(struct sandbox_paths *p, const char *path)
{
	if (!path || !path[0])
		return;
	add(p->read, &p->nread, place_of(strdup(path)));
	add(p->read, &p->nread, place_of(realpath(path, NULL)));
}

static void collect(struct sandbox_paths *p, const struct config *cfg,
		    const char *path)
{
	/* names, and the time of day, as the C library has them */
	static const char *const system[] = {
		"/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf",
		"/etc/localtime", "/usr/share/zoneinfo"
	};

	for (size_t i = 0; i < sizeof(system) / sizeof(system[0]); i++)
		add(p->read, &p->nread, strdup(system[i]));
	needs_file(p, path ? path : CONFIG_PATH_DEFAULT);
	needs_file(p, cfg->tls.certificate);
	needs_file(p, cfg->tls.key);
	needs_file(p, cfg->tls.client_ca);
	needs_file(p, cfg->tls.psk_file);
	if (cfg->tls.state_dir[0])
		add(p->write, &p->nwrite, strdup(cfg->tls.state_dir));
	if (cfg->log_target == LOG_TO_FILE)
		add(p->write, &p->nwrite, place_of(strdup(cfg->log_path)));
	add(p->write, &p->nwrite, place_of(strdup(cfg->ctl_socket)));
	if (LEAKS_ARE_CHECKED)
		add(p->read, &p->nread, strdup("/proc"));
}

static int landlock(const struct config *cfg, const char *path)
{
	struct sandbox_paths p = { 0 };
	int rc;

	collect(&p, cfg, path);
	rc = sandbox_landlock(&p);
	for (uint32_t i = 0; i < p.nread; i++)
		free(p.read[i]);
	for (uint32_t i = 0; i < p.nwrite; i++)
		free(p.write[i]);
	if (rc < 0)
		warn("Landlock", -rc);
	return rc > 0 ? rc : 0;
}

void sandbox_confine(struct sandbox *sb, const struct config *cfg,
		     const char *path)
{
	sb->no_core = drop_core_dumps();
	sb->no_caps = drop_capabilities();
	sb->no_new_privs = no_new_privs();
	if (sb->no_new_privs)
		sb->landlock = landlock(cfg, path);
}

void sandbox_lock(struct sandbox *sb)
{
	int rc = sb->no_new_privs ? sandbox_seccomp() : -EPERM;

	if (rc < 0)
		warn("seccomp", -rc);
	else
		sb->seccomp = (uint32_t)rc;
}
