/* SPDX-License-Identifier: MIT */
/*
 * note.c - what services have to say for the log
 */

#include "note.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "svc.h"
#include "svc_loop.h"

#define SECOND_US 1000000u

static bool admit(struct svc_notes *n)
{
	uint64_t now_us = svc_now_us(n->loop);

	if (now_us - n->since_us >= SECOND_US) {
		n->since_us = now_us;
		n->said = 0;
	}
	if (n->said >= SVC_NOTES_A_SECOND) {
		n->held++;
		return false;
	}
	n->said++;
	return true;
}

void svc_note(struct service *sv, uint64_t conn, const char *fmt, ...)
{
	struct svc_notes *n = sv->notes;
	char text[SVC_NOTE_MAX];
	struct svc_text t = { .buf = text, .cap = sizeof(text) };
	char line[SVC_NOTE_MAX - 128];
	va_list ap;

	if (!n || !n->tell || !admit(n))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	svc_text_add(&t, "service %s: %s", sv->name, line);
	if (n->held)
		svc_text_add(&t, " (%llu more of services held back)",
			     (unsigned long long)n->held);
	n->held = 0;
	n->tell(n->arg, conn, text);
}
