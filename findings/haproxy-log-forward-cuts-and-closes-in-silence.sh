#!/bin/bash
# SPDX-License-Identifier: MIT
#
# HAProxy's log-forward cuts a message behind 1,024 bytes, and closes the connection at a line that does not begin with
# <PRI>, so that what follows it is lost (RFC 3164 section 4.3.3 has a relay take such a line); its own log has not a word of
# either. No part of sluice takes part. Unpacks the pinned Debian 12 package in a temporary folder, runs it on the loopback, prints the
# version, what was to be expected and what was seen. Exits 1 if HAProxy does otherwise than it did, 2 if it could not be run.
set -euo pipefail

version=2.6.12-1+deb12u4
folder=$(mktemp -d)
children=''
finish()
{
	local child
	for child in $children; do
		kill "$child" 2>/dev/null || true
	done
	wait 2>/dev/null || true
	rm -rf "$folder"
}
trap finish EXIT

# apt reads and writes files of its own here as another user.
chmod 755 "$folder"
(cd "$folder" && apt-get download -q "haproxy=$version" liblua5.3-0=5.3.6-2 >apt.log 2>&1) ||
	 { cat "$folder/apt.log"; exit 2; }
for package in "$folder"/*.deb; do
	dpkg-deb -x "$package" "$folder/root"
done
export LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu
cat >"$folder/haproxy.cfg" <<CONF
global
  log 127.0.0.1:22996 local0
log-forward in
  bind 127.0.0.1:22995
  log 127.0.0.1:22997 local0
CONF
cat >"$folder/receive.py" <<'PYTHON'
import socket, sys
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(("127.0.0.1", int(sys.argv[1])))
while True:
    message = receiver.recv(65535)
    print("%d %s" % (len(message), message[-12:]), flush=True)
PYTHON
python3 "$folder/receive.py" 22997 >"$folder/forwarded" &
children="$children $!"
python3 "$folder/receive.py" 22996 >"$folder/log" &
children="$children $!"
"$folder/root/usr/sbin/haproxy" -db -f "$folder/haproxy.cfg" >"$folder/stderr" 2>&1 &
children="$children $!"
sleep 2
echo "version:  $("$folder/root/usr/sbin/haproxy" -v | sed -n 1p) (Debian $version)"
echo "expected: 1,500 bytes are forwarded whole, or its log says that they are cut; and what is behind a line without <PRI> is read, or its log says"
echo "          why the connection was closed"
python3 - >"$folder/seen" <<'PYTHON' || { cat "$folder/stderr"; exit 2; }
import socket, time
client = socket.create_connection(("127.0.0.1", 22995))
client.sendall(b"<13>May  1 10:00:00 h t: " + b"a" * 1470 + b"-end-\n")
time.sleep(1)
client.sendall(b"<13>May  1 10:00:00 h t: first\n")
time.sleep(1)
client.sendall(b"second\n<13>May  1 10:00:00 h t: third\n")
client.settimeout(10)
try:
    print("closed" if client.recv(1) == b"" else "answered")
except ConnectionResetError:
    print("closed")
except socket.timeout:
    print("open")
PYTHON
sleep 1
longest=$(sort -n "$folder/forwarded" | tail -n 1 | cut -d ' ' -f 1)
whole=$(grep -c 'end-' "$folder/forwarded" || true)
first=$(grep -c 'first' "$folder/forwarded" || true)
behind=$(grep -cE 'second|third' "$folder/forwarded" || true)
# What it says when it starts, and of its backends, is no word of a message.
said=$(cat "$folder/log" "$folder/stderr" | grep -ciE 'trunc|cut|pars|malform|invalid|too long|clos' || true)
echo "seen:     the message of 1,500 bytes was forwarded as $longest bytes, with its end in $whole"
echo "          after a line without <PRI>: $(cat "$folder/seen"); before it $first arrived, of those from there on $behind of 2"
echo "          lines of its log about that: $said"
[ "$longest" -le 1025 ] && [ "$whole" -eq 0 ] && [ "$(cat "$folder/seen")" = closed ] && [ "$first" -eq 1 ] && [ "$behind" -eq 0 ] && [ "$said" -eq 0 ]
