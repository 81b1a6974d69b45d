# shellcheck shell=bash
# completion.sh - what bash offers behind ustackctl: words, and what there is now

# offers WORD...: the completions of the last word, in one line
offers()
{
	COMP_WORDS=("$B/ustackctl" --socket "$T/ctl.sock" "$@")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=()
	_ustackctl
	echo "${COMPREPLY[*]}"
}

# connections, rules, scripts, captures and services by what the daemon knows
case_completion_knows_what_there_is()
{
	# shellcheck source=/dev/null
	. cli/completion.bash
	start
	"$NC" -d $S4 7 > /dev/null &
	"$NC" -d $S4 9 > /dev/null &
	wait_for 5 eval '[ "$(ctl conns | grep -c ESTAB)" = 2 ]'
	ctl impair set port 7 delay 1ms
	ctl impair script 'drop out data nth 3'
	ctl capture start "$T/cap"
	eq conn "$(offers conn '')" "1 2"
	eq "conn, begun" "$(offers conn 2)" 2
	eq "conn, then" "$(offers conn 2 '')" "abort close"
	has trace '(^| )2 1$' "$(offers trace '')"
	has explain '(^| )2 1$' "$(offers explain '')"
	eq "fault of a connection" "$(offers fault '')" "port service 1 2"
	eq "fault of a port" "$(offers fault port '')" "7 9 19 80 7007"
	eq "fault of a service" "$(offers fault service ec)" "echo echo-tls"
	eq "which fault" "$(offers fault port 7 st)" stall
	eq "rule by connection" "$(offers impair set out conn '')" "1 2"
	eq "rule by service" "$(offers impair set service di)" discard
	eq "rules and scripts" "$(offers impair clear '')" "1 2"
	eq captures "$(offers capture stop '')" "all 1"
	eq "capture of a connection" "$(offers capture start f --conn '')" "1 2"
	eq "events of a connection" "$(offers events -c '')" "1 2"
	eq "connections of a port" "$(offers conns -p 8)" 80
	eq commands "$(offers im)" impair
}

# a daemon that is not there, or does not answer, is no reason to say or to wait
case_completion_is_silent_without_a_daemon()
{
	local began

	# shellcheck source=/dev/null
	. cli/completion.bash
	eq conn "$(offers conn '' 2>&1)" ""
	eq fault "$(offers fault '' 2>&1)" "port service"
	start
	kill -STOP "$DPID"
	began=$(date +%s%N)
	eq "conn of a stopped one" "$(offers conn '' 2>&1)" ""
	[ $(($(date +%s%N) - began)) -lt 3000000000 ] || fail "it waited"
	kill -CONT "$DPID"
}
