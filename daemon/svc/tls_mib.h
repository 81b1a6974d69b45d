/* SPDX-License-Identifier: MIT */
/*
 * tls_mib.h - the counters of secure channels; a part of svc_mib.h
 *
 * As stack/ustack_mib.h: X(CONSTANT, "Name", "unit", "help").  What can go wrong
 * has the order of enum tls_kind.
 */

#ifndef DAEMON_SVC_TLS_MIB_H
#define DAEMON_SVC_TLS_MIB_H

/* clang-format off */
#define TLS_COUNTERS(X)                                                                           \
	X(TLS_HANDSHAKES, "TlsHandshakes", "handshakes",                                          \
	  "handshakes that made a secure channel")                                                \
	X(TLS_RESUMED, "TlsResumed", "handshakes",                                                \
	  "of these, the ones that resumed a session by its ticket")                              \
	X(TLS_FAIL_NOT_TLS, "TlsFailNotTls", "handshakes",                                        \
	  "failed: the client spoke plain text")                                                  \
	X(TLS_FAIL_GARBAGE, "TlsFailGarbage", "handshakes",                                       \
	  "failed: the first bytes were no TLS record")                                           \
	X(TLS_FAIL_BAD_HANDSHAKE, "TlsFailBadHandshake", "handshakes",                            \
	  "failed: records that made no handshake")                                               \
	X(TLS_FAIL_OLD_VERSION, "TlsFailOldVersion", "handshakes",                                \
	  "failed: no TLS version in common")                                                     \
	X(TLS_FAIL_NO_SUITE, "TlsFailNoSuite", "handshakes",                                      \
	  "failed: no cipher suite or group in common")                                           \
	X(TLS_FAIL_NO_CERT, "TlsFailNoCert", "handshakes",                                        \
	  "failed: the peer had to show a certificate and did not")                               \
	X(TLS_FAIL_UNTRUSTED, "TlsFailUntrusted", "handshakes",                                   \
	  "failed: the peer's certificate is signed by nobody we trust")                          \
	X(TLS_FAIL_EXPIRED, "TlsFailExpired", "handshakes",                                       \
	  "failed: the peer's certificate is not valid now")                                      \
	X(TLS_FAIL_WRONG_NAME, "TlsFailWrongName", "handshakes",                                  \
	  "failed: the peer's certificate is for another name")                                   \
	X(TLS_FAIL_NOT_PINNED, "TlsFailNotPinned", "handshakes",                                  \
	  "failed: the peer's certificate is not the one that was pinned")                        \
	X(TLS_FAIL_BAD_PSK, "TlsFailBadPsk", "handshakes",                                        \
	  "failed: unknown identity of a shared key, or another key")                             \
	X(TLS_BAD_MAC, "TlsBadMac", "connections",                                                \
	  "ended by a record that was changed on its way")                                        \
	X(TLS_ALERTS, "TlsAlerts", "connections",                                                 \
	  "ended by an alert of the peer")                                                        \
	X(TLS_CUT, "TlsCut", "connections",                                                       \
	  "ended by the peer without close_notify")                                               \
	X(TLS_TIMEOUTS, "TlsTimeouts", "handshakes",                                              \
	  "given up because they took too long")                                                  \
	X(TLS_FAIL_MEMORY, "TlsFailMemory", "connections",                                        \
	  "ended for want of memory")                                                             \
	X(TLS_FAIL_INTERNAL, "TlsFailInternal", "connections",                                    \
	  "ended by anything else that can go wrong in TLS")                                      \
	X(TLS_OVER_LIMIT, "TlsOverLimit", "connections",                                          \
	  "reset because there were as many secure channels as there may be")                     \
	X(TLS_EVICTED, "TlsEvicted", "handshakes",                                                \
	  "reset, having stood still for longest, to make room for others")                       \
	X(TLS_BYTES_IN, "TlsBytesIn", "bytes",                                                    \
	  "payload decrypted")                                                                    \
	X(TLS_BYTES_OUT, "TlsBytesOut", "bytes",                                                  \
	  "payload encrypted")                                                                    \
	X(TLS_CLOSE_NOTIFY_IN, "TlsCloseNotifyIn", "connections",                                 \
	  "whose peer ended its direction by close_notify")                                       \
	X(TLS_CLOSE_NOTIFY_OUT, "TlsCloseNotifyOut", "connections",                               \
	  "whose direction to the peer we ended by close_notify")
/* clang-format on */

#endif /* DAEMON_SVC_TLS_MIB_H */
