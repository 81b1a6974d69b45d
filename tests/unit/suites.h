/* SPDX-License-Identifier: MIT */
/*
 * suites.h - the list of unit test suites, and what main.c offers to them
 *
 * A new suite is one line in SUITES(): the name of the function that makes it.
 * To run one alone: CK_RUN_SUITE=base/mem (its suite_create() name).
 */

#ifndef TESTS_UNIT_SUITES_H
#define TESTS_UNIT_SUITES_H

#include <check.h>
#include <stdint.h>

/* clang-format off */
#define SUITES(X)			\
	X(suite_base_err)		\
	X(suite_base_htab)		\
	X(suite_base_mem)		\
	X(suite_base_rng)		\
	X(suite_base_seq)		\
	X(suite_base_siphash)		\
	X(suite_base_slice)		\
	X(suite_base_sliceq)		\
	X(suite_base_timer)		\
	X(suite_wire_csum)		\
	X(suite_wire_icmp)		\
	X(suite_wire_ip4)		\
	X(suite_wire_ip6)		\
	X(suite_wire_tcp_hdr)		\
	X(suite_wire_tcp_opt)		\
	X(suite_daemon_vnet)		\
	X(suite_daemon_tun)		\
	X(suite_daemon_args)		\
	X(suite_daemon_mailbox)		\
	X(suite_daemon_svc_echo)	\
	X(suite_daemon_svc_chargen)	\
	X(suite_daemon_worker)
/* clang-format on */

#define SUITE_DECLARE(suite) Suite *suite(void);
SUITES(SUITE_DECLARE)

/**
 * test_seed() - Seed of this run, for random tests
 *
 * Return: the number in the environment variable USTACK_SEED, which main()
 * sets from the clock where it was not given, and prints
 */
uint64_t test_seed(void);

#endif /* TESTS_UNIT_SUITES_H */
