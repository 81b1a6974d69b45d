#!/bin/bash
# SPDX-License-Identifier: MIT
#
# service.sh [STEP...] - the packages as an administrator meets them, under a real
# systemd: installed, enabled, used, reloaded, hurt, upgraded, purged
#
#	outside		builds the packages, and boots a container by systemd-nspawn
#	boxed		the same in mounts and processes of its own, which end with it
#	inside		the steps, in order, in the container
#
# The container's files are the host's under a throw-away overlay; its network has
# nothing but loopback.  A step is a function step_NAME; one that fails shows what
# it said and the end of the journal.  The last line is the total.

set -u
cd "$(dirname "$0")/.." || exit 1
PATH=$PATH:/usr/sbin:/sbin
here=$PWD
share=/run/service-test		# in the container: the packages, and this script
steps="install_without_tun lintian nothing_runs_yet enable_now unit_is_sound
	echo_answers members_may_ctl little_power journal_reads
	own_certificate_stays key_by_credential
	forward_reaches_the_host forward_elsewhere reload_keeps_connections reload_tells_what_is_refused
	bad_config_is_refused socket_activation
	watchdog_restarts kill_restarts stop_says_goodbye missing_tun_is_said
	no_capability library upgrade_restarts removal_keeps_config purge_leaves_nothing"

fail()
{
	echo "$*"
	return 1
}

# wait_for SECONDS COMMAND...
wait_for()
{
	local end=$((SECONDS + $1))

	shift
	until "$@" > /dev/null 2>&1; do
		[ $SECONDS -lt $end ] || fail "still not: $*" || return 1
		sleep 0.1
	done
}

# ------------------------------------------------------------------- inside

main_pid()
{
	systemctl show -P MainPID ustackd
}

active()
{
	systemctl is-active -q ustackd
}

# echoes [ADDRESS [PORT]]: sends a line to the stack; the answer must be the same
echoes()
{
	[ "$(echo 'hello, ustack' | nc -N -w 5 "${1:-10.7.0.2}" "${2:-7}")" = 'hello, ustack' ]
}

# secure CERTIFICATE: the same by TLS, to a server that proves to be that one
secure()
{
	(echo 'hello, ustack'; sleep 0.3) |
		timeout 10 openssl s_client -quiet -no_ign_eof -verify_return_error \
			-CAfile "$1" -connect 10.7.0.2:7007 2> /run/s_client |
		grep -qx 'hello, ustack' || fail "TLS: $(tail -n 3 /run/s_client)"
}

# The daemon's and its manager's lines in the journal since the step began
journal()
{
	journalctl -q -u ustackd -o cat --no-pager --since "$began"
}

says()
{
	journal | grep -qE "$1" && return
	fail "the journal does not say: $1"
}

# config LINE...: the configuration, until the next one
config()
{
	printf '%s\n' "$@" > /etc/ustack/ustackd.conf
}

# dropin LINE...: below [Service]; none takes it away
dropin()
{
	rm -rf /etc/systemd/system/ustackd.service.d
	if [ $# != 0 ]; then
		mkdir -p /etc/systemd/system/ustackd.service.d
		printf '%s\n' '[Service]' "$@" > /etc/systemd/system/ustackd.service.d/test.conf
	fi
	systemctl daemon-reload
}

# restarted PID: it runs, but is another
restarted()
{
	active && [ "$(main_pid)" != "$1" ] && [ "$(main_pid)" != 0 ]
}

# Installing starts nothing, so that it needs nothing.
step_install_without_tun()
{
	rm -f /usr/sbin/policy-rc.d # of an image that is no machine
	mv /dev/net/tun /dev/net/tun.away
	dpkg -i $share/ustackd_*.deb
	local rc=$?
	mv /dev/net/tun.away /dev/net/tun
	chmod 0666 /dev/net/tun
	return $rc
}

step_lintian()
{
	command -v lintian > /dev/null || return 77
	# The sandbox is systemd's; elsewhere the daemon is run by hand.  An override
	# would be an error in Debian 13, whose lintian has no such tag.
	lintian --allow-root -I -E --pedantic $share/*.changes |
		grep -v ' package-supports-alternative-init-but-no-init.d-script ' > /tmp/lintian
	cat /tmp/lintian
	[ ! -s /tmp/lintian ]
}

step_nothing_runs_yet()
{
	! active || fail "installing has started it" || return 1
	[ "$(systemctl is-enabled ustackd)" = disabled ] || fail "it is enabled" || return 1
	getent passwd ustack && getent group ustack || return 1
	! grep -v '^#' /etc/ustack/ustackd.conf | grep . ||
		fail "the configuration says something" || return 1
	[ -z "$(dpkg --verify ustackd)" ]
}

step_enable_now()
{
	systemctl enable --now ustackd || return 1
	active && [ "$(systemctl is-enabled ustackd)" = enabled ] || return 1
	says '^ready: ustack0 \(csum\+tso\), stack 10.7.0.2 fd07::2;' || return 1
	[ "$(systemctl show -P StatusText ustackd)" = ready ]
}

step_unit_is_sound()
{
	local said level

	said=$(systemd-analyze verify ustackd.service 2>&1)
	[ -z "$said" ] || fail "systemd-analyze verify: $said" || return 1
	level=$(systemd-analyze security --no-pager ustackd.service |
		sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p')
	echo "note: systemd-analyze security: $level"
	awk "BEGIN { exit !($level + 0 > 0 && $level <= 1.5) }"
}

step_echo_answers()
{
	echoes && echoes fd07::2 && ping -q -c 1 -W 5 10.7.0.2
}

# Who is in the group may; others and their absent daemon are told apart.
step_members_may_ctl()
{
	useradd -G ustack member && useradd stranger || return 1
	runuser -u member -- ustackctl --json status | grep -q '"ustack0"' || return 1
	runuser -u stranger -- ustackctl status > /tmp/said 2>&1
	[ $? = 3 ] && grep -q 'for root and group ustack' /tmp/said && return
	fail "a stranger reads: $(cat /tmp/said)"
}

# field NAME: of the daemon's status as the kernel shows it
field()
{
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$(main_pid)/status"
}

# What systemd and the daemon's own sandbox leave of its powers.
step_little_power()
{
	local pid

	pid=$(main_pid)
	[ "$(field Uid | cut -f 1)" = "$(id -u ustack)" ] || fail "not user ustack" || return 1
	[ "$(field CapEff)" = 0000000000000000 ] || fail "has capabilities" || return 1
	[ "$(field NoNewPrivs)" = 1 ] && [ "$(field Seccomp)" = 2 ] || return 1
	grep -q '^Max core file size *0  *0 ' "/proc/$pid/limits" || return 1
	ls "/proc/$pid/root/dev/net/tun" || return 1
	! find "/proc/$pid/root/dev/" -type b -o -name mem -o -name kmsg | grep . || return 1
	ustackctl status | grep -A 1 '^sandbox' | tee /tmp/sandbox
	! grep 'sandbox.*not' /tmp/sandbox || return 1
	! journalctl -q -u ustackd -b -o cat | grep 'going on without'
}

# One line when a connection opens, one when it is over, each with its id.
step_journal_reads()
{
	echoes || return 1
	wait_for 5 says '^conn=[0-9]+ 10.7.0.1:[0-9]+ > 10.7.0.2:7 opened \(passive\)$' &&
		wait_for 5 says '^conn=[0-9]+ .* closed \(normal\) in 14 bytes, out 14 bytes' ||
		return 1
	wait_for 5 eval 'journalctl -q -b -u ustackd USTACK_CONN=1 \
		USTACK_EVENT=connectivity:connection_closed | grep closed' || return 1
	journalctl -q -b -u ustackd --facility=daemon -p info -n 1 USTACK_LOCAL_PORT=7 \
		USTACK_REMOTE_ADDR=10.7.0.1 | grep closed || return 1
	echo 'no TLS at all' | nc -N -w 5 10.7.0.2 7007
	wait_for 5 eval 'journalctl -q -b -u ustackd -p warning -o cat | grep "^service echo-tls"'
	journalctl -q -b -u ustackd -p warning -n 1 -o json | grep -q '"USTACK_CONN"'
}

# What its first start has made: nobody else's, and the same after the next one.
step_own_certificate_stays()
{
	local dir=/var/lib/ustack made

	[ "$(stat -c '%a %U' $dir)" = '700 ustack' ] || fail "$(ls -ld $dir)" || return 1
	[ "$(stat -c '%a %U' $dir/tls-key.pem)" = '600 ustack' ] ||
		fail "$(ls -l $dir)" || return 1
	ustackctl status | grep -q "^fingerprint  $(openssl x509 -in $dir/tls-cert.pem \
		-noout -fingerprint -sha256 | sed 's/.*=//; s/://g')$" || return 1
	secure $dir/tls-cert.pem || return 1
	made=$(cat $dir/*.pem)
	systemctl restart ustackd && [ "$(cat $dir/*.pem)" = "$made" ] &&
		secure $dir/tls-cert.pem
}

# A key that root alone may read, handed over by systemd.
step_key_by_credential()
{
	local made

	made=$(cat /var/lib/ustack/*.pem)
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 \
		-subj /CN=given -keyout /etc/ustack/tls.key -out /etc/ustack/tls.crt || return 1
	chmod 0600 /etc/ustack/tls.key
	config '[tls]' 'certificate = /etc/ustack/tls.crt' \
		'key = /run/credentials/ustackd.service/tls.key'
	dropin LoadCredential=tls.key:/etc/ustack/tls.key
	systemctl restart ustackd && secure /etc/ustack/tls.crt || return 1
	! runuser -u ustack -- cat /etc/ustack/tls.key || return 1
	[ "$(cat /var/lib/ustack/*.pem)" = "$made" ] || return 1
	systemctl reload ustackd || fail "it cannot read the key again" || return 1
	rm /etc/ustack/tls.*
	config
	dropin
	systemctl restart ustackd
}

# What the unit takes away is nothing that servers on the host need.
step_forward_reaches_the_host()
{
	local rc

	socat TCP-LISTEN:9999,bind=127.0.0.1,fork,reuseaddr EXEC:cat &
	socat UNIX-LISTEN:/run/forward.sock,mode=666,fork EXEC:cat &
	wait_for 5 test -S /run/forward.sock
	wait_for 5 nc -z 127.0.0.1 9999
	config '[service tcp]' 'type = forward' 'port = 80' 'target = tcp:localhost:9999' \
		'[service unix]' 'type = forward' 'port = 81' 'target = unix:/run/forward.sock'
	systemctl restart ustackd && echoes 10.7.0.2 80 && echoes fd07::2 81
	rc=$?
	kill %1 %2
	config
	systemctl restart ustackd && return $rc
}

# firewalled: does the kernel hold to IPAddressDeny= in this container?
firewalled()
{
	! systemd-run -q --wait -P -p IPAddressDeny=any ping -q -c 1 -W 1 127.0.0.1
}

# Beyond loopback it takes a drop-in, which holds at once.
step_forward_elsewhere()
{
	local there=192.0.2.1 rc=0

	ip address add $there/32 dev lo
	socat TCP-LISTEN:9999,bind=$there,fork,reuseaddr EXEC:cat &
	wait_for 5 nc -z $there 9999
	config '[service far]' 'type = forward' 'port = 80' "target = tcp:$there:9999"
	systemctl restart ustackd || rc=1
	if echo hello | nc -N -w 1 10.7.0.2 80 | grep -q hello; then
		firewalled && rc=1 || rc=77
		echo "it connects to $there without being allowed to"
	fi
	dropin IPAddressAllow=$there
	echoes 10.7.0.2 80 || rc=1
	kill %1
	ip address del $there/32 dev lo
	dropin
	config
	systemctl restart ustackd && return $rc
}

step_reload_keeps_connections()
{
	local pid

	pid=$(main_pid)
	coproc nc -N 10.7.0.2 7 || return 1
	echo before >&"${COPROC[1]}"
	read -r -t 5 -u "${COPROC[0]}" line && [ "$line" = before ] || return 1
	config '[service echo]' 'type = echo' 'port = 7' \
		'[service more]' 'type = echo' 'port = 70'
	systemctl reload ustackd && echoes 10.7.0.2 70 || return 1
	[ "$(systemctl show -P SubState ustackd)" = running ] || return 1
	says 'reload by control socket: .*\[service more\] \(new\)' || return 1
	! journalctl -q -t ustackctl --since "$began" | grep . ||
		fail "ustackctl repeats what the daemon says" || return 1
	config
	kill -HUP "$pid" && wait_for 5 says 'SIGHUP: .*\[service more\] \(gone\)' || return 1
	wait_for 5 eval '[ "$(systemctl show -P SubState ustackd)" = running ]' || return 1
	echo after >&"${COPROC[1]}"
	read -r -t 5 -u "${COPROC[0]}" line && [ "$line" = after ] || return 1
	eval "exec ${COPROC[1]}>&-"
	[ "$(main_pid)" = "$pid" ]
}

# Whoever reloads hears of it, the journal has the reason, and it serves on.
step_reload_tells_what_is_refused()
{
	local cert=/var/lib/ustack/tls-cert.pem pid rc

	pid=$(main_pid)
	cp -p $cert /tmp/cert && echo nonsense > $cert
	systemctl reload ustackd
	rc=$?
	cat /tmp/cert > $cert
	[ $rc != 0 ] || fail "took a faulty certificate" || return 1
	says '^reload by control socket: .*no certificate in ' || return 1
	says '^reload by control socket: refused, nothing has changed' || return 1
	says '^ustackctl: .*no certificate in ' || return 1
	active && [ "$(main_pid)" = "$pid" ] && echoes || return 1
	systemctl reload ustackd
}

step_bad_config_is_refused()
{
	local pid

	pid=$(main_pid)
	config '[tcp]' 'congestion-control = nonsense'
	! systemctl reload ustackd || fail "took nonsense" || return 1
	says '^reload by control socket: .*ustackd.conf:2: .*nonsense' || return 1
	says '^ustackctl: .*ustackd.conf:2: .*nonsense' || return 1
	active && [ "$(main_pid)" = "$pid" ] && echoes || return 1
	began=$(date '+%F %T.%N')
	! systemctl restart ustackd || fail "started with nonsense" || return 1
	sleep 0.5
	[ "$(journalctl -q -u ustackd -p err -o cat --since "$began" | grep -c nonsense)" = 1 ] ||
		fail "not one error that says why" || return 1
	config
	systemctl reset-failed ustackd
	systemctl restart ustackd && echoes
}

# The sample: systemd listens, and a question starts it.
step_socket_activation()
{
	local sock=/run/ustack/control.sock

	cp /usr/share/doc/ustackd/examples/ustackd.socket /etc/systemd/system/
	systemctl stop ustackd
	systemctl enable --now ustackd.socket || return 1
	[ -S $sock ] && ! active || return 1
	ustackctl status || return 1
	active && echoes || return 1
	systemctl stop ustackd && [ -S $sock ] || fail "it removed the socket" || return 1
	ustackctl status > /dev/null && systemctl reload ustackd || return 1
	systemctl disable --now ustackd.socket ustackd.service
	rm /etc/systemd/system/ustackd.socket
	systemctl daemon-reload
	systemctl enable --now ustackd && echoes && ustackctl status > /dev/null
}

step_watchdog_restarts()
{
	local pid

	dropin WatchdogSec=2
	systemctl restart ustackd && pid=$(main_pid) || return 1
	sleep 3.5
	[ "$(main_pid)" = "$pid" ] || fail "ended though all was well" || return 1
	kill -STOP "$pid"
	wait_for 10 restarted "$pid" || return 1
	journalctl -q -b -u ustackd -o cat | grep 'Watchdog timeout' || return 1
	dropin
	systemctl restart ustackd && echoes
}

# Nothing that a killed daemon leaves hinders the next one.
step_kill_restarts()
{
	local pid

	active && pid=$(main_pid) || return 1 # of none it is 0, which is all of us
	kill -KILL "$pid"
	wait_for 10 restarted "$pid" && echoes && ustackctl status > /dev/null
}

# Connections that are open get a FIN, and nothing is left behind.
step_stop_says_goodbye()
{
	coproc nc -d 10.7.0.2 7 || return 1
	local client=$COPROC_PID

	wait_for 5 eval 'ustackctl conns | grep -q ESTAB' || return 1
	systemctl stop ustackd || return 1
	wait "$client" || fail "the client saw no end" || return 1
	[ "$(systemctl show -P Result ustackd)" = success ] || return 1
	says '^stopped$' || return 1
	! ip link show ustack0 2> /dev/null && [ -z "$(ls -A /run/ustack)" ]
}

step_missing_tun_is_said()
{
	local rc

	mv /dev/net/tun /dev/net/tun.away
	systemctl start ustackd
	rc=$?
	systemctl stop ustackd
	mv /dev/net/tun.away /dev/net/tun
	[ $rc != 0 ] || fail "started without a TUN" || return 1
	says '/dev/net/tun: .*modprobe tun' || return 1
	systemctl reset-failed ustackd
}

runs_without_capability()
{
	systemctl start ustackd || return 1
	[ "$(field CapBnd)" = 0000000000000000 ] || fail "capabilities are within reach" || return 1
	wait_for 5 echoes && echoes fd07::2 || return 1
	systemctl stop ustackd
	ip link show ustack0 || fail "the interface has gone" || return 1
	! journalctl -q -u systemd-networkd -o cat --since "$began" |
		grep -iE 'ustack0.*(ignored|fail)'
}

# The sample for networkd: the interface is the user's, the daemon has no power.
step_no_capability()
{
	local doc=/usr/share/doc/ustackd/examples rc

	mkdir -p /etc/systemd/system/ustackd.service.d
	cp $doc/ustack0.net* /etc/systemd/network/
	cp $doc/no-capability.conf /etc/systemd/system/ustackd.service.d/
	config '[interface]' 'manage = no'
	systemctl daemon-reload
	runs_without_capability
	rc=$?
	systemctl stop ustackd systemd-networkd.socket systemd-networkd
	ip link delete ustack0
	rm /etc/systemd/network/ustack0.*
	config
	dropin
	systemctl start ustackd && echoes && return $rc
}

step_library()
{
	dpkg -i $share/libustack-dev_*.deb || return 1
	# shellcheck disable=SC2046
	gcc -o /tmp/embed /usr/share/doc/libustack-dev/examples/embed.c \
		$(pkg-config --cflags --libs ustack) && /tmp/embed
}

# What the administrator has written stays; connections get their FIN.
step_upgrade_restarts()
{
	local pid

	pid=$(main_pid)
	config '[control]' 'shutdown-timeout = 1s'
	coproc nc -d 10.7.0.2 7 || return 1
	local client=$COPROC_PID

	wait_for 5 eval 'ustackctl conns | grep -q ESTAB' || return 1
	dpkg --force-confold -i $share/next/ustackd_*.deb < /dev/null || return 1
	wait "$client" || fail "the client saw no end" || return 1
	restarted "$pid" && echoes || return 1
	grep -q 'shutdown-timeout = 1s' /etc/ustack/ustackd.conf || return 1
	[ -e /etc/ustack/ustackd.conf.dpkg-dist ] || return 1
	[ "$(systemctl is-enabled ustackd)" = enabled ]
}

step_removal_keeps_config()
{
	dropin LimitNOFILE=1024
	dpkg -r ustackd || return 1
	! active && [ ! -e /usr/sbin/ustackd ] && ! ip link show ustack0 2> /dev/null || return 1
	grep -q 'shutdown-timeout = 1s' /etc/ustack/ustackd.conf &&
		[ -s /var/lib/ustack/tls-key.pem ] && [ ! -e /run/ustack ] || return 1
	dropin # it was the administrator's, and is no package's to take
}

step_purge_leaves_nothing()
{
	dpkg -P ustackd || return 1
	find / -xdev \( -path /proc -o -path /sys -o -path /work -o -path /home -o -path /tmp \
		-o -path "$share" -o -path /root \) -prune \
		-o -name '*ustack*' -newer $share/booted -print |
		grep -vE 'libustack|^/usr/include|^/usr/lib/.*/pkgconfig|^/var/log/journal' > /tmp/left
	cat /tmp/left
	[ ! -s /tmp/left ] && getent passwd ustack # as README.Debian says
}

# What a step that failed has left must not fail the next one.
clean_up()
{
	[ -d /etc/ustack ] || return
	config
	dropin
	systemctl reset-failed ustackd
	systemctl restart ustackd
}

inside()
{
	local step rc began passed=0 failed=0 skipped=0 start word

	cd /
	# of a daemon that runs on this machine
	rm -rf /etc/ustack /var/lib/ustack /var/log/ustack /etc/systemd/system/ustackd*
	for step; do
		began=$(date '+%F %T.%N')
		start=$(date +%s%N)
		"step_$step" > /run/said 2>&1 < /dev/null
		rc=$?
		case $rc in
		0) word=ok passed=$((passed + 1)) ;;
		77) word=skip skipped=$((skipped + 1)) ;;
		*) word=FAIL failed=$((failed + 1)) ;;
		esac
		printf '%-5s %-28s %6d ms\n' $word "$step" $((($(date +%s%N) - start) / 1000000))
		if [ $word = FAIL ]; then
			tail -n 20 /run/said | sed 's/^/    /'
			echo "    --- the journal"
			journalctl -q -b -o short-precise --no-pager --since "$began" |
				grep -v audit | tail -n 30 | cut -c1-200 | sed 's/^/    /'
			clean_up > /dev/null 2>&1
		else
			grep '^note: ' /run/said
		fi
	done
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed = 0 ]
}

# -------------------------------------------------------------------- boxed

# leader PID: the container's first process, once it is there
leader()
{
	local p

	for p in $(ps -o pid= --ppid "$1"); do
		grep -q '^NSpid:.*	1$' "/proc/$p/status" &&
			[ "$(cat "/proc/$p/comm")" = systemd ] && echo "$p" && return
	done
	return 1
}

enter()
{
	nsenter -t "$box" -m -u -i -n -p -C -- "$@"
}

booted()
{
	box=$(leader "$nspawn") &&
		enter systemctl is-system-running 2> /dev/null | grep -qE 'running|degraded'
}

# boxed DIRECTORY STEP...: mounts and processes of our own
boxed()
{
	local dir=$1 nspawn box rc

	shift
	mkdir -p "$dir/root" "$dir/tmp" "$dir/share"
	mount --make-rprivate / || return 1
	mount --bind / "$dir/root" || return 1
	mount -t tmpfs tmpfs /run || return 1	# where nspawn leaves things
	TMPDIR=$dir/tmp systemd-nspawn --quiet --register=no --keep-unit --private-network \
		--volatile=overlay --machine=ustack-test --directory="$dir/root" \
		--capability=CAP_NET_ADMIN,CAP_BPF,CAP_PERFMON --bind-ro="$dir/share:$share" \
		--system-call-filter="bpf landlock_create_ruleset landlock_add_rule
			landlock_restrict_self" \
		--boot systemd.unit=basic.target > "$dir/boot" 2>&1 < /dev/null &
	nspawn=$!
	if ! wait_for 20 booted || ! box=$(leader $nspawn); then
		tail -n 20 "$dir/boot"
		return 77
	fi
	enter bash $share/service.sh inside "$@"
	rc=$?
	enter systemctl poweroff > /dev/null 2>&1
	wait $nspawn
	return $rc
}

# ------------------------------------------------------------------ outside

# skip WHY
skip()
{
	# shellcheck disable=SC2086
	set -- "$*" $steps
	echo "service: skipped: $1"
	echo "0 passed, 0 failed, $(($# - 1)) skipped"
	exit 0
}

# The same package with a higher version, and another word in its configuration
make_next()
{
	mkdir -p "$dir/share/next"
	dpkg-deb -R "$dir"/share/ustackd_*.deb "$dir/next" &&
		sed -i 's/^Version: .*/&+next1/' "$dir/next/DEBIAN/control" &&
		echo '# next' >> "$dir/next/etc/ustack/ustackd.conf" &&
		dpkg-deb -b --root-owner-group "$dir/next" "$dir/share/next/ustackd_next.deb"
}

outside()
{
	local missing='' p rc

	[ "${SKIP_SYSTEM:-0}" = 1 ] && skip "SKIP_SYSTEM=1"
	[ "$(id -u)" = 0 ] || skip "containers need root"
	for p in systemd-nspawn dpkg-buildpackage dh nsenter nc socat openssl; do
		command -v $p > /dev/null || missing="$missing $p"
	done
	[ -z "$missing" ] || skip "not installed:$missing (systemd-container, debhelper ...)"
	dir=$(mktemp -d) || exit 1
	trap 'rm -rf "$dir"' EXIT
	mkdir "$dir/share"
	if ! make -s --no-print-directory deb > "$dir/deb" 2>&1; then
		cat "$dir/deb"
		echo "0 passed, 1 failed, 0 skipped"
		exit 1
	fi
	cp build/deb/*.deb build/deb/*.changes build/deb/*.buildinfo "$dir/share/"
	rm -f "$dir"/share/*dbgsym*
	cp tests/service.sh "$dir/share/" && touch "$dir/share/booted"
	make_next > "$dir/deb" 2>&1 || { cat "$dir/deb"; exit 1; }
	unshare --mount --pid --fork --kill-child --mount-proc \
		timeout -k 5 180 bash "$here/tests/service.sh" boxed "$dir" "$@"
	rc=$?
	[ $rc != 77 ] || skip "systemd does not boot in a container here"
	exit $rc
}

case ${1:-} in
inside | boxed)
	"$@"
	exit
	;;
esac
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $steps
outside "$@"
