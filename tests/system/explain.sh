# shellcheck shell=bash
# explain.sh - what ustackctl explain says of lives that went wrong on purpose
#
# The client is the host's kernel; every fault is a script or a rule.

begin()	# the daemon with services for up, down and both ways
{
	cat > "$T/conf" <<-EOF
	[service http]
	type = http
	port = 80
	[service echo]
	type = echo
	port = 7
	[service chargen]
	type = chargen
	port = 19
	EOF
	start
}

get()	# BYTES
{
	eq "bytes got" "$(curl -s -m 20 "http://$S4/bytes/$1" | wc -c)" "$1"
	wait_for 5 ended_last
}

ended_last()
{
	ctl explain --json | python3 -c 'import json, sys
sys.exit("closed" not in json.load(sys.stdin))'
}

# The text without its line breaks, so that a pattern can span them.
told()
{
	ctl explain | tr -s ' \n' ' '
}

# EXPRESSION: of the findings as f, of all as x
found()
{
	ctl explain --json | python3 -c 'import json, sys
x = json.load(sys.stdin)
f = x["findings"]
print(eval(sys.argv[1]))' "$1"
}

losses()
{
	found 'sum(e["kind"] == "loss" for e in f)'
}

# The third of twenty segments: one loss, found by RACK, sent again once.
case_explain_lost_third_segment()
{
	local text

	begin
	ctl impair set out delay 10ms > /dev/null
	ctl impair script 'drop out data nth 3' > /dev/null
	get 28000
	text=$(told)
	has explain "third data segment \(bytes 2,897 to 4,344\) was lost by script [0-9]+, step 1: \"drop out data nth 3\"" "$text"
	has explain "Found [0-9.]+ms later by RACK \(RFC 8985\)" "$text"
	has explain "Without that the retransmission timer would have fired [0-9.]+ms later" "$text"
	has explain "The congestion window went from [0-9,]+ bytes .* to [0-9,]+ bytes" "$text"
	has explain "segments were delayed by rule [0-9]+ \(delay\): \"out delay 10ms seed [0-9]+\", for 10.0ms" "$text"
	has explain "sent again 1 segment: 1 by RACK" "$text"
	eq losses "$(losses)" 1
	eq "its number" "$(found '[e["nth"] for e in f if e["kind"] == "loss"]')" "[3]"
	eq "other than by RACK" "$(found 'x["totals"]["retrans_by_cause"]')" "{'rack': 1}"
}

# The last one: nothing comes behind it, a probe finds it.
case_explain_lost_last_segment()
{
	local text

	begin
	ctl impair set out delay 10ms > /dev/null
	ctl impair script 'drop out data nth 20' > /dev/null
	get 28700
	text=$(told)
	has explain "20th data segment .* was lost by script" "$text"
	has explain "by a tail loss probe \(RFC 8985\)" "$text"
	has explain "1 by the tail loss probe" "$text"
	eq losses "$(losses)" 1
}

# All of it: the timer, each time twice as long.
case_explain_timer()
{
	local text

	begin
	ctl impair script 'drop out data nth 1-3' > /dev/null
	get 1000
	text=$(told)
	has explain "Found [0-9.]+ms later by the retransmission timer" "$text"
	has explain "Sent again [0-9]+ times, the last .* \((one copy was|some copies were) lost as well\)" "$text"
	has explain "slow start \(RFC 5681\) takes it up to ssthresh" "$text"
}

# A SYN-ACK: the handshake takes a second, whoever's timer is first.
case_explain_lost_synack()
{
	local text

	begin
	ctl impair script 'drop out synack nth 1' > /dev/null
	get 1000
	text=$(told)
	has explain "The stack's SYN-ACK was lost by script" "$text"
	has explain "by the timer of the handshake \(RFC 6298\)|the peer, without an answer, sent its SYN again" "$text"
	has explain "Sent again [0-9.]+m?s after the first time and acknowledged" "$text"
}

# A SYN, before there is a connection: it is the first of what is told.
case_explain_lost_syn()
{
	local text

	begin
	ctl impair script 'drop in syn nth 1' > /dev/null
	get 1000
	text=$(told)
	has explain "The peer's SYN was lost by script [0-9]+, step 1: \"drop in syn nth 1\"" "$text"
	has explain "Sent again [0-9.]+m?s after the first time and came" "$text"
}

# What the peer sends: a segment lost, one damaged; it tells of both.
case_explain_peers_losses()
{
	local text

	begin
	ip link set ustack0 gso_max_segs 1
	ctl impair set in delay 10ms > /dev/null
	ctl impair script 'drop in data nth 3; corrupt in data nth 6' > /dev/null
	head -c 28960 /dev/zero > "$T/f"
	timeout 10 "$NC" -N $S4 7 < "$T/f" | cmp - "$T/f" || fail "not intact"
	wait_for 5 ended_last
	text=$(told)
	has explain "of the peer's|The peer's .*data segment .* was lost by script" "$text"
	has explain "A bit of the peer's .*data segment .* was flipped by script" "$text"
	has explain "checksum did not fit" "$text"
	has explain "The stack saw the hole [0-9.a-z]+ later" "$text"
}

# Held until the next one has passed: late, not lost.
case_explain_reordering()
{
	local text

	begin
	ctl impair set out delay 20ms > /dev/null
	ctl impair script 'hold out data nth 3' > /dev/null
	get 28000
	text=$(told)
	has explain "third data segment .* was held back, until the next one had passed, by script" "$text"
	has explain "came late to the peer" "$text"
	eq retransmissions "$(found 'x["totals"]["retrans"]')" 0
	eq losses "$(losses)" 0
	eq reorderings "$(found 'sum(e["kind"] == "reordering" for e in f)')" 1
}

# A client that does not read: its window closes, and is probed.
case_explain_zero_window()
{
	local text

	begin
	python3 -B - $S4 <<-'EOF'
	import socket, sys, time
	s = socket.socket()
	s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
	s.connect((sys.argv[1], 19))
	time.sleep(1.5)
	for i in range(200):
	    s.recv(65536)
	s.close()
	EOF
	wait_for 5 ended_last
	text=$(told)
	has explain "The peer's window was closed" "$text"
	has explain "The stack asked ([0-9]+ times|once) by a window probe" "$text"
	has explain "It opened again after [0-9.]+m?s" "$text"
}

# A client that goes away by RST.
case_explain_reset()
{
	local text

	begin
	python3 -B - $S4 <<-'EOF'
	import socket, struct, sys
	s = socket.create_connection((sys.argv[1], 7))
	s.sendall(b"hello")
	s.recv(5)
	s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
	s.close()
	EOF
	wait_for 5 ended_last
	text=$(told)
	has explain "The peer reset the connection \(RST\)" "$text"
	eq way "$(found 'x["closed"]["way"]')" reset_by_peer
}

# Hundreds of losses: three in full, the others in a few lines.
case_explain_sums_up()
{
	local text lines

	begin
	ctl impair set out loss 5% seed 42 > /dev/null
	get 2000000
	text=$(told)
	has explain "From here on [0-9,]+ more times segments of the stack's" "$text"
	has explain "rule [0-9]+ \(loss\): \"out loss 5%" "$text"
	lines=$(ctl explain | wc -l)
	[ "$lines" -lt 250 ] || fail "$lines lines"
	lines=$(ctl explain | awk 'length($0) > 80' | wc -l)
	eq "lines beyond 80 columns" "$lines" 0
	note "a life of 2 MB under 5 % loss is told in $(ctl explain | wc -l) lines"
}

# By number, and what is wrong.
case_explain_arguments()
{
	begin
	get 1000
	has explain "^Connection 1:" "$(ctl explain 1)"
	eq "by number and the last" "$(ctl explain 1)" "$(ctl explain --last)"
	ctl explain 77 > "$T/o" 2> "$T/e" && fail "77 is explained"
	has stderr "no such connection|no connection|77" "$(cat "$T/e")"
	ctl explain one > "$T/o" 2> "$T/e" && fail "one is explained"
	has stderr "explain takes a connection's number" "$(cat "$T/e")"
}
