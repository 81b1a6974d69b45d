#!/bin/bash
# SPDX-License-Identifier: MIT
#
# bufferbloat.sh - a queue that is too long is seen in the round-trip time

. "$(dirname "$0")/lib.sh"

rtt()
{
	ping -c 3 -i 0.2 -q $S4 | sed -n 's#.*= [0-9.]*/\([0-9.]*\)/.*#\1#p'
}

title "Bufferbloat"
say "A bottleneck of 8 Mbit/s with room for 300 packets. While it is idle, a round" \
	"trip takes next to no time."
run "ustackctl impair set out rate 8mbit limit 300"
idle=$(rtt)
echo "  round trip: $idle ms"
echo

say "Now one download. A sender that listens to losses alone fills the queue first," \
	"and everybody else waits in it."
curl -s -o /dev/null --max-time 5 http://$S4/bytes/5000000 &
CLIENT=$!
sleep 2
busy=$(rtt)
echo "  round trip: $busy ms"
echo
run "ustackctl conns -i -p 80"
wait $CLIENT || true
say "The rate is the same whatever the queue's length: it takes 300 packets of 1500" \
	"bytes 450 ms to leave at 8 Mbit/s. A shorter queue loses sooner, and everybody" \
	"is better off:"
run "ustackctl impair set out rate 8mbit limit 20"
curl -s -o /dev/null --max-time 4 http://$S4/bytes/5000000 &
CLIENT=$!
sleep 2
short=$(rtt)
echo "  round trip: $short ms"
wait $CLIENT || true
awk -v i="$idle" -v b="$busy" -v s="$short" 'BEGIN { exit !(b > 100 && b > 20 * i && s < b / 2) }' ||
	wrong "round trips of $idle, $busy and $short ms"
