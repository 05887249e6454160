/* cfg_change.c - the table of cfg_change.h, in the order of the schema. An item without a row waits
 * for the next start; a test finds it. Screening rows are many and alike: one row for each of their
 * keys. */
#include "conf/cfg_change.h"

#include <stdio.h>
#include <string.h>

#define ITEM_MAX 256

static const struct cfg_change_row rows[] = {
	{ "identity.external.host", CFG_AT_START, 0 },
	{ "identity.external.realm", CFG_AT_START, 0 },
	{ "identity.internal.host", CFG_AT_START, 0 },
	{ "identity.internal.realm", CFG_AT_START, 0 },
	{ "state_dir", CFG_AT_START, 0 },
	{ "control.path", CFG_AT_START, 0 },
	{ "control.console_user", CFG_AT_START, 0 },
	{ "control.console_groups.read", CFG_NOW, CFG_BY_PARENT | CFG_BY_CORE },
	{ "control.console_groups.operate", CFG_NOW, CFG_BY_PARENT | CFG_BY_CORE },
	{ "control.console_groups.admin", CFG_NOW, CFG_BY_PARENT | CFG_BY_CORE },
	{ "control.console_certificates", CFG_AT_START, 0 },
	{ "control.console_session", CFG_AT_START, 0 },
	{ "control.console_idle", CFG_AT_START, 0 },
	{ "control.console_log_ins", CFG_AT_START, 0 },
	{ "user", CFG_AT_START, 0 },
	{ "users.core", CFG_AT_START, 0 },
	{ "users.edge", CFG_AT_START, 0 },
	{ "users.keyholder", CFG_AT_START, 0 },
	{ "sandbox", CFG_AT_START, 0 },
	{ "log.level", CFG_NOW, CFG_BY_PARENT | CFG_BY_EDGES | CFG_BY_CORE | CFG_BY_KEYHOLDER | CFG_BY_FETCHER | CFG_BY_NDSIP },
	{ "log.queue", CFG_AT_START, 0 },
	{ "log.decisions", CFG_NOW, CFG_BY_PARENT | CFG_BY_CORE },
	{ "log.lines_per_second", CFG_ANEW, CFG_BY_CORE },
	{ "log.kept", CFG_AT_START, 0 },
	{ "edges", CFG_AT_START, 0 },
	{ "associations.size_max", CFG_ANEW, CFG_BY_CORE },
	{ "associations.changes_max", CFG_ANEW, CFG_BY_CORE },
	{ "associations.import_memory", CFG_ANEW, CFG_BY_CORE },
	{ "associations.undo_max", CFG_ANEW, CFG_BY_CORE },
	{ "associations.undo_size_max", CFG_ANEW, CFG_BY_CORE },
	{ "groups.uri_prefix", CFG_ANEW, CFG_BY_CORE },
	{ "trust_anchors[].name", CFG_NOW, CFG_BY_PARENT | CFG_BY_EDGES | CFG_BY_CORE | CFG_BY_NDSIP },
	{ "trust_anchors[].file", CFG_NOW, CFG_BY_PARENT | CFG_BY_EDGES | CFG_BY_CORE | CFG_BY_NDSIP },
	{ "trust_anchors[].crl", CFG_NOW, CFG_BY_PARENT | CFG_BY_EDGES | CFG_BY_CORE | CFG_BY_NDSIP },
	{ "trust_anchors[].ocsp", CFG_ANEW, CFG_BY_FETCHER },
	{ "trust_anchors[].ocsp_address", CFG_ANEW, CFG_BY_FETCHER },
	{ "trust_anchors[].ocsp_chain", CFG_ANEW, CFG_BY_FETCHER },
	{ "listen[].name", CFG_NOW, CFG_BY_PARENT | CFG_BY_EDGES | CFG_BY_CORE },
	{ "listen[].zone", CFG_MOVES, CFG_BY_PARENT | CFG_BY_EDGES | CFG_BY_CORE },
	{ "listen[].protection", CFG_MOVES, CFG_BY_PARENT | CFG_BY_EDGES | CFG_BY_CORE },
	{ "listen[].transport", CFG_MOVES, CFG_BY_PARENT | CFG_BY_EDGES | CFG_BY_CORE },
	{ "listen[].address", CFG_MOVES, CFG_BY_PARENT | CFG_BY_EDGES | CFG_BY_CORE },
	{ "listen[].more_addresses", CFG_MOVES, CFG_BY_PARENT | CFG_BY_EDGES | CFG_BY_CORE },
	{ "listen[].port", CFG_MOVES, CFG_BY_PARENT | CFG_BY_EDGES | CFG_BY_CORE },
	{ "listen[].udp_port", CFG_MOVES, CFG_BY_PARENT | CFG_BY_EDGES | CFG_BY_CORE },
	{ "listen[].certificate", CFG_NOW, CFG_BY_PARENT | CFG_BY_EDGES | CFG_BY_KEYHOLDER },
	{ "listen[].key", CFG_NOW, CFG_BY_PARENT | CFG_BY_EDGES | CFG_BY_KEYHOLDER },
	{ "listen[].key_object", CFG_AT_START, 0 },
	{ "listen[].ocsp", CFG_ANEW, CFG_BY_FETCHER },
	{ "listen[].ocsp_address", CFG_ANEW, CFG_BY_FETCHER },
	{ "peers[].name", CFG_NOW, CFG_BY_PARENT | CFG_BY_CORE },
	{ "peers[].host", CFG_MOVES, CFG_BY_PARENT | CFG_BY_CORE },
	{ "peers[].realm", CFG_MOVES, CFG_BY_PARENT | CFG_BY_CORE },
	{ "peers[].transport", CFG_MOVES, CFG_BY_PARENT | CFG_BY_CORE },
	{ "peers[].address", CFG_MOVES, CFG_BY_PARENT | CFG_BY_CORE },
	{ "peers[].more_addresses", CFG_MOVES, CFG_BY_PARENT | CFG_BY_CORE },
	{ "peers[].local_addresses", CFG_MOVES, CFG_BY_PARENT | CFG_BY_CORE },
	{ "peers[].port", CFG_MOVES, CFG_BY_PARENT | CFG_BY_CORE },
	{ "peers[].udp_port", CFG_MOVES, CFG_BY_PARENT | CFG_BY_CORE },
	{ "peers[].protection", CFG_MOVES, CFG_BY_PARENT | CFG_BY_CORE },
	{ "peers[].certificate", CFG_NOW, CFG_BY_PARENT | CFG_BY_CORE },
	{ "peers[].key", CFG_NOW, CFG_BY_PARENT | CFG_BY_CORE },
	{ "peers[].trust", CFG_NOW, CFG_BY_PARENT | CFG_BY_CORE },
	{ "peers[].ike", CFG_AT_START, 0 },
	{ "peers[].identity", CFG_AT_START, 0 },
	{ "peers[].reopen_detect", CFG_NOW, CFG_BY_CORE },
	{ "peers[].strict_answers", CFG_NOW, CFG_BY_CORE },
	{ "s6m.peer", CFG_NOW, CFG_BY_CORE },
	{ "s6m.destination_realm", CFG_NOW, CFG_BY_CORE },
	{ "s6m.destination_host", CFG_NOW, CFG_BY_CORE },
	{ "s6m.answer_wait", CFG_NOW, CFG_BY_CORE | CFG_BY_EDGES },
	{ "s6m.priority_drmp", CFG_NOW, CFG_BY_CORE },
	{ "t4.peer", CFG_NOW, CFG_BY_CORE },
	{ "t4.destination_realm", CFG_NOW, CFG_BY_CORE },
	{ "t4.destination_host", CFG_NOW, CFG_BY_CORE },
	{ "t4.answer_wait", CFG_NOW, CFG_BY_CORE | CFG_BY_EDGES },
	{ "t4.priority_drmp", CFG_NOW, CFG_BY_CORE },
	{ "t4.recall_replace", CFG_NOW, CFG_BY_CORE },
	{ "t4.congestion", CFG_NOW, CFG_BY_CORE },
	{ "t4.replace_not_pending", CFG_NOW, CFG_BY_CORE },
	{ "t4.copy_to_new_peer", CFG_NOW, CFG_BY_CORE },
	{ "smssc.protocol", CFG_AT_START, 0 },
	{ "smssc.system_id", CFG_NOW, CFG_BY_CORE },
	{ "smssc.system_type", CFG_NOW, CFG_BY_CORE },
	{ "smssc.password_file", CFG_NOW, CFG_BY_PARENT | CFG_BY_CORE },
	{ "smssc.window", CFG_NOW, CFG_BY_CORE },
	{ "smssc.enquire_link", CFG_NOW, CFG_BY_CORE },
	{ "smssc.pause", CFG_NOW, CFG_BY_CORE },
	{ "smssc.source", CFG_NOW, CFG_BY_CORE },
	{ "smssc.ports", CFG_NOW, CFG_BY_CORE },
	{ "smssc.long", CFG_NOW, CFG_BY_CORE },
	{ "smssc.receipts", CFG_NOW, CFG_BY_CORE },
	{ "smssc.early_receipts", CFG_NOW, CFG_BY_CORE },
	{ "smssc.cancels", CFG_NOW, CFG_BY_CORE },
	{ "smssc.cancel_wait", CFG_NOW, CFG_BY_CORE }, /* of those that begin to wait */
	{ "smssc.on_unknown", CFG_NOW, CFG_BY_CORE },
	{ "dnr.answer_wait", CFG_NOW, CFG_BY_CORE },
	{ "dnr.retry_min", CFG_NOW, CFG_BY_CORE },
	{ "dnr.retry_max", CFG_NOW, CFG_BY_CORE },
	{ "replay.mode", CFG_NOW, CFG_BY_CORE },
	{ "replay.window", CFG_ANEW, CFG_BY_CORE },
	{ "replay.entries", CFG_ANEW, CFG_BY_CORE },
	{ "privacy.absent_answers", CFG_NOW, CFG_BY_CORE },
	{ "privacy.absent_window", CFG_ANEW, CFG_BY_CORE },
	{ "privacy.absent_devices", CFG_ANEW, CFG_BY_CORE },
	{ "keyholder.signatures_per_second", CFG_ANEW, CFG_BY_KEYHOLDER },
	{ "keyholder.sign_wait", CFG_AT_START, 0 },
	{ "keyholder.waiting", CFG_AT_START, 0 },
	{ "keyholder.pkcs11.module", CFG_AT_START, 0 },
	{ "keyholder.pkcs11.token", CFG_AT_START, 0 },
	{ "keyholder.pkcs11.pin_file", CFG_AT_START, 0 },
	{ "keyholder.pkcs11.paths", CFG_AT_START, 0 },
	{ "ndsip.vici", CFG_AT_START, 0 },
	{ "ndsip.mode", CFG_AT_START, 0 },
	{ "ndsip.device", CFG_AT_START, 0 },
	{ "ndsip.local_id", CFG_AT_START, 0 },
	{ "ndsip.certificate", CFG_AT_START, 0 },
	{ "ndsip.local_ike", CFG_AT_START, 0 },
	{ "ndsip.on_loss", CFG_AT_START, 0 },
	{ "ndsip.grace", CFG_AT_START, 0 },
	{ "ndsip.check", CFG_AT_START, 0 },
	{ "ndsip.rules_check", CFG_AT_START, 0 },
	{ "ndsip.ike_proposals", CFG_AT_START, 0 },
	{ "ndsip.esp_proposals", CFG_AT_START, 0 },
	{ "ndsip.child_rekey", CFG_AT_START, 0 },
	{ "ndsip.ike_rekey", CFG_AT_START, 0 },
	{ "ndsip.reauth", CFG_AT_START, 0 },
	{ "limits.message", CFG_AT_START, 0 },
	{ "limits.core_message", CFG_ANEW, CFG_BY_CORE },
	{ "limits.avps", CFG_AT_START, 0 },
	{ "limits.nesting", CFG_AT_START, 0 },
	{ "limits.connections_total", CFG_NOW, CFG_BY_EDGES },
	{ "limits.connections_per_address", CFG_NOW, CFG_BY_EDGES },
	{ "limits.unauthenticated", CFG_NOW, CFG_BY_EDGES },
	{ "limits.unauthenticated_per_address", CFG_NOW, CFG_BY_EDGES },
	{ "limits.connection_rate", CFG_NOW, CFG_BY_EDGES },
	{ "limits.connection_rate_per_address", CFG_NOW, CFG_BY_EDGES },
	{ "limits.connection_rate_per_scs", CFG_NOW, CFG_BY_CORE },
	{ "limits.handshake", CFG_NOW, CFG_BY_EDGES },
	{ "limits.cer", CFG_NOW, CFG_BY_EDGES },
	{ "limits.request_bytes", CFG_NOW, CFG_BY_EDGES },
	{ "limits.request_bytes_per_connection", CFG_NOW, CFG_BY_EDGES },
	{ "limits.address_prefix_ipv4", CFG_AT_START, 0 },
	{ "limits.address_prefix_ipv6", CFG_AT_START, 0 },
	{ "limits.handshake_wait", CFG_NOW, CFG_BY_EDGES },
	{ "limits.cer_wait", CFG_NOW, CFG_BY_EDGES },
	{ "limits.probe_wait", CFG_NOW, CFG_BY_CORE },
	{ "limits.connections_per_scs", CFG_NOW, CFG_BY_CORE },
	{ "limits.pending_per_scs", CFG_NOW, CFG_BY_CORE | CFG_BY_EDGES },
	{ "limits.payload", CFG_NOW, CFG_BY_CORE },
	{ "limits.validity_max", CFG_NOW, CFG_BY_CORE },
	{ "limits.pending_total", CFG_NOW, CFG_BY_CORE },
	{ "limits.triggers", CFG_NOW, CFG_BY_CORE },
	{ "limits.resume", CFG_NOW, CFG_BY_CORE },
	{ "limits.enter_first", CFG_NOW, CFG_BY_CORE }, /* when it starts */
	{ "limits.peer_pending", CFG_ANEW, CFG_BY_CORE },
	{ "limits.peer_window", CFG_NOW, CFG_BY_CORE },
	{ "limits.peer_queue", CFG_NOW, CFG_BY_CORE },
	{ "limits.duplicates", CFG_ANEW, CFG_BY_CORE },
	{ "limits.duplicates_window", CFG_ANEW, CFG_BY_CORE },
	{ "limits.report_duplicates", CFG_ANEW, CFG_BY_CORE },
	{ "limits.report_duplicates_window", CFG_ANEW, CFG_BY_CORE },
	{ "limits.reports_pending", CFG_NOW, CFG_BY_CORE },
	{ "limits.ended", CFG_ANEW, CFG_BY_CORE },
	{ "limits.sessions", CFG_NOW, CFG_BY_CORE },
	{ "limits.ring", CFG_ANEW, CFG_BY_CORE },
	{ "limits.exchange_idle", CFG_NOW, CFG_BY_CORE },
	{ "limits.exchange_max", CFG_NOW, CFG_BY_CORE },
	{ "limits.memory", CFG_ANEW, CFG_BY_CORE },
	{ "limits.memory_reserve", CFG_ANEW, CFG_BY_CORE },
	{ "limits.control_clients", CFG_ANEW, CFG_BY_CORE },
	{ "trace.time_max", CFG_NOW, CFG_BY_CORE },
	{ "trace.size_max", CFG_NOW, CFG_BY_CORE },
	{ "trace.buffer", CFG_NOW, CFG_BY_CORE },
	{ "timers.watchdog", CFG_NOW, CFG_BY_EDGES | CFG_BY_CORE },
	{ "timers.reopen", CFG_NOW, CFG_BY_CORE },
	{ "timers.reconnect", CFG_NOW, CFG_BY_CORE },
	{ "timers.reconnect_refused", CFG_NOW, CFG_BY_CORE },
	{ "timers.disconnect_wait", CFG_NOW, CFG_BY_PARENT | CFG_BY_EDGES | CFG_BY_CORE },
	{ "timers.edge_restart", CFG_NOW, CFG_BY_PARENT },
	{ "timers.restart_max", CFG_NOW, CFG_BY_PARENT },
	{ "timers.hang", CFG_AT_START, 0 },
	{ "timers.lock_wait", CFG_NOW, CFG_BY_CORE },
	{ "timers.stats", CFG_NOW, CFG_BY_EDGES | CFG_BY_KEYHOLDER },
	{ "timers.names", CFG_NOW, CFG_BY_PARENT },
	{ "timers.crl_check", CFG_NOW, CFG_BY_PARENT },
	{ "timers.crl_grace", CFG_NOW, CFG_BY_EDGES },
	{ "timers.ocsp", CFG_AT_START, 0 },
	{ "ocsp.refresh", CFG_AT_START, 0 },
	{ "ocsp.retry", CFG_AT_START, 0 },
	{ "ocsp.max_age", CFG_AT_START, 0 },
	{ "ocsp.nonce", CFG_AT_START, 0 },
	{ "ocsp.size_max", CFG_AT_START, 0 },
	{ "ocsp.entries", CFG_AT_START, 0 },
	{ "ocsp.asked", CFG_AT_START, 0 },
	{ "ocsp.revoked", CFG_NOW, CFG_BY_CORE },
	{ "ocsp.connections", CFG_AT_START, 0 },
	{ "sctp.heartbeat", CFG_AT_START, 0 },
	{ "sctp.rto_initial", CFG_AT_START, 0 },
	{ "sctp.rto_min", CFG_AT_START, 0 },
	{ "sctp.rto_max", CFG_AT_START, 0 },
	{ "sctp.path_retransmits", CFG_AT_START, 0 },
	{ "sctp.association_retransmits", CFG_AT_START, 0 },
	{ "journal.report_retention", CFG_ANEW, CFG_BY_CORE },
	{ "journal.report_grace", CFG_ANEW, CFG_BY_CORE },
	{ "journal.size_max", CFG_ANEW, CFG_BY_CORE },
	{ "journal.segment_size", CFG_ANEW, CFG_BY_CORE },
	{ "journal.compact_above", CFG_NOW, 0 },
	{ "journal.commit_pending", CFG_ANEW, CFG_BY_CORE },
	{ "journal.batch_window", CFG_ANEW, CFG_BY_CORE },
	{ "journal.lazy", CFG_ANEW, CFG_BY_CORE },
	{ "journal.batch_max", CFG_ANEW, CFG_BY_CORE },
	{ "audit.enabled", CFG_AT_START, 0 },
	{ "audit.origin", CFG_AT_START, 0 },
	{ "audit.key", CFG_AT_START, 0 },
	{ "audit.interval", CFG_AT_START, 0 },
	{ "audit.on_failure", CFG_AT_START, 0 },
	{ "audit.queue", CFG_AT_START, 0 },
	{ "audit.segment_size", CFG_AT_START, 0 },
	{ "audit.size_max", CFG_AT_START, 0 },
	{ "audit.refusals_per_second", CFG_AT_START, 0 },
	{ "audit.archive", CFG_AT_START, 0 },
	{ "audit.publish_file", CFG_AT_START, 0 },
	{ "audit.publish_log", CFG_AT_START, 0 },
	{ "audit.publish_url", CFG_AT_START, 0 },
	{ "audit.publish_address", CFG_AT_START, 0 },
	{ "metrics.enabled", CFG_AT_START, 0 },
	{ "metrics.address", CFG_AT_START, 0 },
	{ "metrics.port", CFG_AT_START, 0 },
	{ "metrics.hosts", CFG_AT_START, 0 },
	{ "metrics.every", CFG_AT_START, 0 },
	{ "metrics.scs_max", CFG_AT_START, 0 },
	{ "metrics.connections", CFG_AT_START, 0 },
	{ "metrics.wait", CFG_AT_START, 0 },
	{ "screening.*.mode", CFG_NOW, CFG_BY_CORE | CFG_BY_EDGES },
	{ "screening.*.answer", CFG_NOW, CFG_BY_CORE | CFG_BY_EDGES },
	{ "screening.*.except", CFG_NOW, CFG_BY_CORE | CFG_BY_EDGES },
};

const struct cfg_change_row *cfg_change_rows(size_t *n)
{
	*n = sizeof rows / sizeof *rows;
	return rows;
}

/* "screening.identity.mode" is "screening.*.mode". */
static const char *general(char out[ITEM_MAX], const char *item)
{
	const char *last = strrchr(item, '.');

	if (strncmp(item, "screening.", 10) != 0 || !last || last < item + 10) {
		return item;
	}
	snprintf(out, ITEM_MAX, "screening.*%s", last);
	return out;
}

const struct cfg_change_row *cfg_change_of(const char *item)
{
	char text[ITEM_MAX];
	const char *wanted = general(text, item);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(rows[i].item, wanted) == 0) {
			return &rows[i];
		}
	}
	return NULL;
}

const char *cfg_change_words(const char *item)
{
	const struct cfg_change_row *row = cfg_change_of(item);

	if (!row || row->when == CFG_AT_START) {
		return "at the next start";
	}
	if (row->when == CFG_NOW || row->when == CFG_MOVES) {
		return row->when == CFG_NOW ? "by a reload" : "by a reload, which opens it anew and ends the one before";
	}
	return row->by & CFG_BY_CORE        ? "by a reload, which starts the core anew"
	       : row->by & CFG_BY_KEYHOLDER ? "by a reload, which starts the keyholders anew"
					    : "by a reload, which starts the fetcher anew; without a fetcher at the next start";
}
