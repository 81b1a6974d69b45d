/* SPDX-License-Identifier: MIT */
/*
 * random.h - random bytes, by the kernel
 */

#ifndef DAEMON_RANDOM_H
#define DAEMON_RANDOM_H

#include <stddef.h>

/**
 * random_fill() - Fill memory with random bytes, as struct tls_context_args asks
 * @arg:	not looked at
 * @buf:	filled
 * @len:	its bytes
 *
 * Return: 0, or -1 if the kernel gives none
 */
int random_fill(void *arg, void *buf, size_t len);

#endif /* DAEMON_RANDOM_H */
