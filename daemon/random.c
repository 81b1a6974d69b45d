/* SPDX-License-Identifier: MIT */
/*
 * random.c - random bytes, by the kernel
 *
 * System calls: getrandom.
 */

#include "daemon/random.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

int random_fill(void *arg, void *buf, size_t len)
{
	uint8_t *at = buf;

	(void)arg;
	while (len) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return 0;
}
