/* asc.h - the association store: which SCSs exist and who may trigger what (CONTRACTS sections 1 to
 * 3).
 * LMDB, never WRITEMAP, with two environments: one for SCSs, groups, sets and the rules on sets of
 * devices, which are also kept in memory, and one for the rows of single devices (asc_row.h). All
 * rules of one device have one key. Every change is one durable transaction.
 * One thread, the owner, of one process (the core) uses a store. A thread of the store does
 * everything that waits for the disk (asc_change.h). Names are canonical (base/ident.h) before they
 * are stored. */
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
struct asc_why { /* what is wrong, for people; "" if nothing is */
	char text[ASC_WHY_MAX];
};

struct asc_conf {
	/* borrowed during asc_open(); created with mode 0700 when missing */
	const char *dir;
	uint64_t map_max;         /* largest size of each file, octets; 0: 4 GiB */
	uint32_t changes_max;     /* changes that may wait at once, 1 to 10000; 0: 256 */
	size_t import_memory;     /* memory for the sorting of an import, octets; 0: 256 MiB */
	uint64_t lock_wait_ms;    /* time that the process before has to end (base/lock.h); 0: none */
	uint32_t undo_max;        /* states kept for asc_undo(), at most ASC_KEPT_MAX; 0: none */
	uint64_t undo_octets_max; /* limit of their total size on disk, octets */
};

/* Opens or creates a store. Errors, each with words: ERR_VERSION (format of another version),
 * ERR_BUSY (in use by another process), ERR_PROTO (no such store, truncated, damaged, or the rows
 * of devices are missing), ERR_NOSPC, ERR_IO, ERR_NOMEM. Converts a store of an older format.
 * Removes the remains of an import that did not finish; repairs nothing else. */
ERR_MUST_USE int asc_open(struct asc **out, const struct asc_conf *conf, struct asc_why *why);
/* Takes; NULL allowed. Waits for the running change; waiting changes end with ERR_CLOSED. */
void asc_close(struct asc *a);

/* Free space in the two files and readers of old pages, as of the last look: at asc_open() and
 * every ASC_LOOK_MS. */
#define ASC_LOOK_MS 5000u
struct asc_rooms {
	struct kv_room main; /* SCSs, groups, sets, rules on sets */
	struct kv_room rows; /* the rows of devices */
};
void asc_rooms(struct asc *a, struct asc_rooms *out);

/* Number of changes that came into force. A cached result is valid while it stays the same. */
uint64_t asc_generation(const struct asc *a);

/* Number of changes of SCS records that came into force, since the start. */
uint64_t asc_scs_changes(const struct asc *a);

/* Found records are borrowed until the next change of the store; NULL if there is none. Look-ups
 * ignore the ASCII case of hosts. */
const struct asc_scs *asc_scs_find(const struct asc *a, const char *name);
const struct asc_scs *asc_scs_by_origin_host(const struct asc *a, const char *origin_host);

/* Calls fn for every SCS in order of names; stops when fn returns other than 0 and returns that. fn
 * must not change the store. */
typedef int asc_scs_fn(void *arg, const struct asc_scs *scs);
int asc_scs_each(const struct asc *a, asc_scs_fn *fn, void *arg);
uint32_t asc_scs_count(const struct asc *a);

/* A rule as an operator gives it. `device` is any of the forms of struct assoc_rule; the store
 * makes it canonical. `who` is the name of a provisioned SCS, "group:NAME", or "*" in a block rule.
 * The key of a rule is (who, verdict, device). */
#define ASC_RULES_PER_DEVICE_MAX 255
struct asc_rule_new {
	const char *who, *device; /* borrowed during the call */
	uint8_t verdict, rights;
	int64_t not_before_s, not_after_s;
	uint8_t mode; /* enum assoc_mode; an allow rule is always ASSOC_ENFORCE */
};

/* Calls fn for every rule, rules on sets first; `who` NULL: of everybody. Stops when fn returns
 * other than 0 and returns that, or ERR_IO. fn must neither change the store nor look rules up. */
typedef int asc_rule_fn(void *arg, const struct assoc_rule *r);
ERR_MUST_USE int asc_rule_each(const struct asc *a, const char *who, asc_rule_fn *fn, void *arg);
/* The same for the rules on exactly this device or device set, of everybody: one mdb_get for a
 * device, memory for a set. `device` in any of the forms of a rule. ERR_INVAL and ERR_NOTFOUND with
 * words, ERR_IO. */
ERR_MUST_USE int asc_rule_each_on(const struct asc *a, const char *device, asc_rule_fn *fn, void *arg, struct asc_why *why);
uint64_t asc_rule_count(const struct asc *a);
/* counted, not read; 0 for nobody */
uint64_t asc_rule_count_of(const struct asc *a, const char *who);

/* A device by its names, canonical; either may be NULL. Rules on any of the given names match. */
struct asc_device {
	const char *external; /* "local@domain" */
	const char *msisdn;   /* digits */
};

/* The requester: the SCS of an admitted session, and the groups whose URI its certificate carries.
 * Such a group counts only under its own trust anchor (asc_group.h). Stored memberships are looked
 * up here.
 * Borrowed. */
struct asc_asker {
	const char *scs;
	const char *const *proven; /* names of groups */
	uint8_t proven_n;          /* at most IDENTITY_GROUPS_MAX are looked at */
	/* The trust anchor of the certificate: it proves groups of this anchor only. NULL: it is
	 * not known which of the SCS's anchors it is, and each counts. */
	const char *anchor;
};

/* The groups that count for the asker, each once; `out` is borrowed until the next change of the
 * store.
 * An unknown SCS is in no group. */
#define ASC_ASKER_GROUPS_MAX (ASC_GROUPS_PER_SCS_MAX + IDENTITY_GROUPS_MAX)
uint8_t asc_asker_groups(const struct asc *a, const struct asc_asker *who, const struct asc_group *out[ASC_ASKER_GROUPS_MAX]);

/* Collects every rule that matches (who, device), including rules of the groups of `who` and rules
 * outside their time: pol_assoc.h judges the time. One mdb_get for each given name. For an unknown
 * SCS only rules for every SCS are found. ERR_IO or ERR_PROTO if the store cannot be read or a
 * record is damaged: then `out` is empty and the caller must refuse. */
ERR_MUST_USE int asc_find_rules(const struct asc *a, const struct asc_asker *who, const struct asc_device *device,
				struct assoc_found *out);

/* Rules that would match after one change of membership: rules on the device of groups that the SCS
 * is not in, and rules of the asker on named sets that the device is not in. For explanations to
 * people; `overflow`: there are more. Errors as above. */
struct asc_near {
	struct assoc_found groups, sets;
};
ERR_MUST_USE int asc_find_near(const struct asc *a, const struct asc_asker *who, const struct asc_device *device,
			       struct asc_near *out);
