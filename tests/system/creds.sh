# shellcheck shell=bash
# creds.sh - certificates and keys: made, read, refused, and read again

# conf [LINE...]: echo with TLS on port 7007, and these lines of [tls]
conf()
{
	printf '%s\n' '[service echo-tls]' type=echo port=7007 tls=yes '[tls]' \
		"state-directory=$T/state" "$@" > "$T/conf"
}

# pair NAME DAYS: a self-signed certificate and its key
pair()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days "$2" -subj "/CN=$1" -keyout "$T/$1.key" -out "$T/$1.crt" \
		2> /dev/null
	chmod 600 "$T/$1.key"
}

# given NAME: the configuration names that pair
given()
{
	conf "certificate=$T/$1.crt" "key=$T/$1.key"
}

print_of()	# FILE: the fingerprint as openssl has it
{
	openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=//'
}

told()	# FIELD: of the credentials in force
{
	ctl status --json | python3 -c \
		"import json,sys; print(json.load(sys.stdin)['tls'].get('$1', ''))"
}

served()	# the fingerprint that a new client sees
{
	openssl s_client -connect $S4:7007 < /dev/null 2> /dev/null |
		openssl x509 -noout -fingerprint -sha256 | sed 's/.*=//'
}

# refused PATTERN: the daemon does not start, and says why
refused()
{
	local rc=0

	"$B/ustackd" -c "$T/conf" -o control.socket="$T/ctl.sock" > /dev/null \
		2> "$T/stderr" || rc=$?
	eq "exit status" $rc 1
	has "the reason" "$1" "$(cat "$T/stderr")"
	rc=0
	"$B/ustackd" -c "$T/conf" -t > /dev/null 2> "$T/stderr" || rc=$?
	eq "exit status of -t" $rc 1
	has "the reason by -t" "$1" "$(cat "$T/stderr")"
}

# the first start makes a pair, the second one keeps it
case_creds_are_made_once()
{
	local fp

	conf
	"$B/ustackd" -c "$T/conf" -t > /dev/null 2> "$T/err"
	eq "what -t complains about" "$(cat "$T/err")" ""
	[ ! -e "$T/state" ] || fail "-t has made something"
	start
	eq "mode of the directory" "$(stat -c %a "$T/state")" 700
	eq "mode of the key" "$(stat -c %a "$T/state/tls-key.pem")" 600
	eq "mode of the certificate" "$(stat -c %a "$T/state/tls-cert.pem")" 644
	eq "files" "$(ls "$T/state" | wc -l)" 2
	fp=$(print_of "$T/state/tls-cert.pem")
	eq "fingerprint in status" "$(told fingerprint)" "$fp"
	eq "fingerprint on the wire" "$(served)" "$fp"
	eq source "$(told source)" made
	has "status for people" "fingerprint +${fp//:/}" "$(ctl status)"
	[ "$(ctl status | wc -L)" -le 80 ] || fail "status is wider than 80 columns"
	stop
	start
	eq "fingerprint at the second start" "$(told fingerprint)" "$fp"
}

# openssl finds the names in it, and no fault, when it is told to trust it
case_creds_made_please_openssl()
{
	local cert=$T/state/tls-cert.pem out

	conf
	start
	out=$(openssl x509 -in "$cert" -noout -text)
	has names 'DNS:ustack, IP Address:10.7.0.2, IP Address:FD07' "$out"
	has "no authority" 'CA:FALSE' "$out"
	openssl verify -x509_strict -CAfile "$cert" "$cert" > /dev/null ||
		fail "openssl verify"
	out=$(openssl s_client -connect $S4:7007 -CAfile "$cert" -verify_ip $S4 \
		-verify_return_error < /dev/null 2>&1) || fail "s_client: $out"
	has trust 'Verify return code: 0' "$out"
	out=$(openssl s_client -connect "[$S6]:7007" -CAfile "$cert" \
		-verify_hostname ustack -verify_return_error < /dev/null 2>&1) ||
		fail "s_client: $out"
}

# a key that others may read, and one of another certificate
case_creds_bad_pair_is_refused()
{
	pair one 100
	pair two 100
	given one
	chmod 640 "$T/one.key"
	refused "one.key: mode 0640 lets others use it: chmod 600 $T/one.key"
	chmod 600 "$T/one.key"
	conf "certificate=$T/one.crt" "key=$T/two.key"
	refused "\[tls] key = $T/two.key: the key does not match the certificate"
	conf "certificate=$T/none.crt" "key=$T/two.key"
	refused "\[tls] certificate = $T/none.crt: cannot be read: No such file"
	conf "certificate=$T" "key=$T/two.key"
	refused "$T: is no regular file"
	mkfifo "$T/fifo"
	conf "certificate=$T/fifo" "key=$T/two.key"
	refused "fifo: is no regular file"
	: > "$T/psk"
	given one
	echo "psk-file=$T/psk" >> "$T/conf"
	chmod 644 "$T/psk"
	refused "\[tls] psk-file = $T/psk: mode 0644"
	printf 'alice:00\n' > "$T/psk"
	chmod 600 "$T/psk"
	refused "psk: line 1 of the PSK file: the key is shorter"
}

# half a pair in the state directory is somebody's: it is told, and stays
case_creds_half_a_pair_is_left_alone()
{
	conf
	mkdir "$T/state"
	pair one 100
	cp "$T/one.key" "$T/state/tls-key.pem"
	refused 'tls-key.pem: is there, but .*tls-cert.pem is not'
	cmp "$T/one.key" "$T/state/tls-key.pem" || fail "the key was changed"
	pair two 100
	cp "$T/two.crt" "$T/state/tls-cert.pem"
	refused 'the key does not match the certificate: remove tls-cert.pem and'
	cmp "$T/two.crt" "$T/state/tls-cert.pem" || fail "it was changed"
}

# expired: a warning of a file's, a new one of our own
case_creds_expired()
{
	local old

	pair old 1
	openssl x509 -in "$T/old.crt" -signkey "$T/old.key" -days 0 \
		-out "$T/over.crt" 2> /dev/null
	sleep 1.1
	conf "certificate=$T/over.crt" "key=$T/old.key"
	start
	has log 'TLS: the certificate expired less than a day ago' "$(cat "$T/log")"
	has status 'warning +the certificate expired' "$(ctl status)"
	eq "on the wire" "$(served)" "$(print_of "$T/over.crt")"
	stop
	mkdir "$T/state"
	cp "$T/over.crt" "$T/state/tls-cert.pem"
	cp "$T/old.key" "$T/state/tls-key.pem"
	old=$(print_of "$T/over.crt")
	conf
	start
	has log 'tls-cert.pem: expired; another one is made' "$(cat "$T/log")"
	[ "$(told fingerprint)" != "$old" ] || fail "it was not replaced"
	eq "on the disk" "$(print_of "$T/state/tls-cert.pem")" "$(told fingerprint)"
	stop
	pair soon 12
	given soon
	start
	has status 'warning +the certificate expires in 1[12] days' "$(ctl status)"
}

# a directory that cannot be written: the pair lives as long as the daemon
case_creds_without_a_directory()
{
	local fp

	conf
	sed -i 's|^state-directory=.*|state-directory=/proc/ustack|' "$T/conf"
	start
	has warning '/proc/ustack: cannot keep the certificate there' "$(cat "$T/log")"
	eq source "$(told source)" memory
	fp=$(told fingerprint)
	eq "on the wire" "$(served)" "$fp"
	ctl reload > /dev/null
	eq "after a reload" "$(told fingerprint)" "$fp"
}

# a connection that stays: its input is a FIFO held open on descriptor 9
open_client()
{
	mkfifo "$T/in"
	openssl s_client -quiet -connect $S4:7007 < "$T/in" > "$T/out" \
		2> "$T/client" &
	exec 9> "$T/in"
	echo before >&9
	wait_for 5 grep -q before "$T/out"
}

# SIGHUP and `reload` swap certificates; who is connected does not notice
case_creds_reload()
{
	pair one 100
	pair two 100
	pair three 100
	given one
	start
	eq first "$(served)" "$(print_of "$T/one.crt")"
	open_client
	cp "$T/two.crt" "$T/one.crt"
	cp "$T/two.key" "$T/one.key"
	kill -HUP "$DPID"
	wait_for 5 grep -q 'SIGHUP: log opened again; changed: tls' "$T/log"
	eq "after SIGHUP" "$(served)" "$(print_of "$T/two.crt")"
	echo between >&9
	wait_for 5 grep -q between "$T/out"
	has "nothing new" 'nothing has changed' "$(ctl reload)"
	mv "$T/three.crt" "$T/one.crt"	# as tools do: another file by that name
	mv "$T/three.key" "$T/one.key"
	has reload 'new connections get new credentials' "$(ctl reload)"
	eq "after reload" "$(served)" "$(print_of "$T/one.crt")"
	eq "told" "$(told fingerprint)" "$(print_of "$T/one.crt")"
	echo after >&9
	wait_for 5 grep -q after "$T/out"
	exec 9>&-
}

# a faulty file is refused whole, with the reason; the old one stays
case_creds_faulty_reload()
{
	local fp rc=0

	pair one 100
	pair two 100
	given one
	start
	fp=$(told fingerprint)
	cp "$T/two.crt" "$T/one.crt"
	ctl reload > "$T/said" 2>&1 || rc=$?
	eq "exit status" $rc 1
	has reason 'one.key: the key does not match the certificate' "$(cat "$T/said")"
	kill -HUP "$DPID"
	wait_for 5 grep -q 'SIGHUP: .*one.key: the key does not match' "$T/log"
	rm "$T/one.crt"
	ctl reload > "$T/said" 2>&1 && fail "a missing file was taken"
	has reason 'one.crt: cannot be read' "$(cat "$T/said")"
	eq "on the wire" "$(served)" "$fp"
	eq told "$(told fingerprint)" "$fp"
}

# without a service that wants them, files are not looked at
case_creds_are_read_for_services_alone()
{
	printf '%s\n' '[service echo]' type=echo port=7 '[tls]' certificate=/none \
		key=/none "state-directory=$T/state" > "$T/conf"
	start
	eq source "$(told source)" ""
	[ ! -e "$T/state" ] || fail "a directory was made"
	has reload 'log: opened again' "$(ctl reload)"
}

# clients' certificates and PSKs are counted, and an authority is needed
case_creds_client_ca_and_psk_are_told()
{
	pair one 100
	given one
	printf 'alice:%032d\nbob:%064d\n' 1 2 > "$T/psk"
	chmod 600 "$T/psk"
	printf '%s\n' "psk-file=$T/psk" "client-ca=$T/one.crt" >> "$T/conf"
	start
	has status 'TLS .*clients show certificates, 2 PSK identities' \
		"$(ctl status | tr -s '\n ' ' ')"
	eq psks "$(told psks)" 2
	! grep -q 000000000 "$T/log" || fail "a key is in the log"
}
