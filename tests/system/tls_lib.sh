# shellcheck shell=bash
# tls_lib.sh - what cases of secure channels share: certificates by OpenSSL, its
# client, and what was agreed on; to be sourced

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
