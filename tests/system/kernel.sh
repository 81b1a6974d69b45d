# shellcheck shell=bash
# kernel.sh - what two stacks of our own could both get wrong: the kernel judges

agreed()	# OPTIONS, see clients.py
{
	python3 $HERE/clients.py agreed $S4 "$1"
	python3 $HERE/clients.py agreed $S6 "$1"
}

# options are agreed as the kernel offers them (7323-1, 7323-7, 2018-1, 3168-1)
case_kernel_agrees_to_options()
{
	start
	agreed 7
	echo 1 > /proc/sys/net/ipv4/tcp_ecn
	agreed 15
}

without()	# SETTING OPTIONS
{
	echo 0 > "/proc/sys/net/ipv4/$1"
	agreed "$2"
	timeout 30 "$NC" -N $S4 7 < "$T/f" | cmp - "$T/f" || fail "$1=0"
	timeout 30 "$NC" -N $S6 7 < "$T/f" | cmp - "$T/f" || fail "$1=0, IPv6"
}

# and none that it does not offer (7323-1, 7323-3, 7323-7, 2018-1)
case_kernel_offers_no_options()
{
	head -c 2000000 /dev/urandom > "$T/f"
	start
	without tcp_timestamps 6
	without tcp_sack 4
	without tcp_window_scaling 0
}

# a handshake that leaves no state agrees to the same, if there are timestamps to
# carry it (4987-3)
case_kernel_agrees_to_options_by_cookie()
{
	head -c 2000000 /dev/urandom > "$T/f"
	start -o tcp.syn-cookies=always
	agreed 7
	timeout 30 "$NC" -N $S4 7 < "$T/f" | cmp - "$T/f" || fail "by cookie"
	without tcp_sack 5
	without tcp_timestamps 0
	eq "refused answers" "$(counter TcpExtSynCookiesFailed)" 0
	eq "connections" "$(counter TcpExtSynCookiesRecv)" \
		"$(counter TcpPassiveOpens)"
}

receives_full_segments()
{
	ss -tinH dst $S4 | grep -qE 'rcvmss:[6-9]..\b'
}

# a small MSS of the kernel's is kept to (MUST-14, MUST-16)
case_kernel_announces_a_small_mss()
{
	local mss

	start -o interface.offload=off
	ip route change 10.7.0.0/24 dev ustack0 src $H4 advmss 700
	timeout 20 "$NC" $S4 19 < /dev/null 2> /dev/null | (sleep 3) &
	wait_for 5 receives_full_segments
	mss=$(ss -tinH dst $S4 | sed -n 's/.*rcvmss:\([0-9]*\).*/\1/p')
	note "segments of $mss bytes"
	[ "$mss" -le 700 ] || fail "segments beyond the MSS"
}

# an idle kernel's probes are answered, so that it does not give up (9293-a14)
case_kernel_keepalive_is_answered()
{
	start
	python3 $HERE/clients.py alive $S4
	python3 $HERE/clients.py alive $S6
}

# a datagram to nobody is told of, so that traceroute ends (1122-11, 4443-4)
case_kernel_udp_is_refused()
{
	start
	python3 $HERE/clients.py udp_refused $S4
	python3 $HERE/clients.py udp_refused $S6
}
