#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh - the system tests: ustackd, the host's kernel as its peer, real clients
#
#	B=build/address-undefined R=build/release tests/system/run.sh [-l] [-a|-p] [PATTERN]
#
# A case is a function case_NAME in a *.sh beside this file, its purpose in the
# comment above it.  Each runs in namespaces of its own (network, mounts,
# processes), which vanish with everything in them when it ends.  B is the build
# under test, R the one for large transfers.  -l adds long cases (long_NAME);
# cases that measure (case_alone_NAME) come last and one by one, -a leaves only these
# and -p only the others.  PATTERN is a grep expression on names.  The last line is
# the total; status 1 if anything failed.  SKIP_SYSTEM=1 runs nothing and says how much was skipped.

set -u
cd "$(dirname "$0")/../.." || exit 1
here=tests/system

kinds=case chosen=ap
while getopts lap option; do
	case $option in
	l) kinds='case|long' ;;
	a | p) chosen=$option ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
pattern=${1:-.}

# FILE:FUNCTION, one a line
all()
{
	grep -HoE "^($kinds)_[a-z0-9_]+\(\)" $here/*.sh | sed 's/()$//' |
		grep -E "$pattern"
}

together()
{
	[ $chosen = a ] || all | grep -v ':[a-z]*_alone_'
}

alone()
{
	[ $chosen = p ] || all | grep ':[a-z]*_alone_'
}

list()
{
	together
	alone
}

if [ "${SKIP_SYSTEM:-0}" = 1 ]; then
	echo "system: skipped by SKIP_SYSTEM=1"
	echo "0 passed, 0 failed, $(list | wc -l) skipped"
	exit 0
fi

: "${B:=build/address-undefined}" "${R:=build/release}"
for p in "$B/ustackd" "$B/ustackctl" "$R/ustackd"; do
	if [ ! -x "$p" ]; then
		echo "system: $p is not built (make check builds it)"
		echo "0 passed, $(list | wc -l) failed, 0 skipped"
		exit 1
	fi
done

ns="unshare --net --mount --pid --fork --kill-child --mount-proc"
[ "$(id -u)" = 0 ] || ns="$ns --map-root-user"
if ! why=$($ns true 2>&1) || ! why=$($ns sh -c ': <>/dev/net/tun' 2>&1); then
	echo "system: no namespace with a TUN can be made here: $why"
	echo "system: run as root where /dev/net/tun exists, or set SKIP_SYSTEM=1"
	echo "0 passed, $(list | wc -l) failed, 0 skipped"
	exit 1
fi

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export B R out ns

one()
{
	local name=${1##*:} start end rc word

	start=$(date +%s%N)
	timeout -k 5 "${CASE_LIMIT:-120}" $ns bash tests/system/lib.sh \
		"${1%%:*}" "$name" > "$out/$name.out" 2>&1 < /dev/null
	rc=$?
	end=$(date +%s%N)
	case $rc in
	0) word=ok ;;
	77) word=skip ;;
	*) word=FAIL ;;
	esac
	echo $word > "$out/$name.res"
	# A pipe takes a line whole, so that parallel cases do not mix.
	{
		printf '%-5s %-44s %6d ms\n' $word "$name" $(((end - start) / 1000000))
		case $rc in
		0) grep '^note: ' "$out/$name.out" ;;
		124 | 137) echo "    took longer than ${CASE_LIMIT:-120} s"
			tail -n 40 "$out/$name.out" | sed 's/^/    /' ;;
		*) tail -n 60 "$out/$name.out" | sed 's/^/    /' ;;
		esac
	} > "$out/$name.txt"
	cat "$out/$name.txt"
}
export -f one

together | xargs -P "${SYSTEM_JOBS:-2}" -I{} bash -c 'one {}'
alone | xargs -P 1 -I{} bash -c 'one {}'

count()
{
	cat "$out"/*.res 2>/dev/null | grep -cx "$1"
}
echo "$(count ok) passed, $(count FAIL) failed, $(count skip) skipped"
[ "$(count FAIL)" = 0 ] && [ "$(count ok)" != 0 ]
