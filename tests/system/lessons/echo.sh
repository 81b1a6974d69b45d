#!/bin/bash
# SPDX-License-Identifier: MIT
#
# echo.sh - a line there and back: data, acknowledgements, and the end

. "$(dirname "$0")/lib.sh"

title "An echo"
say "The client sends 15 bytes and ends its direction (FIN). The stack sends the" \
	"same bytes back and ends its own. Follow the numbers: each side acknowledges" \
	"the next byte that it expects."
run "echo 'hello, ustack!' | nc -N $S4 7"
ladder

say "An acknowledgement costs nothing when it rides on data: the echo carries it."
expect "15 bytes come" 'seq 1:16 len 15.*>' "$LADDER"
expect "and go back" '<--.*seq 1:16 len 15' "$LADDER"
