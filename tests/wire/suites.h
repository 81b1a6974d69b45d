/* SPDX-License-Identifier: MIT */
/*
 * suites.h - the list of wire test suites
 *
 * A new suite is one line in SUITES().  To run one alone:
 * CK_RUN_SUITE=closed (its suite_create() name).
 */

#ifndef TESTS_WIRE_SUITES_H
#define TESTS_WIRE_SUITES_H

#include <check.h>

#define SUITES(X)                                                              \
	X(suite_wire_closed)                                                   \
	X(suite_wire_listen)                                                   \
	X(suite_wire_syn_rcvd)                                                 \
	X(suite_wire_syn_sent)                                                 \
	X(suite_wire_simultaneous)                                             \
	X(suite_wire_established)                                              \
	X(suite_wire_rst)                                                      \
	X(suite_wire_ack)                                                      \
	X(suite_wire_data)                                                     \
	X(suite_wire_budget)                                                   \
	X(suite_wire_pressure)                                                 \
	X(suite_wire_sack)                                                     \
	X(suite_wire_fin_wait)                                                 \
	X(suite_wire_time_wait)                                                \
	X(suite_wire_close_api)                                                \
	X(suite_wire_rto)                                                      \
	X(suite_wire_rack)                                                     \
	X(suite_wire_tlp)                                                      \
	X(suite_wire_prr)                                                      \
	X(suite_wire_undo)                                                     \
	X(suite_wire_window)                                                   \
	X(suite_wire_cc)                                                       \
	X(suite_wire_keepalive)                                                \
	X(suite_wire_urgent)                                                   \
	X(suite_wire_uto)                                                      \
	X(suite_wire_readdress)                                                \
	X(suite_wire_reconfigure)                                              \
	X(suite_wire_impair)                                                   \
	X(suite_wire_soft_errors)                                              \
	X(suite_wire_conn_opts)                                                \
	X(suite_wire_options)                                                  \
	X(suite_wire_half_close)                                               \
	X(suite_wire_isn)                                                      \
	X(suite_wire_hostile)                                                  \
	X(suite_wire_flood)                                                    \
	X(suite_wire_backlog)                                                  \
	X(suite_wire_causes)                                                   \
	X(suite_wire_open_api)                                                 \
	X(suite_wire_ip_fields)                                                \
	X(suite_wire_ip4)                                                      \
	X(suite_wire_ip6)                                                      \
	X(suite_wire_frag)                                                     \
	X(suite_wire_frag_faults)                                              \
	X(suite_wire_cubic)                                                    \
	X(suite_wire_ecn)                                                      \
	X(suite_wire_pacing)                                                   \
	X(suite_wire_icmp)                                                     \
	X(suite_wire_icmp_errors)                                              \
	X(suite_wire_pmtu)                                                     \
	X(suite_wire_scaling)                                                  \
	X(suite_wire_samples)                                                  \
	X(suite_wire_absent)                                                   \
	X(suite_wire_doubt)                                                    \
	X(suite_wire_output)                                                   \
	X(suite_wire_host)                                                     \
	X(suite_wire_damage)                                                   \
	X(suite_wire_rogue)                                                    \
	X(suite_wire_corners)

#define SUITE_DECLARE(suite) Suite *suite(void);
SUITES(SUITE_DECLARE)

#endif /* TESTS_WIRE_SUITES_H */
