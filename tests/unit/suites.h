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
	X(suite_base_promise)		\
	X(suite_base_rng)		\
	X(suite_base_seq)		\
	X(suite_base_siphash)		\
	X(suite_base_slice)		\
	X(suite_base_sliceq)		\
	X(suite_base_timer)		\
	X(suite_base_treap)		\
	X(suite_wire_csum)		\
	X(suite_wire_icmp)		\
	X(suite_wire_icmp_quote)	\
	X(suite_wire_ip4)		\
	X(suite_wire_ip6)		\
	X(suite_wire_tcp_hdr)		\
	X(suite_wire_tcp_opt)		\
	X(suite_crypto_channel)		\
	X(suite_crypto_fingerprint)	\
	X(suite_crypto_hostile)		\
	X(suite_crypto_policy)		\
	X(suite_crypto_problem)		\
	X(suite_crypto_trust)		\
	X(suite_crypto_watch)		\
	X(suite_crypto_creds)		\
	X(suite_crypto_identity)	\
	X(suite_crypto_psk)		\
	X(suite_tcp_ready)		\
	X(suite_tcp_api)		\
	X(suite_tcp_cc_choice)		\
	X(suite_tcp_cc_cubic)		\
	X(suite_tcp_cc_reno)		\
	X(suite_tcp_conn)		\
	X(suite_tcp_cost)		\
	X(suite_tcp_cubic_math)		\
	X(suite_tcp_demux)		\
	X(suite_tcp_hystart)		\
	X(suite_tcp_info)		\
	X(suite_tcp_isn)		\
	X(suite_tcp_reasm)		\
	X(suite_tcp_recovery)		\
	X(suite_tcp_rtt)		\
	X(suite_tcp_sendq)		\
	X(suite_tcp_state)		\
	X(suite_tcp_syncache)		\
	X(suite_tcp_syncookie)		\
	X(suite_tcp_timewait)		\
	X(suite_tcp_window)		\
	X(suite_tcp_corners)		\
	X(suite_link_pcapng)		\
	X(suite_lib_ledger)		\
	X(suite_lib_path)		\
	X(suite_lib_vsock)		\
	X(suite_ip_addr)		\
	X(suite_ip_frag)		\
	X(suite_ip_icmp)		\
	X(suite_ip_input)		\
	X(suite_ip_output)		\
	X(suite_ip_ping)		\
	X(suite_ip_pmtu)		\
	X(suite_link_view)		\
	X(suite_link_gso)		\
	X(suite_link_fate)		\
	X(suite_link_flow)		\
	X(suite_link_queue)		\
	X(suite_link_rules)		\
	X(suite_link_standing)		\
	X(suite_link_apply)		\
	X(suite_link_impair)		\
	X(suite_link_impair_time)	\
	X(suite_link_edit)		\
	X(suite_link_script)		\
	X(suite_link_impair_lang)	\
	X(suite_link_impair_script_lang)	\
	X(suite_stack_config)		\
	X(suite_stack_limit)		\
	X(suite_stack_names)		\
	X(suite_stack_stack)		\
	X(suite_stack_watch)		\
	X(suite_daemon_capfile)		\
	X(suite_daemon_capring)		\
	X(suite_daemon_capture)		\
	X(suite_daemon_addr)		\
	X(suite_daemon_vnet)		\
	X(suite_daemon_tun)		\
	X(suite_daemon_args)		\
	X(suite_daemon_history)		\
	X(suite_daemon_tap)		\
	X(suite_daemon_mailbox)		\
	X(suite_daemon_svc_echo)	\
	X(suite_daemon_svc_chargen)	\
	X(suite_daemon_svc_connect)	\
	X(suite_daemon_stream_tls)	\
	X(suite_daemon_tls_handshake)	\
	X(suite_daemon_svc_fault)	\
	X(suite_daemon_svc_http)	\
	X(suite_daemon_svc_join)	\
	X(suite_daemon_svc_forward)	\
	X(suite_daemon_svc_forward_tls)	\
	X(suite_daemon_svc_dial)	\
	X(suite_daemon_svc_connmap)	\
	X(suite_daemon_svc_note)	\
	X(suite_daemon_svc_target)	\
	X(suite_daemon_svc_apply)	\
	X(suite_daemon_worker)		\
	X(suite_daemon_reload)		\
	X(suite_daemon_watchdog)	\
	X(suite_daemon_config)		\
	X(suite_daemon_config_tls)	\
	X(suite_daemon_tls_files)	\
	X(suite_daemon_log)		\
	X(suite_daemon_sandbox)		\
	X(suite_daemon_metrics)		\
	X(suite_daemon_ctl)		\
	X(suite_daemon_ctl_events)	\
	X(suite_daemon_ctl_fault)	\
	X(suite_daemon_ctl_impair)	\
	X(suite_daemon_ctl_ping)	\
	X(suite_daemon_ctl_connect)     \
	X(suite_daemon_ctl_rpc)		\
	X(suite_cli_client)		\
	X(suite_cli_connect)		\
	X(suite_cli_duplex)		\
	X(suite_cli_impair_fmt)		\
	X(suite_cli_explain)		\
	X(suite_cli_event_fmt)		\
	X(suite_cli_fmt)		\
	X(suite_cli_number)		\
	X(suite_cli_options)		\
	X(suite_cli_ladder)		\
	X(suite_cli_life)		\
	X(suite_cli_life_load)		\
	X(suite_cli_top)
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
