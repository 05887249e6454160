#!/bin/sh
# strongswan-rekey-ids.sh - a rekeyed IKE_SA of strongSwan is another one over VICI, with a new uniqueid; its children keep theirs and move to it.
#
# usage: findings/strongswan-rekey-ids.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: not root, this version or the network is not available.
# Takes about 5 s, fetches 4 MB. Needs root and /dev/net/tun: two charons in network namespaces of their own, joined by a veth.
#
# Version: strongSwan 5.9.8, packages strongswan-charon, strongswan-libcharon, libstrongswan, libstrongswan-standard-plugins,
#   libcharon-extra-plugins and strongswan-swanctl 5.9.8-5+deb12u6 of Debian 12.
#
# Expected by a careful reader
#   VICI names an IKE_SA and a CHILD_SA by a uniqueid. New keys are no new peer: what is watched by its uniqueid before a rekeying is watched by
#   the same uniqueid after it.
#
# Seen
#   1. Rekeying of the IKE_SA: it has another uniqueid, the child below it has the one of before.
#   2. Rekeying of the child: the child has another uniqueid, the IKE_SA the one of before.
#
# So a program that keeps children by the IKE_SA that made them loses them, or takes them for ended, at the first rekeying. The event ike-rekey
# names both numbers: children move with it.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need awk sed
two_charons

child() # LOCAL REMOTE: addresses of its traffic
{
	cat <<END2
    child {
      local_ts = $1/32
      remote_ts = $2/32
      esp_proposals = aes128gcm16-ecp256
    }
END2
}
inside "$left" ip addr add 10.99.1.1 dev lo
inside "$right" ip addr add 10.99.2.1 dev lo
child 10.99.1.1 10.99.2.1 | load_net left
child 10.99.2.1 10.99.1.1 | load_net right
swanctl left "$left" --initiate --child child --timeout 10 >initiated 2>&1 || not_run "no tunnel: $(cat initiated)"

# The uniqueids of the IKE_SA and of the child that carries traffic: "IKE CHILD".
ids()
{
	swanctl left "$left" --list-sas --raw | awk '
		/^list-sa event/ && /state=ESTABLISHED/ {
			match($0, /uniqueid=[0-9]+/); ike = substr($0, RSTART + 9, RLENGTH - 9)
			n = split($0, part, /\{name=/)
			for (i = 2; i <= n; i++) if (part[i] ~ /state=INSTALLED/) {
				match(part[i], /uniqueid=[0-9]+/); child = substr(part[i], RSTART + 9, RLENGTH - 9)
			}
			print ike, child
		}' | tail -1
}

step() # EXPECTED (of IKE_SA and child: same or new) WORDS...
{
	expected=$1
	shift
	before=$(ids)
	swanctl left "$left" "$@" >said 2>&1 || not_run "$*: $(cat said)"
	sleep 1
	after=$(ids)
	ike=same child=same
	[ "${before% *}" = "${after% *}" ] || ike=new
	[ "${before#* }" = "${after#* }" ] || child=new
	ok=0
	[ "$ike $child" = "$expected" ] || ok=1
	check $ok "uniqueids of IKE_SA and child $before, then $after; expected of the two: $expected"
}
echo "1. the IKE_SA is rekeyed"
step "new same" --rekey --ike net
echo "2. the child is rekeyed"
step "same new" --rekey --child child
ended
