# shellcheck shell=bash
# top.sh - ustackctl top, on a terminal and once

TOP="python3 $HERE/top.py $B/ustackctl"

# three_connections: one of chargen that is read, two that are idle
three_connections()
{
	mkfifo "$T/never"
	"$NC" $S4 19 > /dev/null < "$T/never" &
	CLIENTS=$!
	"$NC" $S4 7 < "$T/never" &
	CLIENTS="$CLIENTS $!"
	"$NC" $S6 9 < "$T/never" &
	CLIENTS="$CLIENTS $!"
	exec 3> "$T/never"
	wait_for 5 eval '[ "$(ctl conns | grep -c ESTAB)" = 3 ]'
}

# the screen at 80 by 24, keys, sizes down to one by one, colours
case_top_on_a_terminal()
{
	local c

	start
	three_connections
	for c in shows keys sizes colours; do
		$TOP "$T/ctl.sock" $c || fail "$c"
	done
	kill $CLIENTS
}

# however it ends, the terminal is as it was
case_top_gives_the_terminal_back()
{
	start
	$TOP "$T/ctl.sock" signals
	$TOP "$T/ctl.sock" daemon_gone > "$T/out" &
	wait_for 10 grep -q ready "$T/out"
	stop
	wait $! || fail "top does not end as it should"
}

# impairments in force stand in the head, with what they do; /metrics counts them
case_top_shows_impairments()
{
	start
	ctl impair set port 19 out loss 5% delay 1ms seed 1
	ctl impair script port 7 'drop out data nth 1000000'
	timeout 20 "$NC" $S4 19 > /dev/null < /dev/null &
	CLIENTS=$!
	wait_for 5 eval 'ctl conns -p 19 | grep -q ESTAB'
	ctl top --once -d 1 > "$T/out"
	has "the rule" '^impair [0-9.]+k?/s.* loss [3-7]\.[0-9] %.* out port 19 ' \
		"$(cat "$T/out")"
	has "the script" '^impair 0/s +script port 7; drop out data nth 1000000' "$(cat "$T/out")"
	eq "rules, as JSON" "$(ctl top --json -d 0.2 | python3 -c 'import json, sys
v = json.load(sys.stdin)["impairments"]
print(len(v), sorted(v[1]["share"]))')" "2 ['delay', 'loss']"
	curl -sS -m 10 http://$S4/metrics > "$T/metrics"
	python3 $HERE/promcheck.py "$T/metrics"
	eq "rules" "$(python3 $HERE/promcheck.py "$T/metrics" ustack_impair_rules)" 1
	[ "$(python3 $HERE/promcheck.py "$T/metrics" 'ustack_impair_hits_total{knob="loss"}')" -gt 0 ] ||
		fail "no losses counted"
	kill $CLIENTS
}

# without a terminal: once, as text and as JSON
case_top_once()
{
	start
	three_connections
	ctl top --once -d 0.3 > "$T/out"
	has "rates" '^in +[0-9.]+[kMG]? packets/s' "$(cat "$T/out")"
	has "chargen first" '^ +[0-9]+ chargen +ESTAB +10.7.0.1:[0-9]+ +[0-9]+ +[0-9.]+[MG] ' \
		"$(sed -n 6p "$T/out")"
	eq "lines" "$(wc -l < "$T/out")" 8
	eq "connections, as JSON" "$(ctl top --json -d 0.1 -s i | python3 -c 'import json, sys
v = json.load(sys.stdin)
print(len(v["conns"]), v["conns"][0]["id"], v["complete"], v["out"]["bits_per_s"] > 0)')" \
		"3 1 True True"
	local rc=0
	ctl top < /dev/null 2> "$T/err" || rc=$?
	eq "no terminal" $rc 2
	has "what would be right" '--once' "$(cat "$T/err")"
	for c in '-d 0' '-d x' '-d' '-s y' '--twice' 'now'; do
		rc=0
		# shellcheck disable=SC2086
		ctl top $c 2> "$T/err" || rc=$?
		eq "top $c" $rc 2
	done
	kill $CLIENTS
}
