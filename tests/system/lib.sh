# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# lib.sh FILE FUNCTION - run one system test inside the namespaces that run.sh
# made for it, and what the tests share:
#
#	start [OPTION...]	ustackd of the build under test, ready when it returns
#	stop			end it by SIGTERM; it must exit 0 without complaint
#	ctl ARGUMENT...		ustackctl on its socket
#	counter NAME		one number of `ustackctl stats`
#	fail TEXT		end the case
#	eq WHAT HAVE WANT	fail unless they are the same
#	has WHAT PATTERN TEXT	fail unless a line of the text matches
#	wait_for SECONDS COMMAND...	fail unless it succeeds in time
#	status_of COMMAND...	its exit status; what it said is in $T/out and $T/err
#	listens PORT		does a program of the host?
#	none_open		no service has a connection
#	skip TEXT		the machine lacks something; counted as skipped
#	note TEXT		a figure worth a line in the report
#
# T is a directory that goes away afterwards, S4 and S6 are the stack's addresses.

set -euo pipefail

S4=10.7.0.2
S6=fd07::2
H4=10.7.0.1
NC=$(command -v nc.openbsd || command -v nc)
export PYTHONDONTWRITEBYTECODE=1
HERE=tests/system
DPID=
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=99
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:exitcode=99
PATH=$PATH:/usr/sbin:/sbin

fail()
{
	echo "FAILED: $*"
	exit 1
}

skip()
{
	echo "skipped: $*"
	exit 77
}

note()
{
	echo "note: $*"
}

eq()	# WHAT HAVE WANT
{
	[ "$2" = "$3" ] || fail "$1: have \"$2\", want \"$3\""
}

has()	# WHAT PATTERN TEXT; a pipe into grep -q would end its writer early
{
	grep -qE -- "$2" <<< "$3" || fail "$1: nothing matches \"$2\" in: $3"
}

wait_for()
{
	local end=$(($(date +%s%N) + $1 * 1000000000))

	shift
	until "$@" > /dev/null 2>&1; do
		[ "$(date +%s%N)" -lt $end ] || fail "waited in vain for: $*"
		sleep 0.02
	done
}

not()
{
	! "$@"
}

status_of()
{
	local rc=0

	"$@" > "$T/out" 2> "$T/err" || rc=$?
	echo $rc
}

listens()
{
	[ -n "$(ss -Hltn sport = ":$1")" ]
}

none_open()
{
	! ctl --json services | grep -q '"open": *[1-9]'
}

ctl()
{
	"$B/ustackctl" --socket "$T/ctl.sock" "$@"
}

counter()
{
	ctl stats "$1" | awk -v n="$1" '$1 == n { print $2; found = 1 }
		END { exit !found }' || fail "no counter $1"
}

# launch COMMAND...: start it as the daemon, without waiting
launch()
{
	"$@" > "$T/stdout" 2> "$T/stderr" &
	DPID=$!
}

ready()
{
	for _ in $(seq 200); do
		ctl status > /dev/null 2>&1 && return 0
		kill -0 "$DPID" 2> /dev/null || fail "ustackd ended before it was ready"
		sleep 0.025
	done
	fail "ustackd is not ready after 5 s"
}

start()
{
	launch "$B/ustackd" -c "$T/conf" -o control.socket="$T/ctl.sock" \
		-o log.target=file:"$T/log" "$@"
	ready
}

ended()
{
	! kill -0 "$DPID" 2> /dev/null
}

stop()
{
	local rc=0

	kill -TERM "$DPID" 2> /dev/null || fail "ustackd was gone already"
	wait_for 15 ended
	wait "$DPID" || rc=$?
	DPID=
	[ $rc = 0 ] || fail "ustackd ended with status $rc"
	complaints
}

complaints()
{
	! grep -E 'Sanitizer|runtime error|assertion|ASSERT' "$T/stderr" ||
		fail "ustackd complained"
}

# The case is over: its daemon must still be well, and end well.
finish()
{
	local rc=$?

	trap cleanup EXIT
	[ $rc != 0 ] || [ -z "$DPID" ] || stop
	exit $rc
}

cleanup()
{
	local rc=$? f

	trap - EXIT
	if [ $rc != 0 ] && [ $rc != 77 ]; then
		for f in stderr stdout log; do
			[ -s "$T/$f" ] || continue
			echo "--- $f of ustackd"
			tail -n 25 "$T/$f" | cut -c1-160
		done
	fi
	rm -rf "$T"
	exit $rc
}

# Nobody's copy of the programs, in a place where nobody may look.
nobody_setup()
{
	[ "$(awk '{ print $3; exit }' /proc/self/uid_map)" -gt 1 ] ||
		skip "needs real root for a second user"
	chmod 755 "$T"
	mkdir "$T/n"
	cp "$B/ustackd" "$T/n/"
	: > "$T/n/conf"
	chown -R 65534:65534 "$T/n"
}

AS_NOBODY="setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs"

# A /dev/net of our own, the node with the given mode; none = no node
own_dev_net()
{
	mount -t tmpfs tmpfs /dev/net
	[ "$1" = none ] && return 0
	mknod /dev/net/tun c 10 200 || skip "cannot make a device node"
	chmod "$1" /dev/net/tun
}

file=$1
name=$2
ip link set lo up
T=$(mktemp -d)
export STATE_DIRECTORY=$T/state
: > "$T/conf"
trap finish EXIT
# shellcheck source=/dev/null
. "$file"
"$name"
