#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh [long] - all tests of `make check`, on the builds in B (sanitizers) and
# R (release).  The last line is the total, alone: "N passed, N failed, N skipped".

set -u
cd "$(dirname "$0")/.." || exit 1
: "${B:=build/address-undefined}" "${R:=build/release}"
export B R
# Each test is a fork of its runner, which copies what freed memory is kept back:
# a small quarantine makes the unit tests three times as fast.
export ASAN_OPTIONS=detect_leaks=1:quarantine_size_mb=4 UBSAN_OPTIONS=print_stacktrace=1
long=${1:-}
transfers=20000
simulator=$B/ustack-sim
[ "$long" ] && transfers=200000 && simulator=$R/ustack-sim

# shellcheck source=tests/parts.sh
. tests/parts.sh

# System cases mostly wait: they run beside all the others, which get what time is
# left of the processors and come one by one.  What measures has them for itself.
part system tests/system/run.sh ${long:+-l} -p
alone unit nice "$B/unit-tests"
alone wire nice "$B/wire-tests"
alone golden nice "$B/ustack-sim" --golden tests/sim/golden.tsv
alone figures nice "$R/ustack-sim" --figures
alone fuzz nice tests/fuzz/run.sh replay
alone lint nice tests/lint/run.sh
alone sim nice "$simulator" --n $transfers
alone install tests/install.sh
alone service tests/service.sh
total system
alone measures tests/system/run.sh ${long:+-l} -a

sum_up
