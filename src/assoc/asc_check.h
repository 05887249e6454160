/* asc_check.h - whether a record, a name or a rule is valid (room-private): by itself, and against
 * a model. Errors come with words. Any thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "assoc/asc_change.h"
#include "assoc/asc_import.h"
#include "assoc/asc_model.h"

/* By itself: ERR_INVAL. */
/* makes its host names canonical, and puts its hosts under NDS/IP in order */
ERR_MUST_USE int asc_scs_check(struct asc_scs *scs, struct asc_why *why);
ERR_MUST_USE int asc_group_check(const struct asc_group *group, struct asc_why *why);
ERR_MUST_USE int asc_dset_check(const char *name, struct asc_why *why);
/* A member of a named set must be one device. Fills `d`. */
ERR_MUST_USE int asc_member_check(struct asc_devname *d, const char *device, struct asc_why *why);
/* Fills `out`, except the number of a named set, which asc_dset_resolve() finds. */
ERR_MUST_USE int asc_rule_check(struct asc_set_rule *out, const struct asc_rule_new *r, struct asc_why *why);
/* Takes the values of this mask (ASC_KEEP_*) from `was`. ERR_INVAL if the rule would then end
 * before it begins. */
ERR_MUST_USE int asc_rule_keep(struct asc_rule_values *v, const struct asc_rule_values *was, uint32_t keep, struct asc_why *why);
/* Does a file of this kind contain entries of this verdict? The verdict may be ASC_ENTRY_MEMBER. */
bool asc_kind_has(enum asc_kind kind, uint8_t verdict);

/* ERR_EXISTS when the origin-host, the E.164 number or a host under NDS/IP belongs to another SCS
 * of the model. ERR_NOMEM. */
ERR_MUST_USE int asc_scs_free_names(const struct asc_model *m, const struct asc_scs *scs, struct asc_why *why);
/* ERR_NOTFOUND with words: nobody has this name. */
int asc_refuse_who(struct asc_why *why, const char *who);
/* The node that a rule names: an SCS, a group or "*". Borrowed; NULL, with words, when there is
 * none. */
struct asc_node *asc_who_of(const struct asc_model *m, const char *who, struct asc_why *why);
/* For a rule on a named set, puts the number of the set into `d`: ERR_NOTFOUND when there is no
 * such set. Any other rule is left as it is, and 0. */
ERR_MUST_USE int asc_dset_resolve(const struct asc_model *m, struct asc_devname *d, struct asc_why *why);
