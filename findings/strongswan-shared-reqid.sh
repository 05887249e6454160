#!/bin/sh
# strongswan-shared-reqid.sh - two peers of strongSwan with the same traffic selectors get one reqid, and the older child stays installed without traffic.
#
# usage: findings/strongswan-shared-reqid.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: not root, this version or the network is not available.
# Takes about 8 s, fetches 4 MB. Needs root and /dev/net/tun: three charons in network namespaces of their own, joined by a veth each.
#
# Version: strongSwan 5.9.8, packages strongswan-charon, strongswan-libcharon, libstrongswan, libstrongswan-standard-plugins,
#   libcharon-extra-plugins and strongswan-swanctl 5.9.8-5+deb12u6 of Debian 12; traffic by kernel-libipsec.
#
# Expected by a careful reader
#   VICI shows a reqid for each child. A reqid is what ties policies to the SAs that serve them, so children of two peers, which have proved
#   different identities in connections of their own, have different ones. When the second is set up over the same selectors, either it is
#   refused, or the first one ends.
#
# Seen, when the peers "first" and "second" have connections with the same selectors
#   1. Both are INSTALLED, and have the same reqid.
#   2. Traffic to the selectors leaves by the child of "second" alone; "first" gets nothing, and stays ESTABLISHED and INSTALLED.
#   3. With `reqid = 7` and `reqid = 8` in the two children the numbers differ, and 2. is still so.
#
# So "a child is INSTALLED" does not say that its peer gets the traffic: a program that relies on it looks at all children whose
# selectors hold the two addresses, and refuses when they belong to more than one identity.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need awk sed python3
[ -c /dev/net/tun ] || not_run "/dev/net/tun is missing"
strongswan

configuration() # OURS IDENTITY THEIRS OTHER LOCAL REMOTE REQID: a connection named like the other identity, to standard output
{
	cat <<END2
connections { $4 {
  version = 2
  local_addrs = $1
  remote_addrs = $3
  proposals = aes128gcm16-prfsha256-ecp256
  encap = yes
  local { auth = psk
    id = $2
  }
  remote { auth = psk
    id = $4
  }
  children { child-$4 {
    local_ts = $5/32
    remote_ts = $6/32
    esp_proposals = aes128gcm16-ecp256
    reqid = $7
  } }
} }
secrets { ike-$4 { secret = "a secret of this example"
} }
END2
}

charon hub kernel-libipsec
hub=$charon
inside "$hub" ip addr add 10.99.1.1 dev lo
n=0
for peer in first second; do
	n=$((n + 1))
	charon $peer kernel-libipsec
	if [ $peer = first ]; then first=$charon; else second=$charon; fi
	inside "$hub" ip link add wire$n type veth peer name wire netns "$charon"
	inside "$hub" ip addr add 10.98.$n.1/24 dev wire$n
	inside "$hub" ip link set wire$n up
	inside "$charon" ip addr add 10.98.$n.2/24 dev wire
	inside "$charon" ip addr add 10.99.2.1 dev lo
	inside "$charon" ip link set wire up
done

# What the hub says of the child to PEER: "STATE REQID OCTETS-OUT".
child()
{
	swanctl hub "$hub" --list-sas --raw | tr ' ' '\n' | awk -v name="$1" '
		{ gsub(/[{}]/, " "); n = split($0, w, " "); for (i = 1; i <= n; i++) {
			if (w[i] == "name=child-" name) on = 1; else if (w[i] ~ /^name=/) on = 0
			if (on && match(w[i], /^(state|reqid|bytes-out)=/)) { split(w[i], v, "="); if (!(v[1] in got)) got[v[1]] = v[2] }
		} }
		END { print got["state"], got["reqid"], got["bytes-out"] }'
}

cat >send.py <<'PY'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.99.1.1", 0))
for _ in range(5):
    s.sendto(bytes(100), ("10.99.2.1", 9))
PY

# Loads and starts both, sends datagrams to the address that they share; sets $before and $after: "STATE REQID OCTETS-OUT" of first, then of second.
play() # REQID-OF-FIRST REQID-OF-SECOND
{
	: >hub/swanctl/swanctl.conf
	for peer in first second; do
		n=1 reqid=$1 pid=$first
		if [ $peer = second ]; then
			n=2 reqid=$2 pid=$second
		fi
		configuration 10.98.$n.1 hub 10.98.$n.2 $peer 10.99.1.1 10.99.2.1 "$reqid" >>hub/swanctl/swanctl.conf
		configuration 10.98.$n.2 $peer 10.98.$n.1 hub 10.99.2.1 10.99.1.1 0 >$peer/swanctl/swanctl.conf
		swanctl $peer "$pid" --load-all --noprompt >loaded 2>&1 || not_run "a connection cannot be loaded: $(cat loaded)"
	done
	swanctl hub "$hub" --load-all --noprompt >loaded 2>&1 || not_run "the connections cannot be loaded: $(cat loaded)"
	for peer in first second; do
		swanctl hub "$hub" --initiate --child child-$peer --timeout 10 >initiated 2>&1 || not_run "no tunnel: $(cat initiated)"
	done
	before="$(child first) $(child second)"
	inside "$hub" python3 send.py >sent 2>&1 || not_run "nothing can be sent: $(cat sent)"
	sleep 1
	after="$(child first) $(child second)"
}

judge() # EXPECTED-REQIDS (same or different): of $before and $after
{
	# shellcheck disable=SC2086  # six words
	set -- "$1" $before $after
	ids=different
	[ "${3-}" != "${6-}" ] || ids=same
	{ [ $# -eq 13 ] && [ "$2 $5" = "INSTALLED INSTALLED" ] && [ $ids = "$1" ]; } && ok=0 || ok=1
	check "$ok" "first: ${2-} with reqid ${3-}, second: ${5-} with reqid ${6-}"
	{ [ $# -eq 13 ] && [ "$8 ${11}" = "INSTALLED INSTALLED" ] && [ "${10}" -eq "$4" ] && [ "${13}" -gt "$7" ]; } && ok=0 || ok=1
	check "$ok" "octets sent to first: ${4-}, then ${10-}; to second: ${7-}, then ${13-}; both still ${8-}"
}

echo "1. and 2. without a number"
play 0 0
judge same
for peer in first second; do swanctl hub "$hub" --terminate --ike $peer --timeout 10 >ended 2>&1 || true; done
echo "3. with numbers"
play 7 8
judge different
ended
