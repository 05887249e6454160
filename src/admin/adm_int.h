/* adm_int.h - what the files of src/admin share. */
#pragma once
#include <sys/queue.h>

#include "base/obj.h"
#include "admin/adm.h"
#include "assoc/asc.h"
#include "assoc/asc_change.h"
#include "core/core_view.h"
#include "ctl/ctl_commands.h"
#include "ctl/ctl_persons.h"
#include "ctl/ctl_server.h"

#define ADM_MAGIC 0xa93f32a9u
struct adm { /* the `arg` of every handler */
	struct obj obj;
	struct core *core;
	/* of the core, borrowed */
	const struct cfg_iwf *cfg;
	const struct log *log;
	struct net_loop *loop;
	struct asc *asc;
	struct st_counters *st;

	struct ctl_server *ctl;
	struct adm_import *import; /* the running import; NULL: none */
	TAILQ_HEAD(, adm_export) exports;
	uint32_t exports_n;
	struct adm_backup *backup; /* the running backup; NULL: none */
	LIST_HEAD(, adm_wait) waits;
	struct ctl_request *reload; /* request that waits for the end of a reload; NULL: none */
	uint32_t reload_number;     /* of the reload asked for last */
	struct net_timer *reload_timer;
	TAILQ_HEAD(, adm_follow) follows; /* subscriptions to decisions */
	uint32_t follows_n;
	LIST_HEAD(, adm_search) searches; /* in the audit */
	uint32_t searches_n;
	struct net_timer *follow_timer; /* runs while there are some */
	uint32_t reload_wait_ms;        /* for the parent's answer */
	struct adm_console console;
	struct ctl_persons *persons; /* who is logged in there */
	struct ctl_server *login;    /* of those who ask for a link; the console hands them over */
	uint64_t link_ms;
};

/* The tables of commands, one for each file. */
extern const struct ctl_command adm_status_rows[], adm_peers_rows[], adm_scs_rows[], adm_assoc_rows[], adm_check_rows[],
    adm_group_rows[], adm_set_rows[], adm_exchange_rows[], adm_undo_rows[], adm_backup_rows[], adm_trigger_rows[],
    adm_trigger_one_rows[], adm_reload_rows[], adm_health_rows[], adm_quota_rows[], adm_screen_rows[], adm_ndsip_rows[],
    adm_decisions_rows[], adm_trace_rows[], adm_follow_rows[], adm_judge_rows[], adm_console_rows[], adm_audit_rows[];
extern const struct ctl_command *const adm_tables[]; /* all of them; NULL ends it */

/* -- adm_health.c: reasons why the gateway does not work; an empty array: none. Objects of
 * `reason`, `text`, `advice`. New reference. */
json_t *adm_health(const struct adm *a);

/* -- adm_screen.c: screening rows that are relaxed, or whose rule was set at run time. New
 * reference. */
json_t *adm_screening(const struct adm *a);

/* -- adm_common.c */

/* An operation that the store or the journal completes later, at the latest in core_free() and so
 * after adm_free(). */
struct adm_wait {
	struct adm *adm; /* NULL: adm_free() was called */
	LIST_ENTRY(adm_wait) entry;
};
void adm_wait_begin(struct adm_wait *w, struct adm *a);
struct adm *adm_wait_end(struct adm_wait *w); /* returns w->adm */
void adm_waits_orphan(struct adm *a);         /* sets `adm` of each wait to NULL */

json_t *adm_time(uint64_t real_ms); /* RFC 3339 */
/* the same, for a time of the core's timeline */
json_t *adm_core_time(const struct adm *a, uint64_t at_ms);
/* adm_ocsp.c: a row for each responder; "answering", "failing" or "not-asked" */
json_t *adm_ocsp(const struct adm *a);
const char *adm_ocsp_state(const struct core_ocsp_view *v);
json_t *adm_rights_words(uint8_t rights); /* ["trigger", "recall"] */
/* the words of a set of base/agreement.h; ["any"] for any */
json_t *adm_set_words(const char *words, uint16_t set);
/* adds both, `lapses` unless it is "" */
void adm_lapses(json_t *row, uint64_t forgiven, const char *lapses);
/* names of the groups that the asker is in */
json_t *adm_groups(const struct adm *a, const struct asc_asker *asker);
/* True if a deletion would remove so many rules or members that it needs yes or deletes_max, and
 * has neither: then rq is answered. `what`: kind of the deleted object, for the message. */
struct adm_goes {
	uint64_t rules, rules_there, members, members_there;
};
bool adm_unsure(struct ctl_request *rq, const json_t *args, const char *what, const struct adm_goes *goes);
/* Adds to `warnings` of the last line, unless the text is "". */
void adm_warn(json_t *last, const char *text);
/* The reader of an old state of a store, for people: "process 4711", or "core, an export or
 * backup", whose process must not be killed. */
#define ADM_READER_MAX 48
void adm_reader_name(char out[ADM_READER_MAX], const struct kv_reader *reader);

/* The last line of a list of `n` rows that its argument `limit` may have cut. */
json_t *adm_listed(uint64_t n, bool more);
/* Sends the row that says that yes, or deletes_max of at least `deletes`, is needed. */
void adm_needs_yes(struct ctl_request *rq, const struct asc_why *why, uint64_t deletes);

/* -- adm_change.c: changes of the association store */

struct adm_changed { /* a change that is durable and in force; valid during the callback */
	struct adm *adm;
	struct ctl_request *rq;
	const json_t *args;
	enum asc_op op;
	const struct asc_outcome *out; /* out->err is 0 */
};
typedef void adm_changed_fn(const struct adm_changed *done);
/* Submits a change. `changed` is called once when the change succeeded and answers rq; every
 * failure is answered here. */
void adm_change(struct adm *a, struct ctl_request *rq, const json_t *args, const struct asc_change *change,
		adm_changed_fn *changed);
/* Adds the warnings about a change to the last line. */
void adm_warn_change(json_t *last, const struct asc_outcome *out);
/* Adds or removes a member of a group or a set; answers rq. `op`: one of ASC_GROUP_MEMBER_* and
 * ASC_SET_MEMBER_*. */
void adm_change_member(struct adm *a, struct ctl_request *rq, const json_t *args, enum asc_op op);

/* -- adm_ndsip.c */

/* Whether what an SCS has of NDS/IP goes with the configuration. ERR_INVAL with words. Any
 * thread. */
ERR_MUST_USE int adm_ndsip_check(const struct cfg_iwf *cfg, const struct asc_scs *scs, char why[CFG_WHY_MAX]);
json_t *adm_addresses(const struct asc_addresses *a);
/* Why NDS/IP protects nobody, as a reason of health. False: nothing is wrong, or no listener has
 * it. */
#define ADM_NDSIP_TEXT_MAX 512
struct adm_trouble {
	const char *code, *advice;
	char text[ADM_NDSIP_TEXT_MAX];
};
bool adm_ndsip_trouble(struct adm_trouble *out, const struct core_ndsip_view *v);
json_t *adm_ndsip_summary(const struct adm *a); /* for `status`; new reference */

/* -- adm_reload.c */

/* certificates and anchors in use, with the days that are left */
json_t *adm_files(const struct adm *a);
/* Names of the anchors whose newest files of CRLs are wrong, and of those without CRLs. */
json_t *adm_crls_wrong(const struct adm *a);
json_t *adm_crls_none(const struct adm *a);
ERR_MUST_USE int adm_reload_init(struct adm *a);
void adm_reload_end(struct adm *a); /* answers a waiting client: the gateway stops */

/* -- adm_follow.c */

ERR_MUST_USE int adm_follow_init(struct adm *a);
void adm_follow_end(struct adm *a); /* answers the subscribers: the gateway stops */

/* -- adm_console.c */

ERR_MUST_USE int adm_console_init(struct adm *a, const struct adm_console *conf);
void adm_console_fini(struct adm *a);
/* As ctl_person_fn(); the arg is the struct adm. */
int adm_console_person(void *arg, const char *ticket, struct ctl_caller *caller);

/* -- adm_audit.c */

json_t *adm_audit(const struct adm *a); /* for status; NULL: there is no audit */
bool adm_audit_trouble(struct adm_trouble *out, const struct adm *a);

/* -- adm_audit_search.c */

void adm_searches_end(struct adm *a); /* answers who searches: the gateway stops */
