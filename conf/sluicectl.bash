# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Completion of sluicectl for bash: commands, what they take, names of what is there now, and values of keys. Install it as
# /usr/share/bash-completion/completions/sluicectl.

# _sluicectl_names rules|routes|inputs|outputs: prints the names that the module, or the daemon, knows, and of the module "all".
_sluicectl_names()
{
	[[ $1 == *puts ]] || echo all
	sluicectl show "$1" 2>/dev/null | awk 'NR > 1 { print $1 }'
}

# _sluicectl_pieces: prints names and GUIDs of the inputs and outputs of the configuration that runs.
_sluicectl_pieces()
{
	sluicectl get 2>/dev/null | awk '{ print $2; print $3 }'
}

# _sluicectl_keys inputs|outputs|'': prints their keys, with a `=` behind each.
_sluicectl_keys()
{
	sluicectl keys $1 2>/dev/null | sed -n "s/^${1:+$1\\.}\\([a-z].*\\)/\\1=/p" | grep -v ' '
}

# _sluicectl_named KIND: prints the names of its pieces (input, output) in the configuration that runs.
_sluicectl_named()
{
	sluicectl get 2>/dev/null | awk -v "kind=$1" '$1 == kind { print $2 }'
}

# _sluicectl_kind COMMAND WORD: prints `inputs` or `outputs`, where keys of such a piece follow the word; nothing: keys of the whole.
_sluicectl_kind()
{
	if [[ $1 == add ]]; then
		echo "${2}s"
	else
		sluicectl get 2>/dev/null | awk -v "word=$2" '$2 == word || $3 == word { print $1 "s"; exit }'
	fi
}

# _sluicectl_values KEY: prints what the key, by its whole name, may be, as far as it can be listed.
_sluicectl_values()
{
	local values
	case $1 in
	inputs.outputs) _sluicectl_named output && return ;;
	esac
	values=$(sluicectl keys "$1" 2>/dev/null | sed -n 's/^ *values: //p' | head -n 1)
	case $values in
	'the name of an interface') (cd /sys/class/net 2>/dev/null && printf '%s\n' *) ;;
	# Words stand for themselves; what has several says what it is.
	*) tr ',' '\n' <<<"$values" | sed -n 's/^ *\([a-z][a-z0-9-]*\) *$/\1/p' ;;
	esac
}

# _sluicectl_assigned: whether the word under the cursor is the value of a key; sets COMPREPLY then. Where `=` parts words, it is one
# itself.
_sluicectl_assigned()
{
	local current=${COMP_WORDS[COMP_CWORD]} key begin='' kind
	if [[ $current == = ]]; then
		key=${COMP_WORDS[COMP_CWORD - 1]} current=''
	elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then
		key=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $current == *=* ]]; then
		key=${current%%=*} current=${current#*=} begin=$key=
	else
		return 1
	fi
	kind=$(_sluicectl_kind "${COMP_WORDS[1]}" "${COMP_WORDS[2]}")
	mapfile -t COMPREPLY < <(compgen -P "$begin" -W "$(_sluicectl_values "${kind:+$kind.}$key")" -- "$current")
}

# _sluicectl: fills COMPREPLY for the word under the cursor.
_sluicectl()
{
	local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]:-} words=''
	COMPREPLY=()
	[[ ! $command =~ ^(set|add)$ ]] || ((COMP_CWORD < 3)) || ! _sluicectl_assigned || return 0
	if ((COMP_CWORD == 1)); then
		words=$(sluicectl help 2>/dev/null | awk '/^  [a-z]/ && !/\(not supported yet\)$/ { print $1 }')
	else
		case $command in
		check | apply | diff)
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$current")
			[[ $command != check || $current != -* ]] || words='-j --elsewhere --online --fill-ids'
			[[ $command != apply || $current != -* ]] || words='--adopt --drop --dry-run --no-wait --if-revision --confirm-within -j'
			;;
		init)
			case ${COMP_WORDS[COMP_CWORD - 1]} in
			--output)
				compopt -o filenames 2>/dev/null
				mapfile -t COMPREPLY < <(compgen -f -- "$current")
				;;
			--receiver) words=$(sluicectl keys outputs.receiver 2>/dev/null | sed -n 's/,//g; s/^ *values: //p') ;;
			--port | --to) ;;
			*) words='--port --to --receiver --output --force' ;;
			esac
			;;
		import)
			words='rinetd rsyslog syslog-ng socat'
			((COMP_CWORD == 2)) || compopt -o filenames 2>/dev/null
			((COMP_CWORD == 2)) || mapfile -t COMPREPLY < <(compgen -f -- "$current")
			((COMP_CWORD == 2)) || words=''
			;;
		top)
			case ${COMP_WORDS[COMP_CWORD - 1]} in
			--tab) words='overview inputs outputs streams store threads kernel events config' ;;
			--record | --replay)
				compopt -o filenames 2>/dev/null
				mapfile -t COMPREPLY < <(compgen -f -- "$current")
				;;
			--ssh) mapfile -t COMPREPLY < <(compgen -A hostname -- "$current") ;;
			*) words='--batch -j -n -d --tab --record --replay --ssh' ;;
			esac
			;;
		keys)
			words="-j $(sluicectl keys 2>/dev/null | grep '^[a-z]')"
			;;
		get | set | enable | disable)
			words='-j'
			[[ $command == get ]] || words+=' --dry-run --no-wait --if-revision --confirm-within'
			((COMP_CWORD > 2)) || words+=" $(_sluicectl_pieces)"
			((COMP_CWORD == 2)) || [[ $command == *able ]] ||
				words+=" $(sluicectl get "${COMP_WORDS[2]}" 2>/dev/null | awk '{ print $1 (cmd == "set" ? "=" : "") }' cmd="$command")"
			[[ $command != set ]] || compopt -o nospace 2>/dev/null
			;;
		history) words='-j' ;;
		save) words='--force' ;;
		health | version) words='-j' ;;
		unload) words='--within --drop' ;;
		doctor) words='--watch --list -j' ;;
		why) words="-j $(_sluicectl_pieces)" ;;
		commit) words='--dry-run --no-wait --confirm-within --adopt --drop -j' ;;
		rollback) words="--dry-run --no-wait --if-revision --confirm-within $(sluicectl history 2>/dev/null | awk 'NR > 1 { print $1 }')" ;;
		add)
			words='input output'
			((COMP_CWORD == 2)) || words="--dry-run --no-wait $(_sluicectl_keys "${COMP_WORDS[2]}s")"
			((COMP_CWORD == 2)) || compopt -o nospace 2>/dev/null
			;;
		show)
			case ${COMP_WORDS[COMP_CWORD - 1]} in
			-i | -n) ;;
			-o)
				# A column that there is not is refused with those that there are.
				words=$(sluicectl show "${COMP_WORDS[2]}" -o '?' 2>&1 >/dev/null | sed -n 's/^.*; there are: //p' | tr ',' ' ')
				;;
			*)
				words='-j -h -br -o -i -n'
				((COMP_CWORD > 2)) ||
					words+=' inputs outputs forwards streams store orphans threads cost daemon rules routes placement fields config defaults'
				((COMP_CWORD != 3)) || [[ ! ${COMP_WORDS[2]} =~ ^(inputs?|outputs?)$ ]] ||
					words+=" $(_sluicectl_named "${COMP_WORDS[2]%s}")"
				;;
			esac
			;;
		events)
			words='--class --count --backlog --once --list -j'
			case ${COMP_WORDS[COMP_CWORD - 1]} in
			--class) words=$(sluicectl events --list 2>/dev/null | awk 'NR > 1 { print $1; print $2 }' | sort -u) ;;
			--count) words='' ;;
			esac
			;;
		tap)
			case ${COMP_WORDS[COMP_CWORD - 1]} in
			-w | --output)
				compopt -o filenames 2>/dev/null
				mapfile -t COMPREPLY < <(compgen -f -- "$current")
				;;
			--port | --from | -c | --count | --rate) ;;
			*) words="--port --from -A -x -j -c --count --rate --backlog -w --output --interfaces $(_sluicectl_named input)" ;;
			esac
			;;
		spool)
			words='list check export repair'
			((COMP_CWORD == 2)) || mapfile -t COMPREPLY < <(compgen -d -- "$current")
			((COMP_CWORD == 2)) || words=''
			;;
		probe)
			case ${COMP_WORDS[COMP_CWORD - 1]} in
			--check)
				compopt -o filenames 2>/dev/null
				mapfile -t COMPREPLY < <(compgen -f -- "$current")
				;;
			--bytes) words='printable nasty' ;;
			--input) words=$(_sluicectl_names inputs) ;;
			--count | --size | --flows | --rate | --run | --wait | --to) ;;
			*)
				words='--input --count --size --bytes --flows --rate --run --wait --to --check --any-order -j'
				((COMP_CWORD > 2)) || words+=" $(_sluicectl_names outputs)"
				;;
			esac
			;;
		del)
			case $COMP_CWORD in
			2) words="rule route $(_sluicectl_pieces)" ;;
			3) [[ ${COMP_WORDS[2]} == r[uo][lu]* ]] && words=$(_sluicectl_names "${COMP_WORDS[2]}s") ;;
			esac
			;;
		*)
			# Of a command that has nothing of its own here: the options that help names.
			words=$(sluicectl help 2>/dev/null | awk -v "command=$command" '$1 == command' | grep -oE -- ' \[--?[a-z-]+' |
				tr -d ' [')
			;;
		esac
	fi
	[[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _sluicectl sluicectl
