# shellcheck shell=bash
# impair.sh - faults on packets, asked for by people

narrow()	# FILE: fits a terminal
{
	[ "$(expand "$1" | awk '{ if (length > m) m = length } END { print m }')" -le 80 ] ||
		fail "wider than 80: $(cat "$1")"
}

# show_field EXPRESSION: of impair.get, which is v
show_field()
{
	ctl --json impair | python3 -c "import json, sys; v = json.load(sys.stdin); print($1)"
}

# get N: N bytes of chargen, which has to be the text
get()
{
	timeout 20 "$NC" $S4 19 < /dev/null 2> /dev/null | head -c "$1" > "$T/got" || true
	[ "$(wc -c < "$T/got")" = "$1" ] || fail "got $(wc -c < "$T/got") of $1 bytes"
}

# impair: rules, presets and scripts are made, shown, cleared and taken back
case_impair_rules_are_made_shown_and_taken_back()
{
	start
	has empty 'nothing is impaired' "$(ctl impair show)"
	has 'empty status' '^impaired +nothing' "$(ctl status)"
	has set '^rule 1 +out port 19 delay 20ms loss 1% seed 42$' \
		"$(ctl impair set port 19 out seed 42 loss 1 delay 20000)"
	ctl impair preset 3g service echo > "$T/out"
	eq 'rules of a preset' "$(grep -c '^rule' "$T/out")" 2
	has preset 'in service echo delay 150ms rate 768kbit' "$(cat "$T/out")"
	has script '^script 4 +port 7; drop out data nth 3; drop in fin' \
		"$(ctl impair script 'port 7; drop out data nth 3
		drop in fin # the last one')"
	printf '# from a file\ndrop in syn\n' > "$T/script"
	ctl impair script -f "$T/script" > /dev/null
	ctl impair script -f - < "$T/script" > /dev/null
	ctl impair show > "$T/out"
	narrow "$T/out"
	has show 'preset 3g' "$(cat "$T/out")"
	has 'a step' 'fired 0 +drop out data nth 3' "$(cat "$T/out")"
	eq rules "$(show_field 'len(v["rules"])')" 3
	has status '^impaired +3 rules 3 scripts' "$(ctl status)"
	eq seed "$(show_field 'v["rules"][2]["seed"]')" 42
	ctl impair undo > /dev/null
	ctl impair undo > /dev/null
	ctl impair undo > /dev/null
	eq scripts "$(show_field 'len(v["scripts"])')" 0
	ctl impair undo > /dev/null	# the preset, both rules of it
	eq 'rules left' "$(show_field '[r["id"] for r in v["rules"]]')" '[1]'
	eq cleared "$(ctl impair clear 1)" 'cleared 1'
	ctl impair undo > /dev/null
	eq 'rules again' "$(show_field '[r["id"] for r in v["rules"]]')" '[1]'
	eq 'all cleared' "$(ctl impair clear)" 'cleared 1'
	ctl impair preset list > "$T/out"
	narrow "$T/out"
	has list bufferbloat "$(cat "$T/out")"
}

# impair: what makes no sense is refused, and nothing changes
case_impair_refusals_say_what_would_be_right()
{
	local text

	start
	ctl impair set loss 1% > /dev/null
	text=$(ctl impair)
	eq 'loss 120%' "$(status_of ctl impair set loss 120%)" 2
	has 'loss 120%' 'loss 120%: a probability is 0% to 100%' "$(cat "$T/err")"
	eq 'delay -3ms' "$(status_of ctl impair set delay -3ms)" 2
	has 'delay -3ms' 'delay -3ms: a delay is 0ms to 10min' "$(cat "$T/err")"
	eq 'gap alone' "$(status_of ctl impair set delay 1ms gap 5)" 2
	has 'gap alone' 'it belongs to reorder' "$(cat "$T/err")"
	eq 'unknown word' "$(status_of ctl impair set dealy 1ms)" 2
	has 'unknown word' 'did you mean delay' "$(cat "$T/err")"
	eq 'unknown service' "$(status_of ctl impair set service web loss 1%)" 4
	has 'unknown service' 'no web among echo, discard, chargen' "$(cat "$T/err")"
	eq 'unknown connection' "$(status_of ctl impair set conn 99 loss 1%)" 4
	eq 'unknown rule' "$(status_of ctl impair clear 99)" 4
	eq 'unknown preset' "$(status_of ctl impair preset wfi)" 2
	eq 'bad step' "$(status_of ctl impair script 'drop out data
		dorp in fin')" 2
	has 'bad step' 'line 2: dorp: did you mean drop' "$(cat "$T/err")"
	eq 'no such word' "$(status_of ctl impair sot)" 2
	eq 'no file' "$(status_of ctl impair script -f "$T/nonexistent")" 1
	eq 'nothing changed' "$(ctl impair)" "$text"
	ctl impair undo > /dev/null
	eq 'nothing to undo' "$(status_of ctl impair undo)" 1
}

# impair: rules of the configuration hold from the start, exempt ports are spared
case_impair_configuration_holds_from_the_start()
{
	local before

	cat > "$T/conf" <<- END
		[service echo]
		type = echo
		port = 7
		[service quiet]
		type = echo
		port = 8
		exempt = yes
		[impair]
		rule = out service echo delay 30ms
		rule = delay 10ms
		preset = lossy port 99
		script = port 99; drop in syn
	END
	start
	eq 'rules in order' "$(show_field '[r["text"].split(" seed")[0] for r in v["rules"]]')" \
		"['out service echo delay 30ms', 'both delay 10ms', 'both port 99 delay 25ms loss 2.8%']"
	eq exempt "$(show_field 'v["exempt"]')" "['quiet']"
	eq 'exempt at run time' "$(status_of ctl impair set port 8 loss 1%)" 1
	has 'exempt at run time' 'exempt = yes' "$(cat "$T/err")"
	eq 'no undo of the start' "$(status_of ctl impair undo)" 1
	echo hello | timeout 5 "$NC" -N $S4 7 > "$T/out"
	[ "$(show_field 'v["rules"][0]["matched"]')" -ge 2 ] ||
		fail "echo was not delayed: $(ctl impair)"
	before=$(show_field 'v["totals"]["matched"]')
	echo hello | timeout 5 "$NC" -N $S4 8 > "$T/out"
	eq 'packets of the exempt port' "$(show_field 'v["totals"]["matched"]')" "$before"
}

# impair: the third data packet of the next connection is lost, and that is told
case_impair_script_fires_once()
{
	start
	ctl impair script 'drop out data nth 3' > /dev/null
	get 60000
	eq fired "$(show_field 'v["scripts"][0]["steps"][0]["fired"]')" 1
	eq "done" "$(show_field 'v["scripts"][0]["steps"][0]["done"]')" True
	eq lost "$(show_field 'v["scripts"][0]["hit"]["event"]["faults"]')" "['lost']"
	ctl impair > "$T/out"
	narrow "$T/out"
	has fired 'fired 1, done +drop out data nth 3' "$(cat "$T/out")"
	get 60000
	eq 'fired for the first only' "$(show_field 'v["scripts"][0]["steps"][0]["fired"]')" 1
}

# impair: a rule with a time goes when it is up
case_impair_rule_expires()
{
	start
	ctl impair set loss 1% for 300ms > /dev/null
	has left 'expires in' "$(ctl impair)"
	sleep 0.4
	has gone 'nothing is impaired' "$(ctl impair)"
}
