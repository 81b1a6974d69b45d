/* SPDX-License-Identifier: MIT */
/*
 * ctl.h - the control socket, as main() sees it
 *
 * What is spoken there stands in ctl_proto.h.
 */

#ifndef DAEMON_CTL_H
#define DAEMON_CTL_H

#include <stdbool.h>
#include <stddef.h>

struct config;
struct ctl;
struct ev_loop;
struct reload_result;
struct sandbox;
struct tls_files;
struct worker;

/**
 * struct ctl_args - what a control socket works with, all borrowed for its life
 * @loop:	the main thread's loop
 * @worker:	worker that is asked
 * @cfg:	configuration
 * @listen_fd:	socket that others have made and will remove, handed over; 0 = none,
 *		[control] socket is made
 * @sandbox:	what was given up, for status; NULL = nothing
 * @tls:	credentials, for status; NULL = none
 * @on_reload:	called when a client asks to read again what can be; NULL = nothing
 *		can.  True, or what was refused is in @res
 * @on_shutdown: called when a client asks the daemon to end, after its reply
 *		has been sent; it must not call ctl_free()
 * @arg:	their argument
 */
struct ctl_args {
	struct ev_loop *loop;
	struct worker *worker;
	const struct config *cfg;
	int listen_fd;
	const struct sandbox *sandbox;
	const struct tls_files *tls;
	bool (*on_reload)(void *arg, struct reload_result *res);
	void (*on_shutdown)(void *arg);
	void *arg;
};

/**
 * ctl_new() - Listen on the control socket
 * @a:		what it works with; the struct itself is borrowed for the call
 * @err:	on failure: what failed, on what, why
 * @errlen:	room in @err
 *
 * A socket that a dead daemon left behind is taken over, a live one is not.
 * Its directory is made if it is missing.
 *
 * Return: the control socket, or NULL
 */
struct ctl *ctl_new(const struct ctl_args *a, char *err, size_t errlen);

/**
 * ctl_free() - Disconnect all clients and remove the socket
 * @ctl:	control socket
 *
 * Requests may still be under way in the worker; they end unanswered.  The
 * worker itself is not touched any more.
 */
void ctl_free(struct ctl *ctl);

/**
 * ctl_probe() - Does a daemon answer at a socket?
 * @path:	the socket
 *
 * Return: 1 yes, 0 no (there is nothing, or what a dead one left), -errno it
 * cannot be found out
 */
int ctl_probe(const char *path);

#endif /* DAEMON_CTL_H */
