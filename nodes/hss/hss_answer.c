/* hss_answer.c - one request: decode, find, decide, encode. If it cannot be decoded, the answer
 * names the error. */
#include "nodes/hss/hss_answer.h"

#include "nodes/hss/hss_decide.h"

static const char *error_answer(const struct hss_self *h, struct buf *out, const struct dia_msg *m, const struct dia_failed *why)
{
	dia_error_answer(out, m, h->host, h->realm, why);
	return why->text;
}

const char *hss_answer(struct buf *out, const struct hss_self *h, const struct dia_msg *m, struct dia_failed *failed)
{
	struct s6m_sir sir;
	struct s6m_sia sia = { 0 };
	const struct hss_subscriber *sub;
	const char *words;

	if (m->hdr.app_id != APP_S6M) {
		dia_failed_set(failed, DIA_RESULT_APPLICATION_UNSUPPORTED, "application %u is not S6m (%u)", m->hdr.app_id,
			       APP_S6M);
		return error_answer(h, out, m, failed);
	}
	if (m->hdr.code != APP_CMD_SUBSCRIBER_INFORMATION) {
		dia_failed_set(failed, DIA_RESULT_COMMAND_UNSUPPORTED, "command %u is not Subscriber-Information", m->hdr.code);
		return error_answer(h, out, m, failed);
	}
	if (s6m_sir_parse(&sir, m, failed)) {
		return error_answer(h, out, m, failed);
	}
	sub = hss_store_find(h->store, &sir.user_identifier, !(sir.sir_flags.v & S6M_SIR_FLAG_S6M));
	app_answer_head(&sia.head, &sir.head, h->host, h->realm);
	words = hss_decide(&sia, sub, &sir);
	s6m_sia_build(out, &sia, m->hdr.hop_by_hop, m->hdr.end_to_end);
	return words;
}
