# shellcheck shell=bash
# tls.sh - handshakes of secure channels: what is agreed on and what is refused, who
# is trusted, by openssl as the client
#
# The certificates are made here, with OpenSSL; where a case makes none, the daemon
# has made its own.

# shellcheck source=tests/system/tls_lib.sh
. "$HERE/tls_lib.sh"

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
