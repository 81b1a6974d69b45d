# shellcheck shell=bash
# connect.sh - ustackctl connect: the stack is the client, the host's kernel the server

PEER=$HERE/peer.py

connect()
{
	ctl connect "$@"
}

# spawn ARGUMENT...: the tool itself as $CLIENT, no function's subshell; descriptor 3
# is its input, $T/got its output
spawn()
{
	rm -f "$T/in"
	mkfifo "$T/in"
	"$B/ustackctl" --socket "$T/ctl.sock" connect "$@" < "$T/in" > "$T/got" 2> "$T/err" &
	CLIENT=$!
	exec 3> "$T/in"
}

# serve PORT: nc sends $T/down to the one who comes, and its end; what comes is in
# $T/up
serve()
{
	"$NC" -N -l "${2:-$H4}" "$1" < "$T/down" > "$T/up" &
	SERVER=$!
	wait_for 5 listens "$1"
}

# peer PORT HOW [ARGUMENT...]: a server that nc cannot be; it tells in $T/peer
peer()
{
	rm -f "$T/peer"
	python3 $PEER "$@" > "$T/peer" 2>&1 &
	SERVER=$!
	wait_for 5 grep -q '^ready' "$T/peer"
}

# of EXPRESSION: of the daemon's status, which is v
of_status()
{
	ctl --json status | python3 -c "import json, sys; v = json.load(sys.stdin); print($1)"
}

# nothing_is_open: of connections, TIME-WAIT aside, and of descriptors behind them
nothing_is_open()
{
	! ctl conns | grep -qE 'SYN|ESTAB|FIN|CLOS|LAST' && ! holds_sockets
}

# holds_sockets: stream sockets beyond those to the control socket
holds_sockets()
{
	[ "$(find "/proc/$DPID/fd" -lname 'socket:*' | wc -l)" -gt "$SOCKETS" ]
}

# begin [OPTION...]: start, and remember what an idle daemon holds
begin()
{
	start "$@"
	SOCKETS=$(find "/proc/$DPID/fd" -lname 'socket:*' | wc -l)
	SOCKETS=$((SOCKETS + 1))	# one for the client that asks meanwhile
}

# both ways, IPv4 and IPv6; what -v tells is what conns told
case_connect_both_ways()
{
	begin
	echo 'from the kernel' > "$T/down"
	serve 9000
	eq status "$(status_of connect -v $H4 9000 <<< 'from the stack')" 0
	wait $SERVER || fail "nc: status $?"
	eq received "$(cat "$T/out")" 'from the kernel'
	eq sent "$(cat "$T/up")" 'from the stack'
	has opened "^connected to $H4 port 9000 from $S4 port [0-9]+ \(connection 1\)" \
		"$(cat "$T/err")"
	has closed '^closed \(normal\) after .*: 16 B received, 15 B sent, 0 segments sent again' \
		"$(cat "$T/err")"
	serve 9000 fd07::1
	eq status "$(status_of connect fd07::1 9000 <<< 'from the stack')" 0
	wait $SERVER || fail "nc: status $?"
	eq received "$(cat "$T/out")" 'from the kernel'
	eq sent "$(cat "$T/up")" 'from the stack'
	eq 'and says nothing' "$(cat "$T/err")" ''
	eq 'active opens' "$(counter TcpActiveOpens)" 2
	wait_for 5 nothing_is_open
}

# while it is open: conns has it, with its service, and so do trace and explain
case_connect_is_seen_as_any_other()
{
	local ladder

	begin
	peer 9000 hold
	spawn $H4 9000
	wait_for 5 grep -q held "$T/got"
	has conns "ESTAB .* $S4:[0-9]+ +$H4:9000" "$(ctl conns)"
	has service 'connect' "$(ctl conn 1)"
	has 'not a service of its own' '^echo' "$(ctl services | grep -v connect)"
	not grep -q connect <<< "$(ctl services)" || fail "services lists connect"
	exec 3>&-
	wait_for 5 not ctl conn 1
	ladder=$(ctl trace 1)
	has head '^connection 1, connect, began at ' "$ladder"
	eq states "$(sed -nE 's/.*\| ([A-Z]+[A-Z0-9-]+)$/\1/p' <<< "$ladder" | xargs)" \
		'SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT'
	has explain 'The stack opened it by a SYN' "$(ctl explain 1)"
}

# said_of WORD FILE: the server has sent or heard that, and nothing else
said_of()
{
	wait_for 5 grep -q "^$1 $(wc -c < "$2") $(sha256sum < "$2" | cut -d' ' -f1)$" "$T/peer"
}

heard()	# FILE
{
	said_of heard "$1"
}

# transfer BYTES SECONDS: so much each way at once; nc would end when we do
transfer()
{
	head -c "$1" /dev/urandom > "$T/mine"
	peer 9000 both "$1"
	eq status "$(status_of timeout "$2" "$B/ustackctl" --socket "$T/ctl.sock" \
		connect $H4 9000 < "$T/mine")" 0
	said_of sends "$T/out"
	eq bytes "$(wc -c < "$T/out")" "$1"
	heard "$T/mine"
}

# 100 MB each way, at the same time
case_connect_100_mb_each_way()
{
	local ms

	B=$R
	begin
	ms=$(date +%s%N)
	transfer 100000000 60
	note "100 MB each way in $((($(date +%s%N) - ms) / 1000000)) ms"
	wait_for 5 nothing_is_open
}

# the end of each direction comes alone, and data goes on in the other
case_connect_half_close()
{
	head -c 300000 /dev/urandom > "$T/much"
	begin
	# ours first: the server answers to all it has heard
	peer 9000 answer 300000
	eq status "$(status_of connect $H4 9000 < "$T/much")" 0
	heard "$T/much"
	eq answer "$(wc -c < "$T/out")" 300000
	# the server's first: what we say then is heard
	peer 9001 greet
	(sleep 0.7; cat "$T/much") | connect $H4 9001 > "$T/out"
	eq greeting "$(cat "$T/out")" hello
	heard "$T/much"
	# neither says a word
	peer 9002 greet
	eq status "$(status_of connect $H4 9002 < /dev/null)" 0
	eq greeting "$(cat "$T/out")" hello
	heard /dev/null
	eq resets "$(counter TcpOutRsts)" 0
	eq resets "$(counter TcpEstabResets)" 0
}

# input and output of every kind: files, pipes, /dev/null, closed
case_connect_any_kind_of_input_and_output()
{
	begin
	echo 'from the kernel' > "$T/down"
	echo file > "$T/in"
	serve 9000
	connect $H4 9000 < "$T/in" > "$T/got"
	wait $SERVER
	eq file "$(cat "$T/up" "$T/got" | xargs)" 'file from the kernel'
	serve 9000
	connect $H4 9000 <&- > "$T/got"
	wait $SERVER
	eq 'closed input' "$(cat "$T/up" "$T/got" | xargs)" 'from the kernel'
	serve 9000
	echo x | connect $H4 9000 > /dev/null
	wait $SERVER
	eq 'output to nowhere' "$(cat "$T/up")" x
	serve 9000
	(connect $H4 9000 < "$T/in" >&- 2> "$T/err") && fail "closed output: done"
	wait_for 5 nothing_is_open
	kill $SERVER 2> /dev/null || true
	head -c 3000000 /dev/zero > "$T/down"
	serve 9000
	connect $H4 9000 < /dev/null > /dev/full 2> "$T/err" && fail "full output: done"
	has full 'standard output: No space left' "$(cat "$T/err")"
	wait_for 5 nothing_is_open
	kill $SERVER 2> /dev/null || true
	serve 9000
	# a reader that has enough ends it, as SIGPIPE would
	connect $H4 9000 < /dev/null 2> "$T/err" | head -c 1000 | wc -c > "$T/got"
	eq 'bytes read' "$(cat "$T/got")" 1000
	eq 'and says nothing' "$(cat "$T/err")" ''
	wait_for 5 nothing_is_open
}

# at a terminal the peer's end is the end
case_connect_at_a_terminal()
{
	begin
	echo 'from the kernel' > "$T/down"
	serve 9000
	timeout 10 script -qec "'$B/ustackctl' --socket '$T/ctl.sock' connect $H4 9000" \
		/dev/null > "$T/got" < <(sleep 5) || fail "script: status $?"
	has received 'from the kernel' "$(cat "$T/got")"
	wait_for 5 nothing_is_open
}

# a closed port, a silent one, a reset, no route: each has its status and words
case_connect_tells_why_not()
{
	local ms

	begin
	eq refused "$(status_of connect $H4 9999)" 5
	has refused "^ustackctl: $H4:9999: connection refused$" "$(cat "$T/err")"
	eq 'refused, IPv6' "$(status_of connect fd07::1 9999)" 5
	has refused '^ustackctl: \[fd07::1\]:9999: connection refused$' "$(cat "$T/err")"
	ctl impair set out port 9000 loss 100% > /dev/null
	ms=$(date +%s%N)
	eq silent "$(status_of connect --timeout 1.5 $H4 9000)" 6
	ms=$((($(date +%s%N) - ms) / 1000000))
	[ $ms -ge 1450 ] && [ $ms -lt 3000 ] || fail "--timeout 1.5: after $ms ms"
	has silent "^ustackctl: $H4:9000: .*timed out" "$(cat "$T/err")"
	ctl impair clear > /dev/null
	peer 9000 reset
	eq reset "$(status_of connect $H4 9000 <<< x)" 7
	has reset "^ustackctl: connect: $H4:9000: connection reset" "$(cat "$T/err")"
	ip route add prohibit 10.66.0.0/24
	# ICMP is not believed that much (RFC 9293, MUST-56)
	eq unreachable "$(status_of connect --timeout 0.5 10.66.0.1 80)" 6
	wait_for 5 nothing_is_open
}

# dropped	the SYNs that the host's firewall has dropped
dropped()
{
	nft list table ip t | sed -n 's/.*packets \([0-9]*\) .*/\1/p'
}

# a host that drops our SYNs: they go again after 1, 2, ... s; one that comes through
# in time is answered, and the rest is as ever
case_connect_lost_syns()
{
	begin
	nft -f - <<-EOF || skip "nftables cannot drop here"
		table ip t {
			chain c { type filter hook input priority 0;
				tcp dport 9000 counter drop; }
		}
	EOF
	eq silent "$(status_of connect --timeout 2.5 $H4 9000)" 6
	has silent 'timed out' "$(cat "$T/err")"
	eq SYNs "$(dropped)" 2
	peer 9000 who
	spawn -v $H4 9000
	wait_for 5 eval '[ "$(dropped)" = 3 ]'
	nft flush ruleset
	exec 3>&-
	wait $CLIENT || fail "connect: status $?"
	has 'at last' "^$S4 " "$(cat "$T/got")"
	has 'after a second' '^after [12]\.[0-9]+ ?s' "$(cat "$T/err")"
	wait_for 5 nothing_is_open
}

# what makes no sense is refused before anything is sent, with what would be right
case_connect_usage()
{
	local args

	begin
	for args in '' $H4 "$H4 0" "$H4 65536" "$H4 http" "$H4 80 81" "-x $H4 80" \
		"--timeout 0 $H4 80" "--timeout x $H4 80" "--cc bbr $H4 80" \
		"--bind nowhere $H4 80" "--bind 10.7.0.2:x $H4 80" "--cert $T/conf $H4 80" \
		"--insecure --ca $T/conf $H4 80" "--fingerprint 00:11 $H4 80" \
		"-6 $H4 80"; do
		# shellcheck disable=SC2086 # options
		eq "connect $args" "$(status_of connect $args)" 2
		has "connect $args" '^ustackctl: .+' "$(cat "$T/err")"
	done
	for args in "$S4 7" "$S6 7" "224.0.0.1 80" "255.255.255.255 80" "0.0.0.0 80" \
		"ff02::1 80" "127.0.0.1 80"; do
		# shellcheck disable=SC2086 # options
		eq "connect $args" "$(status_of connect $args)" 1
		has "connect $args" 'expected the address of one other host' \
			"$(cat "$T/err")"
	done
	eq 'no daemon' "$(status_of "$B/ustackctl" --socket "$T/none" connect $H4 80)" 3
	eq 'no address of ours' "$(status_of connect --bind 10.7.0.9 $H4 80)" 1
	has 'no address of ours' '10.7.0.9 is no address of the stack; status' "$(cat "$T/err")"
	eq 'of the other kind' "$(status_of connect --bind fd07::2 $H4 80)" 1
	has 'of the other kind' 'bind: expected an IPv4 address, not fd07::2' "$(cat "$T/err")"
	eq opens "$(counter TcpActiveOpens)" 0
}

# --bind gives the address and the port, --cc the congestion control
case_connect_heeds_its_options()
{
	begin -o stack.address=10.7.0.2,10.7.0.3,fd07::2
	peer 9000 who
	eq bind "$(status_of connect --bind 10.7.0.3:4711 $H4 9000)" 0
	eq bind "$(cat "$T/out")" '10.7.0.3 4711'
	eq 'port alone' "$(status_of connect --bind :4712 $H4 9000)" 0
	eq 'port alone' "$(cat "$T/out")" "$S4 4712"
	eq 'address alone' "$(status_of connect --bind 10.7.0.3 $H4 9000)" 0
	has 'address alone' '^10.7.0.3 ' "$(cat "$T/out")"
	kill $SERVER
	peer 9000 who 0 fd07::1
	eq 'IPv6' "$(status_of connect --bind "[$S6]:4713" fd07::1 9000)" 0
	eq 'IPv6' "$(cat "$T/out")" "$S6 4713"
	kill $SERVER
	peer 9000 hold
	spawn --cc reno $H4 9000
	wait_for 5 grep -q held "$T/got"
	has cc '"cc":"reno"' "$(ctl --json conns)"
	exec 3>&-
}

# names come from the host; the addresses are tried in turn
case_connect_resolves_names()
{
	printf '%s\n' '10.7.0.1 both.test four.test' 'fd07::1 both.test six.test' > "$T/hosts"
	mount --bind "$T/hosts" /etc/hosts
	begin
	peer 9000 who
	eq name "$(status_of connect four.test 9000)" 0
	has 'IPv4' "^$S4 " "$(cat "$T/out")"
	eq 'the second address answers' "$(status_of connect both.test 9000)" 0
	has 'IPv4' "^$S4 " "$(cat "$T/out")"
	eq 'asked for IPv6' "$(status_of connect -6 both.test 9000)" 5
	eq brackets "$(status_of connect '[fd07::1]' 9000)" 5
	eq 'no such name' "$(status_of connect none.test 9000)" 4
	has 'no such name' 'none.test: ' "$(cat "$T/err")"
	eq 'neither answers' "$(status_of connect both.test 9999)" 5
	stop
	begin -o stack.address=10.7.0.2
	eq 'the stack has no IPv6' "$(status_of connect both.test 9000)" 0
	eq 'and none will do' "$(status_of connect six.test 9000)" 4
}

# memory_of PID: resident, in KB
memory_of()
{
	awk '/VmRSS/ { print $2 }' "/proc/$1/status"
}

conn()	# EXPRESSION of the connection that is open, which is v
{
	ctl --json conns | python3 -c "import json, sys
v, = [c for c in json.load(sys.stdin)['conns'] if c['state'] != 'TIME-WAIT']
print($1)"
}

stands_still()	# EXPRESSION, see conn: it is above 0 and stays the same
{
	local before

	before=$(conn "$1")
	sleep 0.3
	[ "$before" -gt 0 ] && [ "$(conn "$1")" = "$before" ]
}

# little_more PID KB: its memory is not much more than it was
little_more()
{
	local now

	now=$(memory_of "$1")
	note "resident $2 KB, then $now KB"
	[ $((now - $2)) -lt "${3:-16000}" ] || fail "resident $2 KB, then $now KB"
}

# whoever reads our output stops: so does the server, memory is bounded, and in the
# end all is there
case_connect_slow_output()
{
	local before

	B=$R
	begin
	before=$(memory_of "$DPID")
	peer 9000 pour 60000000
	mkfifo "$T/out"
	connect $H4 9000 < /dev/null > "$T/out" &
	CLIENT=$!
	exec 4< "$T/out"
	wait_for 10 stands_still 'v["bytes_received"]'
	[ "$(conn 'v["bytes_received"]')" -lt 20000000 ] || fail "it goes on"
	little_more "$DPID" "$before"
	cat <&4 | wc -c > "$T/got"
	exec 4<&-
	wait $CLIENT || fail "connect: status $?"
	eq bytes "$(cat "$T/got")" 60000000
	heard /dev/null
	wait_for 5 nothing_is_open
}

# a server that does not read stops us, and our input; in the end it has had all
case_connect_slow_server()
{
	local before

	B=$R
	head -c 60000000 /dev/urandom > "$T/much"
	begin
	before=$(memory_of "$DPID")
	peer 9000 hear
	kill -STOP $SERVER
	spawn $H4 9000
	cat "$T/much" >&3 &
	exec 3>&-
	wait_for 10 stands_still 'v["bytes_sent"]'
	[ "$(conn 'v["bytes_sent"]')" -lt 30000000 ] || fail "it goes on"
	little_more "$DPID" "$before"
	little_more $CLIENT 3000
	kill -CONT $SERVER
	wait $CLIENT || fail "connect: status $?"
	heard "$T/much"
}

# under loss and with segments out of order, each way: intact, ends and all
case_connect_under_loss()
{
	begin
	ctl impair set seed 7 loss 5% delay 5ms 2ms reorder 10% > /dev/null
	transfer 3000000 60
	note "$(counter TcpRetransSegs) segments sent again"
	[ "$(counter TcpRetransSegs)" -gt 20 ] || fail "nothing was lost"
	head -c 300000 "$T/mine" > "$T/much"
	peer 9001 answer 300000
	eq status "$(status_of connect $H4 9001 < "$T/much")" 0
	heard "$T/much"
	eq answer "$(wc -c < "$T/out")" 300000
	kill $SERVER
	peer 9001 greet
	(sleep 0.5; cat "$T/much") | connect $H4 9001 > "$T/out"
	eq greeting "$(cat "$T/out")" hello
	heard "$T/much"
	eq refused "$(status_of connect $H4 9999)" 5
	peer 9002 reset
	eq reset "$(status_of connect $H4 9002 <<< x)" 7
}

# rules, scripts and faults meet these connections as any other, whichever is next too
case_connect_meets_impairment()
{
	begin
	peer 9000 who
	ctl impair set next delay 100ms > /dev/null
	eq 'the next one' "$(status_of connect -v $H4 9000)" 0
	has 'the next one' '^after 2[0-9][0-9](\.[0-9]+)? ?ms' "$(cat "$T/err")"
	eq 'and no other' "$(status_of connect -v $H4 9000)" 0
	not grep -qE '^after 2[0-9][0-9](\.[0-9]+)? ?ms' "$T/err" || fail "$(cat "$T/err")"
	ctl impair clear > /dev/null
	ctl impair set port 9000 loss 100% > /dev/null
	eq "the peer's port" "$(status_of connect --timeout 0.3 $H4 9000)" 6
	eq 'another one' "$(status_of connect $H4 9001)" 5
	ctl impair clear > /dev/null
	ctl impair set peer $H4/32 in loss 100% > /dev/null
	eq 'the peer' "$(status_of connect --timeout 0.3 $H4 9000)" 6
	ctl impair clear > /dev/null
	ctl impair script 'drop in synack count 1' > /dev/null
	eq 'a script' "$(status_of connect -v $H4 9000)" 0
	has 'a script' '^after [12]\.[0-9]+ ?s' "$(cat "$T/err")"
	wait_for 5 nothing_is_open
	kill $SERVER
	peer 9000 hold
	spawn $H4 9000
	wait_for 5 grep -q held "$T/got"
	ctl fault "$(conn 'v["id"]')" reset > /dev/null
	wait_for 5 not kill -0 $CLIENT
	exec 3>&-
	wait_for 5 grep -q '^reset' "$T/peer"
	wait_for 5 nothing_is_open
}

# ended_by SIGNAL WHAT: the tool goes, and the server sees that as WHAT
ended_by()
{
	local rc=0

	peer 9000 hold
	spawn $H4 9000
	wait_for 5 grep -q held "$T/got"
	kill -s "$1" $CLIENT
	wait $CLIENT 2> /dev/null || rc=$?
	wait_for 5 grep -q "^$2" "$T/peer"
	wait_for 5 nothing_is_open
	exec 3>&-
	kill $SERVER
	echo "$1 $rc" >> "$T/ends"
}

# ^C, and worse: whoever was connected hears of it at once
case_connect_is_stopped()
{
	begin
	ended_by TERM end
	ended_by KILL end
	ended_by HUP end
	# bash has what runs behind it ignore SIGINT
	peer 9000 hold
	timeout -s INT 1 "$B/ustackctl" --socket "$T/ctl.sock" connect $H4 9000 \
		< <(sleep 5) > "$T/got" || true
	wait_for 5 grep -q '^end' "$T/peer"
	kill $SERVER
	# what was not read makes it a reset, as TCP wants it (RFC 9293, MUST-17)
	peer 9000 pour 50000000
	mkfifo "$T/fifo"
	connect $H4 9000 < /dev/null > "$T/fifo" &
	exec 4< "$T/fifo"
	wait_for 10 stands_still 'v["bytes_received"]'
	kill "$(pgrep -f "connect $H4 9000")"
	wait_for 5 grep -q '^reset' "$T/peer"
	exec 4<&-
	wait_for 5 nothing_is_open
	eq ends "$(tr '\n' ' ' < "$T/ends")" 'TERM 143 KILL 137 HUP 129 '
}

syns()	# N: so many SYNs have left
{
	[ "$(counter TcpActiveOpens)" -ge "$1" ]
}

# somebody who waits for a connection gives up: nothing is left of it
case_connect_is_stopped_while_it_waits()
{
	begin
	ctl impair set in peer $H4 loss 100% > /dev/null
	for sig in TERM KILL; do
		spawn $H4 9000
		wait_for 5 eval 'ctl conns | grep -q SYN-SENT'
		kill -s $sig $CLIENT
		rc=0
		wait $CLIENT 2> /dev/null || rc=$?
		eq $sig "$(kill -l $rc)" $sig
		exec 3>&-
		wait_for 2 nothing_is_open
	done
}

# the daemon ends, well or badly: the tool says so, and the server is told if it can be
case_connect_ends_with_the_daemon()
{
	local rc=0

	begin
	peer 9000 hold
	spawn $H4 9000
	wait_for 5 grep -q held "$T/got"
	stop
	wait_for 5 not kill -0 $CLIENT
	exec 3>&-
	wait $CLIENT || rc=$?
	note "ustackctl: status $rc, $(cat "$T/err")"
	[ $rc != 0 ] || fail "the tool takes it for a good end"
	wait_for 5 grep -qE '^(end|reset)' "$T/peer"
	begin
	ctl impair set in peer $H4 loss 100% > /dev/null
	spawn $H4 9000
	wait_for 5 eval 'ctl conns | grep -q SYN-SENT'
	stop
	wait_for 5 not kill -0 $CLIENT
	wait $CLIENT && fail "nobody was connected"
	exec 3>&-
	begin
	spawn $H4 9000
	wait_for 5 grep -q held "$T/got"
	kill -KILL "$DPID"
	wait "$DPID" 2> /dev/null || true
	DPID=
	wait_for 5 not kill -0 $CLIENT
	rc=0
	wait $CLIENT || rc=$?
	exec 3>&-
	eq 'the daemon was killed' $rc 3
}

# more than the daemon opens for clients: refused in words, and the others go on
case_connect_as_many_as_there_may_be()
{
	local most

	most=$(awk '$2 == "CTL_CONNECTS_MAX" { print $3 + 0 }' daemon/ctl_proto.h)
	begin
	peer 9000 hold
	mkfifo "$T/in"
	exec 3<> "$T/in"
	for _ in $(seq "$most"); do
		connect $H4 9000 < "$T/in" > /dev/null 2>&1 3>&- &
	done
	wait_for 30 eval '[ "$(ctl conns | grep -c ESTAB)" = $most ]'
	eq 'one more' "$(status_of connect $H4 9000 < /dev/null)" 1
	has 'one more' "$most connections" "$(cat "$T/err")"
	eq status "$(ctl status > /dev/null && echo well)" well
	exec 3>&-
	wait_for 10 nothing_is_open
}

# two hundred in a row leave nothing behind
case_connect_again_and_again()
{
	local before

	begin -o log.level=warning
	peer 9000 who
	for _ in $(seq 20); do connect $H4 9000 > /dev/null; done
	wait_for 5 nothing_is_open
	before=$(of_status 'v["memory"]["used"]')
	for _ in $(seq 200); do connect $H4 9000 > /dev/null || fail "status $?"; done
	wait_for 5 nothing_is_open
	note "memory used $before, then $(of_status 'v["memory"]["used"]')"
}
