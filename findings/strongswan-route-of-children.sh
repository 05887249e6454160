#!/bin/sh
# strongswan-route-of-children.sh - the end of one child takes the route that another child to the same address needs, which stays installed.
#
# usage: findings/strongswan-route-of-children.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: not root, this version or the network is not available.
# Takes about 6 s, fetches 4 MB. Needs root and /dev/net/tun: two charons in network namespaces of their own, joined by a veth.
#
# Version: strongSwan 5.9.8, packages strongswan-charon, strongswan-libcharon, libstrongswan, libstrongswan-standard-plugins,
#   libcharon-extra-plugins and strongswan-swanctl 5.9.8-5+deb12u6 of Debian 12; traffic by kernel-libipsec.
#
# Expected by a careful reader
#   A child that is INSTALLED carries what its selectors say. Two children of one IKE_SA, for two ports of one address, do not depend on each other:
#   charon makes the routes, and keeps one for as long as a child needs it.
#
# Seen, with the children a (UDP port 7) and b (UDP port 9), both from 10.99.1.1 to 10.99.2.1
#   1. Both installed: table 220 has one route to 10.99.2.1. Datagrams to both ports are answered.
#   2. Child b ends: the route stays, a goes on.
#   3. b is there again, and a ends: the route is gone with it. b is INSTALLED still, and its datagrams are lost.
#
# So between two machines have one child for all ports (several in remote_ts), or look at the route and not at the state of a child only.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need awk sed python3 timeout
two_charons

children() # LOCAL REMOTE: selectors; of that with PORT each child has its own
{
	for child in a:7 b:9; do
		sed "s/PORT/${child#*:}/" <<END2
    ${child%:*} {
      local_ts = $1
      remote_ts = $2
      esp_proposals = aes128gcm16-ecp256
    }
END2
	done
}
one='10.99.1.1/32[udp]' other='10.99.2.1/32[udp/PORT]'
inside "$left" ip addr add 10.99.1.1 dev lo
inside "$right" ip addr add 10.99.2.1 dev lo
children "$one" "$other" | load_net left
children "$other" "$one" | load_net right
for child in a b; do
	swanctl left "$left" --initiate --child $child --timeout 10 >initiated 2>&1 || not_run "no tunnel: $(cat initiated)"
done

cat >echo.py <<'PY'
import socket
import sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.99.2.1", int(sys.argv[1])))
while True:
    s.sendto(*s.recvfrom(100))
PY
cat >ask.py <<'PY'
import socket
import sys
s, n = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0
s.bind(("10.99.1.1", 0))
s.settimeout(1)
for i in range(3):
    try:
        s.sendto(b"%d" % i, ("10.99.2.1", int(sys.argv[1])))
        n += s.recv(100) == b"%d" % i
    except OSError:
        pass
print(n)
PY
for port in 7 9; do
	inside "$right" timeout 60 python3 echo.py $port >>echo.log 2>&1 &
	note_pid $!
done
sleep 1
# What there is: "ROUTES STATE-OF-a STATE-OF-b ANSWERED-ON-7 ANSWERED-ON-9"
seen()
{
	echo "$(inside "$left" ip route show table 220 | grep -c '^10\.99\.2\.1' || true) $(state a) $(state b)" \
		"$(inside "$left" python3 ask.py 7) $(inside "$left" python3 ask.py 9)"
}
state() # CHILD
{
	if swanctl left "$left" --list-sas | grep -q "^  $1: .* INSTALLED"; then echo INSTALLED; else echo ended; fi
}
step() # EXPECTED, as seen() prints it
{
	got=$(seen)
	# shellcheck disable=SC2086  # five words
	set -- "$1" $got
	ok=0
	[ "$1" = "$got" ] || ok=1
	check $ok "routes to 10.99.2.1: $2; child a $3, b $4; datagrams answered, of three: $5 on port 7, $6 on port 9"
}
change() # WORDS of swanctl...
{
	swanctl left "$left" "$@" --timeout 10 >said 2>&1 || not_run "$*: $(cat said)"
}

echo "1. both children"
step "1 INSTALLED INSTALLED 3 3"
echo "2. b ends"
change --terminate --child b
step "1 INSTALLED ended 3 0"
echo "3. b is there again, and a ends"
change --initiate --child b
change --terminate --child a
step "0 ended INSTALLED 0 0"
ended
