#!/bin/bash
# SPDX-License-Identifier: MIT
#
# lost_syn.sh - the first segment is lost: there is only the timer

. "$(dirname "$0")/lib.sh"

title "A lost SYN"
say "Nothing has been measured yet, so the client can only wait for its timer: one" \
	"second (RFC 6298). The user sees a connection that takes a second to open."
run "ustackctl impair script 'drop in syn count 1'"
run "time (echo hi | nc -N $S4 7)"
ladder
expect "the first SYN is lost" 'SYN seq 0 lost by script.*--X' "$LADDER"
expect "it comes again after a second" '^ +1[0-9]{3}\..*SYN.*again' "$LADDER"

title "A lost SYN-ACK"
say "The other half of the handshake. Now two timers run: the client sends its SYN" \
	"again, and the stack its SYN-ACK."
run "ustackctl impair script 'drop out synack count 1'"
run "time (echo hi | nc -N $S4 7)"
ladder
words
expect "the SYN-ACK is lost" 'X--.*SYN,ACK' "$LADDER"
expect "it is sent again" 'SYN,ACK.*again' "$LADDER"
