/* SPDX-License-Identifier: MIT */
/*
 * metrics.h - the daemon's numbers as Prometheus reads them
 *
 * Text exposition format 0.0.4: for each family a HELP and a TYPE line, then
 * its samples.  Nothing here grows with the number of connections; labels are
 * states, services and knobs, all bounded.
 */

#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include <stdint.h>

#include "daemon/config.h"
#include "daemon/counters.h"
#include "daemon/svc/svc.h"
#include "daemon/worker.h"
#include "stack/link/impair.h"

#define METRICS_TYPE	 "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_NAME_MAX 96u

/**
 * struct metrics - a reading of all there is
 * @version:	the daemon's
 * @up_us:	for how long it has been up
 * @counters:	the counters
 * @gauges:	the stack's gauges
 * @impair:	what impairment has done
 * @impaired:	what there is of it
 * @tls:	secure channels now
 * @events_lost: events that the log has not got
 * @nservice:	services
 * @service:	what they have done
 */
struct metrics {
	const char *version;
	uint64_t up_us;
	struct counters counters;
	struct ustack_gauges gauges;
	struct impair_counts impair;
	struct impair_gauges impaired;
	struct svc_tls_gauges tls;
	uint64_t events_lost;
	uint32_t nservice;
	struct worker_service service[CONFIG_SERVICES_MAX];
};

/** metrics_read() - Take a reading, on the worker's thread; @version and @up_us are set */
void metrics_read(struct metrics *m, struct worker *w);

/** metrics_write() - Write a reading */
void metrics_write(const struct metrics *m, struct svc_text *t);

/**
 * metrics_name() - A counter's name for Prometheus
 * @ci:		counter, "TcpExtInBytes"
 * @out:	"ustack_tcp_ext_in_bytes_total"
 *
 * Words are parted by underscores, small; a counter of bytes says so, and ends
 * in _total.
 */
void metrics_name(const struct counter_info *ci, char out[METRICS_NAME_MAX]);

#endif /* DAEMON_METRICS_H */
