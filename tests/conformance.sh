# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What every source of datagrams must do, written once. A scenario for a source (C1-conformance-of-*) says what it is called, and
# what it cannot do and why, and calls conformance:
#
#   . tests/lib.sh; . tests/conformance.sh
#   source=afpacket
#   cannot[kept]='why'
#   conformance
#
# What a source cannot do is printed with its reason; nothing is left out without one:
#
#   cannot[kept]      what is stored when a daemon is killed is delivered by the next one
#   cannot[waits]     STATE says that an interface is waited for
#   cannot[exact]     a loss behind the source's own ring is counted to the datagram
#
# Every count is of all datagrams that were sent, stored or told of as lost, and none may be counted twice. Where a machine is slow:
#
#   flood             datagrams of 1,400 bytes that its ring does not hold, 60,000 unless told otherwise

declare -A cannot
source=none flood=60000

# figure INPUT EXPRESSION: prints a figure of an input, as jq finds it.
figure()
{
	local text attempt
	# Where the machine is slow the daemon says that it is busy with another answer.
	for ((attempt = 0; attempt < 50; attempt++)); do
		text=$(on middle sluicectl show inputs -j 2>/dev/null) && break
		pause 0.2
	done
	jq -r ".[] | select(.name == \"$1\") | $2" <<<"$text"
}

# all INPUT: prints how many datagrams of an input are stored or told of as lost.
all()
{
	figure "$1" '.stored + (.lost | add // 0)'
}

# has INPUT NUMBER: true when so many are.
has()
{
	[ "$(all "$1")" -ge "$2" ]
}

# begins INPUT WORD: true when its state begins so.
begins()
{
	[[ $(figure "$1" .state) == "$2"* ]]
}

# exactly WHAT INPUT NUMBER: expects that so many are counted in the end, and no more.
exactly()
{
	eventually 30 has "$2" "$3" || fail "$1: $(all "$2") of $3: $(on middle sluicectl show inputs)"
	pause 0.3
	expect "$1" "$(all "$2")" -eq "$3"
}

# send ADDRESS FIRST PORTS COUNT SIZE [PAUSE]: the sender sends so many datagrams of so many bytes, to that many ports from FIRST on
# in turn, with so many seconds after every 20 of them.
send()
{
	on sender python3 -c '
import socket, sys, time
address, first, ports, count, size, pause = sys.argv[1], *map(int, sys.argv[2:6]), float(sys.argv[6])
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(count):
    one.sendto((b"%d %d " % (size, number)).ljust(size, b"x")[:size], (address, first + number % ports))
    if pause and number % 20 == 19:
        time.sleep(pause)
' "${@:1:5}" "${6:-0.002}"
}

# cannot_do WORD WHAT: true, and the reason is printed, when this source cannot do that.
cannot_do()
{
	[ -n "${cannot[$1]:-}" ] || return 1
	echo "$source cannot: $2: ${cannot[$1]}"
}

# inputs LINE...: writes the configuration, with these inputs more.
inputs()
{
	cat >"$config" <<YAML
relay: middle
inputs:
  - {name: range, port: 5000-5003, source: $source, $keys interface: eth0, outputs: [collector]}
  - {name: other, port: [5010, 5011], source: $source, $keys interface: eth0, outputs: [second]}
  - {name: later, port: 5000, source: $source, $keys interface: later9, outputs: [second]}
$([ $# -eq 0 ] || printf '  - %s\n' "$@")
outputs:
  - {name: collector, to: "10.9.1.2:6000", framing: length32}
  - {name: second, to: "10.9.1.2:6001", framing: length32}
store: {memory: {size: 32m}}
YAML
}

# collect PORT NAME: the third server keeps what comes to a port, each connection in a file of $work/NAME.
collect()
{
	mkdir -p "$work/$2"
	in_background third socat -u "TCP-LISTEN:$1,reuseaddr,fork" "SYSTEM:exec cat >$work/$2/\$\$" &
}

# distinct NAME: prints how many frames of length32 there are in what was collected, and how many different ones.
distinct()
{
	python3 -c '
import pathlib, struct, sys
found = []
for file in pathlib.Path(sys.argv[1]).iterdir():
    data, at = file.read_bytes(), 0
    while at + 4 <= len(data):
        size = struct.unpack(">I", data[at:at + 4])[0]
        if at + 4 + size > len(data):
            break
        found.append(data[at + 4:at + 4 + size])
        at += 4 + size
print(len(found), len(set(found)))
' "$work/$1"
}

# frames NAME NUMBER: true when so many frames are there.
frames()
{
	[ "$(distinct "$1" | cut -d' ' -f1)" -ge "$2" ]
}

# late_start: what was sent before the daemon is nobody's; from when it says so all is.
late_start()
{
	send 10.9.0.1 5000 4 200 50 0
	relay_start
	eventually 30 begins range active || fail "nothing is taken: $(on middle sluicectl show inputs)"
	pause 0.3
	expect "of what came before the start" "$(all range)" -eq 0
	send 10.9.0.1 5000 4 4000 100
	exactly "of a range of ports" range 4000
	expect "of another input" "$(all other)" -eq 0
}

# sizes: each size is one datagram, in fragments where it is long, and all of its bytes arrive.
sizes()
{
	local size bytes=0 count=0
	for size in 0 1 100 1472 1473 9000 65507; do
		send 10.9.0.1 5010 2 20 $size
		bytes=$((bytes + 20 * size)) count=$((count + 20))
		exactly "of $size bytes" other $count
	done
	expect "bytes of all sizes" "$(figure other .stored_bytes)" -eq $bytes
	eventually 30 frames second $count || fail "$(distinct second) of $count arrived"
	# Those of no bytes are one text, and so are those of one.
	expect "frames, and different ones" "$(distinct second)" = "$count $((count - 38))"
}

# losses: while the daemon stands still its source runs full; what is not stored is told of, one by one.
losses()
{
	local before
	before=$(all range)
	kill -STOP "$relay"
	send 10.9.0.1 5000 4 "$flood" 1400 0
	kill -CONT "$relay"
	if cannot_do exact 'a loss behind its ring is counted to the datagram'; then
		eventually 30 has range $((before + 1000)) || fail "nothing is counted"
		return
	fi
	exactly "while the daemon stood still, stored and told of as lost" range $((before + flood))
	expect "of those lost" "$(figure range '.lost | add')" -gt 0
}

# live: inputs come, change and go while another one receives, which misses nothing.
live()
{
	local before before_more sender
	before=$(all range)
	send 10.9.0.1 5000 4 8000 100 0.01 &
	sender=$!
	inputs '{name: more, port: 5020-5023, source: '"$source, $keys"' interface: eth0, outputs: [second]}'
	on middle sluicectl apply "$config" >"$work/said" 2>&1 || fail "a new input is refused: $(cat "$work/said")"
	eventually 30 begins more active || fail "the new input takes nothing"
	send 10.9.0.1 5020 4 400 100
	exactly "of the new input" more 400
	inputs '{name: more, port: 5022-5025, source: '"$source, $keys"' interface: eth0, outputs: [second]}'
	on middle sluicectl apply "$config" >"$work/said" 2>&1 || fail "other ports are refused: $(cat "$work/said")"
	eventually 30 begins more active || fail "the changed input takes nothing"
	before_more=$(all more)
	send 10.9.0.1 5020 6 600 100
	exactly "of the new input with other ports" more $((before_more + 400))
	inputs
	on middle sluicectl apply "$config" >"$work/said" 2>&1 || fail "an input cannot go: $(cat "$work/said")"
	wait $sender
	exactly "of one that stayed" range $((before + 8000))
}

# attach: makes the interface that comes later.
attach()
{
	on middle ip link add later9 type veth peer name later8 netns "${namespace_prefix}sender"
	on middle ip address add 10.9.7.1/24 dev later9
	on middle ip link set later9 up
	on sender ip address add 10.9.7.2/24 dev later8
	on sender ip link set later8 up
	on middle ip neigh replace 10.9.7.2 lladdr "$(on sender cat /sys/class/net/later8/address)" dev later9
	on sender ip neigh replace 10.9.7.1 lladdr "$(on middle cat /sys/class/net/later9/address)" dev later8
}

# takes WHEN: 100 datagrams by the interface that came later are taken, each once.
takes()
{
	local before
	eventually 30 begins later active || fail "$1: $(figure later .state)"
	# Whoever cannot wait has it in a moment.
	pause 0.5
	before=$(all later)
	send 10.9.7.1 5000 1 100 100
	exactly "$1" later $((before + 100))
}

# interface: it comes later, goes down and comes up, is renamed and gets its name again, goes and comes back.
interface()
{
	local waits=yes
	cannot_do waits 'STATE says that an interface is waited for' && waits=no
	[ $waits = no ] || expect "an interface that is not there" "$(figure later .state)" = "waiting for interface later9"
	attach
	takes "of an interface that came later"
	on middle ip link set later9 down
	pause 0.5
	on middle ip link set later9 up
	on sender ip neigh replace 10.9.7.1 lladdr "$(on middle cat /sys/class/net/later9/address)" dev later8
	takes "of one that was down"
	on middle ip link set later9 down
	on middle ip link set later9 name former9
	[ $waits = no ] || eventually 30 begins later waiting || fail "it is called otherwise: $(figure later .state)"
	on middle ip link set former9 name later9
	on middle ip link set later9 up
	takes "of one that has its name again"
	on middle ip link del later9
	[ $waits = no ] || eventually 30 begins later waiting || fail "it is gone: $(figure later .state)"
	attach
	takes "of one that came back"
	on middle ip link del later9
}

# killed: after a kill -9 the next daemon takes everything, and, unless it cannot, delivers what the one before had stored.
killed()
{
	local arrived before
	eventually 30 frames first "$(figure range .stored)" || fail "not all arrived"
	arrived=$(distinct first | cut -d' ' -f1)
	# Nobody takes anything from it from here on.
	sed -i 's/10.9.1.2:6000/10.9.1.2:6002/' "$config"
	on middle sluicectl apply "$config" >"$work/said" 2>&1 || fail "another receiver is refused: $(cat "$work/said")"
	before=$(all range)
	send 10.9.0.1 5000 4 500 300
	exactly "before it is killed" range $((before + 500))
	kill -KILL "$relay"
	wait "$relay" 2>/dev/null
	relay_start
	eventually 30 begins range active || fail "the next one takes nothing"
	pause 0.3
	before=$(all range)
	send 10.9.0.1 5000 4 500 200
	exactly "of the next one" range $((before + 500))
	collect 6002 again
	if cannot_do kept 'what is stored when it is killed is delivered'; then
		eventually 60 frames again 500 || fail "$(distinct again) of 500 arrived"
	else
		eventually 60 frames again 1000 || fail "$(distinct again) of 1000 arrived"
	fi
	expect "frames before the kill" "$arrived" -gt 0
}

# conformance: all of it.
conformance()
{
	keys=${keys:-}
	servers_up
	collect 6000 first
	collect 6001 second
	inputs
	late_start
	sizes
	interface
	live
	losses
	killed
	relay_stop
	expect "status of the daemon" "$relay_status" -eq 0
}
