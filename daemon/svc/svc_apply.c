/* SPDX-License-Identifier: MIT */
/*
 * svc_apply.c - other services in place of those there are
 *
 *	wanted, and there just so	--> left alone
 *	wanted				--> started, and listens
 *	not wanted any more		--> retired --last connection over--> freed,
 *							at the next change
 *
 * New ones listen before old ones go, but for ports that change hands.
 */

#include "svc_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "stream_tls.h"

/* Why a service did not start. */
static void start_error(const struct service *sv,
			const struct svc_wanted *wanted, int rc, char *err,
			size_t errlen)
{
	const char *why = sv && sv->why[0] ? sv->why : err_str(rc);

	snprintf(err, errlen, "service %s: %s on port %u: %s", wanted->name,
		 wanted->type, wanted->port, why);
}

static bool is_same(const struct service *sv, const struct svc_wanted *w)
{
	return !strcmp(sv->name, w->name) && !strcmp(sv->svc->name, w->type) &&
	       sv->port == w->port && sv->backlog == w->backlog &&
	       sv->tls == w->tls && !strcmp(sv->cc, svc_or_empty(w->cc)) &&
	       !strcmp(sv->target, svc_or_empty(w->target));
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
				service_unlisten(set, old);
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
		rc = service_listen(set, list[i]);
		if (rc)
			start_error(list[i], &wanted[i], rc, err->buf,
				    err->cap);
	}
	if (!rc)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		if (is_new(set, list[i]))
			service_unlisten(set, list[i]);
	for (uint32_t i = 0; i < set->n; i++)
		if (set->service[i]->listener < 0 &&
		    service_listen(set, set->service[i]))
			svc_note(set->service[i], 0,
				 "listens no more; restart");
	return rc;
}

/**
 * struct moves - from services to others
 * @was:	services until now
 * @list:	services from now on
 * @n:		entries in @list
 */
struct moves {
	const struct svc_set *was;
	struct service *const *list;
	uint32_t n;
};

/* Where the service of a port listens now, 0 = it has gone. */
static uint16_t port_now(const void *arg, uint16_t port)
{
	const struct moves *m = arg;
	const struct service *old = NULL;

	for (uint32_t i = 0; i < m->was->n && !old; i++)
		if (m->was->service[i]->port == port)
			old = m->was->service[i];
	if (!old)
		return port;
	for (uint32_t i = 0; i < m->n; i++)
		if (!strcmp(m->list[i]->name, old->name))
			return m->list[i]->port;
	return 0;
}

/* Those that nobody wants any more serve the connections they have. */
static void retire(struct svc_set *set, struct service *const *list, uint32_t n)
{
	for (uint32_t i = 0; i < set->n; i++) {
		struct service *sv = set->service[i];

		if (is_among(list, n, sv))
			continue;
		service_unlisten(set, sv);
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
	faults_follow(set->faults, port_now,
		      &(struct moves){ .was = set, .list = list, .n = n });
	retire(set, list, n);
	free(set->service);
	set->service = list;
	set->n = n;
	return 0;
}

uint32_t svc_set_retired(const struct svc_set *set, uint64_t *open)
{
	uint32_t n = 0;

	*open = 0;
	for (const struct service *sv = set->retired; sv; sv = sv->next) {
		*open += __atomic_load_n(&sv->open, __ATOMIC_RELAXED);
		n++;
	}
	return n;
}
