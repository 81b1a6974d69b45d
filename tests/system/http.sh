# shellcheck shell=bash
# http.sh - pages and metrics, over our own TCP to clients of the host

web()	# ARGUMENT...: curl, which must succeed whatever the answer
{
	curl -sS --noproxy '*' -m 10 "$@" || fail "curl $*: status $?"
}

code()	# ARGUMENT...: the answer's status code
{
	web -o "$T/body" -w '%{http_code}' "$@"
}

# curl gets pages by both versions of IP and of HTTP, and learns what is wrong
case_http_by_curl()
{
	start
	eq index "$(code http://$S4/)" 200
	eq "over IPv6" "$(code "http://[$S6]/")" 200
	eq "HTTP/1.0" "$(code --http1.0 http://$S4/)" 200
	eq "no such page" "$(code http://$S4/none)" 404
	has "the pages there are" /metrics "$(cat "$T/body")"
	eq "POST" "$(code -d x=y http://$S4/)" 405
	head -c 300000 /dev/zero > "$T/body.in"
	eq "PUT" "$(code -T "$T/body.in" http://$S4/)" 405
	has "what may be done" '^Allow: GET, HEAD' "$(web -i -X DELETE http://$S4/)"
	eq "a long header" "$(code -H "X: $(printf '%08200d' 0)" http://$S4/)" 431
	has "HEAD" '^Content-Length: [1-9]' "$(web -I http://$S4/metrics)"
	eq "connections for three requests" \
		"$(web -o /dev/null -o /dev/null -o /dev/null -w '%{num_connects}' \
			http://$S4/ http://$S4/metrics http://$S4/)" 100
	python3 $HERE/http.py index $S4
}

# nc is client enough, half-closing and with bare newlines
case_http_by_nc()
{
	start
	has "nc" '^HTTP/1.1 200 OK' "$(printf 'GET / HTTP/1.0\n\n' | timeout 5 "$NC" -N $S4 80)"
	has "nc" '^HTTP/1.1 400 ' "$(printf 'GET /\n\n' | timeout 5 "$NC" -N $S4 80)"
	has "nc" '^HTTP/1.1 400 ' "$(printf 'GET / HTT' | timeout 5 "$NC" -N $S4 80)"
}

# requests in a row, and a byte at a time
case_http_pipelined_and_dripped()
{
	start
	python3 $HERE/http.py pipeline $S4 300
	python3 $HERE/http.py drip $S4
}

# those who do not finish, or do not read, keep nobody out and cost a bound
case_http_slow_clients_are_bounded()
{
	start
	python3 $HERE/http.py crowd $S4 200
	python3 $HERE/http.py deaf $S4 200
	eq "still well" "$(code http://$S4/)" 200
	[ "$(awk '/VmRSS/ { print $2 }' "/proc/$DPID/status")" -lt 400000 ] ||
		fail "memory: $(grep VmRSS "/proc/$DPID/status")"
}

# /metrics is valid by the format's rules, and says what ustackctl says
case_http_metrics()
{
	local n

	python3 $HERE/promcheck.py --self-test
	start
	eq echo "$(echo hello | timeout 5 "$NC" -N $S4 7)" hello
	has "type" '^Content-Type: text/plain; version=0.0.4' "$(web -I http://$S4/metrics)"
	web http://$S4/metrics > "$T/metrics"
	note "$(python3 $HERE/promcheck.py "$T/metrics"), $(stat -c %s "$T/metrics") bytes"
	value()
	{
		python3 $HERE/promcheck.py "$T/metrics" "$1"
	}
	eq "bytes echoed" "$(value 'ustack_service_out_bytes_total{service="echo"}')" 6
	eq "connections" "$(value 'ustack_connections{state="ESTABLISHED"}')" 1
	eq "listeners" "$(value 'ustack_connections{state="LISTEN"}')" 5
	eq "opens" "$(value ustack_tcp_passive_opens_total)" "$(counter TcpPassiveOpens)"
	[ "$(value ustack_memory_used_bytes)" -gt 0 ] || fail "no memory in use"
	n=$(ctl --json stats | python3 -c 'import json, sys
print(len(json.load(sys.stdin)["counters"]))')
	[ "$(grep -c '^# TYPE .* counter$' "$T/metrics")" -ge "$n" ] || fail "counters are missing"
}
