/* asc.h - the association store: which SCSs exist and who may trigger what (CONTRACTS sections 1 to 3). LMDB, never WRITEMAP: one environment
 * for SCSs, groups, sets and the rules on sets of devices, which are all held in memory too, and one for the rows of single devices
 * (asc_row.h); every change is one durable transaction that either happened whole or not at all.
 * All rules of one device stand under one key. One process (the core) and one thread of it, the owner, use a store; what waits for
 * the disk is done on a thread of the store (asc_change.h). Names are canonical (base/ident.h) before they are stored. */
#pragma once
#include "assoc/asc_dset.h"
#include "assoc/asc_group.h"
#include "assoc/asc_scs.h"
#include "base/assoc_rule.h"
#include "base/err.h"
#include "base/kv_room.h"
#include "base/protection.h"

struct asc; /* opaque */

#define ASC_WHY_MAX 384
struct asc_why { /* what was wrong, in words for a person; "" when nothing was */
	char text[ASC_WHY_MAX];
};

struct asc_conf {
	const char *dir;          /* borrowed during asc_open(); created with mode 0700 when missing */
	uint64_t map_max;         /* octets each of its files may grow to; 0: 4 GiB */
	uint32_t changes_max;     /* that may wait at once, 1 to 10000; 0: 256 */
	size_t import_memory;     /* octets in which an import sorts; 0: 256 MiB */
	uint32_t undo_max;        /* states before imports that are kept for asc_undo(), at most ASC_KEPT_MAX; 0: none */
	uint64_t undo_octets_max; /* octets on disk that they take together */
};

/* Opens or creates. Errors, each with words in `why`: ERR_VERSION (format of another version), ERR_BUSY (another process holds it),
 * ERR_PROTO (not such a store, truncated, damaged, or its rows of devices are missing), ERR_NOSPC, ERR_IO, ERR_NOMEM. Nothing is repaired.
 * A store of an older format is brought up. Deleted is only what an import that came to no end left. */
ERR_MUST_USE int asc_open(struct asc **out, const struct asc_conf *conf, struct asc_why *why);
/* Takes; NULL allowed. Waits for the change under way; those that were not begun end with ERR_CLOSED. */
void asc_close(struct asc *a);

/* The room in the two files and who holds old pages of them, as last seen: at the opening and every ASC_LOOK_MS. */
#define ASC_LOOK_MS 5000u
struct asc_rooms {
	struct kv_room main; /* SCSs, groups, sets, rules on sets */
	struct kv_room rows; /* the rows of devices */
};
void asc_rooms(struct asc *a, struct asc_rooms *out);

/* Counts every change that came into force; who remembers a result can see that it is old. */
uint64_t asc_generation(const struct asc *a);

/* Found records are borrowed until the next change of the store; NULL when there is none. All look-ups ignore ASCII case of hosts. */
const struct asc_scs *asc_scs_find(const struct asc *a, const char *name);
const struct asc_scs *asc_scs_by_origin_host(const struct asc *a, const char *origin_host);

/* Calls fn for every SCS in order of names; stops when fn returns other than 0 and returns that. fn must not change the store. */
typedef int asc_scs_fn(void *arg, const struct asc_scs *scs);
int asc_scs_each(const struct asc *a, asc_scs_fn *fn, void *arg);
uint32_t asc_scs_count(const struct asc *a);

/* A rule as an operator gives it. `device` is any of the forms of struct assoc_rule; the store makes it canonical. `who` is the name of a
 * provisioned SCS, "group:NAME", or "*" in a block rule. The key of a rule is (who, verdict, device). */
#define ASC_RULES_PER_DEVICE_MAX 255
struct asc_rule_new {
	const char *who, *device; /* borrowed during the call */
	uint8_t verdict, rights;
	int64_t not_before_s, not_after_s;
	uint8_t mode; /* enum assoc_mode; an allow rule is always ASSOC_ENFORCE */
};

/* Calls fn for every rule, rules on sets first; `who` NULL: of everybody. Stops when fn returns other than 0 and returns that, or
 * ERR_IO. fn must neither change the store nor look rules up. */
typedef int asc_rule_fn(void *arg, const struct assoc_rule *r);
ERR_MUST_USE int asc_rule_each(const struct asc *a, const char *who, asc_rule_fn *fn, void *arg);
/* The same for the rules on exactly this device or device set, of everybody: one mdb_get for a device, memory for a set. `device` in any
 * of the forms of a rule. ERR_INVAL and ERR_NOTFOUND with words, ERR_IO. */
ERR_MUST_USE int asc_rule_each_on(const struct asc *a, const char *device, asc_rule_fn *fn, void *arg, struct asc_why *why);
uint64_t asc_rule_count(const struct asc *a);
uint64_t asc_rule_count_of(const struct asc *a, const char *who); /* counted, not read; 0 for nobody */

/* A device by its names, canonical; either may be NULL. Rules on any of the given names match. */
struct asc_device {
	const char *external; /* "local@domain" */
	const char *msisdn;   /* digits */
};

/* Who asks: the SCS of an admitted session, and the groups whose URI its certificate carries, which counts as far as each group
 * lets its own trust anchor prove it (asc_group.h). Stored memberships are looked up here. Borrowed. */
struct asc_asker {
	const char *scs;
	const char *const *proven; /* names of groups */
	uint8_t proven_n;          /* at most IDENTITY_GROUPS_MAX are looked at */
};

/* The groups that count for the asker, each once; `out` is borrowed until the next change of the store. An unknown SCS is in none. */
#define ASC_ASKER_GROUPS_MAX (ASC_GROUPS_PER_SCS_MAX + IDENTITY_GROUPS_MAX)
uint8_t asc_asker_groups(const struct asc *a, const struct asc_asker *who, const struct asc_group *out[ASC_ASKER_GROUPS_MAX]);

/* Collects every rule that speaks about (who, device), those of the groups of `who` among them, those outside their time included: the judge sees the time (pol_assoc.h).
 * One mdb_get a given name. An unknown SCS finds what blocks the device. ERR_IO or ERR_PROTO when the store cannot be read or a
 * record is damaged: `out` is empty then and the caller must refuse. */
ERR_MUST_USE int asc_find_rules(const struct asc *a, const struct asc_asker *who, const struct asc_device *device,
				struct assoc_found *out);

/* What asc_find_rules() does not find by one step only: rules on the device, of groups that the SCS is not in; and rules of the asker, on
 * named sets that the device is not in. For people who ask why; `overflow` where there are more. Errors as above. */
struct asc_near {
	struct assoc_found groups, sets;
};
ERR_MUST_USE int asc_find_near(const struct asc *a, const struct asc_asker *who, const struct asc_device *device,
			       struct asc_near *out);
