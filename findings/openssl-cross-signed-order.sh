#!/bin/sh
# openssl-cross-signed-order.sh - OpenSSL refuses or accepts a cross-signed chain by the order in which the peer sends its certificates.
#
# usage: findings/openssl-cross-signed-order.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 4 s, fetches 3 MB.
#
# Version: OpenSSL 3.0.22, packages openssl and libssl3 3.0.22-1~deb12u2 of Debian 12.
#
# Expected by a careful reader
#   While a CA moves to a new root, its intermediate has two certificates with one name and one key, issued by the old and by the new root. A
#   peer may send both: in TLS 1.3 the order of all certificates but its own is free (RFC 8446, 4.4.2), and a path is found when there is
#   one (RFC 4158). Who trusts the old root accepts the peer, and so does who trusts the new one.
#
# Seen, with only the old root trusted
#   1. openssl verify: leaf and intermediate by the old root: OK. With the other certificate behind it: OK.
#   2. openssl verify: the other certificate stands first: error 20, no issuer found, although the path of 1. is still there.
#   3. The same between s_client and s_server: the order in which the server sends them decides. TLS 1.2 and 1.3 do not differ.
#   4. A self-signed copy of the new root, sent as well, changes the error (19), and not the result.
#
# OpenSSL takes, at each step, the first sent certificate that fits as an issuer, and does not come back to try the next one. So the certificate
# whose root the other end trusts is sent first, or alone; and a receiver that wants to be independent of the order has to try the others itself.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need dpkg-architecture
debian openssl=3.0.22-1~deb12u2 libssl3=3.0.22-1~deb12u2

LD_LIBRARY_PATH=$folder/root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
export LD_LIBRARY_PATH OPENSSL_CONF="$folder/openssl.cnf"
ssl=$folder/root/usr/bin/openssl
printf '[req]\ndistinguished_name=dn\n[dn]\n' >openssl.cnf
"$ssl" version | grep -q "3\.0\.22" || not_run "openssl is another version: $("$ssl" version)"

key() { "$ssl" genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" >>log 2>&1; }
issue() # FILE SUBJECT KEY EXTENSIONS [ISSUER]
{
	printf '%b' "$4" >ext
	"$ssl" req -new -key "$3.key" -subj "/CN=$2" -out req >>log 2>&1
	if [ $# -eq 5 ]; then
		"$ssl" x509 -req -in req -days 2 -extfile ext -CA "$5.pem" -CAkey "$5.key" -CAcreateserial -out "$1.pem" >>log 2>&1
	else
		"$ssl" x509 -req -in req -days 2 -extfile ext -signkey "$3.key" -out "$1.pem" >>log 2>&1
	fi
}
ca='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n'
for name in old new between leaf; do key $name; done
issue old "old root" old "$ca"
issue new "new root" new "$ca"
issue by-old between between "$ca" old
issue by-new between between "$ca" new
cp between.key by-old.key
issue leaf localhost leaf 'subjectAltName=DNS:localhost\nauthorityKeyIdentifier=keyid\n' by-old

changed=0
check() # EXPECTED GOT TEXT
{
	if [ "$1" = "$2" ]; then
		echo "    as described: $3: $2"
	else
		echo "    CHANGED: $3: $2; described: $1"
		changed=1
	fi
}
verify() # CERTIFICATES...: what the peer sends behind its own
{
	for f in "$@"; do cat "$f.pem"; done >sent.pem
	if "$ssl" verify -no-CAfile -no-CApath -no-CAstore -CAfile old.pem -untrusted sent.pem leaf.pem >said 2>&1; then
		echo OK
	else
		sed -n 's/^error \([0-9]*\) at.*/error \1/p' said | head -1
	fi
}
echo "1. openssl verify"
check OK "$(verify by-old)" "by the old root"
check OK "$(verify by-old by-new)" "by the old root, by the new root"
echo "2. the other order"
check "error 20" "$(verify by-new by-old)" "by the new root, by the old root"

echo "3. s_client and s_server"
handshake() # VERSION CERTIFICATES...
{
	version=$1
	shift
	for f in "$@"; do cat "$f.pem"; done >chain.pem
	rm -f accept
	"$ssl" s_server -accept 127.0.0.1:0 -naccept 1 -cert leaf.pem -key leaf.key -cert_chain chain.pem -"$version" -quiet </dev/null >accept 2>&1 &
	server=$!
	note_pid $server
	port='' tries=0
	while [ -z "$port" ]; do
		port=$(ss -Hltnp 2>/dev/null | sed -n "s/.*127.0.0.1:\([0-9]*\) .*pid=$server,.*/\1/p")
		tries=$((tries + 1))
		[ $tries -le 100 ] || not_run "s_server does not listen: $(cat accept)"
		sleep 0.05
	done
	"$ssl" s_client -connect "127.0.0.1:$port" -no-CAfile -no-CApath -no-CAstore -CAfile old.pem -verify_return_error </dev/null >said 2>&1 || true
	kill $server 2>/dev/null || true
	wait $server 2>/dev/null || true
	sed -n 's/^ *Verify return code: \([0-9]*\) .*/\1/p; s/^verify error:num=\([0-9]*\):.*/\1/p' said | head -1
}
need ss
for version in tls1_2 tls1_3; do
	check 0 "$(handshake $version by-old by-new)" "$version, by the old root first"
	check 20 "$(handshake $version by-new by-old)" "$version, by the new root first"
done

echo "4. the new root is sent as well"
check OK "$(verify by-old by-new new)" "by the old root, by the new root, the new root"
check "error 19" "$(verify by-new by-old new)" "by the new root, by the old root, the new root"
[ $changed -eq 0 ] || { echo "the behaviour is another one"; exit 1; }
echo "as described"
