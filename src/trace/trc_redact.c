/* trc_redact.c - see trc_redact.h. */
#include "trace/trc_redact.h"

#include <string.h>

#include "diameter/dia_dict.h"
#include "diameter/dia_failed.h"
#include "diameter/dia_msg.h"
#include "trace/trc_digest.h"

#define DEPTH_MAX 8u
#define AVPS_MAX 4096u

enum form { KEEP, OCTETS, TEXT, DIGITS, SESSION, GROUP };

/* The dictionary's types decide, but for these. */
static const struct {
	uint32_t code, vendor;
	enum form form;
} rows[] = {
	{ DIA_CODE_SESSION_ID, 0, SESSION },
	{ DIA_CODE_PRODUCT_NAME, 0, KEEP },
	{ DIA_CODE_MSISDN, DIA_VENDOR_3GPP, DIGITS },
	{ DIA_CODE_SCS_IDENTITY, DIA_VENDOR_3GPP, KEEP },
	{ DIA_CODE_SM_RP_SMEA, DIA_VENDOR_3GPP, KEEP },
	/* where a subscriber is */
	{ DIA_CODE_SGSN_NUMBER, DIA_VENDOR_3GPP, DIGITS },
	{ DIA_CODE_MSC_NUMBER, DIA_VENDOR_3GPP, DIGITS },
	{ DIA_CODE_MME_NUMBER_FOR_MT_SMS, DIA_VENDOR_3GPP, DIGITS },
	{ DIA_CODE_IP_SM_GW_NUMBER, DIA_VENDOR_3GPP, DIGITS },
	{ DIA_CODE_SMSF_3GPP_NUMBER, DIA_VENDOR_3GPP, DIGITS },
	{ DIA_CODE_SMSF_NON_3GPP_NUMBER, DIA_VENDOR_3GPP, DIGITS },
	{ DIA_CODE_MME_NAME, DIA_VENDOR_3GPP, TEXT },
	{ DIA_CODE_SGSN_NAME, DIA_VENDOR_3GPP, TEXT },
	{ DIA_CODE_IP_SM_GW_NAME, DIA_VENDOR_3GPP, TEXT },
	{ DIA_CODE_SMSF_3GPP_NAME, DIA_VENDOR_3GPP, TEXT },
	{ DIA_CODE_SMSF_NON_3GPP_NAME, DIA_VENDOR_3GPP, TEXT },
};

/* An AVP of a fixed type with another length is none of that type. */
static bool has_length(const struct dia_avp_def *def, uint32_t len)
{
	return len >= dia_type_lens[def->type].min && len <= dia_type_lens[def->type].max;
}

static enum form form_of(const struct dia_avp *avp)
{
	const struct dia_avp_def *def = dia_avp_def_find(avp->code, avp->vendor);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].code == avp->code && rows[i].vendor == avp->vendor) {
			return rows[i].form;
		}
	}
	if (!def) {
		return GROUP; /* or octets, when they are no AVPs */
	}
	switch (def->type) {
	case DIA_TYPE_U32:
	case DIA_TYPE_U64:
	case DIA_TYPE_ENUM:
	case DIA_TYPE_TIME:
	case DIA_TYPE_ADDRESS:
		return has_length(def, avp->data_len) ? KEEP : OCTETS;
	case DIA_TYPE_IDENTITY:
	case DIA_TYPE_URI:
		return KEEP;
	case DIA_TYPE_UTF8:
		return TEXT;
	case DIA_TYPE_GROUPED:
		return GROUP;
	default:
		return OCTETS;
	}
}

/* -- the forms */

/* DiameterIdentity;high;low stays, what an implementation added does not. One that does not begin
 * so says anything. */
static void session(const struct sip_key *key, uint8_t *p, size_t len)
{
	size_t at = 0, parts = 0;

	while (at < len && parts < 3) {
		bool number = parts > 0 && p[at] != ';';

		if (number && (p[at] < '0' || p[at] > '9')) {
			break;
		}
		parts += p[at++] == ';';
	}
	if (parts == 3) {
		trc_digest_text(key, p + at, len - at);
	} else if (parts < 2 || at < len) {
		trc_digest_text(key, p, len);
	}
}

/* -- the walk */

/* Where an AVP lies in the copy that is changed: windows are read-only. */
static uint8_t *inside(uint8_t *base, const uint8_t *view, const uint8_t *p)
{
	return base + (p - view);
}

/* Reads the window to its end. False: it holds something that is no AVP. */
static bool is_avps(struct dia_win win)
{
	uint16_t left = AVPS_MAX;
	struct dia_failed failed;
	struct dia_avp avp;
	int more;

	if (win.p == win.end) {
		return false;
	}
	win.avps_left = &left;
	while ((more = dia_win_next(&win, &avp, &failed)) == DIA_MORE) {
	}
	return more == DIA_END;
}

static const uint8_t *walk(struct dia_win win, uint8_t *base, const uint8_t *view, const struct sip_key *key);

/* One that is no group of AVPs is octets. */
static void group(const struct dia_win *parent, const struct dia_avp *avp, uint8_t *base, const uint8_t *view,
		  const struct sip_key *key)
{
	struct dia_failed failed;
	struct dia_win win;

	if (dia_win_enter(&win, parent, avp, &failed) || !is_avps(win)) {
		trc_digest_octets(key, inside(base, view, avp->data), avp->data_len);
		return;
	}
	(void)walk(win, base, view, key); /* it was read to its end before */
}

/* Returns where reading stopped: the end, or an AVP that is none. Bounded by DEPTH_MAX, because
 * dia_win_enter() refuses more. */
static const uint8_t *walk(struct dia_win win, uint8_t *base, const uint8_t *view, const struct sip_key *key)
{
	struct dia_failed failed;
	struct dia_avp avp;
	int more;

	while ((more = dia_win_next(&win, &avp, &failed)) == DIA_MORE) {
		uint8_t *data = inside(base, view, avp.data);

		switch (form_of(&avp)) {
		case KEEP:
			break;
		case TEXT:
			trc_digest_text(key, data, avp.data_len);
			break;
		case DIGITS:
			trc_digest_digits(key, data, avp.data_len);
			break;
		case SESSION:
			session(key, data, avp.data_len);
			break;
		case GROUP:
			group(&win, &avp, base, view, key);
			break;
		default:
			trc_digest_octets(key, data, avp.data_len);
			break;
		}
		/* padding may say something, too */
		memset(data + avp.data_len, 0, (size_t)(win.p - avp.data) - avp.data_len);
	}
	memset(inside(base, view, win.p), 0, (size_t)(win.end - win.p));
	return win.p;
}

size_t trc_redact(uint8_t *message, size_t len, const struct sip_key *key)
{
	const struct dia_limits limits = { .message_len_max = 0xffffff, .avps_max = AVPS_MAX, .depth_max = DEPTH_MAX };
	uint16_t left = AVPS_MAX;
	struct dia_failed failed;
	struct dia_msg m;

	if (dia_msg_parse(&m, message, len, &limits, &failed)) {
		memset(message + DIA_HEADER_LEN, 0, len - DIA_HEADER_LEN);
		return DIA_HEADER_LEN;
	}
	return (size_t)(walk(dia_msg_win(&m, &left), message, m.bytes, key) - m.bytes);
}
