/* st_counters.h - every counter of mtc-iwfd, declared once: name and help. Add a row and use ST_<NAME>; `mtcctl stats` shows it.
 * The table that a row is in names its owner, the process that counts it. The core ends an edge that reports a row of the core.
 * A counter only grows. The number of open connections or sessions is opened minus closed. */
#pragma once

#define ST_EDGE_TABLE(X)                                                                                                         \
	/* edge: connections */                                                                                                  \
	X(EDGE_STARTED, "edge_started", "edges started, restarts included")                                                      \
	X(EDGE_ACCEPTED, "edge_accepted", "connections accepted")                                                                \
	X(EDGE_CLOSED, "edge_closed", "connections that ended, for any reason")                                                  \
	X(EDGE_REFUSED_TOTAL, "edge_refused_total", "connections closed at once: limits.connections_total reached")              \
	X(EDGE_REFUSED_ADDRESS, "edge_refused_address", "connections closed at once: limits.connections_per_address reached")    \
	X(EDGE_HANDSHAKE_OK, "edge_handshake_ok", "TLS handshakes that authenticated a peer")                                    \
	X(EDGE_HANDSHAKE_FAILED, "edge_handshake_failed", "TLS handshakes that failed or took too long")                         \
	X(EDGE_NO_CER, "edge_no_cer", "connections closed because no CER came in time")                                          \
	X(EDGE_BAD_CER, "edge_bad_cer", "CERs refused by the edge (no common application, broken)")                              \
	X(EDGE_MALFORMED, "edge_malformed", "messages that broke the framing or header rules")                                   \
	X(EDGE_REQUESTS, "edge_requests", "application requests received")                                                       \
	X(EDGE_SCREENED, "edge_screened", "application requests refused by screening")                                           \
	X(EDGE_ANSWERS, "edge_answers", "answers sent to SCSs")                                                                  \
	X(EDGE_ANSWERED_LATE, "edge_answered_late", "requests the edge answered itself because the core did not in time")        \
	X(EDGE_NOTIFICATIONS, "edge_notifications", "DNRs sent to SCSs")                                                         \
	X(EDGE_LOG_LOST, "edge_log_lost", "log lines of edges that were lost: the reader of standard error did not take them")   \
	X(EDGE_RING_FULL, "edge_ring_full", "records that did not fit into the ring to the core")                                \
	X(EDGE_RING_STALE, "edge_ring_stale", "records of an older generation dropped by an edge")                               \
	X(EDGE_RING_BAD, "edge_ring_bad", "records from the core that an edge could not use")

#define ST_CORE_TABLE(X)                                                                                                         \
	/* core: rings and sessions */                                                                                           \
	X(RING_RECORDS, "ring_records", "records taken from edges")                                                              \
	X(RING_BAD, "ring_bad", "records from edges that were invalid (the edge is ended)")                                      \
	X(RING_STALE, "ring_stale", "records of an older edge generation dropped")                                               \
	X(RING_FULL, "ring_full", "records that did not fit into a ring to an edge")                                             \
	X(SESSION_OPENED, "session_opened", "sessions announced by edges")                                                       \
	X(SESSION_ADMITTED, "session_admitted", "sessions admitted")                                                             \
	X(SESSION_REFUSED, "session_refused", "sessions refused (3010)")                                                         \
	X(SESSION_CLOSED, "session_closed", "admitted sessions that ended")                                                      \
	X(SESSION_REPLACED, "session_replaced", "sessions replaced after an unanswered probe")                                   \
	X(SESSION_LIMIT, "session_limit", "sessions refused: the SCS's connections_max reached")                                 \
	/* core: requests and decisions */                                                                                       \
	X(REQUESTS, "requests", "device action requests that reached the core")                                                  \
	X(DUPLICATES, "duplicates", "repeated requests that got the first answer again")                                         \
	X(DUPLICATES_FOREIGN, "duplicates_foreign", "repeated End-to-End-Ids with another content, refused")                     \
	X(DUPLICATES_FULL, "duplicates_full", "entries dropped from the full duplicate index")                                   \
	X(REQUESTS_OVERDUE, "requests_overdue", "requests whose outcome was not known when their answer was due")                \
	X(REQUESTS_GIVEN_UP, "requests_given_up", "requests that an edge answered itself, and said so")                          \
	X(PENDING_LIMIT, "pending_limit", "requests refused: too many pending (of the SCS or in total)")                         \
	X(DECISION_ACCEPTED, "decision_accepted", "decisions: accepted")                                                         \
	X(DECISION_REFUSED, "decision_refused", "decisions: refused")                                                            \
	X(DECISION_DETECTED, "decision_detected", "requests that a detect-only rule would have refused")                         \
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
	X(STATUS_OTHER, "status_other", "decisions with another or no Request-Status")                                           \
	/* core: towards the network */                                                                                          \
	X(S6M_REQUESTS, "s6m_requests", "SIRs sent to the HSS")                                                                  \
	X(S6M_TIMEOUTS, "s6m_timeouts", "SIRs without an answer in time")                                                        \
	X(S6M_REFUSED, "s6m_refused", "SIAs that refused")                                                                       \
	X(T4_REQUESTS, "t4_requests", "DTRs sent to the SMS-SC")                                                                 \
	X(T4_RESENT, "t4_resent", "DTRs sent again with the T flag")                                                             \
	X(T4_TIMEOUTS, "t4_timeouts", "DTRs without an answer in time")                                                          \
	X(T4_REFUSED, "t4_refused", "DTAs that refused")                                                                         \
	X(T4_RECALLS, "t4_recalls", "triggers recalled because their outcome was unknown or their right ended")                  \
	X(TRIGGERS_RECALLED, "triggers_recalled", "triggers taken back by their SCS")                                            \
	X(TRIGGERS_REPLACED, "triggers_replaced", "triggers replaced by their SCS")                                              \
	X(TRIGGERS_EXPIRED, "triggers_expired", "triggers that expired here, before a DTR left")                                 \
	X(TRIGGERS_CANCELLED, "triggers_cancelled", "triggers taken back by an operator")                                        \
	X(TRIGGERS_ENDED_DROPPED, "triggers_ended_dropped", "ended triggers that 'triggers show' no longer knows")               \
	X(TRIGGERS_REJUDGED, "triggers_rejudged", "pending triggers judged again after a change of the associations")            \
	X(TRIGGERS_REVOKED, "triggers_revoked", "triggers taken back because their right had ended")                             \
	X(TRIGGERS_NOT_REVOKED, "triggers_not_revoked", "triggers whose right had ended and that were sent already")             \
	X(PEER_QUEUED, "peer_queued", "requests to core peers that waited for their turn")                                       \
	X(PEER_QUEUE_FULL, "peer_queue_full", "requests to core peers that did not fit into limits.peer_queue")                  \
	X(PEER_QUEUE_LATE, "peer_queue_late", "requests to core peers whose turn did not come in time")                          \
	X(PEER_OPENED, "peer_opened", "connections to core peers that opened")                                                   \
	X(PEER_DOWN, "peer_down", "connections to core peers that were lost")                                                    \
	/* core: reports */                                                                                                      \
	X(REPORTS, "reports", "delivery reports taken from the SMS-SC")                                                          \
	X(REPORTS_FOREIGN, "reports_foreign", "delivery reports that fit no trigger")                                            \
	X(REPORTS_LATE, "reports_late", "delivery reports after the outcome was settled")                                        \
	X(REPORTS_SENT, "reports_sent", "DNRs handed to an edge, repeats included")                                              \
	X(REPORTS_ACKNOWLEDGED, "reports_acknowledged", "DNRs acknowledged by the SCS")                                          \
	X(CLOCK_STEPS, "clock_steps", "times the wall clock was set by more than a second")                                      \
	X(REPORTS_EXPIRED, "reports_expired", "reports dropped after journal.report_retention")                                  \
	X(REPORTS_UNCONFIRMED, "reports_unconfirmed", "triggers reported UNCONFIRMED: no report in time")                        \
	/* core: disk and control */                                                                                             \
	X(JOURNAL_COMMITS, "journal_commits", "group commits of the journal")                                                    \
	X(JOURNAL_INTENTS, "journal_intents", "intents made durable")                                                            \
	X(JOURNAL_BUSY, "journal_busy", "intents refused: too many wait for a commit")                                           \
	X(JOURNAL_REFUSED, "journal_refused", "intents refused: the journal is full or cannot be written")                       \
	X(JOURNAL_TROUBLES, "journal_troubles", "times the journal got full or could not be written")                            \
	X(JOURNAL_LOST, "journal_lost", "acceptances not journalled; a restart asks again")                                      \
	X(JOURNAL_ANSWERS_LOST, "journal_answers_lost", "answers not kept: a copy after a restart is a new request")             \
	X(JOURNAL_ERRORS, "journal_errors", "commits that failed")                                                               \
	X(JOURNAL_RECOVERED, "journal_recovered", "undecided triggers taken up again after a start")                             \
	X(READERS_CLEARED, "readers_cleared", "slots of readers that died, freed in the stores of associations and journal")     \
	X(AUDIT_LINES, "audit_lines", "decision lines written")                                                                  \
	X(AUDIT_ERRORS, "audit_errors", "decision lines that could not be written")                                              \
	X(LOG_LOST, "log_lost", "log lines of the parent and the core that were lost, as edge_log_lost")                         \
	X(ASSOC_CHANGES, "assoc_changes", "changes of associations by the control socket, durable and in force")                 \
	X(ASSOC_BUSY, "assoc_busy", "changes of associations refused: associations.changes_max wait already")                    \
	X(IMPORTS, "imports", "files imported whole")                                                                            \
	X(IMPORTS_FAILED, "imports_failed", "imports that were refused, cancelled or failed: nothing was changed")               \
	X(IMPORT_ROWS, "import_rows", "rows of files imported whole")                                                            \
	X(EXPORTS, "exports", "exports written whole")                                                                           \
	X(BACKUP_FILES, "backup_files", "files of the state copied whole for a backup")                                          \
	X(EXCHANGES_SLOW, "exchanges_slow", "exports and backups ended: their target took nothing, or they took too long")       \
	X(CTL_REQUESTS, "ctl_requests", "requests on the control socket")                                                        \
	X(CTL_ERRORS, "ctl_errors", "requests on the control socket answered with an error")                                     \
	X(CTL_REFUSED, "ctl_refused", "connections to the control socket closed: limits.ctl_clients reached")

#define ST_COUNTER_TABLE(X)                                                                                                      \
	ST_EDGE_TABLE(X)                                                                                                         \
	ST_CORE_TABLE(X)

enum st_owner { ST_EDGE, ST_CORE };

enum st_counter {
#define ST_ROW(id, name, help) ST_##id,
	ST_COUNTER_TABLE(ST_ROW)
#undef ST_ROW
	    ST_COUNTERS
};
