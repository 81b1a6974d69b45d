# shellcheck shell=bash
# ping.sh - ustackctl ping: the stack asks, the host's kernel answers

said()
{
	cat "$T/out" "$T/err"
}

# ping asks the kernel, IPv4 and IPv6, small, large and in fragments
case_ping_asks_the_host()
{
	local s

	start
	for s in 0 56 1400 4000 65000; do
		eq "ping -s $s" "$(status_of ctl ping -c 2 -i 0.01 -s $s $H4)" 0
		has "-s $s" "^$((s + 8)) bytes from $H4: seq=2 ttl=64 time=[0-9.]+ ms" "$(said)"
		has "-s $s" '^2 packets transmitted, 2 received, 0% packet loss' "$(said)"
		has "-s $s" '^rtt min/avg/max = ' "$(said)"
		eq "ping -s $s" "$(status_of ctl ping -c 2 -i 0.01 -s $s fd07::1)" 0
		has "-s $s" "^$((s + 8)) bytes from fd07::1: seq=2 ttl=64 time" "$(said)"
	done
	eq requests "$(counter IcmpOutEchos)" 10
	eq replies "$(counter IcmpInEchoReps)" 10
	eq requests "$(counter Icmp6OutEchos)" 10
	eq replies "$(counter Icmp6InEchoReps)" 10
	eq strays "$(counter DropIcmpEchoReply)" 0
	eq timers "$(ctl --json status | grep -oE '"timers":[0-9]+')" '"timers":0'
}

# a name comes from the host's resolver, in the family asked for and that the stack has
case_ping_resolves_names()
{
	printf '%s\n' '10.7.0.1 both.test' 'fd07::1 both.test six.test' > "$T/hosts"
	mount --bind "$T/hosts" /etc/hosts
	start
	eq name "$(status_of ctl ping -c 1 both.test)" 0
	eq -6 "$(status_of ctl ping -6 -c 1 both.test)" 0
	has head '^PING both.test \(fd07::1\): 56\(104\) bytes of data' "$(said)"
	eq -4 "$(status_of ctl ping -4 -c 1 both.test)" 0
	has head '^PING both.test \(10.7.0.1\): 56\(84\) bytes of data' "$(said)"
	eq brackets "$(status_of ctl ping -c 1 '[fd07::1]')" 0
	eq 'no such name' "$(status_of ctl ping -c 1 none.test)" 4
	has why 'none.test: ' "$(said)"
	eq 'other family' "$(status_of ctl ping -4 fd07::1)" 2
	has why 'fd07::1 is no IPv4 address' "$(said)"
	stop
	start -o stack.address=10.7.0.2
	eq 'the stack has no IPv6' "$(status_of ctl ping -c 1 both.test)" 0
	has head '10.7.0.1' "$(said)"
	eq 'and none will do' "$(status_of ctl ping -c 1 six.test)" 4
	has why 'six.test is IPv6 only, and the stack has no such address' "$(said)"
	eq 'asked for' "$(status_of ctl ping -6 -c 1 six.test)" 1
	has why 'the stack has no IPv6 address to ask fd07::1 from' "$(said)"
}

# rules are met by echo requests as by anything else: loss, delay
case_ping_meets_impairment()
{
	start
	ctl impair set out loss 100%
	eq 'all lost' "$(status_of ctl ping -c 2 -W 0.2 -i 0.05 $H4)" 6
	has silence '^no answer to seq=1 in 0.2 s' "$(said)"
	has sum '^2 packets transmitted, 0 received, 100% packet loss' "$(said)"
	ctl impair clear
	ctl impair set in delay 150ms
	eq delayed "$(status_of ctl ping -c 1 $H4)" 0
	has rtt 'time=(1[5-9]|[2-9][0-9])[0-9]\.' "$(said)"
	eq 'delayed beyond its time' "$(status_of ctl ping -c 1 -W 0.05 $H4)" 6
	sleep 0.2
	eq 'the reply came too late' "$(counter DropIcmpEchoReply)" 1
	ctl impair clear
	ctl impair set out loss 50% seed 4
	eq 'some lost' "$(status_of ctl ping -c 20 -W 0.1 -i 0.002 $H4)" 0
	has sum '^20 packets transmitted, ([1-9]|1[0-9]) received, [1-9][0-9]% packet loss' "$(said)"
}

# who says no is told, and whose time is up on the way
case_ping_tells_why_not()
{
	start
	ip route add unreachable 10.66.0.0/24
	ip route add prohibit 10.67.0.0/24
	ip link add d0 type veth peer name d1
	ip addr add 10.68.0.1/24 dev d0
	ip link set d0 up
	echo 1 > /proc/sys/net/ipv4/ip_forward
	eq unreachable "$(status_of ctl ping -c 1 10.66.0.1)" 6
	has why '^from 10.7.0.1: seq=1 host unreachable' "$(said)"
	has sum '^1 packets transmitted, 0 received, \+1 errors, 100% packet loss' "$(said)"
	eq prohibited "$(status_of ctl ping -c 1 10.67.0.1)" 6
	has why '^from 10.7.0.1: seq=1 ' "$(said)"
	eq 'ttl used up' "$(status_of ctl ping -c 1 -t 1 10.68.0.9)" 6
	has why '^from 10.7.0.1: seq=1 time to live exceeded' "$(said)"
	eq 'too big, not to be cut' "$(status_of ctl ping -c 1 -Mdo -s 1473 $H4)" 6
	has why '^from 10.7.0.2: seq=1 too big, mtu=1500' "$(said)"
	eq 'just fits' "$(status_of ctl ping -c 1 -Mdo -s 1472 $H4)" 0
	for addr in 224.0.0.1 255.255.255.255 $S4 127.0.0.1 ff02::1; do
		eq "$addr" "$(status_of ctl ping -c 1 $addr)" 2
		has why 'expected that of one other host' "$(said)"
	done
}

# -c, -i and -I are heeded; wrong arguments are named with what would be right
case_ping_heeds_its_options()
{
	local ms

	start -o stack.address=10.7.0.2,10.7.0.3
	ms=$(date +%s%N)
	eq ping "$(status_of ctl ping -c 3 -i 0.2 -I 10.7.0.3 $H4)" 0
	ms=$((($(date +%s%N) - ms) / 1000000))
	[ $ms -ge 400 ] && [ $ms -lt 1400 ] || fail "three at 0.2 s took $ms ms"
	eq replies "$(grep -c '64 bytes from' "$T/out")" 3
	eq 'not ours' "$(status_of ctl ping -c 1 -I 10.7.0.9 $H4)" 1
	has why '10.7.0.9 is no address of the stack' "$(said)"
	eq 'no host' "$(status_of ctl ping -c 1)" 2
	has usage 'ping takes' "$(said)"
	eq 'count of 0' "$(status_of ctl ping -c 0 $H4)" 2
	has usage '-c takes a number from 1' "$(said)"
	eq 'wait of 0' "$(status_of ctl ping -W 0 $H4)" 2
	has usage '-W takes seconds' "$(said)"
	eq 'size' "$(status_of ctl ping -s 65508 $H4)" 2
	eq 'option' "$(status_of ctl ping -x $H4)" 2
	ctl --json ping -c 2 -i 0.01 $H4 > "$T/out"
	python3 - "$T/out" <<- 'END' || fail "--json: $(cat "$T/out")"
	import json, sys
	a, b, total = [json.loads(line) for line in open(sys.argv[1])]
	assert a["outcome"] == "reply" and a["from"] == "10.7.0.1" and b["seq"] == 2
	assert a["bytes"] == 64 and a["ttl"] == 64 and a["rtt_us"] > 0
	assert total["transmitted"] == total["received"] == 2
	assert 0 < total["rtt_us"]["min"] <= total["rtt_us"]["avg"] <= total["rtt_us"]["max"]
	END
}

# two_replies: the endless ping has had them
two_replies()
{
	[ "$(grep -c '64 bytes from' "$T/endless")" -ge 2 ]
}

asked()	# N: so many requests have left
{
	[ "$(counter IcmpOutEchos)" -ge "$1" ]
}

# ^C ends the wait for the next one, or for an answer, with the summary
case_ping_is_stopped_by_a_signal()
{
	local rc=0 before

	start
	# The tool itself, not a function's subshell: bash lets those ignore SIGINT.
	"$B/ustackctl" --socket "$T/ctl.sock" ping -i 0.05 $H4 > "$T/endless" &
	CLIENT=$!
	wait_for 5 two_replies
	kill -TERM $CLIENT
	wait $CLIENT || rc=$?
	eq status $rc 0
	has sum '^--- 10.7.0.1 ping statistics ---' "$(cat "$T/endless")"
	ctl impair set out loss 100%
	before=$(counter IcmpOutEchos)
	"$B/ustackctl" --socket "$T/ctl.sock" ping -W 10 $H4 > "$T/endless" &
	CLIENT=$!
	wait_for 5 asked $((before + 1))
	kill -TERM $CLIENT
	rc=0
	wait $CLIENT || rc=$?
	eq status $rc 6
	has sum '^1 packets transmitted, 0 received' "$(cat "$T/endless")"
}

# the daemon ends while somebody waits for an answer: it is told, and at once
case_ping_ends_with_the_daemon()
{
	local ms

	start
	ctl impair set out loss 100%
	"$B/ustackctl" --socket "$T/ctl.sock" ping -c 1 -W 10 $H4 > "$T/out" 2>&1 &
	CLIENT=$!
	sleep 0.3
	ms=$(date +%s%N)
	stop
	wait $CLIENT && fail "ping ended well"
	ms=$((($(date +%s%N) - ms) / 1000000))
	[ $ms -lt 5000 ] || fail "it took $ms ms"
	has why 'the daemon is ending' "$(cat "$T/out")"
}
