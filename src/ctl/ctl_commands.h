/* ctl_commands.h - the commands of mtc-iwfd on its control socket. admin/ answers them and cli/
 * sends them. Arguments stand in rows (ctl_commands.c), members of replies too (ctl_replies.h);
 * handlers are in admin. docs/dev/control.md is made from the rows. */
#pragma once
#include "base/screen_rule.h"
#include "ctl/ctl_server.h"

/* Words of the args "rights" and "actions", in the order of the bits that ctl_arg_bits() returns
 * (the bits of ASSOC_RIGHT_*). */
#define CTL_WORDS_RIGHTS "trigger recall replace"
#define CTL_WORDS_EFFECT "allow deny block"
#define CTL_WORDS_FORMAT "csv jsonl"
#define CTL_WORDS_MODE "enforce detect-only"
#define CTL_WORDS_VERDICT "accepted refused detected"
#define CTL_WORDS_STORES "association-rows associations journal"
#define CTL_CERTIFICATE_MAX 32768 /* octets of PEM; written as JSON they fit into a request */
#define CTL_TIME_MAX 253402300799 /* the end of the year 9999, seconds since 1970 */
/* A reload is answered in this time: the name service, a token and all processes are asked. */
#define CTL_RELOAD_WAIT_S 90u

/* Arguments by command. */

/* name, e164, origin_host, realm, anchor; optional: SCS_LIMITS, SCS_NDSIP, replace */
extern const struct ctl_arg ctl_args_scs_add[];
/* name; optional as for scs_add: values that are not given stay */
extern const struct ctl_arg ctl_args_scs_set[];
/* name: scs.show */
extern const struct ctl_arg ctl_args_scs_name[];
/* name; optional yes, deletes_max */
extern const struct ctl_arg ctl_args_scs_del[];
/* name: peers.start, peers.stop */
extern const struct ctl_arg ctl_args_peer_name[];
/* scs (also "group:NAME"; "*" with effect block), device; optional effect, rights, mode,
 * not_before, not_after (seconds since 1970) */
extern const struct ctl_arg ctl_args_assoc_add[];
/* scs, device; optional effect (absent: every rule of the pair) */
extern const struct ctl_arg ctl_args_assoc_del[];
/* optional scs, device, effect, limit (default 1000, 0: all) */
extern const struct ctl_arg ctl_args_assoc_list[];
/* scs, device; optional effect */
extern const struct ctl_arg ctl_args_assoc_show[];
/* scs, device; optional msisdn, action (default trigger), at (seconds since 1970), group: [names],
 * session, certificate, ask_hss */
extern const struct ctl_arg ctl_args_assoc_check[];
/* name; optional anchor, replace */
extern const struct ctl_arg ctl_args_group_add[];
/* name; optional anchor ("": none) */
extern const struct ctl_arg ctl_args_group_set[];
/* optional scs, device, verdict, reason, action, transaction, before (number of a line), limit
 * (default 100) */
extern const struct ctl_arg ctl_args_decisions_search[];
/* name: group.show */
extern const struct ctl_arg ctl_args_group_name[];
/* name; optional yes, deletes_max */
extern const struct ctl_arg ctl_args_group_del[];
/* group, scs */
extern const struct ctl_arg ctl_args_group_member[];
/* name */
extern const struct ctl_arg ctl_args_set_add[];
/* name; optional new_name */
extern const struct ctl_arg ctl_args_set_set[];
/* name; optional yes, deletes_max */
extern const struct ctl_arg ctl_args_set_del[];
/* name; optional limit (default 1000, 0: all) */
extern const struct ctl_arg ctl_args_set_show[];
/* set, device */
extern const struct ctl_arg ctl_args_set_member[];
/* the descriptor of the file; optional name (for messages), format, replace, dry_run, yes,
 * deletes_max */
extern const struct ctl_arg ctl_args_import[];
/* optional dry_run: reload */
extern const struct ctl_arg ctl_args_reload[];
/* optional dry_run, yes, deletes_max */
extern const struct ctl_arg ctl_args_assoc_undo[];
/* the descriptor of the file; optional name (for messages), format */
extern const struct ctl_arg ctl_args_export[];
/* the descriptor of the file, store; optional name */
extern const struct ctl_arg ctl_args_backup_copy[];
/* optional scs, device, state, older_s, limit (default 100, 0: all) */
extern const struct ctl_arg ctl_args_triggers_list[];
/* reference; optional scs, required if several SCSs use that number */
extern const struct ctl_arg ctl_args_triggers_show[];
/* scs, reference */
extern const struct ctl_arg ctl_args_triggers_cancel[];
/* optional scs */
extern const struct ctl_arg ctl_args_quota_show[];
/* scs */
extern const struct ctl_arg ctl_args_quota_reset[];
/* row, mode (default: the rule of the configuration again); optional answer, except (at most
 * SCREEN_EXCEPT_MAX names), no_except. What is not given stays */
extern const struct ctl_arg ctl_args_screen_set[];
/* optional scs */
extern const struct ctl_arg ctl_args_ndsip_status[];
/* the descriptor of the file; scs, device, trigger (with scs), peer: at least one; optional
 * seconds, octets, unredacted, name */
extern const struct ctl_arg ctl_args_trace_start[];
extern const struct ctl_arg ctl_args_trace_stop[];
/* scs, reference, action_type; optional external, msisdn, scs_identity (octets of the AVPs,
 * hexadecimal), old_reference, payload_len (absent: no Trigger-Data), priority, port, validity_s */
#define CTL_AVP_MAX 1024u
#define CTL_PAYLOAD_MAX 65535u
extern const struct ctl_arg ctl_args_requests_judge[];
/* optional scs, device, verdict, reason, action */
extern const struct ctl_arg ctl_args_decisions_follow[];
/* optional scs, device, verdict, reason, action, reference, decisions, since, until (seconds since
 * 1970), before (number of a record), limit (default 100) */
extern const struct ctl_arg ctl_args_audit_search[];
/* the descriptor of the person's connection; url, seconds */
#define CTL_URL_MAX 256u
extern const struct ctl_arg ctl_args_console_client[];
/* link */
extern const struct ctl_arg ctl_args_console_enter[];
/* ticket */
extern const struct ctl_arg ctl_args_console_leave[];
/* level: error warn info debug */
extern const struct ctl_arg ctl_args_log_level[];
