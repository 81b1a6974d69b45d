# shellcheck shell=bash
# trace.sh - ladder diagrams of real connections

WIDTH=80

# fits FILE: fail unless no line of it is too long
fits()	# FILE
{
	awk -v w=$WIDTH 'length($0) > w { print; bad = 1 } END { exit bad }' "$1" ||
		fail "a line is wider than $WIDTH columns"
}

# states FILE: those in the margin, in order
states()
{
	sed -nE 's/.*\| ([A-Z]+[A-Z0-9-]+)$/\1/p' "$1" | xargs
}

# a connection that is over is drawn from its history; no line is too long
case_trace_draws_what_is_over()
{
	start
	echo hello | timeout 5 "$NC" -N $S4 7
	wait_for 5 not ctl conn 1
	ctl trace > "$T/ladder"
	cat "$T/ladder"
	fits "$T/ladder"
	eq "states" "$(states "$T/ladder")" \
		"SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED"
	has "SYN" '\|--- SYN seq 0 win [0-9]+ -+>\| SYN-RECEIVED$' "$(cat "$T/ladder")"
	has "SYN,ACK" '\|<-- SYN,ACK seq 0 ack 1 win 65535 -+\|$' "$(cat "$T/ladder")"
	has "echo" '\|<-- (FIN,PSH,ACK|PSH) seq 1:7 len 6 ack [78] win ' "$(cat "$T/ladder")"
	has "end" '^closed \(normal\) after .*: 6 bytes in, 6 out, nothing' \
		"$(cat "$T/ladder")"
	eq "by its number" "$(ctl trace 1)" "$(cat "$T/ladder")"
	has "list" '^ +1 closed .* 10.7.0.1:[0-9]+ > 10.7.0.2:7$' "$(ctl trace --list)"
	has "json" '^\{"id":1,"open":false,.*"events":\[\{"n":1,' "$(ctl --json trace 1)"
}

# --next draws while it happens what the history draws afterwards
case_trace_draws_what_happens()
{
	start
	ctl trace --next -p 7 > "$T/live" 2> "$T/live.err" &
	wait_for 5 grep -q '^waiting' "$T/live.err"
	timeout 5 "$NC" -N $S4 9 < /dev/null
	echo hello | timeout 5 "$NC" -N $S6 7
	wait_for 5 not kill -0 $!
	ctl trace > "$T/past"
	has "service" '^connection 2, echo, began at ' "$(cat "$T/past")"
	# what is live does not know the service yet
	eq "live" "$(tail -n +2 "$T/live")" "$(tail -n +2 "$T/past")"
}

# -f shows what has been, and goes on until the end; each segment once
case_trace_follows_what_is_open()
{
	start
	(echo one; sleep 1; echo two) | timeout 5 "$NC" -N $S4 7 > /dev/null &
	wait_for 5 ctl conn 1
	sleep 0.2
	ctl trace -f 1 > "$T/live"
	ctl trace 1 > "$T/past"
	eq "live" "$(cat "$T/live")" "$(cat "$T/past")"
	has "the second line" 'seq 5:9 len 4' "$(cat "$T/live")"
}

# lost_third: a download of 20 segments, of which the third is dropped
lost_third()
{
	ctl impair script 'drop out data nth 3' > "$T/said"
	eq "bytes of 20 segments" \
		"$(python3 $HERE/clients.py download $S4 80 28842 400000)" 28960
	wait_for 5 not ctl conn "$1"
}

# a lost third segment of 20: one loss, how it was found, one retransmission, no
# timeout; the same run again is drawn the same way, but for times
case_trace_shows_a_loss_and_its_recovery()
{
	local n

	printf '[service http]\ntype=http\nport=80\n' > "$T/conf"
	start
	ctl impair set in delay 10ms > "$T/said" # time decides nothing then
	lost_third 1
	lost_third 2
	ctl trace 1 > "$T/ladder"
	cat "$T/ladder"
	fits "$T/ladder"
	eq "lost on the way" "$(grep -c 'X--' "$T/ladder")" 1
	has "which one" 'X-- seq 2897:4345 len 1448 ' "$(cat "$T/ladder")"
	has "by what" 'lost by script [0-9]+ step 1' "$(cat "$T/ladder")"
	eq "held for lost" "$(grep -c ' lost: ' "$T/ladder")" 1
	has "why" ' 2897:4345 lost: later data has arrived \(rack\)' "$(cat "$T/ladder")"
	eq "sent again" "$(grep -c '<==' "$T/ladder")" 1
	has "which one again" '<== seq 2897:4345 len 1448 ' "$(cat "$T/ladder")"
	has "its reason" 'again: rack' "$(cat "$T/ladder")"
	has "counted" '1 segment sent again$' "$(cat "$T/ladder")"
	eq "timeouts" "$(counter TcpExtTimeouts)" 0
	for n in 1 2; do
		ctl trace --no-time $n > "$T/ladder.$n"
	done
	diff "$T/ladder.1" "$T/ladder.2" || fail "the two runs are drawn differently"
}

# what comes in is drawn as it fared, too
case_trace_shows_faults_on_the_way_in()
{
	start
	ctl impair script 'drop in data nth 1; duplicate in data nth 2' > "$T/said"
	echo hello | timeout 5 "$NC" -N $S4 7
	wait_for 5 not ctl conn 1
	ctl trace > "$T/ladder"
	cat "$T/ladder"
	has "lost" '--- PSH seq 1:7 len 6 .*-X +\|$' "$(cat "$T/ladder")"
	has "again, twice" '=== (FIN,PSH,ACK|PSH) seq 1:7 len 6 .*=2>\|' \
		"$(cat "$T/ladder")"
	has "the copy" 'second copy' "$(cat "$T/ladder")"
	ctl impair script 'delay in data 20ms nth 1' > "$T/said"
	echo hello | timeout 5 "$NC" -N $S4 7
	wait_for 5 not ctl conn 2
	ctl trace > "$T/ladder"
	cat "$T/ladder"
	has "delayed" '~~~ PSH seq 1:7 .*~>\|' "$(cat "$T/ladder")"
	has "by how much" 'delayed 20ms by script 2 step 1' "$(cat "$T/ladder")"
}

# a SYN that is lost on its way in has no connection yet, but belongs to it
case_trace_shows_a_lost_syn()
{
	start
	ctl trace --next > "$T/live" 2> "$T/live.err" &
	wait_for 5 grep -q '^waiting' "$T/live.err"
	ctl impair script 'drop in syn nth 1' > "$T/said"
	echo hello | timeout 5 "$NC" -N $S4 7
	wait_for 5 not kill -0 $!
	ctl trace > "$T/ladder"
	cat "$T/ladder"
	has "lost" '^ +0\.000 \|--- SYN seq 0 lost by script [0-9]+ step 1 -+X +\|$' "$(cat "$T/ladder")"
	has "again" '^ +(9[5-9][0-9]|1[0-9]{3})\.[0-9]+ \|=== SYN seq 0 .* again =' "$(cat "$T/ladder")"
	eq "live" "$(tail -n +2 "$T/live")" "$(tail -n +2 "$T/ladder")"
}

# what makes no sense is refused with what would
case_trace_refuses_nonsense()
{
	local rc=0

	start
	ctl trace 7 > "$T/out" 2>&1 || rc=$?
	eq "unknown number" $rc 4
	rc=0
	ctl trace > "$T/out" 2>&1 || rc=$?
	eq "nothing yet" $rc 4
	rc=0
	ctl trace --last --next > "$T/out" 2>&1 || rc=$?
	eq "two at once" $rc 2
	rc=0
	ctl trace -p 7 > "$T/out" 2>&1 || rc=$?
	eq "port without next" $rc 2
	has "says why" 'goes with --next' "$(cat "$T/out")"
}
