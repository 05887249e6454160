/* net_sctp_event.c - notifications of the kernel as what they mean for a stream. */
#include "net/net_sctp_event.h"

#include <sys/socket.h>

#include <linux/sctp.h>
#include <stdio.h>
#include <string.h>

#include "net/net_addr.h"

/* A restart is a new incarnation of the other side that takes over its addresses and ports: what we
 * know of the old one is of no use, and RFC 6733 has no state for it. */
static enum net_sctp_news association(const struct sctp_assoc_change *c, char text[NET_SCTP_NEWS_MAX])
{
	switch (c->sac_state) {
	case SCTP_COMM_LOST:
		snprintf(text, NET_SCTP_NEWS_MAX, "the association is lost (error %u)", c->sac_error);
		return NET_SCTP_ENDED;
	case SCTP_CANT_STR_ASSOC:
		snprintf(text, NET_SCTP_NEWS_MAX, "the association could not be made (error %u)", c->sac_error);
		return NET_SCTP_ENDED;
	case SCTP_SHUTDOWN_COMP:
		snprintf(text, NET_SCTP_NEWS_MAX, "closed by the other side");
		return NET_SCTP_ENDED;
	case SCTP_RESTART:
		snprintf(text, NET_SCTP_NEWS_MAX, "the other side has started the association anew");
		return NET_SCTP_ENDED;
	default:
		return NET_SCTP_NOTHING;
	}
}

static enum net_sctp_news address(const struct sctp_paddr_change *c, char text[NET_SCTP_NEWS_MAX])
{
	static const struct {
		int state;
		enum net_sctp_news news;
		const char *words;
	} rows[] = {
		{ SCTP_ADDR_AVAILABLE, NET_SCTP_NOTE, "the path to %s is up again" },
		{ SCTP_ADDR_UNREACHABLE, NET_SCTP_NOTE, "the path to %s is down" },
		{ SCTP_ADDR_REMOVED, NET_SCTP_ADDRESSES, "the other side has removed its address %s" },
		{ SCTP_ADDR_ADDED, NET_SCTP_ADDRESSES, "the other side has added the address %s" },
		{ SCTP_ADDR_MADE_PRIM, NET_SCTP_ADDRESSES, "the other side has made %s its first address" },
	};
	char host[NET_IP_TEXT_MAX];
	union net_addr a;
	struct net_ip ip;

	memcpy(&a, &c->spc_aaddr, sizeof a);
	ip = net_ip_of(&a);
	net_ip_text(host, &ip);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *rest = strstr(rows[i].words, "%s");

		if (rows[i].state == c->spc_state && rest) {
			snprintf(text, NET_SCTP_NEWS_MAX, "%.*s%s%s", (int)(rest - rows[i].words), rows[i].words, host, rest + 2);
			return rows[i].news;
		}
	}
	return NET_SCTP_NOTHING;
}

enum net_sctp_news net_sctp_read_news(const void *notification, size_t n, char text[NET_SCTP_NEWS_MAX])
{
	union sctp_notification s;
	size_t head = sizeof s.sn_header;

	text[0] = '\0';
	if (n < head) {
		return NET_SCTP_NOTHING;
	}
	memset(&s, 0, sizeof s);
	memcpy(&s, notification, n < sizeof s ? n : sizeof s);
	if (s.sn_header.sn_type == SCTP_ASSOC_CHANGE && n >= sizeof s.sn_assoc_change) {
		return association(&s.sn_assoc_change, text);
	}
	if (s.sn_header.sn_type == SCTP_PEER_ADDR_CHANGE && n >= sizeof s.sn_paddr_change) {
		return address(&s.sn_paddr_change, text);
	}
	return NET_SCTP_NOTHING;
}
