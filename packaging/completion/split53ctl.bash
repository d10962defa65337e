# SPDX-License-Identifier: ISC
# Completion of split53ctl for bash: /usr/share/bash-completion/completions/split53ctl
_split53ctl() {
	local verbs='status health ready top explain upstreams upstream recursing flush flushname flushtree dumpdb stats reset-stats
		querylog responselog trace notrace serve-stale reload reconfig showconf stop halt null help'
	local options='-s -p -k -y -c -j -q -h --json --help --version'
	local word=${COMP_WORDS[COMP_CWORD]} verb='' i

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s | -p | -k | -y | -c) ((i++)) ;;
		-*) ;;
		*)
			verb=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	if [ -z "$verb" ]; then
		case ${COMP_WORDS[COMP_CWORD - 1]} in
		-k | -c) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
		-s) mapfile -t COMPREPLY < <(compgen -G '/run/split53/control*' | grep -F -- "$word") ;;
		-p | -y) ;;
		*)
			case $word in
			-*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
			*) mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word") ;;
			esac
			;;
		esac
		return
	fi
	local values=''
	case $verb/$((COMP_CWORD - i)) in
	querylog/1 | responselog/1) values='on off' ;;
	serve-stale/1) values='on off reset status' ;;
	dumpdb/1) values='-all -cache -zones' ;;
	stop/1 | halt/1) values='-p' ;;
	top/1 | top/3) values='-n -d' ;;
	upstream/1) values=$(split53ctl upstreams 2>/dev/null | awk 'NR > 1 { print $1 }') ;;
	upstream/2) values='up down auto' ;;
	explain/2) values='A AAAA CNAME MX NS PTR SOA SRV TXT HTTPS' ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
}
complete -F _split53ctl split53ctl
