#!/bin/bash
# SPDX-License-Identifier: MIT
#
# we_connect.sh - the stack as the client of a kernel's server, and its first SYN lost

. "$(dirname "$0")/lib.sh"

H4=10.7.0.1

# serve: a server of the host's kernel that says a line to the one who comes
serve()
{
	echo "hello from the kernel" | "$NC" -N -l $H4 9000 > "$D/heard" &
	wait_until listens
}

listens()
{
	[ -n "$(ss -Hltn sport = :9000)" ]
}

title "The stack opens a connection"
say "So far others came to the stack. Now it goes to them: it sends the SYN (an" \
	"active open), and the host's kernel, where nc listens, answers. The end of" \
	"our input becomes a FIN, as with nc -N."
serve
run "echo hello from the stack | ustackctl connect $H4 9000"
ladder
expect "our SYN" '<-- SYN seq 0 .*SYN-SENT' "$LADDER"
expect "their answer" '--- SYN,ACK seq 0 ack 1 .*ESTABLISHED' "$LADDER"
wait_until grep -q "hello from the stack" "$D/heard"

title "Its SYN is lost"
say "A client that hears nothing cannot know why: the SYN or its answer was lost, or" \
	"nobody is there. It has measured nothing yet and waits a second before it asks" \
	"again (RFC 6298), then two, then four. And it begins with care: after a lost" \
	"SYN the congestion window is one segment (RFC 5681)."
serve
run "ustackctl impair script 'drop out syn count 1'"
run "echo hello from the stack | ustackctl connect -v $H4 9000"
ladder
words
expect "the first SYN is lost" 'X-- SYN seq 0 .*SYN-SENT' "$LADDER"
expect "it comes again after a second" '^ +1[0-9]{3}\..*SYN seq 0 .* again: no answer' \
	"$LADDER"
expect "the window" 'cwnd 1448$' "$LADDER"
expect "in words" 'active open' "$WORDS"
expect "the cause" "SYN was lost by script" "$WORDS"

title "Nobody listens, and nobody is there"
say "A closed port says so: the kernel answers the SYN by a reset, refused. A host that" \
	"is silent looks like a lost SYN, for as long as we have patience."
run "ustackctl connect $H4 9999 || echo exit status \$?"
run "ustackctl impair set peer $H4 loss 100%"
run "ustackctl connect --timeout 1.5 $H4 9000 || echo exit status \$?"
ladder
expect_n "asked twice" 2 'X.*SYN seq 0' "$LADDER"
