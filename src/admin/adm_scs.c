/* adm_scs.c - commands that provision SCSs. A change is in force when it is answered. Sessions that
 * would now be refused are cut, and pending triggers are judged again before they are submitted. */
#include <stdio.h>
#include <string.h>

#include "admin/adm_int.h"
#include "base/scs_limits.h"
#include "base/scs_ndsip.h"
#include "base/shown.h"
#include "base/str.h"

static uint32_t sessions_of(const struct adm *a, const char *scs)
{
	struct core_scs_view view;

	core_scs_view(a->core, scs, &view);
	return view.sessions;
}

static bool copy_arg(char *out, size_t cap, const json_t *args, const char *name)
{
	const char *text = ctl_arg_text(args, name, "");

	return str_copy(out, cap, text, strlen(text)) == 0;
}

/* A list of addresses under NDS/IP. False: one of them is not an address, and the request was
 * answered. */
static bool addresses_of(struct asc_addresses *out, struct ctl_request *rq, const json_t *args, const char *name)
{
	const json_t *list = json_object_get(args, name);

	*out = (struct asc_addresses){ .n = 0 };
	for (size_t i = 0; i < json_array_size(list); i++) { /* their number was checked */
		const json_t *one = json_array_get(list, i);

		if (sa_address_read(&out->at[out->n++], json_string_value(one), json_string_length(one))) {
			ctl_fail(rq, "%s: '%s' is no numeric address", name, json_string_value(one));
			return false;
		}
	}
	return true;
}

/* Whether what is given of NDS/IP goes with the configuration. False: the request is answered. */
static bool ndsip_of(struct asc_scs *s, const struct adm *a, struct ctl_request *rq, const json_t *args)
{
	char why[CFG_WHY_MAX];

#define READ(id_, member_, max_, option_, meaning_)                                                                              \
	if (!addresses_of(&s->member_, rq, args, #member_)) {                                                                    \
		return false;                                                                                                    \
	}
	SCS_NDSIP(READ)
#undef READ
	if (adm_ndsip_check(a->cfg, s, why)) {
		ctl_fail(rq, "SCS '%s': %s", s->name, why);
		return false;
	}
	return true;
}

/* Its trust anchors, each of which the configuration has. False: one is not, then the request is
 * answered. An empty text stands for those that are stored. */
static bool anchors_of(struct asc_scs *s, const struct adm *a, struct ctl_request *rq, const json_t *args)
{
	char names[ANCHOR_LIST_MAX][IDENT_SCS_MAX + 1];
	const char *text = ctl_arg_text(args, "anchor", "");
	uint8_t n;

	if (!ctl_arg_has(args, "anchor")) {
		return true;
	}
	if (anchor_list_read(s->anchor, text, strlen(text))) {
		ctl_fail(rq, "SCS '%s': anchor: '%s', expected " ANCHOR_LIST_EXPECTED, s->name, text);
		return false;
	}
	n = anchor_list_split(names, s->anchor);
	for (uint8_t i = 0; i < n; i++) {
		if (!cfg_anchor_known(a->cfg, names[i])) {
			ctl_fail(rq,
				 "trust anchor '%s' is not in the configuration (trust_anchors); 'mtcctl status all' lists those "
				 "that are",
				 names[i]);
			return false;
		}
	}
	return true;
}

static bool scs_of(struct asc_scs *s, const json_t *args)
{
	asc_scs_init(s);
#define READ_U32(member_, min_) (uint32_t) ctl_arg_num(args, #member_, s->member_)
#define READ_U16(member_, min_) (uint16_t) ctl_arg_num(args, #member_, s->member_)
#define READ_ON(member_, min_) ctl_arg_bool(args, #member_, s->member_)
#define READ_OFF READ_ON
#define READ_RIGHTS(member_, min_) (uint8_t) ctl_arg_bits(args, #member_, CTL_WORDS_RIGHTS, s->member_)
#define READ_SET(member_, words_) agreed_set(ctl_arg_bits(args, #member_, words_, s->member_))
#define READ(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) s->member_ = READ_##kind_(member_, min_);
	SCS_LIMITS(READ)
#undef READ
	return copy_arg(s->name, sizeof s->name, args, "name") && copy_arg(s->e164, sizeof s->e164, args, "e164") &&
	       copy_arg(s->origin_host, sizeof s->origin_host, args, "origin_host") &&
	       copy_arg(s->realm, sizeof s->realm, args, "realm");
}

#define JSON_U32(value_, min_) json_integer((json_int_t)(value_))
#define JSON_U16 JSON_U32
#define JSON_ON(value_, min_) json_boolean(value_)
#define JSON_OFF JSON_ON
#define JSON_RIGHTS(value_, min_) adm_rights_words(value_)
#define JSON_SET(value_, words_) adm_set_words(words_, value_)

/* Everything that is stored about an SCS, under the names of the arguments of scs.add. */
static json_t *stored(const struct asc_scs *s)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", s->name, "e164", s->e164, "origin_host", s->origin_host,
				"realm", s->realm, "anchor", s->anchor);

#define ADD(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_)                                                 \
	json_object_set_new(row, #member_, JSON_##kind_(s->member_, min_));
	SCS_LIMITS(ADD)
#undef ADD
#define ADD(id_, member_, max_, option_, meaning_) json_object_set_new(row, #member_, adm_addresses(&s->member_));
	SCS_NDSIP(ADD)
#undef ADD
	return row;
}

/* The differences that a change made; `named`: the request gave the value, else it was reset to its
 * default. */
static json_t *changed_of(const struct adm_changed *done)
{
	json_t *before = stored(&done->out->before), *now = stored(&done->out->now), *list = json_array(), *v;
	const char *key;

	json_object_foreach(before, key, v)
	{
		json_t *fresh = json_object_get(now, key);

		if (fresh && !json_equal(v, fresh)) {
			json_array_append_new(list, json_pack("{s:s, s:O, s:O, s:b}", "key", key, "before", v, "now", fresh,
							      "named", ctl_arg_has(done->args, key)));
		}
	}
	json_decref(before);
	json_decref(now);
	return list;
}

/* An SCS may be provisioned before the listener that it will connect to. */
static void warn_no_ndsip(const struct adm_changed *done, json_t *last)
{
	if (done->out->now.ndsip_hosts.n && !cfg_ndsip_serves(done->adm->cfg)) {
		adm_warn(last, "the configuration has no listener with protection ndsip or tls+ndsip, so NDS/IP does not protect "
			       "this SCS");
	}
}

static void scs_put(const struct adm_changed *done)
{
	const char *name = ctl_arg_text(done->args, "name", "");
	json_t *last;
	uint32_t cut = 0;

	if (done->out->replaced && !asc_scs_same_peer(&done->out->before, &done->out->now)) {
		cut = core_sessions_cut(done->adm->core, name, CORE_CUT_SCS_CHANGED);
	} else if (done->out->replaced) {
		cut = core_sessions_renew(done->adm->core, name);
	}
	last = json_pack("{s:s, s:b, s:o, s:I}", "scs", name, "replaced", done->out->replaced, "changed",
			 done->out->replaced ? changed_of(done) : json_array(), "sessions_cut", (json_int_t)cut);
	warn_no_ndsip(done, last);
	ctl_done(done->rq, last);
}

static void on_scs_add(void *arg, struct ctl_request *rq, const json_t *args)
{
	bool replace = ctl_arg_bool(args, "replace", false);
	struct asc_change change = { .op = ASC_SCS_PUT, .only_new = !replace };
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);

	if (!scs_of(&change.scs, args)) {
		ctl_fail(rq, "a name is too long");
		return;
	}
	if (!anchors_of(&change.scs, a, rq, args)) {
		return;
	}
	if (!replace && asc_scs_find(a->asc, change.scs.name)) {
		ctl_fail(rq, "SCS '%s' exists already: 'scs set' changes values of it, --replace overwrites all of it",
			 change.scs.name);
		return;
	}
	if (ndsip_of(&change.scs, a, rq, args)) {
		adm_change(a, rq, args, &change, scs_put);
	}
}

/* The members that the request does not say. */
static uint32_t not_said(const json_t *args)
{
	static const struct {
		const char *arg;
		uint32_t bit;
	} rows[] = { { "e164", ASC_KEEP_E164 },
		     { "origin_host", ASC_KEEP_ORIGIN_HOST },
		     { "realm", ASC_KEEP_REALM },
		     { "anchor", ASC_KEEP_ANCHOR },
#define ROW(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) { #member_, ASC_KEEP_##id_ },
		     SCS_LIMITS(ROW)
#undef ROW
#define ROW(id_, member_, max_, option_, meaning_) { #member_, ASC_KEEP_##id_ },
			 SCS_NDSIP(ROW)
#undef ROW
	};
	uint32_t keep = ASC_KEEP_ALL;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (ctl_arg_has(args, rows[i].arg)) {
			keep &= ~rows[i].bit;
		}
	}
	return keep;
}

static void on_scs_set(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct asc_change change = { .op = ASC_SCS_PUT, .only_there = true, .keep = not_said(args) };
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);

	if (change.keep == ASC_KEEP_ALL) {
		ctl_fail(rq, "nothing to set: say at least one value");
	} else if (!scs_of(&change.scs, args)) {
		ctl_fail(rq, "a name is too long");
	} else if (anchors_of(&change.scs, a, rq, args) && ndsip_of(&change.scs, a, rq, args)) {
		adm_change(a, rq, args, &change, scs_put);
	}
}

/* A later SCS of this name must not be exempt from a screening row without anybody having said
 * so. */
static void end_exemptions(const struct adm *a, json_t *last, const char *scs)
{
	uint32_t ended = core_screen_forget(a->core, scs);
	char text[256], rows[SHOWN_COUNT_MAX];

	if (ended) {
		snprintf(text, sizeof text, "'%.64s' was exempt from %s; that has ended", scs,
			 shown_count(rows, ended, "screening row"));
		adm_warn(last, text);
	}
	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		struct core_screen_view v;

		core_screen_view(a->core, (enum screen_row)i, &v);
		if (screen_rule_exempts(&v.file, scs)) {
			snprintf(text, sizeof text,
				 "the configuration still exempts '%.64s' from screening row '%s', and with it a later SCS of "
				 "this name",
				 scs, screen_row_name((enum screen_row)i));
			adm_warn(last, text);
		}
	}
}

static void scs_deleted(const struct adm_changed *done)
{
	const char *name = ctl_arg_text(done->args, "name", "");
	json_t *last = json_pack("{s:s, s:I, s:I}", "scs", name, "rules_deleted", (json_int_t)done->out->rules_deleted,
				 "sessions_cut", (json_int_t)core_sessions_cut(done->adm->core, name, CORE_CUT_SCS_REMOVED));

	end_exemptions(done->adm, last, name);
	ctl_done(done->rq, last);
}

static void on_scs_del(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	struct adm_goes goes = { .rules = asc_rule_count_of(a->asc, ctl_arg_text(args, "name", "")),
				 .rules_there = asc_rule_count(a->asc) };

	if (!adm_unsure(rq, args, "SCS", &goes)) {
		adm_change(a, rq, args, &(struct asc_change){ .op = ASC_SCS_DEL, .name = ctl_arg_text(args, "name", "") },
			   scs_deleted);
	}
}

#define LISTING_MAGIC 0xac705b37u
struct listing {
	struct obj obj;
	const struct adm *adm;
	struct ctl_request *rq;
	uint64_t n;
};

static int list_scs(void *arg, const struct asc_scs *s)
{
	struct listing *l = OBJ_OF(arg, struct listing, LISTING_MAGIC);

	ctl_line(l->rq,
		 json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "name", s->name, "e164", s->e164, "origin_host", s->origin_host,
			   "realm", s->realm, "anchor", s->anchor, "sessions", (json_int_t)sessions_of(l->adm, s->name)));
	l->n++;
	return 0;
}

static void on_scs_list(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct listing l = { .obj = OBJ(LISTING_MAGIC), .adm = OBJ_OF(arg, struct adm, ADM_MAGIC), .rq = rq };

	(void)args;
	(void)asc_scs_each(l.adm->asc, list_scs, &l);
	ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)l.n));
}

static int count_rule(void *arg, const struct assoc_rule *r)
{
	uint64_t *n = arg;

	(void)r;
	(*n)++;
	return 0;
}

/* The limits of which the configuration has one, too: the smaller counts. */
static json_t *in_force(const struct adm *a, const struct asc_scs *s)
{
	json_t *o = json_object();
	struct scs_limits l;

	core_scs_limits(a->core, s, &l);
#define ADD_OWN(member_, kind_)
#define ADD_CONF(member_, kind_) json_object_set_new(o, #member_, JSON_##kind_(l.member_, 0));
#define ADD(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) ADD_##where_(member_, kind_)
	SCS_LIMITS(ADD)
#undef ADD
	return o;
}

static void on_scs_show(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	const struct asc_scs *s = asc_scs_find(a->asc, ctl_arg_text(args, "name", ""));
	uint64_t rules = 0;
	json_t *row;

	if (!s) {
		ctl_fail(rq, "there is no SCS '%s'; 'mtcctl scs list' lists them", ctl_arg_text(args, "name", ""));
		return;
	}
	if (asc_rule_each(a->asc, s->name, count_rule, &rules)) {
		ctl_fail(rq, "the association store cannot be read");
		return;
	}
	row = stored(s);
	if (row) {
		json_object_set_new(row, "in_force", in_force(a, s));
		json_object_set_new(row, "rules", json_integer((json_int_t)rules));
		json_object_set_new(row, "sessions", json_integer((json_int_t)sessions_of(a, s->name)));
		json_object_set_new(row, "groups", adm_groups(a, &(struct asc_asker){ .scs = s->name }));
	}
	ctl_line(rq, row);
	ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)1));
}

const struct ctl_command adm_scs_rows[] = {
	{ "scs.add", "provision an SCS", ctl_args_scs_add, true, on_scs_add },
	{ "scs.set", "change values of an SCS; values that are not given stay", ctl_args_scs_set, true, on_scs_set },
	{ "scs.del", "remove an SCS, its rules and its connections", ctl_args_scs_del, true, on_scs_del },
	{ "scs.list", "list all SCSs", NULL, false, on_scs_list },
	{ "scs.show", "show one SCS with its limits", ctl_args_scs_name, false, on_scs_show },
	{ .name = NULL },
};
