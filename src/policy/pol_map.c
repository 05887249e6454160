/* pol_map.c - answers of the core network as tables: code, status, reason. */
#include "policy/pol_map.h"

struct row {
	uint32_t code;
	enum pol_reason reason;
};

static const struct row s6m_experimental[] = {
	{ S6M_ERROR_USER_UNKNOWN, POL_HSS_UNKNOWN_USER },
	{ S6M_ERROR_UNAUTHORIZED_REQUESTING_ENTITY, POL_HSS_NOT_ALLOWED },
	{ S6M_ERROR_UNAUTHORIZED_SERVICE, POL_HSS_NO_SERVICE },
};

static const struct row t4_experimental[] = {
	{ T4_ERROR_USER_UNKNOWN, POL_SMSSC_REFUSED },          { T4_ERROR_INVALID_SME_ADDRESS, POL_SMSSC_REFUSED },
	{ T4_ERROR_SC_CONGESTION, POL_SMSSC_REFUSED },         { T4_ERROR_TRIGGER_REPLACE_FAILURE, POL_SMSSC_REPLACE },
	{ T4_ERROR_TRIGGER_RECALL_FAILURE, POL_SMSSC_RECALL }, { T4_ERROR_ORIGINAL_MESSAGE_NOT_PENDING, POL_SMSSC_SENT },
};

#define ROWS(table) (table), sizeof(table) / sizeof((table)[0])

static bool set_from(struct pol_verdict *v, const struct row *rows, size_t n, const struct app_experimental_result *x)
{
	if (x->vendor_id != DIA_VENDOR_3GPP) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (rows[i].code != x->code) {
			continue;
		}
		*v = pol_verdict_of(rows[i].reason);
		return true;
	}
	return false;
}

static uint32_t class_of(uint32_t code)
{
	return code / 1000;
}

/* 3xxx, 4xxx and "unable to comply" may go away by themselves. */
static bool is_temporary(uint32_t code)
{
	return class_of(code) != 5 || code == DIA_RESULT_UNABLE_TO_COMPLY;
}

/* A success answer may still carry the cause of an unreachable device. */
static void map_hss_cause(struct pol_verdict *out, bool *absent, uint32_t cause, uint32_t validity_s)
{
	*absent = (cause & S6M_CAUSE_ABSENT_SUBSCRIBER) != 0;
	if (cause & S6M_CAUSE_TELESERVICE_NOT_PROVISIONED) {
		*out = pol_verdict_of(POL_HSS_TELESERVICE);
	} else if (cause & S6M_CAUSE_CALL_BARRED) {
		*out = pol_verdict_of(POL_HSS_BARRED);
	} else if (*absent && validity_s == 0) {
		*out = pol_verdict_of(POL_HSS_ABSENT);
	} else {
		*out = pol_verdict_of(POL_NONE);
	}
}

/* A result counts by its class (RFC 6733 7.1): 2002 is a success like 2001. Of another vendor's
 * Experimental-Result, or one with vendor 0, only the class is known. */
static bool is_success(uint32_t code)
{
	return class_of(code) == 2;
}

void pol_map_sia(struct pol_verdict *out, bool *absent, const struct s6m_sia *sia, uint32_t validity_s)
{
	const struct app_head *h = &sia->head;
	uint32_t code = h->result_code.v;

	*absent = false;
	if (h->experimental_result.present) {
		code = h->experimental_result.code;
		if (set_from(out, ROWS(s6m_experimental), &h->experimental_result)) {
			return;
		}
	} else if (!h->result_code.present) {
		*out = pol_verdict_of(POL_HSS_PROTOCOL);
		return;
	}
	if (is_success(code)) {
		map_hss_cause(out, absent, sia->hss_cause.present ? sia->hss_cause.v : 0, validity_s);
	} else {
		*out = pol_verdict_of(is_temporary(code) ? POL_HSS_TROUBLE : POL_HSS_REFUSED);
	}
}

void pol_map_s6m_silent(struct pol_verdict *out)
{
	*out = pol_verdict_of(POL_HSS_SILENT);
}

static enum pol_t4_meaning map_class(struct pol_verdict *out, uint32_t code)
{
	if (is_success(code)) {
		*out = pol_verdict_of(POL_NONE);
		return POL_T4_TAKEN;
	}
	*out = pol_verdict_of(is_temporary(code) ? POL_SMSSC_TROUBLE : POL_SMSSC_REFUSED);
	return class_of(code) == 3 ? POL_T4_UNHANDLED : POL_T4_REFUSED;
}

static enum pol_t4_meaning map_experimental(struct pol_verdict *out, const struct app_experimental_result *x,
					    const struct pol_t4_rules *rules)
{
	if (x->vendor_id != DIA_VENDOR_3GPP || is_success(x->code)) {
		return map_class(out, x->code);
	}
	if (rules->congestion_is_temporary && x->code == T4_ERROR_SC_CONGESTION) {
		*out = pol_verdict_of(POL_SMSSC_TROUBLE);
	} else if (!set_from(out, ROWS(t4_experimental), x)) {
		/* TS 29.337 7.3: default for every other code of 3GPP */
		*out = pol_verdict_of(POL_SMSSC_REFUSED);
	}
	if (rules->not_pending_is_stored && x->code == T4_ERROR_ORIGINAL_MESSAGE_NOT_PENDING) {
		return POL_T4_STORED;
	}
	return POL_T4_REFUSED;
}

enum pol_t4_meaning pol_map_dta(struct pol_verdict *out, const struct app_head *head, const struct pol_t4_rules *rules)
{
	if (head->experimental_result.present) {
		return map_experimental(out, &head->experimental_result, rules);
	}
	if (head->result_code.present) {
		return map_class(out, head->result_code.v);
	}
	*out = pol_verdict_of(POL_SMSSC_TROUBLE);
	return POL_T4_UNHANDLED;
}

enum tsp_delivery_outcome pol_map_delivery(uint32_t sm_delivery_outcome)
{
	switch (sm_delivery_outcome) {
	case T4_OUTCOME_SUCCESSFUL_TRANSFER:
		return TSP_OUTCOME_SUCCESS;
	case T4_OUTCOME_VALIDITY_TIME_EXPIRED:
		return TSP_OUTCOME_EXPIRED;
	case T4_OUTCOME_ABSENT_SUBSCRIBER:
	case T4_OUTCOME_UE_MEMORY_CAPACITY_EXCEEDED:
		return TSP_OUTCOME_UNDELIVERABLE;
	default:
		return TSP_OUTCOME_TEMPORARYERROR;
	}
}
