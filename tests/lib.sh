# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the scenarios share. A scenario sources it, sets up three servers, and speaks of what a user sees:
# sent, received, lost, repeated. Runs in a virtual machine (root namespace is the middle server) or
# natively, where the middle server is a namespace too. Leaves nothing behind.

set -uo pipefail
# Natively /dev/shm is a scenario's own: rings that one leaves between two daemons are nobody's to adopt who runs beside it and
# has the same relay name.
if [ -z "${SLUICE_VM:-}${SLUICE_OWN_SHM:-}" ]; then
	export SLUICE_OWN_SHM=yes
	exec unshare --mount --propagation slave bash -c 'mount -t tmpfs -o mode=1777 shm /dev/shm && exec "$@"' - "$0" "$@"
fi
repository=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
export PATH=$repository/build:$repository/vm-images/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-test.XXXXXX")
config=$work/sluice.yaml
rings=/dev/shm/$(basename "$work")
relay_log=$work/sluiced.log
# For the ledger: daemons that were started, datagrams that receivers had in the end, daemons that were asked.
relays=0
arrived=0
ledgers=0
sink_log=$work/sink.log
source_kind=socket
namespace_prefix=''
if [ -n "${SLUICE_VM:-}" ]; then
	source_kind=kmod
else
	namespace_prefix=t$$-
fi
# The debug kernel is about ten times slower: the same test with a tenth of the datagrams.
scale=1
[ "${SLUICE_VM:-}" != debug ] || scale=10

# scaled NUMBER: prints the number, less on a slow kernel.
scaled()
{
	echo $(($1 / scale))
}

# short_or_long SHORT LONG: prints how much of something there is: LONG with `make test-all`, else SHORT.
short_or_long()
{
	if [ -n "${SLUICE_LONG:-}" ]; then echo "$2"; else echo "$1"; fi
}

# finish: ends what the scenario started. If the daemon runs, its views have to agree first (tests/ledger); on failure
# shows all that was counted, and the logs.
finish()
{
	local status=$? file
	trap - EXIT
	if [ $status -eq 0 ]; then
		ledger_check || status=1
	fi
	[ -z "${SLUICE_BATCH:-}" ] || [ $status -eq 0 ] || SLUICE_BATCH=''
	if [ $status -ne 0 ]; then
		ledger_tell
		for file in "$config" "$work"/*.log; do
			[ -s "$file" ] || continue
			echo "--- $(basename "$file")"
			tail -n 40 "$file"
		done
	fi
	# shellcheck disable=SC2046
	kill -KILL $(jobs -p) 2>/dev/null
	wait 2>/dev/null
	if [ -n "$namespace_prefix" ]; then
		three-servers --prefix "$namespace_prefix" --remove >/dev/null 2>&1
	else
		# The next scenario may run in the same machine: leave it as it was, with the network it needs.
		# Both programs; of a longer pattern pkill believes that it fits no name.
		pkill -KILL '^sluice(d|b)'
		[ -n "${SLUICE_BATCH:-}" ] || three-servers --remove >/dev/null 2>&1
		rmmod sluice 2>/dev/null
	fi
	# What a daemon that was killed noted of its outputs is called after its configuration.
	grep -lsF "$work/" /dev/shm/sluice/sluice-*-outputs.json* | xargs -r rm -f
	rm -rf "$work" "$rings"
	exit $status
}
trap finish EXIT

# fail SENTENCE: the scenario ends here.
fail()
{
	echo "FAILED: $*"
	exit 1
}

# preloaded NAME: sets `preload` to the library that a test puts under the daemon, or ends the scenario: without it nothing that
# it waits for would come.
preloaded()
{
	preload=$repository/build/$1.so
	[ -f "$preload" ] || fail "$preload is not there: \`make scenario\` builds it"
}

# expect WHAT ACTUAL OPERATOR WANTED: compares numbers (-eq, -ge, ...) or strings (=), says so, fails if wrong.
expect()
{
	if test "$2" "$3" "$4"; then
		echo "as wished: $1: $2 ($3 $4)"
	else
		fail "$1: $2, wished $3 $4"
	fi
}

# pause SECONDS: waits. No process is needed for that, and in an emulated machine those are what takes the time: nobody
# ever writes to this pipe.
mkfifo "$work/never"
exec {never}<>"$work/never"
pause()
{
	read -r -t "$1" -u "$never"
	return 0
}

# eventually SECONDS COMMAND...: tries until it succeeds or the time is over.
eventually()
{
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $deadline ] || return 1
		pause 0.2
	done
}

# has_line FILE PREFIX: true when a line of the file begins so.
has_line()
{
	[[ $'\n'$(<"$1") == *$'\n'"$2"* ]]
}

# servers_up [ARGUMENT...]: the three servers; arguments go to three-servers.
servers_up()
{
	if [ -n "$namespace_prefix" ]; then
		three-servers --prefix "$namespace_prefix" --quiet "$@" || fail "no test network"
	else
		modprobe sluice || fail "the module does not load"
		[ ! -e /run/netns/third ] || keep_counts sender snmp snmp6
		[ -e /run/netns/third ] || three-servers --quiet "$@" || fail "no test network"
		keep_counts middle snmp snmp6 dev
	fi
	keep_counts middle softnet_stat
}

# keep_counts SERVER FILE...: keeps what the kernel has counted there so far, for the ledger. In a network that was made for
# this scenario that is nothing but softnet_stat, which is the machine's.
keep_counts()
{
	local server=$1 file text
	shift
	mkdir -p "$work/before"
	if [ "$server" = sender ]; then
		on sender cat "${@/#//proc/net/}" >"$work/before/sender"
		return
	fi
	for file in "$@"; do
		# No process: in an emulated machine those are what takes the time.
		IFS= read -r -d '' text <"/proc/net/$file"
		printf '%s\n' "$text" >>"$work/before/middle"
	done
}

# on_ledger COMMAND [ARGUMENT...]: tests/ledger, where the daemon is. What a scenario with sends_raw=yes sends, by a raw socket,
# the sender's UDP does not count.
on_ledger()
{
	local command=$1
	shift
	[ -n "${sends_raw:-}" ] || [ ! -e "/run/netns/${namespace_prefix}sender" ] || set -- --sender "${namespace_prefix}sender" "$@"
	on middle timeout 60 python3 "$repository/tests/ledger/main.py" "$command" --before "$work/before" "$@"
}

# relay_runs: true when the daemon whose process id is in `relay` runs.
relay_runs()
{
	local line=''
	[ -z "${relay:-}" ] || read -r line 2>/dev/null <"/proc/$relay/stat"
	[[ $line == *'(sluiced) '[!Z]* ]]
}

# ledger_check: with a daemon that relay_start started and that runs, all of its views agree with each other and with what was
# sent; or the scenario says why not: ledger='REASON'. It is asked at least once in each scenario, before relay_stop or at the end.
ledger_check()
{
	local arguments=()
	# There Python takes many seconds to start; what it would compare is the same with the other kernels.
	[ "${SLUICE_VM:-}" != debug ] || : "${ledger:=the debug kernel is too slow for it}"
	if [ -n "${ledger:-}" ]; then
		echo "ledger: not asked: $ledger"
		return 0
	fi
	if ! relay_runs; then
		[ "$ledgers" -eq 0 ] || return 0
		echo "ledger: no daemon was asked: end it with relay_stop, or say why not (ledger='REASON')"
		return 1
	fi
	ledgers=$((ledgers + 1))
	[ "$relays" -ne 1 ] || arguments+=(--fresh)
	# In an emulated machine starting programs is what takes the time; the tables are the same program as outside of it.
	[ -z "${SLUICE_VM:-}" ] || arguments+=(--no-tables)
	on_ledger check --pid "$relay" --log "$relay_log" --arrived "$arrived" "${arguments[@]}"
}

# ledger_tell: prints what was counted on the way, from the sender to the receiver, and what was lost before sluice and in it.
ledger_tell()
{
	local file
	[ -e "/run/netns/${namespace_prefix}third" ] || return
	echo "--- what was counted"
	on_ledger tell
	for file in "$work"/*.log; do
		[ ! -s "$file" ] || sed -n "s|^RESULT|$(basename "$file"): RESULT|p" "$file"
	done
}

# on SERVER COMMAND...: runs a command on the sender, the middle server or the third.
on()
{
	local server=$1
	shift
	if [ "$server" = middle ] && [ -z "$namespace_prefix" ]; then
		"$@"
	else
		ip netns exec "$namespace_prefix$server" "$@"
	fi
}

# in_background SERVER COMMAND...: the same to be put in the background: $! is then the command itself, not a shell.
in_background()
{
	local server=$1
	shift
	# Without `&` the scenario itself would become the command, and end with its status.
	[ "$BASHPID" -ne $$ ] || fail "in_background without &: $*"
	if [ "$server" = middle ] && [ -z "$namespace_prefix" ]; then
		exec "$@"
	else
		exec ip netns exec "$namespace_prefix$server" "$@"
	fi
}

# configure [key=value...]: writes the configuration. Keys: port, framing, to, verdict, extra_input (a line of
# YAML for the input), extra_output, memory, source, delay; disk (a directory), disk_size, disk_rate, drain.
configure()
{
	local port=5000 framing=native to='[10.9.1.2:6000]' verdict=steal extra_input='' extra_output=''
	local memory=16m source=$source_kind delay=auto disk='' disk_size=64m disk_rate=1g drain=newest drop=newest readers='' pair
	for pair in "$@"; do
		local "${pair%%=*}=${pair#*=}"
	done
	cat >"$config" <<-YAML
		relay: middle
		${readers:+"socket: {readers: $readers}"}
		inputs:
		  - id: 0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0001
		    name: telemetry
		    port: $port
		    source: $source
		    verdict: $verdict
		    outputs: [collector]
		    $extra_input
		outputs:
		  - id: 0b0e5a1c-6f0e-4d8e-9a55-2f6b9f6a0002
		    name: collector
		    to: $to
		    framing: $framing
		    batch: {bytes: 256k, delay: $delay}
		    reconnect: {min: 50ms, max: 500ms}
		    $extra_output
		store:
		  memory: {size: $memory, path: $rings}
	YAML
	[ -z "$disk" ] || printf '  disk: {path: %s, size: %s, rate: %s, alarm: 50%%}\n  drain: %s\n  drop: %s\n' \
		"$disk" "$disk_size" "$disk_rate" "$drain" "$drop" >>"$config"
	[ "$verdict" != steal ] || [ "$source" != socket ] || sed -i '/verdict:/d' "$config"
}

# relay_is_up: true when the daemon answers.
relay_is_up()
{
	on middle sluicectl show inputs >/dev/null 2>&1
}

# relay_start [ARGUMENT...]: starts the daemon in the foreground of a background job; waits until it answers.
relay_start()
{
	in_background middle sluiced -c "$config" "$@" >>"$relay_log" 2>&1 &
	relay=$!
	relays=$((relays + 1))
	eventually 90 relay_is_up || fail "the daemon does not answer"
}

# relay_stop [SIGNAL]: ends the daemon and waits for it; sets relay_status. Before an orderly end all of its views have to agree.
relay_stop()
{
	[ -n "${1:-}" ] || ledger_check || fail "views disagree, or the daemon had ended before"
	kill "-${1:-TERM}" "$relay"
	wait "$relay"
	# shellcheck disable=SC2034
	relay_status=$?
}

# sink_start [ARGUMENT...]: a receiver of numbered datagrams on the third server. What --idle says is for a machine of
# ordinary speed: on the debug kernel, where starting a program takes seconds, it is longer. Once as many as --sent says
# are there it ends soon, but not at once, to see what comes twice.
sink_start()
{
	local argument arguments=() previous=''
	for argument in "$@"; do
		[ "$previous" != --idle ] || [ "$scale" -eq 1 ] || argument=$((argument * 4))
		[ "$previous" != --sent ] || arguments+=("$argument" --settle 2 --expect)
		arguments+=("$argument")
		previous=$argument
	done
	# Emptied here: in the background it may still tell of an earlier sink when we look.
	: >"$sink_log"
	in_background third sluicebench sink --listen 6000 "${arguments[@]}" >>"$sink_log" 2>&1 &
	sink=$!
	eventually 60 has_line "$sink_log" 'sink: listening' || fail "the sink does not listen"
}

# generate [ARGUMENT...]: numbered datagrams from the sender to the middle server; prints the RESULT line.
generate()
{
	local line
	line=$(on sender sluicebench gen --to 10.9.0.1:5000 "$@" 2>>"$work/gen.log")
	echo "${line##*$'\n'}" >>"$work/gen.log"
	echo "${line##*$'\n'}"
}

# stored: prints how many datagrams all inputs have stored.
stored()
{
	on middle sluicectl show inputs -j | jq '[.[].stored] | add // 0'
}

# have_stored NUMBER: true when they have stored so many.
have_stored()
{
	[ "$(stored)" -ge "$1" ]
}

# generate_stored COUNT [ARGUMENT...]: sends so many, and waits until the daemon or the module has stored them: what SIGKILL
# finds in a socket's own buffer is lost.
generate_stored()
{
	local count=$1 before
	shift
	before=$(stored)
	generate --count "$count" "$@" >/dev/null
	eventually 30 have_stored $((before + count)) || fail "not all of $count datagrams are stored: $before before, $(stored) now"
}

# value KEY LINE: prints the value of key=value in a line.
value()
{
	[[ " $2 " =~ [[:space:]]$1=([^[:space:]]*) ]] && echo "${BASH_REMATCH[1]}"
}

# has_result FILE: true when the line that begins with RESULT is there to its end. What a program prints comes in pieces.
has_result()
{
	has_line "$1" RESULT && [ -z "$(tail -c 1 "$1")" ]
}

# sink_result: waits for the sink's end, whose last line is its RESULT, and prints that. (Not with wait: this runs
# in a subshell of the shell whose child the sink is.)
sink_result()
{
	local text=''
	eventually 400 has_result "$sink_log" || echo "the sink does not end" >&2
	text=$'\n'$(<"$sink_log")
	[[ $text != *$'\n'RESULT* ]] || echo "RESULT${text##*$'\n'RESULT}"
}

# sink_stop: asks the sink for its result now.
sink_stop()
{
	kill -TERM "$sink"
	sink_result
}

# everything_arrived SENT RESULT: the sink's RESULT line tells of SENT datagrams, each once and undamaged.
everything_arrived()
{
	expect "received" "$(value received "$2")" -eq "$1"
	expect "missing" "$(value missing "$2")" -eq 0
	expect "repeated" "$(value repeated "$2")" -eq 0
	expect "damaged" "$(value damaged "$2")" -eq 0
	expect "told of as lost" "$(value gap_datagrams "$2")" -eq 0
	arrived=$((arrived + $1))
}
