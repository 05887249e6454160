/* doc_ocsp.c - see doc_ocsp.h. The words of the last failure say what kind it is; they are those of
 * tls/tls_ocsp_verify.c, tls/tls_ocsp_answer.c and fetch/fch_msg.c, and a test compares them. */
#include "doctor/doc_ocsp.h"

#include <string.h>

#include "base/anchor_list.h"
#include "base/shown.h"
#include "doctor/doc_int.h"

static const struct {
	const char *words; /* the beginning, or a part */
	enum doc_cause cause;
} kinds[] = {
	{ "the responder cannot be reached", DOC_OCSP_SILENT },
	{ "the responder did not answer", DOC_OCSP_SILENT },
	{ "the responder cannot be asked", DOC_OCSP_SILENT },
	{ "is no HTTP response", DOC_OCSP_NOT_HTTP },
	{ "it is no OCSP response", DOC_OCSP_NOT_HTTP },
	{ "it is no basic OCSP response", DOC_OCSP_NOT_HTTP },
	{ "it is out of date", DOC_OCSP_OLD },
	{ "it is older than", DOC_OCSP_OLD },
	{ "is ahead of our clock", DOC_OCSP_AHEAD },
	{ "its signer", DOC_OCSP_SIGNER },
	{ "the certificate of its signer", DOC_OCSP_SIGNER },
	{ "its signature", DOC_OCSP_SIGNER },
};

static enum doc_cause cause_of(const char *why)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strstr(why, kinds[i].words)) {
			return kinds[i].cause;
		}
	}
	return DOC_OCSP_REFUSED;
}

static void say(struct doc_report *r, enum doc_cause cause, const json_t *row)
{
	const char *answered = doc_text(row, "answered");

	doc_say(r, cause, doc_text(row, "name"),
		DOC_WORDS({ "url", doc_text(row, "url") }, { "name", doc_text(row, "name") },
			  { "of", strcmp(doc_text(row, "of"), "anchor") == 0 ? "trust anchor" : "listener" },
			  { "why", doc_text(row, "why") }, { "last", *answered ? answered : "never" }));
}

void doc_look_at_ocsp(struct doc_report *r, const json_t *rows, const char *anchor)
{
	size_t i, well = 0;
	const json_t *row;
	char n[SHOWN_COUNT_MAX];

	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
	{
		if (anchor && (strcmp(doc_text(row, "of"), "anchor") != 0 || !anchor_list_has(anchor, doc_text(row, "name")))) {
			continue;
		}
		if (strcmp(doc_text(row, "state"), "failing") == 0) {
			say(r, cause_of(doc_text(row, "why")), row);
		} else {
			well++;
		}
	}
	if (!anchor && well) {
		doc_say(r, DOC_OCSP, "ocsp", DOC_WORDS({ "n", shown_count(n, well, "responder") }));
	}
}
