# bash completion for ustackctl; install as
# /usr/share/bash-completion/completions/ustackctl
#
# Commands, their words and options are asked of ustackctl's own help, what there
# is at the moment of the daemon.

# _ustackctl_ask COMMAND KEY [END]: what the daemon has under KEY, before END, a word
# each; nothing, and that soon, if it does not answer
_ustackctl_ask()
{
	# shellcheck disable=SC2086 # a command and its argument
	timeout 1 "${COMP_WORDS[0]}" "${socket[@]}" --json $1 2> /dev/null |
		head -c 262144 | sed "s/\"${3:-$2 }\".*//" |
		grep -oE "\"$2\":\"?[^\",}]+" | sed 's/.*[:"]//'
}

# _ustackctl_help COMMAND: its help, whose lines are
#   word ARGUMENT            what it does
#   -o, --option ARGUMENT    what it does
_ustackctl_help()
{
	"${COMP_WORDS[0]}" ${1:+"$1"} --help 2> /dev/null
}

# From the help on standard input the words, or the options.
_ustackctl_words() { sed -nE 's/^  ([a-z][a-z-]*)( .*)?$/\1/p'; }
_ustackctl_options()
{
	sed -nE 's/^ +(-[^-]), (--[a-z-]+).*/\1 \2/p; t
		s/^ +(--?[A-Za-z0-9][a-z-]*).*/\1/p'
}

# What follows a word that names a kind of thing, whichever the command.
_ustackctl_named()
{
	case $1 in
	conn | -c | --conn) _ustackctl_ask conns id ;;
	port | -p | --port) _ustackctl_ask services port ;;
	service) _ustackctl_ask services name ;;
	esac
}

# _ustackctl_value COMMAND: what may follow the option $prev; fails if it takes nothing
_ustackctl_value()
{
	local help

	help=$(_ustackctl_help "$1")
	grep -qE -- "^ .*$prev(, --[a-z-]+)? ([A-Z]|do )" <<< "$help" || return
	case $1/$prev in
	conns/-s | conns/--state) words="SYN-SENT SYN-RECEIVED ESTABLISHED FIN-WAIT-1
		FIN-WAIT-2 CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT" ;;
	top/-s | top/--sort) words="t r c x i" ;;
	ping/-c) ;;
	ping/-M) words="do" ;;
	capture/--side) words="wire stack both" ;;
	connect/--cc) words="cubic reno" ;;
	events/-t | events/--type)
		words="connectivity transport recovery resource impairment connection_
			packet_sent packet_received packet_dropped
			packet_lost metrics_updated soft_error memory_pressure
			applied" ;;
	connect/--ca | connect/--cert | connect/--key | connect/--psk-file | impair/-f)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	*) words=$(_ustackctl_named "$prev") ;;
	esac
}

_ustackctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local cmd="" at i words="" options socket=()

	COMPREPLY=()
	if [[ $prev == --socket ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--socket) i=$((i + 1)) socket=(--socket "${COMP_WORDS[i]}") ;;
		-*) ;;
		*) cmd=${COMP_WORDS[i]}; break ;;
		esac
	done
	at=$((COMP_CWORD - i)) # how far behind the command
	if [[ $prev == -* && -n $cmd ]] && _ustackctl_value "$cmd"; then
		[[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
		return
	fi
	options=$(_ustackctl_help "$cmd" | _ustackctl_options)
	[[ -z $cmd ]] || options+=" --json --help"
	case $cmd in
	"") words="$(_ustackctl_help | _ustackctl_words) $options" ;;
	stats | conns | events | top | reload) words=$options ;;
	config) words="$options $(_ustackctl_ask config section)" ;;
	log) words=$(_ustackctl_help log | _ustackctl_words) ;;
	conn)
		case $at in
		1) words=$(_ustackctl_named conn) ;;
		2) words=$(_ustackctl_help conn | _ustackctl_words) ;;
		esac ;;
	trace | explain) words="$options $(_ustackctl_ask "trace --list" id)" ;;
	fault)
		words=$(_ustackctl_help fault | _ustackctl_words)
		[[ $at -eq 1 ]] && words="port service $(_ustackctl_named conn)"
		[[ $prev == port || $prev == service ]] && words=$(_ustackctl_named "$prev")
		;;
	impair)
		case ${COMP_WORDS[i+1]-} in
		preset) words="wifi lte 3g satellite transatlantic lossy bufferbloat list" ;;
		set)
			words="in out both conn port service peer next delay loss duplicate
				corrupt reorder rate limit ecn silent seed for" ;;
		clear) words=$(_ustackctl_ask impair id exempt) ;;
		script) [[ $prev == script ]] && words="-f" ;;
		esac
		case $prev in
		conn | port | service) words=$(_ustackctl_named "$prev") ;;
		esac
		[[ $at -eq 1 ]] && words=$(_ustackctl_help impair | _ustackctl_words)
		;;
	capture)
		if [[ $at -eq 1 ]]; then
			words=$(_ustackctl_help capture | _ustackctl_words)
		elif [[ ${COMP_WORDS[i+1]} == stop ]]; then
			words="all $(_ustackctl_ask "capture status" id over)"
		elif [[ ${COMP_WORDS[i+1]} == start && $cur != -* && $prev != --* ]]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi ;;
	connect | ping) words=$(compgen -A hostname -- "$cur") ;;
	esac
	[[ $cur != -* || -z $cmd || $cmd == impair ]] || words=$options
	[[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _ustackctl ustackctl
