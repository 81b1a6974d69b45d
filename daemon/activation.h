/* SPDX-License-Identifier: MIT */
/*
 * activation.h - a control socket that somebody else listens on
 * (sd_listen_fds(3)'s protocol)
 */

#ifndef DAEMON_ACTIVATION_H
#define DAEMON_ACTIVATION_H

#include <stddef.h>

/**
 * activation_take() - Take the socket that whoever started us handed over
 * @path:	where the configuration has the control socket; it must be there
 * @err:	on failure: what was handed over, and what is wrong with it
 * @errlen:	room in @err
 *
 * LISTEN_PID and LISTEN_FDS leave the environment.  The caller owns the
 * descriptor, which neither blocks nor passes an exec; the file belongs to whoever
 * made it.
 *
 * Return: a listening Unix socket, 0 if none was handed over to this process, or
 * -1 if it is not what it should be
 */
int activation_take(const char *path, char *err, size_t errlen);

#endif /* DAEMON_ACTIVATION_H */
