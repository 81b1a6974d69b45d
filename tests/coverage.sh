#!/bin/bash
# SPDX-License-Identifier: MIT
#
# coverage.sh - lines of stack/ that the unit, wire and sim tests of B reached

set -eu
cd "$(dirname "$0")/.."
: "${B:=build/coverage}"
find "$B" -name '*.gcda' -delete
for t in "$B/unit-tests" "$B/wire-tests" "$B/ustack-sim --n 500"; do
	[ -x "${t%% *}" ] || continue
	CK_FORK=${CK_FORK:-yes} $t > /dev/null || echo "coverage: ${t%% *} failed"
done
find "$B/obj/stack" -name '*.gcda' -print0 | xargs -0 gcov -n 2> /dev/null |
	awk -F"['%: ]+" '
		/^File/ { file = $2 }
		/^Lines executed/ && file ~ /^stack\// {
			printf "%6.1f %%  %5d lines  %s\n", $3, $5, file
			hit += $3 / 100 * $5; all += $5; file = ""
		}
		END { if (all) printf "%6.1f %%  %5d lines  stack/ in all\n",
			100 * hit / all, all }' | sort -k 4
