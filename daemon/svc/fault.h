/* SPDX-License-Identifier: MIT */
/*
 * fault.h - services that stop reading, or read slowly, by intent
 *
 *	stall		reads nothing: the window closes to zero
 *	slow-read	reads so many bytes a second, in a tick each time
 *
 * A fault is for one connection or for all of a port, present and to come.  The
 * streams ask here how much may be read; services do not know.  Who was held
 * back is remembered, so that it can be called when there is more: the number
 * of these is bounded, and connections beyond it are read as ever.
 *
 * Nothing here knows the time: whoever owns the services calls svc_set_tick().
 */

#ifndef DAEMON_SVC_FAULT_H
#define DAEMON_SVC_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/base/err.h"

struct service;
struct stream;
struct svc_set;

#define SVC_FAULTS_MAX	  32u	/* faults at a time */
#define SVC_FAULT_HELD	  1024u /* connections held back at a time */
#define SVC_FAULT_TICK_US 10000u

/**
 * struct svc_fault - a service's reading is slow, or stops
 * @id:		the connection's number, for display; 0 = all of @port
 * @conn:	the connection, as streams name it
 * @port:	local port
 * @bytes_per_s: how fast it reads, 0 = not at all
 * @held:	connections held back by it
 */
struct svc_fault {
	uint64_t id;
	uint64_t conn;
	uint16_t port;
	uint64_t bytes_per_s;
	uint32_t held;
};

/**
 * svc_fault_set() - Have a fault; one for the same target is replaced
 * @set:	services
 * @f:		fault; @held is not used
 *
 * Return: 0, or -ERR_LIMIT
 */
int svc_fault_set(struct svc_set *set, const struct svc_fault *f) MUST_USE;

/**
 * svc_fault_off() - End the faults of a connection, or those of a port
 * @set:	services
 * @id:		connection, 0 = @port
 * @port:	local port: its own fault, not those of its connections
 *
 * Return: how many there were
 */
uint32_t svc_fault_off(struct svc_set *set, uint64_t id, uint16_t port);

/** svc_faults() - Copy the faults there are; returns their number */
uint32_t svc_faults(const struct svc_set *set,
		    struct svc_fault out[SVC_FAULTS_MAX]);

/** svc_set_ticks() - Is svc_set_tick() to be called every SVC_FAULT_TICK_US? */
bool svc_set_ticks(const struct svc_set *set);

/** svc_set_tick() - Let slow readers read on */
void svc_set_tick(struct svc_set *set, uint64_t now_us);

/* ------------------------------------------------- for streams and services */

struct faults;

/** faults_new() - No faults, or NULL when memory is spent */
struct faults *faults_new(void);

/** faults_free() - Forget them; who is held back stays so */
void faults_free(struct faults *f);

/** faults_add() - As svc_fault_set() */
int faults_add(struct faults *f, const struct svc_fault *fault) MUST_USE;

/** faults_remove() - As svc_fault_off() */
uint32_t faults_remove(struct faults *f, uint64_t id, uint16_t port);

/** faults_list() - As svc_faults() */
uint32_t faults_list(const struct faults *f,
		     struct svc_fault out[SVC_FAULTS_MAX]);

/** faults_slow() - Is there a slow reader? */
bool faults_slow(const struct faults *f);

/** faults_tick() - As svc_set_tick() */
void faults_tick(struct faults *f, uint64_t now_us);

/** faults_allow() - Bytes that a stream's service may read now */
size_t faults_allow(struct faults *f, const struct stream *st);

/** faults_spend() - It has read @len of them */
void faults_spend(struct faults *f, const struct stream *st, size_t len);

/**
 * faults_follow() - Faults of ports go where the services of these go
 * @f:		faults
 * @to:		the port from now on, 0 = the service has gone, its fault goes
 * @arg:	its argument
 */
void faults_follow(struct faults *f,
		   uint16_t (*to)(const void *arg, uint16_t port),
		   const void *arg);

/** faults_forget() - The connection is over */
void faults_forget(struct faults *f, const struct stream *st);

#endif /* DAEMON_SVC_FAULT_H */
