#!/bin/bash
# SPDX-License-Identifier: MIT
#
# rsyslog's imtcp with driver gtls and AuthMode "anon" takes clients that show no certificate, by TLS 1.2; one that speaks only TLS
# 1.3 is refused ("No supported cipher suites"), though the server has a certificate and GnuTLS speaks 1.3. With AuthMode
# "x509/certvalid", which wants a certificate of the client, and with driver ossl, also in "anon", TLS 1.3 works. No part of sluice
# takes part. Unpacks the pinned Debian 12 packages in a temporary folder, runs them on the loopback with a certificate of its own,
# prints versions, what was to be expected and what was seen. Exits 1 if rsyslog does otherwise than it did, 2 if it could not be
# run.
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
(cd "$folder" && apt-get download -q "rsyslog=$version" "rsyslog-gnutls=$version" "rsyslog-openssl=$version" >apt.log 2>&1) ||
	{ cat "$folder/apt.log"; exit 2; }
for package in "$folder"/*.deb; do dpkg-deb -x "$package" "$folder/root"; done
library=$folder/root/usr/lib/x86_64-linux-gnu
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$folder/key" -out "$folder/cert" -days 30 -subj /CN=127.0.0.1 \
	-addext subjectAltName=IP:127.0.0.1 2>"$folder/openssl.log" || { cat "$folder/openssl.log"; exit 2; }

# greets DRIVER MODE TLS [OPTIONS]: prints whether a client with that version is taken.
greets()
{
	local driver=$1 mode=$2 tls=$3
	shift 3
	cat >"$folder/rsyslog.conf" <<-CONF
		global(workDirectory="$folder" defaultNetstreamDriverCAFile="$folder/cert"
			defaultNetstreamDriverCertFile="$folder/cert" defaultNetstreamDriverKeyFile="$folder/key")
		module(load="imtcp" StreamDriver.Name="$driver" StreamDriver.Mode="1" StreamDriver.AuthMode="$mode")
		ruleset(name="in") { action(type="omfile" file="$folder/received") }
		input(type="imtcp" address="127.0.0.1" port="22994" ruleset="in")
	CONF
	rm -f "$folder/received"
	timeout -k 2 60 "$folder/root/usr/sbin/rsyslogd" -n -M "$library/rsyslog" -f "$folder/rsyslog.conf" -i "$folder/pid" >"$folder/log" 2>&1 &
	rsyslog=$!
	deadline=$((SECONDS + 30))
	until ss -Hltn | grep -q 127.0.0.1:22994 || [ $SECONDS -gt $deadline ]; do sleep 0.2; done
	{ printf '28 <13>May  1 10:00:00 h t: end' && sleep 2; } |
		openssl s_client -connect 127.0.0.1:22994 "$tls" -CAfile "$folder/cert" -quiet "$@" >"$folder/client.log" 2>&1 || true
	kill "$rsyslog"
	wait "$rsyslog" 2>/dev/null || true
	rsyslog=''
	if grep -qs 't: end' "$folder/received"; then
		echo taken
	elif grep -q 'No supported cipher suites' "$folder/log"; then
		echo refused
	else
		cat "$folder/log" "$folder/client.log" >&2
		echo neither
	fi
}

echo "version:  $("$folder/root/usr/sbin/rsyslogd" -v | sed -n '1s, compiled.*,,p') (Debian $version)"
echo "expected: a client without a certificate is taken with AuthMode anon, whether it speaks TLS 1.2 or 1.3"
old=$(greets gtls anon -tls1_2)
new=$(greets gtls anon -tls1_3)
shown=$(greets gtls x509/certvalid -tls1_3 -cert "$folder/cert" -key "$folder/key")
other=$(greets ossl anon -tls1_3)
echo "seen:     gtls, anon: TLS 1.2 $old, TLS 1.3 $new; gtls, x509/certvalid: TLS 1.3 $shown; ossl, anon: TLS 1.3 $other"
[ "$old" = taken ] && [ "$new" = refused ] && [ "$shown" = taken ] && [ "$other" = taken ]
