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

# Two at a time: unit waits much, for the leak checker, and has the rest of its
# time filled by what is short; the others take long.
part unit "$B/unit-tests"
part wire "$B/wire-tests"
total wire
part golden "$B/ustack-sim" --golden tests/sim/golden.tsv
total golden
part figures "$R/ustack-sim" --figures
total figures
part fuzz tests/fuzz/run.sh replay
total fuzz
part lint tests/lint/run.sh
total lint
part install tests/install.sh
total install
part sim "$simulator" --n $transfers
total unit
part service tests/service.sh
total sim
part system tests/system/run.sh ${long:+-l}
total service
total system

sum_up
