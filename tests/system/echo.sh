# shellcheck shell=bash
# echo.sh - bytes through the stack and back, by the clients people use

echo_file()	# ADDRESS FILE
{
	timeout 60 "$NC" -N "$1" 7 < "$2" | cmp - "$2" ||
		fail "the echo of $(stat -c %s "$2") bytes by $1 differs"
}

some_bytes()	# COUNT FILE
{
	head -c "$1" /dev/urandom > "$2"
}

# nc sees its line come back over IPv4
case_nc_echo_ipv4()
{
	start
	eq echo "$(echo hello | timeout 5 "$NC" -N $S4 7)" hello
	eq accepted "$(counter TcpPassiveOpens)" 1
}

# nc sees its line come back over IPv6
case_nc_echo_ipv6()
{
	start
	eq echo "$(echo hello | timeout 5 "$NC" -N $S6 7)" hello
}

# FIN without data is answered by FIN
case_nc_echo_0_bytes()
{
	start
	: > "$T/f"
	echo_file $S4 "$T/f"
	echo_file $S6 "$T/f"
}

# the smallest payload there is
case_nc_echo_1_byte()
{
	start
	printf x > "$T/f"
	echo_file $S4 "$T/f"
	echo_file $S6 "$T/f"
}

# sizes around the MSS, the window and the buffers
case_nc_echo_many_sizes()
{
	local n

	start
	for n in 2 1399 1440 1448 1460 1461 2896 65535 65536 65537 262145 3000001; do
		some_bytes $n "$T/f"
		echo_file $S4 "$T/f"
		echo_file $S6 "$T/f"
	done
}

# 100 MB by comparison and by checksum, each family; the release build
case_nc_echo_100_mb()
{
	B=$R
	start
	some_bytes 100000000 "$T/f"
	echo_file $S4 "$T/f"
	eq sha256 "$(timeout 60 "$NC" -N $S6 7 < "$T/f" | sha256sum)" \
		"$(sha256sum < "$T/f")"
	eq drops "$(ctl stats 'Drop*' | awk '$2 > 0 && $1 != "DropIp6Destination"')" ''
}

# 20 MB with the sanitizers on
case_nc_echo_20_mb_sanitized()
{
	start
	some_bytes 20000000 "$T/f"
	echo_file $S4 "$T/f"
}

# every byte of 1 GiB
long_nc_echo_1_gib()
{
	B=$R
	start
	some_bytes 1G "$T/f"
	timeout 300 "$NC" -N $S4 7 < "$T/f" | cmp - "$T/f" || fail "1 GiB differs"
}

# ncat and socat do as nc does
case_ncat_and_socat()
{
	start
	some_bytes 300000 "$T/f"
	timeout 20 ncat $S4 7 < "$T/f" | cmp - "$T/f" || fail "ncat, IPv4"
	timeout 20 ncat -6 $S6 7 < "$T/f" | cmp - "$T/f" || fail "ncat, IPv6"
	timeout 20 socat -t 10 - TCP4:$S4:7 < "$T/f" | cmp - "$T/f" || fail "socat, IPv4"
	timeout 20 socat -t 10 - "TCP6:[$S6]:7" < "$T/f" | cmp - "$T/f" || fail "socat, IPv6"
}

# echo requests are answered, small, large and fragment-sized (1122-9, 4443-1)
case_ping()
{
	local s

	start
	for s in 0 56 1400; do
		ping -q -n -c 3 -i 0.05 -W 1 -s $s $S4 > "$T/out" || fail "ping -s $s $S4"
		grep -q ' 0% packet loss' "$T/out" || fail "$(cat "$T/out")"
		ping -q -n -c 3 -i 0.05 -W 1 -s $s $S6 > "$T/out" || fail "ping -s $s $S6"
		grep -q ' 0% packet loss' "$T/out" || fail "$(cat "$T/out")"
	done
	eq "echo replies" "$(counter IcmpOutEchoReps)" 9
	eq "echo replies" "$(counter Icmp6OutEchoReps)" 9
}

# 500 clients at once, each with bytes of its own
case_500_connections_at_once()
{
	start
	python3 $HERE/clients.py many $S4 500 20000
	# On a busy machine segments are sent again too early; an ACK of such a
	# copy that comes after LAST-ACK is a stray.  Only strays draw resets.
	eq "connections reset" "$(counter TcpEstabResets)" 0
	eq "resets sent" "$(counter TcpOutRsts)" "$(counter DropTcpListen)"
	python3 $HERE/clients.py many $S6 500 2000
}

# what was sent before the client's FIN comes back after it (9293-a24)
case_half_close()
{
	start
	python3 $HERE/clients.py half_close $S4
	python3 $HERE/clients.py half_close $S6
}

# a client that does not read holds back its own connection, not memory (MUST-36)
case_client_that_does_not_read()
{
	local before after

	start
	before=$(awk '/VmRSS/ { print $2 }' "/proc/$DPID/status")
	python3 $HERE/clients.py no_reader $S4
	after=$(awk '/VmRSS/ { print $2 }' "/proc/$DPID/status")
	[ $((after - before)) -lt 65536 ] ||
		fail "memory grew from $before to $after KB"
}

# a port without a service refuses at once (9293-a2)
case_connection_refused()
{
	start
	! "$NC" -v -w 2 $S4 1234 < /dev/null 2> "$T/err" || fail "it was accepted"
	grep -qi refused "$T/err" || fail "$(cat "$T/err")"
	! "$NC" -v -w 2 $S6 1234 < /dev/null 2> "$T/err" || fail "it was accepted"
	grep -qi refused "$T/err" || fail "$(cat "$T/err")"
	[ "$(counter TcpOutRsts)" -ge 2 ] || fail "no RST counted"
}

# discard swallows, chargen gives lines of 72 characters (RFC 863, 864)
case_discard_and_chargen()
{
	start
	some_bytes 1000000 "$T/f"
	eq discard "$(timeout 20 "$NC" -N $S4 9 < "$T/f" | wc -c)" 0
	timeout 20 "$NC" $S4 19 < /dev/null 2> /dev/null | head -c 1000000 > "$T/g" || true
	eq chargen "$(stat -c %s "$T/g")" 1000000
	eq "line length" "$(sed -n 2p "$T/g" | tr -d '\r\n' | wc -c)" 72
}

# SYN, SYN-ACK, ACK, data and FIN each way are on the interface
case_tcpdump_sees_the_whole_life()
{
	start
	tcpdump -Z root -i ustack0 -nn -l --immediate-mode tcp > "$T/dump" 2> "$T/dump.err" &
	local dump=$!
	wait_for 5 grep -q 'listening on' "$T/dump.err"
	eq echo "$(echo hello | timeout 5 "$NC" -N $S4 7)" hello
	sleep 0.3
	kill $dump
	wait $dump || true
	cat "$T/dump"
	flags()
	{
		grep -cE "IP $1\.[0-9]+ > $2\.[0-9]+: Flags \[$3\].* length $4\$" "$T/dump"
	}
	eq SYN "$(flags $H4 $S4 S 0)" 1
	eq SYN-ACK "$(flags $S4 $H4 'S\.' 0)" 1
	[ "$(flags $H4 $S4 '\.' 0)" -ge 1 ] || fail "no ACK from the client"
	eq "data in" "$(flags $H4 $S4 'P\.' 6)" 1
	eq "data out" "$(grep -cE "IP $S4.7 > .*length 6\$" "$T/dump")" 1
	[ "$(grep -cE "IP $H4.* Flags \[FP?\.\]" "$T/dump")" -ge 1 ] || fail "no FIN in"
	[ "$(grep -cE "IP $S4.* Flags \[FP?\.\]" "$T/dump")" -ge 1 ] || fail "no FIN out"
	eq RST "$(grep -c 'Flags \[R' "$T/dump")" 0
}
