#!/bin/bash
# SPDX-License-Identifier: MIT
#
# symbols.sh LIBRARY - libustack.a asks its embedder for the memcpy family and an
# assert handler, nothing else, and shows only the names of its headers

set -u
lib=$1
if [ ! -f "$lib" ]; then
	echo "$lib is not built"
	exit 1
fi

wanted=$(nm -u "$lib" 2> /dev/null | awk '$1 == "U" { print $2 }' | sort -u)
case $wanted in
*__asan_* | *__ubsan_* | *__tsan_* | *__gcov_*) exit 77 ;;
esac

allowed='memcpy|memmove|memset|memcmp|ustack_assert_failed'
# The compiler's own: stack protector, fortified string calls, CPU detection.
runtime='__stack_chk_fail|__(memcpy|memmove|memset)_chk|_GLOBAL_OFFSET_TABLE_'
runtime="$runtime|__cpu_model|__cpu_indicator_init|__u?modti3|__u?divti3"
bad=$(grep -vxE "$allowed|$runtime" <<< "$wanted")
shown=$(nm -g --defined-only "$lib" 2> /dev/null |
	awk 'NF == 3 && $3 !~ /^(ustack_|ubuf_|impair_|gso_|pcapng_|err_str$)/ { print $3 }')

[ -z "$bad" ] || printf 'needs what it may not: %s\n' $bad
[ -z "$shown" ] || printf 'shows what it should not: %s\n' $shown
[ -z "$bad$shown" ]
