/* core_trace_smpp.c - what goes into a trace of an SMS-SC over SMPP: its PDUs, encoded again from
 * what was read, so that unknown parameters are left out. */
#include <stdio.h>
#include <string.h>

#include "core/core_trace_int.h"
#include "net/net_stream.h"
#include "trace/trc_smpp.h"

#define PDU_MAX 8192u /* octets of a copy; what is longer is lost */

/* The PDU as it may be shown. ERR_LIMIT and others: it cannot be. */
static int write(struct buf *b, struct core_trace_run *r, const struct smpp_pdu *pdu)
{
	struct smpp_pdu shown = *pdu;
	int err = 0;

	if (pdu->header.length == SMPP_HEADER_LEN) {
		return smpp_encode_refusal(b, pdu->header.command, pdu->header.status, pdu->header.sequence);
	}
	if (r->unredacted) {
		trc_hide_password(&shown);
	} else {
		err = trc_redact_smpp(&shown, r->room, r->room_size, &r->key);
	}
	return err ? err : smpp_encode(b, &shown);
}

static void copy(struct core_trace_run *r, const struct core_peer *p, const struct core_trigger *t, bool out,
		 const struct smpp_pdu *pdu)
{
	const struct net_stream *stream = core_smpp_stream(p->smpp);
	struct trc_end ours = { stream ? net_stream_local(stream) : "", 0 };
	struct trc_end theirs = { stream ? net_stream_peer(stream) : p->conf->address, p->conf->port };
	char comment[TRC_TEXT_MAX];
	uint8_t octets[PDU_MAX];
	struct buf b = buf_over(octets, sizeof octets);

	if (write(&b, r, pdu) || b.full) {
		core_trace_lose(r, 1);
		return;
	}
	snprintf(comment, sizeof comment, "peer %s%s%s%s%s", p->conf->name, t ? ", scs " : "", t ? t->scs->name : "",
		 t ? ", transaction " : "", t ? t->transaction : "");
	core_trace_put(r, &(struct trc_packet){ .time_us = net_loop_real_ms(r->core->loop) * 1000,
						.from = out ? ours : theirs,
						.to = out ? theirs : ours,
						.smpp = true,
						.out = out,
						.comment = comment,
						.message = octets,
						.len = (uint32_t)b.len,
						.len_before = (uint32_t)b.len });
}

static struct core_trace_run *run_of(const struct core_peer *p)
{
	struct core_trace_run *r = p->core->trace.run;
	bool wanted = r && !r->ends && p->smpp && (!r->filter.peer[0] || strcmp(r->filter.peer, p->conf->name) == 0);

	return wanted ? r : NULL;
}

void core_trace_smpp(struct core_peer *p, bool out, const struct smpp_pdu *pdu)
{
	struct core_trace_run *r = run_of(p);

	if (!r) {
		return;
	}
	if (r->whole_peer) {
		copy(r, p, r->about, out, pdu);
	} else if (pdu->header.command & SMPP_RESP) {
		if (trc_watch_take(&r->watch, core_trace_way(p, !out), pdu->header.sequence)) {
			copy(r, p, NULL, out, pdu);
		}
	} else if (out && r->about) { /* one that comes in is looked at when its trigger is known */
		trc_watch_add(&r->watch, core_trace_way(p, true), pdu->header.sequence);
		copy(r, p, r->about, out, pdu);
	}
}

void core_trace_receipt(struct core_peer *p, const struct core_trigger *t, const struct smpp_header *h,
			const struct smpp_pdu *pdu)
{
	struct core_trace_run *r = run_of(p);

	if (!r || r->whole_peer || !core_trace_matches(r, p, t)) {
		return;
	}
	trc_watch_add(&r->watch, core_trace_way(p, false), h->sequence);
	if (pdu) {
		copy(r, p, t, false, pdu);
	} else {
		core_trace_lose(r, 1);
	}
}
