/* cfg_iwf_smssc.c - an SMS-SC that has no T4 and is reached over SMPP. */
#include "conf/cfg_iwf_smssc.h"

#include <string.h>

#include "conf/cfg_iwf_check.h"

static const struct cfg_word protocols[] = { { "t4", CFG_SMSSC_T4 }, { "smpp", CFG_SMSSC_SMPP }, { NULL, 0 } };
static const struct cfg_word port_words[] = { { "header", CFG_SMSSC_PORTS_HEADER },
					      { "parameters", CFG_SMSSC_PORTS_PARAMETERS },
					      { "none", CFG_SMSSC_PORTS_NONE },
					      { NULL, 0 } };
static const struct cfg_word longs[] = { { "payload", CFG_SMSSC_LONG_PAYLOAD },
					 { "header", CFG_SMSSC_LONG_HEADER },
					 { "parameters", CFG_SMSSC_LONG_PARAMETERS },
					 { "refuse", CFG_SMSSC_LONG_REFUSE },
					 { NULL, 0 } };
static const struct cfg_word unknowns[] = { { "hold", CFG_SMSSC_HOLD }, { "resubmit", CFG_SMSSC_RESUBMIT }, { NULL, 0 } };

const struct cfg_row cfg_smssc_rows[] = {
	CFG_WORD("protocol", struct cfg_smssc, protocol, protocols, "t4",
		 "protocol of the SMS-SC at the peer that t4.peer names. t4: Diameter, with all promises of the gateway; smpp: "
		 "SMPP 3.4, for an SMS-SC that has no T4. SMPP cannot tell a copy from a second message, so a trigger whose "
		 "outcome is unknown may be lost"),
	CFG_STRING("system_id", struct cfg_smssc, system_id, 1, "", "smpp: system_id of the bind, up to 15 characters"),
	CFG_STRING("system_type", struct cfg_smssc, system_type, 0, "", "smpp: system_type of the bind, up to 12 characters"),
	CFG_FILE("password_file", struct cfg_smssc, password_file, "",
		 "smpp: file whose first line is the password of the bind, up to 8 characters; mode 0600. Empty: no password"),
	CFG_U32("window", struct cfg_smssc, window, 1, 10000, "50",
		"smpp: requests without a response at a time; limits.peer_window applies, too"),
	CFG_DURATION("enquire_link", struct cfg_smssc, enquire_link_ms, 100, 3600000, "30s",
		     "smpp: silence of the SMS-SC after which it is asked whether it is there; without an answer within "
		     "t4.answer_wait the connection ends"),
	CFG_DURATION("pause", struct cfg_smssc, pause_ms, 10, 60000, "1s",
		     "smpp: time for which new triggers wait after the SMS-SC was congested (ESME_RTHROTTLED, ESME_RMSGQFUL)"),
	CFG_STRING("source", struct cfg_smssc, source, 0, "",
		   "smpp: source address of the messages, digits; empty: the SCS-Identity of the SCS"),
	CFG_WORD("ports", struct cfg_smssc, ports, port_words, "header",
		 "smpp: where the application port stands. header: in a user data header; parameters: in destination_port; "
		 "none: it is left out"),
	CFG_WORD("long", struct cfg_smssc, long_form, longs, "payload",
		 "smpp: a trigger that needs more than one SMS. payload: it is sent as message_payload, "
		 "and the SMS-SC divides it; header: it is sent in parts with an element 08 in the user "
		 "data header of each; parameters: in parts with SAR parameters; refuse: it is refused "
		 "with 107. header does not go with ports: parameters, nor parameters with ports: header"),
	CFG_U32("receipts", struct cfg_smssc, receipts, 1, 10000, "256",
		"smpp: receipts of the SMS-SC without an answer at a time, which is given when the report is on disk; more are "
		"refused for now with ESME_RTHROTTLED"),
	CFG_U32("early_receipts", struct cfg_smssc, early_receipts, 0, 200, "64",
		"smpp: receipts that may wait at a time for the response of their submit_sm, which they have overtaken; more are "
		"refused for now with ESME_RX_T_APPN. One waits at most for t4.answer_wait"),
	CFG_U32("cancels", struct cfg_smssc, cancels, 0, 65536, "1024",
		"smpp: cancel_sm that may wait at a time for room in the window or for a connection, of parts whose message will "
		"never be whole; more are dropped, and these parts stay at the SMS-SC until its validity ends"),
	CFG_DURATION("cancel_wait", struct cfg_smssc, cancel_wait_ms, 0, 3600000, "60s",
		     "smpp: how long such a cancel_sm waits at least; it waits as long as the message is valid when that is "
		     "longer, because only then has the SMS-SC dropped the part itself"),
	CFG_WORD("on_unknown", struct cfg_smssc, on_unknown, unknowns, "hold",
		 "smpp: a submit_sm whose response does not come. hold: it is not sent again; the SCS receives 201, and the "
		 "receipt, or UNCONFIRMED, follows. resubmit: it is sent once more, and the device may be woken twice"),
	CFG_END,
};

static int check_source(const struct cfg_iwf *c, struct report *why)
{
	if (strspn(c->smssc.source, "0123456789") == strlen(c->smssc.source)) {
		return 0;
	}
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "smssc.source"),
			 "smssc.source is '%s', expected up to 20 digits of an international number", c->smssc.source);
}

/* An SMS-SC refuses a message that has both. */
static int check_long(const struct cfg_iwf *c, struct report *why)
{
	bool header = c->smssc.ports == CFG_SMSSC_PORTS_PARAMETERS && c->smssc.long_form == CFG_SMSSC_LONG_HEADER;
	bool parameters = c->smssc.ports == CFG_SMSSC_PORTS_HEADER && c->smssc.long_form == CFG_SMSSC_LONG_PARAMETERS;

	if (!header && !parameters) {
		return 0;
	}
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "smssc.long"),
			 "smssc.long is %s with smssc.ports: %s, expected the same of both: a message cannot have a user data "
			 "header and parameters",
			 header ? "header" : "parameters", header ? "parameters" : "header");
}

/* Receipts that wait for the response of their submit_sm count among those without an answer. If
 * they could be all of these, no other receipt would be taken. */
static int check_receipts(const struct cfg_iwf *c, struct report *why)
{
	if (c->smssc.early_receipts < c->smssc.receipts) {
		return 0;
	}
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "smssc.early_receipts"),
			 "smssc.early_receipts is %u, expected a number below smssc.receipts (%u)", c->smssc.early_receipts,
			 c->smssc.receipts);
}

static int check_peer(const struct cfg_iwf *c, const struct cfg_peer *p, struct report *why)
{
	if (p->transport != TRANSPORT_TCP) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "smssc.protocol"),
				 "smssc.protocol is smpp and peer '%s' has another transport than tcp, expected tcp", p->name);
	}
	if (p->protection == PROTECTION_NDSIP) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "smssc.protocol"),
				 "smssc.protocol is smpp and peer '%s' has protection ndsip, expected tls or none", p->name);
	}
	return 0;
}

int cfg_smssc_check(const struct cfg_iwf *c, struct report *why)
{
	bool sound = cfg_sound(c->lines, "smssc") && cfg_sound(c->lines, "t4") && cfg_sound(c->lines, "s6m");
	int err = 0;

	if (c->smssc.protocol != CFG_SMSSC_SMPP || !sound) {
		return 0;
	}
	if (!c->smssc.system_id[0]) {
		err = cfg_wrong(why, c->lines, cfg_line(c->lines, "smssc.protocol"),
				"smssc.protocol is smpp without smssc.system_id, expected the name that the SMS-SC gave us");
	}
	if (!err) {
		err = check_source(c, why);
	}
	if (!err) {
		err = check_long(c, why);
	}
	if (!err) {
		err = check_receipts(c, why);
	}
	if (!err && strcmp(c->t4.peer, c->s6m.peer) == 0) {
		err = cfg_wrong(why, c->lines, cfg_line(c->lines, "t4.peer"),
				"smssc.protocol is smpp and t4.peer is s6m.peer, expected a peer of its own");
	}
	if (!err && c->t4.peer_index < c->peers_n && cfg_sound(c->lines, "peers[%zu]", c->t4.peer_index)) {
		err = check_peer(c, &c->peers[c->t4.peer_index], why);
	}
	return err;
}
