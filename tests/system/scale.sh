# shellcheck shell=bash
# scale.sh - many connections at once

# 10,000 idle connections are listed at once, and cost what they should
case_alone_10000_idle_connections()
{
	local n=10000 before after start ms hold tcb

	B=$R
	start -o log.level=warning
	before=$(awk '/VmRSS/ { print $2 }' "/proc/$DPID/status")
	mkfifo "$T/in"
	python3 $HERE/clients.py hold $S4 $n 60 < "$T/in" > "$T/out" &
	hold=$!
	exec 3> "$T/in"
	wait_for 40 grep -q open "$T/out"
	wait_for 5 bash -c "[ \$('$B/ustackctl' --socket '$T/ctl.sock' conns | grep -c ESTAB) = $n ]"

	start=$(date +%s%N)
	eq "connections listed" "$(ctl conns | grep -c ESTAB)" $n
	ms=$((($(date +%s%N) - start) / 1000000))
	[ $ms -lt 3000 ] || fail "listing took $ms ms"
	eq "connections in JSON" "$(ctl --json conns | grep -o '"id"' | wc -l)" $n
	eq "echo meanwhile" "$(echo hello | timeout 5 "$NC" -N $S4 7)" hello

	after=$(awk '/VmRSS/ { print $2 }' "/proc/$DPID/status")
	tcb=$(ctl --json status | grep -o '"per_idle_conn": *[0-9]*' | grep -o '[0-9]*$' || true)
	note "$n idle connections listed in $ms ms; resident memory" \
		"$(((after - before) * 1024 / n)) bytes each, the stack counts ${tcb:-?}"
	[ $(((after - before) * 1024 / n)) -le 2048 ] ||
		fail "an idle connection costs $(((after - before) * 1024 / n)) bytes"
	exec 3>&-
	wait_for 20 not kill -0 $hold
	wait $hold || fail "$(cat "$T/out")"
}
