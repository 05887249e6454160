/* ipc_rec.h - the records that cross the ring between an edge and the core (CONTRACTS section
 * 4): the protocol break.
 *
 * Header, little-endian: u16 type, u16 length (header included), u32 edge_generation, u64
 * transaction. The body consists of integers and strings (u16 length, then octets; no NUL). A
 * record never carries Diameter octets that anybody acts on: its fields are typed, bounded and
 * canonical; only the trigger payload, the response of an OCSP responder and the copy of a message
 * for a trace are opaque.
 *
 * Each decoder checks every field as if the other process were hostile and leaves `out`
 * untouched unless it returns 0. Decoders return ERR_PROTO for a field that is missing, out of
 * range, not canonical, or for octets left over. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/agreement.h"
#include "base/err.h"
#include "base/ident.h"
#include "base/protection.h"
#include "base/scs_limits.h"
#include "base/screen_rule.h"
#include "base/str.h"
#include "stats/st.h"

#define IPC_REC_HEAD_LEN 16u
#define IPC_REASON_MAX 63  /* octets of a reason word: lower-case letters, digits, '-' */
#define IPC_ADDRESS_MAX 63 /* "[v6]:port" */
#define IPC_LISTENERS_MAX 16
#define IPC_PROBE_MAX_MS 60000u
#define IPC_GROUP_LEN_MAX 253
#define IPC_LAPSES_ALL 0xfu

enum ipc_rec_type {
	IPC_REC_SESSION_OPEN = 1,               /* edge > core */
	IPC_REC_SESSION_VERDICT = 2,            /* core > edge */
	IPC_REC_SESSION_CUT = 3,                /* core > edge */
	IPC_REC_SESSION_CLOSED = 4,             /* edge > core */
	IPC_REC_DEVICE_ACTION = 5,              /* edge > core */
	IPC_REC_DEVICE_ACTION_ANSWER = 6,       /* core > edge */
	IPC_REC_DEVICE_NOTIFICATION = 7,        /* core > edge */
	IPC_REC_DEVICE_NOTIFICATION_ANSWER = 8, /* edge > core */
	IPC_REC_STATS = 9,                      /* edge > core */
	IPC_REC_DEVICE_ACTION_GIVEN_UP = 10,    /* edge > core */
	IPC_REC_SCREEN_RULE = 11,               /* core > edge */
	IPC_REC_SCREEN_SEEN = 12,               /* edge > core */
	IPC_REC_OCSP_FOUND = 13,                /* edge > core */
	IPC_REC_OCSP_KNOWN = 14,                /* core > edge */
	IPC_REC_OCSP_STATE = 15,                /* edge > core */
	IPC_REC_TRACE = 16,                     /* core > edge */
	IPC_REC_TRACE_COPY = 17,                /* edge > core */
	IPC_REC_LAST = IPC_REC_TRACE_COPY,
};

/* Result-Codes (RFC 6733 7.1) and Disconnect-Cause (5.4.3) as the records bound them;
 * edge_verdict.c holds them against the dictionary. */
enum { IPC_RESULT_SUCCESS = 2001, IPC_RESULT_ERROR_MIN = 3000, IPC_RESULT_ERROR_MAX = 5999, IPC_DISCONNECT_CAUSE_MAX = 2 };

struct ipc_rec_head {
	uint16_t type, length;
	uint32_t edge_generation;
	uint64_t transaction; /* session_*, screen_seen, trace_copy: the session's number; screen_rule, ocsp_*, stats, trace: 0 */
};

struct ipc_identity { /* names proven by the transport; set by the edge from the authenticated transport only */
	uint8_t kind; /* enum identity_kind, never IDENTITY_NONE */
	uint8_t names_n, groups_n, anchors_n;
	char names[IDENTITY_NAMES_MAX][IDENT_HOST_MAX + 1];
	char groups[IDENTITY_GROUPS_MAX][IPC_GROUP_LEN_MAX + 1];
	char anchors[IDENTITY_ANCHORS_MAX][IDENT_SCS_MAX + 1];
	uint8_t revocation[IDENTITY_ANCHORS_MAX]; /* enum revocation, of each anchor; kind TLS only, else UNCHECKED */
	uint64_t not_after_s;                     /* 0: does not expire */
	/* Protection tls+ndsip: the IKE identity that protects the connection, beside the names of
	 * the certificate; "" with any other. */
	char ike[IDENT_HOST_MAX + 1];
};

struct ipc_session_open {
	struct ipc_identity identity;
	char origin_host[IDENT_HOST_MAX + 1], origin_realm[IDENT_HOST_MAX + 1]; /* claimed in the CER */
	char address[IPC_ADDRESS_MAX + 1];
	uint8_t listener;   /* index in the configuration */
	uint8_t zone;       /* enum zone */
	uint8_t protection; /* enum protection */
	uint8_t transport;  /* enum transport */
	/* enum agreed_tls, and a number of AGREED_SUITE_TABLE; 0: no TLS */
	uint8_t tls_version, tls_suite;
	bool again; /* announced to a restarted core; the CEA was sent before */
};

struct ipc_session_verdict {
	bool admitted;
	uint32_t result_code;        /* for the CEA: 2001 or 3xxx to 5xxx */
	uint32_t pending_max;        /* limit of this session, 0 when refused */
	char scs[IDENT_SCS_MAX + 1]; /* for the edge's log; "" when refused */
	char reason[IPC_REASON_MAX + 1];
	bool p_bit_optional; /* its requests may lack the P bit; false when refused */
	/* For the time when the revocation of its certificate gets unknown: the anchor of the
	 * identity by which the SCS is known, and whether the session stays. 0 and false when
	 * refused. */
	uint8_t anchor;
	bool revocation_soft;
};

struct ipc_session_cut {
	uint32_t probe_ms; /* not 0: cut only if it does not answer a DWR within this time */
	/* Of the DPR, 0 to 2. Unused with probe_ms: a peer that does not answer gets no DPR. */
	uint32_t disconnect_cause;
	char reason[IPC_REASON_MAX + 1];
};

struct ipc_session_closed {
	char reason[IPC_REASON_MAX + 1];
};

enum ipc_device_kind {
	IPC_DEVICE_NONE = 0,
	IPC_DEVICE_EXTERNAL = 1,
	IPC_DEVICE_MSISDN = 2,
	IPC_DEVICE_BOTH = 3,
	IPC_DEVICE_MALFORMED = 4, /* present but not canonical: the octets do not cross */
};

struct ipc_opt_u32 {
	uint32_t v;
	bool present;
};

struct ipc_device_action {
	uint64_t session;
	uint32_t end_to_end;
	bool retransmitted; /* T flag */
	bool host_named;    /* Destination-Host names this host: 3004 is possible */
	bool again;         /* offered to a restarted core */
	/* When the edge answers by itself: ms of the host's monotonic clock (net_loop_now_ms());
	 * 0: not given.
	 * The core limits it to cfg_answer_within_ms() from now. */
	uint64_t answer_by_ms;
	uint8_t device; /* enum ipc_device_kind */
	char external_id[IDENT_EXTERNAL_MAX + 1];
	char msisdn[IDENT_MSISDN_MAX + 1];
	char scs_identity[STR_DIGITS_MAX + 1]; /* digits; "" when absent */
	bool scs_identity_malformed;           /* present but not digits: the octets do not cross */
	uint32_t reference, action_type;
	struct ipc_opt_u32 old_reference, priority, port, validity_s;
	bool has_trigger_data;
	uint32_t payload_len;   /* as received; above TRIGGER_PAYLOAD_MAX no octet of it crosses */
	const uint8_t *payload; /* borrowed: of a decoded record, from the record; NULL when no octet crossed */
	uint64_t session_id;    /* ipc_session_id_hash() of the Session-Id; 0: not given, and then not in the record */
};

/* A Session-Id of any length as a number, the same in every process and never 0. It recognises what
 * one SCS repeats; it is no proof against an SCS that looks for two of its own Session-Ids with one
 * number. */
uint64_t ipc_session_id_hash(const void *p, size_t len);

struct ipc_device_action_answer {
	uint64_t session;
	uint32_t result_code;    /* 2001: a DAA with request_status; else an E-bit answer */
	uint32_t request_status; /* of REQUEST_STATUS_TABLE */
	struct ipc_opt_u32 mtc_error_diagnostic, feature_supported;
};

/* The edge has answered this request by itself (201 or 3004).
 * The core acknowledges the record with a device_action_answer; until then the edge sends it to
 * every new core. */
struct ipc_device_action_given_up {
	uint64_t session;
	uint32_t end_to_end, reference; /* of the request; a restarted core does not know the transaction */
};

/* The rule of a screening row. A new ring begins with one for each row; a later one changes a
 * row. */
struct ipc_screen_rule {
	enum screen_row row;
	struct screen_rule rule; /* one that screen_rule_check() takes */
};

/* Rows in mode detect that caught a request. The core writes their lines. */
struct ipc_screen_seen {
	uint32_t end_to_end; /* of the request */
	uint32_t rows;       /* bit n: row n; at least one, none that is fixed or closed */
};

/* A response of an OCSP responder that revokes a certificate, or takes such a one back, for the
 * edges that did not ask for it. The core keeps it and believes nothing of it: each edge judges it
 * again. */
#define IPC_OCSP_KEY_LEN 32u
#define IPC_OCSP_MAX 6144u
struct ipc_ocsp {
	uint8_t key[IPC_OCSP_KEY_LEN]; /* of the certificate */
	uint64_t this_s;               /* its thisUpdate, not 0; its order among those of one key */
	uint32_t len;                  /* 1 to IPC_OCSP_MAX */
	const uint8_t *response;       /* borrowed: of a decoded record, from the record */
};

/* What an edge knows of one responder, for operators. */
#define IPC_OCSP_WHY_LEN 191
#define IPC_OCSP_DENIED_MAX 4u
struct ipc_ocsp_state {
	uint8_t responder; /* its number (conf/cfg_iwf_ocsp.h) */
	uint32_t open;     /* questions */
	uint64_t answers, failures;
	uint64_t answered_s, failed_s; /* 0: never */
	/* Of a listener: what is stapled now; 0: nothing, or it is the responder of an anchor. */
	uint64_t staple_this_s, staple_until_s;
	char why[IPC_OCSP_WHY_LEN + 1]; /* of the last failure; printable ASCII or "" */
	uint64_t revoked, unknown;      /* answers that say so */
	/* Certificates that were shown and that it denies: host names, lower-case. */
	uint8_t denied_n;
	struct ipc_ocsp_denied {
		char name[IDENT_HOST_MAX + 1];
		bool unknown;
		uint64_t at_s;
	} denied[IPC_OCSP_DENIED_MAX];
};

/* What an edge copies for a trace; another one takes the place of the one before. */
struct ipc_trace {
	uint32_t number; /* of the trace; 0: none runs, and nothing else is given */
	bool unredacted;
	uint64_t key[2];             /* of the digests that redact */
	char scs[IDENT_SCS_MAX + 1]; /* "": of every SCS */
	uint8_t device;              /* IPC_DEVICE_NONE (any), EXTERNAL or MSISDN */
	char external_id[IDENT_EXTERNAL_MAX + 1];
	char msisdn[IDENT_MSISDN_MAX + 1];
	struct ipc_opt_u32 reference; /* of the trigger; with `scs` only */
};

/* A copy of a message of the session, redacted unless the trace says otherwise. The core writes it
 * to the file of the trace and reads none of it. */
#define IPC_TRACE_COPY_MAX 8000u
struct ipc_trace_copy {
	uint32_t number;        /* of the trace */
	bool out;               /* sent to the SCS */
	uint64_t time_ms;       /* wall clock */
	uint32_t lost;          /* copies that had no room since the last record */
	uint32_t len_before;    /* of the whole message; 0: the record only says what was lost */
	uint32_t len;           /* 0 to IPC_TRACE_COPY_MAX and len_before */
	const uint8_t *message; /* borrowed: of a decoded record, from the record */
};

struct ipc_device_notification {
	uint64_t session;
	uint64_t report; /* part of the Session-Id; the same in a repetition, and without an order (core_dnr_ids.h) */
	uint32_t end_to_end;
	bool retransmitted;
	uint8_t device; /* EXTERNAL, MSISDN or BOTH */
	char external_id[IDENT_EXTERNAL_MAX + 1];
	char msisdn[IDENT_MSISDN_MAX + 1];
	char scs_identity[STR_DIGITS_MAX + 1];
	uint32_t reference, delivery_outcome;
	uint32_t wait_ms; /* for the DNA */
};

enum ipc_dna_outcome { IPC_DNA_ANSWERED = 0, IPC_DNA_TIMEOUT = 1, IPC_DNA_CLOSED = 2, IPC_DNA_BUSY = 3 };

struct ipc_device_notification_answer {
	uint64_t session;
	uint8_t outcome;            /* enum ipc_dna_outcome */
	uint32_t result_code;       /* 0 when absent */
	uint32_t experimental_code; /* 0 when absent */
	/* Accepted lapses of the answer: bits of APP_LAPSE_TABLE, at most IPC_LAPSES_ALL. */
	uint8_t lapses;
};

/* Length that the 16 octets at `header` claim. */
size_t ipc_rec_length(const void *header);

/* Header of one whole record. ERR_PROTO: unknown type, or length is not `len`. */
ERR_MUST_USE int ipc_rec_head_get(struct ipc_rec_head *out, const uint8_t *record, size_t len);

bool ipc_rec_to_core(uint16_t type); /* the direction of a known type */

/* Encoders write a whole record at `out`, which holds IPC_REC_MAX octets, and return its length.
 * Fields must be in range (asserted); every value that the decoder of the same record accepts
 * fits. */
size_t ipc_session_open_put(uint8_t *out, uint32_t generation, uint64_t session, const struct ipc_session_open *in);
size_t ipc_session_verdict_put(uint8_t *out, uint32_t generation, uint64_t session, const struct ipc_session_verdict *in);
size_t ipc_session_cut_put(uint8_t *out, uint32_t generation, uint64_t session, const struct ipc_session_cut *in);
size_t ipc_session_closed_put(uint8_t *out, uint32_t generation, uint64_t session, const struct ipc_session_closed *in);
size_t ipc_device_action_put(uint8_t *out, uint32_t generation, uint64_t transaction, const struct ipc_device_action *in);
size_t ipc_device_action_answer_put(uint8_t *out, uint32_t generation, uint64_t transaction,
				    const struct ipc_device_action_answer *in);
size_t ipc_device_action_given_up_put(uint8_t *out, uint32_t generation, uint64_t transaction,
				      const struct ipc_device_action_given_up *in);
size_t ipc_screen_rule_put(uint8_t *out, uint32_t generation, uint64_t transaction, const struct ipc_screen_rule *in);
size_t ipc_screen_seen_put(uint8_t *out, uint32_t generation, uint64_t session, const struct ipc_screen_seen *in);
size_t ipc_device_notification_put(uint8_t *out, uint32_t generation, uint64_t transaction,
				   const struct ipc_device_notification *in);
size_t ipc_device_notification_answer_put(uint8_t *out, uint32_t generation, uint64_t transaction,
					  const struct ipc_device_notification_answer *in);
size_t ipc_ocsp_state_put(uint8_t *out, uint32_t generation, const struct ipc_ocsp_state *in);
/* `type`: IPC_REC_OCSP_FOUND or IPC_REC_OCSP_KNOWN. */
size_t ipc_ocsp_put(uint8_t *out, uint16_t type, uint32_t generation, const struct ipc_ocsp *in);
size_t ipc_trace_put(uint8_t *out, uint32_t generation, const struct ipc_trace *in);
/* `session` is 0 if it only says what was lost. */
size_t ipc_trace_copy_put(uint8_t *out, uint32_t generation, uint64_t session, const struct ipc_trace_copy *in);
/* The counts of an edge since its last record, and its gauges, below 2^32. The decoder refuses
 * counters that st_owner() does not give to an edge. */
size_t ipc_stats_put(uint8_t *out, uint32_t generation, const struct st_counters *in);

/* Decoders take the whole record whose header was read. */
ERR_MUST_USE int ipc_session_open_get(struct ipc_session_open *out, const uint8_t *record, size_t len);
ERR_MUST_USE int ipc_session_verdict_get(struct ipc_session_verdict *out, const uint8_t *record, size_t len);
ERR_MUST_USE int ipc_session_cut_get(struct ipc_session_cut *out, const uint8_t *record, size_t len);
ERR_MUST_USE int ipc_session_closed_get(struct ipc_session_closed *out, const uint8_t *record, size_t len);
ERR_MUST_USE int ipc_device_action_get(struct ipc_device_action *out, const uint8_t *record, size_t len);
ERR_MUST_USE int ipc_device_action_answer_get(struct ipc_device_action_answer *out, const uint8_t *record, size_t len);
ERR_MUST_USE int ipc_device_action_given_up_get(struct ipc_device_action_given_up *out, const uint8_t *record, size_t len);
ERR_MUST_USE int ipc_screen_rule_get(struct ipc_screen_rule *out, const uint8_t *record, size_t len);
ERR_MUST_USE int ipc_screen_seen_get(struct ipc_screen_seen *out, const uint8_t *record, size_t len);
ERR_MUST_USE int ipc_device_notification_get(struct ipc_device_notification *out, const uint8_t *record, size_t len);
ERR_MUST_USE int ipc_device_notification_answer_get(struct ipc_device_notification_answer *out, const uint8_t *record,
						    size_t len);
ERR_MUST_USE int ipc_ocsp_state_get(struct ipc_ocsp_state *out, const uint8_t *record, size_t len);
ERR_MUST_USE int ipc_ocsp_get(struct ipc_ocsp *out, uint16_t type, const uint8_t *record, size_t len);
ERR_MUST_USE int ipc_trace_get(struct ipc_trace *out, const uint8_t *record, size_t len);
ERR_MUST_USE int ipc_trace_copy_get(struct ipc_trace_copy *out, const uint8_t *record, size_t len);
ERR_MUST_USE int ipc_stats_get(struct st_counters *out, const uint8_t *record, size_t len);
