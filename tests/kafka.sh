# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# librdkafka's mock cluster for scenarios, beside the relay (it listens at 127.0.0.1 only), with a consumer that reads along
# (tests/kafka_peer.c). Sourced behind tests/lib.sh.

# kafka_start BROKERS: starts the cluster; kafka_servers: its addresses, separated by commas. Messages go to $work/messages.
kafka_start()
{
	rm -f "$work/kafka.in" "$work/kafka.out"
	mkfifo "$work/kafka.in" "$work/kafka.out"
	in_background middle "$repository/build/kafka_peer" "$1" "$work/messages" <"$work/kafka.in" >"$work/kafka.out" 2>>"$work/kafka.err" &
	exec {kafka_in}>"$work/kafka.in" {kafka_out}<"$work/kafka.out"
	read -r -t 20 -u "$kafka_out" kafka_servers || fail "no mock cluster: $(cat "$work/kafka.err")"
}

# kafka COMMAND...: has the cluster do that.
kafka()
{
	local said
	echo "$*" >&"$kafka_in"
	read -r -t 20 -u "$kafka_out" said || fail "the mock cluster does not answer: $*"
	[ "$said" = ok ] || fail "the mock cluster: $*: $said"
}

# kafka_check FIRST LAST: what it has of the datagrams "number N", FIRST to LAST (tests/kafka.py).
kafka_check()
{
	python3 "$repository/tests/kafka.py" "$work/messages" "$1" "$2"
}

# kafka_is_whole LAST: true when each datagram from 1 to LAST is there, or told of by a gap.
kafka_is_whole()
{
	local found
	found=$(kafka_check 1 "$1") || return 1
	[ "$(sed 's/.*missing=\([0-9]*\).*/\1/' <<<"$found")" -eq "$(sed 's/.*gaps=\([0-9]*\).*/\1/' <<<"$found")" ]
}
