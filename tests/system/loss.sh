# shellcheck shell=bash
# loss.sh - packets lost on the way, dropped at random by nftables
#
#	client -- veth -- middle (forwards) -- TUN -- ustackd
#	              ^ ingress, drops         ^ ingress, drops
#	                towards the stack        towards the client
#
# A drop on a sender's own egress is no loss, its TCP is told; so the client
# lives in a namespace of its own and drops happen at an ingress behind it.
# Segments are wire-sized on both ways: the client's device takes no more than
# one MSS at a time, and the stack's offload is off unless the case says so.
# Where the stack alone sends, it sends super-packets, the device towards the
# client cuts them, and the client's own ingress drops.

moved()
{
	[ "$(readlink /proc/self/ns/net)" != "$(readlink /proc/$CLIENT/ns/net)" ]
}

# A namespace for the client, held open by a sleeping process.
client_ns()
{
	unshare -n sleep 1000 &
	CLIENT=$!
	wait_for 5 moved
	ip link add v0 type veth peer name v1 netns $CLIENT
	ip addr add 10.8.0.1/24 dev v0
	ip link set v0 up gso_max_segs 1
	echo 1 > /proc/sys/net/ipv4/ip_forward
	in_client ip link set lo up
	in_client ip addr add 10.8.0.2/24 dev v1
	in_client ip link set v1 up gso_max_segs 1
	in_client ip route add default via 10.8.0.1
}

in_client()
{
	nsenter -t $CLIENT -n -- "$@"
}

# drop PERCENT: from now on, each way
drop()
{
	nft -f - <<-EOF || skip "nftables cannot drop at an ingress here"
	table netdev loss {
		chain tun { type filter hook ingress device ustack0 priority 0;
			meta l4proto tcp numgen random mod 1000 < $(($1 * 10)) counter drop; }
		chain veth { type filter hook ingress device v0 priority 0;
			meta l4proto tcp numgen random mod 1000 < $(($1 * 10)) counter drop; }
	}
	EOF
}

dropped()	# CHAIN
{
	nft list chain netdev loss "$1" |
		sed -n 's/.*counter packets \([0-9]*\).*/\1/p'
}

echo_under_loss()	# PERCENT BYTES SECONDS
{
	local start

	client_ns
	eq "echo without loss" \
		"$(echo hello | in_client timeout 5 "$NC" -N $S4 7)" hello
	drop "$1"
	head -c "$2" /dev/urandom > "$T/f"
	start=$(date +%s%N)
	in_client timeout "$3" "$NC" -N $S4 7 < "$T/f" | cmp - "$T/f" ||
		fail "$2 bytes at $1 %: not intact, or not in $3 s"
	note "$2 bytes echoed at $1 % loss each way in" \
		"$((($(date +%s%N) - start) / 1000000)) ms," \
		"dropped $(dropped veth) in and $(dropped tun) out," \
		"sent again $(counter TcpRetransSegs)"
	[ "$(dropped veth)" -gt 10 ] || fail "nothing was dropped towards the stack"
	[ "$(dropped tun)" -gt 10 ] || fail "nothing was dropped towards the client"
	[ "$(counter TcpRetransSegs)" -gt 10 ] || fail "no retransmissions counted"
}

# 1 % each way, 20 MB (MUST-18, MUST-19)
case_alone_loss_1_percent()
{
	B=$R
	start -o interface.offload=off
	echo_under_loss 1 20000000 60
}

# 5 % each way, 20 MB
case_alone_loss_5_percent()
{
	B=$R
	start -o interface.offload=off
	echo_under_loss 5 20000000 100
}

# drop_at_client PERCENT: from now on, of what the stack sends, cut by v0
drop_at_client()
{
	ip link set v0 gso_max_size 2048
	in_client nft -f - <<-EOF || skip "nftables cannot drop at an ingress here"
	table netdev loss {
		chain client { type filter hook ingress device v1 priority 0;
			tcp flags & syn == 0 numgen random mod 1000 < $(($1 * 10)) counter drop; }
	}
	EOF
}

# The client reads so much of chargen's text, compares it, and must be done in
# time, the stack's timer having run out so often at most.  Only a sender that
# learns of all holes in one round trip keeps to that: of NewReno, which mends
# one in each, it ran out 12 and 69 times, in 4.6 and 16 s.
download_under_loss()	# PERCENT BYTES SECONDS TIMEOUTS
{
	local said got

	client_ns
	drop_at_client "$1"
	said=$(in_client "$R/loadgen" -d $S4 -M fetch -b "$2" -t "$3") ||
		fail "$2 bytes at $1 %: not intact"
	got=$(sed 's/.*"bytes":\([0-9]*\).*/\1/' <<< "$said")
	note "$got bytes sent at $1 % loss in" \
		"$(sed 's/.*"sec":\([0-9.]*\).*/\1/' <<< "$said") s," \
		"sent again $(counter TcpRetransSegs), timeouts $(counter TcpExtTimeouts)"
	[ "$got" -ge "$2" ] || fail "only $got of $2 bytes in $3 s"
	[ "$(counter TcpRetransSegs)" -gt $(($2 / 1448 * $1 / 200)) ] ||
		fail "hardly anything was sent again"
	[ "$(counter TcpExtTimeouts)" -le "$4" ] ||
		fail "$(counter TcpExtTimeouts) timeouts, want $4 at most"
}

# 1 %, 100 MB sent
case_alone_loss_1_percent_sending()
{
	B=$R
	start
	download_under_loss 1 100000000 10 4
}

# 5 %, 20 MB sent
case_alone_loss_5_percent_sending()
{
	B=$R
	start
	download_under_loss 5 20000000 12 20
}

# the same with the sanitizers on, fewer bytes
case_loss_2_percent_sanitized()
{
	start -o interface.offload=off
	echo_under_loss 2 3000000 60
}

# offload on: a drop towards the client takes a whole super-packet
case_loss_1_percent_of_super_packets()
{
	start
	client_ns
	drop 1
	head -c 20000000 /dev/urandom > "$T/f"
	in_client timeout 100 "$NC" -N $S4 7 < "$T/f" | cmp - "$T/f" || fail "not intact"
}

# the pseudo-header sums that we leave in super-packets are right: a device that
# completes checksums in software sends them on to a client that verifies (MUST-2)
case_forwarded_checksums_are_right()
{
	start
	client_ns
	ip link set v0 gso_max_segs 65535
	python3 $HERE/ethtool.py v0 tx-csum off
	head -c 3000000 /dev/urandom > "$T/f"
	in_client timeout 30 "$NC" -N $S4 7 < "$T/f" | cmp - "$T/f" || fail "not intact"
	in_client grep -E '^Tcp:' /proc/net/snmp | tail -1 > "$T/snmp"
	eq "TcpInErrs of the client" "$(awk '{ print $14 }' "$T/snmp")" 0
	[ "$(counter TcpRetransSegs)" -lt 50 ] || fail "sent again: $(counter TcpRetransSegs)"
}
