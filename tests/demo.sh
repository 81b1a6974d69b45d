#!/bin/bash
# SPDX-License-Identifier: MIT
#
# demo.sh - `make demo`: an echo through a real nc, a real TUN and ustackd, in
# namespaces of its own that vanish with everything in them at the end

set -euo pipefail
cd "$(dirname "$0")/.."
: "${B:=build/release}"
PATH=$PATH:/usr/sbin:/sbin

if [ "${1:-}" != --inside ]; then
	ns="unshare --net --mount --pid --fork --kill-child --mount-proc"
	[ "$(id -u)" = 0 ] || ns="$ns --map-root-user"
	if ! why=$($ns true 2>&1); then
		echo "demo: no private namespace can be made here:" >&2
		echo "  $why" >&2
		echo "Run it as root (sudo make demo), or allow user namespaces:" >&2
		echo "  sysctl kernel.unprivileged_userns_clone=1" >&2
		exit 1
	fi
	if ! why=$($ns sh -c ': <>/dev/net/tun' 2>&1); then
		echo "demo: /dev/net/tun cannot be opened:" >&2
		echo "  ${why##*: }" >&2
		echo "Load it by: modprobe tun.  In a container: --device /dev/net/tun" >&2
		exit 1
	fi
	exec $ns bash "$0" --inside
fi

T=$(mktemp -d)
export STATE_DIRECTORY=$T/state
trap 'rm -rf "$T"' EXIT
NC=$(command -v nc.openbsd || command -v nc)
ctl() { "$B/ustackctl" --socket "$T/ctl.sock" "$@"; }
export USTACK_SOCKET=$T/ctl.sock
ustackctl() { "$B/ustackctl" "$@"; }
export -f ustackctl
export B

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$'\e[1m' plain=$'\e[0m'
else
	bold='' plain=''
fi
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
indent() { expand | fold -s -w 74 | sed 's/^/    /'; }
run()
{
	echo "  \$ $*"
	bash -c "$*" | indent
}
# What is 80 columns wide already.
show()
{
	echo "  \$ $*"
	"$@"
}
# The connection that was opened last is over.
over()
{
	for _ in $(seq 200); do
		ustackctl trace --last | grep -q '^closed' && return 0
		sleep 0.025
	done
	give_up "the last connection does not end"
}
give_up()
{
	echo "demo: $*" >&2
	cat "$T/stderr" >&2 || true
	tail -n 20 "$T/log" >&2 || true
	exit 1
}

cat <<'EOF'

      nc (socket)     the host's kernel               ustackd
   +-------------+       +----------+       +-------------------------+
   |  10.7.0.1   | <---> |  ustack0 | <---> |  10.7.0.2: its own TCP  |
   +-------------+       |   (TUN)  |       |  echo on port 7         |
                         +----------+       +-------------------------+
EOF

title "1. ustackd makes its interface, in a network namespace of this demo"
ip link set lo up
: > "$T/conf"
"$B/ustackd" -c "$T/conf" -o control.socket="$T/ctl.sock" \
	-o log.target=file:"$T/log" -o control.group= 2> "$T/stderr" &
daemon=$!
for _ in $(seq 200); do
	ctl status > /dev/null 2>&1 && break
	kill -0 $daemon 2> /dev/null || give_up "ustackd did not start"
	sleep 0.025
done
ctl status > "$T/status" 2>&1 || give_up "ustackd did not get ready"
indent < "$T/status"

tcpdump -Z root -i ustack0 -nn -t -l --immediate-mode tcp > "$T/dump" 2> "$T/dump.err" &
dump=$!
for _ in $(seq 100); do
	grep -q 'listening on' "$T/dump.err" && break
	kill -0 $dump 2> /dev/null || break
	sleep 0.02
done

title "2. A line goes out by nc and comes back"
run "echo 'hello, ustack' | $(basename "$NC") -N 10.7.0.2 7" | tee "$T/echo"
grep -q '^ *hello, ustack$' "$T/echo" || give_up "the echo did not come back"

sleep 0.3
kill $dump 2> /dev/null || true
title "3. What tcpdump saw on ustack0: SYN, data and FIN, each way"
sed -nE 's/^IP ([^ ]+) > ([^ ]+): Flags \[([^]]*)\], .*length ([0-9]+).*/\1 \2 \3 \4/p' \
	"$T/dump" | awk '{
		flags = ($3 ~ /S/ ? "SYN " : "") ($3 ~ /F/ ? "FIN " : "") \
			($3 ~ /R/ ? "RST " : "") ($3 ~ /\./ ? "ACK" : "")
		printf "%-15s -> %-15s  %-8s %s\n", $1, $2, flags,
			$4 ? $4 " bytes of data" : ""
	}' | indent

title "4. The same, as ustackctl draws it"
over
show ustackctl trace --last

title "5. A segment is lost on purpose, and mended"
run "ustackctl impair set delay 10ms"
run "ustackctl impair script 'drop out data nth 3'"
run "curl -s http://10.7.0.2/bytes/14480 | wc -c" | tee "$T/download"
grep -q '^ *14480$' "$T/download" || give_up "the download is not whole"
over
show ustackctl trace --last
echo
show ustackctl explain --last | tee "$T/explain"
grep -q 'script' "$T/explain" || give_up "nothing was lost"
ctl impair clear > /dev/null

title "6. 100 MB there and back, compared byte by byte; the same over IPv6"
head -c 100000000 /dev/urandom > "$T/file"
for a in 10.7.0.2 fd07::2; do
	start=$(date +%s%N)
	timeout 60 "$NC" -N $a 7 < "$T/file" | cmp - "$T/file" ||
		give_up "the bytes differ"
	ms=$((($(date +%s%N) - start) / 1000000))
	echo "  \$ nc -N $a 7 < file | cmp - file"
	echo "    identical, $ms ms"
done

title "7. The counters that moved, by ustackctl stats"
ctl stats > "$T/stats"
awk '$2 ~ /^[0-9]+$/ && $2 > 0' "$T/stats" | indent

title "8. SIGTERM: it says goodbye and takes its interface along"
kill -TERM $daemon
wait $daemon || give_up "ustackd ended with status $?"
if ip link show ustack0 > /dev/null 2>&1; then
	give_up "the interface is still there"
fi
echo "    exit status 0, ustack0 is gone"
