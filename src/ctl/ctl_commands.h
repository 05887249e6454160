/* ctl_commands.h - the commands of mtc-iwfd on its control socket: names, arguments and reply members, agreed between admin/
 * (which answers) and cli/ (which asks). Arguments stand in rows (ctl_commands.c); handlers are in admin. Rows of a reply are flat objects.
 * Reply members, beside "done" and "ok" of the last line ("?": may be absent):
 *
 * status          last: version, identity, realm, core_identity, core_realm, started (RFC 3339), uptime_s, pid,
 *                 sessions, pending (DAR without DAA), triggers (accepted, not yet reported and acknowledged), scs, rules,
 *                 edges: [{name, zone, pid, generation, sessions, state: "up"|"down", files (generation)}],
 *                 stores: [{name, octets, size_max, left, key (of the configuration), and, when somebody reads an old state: reader (pid),
 *                 reader_s, reader_behind (commits), held (octets that are not used again because of the reader)}],
 *                 memory: {state: "ok"|"short", since, octets (private, writable), limit (limits.memory), reserve},
 *                 written: [{name: "decision log"|"log", path, state: "ok"|"full"|"failing", error ("": none), lost (lines)}],
 *                 files_generation, files: [{path, of: "listener"|"peer"|"anchor", name, not_after (RFC 3339), days_left}],
 *                 healthy, reasons: as of health
 * reload          row: kind: "error"|"warning"|"renewed", text; last: files_generation, renewed (number of files)
 * health          last: healthy: bool, reasons: [{reason (a word), text, advice}], empty when healthy
 * peers           row: name, host, realm, address ("A:P"), protection, state: the words of link_peer_state(), reason ("": the state
 *                 says it all), since (RFC 3339), pending, requests, answers, timeouts, forgiven, lapses?,
 *                 next_attempt_s?; last: count
 * peers.start, peers.stop  last: name, state (as in peers)
 * sessions        row: session, scs, origin_host, address, listener, zone, protection, edge, since, pending, groups: [names],
 *                 forgiven, lapses?; last: count
 * stats           row: name, value, help; last: count
 * log.level       last: level (the new one), was
 * scs.add         last: scs (name), replaced: bool
 * scs.del         row, when many rules would go: needs_yes, text, deletes, as of an import; last: scs, rules_deleted?, sessions_cut?
 * scs.list        row: name, e164, origin_host, realm, anchor, sessions; last: count
 * scs.show        row: all arguments of scs.add with their values in force, rules?, sessions, groups: [stored]; last: count 1
 * group.add       last: group, anchor ("": none), replaced: bool
 * group.del       row as of scs.del; last: group, rules_deleted
 * group.list      row: name, anchor, members (number stored), rules; last: count
 * group.show      row: name, anchor, uri ("": no certificate proves it), members: [names of SCSs], rules; last: count 1
 * group.member.add, group.member.del  last: group, scs, member: bool, warnings?: [text]
 * set.add         last: set
 * set.del         row as of scs.del; last: set, members, rules_deleted
 * set.list        row: name, members, rules; last: count
 * set.show        row: device; last: count, more: bool, members, rules
 * set.member.add, set.member.del  last: set, device, member: bool, warnings?: [text]
 * assoc.add       last: scs, device (canonical), effect, replaced?: bool, not_after? (RFC 3339), warnings?: [text]
 * assoc.del       last: scs, device, count (rules deleted)
 * assoc.list      row: scs, device, effect, rights: [words], mode, not_before?, not_after? (RFC 3339); last: count
 * assoc.show      row: as assoc.list plus state: "in force"|"not yet"|"over"; last: count
 * assoc.check     last: allowed: bool, reason (code, "" when allowed), meaning (of the reason), rule (text of the rule that decides,
 *                 "" when none), beaten: [text of each rule that matched and lost], detected: [text of each detect-only rule that
 *                 would have refused], device (canonical), msisdn? (when both names were given), scs, action, at (RFC 3339),
 *                 groups: [names of its groups], unproven: [groups that were asked about and are not its own],
 *                 path: [what else on the path refuses, in words], more: bool (there are changes that were not looked at),
 *                 changes: [{change, rule, at?, name?}], each alone makes the other answer, together with needs: [in words];
 *                 needs_suffice: bool; change: "add"|"delete"|"detect-only"|"enforce"|"right" (the rule gets it)|"begin"|"end" (the
 *                 rule does, at `at`)|"join-group"|"join-set"|"leave-group"|"leave-set" (of `name`, because of the rule)
 * scs.import, group.import, set.import, assoc.import, block.import  row: progress: true, phase: "read"|"merge"|"sync"|"switch", rows,
 *                 rows_total (0: not known), octets, octets_total (0: not known); row, when the file is wrong: line, error;
 *                 row: goes (text of a row that is deleted; the first ten, of a dry run and of one that wants a yes); row, when it
 *                 deletes much and neither yes nor deletes_max let it: needs_yes: true, text, deletes (rows, for deletes_max);
 *                 last: rows, added, replaced, unchanged, deleted, along (rules that went with an SCS, group or set), dry_run,
 *                 needs_yes (of a dry run: for real it wants a yes), undo (the state before is kept), warnings?: [text]
 * assoc.undo      row, as of an import: needs_yes, text, deletes (at most); last: at (RFC 3339), kind, file, replace, rows, added,
 *                 replaced, deleted, along (as the import told them), since (changes since that are lost), goes (rows that it takes
 *                 away, at most), left (states that are still kept), needs_yes, dry_run
 * assoc.undo.list  row: at, kind, file, replace, rows, added, replaced, deleted, octets, since (changes by hand
 *                 after this import and before the next one); the newest first; last: count
 * scs.export, ...  row: progress: true, phase: "write", rows, rows_total, octets; last: rows, octets
 * backup.copy     row: progress: true, phase: "copy", octets, octets_total (at most); last: store, octets, sha256 (hex), version,
 *                 identity, generation (of the two files of the associations; a backup has both of one generation)
 * triggers.list   row: scs, reference, device, action, state, received (RFC 3339), accepted (RFC 3339)?, expires (RFC 3339)?, outcome?;
 *                 oldest first; last: count, more: bool
 * triggers.show   row: scs, reference, old_reference?, device, action, state, received, answer? (Request-Status), accepted?, expires?,
 *                 outcome?, reported?, ended?, untold? (true: the SCS was never told the outcome), cancelled?, cancelled_by_uid?,
 *                 transaction, address?, rule?, taker? (Origin-Host of the SMS-SC that has it), end_to_end, dtr_end_to_end?,
 *                 recall_end_to_end?, dnr_end_to_end? ("0x%08x"), dtrs_sent, recalls_sent, dnrs_sent (copies included), request_digest;
 *                 while it is under way: waits_for, next?, until? (RFC 3339), peer? ("NAME (open)"), scs_sessions?;
 *                 last: count 1, history: [{at, after_ms, from, to, event, reason?}] oldest first, history_missing (in the middle)
 * triggers.cancel last: scs, reference, state
 * quota.show      row: scs, day (UTC), used, asking (requests that are not decided), quota?, left? (absent: no limit); last: count
 * quota.reset     last: scs, was (used until now)
 */
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
