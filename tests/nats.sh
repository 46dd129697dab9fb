# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# nats-server for scenarios: one, or a cluster of three, on the third server, with JetStream in the scenario's own directory. Sourced
# behind tests/lib.sh.

nats_servers=1
nats_settings=''
declare -A nats_pid

# nats_start NUMBER: starts server NUMBER at port 4221 + NUMBER, and waits until it answers.
nats_start()
{
	local number=$1 other routes='' cluster=''
	if [ "$nats_servers" -gt 1 ]; then
		for other in $(seq "$nats_servers"); do
			routes+="${routes:+, }\"nats-route://10.9.1.2:$((6220 + other))\""
		done
		cluster="cluster { name: c, listen: \"10.9.1.2:$((6220 + number))\", routes: [ $routes ] }"
	fi
	cat >"$work/nats$number.conf" <<CONF
server_name: n$number
listen: 10.9.1.2:$((4221 + number))
jetstream { store_dir: "$work/js$number" }
$cluster
$nats_settings
CONF
	in_background third nats-server -c "$work/nats$number.conf" >>"$work/nats$number.out" 2>&1 &
	nats_pid[$number]=$!
	eventually 20 on third sh -c "ss -Hltn 'sport = :$((4221 + number))' | grep -q ." || fail "nats-server $number does not listen: $(tail -3 "$work/nats$number.out")"
}

# nats_kill NUMBER: kills it (-9).
nats_kill()
{
	kill -KILL "${nats_pid[$1]}"
	wait "${nats_pid[$1]}" 2>/dev/null
}

# nats_freeze NUMBER, nats_thaw NUMBER: it stands still, and goes on.
nats_freeze()
{
	kill -STOP "${nats_pid[$1]}"
}
nats_thaw()
{
	kill -CONT "${nats_pid[$1]}"
}

# nats COMMAND...: the client of tests/nats.py on the third server.
nats()
{
	local number servers=''
	for number in $(seq "$nats_servers"); do
		servers+=",10.9.1.2:$((4221 + number))"
	done
	on third timeout 120 python3 "$repository/tests/nats.py" "${nats_login:-}${servers#,}" "$@"
}

# nats_has STREAM COUNT: true when it has so many messages.
nats_has()
{
	[ "$(nats count "$1")" -eq "$2" ]
}

# nats_gaps STREAM: how many datagrams its gaps tell of.
nats_gaps()
{
	nats read "$1" | jq -r 'select(.headers."Sluice-Kind" == "gap").headers."Sluice-Lost"' | awk '{sum += $1} END {print sum + 0}'
}

# nats_is_whole STREAM LAST: true when each datagram from 1 to LAST is there, or told of by a gap.
nats_is_whole()
{
	local found
	found=$(nats check "$1" 1 "$2") || return 1
	[ "$(sed 's/.*missing=\([0-9]*\).*/\1/' <<<"$found")" -eq "$(sed 's/.*gaps=\([0-9]*\).*/\1/' <<<"$found")" ]
}
