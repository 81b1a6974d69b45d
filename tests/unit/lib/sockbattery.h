/* SPDX-License-Identifier: MIT */
/*
 * sockbattery.h - what holds for any TCP socket, as a transcript
 *
 * One scenario is played over a table of socket calls and writes down what
 * each call answered.  Played over kernel sockets and over ours, the two
 * transcripts must be the same: the kernel is the judge.
 */

#ifndef TESTS_UNIT_LIB_SOCKBATTERY_H
#define TESTS_UNIT_LIB_SOCKBATTERY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TALK_MAX 16384u

/**
 * struct sockapi - socket calls; each returns the call's result or -errno
 *
 * The client's sockets are made with @side 0, the server's with 1.
 */
struct sockapi {
	int (*socket)(int side);
	int (*bind)(int fd, int any, uint16_t port);
	int (*listen)(int fd, int backlog);
	int (*accept)(int fd);
	int (*connect)(int fd, uint16_t port);
	int (*port_of)(int fd, int peer);
	ssize_t (*send)(int fd, const void *buf, size_t len, int flags);
	ssize_t (*recv)(int fd, void *buf, size_t len, int flags);
	int (*shutdown)(int fd, int how);
	int (*close)(int fd);
	int (*poll)(int fd, int events);
	int (*setopt)(int fd, int level, int name, int value);
	int (*getopt)(int fd, int level, int name);
	int (*linger)(int fd, int on, int seconds);
	int (*ioctl)(int fd, unsigned long request);
	void (*settle)(void);
};

/**
 * struct talk - a transcript
 * @a:		the calls
 * @len:	bytes of @text
 * @text:	one line a step, NUL at the end
 */
struct talk {
	const struct sockapi *a;
	size_t len;
	char text[TALK_MAX];
};

/**
 * struct sockscene - a scenario
 * @name:	for people
 * @play:	plays it
 */
struct sockscene {
	const char *name;
	void (*play)(struct talk *t);
};

/** sockbattery() - All scenarios; @n is set to their number */
const struct sockscene *sockbattery(size_t *n);

/** kernel_sockets() - The kernel's, on the loopback of a namespace if one can be had */
const struct sockapi *kernel_sockets(void);

#endif /* TESTS_UNIT_LIB_SOCKBATTERY_H */
