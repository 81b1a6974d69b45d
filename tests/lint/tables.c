/* SPDX-License-Identifier: MIT */
/*
 * tables.c - what the program's own tables say, for the check of the manuals
 *
 *	KIND<TAB>NAME<TAB>more...
 *
 * A line for each counter, metric, configuration key, control method, event with
 * its fields, field of a connection, and word that a field or the language of
 * impairment may have.  manuals.py reads it.
 */

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_int.h"
#include "daemon/counters.h"
#include "daemon/ctl_int.h"
#include "daemon/history.h"
#include "daemon/log_int.h"
#include "daemon/metrics.h"
#include "daemon/svc/stream_tls.h"
#include "stack/link/impair_lang.h"

#define ROOM (1u << 20)

/* The library's way to say that it found its own error. */
void ustack_assert_failed(const char *what, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

static void print_counters(void)
{
	const struct counter_info *ci;
	size_t n;

	for (ci = counters_table(&n); n--; ci++)
		printf("counter\t%s\t%s\t%s\n", ci->name, ci->unit, ci->help);
}

/* Is it the metric of a counter? */
static bool is_counter(const char *metric, size_t len)
{
	char name[METRICS_NAME_MAX];
	const struct counter_info *ci;
	size_t n;

	for (ci = counters_table(&n); n--; ci++) {
		metrics_name(ci, name);
		if (strlen(name) == len && !memcmp(name, metric, len))
			return true;
	}
	return false;
}

/* The families, from their own text: "# HELP NAME TEXT". */
static void print_metrics(void)
{
	static char text[ROOM];
	static struct metrics m = { .version = "",
				    .counters.tun.mode = "",
				    .nservice = 1 };
	struct svc_text t = { .buf = text, .cap = sizeof(text) };
	static const char mark[] = "# HELP ";
	const char *p = text;

	metrics_write(&m, &t);
	text[t.len] = '\0';
	while ((p = strstr(p, mark))) {
		size_t len = strcspn(p += sizeof(mark) - 1, " ");

		if (!is_counter(p, len))
			printf("metric\t%.*s\t%.*s\n", (int)len, p,
			       (int)strcspn(p + len + 1, "\n"), p + len + 1);
	}
}

static void print_keys(void)
{
	uint32_t n;
	const struct config_key *k = config_keys(&n);

	for (; n--; k++) {
		char expect[256] = "";

		if (k->type->expect)
			k->type->expect(k, expect, sizeof(expect));
		printf("key\t%s\t%s\t%s\t%s\n", k->section, k->name,
		       k->def ? k->def : "", expect);
	}
}

static void print_methods(void)
{
	size_t n;
	const struct ctl_method *m = ctl_methods(&n);

	for (; n--; m++) {
		printf("method\t%s", m->name);
		for (size_t i = 0; i < CTL_PARAMS_MAX && m->params[i]; i++)
			printf("\t%s", m->params[i]);
		printf("\n");
	}
}

/* The names in an object, which is all there is in @j. */
static void print_fields(struct json *j, const char *kind, const char *name)
{
	cJSON *obj = cJSON_ParseWithLength(j->buf, j->len);
	const cJSON *f;

	if (!obj)
		abort();
	printf("%s\t%s", kind, name);
	cJSON_ArrayForEach(f, obj) printf("\t%s", f->string);
	printf("\n");
	cJSON_Delete(obj);
	json_fini(j);
}

/* Each kind of event with all that it can have. */
static void print_events(void)
{
	for (int k = 0; k < USTACK_EVENTS; k++) {
		struct ustack_event ev;
		struct json j;

		memset(&ev, 1, sizeof(ev));
		ev.kind = (uint8_t)k;
		ev.cc = "cubic";
		json_init(&j, ROOM);
		json_obj(&j, NULL);
		log_event_object(&ev, &j);
		json_obj_end(&j);
		print_fields(&j, "event",
			     ustack_event_name((enum ustack_event_kind)k));
	}
}

static void print_connection(void)
{
	static const struct config cfg;
	struct stream_tls_info tls;
	struct ustack_info in;
	struct json j;

	memset(&in, 1, sizeof(in));
	in.state = USTACK_ESTABLISHED;
	in.cc = "cubic";
	in.cc_state = "";
	memset(&tls, 1, sizeof(tls));
	tls.phase = STREAM_TLS_OPEN;
	tls.tls.version = tls.tls.suite = tls.tls.group = tls.tls.kx =
		tls.tls.cipher = tls.tls.mac = "";
	tls.tls.peer[1] = tls.tls.servername[1] = '\0';
	json_init(&j, ROOM);
	ctl_put_conn(&j, NULL, &cfg, &in, &tls);
	print_fields(&j, "object", "connection");
	json_init(&j, ROOM);
	json_obj(&j, NULL);
	json_raw(&j, "x", "0");
	ctl_put_tls(&j, &tls);
	json_obj_end(&j);
	{
		cJSON *obj = cJSON_ParseWithLength(j.buf, j.len);
		const cJSON *f;

		printf("object\ttls");
		cJSON_ArrayForEach(f, cJSON_GetObjectItem(obj, "tls"))
			printf("\t%s", f->string);
		printf("\n");
		cJSON_Delete(obj);
		json_fini(&j);
	}
}

/* Words that a field of an event, or of an answer, may have. */
static void print_words(void)
{
	for (int i = USTACK_CLOSED + 2; i < USTACK_STATES; i++)
		printf("word\tstate\t%s\n", ustack_state_name(i));
	for (int i = USTACK_CAUSE_NONE + 1; i < USTACK_CAUSES; i++)
		printf("word\tcause\t%s\n", ustack_cause_name(i));
	for (int i = 0; i < USTACK_ENDS; i++)
		printf("word\treason\t%s\n", ustack_reason_name(i));
	for (int i = 0; i < USTACK_FAULTS; i++)
		printf("word\tfaults\t%s\n", ustack_fault_name(i));
	for (int i = USTACK_KNOB_NONE + 1; i < USTACK_KNOBS; i++)
		printf("word\tknob\t%s\n", ustack_knob_name(i));
}

/* Limits that a client of the control socket meets. */
static void print_limits(void)
{
	static const unsigned int limits[] = {
		CTL_LINE_MAX,	  CTL_REPLY_MAX,       CTL_DEPTH_MAX,
		CTL_CLIENTS_MAX,  CTL_FDS_MAX,	       CTL_PAGE_MAX,
		CTL_CONNECTS_MAX, CTL_SUBSCRIBERS_MAX, CTL_SUB_MARK,
		CTL_PING_SIZE,	  CTL_PING_TIMEOUT_MS, CTL_PING_TIMEOUT_MAX,
		HISTORY_CONNS,	  HISTORY_HEAD,	       HISTORY_TAIL,
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		printf("limit\t%u\n", limits[i]);
}

/* What the language of impairment expects where it meets @text. */
static void print_expected(const char *kind, const char *text)
{
	static struct impair_script sc;
	struct impair_rule r;
	struct impair_lang_err err = { .want = "nothing" };
	int rc = strcmp(kind, "rule") ? impair_script_parse(text, &sc, &err)
				      : impair_rule_parse(text, &r, &err);

	printf("expected\t%s\t%s\n", kind, rc ? err.want : "nothing");
}

static void print_language(void)
{
	uint32_t n;
	const struct impair_preset *p = impair_presets(&n);

	for (; n--; p++)
		printf("word\tpreset\t%s\n", p->name);
	print_expected("rule", "qqqqqqqqqqqq");
	print_expected("action", "0");
	print_expected("kind", "drop 0");
}

int main(void)
{
	print_counters();
	print_metrics();
	print_keys();
	print_methods();
	print_events();
	print_connection();
	print_words();
	print_limits();
	print_language();
	return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
