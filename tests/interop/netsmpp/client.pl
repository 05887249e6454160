# An SME with Net::SMPP: binds, submits, answers its receipt, tries to forge a trigger, unbinds. A line for each step.
use strict;
use warnings;
use Net::SMPP;

my ($port) = @ARGV;
my ($smpp, $answer) = Net::SMPP->new_transceiver('127.0.0.1', port => $port, system_id => 'acme', password => 'secret08') or die "bind: $!";
printf "bind %x\n", $answer->status;
my %to = (source_addr => '4242', destination_addr => '491720000001', dest_addr_ton => 1, dest_addr_npi => 1);
$answer = $smpp->submit_sm(%to, registered_delivery => 1, short_message => 'perl') or die 'submit';
printf "submit %x %s\n", $answer->status, $answer->{message_id};
my $receipt = $smpp->read_pdu or die 'receipt';
print "receipt $receipt->{short_message}\n";
$smpp->deliver_sm_resp(seq => $receipt->{seq}, message_id => '');
$answer = $smpp->submit_sm(%to, short_message => 'x', protocol_id => 0x48);
printf "forged %x\n", $answer->status;
# A numeric value becomes an integer of 1, 2 or 4 octets by its size, a text of digits its characters.
$answer = $smpp->submit_sm(%to, short_message => 'x', destination_port => 7);
printf "port %x\n", $answer->status;
$answer = $smpp->query_sm(message_id => 'none', source_addr => '4242');
printf "query %x\n", $answer->status;
$answer = $smpp->unbind;
printf "unbind %x\n", $answer->status;
