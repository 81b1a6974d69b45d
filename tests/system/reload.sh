# shellcheck shell=bash
# reload.sh - a configuration that changes while the daemon runs

# conf [LINE...]: the file, anew
conf()
{
	printf '%s\n' "$@" > "$T/conf"
}

# service NAME TYPE PORT [LINE...]: a section of it
service()
{
	printf '%s\n' "[service $1]" "type = $2" "port = $3" "${@:4}"
}

# hold PORT: a connection that stays, until descriptor 9 closes
hold()
{
	rm -f "$T/in"
	mkfifo "$T/in"
	"$NC" -N $S4 "$1" < "$T/in" > "$T/out" &
	exec 9> "$T/in"
	still_there before
}

# still_there WORD: the connection echoes it
still_there()
{
	echo "$1" >&9
	wait_for 5 grep -q "$1" "$T/out"
}

none_left()
{
	! grep -q replaced <<< "$(ctl services)"
}

echoes()	# PORT
{
	echo hello | "$NC" -N -w 3 $S4 "$1" | grep -q hello
}

refused()	# PORT
{
	! "$NC" -z -w 1 $S4 "$1"
}

# reload PATTERN...: it is taken, and tells of these
reload()
{
	local said p

	said=$(ctl reload 2>&1) || fail "refused: $said"
	for p in "$@"; do
		has "what reload says" "$p" "$said"
	done
}

# no_reload PATTERN...: it is refused, for these reasons
no_reload()
{
	local rc=0 p

	ctl reload > "$T/said" 2>&1 || rc=$?
	eq "exit status" $rc 1
	for p in "$@"; do
		has reason "$p" "$(cat "$T/said")"
	done
	has log 'refused, nothing has changed' "$(tail -n 3 "$T/log")"
}

# in_force [OPTION...]: what ustackd -t says of the same file
in_force()
{
	"$B/ustackd" -c "$T/conf" -o control.socket="$T/ctl.sock" \
		-o log.target=file:"$T/log" "$@" -t 2> /dev/null
}

# the configuration in force is told, before and after
case_reload_config_is_shown()
{
	conf '[impair]' 'rule = in port 7 loss 1%' 'rule = out port 7 loss 2%'
	start -o tcp.ttl=9
	ctl config > "$T/have"
	diff -B "$T/have" <(in_force -o tcp.ttl=9) || fail "not what -t says"
	has "an option" '^ttl = 9$' "$(cat "$T/have")"
	{ service echo echo 7; service web http 80; } > "$T/conf"
	reload '\[impair\] rule'
	ctl config > "$T/have"
	diff -B "$T/have" <(in_force -o tcp.ttl=9 | grep -vx '\[impair\]') ||
		fail "not what -t says" # a section without keys is not told
	eq "a section" "$(ctl config service | grep -c '^\[service ')" 2
	has json '"section": *"service web"' "$(ctl --json config)"
	ctl config nowhere 2> "$T/err" && fail "no section is shown"
	has "what is wrong" 'there is no section nowhere' "$(cat "$T/err")"
}

# services come, go and move; a connection of one that is gone goes on
case_reload_services()
{
	{ service echo echo 7; service waste discard 9; } > "$T/conf"
	start
	hold 7
	{ service echo echo 70; service web http 8080; } > "$T/conf"
	reload 'changed: \[service echo\]$' 'changed: \[service web\] \(new\)$' \
		'changed: \[service waste\] \(gone\)$'
	echoes 70 || fail "the new port does not echo"
	refused 7 || fail "the old port still listens"
	refused 9 || fail "what is gone still listens"
	curl -sf "http://$S4:8080/" > "$T/page" || fail "no web page"
	eq names "$(ctl --json services | python3 -c 'import json, sys
print(*[s["name"] for s in json.load(sys.stdin)["services"]])')" "echo web"
	still_there between
	has "who is left" 'services that were replaced, 1 open' "$(ctl services)"
	{ service echo echo 7; service waste discard 9; } > "$T/conf"
	reload '\[service echo\]$' '\[service web\] \(gone\)$'
	echoes 7 || fail "the old port does not echo again"
	still_there after
	exec 9>&-
	reload 'nothing has changed'
	wait_for 5 none_left
}

# two services change places
case_reload_services_swap_ports()
{
	{ service one echo 7; service two chargen 19; } > "$T/conf"
	start
	{ service one echo 19; service two chargen 7; } > "$T/conf"
	reload '\[service one\]$' '\[service two\]$'
	echoes 19 || fail "19 does not echo"
	has "what 7 says" 'abcdefg' "$("$NC" -d -w 1 $S4 7 < /dev/null | head -c 2000)"
}

# a service becomes a secure one, whose certificate is made then
case_reload_to_a_secure_channel()
{
	mkdir -p "$STATE_DIRECTORY"
	service echo echo 7 > "$T/conf"
	start
	hold 7
	service echo echo 7 'tls = yes' > "$T/conf"
	reload '\[service echo\]$' 'new credentials'
	still_there plain
	exec 9>&-
	(echo secret; sleep 0.5) | timeout 10 openssl s_client -quiet \
		-no_ign_eof -connect $S4:7 > "$T/out" 2> /dev/null
	has "what comes back" secret "$(cat "$T/out")"
	[ -s "$STATE_DIRECTORY/tls-key.pem" ] || fail "no key was kept"
}

# rules of the file are replaced; those made by hand stay in front of them
case_reload_impairments()
{
	local shown

	{
		service echo echo 7
		service quiet echo 70 'exempt = yes'
		printf '%s\n' '[impair]' 'rule = in service echo delay 1ms' \
			'script = service echo; drop out data nth 999'
	} > "$T/conf"
	start
	ctl impair set out port 9 delay 2ms > /dev/null
	hold 7
	{
		service echo echo 7
		service quiet echo 70
		printf '%s\n' '[impair]' 'rule = in service echo loss 100%' \
			'rule = out port 70 delay 5ms'
	} > "$T/conf"
	reload '\[impair\] rule' '\[impair\] script' '\[service quiet\]$'
	shown=$(ctl impair show)
	has "rule made by hand" 'delay 2ms' "$shown"
	has "new rule" 'loss 100%' "$shown"
	! grep -qE 'delay 1ms|nth 999' <<< "$shown" || fail "old ones stand: $shown"
	eq order "$(grep -oE 'delay 2ms|loss 100%|delay 5ms' <<< "$shown" | tr '\n' ' ')" \
		"delay 2ms loss 100% delay 5ms "
	echo lost >&9
	sleep 0.3
	! grep -q lost "$T/out" || fail "the new rule does nothing"
	ctl impair undo > /dev/null 2>&1 && fail "there is something to undo"
	{
		service echo echo 7
		service quiet echo 70 'exempt = yes'
	} > "$T/conf"
	reload '\[impair\] rule'
	wait_for 10 grep -q lost "$T/out"
	exec 9>&-
	eq rules "$(ctl --json impair show | grep -o '"id"' | wc -l)" 1
}

# stand WORD...: rules and scripts as they stand, by what they do
stand()
{
	eq rules "$(ctl impair show | grep -oE 'delay [0-9]+ms|drop out data nth [0-9]+' |
		tr '\n' ' ')" "$*${*:+ }"
}

# the file's rules stand behind those made by hand, even in place of one of these
case_reload_impairments_in_order()
{
	{ service echo echo 7; printf '%s\n' '[impair]' 'rule = port 1 delay 1ms'; } \
		> "$T/conf"
	start
	ctl impair set port 10 delay 10ms > /dev/null
	ctl impair set port 9 delay 9ms > /dev/null
	stand delay 9ms delay 10ms delay 1ms
	printf '%s\n' 'rule = port 9 delay 5ms' >> "$T/conf"
	reload '\[impair\] rule'
	stand delay 10ms delay 1ms delay 5ms
}

# another service leaves rules and scripts as they are, counts and all; one that
# moves takes its own along, whoever made them; one that goes takes them away
case_reload_impairments_of_services()
{
	local rules='[impair]
rule = out service echo delay 1ms
script = service echo; drop out data nth 1'

	{ service echo echo 7; echo "$rules"; } > "$T/conf"
	start
	ctl impair set in service echo delay 2ms > /dev/null
	echoes 7 || fail "no echo"
	{ service echo echo 7; service more echo 70; echo "$rules"; } > "$T/conf"
	reload '\[service more\] \(new\)'
	has "script that has acted" 'fired 1 ' "$(ctl impair show)"
	has "change that can be taken back" '1 change' "$(ctl impair show)"
	{ service echo echo 71; service more echo 7; echo "$rules"; } > "$T/conf"
	reload '\[service echo\]$' '\[service more\]$'
	stand drop out data nth 1 delay 2ms delay 1ms
	ctl impair undo > /dev/null 2>&1 && fail "the old port would come back"
	echoes 7 || fail "no echo"
	has "rules that had no part" 'of 1 connection: delay' "$(ctl impair show)"
	echoes 71 || fail "no echo"
	has "rules that went along" 'of 2 connections: delay' "$(ctl impair show)"
	service more echo 7 > "$T/conf"
	reload '\[service echo\] \(gone\)'
	stand
}

# [stack] and [tcp]: what new connections begin with, and how many there may be
case_reload_limits()
{
	conf '[stack]' 'max-connections = 1' 'memory-limit = 64M' \
		'[tcp]' 'congestion-control = cubic'
	start
	hold 7
	! echoes 7 || fail "a second connection got through"
	conf '[stack]' 'max-connections = 100' 'memory-limit = 128M' \
		'[tcp]' 'congestion-control = reno' 'delayed-ack = 10ms'
	reload '\[stack\] max-connections' '\[stack\] memory-limit' \
		'\[tcp\] congestion-control' '\[tcp\] delayed-ack'
	echoes 7 || fail "there is still no room"
	has "memory" '128' "$(ctl status)"
	has "who was there" cubic "$(ctl conns -i)"
	exec 9>&-
	wait_for 5 none_open
	hold 7
	has "who came later" reno "$(ctl conns -i -s established)"
	exec 9>&-
}

# level, target and format of the log
case_reload_log()
{
	conf '[log]' "target = file:$T/log" '[control]' "socket = $T/ctl.sock"
	launch "$B/ustackd" -c "$T/conf"
	ready
	echoes 7 || fail "no echo"
	conf '[log]' "target = file:$T/other" 'level = debug' 'format = json' \
		'[control]' "socket = $T/ctl.sock"
	reload 'log: opened again' '\[log\] level' '\[log\] target' '\[log\] format'
	echoes 7 || fail "no echo"
	wait_for 5 grep -q '"level":"debug"' "$T/other"
	has "level in force" 'was debug' "$(ctl log debug)"
	rm "$T/other"
	reload 'log: opened again'
	wait_for 5 grep -q 'nothing has changed' "$T/other"
	conf '[log]' "target = file:/nonexistent/log" '[control]' "socket = $T/ctl.sock"
	ctl reload > "$T/said" 2>&1 && fail "taken"
	has reason '\[log\] target: /nonexistent/log: ' "$(cat "$T/said")"
	has "the log goes on" 'refused, nothing has changed' "$(tail -n 1 "$T/other")"
	mount -t tmpfs tmpfs /run
	conf '[log]' 'target = journal' '[control]' "socket = $T/ctl.sock"
	ctl reload > "$T/said" 2>&1 && fail "taken"
	has reason '\[log\] target: /run/systemd/journal/socket: ' "$(cat "$T/said")"
}

# SIGHUP does the same; a stop is bounded by the new time
case_reload_by_signal()
{
	local before

	conf '[control]' 'shutdown-timeout = 60s'
	start
	"$NC" -d $S4 7 > /dev/null &
	sleep 30 | "$NC" $S4 19 > /dev/null &
	conf '[control]' 'shutdown-timeout = 200ms'
	kill -HUP "$DPID"
	wait_for 5 grep -q 'SIGHUP: .*changed: \[control\] shutdown-timeout' "$T/log"
	before=$(date +%s%N)
	stop
	[ $((($(date +%s%N) - before) / 1000000)) -lt 5000 ] || fail "it took as long as before"
}

# what cannot change is named, one by one, and nothing else changes either
case_reload_refuses_what_it_cannot()
{
	local line

	service echo echo 7 > "$T/conf"
	start
	hold 7
	for line in 'interface/name = tun9' 'interface/mtu = 9000' \
		'interface/host-address = 10.7.0.9/24, fd07::1/64' 'interface/offload = off' \
		'interface/manage = no' 'interface/txqueuelen = 9' \
		'stack/address = 10.7.0.3' 'control/group = root' \
		'security/sandbox = no' 'tls/max-connections = 9' \
		"tls/state-directory = $T/elsewhere"; do
		{ service echo echo 70; printf '[%s]\n%s\n' "${line%%/*}" "${line#*/}"; } \
			> "$T/conf"
		line=${line%% *}
		no_reload "\\[${line%%/*}\\] ${line#*/}: cannot change while running; restart"
		refused 70 || fail "a part of it was taken"
	done
	still_there after
	exec 9>&-
	echoes 7 || fail "the old port does not listen any more"
}

# a faulty file is refused whole, with all that is wrong
case_reload_refuses_a_faulty_file()
{
	service echo echo 7 > "$T/conf"
	start
	hold 7
	{ service echo echo 70; printf '%s\n' '[tcp]' 'rto-min = soon' 'frob = 1'; } \
		> "$T/conf"
	no_reload 'conf:5: \[tcp\] rto-min' 'conf:6: \[tcp\] frob'
	rm "$T/conf"
	no_reload 'conf'
	has "log" 'rto-min' "$(cat "$T/log")"
	refused 70 || fail "a part of it was taken"
	still_there after
	exec 9>&-
	service echo echo 70 > "$T/conf.new"	# as editors do
	mv "$T/conf.new" "$T/conf"
	reload '\[service echo\]$'
	echoes 70 || fail "the new port does not echo"
}

# a pipe tells a configuration once: who waits for it again waits for ever
case_reload_refuses_a_pipe()
{
	mkfifo "$T/pipe"
	service echo echo 70 > "$T/pipe" &
	start -c "$T/pipe"
	no_reload 'pipe: cannot be read again, it is no regular file; restart'
	echoes 70 || fail "the service has gone"
}

# without -c the file need not be there at the start, but may not go
case_reload_refuses_a_lost_default()
{
	mount -t tmpfs tmpfs /etc
	launch "$B/ustackd" -o control.socket="$T/ctl.sock" -o log.target=file:"$T/log"
	ready
	reload 'nothing has changed'
	stop
	mkdir /etc/ustack
	service echo echo 70 > /etc/ustack/ustackd.conf
	launch "$B/ustackd" -o control.socket="$T/ctl.sock" -o log.target=file:"$T/log"
	ready
	rm /etc/ustack/ustackd.conf
	no_reload 'ustackd.conf: is gone; an empty one stands for the defaults'
	echoes 70 || fail "the service has gone"
	: > /etc/ustack/ustackd.conf
	reload '\[service echo\]$' '\[service http\] \(new\)'
}

# whoever stops takes nothing more, and does not call itself ready again
case_reload_while_stopping()
{
	conf '[control]' 'shutdown-timeout = 60s'
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True: print(s.recv(4096).decode(), flush=True)' "$T/notify" > "$T/told" &
	wait_for 5 [ -S "$T/notify" ]
	NOTIFY_SOCKET=$T/notify start
	sleep 30 | "$NC" $S4 19 > /dev/null &
	wait_for 5 not none_open
	kill -TERM "$DPID"
	wait_for 5 grep -q STOPPING=1 "$T/told"
	conf '[control]' 'shutdown-timeout = 1s'
	no_reload 'ustackd is stopping'
	eq "last word" "$(tail -n 1 "$T/told")" "STATUS=closing connections"
}

# fingerprint PORT: of the certificate that is shown there
fingerprint()
{
	openssl s_client -connect "$S4:$1" < /dev/null 2> /dev/null |
		openssl x509 -noout -fingerprint -sha256
}

# rules that turn out to be too many: what had been changed by then is taken back
case_reload_is_taken_back()
{
	local i print

	mkdir -p "$STATE_DIRECTORY"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 60 \
		-subj /CN=other -keyout "$T/key" -out "$T/cert" 2> /dev/null
	chmod 600 "$T/key"
	{ service echo echo 7; service safe echo 71 'tls = yes' 'exempt = yes'
	  printf '%s\n' '[impair]' 'rule = port 1 delay 1ms'; } > "$T/conf"
	start
	print=$(fingerprint 71)
	for i in $(seq 60); do
		ctl impair set port $((1000 + i)) loss 1% > /dev/null
	done
	{ service echo echo 70; service safe echo 71 'tls = yes'
	  printf '%s\n' '[tls]' "certificate = $T/cert" "key = $T/key" '[tcp]' 'ttl = 9' \
		'[log]' 'level = debug' '[impair]'
	  for i in $(seq 10); do echo "rule = port $i delay 2ms"; done; } > "$T/conf"
	no_reload 'rule = both port 6 delay 2ms: there are too many'
	stand delay 1ms
	has "level in force" 'was info' "$(ctl log info)"
	ctl impair set in loss 100% > /dev/null
	eq "certificate of what is exempt" "$(timeout 10 bash -c "
		$(declare -f fingerprint); S4=$S4; fingerprint 71")" "$print"
	ctl impair undo > /dev/null
	echoes 7 || fail "the service has gone"
	refused 70 || fail "a part of it was taken"
	ctl impair undo > /dev/null || fail "what was made by hand stays for ever"
	sed -i '/port \([5-9]\|10\) /d' "$T/conf"
	reload '\[service echo\]' '\[tls\] certificate' 'new credentials'
	[ "$(fingerprint 71)" != "$print" ] || fail "the certificate is the old one"
	stand delay 2ms delay 2ms delay 2ms delay 2ms
}

# a forward service may come, for an address; names were looked up at the start
case_reload_forward()
{
	python3 $HERE/forward.py serve echo 9000 > "$T/server" 2>&1 &
	wait_for 5 grep -q ready "$T/server"
	service one forward 7 'target = tcp:localhost:9000' > "$T/conf"
	start
	echoes 7 || fail "forward does not echo"
	service two forward 8 'target = tcp:127.0.0.1:9000' >> "$T/conf"
	reload '\[service two\] \(new\)'
	echoes 7 || fail "the old one does not echo"
	echoes 8 || fail "the new one does not echo"
	service three forward 9 'target = tcp:localhost:9001' >> "$T/conf"
	no_reload '\[service three\] target = tcp:localhost:9001: expected an address'
	echoes 8 || fail "the new one does not echo any more"
	service one forward 70 'target = tcp:localhost:9000' 'backlog = 7' > "$T/conf"
	service more forward 71 'target = tcp:localhost:9000' >> "$T/conf"
	reload '\[service one\]$' '\[service more\] \(new\)' '\[service two\] \(gone\)'
	echoes 70 || fail "what was looked up is not known any more"
	echoes 71 || fail "what was looked up serves one alone"
}

# fifty times, while bytes flow: none is lost, and nothing is left behind
case_reload_often()
{
	local i before client

	service echo echo 7 > "$T/one"
	{ service echo echo 7; service more echo 70; service web http 80
	  printf '%s\n' '[impair]' 'rule = port 70 delay 1ms'; } > "$T/two"
	cp "$T/one" "$T/conf"
	start
	head -c 20000000 /dev/urandom > "$T/sent"
	"$NC" -N $S4 7 < "$T/sent" > "$T/got" &
	client=$!
	for i in $(seq 50); do
		cp "$T/two" "$T/conf"
		reload '\[service more\] \(new\)'
		"$NC" -z $S4 70 || fail "the new one does not listen"
		cp "$T/one" "$T/conf"
		reload '\[service more\] \(gone\)'
		[ "$i" != 10 ] || before=$(awk '/VmRSS/ { print $2 }' "/proc/$DPID/status")
	done
	wait "$client" || fail "the connection ended with $?"
	cmp "$T/sent" "$T/got" || fail "bytes were lost"
	i=$(awk '/VmRSS/ { print $2 }' "/proc/$DPID/status")
	[ "$i" -lt $((before + 8192)) ] || [[ $B == *address* ]] ||
		fail "memory grows: $before KB, $i KB"
}
