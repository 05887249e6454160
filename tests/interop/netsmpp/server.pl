# An SMSC with Net::SMPP for one connection: accepts its bind and each message, and sends a receipt unless the text begins with "keep"; cancels. The
# first line says the port. usage: server.pl [ADDRESS]
use strict;
use warnings;
use IO::Handle;
use Net::SMPP;

STDOUT->autoflush(1);
my $listener = Net::SMPP->new_listen($ARGV[0] // '127.0.0.1', port => 0, Listen => 5) or die "listen: $!";
print 'port ', $listener->sockport, "\n";
my $sme = $listener->accept or die "accept: $!";
my $id = 76;
while (my $pdu = $sme->read_pdu) {
	my $command = $pdu->{cmd};
	printf "command %x\n", $command;
	if ($command == Net::SMPP::CMD_bind_transceiver) {
		$sme->bind_transceiver_resp(seq => $pdu->{seq}, system_id => 'perl', status => 0);
	} elsif ($command == Net::SMPP::CMD_submit_sm) {
		printf "message %s %s %s\n", $pdu->{source_addr}, $pdu->{destination_addr}, $pdu->{data_coding} == 4 ? unpack('H*', $pdu->{short_message}) : $pdu->{short_message};
		printf "pid %x esm %x\n", $pdu->{protocol_id}, $pdu->{esm_class};
		$sme->submit_sm_resp(seq => $pdu->{seq}, message_id => ++$id, status => 0);
		next if $pdu->{short_message} =~ /^keep/;
		$sme->deliver_sm(source_addr => $pdu->{destination_addr}, destination_addr => $pdu->{source_addr}, esm_class => 4, async => 1,
			short_message => "id:$id sub:001 dlvrd:001 submit date:2501191234 done date:2501191235 stat:DELIVRD err:000 text:perl");
	} elsif ($command == Net::SMPP::CMD_cancel_sm) {
		print "cancel $pdu->{message_id}\n";
		$sme->cancel_sm_resp(seq => $pdu->{seq}, status => 0);
	} elsif ($command == Net::SMPP::CMD_enquire_link) {
		$sme->enquire_link_resp(seq => $pdu->{seq}, status => 0);
	} elsif ($command == Net::SMPP::CMD_unbind) {
		$sme->unbind_resp(seq => $pdu->{seq}, status => 0);
		last;
	}
}
