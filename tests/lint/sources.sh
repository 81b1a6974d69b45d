#!/bin/sh
# SPDX-License-Identifier: MIT
# sources.sh - name every C file of the project
cd "$(dirname "$0")/../.." || exit 1
for d in stack embed crypto daemon cli tests; do
	[ -d $d ] && find $d -name '*.[ch]'
done | sort
