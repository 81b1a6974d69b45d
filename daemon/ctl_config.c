/* SPDX-License-Identifier: MIT */
/*
 * ctl_config.c - config.get
 *
 * What config_print() writes, line by line: the two cannot differ.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ctl_int.h"

/* "[tcp]" or "key = value"; destroys @line. */
static void put_line(struct json *j, char *line, char **section)
{
	char *value = strstr(line, " = ");

	if (line[0] == '[') {
		line[strcspn(line, "]")] = '\0';
		*section = line + 1;
		return;
	}
	if (!value)
		return;
	*value = '\0';
	json_obj(j, NULL);
	json_str(j, "section", *section);
	json_str(j, "key", line);
	json_str(j, "value", value + strlen(" = "));
	json_obj_end(j);
}

static void put_all(struct json *j, char *text)
{
	char *section = text;
	char *line;

	while ((line = strsep(&text, "\n")))
		put_line(j, line, &section);
}

void ctl_config_get(struct ctl_request *rq)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct json *j;

	if (out) {
		config_print(rq->client->ctl->cfg, out);
		if (fclose(out)) {
			free(text);
			text = NULL;
		}
	}
	if (!text) {
		ctl_reply_error(rq, CTL_E_REFUSED, "out of memory");
		return;
	}
	j = ctl_reply_begin(rq);
	if (j) {
		json_obj(j, "result");
		json_arr(j, "config");
		put_all(j, text);
		json_arr_end(j);
		json_obj_end(j);
	}
	ctl_reply_end(rq);
	free(text);
}
