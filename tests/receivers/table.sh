# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The table of docs/receivers.md: every receiver that Debian has, each framing that it reads, what becomes of each datagram and
# what happens with several connections, a restart in mid-stream and a receiver that does not read. For scenarios, which source
# it behind lib.sh: table_datagrams, table_two, table_twelve, table_restart, table_full, then table_print.
datagrams=$repository/tests/receivers/datagrams.py

# name, program, receiver and framing of the output, profile of datagrams.py, limit that is sent for, limit that is kept,
# connections of two and of twelve workers
rows=(
	'imtcp-counted rsyslog rsyslog octet-counted rsyslog-counted 8096 8096 2 12'
	'imtcp-lines rsyslog rsyslog newline rsyslog-lines 8096 8096 2 12'
	'imptcp-counted rsyslog rsyslog octet-counted rsyslog-counted 8096 8096 2 12'
	'imptcp-lines rsyslog rsyslog newline rsyslog-lines 8096 8096 2 12'
	'imrelp rsyslog rsyslog relp rsyslog-relp 8096 8096 2 12'
	'syslog-ng-counted syslog-ng syslog-ng octet-counted syslog-ng-counted 65500 65536 2 10'
	'syslog-ng-lines syslog-ng syslog-ng newline syslog-ng-lines 65500 65536 2 10'
	'haproxy-counted haproxy haproxy octet-counted haproxy-counted 960 960 2 10'
	'haproxy-lines haproxy haproxy newline haproxy-lines 960 960 2 10'
)
for program in socat nc ncat; do
	for framing in newline:lines octet-counted:counted length32:length32 raw:raw; do
		rows+=("$program-${framing#*:} $program-${framing#*:} ${program/ncat/nc} ${framing%:*} file-${framing#*:} 960 0 1 1")
	done
done
for program in tshark tcpdump; do
	rows+=("$program $program pcap pcap $program-pcap 960 0 1 1")
done
programs='rsyslog syslog-ng haproxy'
for row in "${rows[@]:9}"; do
	read -r name _ <<<"$row"
	programs+=" $name"
done
declare -A port_of pids cells input_of=([960]=5001 [8096]=5002 [65500]=5003)
first_port=6001
for row in "${rows[@]}"; do
	read -r name _ <<<"$row"
	port_of[$name]=$first_port
	first_port=$((first_port + 1))
done

# table_configure WORKERS: the relay's configuration: an input for each limit, and one for all.
table_configure()
{
	local row name program receiver framing profile sent limit all='' limited
	declare -A of
	for row in "${rows[@]}"; do
		read -r name program receiver framing profile sent limit _ <<<"$row"
		all+=,$name
		of[$sent]+=,$name
	done
	{
		# Every worker has something to send, in whatever way sockets are read.
		printf 'relay: middle\nworkers: %s\nsocket: {readers: %s}\nstore: {memory: {size: 64m, path: %s}}\ninputs:\n' "$1" "$1" "$rings"
		echo "  - {name: everything, port: 5000, source: socket, outputs: [${all#,}]}"
		for limited in "${!of[@]}"; do
			echo "  - {name: of-$limited, port: ${input_of[$limited]}, source: socket, outputs: [${of[$limited]#,}]}"
		done
		echo outputs:
		for row in "${rows[@]}"; do
			read -r name program receiver framing _ <<<"$row"
			echo "  - {name: $name, to: \"10.9.1.2:${port_of[$name]}\", receiver: $receiver, framing: $framing, reconnect: {min: 50ms, max: 200ms}}"
		done
	} >"$config"
}

# run_program NAME COMMAND...: starts a process of a program on the third server.
run_program()
{
	local program=$1
	shift
	in_background third "$@" >>"$work/$program.log" 2>&1 &
	pids[$program]+=" $!"
}

# program_start PROGRAM: starts it, and waits until it listens.
program_start()
{
	local program=$1 row name of key
	pids[$program]=''
	case $program in
	rsyslog) run_program rsyslog rsyslogd -n -f "$work/rsyslog.conf" -i "$work/rsyslogd.pid" ;;
	syslog-ng)
		run_program syslog-ng env LD_LIBRARY_PATH="$unpacked/usr/lib/syslog-ng" "$unpacked/usr/sbin/syslog-ng" --foreground --no-caps \
			--cfgfile="$work/syslog-ng.conf" --module-path="$unpacked/usr/lib/syslog-ng/3.38" --persist-file="$work/persist" \
			--pidfile="$work/syslog-ng.pid" --control="$work/syslog-ng.ctl" ;;
	haproxy)
		for name in counted lines; do
			key=haproxy-$name
			run_program haproxy socat -u "TCP-LISTEN:$((${port_of[$key]} + 200)),reuseaddr" "OPEN:$work/haproxy-$name,creat,append"
			eventually 60 listens $((${port_of[$key]} + 200)) || fail "nobody listens for HAProxy's ring"
		done
		run_program haproxy haproxy -db -f "$work/haproxy.conf" ;;
	socat-*) run_program "$program" socat -u "TCP-LISTEN:${port_of[$program]},reuseaddr" "OPEN:$work/$program,creat,append" ;;
	nc-*) run_program "$program" bash -c "exec nc -d -k -l 10.9.1.2 ${port_of[$program]} >>'$work/$program'" ;;
	ncat-*) run_program "$program" bash -c "exec '$ncat/usr/bin/ncat' --recv-only -k -l 10.9.1.2 ${port_of[$program]} >>'$work/$program'" ;;
	tshark) run_program tshark socat -u "TCP-LISTEN:${port_of[tshark]},reuseaddr" \
		"SYSTEM:exec tshark -n -l -i - -T fields -e udp.payload >>'$work/tshark'" ;;
	tcpdump) run_program tcpdump socat -u "TCP-LISTEN:${port_of[tcpdump]},reuseaddr" \
		"SYSTEM:exec tcpdump -n -U -r - -w '$work/tcpdump'.\$\$" ;;
	esac
	for row in "${rows[@]}"; do
		read -r name of _ <<<"$row"
		[ "$of" != "$program" ] || eventually 60 listens "${port_of[$name]}" || fail "nobody listens for $name: $(tail -n 3 "$work/$program.log")"
	done
}

# listens PORT: true when somebody does, or is connected already.
listens()
{
	on third ss -Htn state listening state established state fin-wait-2 "sport = :$1" | grep -q .
}

# program_end PROGRAM: ends it, and waits for it.
program_end()
{
	# shellcheck disable=SC2086
	kill ${pids[$1]} 2>/dev/null
	# shellcheck disable=SC2086
	wait ${pids[$1]} 2>/dev/null
	return 0
}

# files NAME: prints the files that a receiver wrote.
files()
{
	if [ "$1" = tcpdump ]; then ls "$work"/tcpdump.[0-9]*; else echo "$work/$1"; fi
}

# table_start: everything that is needed.
table_start()
{
	local program name key
	unpacked=$("$repository/tests/unpacked" syslog-ng-core) || fail "no syslog-ng"
	ncat=$("$repository/tests/unpacked" ncat) || fail "no ncat"
	mkdir -p "$work/rsyslog"
	{
		echo "global(workDirectory=\"$work/rsyslog\") module(load=\"imtcp\") module(load=\"imptcp\") module(load=\"imrelp\")"
		printf '%s\n' 'template(name="line" type="string" string="%rawmsg%\n")'
		for name in imtcp-counted imtcp-lines imptcp-counted imptcp-lines imrelp; do
			echo "ruleset(name=\"$name\" queue.type=\"Direct\") { action(type=\"omfile\" file=\"$work/$name\" template=\"line\") }"
			echo "input(type=\"${name%-*}\" port=\"${port_of[$name]}\" ruleset=\"$name\")"
		done
	} >"$work/rsyslog.conf"
	{
		echo '@version: 3.38'
		for name in 'counted syslog' 'lines network'; do
			key=syslog-ng-${name% *}
			cat <<-CONF
				source ${name% *} { ${name#* }(ip("10.9.1.2") port(${port_of[$key]}) transport("tcp") flags(no-parse)); };
				destination ${name% *} { file("$work/syslog-ng-${name% *}" template("\$MESSAGE\n")); };
				log { source(${name% *}); destination(${name% *}); flags(flow-control); };
			CONF
		done
	} >"$work/syslog-ng.conf"
	for name in counted lines; do
		key=haproxy-$name
		cat <<-CONF
			ring $name
			    format raw
			    maxlen 65535
			    size 10000000
			    timeout connect 5s
			    timeout server 100s
			    server $name 10.9.1.2:$((${port_of[$key]} + 200)) log-proto octet-count
			log-forward $name
			    bind 10.9.1.2:${port_of[$key]}
			    timeout client 100s
			    log ring@$name local0
		CONF
	done >"$work/haproxy.conf"
	for program in $programs; do
		program_start "$program"
	done
}

# everything_sent: true when nothing waits for any output.
everything_sent()
{
	on middle sluicectl show outputs -j | jq -e 'all(.[]; .memory == 0 and ([.destinations[].backlog] | add) == 0)' >/dev/null
}

# table_datagrams: every odd datagram, and what was written is to the byte what was promised.
table_datagrams()
{
	local row name program receiver framing profile sent limit
	for sent in 960 8096 65500; do
		on sender python3 "$datagrams" send $sent "${input_of[$sent]}"
	done
	eventually 60 have_stored 219 || fail "$(stored) of 219 datagrams are stored"
	eventually 60 everything_sent || fail "not all was sent: $(on middle sluicectl show outputs)"
	for row in "${rows[@]}"; do
		read -r name program receiver framing profile sent limit _ <<<"$row"
		on middle sluicectl show outputs -j | jq ".[] | select(.name == \"$name\")" >"$work/figures.json"
		eventually 30 is_right "$name" "$profile" "$sent" "$limit" || fail "$name: $(cat "$work/checked")"
		cat "$work/checked"
		cells[$name]=$(python3 "$datagrams" row "$profile" "$sent" "$limit")
	done
}

# is_right NAME PROFILE SENT LIMIT: true when a receiver wrote what it should.
is_right()
{
	python3 "$datagrams" check "$2" "$3" "$4" "$(files "$1")" "$work/figures.json" >"$work/checked"
}

base=0
# number COUNT PAUSE: so many numbered ones, ten between two pauses, to all.
number()
{
	base=$((base + 1000000)) count=$1
	on sender python3 "$datagrams" number $base "$1" "$2"
}

# missing NAME: sets `lost` and `twice`.
missing()
{
	# shellcheck disable=SC2046
	read -r lost twice < <(python3 "$datagrams" missing $base "$count" $(files "$1"))
}

# is_there NAME: true when none is missing.
is_there()
{
	missing "$1"
	[ "$lost" -eq 0 ]
}

# table_connections WORKERS COLUMN: as many connections as the receiver bears, and everything arrives, once.
table_connections()
{
	local row name wanted
	number 2000 0.01
	eventually 60 everything_sent || fail "not all was sent: $(on middle sluicectl show outputs)"
	for row in "${rows[@]}"; do
		read -r name _ <<<"$row"
		wanted=$(cut -d ' ' -f "$2" <<<"$row")
		expect "$name: connections with $1 workers" "$(on third ss -Htn state established state fin-wait-2 "sport = :${port_of[$name]}" | wc -l)" -eq "$wanted"
		eventually 30 is_there "$name" || fail "$name: $lost of $count are missing"
		expect "$name: came twice" "$twice" -eq 0
		cells[$name]+="${cells[$name]:+ | }$wanted"
	done
}

# unconfirmed NAME: prints how many of the output's datagrams are.
unconfirmed()
{
	on middle sluicectl show outputs -j | jq ".[] | select(.name == \"$1\") | [.destinations[].unconfirmed] | add"
}

# is_counted NAME BEFORE: true when no more are missing than have become unconfirmed.
is_counted()
{
	missing "$1"
	[ "$lost" -le $(($(unconfirmed "$1") - $2)) ]
}

# table_restart: each program is ended and started again in mid-stream; what is missing is no more than what counts as unconfirmed.
table_restart()
{
	local row name program framing sender
	declare -A before
	for row in "${rows[@]}"; do
		read -r name _ <<<"$row"
		before[$name]=$(unconfirmed "$name")
	done
	base=$((base + 1000000)) count=0
	for program in $programs; do
		on sender python3 "$datagrams" number $((base + count)) 800 0.02 &
		sender=$!
		count=$((count + 800))
		pause 0.3
		program_end "$program"
		program_start "$program"
		wait "$sender"
	done
	eventually 60 everything_sent || fail "not all was sent: $(on middle sluicectl show outputs)"
	for row in "${rows[@]}"; do
		read -r name program _ framing _ <<<"$row"
		eventually 20 is_counted "$name" "${before[$name]}"
		expect "$name: missing after a restart, none of them uncounted" "$lost" -le $(($(unconfirmed "$name") - before[$name]))
		if [ "$framing" = relp ]; then
			expect "$name: missing" "$lost" -eq 0
			cells[$name]+=" | whole"
		else
			cells[$name]+=" | counted"
		fi
	done
}

# table_full: nobody reads for a while; what comes waits in the relay, and everything arrives.
table_full()
{
	local program row name
	for program in $programs; do
		# shellcheck disable=SC2086
		kill -STOP ${pids[$program]}
	done
	number 8000 0.005
	pause 2
	for program in $programs; do
		# shellcheck disable=SC2086
		kill -CONT ${pids[$program]}
	done
	eventually 60 everything_sent || fail "not all was sent: $(on middle sluicectl show outputs)"
	for row in "${rows[@]}"; do
		read -r name _ <<<"$row"
		eventually 30 is_there "$name" || fail "$name: $lost of $count are missing after it did not read for a while"
		cells[$name]+=" | waits"
	done
}

# table_print: the rows, as docs/receivers.md has them.
table_print()
{
	local row name
	for row in "${rows[@]}"; do
		read -r name _ <<<"$row"
		echo "| $name | ${cells[$name]} |"
	done
}
