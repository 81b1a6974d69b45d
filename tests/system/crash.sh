# shellcheck shell=bash
# crash.sh - a daemon that is killed, and one that is short of something: it says so,
# goes on, and takes nothing from the connections that it has

CRASH=$HERE/crash.py

# flowing: a connection on which bytes go to and fro, from now on until flowed
flowing()
{
	python3 $CRASH flow $S4 "$T/stop" > "$T/flow" 2>&1 &
	FLOW=$!
	wait_for 5 grep -q '^3$' "$T/flow"
}

rounds()
{
	grep -c '^[0-9]' "$T/flow"
}

further()	# ROUNDS
{
	[ "$(rounds)" -ge "$1" ]
}

# flows: it does go on now
flows()
{
	wait_for 10 further $(($(rounds) + 5))
}

flowed()
{
	flows
	touch "$T/stop"
	wait $FLOW || fail "the open connection: $(tail -n 1 "$T/flow")"
	has "the open connection" '^whole$' "$(cat "$T/flow")"
	rm "$T/stop"
}

# small_disk: a file system of 256 KiB at $T/disk
small_disk()
{
	mkdir -p "$T/disk"
	mount -t tmpfs -o size=256k tmpfs "$T/disk"
}

full()
{
	[ "$(stat -f -c %a "$T/disk")" = 0 ]
}

# complains PATTERN: the daemon does, on standard error
complains()
{
	grep -qE -- "$1" "$T/stderr"
}

echoes()
{
	[ "$(echo hello | "$NC" -N -w 5 $S4 7)" = hello ]
}

killed()
{
	kill -KILL "$DPID"
	wait "$DPID" || true
	DPID=
}

no_interface()
{
	! ip link show ustack0
}

descriptors()
{
	find "/proc/$DPID/fd" -type l | wc -l
}

# SIGKILL leaves nothing that hinders the next start, nor another interface's
case_crash_kill_leaves_no_hindrance()
{
	local print

	start
	flowing
	ctl capture start "$T/cap"
	print=$(ctl status --json | grep -o '"fingerprint": *"[^"]*"')
	for _ in 1 2 3; do
		killed
		wait_for 5 no_interface
		[ -S "$T/ctl.sock" ] || fail "there is no socket left to be in the way"
		start
		echoes || fail "no echo after a kill"
		eq certificate "$(ctl status --json | grep -o '"fingerprint": *"[^"]*"')" "$print"
		ctl capture start "$T/cap"
	done
	kill $FLOW 2> /dev/null || true # its end has told it
	stop
	[ ! -e "$T/ctl.sock" ] || fail "the socket is left"
	ip tuntap add ustack0 mode tun
	ip addr add $H4/24 dev ustack0
	ip link set ustack0 up
	for _ in 1 2; do
		start -o interface.manage=no
		wait_for 5 echoes
		killed
	done
}

# killed when of the new pair only the key was in its place
case_crash_kill_between_key_and_certificate()
{
	local state=$T/state print

	start
	stop
	print=$(openssl x509 -in "$state/tls-cert.pem" -noout -fingerprint)
	mv "$state/tls-cert.pem" "$state/tls-cert.pem.new"
	start
	eq certificate "$(openssl x509 -in "$state/tls-cert.pem" -noout -fingerprint)" "$print"
	has source '"source": *"made"' "$(ctl status --json)"
	stop
	echo torn > "$state/tls-key.pem.new"
	echo torn > "$state/tls-cert.pem.new"
	start
	eq certificate "$(openssl x509 -in "$state/tls-cert.pem" -noout -fingerprint)" "$print"
}

# what the disk has torn is named, with what to do about it, and not made use of
case_crash_state_file_is_torn()
{
	local file len said

	start
	stop
	for file in tls-cert.pem tls-key.pem; do
		cp "$T/state/$file" "$T/whole"
		for len in 0 100; do
			head -c $len "$T/whole" > "$T/state/$file"
			said=$("$B/ustackd" -c "$T/conf" -o control.socket="$T/ctl.sock" \
				-o log.target=stderr 2>&1) && fail "$file of $len bytes is taken"
			has "$file of $len bytes" \
				"$T/state: .*: remove tls-cert.pem and tls-key.pem for a new pair" "$said"
		done
		cp "$T/whole" "$T/state/$file"
	done
	start
	echoes || fail "no echo when all is mended"
}

# standard error says why lines are missing, and the log how many, later
case_crash_log_on_full_disk()
{
	small_disk
	start -o log.target=file:"$T/disk/log" -o log.level=trace
	flowing
	wait_for 10 full
	wait_for 5 complains "$T/disk/log: cannot be written: No space left on device"
	flows
	echoes || fail "no echo with a full disk"
	eq complaints "$(grep -c 'cannot be written' "$T/stderr")" 1
	: > "$T/disk/log"
	ctl log info
	ctl log info
	has "the log" '[0-9]+ log lines could not be written' "$(cat "$T/disk/log")"
	flowed
	stop
	! grep -vE '^[0-9T:.-]+Z (error|warning|info|debug|trace) ' "$T/disk/log" |
		grep . || fail "a torn line runs into the next"
	umount "$T/disk"
}

# its file ends behind a whole packet, the reason is told, and others go on
case_crash_capture_on_full_disk()
{
	small_disk
	start
	flowing
	ctl capture start "$T/disk/cap"
	ctl capture start "$T/cap"
	wait_for 10 full
	wait_for 5 eval 'ctl capture status | grep -q "No space left on device"'
	flows
	has "the log" 'No space left on device' "$(cat "$T/log")"
	flowed
	ctl capture stop all
	capinfos "$T/disk/cap" > /dev/null || fail "a torn capture"
	capinfos "$T/cap" > /dev/null || fail "the other one"
	umount "$T/disk"
}

# a certificate that cannot be kept is used all the same
case_crash_state_cannot_be_kept()
{
	local at

	small_disk
	head -c 1M /dev/zero > "$T/disk/filler" 2> /dev/null || true
	touch "$T/plain"
	for at in "$T/disk" "$T/disk/none/state" /proc/none "$T/plain" "$T/plain/state"; do
		start -o tls.state-directory="$at"
		has "the log" "$at: cannot keep the certificate there: " "$(cat "$T/log")"
		has source '"source": *"memory"' "$(ctl status --json)"
		echoes || fail "no echo without a state directory"
		openssl s_client -connect $S4:7007 < /dev/null 2> /dev/null |
			grep -q 'BEGIN CERTIFICATE' || fail "no TLS without one"
		stop
	done
	eq leftovers "$(find "$T/disk" -type f)" "$T/disk/filler"
	rm "$T/disk/filler"
	start -o tls.state-directory="$T/disk/state"
	flowing
	rm -r "$T/disk/state"
	kill -HUP "$DPID"
	wait_for 5 grep -q 'SIGHUP: ' "$T/log"
	flowed
	stop
	umount "$T/disk"
}

# there is no place for it, or none any more: standard error has the log
case_crash_log_cannot_be_opened()
{
	start -o log.target=file:"$T/none/log"
	complains "$T/none/log cannot be opened: No such file or directory; using stderr" ||
		fail "nothing is said"
	complains 'ready: ' || fail "standard error is not the log"
	stop
	mkdir "$T/some"
	start -o log.target=file:"$T/some/log"
	flowing
	rm -r "$T/some"
	echoes || fail "no echo without a log"
	kill -HUP "$DPID"
	wait_for 5 complains 'cannot be opened: No such file or directory; using stderr'
	flowed
	complains 'conn=.* closed' || fail "standard error is not the log"
	stop
	mkdir "$T/some"
	start -o log.target=file:"$T/some/log"
	chmod 0 "$T/some"
	kill -HUP "$DPID"
	wait_for 5 complains 'cannot be opened: Permission denied; using stderr'
	echoes || fail "no echo without a log"
	chmod 700 "$T/some"
	kill -HUP "$DPID"
	wait_for 5 grep -q 'SIGHUP: log opened again' "$T/some/log"
}

# forwards leave some to the control socket; when its clients have taken them too,
# all that is open goes on, and what comes later waits
case_crash_no_descriptors()
{
	local clients hoarder

	python3 $HERE/forward.py serve echo 8080 > "$T/server" 2>&1 &
	wait_for 5 grep -q ready "$T/server"
	printf '%s\n' '[service echo]' type=echo port=7 '[service web]' type=forward \
		port=80 target=tcp:localhost:8080 > "$T/conf"
	launch prlimit --nofile=40:40 "$B/ustackd" -c "$T/conf" \
		-o control.socket="$T/ctl.sock" -o log.target=file:"$T/log"
	ready
	flowing
	python3 $CRASH dial $S4 80 60 "$T/stop" > "$T/dial" 2>&1 &
	clients=$!
	wait_for 20 grep -q answered "$T/dial"
	note "of 40 descriptors, forwards $(cat "$T/dial")"
	has "the log" 'service web: .*: Too many open files; connection reset' "$(cat "$T/log")"
	ctl status > /dev/null || fail "forwards have taken the control socket's"
	python3 $HERE/clients.py occupy "$T/ctl.sock" 32 > "$T/occupy" 2>&1 &
	hoarder=$!
	wait_for 10 grep -q "$T/ctl.sock: cannot accept: Too many open files" "$T/log"
	[ "$(descriptors)" -ge 40 ] || fail "there are descriptors left"
	kill $hoarder
	wait_for 10 ctl status
	flowed
	wait $clients || fail "the others: $(cat "$T/dial")"
	wait_for 10 ctl status
	[ "$(echo hello | "$NC" -N -w 5 $S4 80)" = hello ] || fail "the forward is dead"
	ctl capture start "$T/cap"
	ctl capture stop all
}

# within_limit: memory in use has never been more than it may be
within_limit()
{
	ctl status --json | python3 -c 'import json, sys
m = json.load(sys.stdin)["memory"]; sys.exit(not 8 << 20 < m["peak"] <= m["limit"] == 16 << 20)'
}

# rss: of the daemon, in KiB
rss()
{
	awk '/^VmRSS/ { print $2 }' "/proc/$DPID/status"
}

# many who do not read use it all up: who reads goes on, slower, and so do those who
# come then; nobody loses a byte, and the limit is one
case_crash_no_memory()
{
	local before spare=0

	start -o stack.memory-limit=16M
	flowing
	before=$(rss)
	python3 $CRASH press $S4 300 "$T/enough" > "$T/press" 2>&1 &
	wait_for 20 grep -q 'pressing 300' "$T/press"
	wait_for 5 eval '[ "$(counter DropNoMemory)" -gt 100 ]'
	has "the log" 'warning .*memory is short: .* of 16 MiB \(memory-limit\) in use' "$(cat "$T/log")"
	has status 'short: each connection gets what it is promised' "$(ctl status | tr -s '\n ' ' ')"
	flows
	note "with 300 others, 1 MB $(python3 $CRASH carry $S4 1000000 10)"
	flows
	within_limit || fail "memory: $(ctl status | grep -A 1 memory)"
	# 16 MiB and a little; the address sanitizer keeps back what is freed beside
	# that, the thread sanitizer takes several bytes for each.
	[[ $B != *address* ]] || spare=8192
	[[ $B == *thread* ]] || [ "$(($(rss) - before))" -le $((18432 + spare)) ] || fail "resident: $before, then $(rss) KiB"
	[ "$(ctl conns | grep -c ESTAB)" -gt 300 ] || fail "connections are gone"
	touch "$T/enough"
	flowed
	wait_for 10 echoes
	wait_for 15 grep -q 'memory is enough again: .* packets were dropped' "$T/log"
	eq "times told" "$(grep -c 'memory is' "$T/log")" 2
	within_limit || fail "memory: $(ctl status | grep -A 1 memory)"
}

# systemd, or a dozen lines of Python, may listen: the socket is theirs
case_crash_socket_activation()
{
	local ino

	launch python3 $CRASH listen "$T/ctl.sock" 1 "$B/ustackd" -c "$T/conf" \
		-o control.socket="$T/ctl.sock" -o log.target=file:"$T/log"
	ready
	ino=$(stat -c %i "$T/ctl.sock")
	echoes || fail "no echo"
	ctl events > /dev/null
	stop
	eq "the socket's file" "$(stat -c %i "$T/ctl.sock")" "$ino"
	# Inherited further than it was meant: not for this process.
	LISTEN_PID=1 LISTEN_FDS=1 start
	stop
	[ ! -e "$T/ctl.sock" ] || fail "its own socket is left"
}

# activation_refused COUNT PLACE PATTERN
activation_refused()
{
	local rc=0

	python3 $CRASH listen "$T/$2" "$1" "$B/ustackd" -c "$T/conf" \
		-o control.socket="$T/ctl.sock" > "$T/said" 2>&1 || rc=$?
	eq "exit status" $rc 1
	has "the reason" "$3" "$(cat "$T/said")"
	no_interface 2> /dev/null || fail "there is an interface"
}

# several sockets, one elsewhere, or what is none
case_crash_socket_activation_is_checked()
{
	local rc=0

	activation_refused 2 ctl.sock 'LISTEN_FDS: 2 sockets were handed over; expected one'
	activation_refused 1 other.sock "handed over is at $T/other.sock, .* at $T/ctl.sock"
	# shellcheck disable=SC2016 # $$ is the inner shell's
	B=$B T=$T bash -c 'exec 3< /dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$B/ustackd" \
		-c "$T/conf" -o control.socket="$T/none.sock"' > "$T/said" 2>&1 || rc=$?
	eq "exit status" $rc 1
	has "the reason" 'descriptor 3 is not a Unix stream socket that listens' "$(cat "$T/said")"
}
