/* aud.h - the ONE emitter of decisions: a JSON line in the decision log and its counters, together
 * (CONTRACTS section 5). No other code writes decisions. Every text may come from a peer. It is
 * bounded and escaped, so no peer can forge a line. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "stats/st.h"

/* DETECTED: a further line of a transaction that has its decision; it names what a detect-only rule
 * would have refused. */
enum aud_verdict { AUD_ACCEPTED, AUD_REFUSED, AUD_DETECTED };

/* One decision with every input of it. Texts are borrowed until return; NULL is written as "". */
struct aud_decision {
	uint64_t time_ms;        /* since 1970 */
	const char *transaction; /* "edge generation-transaction", e.g. "7-0000a1" */
	const char *scs;         /* provisioned name, "" when unknown */
	const char *origin_host;
	const char *address; /* of the peer, "192.0.2.7:40000" */
	/* of its connection: protection_word(); "" when it is not known, as after a restart */
	const char *protection;
	const char *device; /* as asked: External-Identifier or msisdn:DIGITS */
	/* session, trigger, recall, replace, revoke, revoke-outcome, screening, provisioning */
	const char *action;
	/* the line of an answer to a request: counted in decision_ and status_; not written */
	bool answers;
	bool has_reference;
	uint32_t reference;         /* written as null when there is none */
	enum aud_verdict verdict;   /* written as "accepted", "refused" or "detected" */
	const char *reason;         /* reason code, "" when accepted */
	const char *rule;           /* the association rule that decided, "" when none did */
	const char *request_status; /* "SUCCESS", ...; "" when no Device-Notification is sent */
};

struct aud;

#define AUD_TEXT_MAX 256 /* octets of one text that are written; the rest is cut */
/* octets of one line: all texts fit, even if each of their octets is escaped */
#define AUD_LINE_MAX 16384

/* Begins to write to `fd`, a file or a named pipe from tail_open(). Takes fd on success; -1: no
 * log, counters only. Borrows counters (NULL allowed). ERR_NOMEM.
 *
 * Two kinds of line are not decisions; their action is "log". A previous run or a full disk may
 * leave a file that ends in an incomplete line. It gets a newline and, before the next decision,
 * {"time":..,"action":"log","reason":"torn-line","octets":N}: the line before has N octets of a
 * line that was never complete. Once there is room again, lost decisions are reported in their
 * place by {"time":..,"action":"log","reason":"lines-lost","lines":N}. */
ERR_MUST_USE int aud_open(struct aud **out, int fd, struct st_counters *counters);
/* NULL allowed. Writes the gathered lines. Returns the number of decisions that are in no log and
 * that no line reports: those that could not be written now, and those lost before. errno is the
 * reason. */
uint64_t aud_close(struct aud *a);
/* Decisions lost since the opening. */
uint64_t aud_lost(const struct aud *a);

/* Counts a decision and gathers its line for the next aud_flush(). Flushes if there is no room for
 * one more. If the log cannot be written, the line is lost and counted in audit_errors, and the
 * decision stands; the caller may ignore the result. ERR_IO with errno. */
#define AUD_GATHER_MAX (256u * 1024u) /* octets of gathered lines */
int aud_decision(struct aud *a, const struct aud_decision *d);
/* At most so many lines of refusals, detections and sessions of one SCS in a second (0: no bound,
 * as at first). Further ones are counted in decisions_summed, and in one line a second: action
 * "log", reason "lines-more", and in `rule` how many. The audit gets them all the same. */
void aud_lines(struct aud *a, uint32_t per_second);
/* Writes the gathered lines, to a file with one write(2). Call it before anything that follows
 * from these decisions is sent. Lines that cannot be written stay for the next flush. ERR_IO
 * with errno. */
int aud_flush(struct aud *a);

/* Every decision becomes a record of the audit, too (aud_store.h), also one that the decision log
 * loses. Refusals and detections beyond `refusals_per_second` of one SCS (0: no bound) are counted
 * in one record a second, and in audit_summed. Borrows the store, which outlives the log.
 * ERR_NOMEM. */
struct aud_store;
ERR_MUST_USE int aud_audit(struct aud *a, struct aud_store *store, uint32_t refusals_per_second);
/* A decision of an earlier process whose record a crash took: into the audit alone, with
 * "recovered":true. Not counted. */
void aud_recovered(struct aud *a, const struct aud_decision *d);
/* Hands over what gathered; also the summaries of a second that is over. At least once a second. */
void aud_audit_turn(struct aud *a);

/* Each line of the decision log is kept in memory, too (aud_kept.h), also one that is lost. Borrows
 * `kept`, which outlives the log. */
struct aud_kept;
void aud_keep(struct aud *a, struct aud_kept *kept);

/* After log rotation (SIGHUP): further decisions go to `fd`. Takes fd. */
void aud_reopen(struct aud *a, int fd);

/* Formats the line, without newline, for tests and for a console. Returns its length, always below
 * AUD_LINE_MAX. */
size_t aud_format(char out[AUD_LINE_MAX], const struct aud_decision *d);
