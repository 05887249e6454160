#!/bin/sh
# freediameter-trusted-roots.sh - freeDiameter takes no file of several trusted roots; it takes several TLS_CA lines, and names the last one only.
#
# usage: findings/freediameter-trusted-roots.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 30 s, fetches 3 MB. Needs openssl, python3 and a free port of 127.0.0.1.
#
# Version: freediameterd 1.2.1-8+b1 of Debian 12 with GnuTLS 3.7.9 (libgnutls30 3.7.9-2+deb12u7), as the listening peer.
#
# Expected by a careful reader
#   TLS_CA names the file of the trusted certification authorities. Like the file of trusted certificates of every other program with TLS it holds as
#   many roots as there are, in any order: one for each operator, or the old and the new one while a CA is being replaced. A second TLS_CA line
#   is an error or takes the place of the first.
#
# Seen
#   1. A file with two roots, in either order: freeDiameter does not start ("not sorted (in subject to issuer order)"). It is the same
#      when one of the two is an intermediate that stands behind its root.
#   2. An intermediate and behind it its root, which is the order of a chain: it starts.
#   3. Two TLS_CA lines with one root each: it starts, and trusts the peers of both. Of the two files the start-up message names the second, with "2 certs".
#
# So each root has a file and a TLS_CA line of its own, and what is trusted is told by the number in the message.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need openssl timeout python3
debian freediameterd=1.2.1-8+b1 freediameter-extensions=1.2.1-8+b1 libfdcore6=1.2.1-8+b1 libfdproto6=1.2.1-8+b1 libgnutls30=3.7.9-2+deb12u7
libraries=$folder/$(dirname "$(find root -name libgnutls.so.30)")
extension=$folder/$(find root -name acl_wl.fdx)

# certificate NAME ISSUER CA: ISSUER is "self" for a root; CA is TRUE or FALSE.
certificate()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1.example"
	printf 'basicConstraints=critical,CA:%s\n' "$3" >"$1.ext"
	if [ "$2" = self ]; then
		openssl x509 -req -in "$1.csr" -signkey "$1.key" -days 2 -extfile "$1.ext" -out "$1.pem"
	else
		openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 2 -extfile "$1.ext" -out "$1.pem"
	fi
}
{
	certificate one self TRUE
	certificate two self TRUE
	certificate below one TRUE
	certificate server one FALSE
	certificate client-one one FALSE
	certificate client-two two FALSE
} >openssl.log 2>&1 || not_run "openssl makes no certificates"
echo "ALLOW_IPSEC *.example" >acl.conf
ports=$(python3 -c 'import socket; a, b = (socket.create_server(("127.0.0.1", 0)) for _ in "ab"); print(a.getsockname()[1], b.getsockname()[1])')
secure=${ports#* }

# start FILE...: freeDiameter with a TLS_CA line for each; 0 when it runs, and then its pid is $peer.
start()
{
	{
		cat <<END
Identity = "server.example";
Realm = "example";
Port = ${ports% *};
SecPort = $secure;
No_SCTP;
No_IPv6;
ListenOn = "127.0.0.1";
TLS_Cred = "$folder/server.pem", "$folder/server.key";
LoadExtension = "$extension" : "$folder/acl.conf";
END
		for file; do echo "TLS_CA = \"$folder/$file\";"; done
	} >peer.conf
	LD_LIBRARY_PATH=$libraries root/usr/bin/freeDiameterd -c peer.conf >peer.log 2>&1 &
	peer=$!
	note_pid $peer
	tries=0
	until connects; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] && kill -0 $peer 2>/dev/null || return 1
		sleep 0.1
	done
}

connects()
{
	python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$secure" 2>/dev/null
}

stop()
{
	kill "$peer" 2>/dev/null || true
	wait "$peer" 2>/dev/null || true
}

# accepted NAME: whether freeDiameter takes that certificate: the connection is still open after two seconds.
accepted()
{
	timeout 2 openssl s_client -connect "127.0.0.1:$secure" -cert "$1.pem" -key "$1.key" -quiet <&8 >client.log 2>&1 && status=0 || status=$?
	[ "$status" -eq 124 ]
}

mkfifo silence # a standard input that says nothing and does not end
exec 8<>silence

refused() # WHAT FILE
{
	ok=1
	if ! start "$2"; then
		grep -q "is not sorted (in subject to issuer order)" peer.log && ok=0
	fi
	stop
	check $ok "$1: does not start: $(sed -n 's/.*:.\(The provided.*\)/\1/p' peer.log | head -1)"
}

echo "1. one file, no chain"
cat one.pem two.pem >one-two.pem
cat two.pem one.pem >two-one.pem
cat one.pem below.pem >one-below.pem
refused "two roots" one-two.pem
refused "in the other order" two-one.pem
refused "a root and its intermediate" one-below.pem

echo "2. one file, a chain"
cat below.pem one.pem >below-one.pem
ok=0
start below-one.pem || ok=1
check $ok "an intermediate and its root: starts; $(sed -n 's/.*\(CA (trust).*\)/\1/p' peer.log | sed "s#$folder/##")"
stop

echo "3. lines"
for files in "one.pem" "one.pem two.pem" "two.pem one.pem"; do
	# shellcheck disable=SC2086 # several words
	start $files || not_run "freeDiameter does not start: $(tail -3 peer.log)"
	named=$(sed -n 's/.*CA (trust)[ .]*: //p' peer.log | sed "s#$folder/##")
	first=refused second=refused
	accepted client-one && first=accepted
	accepted client-two && second=accepted
	stop
	ok=1
	case "$files: $named: $first $second" in
	"one.pem: one.pem (1 certs): accepted refused" | "one.pem two.pem: two.pem (2 certs): accepted accepted") ok=0 ;;
	"two.pem one.pem: one.pem (2 certs): accepted accepted") ok=0 ;;
	esac
	check $ok "TLS_CA $files: names $named; a peer of the root one is $first, one of the root two $second"
done
ended
