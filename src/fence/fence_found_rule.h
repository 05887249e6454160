/* fence_found_rule.h - reads the expressions of one rule of nf_tables (room-private). PURE. */
#pragma once
#include "base/err.h"
#include "fence/fence_attr.h"
#include "fence/fence_found.h"

/* Fills the terms and the verdict of `rule`, whose chain is set, from the list of its expressions
 * (NFTA_RULE_EXPRESSIONS). Borrows nothing. `foreign` names the first expression that is not ours.
 * ERR_PROTO: the octets are no such list. */
ERR_MUST_USE int fence_rule_read(struct fence_rule *rule, struct fence_attrs all);
