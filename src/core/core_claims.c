/* core_claims.c - which sessions an edge can have at all. */
#include "core/core_claims.h"

#include <stdio.h>
#include <string.h>

#include "core/core_int.h"

static bool is_anchor(const struct cfg_iwf *cfg, const char *name)
{
	for (size_t i = 0; i < cfg->anchors_n; i++) {
		if (strcmp(cfg->anchors[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

static bool has_crls(const struct cfg_iwf *cfg, const char *name)
{
	size_t i = cfg_anchor_index(cfg, name);

	return i < CFG_ANCHORS_MAX && (cfg->anchors[i].crl_n > 0 || *cfg->anchors[i].ocsp);
}

static bool checks_changed(const struct cfg_iwf *cfg, const char *name)
{
	size_t i = cfg_anchor_index(cfg, name);

	return i == CFG_ANCHORS_MAX || cfg->anchors[i].checks_changed; /* one that is gone has no checks left */
}

/* Those that a reload removed are anchors, too: an edge may not know yet. The same is true of the
 * checks that a reload began or ended. */
static bool anchors_fit(const struct cfg_iwf *cfg, const struct ipc_identity *id, char why[CORE_CLAIM_MAX])
{
	for (uint8_t i = 0; i < id->anchors_n; i++) {
		if (!is_anchor(cfg, id->anchors[i])) {
			snprintf(why, CORE_CLAIM_MAX, "it announces a certificate of trust anchor '%s', which is not configured",
				 id->anchors[i]);
			return false;
		}
		if (!checks_changed(cfg, id->anchors[i]) &&
		    (id->revocation[i] != REVOCATION_UNCHECKED) != (id->kind == IDENTITY_TLS && has_crls(cfg, id->anchors[i]))) {
			snprintf(why, CORE_CLAIM_MAX,
				 "what it announces about the CRLs of trust anchor '%s' does not fit the configuration",
				 id->anchors[i]);
			return false;
		}
	}
	return true;
}

bool core_claim_fits(const struct core_edge *e, const struct ipc_session_open *open, char why[CORE_CLAIM_MAX])
{
	const struct cfg_iwf *cfg = e->core->cfg;
	const struct cfg_listen *l;

	if (open->listener >= cfg->listen_n || !(e->who.listeners & UINT32_C(1) << open->listener)) {
		snprintf(why, CORE_CLAIM_MAX, "it announces a session of listener number %u, which it does not have",
			 open->listener + 1u);
		return false;
	}
	l = &cfg->listen[open->listener];
	if (open->zone != (int)e->who.zone || open->zone != l->zone) {
		snprintf(why, CORE_CLAIM_MAX, "it announces a session of listener %s in zone %s, and the edge is in zone %s",
			 l->name, zone_word(open->zone), zone_word((int)e->who.zone));
		return false;
	}
	if (open->protection != l->protection) {
		snprintf(why, CORE_CLAIM_MAX,
			 "it announces a session of listener %s with protection %s, and that listener has %s", l->name,
			 protection_word(open->protection), protection_word(l->protection));
		return false;
	}
	if (open->transport != l->transport) {
		snprintf(why, CORE_CLAIM_MAX, "it announces a session of listener %s over %s, and that listener has %s", l->name,
			 transport_word(open->transport), transport_word(l->transport));
		return false;
	}
	return anchors_fit(cfg, &open->identity, why);
}

void core_claim_end(struct core_edge *e, const char *why)
{
	if (e->bad) {
		return;
	}
	st_count(&e->core->st, ST_FALSE_CLAIMS);
	core_edge_bad(e, why);
}
