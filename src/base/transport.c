/* transport.c - the words of transports, for all who show them. */
#include "base/transport.h"

const char *transport_word(int transport)
{
	return transport == TRANSPORT_SCTP ? "sctp" : transport == TRANSPORT_SCTP_UDP ? "sctp-udp" : "tcp";
}

bool transport_is_sctp(int transport)
{
	return transport == TRANSPORT_SCTP || transport == TRANSPORT_SCTP_UDP;
}
