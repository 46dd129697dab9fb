# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Certificates for scenarios, made by openssl(1) in $work/pki: an authority, and what it signs. A scenario sources it after lib.sh.

pki=$work/pki
mkdir -p "$pki"

# pki_key NAME: a key, NAME.key.
pki_key()
{
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$pki/$1.key" 2>"$pki/log" ||
		fail "no key: $(cat "$pki/log")"
}

# pki_authority NAME: an authority, NAME.key and NAME.pem.
pki_authority()
{
	pki_key "$1"
	openssl req -x509 -new -key "$pki/$1.key" -subj "/CN=$1" -days 3650 -out "$pki/$1.pem" 2>"$pki/log" ||
		fail "no authority: $(cat "$pki/log")"
}

# pki_sign NAME AUTHORITY SAN DAYS: a certificate for NAME.key (made unless it is there), NAME.pem, which ends in so many days (a
# negative number: it has ended); both together are NAME.both.
pki_sign()
{
	local name=$1 authority=$2 san=$3 days=$4
	[ -s "$pki/$name.key" ] || pki_key "$name"
	mkdir -p "$pki/$authority.d"
	: >"$pki/$authority.d/index"
	openssl req -new -key "$pki/$name.key" -subj "/CN=$name" -out "$pki/$name.csr" 2>"$pki/log" ||
		fail "no request: $(cat "$pki/log")"
	cat >"$pki/openssl.cnf" <<-CNF
		[ca]
		default_ca = own
		[own]
		database = $pki/$authority.d/index
		new_certs_dir = $pki/$authority.d
		rand_serial = yes
		default_md = sha256
		policy = any
		[any]
		commonName = supplied
		[with]
		subjectAltName = $san
		extendedKeyUsage = serverAuth, clientAuth
	CNF
	openssl ca -batch -config "$pki/openssl.cnf" -extensions with -cert "$pki/$authority.pem" -keyfile "$pki/$authority.key" \
		-in "$pki/$name.csr" -out "$pki/$name.pem" -notext \
		-startdate "$(date -u -d '-10 days' +%Y%m%d%H%M%SZ)" -enddate "$(date -u -d "$days days" +%Y%m%d%H%M%SZ)" \
		2>"$pki/log" || fail "no certificate: $(cat "$pki/log")"
	cat "$pki/$name.pem" "$pki/$name.key" >"$pki/$name.both"
}

# pki_pin NAME: prints the pin of its key, as curl --pinnedpubkey takes it.
pki_pin()
{
	echo "sha256//$(openssl pkey -in "$pki/$1.key" -pubout -outform der 2>/dev/null | openssl dgst -sha256 -binary | base64)"
}
