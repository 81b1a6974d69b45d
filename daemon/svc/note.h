/* SPDX-License-Identifier: MIT */
/*
 * note.h - what services have to say for the log
 *
 * A service's thread is not the one that writes the log, and strangers may make
 * it say things: so a second has room for few notes, and how many more there
 * were is said by the next one.
 */

#ifndef DAEMON_SVC_NOTE_H
#define DAEMON_SVC_NOTE_H

#include <stdint.h>

struct service;
struct svc_loop;

#define SVC_NOTES_A_SECOND 10u
#define SVC_NOTE_MAX	   1000u /* bytes, the end of the string included */

/**
 * struct svc_notes - where notes go
 * @tell:	takes a line and the number of the connection that it is about, 0 =
 *		none, on the services' thread; NULL = nobody does
 * @arg:	its argument
 * @loop:	tells the time; borrowed
 * @since_us:	begin of the second that is counted
 * @said:	notes in it
 * @held:	notes that found no room since the last that did
 */
struct svc_notes {
	void (*tell)(void *arg, uint64_t conn, const char *text);
	void *arg;
	const struct svc_loop *loop;
	uint64_t since_us;
	uint32_t said;
	uint64_t held;
};

/**
 * svc_note() - Have a line logged, as a warning
 * @sv:		service; "service NAME: " is put in front
 * @conn:	number of the connection that it is about, 0 = none
 * @fmt:	the line, as printf(); no bytes of a peer's, nothing secret
 */
__attribute__((format(printf, 3, 4))) void svc_note(struct service *sv,
						    uint64_t conn,
						    const char *fmt, ...);

#endif /* DAEMON_SVC_NOTE_H */
