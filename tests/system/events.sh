# shellcheck shell=bash
# events.sh - events as they happen, and what is remembered of connections

# rpc METHOD [PARAMS]: the reply to one request
rpc()
{
	echo "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$1\",\"params\":${2:-{\}}}" |
		timeout 5 socat -t 2 - UNIX-CONNECT:"$T/ctl.sock"
}

# on JSON EXPRESSION: a value of it; v is the document
on()
{
	python3 -c "import json, sys; v = json.load(sys.stdin); print($2)" <<< "$1" ||
		fail "not the JSON expected: ${1:0:300}"
}

# follow FILE OPTION...: `events -f` into a file, its process in FOLLOWER; it has
# subscribed when this returns
follow()
{
	local file=$1

	shift
	"$B/ustackctl" --socket "$T/ctl.sock" events -f "$@" > "$file" 3>&- &
	FOLLOWER=$!
	wait_for 5 subscribed $FOLLOWER
}

# A client that has subscribed waits in poll() for what comes.
subscribed()
{
	grep -q poll "/proc/$1/wchan" || [ "$(awk '/^State/ { print $2 }' "/proc/$1/status")" = S ]
	sleep 0.1
}

lines()
{
	[ "$(wc -l < "$1")" -ge "$2" ]
}

# hold_one: a connection that stays open until file descriptor 3 closes
hold_one()
{
	mkfifo "$T/in"
	"$NC" -N $S4 7 < "$T/in" > "$T/echoed" &
	exec 3> "$T/in"
	echo hello >&3
	wait_for 5 grep -q hello "$T/echoed"
}

# what happens is told as it happens, to each what it asks for
case_events_are_told_by_filter()
{
	local all port type

	start
	follow "$T/all"; all=$FOLLOWER
	follow "$T/port" -p 9; port=$FOLLOWER
	follow "$T/type" -t connection_s -t recovery --json; type=$FOLLOWER
	eq echo "$(echo hello | timeout 5 "$NC" -N $S4 7)" hello
	wait_for 5 grep -q 'closed (normal)' "$T/all"
	grep -q '#1 .* rcvd \[S\] seq 0 ' "$T/all" || fail "$(cat "$T/all")"
	grep -q '#1 .* sent \[S\.\] seq 0 ack 1 ' "$T/all" || fail "$(cat "$T/all")"
	wait_for 5 lines "$T/type" 6
	eq "lines of another port" "$(wc -l < "$T/port")" 0
	echo x | timeout 5 "$NC" -N $S4 9
	wait_for 5 grep -q '#2 .*10.7.0.2:9 ' "$T/port"
	not grep -q '#1 ' "$T/port" || fail "$(cat "$T/port")"
	kill -INT $all $port $type
	wait $all || fail "SIGINT: status $?"
	wait $port $type || fail "SIGINT: status $?"
	python3 - "$T/type" <<- 'E' || fail "$(cat "$T/type")"
		import json, sys
		names = {json.loads(l)["event"] for l in open(sys.argv[1])}
		sys.exit(names != {"connectivity:connection_started",
		                   "connectivity:connection_state_updated"})
	E
	eq "an unknown type" "$(rpc events.subscribe '{"types":["frob"]}' |
		grep -c 'recovery:packet_lost')" 1
	not ctl events -t frob 2> "$T/err" || fail "-t frob is accepted"
	has message recovery:packet_lost "$(cat "$T/err")"
}

# one connection is told whole, whoever else there is; the next one from its SYN
case_events_of_one_connection()
{
	local conn next

	start
	hold_one
	follow "$T/conn" -c 1; conn=$FOLLOWER
	follow "$T/next" -N; next=$FOLLOWER
	echo more >&3
	wait_for 5 grep -q 'rcvd .* seq 7:12 ' "$T/conn"
	eq "the next one is none yet" "$(wc -l < "$T/next")" 0
	for _ in 1 2 3; do
		echo x | timeout 5 "$NC" -N $S4 7 > /dev/null
	done
	wait_for 5 grep -q closed "$T/next"
	has "its first event" '#2 .*rcvd \[S\] seq 0' "$(head -n 1 "$T/next")"
	not grep -v '#2 ' "$T/next" || fail "others in what is told of the next"
	exec 3>&-
	wait_for 5 grep -q closed "$T/conn"
	not grep -v '#1 ' "$T/conn" || fail "others in what is told of one"
	kill $conn $next
	eq "no such connection" "$(rpc events.subscribe '{"conn":99}' | grep -c '"code":4')" 1
}

# what happened lately is kept: merged by time, the last ones, or of one connection
case_events_of_late()
{
	start
	ctl events > "$T/out"
	eq "nothing happened" "$(wc -l < "$T/out")" 0
	hold_one
	echo x | timeout 5 "$NC" -N $S4 7 > /dev/null
	wait_for 5 eval 'ctl events -c 2 -t connection_closed | grep -q .'
	echo more >&3
	wait_for 5 grep -q more "$T/echoed"
	ctl events --json > "$T/out"
	python3 - "$T/out" <<- 'E' || fail "$(cat "$T/out")"
		import json, sys
		ev = [json.loads(l) for l in open(sys.argv[1])]
		times = [e["time_us"] for e in ev]
		conns = [e["conn"] for e in ev]
		sys.exit(times != sorted(times) or conns[0] != 1 or conns[-1] != 1 or 2 not in conns)
	E
	eq "the last five" "$(ctl events -n 5)" "$(ctl events | tail -n 5)"
	eq "of one" "$(ctl events -c 2 | grep -vc '#2 ')" 0
	eq "by type" "$(ctl events -t connection_closed | wc -l)" 1
	eq "by port" "$(ctl events -p 9 | wc -l)" 0
	eq "not remembered" "$(ctl events -c 99 2> "$T/err" || echo $?)" 4
	has message 'there are 2, 1' "$(cat "$T/err")"
	ctl events > "$T/out"
	[ "$(awk '{ if (length > m) m = length } END { print m }' "$T/out")" -le 100 ] ||
		fail "wider than 100 columns: $(cat "$T/out")"
	exec 3>&-
}

# trace.get tells a whole life, also when it is over; trace.list whose there are
case_trace_of_a_life()
{
	local t

	start
	eq "none yet" "$(on "$(rpc trace.get)" 'v["error"]["code"]')" 4
	hold_one
	echo x | timeout 5 "$NC" -N $S4 7 > /dev/null
	t=$(rpc trace.get '{"last":true}')
	eq last "$(on "$t" 'v["result"]["id"]')" 2
	eq open "$(on "$t" 'v["result"]["open"], v["result"]["conn"]')" "False None"
	eq whole "$(on "$t" '[e["n"] for e in v["result"]["events"]] ==
		list(range(1, len(v["result"]["events"]) + 1))')" True
	eq ends "$(on "$t" 'v["result"]["events"][-1]["event"]')" \
		connectivity:connection_closed
	t=$(rpc trace.get '{"id":1}')
	eq live "$(on "$t" 'v["result"]["open"], v["result"]["conn"]["state"]')" \
		"True ESTABLISHED"
	eq service "$(on "$t" 'v["result"]["service"]')" echo
	eq list "$(on "$(rpc trace.list)" '[t["id"] for t in v["result"]["traces"]]')" "[2, 1]"
	exec 3>&-
}

# bulk fills its history, then costs no more; beginning and end are kept
case_trace_of_bulk()
{
	local t

	start
	head -c 40000000 /dev/urandom > "$T/file"
	timeout 60 "$NC" -N $S4 7 < "$T/file" | cmp - "$T/file" || fail "not the same bytes"
	t=$(rpc trace.get)
	eq beginning "$(on "$t" '[e["n"] for e in v["result"]["events"]][:160] ==
		list(range(1, 161))')" True
	eq end "$(on "$t" 'v["result"]["events"][-1]["event"]')" \
		connectivity:connection_closed
	eq "ordinary segments were not looked at" \
		"$(on "$t" '"unwatched" in v["result"]')" True
	eq bounded "$(on "$t" 'len(v["result"]["events"]) <= 512')" True
	eq "its FIN was" "$(on "$t" 'any(e.get("flags", "").startswith("F")
		for e in v["result"]["events"])')" True
}

# hears_again FILE: of one more connection, or the one before, behind what was lost
hears_again()
{
	echo x | timeout 5 "$NC" -N $S4 7 > /dev/null
	awk '/events lost: too slow a reader/ { lost = 1 }
		lost && /#[0-9]+ closed/ { heard = 1 }
		END { exit !heard }' "$1"
}

# a subscriber that rests: the transfer, the log and others notice nothing
case_events_stuck_reader()
{
	local stuck other

	start -o interface.offload=off # an event for each wire segment
	follow "$T/stuck"; stuck=$FOLLOWER
	follow "$T/other" -t connection_closed; other=$FOLLOWER
	kill -STOP $stuck
	head -c 20000000 /dev/urandom > "$T/file"
	timeout 60 "$NC" -N $S4 7 < "$T/file" | cmp - "$T/file" || fail "not the same bytes"
	eq "a request" "$(ctl conns | wc -l)" 1
	wait_for 5 grep -q 'closed (normal)' "$T/other"
	wait_for 5 grep -q 'closed (normal)' "$T/log"
	kill -CONT $stuck
	wait_for 10 hears_again "$T/stuck"
	kill -INT $stuck $other
	wait $stuck || fail "status $?"
}

# it ends by itself when its reader or the daemon goes, and after -n
case_events_end_cleanly()
{
	local rc=0

	start
	hold_one
	for _ in 1 2 3 4 5 6 7 8; do sleep 0.2; echo x; done >&3 &
	eq "-n" "$(timeout 5 "$B/ustackctl" --socket "$T/ctl.sock" events -f -n 3 | wc -l)" 3
	timeout 5 "$B/ustackctl" --socket "$T/ctl.sock" events -f | head -n 1 > "$T/one" ||
		fail "a reader that goes away: status $?"
	lines "$T/one" 1 || fail "nothing came"
	exec 3>&-
	follow "$T/out"
	stop
	wait $FOLLOWER || rc=$?
	eq "the daemon has gone" $rc 3
}

# what a script does to a packet is told, with its rule, and what TCP did then
case_events_name_the_fault()
{
	start -o 'impair.script=port 19;drop out data nth 3'
	follow "$T/out" -N -p 19
	timeout 5 "$NC" $S4 19 < /dev/null | head -c 60000 > /dev/null
	wait_for 5 grep -q 'impaired out .* lost by script 1 step 1' "$T/out"
	wait_for 5 grep -q '#1 lost (' "$T/out"
	wait_for 5 grep -q 'sent .* again (.* after ' "$T/out"
	eq "one fault" "$(grep -c impaired "$T/out")" 1
	ctl events -t impairment > "$T/late"
	eq "also afterwards" "$(wc -l < "$T/late")" 1
	kill $FOLLOWER
}

# journald LINES: stands in for it, and writes down what it gets
journald()
{
	# A log waits for no reader: the reader's queue has to be long.
	echo 1000 2> /dev/null > /proc/sys/net/unix/max_dgram_qlen ||
		skip "needs real root for a long queue of a socket"
	mount -t tmpfs tmpfs /run
	mkdir -p /run/systemd/journal
	timeout 30 python3 - <<- 'E' > "$1" &
		import socket
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind("/run/systemd/journal/socket")
		while True:
		    print(s.recv(65536).decode().replace("\n", " "), flush=True)
	E
	wait_for 5 test -S /run/systemd/journal/socket
}

# the journal gets connection, ends, event and rule as fields
case_journal_has_fields()
{
	journald "$T/journal"
	start -o log.target=journal -o log.level=trace \
		-o 'impair.script=port 7;drop out data nth 1'
	eq echo "$(echo hello | timeout 10 "$NC" -N $S4 7)" hello
	wait_for 5 grep -q 'USTACK_CONN=1 USTACK_EVENT=impairment:applied USTACK_RULE=1' \
		"$T/journal"
	wait_for 5 grep -q 'USTACK_CONN=1 USTACK_EVENT=connectivity:connection_closed $' "$T/journal"
	has "the ends of a connection" "USTACK_LOCAL_ADDR=$S4 USTACK_LOCAL_PORT=7 \
USTACK_REMOTE_ADDR=$H4 USTACK_REMOTE_PORT=" "$(grep connection_closed "$T/journal")"
	echo 'no TLS at all' | timeout 10 "$NC" -N $S4 7007 > /dev/null || :
	wait_for 5 grep -q 'handshake failed: .* USTACK_CONN=2 $' "$T/journal"
}

# as a service, whose stderr is the journal, it gets them unasked; JSON stays lines
case_journal_behind_stderr_has_fields()
{
	journald "$T/journal"
	: > "$T/stderr"
	JOURNAL_STREAM=$(stat -c %d:%i "$T/stderr")
	export JOURNAL_STREAM
	start -o log.target=stderr
	wait_for 5 grep -q 'MESSAGE=ready: .* PRIORITY=6 SYSLOG_FACILITY=3 SYSLOG_IDENTIFIER=ustackd' "$T/journal"
	eq echo "$(echo hello | timeout 10 "$NC" -N $S4 7)" hello
	wait_for 5 grep -q 'USTACK_CONN=1 USTACK_EVENT=connectivity:connection_closed $' "$T/journal"
	stop
	start -o log.target=stderr -o log.format=json
	wait_for 5 grep -q '^<6>{.*ready: ' "$T/stderr"
}
