#!/bin/sh
# SPDX-License-Identifier: MIT
#
# pki.sh - make pki.h anew: a small world of certificates for the unit tests
#
# The keys are public, in this repository, and good for nothing else.  They are
# valid from 2000 to 2100, whatever the clock says, but for the one that is over.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

ec_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }
rsa_key() { openssl genpkey -quiet -algorithm RSA -pkeyopt "rsa_keygen_bits:$2" -out "$1.key"; }

cat > ca.cnf <<'EOT'
[ca]
default_ca = test
[test]
database = index
new_certs_dir = .
rand_serial = yes
policy = any
[any]
organizationName = optional
commonName = supplied
EOT

# sign NAME END HASH OPTION...: NAME.csr and NAME.ext become NAME.crt
sign() {
	name=$1 end=$2 hash=$3
	shift 3
	: > index
	openssl ca -config ca.cnf -batch -notext -startdate 20000101000000Z \
		-enddate "$end" -md "$hash" -extfile "$name.ext" \
		-in "$name.csr" -out "$name.crt" "$@" 2>/dev/null
}

# authority NAME COMMON-NAME
authority() {
	ec_key "$1"
	printf '%s\n' basicConstraints=critical,CA:TRUE \
		keyUsage=critical,keyCertSign > "$1.ext"
	openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
	sign "$1" 21000101000000Z sha256 -selfsign -keyfile "$1.key"
}

# issue NAME KEY CN SAN END HASH: signed by ca
issue() {
	printf 'basicConstraints=CA:FALSE\nsubjectAltName=%s\n' "$4" > "$1.ext"
	openssl req -new -key "$2.key" -subj "/O=ustack/CN=$3" -out "$1.csr"
	sign "$1" "$5" "$6" -cert ca.crt -keyfile ca.key
}

END=21000101000000Z
SAN='DNS:server.test,DNS:*.wild.test,IP:10.7.0.2,IP:fd07::2'
authority ca "test authority"
authority other "another authority"
ec_key ec
rsa_key rsa 2048
rsa_key weak 1024
ec_key client
issue ec ec server.test "$SAN" $END sha256
issue rsa rsa server.test "$SAN" $END sha256
issue weak weak server.test "$SAN" $END sha256
issue sha1 ec server.test "$SAN" $END sha1
issue expired ec server.test "$SAN" 20010101000000Z sha256
issue client client alice DNS:alice.test $END sha256

text() {
	printf '\nstatic const char pki_%s[] =' "$1"
	sed 's/.*/\n\t"&\\n"/' "$2" | sed '/^$/d' | sed '$s/$/;/' |
		sed '1s/^/\n/'
}

{
	printf '%s\n' '/* SPDX-License-Identifier: MIT */' '/*' \
		' * pki.h - certificates and keys for tests, made by pki.sh' ' */' '' \
		'#ifndef TESTS_UNIT_CRYPTO_PKI_H' '#define TESTS_UNIT_CRYPTO_PKI_H'
	for c in ca other ec rsa weak sha1 expired client; do
		text "${c}_cert" "$c.crt"
	done
	for k in ec rsa weak client; do
		text "${k}_key" "$k.key"
	done
	printf '\n#endif /* TESTS_UNIT_CRYPTO_PKI_H */\n'
} > "$here/pki.h"
