#!/bin/sh
# strongswan-crl-size.sh - strongSwan takes no revocation list of more than 65,535 bytes over VICI; swanctl succeeds, and charon keeps the older one.
#
# usage: findings/strongswan-crl-size.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: not root, this version or the network is not available.
# Takes about 5 s, fetches 4 MB. Needs openssl, and root for a mount namespace in which the packages lie over /usr.
#
# Version: strongSwan 5.9.8, packages strongswan-charon, strongswan-libcharon, libstrongswan, libstrongswan-standard-plugins,
#   libcharon-extra-plugins and strongswan-swanctl 5.9.8-5+deb12u6 of Debian 12.
#
# Expected by a careful reader
#   Neither X.509 nor the manual of swanctl limits the size of a revocation list, and a CA with some thousand revoked certificates has one of
#   100 KB. swanctl --load-creds loads each file in x509crl or fails.
#
# Seen
#   1. A list of 1,000 entries as PEM (44 KB) is loaded.
#   2. A newer one of 2,000 entries as PEM (87 KB) is not: a value of VICI has a length of 16 bits, and swanctl sends the file as it is. Its
#      standard error says so; its exit status is 0. charon goes on with the older list, and what was revoked since is good.
#   3. The same list as DER (64 KB) is loaded.
#   4. One of 2,100 entries as DER (67 KB) is not, again with exit status 0.
#
# So a program that loads lists over VICI turns them into DER, looks at their size, and decides what one that does not fit means.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need openssl
strongswan

openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -x509 -new -key ca.key -days 30 -subj "/CN=example CA" -out ca.pem
cat >ca.conf <<'END'
[ca]
default_ca = own
[own]
database = index
default_md = sha256
END
list() # ENTRIES
{
	seq "$1" | awk '{ printf "R\t351231235959Z\t260101000000Z\t7F%024X\tunknown\t/CN=%d\n", $1, $1 }' >index
	openssl ca -config ca.conf -gencrl -keyfile ca.key -cert ca.pem -crldays 30 -out "$1.pem" 2>/dev/null
	openssl crl -in "$1.pem" -outform DER -out "$1.der"
}
list 1000
sleep 1.1 # of two lists the later one counts
list 2000
sleep 1.1
list 2100

charon one ""
mkdir -p one/swanctl/x509ca one/swanctl/x509crl
cp ca.pem one/swanctl/x509ca
touch one/swanctl/swanctl.conf

changed=0
load() # FILE: EXPECTED EXIT STATUS, ENTRIES THAT CHARON KNOWS, AND WHETHER SWANCTL COMPLAINS
{
	rm -f one/swanctl/x509crl/*
	cp "$1" one/swanctl/x509crl/list
	status=0
	swanctl one "$charon" --load-creds >out 2>err || status=$?
	known=$(swanctl one "$charon" --list-certs --type x509_crl 2>/dev/null | awk '/revoked certificates/ { print $1 }')
	complains=no
	if grep -q "size limit" err; then complains=yes; fi
	got="exit status $status, charon knows $known entries, swanctl complains: $complains"
	if [ "$got" = "exit status $2, charon knows $3 entries, swanctl complains: $4" ]; then
		echo "    as described: $1, $(wc -c <"$1") bytes: $got"
	else
		echo "    CHANGED: $1, $(wc -c <"$1") bytes: $got; described: exit status $2, $3 entries, $4"
		changed=1
	fi
}
echo "1. a list that fits"
load 1000.pem 0 1000 no
echo "2. a newer one that does not"
load 2000.pem 0 1000 yes
echo "3. the same as DER"
load 2000.der 0 2000 no
echo "4. one that does not fit as DER"
load 2100.der 0 2000 yes
[ $changed -eq 0 ] || { echo "the behaviour is another one"; exit 1; }
echo "as described"
