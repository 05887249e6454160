/* ctl_commands.h - the commands of mtc-iwfd on its control socket: names and arguments, agreed between admin/ (which answers) and cli/
 * (which asks). Arguments stand in rows (ctl_commands.c), members of replies too (ctl_replies.h), handlers are in admin. docs/dev/control.md
 * is the page that is made from the rows. */
#pragma once
#include "ctl/ctl_server.h"

/* Words of the args "rights" and "actions", in the order of the bits ctl_arg_bits() gives (the bits of ASSOC_RIGHT_*). */
#define CTL_WORDS_RIGHTS "trigger recall replace"
#define CTL_WORDS_EFFECT "allow deny block"
#define CTL_WORDS_FORMAT "csv jsonl"
#define CTL_WORDS_MODE "enforce detect-only"
#define CTL_WORDS_STORES "association-rows associations journal"
#define CTL_CERTIFICATE_MAX 32768 /* octets of PEM; written as JSON they fit into a request */
#define CTL_TIME_MAX 253402300799 /* the end of the year 9999, seconds since 1970 */

extern const struct ctl_arg ctl_args_scs_add
    []; /* name, e164, origin_host, realm, anchor; optional: SCS_LIMITS, replace (bool: overwrite an existing one) */
extern const struct ctl_arg
    ctl_args_scs_set[]; /* name; optional as of scs_add, which are left as they are when they are not said */
extern const struct ctl_arg ctl_args_scs_name[];  /* name: scs.show */
extern const struct ctl_arg ctl_args_scs_del[];   /* name; optional yes, deletes_max */
extern const struct ctl_arg ctl_args_peer_name[]; /* name: peers.start, peers.stop */
extern const struct ctl_arg ctl_args_assoc_add
    []; /* scs (also "group:NAME"; "*" with effect block), device; optional effect, rights, mode, not_before, not_after
						      * (seconds since 1970) */
extern const struct ctl_arg ctl_args_assoc_del[];  /* scs, device; optional effect (absent: every rule of the pair) */
extern const struct ctl_arg ctl_args_assoc_list[]; /* optional scs, device, effect, limit (default 1000, 0: all) */
extern const struct ctl_arg ctl_args_assoc_show[]; /* scs, device; optional effect */
extern const struct ctl_arg
    ctl_args_assoc_check[]; /* scs, device; optional msisdn, action (default trigger), at (seconds since 1970), group: [names],
						      * session, certificate, ask_hss */
extern const struct ctl_arg ctl_args_group_add[];    /* name; optional anchor, replace */
extern const struct ctl_arg ctl_args_group_set[];    /* name; optional anchor ("": none) */
extern const struct ctl_arg ctl_args_group_name[];   /* name: group.show */
extern const struct ctl_arg ctl_args_group_del[];    /* name; optional yes, deletes_max */
extern const struct ctl_arg ctl_args_group_member[]; /* group, scs */
extern const struct ctl_arg ctl_args_set_add[];      /* name */
extern const struct ctl_arg ctl_args_set_set[];      /* name; optional new_name */
extern const struct ctl_arg ctl_args_set_del[];      /* name; optional yes, deletes_max */
extern const struct ctl_arg ctl_args_set_show[];     /* name; optional limit (default 1000, 0: all) */
extern const struct ctl_arg ctl_args_set_member[];   /* set, device */
/* For all kinds, with the descriptor of the file. name: for messages. */
extern const struct ctl_arg ctl_args_import[];          /* optional name, format, replace, dry_run, yes, deletes_max */
extern const struct ctl_arg ctl_args_assoc_undo[];      /* optional dry_run, yes, deletes_max */
extern const struct ctl_arg ctl_args_export[];          /* optional name, format */
extern const struct ctl_arg ctl_args_backup_copy[];     /* store, with the descriptor of the file; optional name */
extern const struct ctl_arg ctl_args_triggers_list[];   /* optional scs, device, state, older_s, limit (default 100, 0: all) */
extern const struct ctl_arg ctl_args_triggers_show[];   /* reference; optional scs, needed when several SCSs have that number */
extern const struct ctl_arg ctl_args_triggers_cancel[]; /* scs, reference */
extern const struct ctl_arg ctl_args_quota_show[];      /* optional scs */
extern const struct ctl_arg ctl_args_quota_reset[];     /* scs */
extern const struct ctl_arg ctl_args_log_level[];       /* level: error warn info debug */
