# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# parts.sh - tests in parts that run side by side, and one total; to be sourced

passed=0 failed=0 skipped=0 began=$SECONDS
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# part NAME COMMAND...: run it in the background, keep what it says
declare -A pid
part()
{
	local name=$1

	shift
	{
		SECONDS=0
		"$@" > "$out/$name" 2>&1 < /dev/null
		echo $? > "$out/$name.rc"
		echo "$SECONDS" > "$out/$name.s"
	} &
	pid[$name]=$!
}

# shorten FILE: what a part says, without the cases that are well if it is long
shorten()
{
	if [ "$(wc -l < "$1")" -gt 200 ]; then
		grep -avE '^(ok|note:) ' "$1" | tail -n 400
	else
		cat "$1"
	fi
}

# total NAME: wait for it, show it, and add up.  A part that fails without
# saying what, or that says nothing, is one failure.
total()
{
	local name=$1 rc p=0 f=0 s=0 line

	wait "${pid[$name]}"
	rc=$(cat "$out/$name.rc")
	line=$(grep -aE '^[0-9]+ passed, [0-9]+ failed' "$out/$name" | tail -n 1)
	if [ -n "$line" ]; then
		read -r p _ f _ s _ <<< "$line 0 x"
		[[ $s =~ ^[0-9]+$ ]] || s=0
	else
		# Check: "97%: Checks: 40, Failures: 1, Errors: 0", one a runner
		read -r p f <<< "$(sed -nE \
			's/^[0-9]+%: Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+).*/\1 \2 \3/p' \
			"$out/$name" | awk '{ c += $1; f += $2 + $3 } END { print c - f, f + 0 }')"
	fi
	[ "$rc" != 0 ] && [ "$f" = 0 ] && f=1
	[ "$p" = 0 ] && [ "$f" = 0 ] && [ "$s" = 0 ] && f=1
	printf '%s: %d passed, %d failed, %d skipped (%d s)\n' "$name" "$p" "$f" "$s" \
		"$(cat "$out/$name.s")" > "$out/$name.line"
	if [ "$f" != 0 ]; then
		echo "---- $name, status $rc"
		shorten "$out/$name"
		echo "----"
	else
		grep -a '^note: ' "$out/$name"
	fi
	cat "$out/$name.line"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# alone NAME COMMAND...: the part by itself, but for those in the background
alone()
{
	part "$@"
	total "$1"
}

# sum_up: the last lines; status 0 if nothing failed
sum_up()
{
	echo
	echo "total after $((SECONDS - began)) s:"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed = 0 ]
}
