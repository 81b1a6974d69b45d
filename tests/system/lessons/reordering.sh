#!/bin/bash
# SPDX-License-Identifier: MIT
#
# reordering.sh - segments that overtake each other are no loss

. "$(dirname "$0")/lib.sh"

title "Reordering without retransmission"
say "The third segment is held until the fourth has passed. The client reports the" \
	"gap, but before the stack would call it a loss it waits a little, a quarter of" \
	"the round-trip time (RACK's reordering window): the segment arrives, and" \
	"nothing is sent twice."
run "ustackctl impair set delay 20ms"
run "ustackctl impair script 'hold out data nth 3'"
run "curl -s -o /dev/null -w '%{size_download} bytes\n' http://$S4/bytes/28960"
ladder
words
expect "nothing was sent again" '^TcpRetransSegs +0' "$(ctl stats TcpRetransSegs --all)"
