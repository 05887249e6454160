/* core_features.h - whether the SMS-SC supports recall and replace (TS 29.337, TS 29.229 7.2). */
#pragma once
#include <stdbool.h>

#include "apps/app_common.h"
#include "ipc/ipc_rec.h"

struct core;

enum core_feature { CORE_FEATURE_UNKNOWN, CORE_FEATURE_THERE, CORE_FEATURE_MISSING };

void core_features_learn(struct core *c, const struct app_head *head); /* from an answer of the SMS-SC */
enum core_feature core_feature_of(const struct core *c);               /* learnt, or as configured */
bool core_says_unsupported(const struct app_head *head);
bool core_t4_can_recall(void *arg); /* port of the trigger machine */
/* Feature-Supported-In-Final-Target, as far as it is known (TS 29.368 6.4.13). */
struct ipc_opt_u32 core_t4_target(const struct core *c);
