/* SPDX-License-Identifier: MIT */
/*
 * confrig.c - a configuration loaded from text, and what was said about it
 */

#include "confrig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int conf_load(struct conf_rig *t, const char *text, const char *override)
{
	struct config_source src = { .path = t->path,
				     .override = &override,
				     .noverride = override ? 1 : 0,
				     .tun_fd = -1 };
	FILE *out;
	int fd;
	int n;

	(void)snprintf(t->path, sizeof(t->path), "/tmp/ustack-test.XXXXXX");
	fd = mkstemp(t->path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	(void)close(fd);
	free(t->messages);
	out = open_memstream(&t->messages, &t->len);
	n = config_load(&t->cfg, &src, out);
	(void)fclose(out);
	(void)unlink(t->path);
	return n;
}

char *conf_print(const struct conf_rig *t)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	config_print(&t->cfg, out);
	(void)fclose(out);
	return text;
}

void conf_free(struct conf_rig *t)
{
	free(t->messages);
	t->messages = NULL;
}
