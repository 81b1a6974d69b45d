# bash completion for ustackctl; install as
# /usr/share/bash-completion/completions/ustackctl

# _ustackctl_ask COMMAND KEY [END]: what the daemon has under KEY, before END, a word
# each; nothing, and that soon, if it does not answer
_ustackctl_ask()
{
	# shellcheck disable=SC2086 # a command and its argument
	timeout 1 "${COMP_WORDS[0]}" "${socket[@]}" --json $1 2> /dev/null |
		head -c 262144 | sed "s/\"${3:-$2 }\".*//" |
		grep -oE "\"$2\":\"?[^\",}]+" | sed 's/.*[:"]//'
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

_ustackctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local commands="status stats conns conn trace explain events capture services impair fault connect ping log top reload shutdown help"
	local states="SYN-SENT SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2
		CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT"
	local cmd="" i words="" socket=()

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
	case $cmd in
	"") words="$commands --socket --json --help --version" ;;
	stats) words="--all --reset --json --help" ;;
	conns)
		words="-s -p -i --json --help"
		[[ $prev == -s ]] && words=$states
		[[ $prev == -p ]] && words=$(_ustackctl_named port)
		;;
	conn)
		case $((COMP_CWORD - i)) in
		1) words=$(_ustackctl_named conn) ;;
		2) words="abort close" ;;
		esac ;;
	top)
		words="-d -s --once --json --help"
		[[ $prev == -s ]] && words="t r c x i"
		;;
	trace)
		words="--last --next --list -f -p --fold --no-time --json --help"
		[[ $cur == -* ]] || words+=" $(_ustackctl_ask "trace --list" id)"
		;;
	fault)
		words="stall slow-read half-open reset off"
		[[ $COMP_CWORD -eq $((i + 1)) ]] && words="port service $(_ustackctl_named conn)"
		[[ $prev == port || $prev == service ]] && words=$(_ustackctl_named "$prev")
		;;
	impair)
		case ${COMP_WORDS[i+1]-} in
		preset) words="wifi lte 3g satellite transatlantic lossy bufferbloat list" ;;
		set)
			words="in out both conn port service peer next delay loss duplicate
				corrupt reorder rate limit ecn silent seed for" ;;
		clear) words=$(_ustackctl_ask impair id exempt) ;;
		script)
			words="-f"
			[[ $prev == -f ]] && mapfile -t COMPREPLY < <(compgen -f -- "$cur") && return
			;;
		esac
		case $prev in
		conn | port | service) words=$(_ustackctl_named "$prev") ;;
		esac
		[[ $COMP_CWORD -eq $((i + 1)) ]] && words="show set preset script clear undo"
		;;
	capture)
		case $((COMP_CWORD - i)) in
		1) words="start stop status" ;;
		*) [[ ${COMP_WORDS[i+1]} == start ]] &&
			words="--side --conn --port --snaplen --limit --rotate --files"
			[[ ${COMP_WORDS[i+1]} == stop ]] &&
				words="all $(_ustackctl_ask "capture status" id over)"
			case $prev in
			--conn | --port) words=$(_ustackctl_named "$prev") ;;
			esac
			[[ $prev == --side ]] && words="wire stack both"
			if [[ ${COMP_WORDS[i+1]} == start && $cur != -* && $prev != --* ]]; then
				mapfile -t COMPREPLY < <(compgen -f -- "$cur")
				return
			fi ;;
		esac ;;
	connect)
		words="-4 -6 -v --bind --cc --timeout --tls --ca --cert --key
			--psk-file --fingerprint --servername --insecure --json --help"
		case $prev in
		--cc) words="cubic reno" ;;
		--ca | --cert | --key | --psk-file)
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return ;;
		--*) [[ $prev == --tls || $prev == --insecure ]] || words="" ;;
		*) [[ $cur != -* ]] && words=$(compgen -A hostname -- "$cur") ;;
		esac
		;;
	ping)
		words="-4 -6 -c -i -s -t -W -M -I --json --help"
		case $prev in
		-M) words="do" ;;
		-[cistWI]) words="" ;;
		-*) [[ $cur != -* ]] && words+=" $(compgen -A hostname -- "$cur")" ;;
		*) [[ $cur != -* ]] && words=$(compgen -A hostname -- "$cur") ;;
		esac
		;;
	explain)
		words="--last --json --help"
		[[ $cur == -* ]] || words+=" $(_ustackctl_ask "trace --list" id)"
		;;
	events)
		words="-f --follow -c --conn -N --next -p --port -t --type -n --count --json --help"
		[[ $prev == -t || $prev == --type ]] &&
			words="connectivity transport recovery impairment connection_
				packet_sent packet_received packet_dropped
				packet_lost metrics_updated soft_error"
		case $prev in
		-c | --conn | -p | --port) words=$(_ustackctl_named "$prev") ;;
		esac
		;;
	log) words="error warning info debug trace" ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _ustackctl ustackctl
