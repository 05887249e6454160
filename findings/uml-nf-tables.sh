#!/bin/sh
# uml-nf-tables.sh - Debian's user-mode Linux has nf_tables, and none of its families inet, ip and ip6.
#
# usage: findings/uml-nf-tables.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: a program, this version or the network is not available.
# Takes about 10 s, fetches 12 MB. Needs the programs nft, modprobe and busybox (static) on the machine, whose files the guest sees.
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
need nft modprobe busybox timeout
debian user-mode-linux=6.1um4+b13

mkdir -p mods/lib out
ln -s "$folder/root/usr/lib/uml/modules" mods/lib/modules
cat >init <<END
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t hostfs none /mnt -o $folder/out
for module in nf_tables ip_tables; do
	if modprobe -d $folder/mods \$module; then echo "module \$module: loaded"; else echo "module \$module: missing"; fi
done >/mnt/said 2>&1
for family in inet ip ip6; do
	if nft add table \$family t 2>/mnt/why; then echo "family \$family: there"; else echo "family \$family: refused"; fi
done >>/mnt/said
busybox poweroff -f
END
chmod +x init
timeout 60 root/usr/bin/linux.uml rootfstype=hostfs rootflags=/ ro mem=256M con=null con0=null,fd:1 quiet umid=guest uml_dir="$folder" \
	init="$folder/init" </dev/null >console 2>&1 || true
[ -s out/said ] || {
	tail -5 console
	not_run "the guest cannot be booted here"
}

changed=0
check() # LINE
{
	if grep -qx "$1" out/said; then
		echo "    as described: $1"
	else
		echo "    CHANGED: not '$1'; the guest said: $(tr '\n' ';' <out/said)"
		changed=1
	fi
}
echo "1. nf_tables"
check "module nf_tables: loaded"
echo "2. its families"
check "family inet: refused"
check "family ip: refused"
check "family ip6: refused"
echo "3. ip_tables"
check "module ip_tables: loaded"
[ $changed -eq 0 ] || { echo "the behaviour is another one"; exit 1; }
echo "as described"
