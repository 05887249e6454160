/* st_counters.h - every counter of mtc-iwfd, declared once: name and help. Add a row and use
 * ST_<NAME>; `mtcctl stats` shows it. The table of a row names its owner, the process that counts.
 * The core ends an edge that reports a row of the core. A counter only grows. A row of the gauge
 * tables is the number of objects in one state now. The order of these rows is that of the enum of
 * the states, which the room of the machine checks. */
#pragma once
#include "base/screen_rule.h"

/* A counter for each row of the screening, in the order of the rows: ST_EDGE_SCREEN_IDENTITY is the
 * first. */
#define ST_SCREEN_ROW(X, id, name, class, preset, answer, other, meaning)                                                        \
	X(EDGE_SCREEN_##id, "edge_screen_" name, "messages that this row of the screening caught: " meaning)

/* Times that a stage took, as a histogram: ST_TIME_PARTS counters a row. The first counts what took
 * less than 2^low microseconds, each further one what took less than twice as long, the last but
 * one the rest; the last is the sum in microseconds. mtcctl shows none of them, the metrics do. */
#define ST_TIME_BUCKETS 18u
#define ST_TIME_PARTS (ST_TIME_BUCKETS + 1u)
#define ST_TIME_ROWS(X, id, name, low, help)                                                                                     \
	X(id##_0, name "_0", help)                                                                                               \
	X(id##_1, name "_1", help)                                                                                               \
	X(id##_2, name "_2", help)                                                                                               \
	X(id##_3, name "_3", help)                                                                                               \
	X(id##_4, name "_4", help)                                                                                               \
	X(id##_5, name "_5", help)                                                                                               \
	X(id##_6, name "_6", help)                                                                                               \
	X(id##_7, name "_7", help)                                                                                               \
	X(id##_8, name "_8", help)                                                                                               \
	X(id##_9, name "_9", help)                                                                                               \
	X(id##_10, name "_10", help)                                                                                             \
	X(id##_11, name "_11", help)                                                                                             \
	X(id##_12, name "_12", help)                                                                                             \
	X(id##_13, name "_13", help)                                                                                             \
	X(id##_14, name "_14", help)                                                                                             \
	X(id##_15, name "_15", help)                                                                                             \
	X(id##_16, name "_16", help)                                                                                             \
	X(id##_17, name "_17", help)                                                                                             \
	X(id##_TIME, name "_time", help)

/* T(X, id, name, low, help) */
#define ST_EDGE_TIME_TABLE(T, X)                                                                                                 \
	T(X, EDGE_SCREENING, "edge_screening", 3,                                                                                \
	  "time from a request of an SCS until the edge has screened it and offered it to the core")                             \
	T(X, EDGE_ANSWERING, "edge_answering", 7,                                                                                \
	  "time from a request of an SCS (DAR) until its answer (DAA) is handed to the connection")
#define ST_CORE_TIME_TABLE(T, X)                                                                                                 \
	T(X, DECIDING, "deciding", 3,                                                                                            \
	  "time from a request at the core until the procedure has begun: duplicates, policy, rules")                            \
	T(X, HSS_ANSWERING, "hss_answering", 7,                                                                                  \
	  "time until the HSS has answered for a trigger (S6m), the wait for a turn included")                                   \
	T(X, JOURNALLING, "journalling", 5, "time until the intent of a trigger is durable in the journal")                      \
	T(X, SMSSC_ANSWERING, "smssc_answering", 7,                                                                              \
	  "time until the SMS-SC has answered for a trigger (T4), the wait for a turn included")                                 \
	T(X, REPORTING, "reporting", 17,                                                                                         \
	  "time from a request of an SCS (DAR) until its delivery report (DNR) leaves the core for the first time")

#define ST_EDGE_TABLE(X)                                                                                                         \
	/* edge: connections */                                                                                                  \
	X(EDGE_TRACED, "edge_traced", "copies of messages of SCSs that went to a trace")                                         \
	X(EDGE_TRACE_LOST, "edge_trace_lost", "copies of messages of SCSs that had no room on their way to a trace")             \
	X(EDGE_STARTED, "edge_started", "edges started, restarts included")                                                      \
	X(EDGE_ACCEPTED, "edge_accepted", "connections accepted")                                                                \
	X(EDGE_CLOSED, "edge_closed", "connections that ended, for any reason")                                                  \
	X(EDGE_REFUSED_TOTAL, "edge_refused_total", "connections closed at once: limits.connections_total reached")              \
	X(EDGE_REFUSED_ADDRESS, "edge_refused_address", "connections closed at once: limits.connections_per_address reached")    \
	X(EDGE_REFUSED_STRANGERS, "edge_refused_strangers",                                                                      \
	  "connections closed at once: limits.unauthenticated_per_address reached, or limits.unauthenticated by other edges")    \
	X(EDGE_STRANGERS_DROPPED, "edge_strangers_dropped",                                                                      \
	  "connections that made room for a newer one before they were authenticated: limits.unauthenticated reached")           \
	X(EDGE_REFUSED_RATE, "edge_refused_rate",                                                                                \
	  "connections closed at once: limits.connection_rate or limits.connection_rate_per_address reached")                    \
	X(EDGE_REFUSED_UNSIGNED, "edge_refused_unsigned",                                                                        \
	  "connections closed at once: no keyholder is there for their listener")                                                \
	X(EDGE_REFUSED_UNPROVEN, "edge_refused_unproven",                                                                        \
	  "connections closed because nobody proved that IPsec protects them (NDS/IP)")                                          \
	X(EDGE_PROVEN, "edge_proven", "connections that were proven to be protected by IPsec (NDS/IP)")                          \
	X(EDGE_HELD, "edge_held", "times that a connection was held because its IPsec protection ended (NDS/IP)")                \
	X(EDGE_PROTECTION_LOST, "edge_protection_lost", "connections cut because their IPsec protection ended (NDS/IP)")         \
	X(EDGE_SIGNED, "edge_signed", "handshakes that the keyholder signed")                                                    \
	X(EDGE_SIGN_FAILED, "edge_sign_failed", "handshakes without a signature: refused, too many wait, or no keyholder")       \
	X(EDGE_SIGN_TIMEOUTS, "edge_sign_timeouts", "handshakes without a signature: no answer within keyholder.sign_wait")      \
	X(EDGE_KEYHOLDER_LOST, "edge_keyholder_lost",                                                                            \
	  "channels of edges to a keyholder that closed; the parent makes a new one")                                            \
	X(EDGE_HANDSHAKE_OK, "edge_handshake_ok", "TLS handshakes that authenticated a peer")                                    \
	X(EDGE_HANDSHAKE_FAILED, "edge_handshake_failed", "TLS handshakes that failed or took too long")                         \
	X(EDGE_REVOKED, "edge_revoked", "connections and sessions closed because a certificate of theirs is revoked")            \
	X(EDGE_REVOCATION_UNKNOWN, "edge_revocation_unknown",                                                                    \
	  "sessions cut because the CRL or OCSP answer was missing or out of date for timers.crl_grace")                         \
	X(EDGE_OCSP_WAITED, "edge_ocsp_waited", "connections that waited for an answer of an OCSP responder")                    \
	X(EDGE_OCSP_ANSWERS, "edge_ocsp_answers", "answers of OCSP responders that were taken")                                  \
	X(EDGE_OCSP_REFUSED, "edge_ocsp_refused", "answers of OCSP responders that cannot be believed, or are too old")          \
	X(EDGE_OCSP_FAILED, "edge_ocsp_failed", "questions to OCSP responders without an answer")                                \
	X(EDGE_NO_CER, "edge_no_cer", "connections closed because no CER came in time")                                          \
	X(EDGE_BAD_CER, "edge_bad_cer", "CERs that the edge refused, and connections whose first message was no CER")            \
	X(EDGE_MALFORMED, "edge_malformed", "messages that broke the framing or header rules")                                   \
	X(EDGE_TLS_MISUSED, "edge_tls_misused",                                                                                  \
	  "connections closed after their handshake: TLS that breaks its rules, or messages of it that carry nothing")           \
	X(EDGE_REQUESTS, "edge_requests", "application requests received")                                                       \
	X(EDGE_SCREENED, "edge_screened",                                                                                        \
	  "application requests that the edge refused: routing, decoding, origin, features, too many at once")                   \
	X(EDGE_REQUESTS_FULL, "edge_requests_full",                                                                              \
	  "of these, with 3004: too many wait; limits.request_bytes or limits.request_bytes_per_connection, or no memory")       \
	X(EDGE_ANSWERS, "edge_answers", "answers sent to SCSs")                                                                  \
	X(EDGE_ANSWERED_LATE, "edge_answered_late", "requests the edge answered itself because the core did not in time")        \
	X(EDGE_UNANSWERED_SENT, "edge_unanswered_sent", "requests without an answer: it could not be put on the connection")     \
	X(EDGE_UNANSWERED_GONE, "edge_unanswered_gone", "requests without an answer: their connection ended first")              \
	X(EDGE_UNANSWERED_STOP, "edge_unanswered_stop", "requests without an answer: the edge stopped")                          \
	X(EDGE_NOTIFICATIONS, "edge_notifications", "DNRs sent to SCSs")                                                         \
	X(EDGE_BAD_ANSWERS, "edge_bad_answers", "DNAs that acknowledge nothing: not readable, or not from whom was asked")       \
	X(EDGE_LOG_LOST, "edge_log_lost", "log lines of edges that were lost: their reader was too slow, or a write failed")     \
	/* edge: turns of the loop, in the order of net_loop.h */                                                                \
	X(EDGE_TURNS_BELOW_1MS, "edge_turns_below_1ms", "turns of the loop of edges that took less than 1 ms")                   \
	X(EDGE_TURNS_BELOW_2MS, "edge_turns_below_2ms", "turns of the loop of edges that took 1 to 2 ms")                        \
	X(EDGE_TURNS_BELOW_5MS, "edge_turns_below_5ms", "turns of the loop of edges that took 2 to 5 ms")                        \
	X(EDGE_TURNS_BELOW_10MS, "edge_turns_below_10ms", "turns of the loop of edges that took 5 to 10 ms")                     \
	X(EDGE_TURNS_BELOW_20MS, "edge_turns_below_20ms", "turns of the loop of edges that took 10 to 20 ms")                    \
	X(EDGE_TURNS_BELOW_50MS, "edge_turns_below_50ms", "turns of the loop of edges that took 20 to 50 ms")                    \
	X(EDGE_TURNS_BELOW_100MS, "edge_turns_below_100ms", "turns of the loop of edges that took 50 to 100 ms")                 \
	X(EDGE_TURNS_BELOW_1S, "edge_turns_below_1s", "turns of the loop of edges that took 100 ms to 1 s")                      \
	X(EDGE_TURNS_LONGER, "edge_turns_longer", "turns of the loop of edges that took 1 s or longer")                          \
	X(EDGE_TURNS_TIME, "edge_turns_time", "microseconds that all turns of the loop of edges took together")                  \
	/* edge: screening */                                                                                                    \
	SCREEN_ROWS(ST_SCREEN_ROW, X)                                                                                            \
	X(EDGE_SCREEN_DROPPED, "edge_screen_dropped", "requests that a screening row in mode drop left unanswered")              \
	X(EDGE_SCREEN_DETECTED, "edge_screen_detected",                                                                          \
	  "requests that went on although a screening row in mode detect caught them")                                           \
	X(EDGE_SCREEN_EXEMPTED, "edge_screen_exempted",                                                                          \
	  "requests that went on because their SCS is exempt from a screening row")                                              \
	/* edge: the ring */                                                                                                     \
	X(EDGE_RING_FULL, "edge_ring_full",                                                                                      \
	  "records for the core that an edge could not hand over: its ring is full, or there is no core")                        \
	X(EDGE_RING_STALE, "edge_ring_stale", "records of an older generation dropped by an edge")                               \
	X(EDGE_RING_BAD, "edge_ring_bad", "rings to the core that an edge gave up: the core broke the rules, or did not read")   \
	/* edge: how long its stages took */                                                                                     \
	ST_EDGE_TIME_TABLE(ST_TIME_ROWS, X)

#define ST_CORE_TABLE(X)                                                                                                         \
	X(FOLLOWS, "follows", "subscriptions to decisions that 'mtcctl tail' began")                                             \
	X(FOLLOW_DROPPED, "follow_dropped", "decisions left out for a reader of 'mtcctl tail' that was too slow")                \
	X(TRACED, "traced", "messages written to the file of a trace")                                                           \
	X(TRACE_LOST, "trace_lost", "messages that a trace lost: no room, or its file took no more")                             \
	/* core: turns of the loop */                                                                                            \
	X(CORE_TURNS_BELOW_1MS, "core_turns_below_1ms", "turns of the loop of the core that took less than 1 ms")                \
	X(CORE_TURNS_BELOW_2MS, "core_turns_below_2ms", "turns of the loop of the core that took 1 to 2 ms")                     \
	X(CORE_TURNS_BELOW_5MS, "core_turns_below_5ms", "turns of the loop of the core that took 2 to 5 ms")                     \
	X(CORE_TURNS_BELOW_10MS, "core_turns_below_10ms", "turns of the loop of the core that took 5 to 10 ms")                  \
	X(CORE_TURNS_BELOW_20MS, "core_turns_below_20ms", "turns of the loop of the core that took 10 to 20 ms")                 \
	X(CORE_TURNS_BELOW_50MS, "core_turns_below_50ms", "turns of the loop of the core that took 20 to 50 ms")                 \
	X(CORE_TURNS_BELOW_100MS, "core_turns_below_100ms", "turns of the loop of the core that took 50 to 100 ms")              \
	X(CORE_TURNS_BELOW_1S, "core_turns_below_1s", "turns of the loop of the core that took 100 ms to 1 s")                   \
	X(CORE_TURNS_LONGER, "core_turns_longer", "turns of the loop of the core that took 1 s or longer")                       \
	X(CORE_TURNS_TIME, "core_turns_time", "microseconds that all turns of the loop of the core took together")               \
	/* core: rings and sessions */                                                                                           \
	X(RING_RECORDS, "ring_records", "records taken from edges")                                                              \
	X(RING_BAD, "ring_bad", "edges that were ended because a record or ring of theirs broke the rules")                      \
	X(FALSE_CLAIMS, "false_claims",                                                                                          \
	  "edges that were ended because they announced what an edge with its zone and listeners cannot have")                   \
	X(RING_STALE, "ring_stale", "requests on a session that had ended when they came")                                       \
	X(RING_FULL, "ring_full", "records that did not fit into a ring to an edge")                                             \
	X(SESSION_OPENED, "session_opened", "sessions announced by edges, also those announced again to a new core")             \
	X(SESSION_ADMITTED, "session_admitted", "sessions admitted")                                                             \
	X(SESSION_REFUSED, "session_refused", "sessions refused (3010, or 3004 for want of room); connections_max apart")        \
	X(SESSION_ENDED, "session_ended",                                                                                        \
	  "admitted sessions that were ended: a request for another, or the end of a certificate")                               \
	X(SESSION_CLOSED, "session_closed", "admitted sessions that ended")                                                      \
	X(SESSION_REPLACED, "session_replaced", "sessions replaced after an unanswered probe")                                   \
	X(SESSION_LIMIT, "session_limit", "sessions refused: the SCS's connections_max reached")                                 \
	X(SESSION_RATE, "session_rate", "sessions refused: limits.connection_rate_per_scs reached")                              \
	/* core: requests and decisions */                                                                                       \
	X(REQUESTS, "requests", "device action requests that reached the core")                                                  \
	X(DUPLICATES, "duplicates", "repeated requests: answered as the first was, or waiting with it")                          \
	X(DUPLICATES_FOREIGN, "duplicates_foreign", "repeated End-to-End-Ids with another content, refused")                     \
	X(DUPLICATES_FULL, "duplicates_full", "entries dropped from the full duplicate index")                                   \
	X(REPLAYS, "replays", "requests with the Session-Id of a finished request of their SCS, copies apart")                   \
	X(REPLAYS_FULL, "replays_full", "finished Session-Ids forgotten before replay.window was over, for want of room")        \
	X(ABSENT_ANSWERS, "absent_answers", "answers and reports that told an SCS that a device is absent")                      \
	X(ABSENT_FULL, "absent_full", "devices forgotten before privacy.absent_window was over, for want of room")               \
	X(ABSENT_REFUSED, "absent_refused", "triggers refused because their SCS learned too often that the device is absent")    \
	X(REPORT_DUPLICATES, "report_duplicates", "repeated delivery reports that got the first answer again")                   \
	X(REPORT_DUPLICATES_FULL, "report_duplicates_full",                                                                      \
	  "delivery reports and ended triggers forgotten before their window was over, because too many were remembered")        \
	X(REQUESTS_OVERDUE, "requests_overdue", "requests whose outcome was not known when their answer was due")                \
	X(REQUESTS_GIVEN_UP, "requests_given_up", "requests that an edge answered itself, and said so")                          \
	X(PENDING_LIMIT, "pending_limit", "requests refused: too many pending, of the SCS or in total, or the core is stopping") \
	X(MEMORY_REFUSED, "memory_refused",                                                                                      \
	  "triggers and replaces refused: memory is at its limit, the rest is for what was accepted")                            \
	X(MEMORY_SHORTAGES, "memory_shortages", "times memory got to its limit")                                                 \
	X(DECISION_ACCEPTED, "decision_accepted", "requests accepted")                                                           \
	X(DECISION_REFUSED, "decision_refused", "requests refused by the core")                                                  \
	X(DECISION_DETECTED, "decision_detected", "requests and triggers that a detect-only rule would have refused")            \
	X(STATUS_SUCCESS, "status_success", "requests answered SUCCESS")                                                         \
	X(STATUS_INVPAYLOAD, "status_invpayload", "requests answered INVPAYLOAD")                                                \
	X(STATUS_INVEXTID, "status_invextid", "requests answered INVEXTID")                                                      \
	X(STATUS_INVSCSID, "status_invscsid", "requests answered INVSCSID")                                                      \
	X(STATUS_INVPERIOD, "status_invperiod", "requests answered INVPERIOD")                                                   \
	X(STATUS_NOTAUTHORIZED, "status_notauthorized", "requests answered NOTAUTHORIZED")                                       \
	X(STATUS_SERVICEUNAVAILABLE, "status_serviceunavailable", "requests answered SERVICEUNAVAILABLE")                        \
	X(STATUS_PERMANENTERROR, "status_permanenterror", "requests answered PERMANENTERROR")                                    \
	X(STATUS_QUOTAEXCEEDED, "status_quotaexceeded", "requests answered QUOTAEXCEEDED")                                       \
	X(STATUS_RATEEXCEEDED, "status_rateexceeded", "requests answered RATEEXCEEDED")                                          \
	X(STATUS_REPLACEFAIL, "status_replacefail", "requests answered REPLACEFAIL")                                             \
	X(STATUS_RECALLFAIL, "status_recallfail", "requests answered RECALLFAIL")                                                \
	X(STATUS_ORIGINALMESSAGESENT, "status_originalmessagesent", "requests answered ORIGINALMESSAGESENT")                     \
	X(STATUS_TEMPORARYERROR, "status_temporaryerror", "requests answered TEMPORARYERROR")                                    \
	X(STATUS_OTHER, "status_other", "requests answered with an error Result-Code in place of a Request-Status")              \
	/* core: towards the network */                                                                                          \
	X(S6M_REQUESTS, "s6m_requests", "SIRs sent to the HSS")                                                                  \
	X(S6M_TIMEOUTS, "s6m_timeouts", "SIRs without an answer: none in time, or the connection was lost")                      \
	X(S6M_REFUSED, "s6m_refused", "SIAs that refused")                                                                       \
	X(T4_REQUESTS, "t4_requests", "DTRs sent to the SMS-SC")                                                                 \
	X(T4_RESENT, "t4_resent", "DTRs sent again with the T flag")                                                             \
	X(T4_TIMEOUTS, "t4_timeouts", "DTRs without an answer in time, those with the T flag included")                          \
	X(T4_REFUSED, "t4_refused", "DTAs that refused")                                                                         \
	X(T4_RECALLS, "t4_recalls",                                                                                              \
	  "recalls sent, repeats apart, because an outcome was unknown or a trigger is no longer wanted")                        \
	X(SMPP_THROTTLED, "smpp_throttled", "submits over SMPP that the SMS-SC refused as throttled or with a full queue")       \
	X(SMPP_CANCELS_DROPPED, "smpp_cancels_dropped",                                                                          \
	  "cancels over SMPP of parts that were not sent: smssc.cancels waited, no room while the part was valid, or no id")     \
	X(TRIGGERS_RECALLED, "triggers_recalled", "triggers recalled by their SCS")                                              \
	X(TRIGGERS_REPLACED, "triggers_replaced", "triggers replaced by their SCS")                                              \
	X(TRIGGERS_REPLACED_NEW, "triggers_replaced_new",                                                                        \
	  "replaces whose original was no longer pending: accepted as new triggers")                                             \
	X(TRIGGERS_EXPIRED, "triggers_expired", "triggers whose validity was over before they were sent: reported EXPIRED")      \
	X(TRIGGERS_CANCELLED, "triggers_cancelled", "triggers that an operator asked back")                                      \
	X(TRIGGERS_ENDED_DROPPED, "triggers_ended_dropped", "ended triggers that 'triggers show' no longer knows")               \
	X(TRIGGERS_REJUDGED, "triggers_rejudged", "pending triggers judged again after a start or a change of the associations") \
	X(TRIGGERS_REVOKED, "triggers_revoked",                                                                                  \
	  "accepted triggers cancelled: their right had ended, an operator or the deadline of the answer")                       \
	X(TRIGGERS_NOT_REVOKED, "triggers_not_revoked",                                                                          \
	  "accepted triggers that could not be cancelled: sent, reported, or no answer from the SMS-SC")                         \
	X(ANSWERS_FORGIVEN, "answers_forgiven", "DNAs and DTAs taken although they lack what RFC 6733 demands of them")          \
	X(ANSWERS_FOREIGN, "answers_foreign", "answers of core peers that answer another request, or come from another host")    \
	X(PEER_QUEUED, "peer_queued", "requests to core peers that waited for their turn")                                       \
	X(PEER_QUEUE_FULL, "peer_queue_full", "requests to core peers that did not fit into limits.peer_queue")                  \
	X(PEER_QUEUE_LATE, "peer_queue_late",                                                                                    \
	  "requests to core peers that waited and did not leave: no turn in time, peer lost, or no longer wanted")               \
	X(PEER_OPENED, "peer_opened", "connections to core peers that opened")                                                   \
	X(PEER_DOWN, "peer_down", "open connections to core peers that ended while we run")                                      \
	X(PEER_REOPEN, "peer_reopen", "core peers that discarded requests after a loss (REOPEN) and were connected again")       \
	X(PEER_HELD, "peer_held", "the same, still so after the reconnect: requests were held")                                  \
	/* core: reports */                                                                                                      \
	X(REPORTS, "reports", "delivery reports of the SMS-SC for a trigger that is held, repeats included")                     \
	X(REPORTS_FOREIGN, "reports_foreign", "delivery reports that fit no trigger")                                            \
	X(REPORTS_THROTTLED, "reports_throttled",                                                                                \
	  "receipts over SMPP that were refused for now, because smssc.receipts had no answer yet")                              \
	X(REPORTS_FULL, "reports_full",                                                                                          \
	  "delivery reports that were refused for now, because too many had no answer yet, or for lack of memory")               \
	X(REPORTS_EARLY, "reports_early", "receipts over SMPP that waited for the response of a submit_sm")                      \
	X(REPORTS_EARLY_REFUSED, "reports_early_refused",                                                                        \
	  "receipts over SMPP that were refused for now, because smssc.early_receipts waited already")                           \
	X(REPORTS_LATE, "reports_late", "triggers that ended with a report after their 201, or recalls restored too late")       \
	X(REPORTS_SENT, "reports_sent", "DNRs handed to an edge, repeats included")                                              \
	X(REPORTS_ACKNOWLEDGED, "reports_acknowledged", "DNRs acknowledged by the SCS")                                          \
	X(REPORTS_UNANSWERED, "reports_unanswered",                                                                              \
	  "DNRs whose edge did not report an outcome, 5 s after dnr.answer_wait was over")                                       \
	X(CLOCK_STEPS, "clock_steps", "times the wall clock was set by more than a second")                                      \
	X(REPORTS_EXPIRED, "reports_expired", "reports dropped after journal.report_retention")                                  \
	X(REPORTS_UNCONFIRMED, "reports_unconfirmed", "accepted triggers without a report in time: reported UNCONFIRMED")        \
	/* core: disk and control */                                                                                             \
	X(JOURNAL_COMMITS, "journal_commits", "group commits of the journal")                                                    \
	X(JOURNAL_INTENTS, "journal_intents", "intents handed to the journal")                                                   \
	X(JOURNAL_BUSY, "journal_busy", "intents and reports refused: too many wait for a commit")                               \
	X(JOURNAL_REFUSED, "journal_refused", "intents and reports refused: the journal is full or cannot be written")           \
	X(JOURNAL_TROUBLES, "journal_troubles", "times the journal got full or could not be written")                            \
	X(JOURNAL_LOST, "journal_lost", "acceptances not journalled; a restart asks again")                                      \
	X(JOURNAL_ANSWERS_LOST, "journal_answers_lost", "answers not kept: a copy after a restart is a new request")             \
	X(JOURNAL_ERRORS, "journal_errors", "commits that failed")                                                               \
	X(JOURNAL_WAITS, "journal_waits", "commits of the journal that waited until its next file was prepared")                 \
	X(JOURNAL_RECOVERED, "journal_recovered", "triggers taken up again from the journal after a start")                      \
	X(READERS_CLEARED, "readers_cleared", "slots of readers that died, freed in the store of associations")                  \
	X(AUDIT_LINES, "audit_lines", "decision lines written")                                                                  \
	X(AUDIT_ERRORS, "audit_errors", "decisions that are in no log: it could not be written")                                 \
	X(DECISIONS_SUMMED, "decisions_summed",                                                                                  \
	  "decisions beyond log.lines_per_second, which the decision log counts in one line")                                    \
	X(AUDIT_SUMMED, "audit_summed", "refusals beyond audit.refusals_per_second, which the audit counts in one record")       \
	X(AUDIT_LOST, "audit_lost", "records that the audit lost: it could not be written, or its queue was full")               \
	X(AUDIT_CHECKPOINTS, "audit_checkpoints", "checkpoints of the audit that the keyholder signed")                          \
	X(AUDIT_UNSIGNED, "audit_unsigned", "checkpoints of the audit that could not be made")                                   \
	X(AUDIT_POSTED, "audit_posted", "checkpoints of the audit that audit.publish_url took")                                  \
	X(AUDIT_POST_FAILED, "audit_post_failed", "attempts to send a checkpoint of the audit that failed")                      \
	X(HANGS, "hangs", "processes that the parent ended because they had done nothing for timers.hang")                       \
	X(NAMES_LATE, "names_late", "reloads refused: the name service of this machine did not answer within timers.names")      \
	X(KEYHOLDER_SIGNED, "keyholder_signed", "signatures of the keyholders")                                                  \
	X(KEYHOLDER_REFUSED, "keyholder_refused", "requests that a keyholder refused: foreign key, scheme or content")           \
	X(KEYHOLDER_LIMITED, "keyholder_limited", "the same: keyholder.signatures_per_second reached")                           \
	X(KEYHOLDER_FAILED, "keyholder_failed", "signatures that a key or a token could not make")                               \
	X(KEYHOLDER_MALFORMED, "keyholder_malformed", "edges cut off by a keyholder: what they sent is no request")              \
	X(PEER_NDSIP_HELD, "peer_ndsip_held",                                                                                    \
	  "connections to core peers that were held because NDS/IP did not protect them any more")                               \
	X(PEER_NDSIP_CUT, "peer_ndsip_cut", "connections to core peers that were ended because NDS/IP did not protect them")     \
	X(NDSIP_HELPER_LOST, "ndsip_helper_lost", "losses of the process that asks charon about NDS/IP")                         \
	X(NDSIP_ENDS_WAITED, "ndsip_ends_waited", "ends of security associations that waited: the NDS/IP helper did not read")   \
	X(KEYHOLDER_LOST, "keyholder_lost", "answers of a keyholder that its edge did not take")                                 \
	X(SANDBOX_ENDED, "sandbox_ended",                                                                                        \
	  "processes that their sandbox ended because of a system call that their role never makes")                             \
	X(CRL_RENEWED, "crl_renewed", "times that files of CRLs had changed and were taken, without a reload")                   \
	X(OCSP_REVOKED_FORGOTTEN, "ocsp_revoked_forgotten",                                                                      \
	  "OCSP answers that revoke a certificate and were given up: ocsp.revoked reached")                                      \
	X(CRL_REFUSED, "crl_refused", "times that files of CRLs had changed and were refused: those before stay in use")         \
	X(LOG_LOST, "log_lost", "log lines of the parent and the core that were lost, as edge_log_lost")                         \
	X(ASSOC_CHANGES, "assoc_changes", "changes of associations by the control socket, durable and in force")                 \
	X(ASSOC_BUSY, "assoc_busy", "changes of associations refused: associations.changes_max wait already")                    \
	X(IMPORTS, "imports", "files imported whole")                                                                            \
	X(ASSOC_UNDONE, "assoc_undone", "imports that were undone: the state before is in force again")                          \
	X(IMPORTS_FAILED, "imports_failed", "imports that were refused, cancelled or failed: nothing was changed")               \
	X(IMPORT_ROWS, "import_rows", "rows of files imported whole")                                                            \
	X(EXPORTS, "exports", "exports written whole")                                                                           \
	X(BACKUP_FILES, "backup_files", "files of the state copied whole for a backup")                                          \
	X(EXCHANGES_SLOW, "exchanges_slow", "exports and backups ended: their target took nothing, or they took too long")       \
	X(CTL_REQUESTS, "ctl_requests", "requests on the control socket")                                                        \
	X(CTL_ERRORS, "ctl_errors", "requests on the control socket answered with an error")                                     \
	X(CTL_REFUSED, "ctl_refused", "connections to the control socket closed: limits.control_clients, or a user's share")     \
	X(CTL_DENIED, "ctl_denied",                                                                                              \
	  "requests on the control socket refused for who asked: the role does not suffice, or only the console may")            \
	X(AUDIT_SEARCHES, "audit_searches", "searches in the audit by the control socket")                                       \
	X(AUDIT_SEARCHES_BUSY, "audit_searches_busy", "searches in the audit that were refused, because others were under way")  \
	X(CONSOLE_LINKS, "console_links", "links for the console that were made")                                                \
	X(CONSOLE_LOG_INS, "console_log_ins", "links that became a log-in at the console")                                       \
	X(CONSOLE_REFUSED, "console_refused",                                                                                    \
	  "links refused (no role, control.console_log_ins reached), links that were none, and requests of log-ins that are "    \
	  "over")                                                                                                                \
	/* core: how long its stages took */                                                                                     \
	ST_CORE_TIME_TABLE(ST_TIME_ROWS, X)

/* Connections by enum edge_session_state. An edge reports the number itself, not what moved. */
#define ST_EDGE_GAUGE_TABLE(X)                                                                                                   \
	X(EDGE_IN_PROOF, "edge_in_proof", "connections now: waiting for the proof that IPsec protects them (NDS/IP)")            \
	X(EDGE_IN_HANDSHAKE, "edge_in_handshake", "connections now: in the TLS handshake, or not open yet")                      \
	X(EDGE_IN_RESPONDER, "edge_in_responder", "connections now: waiting for an answer of an OCSP responder")                 \
	X(EDGE_IN_CER, "edge_in_cer", "connections now: waiting for the CER")                                                    \
	X(EDGE_IN_ASKED, "edge_in_asked", "connections now: waiting for the verdict of the core")                                \
	X(EDGE_IN_OPEN, "edge_in_open", "connections now: admitted")                                                             \
	X(EDGE_IN_ENDING, "edge_in_ending", "connections now: refused or disconnected, and not closed yet")                      \
	X(EDGE_TLS_IN_BEGINNING, "edge_tls_in_beginning", "TLS connections of edges now: not connected yet")                     \
	X(EDGE_TLS_IN_HANDSHAKE, "edge_tls_in_handshake", "TLS connections of edges now: in the handshake")                      \
	X(EDGE_TLS_IN_OPEN, "edge_tls_in_open", "TLS connections of edges now: both sides are authenticated")                    \
	X(EDGE_TLS_IN_DEAD, "edge_tls_in_dead", "TLS connections of edges now: ended or refused, and not closed yet")

/* Triggers by enum trg_state, sessions by enum core_session_state, triggers by enum core_wait,
 * connections of the core by enum net_tcp_state, TLS connections by enum tls_stream_state, the
 * journal by enum jrn_health and its maker by enum jrn_maker_state. The core's peers by enum
 * peer_state, their watchdogs by enum peer_wd_state, their detection of REOPEN by enum
 * peer_reopen_state. */
#define ST_CORE_GAUGE_TABLE(X)                                                                                                   \
	X(TRIGGERS_IN_IDLE, "triggers_in_idle", "triggers now: not started")                                                     \
	X(TRIGGERS_IN_ASKING, "triggers_in_asking", "triggers now: asking the HSS")                                              \
	X(TRIGGERS_IN_WRITING, "triggers_in_writing", "triggers now: writing the intent")                                        \
	X(TRIGGERS_IN_SUBMITTING, "triggers_in_submitting", "triggers now: the DTR is out")                                      \
	X(TRIGGERS_IN_RESUBMITTING, "triggers_in_resubmitting", "triggers now: the copy of the DTR is out")                      \
	X(TRIGGERS_IN_RESUMING, "triggers_in_resuming", "triggers now: taken up again after a start, and undecided")             \
	X(TRIGGERS_IN_RECALLING, "triggers_in_recalling", "triggers now: answered 201, and the SMS-SC may have it")              \
	X(TRIGGERS_IN_ACCEPTED, "triggers_in_accepted", "triggers now: with the SMS-SC, no report yet")                          \
	X(TRIGGERS_IN_REPORTING, "triggers_in_reporting", "triggers now: writing the report")                                    \
	X(TRIGGERS_IN_NOTIFYING, "triggers_in_notifying", "triggers now: the DNR is out")                                        \
	X(TRIGGERS_IN_BACKOFF, "triggers_in_backoff", "triggers now: waiting to report again")                                   \
	X(TRIGGERS_IN_DONE, "triggers_in_done", "triggers now: over, and not freed yet")                                         \
	X(TRIGGERS_IN_REVOKING, "triggers_in_revoking", "triggers now: being revoked at the SMS-SC: right gone, or cancelled")   \
	X(TRIGGERS_IN_REFUSING, "triggers_in_refusing", "triggers now: writing the refusal")                                     \
	X(TRIGGERS_IN_UNKNOWN, "triggers_in_unknown", "triggers now: outcome unknown, only a receipt resolves them (SMPP)")      \
	X(SESSIONS_IN_OPEN, "sessions_in_open", "admitted sessions now: not probed")                                             \
	X(SESSIONS_IN_PROBED, "sessions_in_probed", "admitted sessions now: a new connection waits for their answer")            \
	X(WAITS_IN_NOTHING, "waits_in_nothing", "triggers now: none of the next two")                                            \
	X(WAITS_IN_TURN, "waits_in_turn", "triggers now: wait for their turn at a core peer")                                    \
	X(WAITS_IN_SCS, "waits_in_scs", "triggers now: their report waits for the SCS")                                          \
	X(STREAMS_IN_CONNECTING, "streams_in_connecting", "connections of the core to HSS and SMS-SC now: being made")           \
	X(STREAMS_IN_OPENING, "streams_in_opening", "clients of the control socket now: accepted, and not served yet")           \
	X(STREAMS_IN_OPEN, "streams_in_open", "connections of the core now, to peers and of mtcctl: open")                       \
	X(STREAMS_IN_DEAD, "streams_in_dead", "connections of the core now: ended by the other side, and not closed yet")        \
	X(STREAMS_IN_LINGERING, "streams_in_lingering", "connections of the core now: closed, and sending what is left")         \
	X(TLS_IN_BEGINNING, "tls_in_beginning", "TLS connections of the core to HSS and SMS-SC now: not connected yet")          \
	X(TLS_IN_HANDSHAKE, "tls_in_handshake", "TLS connections of the core to HSS and SMS-SC now: in the handshake")           \
	X(TLS_IN_OPEN, "tls_in_open", "TLS connections of the core to HSS and SMS-SC now: both sides are authenticated")         \
	X(TLS_IN_DEAD, "tls_in_dead", "TLS connections of the core to HSS and SMS-SC now: ended or refused, and not closed yet") \
	X(JOURNAL_IN_WELL, "journal_in_well", "1 while the journal can be written, else 0")                                      \
	X(JOURNAL_IN_FULL, "journal_in_full", "1 while the journal has no room, else 0")                                         \
	X(JOURNAL_IN_FAILING, "journal_in_failing", "1 while the journal cannot be written: an error of the disk, else 0")       \
	X(SPARE_IN_IDLE, "spare_in_idle", "1 while no next file of the journal is being prepared, else 0")                       \
	X(SPARE_IN_ASKED, "spare_in_asked", "1 while the next file of the journal is being prepared, else 0")                    \
	X(SPARE_IN_MADE, "spare_in_made", "1 while a prepared file of the journal waits for the next commit, else 0")            \
	X(PEERS_IN_CLOSED, "peers_in_closed", "HSS and SMS-SC now: no connection")                                               \
	X(PEERS_IN_WAIT_CONN_ACK, "peers_in_wait_conn_ack", "HSS and SMS-SC now: connecting")                                    \
	X(PEERS_IN_WAIT_I_CEA, "peers_in_wait_i_cea", "HSS and SMS-SC now: CER sent, waiting for the CEA")                       \
	X(PEERS_IN_WAIT_CONN_ACK_ELECT, "peers_in_wait_conn_ack_elect",                                                          \
	  "HSS and SMS-SC now: always 0, they do not connect to us")                                                             \
	X(PEERS_IN_WAIT_RETURNS, "peers_in_wait_returns", "HSS and SMS-SC now: always 0, as the one before")                     \
	X(PEERS_IN_R_OPEN, "peers_in_r_open", "HSS and SMS-SC now: always 0, as the one before")                                 \
	X(PEERS_IN_I_OPEN, "peers_in_i_open", "HSS and SMS-SC now: open")                                                        \
	X(PEERS_IN_CLOSING, "peers_in_closing", "HSS and SMS-SC now: a Disconnect-Peer is not over yet")                         \
	X(WATCHDOGS_IN_INITIAL, "watchdogs_in_initial", "watchdogs of HSS and SMS-SC now: INITIAL, never open or left in order") \
	X(WATCHDOGS_IN_OKAY, "watchdogs_in_okay", "watchdogs of HSS and SMS-SC now: OKAY")                                       \
	X(WATCHDOGS_IN_SUSPECT, "watchdogs_in_suspect", "watchdogs of HSS and SMS-SC now: SUSPECT, no answer to a DWR yet")      \
	X(WATCHDOGS_IN_DOWN, "watchdogs_in_down", "watchdogs of HSS and SMS-SC now: DOWN, the connection was lost")              \
	X(WATCHDOGS_IN_REOPEN, "watchdogs_in_reopen",                                                                            \
	  "watchdogs of HSS and SMS-SC now: REOPEN, three answers are not there yet")                                            \
	X(REOPENS_IN_CLEAR, "reopens_in_clear", "HSS and SMS-SC now: not suspected of being in REOPEN")                          \
	X(REOPENS_IN_QUIET, "reopens_in_quiet", "HSS and SMS-SC now: just open after a loss, no requests for a moment")          \
	X(REOPENS_IN_LISTENING, "reopens_in_listening", "HSS and SMS-SC now: in use, a DWR would be the sign of REOPEN")         \
	X(REOPENS_IN_LEAVING, "reopens_in_leaving", "HSS and SMS-SC now: in REOPEN, we disconnect to connect again")             \
	X(REOPENS_IN_LEFT, "reopens_in_left", "HSS and SMS-SC now: in REOPEN, between the two connections")                      \
	X(REOPENS_IN_HOLD, "reopens_in_hold", "HSS and SMS-SC now: still in REOPEN, single requests as a probe")                 \
	X(OCSP_IN_REVOKED, "ocsp_in_revoked", "OCSP answers now that revoke a certificate, kept for all edges and over a restart")

#define ST_COUNTER_TABLE(X)                                                                                                      \
	ST_EDGE_TABLE(X)                                                                                                         \
	ST_CORE_TABLE(X)                                                                                                         \
	ST_EDGE_GAUGE_TABLE(X)                                                                                                   \
	ST_CORE_GAUGE_TABLE(X)

enum st_owner { ST_EDGE, ST_CORE };

enum st_counter {
#define ST_ROW(id, name, help) ST_##id,
	ST_COUNTER_TABLE(ST_ROW)
#undef ST_ROW
	    ST_COUNTERS
};

#define ST_ROW(id, name, help) +1
enum { ST_EDGE_GAUGE_FIRST = ST_EDGE_IN_PROOF, ST_EDGE_GAUGES = 0 ST_EDGE_GAUGE_TABLE(ST_ROW) };
#undef ST_ROW

enum st_time {
#define ST_ROW(X, id, name, low, help) ST_TIME_##id,
	ST_EDGE_TIME_TABLE(ST_ROW, ) ST_CORE_TIME_TABLE(ST_ROW, )
#undef ST_ROW
	    ST_TIMES
};
