/* dia_base.c - CER/CEA, DWR/DWA, DPR/DPA as tables (RFC 6733 5.3 to 5.5, occurrence table of
 * 10.1). */
#include "diameter/dia_base.h"

#include "diameter/dia_grammar.h"

typedef struct dia_capabilities caps;
typedef struct dia_vendor_application application;
typedef struct dia_watchdog watchdog;
typedef struct dia_disconnect disconnect;

/* One row a line. */
/* clang-format off */
/* Members that all commands name alike. */
#define ORIGIN(type) \
	{ DIA_ROW(ORIGIN_HOST), DIA_AT(BYTES, type, origin_host), DIA_ONE }, \
	{ DIA_ROW(ORIGIN_REALM), DIA_AT(BYTES, type, origin_realm), DIA_ONE }
#define RESULT(type)                     { DIA_ROW(RESULT_CODE), DIA_AT(U32, type, result_code), DIA_ONE }
#define STATE(type)                      { DIA_ROW(ORIGIN_STATE_ID), DIA_AT(U32, type, origin_state_id), DIA_OPT }
#define WHY(type) \
	{ DIA_ROW(ERROR_MESSAGE), DIA_AT(BYTES, type, error_message), DIA_OPT }, \
	{ DIA_ROW(FAILED_AVP), DIA_AT(BYTES, type, failed_avp), .max = 1, .flags = DIA_SPARE }
/* Peer management has no session and goes nowhere else. */
#define NO_SESSION \
	{ DIA_ROW(SESSION_ID), DIA_NEVER }, \
	{ DIA_ROW(DESTINATION_HOST), DIA_NEVER }, \
	{ DIA_ROW(DESTINATION_REALM), DIA_NEVER }

/* With both ids the second one is the one too many (5009), with none Auth-Application-Id is missing
 * (5005). RFC 3588 6.11 allowed several Vendor-Ids. They decide nothing: the first is kept. */
static const struct dia_row application_rows[] = {
	{ DIA_ROW(VENDOR_ID), DIA_AT(BARE_U32, application, vendor_id), .min = 1, .max = 1, .flags = DIA_SPARE },
	{ DIA_ROW(AUTH_APPLICATION_ID), DIA_AT(BARE_U32, application, application_id), DIA_ONE, DIA_FLAG(application, acct), .flags = DIA_FLAG_NOT },
	{ DIA_ROW(ACCT_APPLICATION_ID), DIA_AT(BARE_U32, application, application_id), DIA_ONE, DIA_FLAG(application, acct), .flags = DIA_SHARED },
};
static const struct dia_grammar application_group = DIA_GRAMMAR(application_rows);

/* Lists that are longer than ours lose their end. dia_common_application() reads that of the lists
 * of applications in the message. */
#define LISTS \
	{ DIA_ROW(SUPPORTED_VENDOR_ID), DIA_LIST(BARE_U32, caps, supported_vendors, DIA_VENDORS_MAX), .flags = DIA_SPARE }, \
	{ DIA_ROW(AUTH_APPLICATION_ID), DIA_LIST(BARE_U32, caps, auth_applications, DIA_APPLICATIONS_MAX), .flags = DIA_SPARE }, \
	{ DIA_ROW(INBAND_SECURITY_ID), .keep = DIA_KEEP_NOT, .max = 1, .flags = DIA_SPARE }, \
	{ DIA_ROW(ACCT_APPLICATION_ID), DIA_LIST(BARE_U32, caps, acct_applications, DIA_APPLICATIONS_MAX), .flags = DIA_SPARE }, \
	{ DIA_ROW(VENDOR_SPECIFIC_APPLICATION_ID), DIA_LIST(GROUP, caps, vendor_applications, DIA_APPLICATIONS_MAX), \
	  .inside = &application_group, .flags = DIA_SPARE }, \
	{ DIA_ROW(FIRMWARE_REVISION), DIA_AT(U32, caps, firmware_revision), DIA_OPT }

static const struct dia_row cer_rows[] = {
	ORIGIN(caps),
	{ DIA_ROW(HOST_IP_ADDRESS), DIA_LIST(ADDRESS, caps, addresses, DIA_ADDRESSES_MAX), .min = 1, .flags = DIA_SPARE },
	{ DIA_ROW(VENDOR_ID), DIA_AT(U32, caps, vendor_id), DIA_ONE },
	{ DIA_ROW(PRODUCT_NAME), DIA_AT(BYTES, caps, product_name), DIA_ONE },
	STATE(caps),
	LISTS,
	NO_SESSION,
};

static const struct dia_row cea_rows[] = {
	RESULT(caps),
	ORIGIN(caps),
	{ DIA_ROW(HOST_IP_ADDRESS), DIA_LIST(ADDRESS, caps, addresses, DIA_ADDRESSES_MAX), .min = 1, .flags = DIA_SPARE | DIA_OK_ONLY },
	{ DIA_ROW(VENDOR_ID), DIA_AT(U32, caps, vendor_id), DIA_ONE_IF_OK },
	{ DIA_ROW(PRODUCT_NAME), DIA_AT(BYTES, caps, product_name), DIA_ONE_IF_OK },
	STATE(caps),
	WHY(caps),
	LISTS,
	NO_SESSION,
};

static const struct dia_row dwr_rows[] = { ORIGIN(watchdog), STATE(watchdog), NO_SESSION };
static const struct dia_row dwa_rows[] = { RESULT(watchdog), ORIGIN(watchdog), WHY(watchdog), STATE(watchdog), NO_SESSION };

#define CAUSES (DIA_VALUE(DIA_DISCONNECT_REBOOTING) | DIA_VALUE(DIA_DISCONNECT_BUSY) | DIA_VALUE(DIA_DISCONNECT_DO_NOT_WANT))
static const struct dia_row dpr_rows[] = {
	ORIGIN(disconnect),
	{ DIA_ROW(DISCONNECT_CAUSE), DIA_AT(U32, disconnect, disconnect_cause), DIA_ONE, .values = CAUSES },
	NO_SESSION,
};

const char *dia_disconnect_cause_str(uint32_t cause)
{
	static const char *const names[] = { "REBOOTING", "BUSY", "DO_NOT_WANT_TO_TALK_TO_YOU" };

	return cause < sizeof names / sizeof *names ? names[cause] : "unknown";
}
static const struct dia_row dpa_rows[] = { RESULT(disconnect), ORIGIN(disconnect), WHY(disconnect), NO_SESSION };

/* Answers with the E bit (RFC 6733 7.2). */
static const struct dia_row cea_error_rows[] = { ORIGIN(caps), RESULT(caps), STATE(caps), WHY(caps) };
static const struct dia_row dwa_error_rows[] = { ORIGIN(watchdog), RESULT(watchdog), STATE(watchdog), WHY(watchdog) };
static const struct dia_row dpa_error_rows[] = { ORIGIN(disconnect), RESULT(disconnect), WHY(disconnect) };
/* clang-format on */

static const struct dia_grammar cer_grammar = DIA_GRAMMAR(cer_rows);
static const struct dia_grammar cea_grammar = DIA_GRAMMAR(cea_rows);
static const struct dia_grammar dwr_grammar = DIA_GRAMMAR(dwr_rows);
static const struct dia_grammar dwa_grammar = DIA_GRAMMAR(dwa_rows);
static const struct dia_grammar dpr_grammar = DIA_GRAMMAR(dpr_rows);
static const struct dia_grammar dpa_grammar = DIA_GRAMMAR(dpa_rows);
static const struct dia_grammar cea_error = { DIA_GRAMMAR_ROWS(cea_error_rows), .any = true };
static const struct dia_grammar dwa_error = { DIA_GRAMMAR_ROWS(dwa_error_rows), .any = true };
static const struct dia_grammar dpa_error = { DIA_GRAMMAR_ROWS(dpa_error_rows), .any = true };

#define COMMAND(symbol, type) .code = DIA_COMMAND_##symbol, .app_id = DIA_APP_COMMON, .plain = { { 0, sizeof(type) } }
#define ANSWER(type) .result_at = offsetof(type, result_code)

static const struct dia_command cer = { .grammar = &cer_grammar, .request = true, COMMAND(CAPABILITIES_EXCHANGE, caps) };
static const struct dia_command cea = {
	.grammar = &cea_grammar, .error = &cea_error, COMMAND(CAPABILITIES_EXCHANGE, caps), ANSWER(caps)
};
static const struct dia_command dwr = { .grammar = &dwr_grammar, .request = true, COMMAND(DEVICE_WATCHDOG, watchdog) };
static const struct dia_command dwa = {
	.grammar = &dwa_grammar, .error = &dwa_error, COMMAND(DEVICE_WATCHDOG, watchdog), ANSWER(watchdog)
};
static const struct dia_command dpr = { .grammar = &dpr_grammar, .request = true, COMMAND(DISCONNECT_PEER, disconnect) };
static const struct dia_command dpa = {
	.grammar = &dpa_grammar, .error = &dpa_error, COMMAND(DISCONNECT_PEER, disconnect), ANSWER(disconnect)
};

static bool is_request(const struct dia_msg *m)
{
	return m->hdr.flags & DIA_FLAG_R;
}

static uint8_t e_bit(bool request, struct dia_u32 result_code)
{
	return !request && result_code.v / 1000 == 3 ? DIA_FLAG_E : 0;
}

static bool is_full(const struct dia_capabilities *c)
{
	return c->auth_applications_n == DIA_APPLICATIONS_MAX || c->acct_applications_n == DIA_APPLICATIONS_MAX ||
	       c->vendor_applications_n == DIA_APPLICATIONS_MAX;
}

int dia_capabilities_parse(struct dia_capabilities *out, const struct dia_msg *m, struct dia_failed *failed)
{
	int err = dia_command_parse(is_request(m) ? &cer : &cea, out, m, failed);

	if (!err) {
		out->request = is_request(m);
		out->more_applications = is_full(out) ? m : NULL;
	}
	return err;
}

void dia_capabilities_build(struct buf *out, const struct dia_capabilities *in, uint32_t hop_by_hop, uint32_t end_to_end)
{
	dia_command_build(out, in->request ? &cer : &cea, in, e_bit(in->request, in->result_code), hop_by_hop, end_to_end);
}

int dia_watchdog_parse(struct dia_watchdog *out, const struct dia_msg *m, struct dia_failed *failed)
{
	int err = dia_command_parse(is_request(m) ? &dwr : &dwa, out, m, failed);

	if (!err) {
		out->request = is_request(m);
	}
	return err;
}

void dia_watchdog_build(struct buf *out, const struct dia_watchdog *in, uint32_t hop_by_hop, uint32_t end_to_end)
{
	dia_command_build(out, in->request ? &dwr : &dwa, in, e_bit(in->request, in->result_code), hop_by_hop, end_to_end);
}

int dia_disconnect_parse(struct dia_disconnect *out, const struct dia_msg *m, struct dia_failed *failed)
{
	int err = dia_command_parse(is_request(m) ? &dpr : &dpa, out, m, failed);

	if (!err) {
		out->request = is_request(m);
	}
	return err;
}

void dia_disconnect_build(struct buf *out, const struct dia_disconnect *in, uint32_t hop_by_hop, uint32_t end_to_end)
{
	dia_command_build(out, in->request ? &dpr : &dpa, in, e_bit(in->request, in->result_code), hop_by_hop, end_to_end);
}

static bool is_common(uint32_t theirs, const uint32_t *ours, size_t ours_n)
{
	for (size_t i = 0; i < ours_n; i++) {
		if (theirs == ours[i] || theirs == DIA_APP_RELAY || ours[i] == DIA_APP_RELAY) {
			return true;
		}
	}
	return false;
}

static bool is_application(const struct dia_avp *avp)
{
	return avp->vendor == 0 && avp->data_len == 4 &&
	       (avp->code == DIA_CODE_AUTH_APPLICATION_ID || avp->code == DIA_CODE_ACCT_APPLICATION_ID);
}

static bool is_common_inside(const struct dia_win *w, const struct dia_avp *group, const uint32_t *ours, size_t ours_n)
{
	struct dia_failed failed;
	struct dia_win inside;
	struct dia_avp avp;

	if (group->vendor != 0 || group->code != DIA_CODE_VENDOR_SPECIFIC_APPLICATION_ID ||
	    dia_win_enter(&inside, w, group, &failed)) {
		return false;
	}
	while (dia_win_next(&inside, &avp, &failed) == DIA_MORE) {
		if (is_application(&avp) && is_common(be32_get(avp.data), ours, ours_n)) {
			return true;
		}
	}
	return false;
}

/* Of the whole message, what the lists have of it included. */
static bool is_common_in(const struct dia_msg *m, const uint32_t *ours, size_t ours_n)
{
	struct dia_failed failed;
	struct dia_avp avp;
	uint16_t left;
	struct dia_win w = dia_msg_win(m, &left);

	while (dia_win_next(&w, &avp, &failed) == DIA_MORE) {
		if ((is_application(&avp) && is_common(be32_get(avp.data), ours, ours_n)) ||
		    is_common_inside(&w, &avp, ours, ours_n)) {
			return true;
		}
	}
	return false;
}

bool dia_common_application(const struct dia_capabilities *theirs, const uint32_t *ours, size_t ours_n)
{
	for (size_t i = 0; i < theirs->auth_applications_n; i++) {
		if (is_common(theirs->auth_applications[i], ours, ours_n)) {
			return true;
		}
	}
	for (size_t i = 0; i < theirs->acct_applications_n; i++) {
		if (is_common(theirs->acct_applications[i], ours, ours_n)) {
			return true;
		}
	}
	for (size_t i = 0; i < theirs->vendor_applications_n; i++) {
		if (is_common(theirs->vendor_applications[i].application_id, ours, ours_n)) {
			return true;
		}
	}
	return theirs->more_applications && is_common_in(theirs->more_applications, ours, ours_n);
}
