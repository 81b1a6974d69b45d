/* SPDX-License-Identifier: MIT */
/*
 * ctl_rig_ask.c - questions to a control socket, and what the answers have
 */

#include <string.h>
#include <unistd.h>

#include "ctl_rig.h"

/* Ask and parse the answer. */
cJSON *rig_ask(int fd, const char *text)
{
	cJSON *reply;

	rig_say(fd, text, strlen(text));
	rig_say(fd, "\n", 1);
	ck_assert_msg(rig_hear(fd), "no answer to %s", text);
	reply = cJSON_Parse(rig.line);
	ck_assert_msg(reply, "no JSON: %s", rig.line);
	return reply;
}

void rig_expect(const char *ask, const char *want)
{
	int fd = rig_dial();

	cJSON_Delete(rig_ask(fd, ask));
	ck_assert_msg(strstr(rig.line, want), "%s: %s", ask, rig.line);
	(void)close(fd);
}

const cJSON *rig_at(const cJSON *obj, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(obj, key);
}
