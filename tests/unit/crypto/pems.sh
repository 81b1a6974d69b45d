#!/bin/sh
# SPDX-License-Identifier: MIT
#
# pems.sh - make pems.h anew: a chain of certificates, and odd ones, for the
# tests of credentials; as public and as useless as those of pki.sh

set -eu
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

YEARS=-days\ 36500

key() { openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$2" -out "$1.key"; }

# issue NAME SUBJECT ISSUER EXTENSION...: NAME.key becomes NAME.crt
issue() {
	name=$1 subject=$2 issuer=$3
	shift 3
	printf '%s\n' "$@" > "$name.ext"
	openssl req -new -key "$name.key" -subj "$subject" -out "$name.csr"
	# shellcheck disable=SC2086 # two words
	openssl x509 -req -in "$name.csr" -CA "$issuer.crt" -CAkey "$issuer.key" \
		-sha256 $YEARS -extfile "$name.ext" -out "$name.crt" 2>/dev/null
}

key root P-256
# shellcheck disable=SC2086 # two words
openssl req -new -x509 -sha1 -key root.key -subj "/CN=old root" $YEARS -out root.crt
key mid P-384
issue mid "/CN=issuer" root basicConstraints=critical,CA:TRUE
key leaf P-256
issue leaf "/O=ustack/CN=leaf.test" mid basicConstraints=CA:FALSE
key p521 P-521
issue p521 "/CN=p521.test" mid basicConstraints=CA:FALSE
key user P-256
issue user "/CN=user" mid basicConstraints=CA:FALSE extendedKeyUsage=clientAuth
openssl pkcs8 -topk8 -in leaf.key -passout pass:secret -out locked8.key
openssl ec -in leaf.key -aes128 -passout pass:secret -out locked.key 2>/dev/null

text() {
	printf '\nstatic const char pem_%s[] =' "$1"
	sed 's/.*/\n\t"&\\n"/' "$2" | sed '/^$/d' | sed '$s/$/;/' |
		sed '1s/^/\n/'
}

{
	printf '%s\n' '/* SPDX-License-Identifier: MIT */' '/*' \
		' * pems.h - a chain of certificates, made by pems.sh' ' */' '' \
		'#ifndef TESTS_UNIT_CRYPTO_PEMS_H' '#define TESTS_UNIT_CRYPTO_PEMS_H'
	for c in root mid leaf p521 user; do
		text "$c" "$c.crt"
	done
	for k in leaf p521 user locked locked8; do
		text "${k}_key" "$k.key"
	done
	printf '\n#endif /* TESTS_UNIT_CRYPTO_PEMS_H */\n'
} > "$here/pems.h"
