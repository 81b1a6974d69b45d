/* SPDX-License-Identifier: MIT */
/*
 * notify.h - telling systemd how the daemon fares (sd_notify(3)'s protocol)
 */

#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

/**
 * notify() - Send one notification
 * @state:	assignments, one a line: "READY=1\nSTATUS=..."
 *
 * Without NOTIFY_SOCKET in the environment, nothing happens; nobody needs to
 * know whether it arrived.
 */
void notify(const char *state);

#endif /* DAEMON_NOTIFY_H */
