# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Which test runs when and beside which; for tests/run, which says what tests there are. tests/verdict.sh
# runs and judges them.
#
# A test on this machine waits most of its time; an emulated machine computes most of its time. So both run
# side by side: as many machines at a time as there are processors, and beside them tests on this machine,
# until twice as many tests run as there are processors. What takes longest begins first. All have the same
# priority: in a machine of a lower one, programs take too long to start while some test here keeps both
# processors busy. Kernels that are not there yet are made meanwhile, each in the place of a machine.
: "${results:?}" "${jobs:?}"

# lot_of NAME TURN: prints the lot that a test belongs to: what shares a machine; nothing: it has one of its own,
# or none. Those of the stock kernel with the usual cards are in two lots, as there are two processors.
lot_of()
{
	local file
	file=$(scenario_file "${1%%@*}")
	case $1 in
	kunit/*) echo debug-searched ;;
	*@*/*) ! grep -Eq '^# (system: yes|nodes: )' "$file" || return 0 ;;&
	*@debug/*) if grep -q '^# leaks: yes' "$file"; then echo debug-searched; else echo debug-watched; fi ;;
	*@native | unit/*) ;;
	*@6.1/igb) echo "6.1-igb-$2" ;;
	*@*) tr / - <<<"${1#*@}" ;;
	esac
}

# needs_of NAME: prints what has to be made before a test: kernels, and "system". What a test on this machine
# needs stands in its head: "# needs: 6.1".
needs_of()
{
	local file
	file=$(scenario_file "${1%%@*}")
	case $1 in
	kunit/*) echo debug ;;
	*@native) sed -n 's/^# needs: //p' "$file" ;;
	*@*/*) sed 's/.*@\(.*\)\/.*/\1/' <<<"$1" && sed -n 's/^# system: yes/system/p' "$file" ;;
	esac
}

# seconds_of NAME: prints how long a test by itself takes, where its head says so ("takes: 60"): those that
# take more than 20 s do.
seconds_of()
{
	local file
	case $1 in
	unit/*) file=tests/$1.c ;;
	*) file=$(scenario_file "${1%%@*}") ;;
	esac
	sed -nE 's/^(#| \*) takes: ([0-9]+)$/\2/p' "$file"
}

# plan NAME...: fills `items` with what runs as one, the longest first, and `needs` with what has to be made
# before it. An item is "LOT NAME..." for tests that share a machine, "- NAME" for one by itself.
plan()
{
	local name lot turn=0 alone=() lots_in_order=(debug-watched debug-searched) seconds need item
	local -A lots=()
	for name in "$@"; do
		lot=$(lot_of "$name" $((turn % 2)))
		case $lot in
		'')
			seconds=$(seconds_of "$name")
			alone+=("${seconds:-10} $name")
			continue
			;;
		6.1-igb-*) turn=$((turn + 1)) ;;
		esac
		[[ -n ${lots[$lot]+known} || $lot == debug-* ]] || lots_in_order+=("$lot")
		lots[$lot]+=" $name"
	done
	items=()
	for lot in "${lots_in_order[@]}"; do
		[ -z "${lots[$lot]:-}" ] || items+=("$lot${lots[$lot]}")
	done
	while read -r seconds name; do
		items+=("- $name")
	done < <(printf '%s\n' "${alone[@]}" | sed '/^$/d' | sort -s -k 1,1nr)
	needs=()
	for item in "${items[@]}"; do
		read -r lot name _ <<<"$item"
		for need in $(needs_of "$name"); do
			needs[$item]+="$need "
		done
	done
}

# make_ready NEED: makes a kernel that is not in the cache, and the module for it; or the Debian of
# vm-images/run --system. Says how it went in the file $results/ready-NEED.
make_ready()
{
	local log=$results/make-$1.log
	: >"$log"
	# The first two say on the terminal what takes them long.
	if [ "$1" = system ]; then
		vm-images/system-dir >/dev/null
	else
		vm-images/kernel-dir "$1" >/dev/null &&
			env -u MAKEFLAGS make --no-print-directory -s kmod KERNEL="$1" >"$log" 2>&1
	fi
	echo $? >"$results/.ready-$1"
	if [ "$(<"$results/.ready-$1")" -ne 0 ]; then
		tail -n 20 "$log"
		echo "tests: \"$1\", which tests need, cannot be made, see above and $log"
	fi
	mv "$results/.ready-$1" "$results/ready-$1"
}

# are_ready NEED...: true when all of these have been made, or cannot be made.
are_ready()
{
	local need
	for need in "$@"; do
		[ -e "$results/ready-$need" ] || return 1
	done
}

# are_there NEED...: true when all of these have been made.
are_there()
{
	local need
	for need in "$@"; do
		[ "$(<"$results/ready-$need")" -eq 0 ] || return 1
	done
}

# start_item LOT NAME...: runs an item and judges its tests; without what they need they fail.
start_item()
{
	local lot=$1 name
	shift
	# Words on purpose.
	# shellcheck disable=SC2086
	if ! are_there ${needs[$lot $*]:-}; then
		for name in "$@"; do
			report "$name" 99 0 /dev/null
		done
	elif [ "$lot" = - ]; then
		judge "$1"
	else
		judge_together "$lot" "$@"
	fi
}

# is_native ITEM: true for what is judged on this machine.
is_native()
{
	[[ $1 == '- unit/'* || $1 == '- '*@native ]]
}

# has_place ITEM: true when few enough others run. A kernel that is being made takes the place of a machine.
has_place()
{
	[ $((machines + natives)) -lt $((2 * jobs)) ] || return 1
	is_native "$1" || [ $((machines + makers)) -lt "$jobs" ]
}

# count_running: sets machines, natives and makers from `kinds`, which has the kind of each process that was
# started, by its number; forgets those that have ended.
count_running()
{
	local process
	machines=0 natives=0 makers=0
	for process in "${!kinds[@]}"; do
		if ! kill -0 "$process" 2>/dev/null; then
			unset "kinds[$process]"
			continue
		fi
		case ${kinds[$process]} in
		machine) machines=$((machines + 1)) ;;
		native) natives=$((natives + 1)) ;;
		maker) makers=$((makers + 1)) ;;
		esac
	done
}

# start_next: starts the first item of `left` that has a place and what it needs; false when there is none.
start_next()
{
	local place item
	for place in "${!left[@]}"; do
		item=${left[place]}
		# Words on purpose.
		# shellcheck disable=SC2086
		if has_place "$item" && are_ready ${needs[$item]:-}; then
			start_item $item &
			kinds[$!]=machine
			! is_native "$item" || kinds[$!]=native
			unset "left[place]"
			return 0
		fi
	done
	return 1
}

# work: runs and judges all `items`.
work()
{
	local need machines natives makers left=("${items[@]}")
	local -A kinds=()
	rm -f "$results"/ready-*
	for need in $(printf '%s\n' "${needs[@]}" | tr ' ' '\n' | sort -u); do
		make_ready "$need" &
		kinds[$!]=maker
	done
	while [ ${#left[@]} -gt 0 ]; do
		count_running
		start_next || sleep 0.3
	done
	wait
}
