#!/bin/bash
# SPDX-License-Identifier: MIT
#
# reset.sh - who sends a reset, and when

. "$(dirname "$0")/lib.sh"

title "Nobody listens"
say "A SYN to a port without a service is answered by a reset: refused."
run "nc -N $S4 4242 < /dev/null || echo 'exit status 1'"

title "A service that dies"
say "The fault 'reset' ends a connection as a crashing server does."
(sleep 5 | "$NC" $S4 9) &
CLIENT=$!
there()
{
	ctl conns -p 9 -s ESTABLISHED | grep -q 10.7.0.2:9
}
wait_until there
id=$(ctl conns -p 9 -s ESTABLISHED | awk 'NR == 2 { print $1 }')
run "ustackctl fault $id reset"
ladder
words
kill $CLIENT 2> /dev/null || true
expect "a reset was sent" '<-- RST' "$LADDER"
