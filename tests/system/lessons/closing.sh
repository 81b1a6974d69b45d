#!/bin/bash
# SPDX-License-Identifier: MIT
#
# closing.sh - the four ways a connection closes, half-close and TIME-WAIT among
# them (RFC 9293 sections 3.6 and 3.10.4)

. "$(dirname "$0")/lib.sh"

# hold PORT [nc option...]: a connection whose client writes what comes to fd 9
hold()
{
	rm -f "$D/pipe"
	mkfifo "$D/pipe"
	"$NC" "${@:2}" $S4 "$1" < "$D/pipe" > "$D/got" 2>&1 &
	CLIENT=$!
	exec 9> "$D/pipe"
	wait_until opened "$1"
}

opened()
{
	ctl conns -p "$1" -s ESTABLISHED | grep -q 10.7.0.2:"$1"
}

number()
{
	ctl conns -p "$1" -s ESTABLISHED | awk 'NR == 2 { print $1 }'
}

gone()
{
	! ctl conns -p "$1" | grep -qE "ESTAB|FIN|CLOS|LAST"
}

title "1. The peer closes first"
say "The client's FIN says: no more from me. The stack acknowledges it" \
	"(CLOSE-WAIT), the service ends its own direction (LAST-ACK), and the client's" \
	"last acknowledgement ends the connection. The side that closed first keeps" \
	"TIME-WAIT: here the client."
run "echo bye | nc -N $S4 7"
ladder
expect "CLOSE-WAIT" 'CLOSE-WAIT' "$LADDER"
expect "LAST-ACK" 'LAST-ACK' "$LADDER"

title "2. We close first: TIME-WAIT"
say "Now the stack sends the first FIN (FIN-WAIT-1), sees it acknowledged" \
	"(FIN-WAIT-2), and answers the client's FIN. Then it must wait for twice the" \
	"lifetime of a segment: its last acknowledgement may be lost, and old segments" \
	"must not reach a new connection between the same ports."
hold 9
id=$(number 9)
run "ustackctl conn $id close"
exec 9>&-
wait $CLIENT || true
wait_until gone 9
ladder
run "ustackctl conns -s TIME-WAIT"
expect "FIN-WAIT-1" 'FIN-WAIT-1' "$LADDER"
expect "FIN-WAIT-2" 'FIN-WAIT-2' "$LADDER"
expect "TIME-WAIT" 'TIME-WAIT' "$LADDER"

title "3. Both at once: CLOSING"
say "With 100 ms each way both FINs are under way before either side has seen the" \
	"other's. Each finds a FIN where it expected an acknowledgement: CLOSING."
hold 9 -N
id=$(number 9)
run "ustackctl impair set conn $id delay 100ms"
ctl conn "$id" close > /dev/null &
exec 9>&-
wait $CLIENT || true
wait_until gone 9
ctl impair clear > /dev/null
ladder
expect "CLOSING" 'CLOSING' "$LADDER"

title "4. A reset"
say "A reset ends both directions at once; what was under way is lost, and nobody" \
	"acknowledges anything."
hold 9
id=$(number 9)
run "ustackctl conn $id abort"
exec 9>&-
wait $CLIENT || true
ladder
expect "RST" '<-- RST' "$LADDER"

title "5. Half-closed: one direction ends, the other goes on"
say "The client has sent all it wants and says so at once; the stack is allowed" \
	"1 Mbit/s, and goes on sending the echo for another half a second."
ctl impair set out rate 1mbit > /dev/null
run "head -c 60000 /dev/zero | nc -N $S4 7 | wc -c"
ctl impair clear > /dev/null
ladder
expect "data after the peer's FIN" '<~~.* seq [0-9]+:[0-9]+ len' \
	"$(sed '1,/CLOSE-WAIT/d' <<< "$LADDER")"
