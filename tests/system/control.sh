# shellcheck shell=bash
# control.sh - ustackctl, the control socket, and the log

json()	# EXPRESSION, on standard input; v is the document
{
	python3 -c "import json, sys; v = json.load(sys.stdin); print($1)" ||
		fail "not the JSON expected"
}

# hold_one: a connection that stays open until file descriptor 3 closes
hold_one()
{
	mkfifo "$T/in"
	"$NC" $S4 7 < "$T/in" > "$T/echoed" &
	CLIENT=$!
	exec 3> "$T/in"
	echo hello >&3
	wait_for 5 grep -q hello "$T/echoed"
}

# every command answers, for people within 80 columns
case_ctl_commands_for_people()
{
	local c

	start
	hold_one
	for c in '' status stats 'stats Tcp*' conns 'conns -i' 'conns -s established' \
		'conns -p 7' 'conn 1' services 'log info'; do
		# shellcheck disable=SC2086
		ctl $c > "$T/out" || fail "ustackctl $c: status $?"
		[ -s "$T/out" ] || fail "ustackctl $c says nothing"
		[ "$(expand "$T/out" | awk '{ if (length > m) m = length } END { print m }')" \
			-le 80 ] || fail "ustackctl $c is wider than 80: $(cat "$T/out")"
	done
	has conns ESTAB "$(ctl conns)"
	has 'conns -i' cwnd "$(ctl conns -i)"
	has services chargen "$(ctl services)"
	has status ustack0 "$(ctl status)"
}

# --json gives valid JSON everywhere
case_ctl_json_is_valid()
{
	local c

	start
	hold_one
	for c in status stats conns 'conns -i' 'conn 1' services 'log info'; do
		# shellcheck disable=SC2086
		ctl --json $c | python3 -m json.tool > /dev/null || fail "ustackctl --json $c"
	done
}

# each field of an answer stands in the protocol's header and in its manual
case_answers_are_as_documented()
{
	start
	hold_one
	ctl impair set port 7 delay 1ms > /dev/null
	ctl impair script 'drop out data nth 3' > /dev/null
	ctl fault port 9 slow-read 80kbit > /dev/null
	ctl capture start "$T/cap" > /dev/null
	echo again >&3
	wait_for 5 grep -q again "$T/echoed"
	python3 "$HERE/documented.py" "$T/ctl.sock" daemon/ctl_proto.h \
		daemon/ustack-control.7 || fail "undocumented"
}

# 0 done, 1 refused, 2 usage, 3 no daemon, 4 no such object
case_ctl_exit_status()
{
	local c

	start
	eq status "$(status_of ctl status)" 0
	eq usage "$(status_of ctl frobnicate)" 2
	eq usage "$(status_of ctl log loudest)" 2
	eq usage "$(status_of ctl conn)" 2
	eq "no daemon" "$(status_of "$B/ustackctl" --socket "$T/none" status)" 3
	grep -q "$T/none" "$T/err" || fail "the message does not name the socket"
	for c in frobnicate 'status now' 'stats --some' 'conns -p x' 'conn x' \
		'conn 99999999999999999999' 'log loudest' '--frob' 'conns -p'; do
		# shellcheck disable=SC2086
		eq "usage without a daemon: $c" \
			"$(status_of "$B/ustackctl" --socket "$T/none" $c)" 2
	done
	eq "help of a command" "$(status_of "$B/ustackctl" --socket "$T/none" stats -h)" 0
	grep -q PATTERN "$T/out" || fail "it does not say what stats takes"
	eq "no such object" "$(status_of ctl conn 999999)" 4
	has "which, and where to look" 'no connection 999999.* ustackctl conns ' "$(cat "$T/err")"
	eq "no such rule" "$(status_of ctl impair clear 99)" 4
	has "where to look" '99; ustackctl impair ' "$(cat "$T/err")"
	python3 $HERE/clients.py occupy "$T/ctl.sock" 64 > "$T/occupied" &
	wait_for 5 grep -q open "$T/occupied"
	eq "64 idle clients" "$(status_of ctl status)" 0
	kill $!
}

# close ends a connection by FIN, abort resets it
case_ctl_conn_close_and_abort()
{
	local client

	start
	python3 $HERE/clients.py patient $S4 > "$T/out" &
	client=$!
	wait_for 5 grep -q open "$T/out"
	ctl conn 1 close
	wait_for 5 not kill -0 $client
	wait $client || fail "the client did not see FIN"
	eq "resets sent" "$(counter TcpOutRsts)" 0

	python3 $HERE/clients.py patient $S4 > "$T/again" 2> "$T/err" &
	client=$!
	wait_for 5 grep -q open "$T/again"
	ctl conn 2 abort
	wait_for 5 not kill -0 $client
	not wait $client || fail "the client saw an orderly end"
	has "the client's end" 'reset by peer' "$(cat "$T/err")"
	eq "resets sent" "$(counter TcpOutRsts)" 1
}

# shutdown by the control socket is as SIGTERM
case_ctl_shutdown()
{
	start
	ctl shutdown
	wait_for 10 ended
	wait "$DPID" || fail "status $?"
	DPID=
	complaints
	not test -e "$T/ctl.sock" || fail "the control socket is still there"
}

# the socket is usable with socat and nothing else, as the manual says
case_ctl_by_socat()
{
	start
	echo '{"jsonrpc":"2.0","id":7,"method":"status"}' |
		timeout 5 socat -t 2 - UNIX-CONNECT:"$T/ctl.sock" > "$T/out"
	eq id "$(json 'v["id"]' < "$T/out")" 7
	echo '{"jsonrpc":"2.0","id":8,"method":"frobnicate"}' |
		timeout 5 socat -t 2 - UNIX-CONNECT:"$T/ctl.sock" > "$T/out"
	eq error "$(json 'v["error"]["code"]' < "$T/out")" -32601
	for junk in '{' '[]' '17' '{"jsonrpc":"2.0"}' "$(printf '%070000d' 0)"; do
		echo "$junk" | timeout 5 socat -t 1 - UNIX-CONNECT:"$T/ctl.sock" > "$T/out" || true
		ctl status > /dev/null || fail "the daemon does not answer after: ${junk:0:40}"
	done
	eq mode "$(stat -c %a "$T/ctl.sock")" 660
}

# opened, data and closed with reason and totals; state changes from debug on
case_log_tells_a_life()
{
	start
	eq echo "$(echo hello | timeout 5 "$NC" -N $S4 7)" hello
	wait_for 5 grep -qi closed "$T/log"
	grep -qi opened "$T/log" || fail "$(cat "$T/log")"
	grep -qi normal "$T/log" || fail "no reason: $(cat "$T/log")"
	! grep -q ESTABLISHED "$T/log" || fail "state changes at level info"
	ctl log debug
	eq echo "$(echo hello | timeout 5 "$NC" -N $S4 7)" hello
	wait_for 5 grep -q 'LAST-ACK\|LAST_ACK' "$T/log"
	ctl log error
	sleep 0.2
	: > "$T/log"
	eq echo "$(echo hello | timeout 5 "$NC" -N $S4 7)" hello
	sleep 0.3
	[ ! -s "$T/log" ] || fail "lines at level error: $(cat "$T/log")"
}

# format=json: each line is a JSON object
case_log_json_lines()
{
	start -o log.format=json -o log.level=debug
	eq echo "$(echo hello | timeout 5 "$NC" -N $S4 7)" hello
	wait_for 5 grep -qi closed "$T/log"
	python3 -c 'import json, sys
for line in open(sys.argv[1]): assert isinstance(json.loads(line), dict)' "$T/log" ||
		fail "$(cat "$T/log")"
}

opened()	# PORT
{
	ctl conns -p "$1" | grep -q ESTAB
}

# a service's congestion control is its own, the others have that of [tcp]
case_congestion_control_by_service()
{
	start -o "service echo.congestion-control=reno"
	exec 3<> /dev/tcp/$S4/7 4<> /dev/tcp/$S4/9
	wait_for 5 opened 7
	wait_for 5 opened 9
	has "echo" ' reno ' "$(ctl conns -i -p 7)"
	has "discard" ' cubic ' "$(ctl conns -i -p 9)"
	exec 3<&- 4<&-
}
