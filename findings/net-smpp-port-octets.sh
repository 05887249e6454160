#!/bin/sh
# net-smpp-port-octets.sh - Perl's Net::SMPP writes a port given by its name as text, and one given by its tag as short as it goes.
#
# usage: findings/net-smpp-port-octets.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 2 s. Needs perl.
#
# Version: Net::SMPP 1.19, package libnet-smpp-perl 1.19-3 of Debian 12.
#
# Expected by a careful reader
#   destination_port (tag 020B) is an integer of two octets (SMPP 3.4, 5.3.2.21). destination_port => 80 becomes 020b 0002 0050, whether the
#   parameter is given by its name or by its tag.
#
# Seen, as tag, length and value
#   1. By the name, 80 is written as the text "80": 020b 0002 3830. The length is right, and the receiver reads port 14384.
#   2. By the name, 9200 is "9200": 020b 0004 39323030.
#   3. By the tag, 80 is one octet: 020b 0001 50. 9200 is two: 020b 0002 23f0. 40000 does not fit a signed integer of two octets and
#      becomes four: 020b 0004 00009c40.
#   4. By the name, pack('n', 80) is what the standard asks for: 020b 0002 0050.
#
# So a port may arrive from such a client with one, two or four octets, or with a wrong value in the right length. A receiver refuses all
# lengths but two in words that name the parameter, and its documentation says that the caller packs the value.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need perl
debian libnet-smpp-perl=1.19-3

cat >play.pl <<'END'
use strict;
use warnings;
use Net::SMPP;

$Net::SMPP::VERSION eq '1.19' or do { print "not run: Net::SMPP $Net::SMPP::VERSION\n"; exit 77 };
my $changed = 0;

sub check {
	my ($name, $expected, @parameter) = @_;
	my $got = join ' ', unpack 'H4 H4 H*', Net::SMPP::encode_optional_params(@parameter);
	print '    ', ($got eq $expected ? 'as described' : 'CHANGED'), ": $name: $got\n";
	$changed = 1 if $got ne $expected;
}

print "1. and 2. by the name\n";
check('80', '020b 0002 3830', destination_port => 80);
check('9200', '020b 0004 39323030', destination_port => 9200);
print "3. by the tag\n";
check('80', '020b 0001 50', 0x020B, 80);
check('9200', '020b 0002 23f0', 0x020B, 9200);
check('40000', '020b 0004 00009c40', 0x020B, 40000);
print "4. packed by the caller\n";
check("pack('n', 80)", '020b 0002 0050', destination_port => pack('n', 80));
print $changed ? "the behaviour is another one\n" : "as described\n";
exit $changed;
END
perl -Iroot/usr/share/perl5 play.pl
