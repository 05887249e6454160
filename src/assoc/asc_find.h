/* asc_find.h - a rule of the store as the fact that is handed out (room-private). */
#pragma once
#include <stddef.h>

#include "assoc/asc_model.h"

struct asc_entry;
struct asc_view;

/* asc_model_scs() in the view in force; for the owner's thread only. One request asks for its SCS
 * several times: the last answer is remembered. */
const struct asc_node *asc_find_scs(struct asc_view *v, const char *name);

/* Fills every member; `out` need not be zeroed. */
void asc_rule_of_set(struct assoc_rule *out, const struct asc_node *node, const struct asc_set_rule *s);
/* The same for an entry of the row of one device, whose name has at most ASSOC_DEVICE_TEXT_MAX
 * bytes. */
void asc_rule_of_entry(struct assoc_rule *out, const struct asc_node *node, const struct asc_entry *e, const char *device,
		       size_t device_len);
