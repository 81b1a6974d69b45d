/* SPDX-License-Identifier: MIT */
/*
 * fault.c - services that stop reading, or read slowly, by intent
 *
 * A slow reader has a credit in millionths of a byte, which grows with time by
 * its rate and shrinks by what is read; what it may save up is bounded, so that
 * an idle one does not read all at once.
 */

#include "fault.h"

#include <stdlib.h>
#include <string.h>

#include "stream.h"
#include "svc.h"

#define CREDIT_BYTE 1000000u /* of credit is one byte */
#define SAVED_US    100000u  /* of time is what may be saved up */
#define GAP_US	    1000000u /* longest time between two ticks that counts */

/**
 * struct held - a connection whose service wanted to read more than it may
 * @ops:	kind of its stream
 * @host:	what @ops works on
 * @conn:	as streams of all kinds name it
 * @port:	its service's
 * @credit:	what it may read
 */
struct held {
	const struct stream_ops *ops;
	void *host;
	uint64_t conn;
	uint16_t port;
	uint64_t credit;
};

/**
 * struct faults - all faults of a set of services
 * @last_us:	time of the last tick, 0 = none since there was a slow reader
 * @n:		entries in @fault
 * @nheld:	entries in @held
 * @fault:	faults
 * @held:	who is held back, in no order
 */
struct faults {
	uint64_t last_us;
	uint32_t n;
	uint32_t nheld;
	struct svc_fault fault[SVC_FAULTS_MAX];
	struct held held[SVC_FAULT_HELD];
};

struct faults *faults_new(void)
{
	return calloc(1, sizeof(struct faults));
}

void faults_free(struct faults *f)
{
	free(f);
}

/* The fault for a connection: its own comes before that of its port. */
static const struct svc_fault *fault_of(const struct faults *f, uint64_t conn,
					uint16_t port)
{
	const struct svc_fault *found = NULL;

	for (uint32_t i = 0; i < f->n; i++) {
		const struct svc_fault *fault = &f->fault[i];

		if (fault->id && fault->conn == conn)
			return fault;
		if (!fault->id && fault->port == port)
			found = fault;
	}
	return found;
}

static struct held *held_find(struct faults *f, uint64_t conn)
{
	for (uint32_t i = 0; i < f->nheld; i++)
		if (f->held[i].conn == conn)
			return &f->held[i];
	return NULL;
}

static void held_drop(struct faults *f, struct held *h)
{
	*h = f->held[--f->nheld];
}

/* Let go who has no fault any more, and have its service read. */
static void let_go(struct faults *f)
{
	for (uint32_t i = f->nheld; i-- > 0;) {
		const struct held h = f->held[i];

		if (fault_of(f, h.conn, h.port))
			continue;
		held_drop(f, &f->held[i]);
		(void)h.ops->poke(h.host, h.conn);
	}
}

/* ----------------------------------------------------------------- changes */

int faults_add(struct faults *f, const struct svc_fault *fault)
{
	uint32_t i = 0;

	while (i < f->n && (f->fault[i].id != fault->id ||
			    (!fault->id && f->fault[i].port != fault->port)))
		i++;
	if (i == SVC_FAULTS_MAX)
		return -ERR_LIMIT;
	if (!faults_slow(f))
		f->last_us = 0;
	f->fault[i] = *fault;
	if (i == f->n)
		f->n++;
	return 0;
}

uint32_t faults_remove(struct faults *f, uint64_t id, uint16_t port)
{
	uint32_t left = 0;
	uint32_t was = f->n;

	for (uint32_t i = 0; i < was; i++)
		if (f->fault[i].id != id || (!id && f->fault[i].port != port))
			f->fault[left++] = f->fault[i];
	f->n = left;
	let_go(f);
	return was - left;
}

void faults_follow(struct faults *f,
		   uint16_t (*to)(const void *arg, uint16_t port),
		   const void *arg)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		struct svc_fault fault = f->fault[i];

		if (!fault.id)
			fault.port = to(arg, fault.port);
		if (fault.id || fault.port)
			f->fault[left++] = fault;
	}
	f->n = left;
	let_go(f);
}

void faults_forget(struct faults *f, const struct stream *st)
{
	struct held *h = held_find(f, st->conn);
	uint32_t left = 0;

	if (h)
		held_drop(f, h);
	for (uint32_t i = 0; i < f->n; i++)
		if (!f->fault[i].id || f->fault[i].conn != st->conn)
			f->fault[left++] = f->fault[i];
	f->n = left;
}

uint32_t faults_list(const struct faults *f,
		     struct svc_fault out[SVC_FAULTS_MAX])
{
	memcpy(out, f->fault, f->n * sizeof(out[0]));
	for (uint32_t i = 0; i < f->n; i++)
		out[i].held = 0;
	for (uint32_t i = 0; i < f->nheld; i++) {
		const struct svc_fault *fault = fault_of(f, f->held[i].conn,
							 f->held[i].port);

		if (fault)
			out[fault - f->fault].held++;
	}
	return f->n;
}

/* -------------------------------------------------------------------- time */

bool faults_slow(const struct faults *f)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (f->fault[i].bytes_per_s)
			return true;
	return false;
}

static void earn(struct held *h, uint64_t bytes_per_s, uint64_t us)
{
	uint64_t most = bytes_per_s * SAVED_US;

	if (most < CREDIT_BYTE)
		most = CREDIT_BYTE;
	h->credit += bytes_per_s * us;
	if (h->credit > most)
		h->credit = most;
}

void faults_tick(struct faults *f, uint64_t now_us)
{
	uint64_t us = f->last_us && now_us > f->last_us ? now_us - f->last_us
							: 0;

	f->last_us = now_us;
	if (us > GAP_US)
		us = GAP_US;
	for (uint32_t i = f->nheld; i-- > 0;) {
		struct held *h = &f->held[i];
		const struct svc_fault *fault = fault_of(f, h->conn, h->port);

		if (!fault || !fault->bytes_per_s)
			continue;
		earn(h, fault->bytes_per_s, us);
		if (h->credit >= CREDIT_BYTE &&
		    h->ops->poke(h->host, h->conn) < 0)
			held_drop(f, h);
	}
}

/* ----------------------------------------------------------------- streams */

size_t faults_allow(struct faults *f, const struct stream *st)
{
	const struct svc_fault *fault;
	struct held *h;

	if (!f->n)
		return SIZE_MAX;
	fault = fault_of(f, st->conn, st->service->port);
	if (!fault)
		return SIZE_MAX;
	h = held_find(f, st->conn);
	if (!h && f->nheld == SVC_FAULT_HELD)
		return SIZE_MAX;
	if (!h) {
		h = &f->held[f->nheld++];
		*h = (struct held){ .ops = st->ops,
				    .host = st->host,
				    .conn = st->conn,
				    .port = st->service->port };
	}
	return fault->bytes_per_s ? h->credit / CREDIT_BYTE : 0;
}

void faults_spend(struct faults *f, const struct stream *st, size_t len)
{
	struct held *h = f->nheld ? held_find(f, st->conn) : NULL;
	uint64_t credit = len * (uint64_t)CREDIT_BYTE;

	if (h)
		h->credit -= credit < h->credit ? credit : h->credit;
}
