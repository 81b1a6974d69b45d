/* SPDX-License-Identifier: MIT */
/*
 * confrig.h - a configuration loaded from text, and what was said about it
 */

#ifndef UNIT_DAEMON_CONFRIG_H
#define UNIT_DAEMON_CONFRIG_H

#include <stddef.h>

#include "daemon/config.h"

/**
 * struct conf_rig - zero at first
 * @path:	of the file there was
 * @cfg:	configuration, if there were no errors
 * @messages:	about errors
 * @len:	bytes of them
 */
struct conf_rig {
	char path[64];
	struct config cfg;
	char *messages;
	size_t len;
};

/**
 * conf_load() - Load @text by way of a temporary file
 * @t:		rig
 * @text:	text of the file
 * @override:	of -o, or NULL
 *
 * Return: the number of errors
 */
int conf_load(struct conf_rig *t, const char *text, const char *override);

/** conf_print() - What ustackd -t would print, to be freed */
char *conf_print(const struct conf_rig *t);

/** conf_free() - Free the messages */
void conf_free(struct conf_rig *t);

#endif /* UNIT_DAEMON_CONFRIG_H */
