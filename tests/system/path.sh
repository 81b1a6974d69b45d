# shellcheck shell=bash
# path.sh - paths that are not the link: a hop with a smaller MTU, fragments,
#	    and tools that look at the way
#
#	client -- x, 1500 -- middle -- w, 1300 -- host (forwards) -- TUN -- ustackd
#
# What the stack sends in full segments does not fit into w: the host's kernel,
# a router here, says so, or is kept from it.

settled()	# PID: it is in a network namespace of its own
{
	[ "$(readlink /proc/self/ns/net)" != "$(readlink "/proc/$1/ns/net")" ]
}

in_ns()	# PID COMMAND...
{
	local pid=$1

	shift
	nsenter -t "$pid" -n -- "$@"
}

in_client()
{
	in_ns $CLIENT "$@"
}

forward()
{
	echo 1 > /proc/sys/net/ipv4/ip_forward
	echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
}

# addr DEVICE IPV4 IPV6 [PID]
addr()
{
	local run=
	[ $# -lt 4 ] || run="nsenter -t $4 -n --"
	$run ip addr add "$2" dev "$1"
	$run ip addr add "$3" dev "$1" nodad
	$run ip link set "$1" up
}

# The three namespaces; -1300- is the MTU between host and middle.
narrow_path()
{
	unshare -n sleep 1000 &
	MIDDLE=$!
	unshare -n sleep 1000 &
	CLIENT=$!
	wait_for 5 settled $MIDDLE
	wait_for 5 settled $CLIENT
	forward
	ip link add w0 mtu 1300 type veth peer name w1 mtu 1300 netns $MIDDLE
	in_ns $MIDDLE ip link add x0 type veth peer name x1 netns $CLIENT
	addr w0 10.8.0.1/24 fd08::1/64
	addr w1 10.8.0.2/24 fd08::2/64 $MIDDLE
	addr x0 10.9.0.1/24 fd09::1/64 $MIDDLE
	addr x1 10.9.0.2/24 fd09::2/64 $CLIENT
	in_ns $MIDDLE sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward
		echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
	in_ns $MIDDLE ip route add default via 10.8.0.1
	in_ns $MIDDLE ip -6 route add default via fd08::1
	ip route add 10.9.0.0/24 via 10.8.0.2
	ip -6 route add fd09::/64 via fd08::2
	in_client ip route add default via 10.9.0.1
	in_client ip -6 route add default via fd09::1
	wait_for 5 in_client ping -c 1 -W 1 $S4
	wait_for 5 in_client ping -6 -c 1 -W 1 $S6
}

echo_intact()	# ADDRESS BYTES SECONDS
{
	head -c "$2" /dev/urandom > "$T/f"
	in_client timeout "$3" "$NC" -N "$1" 7 < "$T/f" | cmp - "$T/f" ||
		fail "$2 bytes to $1: not intact, or not in $3 s"
}

lowered()	# ADDRESS: a transfer finds the smaller MTU by what the router says
{
	narrow_path
	echo_intact "$1" 5000000 40
	[ "$(counter TcpExtPathMtuLowered)" -ge 1 ] || fail "no path MTU was lowered"
	[ "$(counter TcpExtRetransMtu)" -ge 1 ] || fail "nothing was sent again for it"
	eq "black holes" "$(counter TcpExtBlackHoles)" 0
	note "$(counter TcpExtRetransMtu) segments sent again for the MTU," \
		"$(counter TcpExtTimeouts) timeouts"
}

# the router's "fragmentation needed" is believed, super-packets included
case_smaller_mtu_on_the_way()
{
	start
	lowered $S4
}

# the same without offload
case_smaller_mtu_on_the_way_without_offload()
{
	start -o interface.offload=off
	lowered $S4
}

# ICMPv6 packet too big
case_smaller_mtu_on_the_way_ipv6()
{
	start
	lowered $S6
}

# a router that says nothing: three timeouts, then smaller segments
case_black_hole_on_the_way()
{
	start
	narrow_path
	nft -f - <<-EOF || skip "nftables cannot filter here"
	table inet hole {
		chain out { type filter hook output priority 0;
			icmp type destination-unreachable drop; }
	}
	EOF
	echo_intact $S4 1000000 60
	[ "$(counter TcpExtBlackHoles)" -ge 1 ] || fail "no black hole was seen"
	eq "path MTUs lowered" "$(counter TcpExtPathMtuLowered)" 0
}

# the kernel's fragments are put together, and ours by the kernel
case_ping_in_fragments()
{
	local size

	start
	for size in 1472 1473 4000 65000; do
		ping -c 2 -i 0.2 -W 2 -s $size $S4 > "$T/ping" ||
			fail "ping -s $size: $(cat "$T/ping")"
		ping -6 -c 2 -i 0.2 -W 2 -s $size $S6 > "$T/ping" ||
			fail "ping -6 -s $size: $(cat "$T/ping")"
	done
	[ "$(counter IpReasmOKs)" -ge 6 ] || fail "IpReasmOKs $(counter IpReasmOKs)"
	[ "$(counter Ip6ReasmOKs)" -ge 6 ] || fail "Ip6ReasmOKs $(counter Ip6ReasmOKs)"
	[ "$(counter IpFragOKs)" -ge 6 ] || fail "IpFragOKs $(counter IpFragOKs)"
	[ "$(counter Ip6FragOKs)" -ge 6 ] || fail "Ip6FragOKs $(counter Ip6FragOKs)"
}

# and so across a hop that cuts them once more (IPv4), or need not (IPv6)
case_ping_in_fragments_across_a_narrow_hop()
{
	start
	narrow_path
	in_client ping -c 2 -i 0.2 -W 2 -s 4000 $S4 > "$T/ping" || fail "$(cat "$T/ping")"
	in_client ping -6 -c 2 -i 0.2 -W 2 -s 4000 $S6 > "$T/ping" || fail "$(cat "$T/ping")"
	# The first one's answer draws "packet too big", the next leaves in fragments.
	in_client ping -6 -c 3 -i 0.5 -W 2 -s 1400 $S6 > "$T/ping" || fail "$(cat "$T/ping")"
	in_client ping -c 2 -i 0.2 -W 2 -M dont -s 1400 $S4 > "$T/ping" ||
		fail "$(cat "$T/ping")"
}

ping_says()	# PATTERN ARGUMENT...: ustackctl ping does
{
	local pattern=$1

	shift
	ctl ping -c 1 -W 2 "$@" > "$T/ping" 2>&1 || true
	has "ping $*" "$pattern" "$(cat "$T/ping")"
}

# what the stack asks itself is too big for a hop: it is told, and then fits
case_ping_from_the_stack_across_a_narrow_hop()
{
	start
	narrow_path
	ping_says '^from 10.7.0.1: seq=1 too big, mtu=1300' -Mdo -s 1400 10.9.0.2
	ping_says '^from 10.7.0.2: seq=1 too big, mtu=1300' -Mdo -s 1400 10.9.0.2
	ping_says '^1280 bytes from 10.9.0.2' -Mdo -s 1272 10.9.0.2
	ping_says '^1408 bytes from 10.9.0.2: seq=1 ttl=62' -s 1400 10.9.0.2
	ping_says '^from fd07::1: seq=1 too big, mtu=1300' -s 1400 fd09::2
	# The first answer is too big for the hop in its turn.
	ping_says '^1408 bytes from fd09::2: seq=[23] ttl=62' -c 3 -i 0.1 -s 1400 fd09::2
	ping_says '^from 10.8.0.2: seq=1 time to live exceeded' -t 2 10.9.0.2
	ping_says '^from fd08::2: seq=1 time to live exceeded' -t 2 fd09::2
}

trace()	# OPTION...: it must end at the stack, by an answer
{
	in_client traceroute -n -q 1 -w 2 -m 6 "$@" > "$T/trace" 2>&1 ||
		fail "traceroute $*: $(cat "$T/trace")"
	tail -n 1 "$T/trace" | grep -qE "$S4|$S6" ||
		fail "traceroute $* does not end: $(cat "$T/trace")"
	eq "hops of traceroute $*" "$(tail -n 1 "$T/trace" | awk '{ print $1 }')" 3
}

# traceroute by UDP, ICMP and TCP finds its end, to open and to closed ports
case_traceroute_ends()
{
	command -v traceroute > /dev/null || skip "no traceroute here"
	start
	narrow_path
	trace $S4
	trace -I $S4
	trace -T -p 7 $S4
	trace -T -p 9999 $S4
	trace -6 $S6
	trace -6 -I $S6
	trace -6 -T -p 7 $S6
}
