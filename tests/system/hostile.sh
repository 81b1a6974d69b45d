# shellcheck shell=bash
# hostile.sh - packets that no kernel would send, written raw to the interface

# truncated, oversized, malformed: each is counted under its own reason
case_bad_packets_are_counted_by_reason()
{
	start
	python3 $HERE/inject.py reasons "$B/ustackctl" "$T/ctl.sock"
	eq echo "$(echo hello | timeout 5 "$NC" -N $S4 7)" hello
}

# 20,000 packets of noise, of mutated headers and of odd lengths: it lives on,
# and whatever came in is accounted for (res-4)
case_random_packets_do_no_harm()
{
	start -o log.level=error
	python3 $HERE/inject.py noise "$B/ustackctl" "$T/ctl.sock"
	eq echo "$(echo hello | timeout 5 "$NC" -N $S4 7)" hello
	eq echo "$(echo hello | timeout 5 "$NC" -N $S6 7)" hello
}

# 20,000 SYNs from everywhere: memory stays bounded, a real client gets through
# (4987-1, 4987-2)
case_syn_flood()
{
	start -o log.level=error
	python3 $HERE/inject.py syns "$B/ustackctl" "$T/ctl.sock"
	[ "$(awk '/VmHWM/ { print $2 }' "/proc/$DPID/status")" -lt 600000 ] ||
		fail "memory: $(grep VmHWM "/proc/$DPID/status")"
	wait_for 10 bash -c "echo hello | timeout 2 '$NC' -N $S4 7 | grep -q hello"
}

# 80 % of the SYNs that the daemon drains, from forged addresses, for 4 s: all who
# connect meanwhile are served, and memory stays within its bound
case_alone_syn_flood_lets_clients_through()
{
	B=$R tests/perf/flood.py --t 4 --drain 1 --conns 50 --within 30 \
		--no-unpaced > "$T/said" || fail "$(cat "$T/said")"
	sed 's/^ */note: /' "$T/said" | head -n 4
}
