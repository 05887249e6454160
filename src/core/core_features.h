/* core_features.h - whether the SMS-SC supports recall and replace (TS 29.337, TS 29.229 7.2). */
#pragma once
#include <stdbool.h>

#include "apps/app_common.h"
#include "ipc/ipc_rec.h"
#include "trigger/trg_names.h"

struct core;
struct core_peer;
struct trg;

enum core_feature { CORE_FEATURE_UNKNOWN, CORE_FEATURE_THERE, CORE_FEATURE_MISSING };

/* Features of the SMS-SCs behind one peer. The key is the Origin-Host: a relay may have several
 * behind it. */
struct core_features {
	struct core_feature_row {
		const char *host; /* canonical; interned in struct core_triggers */
		enum core_feature recall_replace;
	} row[TRG_NAMES_MAX];
	size_t n;
};

/* Learns from an answer of an SMS-SC. Returns its Origin-Host in canonical form, interned. NULL:
 * the answer teaches nothing, or there is no room for another host. */
const char *core_features_learn(struct core_peer *p, const struct app_head *head);
/* Support of the SMS-SC with this host, learnt or configured.
 * host NULL: the request names no SMS-SC. Unknown if the known SMS-SCs differ. */
enum core_feature core_feature_of(const struct core *c, const char *host);
bool core_says_unsupported(const struct app_head *head);
bool core_t4_can_recall(void *arg, const struct trg *trg); /* port of the trigger machine */
/* Feature-Supported-In-Final-Target if known (TS 29.368 6.4.13).
 * `host`: Origin-Host of the SMS-SC that has the trigger, or NULL. */
struct ipc_opt_u32 core_t4_target(const struct core *c, const char *host);
