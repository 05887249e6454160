/* adm_check.c - the command assoc.check. The code that judges requests judges the question, and
 * judges it again after each single change that could reverse the answer. Nothing is changed or
 * submitted. Only the HSS is asked, and only on demand. */
#include <stdlib.h>
#include <string.h>

#include "admin/adm_check.h"
#include "base/clock.h"
#include "base/str.h"

/* -- the question */

/* The names of the device as in a request: the argument `device` is one, `msisdn` the other.
 * Returns NULL, or an error text. */
static const char *names_of(struct pol_request *r, const json_t *args)
{
	const char *device = ctl_arg_text(args, "device", ""), *msisdn = ctl_arg_text(args, "msisdn", NULL);

	if (strncmp(device, "msisdn:", 7) != 0) {
		if (ident_looks_like_pattern(device)) {
			return "a question is about one device, local@domain or msisdn:DIGITS: " IDENT_PATTERN_WORDS;
		}
		if (ident_external(r->external, device, strlen(device))) {
			return "not one device; expected local@domain or msisdn:DIGITS";
		}
	} else if (msisdn) {
		return "two MSISDNs of one device: give local@domain with msisdn";
	} else {
		msisdn = device + 7;
	}
	if (msisdn && ident_msisdn(r->msisdn, msisdn, strlen(msisdn))) {
		return "an MSISDN has 5 to 15 digits, no '+' and no leading 0";
	}
	return NULL;
}

static const char *question_of(struct check *k, const json_t *args)
{
	static const uint32_t actions[] = { TSP_ACTION_TRIGGER, TSP_ACTION_RECALL, TSP_ACTION_REPLACE };
	const char *wrong = names_of(&k->c.request, args);
	uint8_t right;

	k->scs = ctl_arg_text(args, "scs", "");
	k->action = ctl_arg_text(args, "action", "trigger");
	k->c.now_ms = ctl_arg_has(args, "at") ? ctl_arg_num(args, "at", 0) * 1000 : clock_real_ms();
	if (wrong) {
		return wrong;
	}
	if (assoc_rights_parse(&right, k->action)) {
		return "action is one of trigger, recall, replace";
	}
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
		if (pol_right_of(actions[i]) == right) {
			k->c.request.action = actions[i];
		}
	}
	return NULL;
}

/* -- who asks: the groups that a certificate proves */

static void prove(struct check *k, const char *group)
{
	uint8_t n = k->who.proven_n;

	if (n == IDENTITY_GROUPS_MAX || strlen(group) > IDENT_SCS_MAX) {
		return;
	}
	str_set(k->proven_room[n], sizeof k->proven_room[n], group);
	k->proven[n] = k->proven_room[n];
	k->who.proven_n++;
}

/* The trust anchor of the certificate; NULL or "": not known. */
static void prove_by(struct check *k, const char *anchor)
{
	str_set(k->anchor, sizeof k->anchor, anchor ? anchor : "");
	k->who.anchor = k->anchor[0] ? k->anchor : NULL;
}

static void take_names(struct check *k)
{
	const char *names[IDENTITY_GROUPS_MAX];
	uint8_t n = ctl_arg_texts(k->args, "group", names, IDENTITY_GROUPS_MAX);

	if (n) {
		k->proof = CHECK_NAMES;
	}
	for (uint8_t i = 0; i < n; i++) {
		prove(k, names[i]);
	}
}

#define LOOKING_MAGIC 0x814cd9b4u
struct looking {
	struct obj obj;
	struct check *k;
	const char *session;
	bool found, foreign;
};

static void look_at(void *arg, const struct core_session_view *s)
{
	struct looking *l = OBJ_OF(arg, struct looking, LOOKING_MAGIC);

	if (strcmp(s->session, l->session) != 0) {
		return;
	}
	l->found = true;
	l->foreign = strcmp(s->scs, l->k->scs) != 0;
	l->k->proof_not_after_s = s->not_after_s;
	prove_by(l->k, s->asker.anchor);
	for (uint8_t i = 0; i < s->asker.proven_n && !l->foreign; i++) {
		prove(l->k, s->asker.proven[i]);
	}
}

static const char *take_session(struct check *k)
{
	struct looking l = { .obj = OBJ(LOOKING_MAGIC), .k = k, .session = ctl_arg_text(k->args, "session", "") };

	k->proof = CHECK_SESSION;
	core_session_each(k->adm->core, look_at, &l);
	if (!l.found) {
		return "no such session is open: 'mtcctl sessions' lists them";
	}
	return l.foreign ? "the session belongs to another SCS" : NULL;
}

/* One that would be refused proves nothing. */
static const char *take_certificate(struct check *k)
{
	int err = core_certificate(k->adm->core, k->scs, ctl_arg_text(k->args, "certificate", ""), k->c.now_ms / 1000,
				   &k->certificate, k->refused);

	k->proof = CHECK_CERTIFICATE;
	if (err == ERR_INVAL) {
		return "the file holds no PEM certificate, or too many";
	}
	if (err == ERR_STATE) {
		return "no trust anchors are in use: certificates cannot be checked";
	}
	if (err) {
		return err == ERR_AUTH ? NULL : "out of memory";
	}
	k->proof_not_after_s = k->certificate.not_after_s;
	prove_by(k, k->certificate.anchor);
	for (uint8_t i = 0; i < k->certificate.groups_n && k->certificate.admission == POL_NONE; i++) {
		prove(k, k->certificate.groups[i]);
	}
	return NULL;
}

static const char *take_proof(struct check *k)
{
	int given = ctl_arg_has(k->args, "group") + ctl_arg_has(k->args, "session") + ctl_arg_has(k->args, "certificate");
	const char *wrong = NULL;

	k->who = (struct asc_asker){ .scs = k->scs, .proven = k->proven };
	if (given > 1) {
		return "groups come from one place: give group, session or certificate";
	}
	if (ctl_arg_has(k->args, "session")) {
		wrong = take_session(k);
	} else if (ctl_arg_has(k->args, "certificate")) {
		wrong = take_certificate(k);
	} else {
		take_names(k);
	}
	if (k->proof_not_after_s && k->c.now_ms / 1000 > k->proof_not_after_s) {
		k->who.proven_n = 0; /* as core_asker() */
	}
	return wrong;
}

/* -- the facts, as the wire path has them */

static uint64_t quota_used(const struct check *k, bool now)
{
	struct core_scs_view live;

	core_scs_view(k->adm->core, k->scs, &live);
	return now ? live.quota_used + live.quota_asking : 0;
}

static int look_up(struct check *k, bool now)
{
	struct asc_device device = { k->c.request.external[0] ? k->c.request.external : NULL,
				     k->c.request.msisdn[0] ? k->c.request.msisdn : NULL };
	struct asc_scs nobody;
	int err;

	k->provisioned = asc_scs_find(k->adm->asc, k->scs);
	asc_scs_init(&nobody);
	core_scs_facts(&k->c.scs, k->adm->core, k->provisioned ? k->provisioned : &nobody);
	k->c.scs.name = k->scs;
	k->c.load.quota_used = quota_used(k, now);
	k->c.found = &k->found;
	k->c.near_groups = &k->near.groups;
	k->c.near_sets = &k->near.sets;
	err = asc_find_rules(k->adm->asc, &k->who, &device, &k->found);
	return err ? err : asc_find_near(k->adm->asc, &k->who, &device, &k->near);
}

/* A connection that is not made asks for nothing. */
static void judge_certificate(struct check *k)
{
	if (k->proof != CHECK_CERTIFICATE || !k->provisioned) {
		return;
	}
	if (k->refused[0]) {
		k->verdict = pol_verdict_of(POL_NOT_PROTECTED);
		k->beyond = "certificate";
	} else if (k->certificate.admission != POL_NONE) {
		k->verdict = pol_verdict_of(k->certificate.admission);
		k->beyond = "certificate";
	}
}

/* Its certificate has ended by then, so it is cut by then. */
static void judge_session(struct check *k)
{
	if (k->proof == CHECK_SESSION && k->provisioned && k->proof_not_after_s && k->c.now_ms / 1000 > k->proof_not_after_s) {
		k->verdict = pol_verdict_of(POL_CERTIFICATE_EXPIRED);
		k->beyond = "session";
	}
}

static void judge(struct check *k)
{
	pol_case_judge(&k->verdict, &k->c);
	pol_assoc_judge(&k->assoc, &k->found, pol_right_of(k->c.request.action), (int64_t)(k->c.now_ms / 1000));
	pol_changes_find(&k->changes, &k->c);
	judge_certificate(k);
	judge_session(k);
}

/* -- the HSS */

/* A name of the device that the question does not have: is it denied under that one? */
static bool other_name_ok(struct check *k, const char *external, const char *msisdn)
{
	struct asc_device device = { external, msisdn };
	struct assoc_found *other = malloc(sizeof *other); /* too large for the stack */
	struct pol_verdict v;
	bool read;

	if (!other) {
		return false;
	}
	assoc_found_none(other);
	read = !asc_find_rules(k->adm->asc, &k->who, &device, other);
	pol_judge_again(&v, pol_right_of(k->c.request.action), read ? &k->found : NULL, other, k->c.now_ms);
	free(other);
	if (v.status != TSP_STATUS_SUCCESS) {
		/* without the rule, which belonged to `other` */
		k->verdict = pol_verdict_of(v.reason);
		k->beyond = "other-name";
	}
	return v.status == TSP_STATUS_SUCCESS;
}

/* The HSS decides after the rules, as on the path of a trigger. */
static void judge_hss(struct check *k)
{
	const struct pol_request *r = &k->c.request;

	if (k->verdict.status != TSP_STATUS_SUCCESS) {
		return;
	}
	if (k->hss_err) {
		k->verdict = pol_verdict_of(POL_HSS_SILENT);
		k->beyond = "hss";
	} else if (k->hss.verdict.status != TSP_STATUS_SUCCESS) {
		k->verdict = k->hss.verdict;
		k->beyond = "hss";
	}
	for (uint8_t i = 0; !k->hss_err && i < k->hss.externals_n && k->verdict.status == TSP_STATUS_SUCCESS; i++) {
		if (strcmp(k->hss.externals[i], r->external) != 0 && !other_name_ok(k, k->hss.externals[i], NULL)) {
			return;
		}
	}
	for (uint8_t i = 0; !k->hss_err && i < k->hss.msisdns_n && k->verdict.status == TSP_STATUS_SUCCESS; i++) {
		if (strcmp(k->hss.msisdns[i], r->msisdn) != 0 && !other_name_ok(k, NULL, k->hss.msisdns[i])) {
			return;
		}
	}
}

/* -- the flow */

static void answer(struct check *k)
{
	if (look_up(k, !ctl_arg_has(k->args, "at"))) {
		ctl_fail(k->rq, "the association store cannot be read");
	} else {
		judge(k);
		if (k->hss_asked) {
			judge_hss(k);
		}
		ctl_done(k->rq, adm_check_reply(k));
	}
	free(k);
}

/* The facts are looked up again: they may have changed while the HSS was asked. */
static void on_hss(void *arg, const struct core_hss_answer *a)
{
	struct check *k = OBJ_OF(arg, struct check, CHECK_MAGIC);

	k->hss = *a;
	k->adm = adm_wait_end(&k->wait);
	if (k->adm) {
		answer(k);
		return;
	}
	ctl_fail(k->rq, "the gateway stops");
	free(k);
}

static void ask_hss(struct check *k)
{
	const struct asc_scs *s = asc_scs_find(k->adm->asc, k->scs);

	k->hss_asked = true;
	if (!s) { /* it has no number that the HSS could judge by */
		k->hss_err = ERR_NOTFOUND;
		answer(k);
		return;
	}
	adm_wait_begin(&k->wait, k->adm);
	k->hss_err = core_hss_ask(k->adm->core, k->c.request.external, k->c.request.msisdn, s->e164, on_hss, k);
	if (k->hss_err) {
		adm_wait_end(&k->wait);
		answer(k);
	}
}

static void on_assoc_check(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct check *k = calloc(1, sizeof *k); /* rules by the dozen: too much for a stack */
	const char *wrong;

	if (!k) {
		ctl_fail(rq, "out of memory");
		return;
	}
	obj_begin(&k->obj, CHECK_MAGIC);
	k->adm = OBJ_OF(arg, struct adm, ADM_MAGIC);
	k->rq = rq;
	k->args = args;
	wrong = question_of(k, args);
	if (!wrong) {
		wrong = take_proof(k);
	}
	if (wrong) {
		ctl_fail(rq, "%s", wrong);
		free(k);
	} else if (ctl_arg_bool(args, "ask_hss", false)) {
		ask_hss(k);
	} else {
		answer(k);
	}
}

const struct ctl_command adm_check_rows[] = {
	{ "assoc.check", "show the decision about an SCS and a device, the deciding rule, and what would reverse it",
	  ctl_args_assoc_check, false, on_assoc_check },
	{ .name = NULL },
};
