/* adm_exchange.c - the commands for import and export, one pair for each kind of row. */
#include "admin/adm_exchange.h"

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
	{ "scs.import", "SCSs from a file, all or none", ctl_args_import, true, on_scs_import },
	{ "scs.export", "all SCSs into a file", ctl_args_export, false, on_scs_export },
	{ "group.import", "groups and their stored members from a file, all or none", ctl_args_import, true, on_group_import },
	{ "group.export", "all groups and stored members into a file", ctl_args_export, false, on_group_export },
	{ "set.import", "named sets and their members from a file, all or none", ctl_args_import, true, on_set_import },
	{ "set.export", "all named sets and members into a file", ctl_args_export, false, on_set_export },
	{ "assoc.import", "allow and deny rules from a file, all or none", ctl_args_import, true, on_assoc_import },
	{ "assoc.export", "all allow and deny rules into a file", ctl_args_export, false, on_assoc_export },
	{ "block.import", "block rules from a file, all or none", ctl_args_import, true, on_block_import },
	{ "block.export", "all block rules into a file", ctl_args_export, false, on_block_export },
	{ .name = NULL },
};
