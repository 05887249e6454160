/* mtr_rows.h - the metrics that are not plain rows of stats/: those with labels, and what the core
 * is, has and waits for now. PURE.
 *
 * A label is the name of an SCS, the name of a peer of the configuration, or a reason of a table.
 * None is a device, an address or a text that a peer chose. */
#pragma once
#include <stdint.h>

/* X(id, name, type, divisor, label, second label, help): a sample is its number over `divisor`. A
 * COUNTER is unsigned; a GAUGE may be negative. A family of a smaller number stands before one of a
 * larger number. */
#define MTR_FAMILY_TABLE(X)                                                                                                      \
	/* SCSs */                                                                                                               \
	X(SCS_REQUESTS, "scs_requests_total", COUNTER, 1, "scs", NULL,                                                           \
	  "requests of the SCS that reached the core, copies included")                                                          \
	X(SCS_ACCEPTED, "scs_accepted_total", COUNTER, 1, "scs", NULL, "requests of the SCS that were accepted")                 \
	X(SCS_REFUSED, "scs_refused_total", COUNTER, 1, "scs", "reason",                                                         \
	  "requests of the SCS that the core refused, by reason (docs/user/status-codes.md)")                                    \
	X(SCS_REPORTS, "scs_reports_total", COUNTER, 1, "scs", NULL,                                                             \
	  "delivery reports handed to an edge for the SCS, repeats included")                                                    \
	X(SCS_ACKNOWLEDGED, "scs_acknowledged_total", COUNTER, 1, "scs", NULL, "delivery reports that the SCS acknowledged")     \
	X(SCS_SESSIONS, "scs_sessions", GAUGE, 1, "scs", NULL, "sessions of the SCS now")                                        \
	X(SCS_PENDING, "scs_pending_requests", GAUGE, 1, "scs", NULL, "requests of the SCS now that wait for their answer")      \
	X(SCS_CERTIFICATE, "scs_certificate_left_seconds", GAUGE, 1, "scs", NULL,                                                \
	  "time until the first certificate among the sessions of the SCS ends")                                                 \
	X(SESSIONS_REFUSED, "session_refusals_total", COUNTER, 1, "reason", NULL,                                                \
	  "sessions of SCSs that were refused, by reason")                                                                       \
	/* peers */                                                                                                              \
	X(PEER_UP, "peer_up", GAUGE, 1, "peer", NULL, "1 while the connection to the HSS, SMS-SC or relay is open, else 0")      \
	X(PEER_REQUESTS, "peer_requests_total", COUNTER, 1, "peer", NULL, "requests sent to the peer")                           \
	X(PEER_ANSWERS, "peer_answers_total", COUNTER, 1, "peer", NULL, "answers of the peer")                                   \
	X(PEER_TIMEOUTS, "peer_timeouts_total", COUNTER, 1, "peer", NULL, "requests to the peer without an answer in time")      \
	X(PEER_PENDING, "peer_pending_requests", GAUGE, 1, "peer", NULL, "requests to the peer now that wait for their answer")  \
	X(PEER_FORGIVEN, "peer_forgiven_answers_total", COUNTER, 1, "peer", NULL,                                                \
	  "answers of the peer that were taken although they lack something")                                                    \
	X(PEER_CERTIFICATE, "peer_certificate_left_seconds", GAUGE, 1, "peer", NULL,                                             \
	  "time until our certificate for the connection to the peer ends")                                                      \
	X(PEER_TUNNELS, "peer_tunnels", GAUGE, 1, "peer", NULL, "security associations (CHILD_SA) of NDS/IP to the peer now")    \
	X(PEER_PROVEN, "peer_proven", GAUGE, 1, "peer", NULL,                                                                    \
	  "1 while the connection to the peer is proven to be protected by NDS/IP, else 0")                                      \
	/* load */                                                                                                               \
	X(START_TIME, "start_time_seconds", GAUGE, 1000, NULL, NULL, "when the core started, seconds since 1970")                \
	X(SESSIONS, "sessions", GAUGE, 1, NULL, NULL, "admitted sessions of SCSs now")                                           \
	X(PENDING, "pending_requests", GAUGE, 1, NULL, NULL, "requests of SCSs now that wait for their answer")                  \
	X(TRIGGERS, "held_triggers", GAUGE, 1, NULL, NULL, "accepted triggers now that are not reported and acknowledged")       \
	X(ENTERING, "entering_triggers", GAUGE, 1, NULL, NULL, "triggers now that are in the journal only, after a start")       \
	X(STOPPING, "stopping", GAUGE, 1, NULL, NULL, "1 while the core ends, else 0")                                           \
	X(MEMORY_SHORT, "memory_short", GAUGE, 1, NULL, NULL,                                                                    \
	  "1 while memory is at its limit and new triggers are refused, else 0")                                                 \
	X(LOG_FAILING, "log_failing", GAUGE, 1, NULL, NULL, "1 while the log of the core cannot be written, else 0")             \
	X(DECISIONS_FAILING, "decision_log_failing", GAUGE, 1, NULL, NULL, "1 while the decision log cannot be written, else 0") \
	X(DECISIONS_LOST, "decision_log_lost_total", COUNTER, 1, NULL, NULL, "decisions that the decision log lost")             \
	X(CONFIG_WAITS, "configuration_waits", GAUGE, 1, NULL, NULL,                                                             \
	  "1 while the file of the configuration differs from what is in force, else 0")                                         \
	/* processes */                                                                                                          \
	X(EDGES, "edges", GAUGE, 1, NULL, NULL, "edges now that are joined to the core")                                         \
	X(KEYHOLDERS, "keyholders", GAUGE, 1, NULL, NULL, "keyholders that the configuration needs")                             \
	X(KEYHOLDERS_UP, "keyholders_up", GAUGE, 1, NULL, NULL, "keyholders now that can sign")                                  \
	X(PROCESSES, "processes", GAUGE, 1, NULL, NULL, "processes now that have told what their sandbox is")                    \
	X(CONFINED, "processes_confined", GAUGE, 1, NULL, NULL, "processes now whose sandbox lacks nothing")                     \
	/* disk */                                                                                                               \
	X(JOURNAL_BYTES, "journal_bytes", GAUGE, 1, NULL, NULL, "bytes of all files of the journal, spares included")            \
	X(JOURNAL_SEGMENTS, "journal_segments", GAUGE, 1, NULL, NULL, "files of the journal, spares included")                   \
	X(JOURNAL_RECORDS, "journal_records", GAUGE, 1, NULL, NULL, "records in the journal")                                    \
	X(JOURNAL_WAITING, "journal_waiting_records", GAUGE, 1, NULL, NULL, "records now that wait for a commit")                \
	X(JOURNAL_COMMIT_TIME, "journal_commit_seconds_total", COUNTER, 1000000, NULL, NULL,                                     \
	  "time that all commits of the journal took; over journal_commits_total it is that of one")                             \
	X(JOURNAL_LIMIT, "journal_limit_bytes", GAUGE, 1, NULL, NULL, "bytes that the journal may grow to")                      \
	X(JOURNAL_LEFT, "journal_left_bytes", GAUGE, 1, NULL, NULL, "bytes until the journal or its disk is full")               \
	X(ASSOC_BYTES, "associations_bytes", GAUGE, 1, NULL, NULL, "bytes of the file of associations, free pages included")     \
	X(ASSOC_LIMIT, "associations_limit_bytes", GAUGE, 1, NULL, NULL, "bytes that the file of associations may grow to")      \
	X(ASSOC_LEFT, "associations_left_bytes", GAUGE, 1, NULL, NULL,                                                           \
	  "bytes until the file of associations or its disk is full")                                                            \
	X(ROWS_BYTES, "association_rows_bytes", GAUGE, 1, NULL, NULL,                                                            \
	  "bytes of the file of imported associations, free pages included")                                                     \
	X(ROWS_LIMIT, "association_rows_limit_bytes", GAUGE, 1, NULL, NULL,                                                      \
	  "bytes that the file of imported associations may grow to")                                                            \
	X(ROWS_LEFT, "association_rows_left_bytes", GAUGE, 1, NULL, NULL,                                                        \
	  "bytes until the file of imported associations or its disk is full")                                                   \
	/* certificates; without a sample: there is none */                                                                      \
	X(LISTENER_CERTIFICATE, "listener_certificate_left_seconds", GAUGE, 1, NULL, NULL,                                       \
	  "time until the first certificate of a listener ends")                                                                 \
	X(ANCHOR_CERTIFICATE, "anchor_certificate_left_seconds", GAUGE, 1, NULL, NULL,                                           \
	  "time until the first certificate of a trust anchor ends")                                                             \
	X(CRL_LEFT, "crl_left_seconds", GAUGE, 1, NULL, NULL,                                                                    \
	  "time until the nextUpdate of the CRL that is due first; negative: it is past")                                        \
	X(CRL_REFUSED_NOW, "crl_refused_anchors", GAUGE, 1, NULL, NULL,                                                          \
	  "trust anchors now whose files of CRLs are wrong, so that those before are in use")                                    \
	X(OCSP_RESPONDERS, "ocsp_responders", GAUGE, 1, NULL, NULL, "OCSP responders that are asked")                            \
	X(OCSP_FAILING, "ocsp_failing_responders", GAUGE, 1, NULL, NULL,                                                         \
	  "OCSP responders now whose last question got no answer that can be believed")                                          \
	X(OCSP_AGE, "ocsp_answer_age_seconds", GAUGE, 1, NULL, NULL,                                                             \
	  "time since the last answer of the responder that has been silent longest")                                            \
	/* audit; without a sample: there is none */                                                                             \
	X(AUDIT_RECORDS, "audit_records", GAUGE, 1, NULL, NULL, "records of the audit")                                          \
	X(AUDIT_UNSEALED, "audit_unsealed_records", GAUGE, 1, NULL, NULL, "records of the audit now that no checkpoint covers")  \
	X(AUDIT_AGE, "audit_checkpoint_age_seconds", GAUGE, 1000, NULL, NULL, "time since the last checkpoint of the audit")     \
	X(AUDIT_BYTES, "audit_bytes", GAUGE, 1, NULL, NULL, "bytes of all files of records of the audit")                        \
	X(AUDIT_WAITING, "audit_waiting_bytes", GAUGE, 1, NULL, NULL,                                                            \
	  "bytes of records of the audit now that wait for the disk")                                                            \
	X(AUDIT_BROKEN, "audit_broken", GAUGE, 1, NULL, NULL, "1 when the audit writes nothing any more, else 0")                \
	/* NDS/IP; without a sample: no listener and no peer has it */                                                           \
	X(NDSIP_CHARON, "ndsip_charon_up", GAUGE, 1, NULL, NULL, "1 while charon answers the NDS/IP helper, else 0")             \
	X(NDSIP_RULES_LOST, "ndsip_rules_lost", GAUGE, 1, NULL, NULL,                                                            \
	  "1 while the rules of the packet filter are not in force, else 0")                                                     \
	X(NDSIP_IKES, "ndsip_ike_associations", GAUGE, 1, NULL, NULL, "IKE security associations now")                           \
	X(NDSIP_TUNNELS, "ndsip_tunnels", GAUGE, 1, NULL, NULL, "CHILD_SAs now, in which traffic is protected")                  \
	X(NDSIP_OPEN, "ndsip_connections", GAUGE, 1, NULL, NULL, "connections now that NDS/IP has to protect")                   \
	X(NDSIP_PROVEN, "ndsip_proven_connections", GAUGE, 1, NULL, NULL, "connections now that are proven to be protected")

enum mtr_family {
#define MTR_ROW(id, name, type, divisor, label, second, help) MTR_##id,
	MTR_FAMILY_TABLE(MTR_ROW)
#undef MTR_ROW
	    MTR_FAMILIES
};

enum mtr_type { MTR_COUNTER, MTR_GAUGE };

struct mtr_family_row {
	const char *name, *help; /* name: without the prefix that all have */
	enum mtr_type type;
	uint32_t divisor;
	const char *labels[2]; /* NULL: none */
};
extern const struct mtr_family_row mtr_families[MTR_FAMILIES];

#define MTR_PREFIX "mtc_iwf_"
#define MTR_OTHER "other" /* value of a label: of all that have none of their own */
