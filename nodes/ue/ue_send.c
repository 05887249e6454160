/* ue_send.c - a device sends a short message: 'mtc-ue ctl SOCKET submit IMSI NUMBER HEX [pid N] [dcs N]
 * [header N] [report N]'. HEX is the user data, with the 7-bit alphabet one character an octet; its
 * first N octets are elements of a user data header. report 1: with TP-Status-Report-Request. */
#include <string.h>

#include "base/str.h"
#include "nodes/common/node.h"
#include "nodes/sms/sms_submit.h"
#include "nodes/ue/ue.h"

/* No (U)SIM names the SMS-SC here, and there is only one on the link. */
#define SC_ADDRESS "0"

enum { WORDS_MAX = 11, WORDS_NEEDED = 3 };

static json_t *wrong(const char *words)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", words);
}

/* The words behind the first three, in pairs. */
static int take_numbers(struct sms_submit *s, uint32_t *header, char *const *words, unsigned n)
{
	static const struct {
		const char *word;
		uint32_t max;
	} names[] = { { "pid", 255 }, { "dcs", 255 }, { "header", SMS_USER_DATA_MAX - 1 }, { "report", 1 } };
	enum { NAMES = sizeof names / sizeof *names };
	uint32_t values[NAMES] = { 0, SMS_DCS_8BIT, 0, 0 };

	for (unsigned at = WORDS_NEEDED; at < n; at += 2) {
		unsigned i = 0;

		while (i < NAMES && strcmp(words[at], names[i].word) != 0) {
			i++;
		}
		if (i == NAMES || at + 1 == n || str_parse_u32(&values[i], words[at + 1], 0, names[i].max)) {
			return ERR_INVAL;
		}
	}
	s->pid = (uint8_t)values[0];
	s->dcs = (uint8_t)values[1];
	*header = values[2];
	s->wants_report = values[3];
	return 0;
}

/* NULL: sent. */
static const char *send_one(struct ue *u, const char *imsi, struct sms_submit *s)
{
	uint8_t tpdu_octets[SMS_TPDU_MAX + 16], rpdu_octets[SMS_RPDU_MAX];
	struct buf tpdu = buf_over(tpdu_octets, sizeof tpdu_octets), rpdu = buf_over(rpdu_octets, sizeof rpdu_octets);

	s->reference = ++u->sent;
	if (sms_submit_build(&tpdu, s) || sms_rp_submit_build(&rpdu, u->sent, SC_ADDRESS, tpdu.p, tpdu.len)) {
		return "submit: expected at most 140 bytes, with the header, or 160 characters of 7 bits";
	}
	return ue_link_submit(u, imsi, rpdu.p, rpdu.len) ? "not connected to the SMS-SC" : NULL;
}

json_t *ue_send(struct ue *u, char *line)
{
	char *words[WORDS_MAX] = { NULL }, *save = NULL;
	uint8_t octets[SMS_SEPTETS_MAX];
	struct sms_submit s = { 0 };
	const char *failed;
	uint32_t header;
	unsigned n = 0;
	size_t len;

	for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		if (n == WORDS_MAX) {
			return wrong("submit: too many words");
		}
		words[n++] = w;
	}
	if (n < WORDS_NEEDED || take_numbers(&s, &header, words, n)) {
		return wrong("submit: expected IMSI NUMBER HEX, then any of pid N, dcs N, header N, report N");
	}
	if (!ue_devices_find(&u->devices, words[0])) {
		return wrong("no device of mine has this IMSI");
	}
	if (!*words[1] || words[1][strspn(words[1], "0123456789")] ||
	    str_copy(s.destination, sizeof s.destination, words[1], strlen(words[1]))) {
		return wrong("submit: expected a number of 1 to 15 digits");
	}
	if (str_unhex(octets, sizeof octets, &len, words[2]) || header > len) {
		return wrong("submit: expected an even number of hex digits, at most 320, and no longer header than them");
	}
	s.header = header ? octets : NULL;
	s.header_len = (uint8_t)header;
	s.payload = octets + header;
	s.payload_len = (uint8_t)(len - header);
	failed = send_one(u, words[0], &s);
	return failed ? wrong(failed) : json_pack("{s:b, s:i}", "ok", 1, "reference", (int)s.reference);
}

int ue_send_answered(struct ue *u, const uint8_t *body, size_t len)
{
	char imsi[SMS_IMSI_MAX + 1];
	const uint8_t *rpdu;
	struct sms_rp rp;
	size_t rpdu_len;

	if (sms_frame_submit_parse(imsi, &rpdu, &rpdu_len, body, len) || sms_rp_parse(&rp, rpdu, rpdu_len) ||
	    (rp.type != SMS_RP_ACK_TO_MS && rp.type != SMS_RP_ERROR_TO_MS)) {
		return ERR_PROTO;
	}
	node_out_event(&u->out, json_pack("{s:s, s:s, s:i, s:i}", "event", "submitted", "imsi", imsi, "reference",
					  (int)rp.reference, "cause", rp.type == SMS_RP_ERROR_TO_MS ? (int)rp.cause : 0));
	return 0;
}
