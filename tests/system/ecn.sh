# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# ecn.sh - explicit congestion notification with the kernel as the peer
#
# A router on the way is played by nftables, which marks what says that it may
# be marked.

marked()	# CHAIN
{
	nft list chain ip router "$1" |
		sed -n 's/.*counter packets \([0-9]*\).*/\1/p'
}

# One packet in ten, each way; those that are not ECT are left alone.
mark()
{
	nft -f - <<-EOF || skip "nftables cannot mark here"
	table ip router {
		chain in { type filter hook prerouting priority mangle;
			iifname ustack0 ip ecn ect0 numgen random mod 10 < 1 counter ip ecn set ce; }
		chain out { type filter hook postrouting priority mangle;
			oifname ustack0 ip ecn ect0 numgen random mod 10 < 1 counter ip ecn set ce; }
	}
	EOF
}

# RFC 3168 against Linux: agreed, marked both ways, echoed, answered by CWR
# (3168-1, 3168-4, 3168-5, 3168-6)
case_ecn_with_the_kernel()
{
	start -o interface.offload=off
	echo 1 2> /dev/null > /proc/sys/net/ipv4/tcp_ecn ||
		skip "net.ipv4.tcp_ecn cannot be set here"
	mark
	head -c 3000000 /dev/urandom > "$T/f"
	timeout 60 "$NC" -N $S4 7 < "$T/f" | cmp - "$T/f" || fail "not intact"
	eq "connections with ECN" "$(counter TcpExtEcnConnections)" 1
	# The kernel marks super-packets, and cuts them afterwards.
	[ "$(counter TcpExtInCongestionExperienced)" -ge "$(marked out)" ] ||
		fail "marks got lost on the way in"
	[ "$(marked out)" -gt 5 ] || fail "nothing was marked towards the stack"
	[ "$(marked in)" -gt 10 ] || fail "nothing was marked towards the kernel"
	[ "$(counter TcpExtInEcnEchoes)" -gt 10 ] || fail "the kernel echoed none"
	[ "$(counter TcpExtEcnReductions)" -gt 5 ] || fail "no window was cut"
	note "marked $(counter TcpExtInCongestionExperienced) in," \
		"$(marked in) out, echoes" \
		"$(counter TcpExtInEcnEchoes), windows cut" \
		"$(counter TcpExtEcnReductions), sent again" \
		"$(counter TcpRetransSegs)"
}

# ecn = off: the kernel's offer is not taken
case_ecn_off()
{
	start -o tcp.ecn=off
	echo 1 2> /dev/null > /proc/sys/net/ipv4/tcp_ecn ||
		skip "net.ipv4.tcp_ecn cannot be set here"
	eq "echo" "$(echo hello | timeout 5 "$NC" -N $S4 7)" hello
	eq "connections with ECN" "$(counter TcpExtEcnConnections)" 0
}
