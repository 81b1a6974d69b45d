/* SPDX-License-Identifier: MIT */
/*
 * ustack_mib.h - every counter of the stack, one line each
 *
 * X(CONSTANT, "Name", "unit", "help").  Names are those of RFC 4022 (TCP-MIB),
 * RFC 4293 (IP-MIB, ipSystemStatsTable: Ip for IPv4, Ip6 for IPv6) and RFC
 * 2011/4293 for ICMP, written as nstat does; what the MIBs lack stands in
 * TcpExt, and each way to lose a packet has a Drop of its own.
 */

#ifndef STACK_USTACK_MIB_H
#define STACK_USTACK_MIB_H

/* clang-format off */
#define USTACK_COUNTERS(X)                                                                        \
	X(IP_IN_RECEIVES, "IpInReceives", "packets", "IPv4 datagrams received")                   \
	X(IP_IN_OCTETS, "IpInOctets", "bytes", "bytes in IPv4 datagrams received")                \
	X(IP_IN_DELIVERS, "IpInDelivers", "packets", "IPv4 datagrams handed to a protocol")       \
	X(IP_REASM_REQDS, "IpReasmReqds", "packets", "IPv4 fragments received")                   \
	X(IP_REASM_OKS, "IpReasmOKs", "packets", "IPv4 datagrams put together")                   \
	X(IP_REASM_FAILS, "IpReasmFails", "packets", "IPv4 datagrams that stayed incomplete")     \
	X(IP_OUT_REQUESTS, "IpOutRequests", "packets", "IPv4 datagrams made by a protocol")       \
	X(IP_OUT_TRANSMITS, "IpOutTransmits", "packets", "IPv4 datagrams taken by the link")      \
	X(IP_FRAG_OKS, "IpFragOKs", "packets", "IPv4 datagrams sent in fragments")                \
	X(IP_FRAG_CREATES, "IpFragCreates", "packets", "IPv4 fragments made")                     \
	X(IP_OUT_OCTETS, "IpOutOctets", "bytes", "bytes in IPv4 datagrams taken by the link")     \
	X(IP6_IN_RECEIVES, "Ip6InReceives", "packets", "IPv6 datagrams received")                 \
	X(IP6_IN_OCTETS, "Ip6InOctets", "bytes", "bytes in IPv6 datagrams received")              \
	X(IP6_IN_DELIVERS, "Ip6InDelivers", "packets", "IPv6 datagrams handed to a protocol")     \
	X(IP6_REASM_REQDS, "Ip6ReasmReqds", "packets", "IPv6 fragments received")                 \
	X(IP6_REASM_OKS, "Ip6ReasmOKs", "packets", "IPv6 datagrams put together")                 \
	X(IP6_REASM_FAILS, "Ip6ReasmFails", "packets", "IPv6 datagrams that stayed incomplete")   \
	X(IP6_OUT_REQUESTS, "Ip6OutRequests", "packets", "IPv6 datagrams made by a protocol")     \
	X(IP6_OUT_TRANSMITS, "Ip6OutTransmits", "packets", "IPv6 datagrams taken by the link")    \
	X(IP6_FRAG_OKS, "Ip6FragOKs", "packets", "IPv6 datagrams sent in fragments")              \
	X(IP6_FRAG_CREATES, "Ip6FragCreates", "packets", "IPv6 fragments made")                   \
	X(IP6_OUT_OCTETS, "Ip6OutOctets", "bytes", "bytes in IPv6 datagrams taken by the link")   \
	X(ICMP_IN_MSGS, "IcmpInMsgs", "messages", "ICMP messages received")                       \
	X(ICMP_IN_ECHOS, "IcmpInEchos", "messages", "ICMP echo requests received")                \
	X(ICMP_IN_ECHO_REPS, "IcmpInEchoReps", "messages", "ICMP echo replies received")          \
	X(ICMP_IN_DEST_UNREACHS, "IcmpInDestUnreachs", "messages", "ICMP unreachables received")  \
	X(ICMP_IN_TIME_EXCDS, "IcmpInTimeExcds", "messages", "ICMP time exceeded received")       \
	X(ICMP_IN_PARM_PROBS, "IcmpInParmProbs", "messages", "ICMP parameter problems received")  \
	X(ICMP_IN_SRC_QUENCHS, "IcmpInSrcQuenchs", "messages", "ICMP source quenches received")   \
	X(ICMP_OUT_MSGS, "IcmpOutMsgs", "messages", "ICMP messages sent")                         \
	X(ICMP_OUT_ECHOS, "IcmpOutEchos", "messages", "ICMP echo requests sent")                  \
	X(ICMP_OUT_ECHO_REPS, "IcmpOutEchoReps", "messages", "ICMP echo replies sent")            \
	X(ICMP_OUT_DEST_UNREACHS, "IcmpOutDestUnreachs", "messages", "ICMP unreachables sent")    \
	X(ICMP_OUT_TIME_EXCDS, "IcmpOutTimeExcds", "messages", "ICMP time exceeded sent")         \
	X(ICMP6_IN_MSGS, "Icmp6InMsgs", "messages", "ICMPv6 messages received")                   \
	X(ICMP6_IN_ECHOS, "Icmp6InEchos", "messages", "ICMPv6 echo requests received")            \
	X(ICMP6_IN_ECHO_REPS, "Icmp6InEchoReps", "messages", "ICMPv6 echo replies received")      \
	X(ICMP6_IN_DEST_UNREACHS, "Icmp6InDestUnreachs", "messages",                              \
	  "ICMPv6 unreachables received")                                                         \
	X(ICMP6_IN_PKT_TOO_BIGS, "Icmp6InPktTooBigs", "messages",                                 \
	  "ICMPv6 packet too big received")                                                       \
	X(ICMP6_IN_TIME_EXCDS, "Icmp6InTimeExcds", "messages", "ICMPv6 time exceeded received")   \
	X(ICMP6_IN_PARM_PROBS, "Icmp6InParmProblems", "messages",                                 \
	  "ICMPv6 parameter problems received")                                                   \
	X(ICMP6_OUT_MSGS, "Icmp6OutMsgs", "messages", "ICMPv6 messages sent")                     \
	X(ICMP6_OUT_ECHOS, "Icmp6OutEchos", "messages", "ICMPv6 echo requests sent")              \
	X(ICMP6_OUT_ECHO_REPS, "Icmp6OutEchoReps", "messages", "ICMPv6 echo replies sent")        \
	X(ICMP6_OUT_DEST_UNREACHS, "Icmp6OutDestUnreachs", "messages",                            \
	  "ICMPv6 unreachables sent")                                                             \
	X(ICMP6_OUT_TIME_EXCDS, "Icmp6OutTimeExcds", "messages", "ICMPv6 time exceeded sent")     \
	X(ICMP6_OUT_PARM_PROBS, "Icmp6OutParmProblems", "messages",                               \
	  "ICMPv6 parameter problems sent")                                                       \
	X(TCP_ACTIVE_OPENS, "TcpActiveOpens", "connections", "CLOSED to SYN-SENT")                \
	X(TCP_PASSIVE_OPENS, "TcpPassiveOpens", "connections", "LISTEN to SYN-RECEIVED")          \
	X(TCP_ATTEMPT_FAILS, "TcpAttemptFails", "connections",                                    \
	  "SYN-SENT to CLOSED, or SYN-RECEIVED to CLOSED or LISTEN")                              \
	X(TCP_ESTAB_RESETS, "TcpEstabResets", "connections",                                      \
	  "ESTABLISHED or CLOSE-WAIT straight to CLOSED")                                         \
	X(TCP_IN_SEGS, "TcpInSegs", "segments", "segments received, errors included")             \
	X(TCP_OUT_SEGS, "TcpOutSegs", "segments", "segments sent, pure retransmissions excluded") \
	X(TCP_RETRANS_SEGS, "TcpRetransSegs", "segments",                                         \
	  "segments that repeat a byte sent before")                                              \
	X(TCP_IN_ERRS, "TcpInErrs", "segments",                                                   \
	  "segments received in error (bad checksum, length)")                                    \
	X(TCP_OUT_RSTS, "TcpOutRsts", "segments", "segments sent with RST")                       \
	X(TCP_IN_BYTES, "TcpExtInBytes", "bytes", "payload accepted in order")                    \
	X(TCP_OUT_BYTES, "TcpExtOutBytes", "bytes", "payload sent for the first time")            \
	X(TCP_RETRANS_BYTES, "TcpExtRetransBytes", "bytes", "payload sent again")                 \
	X(TCP_RETRANS_RTO, "TcpExtRetransRto", "segments",                                        \
	  "sent again because the timer ran out")                                                 \
	X(TCP_RETRANS_FAST, "TcpExtRetransFast", "segments",                                      \
	  "sent again at the third duplicate acknowledgement")                                    \
	X(TCP_RETRANS_PARTIAL, "TcpExtRetransPartialAck", "segments",                             \
	  "sent again at a partial acknowledgement (NewReno)")                                    \
	X(TCP_RETRANS_RACK, "TcpExtRetransRack", "segments",                                       \
	  "sent again because something sent later has arrived (RACK)")                           \
	X(TCP_RETRANS_SACK, "TcpExtRetransSack", "segments",                                       \
	  "sent again because three segments above it were SACKed")                               \
	X(TCP_RETRANS_TLP, "TcpExtRetransTlp", "segments", "sent again as tail loss probe")        \
	X(TCP_RETRANS_SYN, "TcpExtRetransSyn", "segments", "SYN sent again")                      \
	X(TCP_RETRANS_SYNACK, "TcpExtRetransSynAck", "segments", "SYN-ACK sent again")            \
	X(TCP_RETRANS_FIN, "TcpExtRetransFin", "segments", "FIN without data sent again")         \
	X(TCP_TIMEOUTS, "TcpExtTimeouts", "expiries", "retransmission timer expiries")            \
	X(TCP_FAST_RECOVERIES, "TcpExtFastRecoveries", "episodes", "times fast recovery began")   \
	X(TCP_LOSS_PROBES, "TcpExtLossProbes", "segments", "tail loss probes sent")               \
	X(TCP_LOSS_PROBE_RECOVERIES, "TcpExtLossProbeRecovery", "episodes",                        \
	  "losses that a tail loss probe has mended")                                             \
	X(TCP_LOST_RETRANS, "TcpExtLostRetransmit", "segments", "retransmissions held for lost")   \
	X(TCP_SPURIOUS_RTOS, "TcpExtSpuriousRtos", "expiries",                                    \
	  "timeouts that F-RTO has found spurious")                                               \
	X(TCP_UNDO_TIMESTAMP, "TcpExtTsUndo", "episodes",                                         \
	  "recoveries undone because a timestamp proved them spurious")                           \
	X(TCP_UNDO_DSACK, "TcpExtDSACKUndo", "episodes",                                          \
	  "recoveries undone because DSACKs proved them spurious")                                \
	X(TCP_REORDERED, "TcpExtReordered", "segments",                                           \
	  "segments that arrived after one sent later, as SACKs tell")                            \
	X(TCP_SACK_DISCARD, "TcpExtSACKDiscard", "blocks",                                        \
	  "SACK blocks out of range or out of date")                                              \
	X(TCP_SACK_RENEGING, "TcpExtSACKReneging", "episodes",                                    \
	  "times that a peer dropped what it had SACKed")                                         \
	X(TCP_DSACK_RECV, "TcpExtDSACKRecv", "blocks", "DSACK blocks received")                   \
	X(TCP_WND_PROBES, "TcpExtWindowProbes", "segments", "zero-window probes sent")            \
	X(TCP_RETRANS_MTU, "TcpExtRetransMtu", "segments",                                        \
	  "sent again because they were too big for the path")                                    \
	X(TCP_PMTU_LOWERED, "TcpExtPathMtuLowered", "connections",                                \
	  "times a router asked for smaller segments")                                            \
	X(TCP_BLACK_HOLES, "TcpExtBlackHoles", "connections",                                     \
	  "times smaller segments were tried because full ones went unanswered")                  \
	X(TCP_ICMP_SOFT, "TcpExtIcmpSoftErrors", "messages",                                      \
	  "ICMP errors remembered with a connection")                                             \
	X(TCP_ICMP_HARD, "TcpExtIcmpHardErrors", "connections", "attempts ended by an ICMP error")\
	X(TCP_DELAYED_ACKS, "TcpExtDelayedAcks", "segments",                                      \
	  "ACKs sent by the delayed-ACK timer")                                                   \
	X(TCP_IN_DUP_ACKS, "TcpExtInDupAcks", "segments", "duplicate acknowledgements received")  \
	X(TCP_IN_OOO, "TcpExtInOutOfOrder", "segments", "data segments queued for reassembly")    \
	X(TCP_OOO_PRUNED, "TcpExtOutOfOrderPruned", "connections",                                \
	  "reassembly queues given up because memory was short")                                  \
	X(MEM_PRESSURES, "TcpExtMemoryPressures", "times",                                        \
	  "memory-limit got short: connections get what each is promised")                        \
	X(TCP_DSACKS_SENT, "TcpExtDsacksSent", "segments",                                        \
	  "segments that reported a duplicate by D-SACK")                                         \
	X(TCP_IN_DUP_DATA, "TcpExtInDuplicate", "segments", "segments with no byte that is new")  \
	X(TCP_ECN_CONNS, "TcpExtEcnConnections", "connections", "connections that agreed on ECN")  \
	X(TCP_ECN_FALLBACKS, "TcpExtEcnFallbacks", "connections",                                 \
	  "SYNs sent without ECN because one with it had no good answer")                         \
	X(TCP_IN_CES, "TcpExtInCongestionExperienced", "segments",                                \
	  "data segments marked by a router (ECN)")                                               \
	X(TCP_IN_ECES, "TcpExtInEcnEchoes", "segments",                                           \
	  "acknowledgements that told of a mark (ECN)")                                           \
	X(TCP_ECN_CUTS, "TcpExtEcnReductions", "events",                                          \
	  "windows made smaller because of marks (ECN)")                                          \
	X(TCP_HYSTART_EXITS, "TcpExtHystartExits", "connections",                                 \
	  "slow starts ended because the delay grew (HyStart++)")                                 \
	X(TCP_CHALLENGE_ACKS, "TcpExtChallengeAcks", "segments", "challenge ACKs sent")           \
	X(TCP_CHALLENGE_ACKS_HELD, "TcpExtChallengeAcksHeld", "segments",                         \
	  "answers to doubtful segments held back by their connection")                            \
	X(TCP_RSTS_HELD, "TcpExtResetsHeld", "segments",                                          \
	  "resets to strangers held back by the rate limit")                                      \
	X(TCP_TIME_WAITS, "TcpExtTimeWaits", "connections", "connections that entered TIME-WAIT") \
	X(TCP_TIME_WAIT_REUSED, "TcpExtTimeWaitReused", "connections",                            \
	  "new connections accepted from TIME-WAIT")                                              \
	X(TCP_TIME_WAIT_EVICTED, "TcpExtTimeWaitEvicted", "connections",                          \
	  "TIME-WAIT entries that made room for newer ones")                                      \
	X(TCP_SYN_EVICTED, "TcpExtSynEvicted", "connections",                                     \
	  "half-open entries that made room for newer ones")                                      \
	X(TCP_SYN_COOKIES_SENT, "TcpExtSynCookiesSent", "segments",                               \
	  "SYN-ACKs sent that leave no state behind")                                             \
	X(TCP_SYN_COOKIES_RECV, "TcpExtSynCookiesRecv", "connections",                            \
	  "connections made by the answer to such a SYN-ACK")                                     \
	X(TCP_SYN_COOKIES_FAILED, "TcpExtSynCookiesFailed", "segments",                           \
	  "ACKs that could have been such an answer and were not")                                \
	X(TCP_ACCEPT_OVERFLOWS, "TcpExtAcceptOverflows", "segments",                              \
	  "final ACKs, or SYNs, left unanswered because the backlog was full")                    \
	X(TCP_ABORT_ON_DATA, "TcpExtAbortOnData", "connections",                                  \
	  "resets because data came after close, or was unread at close")                         \
	X(TCP_ABORT_ON_TIMEOUT, "TcpExtAbortOnTimeout", "connections",                            \
	  "connections given up because the peer stopped answering")                              \
	X(TCP_ABORT_ON_LINGER, "TcpExtAbortOnLinger", "connections",                              \
	  "resets at close, or when the time to linger had run out")                              \
	X(TCP_ABORT_ON_KEEPALIVE, "TcpExtAbortOnKeepAlive", "connections",                        \
	  "idle connections given up because no probe was answered")                              \
	X(TCP_KEEPALIVES, "TcpExtKeepAlives", "segments", "keepalive probes sent")                \
	X(TCP_IN_URGENT, "TcpExtInUrgent", "segments", "segments received with URG")              \
	X(TCP_OUT_URGENT, "TcpExtOutUrgent", "segments", "segments sent with URG")                \
	X(TCP_IN_UTO, "TcpExtInUserTimeouts", "segments",                                         \
	  "user timeout options received and heeded")                                             \
	X(TCP_IN_UTO_IGNORED, "TcpExtInUserTimeoutsIgnored", "segments",                          \
	  "user timeout options received and not heeded")                                         \
	X(TCP_OUT_UTO, "TcpExtOutUserTimeouts", "segments", "user timeout options sent")          \
	X(DROP_NOT_IP, "DropNotIp", "packets", "first nibble neither 4 nor 6, or empty")          \
	X(DROP_IP_TRUNCATED, "DropIpTruncated", "packets", "IPv4: too short for its header")      \
	X(DROP_IP_HDR_LEN, "DropIpHeaderLength", "packets", "IPv4: impossible header length")     \
	X(DROP_IP_TOTAL_LEN, "DropIpTotalLength", "packets",                                      \
	  "IPv4: total length beyond the packet")                                                 \
	X(DROP_IP_CSUM, "DropIpChecksum", "packets", "IPv4: header checksum wrong")               \
	X(DROP_IP_OPTION, "DropIpOption", "packets", "IPv4: option length out of bounds")         \
	X(DROP_IP_SOURCE_ROUTE, "DropIpSourceRoute", "packets", "IPv4: source route")             \
	X(DROP_IP_SRC, "DropIpSource", "packets", "IPv4: impossible source address")              \
	X(DROP_IP_DST, "DropIpDestination", "packets", "IPv4: not an address of ours")            \
	X(DROP_IP_PROTO, "DropIpProtocol", "packets", "IPv4: protocol not spoken")                \
	X(DROP_IP6_TRUNCATED, "DropIp6Truncated", "packets", "IPv6: too short for its header")    \
	X(DROP_IP6_LEN, "DropIp6PayloadLength", "packets",                                        \
	  "IPv6: payload length beyond the packet")                                               \
	X(DROP_IP6_EXT, "DropIp6ExtensionHeader", "packets", "IPv6: malformed extension header")  \
	X(DROP_IP6_OPTION, "DropIp6Option", "packets", "IPv6: option that asks to drop")          \
	X(DROP_IP6_SRC, "DropIp6Source", "packets", "IPv6: impossible source address")            \
	X(DROP_IP6_DST, "DropIp6Destination", "packets", "IPv6: not an address of ours")          \
	X(DROP_IP6_PROTO, "DropIp6NextHeader", "packets", "IPv6: next header not spoken")         \
	X(DROP_FRAG_REFUSED, "DropFragmentRefused", "packets", "fragment, and none are taken")    \
	X(DROP_FRAG_LEN, "DropFragmentLength", "packets",                                         \
	  "fragment empty, or not the last and no multiple of 8")                                 \
	X(DROP_FRAG_SIZE, "DropFragmentSize", "packets", "fragment that ends beyond 65535 bytes") \
	X(DROP_FRAG_TINY, "DropFragmentTiny", "packets",                                          \
	  "first fragment without all headers, or one that begins in them")                       \
	X(DROP_FRAG_COPY, "DropFragmentCopy", "packets", "fragment that was there already")       \
	X(DROP_FRAG_OVERLAP, "DropFragmentOverlap", "packets",                                    \
	  "fragment that contradicts others, or comes after such a one")                          \
	X(DROP_FRAG_ECN, "DropFragmentEcn", "datagrams",                                          \
	  "some fragments marked CE, others not capable of it")                                   \
	X(DROP_FRAG_PIECES, "DropFragmentPieces", "datagrams",                                    \
	  "too many fragments in one datagram")                                                   \
	X(DROP_FRAG_EVICTED, "DropFragmentEvicted", "datagrams",                                  \
	  "incomplete, made room for newer ones")                                                 \
	X(DROP_FRAG_TIMEOUT, "DropFragmentTimeout", "datagrams", "incomplete for too long")       \
	X(DROP_ICMP_TRUNCATED, "DropIcmpTruncated", "messages", "ICMP: shorter than its header")  \
	X(DROP_ICMP_CSUM, "DropIcmpChecksum", "messages", "ICMP: checksum wrong")                 \
	X(DROP_ICMP_TYPE, "DropIcmpType", "messages", "ICMP: type not acted on")                  \
	X(DROP_ICMP_REPLY, "DropIcmpEchoReply", "messages",                                       \
	  "ICMP: echo reply that nobody waits for")                                               \
	X(DROP_ICMP_QUENCH, "DropIcmpSourceQuench", "messages", "ICMP: source quench, obsolete")  \
	X(DROP_ICMP_QUOTE, "DropIcmpQuote", "messages",                                           \
	  "ICMP: error that quotes nothing of ours, or too little")                               \
	X(DROP_ICMP_NO_CONN, "DropIcmpNoConnection", "messages",                                  \
	  "ICMP: error about no connection")                                                      \
	X(DROP_ICMP_SEQ, "DropIcmpSequence", "messages",                                          \
	  "ICMP: error about a segment that is not in flight")                                    \
	X(DROP_ICMP_MTU, "DropIcmpMtu", "messages", "ICMP: path MTU impossible, or no news")      \
	X(DROP_ICMP_LIMIT, "DropIcmpRateLimit", "messages",                                       \
	  "ICMP errors held back by the rate limit")                                             \
	X(DROP_ICMP_SIZE, "DropIcmpSize", "messages", "ICMP: answer longer than the MTU") \
	X(DROP_TCP_TRUNCATED, "DropTcpTruncated", "segments", "TCP: shorter than its header")     \
	X(DROP_TCP_HDR_LEN, "DropTcpHeaderLength", "segments", "TCP: impossible data offset")     \
	X(DROP_TCP_CSUM, "DropTcpChecksum", "segments", "TCP: checksum wrong")                    \
	X(DROP_TCP_NO_PORT, "DropTcpNoConnection", "segments",                                    \
	  "TCP: no connection and no listener")                                                   \
	X(DROP_TCP_LISTEN, "DropTcpListen", "segments", "TCP: not a SYN, at a listener")          \
	X(DROP_TCP_SYN_SENT, "DropTcpSynSent", "segments", "TCP: unacceptable in SYN-SENT")       \
	X(DROP_TCP_SEQ, "DropTcpSequence", "segments", "TCP: outside the receive window")         \
	X(DROP_TCP_PAWS, "DropTcpPaws", "segments", "TCP: timestamp older than the last (PAWS)")  \
	X(DROP_TCP_NO_TS, "DropTcpNoTimestamp", "segments", "TCP: timestamp missing (7323-9)")    \
	X(DROP_TCP_RST, "DropTcpReset", "segments", "TCP: RST that fits no state")                \
	X(DROP_TCP_SYN, "DropTcpSyn", "segments", "TCP: SYN on a synchronized connection")        \
	X(DROP_TCP_NO_ACK, "DropTcpNoAck", "segments", "TCP: no ACK bit where one is required")   \
	X(DROP_TCP_ACK, "DropTcpAck", "segments", "TCP: acknowledgement out of range")            \
	X(DROP_TCP_AFTER_FIN, "DropTcpAfterFin", "segments", "TCP: data behind the peer's FIN")   \
	X(DROP_TCP_REASM, "DropTcpReassembly", "segments", "TCP: reassembly queue full")          \
	X(DROP_TCP_TIME_WAIT, "DropTcpTimeWait", "segments", "TCP: unacceptable in TIME-WAIT")    \
	X(DROP_TCP_SYN_BACKLOG, "DropTcpSynBacklog", "segments",                                  \
	  "TCP: SYN, and no half-open connection could make room")                                \
	X(DROP_TCP_CONN_LIMIT, "DropTcpConnectionLimit", "segments", "TCP: too many connections") \
	X(DROP_TCP_MEM_LIMIT, "DropTcpMemoryLimit", "segments",                                   \
	  "TCP: no memory to promise to one more connection")                                     \
	X(DROP_NO_MEMORY, "DropNoMemory", "packets", "memory budget spent")                       \
	X(DROP_OUTPUT, "DropOutput", "packets", "refused by the link on output")
/* clang-format on */

#endif /* STACK_USTACK_MIB_H */
