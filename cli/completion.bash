# bash completion for ustackctl; install as
# /usr/share/bash-completion/completions/ustackctl

_ustackctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local commands="status stats conns conn trace explain events capture services impair fault connect ping log top reload shutdown help"
	local states="SYN-SENT SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2
		CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT"
	local cmd="" i words=""

	if [[ $prev == --socket ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--socket) i=$((i + 1)) ;;
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
		;;
	conn) [[ $COMP_CWORD -eq $((i + 2)) ]] && words="abort close" ;;
	top)
		words="-d -s --once --json --help"
		[[ $prev == -s ]] && words="t r c x i"
		;;
	trace)
		words="--last --next --list -f -p --fold --no-time --json --help"
		;;
	fault)
		words="port service"
		[[ $COMP_CWORD -gt $((i + 1)) ]] && words="stall slow-read half-open reset off"
		;;
	impair)
		case ${COMP_WORDS[i+1]-} in
		preset) words="wifi lte 3g satellite transatlantic lossy bufferbloat list" ;;
		set)
			words="in out both conn port service peer next delay loss duplicate
				corrupt reorder rate limit ecn silent seed for"
			;;
		script)
			words="-f"
			[[ $prev == -f ]] && mapfile -t COMPREPLY < <(compgen -f -- "$cur") && return
			;;
		esac
		[[ $COMP_CWORD -eq $((i + 1)) ]] && words="show set preset script clear undo"
		;;
	capture)
		case $((COMP_CWORD - i)) in
		1) words="start stop status" ;;
		*) [[ ${COMP_WORDS[i+1]} == start ]] &&
			words="--side --conn --port --snaplen --limit --rotate --files"
			[[ ${COMP_WORDS[i+1]} == stop ]] && words="all"
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
	explain) words="--last --json --help" ;;
	events)
		words="-f --follow -c --conn -N --next -p --port -t --type -n --count --json --help"
		[[ $prev == -t || $prev == --type ]] &&
			words="connectivity transport recovery impairment connection_
				packet_sent packet_received packet_dropped
				packet_lost metrics_updated soft_error"
		;;
	log) words="error warning info debug trace" ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _ustackctl ustackctl
