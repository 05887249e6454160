#!/bin/sh
# uml-nf-tables.sh - Debian's user-mode Linux has nf_tables, and none of its families inet, ip and ip6.
#
# usage: findings/uml-nf-tables.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: a program, this version or the network is not available.
# Takes about 15 s, fetches 12 MB. Needs the programs nft, modprobe and busybox (static) on the machine, whose files the guest sees; on a
# processor with AMX also a C compiler, because that kernel does not start there without a library in front of it.
#
# Version: user-mode-linux 6.1um4+b13 of Debian 12 (Linux 6.1.176).
#
# Expected by a careful reader
#   The package has the modules nf_tables and two dozen nft_*; its kernel has IPv4 and IPv6. So `nft add table inet NAME` works in it, as
#   with Debian's ordinary kernel of that version.
#
# Seen
#   1. The module nf_tables can be loaded.
#   2. A table of family inet, ip or ip6 is refused (EOPNOTSUPP): the kernel was built without these families.
#   3. iptables-legacy has what it needs: the module ip_tables can be loaded.
#
# So rules of nftables are tried in another guest, such as QEMU with Debian's ordinary kernel.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need nft
uml
guest 60 <<END
for module in nf_tables ip_tables; do
	if modprobe -d $folder/modules \$module; then echo "module \$module: loaded"; else echo "module \$module: missing"; fi
done >/mnt/said 2>&1
for family in inet ip ip6; do
	if nft add table \$family t 2>/mnt/why; then echo "family \$family: there"; else echo "family \$family: refused"; fi
done >>/mnt/said
END
[ -s out/said ] || {
	tail -5 console
	not_run "the guest cannot be booted here"
}

said() # LINE
{
	found=0
	grep -qx "$1" out/said || found=1
	check $found "$1"
}
echo "1. nf_tables"
said "module nf_tables: loaded"
echo "2. its families"
said "family inet: refused"
said "family ip: refused"
said "family ip6: refused"
echo "3. ip_tables"
said "module ip_tables: loaded"
ended
