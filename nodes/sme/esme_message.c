/* esme_message.c - options to PDU. */
#include "nodes/sme/esme_message.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "smpp/smpp_content.h"
#include "smpp/smpp_list.h"
#include "smpp/smpp_time.h"

enum { PORT_HEADER_LEN = 7, DESTINATION_LEN_MAX = SMPP_ADDRESS_MAX + 4 };

static int put_content(struct esme_message *m, const struct esme_options *o)
{
	size_t header = o->port_in_header ? PORT_HEADER_LEN : 0, len = header + o->payload_len;
	struct buf b;

	m->octets = malloc(len + 1);
	if (!m->octets) {
		return ERR_NOMEM;
	}
	b = buf_over(m->octets, len);
	if (header) {
		buf_u8(&b, PORT_HEADER_LEN - 1);
		buf_u8(&b, SMPP_IE_PORTS_16BIT);
		buf_u8(&b, 4);
		buf_be16(&b, (uint16_t)o->port);
		buf_be16(&b, 0);
		m->pdu.esm_class |= SMPP_ESM_UDHI;
	} else if (o->has_port) {
		smpp_set_number(&m->pdu, SMPP_TLV_DESTINATION_PORT, o->port);
	}
	buf_bytes(&b, o->payload, o->payload_len);
	if (o->in_payload || o->data_sm || len > SMPP_SHORT_MESSAGE_MAX) {
		smpp_set_octets(&m->pdu, SMPP_TLV_MESSAGE_PAYLOAD, m->octets, (uint32_t)len);
	} else {
		m->pdu.short_message = (struct smpp_octets){ m->octets, (uint32_t)len };
	}
	return 0;
}

static int put_destinations(struct esme_message *m, const struct esme_options *o)
{
	struct buf b;
	int err = 0;

	if (o->to_n == 1) {
		m->pdu.destination = o->to[0];
		return 0;
	}
	m->pdu.header.command = SMPP_SUBMIT_MULTI;
	m->list = malloc(o->to_n * DESTINATION_LEN_MAX);
	if (!m->list) {
		return ERR_NOMEM;
	}
	b = buf_over(m->list, o->to_n * DESTINATION_LEN_MAX);
	for (size_t i = 0; i < o->to_n && !err; i++) {
		const struct smpp_destination d = { .address = o->to[i] };

		err = smpp_destination_put(&b, &d);
	}
	m->pdu.destinations = (struct smpp_octets){ b.p, (uint32_t)b.len };
	m->pdu.destinations_n = (uint8_t)o->to_n;
	return err;
}

static int put_submit(struct esme_message *m, const struct esme_options *o)
{
	struct smpp_pdu *p = &m->pdu;
	int err;

	p->header.command = o->data_sm ? SMPP_DATA_SM : SMPP_SUBMIT_SM;
	p->esm_class = (uint8_t)o->esm_class;
	p->data_coding = (uint8_t)o->coding;
	p->protocol_id = (uint8_t)o->pid;
	p->priority_flag = (uint8_t)o->priority;
	if (o->validity_s && o->data_sm) {
		smpp_set_number(p, SMPP_TLV_QOS_TIME_TO_LIVE, o->validity_s);
	}
	err = put_destinations(m, o);
	return err ? err : put_content(m, o);
}

int esme_message_make(struct esme_message *out, const struct esme_options *o)
{
	struct esme_message m = { .pdu = { .source = o->source, .registered_delivery = o->receipt } };
	int err = o->validity_s && !o->data_sm ? smpp_time_span(m.pdu.validity_period, o->validity_s) : 0;

	str_set(m.pdu.message_id, sizeof m.pdu.message_id, o->message_id);
	if (!err && o->command == ESME_SUBMIT) {
		err = put_submit(&m, o);
	} else if (!err && o->command == ESME_REPLACE) {
		m.pdu.header.command = SMPP_REPLACE_SM;
		err = put_content(&m, o);
	} else {
		m.pdu.header.command = o->command == ESME_CANCEL ? SMPP_CANCEL_SM : SMPP_QUERY_SM;
	}
	if (err) {
		esme_message_fini(&m);
		return err;
	}
	*out = m;
	return 0;
}

void esme_message_fini(struct esme_message *m)
{
	free(m->octets);
	free(m->list);
	m->octets = m->list = NULL;
}
