# An SMSC with Net::SMPP for one SME: accepts its bind and each message, and sends a receipt. The first line says the port.
use strict;
use warnings;
use IO::Handle;
use Net::SMPP;

STDOUT->autoflush(1);
my $listener = Net::SMPP->new_listen('127.0.0.1', port => 0, Listen => 5) or die "listen: $!";
print 'port ', $listener->sockport, "\n";
my $sme = $listener->accept or die "accept: $!";
while (my $pdu = $sme->read_pdu) {
	my $command = $pdu->{cmd};
	printf "command %x\n", $command;
	if ($command == Net::SMPP::CMD_bind_transceiver) {
		$sme->bind_transceiver_resp(seq => $pdu->{seq}, system_id => 'perl', status => 0);
	} elsif ($command == Net::SMPP::CMD_submit_sm) {
		print "message $pdu->{source_addr} $pdu->{destination_addr} $pdu->{short_message}\n";
		$sme->submit_sm_resp(seq => $pdu->{seq}, message_id => '77', status => 0);
		$sme->deliver_sm(source_addr => $pdu->{destination_addr}, destination_addr => $pdu->{source_addr}, esm_class => 4, async => 1,
			short_message => 'id:77 sub:001 dlvrd:001 submit date:2501191234 done date:2501191235 stat:DELIVRD err:000 text:perl');
	} elsif ($command == Net::SMPP::CMD_unbind) {
		$sme->unbind_resp(seq => $pdu->{seq}, status => 0);
		last;
	}
}
