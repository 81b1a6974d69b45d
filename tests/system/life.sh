# shellcheck shell=bash
# life.sh - starting, stopping, and what refuses to start

# Start ustackd expecting it to refuse; its words are in $T/stderr.
refused()	# OPTION...
{
	local rc=0

	timeout 10 "$B/ustackd" -c "$T/conf" -o control.socket="$T/ctl2.sock" "$@" \
		> "$T/stdout2" 2> "$T/stderr2" || rc=$?
	cat "$T/stderr2"
	[ $rc = 1 ] || fail "exit status $rc, want 1"
}

says()
{
	grep -qiE -- "$1" "$T/stderr2" || fail "the message does not say: $1"
}

# an open client sees FIN, the interface and the socket are gone, status 0
case_sigterm_ends_cleanly()
{
	local client

	start
	python3 $HERE/clients.py patient $S4 > "$T/out" &
	client=$!
	wait_for 5 grep -q open "$T/out"
	kill -TERM "$DPID"
	wait_for 5 not kill -0 $client
	wait $client || fail "the client did not see an orderly end"
	wait_for 5 ended
	wait "$DPID" || fail "ustackd ended with status $?"
	complaints
	DPID=
	not ip link show ustack0 2> /dev/null || fail "the interface is still there"
	not test -e "$T/ctl.sock" || fail "the control socket is still there"
}

# a client that does not close: the first SIGTERM waits, the second does not
case_second_sigterm_ends_at_once()
{
	local client

	start -o control.shutdown-timeout=30s
	python3 $HERE/clients.py stubborn $S4 60 > "$T/out" &
	client=$!
	wait_for 5 grep -q open "$T/out"
	kill -TERM "$DPID"
	sleep 0.5
	kill -0 "$DPID" || fail "ustackd did not wait for the connection"
	kill -TERM "$DPID"
	wait_for 1 ended
	kill $client
	DPID=
	complaints
	not test -e "$T/ctl.sock" || fail "the control socket is still there"
}

# the wait for clients that do not close is bounded
case_shutdown_is_bounded()
{
	start -o control.shutdown-timeout=1s
	python3 $HERE/clients.py stubborn $S4 60 > "$T/out" &
	wait_for 5 grep -q open "$T/out"
	kill -TERM "$DPID"
	wait_for 4 ended
	DPID=
	complaints
}

# SIGINT is as good as SIGTERM
case_sigint_ends_cleanly()
{
	start
	kill -INT "$DPID"
	wait_for 5 ended
	wait "$DPID" || fail "status $?"
	DPID=
}

# a socket that nobody serves is taken over, one that is served is refused
case_control_socket_stale_and_live()
{
	python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('$T/ctl.sock')"
	test -S "$T/ctl.sock"
	start
	refused -o interface.name=other0 -o interface.host-address=10.9.0.1/24 \
		-o stack.address=10.9.0.2 -o control.socket="$T/ctl.sock"
	says "$T/ctl.sock"
	ctl status > /dev/null || fail "the first daemon lost its socket"
	not ip link show other0 2> /dev/null || fail "an interface was left behind"
}

# a subnet that the host reaches otherwise is refused, and the route named
case_overlapping_route_is_refused()
{
	ip link add v0 type veth peer name v1
	ip link set v0 up
	ip link set v1 up
	ip addr add 10.7.0.77/16 dev v0
	refused
	says '10\.7\.0\.0'
	says 'v0|overlap'
	not ip link show ustack0 2> /dev/null || fail "the interface was left behind"
}

# an interface of that name exists already
case_taken_name_is_refused()
{
	ip link add ustack0 type veth peer name v1
	refused
	says 'ustack0'
	says 'exist|taken|in use'
	ip link show ustack0 type veth > /dev/null || fail "the other interface is gone"
}

# without CAP_NET_ADMIN the message names it and tells how to give it
case_missing_capability_is_named()
{
	local rc=0

	timeout 10 setpriv --bounding-set=-net_admin --inh-caps=-net_admin \
		"$B/ustackd" -c "$T/conf" -o control.socket="$T/ctl.sock" \
		2> "$T/stderr2" || rc=$?
	cat "$T/stderr2"
	eq status $rc 1
	says CAP_NET_ADMIN
	says 'setcap|root|systemd|sudo'
}

# no /dev/net/tun, and one that we may not open
case_dev_net_tun_absent_or_forbidden()
{
	nobody_setup
	own_dev_net none
	refused
	says '/dev/net/tun'
	umount /dev/net
	own_dev_net 600
	local rc=0
	$AS_NOBODY "$T/n/ustackd" -c "$T/n/conf" -o control.socket="$T/n/ctl.sock" \
		2> "$T/stderr2" || rc=$?
	cat "$T/stderr2"
	eq status $rc 1
	says '/dev/net/tun'
	says 'permi|denied|CAP_NET_ADMIN'
}

# manage=no: a persistent TUN that the user owns, without any privilege
case_manage_no_attaches_without_privilege()
{
	nobody_setup
	own_dev_net 666
	ip tuntap add dev mine0 mode tun user 65534
	ip addr add 10.7.0.1/24 dev mine0
	ip -6 addr add fd07::1/64 dev mine0 nodad
	ip link set mine0 up
	launch $AS_NOBODY "$T/n/ustackd" -c "$T/n/conf" -o interface.manage=no \
		-o interface.name=mine0 -o control.socket="$T/n/ctl.sock"
	ln -s "$T/n/ctl.sock" "$T/ctl.sock"
	ready
	eq echo "$(echo hello | timeout 5 "$NC" -N $S4 7)" hello
	eq echo "$(echo hello | timeout 5 "$NC" -N $S6 7)" hello
	stop
	ip link show mine0 > /dev/null || fail "the interface is gone; it was not ours"
}

# a TUN handed over as a descriptor: no privilege, no device node
case_tun_fd_of_a_tun()
{
	nobody_setup
	python3 $HERE/handover.py tun "$T/n/ustackd" "$T/n" 65534
}

# one end of a SEQPACKET pair: raw packets, no interface at all
case_tun_fd_of_a_socket_pair()
{
	mkdir "$T/n"
	: > "$T/n/conf"
	python3 $HERE/handover.py pair "$B/ustackd" "$T/n" "$(id -u)"
}

# every error of a file at once: file, line, key, value, what was expected
case_config_errors_all_at_once()
{
	local rc=0

	cat > "$T/bad" <<-EOF
	[interface]
	mtu=70
	colour=green
	[stack]
	address=10.7.0.999
	[tcp]
	congestion-control=vegas
	[nonsense]
	a=b
	[log]
	level=loud
	EOF
	"$B/ustackd" -t -c "$T/bad" > "$T/stdout2" 2> "$T/stderr2" || rc=$?
	cat "$T/stderr2"
	eq status $rc 1
	for l in 2 3 5 7 8 11; do
		says "bad:$l\b"
	done
	says 'mtu.*70'
	says colour
	says '10\.7\.0\.999'
	says vegas
	says nonsense
	says loud
	rc=0
	"$B/ustackd" -t -c "$T/absent" 2> "$T/stderr2" || rc=$?
	eq "status for an absent file" $rc 1
	says "$T/absent"
	rc=0
	"$B/ustackd" -t -c "$T/conf" -o interface.mtu=x 2> "$T/stderr2" || rc=$?
	eq "status for a bad -o" $rc 1
	says mtu
}

# what -t prints can be read back and means the same
case_config_print_reads_back()
{
	"$B/ustackd" -t -c "$T/conf" -o interface.mtu=9000 -o log.format=json \
		-o "service x.type=echo" -o "service x.port=77" > "$T/one"
	grep -q '^mtu *= *9000' "$T/one" || fail "$(cat "$T/one")"
	"$B/ustackd" -t -c "$T/one" > "$T/two"
	diff "$T/one" "$T/two" || fail "it reads back as something else"
}

# -h, -V, and an option that does not exist
case_help_version_usage()
{
	local rc=0

	has -h '--tun-fd' "$("$B/ustackd" -h)"
	has -V '[0-9]+\.[0-9]+' "$("$B/ustackd" -V)"
	"$B/ustackd" --frobnicate 2> "$T/err" || rc=$?
	[ $rc != 0 ] || fail "an unknown option was taken"
	grep -q frobnicate "$T/err" || fail "$(cat "$T/err")"
}

# the interface is set up as configured
case_interface_is_set_up()
{
	start -o interface.mtu=1400
	ip link show ustack0 > "$T/link"
	ip addr show ustack0 > "$T/addr"
	cat "$T/link" "$T/addr"
	grep -q 'mtu 1400' "$T/link" || fail "MTU"
	grep -q '[<,]UP' "$T/link" || fail "not up"
	[ "$(sed -n 's/.*qlen \([0-9]*\).*/\1/p' "$T/link")" -ge 5000 ] ||
		fail "txqueuelen"
	grep -q 'inet 10.7.0.1/24' "$T/addr" || fail "IPv4 address"
	grep -q 'inet6 fd07::1/64' "$T/addr" || fail "IPv6 address"
	eq echo "$(echo hello | timeout 5 "$NC" -N $S4 7)" hello
}

# plain packets and software checksums do as well
case_offload_off()
{
	start -o interface.offload=off
	head -c 2000000 /dev/urandom > "$T/f"
	timeout 30 "$NC" -N $S4 7 < "$T/f" | cmp - "$T/f" || fail "IPv4"
	timeout 30 "$NC" -N $S6 7 < "$T/f" | cmp - "$T/f" || fail "IPv6"
	has status plain "$(ctl status)"
}
