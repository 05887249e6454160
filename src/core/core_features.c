/* core_features.c - what the SMS-SC supports (TS 29.229 7.2): each answer lists all its features. */
#include "apps/t4_dtr.h"
#include "core/core_int.h"

static bool has_feature(const struct app_head *head)
{
	for (uint8_t i = 0; i < head->features_n; i++) {
		const struct app_features *f = &head->features[i];

		if (f->vendor_id == DIA_VENDOR_3GPP && f->list_id == T4_FEATURE_LIST_ID && (f->list & T4_FEATURE_RECALL_REPLACE))
			return true;
	}
	return false;
}

bool core_says_unsupported(const struct app_head *head)
{
	return head->experimental_result.present && head->experimental_result.vendor_id == DIA_VENDOR_3GPP &&
	       head->experimental_result.code == APP_ERROR_FEATURE_UNSUPPORTED;
}

/* A refusal without features may come from a relay. */
void core_features_learn(struct core *c, const struct app_head *head)
{
	enum core_feature before = c->peers.recall_replace;

	if (has_feature(head))
		c->peers.recall_replace = CORE_FEATURE_THERE;
	else if (core_says_unsupported(head) || (head->result_code.present && head->result_code.v / 1000 == 2))
		c->peers.recall_replace = CORE_FEATURE_MISSING;
	if (c->peers.recall_replace != before)
		log_info(c->log, "core", "the SMS-SC %s recall and replace",
			 c->peers.recall_replace == CORE_FEATURE_THERE ? "knows" : "does not know");
}

enum core_feature core_feature_of(const struct core *c)
{
	switch (c->cfg->t4.recall_replace) {
	case CFG_RECALL_ON:
		return CORE_FEATURE_THERE;
	case CFG_RECALL_OFF:
		return CORE_FEATURE_MISSING;
	default:
		return c->peers.recall_replace;
	}
}

bool core_t4_can_recall(void *arg)
{
	return core_feature_of(arg) != CORE_FEATURE_MISSING;
}

struct ipc_opt_u32 core_t4_target(const struct core *c)
{
	enum core_feature f = core_feature_of(c);

	return (struct ipc_opt_u32){ f == CORE_FEATURE_THERE ? TSP_TARGET_RECALL_REPLACE : 0, f != CORE_FEATURE_UNKNOWN };
}
