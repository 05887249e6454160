/* core_features.c - the features of each SMS-SC (TS 29.229 7.2): each answer lists all of them. */
#include <string.h>

#include "apps/t4_dtr.h"
#include "base/str.h"
#include "core/core_int.h"

static bool has_feature(const struct app_head *head)
{
	for (uint8_t i = 0; i < head->features_n; i++) {
		const struct app_features *f = &head->features[i];

		if (f->vendor_id == DIA_VENDOR_3GPP && f->list_id == T4_FEATURE_LIST_ID &&
		    (f->list & T4_FEATURE_RECALL_REPLACE)) {
			return true;
		}
	}
	return false;
}

bool core_says_unsupported(const struct app_head *head)
{
	return head->experimental_result.present && head->experimental_result.vendor_id == DIA_VENDOR_3GPP &&
	       head->experimental_result.code == APP_ERROR_FEATURE_UNSUPPORTED;
}

/* Finds or adds the row of this host. NULL: no room, nothing is learnt. */
static struct core_feature_row *row_of(struct core_peer *p, const struct dia_bytes *origin_host)
{
	struct core_features *f = &p->features;
	char host[IDENT_HOST_MAX + 1];
	const char *kept;

	for (size_t i = 0; i < f->n; i++) {
		if (str_equal_nocase(f->row[i].host, strlen(f->row[i].host), origin_host->p, origin_host->len)) {
			return &f->row[i];
		}
	}
	if (ident_host(host, origin_host->p, origin_host->len)) {
		return NULL;
	}
	kept = f->n < TRG_NAMES_MAX ? trg_names_keep(&p->core->triggers.smssc_hosts, host) : NULL;
	if (!kept) {
		return NULL;
	}
	f->row[f->n].host = kept;
	return &f->row[f->n++];
}

/* A refusal without features may come from a relay and teaches nothing. */
const char *core_features_learn(struct core_peer *p, const struct app_head *head)
{
	bool there = has_feature(head);
	enum core_feature now = there ? CORE_FEATURE_THERE : CORE_FEATURE_MISSING;
	struct core_feature_row *row;

	if (!there && !core_says_unsupported(head) && !(head->result_code.present && head->result_code.v / 1000 == 2)) {
		return NULL;
	}
	row = row_of(p, &head->origin_host);
	if (!row || row->recall_replace == now) {
		return row ? row->host : NULL;
	}
	row->recall_replace = now;
	log_info(p->core->log, "core", "the SMS-SC %.*s %s recall and replace", (int)head->origin_host.len,
		 (const char *)head->origin_host.p, there ? "knows" : "does not know");
	return row->host;
}

static enum core_feature learnt(const struct core_features *f, const char *host)
{
	enum core_feature all = f->n ? f->row[0].recall_replace : CORE_FEATURE_UNKNOWN;

	for (size_t i = 0; i < f->n; i++) {
		if (host && strcmp(f->row[i].host, host) == 0) {
			return f->row[i].recall_replace;
		}
		if (f->row[i].recall_replace != all) {
			all = CORE_FEATURE_UNKNOWN;
		}
	}
	return host ? CORE_FEATURE_UNKNOWN : all;
}

enum core_feature core_feature_of(const struct core *c, const char *host)
{
	const struct cfg_route *t4 = &c->cfg->t4;

	switch (t4->recall_replace) {
	case CFG_RECALL_ON:
		return CORE_FEATURE_THERE;
	case CFG_RECALL_OFF:
		return CORE_FEATURE_MISSING;
	default:
		if (!host && t4->destination_host[0]) {
			host = t4->destination_host;
		}
		return learnt(&c->peers.row[c->peers.t4].features, host);
	}
}

bool core_t4_can_recall(void *arg, const struct trg *trg)
{
	return core_feature_of(arg, trg->accepted_by) != CORE_FEATURE_MISSING;
}

struct ipc_opt_u32 core_t4_target(const struct core *c, const char *host)
{
	enum core_feature f = core_feature_of(c, host);

	return (struct ipc_opt_u32){ f == CORE_FEATURE_THERE ? TSP_TARGET_RECALL_REPLACE : 0, f != CORE_FEATURE_UNKNOWN };
}
