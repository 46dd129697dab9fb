# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the scenarios of `sluicectl doctor` share, behind lib.sh: two samples with a command between them, and what was found.

said=$work/doctor.json

# watch SECONDS COMMAND...: runs the command between the two samples of the doctor.
watch()
{
	local seconds=$1 doctor
	shift
	in_background middle sluicectl doctor --watch "${seconds}s" -j >"$said" 2>"$work/doctor.err" &
	doctor=$!
	# 230 is clock_nanosleep: the first sample is taken.
	eventually 30 grep -q '^230 ' "/proc/$doctor/syscall" || fail 'the doctor does not watch'
	"$@"
	kill -0 "$doctor" 2>/dev/null || fail "the watch of $seconds s was over before that which it should see"
	wait "$doctor"
	status=$?
	[ ! -s "$work/doctor.err" ] || fail "doctor: $(cat "$work/doctor.err")"
}

# finding CHECK: prints its first finding as JSON.
finding()
{
	jq -c --arg check "$1" '[.findings[] | select(.check == $check)][0] // empty' "$said"
}

# tells CHECK FILTER: there is a finding, of which jq's filter is true.
tells()
{
	# Of nothing jq says that all is true.
	[ -n "$(finding "$1")" ] && jq -e "$2" <<<"$(finding "$1")" >/dev/null || { jq . "$said"; fail "no finding $1 with $2: $(finding "$1")"; }
	echo "as wished: $1: $(finding "$1" | jq -r .text | cut -c1-110)"
}

# silent CHECK...: there is no finding of these.
silent()
{
	local check
	for check in "$@"; do
		[ -z "$(finding "$check")" ] || fail "found without a reason: $(finding "$check")"
	done
	echo "as wished: silent: $*"
}

# counter FILE TABLE NAME: the figure that the kernel has, in the middle server.
counter()
{
	on middle awk -v table="$2:" -v name="$3" '$1 == table { if (!column) { for (at = 2; at <= NF; at++) if ($at == name) column = at }
		else { print $column; exit } }' "/proc/net/$1"
}

# softnet_dropped: packets that all CPUs dropped because their queue was full.
softnet_dropped()
{
	local line sum=0
	while read -r _ line _; do
		sum=$((sum + 0x$line))
	done </proc/net/softnet_stat
	echo "$sum"
}
