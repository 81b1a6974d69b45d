#!/bin/bash
# SPDX-License-Identifier: MIT
#
# lost_third_segment.sh - one segment of twenty is lost, and mended without a timer

. "$(dirname "$0")/lib.sh"

title "A lost segment, mended within a round trip"
say "The third of twenty segments is lost, with 20 ms each way. Those behind it" \
	"arrive: the client reports them by SACK, and acknowledges nothing beyond the" \
	"gap. The stack sees that data sent later has arrived (RACK, RFC 8985), and" \
	"sends the lost segment again without waiting for its timer."
run "ustackctl impair set delay 20ms"
run "ustackctl impair script 'drop out data nth 3'"
run "curl -s -o /dev/null -w '%{size_download} bytes in %{time_total} s\n' http://$S4/bytes/28960"
ladder
words
run "ustackctl impair show"
expect_n "one segment is lost" 1 'X--' "$LADDER"
expect_n "it is found once" 1 'lost: later data has arrived \(rack\)' "$LADDER"
expect_n "it is sent again once" 1 'again: rack' "$LADDER"
expect "without a timeout" '^TcpExtTimeouts +0 ' "$(ctl stats TcpExtTimeouts --all)"
