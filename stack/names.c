/* SPDX-License-Identifier: MIT */
/*
 * names.c - what states, causes, reasons and events are called
 */

#include "stack/base/bytes.h"
#include "stack/ustack.h"

static const char *name_of(const char *const *table, size_t n, uint32_t i)
{
	return i < n && table[i] ? table[i] : "unknown";
}

const char *ustack_state_name(enum ustack_state st)
{
	static const char *const name[USTACK_STATES] = {
		[USTACK_CLOSED] = "CLOSED",
		[USTACK_LISTEN] = "LISTEN",
		[USTACK_SYN_SENT] = "SYN-SENT",
		[USTACK_SYN_RCVD] = "SYN-RECEIVED",
		[USTACK_ESTABLISHED] = "ESTABLISHED",
		[USTACK_FIN_WAIT_1] = "FIN-WAIT-1",
		[USTACK_FIN_WAIT_2] = "FIN-WAIT-2",
		[USTACK_CLOSE_WAIT] = "CLOSE-WAIT",
		[USTACK_CLOSING] = "CLOSING",
		[USTACK_LAST_ACK] = "LAST-ACK",
		[USTACK_TIME_WAIT] = "TIME-WAIT",
	};

	return name_of(name, ARRAY_LEN(name), st);
}

const char *ustack_cause_name(enum ustack_cause c)
{
	static const char *const name[USTACK_CAUSES] = {
		[USTACK_CAUSE_NONE] = "none",
		[USTACK_CAUSE_RTO] = "rto",
		[USTACK_CAUSE_FAST] = "dupack",
		[USTACK_CAUSE_PARTIAL_ACK] = "partial_ack",
		[USTACK_CAUSE_WND_PROBE] = "zero_window_probe",
		[USTACK_CAUSE_SYN] = "syn",
		[USTACK_CAUSE_RACK] = "rack",
		[USTACK_CAUSE_SACK] = "sack",
		[USTACK_CAUSE_TLP] = "tlp",
		[USTACK_CAUSE_MTU] = "mtu",
		[USTACK_CAUSE_KEEPALIVE] = "keepalive",
	};

	return name_of(name, ARRAY_LEN(name), c);
}

const char *ustack_reason_name(enum ustack_reason r)
{
	static const char *const name[USTACK_ENDS] = {
		[USTACK_END_NORMAL] = "normal",
		[USTACK_END_RESET] = "reset",
		[USTACK_END_REFUSED] = "refused",
		[USTACK_END_TIMEOUT] = "timeout",
		[USTACK_END_ABORTED] = "aborted",
		[USTACK_END_UNREACH] = "unreachable",
		[USTACK_END_NO_MEMORY] = "no_memory",
		[USTACK_END_NO_ADDR] = "address_gone",
	};

	return name_of(name, ARRAY_LEN(name), r);
}

enum err ustack_reason_err(enum ustack_reason r)
{
	static const enum err err[USTACK_ENDS] = {
		[USTACK_END_NORMAL] = ERR_NONE,
		[USTACK_END_RESET] = ERR_CONNRESET,
		[USTACK_END_REFUSED] = ERR_CONNREFUSED,
		[USTACK_END_TIMEOUT] = ERR_TIMEDOUT,
		[USTACK_END_ABORTED] = ERR_CONNABORTED,
		[USTACK_END_UNREACH] = ERR_HOSTUNREACH,
		[USTACK_END_NO_MEMORY] = ERR_NOMEM,
		[USTACK_END_NO_ADDR] = ERR_ADDRNOTAVAIL,
	};

	return (uint32_t)r < USTACK_ENDS ? err[r] : ERR_INVAL;
}

const char *ustack_pong_name(enum ustack_pong_kind k)
{
	static const char *const name[USTACK_PONGS] = {
		[USTACK_PONG_REPLY] = "reply",
		[USTACK_PONG_TIMEOUT] = "timeout",
		[USTACK_PONG_UNREACHABLE] = "unreachable",
		[USTACK_PONG_TIME_EXCEEDED] = "time_exceeded",
		[USTACK_PONG_TOO_BIG] = "too_big",
		[USTACK_PONG_FAILED] = "failed",
	};

	return name_of(name, ARRAY_LEN(name), k);
}

const char *ustack_event_name(enum ustack_event_kind k)
{
	static const char *const name[USTACK_EVENTS] = {
		[USTACK_EV_OPENED] = "connectivity:connection_started",
		[USTACK_EV_STATE] = "connectivity:connection_state_updated",
		[USTACK_EV_CLOSED] = "connectivity:connection_closed",
		[USTACK_EV_SENT] = "transport:packet_sent",
		[USTACK_EV_RECEIVED] = "transport:packet_received",
		[USTACK_EV_DROPPED] = "transport:packet_dropped",
		[USTACK_EV_LOST] = "recovery:packet_lost",
		[USTACK_EV_METRICS] = "recovery:metrics_updated",
		[USTACK_EV_SOFT_ERROR] = "connectivity:soft_error",
		[USTACK_EV_MEMORY] = "resource:memory_pressure",
		[USTACK_EV_IMPAIRED] = "impairment:applied",
	};

	return name_of(name, ARRAY_LEN(name), k);
}

const char *ustack_fault_name(enum ustack_fault f)
{
	static const char *const name[USTACK_FAULTS] = {
		[USTACK_FAULT_LOST] = "lost",
		[USTACK_FAULT_DELAYED] = "delayed",
		[USTACK_FAULT_DUPLICATED] = "duplicated",
		[USTACK_FAULT_CORRUPTED] = "corrupted",
		[USTACK_FAULT_REORDERED] = "reordered",
		[USTACK_FAULT_MARKED] = "marked",
		[USTACK_FAULT_TRUNCATED] = "truncated",
		[USTACK_FAULT_HELD] = "held",
		[USTACK_FAULT_TAMPERED] = "tampered",
	};

	return name_of(name, ARRAY_LEN(name), f);
}

const char *ustack_knob_name(enum ustack_knob k)
{
	static const char *const name[USTACK_KNOBS] = {
		[USTACK_KNOB_NONE] = "none",
		[USTACK_KNOB_LOSS] = "loss",
		[USTACK_KNOB_GEMODEL] = "gemodel",
		[USTACK_KNOB_DELAY] = "delay",
		[USTACK_KNOB_DUPLICATE] = "duplicate",
		[USTACK_KNOB_CORRUPT] = "corrupt",
		[USTACK_KNOB_REORDER] = "reorder",
		[USTACK_KNOB_RATE] = "rate",
		[USTACK_KNOB_LIMIT] = "limit",
		[USTACK_KNOB_ECN] = "ecn",
		[USTACK_KNOB_SCRIPT] = "script",
		[USTACK_KNOB_HALF_OPEN] = "half-open",
		[USTACK_KNOB_MEMORY] = "memory",
	};

	return name_of(name, ARRAY_LEN(name), k);
}
