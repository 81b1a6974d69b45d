#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh replay	- feed each target in B what is kept for it in corpus/NAME
# run.sh SECONDS	- let libFuzzer look for more, each target in build/fuzz for so
#		  long, at low priority.  What it finds new is kept in
#		  build/fuzz/corpus/NAME, what fails in build/fuzz/NAME-*.
# run.sh merge	- keep in corpus/NAME the smallest set of inputs that reaches
#		  all that the two reach
#
# The last line is the total: inputs replayed, or targets.

set -u
cd "$(dirname "$0")/../.." || exit 1
here=tests/fuzz
: "${B:=build/address-undefined}"
export ASAN_OPTIONS=detect_leaks=1:quarantine_size_mb=8
export UBSAN_OPTIONS=print_stacktrace=1
passed=0 failed=0

names()
{
	local f

	for f in $here/fuzz_*.c; do
		f=${f##*/fuzz_}
		echo "${f%.c}"
	done
}

replay()	# NAME
{
	local out rc=0 n

	out=$("$B/fuzz_$1" $here/corpus/"$1"/* 2>&1) || rc=$?
	n=$(sed -n 's/^\([0-9]*\) inputs$/\1/p' <<< "$out")
	if [ $rc = 0 ] && [ "${n:-0}" -gt 0 ]; then
		printf '%-14s %5d inputs\n' "$1" "$n"
		passed=$((passed + n))
	else
		echo "---- $1, status $rc"
		tail -n 60 <<< "$out"
		failed=$((failed + 1))
	fi
}

# Inputs of the fuzzer's own go to a scratch folder: what is committed is chosen.
look()	# NAME SECONDS
{
	local new=build/fuzz/corpus/$1

	mkdir -p "$new"
	if nice -n 19 build/fuzz/fuzz_"$1" -max_total_time="$2" -max_len=8192 -len_control=0 \
		-timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix=build/fuzz/"$1"- \
		"$new" $here/corpus/"$1" > build/fuzz/"$1".log 2>&1; then
		echo "$1: $(grep -a "DONE" build/fuzz/"$1".log | tail -n 1)"
		passed=$((passed + 1))
	else
		echo "---- $1"
		tail -n 40 build/fuzz/"$1".log
		failed=$((failed + 1))
	fi
}

merge()	# NAME
{
	local kept=build/fuzz/kept-$1

	rm -rf "$kept"
	mkdir -p "$kept" build/fuzz/corpus/"$1"
	if nice -n 19 build/fuzz/fuzz_"$1" -set_cover_merge=1 -use_counters=0 -max_len=4096 "$kept" \
		$here/corpus/"$1" build/fuzz/corpus/"$1" > build/fuzz/"$1".log 2>&1; then
		rm -f $here/corpus/"$1"/*
		cp "$kept"/* $here/corpus/"$1"/
		echo "$1: $(find $here/corpus/"$1" -type f | wc -l) inputs"
		passed=$((passed + 1))
	else
		tail -n 20 build/fuzz/"$1".log
		failed=$((failed + 1))
	fi
}

for name in ${TARGET:-$(names)}; do
	mkdir -p $here/corpus/"$name"
	case ${1:-replay} in
	replay) replay "$name" ;;
	merge) merge "$name" ;;
	*) look "$name" "$1" ;;
	esac
done
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ] && [ $passed != 0 ]
