#!/bin/sh
# SPDX-License-Identifier: MIT
#
# deps.sh [--list] - what building and testing need: installed by apt where that
# exists (Debian, Ubuntu), named elsewhere.  Quick when nothing is missing.  With
# --list, the packages' names.  Not here: clang, which only `make fuzz` wants, and
# mmdebstrap, for `make check-tls13`.

set -eu

# probe: command, or header with a slash or dot : Debian package
NEEDED='
gcc:gcc make:make nm:binutils pkg-config:pkg-config
stdio.h:libc6-dev linux/if_tun.h:linux-libc-dev
ev.h:libev-dev libmnl/libmnl.h:libmnl-dev cjson/cJSON.h:libcjson-dev
ini.h:libinih-dev mbedtls/ssl.h:libmbedtls-dev seccomp.h:libseccomp-dev
curses.h:libncurses-dev check.h:check
mandoc:mandoc tcpdump:tcpdump tshark:tshark ncat:ncat socat:socat nft:nftables
curl:curl openssl:openssl traceroute:traceroute nc.openbsd|nc:netcat-openbsd ip:iproute2 ping:iputils-ping ps:procps
python3:python3 ctags:universal-ctags clang-format:clang-format
cppcheck:cppcheck setpriv:util-linux
'
# For packages and their test, where there are such packages.
command -v apt-get >/dev/null 2>&1 &&
	NEEDED="$NEEDED dh:debhelper systemd-nspawn:systemd-container"
PATH=$PATH:/usr/sbin:/sbin

if [ "${1:-}" = --list ]; then
	for n in $NEEDED; do echo "${n##*:}"; done
	exit 0
fi

have_cmd()
{
	for c in $(echo "$1" | tr '|' ' '); do
		command -v "$c" >/dev/null 2>&1 && return 0
	done
	return 1
}

# One preprocessor run decides whether headers need a closer look.
headers=$(for n in $NEEDED; do case ${n%%:*} in *.h) echo "${n%%:*}";; esac; done)
all_headers=no
if have_cmd gcc && for h in $headers; do echo "#include <$h>"; done |
	gcc -E -x c - >/dev/null 2>&1; then
	all_headers=yes
fi

have_header()
{
	[ $all_headers = yes ] && return 0
	have_cmd gcc && echo "#include <$1>" | gcc -E -x c - >/dev/null 2>&1
}

missing=
for n in $NEEDED; do
	case ${n%%:*} in
	*.h) have_header "${n%%:*}" ;;
	*) have_cmd "${n%%:*}" ;;
	esac || missing="$missing ${n##*:}"
done
[ -n "$missing" ] || exit 0

echo "deps: missing:$missing"
if ! have_cmd apt-get; then
	cat >&2 <<-EOF
	deps: there is no apt-get here; please install what Debian calls
	     $missing
	deps: and run make again.
	EOF
	exit 1
fi

sudo=
if [ "$(id -u)" != 0 ]; then
	if ! have_cmd sudo; then
		echo "deps: as root: apt-get install$missing" >&2
		exit 1
	fi
	sudo=sudo
fi
$sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	--no-install-recommends $missing >/dev/null
