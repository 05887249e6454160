/* core_decision.h - one decision, one line: writes every verdict of the core to the decision log
 * and counts it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "audit/aud_kept.h"
#include "base/screen_rule.h"
#include "core/core_sessions.h"
#include "core/core_view.h"
#include "policy/pol_reason.h"

struct core_decisions {
	struct aud *aud;
	struct aud_kept *kept;    /* the latest lines; owned; NULL: log.kept is 0 */
	int failing;              /* errno of the last flush of the decision log; 0: it succeeded */
	uint64_t since_ms;        /* when writing last began to fail */
	uint64_t lost;            /* decisions lost before it last began to fail */
	core_decision_fn *follow; /* NULL: nobody */
	void *follow_arg;
};

struct core_decision { /* borrows its texts */
	const char *transaction, *scs, *origin_host, *address, *device;
	int protection; /* enum protection of the session; 0: not known */
	uint32_t action, reference;
	uint32_t result_code, request_status;
	bool as_new; /* a replace that became a new trigger: accepted, whatever the status */
	enum pol_reason reason;
	const char *rule;
};

/* Writes the lines gathered so far, before any answer leaves. Logs once when writing begins to
 * fail, and once when it works again. */
void core_decisions_write(struct core *c);

void core_transaction_text(char out[CORE_TRANSACTION_TEXT_MAX], uint32_t generation, uint64_t number);

/* `rule`: what was agreed and does not fit, or "". */
void core_decide_session(struct core *c, uint32_t generation, uint64_t number, const struct ipc_session_open *open,
			 const char *scs, enum pol_reason reason, const char *rule);
/* The core ends an admitted session: because of a request on it, or because its certificate
 * ended. */
void core_decide_session_end(struct core *c, const struct core_session *s, const char *reason, const char *rule);
void core_decide_action(struct core *c, const struct core_decision *d);
/* A screening row has another rule, set by `who`; `before` NULL: it has a relaxed rule at a
 * start. */
void core_decide_screening(struct core *c, const char *who, enum screen_row row, const struct screen_rule *now,
			   const struct screen_rule *before);
/* A trace began or ended (`reason` "started", "ended"), by `who`; `what`: its filter and bounds. */
void core_decide_trace(struct core *c, const char *who, const char *scs, const char *what, const char *reason);
/* A screening row that only detects caught a request of the session. */
void core_decide_screened(struct core *c, const struct core_session *s, enum screen_row row);
/* So many such lines about the SCS were left out within a minute. */
void core_decide_screened_more(struct core *c, const char *scs, uint32_t lines);
/* The revocation of an accepted trigger (`action` "revoke") and its outcome ("revoke-outcome"). */
void core_decide_revoked(struct core *c, const struct core_decision *d, const char *action);
/* Writes a further line of the transaction: the detect-only rule that would have refused it.
 * result_code and request_status are not used. */
void core_decide_detected(struct core *c, const struct core_decision *d);
