/* cfg_iwf.c - every configuration item of mtc-iwfd, one row each: key, member, range, default,
 * meaning. Reader, error texts and manual are made from these rows only. */
#include "conf/cfg_iwf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ident.h"
#include "conf/cfg_iwf_audit.h"
#include "conf/cfg_iwf_check.h"
#include "conf/cfg_iwf_metrics.h"
#include "conf/cfg_iwf_ndsip.h"
#include "conf/cfg_iwf_ocsp.h"
#include "conf/cfg_iwf_smssc.h"
#include "conf/cfg_iwf_screen.h"

_Static_assert(offsetof(struct cfg_iwf, internal) == offsetof(struct cfg_iwf, external) + sizeof(struct cfg_identity),
	       "one section");

#define HOUR_MS UINT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

static const struct cfg_word zones[] = { { "external", ZONE_EXTERNAL }, { "internal", ZONE_INTERNAL }, { NULL, 0 } };
static const struct cfg_word protections[] = { { "tls", PROTECTION_TLS },
					       { "ndsip", PROTECTION_NDSIP },
					       { "tls+ndsip", PROTECTION_TLS_NDSIP },
					       { "none", PROTECTION_NONE },
					       { NULL, 0 } };
/* Of core peers. */
static const struct cfg_word peer_protections[] = {
	{ "tls", PROTECTION_TLS }, { "ndsip", PROTECTION_NDSIP }, { "none", PROTECTION_NONE }, { NULL, 0 }
};
static const struct cfg_word transports[] = {
	{ "tcp", TRANSPORT_TCP }, { "sctp", TRANSPORT_SCTP }, { "sctp-udp", TRANSPORT_SCTP_UDP }, { NULL, 0 }
};
static const char *const both_words[] = { "tls+ndsip", NULL };
static const struct cfg_word levels[] = { { "error", LOG_LEVEL_ERROR },
					  { "warn", LOG_LEVEL_WARN },
					  { "info", LOG_LEVEL_INFO },
					  { "debug", LOG_LEVEL_DEBUG },
					  { NULL, 0 } };
static const struct cfg_word recall_replaces[] = {
	{ "learn", CFG_RECALL_LEARN }, { "on", CFG_RECALL_ON }, { "off", CFG_RECALL_OFF }, { NULL, 0 }
};

static const struct cfg_word not_pendings[] = { { "stored", CFG_NOT_PENDING_STORED },
						{ "refused", CFG_NOT_PENDING_REFUSED },
						{ NULL, 0 } };
static const struct cfg_word congestions[] = { { "permanent", CFG_CONGESTION_PERMANENT },
					       { "temporary", CFG_CONGESTION_TEMPORARY },
					       { NULL, 0 } };

static const struct cfg_word replay_modes[] = { { "detect", CFG_REPLAY_DETECT }, { "refuse", CFG_REPLAY_REFUSE }, { NULL, 0 } };

static const struct cfg_row identity_rows[] = {
	CFG_HOST("host", struct cfg_identity, host, NULL, "our Diameter host name (Origin-Host)"),
	CFG_HOST("realm", struct cfg_identity, realm, NULL, "our Diameter realm (Origin-Realm)"),
	CFG_END,
};

struct identities {
	struct cfg_identity external, internal;
};

static const struct cfg_row identities_rows[] = {
	CFG_SECTION("external", struct identities, external, identity_rows, NULL, "our identity towards SCSs"),
	CFG_SECTION("internal", struct identities, internal, identity_rows, NULL,
		    "our identity towards the HSS and the SMS-SC; never shown outside"),
	CFG_END,
};

static const struct cfg_word console_roles[] = { { "none", CFG_ROLE_NONE },
						 { "read", CFG_ROLE_READ },
						 { "operate", CFG_ROLE_OPERATE },
						 { "admin", CFG_ROLE_ADMIN },
						 { NULL, 0 } };

static const struct cfg_row console_groups_rows[] = {
	CFG_STRING("read", struct cfg_console, read, 0, "", "UNIX group whose members may look; empty: nobody"),
	CFG_STRING("operate", struct cfg_console, operate, 0, "",
		   "UNIX group whose members may also start and stop peers, cancel triggers and reset quotas; empty: nobody"),
	CFG_STRING("admin", struct cfg_console, admin, 0, "",
		   "UNIX group whose members may do everything that the console offers; empty: root only"),
	CFG_END,
};

static const struct cfg_row control_rows[] = {
	CFG_FILE("path", struct cfg_iwf, control_path, "/run/mtc-iwf/ctl.sock",
		 "path of the control socket that mtcctl connects to"),
	CFG_NAME("console_user", struct cfg_iwf, console_user, "",
		 "user, by name or number, that mtc-iwf-console runs as; only this user may name the person for whom it makes a "
		 "change; empty: no console"),
	CFG_SECTION("console_groups", struct cfg_iwf, console, console_groups_rows, "",
		    "who gets a link for the console ('mtcctl console'), and with which role; root has admin"),
	CFG_WORD("console_certificates", struct cfg_iwf, console.certificates, console_roles, "read",
		 "the highest role of a log-in by client certificate (none, read, operate or admin). Only the console knows who "
		 "that is: whoever takes it over has this role, in any name"),
	CFG_DURATION("console_session", struct cfg_iwf, console.session_ms, 1000, 7 * DAY_MS, "8h",
		     "a log-in by a link ends after this time in any case"),
	CFG_DURATION("console_idle", struct cfg_iwf, console.idle_ms, 1000, 7 * DAY_MS, "30m",
		     "a log-in by a link ends when the console asked nothing with it for this long"),
	CFG_U32("console_log_ins", struct cfg_iwf, console.log_ins, 1, 1024, "64",
		"links and log-ins by links at the same time; more are refused. Of one person 8: one more ends the one that was "
		"used longest ago"),
	CFG_END,
};

static const struct cfg_word sandboxes[] = {
	{ "require", CFG_SANDBOX_REQUIRE }, { "prefer", CFG_SANDBOX_PREFER }, { "off", CFG_SANDBOX_OFF }, { NULL, 0 }
};

static const struct cfg_row users_rows[] = {
	CFG_NAME("core", struct cfg_iwf, user_core, "", "user of the core; state_dir and what is in it belong to this user"),
	CFG_NAME("edge", struct cfg_iwf, user_edge, "", "user of the edges"),
	CFG_NAME("keyholder", struct cfg_iwf, user_keyholder, "", "user of the keyholders"),
	CFG_END,
};

static const struct cfg_row log_rows[] = {
	CFG_WORD("level", struct cfg_iwf, log_level, levels, "info",
		 "messages of this level and of the more severe ones are written to standard error"),
	CFG_U32("queue", struct cfg_iwf, log_queue_max, 4096, 67108864, "262144",
		"bytes of log messages that each process keeps in memory while the reader of standard error is slow; "
		"further messages are lost and counted (log_lost, edge_log_lost)"),
	CFG_U32("lines_per_second", struct cfg_iwf, decision_lines, 0, 1000000, "1000",
		"lines in the decision log about refusals, detections and sessions of one SCS in a second; further ones are "
		"counted in one line a second; 0: all"),
	CFG_FILE("decisions", struct cfg_iwf, decisions, "/var/log/mtc-iwf/decisions.jsonl",
		 "path of the decision log, one JSON line for each decision; empty: no decision log"),
	CFG_U32(
	    "kept", struct cfg_iwf, decisions_kept, 0, 67108864, "2097152",
	    "bytes of the latest decisions that the core keeps in memory for the search on the console; about 400 for each; 0: "
	    "none"),
	CFG_END,
};

static const struct cfg_row associations_rows[] = {
	CFG_U64("size_max", struct cfg_iwf, associations_size_max, UINT64_C(1) << 20, UINT64_C(1) << 44, "8589934592",
		"bytes that each file of the association store may grow to; an import needs as much again while it "
		"runs"),
	CFG_U32("changes_max", struct cfg_iwf, associations_changes_max, 1, 10000, "256",
		"number of changes that may wait for the disk; more are refused"),
	CFG_U64("import_memory", struct cfg_iwf, associations_import_memory, UINT64_C(1) << 20, UINT64_C(1) << 40, "268435456",
		"bytes of memory that an import sorts in; what does not fit is sorted on disk, below state_dir"),
	CFG_U32("undo_max", struct cfg_iwf, associations_undo_max, 0, 16, "3",
		"number of states before the last imports that are kept for 'mtcctl assoc undo'; 0: none"),
	CFG_U64("undo_size_max", struct cfg_iwf, associations_undo_size_max, UINT64_C(1) << 20, UINT64_C(1) << 44, "2147483648",
		"bytes on disk that these states may take together; the oldest are deleted first"),
	CFG_END,
};

static const struct cfg_row groups_rows[] = {
	CFG_STRING("uri_prefix", struct cfg_iwf, group_uri_prefix, 1, "urn:mtc:group:",
		   "a URI in the certificate's subjectAltName that begins with this puts the SCS into a group; the rest "
		   "of the URI is the name of the group"),
	CFG_END,
};

static const struct cfg_row anchor_rows[] = {
	CFG_NAME("name", struct cfg_anchor, name, NULL, "name by which an SCS refers to it (mtcctl scs add --anchor)"),
	CFG_FILE("file", struct cfg_anchor, file, NULL, "PEM file with the CA certificates of this anchor"),
	CFG_TEXTS(
	    "crl", CFG_T_FILE, struct cfg_anchor, crl, crl_n, 0, "",
	    "files with the revocation lists (CRL, PEM or DER) of the anchor's CA and of the CAs below it; read again when they "
	    "change. With at least one, each CA that issued a certificate of a chain needs a list. Without, revoked "
	    "certificates are not recognised, and a warning says so (certificates.md, \"Revocation\")"),
	CFG_STRING(
	    "ocsp", struct cfg_anchor, ocsp, 1, "",
	    "URL (http) of the OCSP responder that says which certificates of this anchor are revoked, in place of CRLs or "
	    "besides; addresses in certificates are never used (certificates.md, \"OCSP\")"),
	CFG_ADDRESS("ocsp_address", struct cfg_anchor, ocsp_address, "",
		    "numeric address of the responder, when ocsp names a host: names are not resolved"),
	CFG_BOOL(
	    "ocsp_chain", struct cfg_anchor, ocsp_chain, "yes",
	    "yes: the responder is also asked about the CAs between a certificate and the anchor; no: only about the certificate "
	    "itself, and crl is what recognises a revoked CA"),
	CFG_END,
};

static const struct cfg_row listen_rows[] = {
	CFG_NAME("name", struct cfg_listen, name, NULL, "name of the listener, shown in logs and by mtcctl"),
	CFG_WORD("zone", struct cfg_listen, zone, zones, "external",
		 "which side connects here: external is SCSs outside the operator, internal the operator's own domain; "
		 "an edge process serves only one of them"),
	CFG_WORD("protection", struct cfg_listen, protection, protections, "tls",
		 "tls: mutual TLS from the first byte; ndsip: IPsec (NDS/IP, TS 33.210), proven for each connection, needs the "
		 "section ndsip; tls+ndsip: both, and both prove the same name; none: no protection, which has to be written out "
		 "and is allowed only with zone internal"),
	CFG_WORD(
	    "transport", struct cfg_listen, transport, transports, "tcp",
	    "tcp or sctp (docs/user/sctp.md). TLS runs over tcp only: DTLS over SCTP is not offered, and an external listener "
	    "over sctp needs protection ndsip. sctp-udp: SCTP in user space, inside UDP (RFC 6951), for laboratories whose "
	    "kernel has no SCTP; zone internal and protection none only"),
	CFG_ADDRESS("address", struct cfg_listen, address, NULL,
		    "address to listen on; with ndsip one inside the tunnels, which no IKE peer uses as its own"),
	CFG_TEXTS("more_addresses", CFG_T_ADDRESS, struct cfg_listen, more_addresses, more_addresses_n, 0, "",
		  "sctp: further addresses of the listener (multi-homing). Peers learn exactly these and address"),
	CFG_PORT("port", struct cfg_listen, port, 0, "5868",
		 "port; 0 binds a free one, which the ready line names (not with ndsip, nor over sctp-udp)"),
	CFG_PORT("udp_port", struct cfg_listen, udp_port, 1, TRANSPORT_UDP_PORT,
		 "sctp-udp: UDP port to listen on; port is that of SCTP inside"),
	CFG_FILE("certificate", struct cfg_listen, certificate, "",
		 "tls: PEM file of the certificate that we present and its intermediate CAs, our own first"),
	CFG_FILE("key", struct cfg_listen, key, "", "tls: PEM private key of the certificate"),
	CFG_STRING("key_object", struct cfg_listen, key_object, 1, "",
		   "tls: in place of key: label of the private key in the token that keyholder.pkcs11 names"),
	CFG_STRING(
	    "ocsp", struct cfg_listen, ocsp, 1, "",
	    "tls: URL (http) of the OCSP responder for our own certificate; what it says is stapled to handshakes of SCSs that "
	    "ask for it (status_request)"),
	CFG_ADDRESS("ocsp_address", struct cfg_listen, ocsp_address, "",
		    "numeric address of that responder, when ocsp names a host"),
	CFG_END,
};

static const struct cfg_row peer_rows[] = {
	CFG_NAME("name", struct cfg_peer, name, NULL, "name that s6m and t4 refer to"),
	CFG_HOST("host", struct cfg_peer, host, NULL, "Diameter host name the peer must have"),
	CFG_HOST("realm", struct cfg_peer, realm, NULL, "Diameter realm the peer must have"),
	CFG_WORD("transport", struct cfg_peer, transport, transports, "tcp",
		 "tcp or sctp (docs/user/sctp.md). TLS runs over tcp only: DTLS over SCTP is not offered. sctp-udp: SCTP in user "
		 "space, inside UDP (RFC 6951), for laboratories; protection none only"),
	CFG_ADDRESS("address", struct cfg_peer, address, NULL, "address to connect to"),
	CFG_TEXTS("more_addresses", CFG_T_ADDRESS, struct cfg_peer, more_addresses, more_addresses_n, 0, "",
		  "sctp: further addresses of the peer (multi-homing). An association in which the peer lists any other address "
		  "is refused"),
	CFG_TEXTS(
	    "local_addresses", CFG_T_ADDRESS, struct cfg_peer, local_addresses, local_addresses_n, 0, "",
	    "sctp: our own addresses towards this peer, at least one; the peer learns exactly these. sctp-udp: one. tcp with "
	    "protection ndsip: the one address of ours inside the tunnel, which is not in ndsip.local_ike"),
	CFG_PORT("port", struct cfg_peer, port, 1, "3868", "port to connect to"),
	CFG_PORT("udp_port", struct cfg_peer, udp_port, 1, TRANSPORT_UDP_PORT,
		 "sctp-udp: UDP port of the peer; ours is one that the system chooses"),
	CFG_WORD_LACKS(
	    "protection", struct cfg_peer, protection, peer_protections, both_words, "TLS inside NDS/IP for core peers", NULL,
	    "none: in clear, for a laboratory or a network that is protected otherwise; tls: mutual TLS from the first "
	    "byte; ndsip: IPsec (NDS/IP, TS 33.210), proven for each connection, needs the section ndsip"),
	CFG_FILE("certificate", struct cfg_peer, certificate, "",
		 "tls: PEM file of the certificate that we present and its intermediate CAs, our own first"),
	CFG_FILE("key", struct cfg_peer, key, "", "tls: PEM private key of the certificate"),
	CFG_NAME("trust", struct cfg_peer, trust, "",
		 "tls, ndsip: name of the trust anchor that the peer's certificate must chain to; with ndsip, of that for IKE"),
	CFG_TEXTS("ike", CFG_T_ADDRESS, struct cfg_peer, ike, ike_n, 0, "",
		  "ndsip: addresses of the peer for IKE and ESP, outside the tunnel; empty: the peer makes the tunnel, from any "
		  "address"),
	CFG_HOST("identity", struct cfg_peer, identity, "",
		 "ndsip: IKE identity of the peer, a name in its certificate; empty: its host. That of a security gateway in "
		 "front of the peer may be another one"),
	CFG_BOOL("reopen_detect", struct cfg_peer, reopen_detect, "yes",
		 "detect a peer in state REOPEN (RFC 3539), in which it discards requests: after a connection that "
		 "ended without Disconnect-Peer, a watchdog request right after the CEA is taken for that state; the "
		 "gateway then reconnects once, and if that does not help, holds requests until the state is over. Not over "
		 "sctp, where every peer may begin with a watchdog request (RFC 6733 2.1.1)"),
	CFG_BOOL("strict_answers", struct cfg_peer, strict_answers, "no",
		 "yes: an answer to a device trigger without Auth-Session-State or Origin-Realm, or whose Session-Id "
		 "is not the first AVP, counts as no answer; no: it is accepted, counted and shown by 'mtcctl peers'"),
	CFG_END,
};

#define ROUTE_ROWS(answer_wait, element)                                                                                         \
	CFG_NAME("peer", struct cfg_route, peer, NULL,                                                                           \
		 "name of the peer that requests are sent to: the " element " or a relay"),                                      \
	    CFG_HOST("destination_realm", struct cfg_route, destination_realm, NULL, "Destination-Realm of requests"),           \
	    CFG_HOST("destination_host", struct cfg_route, destination_host, "",                                                 \
		     "Destination-Host of requests; empty: none is sent"),                                                       \
	    CFG_DURATION("answer_wait", struct cfg_route, answer_wait_ms, 100, 60000, answer_wait,                               \
			 "time that the peer has to answer"),                                                                    \
	    CFG_U32("priority_drmp", struct cfg_route, priority_drmp, 0, 15, "5",                                                \
		    "DRMP (RFC 7944) of requests for priority triggers, 0 is the highest; other requests carry none, which "     \
		    "means 10")

static const struct cfg_row s6m_rows[] = { ROUTE_ROWS("3s", "HSS"), CFG_END };
static const struct cfg_row t4_rows[] = {
	ROUTE_ROWS("5s", "SMS-SC"),
	CFG_WORD("recall_replace", struct cfg_route, recall_replace, recall_replaces, "learn",
		 "whether the SMS-SC supports recall and replace. learn: as its Supported-Features say; on: always; "
		 "off: never"),
	CFG_WORD("congestion", struct cfg_route, congestion, congestions, "permanent",
		 "the answer to the SCS when the SMS-SC is congested (5531). permanent: 107, as in TS 29.337; "
		 "temporary: 201"),
	CFG_WORD("replace_not_pending", struct cfg_route, replace_not_pending, not_pendings, "stored",
		 "what the SMS-SC does with a replace whose original is no longer pending (5535); "
		 "the SCS receives 112. stored: it delivers the replacement as a new trigger, as "
		 "TS 23.682 5.2.3.2 has it, and a delivery report follows; refused: it does not"),
	CFG_BOOL(
	    "copy_to_new_peer", struct cfg_route, copy_to_new_peer, "no",
	    "yes: a trigger whose request the SMS-SC left unanswered may be repeated at the peer that peer names by now, when "
	    "the one of before cannot be used. Only right if both know the same triggers: else the device is woken twice"),
	CFG_END,
};

static const struct cfg_row dnr_rows[] = {
	CFG_DURATION("answer_wait", struct cfg_dnr, answer_wait_ms, 100, 60000, "5s",
		     "time that an SCS has to acknowledge a report"),
	CFG_DURATION("retry_min", struct cfg_dnr, retry_min_ms, 100, HOUR_MS, "1s",
		     "pause before a report is sent for the second time; it doubles with each attempt"),
	CFG_DURATION("retry_max", struct cfg_dnr, retry_max_ms, 100, DAY_MS, "300s",
		     "longest pause before a report is sent again"),
	CFG_END,
};

static const struct cfg_row privacy_rows[] = {
	CFG_U32(
	    "absent_answers", struct cfg_privacy, absent_answers, 1, 1000000, "20",
	    "how often in absent_window an SCS may learn of a device that it is absent: from the answer to a trigger that may "
	    "not wait, or from the report of one that waited in vain. Further triggers for that device get 109, whether it is "
	    "there or not, until one answer more is free: each is after absent_window divided by this number"),
	CFG_DURATION("absent_window", struct cfg_privacy, absent_window_ms, 1000, 7 * DAY_MS, "1h",
		     "the time in which they are counted; a restart of the core begins it anew"),
	CFG_U32(
	    "absent_devices", struct cfg_privacy, absent_devices, 1024, 100000000, "300000",
	    "number of pairs of an SCS and a name of a device that are counted, of all SCSs together; each takes about 120 "
	    "bytes of memory and its name. When that is not enough, an SCS with more than its share loses its own oldest ones"),
	CFG_END,
};

static const struct cfg_row replay_rows[] = {
	CFG_WORD("mode", struct cfg_replay, mode, replay_modes, "detect",
		 "what happens to a request with the Session-Id of a finished request of the same SCS. A copy of that request "
		 "within limits.duplicates_window is none: it gets the same answer. detect: a line in the decision log, and the "
		 "request goes on; refuse: 107"),
	CFG_DURATION("window", struct cfg_replay, window_ms, 1000, 7 * DAY_MS, "1h",
		     "time that the Session-Id of a finished request is remembered; not beyond a restart of the core"),
	CFG_U32("entries", struct cfg_replay, entries_max, 1024, 100000000, "1000000",
		"number of Session-Ids remembered, of all SCSs together; each takes about 150 bytes of memory. When that is "
		"not enough, an SCS with more than its share loses its own oldest ones"),
	CFG_END,
};

static const struct cfg_row limits_rows[] = {
	CFG_U32("message", struct cfg_limits, message_max, 1024, 16777212, "65536", "bytes of one Diameter message from outside"),
	CFG_U32("core_message", struct cfg_limits, core_message_max, 1024, 16777212, "1048576",
		"bytes of one Diameter message from a core peer"),
	CFG_U32("avps", struct cfg_limits, avps_max, 16, 65535, "512", "AVPs of one message"),
	CFG_U32("nesting", struct cfg_limits, nesting_max, 4, 16, "8", "depth of grouped AVPs"),
	CFG_U32("connections_total", struct cfg_limits, connections_total, 1, 1000000, "10000",
		"connections of SCSs, over all edges of one zone"),
	CFG_U32("connections_per_address", struct cfg_limits, connections_per_address, 1, 1000000, "1000",
		"connections from one address, over all edges of one zone; addresses with the same prefix (the next two keys) "
		"count as one"),
	CFG_U32("address_prefix_ipv4", struct cfg_limits, address_prefix_ipv4, 1, 32, "32",
		"bits of an IPv4 address (also one written as IPv6) that count for connections_per_address"),
	CFG_U32("address_prefix_ipv6", struct cfg_limits, address_prefix_ipv6, 1, 128, "64",
		"bits of an IPv6 address that count for connections_per_address; one host has all of its /64"),
	CFG_U32("unauthenticated", struct cfg_limits, unauthenticated, 1, 1000000, "2000",
		"connections whose TLS handshake (or proof of IPsec) is not done, over all edges of one "
		"zone; when there are so many, each further one takes the place of the oldest (floods.md)"),
	CFG_U32("unauthenticated_per_address", struct cfg_limits, unauthenticated_per_address, 1, 1000000, "200",
		"the same from one address, or from addresses with the same prefix; further ones are closed at once"),
	CFG_U32(
	    "connection_rate", struct cfg_limits, connection_rate, 0, 1000000, "5000",
	    "new connections per second, over all edges of one zone; further ones are closed before their TLS handshake. 0: no "
	    "limit"),
	CFG_U32("connection_rate_per_address", struct cfg_limits, connection_rate_per_address, 0, 1000000, "1000",
		"the same from one address, or from addresses with the same prefix"),
	CFG_U32("connection_rate_per_scs", struct cfg_limits, connection_rate_per_scs, 0, 1000000, "50",
		"connections per second that one SCS may begin, after as many at once as it may have; further ones are refused "
		"after their CER (3004, connecting-too-often). 0: no limit"),
	CFG_U32("handshake", struct cfg_limits, handshake_max, 4096, 131072, "49152",
		"bytes that a client may send until its TLS handshake is done, its certificates included"),
	CFG_U32("cer", struct cfg_limits, cer_max, 256, 16777212, "8192",
		"bytes of a CER, the first message of a connection; limits.message if that is smaller"),
	CFG_U32("request_bytes", struct cfg_limits, request_octets, 65536, 1073741824, "67108864",
		"bytes of the requests without an answer that one edge keeps, of all its SCSs, "
		"limits.request_bytes_per_connection at least; further ones are answered 3004"),
	CFG_U32("request_bytes_per_connection", struct cfg_limits, request_octets_per_connection, 65536, 1073741824, "8388608",
		"the same of one connection; limits.message at least"),
	CFG_DURATION("handshake_wait", struct cfg_limits, handshake_wait_ms, 100, 60000, "5s", "time a TLS handshake may take"),
	CFG_DURATION("cer_wait", struct cfg_limits, cer_wait_ms, 100, 60000, "5s",
		     "time that a peer has to send its CER after the TLS handshake"),
	CFG_DURATION("probe_wait", struct cfg_limits, probe_wait_ms, 100, 60000, "2s",
		     "when an SCS is at its connection limit: how long its oldest connection may take to answer a watchdog "
		     "request before a new connection replaces it"),
	CFG_U32("connections_per_scs", struct cfg_limits, connections_per_scs, 1, 1024, "8",
		"connections of one SCS; a limit of the SCS itself (mtcctl scs add) applies if it is smaller"),
	CFG_U32("pending_per_scs", struct cfg_limits, pending_per_scs, 1, 65536, "1024",
		"unanswered requests of one SCS; a limit of the SCS itself (mtcctl scs add) applies if it is smaller"),
	CFG_U32("payload", struct cfg_limits, payload_max, 1, 4096, "1024", "bytes of a trigger payload"),
	CFG_U32("validity_max", struct cfg_limits, validity_max_s, 1, 31536000, "604800",
		"longest validity time of a trigger, in seconds"),
	CFG_U32("pending_total", struct cfg_limits, pending_total, 1, 1048576, "65536",
		"unanswered requests of all SCSs together"),
	CFG_U32("triggers", struct cfg_limits, triggers_max, 1, 100000000, "4000000",
		"triggers of all SCSs that are held until their report is acknowledged; each takes about 800 bytes of "
		"memory"),
	CFG_U32("resume", struct cfg_limits, resume, 1, 1048576, "256",
		"after a restart: how many undecided triggers the SMS-SC is asked about at a time"),
	CFG_U32("enter_first", struct cfg_limits, enter_first, 0, UINT32_MAX, "16384",
		"after a start: a journal with at most so many records is taken up before the first request is answered; with "
		"more, requests are answered while the triggers that wait for their report are taken up, those first that a "
		"request or a report is about"),
	CFG_U32("peer_pending", struct cfg_limits, peer_pending_max, 1, 1048576, "4096", "unanswered requests at one core peer"),
	CFG_U32("peer_window", struct cfg_limits, peer_window, 1, 1048576, "2048",
		"unanswered trigger requests at one core peer; more wait for their turn, priority triggers first, and "
		"for at most as long as an answer may take"),
	CFG_U32("peer_queue", struct cfg_limits, peer_queue, 1, 1048576, "65536",
		"requests that may wait for their turn at one core peer; further ones are answered with a temporary "
		"error"),
	CFG_U32("duplicates", struct cfg_limits, duplicates_max, 1024, 100000000, "4000000",
		"number of requests remembered to recognise a repeated one"),
	CFG_DURATION("duplicates_window", struct cfg_limits, duplicates_window_ms, 1000, DAY_MS, "240s",
		     "time that a request is remembered to recognise a repeated one"),
	CFG_U32("report_duplicates", struct cfg_limits, report_duplicates_max, 1024, 100000000, "2000000",
		"number of delivery reports of the SMS-SC that are remembered to recognise a repeated one, and number "
		"of ended triggers that are remembered; each takes about 300 bytes of memory, and the ended triggers "
		"at most half of journal.size_max, 1 KiB each"),
	CFG_DURATION("report_duplicates_window", struct cfg_limits, report_duplicates_window_ms, 1000, DAY_MS, "240s",
		     "time that a delivery report and an ended trigger are remembered. Meanwhile "
		     "a repeated report gets the same answer, the Reference-Number cannot "
		     "be used again by the SCS, and a recall or replace can name the trigger"),
	CFG_U32(
	    "reports_pending", struct cfg_limits, reports_pending, 1, 1048576, "65536",
	    "delivery reports of the SMS-SC that await their answer, which follows when they are on disk; a repeated one counts, "
	    "too. More are refused for now (5012; over SMPP ESME_RX_T_APPN), and the SMS-SC reports again"),
	CFG_U32("ended", struct cfg_limits, ended_max, 0, 1000000, "10000",
		"ended triggers that 'mtcctl triggers show' can still show; each takes about 1 KiB of memory"),
	CFG_U32("sessions", struct cfg_limits, sessions_max, 1, 1000000, "65536",
		"sessions (connections of SCSs) that the core knows"),
	CFG_U32("ring", struct cfg_limits, ring_size, 65536, 67108864, "1048576",
		"bytes of each ring buffer between an edge and the core; rounded up to a power of two"),
	CFG_DURATION("exchange_idle", struct cfg_limits, exchange_idle_ms, 1000, 3600000, "60s",
		     "how long an import waits for more data of its file, and an export or backup for its target to accept "
		     "data"),
	CFG_DURATION("exchange_max", struct cfg_limits, exchange_max_ms, 1000, 7 * DAY_MS, "6h",
		     "longest time for an export, or for one file of a backup; until its end the store cannot reuse the "
		     "pages that it reads"),
	CFG_U64("memory", struct cfg_limits, memory, 0, UINT64_C(1) << 44, "0",
		"bytes of memory that the core process may use for triggers, sessions and imports; the files of the "
		"stores do not count. 0: no limit but that of the system"),
	CFG_U64("memory_reserve", struct cfg_limits, memory_reserve, UINT64_C(1) << 20, UINT64_C(1) << 30, "16777216",
		"bytes of memory reserved for accepted triggers: when only these are left, new triggers are answered "
		"201 until there is more memory; reports, answers, recalls and mtcctl go on"),
	CFG_U32("control_clients", struct cfg_limits, ctl_clients, 1, 256, "16", "connections to the control socket"),
	CFG_END,
};

static const struct cfg_row trace_rows[] = {
	CFG_DURATION("time_max", struct cfg_trace, time_max_ms, 1000, DAY_MS, "10m",
		     "longest time of a trace, and its time when --seconds is not given"),
	CFG_U64("size_max", struct cfg_trace, size_max, 65536, UINT64_C(1) << 40, "67108864",
		"bytes that the file of a trace has at most, and has when --octets is not given"),
	CFG_U32("buffer", struct cfg_trace, buffer, 65536, 67108864, "1048576",
		"bytes of messages that may wait for the file of a trace, twice in memory; more are lost, and counted"),
	CFG_END,
};

static const struct cfg_row pkcs11_rows[] = {
	CFG_FILE("module", struct cfg_pkcs11, module, "",
		 "PKCS#11 module of the token's maker, a shared object; empty: no token"),
	CFG_STRING("token", struct cfg_pkcs11, token, 1, "", "label of the token"),
	CFG_FILE("pin_file", struct cfg_pkcs11, pin_file, "", "file whose first line is the user PIN of the token; mode 0600"),
	CFG_TEXTS("paths", CFG_T_FILE, struct cfg_pkcs11, paths, paths_n, 0, "",
		  "files and directories that the module needs besides itself (its configuration, its store, its device); the "
		  "process that loads it is confined to them"),
	CFG_END,
};

static const struct cfg_row keyholder_rows[] = {
	CFG_U32("signatures_per_second", struct cfg_keyholder, signatures_per_second, 1, 1000000, "5000",
		"TLS handshakes that a keyholder signs per second for one edge; more are refused"),
	CFG_DURATION("sign_wait", struct cfg_keyholder, sign_wait_ms, 10, 60000, "2s",
		     "how long a handshake waits for its signature before the connection is closed"),
	CFG_U32("waiting", struct cfg_keyholder, waiting, 1, 16384, "1024",
		"handshakes of one edge that may wait for a signature at the same time; more are refused"),
	CFG_SECTION("pkcs11", struct cfg_keyholder, pkcs11, pkcs11_rows, "", "a token (HSM) with private keys of listeners"),
	CFG_END,
};

static const struct cfg_row timers_rows[] = {
	CFG_DURATION("watchdog", struct cfg_timers, watchdog_ms, 1000, HOUR_MS, "30s",
		     "watchdog interval (Tw of RFC 3539): a connection that is silent for so long gets a watchdog request; "
		     "below 6s only for laboratories"),
	CFG_DURATION("reopen", struct cfg_timers, reopen_ms, 0, HOUR_MS, "1s",
		     "interval between the three watchdog checks that a core peer must pass after its connection was lost, "
		     "before it gets requests again; 0s: use watchdog, as in RFC 3539"),
	CFG_DURATION("reconnect", struct cfg_timers, reconnect_ms, 100, HOUR_MS, "30s",
		     "pause between attempts to connect to a core peer (Tc of RFC 6733)"),
	CFG_DURATION("reconnect_refused", struct cfg_timers, reconnect_refused_ms, 100, DAY_MS, "1m",
		     "pause before the next attempt after a core peer disconnected with BUSY or DO_NOT_WANT_TO_TALK_TO_YOU; "
		     "spread by a fifth"),
	CFG_DURATION("disconnect_wait", struct cfg_timers, disconnect_wait_ms, 100, 60000, "5s",
		     "time that a peer has to answer our Disconnect-Peer-Request"),
	CFG_DURATION("edge_restart", struct cfg_timers, edge_restart_ms, 10, 60000, "200ms",
		     "pause before an edge that ended is started again"),
	CFG_DURATION(
	    "restart_max", struct cfg_timers, restart_max_ms, 10, HOUR_MS, "1m",
	    "longest pause between attempts to start an edge or the core that cannot start; the pause begins with edge_restart "
	    "and doubles"),
	CFG_DURATION("hang", struct cfg_timers, hang_ms, 0, HOUR_MS, "30s",
		     "a process of mtc-iwfd that does nothing for this time, though it is running, is killed and started "
		     "again; so is one that does not answer a new set of certificates and keys, and one that starts and "
		     "neither runs nor gets ready (after 10s at least; a keyholder with a token after 20s at least). Time "
		     "while the machine is suspended, mtc-iwfd as a whole is stopped, or the process waits for a disk does "
		     "not count; 0s: never"),
	CFG_DURATION("lock_wait", struct cfg_timers, lock_wait_ms, 0, HOUR_MS, "10s",
		     "time that a start waits for the journal and the association store while another process has them locked: a "
		     "killed core ends when its last write has reached the disk; 0s: do not wait"),
	CFG_DURATION("stats", struct cfg_timers, stats_ms, 100, 60000, "1s",
		     "how often the edges send their counters to the core"),
	CFG_DURATION("names", struct cfg_timers, names_ms, 100, CFG_NAMES_WAIT_MAX_MS, "10s",
		     "how long the name service of this machine may take for the users and groups that the configuration names; "
		     "later, the start, the reload or the restore is refused"),
	CFG_DURATION("crl_check", struct cfg_timers, crl_check_ms, 100, HOUR_MS, "5s",
		     "how often the files of trust_anchors[].crl are looked at; one that changed is read and used"),
	CFG_DURATION(
	    "crl_grace", struct cfg_timers, crl_grace_ms, 0, 7 * DAY_MS, "1h",
	    "how long the open sessions of an SCS stay when the CRL of its CA is past its nextUpdate or missing; new ones "
	    "are refused at once. An SCS with revocation_soft is not affected"),
	CFG_DURATION("ocsp", struct cfg_timers, ocsp_ms, 100, 60000, "3s",
		     "how long a responder may take to answer, and a new connection waits for it at most"),
	CFG_END,
};

static const struct cfg_row sctp_rows[] = {
	CFG_DURATION("heartbeat", struct cfg_sctp, heartbeat_ms, 100, HOUR_MS, "30s",
		     "interval at which each idle path of an association is checked (HB.Interval of RFC 9260)"),
	CFG_DURATION("rto_initial", struct cfg_sctp, rto_initial_ms, 10, 60000, "1s",
		     "time until the first message of a path is sent again (RTO.Initial)"),
	CFG_DURATION("rto_min", struct cfg_sctp, rto_min_ms, 10, 60000, "1s",
		     "shortest time until a message is sent again (RTO.Min); operators with short paths take 100ms to 300ms"),
	CFG_DURATION("rto_max", struct cfg_sctp, rto_max_ms, 10, 5 * 60000, "1m",
		     "longest time until a message is sent again (RTO.Max)"),
	CFG_U32("path_retransmits", struct cfg_sctp, path_retransmits, 1, 100, "5",
		"a path counts as down when more messages than this in a row had to be sent again (Path.Max.Retrans)"),
	CFG_U32("association_retransmits", struct cfg_sctp, association_retransmits, 1, 1000, "10",
		"an association ends when more messages than this in a row had to be sent again, over all paths "
		"(Association.Max.Retrans); at most path_retransmits times the number of paths"),
	CFG_END,
};

static const struct cfg_row journal_rows[] = {
	CFG_DURATION("report_retention", struct cfg_journal, report_retention_ms, 1000, 366 * DAY_MS, "604800s",
		     "time that a report is kept for an SCS that does not acknowledge it"),
	CFG_DURATION(
	    "report_grace", struct cfg_journal, report_grace_ms, 0, 7 * DAY_MS, "60s",
	    "how long after the end of its validity a trigger without a report is reported as UNCONFIRMED; also how long "
	    "after a start at least, up to 10 minutes, so that an SMS-SC can report again what it reported meanwhile"),
	CFG_U64("size_max", struct cfg_journal, size_max, UINT64_C(1) << 20, UINT64_C(1) << 44, "8589934592",
		"bytes that the journal may grow to. Two thirds of them can be records that are still needed; less, down to "
		"half, when it has few files"),
	CFG_U64("segment_size", struct cfg_journal, segment_size, UINT64_C(1) << 17, UINT64_C(1) << 30, "8388608",
		"size in bytes of one file of the journal. If this is more than "
		"an eighth of size_max or a 16th of the disk, the files are smaller"),
	CFG_U64(
	    "compact_above", struct cfg_journal, compact_above, 0, UINT64_C(1) << 44, "0",
	    "no longer has an effect: the journal reuses its files while it runs. It is accepted so that older configurations "
	    "remain valid"),
	CFG_U32("commit_pending", struct cfg_journal, commit_pending_max, 1, 1048576, "65536",
		"number of records that may wait for a commit"),
	CFG_DURATION("batch_window", struct cfg_journal, batch_window_ms, 0, 1000, "0s",
		     "how long a record waits for others to share its commit; 0s: what arrives while one commit runs is "
		     "the next one"),
	CFG_DURATION(
	    "lazy", struct cfg_journal, lazy_ms, 0, 10000, "200ms",
	    "longest time that records which nobody waits for (an acceptance, the end of a trigger) wait for a commit that "
	    "others need; a crash within this time makes the gateway ask the SMS-SC again. 0s: they are committed at once"),
	CFG_U32("batch_max", struct cfg_journal, batch_max, 1, 1048576, "4096",
		"number of records that are committed without waiting for the end of batch_window"),
	CFG_END,
};

static const struct cfg_row top_rows[] = {
	{ .key = "identity",
	  .type = CFG_T_SECTION,
	  .offset = offsetof(struct cfg_iwf, external),
	  .size = sizeof(struct identities),
	  .rows = identities_rows,
	  .meaning = "the two Diameter identities, one for each side" },
	CFG_FILE("state_dir", struct cfg_iwf, state_dir, "/var/lib/mtc-iwf",
		 "directory of the association store and the journal"),
	{ .key = "control",
	  .type = CFG_T_SECTION,
	  .size = sizeof(struct cfg_iwf),
	  .rows = control_rows,
	  .preset = "",
	  .meaning = "the control socket" },
	CFG_NAME("user", struct cfg_iwf, user, "",
		 "user, by name or number, of the processes that `users` does not name, when mtc-iwfd is started as root; empty: "
		 "they stay root"),
	{ .key = "users",
	  .type = CFG_T_SECTION,
	  .size = sizeof(struct cfg_iwf),
	  .rows = users_rows,
	  .preset = "",
	  .meaning = "a user of its own, by name or number, for each kind of process when mtc-iwfd is started as root" },
	CFG_WORD("sandbox", struct cfg_iwf, sandbox, sandboxes, "prefer",
		 "whether each process is confined to the needs of its role (operating.md, \"The sandbox\"). require: it is, or "
		 "mtc-iwfd does not start; started as root, users of their own for the core, the edges and the keyholders are a "
		 "part of it; prefer: as "
		 "far as this machine allows, with a warning in the log and in 'mtcctl status all'; off: not at all"),
	{ .key = "log",
	  .type = CFG_T_SECTION,
	  .size = sizeof(struct cfg_iwf),
	  .rows = log_rows,
	  .preset = "",
	  .meaning = "log level and files" },
	CFG_U32("edges", struct cfg_iwf, edges, 1, 64, "2", "edge processes for each zone that has a listener"),
	{ .key = "associations",
	  .type = CFG_T_SECTION,
	  .size = sizeof(struct cfg_iwf),
	  .rows = associations_rows,
	  .preset = "",
	  .meaning = "the association store below state_dir" },
	{ .key = "groups",
	  .type = CFG_T_SECTION,
	  .size = sizeof(struct cfg_iwf),
	  .rows = groups_rows,
	  .preset = "",
	  .meaning = "groups of SCSs that a certificate proves" },
	CFG_LIST("trust_anchors", struct cfg_iwf, anchors, anchors_n, anchor_rows, 0, "",
		 "CAs that certificates of SCSs and TLS peers chain to"),
	CFG_LIST("listen", struct cfg_iwf, listen, listen_n, listen_rows, 1, NULL, "where SCSs connect"),
	CFG_LIST("peers", struct cfg_iwf, peers, peers_n, peer_rows, 1, NULL,
		 "core nodes that the gateway connects to, one connection each"),
	CFG_SECTION("s6m", struct cfg_iwf, s6m, s6m_rows, NULL, "how the HSS is reached"),
	CFG_SECTION("t4", struct cfg_iwf, t4, t4_rows, NULL, "how the SMS-SC is reached"),
	CFG_SECTION("smssc", struct cfg_iwf, smssc, cfg_smssc_rows, "",
		    "which protocol the SMS-SC speaks (docs/user/southbound.md)"),
	CFG_SECTION("dnr", struct cfg_iwf, dnr, dnr_rows, "", "reports to SCSs"),
	CFG_SECTION("replay", struct cfg_iwf, replay, replay_rows, "", "requests that come again when they should not"),
	CFG_SECTION("privacy", struct cfg_iwf, privacy, privacy_rows, "", "what SCSs may learn about where devices are"),
	CFG_SECTION("keyholder", struct cfg_iwf, keyholder, keyholder_rows, "",
		    "the process that holds the private keys of the listeners and signs TLS handshakes for the edges"),
	CFG_SECTION(
	    "ndsip", struct cfg_iwf, ndsip, cfg_ndsip_rows, "",
	    "IPsec under listeners with protection ndsip or tls+ndsip: how strongSwan is reached and told; when the section "
	    "is left out, no listener can have these protections"),
	CFG_SECTION("limits", struct cfg_iwf, limits, limits_rows, "", "limits of sizes, numbers and times"),
	CFG_SECTION("trace", struct cfg_iwf, trace, trace_rows, "", "bounds of 'mtcctl trace start'"),
	CFG_SECTION("timers", struct cfg_iwf, timers, timers_rows, "", "intervals and timeouts"),
	CFG_SECTION("ocsp", struct cfg_iwf, ocsp, cfg_ocsp_rows, "", "answers of OCSP responders about certificates"),
	CFG_SECTION("sctp", struct cfg_iwf, sctp, sctp_rows, "",
		    "times of SCTP, for all listeners and peers with that transport"),
	CFG_SECTION(
	    "screening", struct cfg_iwf, screening, cfg_screening_rows, "",
	    "checks on requests of SCSs, one section a row (docs/user/screening.md). What 'mtcctl screen set' says wins over "
	    "this section"),
	CFG_SECTION("journal", struct cfg_iwf, journal, journal_rows, "", "state of the triggers on disk, below state_dir"),
	CFG_SECTION("audit", struct cfg_iwf, audit, cfg_audit_rows, "",
		    "records of all decisions that nobody can change unseen (docs/user/audit.md)"),
	CFG_SECTION("metrics", struct cfg_iwf, metrics, cfg_metrics_rows, "", "numbers for Prometheus (docs/user/metrics.md)"),
	CFG_END,
};

const struct cfg_row *cfg_iwf_rows(void)
{
	return top_rows;
}

uint64_t cfg_answer_within_ms(const struct cfg_iwf *c)
{
	return 2 * c->s6m.answer_wait_ms + 4 * c->t4.answer_wait_ms + CFG_ANSWER_MARGIN_MS;
}

int cfg_iwf_examine(struct cfg_iwf **out, const char *path, const void *text, size_t len, struct report *why)
{
	struct cfg_iwf *c = calloc(1, sizeof *c);
	struct cfg_lines *lines = NULL;
	int err, checked = 0;

	if (!c) {
		report_add(why, REPORT_ERROR, "%s: %s", path, err_str(ERR_NOMEM));
		return ERR_NOMEM;
	}
	err = cfg_read_all(c, sizeof *c, top_rows, path, text, len, &lines, why);
	c->lines = lines;
	if (lines) {
		checked = cfg_iwf_check(c, why);
	}
	if (lines) {
		*out = c;
	} else {
		cfg_iwf_free(c);
	}
	return err ? err : checked;
}

int cfg_iwf_parse(struct cfg_iwf **out, const char *path, const void *text, size_t len, char why[CFG_WHY_MAX])
{
	struct report *report = calloc(1, sizeof *report);
	struct cfg_iwf *c = NULL;
	int err;

	if (!report) {
		snprintf(why, CFG_WHY_MAX, "%s: %s", path, err_str(ERR_NOMEM));
		return ERR_NOMEM;
	}
	err = cfg_iwf_examine(&c, path, text, len, report);
	if (err) {
		report_first(report, why, CFG_WHY_MAX);
		cfg_iwf_free(c);
	} else {
		*out = c;
	}
	free(report);
	return err;
}

int cfg_iwf_load(struct cfg_iwf **out, const char *path, char why[CFG_WHY_MAX])
{
	char *text;
	size_t len;
	int err = cfg_text_load(&text, &len, path, why);

	if (err) {
		return err;
	}
	err = cfg_iwf_parse(out, path, text, len, why);
	free(text);
	return err;
}

void cfg_iwf_free(struct cfg_iwf *c)
{
	if (!c) {
		return;
	}
	cfg_lines_free(c->lines);
	free(c);
}

size_t cfg_anchor_index(const struct cfg_iwf *c, const char *name)
{
	for (size_t i = 0; i < c->anchors_n; i++) {
		if (!c->anchors[i].gone_ms && strcmp(c->anchors[i].name, name) == 0) {
			return i;
		}
	}
	return CFG_ANCHORS_MAX;
}

bool cfg_anchor_known(const struct cfg_iwf *c, const char *name)
{
	return cfg_anchor_index(c, name) < CFG_ANCHORS_MAX || strcmp(name, IDENT_ANCHOR_INTERNAL) == 0;
}
