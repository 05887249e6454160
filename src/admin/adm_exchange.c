/* adm_exchange.c - the commands for import and export, one pair for each kind of row. */
#include "admin/adm_exchange.h"

static void fail_slow(struct adm *a, struct ctl_request *rq, const char *name, const char *did, uint64_t ms, const char *key)
{
	st_count(a->st, ST_EXCHANGES_SLOW);
	log_warn(a->log, "core", "%s: %s %llu s (%s): it is ended, so that old pages of the store can be used again", name, did,
		 (unsigned long long)(ms / 1000), key);
	ctl_fail(rq, "%s: %s %llu s (%s)", name, did, (unsigned long long)(ms / 1000), key);
}

void adm_exchange_fail(struct adm *a, struct ctl_request *rq, const char *name, int err, const char *words)
{
	const struct cfg_limits *limits = &a->cfg->limits;

	OBJ_CHECK(a, ADM_MAGIC);
	if (err == ERR_TIMEOUT) {
		fail_slow(a, rq, name, "took nothing for", limits->exchange_idle_ms, "limits.exchange_idle");
	} else if (err == ERR_LIMIT) {
		fail_slow(a, rq, name, "is not whole after", limits->exchange_max_ms, "limits.exchange_max");
	} else {
		ctl_fail(rq, "%s: %s", name, words);
	}
}

#define HANDLERS(name_, kind_)                                                                                                   \
	static void on_##name_##_import(void *arg, struct ctl_request *rq, const json_t *args)                                   \
	{                                                                                                                        \
		adm_import_begin(arg, rq, args, kind_);                                                                          \
	}                                                                                                                        \
	static void on_##name_##_export(void *arg, struct ctl_request *rq, const json_t *args)                                   \
	{                                                                                                                        \
		adm_export_begin(arg, rq, args, kind_);                                                                          \
	}

HANDLERS(scs, ASC_KIND_SCS)
HANDLERS(group, ASC_KIND_GROUP)
HANDLERS(set, ASC_KIND_SET)
HANDLERS(assoc, ASC_KIND_ASSOC)
HANDLERS(block, ASC_KIND_BLOCK)

const struct ctl_command adm_exchange_rows[] = {
	{ "scs.import", "read SCSs from a file, all or nothing", ctl_args_import, true, on_scs_import },
	{ "scs.export", "write all SCSs to a file", ctl_args_export, false, on_scs_export },
	{ "group.import", "read groups and their stored members from a file, all or nothing", ctl_args_import, true,
	  on_group_import },
	{ "group.export", "write all groups and stored members to a file", ctl_args_export, false, on_group_export },
	{ "set.import", "read named sets and their members from a file, all or nothing", ctl_args_import, true, on_set_import },
	{ "set.export", "write all named sets and members to a file", ctl_args_export, false, on_set_export },
	{ "assoc.import", "read allow and deny rules from a file, all or nothing", ctl_args_import, true, on_assoc_import },
	{ "assoc.export", "write all allow and deny rules to a file", ctl_args_export, false, on_assoc_export },
	{ "block.import", "read block rules from a file, all or nothing", ctl_args_import, true, on_block_import },
	{ "block.export", "write all block rules to a file", ctl_args_export, false, on_block_export },
	{ .name = NULL },
};
