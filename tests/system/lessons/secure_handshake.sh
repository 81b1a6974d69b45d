#!/bin/bash
# SPDX-License-Identifier: MIT
#
# secure_handshake.sh - what a secure connection costs before its first byte, in
# round trips, and what a session that is resumed saves (RFC 5246 section 7.3)

CONF='[service http]
type=http
port=80
[service https]
type=http
port=443
tls=yes'
. "$(dirname "$0")/lib.sh"
B=$(realpath "$B")
cd "$D" || exit

FORMAT='TCP %{time_connect} s, TLS %{time_appconnect} s, first byte %{time_starttransfer} s\n'
get="curl -s -k --tls-max 1.2 --noproxy '*' -H 'Connection: close' -o /dev/null -w '$FORMAT'"

# times: TCP, TLS and first byte in $GOT
times()
{
	tr -d 'A-Za-z,' <<< "$GOT"
}

# lasted: milliseconds of the connection that is in $LADDER
lasted()
{
	sed -n 's/^closed (normal) after \([0-9.]*\)ms.*/\1/p' <<< "$LADDER"
}

title "A handshake on top of a handshake"
say "50 ms each way: a round trip takes 0.1 s. Plain HTTP needs one for TCP's" \
	"handshake, and one for the request."
run "ustackctl impair set delay 50ms"
run "$get http://$S4/"
say "TLS 1.2 needs two more: the client offers suites, the server chooses, sends its" \
	"certificate and its half of the key exchange; then the client's half, and both" \
	"ends prove that they have seen the same handshake."
run "$get https://$S4/"
GOT=$(eval "$get https://$S4/")
ladder
read -r tcp tls first <<< "$(times)"
awk -v c="$tcp" -v t="$tls" -v f="$first" 'BEGIN {
	exit !(c > .095 && c < .2 && t - c > .195 && t - c < .35 && f - t > .095) }' ||
	wrong "not one, two and one round trips: $GOT"

title "Resumed: one round trip less"
say "With a handshake comes a ticket: the secret of the session, encrypted by a key that" \
	"only the server has. openssl keeps it. (curl does not want tickets.)"
ticket="openssl s_client -connect $S4:443 -tls1_2"
run "$ticket -sess_out ticket < /dev/null 2> /dev/null | grep -E '^(New|Reused),'"
ladder
full=$(lasted)
say "The next connection shows it, and both ends go on from that secret: no" \
	"certificate, no signature, and one round trip instead of two. Compare how long the" \
	"connections lasted."
run "$ticket -sess_in ticket < /dev/null 2> /dev/null | tee said | grep -E '^(New|Reused),'"
expect "it was resumed" '^Reused' "$(cat said)"
ladder
awk -v f="$full" -v s="$(lasted)" 'BEGIN { exit !(f > 395 && s > 295 && s < f - 60) }' ||
	wrong "not a round trip less: $full ms, then $(lasted)"
say "What a ticket opens is as secret as the server's ticket key, which therefore" \
	"changes, and is never stored."
