#!/bin/bash
# SPDX-License-Identifier: MIT
#
# threads.sh - the unit tests and the system tests on the build in B, that of the
# thread sanitizer: the main thread and the worker's share what they should alone
#
# Cases that measure are left out: they would measure the sanitizer.

set -u
cd "$(dirname "$0")/.." || exit 1
: "${B:=build/thread}" "${R:=build/release}"
export B R
export TSAN_OPTIONS=exitcode=66:halt_on_error=0

# shellcheck source=tests/parts.sh
. tests/parts.sh

part unit "$B/unit-tests"
total unit
part system tests/system/run.sh -p
total system
sum_up
