# shellcheck shell=bash
# faults.sh - what impairment does to real connections, and that TCP mends it

# asked EXPRESSION: of impair.get, which is v
asked()
{
	ctl --json impair | python3 -c "import json, sys; v = json.load(sys.stdin); print($1)"
}

# ran EXPRESSION: of the events of the last connection, which are v
ran()
{
	ctl --json trace --last | python3 -c "import json, sys
t = json.load(sys.stdin)
v = t['events']
at = lambda e: e['seq'] - t['iss'] & 0xffffffff
print($1)"
}

# What was lost, what was held for lost, what was sent again, and why.
STORY='[(e["event"], at(e), e["len"], e.get("cause")) for e in v
	if e["event"] == "recovery:packet_lost" or "lost" in e.get("faults", []) or
	e["event"] == "transport:packet_sent" and e.get("cause")]'

download()	# BYTES CONNECTION, its number
{
	printf 'GET /bytes/%d HTTP/1.0\r\n\r\n' "$1" |
		timeout 10 "$NC" -N $S4 80 > "$T/got"
	[ "$(wc -c < "$T/got")" -gt "$1" ] || fail "got $(wc -c < "$T/got") bytes of $1"
	wait_for 5 not ctl conn "$2"
}

# the third of twenty segments is lost: one loss is seen and mended, without a
# timer, and the same again in a second run
case_faults_one_lost_segment_is_one_retransmission()
{
	local first

	start
	ctl impair set delay 10ms
	ctl impair script 'port 80; drop out data nth 3'
	download 28700 1
	first=$(ran "$STORY")
	has "story" "^\[\('impairment:applied', 2897, 1448, None\), \('recovery:packet_lost', 2897, 1448, '(rack|sack)'\), \('transport:packet_sent', 2897, 1448, '(rack|sack)'\)\]$" "$first"
	download 28700 2
	eq "story of the second run" "$(ran "$STORY")" "$first"
	eq "sent again in both" "$(counter TcpRetransSegs)" 2
	eq "timeouts" "$(counter TcpExtTimeouts)" 0
	eq "fired" "$(asked 'v["scripts"][0]["steps"][0]["fired"]')" 2
}

# echoed BYTES SECONDS: there and back, equal by SHA-256
echoed()
{
	head -c "$1" /dev/urandom > "$T/f"
	timeout "$2" "$NC" -N $S4 7 < "$T/f" > "$T/back" ||
		fail "of $1 bytes $(stat -c %s "$T/back") were back in $2 s"
	eq "SHA-256 of the echo" "$(sha256sum < "$T/back")" "$(sha256sum < "$T/f")"
}

# settled FILE: nobody has anything to say for longer than a timer takes
settled()
{
	local size

	size=$(stat -c %s "$1")
	sleep 0.7
	[ "$(stat -c %s "$1")" = "$size" ]
}

# what the rule has lost is 5 % of what matched, as chance has it
within_bounds()
{
	local n lost

	asked '*[(r["matched"], r["by"]["loss"]) for r in v["rules"]][0]' > "$T/n"
	read -r n lost < "$T/n"
	python3 - "$n" "$lost" <<- 'EOF' || fail "the losses are not 5 %"
		import math, sys
		n, lost = map(int, sys.argv[1:])
		within = 3.29 * math.sqrt(n * .05 * .95)	# 99.9 % of all runs
		print(f"note: {lost} of {n} packets lost, {n * .05:.0f} +- {within:.0f} expected")
		sys.exit(abs(lost - n * .05) > within)
	EOF
}

# run_of_five FILE BYTES SECONDS: an echo through 5 % loss each way from a fixed
# seed, then both ways apart, since what an echo's segments carry depends on time;
# all events go to the file
run_of_five()
{
	start
	ctl impair set loss 5% seed 42 > /dev/null
	"$B/ustackctl" --socket "$T/ctl.sock" --json events -f -t packet_sent \
		-t packet_received -t impairment > "$1" &
	sleep 0.3
	echoed "$2" "$3"
	printf 'GET /bytes/%d HTTP/1.0\r\n\r\n' "$2" |
		timeout "$3" "$NC" -N $S4 80 | wc -c > /dev/null
	python3 $HERE/clients.py upload $S4 "$2"
	wait_for 20 settled "$1"
	within_bounds
	kill $!
	wait $! || true
	stop
}

# 5 % is lost, no less and no more; two runs from one seed lose the same bytes,
# and the same of their retransmissions
two_of_five()	# BYTES SECONDS
{
	B=$R
	run_of_five "$T/one" "$@"
	run_of_five "$T/two" "$@"
	note "$(python3 $HERE/fates.py "$T/one" "$T/two")" ||
		fail "$(python3 $HERE/fates.py "$T/one" "$T/two" 2>&1)"
}

# 5 % loss each way, 4 MB echoed twice: the same fates
case_faults_same_seed_same_fates()
{
	two_of_five 4000000 30
}

# 100 MB through 5 % loss each way
long_faults_100_mb_at_5_percent()
{
	B=$R
	start
	ctl impair set loss 5% seed 42 > /dev/null
	echoed 100000000 110
	within_bounds
}

# Short timers at both ends, so that what loss costs is counted in milliseconds,
# and patience.  An older kernel has no bound on its timer, and takes longer.
hasty()
{
	start -o tcp.rto-min=5ms -o tcp.rto-max=1s -o tcp.rto-initial=100ms \
		-o tcp.synack-retries=8
	ip route change 10.7.0.0/24 dev ustack0 proto kernel scope link src $H4 rto_min 5ms
	echo 20 > /proc/sys/net/ipv4/tcp_syn_retries
	echo 255 > /proc/sys/net/ipv4/tcp_retries2
	[ ! -e /proc/sys/net/ipv4/tcp_rto_max_ms ] ||
		echo 1000 > /proc/sys/net/ipv4/tcp_rto_max_ms
}

# number NAME: of the kernel's TCP, in this namespace
number()
{
	awk -v n="$1" '$1 == "Tcp:" { if (!head++) for (i = 1; i <= NF; i++) at[$i] = i
		else print $at[n] }' /proc/net/snmp
}

worst_link()	# CONNECTIONS BYTES
{
	local by

	hasty
	ctl impair set loss 25% corrupt 5% duplicate 10% reorder 20% delay 1ms 500us \
		> /dev/null
	python3 $HERE/clients.py many_open $S4 "$1" "$2" 100
	for by in loss corrupt duplicate reorder; do
		[ "$(asked "v['totals']['by'].get('$by', 0)")" -gt 20 ] ||
			fail "hardly any $by: $(ctl impair)"
	done
	note "$1 connections echoed $2 bytes each through 25 % loss and worse:" \
		"$(asked "v['totals']['by']"), sent again $(counter TcpRetransSegs)"
	[ "$(counter DropTcpChecksum)" -gt 20 ] || fail "the stack has caught no bit"
	[ "$(number InCsumErrors)" -gt 20 ] || fail "the kernel has caught no bit"
	ctl impair clear > /dev/null	# so that the end comes soon
}

# 25 % loss, 5 % corruption, 10 % duplication and reordering at once, both ways:
# what is echoed is what was sent
case_faults_all_at_once_harm_no_byte()
{
	worst_link 60 10000
}

# the same, 10 MB
long_faults_all_at_once_harm_no_byte()
{
	worst_link 400 25000
}

# What is measured runs ahead of other processes, where that is allowed.
go_first()
{
	chrt -f -p 1 $$ 2> /dev/null || true
}

# off MEDIAN BASE: by how much it is more, or less, than 10 ms, in microseconds
off()
{
	local d=$(($1 - $2 - 10000))

	echo ${d#-}
}

# median_error HOW: of 10 ms out, against no delay, by round trips; others may be
# using the machine, so the best of three counts
median_error()
{
	local base now best=1000000 e

	for _ in 1 2 3; do
		ctl impair clear > /dev/null
		base=$(python3 $HERE/measure.py "$1" $S4 100)
		ctl impair set out delay 10ms > /dev/null
		now=$(python3 $HERE/measure.py "$1" $S4 100)
		e=$(off "${now%% *}" "${base%% *}")
		[ "$e" -ge $best ] || best=$e said="$now us, without delay $base us"
		[ $best -ge 200 ] || break
	done
	note "$1 round trips at 10 ms delay, median p5 p95: $said; error of the median $best us"
	[ $best -lt 200 ] || fail "the median is $best us off"
}

# a delay of 10 ms is one, to a fifth of a millisecond in the median
case_alone_faults_delay_is_exact()
{
	local said=

	B=$R
	go_first
	start
	median_error tcp
	median_error icmp
}

# fast DIRECTION SECONDS: Mbit/s that measure.py reaches, at best of three
fast()
{
	local mbits best=0

	for _ in 1 2 3; do
		mbits=$(python3 $HERE/measure.py "$1" $S4 "$2")
		[ "$mbits" -le $best ] || best=$mbits
		[ $best -lt 1000 ] || break
	done
	note "$1 through 50 ms each way: $best Mbit/s"
	[ $best -ge 1000 ] || fail "$1: $best Mbit/s"
}

# 1 Gbit/s through 50 ms each way: 12.5 MB wait in the impairment, in a budget
case_alone_faults_a_gigabit_through_50_ms()
{
	B=$R
	go_first
	echo "4096 131072 67108864" > /proc/sys/net/ipv4/tcp_rmem
	echo "4096 131072 67108864" > /proc/sys/net/ipv4/tcp_wmem
	start -o stack.memory-limit=256M
	ctl impair set delay 50ms > /dev/null
	fast source 5
	fast sink 4
	eq "lost for want of room" "$(asked \
		'[v["totals"]["by"].get(k, 0) for k in ("limit", "memory")]')" "[0, 0]"
	note "of 256 MB of memory at most" \
		"$(ctl --json status | grep -o '"peak": *[0-9]*') bytes were in use"
}
