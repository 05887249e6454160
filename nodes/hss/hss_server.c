/* hss_server.c - passes requests of links to hss_answer() and its answers back; exactly one answer
 * to each. */
#include "nodes/hss/hss_server.h"

#include <stdlib.h>

#include "base/fault.h"

static const char *printable(struct dia_bytes b, char *out, size_t cap)
{
	snprintf(out, cap, "%.*s", (int)(b.len < cap ? b.len : cap - 1), b.p ? (const char *)b.p : "");
	return out;
}

static void log_answer(const struct hss_server *h, const struct link *l, const struct dia_msg *m, const char *words)
{
	struct s6m_sir sir;
	struct dia_failed failed = { 0 };
	char name[96], imsi[24];

	if (!h->log || h->log->level < LOG_LEVEL_DEBUG || s6m_sir_parse(&sir, m, &failed)) {
		return;
	}
	log_debug(h->log, "hss", "SIR from %s for '%s' imsi '%s': %s", link_peer_host(l),
		  printable(sir.user_identifier.external_identifier, name, sizeof name),
		  printable(sir.user_identifier.user_name, imsi, sizeof imsi), words);
}

void hss_server_on_request(void *arg, struct link *l, const struct dia_msg *m)
{
	const struct hss_server *h = OBJ_OF(arg, struct hss_server, HSS_SERVER_MAGIC);
	size_t cap = m->hdr.length + HSS_ANSWER_EXTRA;
	uint8_t *octets = malloc(cap);
	struct buf out = buf_over(octets, cap);
	struct dia_failed failed = { 0 };
	const char *words;
	int err;

	FAULT_POINT(HSS_SIR_TAKEN);
	/* no memory for an answer: the peer sees the connection end and asks another server */
	if (!octets) {
		link_drop(l, "out of memory");
		return;
	}
	words = hss_answer(&out, &h->self, m, &failed);
	if (out.full) {
		out = buf_over(octets, cap);
		dia_failed_set(&failed, DIA_RESULT_UNABLE_TO_COMPLY, "the answer is too long");
		dia_error_answer(&out, m, h->self.host, h->self.realm, &failed);
	}
	if (failed.result_code) {
		log_warn(h->log, "hss", "request of %s answered with %u: %s", link_peer_host(l), failed.result_code, failed.text);
	} else {
		log_answer(h, l, m, words);
	}
	err = link_answer(l, octets, out.len);
	FAULT_POINT(HSS_SIA_QUEUED);
	if (err) {
		log_warn(h->log, "hss", "answer to %s could not be sent: %s", link_peer_host(l), err_str(err));
	}
	free(octets);
}
