# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the scenarios share that have the service under systemd; sourced after lib.sh, in a machine (vm-images/run --system).
config=/etc/sluice/sluice.yaml
# shellcheck disable=SC2034
ledger='this Debian has not all of the Python that it needs'

# property NAME: prints what systemd says of the service.
property()
{
	systemctl show -P "$1" sluiced
}

# journal_has TEXT: true when the service has logged that since its last start.
journal_has()
{
	local invocation
	invocation=$(property InvocationID)
	# journalctl, not what reads it, decides.
	grep -qF -- "$1" <<<"$(journalctl -q -o cat _SYSTEMD_INVOCATION_ID="$invocation" + INVOCATION_ID="$invocation")"
}

# refused: prints how many datagrams came to closed ports of this server.
refused()
{
	awk '/^Udp:/ && ++line == 2 {print $3}' /proc/self/net/snmp
}

# settle [key=value...]: writes the configuration, with the rings where they are by default and the log at $log.
log=stderr
settle()
{
	configure "$@"
	sed -i 's/\(memory: {size: [^,]*\), path: [^}]*}/\1}/' $config
	echo "log: {level: info, to: $log}" >>$config
	grep -q 'memory: {size: [^,]*}' $config || fail "the test's configuration is not what it should be"
}

# transmit_begin COUNT: datagrams are on their way in the background.
transmit_begin()
{
	in_background sender sluicebench gen -q --to 10.9.0.1:5000 --count "$1" --rate 400pps --size 200 --flows 16 \
		>"$work/gen.log" 2>&1 &
	generator=$!
	pause 1
}

# transmit_end WHAT MOST-LOST: each datagram of the transmission has arrived once, or is told of.
transmit_end()
{
	local sent result told
	wait "$generator"
	sent=$(value sent "$(tail -n 1 "$work/gen.log")")
	result=$(sink_result)
	told=$(value gap_datagrams "$result")
	expect "$1: sent" "$sent" -gt 0
	expect "$1: received, and told of" "$(($(value received "$result") + told))" -eq "$sent"
	expect "$1: repeated" "$(value repeated "$result")" -eq 0
	expect "$1: told of as lost" "$told" -le "$2"
}

# is_another PID: true when the service's process is no longer that one, and answers.
is_another()
{
	local main
	main=$(property MainPID)
	[ "$main" != "$1" ] && [ "$main" != 0 ] && relay_is_up
}
