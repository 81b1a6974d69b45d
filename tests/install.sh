#!/bin/bash
# SPDX-License-Identifier: MIT
#
# install.sh [CASE...] - what `make install` puts where, and that a program can be
# built from nothing else.  A case is a function case_NAME; it passes when it
# returns 0, and is skipped when it returns 77.  The last line is the total.

set -u
cd "$(dirname "$0")/.." || exit 1
: "${CC:=gcc}"
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
PATH=$PATH:/usr/sbin:/sbin

# run_make ARGUMENT...: on the release build
run_make()
{
	make -s --no-print-directory BUILD=release SAN= COV=0 "$@" 2> "$top/err" && return
	cat "$top/err"
	return 1
}

# listing DIRECTORY: what is in it, as MODE PATH
listing()
{
	(cd "$1" && find . ! -type d -printf '%m %P\n' | sort)
}

# expected BIN SBIN LIB INCLUDE SHARE UNIT SYSUSERS: what should be, the same way
expected()
{
	local f

	{
		echo "755 $1/ustackctl"
		echo "755 $2/ustackd"
		echo "644 $3/libustack.a"
		echo "644 $3/pkgconfig/ustack.pc"
		for f in stack/ustack*.h stack/base/{assert,err,slice}.h embed/*.h; do
			echo "644 $4/ustack/${f#*/}"
		done
		for f in daemon/*.[0-9] cli/*.[0-9]; do
			echo "644 $5/man/man${f##*.}/${f##*/}"
		done
		echo "644 $5/bash-completion/completions/ustackctl"
		echo "644 $6/ustackd.service"
		echo "644 $7/ustack.conf"
		echo "644 $8/ustack.conf"
		for f in embed.c no-capability.conf ustack0.netdev ustack0.network \
			ustackd.conf ustackd.socket; do
			echo "644 $5/doc/ustack/examples/$f"
		done
	} | sort
}

same()
{
	diff -U 0 --label expected "$1" --label installed "$2" | grep '^[-+]' > "$top/diff"
	cat "$top/diff"
	[ ! -s "$top/diff" ]
}

# Without a word said, all is below /usr/local.
case_default_places()
{
	expected bin sbin lib include share lib/systemd/system lib/sysusers.d \
		lib/tmpfiles.d |
		sed 's|^... |&usr/local/|' > "$top/want"
	listing "$top/default" > "$top/have"
	same "$top/want" "$top/have"
}

# Each of GNU's directories can be named.
case_chosen_places()
{
	local where="DESTDIR=$top/chosen exec_prefix=/e bindir=/b sbindir=/s libdir=/l
		includedir=/i datarootdir=/d systemdunitdir=/u sysusersdir=/y
		tmpfilesdir=/t"

	expected b s l i d u y t > "$top/want"
	# shellcheck disable=SC2086
	run_make install $where || return 1
	listing "$top/chosen" > "$top/have"
	same "$top/want" "$top/have" || return 1
	# shellcheck disable=SC2086
	run_make uninstall $where || return 1
	listing "$top/chosen" > "$top/have"
	same /dev/null "$top/have"
}

# What the installing person keeps from others does not matter.
case_modes_under_a_tight_umask()
{
	(umask 077 && run_make install DESTDIR="$top/umask") || return 1
	listing "$top/umask" > "$top/have"
	listing "$top/default" > "$top/want"
	same "$top/want" "$top/have" || return 1
	find "$top/umask"/* -type d ! -perm 755 | tee "$top/dirs"
	[ ! -s "$top/dirs" ]
}

# A file in another's place, and a second install, are nothing special.
case_uninstall_leaves_nothing()
{
	: > "$top/default/usr/local/include/other.h"
	run_make install DESTDIR="$top/default" || return 1
	run_make uninstall DESTDIR="$top/default" || return 1
	echo '644 usr/local/include/other.h' > "$top/want"
	listing "$top/default" > "$top/have"
	same "$top/want" "$top/have" && [ ! -e "$top/default/usr/local/include/ustack" ]
}

# Nothing that is installed knows where it was built or put together.
case_no_foreign_paths()
{
	grep -rlF -e "$top" -e "$PWD" "$top/usr" --include='*.pc' --include='*.service' \
		--include='*.h' --include='*.[0-9]' | tee "$top/paths"
	[ ! -s "$top/paths" ]
}

case_stripped()
{
	run_make install-strip DESTDIR="$top/strip" || return 1
	listing "$top/strip" > "$top/have"
	sed 's| usr/| usr/local/|' "$top/usr.list" > "$top/want"
	same "$top/want" "$top/have" || return 1
	[ -z "$(nm "$top/strip/usr/local/sbin/ustackd" 2> /dev/null)" ]
}

# The unit names the program where it is, says nothing that systemd does not know,
# and leaves little open.
case_unit()
{
	local unit=$top/usr/usr/lib/systemd/system/ustackd.service version level

	grep -qx 'ExecStart=/usr/sbin/ustackd' "$unit" || return 1
	version=$(systemctl --version 2> /dev/null | awk 'NR == 1 { print $2 }')
	if [ "${version:-0}" -lt 252 ]; then
		echo "no systemd 252 or later here"
		return 77
	fi
	# Only here and now are the programs somewhere else.
	sed "s|/usr/sbin/ustackd|$top/usr&|; s|/usr/bin/ustackctl|$top/usr&|" "$unit" \
		> "$top/ustackd.service"
	systemd-analyze verify --man=no "$top/ustackd.service" > "$top/said" 2>&1 ||
		echo "systemd-analyze verify: status $?" >> "$top/said"
	cat "$top/said"
	[ ! -s "$top/said" ] || return 1
	level=$(systemd-analyze security --offline=yes --no-pager "$unit" |
		sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p')
	echo "systemd-analyze security: $level"
	awk "BEGIN { exit !($level + 0 > 0 && $level <= 1.5) }"
}

# settings: KEY = VALUE below [SECTION] becomes SECTION.KEY; services have any
settings()
{
	awk '/^\[/ { s = $0 } /^[a-z-]+ =/ && s !~ /service/ { print s "." $1 }' | sort
}

# What the sample of the configuration shows as defaults are those, and all.
case_sample_is_the_defaults()
{
	local conf=$top/usr/usr/share/doc/ustack/examples/ustackd.conf
	local ustackd=$top/usr/usr/sbin/ustackd

	"$ustackd" -t -c "$conf" > "$top/have" || return 1
	"$ustackd" -t -c /dev/null > "$top/want" || return 1
	same "$top/want" "$top/have" || return 1
	sed -n 's/^#\([[a-z]\)/\1/p' "$conf" > "$top/conf"
	"$ustackd" -t -c "$top/conf" > "$top/have" || return 1
	same "$top/want" "$top/have" || return 1
	settings < "$top/want" > "$top/keys.want"
	settings < "$top/conf" > "$top/keys.have"
	same "$top/keys.want" "$top/keys.have"
}

case_completion_loads()
{
	bash -c ". '$top/usr/usr/share/bash-completion/completions/ustackctl' &&
		complete -p ustackctl" > "$top/said" && grep -q _ustackctl "$top/said"
}

# pkg-config of the installed tree alone
ustack_pc()
{
	PKG_CONFIG_SYSROOT_DIR=$top/usr PKG_CONFIG_LIBDIR=$top/usr/usr/lib/pkgconfig \
		PKG_CONFIG_PATH='' pkg-config "$@" ustack
}

# The library is one archive that needs no other: --static adds nothing.
case_pkg_config()
{
	ustack_pc --validate || return 1
	[ "$(ustack_pc --static --libs)" = "-L$top/usr/usr/lib -lustack " ] ||
		[ "$(ustack_pc --static --libs)" = "-L$top/usr/usr/lib -lustack" ] || return 1
	[ "$(ustack_pc --modversion)" = "$(sed -n 's/^VERSION	*:= //p' Makefile)" ]
}

# The example, in 80 lines, sees an echo and the round trip that it took.
case_example()
{
	local flags

	flags="$(ustack_pc --cflags --libs)" || return 1
	[ "$(wc -l < tests/examples/embed.c)" -le 80 ] || return 1
	cp tests/examples/embed.c "$top/embed.c" || return 1
	# shellcheck disable=SC2086
	(cd "$top" && $CC -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Wpedantic -Wshadow \
		-Wno-unused-parameter -Werror -o embed embed.c $flags) || return 1
	# shellcheck disable=SC2046
	(cd "$top" && $CC -static -o embed-static embed.c $(ustack_pc --static --cflags --libs) &&
		./embed-static > /dev/null) || return 1
	"$top/embed" > "$top/said" || return 1
	cat > "$top/want" <<-END
	hi
	rtt 10000 us, cubic
	closed: normal
	END
	same "$top/want" "$top/said"
}

passed=0 failed=0 skipped=0
if ! run_make install DESTDIR="$top/usr" PREFIX=/usr ||
	! run_make install DESTDIR="$top/default"; then
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
fi
listing "$top/usr" > "$top/usr.list"
[ $# -gt 0 ] || set -- default_places chosen_places \
	modes_under_a_tight_umask uninstall_leaves_nothing no_foreign_paths stripped unit \
	sample_is_the_defaults completion_loads pkg_config example
for c; do
	"case_$c" > "$top/out" 2>&1
	rc=$?
	case $rc in
	0) word=ok passed=$((passed + 1)) ;;
	77) word=skip skipped=$((skipped + 1)) ;;
	*) word=FAIL failed=$((failed + 1)) ;;
	esac
	printf '%-5s %s\n' $word "$c"
	sed '/^$/d; s/^/    /' "$top/out"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
