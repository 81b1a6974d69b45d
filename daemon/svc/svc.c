/* SPDX-License-Identifier: MIT */
/*
 * svc.c - starts the configured services and counts what they do
 */

#include "svc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dial_int.h"
#include "fault.h"
#include "note.h"
#include "stream_tcp.h"
#include "stream_tls.h"
#include "svc_mib.h"

/**
 * struct svc_set - the services of a stack
 * @stack:	the stack; borrowed
 * @tcp:	ops_id of plain connections
 * @tls:		secure channels, NULL = there can be none
 * @loop:	the loop; borrowed, NULL = none
 * @faults:	faults of their reading
 * @counters:	counters, of all together
 * @notes:	what they say for the log
 * @dialler:	what connections belong to that we open: plain, secure
 * @diallers:	their @shared
 * @n:		services
 * @service:	they
 * @retired:	those that listen no more, until their connections are over
 */
struct svc_set {
	struct ustack *stack;
	int tcp;
	struct tls_set *tls;
	const struct svc_loop *loop;
	struct faults *faults;
	uint64_t counters[SVC_COUNTERS_MAX];
	struct svc_notes notes;
	struct service dialler[2];
	struct diallers diallers[2];
	uint32_t n;
	struct service **service;
	struct service *retired;
};

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

static int listen_on(struct svc_set *set, struct service *sv)
{
	if (!sv->tls)
		return stream_tcp_listen(set->stack, set->tcp, sv);
	if (tls_set_has_context(set->tls))
		return stream_tls_listen(set->tls, sv);
	snprintf(sv->why, sizeof(sv->why),
		 "tls=yes, but there are no credentials");
	return -ERR_INVAL;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
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

/* A service that does not listen yet; @sv->why may say what is wrong. */
static int service_start(struct svc_set *set, struct service *sv,
			 const struct svc_wanted *wanted)
{
	int rc;

	sv->svc = svc_find(wanted->type);
	if (!sv->svc)
		return -ERR_INVAL;
	snprintf(sv->name, sizeof(sv->name), "%s", wanted->name);
	sv->port = wanted->port;
	sv->backlog = wanted->backlog;
	snprintf(sv->cc, sizeof(sv->cc), "%s", or_empty(wanted->cc));
	sv->pages = wanted->pages;
	sv->tls = wanted->tls;
	snprintf(sv->target, sizeof(sv->target), "%s",
		 or_empty(wanted->target));
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

static void service_free(struct service *sv)
{
	if (sv->svc)
		service_stop(sv);
	free(sv);
}

/* Why a service did not start. */
static void start_error(const struct service *sv,
			const struct svc_wanted *wanted, int rc, char *err,
			size_t errlen)
{
	const char *why = sv && sv->why[0] ? sv->why : err_str(rc);

	snprintf(err, errlen, "service %s: %s on port %u: %s", wanted->name,
		 wanted->type, wanted->port, why);
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

static void unlisten(struct svc_set *set, struct service *sv)
{
	if (sv->listener >= 0)
		stream_tcp_unlisten(set->stack, sv->listener);
	sv->listener = -1;
}

void svc_set_unlisten(struct svc_set *set)
{
	for (uint32_t i = 0; i < set->n; i++)
		unlisten(set, set->service[i]);
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

/* ------------------------------------------------------------ other services */

static bool is_same(const struct service *sv, const struct svc_wanted *w)
{
	return !strcmp(sv->name, w->name) && !strcmp(sv->svc->name, w->type) &&
	       sv->port == w->port && sv->backlog == w->backlog &&
	       sv->tls == w->tls && !strcmp(sv->cc, or_empty(w->cc)) &&
	       !strcmp(sv->target, or_empty(w->target));
}

/* The service that is there already, NULL = none is like that. */
static struct service *find_same(const struct svc_set *set,
				 const struct svc_wanted *w)
{
	for (uint32_t i = 0; i < set->n; i++)
		if (is_same(set->service[i], w))
			return set->service[i];
	return NULL;
}

static bool is_among(struct service *const *list, uint32_t n,
		     const struct service *sv)
{
	for (uint32_t i = 0; i < n; i++)
		if (list[i] == sv)
			return true;
	return false;
}

static bool is_new(const struct svc_set *set, const struct service *sv)
{
	return !is_among(set->service, set->n, sv);
}

static bool has_connections(const struct svc_set *set, const struct service *sv)
{
	return sv->open > 0 || (set->tls && tls_set_serves(set->tls, sv));
}

/* Free those whose last connection is over. */
static void sweep(struct svc_set *set)
{
	struct service **at = &set->retired;

	while (*at) {
		struct service *sv = *at;

		if (has_connections(set, sv)) {
			at = &sv->next;
			continue;
		}
		*at = sv->next;
		service_free(sv);
	}
}

/* What is wanted, in the services that are there and in new ones. */
static int make_all(struct svc_set *set, const struct svc_wanted *wanted,
		    uint32_t n, struct service **list, struct svc_text *err)
{
	for (uint32_t i = 0; i < n; i++) {
		struct service *sv = find_same(set, &wanted[i]);
		int rc;

		if (sv) {
			list[i] = sv;
			continue;
		}
		sv = aligned_alloc(_Alignof(struct service), sizeof(*sv));
		if (sv)
			memset(sv, 0, sizeof(*sv));
		list[i] = sv;
		if (sv)
			sv->listener = -1;
		rc = sv ? service_start(set, sv, &wanted[i]) : -ERR_NOMEM;
		if (rc) {
			start_error(sv, &wanted[i], rc, err->buf, err->cap);
			return rc;
		}
	}
	return 0;
}

/* Those whose port somebody new wants let go of it. */
static void release_ports(struct svc_set *set, struct service *const *list,
			  uint32_t n)
{
	for (uint32_t i = 0; i < set->n; i++) {
		struct service *old = set->service[i];

		for (uint32_t j = 0; j < n; j++)
			if (is_new(set, list[j]) && list[j]->port == old->port)
				unlisten(set, old);
	}
}

/* The new services listen, or all is as it was. */
static int listen_all(struct svc_set *set, struct service *const *list,
		      const struct svc_wanted *wanted, uint32_t n,
		      struct svc_text *err)
{
	int rc = 0;

	release_ports(set, list, n);
	for (uint32_t i = 0; i < n && !rc; i++) {
		if (!is_new(set, list[i]))
			continue;
		rc = listen_on(set, list[i]);
		if (rc)
			start_error(list[i], &wanted[i], rc, err->buf,
				    err->cap);
	}
	if (!rc)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		if (is_new(set, list[i]))
			unlisten(set, list[i]);
	for (uint32_t i = 0; i < set->n; i++)
		if (set->service[i]->listener < 0)
			(void)listen_on(set, set->service[i]);
	return rc;
}

/* Those that nobody wants any more serve the connections they have. */
static void retire(struct svc_set *set, struct service *const *list, uint32_t n)
{
	for (uint32_t i = 0; i < set->n; i++) {
		struct service *sv = set->service[i];

		if (is_among(list, n, sv))
			continue;
		unlisten(set, sv);
		sv->next = set->retired;
		set->retired = sv;
	}
}

int svc_set_apply(struct svc_set *set, const struct svc_wanted *wanted,
		  uint32_t n, char *err, size_t errlen)
{
	struct service **list = calloc(n + 1u, sizeof(struct service *));
	struct svc_text text = { .buf = err, .cap = errlen };
	int rc;

	sweep(set);
	if (!list) {
		snprintf(err, errlen, "services: %s", err_str(-ERR_NOMEM));
		return -ERR_NOMEM;
	}
	rc = make_all(set, wanted, n, list, &text);
	if (!rc)
		rc = listen_all(set, list, wanted, n, &text);
	if (rc) {
		for (uint32_t i = 0; i < n && list[i]; i++)
			if (is_new(set, list[i]))
				service_free(list[i]);
		free(list);
		return rc;
	}
	retire(set, list, n);
	free(set->service);
	set->service = list;
	set->n = n;
	return 0;
}

uint32_t svc_set_retired(const struct svc_set *set)
{
	uint32_t n = 0;

	for (const struct service *sv = set->retired; sv; sv = sv->next)
		n++;
	return n;
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
