/* fuzz_sme.c - what an SME submits, from its PDU to what the device gets. The filter against forged triggers and the reader of a device share no
 * code: whatever passes the filter is no trigger for the device. */
#include <string.h>

#include "nodes/sms/sms_deliver.h"
#include "nodes/smssc/sme_address.h"
#include "nodes/smssc/sme_filter.h"
#include "nodes/smssc/sme_text.h"
#include "tests/fuzz/fuzz.h"

enum { PID_CARD_FIRST = 0x7c, PID_CARD_LAST = 0x7f, IE_PORT_8BIT = 4, IE_PORT_16BIT = 5 };

static uint8_t room[SME_TEXT_MAX];

static bool reserved_port(unsigned port)
{
	return (port >= 16000 && port <= 16999) || port >= 49152 || port == 200;
}

static const struct sme_ports *reserved(void)
{
	static struct sme_ports ports;
	static bool made;

	if (!made) {
		promise(!sme_ports_add(&ports, "16000-16999") && !sme_ports_add(&ports, "49152-65535") &&
			    !sme_ports_add(&ports, "200"),
			"the ports are ports");
		made = true;
	}
	return &ports;
}

/* By octets alone: each element that a device could take for a port, or for the SIM. */
static void look_at_header(const uint8_t *p, size_t len)
{
	size_t at = 0;

	while (at + 2 <= len) {
		unsigned id = p[at], n = p[at + 1];

		promise(at + 2 + n <= len, "an element lies in the header");
		promise(id < 0x70 || id > 0x7f, "no element is for the SIM");
		if (id == IE_PORT_8BIT) {
			promise(n == 2 && !reserved_port(p[at + 2]), "no element has a reserved port of 8 bits");
		}
		if (id == IE_PORT_16BIT) {
			promise(n == 4 && !reserved_port((unsigned)p[at + 2] << 8 | p[at + 3]), "no element has a reserved port");
		}
		at += 2 + n;
	}
	promise(at == len, "a header has nothing but elements");
}

/* As the SMS-SC sends it, and as mtc-ue reads it. */
static void deliver(const struct smpp_pdu *p, const struct sme_text *t, const uint8_t *originator, uint8_t originator_len)
{
	uint8_t octets[SMS_TPDU_MAX];
	struct buf tpdu = buf_over(octets, sizeof octets);
	struct sms_deliver in = { .originator_len = originator_len,
				  .pid = p->protocol_id,
				  .dcs = t->dcs,
				  .sent_s = 1737290096,
				  .has_port = t->has_port,
				  .port = t->port,
				  .header = t->has_header ? t->header : NULL,
				  .header_len = t->header_len,
				  .payload = t->payload },
			   out;

	if (!t->has_header && t->payload_len > SMS_USER_DATA_MAX - 7) {
		return; /* it goes in parts, which have a header of ours */
	}
	memcpy(in.originator, originator, originator_len);
	in.payload_len = (uint8_t)t->payload_len;
	promise(!sms_deliver_build(&tpdu, &in), "what was taken fits into a message");
	if (sms_deliver_parse(&out, octets, tpdu.len)) {
		return; /* an element of another size than its own: the device refuses the message */
	}
	promise(out.pid != SMS_PID_DEVICE_TRIGGER && (out.pid < PID_CARD_FIRST || out.pid > PID_CARD_LAST),
		"its protocol identifier is no trigger's");
	promise(!out.has_port || !reserved_port(out.port), "a device sees no reserved port");
}

static void fuzz_message(const char *target, const uint8_t *data, size_t size)
{
	static struct smpp_pdu p;
	uint8_t originator[SMS_ADDRESS_MAX], originator_len;
	struct smpp_content c;
	struct sme_text t;
	enum sme_forged forged;

	(void)target;
	if (smpp_decode(&p, data, size) != SMPP_ROK ||
	    (p.header.command != SMPP_SUBMIT_SM && p.header.command != SMPP_DATA_SM && p.header.command != SMPP_SUBMIT_MULTI) ||
	    smpp_content_of(&c, &p) != SMPP_ROK) {
		return;
	}
	forged = sme_filter(&p, &c, reserved());
	promise(strcmp(sme_forged_str(forged), "unknown") != 0, "each reason has words");
	if (forged != SME_NOT_FORGED || sme_originator(originator, &originator_len, &p.source) != SMPP_ROK ||
	    sme_text_of(&t, &c, p.data_coding, room) != SMPP_ROK) {
		return;
	}
	promise(t.payload_len <= SME_TEXT_MAX, "a text has a bound");
	promise(!t.has_header || 1u + t.header_len + t.payload_len <= SMS_USER_DATA_MAX, "with a header it is one message");
	promise(!t.has_port || !reserved_port(t.port), "no reserved port of the parameters is left");
	if (t.has_header) {
		look_at_header(t.header, t.header_len);
	}
	deliver(&p, &t, originator, originator_len);
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "sme-message") ? fuzz_message : NULL;
}
