#!/bin/bash
# SPDX-License-Identifier: MIT
#
# tls13.sh - the tests of secure channels with mbedTLS 3.6, which speaks TLS 1.3,
# in a tree of Debian 13
#
# The tree is made once, by mmdebstrap from the mirror that apt uses here (else
# MIRROR=URL), in build/debian13; remove that to have it made anew.  The source is
# copied into it, built there, and tested in namespaces.  As root, or where
# namespaces of users can be had.  The last line is the total.

set -eu
cd "$(dirname "$0")/.."
SUITE=trixie
TOP=$PWD/build/debian13
ROOT=$TOP/root
# What the tests do not need that are run here, and what they want besides.
SPARE='mandoc tcpdump tshark traceroute universal-ctags clang-format cppcheck'
EXTRA=ca-certificates

say()
{
	echo "tls13: $*" >&2
}

packages()
{
	(tests/deps.sh --list; echo $EXTRA) | tr ' ' '\n' |
		grep -vxF "$(tr ' ' '\n' <<< "$SPARE")" | sort
}

mirror()
{
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 2> /dev/null |
		awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}

make_tree()
{
	local from=${MIRROR:-$(mirror)} want
	want=$(packages)

	[ "$(cat "$TOP/packages" 2> /dev/null)" = "$want" ] && return
	command -v mmdebstrap > /dev/null || {
		say 'needs mmdebstrap: apt-get install mmdebstrap'
		exit 1
	}
	[ -n "$from" ] || {
		say "apt has no Debian mirror here: set MIRROR=URL"
		exit 1
	}
	say "making a tree of Debian 13 in $TOP, some minutes"
	rm -rf "$TOP"
	mkdir -p "$TOP"
	apt-config dump --no-empty Acquire | grep -i '::proxy' > "$TOP/apt.conf" || true
	mmdebstrap --quiet --variant=minbase --include="$(tr '\n' , <<< "$want")" \
		--aptopt='Acquire::Languages "none"' --aptopt="$TOP/apt.conf" \
		--dpkgopt=path-exclude=/usr/share/doc/* \
		--dpkgopt=path-exclude=/usr/share/man/* \
		$SUITE "$ROOT" "$from"
	echo "$want" > "$TOP/packages"
}

# What is there now, committed or not; build/ of the last time stays.
copy_source()
{
	mkdir -p "$ROOT/src"
	find "$ROOT/src" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
	tar -cf - --exclude=./build --exclude=./.git . | tar -C "$ROOT/src" -xf -
}

# In a mount namespace of its own: the tree becomes the root.
enter()
{
	mount --make-rprivate /
	mount --bind "$ROOT" "$ROOT"
	mount --rbind /dev "$ROOT/dev"
	mount -t proc proc "$ROOT/proc"
	mount --rbind /sys "$ROOT/sys"
	mount -t tmpfs tmpfs "$ROOT/tmp"
	cd "$ROOT"
	pivot_root . mnt
	umount -l /mnt
	cd /src
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		tests/tls13.sh inside
}

unit()
{
	local suite rc=0

	for suite in $(grep -rhoE 'suite_create\("crypto/[a-z_]+"' tests/unit/crypto |
		cut -d'"' -f2) daemon/svc/stream_tls; do
		CK_RUN_SUITE=$suite "$B/unit-tests" || rc=1
	done
	return $rc
}

inside()
{
	export B=build/address-undefined R=build/release
	export UBSAN_OPTIONS=print_stacktrace=1
	export ASAN_OPTIONS=detect_leaks=1:quarantine_size_mb=8
	make -s -j"$(nproc)" BUILD=release SAN= all
	make -s -j"$(nproc)" BUILD=release SAN=address,undefined all tests fuzzers
	set +e
	# shellcheck source=tests/parts.sh
	. tests/parts.sh
	part unit unit
	total unit
	TARGET='tls_server tls_client' part fuzz tests/fuzz/run.sh replay
	total fuzz
	part system tests/system/run.sh 'tls|/creds\.sh|/connect\.sh|/forward\.sh'
	total system
	sum_up
}

case ${1:-} in
inside)
	inside
	;;
enter)
	enter
	;;
*)
	if [ "$(id -u)" != 0 ] && [ -z "${AS_ROOT:-}" ]; then
		AS_ROOT=1 exec unshare --user --map-root-user --map-auto "$0"
	fi
	make_tree
	copy_source
	exec unshare --mount --pid --fork --kill-child "$0" enter
	;;
esac
