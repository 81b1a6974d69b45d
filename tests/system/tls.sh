# shellcheck shell=bash
# tls.sh - secure channels, by the clients people use: openssl, ncat, curl, Python
#
# The certificates are made here, with OpenSSL; where a case makes none, the daemon
# has made its own.

TLS=$HERE/tlsclient.py

# cert NAME [OPTION...]: a self-signed certificate $T/NAME.pem and $T/NAME.key
cert()
{
	openssl req -x509 -nodes -days 40 -subj "/CN=$1" -keyout "$T/$1.key" -out "$T/$1.pem" \
		"${@:2}" 2> "$T/openssl.err" || fail "$(cat "$T/openssl.err")"
}

EC="-newkey ec -pkeyopt ec_paramgen_curve:P-256"

# issued NAME CA DAYS: a certificate by CA; with 0 DAYS it has expired a second later
issued()
{
	{
		# shellcheck disable=SC2086 # options
		openssl req -new -nodes $EC -subj "/O=class/CN=$1" -keyout "$T/$1.key" \
			-out "$T/$1.csr" &&
		openssl x509 -req -in "$T/$1.csr" -CA "$T/$2.pem" -CAkey "$T/$2.key" \
			-set_serial 7 -days "$3" -out "$T/$1.pem"
	} 2> "$T/openssl.err" || fail "$(cat "$T/openssl.err")"
}

# expired NAME CA: one that has (OpenSSL refuses to sign what ends before it begins)
expired()
{
	issued "$1" "$2" 0
	sleep 1.1
}

# with NAME: options for a server that has this certificate
with()
{
	echo "-o tls.certificate=$T/$1.pem -o tls.key=$T/$1.key"
}

# dial [OPTION...]: openssl s_client, connected and echoed to; what it says goes
# to $T/said, what is written to descriptor 3 is sent
dial()
{
	rm -f "$T/in"
	mkfifo "$T/in"
	timeout 20 openssl s_client -connect "[$S6]:7007" "$@" < "$T/in" > "$T/said" 2>&1 &
	CLIENT=$!
	exec 3> "$T/in"
	echo "hello, $CLIENT" >&3
	for _ in $(seq 500); do
		grep -q "^hello, $CLIENT" "$T/said" && return 0
		kill -0 $CLIENT 2> /dev/null || break
		sleep 0.02
	done
	fail "openssl s_client $*: no echo: $(cat "$T/said")"
}

hang_up()
{
	exec 3>&-
	wait "$CLIENT" || fail "openssl s_client: status $?: $(cat "$T/said")"
}

AGREED='"|".join((v["version"], v["suite"], v["kx"], v["cipher"], v["mac"], v["group"],
	str(v["etm"])))'

# agreed EXPRESSION: of what the newest secure channel has agreed on, which is v (the
# one before may still be there, under loss)
agreed()
{
	ctl --json conns | python3 -c "import json, sys
v = max((c for c in json.load(sys.stdin)['conns'] if c.get('tls')), key=lambda c: c['id'])['tls']
print($1)"
}

# TLS 1.3 has to work with every mbedTLS but 2.28
has_13()
{
	not grep -q 'libmbedtls\.so\.14 ' <<< "$(ldd "$B/ustackd")"
}

open_channels()
{
	ctl conns -p 7007 | grep -q ESTAB
}

counted()	# NAME NUMBER
{
	[ "$(counter "$1")" = "$2" ]
}

# refused COUNTER ALERT OPTION...: the handshake fails, as OpenSSL and we see it
refused()
{
	local n=$(($(counter "$1") + 1))

	! timeout 10 openssl s_client -connect "[$S6]:7007" "${@:3}" < /dev/null \
		> "$T/said" 2>&1 || fail "openssl ${*:3}: accepted: $(cat "$T/said")"
	has "openssl ${*:3}" "$2" "$(cat "$T/said")"
	wait_for 2 counted "$1" $n
}

# refused_13 COUNTER OPTION...: the same by TLS 1.3, where a client has its handshake
# behind it before it hears of ours.  The alert may be no more than noise to it: some
# versions of mbedTLS seal it by the key of the handshake.
refused_13()
{
	local n=$(($(counter "$1") + 1))

	! timeout 10 openssl s_client -connect "[$S6]:7007" -tls1_3 "${@:2}" \
		< <(sleep 5) > "$T/said" 2>&1 || fail "openssl ${*:2}: accepted: $(cat "$T/said")"
	wait_for 2 counted "$1" $n
}

# echoes SUITE [OPTION...]: it is agreed on when nothing else is offered
echoes()
{
	dial -tls1_2 -cipher "$1" "${@:2}"
	has "the suite" "Cipher is $1" "$(cat "$T/said")"
	agreed "$AGREED" > "$T/agreed"
	hang_up
}

# suites KX [OPTION...]: all of the policy by certificates, each alone
suites()
{
	local s

	for s in 128-GCM-SHA256 256-GCM-SHA384 128-CBC-SHA256 256-CBC-SHA384; do
		echoes "$1-AES${s/-CBC/}" "${@:2}"
		case $s in
		*GCM*) eq "$1 $s" "$(cat "$T/agreed")" \
			"TLSv1.2|TLS-$1-WITH-AES-$s|$1|AES-${s%-*}|AEAD|x25519|False" ;;
		*) eq "$1 $s" "$(cat "$T/agreed")" \
			"TLSv1.2|TLS-$1-WITH-AES-$s|$1|AES-${s%-*}|HMAC-${s##*-}|x25519|True" ;;
		esac
	done
}

# the two of TLS 1.3, which goes without asking where both ends have it
suites_13()
{
	local s

	for s in 128-GCM-SHA256 256-GCM-SHA384; do
		dial -ciphersuites "TLS_AES_${s//-/_}"
		eq "TLS 1.3 $s" "$(agreed "$AGREED")" \
			"TLSv1.3|TLS-AES-$s|ECDHE-ECDSA|AES-${s%-*}|AEAD|x25519|False"
		hang_up
	done
}

# each suite for a certificate of ECDSA; the daemon's own certificate will do
case_tls_suites_by_ecdsa()
{
	start
	suites ECDHE-ECDSA
	! has_13 || suites_13
	eq "problems" "$(ctl stats 'Tls*' | grep -cE 'Tls(Fail|Alerts|Cut|BadMac)')" 0
}

# each suite for a certificate of RSA
case_tls_suites_by_rsa()
{
	cert rsa -newkey rsa:2048
	# shellcheck disable=SC2046 # options
	start $(with rsa)
	suites ECDHE-RSA
}

# conns -i names what was agreed on; so does the group, when the client has its own
case_tls_conns_names_what_was_agreed_on()
{
	start
	dial -tls1_2 -cipher ECDHE-ECDSA-AES256-SHA384 -groups P-256 -servername lab.example
	has "conns -i" 'TLSv1.2 ECDHE-ECDSA secp256r1 AES-256-CBC HMAC-SHA384 etm name:"lab.example"' \
		"$(ctl conns -i -p 7007 | tr -s ' \n' ' ')"
	eq "kx, cipher, mac" "$(agreed 'v["kx"], v["cipher"], v["mac"], v["etm"]')" \
		"ECDHE-ECDSA AES-256-CBC HMAC-SHA384 True"
	eq "name asked for" "$(agreed 'v["servername"]')" lab.example
	eq resumed "$(agreed 'v["resumed"]')" False
	has "ephemeral key" '(Server|Peer) Temp Key: ECDH, prime256v1' "$(cat "$T/said")"
	hang_up
}

# old versions, weak suites, groups and signatures are refused, in words
case_tls_weak_is_refused()
{
	local s

	start
	dial
	exec 4>&3
	mv "$T/said" "$T/said.open"
	for s in -tls1 -tls1_1; do
		refused TlsFailOldVersion 'protocol version' $s -cipher 'ALL:@SECLEVEL=0'
	done
	for s in ECDHE-ECDSA-AES128-SHA ECDHE-ECDSA-AES256-SHA ECDHE-ECDSA-CHACHA20-POLY1305 \
		ECDHE-ECDSA-AES128-CCM ECDHE-ECDSA-CAMELLIA128-SHA256 AES128-GCM-SHA256 \
		AES256-SHA DHE-RSA-AES128-GCM-SHA256 PSK-AES128-CBC-SHA256 \
		ECDHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-NULL-SHA ADH-AES128-SHA256; do
		refused TlsFailNoSuite 'handshake failure' -tls1_2 -cipher "$s:@SECLEVEL=0" \
			-psk 0123456789abcdef0123456789abcdef
	done
	refused TlsFailNoSuite 'handshake failure' -tls1_2 -groups P-521
	refused TlsFailNoSuite 'handshake failure' -tls1_2 -sigalgs ECDSA+SHA1 \
		-cipher 'ALL:@SECLEVEL=0'
	for s in $(! has_13 || echo TLS_CHACHA20_POLY1305_SHA256 TLS_AES_128_CCM_SHA256); do
		refused TlsFailNoSuite 'handshake failure' -tls1_3 -ciphersuites "$s"
	done
	echo "still here" >&4
	wait_for 5 grep -q '^still here' "$T/said.open"
	exec 4>&-
	hang_up
}

# what OpenSSL has forgotten, by numbers: RC4, 3DES, NULL, export, anonymous, keys
# by RSA and by DH, CBC with SHA-1; SSL 3.  Alert 40 is handshake_failure, 70
# protocol_version.
case_tls_older_than_openssl_is_refused()
{
	local old="0x0005 0x000a 0x0003 0x001b 0x002f 0x0033 0x009c 0x009e 0xc006 0xc007
		0xc008 0xc009 0xc00a 0xc018 0xccac"

	start
	# shellcheck disable=SC2086 # suites
	eq alerts "$(python3 $TLS offer $S4 7007 0x0303 $old | uniq -c | xargs)" "15 40"
	eq NoSuite "$(counter TlsFailNoSuite)" 15
	eq "a good one" "$(python3 $TLS offer $S4 7007 0x0303 0xc02b | cut -c1-14)" '0xc02b: 160303'
	eq alerts "$(python3 $TLS offer $S4 7007 0x0300 0xc02b | xargs)" 70
	eq alerts "$(python3 $TLS offer $S4 7007 0x0302 0xc02b | xargs)" 70
	eq OldVersion "$(counter TlsFailOldVersion)" 2
}

# CBC without encrypt-then-MAC has no place: Lucky 13
case_tls_cbc_needs_encrypt_then_mac()
{
	start
	cat > "$T/cnf" <<-EOF
		openssl_conf = c
		[c]
		ssl_conf = s
		[s]
		system_default = d
		[d]
		Options = -EncryptThenMac
	EOF
	OPENSSL_CONF="$T/cnf" refused TlsFailNoSuite 'alert' -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256
}

# a second handshake is refused by an alert; others do not notice
case_tls_renegotiation_is_refused()
{
	start
	dial -tls1_2
	echo R >&3
	wait_for 5 not kill -0 "$CLIENT"
	has "renegotiation" 'no renegotiation' "$(cat "$T/said")"
	exec 3>&-
	python3 $TLS echo $S6 7007 1000
}

# fingerprint: status, OpenSSL and conns agree; the certificate is made only once
case_tls_fingerprint()
{
	local print

	start
	dial
	hang_up
	print=$(openssl s_client -connect "[$S6]:7007" < /dev/null 2> /dev/null |
		openssl x509 -noout -fingerprint -sha256 | cut -d= -f2)
	has status "${print//:/:?}" "$(ctl status | tr 'a-f' 'A-F')"
	stop
	start
	has "status of the next run" "${print//:/:?}" "$(ctl status | tr 'a-f' 'A-F')"
}

# resumes VERSION: OpenSSL, and what conns says of it
resumes()
{
	dial "-tls${1/./_}" -sess_out "$T/session"
	hang_up
	dial "-tls${1/./_}" -sess_in "$T/session"
	has "the second time" "^Reused, TLSv$1" "$(cat "$T/said")"
	eq resumed "$(agreed 'v["version"], v["resumed"]')" "TLSv$1 True"
	has "conns -i" resumed "$(ctl conns -i -p 7007)"
	hang_up
}

# rounds_take VERSION CONDITION: of the times (in ms) full and short, for handshakes
# with the one of TCP, through a round trip of 40 ms
rounds_take()
{
	local full short

	read -r full short <<< "$(python3 $TLS session $S4 7007 "$1" 3)"
	note "a handshake of $1 through 40 ms of round trip: $full ms, resumed $short ms"
	python3 -c "import sys; full, short = $full, $short; sys.exit(not ($2))" ||
		fail "TLS $1: a handshake took $full ms, resumed $short ms"
}

# a session is resumed by its ticket: two round trips instead of three by TLS 1.2; by
# TLS 1.3 always two
case_tls_resumption()
{
	start
	resumes 1.2
	! has_13 || resumes 1.3
	ctl impair set delay 20ms
	rounds_take 1.2 '118 < full and 78 < short < full - 25'
	! has_13 || rounds_take 1.3 '78 < full < 118 and 78 < short < 118'
}

bad_certificates_13()
{
	refused_13 TlsFailNoCert
	refused_13 TlsFailUntrusted -cert "$T/mallory.pem" -key "$T/mallory.key"
	refused_13 TlsFailExpired -cert "$T/late.pem" -key "$T/late.key"
}

# clients must show a certificate by the right authority, that is valid
case_tls_client_certificates()
{
	# shellcheck disable=SC2086 # options
	{
		cert ca $EC
		cert other $EC
	}
	issued alice ca 40
	expired late ca
	issued mallory other 40
	start -o tls.client-ca="$T/ca.pem"
	dial -cert "$T/alice.pem" -key "$T/alice.key"
	has "who it is" alice "$(agreed 'v["peer"]')"
	has "conns -i" alice "$(ctl conns -i -p 7007)"
	hang_up
	refused TlsFailNoCert 'alert' -tls1_2
	refused TlsFailUntrusted 'alert' -tls1_2 -cert "$T/mallory.pem" -key "$T/mallory.key"
	refused TlsFailExpired 'alert' -tls1_2 -cert "$T/late.pem" -key "$T/late.key"
	! has_13 || bad_certificates_13
	dial -cert "$T/alice.pem" -key "$T/alice.key"
	hang_up
}

# pre-shared keys: the right one, a wrong one, an unknown identity
case_tls_psk()
{
	local key=00112233445566778899aabbccddeeff s

	printf '# the class\nalice:%s\nbob:%s\n' $key ${key}0011 > "$T/psk"
	chmod 600 "$T/psk"
	start -o tls.psk-file="$T/psk"
	for s in 128-CBC-SHA256 256-CBC-SHA384; do
		echoes ECDHE-PSK-AES$s -psk_identity alice -psk $key
		eq "PSK $s" "$(cat "$T/agreed")" \
			"TLSv1.2|TLS-ECDHE-PSK-WITH-AES-$s|ECDHE-PSK|AES-${s%-*}|HMAC-${s##*-}|x25519|True"
	done
	dial -tls1_2 -cipher ECDHE-PSK-AES128-CBC-SHA256 -psk_identity bob -psk ${key}0011
	eq peer "$(agreed 'v["peer"]')" bob
	hang_up
	refused TlsFailBadPsk 'alert' -tls1_2 -cipher ECDHE-PSK-AES128-CBC-SHA256 \
		-psk_identity alice -psk ${key}0011
	refused TlsFailBadPsk 'alert' -tls1_2 -cipher ECDHE-PSK-AES128-CBC-SHA256 \
		-psk_identity eve -psk $key
	refused TlsFailNoSuite 'alert' -tls1_2 -cipher ECDHE-PSK-AES128-CBC-SHA \
		-psk_identity alice -psk $key
	not grep -qi $key "$T/log" || fail "the key is in the log"
}

# a server's certificate that has expired, or soon will, is warned of, and works
case_tls_expired_certificate_is_warned_of()
{
	# shellcheck disable=SC2086 # options
	cert ca $EC
	expired late ca
	# shellcheck disable=SC2046 # options
	start $(with late)
	has log 'expired' "$(cat "$T/log")"
	has status 'expired' "$(ctl status)"
	dial
	has "openssl verifies" 'certificate has expired' "$(cat "$T/said")"
	hang_up
	stop
	issued soon ca 7
	# shellcheck disable=SC2046 # options
	start $(with soon)
	has status 'expires in [67] days' "$(ctl status)"
}

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
