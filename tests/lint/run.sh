#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh [CHECK...] - what can be said about the source without running it.  A
# check is a function check_NAME; it passes when it returns 0, and is skipped
# when it returns 77.  What it says is shown.  The last line is the total.

set -u
cd "$(dirname "$0")/../.." || exit 1
lint=tests/lint
: "${R:=build/release}" "${B:=$R}" "${CC:=gcc}"
lib=$R/libustack.a
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
PATH=$PATH:/usr/sbin:/sbin

# Layout is clang-format's; its versions differ, Debian 12's decides.
check_format()
{
	case $(clang-format --version) in
	*version\ 14.*) ;;
	*)
		echo "clang-format 14 decides; here is $(clang-format --version)"
		return 77
		;;
	esac
	$lint/sources.sh | xargs -P 2 -n 50 clang-format --dry-run -Werror 2> "$out/fmt" &&
		return
	sed -n 's/:[0-9]*:[0-9]*: error: .*/: run make format/p' "$out/fmt" | uniq | grep . ||
		cat "$out/fmt"
	return 1
}

# Who may include what (the table of the design).
check_includes()
{
	python3 -B $lint/includes.py
}

# What the library may want of its embedder, and what it may show.
check_symbols()
{
	$lint/symbols.sh "$lib"
}

# Functions of at most 60 lines, files of at most 600.
check_sizes()
{
	python3 -B $lint/sizes.py
}

# Conventions that a regular expression can see; services do without urgent data
# and leave their traffic class alone (SHLD-13, SHLD-23).
check_style()
{
	python3 -B $lint/style.py
}

# Each header compiles alone.
check_headers()
{
	local flags

	flags="-std=gnu17 -I. -Istack -Itests/lib -Itests/unit -D_GNU_SOURCE -fsyntax-only"
	flags="$flags -Wno-strict-aliasing $(pkg-config --cflags libcjson libmnl inih check 2> /dev/null)"
	$lint/sources.sh | grep '\.h$' | xargs -P 2 -I{} sh -c \
		"echo '#include \"{}\"' | $CC $flags -x c - > '$out/hdr.'\$\$ 2>&1 ||
			{ echo '{} does not compile alone:'; head -n 5 '$out/hdr.'\$\$; }" > "$out/hdrs"
	cat "$out/hdrs"
	[ ! -s "$out/hdrs" ]
}

check_cppcheck()
{
	local dirs='' d

	for d in stack crypto daemon cli tests/perf; do
		[ -d $d ] && dirs="$dirs $d"
	done
	# shellcheck disable=SC2086
	cppcheck -q -j 2 --std=c11 --enable=warning,performance,portability \
		--inline-suppr --suppress=missingIncludeSystem --suppress=unknownMacro \
		-D_GNU_SOURCE -D__GNUC__=12 -DUSTACK_VERSION='"0"' -I. --error-exitcode=1 $dirs 2>&1
}

# What the README files name is there.
check_readme()
{
	python3 -B $lint/readme.py "$B"
}

# The manuals are well-formed, and say what the program says of itself.
check_manuals()
{
	# That others' manuals are not installed is no fault of ours.
	command -v mandoc > /dev/null && ! mandoc -T lint daemon/*.[0-9] cli/*.[0-9] 2> /dev/null |
		grep -v 'referenced manual not found' &&
		python3 -B $lint/manuals.py "$B"
}

check_shell()
{
	local f
	for f in $(find tests .ci -name '*.sh') .ci/run; do
		bash -n "$f" || return 1
	done
	command -v shellcheck > /dev/null || return 0
	find tests -name '*.sh' -print0 | xargs -0 shellcheck -S warning -e SC2034
}

# Each counter has one line, and the table is sane.
check_counters()
{
	mibs="stack/ustack_mib.h daemon/svc/svc_mib.h daemon/svc/tls_mib.h"
	# shellcheck disable=SC2086 # files
	grep -hoE '^	X\([A-Z0-9_]+, "[A-Za-z0-9]+"' $mibs |
		sed 's/.*"\(.*\)"/\1/' | sort | uniq -d > "$out/dup"
	[ ! -s "$out/dup" ] || { echo "counters defined twice: $(cat "$out/dup")"; return 1; }
	# Every counter is counted somewhere.
	# shellcheck disable=SC2086
	grep -hoE '^	X\([A-Z0-9_]+' $mibs | sed 's/.*(//' | while read -r c; do
		grep -rqE "\b(USTACK_C_|SVC_C_)?$c\b" stack daemon/svc --include='*.c' ||
			echo "$c is never counted"
	done > "$out/cnt"
	cat "$out/cnt"
	[ ! -s "$out/cnt" ]
}

# Each requirement of the RFCs has a test, or a reason.
check_rfc()
{
	python3 -B $lint/rfc.py
}

passed=0 failed=0 skipped=0
[ $# -gt 0 ] || set -- format includes symbols sizes style headers counters \
	rfc manuals readme shell cppcheck
for c; do
	began=$(date +%s%N)
	"check_$c" > "$out/said" 2>&1
	rc=$?
	case $rc in
	0) word=ok passed=$((passed + 1)) ;;
	77) word=skip skipped=$((skipped + 1)) ;;
	*) word=FAIL failed=$((failed + 1)) ;;
	esac
	printf '%-5s %-10s %6d ms\n' $word "$c" $((($(date +%s%N) - began) / 1000000))
	sed '/^$/d; s/^/    /' "$out/said"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
