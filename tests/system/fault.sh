# shellcheck shell=bash
# fault.sh - endpoints that do not read, or are not there

# of EXPRESSION: of conn 1, which is v
conn()
{
	ctl --json conn 1 | python3 -c "import json, sys; v = json.load(sys.stdin); print($1)"
}

is_open()
{
	ctl conns | grep -q ESTAB
}

# hold_open PORT: a connection that sends what is written to descriptor 3
hold_open()
{
	mkfifo "$T/in"
	"$NC" $S4 "$1" < "$T/in" > "$T/echoed" 2> /dev/null &
	CLIENT=$!
	exec 3> "$T/in"
	wait_for 5 is_open
}

window_is_closed()
{
	[ "$(conn 'v["rcv_wnd"]')" -lt 3000 ] && [ "$(conn 'v["rcvq"]')" -gt 3000 ]
}

# fault stall: the window closes to zero, and nothing is lost when it opens again
case_fault_stall_closes_the_window()
{
	start -o tcp.window-max=16K
	ctl fault port 7 stall
	head -c 300000 /dev/urandom > "$T/data"
	timeout 60 "$NC" -N $S4 7 < "$T/data" > "$T/echoed" &
	CLIENT=$!
	wait_for 5 window_is_closed
	has show 'fault +port 7 stall \(1 connection held back\)' "$(ctl impair)"
	sleep 0.3
	[ "$(wc -c < "$T/echoed")" = 0 ] || fail "echo answered though it reads nothing"
	eq ended "$(ctl fault port 7 off)" 'ended 1'
	wait "$CLIENT" || fail "nc: $?"
	cmp "$T/data" "$T/echoed" || fail "echo is not what was sent"
	has show 'nothing is impaired' "$(ctl impair)"
}

# bytes_read PORT: what its service has read
bytes_read()
{
	ctl --json services | grep -oE "\"port\":$1,[^}]*" | grep -oE 'bytes_in":[0-9]+' |
		cut -d: -f2
}

has_read()	# PORT BYTES
{
	[ "$(bytes_read "$1")" -ge "$2" ]
}

# fault slow-read: the service reads at the rate asked for
case_fault_slow_read_keeps_its_rate()
{
	local start first ms rate

	start -o tcp.window-max=16K
	hold_open 9
	ctl fault 1 slow-read 400kbps
	head -c 600000 /dev/zero >&3 &
	wait_for 10 has_read 9 20000
	start=$(date +%s%N)
	first=$(bytes_read 9)
	sleep 0.8
	rate=$((($(bytes_read 9) - first) * 1000000))
	ms=$((($(date +%s%N) - start) / 1000000))
	rate=$((rate / ms / 1000))
	note "400000 bytes a second: read at $rate"
	[ $rate -gt 300000 ] && [ $rate -lt 450000 ] || fail "read at $rate bytes a second"
	eq ended "$(ctl fault 1 off)" 'ended 1'
	wait_for 5 has_read 9 600000
	exec 3>&-
}

# fault half-open: the end is gone, and nobody is told; then it is there again
case_fault_half_open_is_silence()
{
	start
	hold_open 7
	echo one >&3
	wait_for 5 grep -q one "$T/echoed"
	ctl fault 1 half-open
	echo two >&3
	sleep 0.5
	not grep -q two "$T/echoed" || fail "something passed"
	has show 'both conn 1 silent' "$(ctl impair)"
	has 'show fault' 'fault +connection 1 half-open' "$(ctl impair)"
	eq ended "$(ctl fault 1 off)" 'ended 1'
	wait_for 5 grep -q two "$T/echoed"
	exec 3>&-
}

# fault reset: the connections there are get a reset, of a port or by number
case_fault_reset_resets()
{
	start
	hold_open 7
	eq reset "$(ctl fault port 7 reset)" 'reset 1'
	wait_for 5 not kill -0 "$CLIENT"
	exec 3>&-
	eq 'none is left' "$(ctl fault service echo reset)" 'reset 0'
	eq 'gone' "$(status_of ctl fault 1 reset)" 4
}

# fault: what makes no sense is refused, with what would be right
case_fault_refusals_say_what_would_be_right()
{
	start
	eq 'no fault' "$(status_of ctl fault port 7 off)" 4
	eq 'no service' "$(status_of ctl fault port 99 stall)" 4
	eq 'no connection' "$(status_of ctl fault 99 stall)" 4
	eq 'no rate' "$(status_of ctl fault port 7 slow-read)" 2
	has 'no rate' 'slow-read 80kbit' "$(cat "$T/err")"
	eq 'bad rate' "$(status_of ctl fault port 7 slow-read fast)" 2
	has 'bad rate' 'fast: a rate is' "$(cat "$T/err")"
	eq 'no such fault' "$(status_of ctl fault port 7 stahl)" 2
	has 'no such fault' 'did you mean stall' "$(cat "$T/err")"
	eq 'no target' "$(status_of ctl fault)" 2
	eq 'bad port' "$(status_of ctl fault port 0 stall)" 2
}
