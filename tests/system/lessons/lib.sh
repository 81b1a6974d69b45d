# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# lib.sh - what the lessons share; each is a script that a teacher can run:
#
#	tests/system/lessons/lost_third_segment.sh
#
# It makes namespaces of its own with a daemon in them, shows what happens, and
# ends with status 0 if TCP did what the lesson says it does.
#
#	title TEXT		a heading
#	say TEXT...		a paragraph
#	run COMMAND		show a command line, and what it prints
#	ctl ARGUMENT...		ustackctl, as in the command lines shown
#	ladder [OPTION...]	the last connection's ladder, kept in $LADDER; it waits
#			until the connection is over
#	words			the same in words, kept in $WORDS
#	expect WHAT PATTERN TEXT	the lesson is true only if a line matches
#	expect_n WHAT N PATTERN TEXT	... if just N lines do
#
# A lesson that needs more than the default services sets CONF first.

set -euo pipefail
: "${B:=build/release}"
PATH=$PATH:/usr/sbin:/sbin
S4=10.7.0.2

if [ -z "${LESSON_INSIDE:-}" ]; then
	cd "$(dirname "$0")/../../.."
	[ -x "$B/ustackd" ] || make -s all
	ns="unshare --net --mount --pid --fork --kill-child --mount-proc"
	[ "$(id -u)" = 0 ] || ns="$ns --map-root-user"
	LESSON_INSIDE=1 exec $ns bash "tests/system/lessons/$(basename "$0")" "$@"
fi

D=$(mktemp -d)
export STATE_DIRECTORY=$D/state
NC=$(command -v nc.openbsd || command -v nc)
export B D NC S4
LADDER='' WORDS=''

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$'\e[1m' plain=$'\e[0m'
else
	bold='' plain=''
fi

title()
{
	printf '\n%s%s%s\n\n' "$bold" "$*" "$plain"
}

say()
{
	printf '%s\n' "$*" | fold -s -w 78
	echo
}

ctl()
{
	"$B/ustackctl" --socket "$D/ctl.sock" "$@"
}

run()
{
	echo "  \$ $*"
	eval "$*" 2>&1 | sed 's/^/    /'
	echo
}

# For what comes in command lines as people type them.
ustackctl()
{
	ctl "$@"
}

wrong()
{
	echo "LESSON FAILED: $*" >&2
	tail -n 20 "$D/log" >&2 || true
	exit 1
}

expect()
{
	grep -qE -- "$2" <<< "$3" || wrong "$1: nothing matches \"$2\" in:
$3"
}

expect_n()
{
	local n

	n=$(grep -cE -- "$3" <<< "$4" || true)
	[ "$n" = "$2" ] || wrong "$1: $n lines match \"$3\", not $2, in:
$4"
}

is_over()
{
	ctl trace --last | grep -q '^closed'
}

ladder()
{
	wait_until is_over
	LADDER=$(ctl trace --last "$@")
	echo "  \$ ustackctl trace --last${1:+ $*}"
	printf '%s\n\n' "$LADDER"
}

words()
{
	WORDS=$(ctl explain --last)
	echo "  \$ ustackctl explain --last"
	printf '%s\n\n' "$WORDS"
}

# wait_until COMMAND...: for at most five seconds
wait_until()
{
	for _ in $(seq 250); do
		"$@" > /dev/null 2>&1 && return 0
		sleep 0.02
	done
	wrong "waited in vain for: $*"
}

leave()
{
	local rc=$?

	trap - EXIT
	kill "$DAEMON" 2> /dev/null || true
	wait "$DAEMON" || true
	rm -rf "$D"
	exit $rc
}

ip link set lo up
printf '%s\n' "${CONF:-}" > "$D/conf"
"$B/ustackd" -c "$D/conf" -o control.socket="$D/ctl.sock" -o control.group= \
	-o log.target=file:"$D/log" > /dev/null 2>&1 &
DAEMON=$!
trap leave EXIT
wait_until ctl status
