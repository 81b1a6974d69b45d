# shellcheck shell=bash
# tls_life.sh - secure channels that are used, misused, cut and flooded, by the clients
# people use: openssl, ncat, curl, Python

# shellcheck source=tests/system/tls_lib.sh
. "$HERE/tls_lib.sh"

# ncat and curl
case_tls_ncat_and_curl()
{
	printf '[service web]\ntype=http\nport=443\ntls=yes\n[service echo-tls]\ntype=echo\nport=7007\ntls=yes\n' > "$T/conf"
	start
	(echo hello; sleep 0.4) | timeout 10 ncat --ssl $S4 7007 > "$T/said" 2>&1 || true
	has ncat '^hello$' "$(cat "$T/said")"
	has curl 'ustack' "$(curl -sSk --noproxy '*' -m 10 "https://$S4/")"
	has "curl, IPv6" 'ustack_' "$(curl -sSk --noproxy '*' -m 10 "https://[$S6]/metrics")"
	eq "bytes by curl" "$(curl -sSk --noproxy '*' -m 20 https://$S4/bytes/3000000 | wc -c)" 3000000
}

# close_notify each way, half-closed, and FIN at once behind it
case_tls_close_notify()
{
	start
	python3 $TLS echo $S6 7007 100000
	python3 $TLS half_close $S4 7007 60000
	python3 $TLS fin_behind_close_notify $S4 7007 60000
	eq cut "$(counter TlsCut)" 0
	eq alerts "$(counter TlsAlerts)" 0
	eq resets "$(counter TcpEstabResets)" 0
}

# heard COUNTER NUMBER WORDS: the counter is there, and a line in the log
heard()
{
	wait_for 3 counted "$1" "$2"
	wait_for 3 grep -qiE -- "$3" "$T/log"
}

sum_is()	# NUMBER COUNTER...
{
	local n=0 c

	for c in "${@:2}"; do
		n=$((n + $(counter "$c")))
	done
	[ $n = "$1" ]
}

tampered_13()
{
	eq "alert of TLS 1.3" "$(python3 $TLS tamper $S4 7007 1.3)" SSLV3_ALERT_BAD_RECORD_MAC
	wait_for 3 counted TlsBadMac 3
}

# what clients do wrong is counted and logged by its kind, and hurts nobody else
case_tls_each_wrong_has_its_counter()
{
	start -o tls.handshake-timeout=1s
	dial
	python3 $TLS cut $S4 7007 > /dev/null
	heard TlsCut 1 'cut: '
	python3 $TLS reset $S4 7007
	wait_for 3 counted TlsCut 2
	echo 'GET / HTTP/1.0' | timeout 5 "$NC" -N $S4 7007 > /dev/null || true
	heard TlsFailNotTls 1 'not-tls: .*\("GET / HTTP/1.0"\)'
	echo hello | timeout 5 "$NC" -N $S4 7007 > /dev/null || true
	wait_for 3 counted TlsFailNotTls 2
	python3 $TLS garbage $S4 7007
	wait_for 3 sum_is 6 TlsFailGarbage TlsFailBadHandshake
	python3 $TLS stall $S4 7007 1000
	heard TlsTimeouts 1 'timeout: the handshake took too long'
	python3 $TLS dubious $S4 7007
	wait_for 3 sum_is 9 TlsFailGarbage TlsFailBadHandshake TlsFailOldVersion TlsTimeouts
	python3 $TLS trickle $S4 7007
	eq "alert for GCM" "$(python3 $TLS tamper $S4 7007 1.2 ECDHE-ECDSA-AES128-GCM-SHA256)" \
		SSLV3_ALERT_BAD_RECORD_MAC
	eq "alert for CBC" "$(python3 $TLS tamper $S4 7007 1.2 ECDHE-ECDSA-AES128-SHA256)" \
		SSLV3_ALERT_BAD_RECORD_MAC
	heard TlsBadMac 2 'bad-mac: '
	! has_13 || tampered_13
	echo "still here" >&3
	wait_for 5 grep -q '^still here' "$T/said"
	hang_up
}

# a client that dies in the middle is a cut, however it dies
case_tls_killed_client()
{
	start
	dial
	kill -9 "$(pgrep -P "$CLIENT" openssl || echo "$CLIENT")"
	wait "$CLIENT" || true
	exec 3>&-
	wait_for 5 counted TlsCut 1
	wait_for 5 not open_channels
}

# channels have a cap of their own; plain connections do not count
case_tls_cap()
{
	start -o tls.max-connections=5
	mkfifo "$T/hold"
	python3 $TLS hold $S4 7007 8 < "$T/hold" > "$T/held" &
	exec 4> "$T/hold"
	wait_for 10 grep -q . "$T/held"
	eq "channels held" "$(cat "$T/held")" 5
	eq "plain echo" "$(echo hello | timeout 5 "$NC" -N $S4 7)" hello
	exec 4>&-
	wait_for 5 python3 $TLS echo $S4 7007 1000
}

# all of it through 5 % loss and reordering, each way
case_tls_under_loss()
{
	start
	ctl impair set delay 5ms 2ms loss 5% reorder 10% seed 7 > /dev/null
	echoes ECDHE-ECDSA-AES256-SHA384
	echoes ECDHE-ECDSA-AES128-GCM-SHA256
	refused TlsFailNoSuite 'handshake failure' -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA
	dial -tls1_2 -sess_out "$T/session"
	hang_up
	dial -tls1_2 -sess_in "$T/session"
	has "the second time" '^Reused' "$(cat "$T/said")"
	hang_up
	python3 $TLS echo $S6 7007 100000
	python3 $TLS half_close $S4 7007 60000
	eq "alert" "$(python3 $TLS tamper $S4 7007 1.2 ECDHE-ECDSA-AES128-SHA256)" \
		SSLV3_ALERT_BAD_RECORD_MAC
	eq "bad records" "$(counter TlsBadMac)" 1
	[ "$(counter TcpRetransSegs)" -gt 5 ] || fail "nothing was sent again"
}

# certificates for clients and PSK through the same
case_tls_client_certificates_under_loss()
{
	local key=00112233445566778899aabbccddeeff

	# shellcheck disable=SC2086 # options
	cert ca $EC
	issued alice ca 40
	printf 'bob:%s\n' $key > "$T/psk"
	chmod 600 "$T/psk"
	start -o tls.client-ca="$T/ca.pem" -o tls.psk-file="$T/psk"
	ctl impair set delay 5ms 2ms loss 5% reorder 10% seed 8 > /dev/null
	dial -cert "$T/alice.pem" -key "$T/alice.key"
	hang_up
	refused TlsFailNoCert 'alert' -tls1_2
	dial -tls1_2 -cipher ECDHE-PSK-AES128-CBC-SHA256 -psk_identity bob -psk $key
	eq peer "$(agreed 'v["peer"]')" bob
	hang_up
}

resident()
{
	awk '/VmRSS/ { print $2 }' "/proc/$DPID/status"
}

# flooded: what a good client sees among 200 stalled handshakes and 50 of garbage
flooded()
{
	python3 $TLS flood $S4 7007 200 50 > "$T/said"
	wait_for 5 not open_channels
	note "TLS handshake in ms among 250 bad ones: $(cat "$T/said")"
	python3 -c "import sys
v = {k: float(x) for k, x in (w.split('=') for w in open('$T/said').read().split())}
sys.exit(not (max(v['filling'], v['full']) < 3 * v['idle'] and v['worst'] < 100 and v['beats'] > 20))"
}

# 200 stalled and 50 garbage handshakes at once: a good client is served, data of
# others flows, and memory is what it was.  Three tries, for a machine that is busy.
case_alone_tls_flood()
{
	local before after mem

	B=$R
	start
	flooded || flooded || flooded || fail "$(cat "$T/said")"
	before=$(resident)
	mem=$(memory)
	flooded || true
	after=$(resident)
	note "resident $before KB, then $after"
	[ $((after - before)) -lt 2048 ] || fail "resident memory grew by $((after - before)) KB"
	eq "memory of status" "$(memory)" "$mem"
	eq "channels" "$(counter TlsHandshakes)" "$(counter TlsCloseNotifyIn)"
}

memory()
{
	ctl --json status | python3 -c "import json, sys; print(json.load(sys.stdin)['memory']['used'])"
}

echo_bytes()	# BYTES SECONDS
{
	B=$R
	start
	head -c "$1" /dev/urandom > "$T/f"
	timeout "$2" socat -b 65536 -t 20 - OPENSSL:$S4:7007,verify=0 < "$T/f" |
		cmp - "$T/f" || fail "$1 bytes: not intact, or not in $2 s"
	eq "bytes decrypted" "$(counter TlsBytesIn)" "$1"
	eq "cut" "$(counter TlsCut)" 0
}

# 100 MB there and back, encrypted
case_tls_echo_100_mb()
{
	echo_bytes 100000000 60
}

# every byte of 1 GiB
long_tls_echo_1_gib()
{
	echo_bytes 1073741824 300
}
