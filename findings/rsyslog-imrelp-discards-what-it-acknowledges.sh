#!/bin/bash
# SPDX-License-Identifier: MIT
#
# rsyslog's imrelp answers 200 for messages that it throws away, because its queue is full; its log says nothing of them. No part
# of sluice takes part. Unpacks the pinned Debian 12 packages in a temporary folder, runs them on the loopback, prints the
# version, what was to be expected and what was seen. Exits 1 if rsyslog does otherwise than it did, 2 if it could not be run.
set -euo pipefail

version=8.2302.0-1+deb12u2 relp=1.11.0-1
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
(cd "$folder" && apt-get download -q "rsyslog=$version" "rsyslog-relp=$version" "librelp0=$relp" >apt.log 2>&1) ||
	{ cat "$folder/apt.log"; exit 2; }
for package in "$folder"/*.deb; do
	dpkg-deb -x "$package" "$folder/root"
done
library=$folder/root/usr/lib/x86_64-linux-gnu
cat >"$folder/rsyslog.conf" <<CONF
global(workDirectory="$folder")
module(load="imrelp")
module(load="impstats" log.file="$folder/stats" log.syslog="off" interval="1" format="json")
ruleset(name="in" queue.type="LinkedList" queue.size="10") {
	action(type="omfwd" target="127.0.0.1" port="1" protocol="tcp" action.resumeRetryCount="-1")
}
input(type="imrelp" address="127.0.0.1" port="22990" ruleset="in")
CONF
LD_LIBRARY_PATH=$library "$folder/root/usr/sbin/rsyslogd" -n -M "$library/rsyslog" -f "$folder/rsyslog.conf" \
	-i "$folder/pid" >"$folder/log" 2>&1 &
rsyslog=$!
sleep 2
echo "version:  $(LD_LIBRARY_PATH=$library "$folder/root/usr/sbin/rsyslogd" -v | sed -n "1s, compiled.*,,p") (Debian $version), librelp $relp"
echo "expected: a message that is not kept gets another answer than 200, or none before there is room for it"
python3 - >"$folder/answers" <<'PYTHON' || { cat "$folder/log"; exit 2; }
import socket, time
client = socket.create_connection(("127.0.0.1", 22990))
client.settimeout(30)
offers = b"relp_version=0\ncommands=syslog"
client.sendall(b"1 open %d %s\n" % (len(offers), offers))
client.recv(4096)
for number in range(2, 18):
    client.sendall(b"%d syslog 11 <13>h t: %02d\n" % (number, number))
got, last = b"", time.time()
for number in range(2, 18):
    while b"\n" not in got:
        got += client.recv(4096)
    line, got = got.split(b"\n", 1)
    assert line.startswith(b"%d rsp " % number), line
    print("%s, after %.1f s" % (line.decode(), time.time() - last))
    last = time.time()
PYTHON
sleep 2
good=$(grep -c 'rsp 6 200 OK' "$folder/answers")
discarded=$(grep -o '"name": "in".*"discarded.full": [0-9]*' "$folder/stats" | tail -n 1 | grep -o '[0-9]*$' || echo 0)
echo "seen:     $good of 16 answers are 200, the last four: $(tail -n 4 "$folder/answers" | cut -d ' ' -f 4- | tr '\n' ' ')"
echo "          impstats of the queue: discarded.full $discarded; lines of its log about that: $(grep -ci discard "$folder/log" || true)"
[ "$good" -eq 16 ] && [ "$discarded" -gt 0 ] && ! grep -qi discard "$folder/log"
