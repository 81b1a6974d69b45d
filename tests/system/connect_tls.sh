# shellcheck shell=bash
# connect_tls.sh - ustackctl connect --tls: whom the stack trusts as a client, and
# what it says when it does not; the servers are those of OpenSSL and ncat

connect()
{
	ctl connect "$@"
}

# authority NAME: $T/NAME.pem, which signs
authority()
{
	openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 40 \
		-subj "/CN=$1" -keyout "$T/$1.key" -out "$T/$1.pem" 2> "$T/openssl.err" ||
		fail "$(cat "$T/openssl.err")"
}

# issue NAME CA DAYS SAN: $T/NAME.pem and $T/NAME.key, signed by CA; with 0 DAYS it has
# expired a second later
issue()
{
	{
		openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
			-subj "/O=class/CN=$1" -keyout "$T/$1.key" -out "$T/$1.csr" &&
		openssl x509 -req -in "$T/$1.csr" -CA "$T/$2.pem" -CAkey "$T/$2.key" \
			-set_serial 7 -days "$3" -out "$T/$1.pem" \
			-extfile <(echo "subjectAltName=$4")
	} 2> "$T/openssl.err" || fail "$(cat "$T/openssl.err")"
}

fingerprint()	# NAME
{
	openssl x509 -in "$T/$1.pem" -noout -fingerprint -sha256 | cut -d= -f2
}

digits()	# TEXT: a fingerprint is written in more ways than one
{
	tr -d : <<< "$1" | tr A-F a-f
}

# certificates: an authority, the server lab.test by it, and names for its address
certificates()
{
	printf '%s\n' '10.7.0.1 lab.test other.test' > "$T/hosts"
	mount --bind "$T/hosts" /etc/hosts
	authority ca
	issue lab ca 40 DNS:lab.test,IP:10.7.0.1
}

# s_server PORT NAME [OPTION...]: OpenSSL's, with that certificate; it sends $T/down,
# what comes is in $T/up
s_server()
{
	openssl s_server -accept "$H4:$1" -cert "$T/$2.pem" -key "$T/$2.key" -quiet \
		"${@:3}" < <(cat "$T/down"; sleep 1000) > "$T/up" 2> "$T/server.err" &
	SERVER=$!
	wait_for 5 listens "$1"
}

# echoing PORT NAME: ncat with that certificate sends back what comes
echoing()
{
	ncat -l -k --ssl --ssl-cert "$T/$2.pem" --ssl-key "$T/$2.key" -e /bin/cat \
		$H4 "$1" 2> "$T/server.err" &
	SERVER=$!
	wait_for 5 listens "$1"
}

# echoes ARGUMENT...: connect --tls ARGUMENT... gets back what it sends
echoes()
{
	eq "connect --tls $*" "$(timeout 20 "$B/ustackctl" --socket "$T/ctl.sock" \
		connect --tls "$@" < <(echo hello; sleep 20) 2> "$T/err" |
		head -n 1)" hello
}

# untrusted PATTERN ARGUMENT...: refused as not trusted, in words
untrusted()
{
	eq "connect --tls ${*:2}" "$(status_of connect --tls "${@:2}" <<< secret)" 8
	has "connect --tls ${*:2}" "$1" "$(cat "$T/err")"
	eq 'nothing comes from somebody who is not trusted' "$(cat "$T/out")" ''
}

# an authority, by name and by address; a fingerprint; and --insecure, which says so
case_connect_tls_trusts()
{
	certificates
	start
	echoing 7443 lab
	echoes --ca "$T/ca.pem" lab.test 7443
	eq 'and says nothing' "$(cat "$T/err")" ''
	echoes --ca "$T/ca.pem" $H4 7443
	echoes --ca "$T/ca.pem" --servername lab.test $H4 7443
	echoes --fingerprint "$(fingerprint lab)" other.test 7443
	echoes --fingerprint "$(fingerprint lab | tr -d : | tr A-F a-f)" $H4 7443
	echoes --insecure other.test 7443
	has 'it says so' 'insecure' "$(cat "$T/err")"
	echoes -v --ca "$T/ca.pem" lab.test 7443
	has version 'TLSv1\.[23], TLS-.*, (x25519|secp)' "$(cat "$T/err")"
	has peer 'CN=lab' "$(cat "$T/err")"
	has fingerprint "$(digits "$(fingerprint lab)")" "$(digits "$(cat "$T/err")")"
}

# the wrong authority, fingerprint, name, time: status 8, what is wrong, what to do
case_connect_tls_does_not_trust()
{
	certificates
	authority strange
	issue late ca 0 DNS:lab.test
	sleep 1.1
	start
	: > "$T/down"
	s_server 7443 lab
	untrusted 'untrusted: .*; ' --ca "$T/strange.pem" lab.test 7443
	untrusted 'not-pinned: ' --fingerprint "$(fingerprint ca)" lab.test 7443
	has 'how to pin it' "$(digits "$(fingerprint lab)")" "$(digits "$(cat "$T/err")")"
	untrusted 'wrong-name: ' --ca "$T/ca.pem" other.test 7443
	untrusted 'wrong-name: ' --ca "$T/ca.pem" --servername other.test $H4 7443
	s_server 7444 late
	untrusted 'expired: ' --ca "$T/ca.pem" lab.test 7444
	eq 'the server has heard nothing' "$(cat "$T/up")" ''
}

# without a word about trust: the host's authorities, or an error that says what to do
case_connect_tls_trusts_as_the_host_does()
{
	local bundle=/etc/ssl/certs/ca-certificates.crt

	certificates
	start
	echoing 7443 lab
	mkdir -p /etc/ssl/certs
	[ -e $bundle ] || skip "there is no $bundle here"
	untrusted 'untrusted: ' lab.test 7443
	has 'what to do' '--fingerprint|--ca' "$(cat "$T/err")"
	cat "$T/ca.pem" >> "$T/bundle"
	mount --bind "$T/bundle" $bundle
	echoes lab.test 7443
	umount $bundle
	mount -t tmpfs tmpfs /etc/ssl/certs
	eq 'no bundle' "$(status_of connect --tls lab.test 7443)" 2
	has 'no bundle' '--ca FILE, --fingerprint' "$(cat "$T/err")"
}

# a server that wants a certificate of ours gets it, and refuses others
case_connect_tls_client_certificate()
{
	certificates
	authority strange
	issue alice ca 40 DNS:alice
	issue mallory strange 40 DNS:mallory
	start
	echo welcome > "$T/down"
	s_server 7443 lab -tls1_2 -Verify 1 -verify_return_error -CAfile "$T/ca.pem"
	eq welcome "$( (sleep 0.5) | connect --tls --ca "$T/ca.pem" --cert "$T/alice.pem" \
		--key "$T/alice.key" lab.test 7443 | head -n 1)" welcome
	not status_of connect --tls --ca "$T/ca.pem" lab.test 7443 < /dev/null > "$T/rc" ||
		[ "$(cat "$T/rc")" != 0 ] || fail "accepted without a certificate"
	has 'without one' 'alert' "$(cat "$T/err")"
	[ "$(status_of connect --tls --ca "$T/ca.pem" --cert "$T/mallory.pem" \
		--key "$T/mallory.key" lab.test 7443 < /dev/null)" != 0 ] ||
		fail "accepted with a strange one"
	has 'a strange one' 'alert' "$(cat "$T/err")"
	eq 'a key of another' "$(status_of connect --tls --ca "$T/ca.pem" \
		--cert "$T/alice.pem" --key "$T/mallory.key" lab.test 7443)" 1
	has 'a key of another' 'key' "$(cat "$T/err")"
	eq 'no file' "$(status_of connect --tls --ca "$T/none" lab.test 7443)" 1
	has 'no file' "$T/none: No such file" "$(cat "$T/err")"
	eq 'a folder' "$(status_of connect --tls --ca "$T" lab.test 7443)" 2
	has 'a folder' 'no regular file' "$(cat "$T/err")"
	eq 'no PEM' "$(status_of connect --tls --ca "$T/hosts" lab.test 7443)" 1
}

# pre-shared keys: the right one, a wrong one; the key is nowhere in the log
case_connect_tls_psk()
{
	local key=00112233445566778899aabbccddeeff

	certificates
	printf 'alice:%s\n' $key > "$T/psk"
	printf 'alice:%s\n' 01$key > "$T/psk.wrong"
	chmod 600 "$T/psk" "$T/psk.wrong"
	start
	echo welcome > "$T/down"
	s_server 7443 lab -tls1_2 -nocert -psk_identity alice -psk $key \
		-cipher ECDHE-PSK-AES128-CBC-SHA256
	eq welcome "$( (sleep 0.5) | connect -v --psk-file "$T/psk" lab.test 7443 \
		2> "$T/err" | head -n 1)" welcome
	has suite 'TLS-ECDHE-PSK-WITH-AES-128-CBC-SHA256.*encrypt-then-MAC' "$(cat "$T/err")"
	[ "$(status_of connect --psk-file "$T/psk.wrong" lab.test 7443 < /dev/null)" != 0 ] ||
		fail "accepted with the wrong key"
	has 'wrong key' '7443: [a-z-]+: ' "$(cat "$T/err")"
	not grep -qi $key "$T/log" || fail "the key is in the log"
}

# what is no TLS, or no good one: in words, and never a success
case_connect_tls_bad_servers()
{
	local kind

	certificates
	start
	for kind in '220 mail.lab.test ESMTP' 'HTTP/1.0 400 Bad Request' $'\x16\x03\x03\xff\xff'; do
		"$NC" -N -l $H4 7500 < <(echo "$kind") > /dev/null &
		wait_for 5 listens 7500
		[ "$(status_of connect --tls --insecure $H4 7500 < /dev/null)" = 1 ] ||
			fail "$kind: $(cat "$T/err")"
		has "$kind" '^ustackctl: 10.7.0.1:7500: [a-z-]+: .*; ' "$(cat "$T/err")"
		wait $! || true
	done
	# one that says nothing at all
	"$NC" -l $H4 7500 < <(sleep 1000) > /dev/null &
	wait_for 5 listens 7500
	eq silent "$(status_of connect --tls --insecure --timeout 0.5 $H4 7500)" 6
	: > "$T/down"
	s_server 7501 lab -tls1_1 -cipher ALL:@SECLEVEL=0
	eq 'TLS 1.1' "$(status_of connect --tls --insecure $H4 7501)" 1
	has 'TLS 1.1' 'alert: .*; (nothing|no version) in common' "$(cat "$T/err")"
	s_server 7502 lab -tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305
	eq 'no suite' "$(status_of connect --tls --insecure $H4 7502)" 1
	has 'no suite' 'alert: .*; nothing in common' "$(cat "$T/err")"
}

# a server that is killed behind what it has said: that arrives, but the end is no good
# one, for nobody knows whether it was all
case_connect_tls_cut()
{
	local rc=0

	certificates
	start
	echo 'half of it' > "$T/down"
	s_server 7443 lab
	connect --tls --ca "$T/ca.pem" lab.test 7443 < <(sleep 1000) > "$T/out" 2> "$T/err" &
	CLIENT=$!
	wait_for 5 grep -q 'half of it' "$T/out"
	kill -KILL $SERVER
	wait $CLIENT || rc=$?
	eq status $rc 1
	has why 'cut' "$(cat "$T/err")"
}

has_come()	# FILE BYTES
{
	[ "$(wc -c < "$1")" = "$2" ]
}

# both_ways BYTES: so much each way at once, and then an end each way
both_ways()
{
	head -c "$1" /dev/urandom > "$T/down"
	head -c "$1" /dev/urandom > "$T/mine"
	s_server 7444 lab
	connect --tls --ca "$T/ca.pem" lab.test 7444 < <(cat "$T/mine"; sleep 1000) \
		> "$T/out" 2> "$T/err" &
	CLIENT=$!
	wait_for 60 has_come "$T/out" "$1"
	wait_for 60 has_come "$T/up" "$1"
	cmp "$T/out" "$T/down" || fail "what came is not intact"
	cmp "$T/up" "$T/mine" || fail "what went is not intact"
	kill $SERVER
	wait $CLIENT || true
}

# 30 MB each way, encrypted
case_connect_tls_much()
{
	B=$R
	certificates
	start
	both_ways 30000000
	eq 'bad records' "$(counter TlsBadMac)" 0
}

# all of it through 5 % loss and reordering
case_connect_tls_under_loss()
{
	certificates
	authority strange
	start
	ctl impair set seed 7 loss 5% delay 5ms 2ms reorder 10% > /dev/null
	echoing 7443 lab
	echoes --ca "$T/ca.pem" lab.test 7443
	echoes --fingerprint "$(fingerprint lab)" $H4 7443
	untrusted 'untrusted: ' --ca "$T/strange.pem" lab.test 7443
	untrusted 'wrong-name: ' --ca "$T/ca.pem" other.test 7443
	both_ways 1000000
	[ "$(counter TcpRetransSegs)" -gt 10 ] || fail "nothing was lost"
}

# somebody who gives up during the handshake leaves nothing behind
case_connect_tls_is_stopped_in_the_handshake()
{
	start
	"$NC" -l $H4 7500 < <(sleep 1000) > /dev/null &
	wait_for 5 listens 7500
	"$B/ustackctl" --socket "$T/ctl.sock" connect --tls --insecure $H4 7500 \
		< <(sleep 1000) > "$T/out" 2>&1 &
	CLIENT=$!
	wait_for 5 eval 'ctl conns | grep -q ESTAB'
	kill -KILL $CLIENT
	wait_for 5 eval '! ctl conns | grep -qE "ESTAB|FIN"'
}
