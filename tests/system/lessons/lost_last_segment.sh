#!/bin/bash
# SPDX-License-Identifier: MIT
#
# lost_last_segment.sh - the end of a flight is lost: nothing behind it can tell

. "$(dirname "$0")/lib.sh"

title "The last two segments are lost: the tail loss probe"
say "No acknowledgement can say that the end of a flight is missing: nothing was" \
	"sent behind it. The retransmission timer would find it, but at the price of a" \
	"window of one segment. Before that, after two round trips of silence, the" \
	"stack sends the last segment once more as a probe (TLP, RFC 8985 section 7)." \
	"Its acknowledgement reports the gap in front of it, and RACK does the rest."
run "ustackctl impair set delay 20ms"
run "ustackctl impair script 'drop out data nth 4-5'"
run "(head -c 7240 /dev/zero; sleep 0.5) | nc -N $S4 7 | wc -c"
ladder
words
expect_n "two segments are lost" 1 'X--.* seq 4345:7241 len 2x1448' "$LADDER"
expect_n "the probe" 1 'tail loss probe after 1[0-4][0-9]' "$LADDER"
expect "without a timeout" '^TcpExtTimeouts +0 ' "$(ctl stats TcpExtTimeouts --all)"

title "One segment alone: the probe must wait for a delayed acknowledgement"
say "If just one segment is in flight, its receiver may hold the acknowledgement" \
	"back. So the probe waits longer, here until the retransmission timer was due" \
	"anyway; but the window is spared."
run "ustackctl impair script 'drop out data nth 1'"
run "(printf x; sleep 0.6) | nc -N $S4 7 | wc -c"
ladder
expect_n "the probe" 1 'tail loss probe after 2[0-9][0-9]' "$LADDER"
