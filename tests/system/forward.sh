# shellcheck shell=bash
# forward.sh - servers of the host behind the stack, and clients that reach them there

FW=$HERE/forward.py

# server HOW WHERE [NUMBER]: what it says is in $T/server, $SERVER is its number
server()
{
	python3 $FW serve "$@" > "$T/server" 2>&1 &
	SERVER=$!
	wait_for 5 grep -q ready "$T/server"
}

# forwarding TARGET OPTION...: ustackd with a service "web" on port 80 for it
forwarding()
{
	local target=$1

	shift
	cat >> "$T/conf" <<-EOF
		[service echo]
		type = echo
		port = 7
		[service web]
		type = forward
		port = 80
		target = $target
	EOF
	start "$@"
}

rss()
{
	awk '/VmRSS/ { print $2 }' "/proc/$DPID/status"
}

# a web server of loopback or behind a Unix socket, by curl over IPv4 and IPv6
case_forward_web()
{
	head -c 3000000 /dev/urandom > "$T/page"
	python3 -m http.server 8080 -b 127.0.0.1 -d "$T" > /dev/null 2>&1 &
	wait_for 5 "$NC" -z 127.0.0.1 8080
	server page "$T/web.sock" "$T/page"
	cat > "$T/conf" <<-EOF
		[service tcp]
		type = forward
		port = 80
		target = tcp:localhost:8080
		[service unix]
		type = forward
		port = 81
		target = unix:$T/web.sock
	EOF
	start
	for url in http://$S4/page "http://[$S6]/page" http://$S4:81/page; do
		curl -sS --noproxy '*' -m 30 "$url" -o "$T/got" || fail "curl $url: $?"
		cmp "$T/got" "$T/page" || fail "$url is not intact"
	done
	eq connects "$(counter ForwardConnects)" 3
	has "where to" "^  to tcp:localhost:8080$" "$(ctl services)"
	has "where to" "^  to unix:$T/web.sock$" "$(ctl services)"
}

# a bad network in front of an existing server: bytes intact
case_forward_web_under_loss()
{
	head -c 2000000 /dev/urandom > "$T/page"
	python3 -m http.server 8080 -b 127.0.0.1 -d "$T" > /dev/null 2>&1 &
	wait_for 5 "$NC" -z 127.0.0.1 8080
	forwarding tcp:127.0.0.1:8080
	ctl impair set seed 7 loss 5% delay 5ms reorder 10% > /dev/null
	curl -sS --noproxy '*' -m 100 http://$S4/page -o "$T/got" || fail "curl: $?"
	cmp "$T/got" "$T/page" || fail "not intact"
	[ "$(counter TcpRetransSegs)" -gt 20 ] || fail "nothing was lost"
}

# each end goes alone, and what follows in the other direction arrives
case_forward_ends_one_by_one()
{
	server answer 8080
	forwarding tcp:127.0.0.1:8080
	python3 $FW push $S4 80 1000000
	kill $SERVER
	server greet 8080
	python3 $FW greeted $S4 80 1000000
	wait_for 5 grep -q "heard 1000000" "$T/server"
	kill $SERVER
	server close 8080
	python3 $FW pull $S4 80 0
	wait_for 5 none_open
}

# a reset is one on the other side, too; refusals and silence are resets
case_forward_resets()
{
	forwarding tcp:127.0.0.1:8080
	python3 $FW reset $S4 80
	eq refused "$(counter ForwardRefused)" 1
	wait_for 5 grep -q "service web: tcp:127.0.0.1:8080: Connection refused; connection reset" \
		"$T/log"
	server reset 8080
	python3 $FW reset $S4 80 x
	kill $SERVER
	server hold 8080
	python3 $FW cut $S4 80
	wait_for 5 grep -q reset "$T/server"
	eq failed "$(counter ForwardFailed)" 0
}

# a server that accepts nobody: given up in 10 s, the others are served
case_forward_to_a_server_that_never_accepts()
{
	local began=$SECONDS

	server never "$T/web.sock"
	forwarding "unix:$T/web.sock"
	for _ in 1 2; do
		python3 $FW pull $S4 80 0 2> /dev/null &
	done
	wait_for 5 bash -c "[ \$('$B/ustackctl' --socket '$T/ctl.sock' stats ForwardConnects |
		grep -o ' 2 ' | wc -l) = 1 ]"
	python3 $FW reset $S4 80 &
	eq echo "$(echo hello | timeout 5 "$NC" -N $S4 7)" hello
	wait $! || fail "not reset"
	[ $((SECONDS - began)) -lt 20 ] || fail "given up after $((SECONDS - began)) s"
	eq "given up" "$(counter ForwardTimeouts)" 1
}

# a server that does not read: the client stands still, and nothing piles up
case_forward_to_a_server_that_does_not_read()
{
	local before stuck used

	server slow 8080 4
	forwarding tcp:127.0.0.1:8080
	before=$(rss)
	python3 $FW stuck $S4 80 > "$T/client" &
	wait_for 10 grep -q stuck "$T/client"
	used=$(ctl --json status | python3 -c 'import json, sys
print(json.load(sys.stdin)["memory"]["used"])')
	stuck=$(sed 's/.* //' "$T/client")
	note "stuck after $((stuck / 1000)) kB, memory $((used / 1000)) kB," \
		"resident $(($(rss) - before)) kB more"
	[ "$used" -lt 40000000 ] || fail "$used bytes of memory"
	wait $! || fail "what it read then was wrong"
}

# so do 200 at once
case_forward_200_at_once()
{
	server echo "$T/echo.sock"
	forwarding "unix:$T/echo.sock" -o log.level=warning
	python3 $FW crowd $S4 80 200 50000
	eq connects "$(counter ForwardConnects)" 200
}

# 100 MB each way at once, over TCP and a Unix socket
case_alone_forward_100_mb_each_way()
{
	local where began

	B=$R
	for where in 8080 "$T/both.sock"; do
		server both "$where" 100000000
		: > "$T/conf"
		[ "$where" = 8080 ] && forwarding tcp:127.0.0.1:8080 || forwarding "unix:$where"
		began=$(date +%s%N)
		python3 $FW both $S4 80 100000000
		note "100 MB each way in $((($(date +%s%N) - began) / 1000000)) ms by ${where%/*}"
		wait_for 5 grep -q "heard 100000000" "$T/server"
		kill $SERVER
		stop
	done
}

# descriptors are finite: who comes too much is reset, and the rest goes on
case_forward_more_than_there_are_descriptors()
{
	server hold 8080
	ulimit -S -n 70 # is raised to the other one
	ulimit -H -n 300
	forwarding tcp:127.0.0.1:8080 -o log.level=warning
	mkfifo "$T/in"
	python3 $FW hold $S4 80 300 < "$T/in" > "$T/client" &
	exec 3> "$T/in"
	wait_for 30 grep -q held "$T/client"
	has "some were refused" 'held 2[0-9]+ reset [1-9]' "$(cat "$T/client")"
	has "the tool has its place" web:80 "$(ctl status)"
	eq failed "$(counter ForwardFailed)" "$(sed 's/.*reset //' "$T/client")"
	grep -q "Too many open files" "$T/log" || fail "the log says nothing"
	kill $SERVER
	echo > "$T/in"
	wait_for 10 grep -q ended "$T/client"
}

# the daemon ends: so do joined connections, both sides by their FIN
case_forward_ends_with_the_daemon()
{
	server hold 8080
	forwarding tcp:127.0.0.1:8080
	mkfifo "$T/in"
	python3 $FW hold $S4 80 5 < "$T/in" > "$T/client" &
	exec 3> "$T/in"
	wait_for 10 grep -q "held 5 reset 0" "$T/client"
	echo > "$T/in"
	stop
	wait_for 5 grep -q ended "$T/client"
	wait_for 5 bash -c "[ \$(grep -o end '$T/server' | wc -l) = 5 ]" # in whatever lines
}

# a name that nobody knows, and no name at all, are no targets
case_forward_needs_a_target()
{
	local said

	said=$("$B/ustackd" -c "$T/conf" -t -o "service web.type=forward" \
		-o "service web.port=80" 2>&1) && fail "accepted without a target"
	has "what is missing" target "$said"
	said=$("$B/ustackd" -c "$T/conf" -o "service web.type=forward" \
		-o "service web.port=8080" -o "service web.target=tcp:no.such.invalid:80" \
		-o control.socket="$T/ctl.sock" -o log.target=stderr 2>&1) && fail "started"
	has "what is wrong" 'service web: .*tcp:no.such.invalid:80: [A-Z]' "$said"
}

# TLS in front of a server that has none: curl trusts the certificate that was
# made, bytes are intact under loss, and the server sees the end of each
case_forward_secure()
{
	local url=https://$S4:80/page cut

	head -c 1000000 /dev/urandom > "$T/page"
	server page "$T/web.sock" "$T/page"
	forwarding "unix:$T/web.sock" -o "service web.tls=yes" \
		-o tls.state-directory="$T/state"
	curl -ksS --noproxy '*' -m 30 "$url" -o "$T/got" || fail "curl: $?"
	cmp "$T/got" "$T/page" || fail "not intact"
	curl -sS --noproxy '*' -m 30 "$url" -o "$T/got" 2> /dev/null &&
		fail "curl trusts anybody"
	ctl impair set port 80 seed 3 loss 5% reorder 10% delay 5ms > /dev/null
	curl -sS --noproxy '*' -m 60 -k "$url" -o "$T/got" || fail "curl: $?"
	cmp "$T/got" "$T/page" || fail "not intact under loss"
	[ "$(counter TcpRetransSegs)" -gt 10 ] || fail "nothing was lost"
	kill $SERVER
	wait_for 5 not "$NC" -zU "$T/web.sock"
	cut=$(counter TlsCut)
	curl -ksS --noproxy '*' -m 60 "$url" -o "$T/got" 2> /dev/null &&
		fail "nobody there, and no failure"
	eq refused "$(counter ForwardRefused)" 1
	eq "cuts by the peer, for our refusal" "$(counter TlsCut)" "$cut"
}
