#!/bin/bash
# SPDX-License-Identifier: MIT
#
# handshake.sh - three segments make a connection (RFC 9293 section 3.5)

. "$(dirname "$0")/lib.sh"

title "The handshake"
say "A connection begins with three segments. Each side picks a number from which" \
	"it counts its bytes (its initial sequence number, shown as 0 below) and tells" \
	"it in a SYN; each confirms the other's by acknowledging it. A SYN counts as" \
	"one byte, so the first byte of data has number 1."
run "nc -N $S4 7 < /dev/null"
ladder

say "The peer's SYN says what it can do: the largest segment it takes, selective" \
	"acknowledgements, timestamps, how far its window is scaled. What both sides" \
	"offered is in force:"
words

expect "the SYN" '-- SYN seq 0 .*SYN-RECEIVED' "$LADDER"
expect "the answer" '<-- SYN,ACK seq 0 ack 1' "$LADDER"
expect "and its acknowledgement" 'ACK 1 .*ESTABLISHED' "$LADDER"
