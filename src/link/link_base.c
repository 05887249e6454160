/* link_base.c - the messages of the base protocol that a link sends (RFC 6733 5.3 to 5.5), and
 * its error answers (7.2). */
#include "link/link_conn.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "diameter/dia_base.h"

#define BASE_MESSAGE_MAX 4096u
#define ERROR_ROOM 4096u /* room of an error answer for members not copied from its request */

/* A peer that does not accept even our small messages does not read at all. */
static void send_base(struct link *l, const struct buf *b)
{
	int err = b->full ? ERR_LIMIT : link_write(l, b->p, b->len);

	if (b->full) {
		link_finish(l, link_lost_event(l), true, LINK_END_INTERNAL, ERR_LIMIT,
			    "a message of the base protocol does not fit");
	} else if (err == ERR_LIMIT) {
		link_finish(l, link_lost_event(l), true, LINK_END_SLOW_READER, ERR_LIMIT, "bytes that wait: %zu",
			    net_stream_queued(l->stream));
	}
	/* ERR_CLOSED: on_close follows */
}

static struct link_outstanding new_ids(struct link *l)
{
	return (struct link_outstanding){ true, l->hop_by_hop_next++, link_ids_end_to_end(&l->ids) };
}

/* Host-IP-Address are the local addresses of the connection: one over TCP, those that the socket is
 * bound to over SCTP (RFC 6733 5.3.5). A UNIX socket has none: loopback. */
static void local_addresses(const struct link *l, struct dia_capabilities *c)
{
	static const struct dia_address loopback = { .family = 1, .octets = { 127, 0, 0, 1 } };
	struct net_ip ips[NET_IPS_MAX];
	size_t n;

	c->addresses[0] = loopback;
	c->addresses_n = 1;
	if (net_stream_local_ips(l->stream, ips, &n) || !n) {
		return;
	}
	c->addresses_n = 0;
	for (size_t i = 0; i < n && c->addresses_n < DIA_ADDRESSES_MAX; i++) {
		struct dia_address *a = &c->addresses[c->addresses_n++];

		a->family = ips[i].family == AF_INET ? 1 : 2;
		memcpy(a->octets, ips[i].octets, sizeof a->octets);
	}
}

static void our_capabilities(const struct link *l, struct dia_capabilities *c)
{
	const struct link_conf *conf = l->conf;

	c->origin_host = dia_text(conf->host);
	c->origin_realm = dia_text(conf->realm);
	local_addresses(l, c);
	c->vendor_id = dia_u32_of(conf->vendor_id);
	c->product_name = dia_text(conf->product);
	c->origin_state_id = dia_u32_of(conf->origin_state_id);
	c->supported_vendors[0] = DIA_VENDOR_3GPP;
	c->supported_vendors_n = 1;
	if (conf->relay) {
		c->auth_applications[0] = DIA_APP_RELAY;
		c->auth_applications_n = 1;
		return;
	}
	for (uint8_t i = 0; i < conf->applications_n && i < LINK_APPLICATIONS_MAX; i++) {
		c->vendor_applications[i].vendor_id = DIA_VENDOR_3GPP;
		c->vendor_applications[i].application_id = conf->applications[i];
		c->vendor_applications_n++;
	}
}

void link_send_cer(struct link *l)
{
	struct dia_capabilities cer = { .request = true };
	uint8_t octets[BASE_MESSAGE_MAX];
	struct buf b = buf_over(octets, sizeof octets);

	our_capabilities(l, &cer);
	l->cer = new_ids(l);
	dia_capabilities_build(&b, &cer, l->cer.hop_by_hop, l->cer.end_to_end);
	send_base(l, &b);
}

/* A refusal of class 3xxx is an answer-message and names only the answering host (RFC 6733
 * 7.1.3, 7.2).
 * Every other refusal is a whole CEA without the E bit (7.1.5: its own grammar can always be
 * composed). */
static void send_cea(struct link *l, uint32_t hop_by_hop, uint32_t end_to_end, const struct dia_failed *why)
{
	struct dia_capabilities cea = { .result_code = dia_u32_of(why->result_code) };
	uint8_t octets[BASE_MESSAGE_MAX];
	struct buf b = buf_over(octets, sizeof octets);

	if (why->result_code / 1000 == 3) {
		cea.origin_host = dia_text(l->conf->host);
		cea.origin_realm = dia_text(l->conf->realm);
	} else {
		our_capabilities(l, &cea);
	}
	if (why->text[0]) {
		cea.error_message = dia_text(why->text);
	}
	if (why->avp_len) {
		cea.failed_avp = (struct dia_bytes){ why->avp, why->avp_len };
	}
	dia_capabilities_build(&b, &cea, hop_by_hop, end_to_end);
	send_base(l, &b);
}

void link_send_cea(struct link *l, uint32_t result_code)
{
	struct dia_failed why;

	dia_failed_set(&why, result_code, "%s", "");
	send_cea(l, l->held_hop_by_hop, l->held_end_to_end, &why);
}

void link_send_dwr(struct link *l)
{
	struct dia_watchdog dwr = { .request = true,
				    .origin_host = dia_text(l->conf->host),
				    .origin_realm = dia_text(l->conf->realm),
				    .origin_state_id = dia_u32_of(l->conf->origin_state_id) };
	uint8_t octets[BASE_MESSAGE_MAX];
	struct buf b = buf_over(octets, sizeof octets);

	l->dwr = new_ids(l);
	dia_watchdog_build(&b, &dwr, l->dwr.hop_by_hop, l->dwr.end_to_end);
	LINK_COUNT(l, dwr_sent);
	send_base(l, &b);
}

void link_send_dwa(struct link *l, const struct dia_msg *dwr)
{
	struct dia_watchdog dwa = { .result_code = dia_u32_of(DIA_RESULT_SUCCESS),
				    .origin_host = dia_text(l->conf->host),
				    .origin_realm = dia_text(l->conf->realm),
				    .origin_state_id = dia_u32_of(l->conf->origin_state_id) };
	uint8_t octets[BASE_MESSAGE_MAX];
	struct buf b = buf_over(octets, sizeof octets);

	dia_watchdog_build(&b, &dwa, dwr->hdr.hop_by_hop, dwr->hdr.end_to_end);
	LINK_COUNT(l, dwr_answered);
	send_base(l, &b);
}

void link_send_dpr(struct link *l)
{
	struct dia_disconnect dpr = { .request = true,
				      .origin_host = dia_text(l->conf->host),
				      .origin_realm = dia_text(l->conf->realm),
				      .disconnect_cause = dia_u32_of(l->dpr_cause) };
	uint8_t octets[BASE_MESSAGE_MAX];
	struct buf b = buf_over(octets, sizeof octets);

	l->dpr = new_ids(l);
	dia_disconnect_build(&b, &dpr, l->dpr.hop_by_hop, l->dpr.end_to_end);
	send_base(l, &b);
}

void link_send_dpa(struct link *l, const struct dia_msg *dpr)
{
	struct dia_disconnect dpa = { .result_code = dia_u32_of(DIA_RESULT_SUCCESS),
				      .origin_host = dia_text(l->conf->host),
				      .origin_realm = dia_text(l->conf->realm) };
	uint8_t octets[BASE_MESSAGE_MAX];
	struct buf b = buf_over(octets, sizeof octets);

	dia_disconnect_build(&b, &dpa, dpr->hdr.hop_by_hop, dpr->hdr.end_to_end);
	send_base(l, &b);
}

static void send_answer_message(struct link *l, const struct dia_msg *request, const struct dia_failed *why)
{
	/* Session-Id and Proxy-Info are copied unchanged */
	size_t cap = request->hdr.length + ERROR_ROOM;
	uint8_t *octets = malloc(cap);
	struct buf b = buf_over(octets, cap);

	if (!octets) {
		link_finish(l, link_lost_event(l), true, LINK_END_INTERNAL, ERR_NOMEM, "no memory for an error answer");
		return;
	}
	dia_error_answer(&b, request, l->conf->host, l->conf->realm, why);
	send_base(l, &b);
	free(octets);
}

void link_send_error(struct link *l, const struct dia_msg *request, const struct dia_failed *why)
{
	const struct dia_hdr *h = &request->hdr;

	LINK_COUNT(l, errors_sent);
	log_debug(l->conf->log, "link", "%s: %s command %u answered with %s (%u): %s", l->address, l->host, h->code,
		  dia_result_str(why->result_code), why->result_code, why->text);
	if (link_is_cer(h) && why->result_code / 1000 != 3) {
		send_cea(l, h->hop_by_hop, h->end_to_end, why);
	} else {
		send_answer_message(l, request, why);
	}
}
