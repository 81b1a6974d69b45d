/* SPDX-License-Identifier: MIT */
/*
 * ctl.c - the control socket: probing, listening, accepting
 */

#include "daemon/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/ctl_int.h"
#include "daemon/log.h"

#define LISTEN_BACKLOG 64
#define ACCEPT_PAUSE_S 1.
#define SOCKET_MODE    0660
#define DIR_MODE       0755
#define CHOOSE                                                                 \
	"choose a place you can write: -o control.socket=PATH, or set "        \
	"XDG_RUNTIME_DIR"

static bool fill_address(struct sockaddr_un *sa, const char *path)
{
	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(sa->sun_path))
		return false;
	memcpy(sa->sun_path, path, strlen(path) + 1);
	return true;
}

int ctl_probe(const char *path)
{
	struct sockaddr_un sa;
	int fd;
	int rc;

	if (!fill_address(&sa, path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	rc = connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) ? -errno : 1;
	(void)close(fd);
	if (rc == -ENOENT || rc == -ECONNREFUSED)
		return 0;
	return rc == -EAGAIN ? 1 : rc; /* alive, its backlog is full */
}

/* ---------------------------------------------------------------- the file */

/* Make the directory of @path, if it is missing. */
static int make_dir(const char *path)
{
	char dir[CONFIG_PATH_MAX];
	char *slash;

	(void)snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return 0;
	*slash = '\0';
	if (mkdir(dir, DIR_MODE) && errno != EEXIST)
		return -errno;
	return 0;
}

/* Remove what a dead daemon left; nothing but a socket is removed. */
static int remove_stale(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	return unlink(path) ? -errno : 0;
}

/* Let a group in.  That it cannot be is no reason not to run. */
static void set_group(const char *path, const char *name)
{
	bool is_default = !strcmp(name, CONFIG_GROUP_DEFAULT);
	struct group *gr;

	if (!*name)
		return;
	gr = getgrnam(name);
	if (!gr)
		log_msg(is_default ? LOG_LVL_INFO : LOG_LVL_WARNING,
			"%s: there is no group %s; only the daemon's own user "
			"and root may connect",
			path, name);
	else if (chown(path, (uid_t)-1, gr->gr_gid))
		log_msg(is_default ? LOG_LVL_INFO : LOG_LVL_WARNING,
			"%s: cannot be given to group %s: %s", path, name,
			strerror(errno));
}

/* Listen at @path; the descriptor, or -errno. */
static int listen_at(const char *path)
{
	struct sockaddr_un sa;
	mode_t mask;
	int fd;
	int rc;

	if (!fill_address(&sa, path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0777 & ~SOCKET_MODE);
	rc = bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) ? -errno : 0;
	(void)umask(mask);
	if (!rc && listen(fd, LISTEN_BACKLOG))
		rc = -errno;
	if (!rc)
		return fd;
	(void)close(fd);
	return rc;
}

/* Put the socket in its place: its descriptor, or -1 and the reason. */
static int open_socket(const struct config *cfg, char *err, size_t errlen)
{
	const char *path = cfg->ctl_socket;
	int rc = make_dir(path);

	if (rc) {
		(void)snprintf(err, errlen,
			       "%s: its directory cannot be made: %s; " CHOOSE,
			       path, strerror(-rc));
		return -1;
	}
	if (ctl_probe(path) > 0) {
		(void)snprintf(err, errlen,
			       "%s: another ustackd answers there; stop it, or "
			       "give this one another [control] socket",
			       path);
		return -1;
	}
	rc = remove_stale(path);
	if (rc == -ENOTSOCK) {
		(void)snprintf(err, errlen,
			       "%s: is not a socket; remove it, or choose "
			       "another place: -o control.socket=PATH",
			       path);
		return -1;
	}
	if (rc) {
		(void)snprintf(err, errlen,
			       "%s: cannot be replaced: %s; " CHOOSE, path,
			       strerror(-rc));
		return -1;
	}
	rc = listen_at(path);
	if (rc < 0) {
		(void)snprintf(err, errlen, "%s: cannot listen: %s; " CHOOSE,
			       path, strerror(-rc));
		return -1;
	}
	set_group(path, cfg->ctl_group);
	return rc;
}

/* --------------------------------------------------------------- accepting */

static void on_accept(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct ctl *ctl = w->data;
	int fd = accept4(ctl->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)revents;
	if (fd >= 0) {
		ctl_client_new(ctl, fd);
		return;
	}
	if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS &&
	    errno != ENOMEM)
		return;
	log_msg(LOG_LVL_WARNING, "%s: cannot accept: %s", ctl->cfg->ctl_socket,
		strerror(errno));
	ev_io_stop(loop, &ctl->io); /* it would wake us at once, for ever */
	ev_timer_set(&ctl->pause, ACCEPT_PAUSE_S, 0.);
	ev_timer_start(loop, &ctl->pause);
}

static void on_pause_over(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	struct ctl *ctl = w->data;

	(void)revents;
	ev_io_start(loop, &ctl->io);
}

struct ctl *ctl_new(const struct ctl_args *a, char *err, size_t errlen)
{
	struct ctl *ctl = calloc(1, sizeof(*ctl));
	struct stat st;

	if (!ctl) {
		(void)snprintf(err, errlen, "control socket: out of memory");
		return NULL;
	}
	ctl->captures = ctl_captures_new(a->loop, a->worker);
	if (!ctl->captures) {
		(void)snprintf(err, errlen, "control socket: out of memory");
		free(ctl);
		return NULL;
	}
	ctl->fd = a->listen_fd > 0 ? a->listen_fd
				   : open_socket(a->cfg, err, errlen);
	if (ctl->fd < 0) {
		ctl_captures_free(ctl->captures);
		free(ctl);
		return NULL;
	}
	ctl->handed = a->listen_fd > 0;
	if (lstat(a->cfg->ctl_socket, &st) == 0) {
		ctl->dev = st.st_dev;
		ctl->ino = st.st_ino;
	}
	ctl->loop = a->loop;
	ctl->worker = a->worker;
	ctl->cfg = a->cfg;
	ctl->sandbox = a->sandbox;
	ctl->on_shutdown = a->on_shutdown;
	ctl->on_reload = a->on_reload;
	ctl->arg = a->arg;
	ctl->tls = a->tls;
	ctl->start_us = ctl_now_us();
	ctl->reset_us = ctl->start_us;
	json_init(&ctl->reply, CTL_REPLY_MAX);
	ctl_events_init(ctl);
	ev_io_init(&ctl->io, on_accept, ctl->fd, EV_READ);
	ctl->io.data = ctl;
	ev_timer_init(&ctl->pause, on_pause_over, ACCEPT_PAUSE_S, 0.);
	ctl->pause.data = ctl;
	ev_io_start(ctl->loop, &ctl->io);
	return ctl;
}

void ctl_free(struct ctl *ctl)
{
	const char *path = ctl->cfg->ctl_socket;
	struct stat st;

	ctl->worker = NULL; /* it may be gone: no request is begun any more */
	ctl_captures_free(ctl->captures);
	while (ctl->clients)
		ctl_client_close(ctl->clients);
	ev_io_stop(ctl->loop, &ctl->io);
	ev_timer_stop(ctl->loop, &ctl->pause);
	(void)close(ctl->fd);
	if (!ctl->handed && lstat(path, &st) == 0 && st.st_dev == ctl->dev &&
	    st.st_ino == ctl->ino)
		(void)unlink(path);
	json_fini(&ctl->reply);
	ctl_events_fini(ctl);
	free(ctl);
}
