#!/bin/bash
# SPDX-License-Identifier: MIT
#
# secure.sh - key exchange, cipher and MAC at work: read, recognised, changed on
# the way (RFC 5246, 8422, 7366)

. "$(dirname "$0")/lib.sh"
B=$(realpath "$B")
cd "$D" || exit

# Encrypt-then-MAC with a cipher and a MAC that can be told apart; GCM is both.
SUITE=ECDHE-ECDSA-AES256-SHA384
secure="openssl s_client -connect $S4:7007 -tls1_2 -cipher $SUITE -quiet -no_ign_eof"

# Two lines, each in a segment of its own.
lines()
{
	echo "the first line, of 33 characters"
	sleep 0.15
	echo "Pay 100 crowns to Anna"
	sleep 0.15
}

title "1. Without a secret everybody on the way reads along"
say "The same two lines, to port 7 and to port 7007. Both are echo; the second one is" \
	"behind TLS. Both are captured on the wire."
run "ustackctl capture start plain.pcapng --side wire --port 7 --limit 1M"
run "lines | nc -N $S4 7"
run "ustackctl capture stop"
run "ustackctl capture start secure.pcapng --side wire --port 7007 --limit 1M"
run "lines | $secure 2> openssl.err"
run "ustackctl capture stop"
say "The client sees the same. How many lines of each capture have the amount?"
run "grep -a -c '100 crowns' plain.pcapng secure.pcapng"
[ "$(grep -a -c '100 crowns' plain.pcapng)" -ge 1 ] || wrong "the plain text is hidden"
expect "the secure text is hidden" '^0$' "$(grep -a -c '100 crowns' secure.pcapng || true)"

title "2. Three pieces"
lines | $secure > got 2> openssl.err &
CLIENT=$!
agreed()
{
	ctl conns -i -p 7007 | grep -q AES
}
wait_until agreed
run "ustackctl conns -i -p 7007"
CONNS=$(ctl conns -i -p 7007)
wait $CLIENT || wrong "openssl: $(cat openssl.err)"
say "ECDHE: each end makes a pair of keys for this one connection and sends the public" \
	"half; both compute the same secret from their own private half and the other's" \
	"public one, and somebody who has seen all of it cannot (Diffie and Hellman)." \
	"ECDSA: the server signs its public half, by the key of its certificate, so that" \
	"it is not somebody else's. When the connection is over, its keys are gone: even" \
	"the server's key, stolen later, does not open what was captured today." \
	"AES-256-CBC hides the bytes, by keys made from the secret. HMAC-SHA384 marks each" \
	"record, by other keys: nobody without them can make a mark that fits."
expect "the key exchange" 'ECDHE-ECDSA' "$CONNS"
expect "the cipher" 'AES-256-CBC' "$CONNS"
expect "the MAC" 'SHA384' "$CONNS"
say "Whose key it is, only the certificate tells: compare its fingerprint."
run "ustackctl status | grep fingerprint"
expect "status has the fingerprint" 'fingerprint' "$(ctl status)"

title "3. A bit changes on the way, and the TCP checksum is made good again"
say "TCP's checksum is against accidents: whoever changes a segment computes it anew." \
	"First without TLS, in the client's second data segment:"
run "ustackctl impair script 'port 7; tamper in data nth 2'"
run "lines | nc -N $S4 7"
ladder
expect "it was tampered with" 'tampered by script' "$LADDER"
expect "nothing was sent again" 'nothing sent again' "$LADDER"
say "Echo has read, and sent back, another amount, and nobody has noticed. Now with" \
	"TLS: the client's first two segments are its part of the handshake, the fourth" \
	"is the amount."
run "ustackctl impair script 'port 7007; tamper in data nth 4'"
run "lines | $secure 2>&1 | grep -E 'line|Anna|alert' || true"
run "ustackctl stats TlsBadMac"
run "grep bad-mac log"
expect "the MAC does not fit" '^TlsBadMac +1 ' "$(ctl stats TlsBadMac)"
ladder
expect "it was tampered with" 'tampered by script' "$LADDER"
say "The MAC does not fit the record: the service never sees it, the client gets the" \
	"alert bad_record_mac, and the connection is over, since the next byte could not" \
	"be trusted either. The counter is TlsBadMac. With GCM it is the same; there, the" \
	"cipher and the MAC are one."
