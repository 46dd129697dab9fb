#!/bin/bash
# SPDX-License-Identifier: MIT
#
# rsyslog's imptcp makes of one line that is longer than maxMessageSize (8,096 bytes by default) as many messages as it has bytes
# too many, each the same first 8,096 bytes; the rest of the line is in none of them. imtcp, beside it, parts the line and
# loses a byte at each cut. No part of sluice takes part. Unpacks the pinned Debian 12 package in a temporary folder, runs it on
# the loopback, prints the version, what was to be expected and what was seen. Exits 1 if rsyslog does otherwise than it did, 2
# if it could not be run.
set -euo pipefail

version=8.2302.0-1+deb12u2
folder=$(mktemp -d)
rsyslog=''
finish()
{
	[ -z "$rsyslog" ] || kill "$rsyslog" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf "$folder"
}
trap finish EXIT

# apt reads and writes files of its own here as another user.
chmod 755 "$folder"
(cd "$folder" && apt-get download -q "rsyslog=$version" >apt.log 2>&1) || { cat "$folder/apt.log"; exit 2; }
dpkg-deb -x "$folder"/rsyslog_*.deb "$folder/root"
library=$folder/root/usr/lib/x86_64-linux-gnu
cat >"$folder/rsyslog.conf" <<CONF
global(workDirectory="$folder")
module(load="imtcp")
module(load="imptcp")
template(name="message" type="string" string="%rawmsg%\n")
ruleset(name="imtcp") { action(type="omfile" file="$folder/imtcp" template="message") }
ruleset(name="imptcp") { action(type="omfile" file="$folder/imptcp" template="message") }
input(type="imtcp" address="127.0.0.1" port="22991" ruleset="imtcp")
input(type="imptcp" address="127.0.0.1" port="22992" ruleset="imptcp")
CONF
"$folder/root/usr/sbin/rsyslogd" -n -M "$library/rsyslog" -f "$folder/rsyslog.conf" -i "$folder/pid" >"$folder/log" 2>&1 &
rsyslog=$!
sleep 2
echo "version:  $("$folder/root/usr/sbin/rsyslogd" -v | sed -n '1s, compiled.*,,p') (Debian $version)"
echo "expected: a line of 9,000 bytes is one message, cut or whole, or two messages that have all of it"
# Each ten bytes of the line say where in it they are; a short one is behind it.
python3 - <<'PYTHON' || { cat "$folder/log"; exit 2; }
import socket
line = b"<13>May  1 10:00:00 h t: " + b"".join(b"%05d-----" % number for number in range(0, 9000, 10))
for port in (22991, 22992):
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(line[:9000] + b"\n<13>May  1 10:00:00 h t: end\n")
    client.close()
PYTHON
deadline=$((SECONDS + 30))
until [ "$(cat "$folder/imtcp" "$folder/imptcp" 2>/dev/null | grep -c ' end$')" -eq 2 ] || [ $SECONDS -gt $deadline ]; do
	sleep 0.2
done
imptcp=$(grep -vc ' end$' "$folder/imptcp" || true)
different=$(grep -v ' end$' "$folder/imptcp" | sort -u | wc -l)
last=$(grep -c '08970' "$folder/imptcp" || true)
imtcp=$(grep -vc ' end$' "$folder/imtcp" || true)
letters=$(grep -v ' end$' "$folder/imtcp" | tr -d '\n' | wc -c)
echo "seen:     imptcp: $imptcp messages of $different kind, the line's end in $last of them"
echo "          imtcp: $imtcp messages, with $letters of 9000 bytes"
[ "$imptcp" -eq 905 ] && [ "$different" -eq 1 ] && [ "$last" -eq 0 ] && [ "$imtcp" -eq 2 ] && [ "$letters" -eq 8999 ]
