#!/bin/bash
# SPDX-License-Identifier: MIT
#
# burst.sh - losses come in bursts: the Gilbert-Elliott model

. "$(dirname "$0")/lib.sh"

title "A burst of losses"
say "Radio links do not lose single packets: they are good for a while, then bad." \
	"The model has two states; here the path turns bad with 2 % and good again with" \
	"25 %, and loses everything while it is bad."
run "ustackctl impair set out delay 10ms loss gemodel 2% 25% seed 1"
run "curl -s -o /dev/null -w '%{size_download} bytes in %{time_total} s\n' http://$S4/bytes/300000"
words
run "ustackctl impair show"
expect "something was lost" 'gemodel [1-9][0-9]*' "$(ctl impair show)"
expect "and mended" 'sent again  [1-9][0-9]* segments?' "$WORDS"
