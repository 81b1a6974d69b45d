# shellcheck shell=bash
# capture.sh - captures: what capinfos and tshark make of them
#
# tshark is slow to start, so a file is read once, into a table with these columns:
#
#	$1 interface  $2 length  $3 captured  $4 source  $5 source (IPv6)  $6 port
#	$7 port of the other end  $8 payload  $9 sequence number  $10 comment
#	$11 checksum: 1 good, 0 bad  $12 and $13 tshark takes it for sent again, or for
#	out of order

COLUMNS='frame.interface_name frame.len frame.cap_len ip.src ipv6.src tcp.srcport
	tcp.dstport tcp.len tcp.seq frame.comment tcp.checksum.status
	tcp.analysis.retransmission tcp.analysis.out_of_order'

# complain NAME: what NAME said to standard error
complain()
{
	grep -v 'Running as user "root"' "$T/$1.err" > "$T/complaints" || true
	[ ! -s "$T/complaints" ] || fail "$1 complains: $(cat "$T/complaints")"
}

# read_file FILE: into $T/table; nobody has a complaint
read_file()
{
	local options=() c

	for c in $COLUMNS; do
		options+=(-e "$c")
	done
	capinfos "$1" > "$T/capinfos" 2> "$T/capinfos.err" ||
		fail "capinfos: $(cat "$T/capinfos.err")"
	complain capinfos
	tshark -n -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE \
		-o udp.check_checksum:TRUE -z expert,error -r "$1" -T fields \
		"${options[@]}" > "$T/tshark" 2> "$T/tshark.err" ||
		fail "tshark: $(cat "$T/tshark.err")"
	complain tshark
	sed -n '/^$/q; p' "$T/tshark" > "$T/table"
}

# table FILE: the same, and no checksum is bad
table()
{
	read_file "$1"
	! grep -A 20 '^Errors' "$T/tshark" || fail "tshark finds errors"
}

# rows CONDITION: how many rows of the table there are
rows()
{
	awk -F '\t' "$1" "$T/table" | wc -l
}

# payload CONDITION: bytes, without what was sent again, as a machine that is busy has it
payload()
{
	awk -F '\t' "$1 && \$8 && !seen[\$4, \$5, \$6, \$7, \$9]++ { n += \$8 }
		END { print n + 0 }" "$T/table"
}

# capture_to FILE OPTION...: start - in the background, as CLIENT
capture_to()
{
	local to=$1

	shift
	"$B/ustackctl" --socket "$T/ctl.sock" capture start - "$@" > "$to" 2> "$T/said" &
	CLIENT=$!
	wait_for 5 eval 'ctl --json capture status | grep -q "captures\":\[{"'
}

# a super-packet each way, and small ones
echo_some()
{
	head -c 300000 /dev/urandom > "$T/data"
	timeout 20 "$NC" -N $S4 7 < "$T/data" | cmp - "$T/data" || fail "echo over IPv4"
	timeout 20 "$NC" -N $S6 7 < "$T/data" | cmp - "$T/data" || fail "echo over IPv6"
	ping -q -c 2 -i 0.2 $S4 > /dev/null
	python3 $HERE/clients.py udp_refused $S4
}

# both sides, no rule: the same segments of wire size on each
case_capture_both_sides()
{
	local i

	start
	eq said "$(ctl capture start "$T/a.pcapng")" "capture 1 to $T/a.pcapng"
	echo_some
	has status 'both .*/a.pcapng' "$(ctl capture status)"
	has "sum" 'stopped: [0-9,]+ packets, 0 lost' "$(ctl capture stop)"
	has status 'ended: stopped' "$(ctl capture status)"
	table "$T/a.pcapng"
	has interfaces 'Name = wire' "$(cat "$T/capinfos")"
	has interfaces 'Name = stack' "$(cat "$T/capinfos")"
	has precision 'nanoseconds' "$(cat "$T/capinfos")"
	eq "beyond the MTU" "$(rows '$2 > 1500')" 0
	[ "$(rows '$8 > 1000')" -gt 1600 ] || fail "no segments of wire size"
	for i in '$4 == "10.7.0.1"' '$4 == "10.7.0.2"' '$5 == "fd07::1"' '$5 == "fd07::2"'; do
		eq "seen on the wire, and at the stack: $i" \
			"$(rows "$i && \$1 == \"wire\"")" "$(rows "$i && \$1 == \"stack\"")"
		eq "payload: $i" "$(payload "$i && \$1 == \"wire\"")" 300000
	done
	eq comments "$(rows '$10 != ""')" 0
}

# by port and by connection, one side, the first bytes; several captures at once
case_capture_filters()
{
	local client id

	start
	python3 $HERE/clients.py stubborn $S4 20 > "$T/held" &
	client=$!
	wait_for 5 grep -q open "$T/held"
	id=$(ctl conns --json | python3 -c \
		'import json, sys; print(json.load(sys.stdin)["conns"][0]["id"])')
	ctl capture start "$T/port" --port 19 --snaplen 60 --side stack > "$T/said"
	ctl capture start "$T/conn" --conn "$id" --side wire > "$T/said"
	has status "stack port 19" "$(ctl capture status)"
	has status "wire  conn $id" "$(ctl capture status)"
	timeout 10 "$NC" $S4 19 < /dev/null 2> /dev/null | head -c 100000 > "$T/lines" || true
	echo_some
	kill $client
	wait_for 5 not kill -0 $client
	ctl capture stop all > "$T/said"
	eq "two sums" "$(grep -c stopped "$T/said")" 2
	table "$T/port"
	has filter 'tcp and port 19' "$(cat "$T/capinfos")"
	not grep -q 'Name = wire' "$T/capinfos"
	[ "$(rows '1')" -gt 20 ] || fail "few packets"
	eq "other ports" "$(rows '$6 != 19 && $7 != 19')" 0
	eq "other sides" "$(rows '$1 != "stack"')" 0
	eq "longer" "$(rows '$3 > 60')" 0
	[ "$(rows '$2 > 1000')" -gt 10 ] || fail "their length is not kept"
	table "$T/conn"
	[ "$(rows '1')" -ge 1 ] || fail "the connection's end was not seen"
	eq "other connections" "$(awk -F '\t' '{ print $6 + $7 }' "$T/table" |
		sort -u | wc -l)" 1
	eq "no such connection" "$(ctl capture start "$T/none" --conn 999999 2> "$T/err" ||
		echo $?)" 4
	not test -e "$T/none" || fail "a refused capture leaves a file"
}

# --limit ends a capture, --rotate goes round the files
case_capture_limit_and_rotation()
{
	local f

	start
	ctl capture start "$T/limited" --limit 100K > "$T/said"
	ctl capture start "$T/round" --rotate 64K --files 3 --side wire > "$T/said"
	timeout 10 "$NC" $S4 19 < /dev/null 2> /dev/null | head -c 1000000 > "$T/lines" || true
	wait_for 5 eval 'ctl capture status | grep -q "the size limit is reached"'
	[ "$(stat -c %s "$T/limited")" -le 102400 ] || fail "beyond its limit"
	[ "$(stat -c %s "$T/limited")" -gt 99000 ] || fail "far below its limit"
	table "$T/limited"
	has "the other" 'wire .*/round' "$(ctl capture status)"
	ctl capture stop > "$T/said"
	for f in round round.1 round.2; do
		[ "$(stat -c %s "$T/$f")" -le 65536 ] || fail "$f is larger"
		table "$T/$f"
		[ "$(rows '1')" -gt 0 ] || fail "$f has no packets"
	done
	not test -e "$T/round.3"
	for f in '--limit 1' '--limit x' '--limit 10T' '--files 3' '--rotate 64K --files 1' \
		'--rotate 64K --files 99' '--port 0x7' '--side up' '--snaplen 1' '--conn'; do
		# shellcheck disable=SC2086
		eq "refused: $f" "$(ctl capture start "$T/bad" $f 2> "$T/err" || echo $?)" 2
		[ -s "$T/err" ] || fail "$f: no reason"
		not test -e "$T/bad" || fail "$f: leaves a file"
	done
}

# "-": to a pipe that tshark reads, until SIGINT; a reader that goes ends it
case_capture_to_standard_output()
{
	local rc=0

	start
	mkfifo "$T/pipe"
	TMPDIR=$T tshark -n -l -i "$T/pipe" > "$T/live" 2> "$T/tshark.err" &
	capture_to "$T/pipe" --port 7
	echo_some
	wait_for 10 grep -q 'SYN, ACK' "$T/live"	# while it runs
	kill -INT $CLIENT
	wait_for 5 not kill -0 $CLIENT
	wait $CLIENT || rc=$?
	eq "status after SIGINT" $rc 0
	has "sum" 'stopped: [0-9,]+ packets, 0 lost' "$(cat "$T/said")"

	rc=0
	ctl capture start - --side wire | head -c 100 > "$T/head" &
	wait_for 5 eval 'ctl capture status | grep -q "wire .*standard output"'
	echo_some
	wait_for 5 eval 'ctl capture status | grep -q "its reader has gone"'
	has log 'capture 2 to standard output has ended: its reader has gone' "$(cat "$T/log")"

	capture_to "$T/out"
	echo_some
	ctl capture stop > "$T/sum"	# by somebody else
	wait_for 5 not kill -0 $CLIENT
	wait $CLIENT || fail "status after a stop"
	has "sum" 'stopped:' "$(cat "$T/said")"
	table "$T/out"
	[ "$(rows '1')" -gt 100 ] || fail "few packets"
	python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)' \
		"$B/ustackctl" --socket "$T/ctl.sock" capture start - > "$T/said" || rc=$?
	eq "on a terminal" $rc 2
	has "on a terminal" 'wireshark -k -i -' "$(cat "$T/said")"
}

# a reader that does not read costs packets of the capture, nothing else
case_capture_stuck_reader()
{
	local end

	start
	mkfifo "$T/pipe"
	# shellcheck disable=SC2217  # it only holds the pipe
	sleep 60 < "$T/pipe" &
	capture_to "$T/pipe"
	head -c 20000000 /dev/zero > "$T/data"
	timeout 20 "$NC" -N $S4 7 < "$T/data" | cmp - "$T/data" || fail "echo"
	has "lost packets" '"dropped":[1-9]' "$(ctl --json capture status)"
	end=$(($(date +%s) + 4))
	has "stop" 'its reader did not take the rest' "$(ctl capture stop)"
	[ "$(date +%s)" -le $end ] || fail "stopping takes long"
	kill $CLIENT
}

# a full disk, or a file beyond ulimit -f, ends the capture, and what there is is whole
case_capture_full_disk()
{
	launch bash -c 'ulimit -f 100; exec "$@"' - "$B/ustackd" -c "$T/conf" \
		-o control.socket="$T/ctl.sock"	# KiB
	ready
	mkdir "$T/disk"
	mount -t tmpfs -o size=200k tmpfs "$T/disk" || skip "no tmpfs"
	ctl capture start "$T/disk/a" --side wire > "$T/said"
	echo_some
	has status 'ended: File too large' "$(ctl capture status)"
	table "$T/disk/a"
	[ "$(rows '1')" -gt 50 ] || fail "few packets"
	head -c 60000 /dev/zero > "$T/disk/b"
	ctl capture start "$T/disk/d" --side wire > "$T/said"
	echo_some
	has status 'ended: No space left on device' "$(ctl capture status)"
	table "$T/disk/d"
	umount "$T/disk"
}

# a daemon that ends leaves a whole file
case_capture_until_the_daemon_ends()
{
	start
	ctl capture start "$T/a" > "$T/said"
	echo_some
	stop
	table "$T/a"
	[ "$(rows '1')" -gt 800 ] || fail "few packets"
}

# descriptors that a capture should not get, and methods that want none
case_capture_descriptors()
{
	start
	mkdir "$T/d"
	python3 $HERE/capfds.py "$T/ctl.sock" "$T/d" "$DPID" || fail "see above"
}

# knob NAME: packets on which it has acted
knob()
{
	ctl --json impair | python3 -c \
		"import json, sys; print(json.load(sys.stdin)['totals']['by'].get('$1', 0))"
}

# every impaired packet has a comment, and just the corrupted ones a bad checksum;
# of one that is duplicated as well, one copy is good
case_capture_comments()
{
	local before='($1 == "stack") == ($4 == "10.7.0.2")'

	start
	ctl impair set port 7 loss 2% corrupt 5% duplicate 2% delay 5ms seed 7 > "$T/said"
	ctl capture start "$T/a" --port 7 > "$T/said"
	head -c 1000000 /dev/urandom > "$T/data"
	timeout 60 "$NC" -N $S4 7 < "$T/data" | cmp - "$T/data" || fail "echo"
	wait_for 5 eval 'ctl --json impair | grep -q "\"queued\":0"'
	ctl capture stop > "$T/said"
	read_file "$T/a"
	[ "$(rows '1')" -gt 3000 ] || fail "few packets"
	eq "without a comment" "$(rows '$10 == ""')" 0
	eq lost "$(rows '$10 ~ /lost by loss of rule 1/')" "$(knob loss)"
	eq "lost, and seen behind it" "$(rows "\$10 ~ /lost/ && !($before)")" 0
	eq corrupted "$(rows "\$10 ~ /corrupted/ && $before")" "$(knob corrupt)"
	eq duplicated "$(rows "\$10 ~ /duplicated/ && $before")" "$(knob duplicate)"
	eq "bad before it was corrupted" "$(rows "\$11 == \"0\" && $before")" 0
	eq "bad, not corrupted" "$(rows '$11 == "0" && $10 !~ /corrupted/')" 0
	eq "corrupted, not bad, and no copy" "$(rows "\$11 == \"1\" &&
		\$10 ~ /corrupted/ && \$10 !~ /duplicated/ && !($before)")" 0
	[ "$(rows '$11 == "0"')" -gt 30 ] || fail "few corrupted ones came out"
}

# a script's victim: at the stack only, with the script's name
case_capture_scripted_loss()
{
	start
	ctl impair script 'drop out data nth 3' > "$T/said"
	ctl capture start "$T/a" > "$T/said"
	head -c 30000 /dev/urandom > "$T/data"
	timeout 20 "$NC" -N $S4 7 < "$T/data" | cmp - "$T/data" || fail "echo"
	ctl capture stop > "$T/said"
	table "$T/a"
	eq comments "$(awk -F '\t' '$10 != "" { print $1, $10 }' "$T/table")" \
		'stack ustack: lost by step 1 of script 1 (transmission 1)'
	awk -F '\t' '$10 != "" { print $9 }' "$T/table" > "$T/seq"
	eq "its second transmission" "$(rows "\$1 == \"wire\" && \$4 == \"$S4\" &&
		\$9 == \"$(cat "$T/seq")\"")" 1
}

# tshark counts what we count.  At the stack it sees every segment, and so knows
# every one that is sent again (as a retransmission, or by what it takes for short
# timing as out of order): just TcpRetransSegs.  On the wire those lost once more
# are missing, and what fills a hole at the very end, before anything behind it was
# seen, looks new.
case_capture_agrees_on_retransmissions()
{
	local again='($12 != "" || $13 != "")' lost new

	start
	ctl impair set out loss 3% delay 5ms seed 42 > "$T/said"
	ctl capture start "$T/stack" --side stack --port 80 > "$T/said"
	ctl capture start "$T/wire" --side wire --port 80 > "$T/said"
	timeout 60 curl -s "http://$S4/bytes/3000000" > "$T/data"
	eq bytes "$(stat -c %s "$T/data")" 3000000
	wait_for 5 eval 'ctl --json impair | grep -q "\"queued\":0"'
	ctl capture stop all > "$T/said"
	counter TcpRetransSegs > "$T/retrans"
	[ "$(cat "$T/retrans")" -gt 30 ] || fail "few retransmissions"
	table "$T/stack"
	eq "at the stack" "$(rows "$again")" "$(cat "$T/retrans")"
	lost=$(rows '$10 ~ /lost/ && $10 !~ /transmission 1\)/')
	table "$T/wire"
	new=$(awk -F '\t' '$4 == "10.7.0.2" && $8 > 0 {
		if ($10 !~ /transmission 1\)/ && (!end || $9 >= end))
			n++
		if ($9 + $8 > end)
			end = $9 + $8
		} END { print n + 0 }' "$T/table")
	eq "on the wire, with $lost lost again and $new that look new" \
		$(($(rows "$again") + lost + new)) "$(cat "$T/retrans")"
}
