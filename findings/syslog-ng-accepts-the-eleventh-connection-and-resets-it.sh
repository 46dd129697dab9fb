#!/bin/bash
# SPDX-License-Identifier: MIT
#
# syslog-ng takes ten connections at a time by default. The eleventh is accepted all the same, its kernel takes what the sender
# writes (and acknowledges it, if there is time), and then it is reset: nothing of it was read. No part of sluice takes part. Unpacks the pinned Debian 12 packages in a temporary folder, runs them on the loopback, prints the version, what was to
# be expected and what was seen. Exits 1 if syslog-ng does otherwise than it did, 2 if it could not be run.
set -euo pipefail

version=3.38.1-5+deb12u1
folder=$(mktemp -d)
daemon=''
finish()
{
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf "$folder"
}
trap finish EXIT

# apt reads and writes files of its own here as another user.
chmod 755 "$folder"
(cd "$folder" && apt-get download -q "syslog-ng-core=$version" libivykis0=0.42.4-1 libnet1=1.1.6+dfsg-3.2 >apt.log 2>&1) ||
	{ cat "$folder/apt.log"; exit 2; }
for package in "$folder"/*.deb; do
	dpkg-deb -x "$package" "$folder/root"
done
library=$folder/root/usr/lib/syslog-ng
export LD_LIBRARY_PATH=$library:$folder/root/usr/lib/x86_64-linux-gnu
cat >"$folder/syslog-ng.conf" <<CONF
@version: 3.38
source in { network(ip("127.0.0.1") port(22994) flags(no-parse)); };
source own { internal(); };
destination received { file("$folder/received" template("\$MSG\n")); };
destination events { file("$folder/log"); };
log { source(in); destination(received); };
log { source(own); destination(events); };
CONF
"$folder/root/usr/sbin/syslog-ng" --foreground --no-caps --cfgfile="$folder/syslog-ng.conf" --module-path="$library/3.38" \
	--persist-file="$folder/persist" --pidfile="$folder/pid" --control="$folder/control" >"$folder/stderr" 2>&1 &
daemon=$!
sleep 3
echo "version:  $("$folder/root/usr/sbin/syslog-ng" --module-path="$library/3.38" --version | sed -n 1p) (Debian $version)"
echo "expected: beyond its limit a connection is not accepted, or waits until another ends"
python3 - >"$folder/seen" <<'PYTHON' || { cat "$folder/stderr" "$folder/log"; exit 2; }
import fcntl, socket, struct, termios, time
clients = []
for number in range(12):
    client = socket.create_connection(("127.0.0.1", 22994))
    # At once behind the handshake, as a sender does that has something to send.
    client.sendall(b"line of connection %02d\n" % number)
    clients.append(client)
    time.sleep(0.1)
time.sleep(2)
for number, client in enumerate(clients):
    waiting = struct.unpack("i", fcntl.ioctl(client, termios.TIOCOUTQ, b"\0" * 4))[0]
    error = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    print("connection %02d: accepted, 23 bytes written, %d unacknowledged, %s" %
          (number, waiting, "reset" if error else "open"))
PYTHON
sleep 1
reset=$(grep -c 'reset$' "$folder/seen" || true)
acknowledged=$(grep -c ' 0 unacknowledged, reset$' "$folder/seen" || true)
open=$(grep -c 'open$' "$folder/seen" || true)
lines=$(wc -l <"$folder/received")
said=$(grep -c 'Number of allowed concurrent connections reached' "$folder/log" || true)
echo "seen:     of 12 connections $open stay open, $reset were accepted, took bytes and were reset; of these $acknowledged"
echo "          had everything acknowledged (0 to 2, by chance)"
echo "          lines written: $lines of 12; lines of its log that tell of the limit: $said"
[ "$reset" -eq 2 ] && [ "$open" -eq 10 ] && [ "$lines" -eq 10 ]
