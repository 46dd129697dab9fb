#!/bin/bash
# SPDX-License-Identifier: MIT
#
# rsyslog's imtcp says of an octet-counted message that is longer than maxMessageSize (8,096 bytes by default) that it
# truncates it, but parts it into several messages, and one byte is in none of them at each cut. No part of sluice takes part.
# Unpacks the pinned Debian 12 package in a temporary folder, runs it on the loopback, prints the version, what was to be expected
# and what was seen. Exits 1 if rsyslog does otherwise than it did, 2 if it could not be run.
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
template(name="whole" type="string" string="%rawmsg%\n")
ruleset(name="in") { action(type="omfile" file="$folder/received" template="whole") }
input(type="imtcp" address="127.0.0.1" port="22993" ruleset="in")
CONF
"$folder/root/usr/sbin/rsyslogd" -n -M "$library/rsyslog" -f "$folder/rsyslog.conf" -i "$folder/pid" >"$folder/log" 2>&1 &
rsyslog=$!
sleep 2
echo "version:  $("$folder/root/usr/sbin/rsyslogd" -v | sed -n '1s, compiled.*,,p') (Debian $version)"
echo "expected: 8,192 and 20,000 bytes are truncated to 8,096, as the log says, or parted into messages that have all of them"
python3 - <<'PYTHON' || { cat "$folder/log"; exit 2; }
import socket
client = socket.create_connection(("127.0.0.1", 22993))
for size in (8192, 20000):
    body = (b"<13>May  1 10:00:00 h t: " + b"".join(b"%05d-----" % number for number in range(0, size, 10)))[:size]
    client.sendall(b"%d %s" % (size, body))
client.sendall(b"28 <13>May  1 10:00:00 h t: end")
client.close()
PYTHON
deadline=$((SECONDS + 30))
until grep -q 't: end$' "$folder/received" 2>/dev/null || [ $SECONDS -gt $deadline ]; do
	sleep 0.2
done
lengths=$(awk '{print length($0)}' "$folder/received" | tr '\n' ' ')
said=$(grep -c 'truncating' "$folder/log" || true)
echo "seen:     messages of $lengths bytes; 8192 = 8096 + 95 + 1, 20000 = 8096 + 8096 + 3806 + 2"
echo "          lines of its log that say 'truncating': $said"
[ "$lengths" = "8096 95 8096 8096 3806 28 " ] && [ "$said" -ge 2 ]
