/* adm_ndsip.c - what operators provision and see of NDS/IP: whether it goes with the configuration,
 * and why an SCS is not protected. */
#include <stdio.h>
#include <string.h>

#include "admin/adm_int.h"
#include "base/clock.h"
#include "base/str.h"

int adm_ndsip_check(const struct cfg_iwf *cfg, const struct asc_scs *scs, char why[CFG_WHY_MAX])
{
	int err = 0;

	for (uint8_t i = 0; i < scs->ndsip_hosts.n && !err; i++) {
		err = cfg_ndsip_peer_check(cfg, &scs->ndsip_hosts.at[i], false, why);
	}
	for (uint8_t i = 0; i < scs->ndsip_ike.n && !err; i++) {
		err = cfg_ndsip_peer_check(cfg, &scs->ndsip_ike.at[i], true, why);
	}
	return err;
}

json_t *adm_addresses(const struct asc_addresses *a)
{
	json_t *list = json_array();
	char text[SA_ADDRESS_TEXT_MAX];

	for (uint8_t i = 0; i < a->n; i++) {
		sa_address_text(text, &a->at[i]);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

/* -- why not */

bool adm_ndsip_trouble(struct adm_trouble *out, const struct core_ndsip_view *v)
{
	out->text[0] = 0;
	out->code = out->advice = "";
	if (!v->used) {
		return false;
	}
	if (!v->helper) {
		out->code = "ndsip-helper-down";
		out->advice = "it is started again by itself; when this stays, the log says why it ends";
		snprintf(out->text, sizeof out->text,
			 "the NDS/IP helper, which asks strongSwan, does not run: connections that need it are refused");
	} else if (!v->charon) {
		out->code = "charon-away";
		out->advice = "start strongSwan's charon, with its VICI socket where ndsip.vici says";
		snprintf(out->text, sizeof out->text,
			 "strongSwan (charon) does not answer%s%s: connections with NDS/IP are refused", *v->words ? ": " : "",
			 v->words);
	} else if (v->rules_lost) {
		out->code = "ndsip-rules";
		out->advice = "put them in place: 'mtcctl ndsip rules --apply -c FILE'";
		snprintf(out->text, sizeof out->text,
			 "the packet filter's rules of NDS/IP are %s%s%s: nothing is read from its connections", v->rules,
			 *v->words ? ": " : "", v->words);
	}
	return *out->code;
}

/* The sentence why an SCS is not protected; "": it is. */
static void why_not(char out[ADM_NDSIP_TEXT_MAX], const struct core_ndsip_view *v, const struct core_ndsip_scs_view *s)
{
	struct adm_trouble trouble;

	if (s->refused) {
		str_cut(out, ADM_NDSIP_TEXT_MAX, s->words);
	} else if (!v->serves) {
		str_cut(out, ADM_NDSIP_TEXT_MAX, "no listener of the configuration has protection ndsip or tls+ndsip");
	} else if (adm_ndsip_trouble(&trouble, v)) {
		str_cut(out, ADM_NDSIP_TEXT_MAX, trouble.text);
	} else {
		str_cut(out, ADM_NDSIP_TEXT_MAX,
			s->up       ? ""
			: *s->words ? s->words
				    : "the NDS/IP helper has said nothing about it yet");
	}
}

/* -- the command */

#define LISTING_MAGIC 0x5d0cb3a7u
struct listing {
	struct obj obj;
	const struct adm *adm;
	struct ctl_request *rq;
	struct core_ndsip_view view;
	uint64_t n, protected_n;
};

static void list_one(struct listing *l, const struct asc_scs *scs)
{
	struct core_ndsip_scs_view s;
	char why[ADM_NDSIP_TEXT_MAX];

	if (core_ndsip_scs_view(l->adm->core, scs->name, &s)) { /* it was in no list yet */
		s = (struct core_ndsip_scs_view){ .state = "unknown", .words = "" };
	}
	why_not(why, &l->view, &s);
	ctl_line(l->rq, json_pack("{s:s, s:b, s:s, s:o, s:o, s:I, s:I, s:s}", "scs", scs->name, "protected", *why == 0, "state",
				  s.state, "hosts", adm_addresses(&scs->ndsip_hosts), "ike", adm_addresses(&scs->ndsip_ike),
				  "children", (json_int_t)s.children, "connections", (json_int_t)s.open, "why", why));
	l->n++;
	l->protected_n += *why == 0;
}

static int list_scs(void *arg, const struct asc_scs *scs)
{
	if (scs->ndsip_hosts.n) {
		list_one(OBJ_OF(arg, struct listing, LISTING_MAGIC), scs);
	}
	return 0;
}

json_t *adm_ndsip_summary(const struct adm *a)
{
	struct core_ndsip_view v;
	struct adm_trouble trouble;
	json_t *o;

	core_ndsip_view(a->core, &v);
	adm_ndsip_trouble(&trouble, &v);
	o = json_pack("{s:b, s:b, s:b, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "serves", v.serves, "helper", v.helper, "charon",
		      v.charon, "version", v.version, "rules", v.rules, "trouble", trouble.text, "scs", (json_int_t)v.scs,
		      "loaded", (json_int_t)v.loaded, "left_out", (json_int_t)v.refused_scs, "connections", (json_int_t)v.open,
		      "proven", (json_int_t)v.proven);
	if (o && v.loss_s) {
		json_object_set_new(o, "last_loss", adm_time(v.loss_s * 1000));
	}
	return o;
}

#define PEERS_MAGIC 0x3e9a55c1u
struct peers {
	struct obj obj;
	json_t *list;
};

static void list_peer(void *arg, const struct core_ndsip_peer_view *p)
{
	json_array_append_new(OBJ_OF(arg, struct peers, PEERS_MAGIC)->list,
			      json_pack("{s:s, s:b, s:s, s:s, s:I, s:b, s:s}", "peer", p->conf->name, "protected", *p->why == 0,
					"state", p->state, "identity", p->conf->identity, "children", (json_int_t)p->children,
					"connected", p->proven, "why", p->why));
}

static json_t *peers_of(const struct adm *a)
{
	struct peers p = { .obj = OBJ(PEERS_MAGIC), .list = json_array() };

	core_ndsip_peer_each(a->core, list_peer, &p);
	return p.list;
}

static json_t *last_of(const struct listing *l)
{
	const struct cfg_ndsip *cfg = &l->adm->cfg->ndsip;
	const struct core_ndsip_view *v = &l->view;
	json_t *last = adm_ndsip_summary(l->adm);

	if (!last) {
		return NULL;
	}
	json_object_set_new(last, "count", json_integer((json_int_t)l->n));
	json_object_set_new(last, "protected", json_integer((json_int_t)l->protected_n));
	json_object_set_new(last, "peers", peers_of(l->adm));
	json_object_set_new(last, "since", adm_core_time(l->adm, v->since_ms));
	json_object_set_new(last, "ike_sas", json_integer(v->ikes));
	json_object_set_new(last, "children", json_integer(v->children));
	json_object_set_new(last, "proofs", json_integer((json_int_t)v->proofs));
	json_object_set_new(last, "refused", json_integer((json_int_t)v->refused));
	json_object_set_new(last, "cut", json_integer((json_int_t)v->cut));
	json_object_set_new(last, "charon_losses", json_integer((json_int_t)v->losses));
	json_object_set_new(last, "helper_losses", json_integer((json_int_t)v->helper_losses));
	json_object_set_new(last, "on_loss", json_string(cfg->on_loss == CFG_NDSIP_KEEP ? "keep" : "cut"));
	json_object_set_new(last, "reauth_s", json_integer((json_int_t)(cfg->reauth_ms / 1000)));
	return last;
}

static void on_status(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct listing l = { .obj = OBJ(LISTING_MAGIC), .adm = OBJ_OF(arg, struct adm, ADM_MAGIC), .rq = rq };
	const char *name = ctl_arg_text(args, "scs", NULL);
	const struct asc_scs *one = name ? asc_scs_find(l.adm->asc, name) : NULL;

	core_ndsip_view(l.adm->core, &l.view);
	if (name && !one) {
		ctl_fail(rq, "there is no SCS '%s'; 'mtcctl scs list' lists them", name);
		return;
	}
	if (one && !one->ndsip_hosts.n) {
		ctl_fail(
		    rq,
		    "SCS '%s' has no NDS/IP: 'mtcctl scs set %s ndsip-hosts ADDRESS' names the addresses that it connects from",
		    name, name);
		return;
	}
	if (one) {
		list_one(&l, one);
	} else {
		(void)asc_scs_each(l.adm->asc, list_scs, &l);
	}
	ctl_done(rq, last_of(&l));
}

const struct ctl_command adm_ndsip_rows[] = {
	{ "ndsip.status", "show which SCSs are protected by NDS/IP, and why others are not", ctl_args_ndsip_status, false,
	  on_status },
	{ .name = NULL },
};
