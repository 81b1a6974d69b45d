#!/bin/bash
# SPDX-License-Identifier: MIT
#
# zero_window.sh - a receiver that does not read stops its sender

. "$(dirname "$0")/lib.sh"

title "Our service stops reading"
say "The discard service is told to stall. What comes fills the receive buffer, and" \
	"each acknowledgement announces less room, until the window is zero. The client" \
	"must stop, and asks by probes whether there is room again."
run "ustackctl fault port 9 stall"
(head -c 300000 /dev/zero | "$NC" -N $S4 9) &
CLIENT=$!
shut()
{
	[ "$(ctl --json conns -p 9 | grep -o '"rcv_wnd":[0-9]*' | head -1)" = '"rcv_wnd":0' ]
}
wait_until shut
run "ustackctl conns -i -p 9"
sleep 1
run "ustackctl fault port 9 off"
wait $CLIENT
ladder
words
expect "the window closes" '<-- ACK [0-9]+ win 0 ' "$LADDER"
expect "and opens" '<-- ACK [0-9]+ win 262144 ' "$LADDER"

title "The client stops reading"
say "The same the other way round: the client of the character generator sleeps, its" \
	"kernel's window closes, and the stack's persist timer sends probes (RFC 9293" \
	"section 3.8.6.1)."
("$NC" $S4 19 | (sleep 2; head -c 1000000) | wc -c) || true
wait_until is_over
words
expect "it probes" 'asked [0-9]+ times? by a window probe|asked by a window probe' "$(tr -s ' \n' ' ' <<< "$WORDS")"
