# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# How a test is run and judged; for tests/run, which says when. A test's output goes to $results/NAME.log, its verdict as a line to
# the terminal and to $results/passed or $results/failed. `search`, from tests/run: an option of vm-images/run for the machines in
# which nothing looks for memory leaks.
: "${results:?}" "${search?}"

# scenario_file NAME: prints the script of a scenario.
scenario_file()
{
	local file
	[ "$1" != kunit/all ] || set -- kunit
	for file in "tests/$1" "tests/scenarios/$1" "tests/fault/$1" "tests/kmod-smoke/$1" "tests/vm-selftest/$1"; do
		[ -f "$file" ] && [ -x "$file" ] && echo "$file" && return
	done
	return 1
}

# run_one NAME: runs one test; its output goes to standard output, its verdict is the status.
run_one()
{
	local name=$1 scenario machine limit file extra
	case $name in
	unit/*)
		tests/run-unit "build/unit/${name#unit/}"
		;;
	*)
		scenario=${name%%@*} machine=${name#*@}
		file=$(scenario_file "$scenario") || return 1
		limit=$(sed -n 's/^# limit: //p' "$file")
		if [ "$machine" = native ]; then
			timeout -k 10 "${limit:-400}" "$file"
		else
			mapfile -t extra < <(sed -nE 's/^# system: yes$/--system/p; s/^# nodes: ([0-9]+)$/--nodes\n\1/p' "$file")
			vm-images/run --kernel "${machine%/*}" --nic "${machine#*/}" --smp 2 "${extra[@]}" \
				--timeout "${limit:-400}" -- "$PWD/$file"
		fi
		;;
	esac
}

# timed NAME COMMAND...: runs a command, its errors where its output goes, and notes in $results/times what it took: seconds by the
# clock, of processors in user space and in the kernel.
timed()
{
	local name=$1 status took TIMEFORMAT='%R %U %S'
	shift
	{ took=$({ time "$@" >&3 2>&3 </dev/null 3>&-; } 2>&1); status=$?; } 3>&1
	echo "$name $took" >>"$results/times"
	return $status
}

# report NAME STATUS SECONDS LOG: prints a test's line and, if it failed, what it said.
report()
{
	exec 9>"$results/.print"
	flock 9
	if [ "$2" -eq 0 ]; then
		printf 'ok   %-60s %4d s\n' "$1" "$3"
		echo "$1" >>"$results/passed"
	else
		printf 'FAIL %-60s %4d s  (status %d, %s)\n' "$1" "$3" "$2" "$4"
		tail -n 60 "$4" | sed 's/^/     /'
		echo "$1" >>"$results/failed"
	fi
	flock -u 9
}

# judge_together LOT NAME...: runs scenarios one after the other in one machine; LOT names its log. One that never ends
# takes the machine with it: those behind it get another.
judge_together()
{
	local lot=$1 log=$results/$1.log arguments=() name file machine status seconds left=()
	shift
	case $lot in
	debug-watched) arguments=(--kernel debug --nic veth ${search:+"$search"}) ;;
	debug-*) arguments=(--kernel debug --nic veth) ;;
	*) machine=${1#*@} && arguments=(--kernel "${machine%/*}" --nic "${machine#*/}") ;;
	esac
	while [ $# -gt 0 ]; do
		left=()
		for name in "$@"; do
			left+=("$PWD/$(scenario_file "${name%%@*}")")
		done
		timed "$lot" vm-images/run "${arguments[@]}" --smp 2 --timeout 2400 -- \
			env ${SLUICE_LONG:+SLUICE_LONG=yes} "$PWD/tests/batch" "${left[@]}" >"$log"
		machine=$?
		left=()
		for name in "$@"; do
			file=$(basename "$(scenario_file "${name%%@*}")")
			# tests/batch closes each scenario's output with a line "@@ NAME STATUS SECONDS".
			status='' seconds=''
			read -r status seconds < <(sed -n "s/^@@ $file //p" "$log")
			sed -n "/^@@ begin $file\$/,/^@@ $file /p" "$log" >"$results/$(tr / _ <<<"$name").log"
			if [ $machine -ge 97 ]; then
				report "$name" $machine "${seconds:-0}" "$log"
			elif [ -z "$status" ] && [ "$name" != "$1" ]; then
				left+=("$name")
			else
				report "$name" "${status:-1}" "${seconds:-0}" "$results/$(tr / _ <<<"$name").log"
			fi
		done
		set -- "${left[@]}"
	done
}

# judge NAME: runs one test, keeps its output, prints its line and, if it failed, what it said.
judge()
{
	local name=$1 log began=$SECONDS status
	log=$results/$(tr / _ <<<"$name").log
	timed "$name" run_one "$name" >"$log"
	status=$?
	report "$name" $status $((SECONDS - began)) "$log"
}
