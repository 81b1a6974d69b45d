/* SPDX-License-Identifier: MIT */
/*
 * svc.c - starts the configured services and counts what they do
 */

#include "svc_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "stream_tcp.h"
#include "stream_tls.h"

const struct svc *svc_find(const char *name)
{
	static const struct svc *const types[] = {
		&svc_echo, &svc_discard, &svc_chargen, &svc_http, &svc_forward,
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i]->name, name) == 0)
			return types[i];
	return NULL;
}

void svc_text_add(struct svc_text *t, const char *fmt, ...)
{
	size_t room = t->cap - t->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = t->full ? 0 : vsnprintf(t->buf + t->len, room, fmt, ap);
	va_end(ap);
	t->full |= n < 0 || (size_t)n >= room;
	if (!t->full)
		t->len += (size_t)n;
}

void service_opened(struct stream *st)
{
	struct service *sv = st->service;

	service_count(&sv->accepted, 1);
	service_count(&sv->open, 1);
	if (sv->svc->opened)
		sv->svc->opened(st);
}

void service_connecting(struct service *sv)
{
	service_count(&sv->open, 1);
}

void service_connected(struct stream *st)
{
	if (st->service->svc->opened)
		st->service->svc->opened(st);
}

void service_closed(struct stream *st)
{
	struct service *sv = st->service;

	if (sv->svc->closed)
		sv->svc->closed(st);
	if (sv->faults)
		faults_forget(sv->faults, st);
	service_count(&sv->open, (uint64_t)-1);
}

struct stream_buf *stream_buf_new(struct service *sv, const void *bytes,
				  uint32_t len)
{
	return sv->ops->buf_new(sv->host, bytes, len);
}

void stream_buf_free(struct service *sv, struct stream_buf *b)
{
	if (b)
		sv->ops->buf_free(b);
}

static void service_stop(struct service *sv)
{
	if (sv->svc->stop)
		sv->svc->stop(sv);
}

/* Plain TCP, or secure channels on top of it. */
static int choose_kind(struct svc_set *set, struct service *sv, bool tls)
{
	sv->ops = tls ? &stream_tls_ops : &stream_tcp_ops;
	sv->host = tls ? (void *)set->tls : (void *)set->stack;
	return tls && !set->tls ? -ERR_INVAL : 0;
}

int service_listen(struct svc_set *set, struct service *sv)
{
	if (!sv->tls)
		return stream_tcp_listen(set->stack, set->tcp, sv);
	if (tls_set_has_context(set->tls))
		return stream_tls_listen(set->tls, sv);
	snprintf(sv->why, sizeof(sv->why),
		 "tls=yes, but there are no credentials");
	return -ERR_INVAL;
}

/* One that leads to the same place already. */
static const struct service *find_like(const struct svc_set *set,
				       const struct service *sv)
{
	for (uint32_t i = 0; i < set->n; i++)
		if (set->service[i]->svc == sv->svc &&
		    !strcmp(set->service[i]->target, sv->target))
			return set->service[i];
	return NULL;
}

int service_start(struct svc_set *set, struct service *sv,
		  const struct svc_wanted *wanted)
{
	int rc;

	sv->svc = svc_find(wanted->type);
	if (!sv->svc)
		return -ERR_INVAL;
	snprintf(sv->name, sizeof(sv->name), "%s", wanted->name);
	sv->port = wanted->port;
	sv->backlog = wanted->backlog;
	snprintf(sv->cc, sizeof(sv->cc), "%s", svc_or_empty(wanted->cc));
	sv->pages = wanted->pages;
	sv->tls = wanted->tls;
	snprintf(sv->target, sizeof(sv->target), "%s",
		 svc_or_empty(wanted->target));
	sv->loop = set->loop;
	sv->faults = set->faults;
	sv->counters = set->counters;
	sv->notes = set->loop ? &set->notes : NULL;
	sv->like = find_like(set, sv);
	rc = choose_kind(set, sv, sv->tls);
	if (rc == 0 && sv->svc->start)
		rc = sv->svc->start(sv);
	sv->like = NULL;
	return rc;
}

void service_free(struct service *sv)
{
	if (sv->svc)
		service_stop(sv);
	free(sv);
}

static struct svc_set *set_alloc(const struct svc_args *a)
{
	struct svc_set *set = aligned_alloc(_Alignof(struct svc_set),
					    sizeof(*set));

	if (!set)
		return NULL;
	memset(set, 0, sizeof(*set));
	set->stack = a->stack;
	set->loop = a->loop;
	set->notes = (struct svc_notes){ .tell = a->tell,
					 .arg = a->arg,
					 .loop = a->loop };
	for (uint32_t i = 0; i < 2; i++) {
		set->dialler[i].svc = &svc_dial;
		set->dialler[i].loop = a->loop;
		set->dialler[i].shared = &set->diallers[i];
		snprintf(set->dialler[i].name, sizeof(set->dialler[i].name),
			 "%s", svc_dial.name);
	}
	set->faults = faults_new();
	if (set->faults)
		return set;
	free(set);
	return NULL;
}

static int make_kinds(struct svc_set *set, const struct svc_args *a)
{
	set->tcp = stream_tcp_register(a->stack);
	if (set->tcp < 0)
		return set->tcp;
	if (!a->loop)
		return 0;
	set->tls = tls_set_new(a, set->counters);
	return set->tls ? 0 : -ERR_NOMEM;
}

struct svc_set *svc_set_new(const struct svc_args *a,
			    const struct svc_wanted *wanted, uint32_t n,
			    char *err, size_t errlen)
{
	struct svc_set *set = set_alloc(a);
	int rc = set ? make_kinds(set, a) : -ERR_NOMEM;

	if (rc) {
		snprintf(err, errlen, "services: %s", err_str(rc));
		svc_set_free(set);
		return NULL;
	}
	if (svc_set_apply(set, wanted, n, err, errlen)) {
		svc_set_free(set);
		return NULL;
	}
	return set;
}

int svc_connect(struct svc_set *set, struct service *sv,
		const struct stream_connect_args *a, struct stream *st)
{
	int rc = choose_kind(set, sv, a->tls != NULL);

	if (rc)
		return rc;
	sv->faults = set->faults;
	sv->counters = set->counters;
	sv->notes = set->loop ? &set->notes : NULL;
	*st = (struct stream){ .ops = sv->ops,
			       .host = sv->host,
			       .service = sv };
	if (a->tls)
		return stream_tls_connect(set->tls, sv, a, &st->conn);
	return stream_tcp_connect(set->stack, set->tcp, sv, a, &st->conn);
}

struct service *svc_set_dialler(struct svc_set *set, bool tls)
{
	return &set->dialler[tls];
}

void svc_set_hang_up(struct svc_set *set)
{
	for (uint32_t i = 0; i < 2; i++)
		service_stop(&set->dialler[i]);
}

void service_unlisten(struct svc_set *set, struct service *sv)
{
	if (sv->listener >= 0)
		stream_tcp_unlisten(set->stack, sv->listener);
	sv->listener = -1;
}

void svc_set_unlisten(struct svc_set *set)
{
	for (uint32_t i = 0; i < set->n; i++)
		service_unlisten(set, set->service[i]);
}

void svc_set_free(struct svc_set *set)
{
	struct service *sv;

	if (!set)
		return;
	svc_set_unlisten(set);
	svc_set_hang_up(set);
	for (uint32_t i = 0; i < set->n; i++)
		service_free(set->service[i]);
	while ((sv = set->retired)) {
		set->retired = sv->next;
		service_free(sv);
	}
	tls_set_free(set->tls);
	faults_free(set->faults);
	free(set->service);
	free(set);
}

void svc_set_tls(struct svc_set *set, struct tls_context *ctx)
{
	tls_set_context(set->tls, ctx);
}

void svc_set_limits(struct svc_set *set, const struct svc_tls_limits *l)
{
	tls_set_limits(set->tls, l);
}

struct tls_set *svc_secure(struct svc_set *set)
{
	return set->tls;
}

void svc_tls_gauges(const struct svc_set *set, struct svc_tls_gauges *g)
{
	*g = (struct svc_tls_gauges){ 0 };
	if (set->tls)
		tls_set_gauges(set->tls, g);
}

int svc_close(struct svc_set *set, uint64_t conn)
{
	return set->tls ? stream_tls_close(set->tls, conn) : -ERR_NOENT;
}

uint32_t svc_set_count(const struct svc_set *set)
{
	return set->n;
}

void svc_set_stats(const struct svc_set *set, uint32_t i, struct svc_stats *st)
{
	const struct service *sv = set->service[i];

	st->name = sv->name;
	st->type = sv->svc->name;
	st->port = sv->port;
	st->tls = sv->tls;
	st->target = sv->target;
	st->open = __atomic_load_n(&sv->open, __ATOMIC_RELAXED);
	st->accepted = __atomic_load_n(&sv->accepted, __ATOMIC_RELAXED);
	st->bytes_in = __atomic_load_n(&sv->bytes_in, __ATOMIC_RELAXED);
	st->bytes_out = __atomic_load_n(&sv->bytes_out, __ATOMIC_RELAXED);
}

const uint64_t *svc_set_counters(const struct svc_set *set)
{
	return set->counters;
}

/* ------------------------------------------------------------------ faults */

int svc_fault_set(struct svc_set *set, const struct svc_fault *f)
{
	return faults_add(set->faults, f);
}

uint32_t svc_fault_off(struct svc_set *set, uint64_t id, uint16_t port)
{
	return faults_remove(set->faults, id, port);
}

uint32_t svc_faults(const struct svc_set *set,
		    struct svc_fault out[SVC_FAULTS_MAX])
{
	return faults_list(set->faults, out);
}

bool svc_set_ticks(const struct svc_set *set)
{
	return faults_slow(set->faults);
}

void svc_set_tick(struct svc_set *set, uint64_t now_us)
{
	faults_tick(set->faults, now_us);
}
