/* asc_check.c - the checks of records, names and rules: by themselves, and against a model. */
#include "assoc/asc_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_overlap.h"
#include "assoc/asc_row.h"
#include "assoc/asc_why.h"
#include "base/str.h"

/* -- by itself */

static int refuse(struct asc_why *why, const struct asc_scs *scs, const char *what, const char *expected)
{
	snprintf(why->text, sizeof why->text, "SCS '%.63s': %s: %s", scs->name, what, expected);
	return ERR_INVAL;
}

static int check_names(struct asc_scs *scs, struct asc_why *why)
{
	char text[IDENT_HOST_MAX + 1];

	if (!ident_name_ok(scs->name)) {
		return refuse(why, scs, "name", "expected a-z, 0-9, '.', '_', '-', at most 63, beginning with a letter or digit");
	}
	if (ident_msisdn(text, scs->e164, strlen(scs->e164))) {
		return refuse(why, scs, "e164", "expected 5 to 15 digits, no '+', no leading 0");
	}
	if (ident_host(text, scs->origin_host, strlen(scs->origin_host))) {
		return refuse(why, scs, "origin-host", "expected a host name");
	}
	str_set(scs->origin_host, sizeof scs->origin_host, text);
	if (ident_host(text, scs->realm, strlen(scs->realm))) {
		return refuse(why, scs, "realm", "expected a realm, which is a domain name");
	}
	str_set(scs->realm, sizeof scs->realm, text);
	if (anchor_list_read(scs->anchor, scs->anchor, strlen(scs->anchor))) {
		return refuse(why, scs, "anchor", "expected " ANCHOR_LIST_EXPECTED);
	}
	return 0;
}

static int address_order(const void *a, const void *b)
{
	return sa_address_order(a, b);
}

static bool has_address(const struct asc_addresses *list, const struct sa_address *a)
{
	for (uint8_t i = 0; i < list->n; i++) {
		if (sa_address_equal(&list->at[i], a)) {
			return true;
		}
	}
	return false;
}

static int check_addresses(const struct asc_scs *scs, const struct asc_addresses *list, uint8_t max, const char *what,
			   struct asc_why *why)
{
	char text[SA_ADDRESS_TEXT_MAX];

	if (list->n > max) {
		return asc_refuse(why, ERR_INVAL, "SCS '%.63s': %s: %u addresses, expected at most %u", scs->name, what, list->n,
				  max);
	}
	for (uint8_t i = 0; i < list->n; i++) {
		sa_address_text(text, &list->at[i]);
		if (sa_address_unspecified(&list->at[i])) {
			return asc_refuse(why, ERR_INVAL, "SCS '%.63s': %s: %s is no address of one host", scs->name, what, text);
		}
		for (uint8_t j = 0; j < i; j++) {
			if (sa_address_equal(&list->at[j], &list->at[i])) {
				return asc_refuse(why, ERR_INVAL, "SCS '%.63s': %s: %s is given twice", scs->name, what, text);
			}
		}
	}
	return 0;
}

/* The order of the hosts means nothing, that of the IKE addresses is the order of attempts. */
static int check_ndsip(struct asc_scs *scs, struct asc_why *why)
{
	char text[SA_ADDRESS_TEXT_MAX];
	int err = 0;

#define CHECK(id_, member_, max_, option_, meaning_) err = err ? err : check_addresses(scs, &scs->member_, max_, option_, why);
	SCS_NDSIP(CHECK)
#undef CHECK
	if (err) {
		return err;
	}
	if (scs->ndsip_ike.n && !scs->ndsip_hosts.n) {
		return refuse(why, scs, "ndsip-ike", "expected ndsip-hosts too, the addresses that it connects from");
	}
	for (uint8_t i = 0; i < scs->ndsip_ike.n; i++) {
		if (has_address(&scs->ndsip_hosts, &scs->ndsip_ike.at[i])) {
			sa_address_text(text, &scs->ndsip_ike.at[i]);
			return asc_refuse(why, ERR_INVAL,
					  "SCS '%.63s': %s is both an IKE address and a host, expected another host, inside the "
					  "tunnel",
					  scs->name, text);
		}
	}
	if (scs->ndsip_hosts.n && strcmp(scs->anchor, IDENT_ANCHOR_INTERNAL) == 0) {
		return refuse(why, scs, "ndsip-hosts",
			      "expected a trust anchor other than internal, that of its certificate for IKE");
	}
	qsort(scs->ndsip_hosts.at, scs->ndsip_hosts.n, sizeof *scs->ndsip_hosts.at, address_order);
	return 0;
}

int asc_scs_check(struct asc_scs *scs, struct asc_why *why)
{
	int err = check_names(scs, why);

	if (err) {
		return err;
	}
	if (scs->port_min > scs->port_max) {
		return refuse(why, scs, "ports", "expected the lower one first");
	}
	if (scs->actions == 0 || (scs->actions & ~ASSOC_RIGHT_ALL)) {
		return refuse(why, scs, "actions", "expected one or more of trigger, recall, replace");
	}
	return check_ndsip(scs, why);
}

int asc_group_check(const struct asc_group *group, struct asc_why *why)
{
	if (!ident_name_ok(group->name)) {
		return asc_refuse(
		    why, ERR_INVAL,
		    "group '%.63s': expected a name of a-z, 0-9, '.', '_', '-', at most 63, beginning with a letter or digit",
		    group->name);
	}
	if (group->anchor[0] && !ident_name_ok(group->anchor)) {
		return asc_refuse(why, ERR_INVAL, "anchor '%.63s': expected the name of a trust anchor", group->anchor);
	}
	if (strcmp(group->anchor, IDENT_ANCHOR_INTERNAL) == 0) {
		return asc_refuse(why, ERR_INVAL, "anchor '%.63s': SCSs under it have no certificate that could prove a group",
				  group->anchor);
	}
	return 0;
}

int asc_dset_check(const char *name, struct asc_why *why)
{
	if (ident_name_ok(name)) {
		return 0;
	}
	return asc_refuse(
	    why, ERR_INVAL,
	    "device set '%.80s': expected a name of a-z, 0-9, '.', '_', '-', at most 63, beginning with a letter or digit", name);
}

int asc_member_check(struct asc_devname *d, const char *device, struct asc_why *why)
{
	int err = asc_devname_parse_new(d, device, why);

	if (!err && d->axis != ASSOC_DEVICE_EXACT) {
		err = asc_refuse(why, ERR_INVAL, "device '%.80s': a member of a set is one device: local@domain or msisdn:DIGITS",
				 device);
	}
	return err;
}

static int check_new(const struct asc_rule_new *r, const struct asc_devname *d, struct asc_why *why)
{
	if (r->verdict > ASSOC_BLOCK) {
		return asc_refuse(why, ERR_INVAL, "a rule allows, denies or blocks");
	}
	if (strcmp(r->who, "*") == 0 && r->verdict != ASSOC_BLOCK) {
		return asc_refuse(why, ERR_INVAL, "only a block rule can apply to every SCS ('*')");
	}
	if (d->axis == ASSOC_DEVICE_ANY && r->verdict != ASSOC_BLOCK) {
		return asc_refuse(why, ERR_INVAL, "only a block rule can apply to every device ('*')");
	}
	if (d->axis == ASSOC_DEVICE_ANY && strcmp(r->who, "*") == 0) {
		return asc_refuse(why, ERR_INVAL,
				  "a block of every SCS on every device is not possible: stop the gateway instead");
	}
	if (r->rights & ~ASSOC_RIGHT_ALL || (r->rights == 0 && r->verdict != ASSOC_BLOCK)) {
		return asc_refuse(why, ERR_INVAL, "rights: expected one or more of trigger, recall, replace");
	}
	if (r->not_before_s < 0 || r->not_after_s < 0) {
		return asc_refuse(why, ERR_INVAL, "times: expected seconds since 1970");
	}
	if (r->not_after_s && r->not_after_s < r->not_before_s) {
		return asc_refuse(why, ERR_INVAL, "times: the end (not_after) is before the beginning (not_before)");
	}
	if (r->mode > ASSOC_DETECT) {
		return asc_refuse(why, ERR_INVAL, "mode: expected enforce or " ASSOC_DETECT_WORD);
	}
	if (r->mode == ASSOC_DETECT && r->verdict == ASSOC_ALLOW) {
		return asc_refuse(why, ERR_INVAL, "only deny and block rules can be " ASSOC_DETECT_WORD);
	}
	return 0;
}

int asc_rule_check(struct asc_set_rule *out, const struct asc_rule_new *r, struct asc_why *why)
{
	int err = asc_devname_parse_new(&out->device, r->device, why);

	if (!err) {
		err = check_new(r, &out->device, why);
	}
	if (err) {
		return err;
	}
	out->verdict = r->verdict;
	out->rights = r->verdict == ASSOC_BLOCK ? ASSOC_RIGHT_ALL : r->rights;
	out->mode = r->mode;
	out->not_before_s = r->not_before_s;
	out->not_after_s = r->not_after_s;
	return 0;
}

int asc_rule_keep(struct asc_rule_values *v, const struct asc_rule_values *was, uint32_t keep, struct asc_why *why)
{
	if (keep & ASC_KEEP_RIGHTS) {
		v->rights = was->rights;
	}
	if (keep & ASC_KEEP_MODE) {
		v->mode = was->mode;
	}
	if (keep & ASC_KEEP_NOT_BEFORE) {
		v->not_before_s = was->not_before_s;
	}
	if (keep & ASC_KEEP_NOT_AFTER) {
		v->not_after_s = was->not_after_s;
	}
	if (v->not_after_s && v->not_after_s < v->not_before_s) {
		return asc_refuse(
		    why, ERR_INVAL,
		    "times: with the one that the file leaves as it is stored, the rule would end before it begins");
	}
	return 0;
}

bool asc_kind_has(enum asc_kind kind, uint8_t verdict)
{
	switch (kind) {
	case ASC_KIND_ASSOC:
		return verdict == ASSOC_ALLOW || verdict == ASSOC_DENY;
	case ASC_KIND_BLOCK:
		return verdict == ASSOC_BLOCK;
	case ASC_KIND_SET:
		return verdict == ASC_ENTRY_MEMBER;
	default:
		return false;
	}
}

/* -- against a model */

static int refuse_taken(struct asc_why *why, const char *what, const char *value, const struct asc_node *owner)
{
	return asc_refuse(why, ERR_EXISTS, "%s '%.200s' belongs to SCS '%s' already", what, value, owner->who);
}

int asc_scs_free_names(const struct asc_model *m, const struct asc_scs *scs, struct asc_why *why)
{
	const struct asc_node *other = asc_model_host(m, scs->origin_host);

	if (other && strcmp(other->who, scs->name) != 0) {
		return refuse_taken(why, "origin-host", scs->origin_host, other);
	}
	other = asc_model_e164(m, scs->e164);
	if (other && strcmp(other->who, scs->name) != 0) {
		return refuse_taken(why, "e164", scs->e164, other);
	}
	return scs->ndsip_hosts.n ? asc_overlap_check(m, scs, why) : 0;
}

int asc_refuse_who(struct asc_why *why, const char *who)
{
	bool group = strncmp(who, ASSOC_GROUP_PREFIX, sizeof ASSOC_GROUP_PREFIX - 1) == 0;

	return asc_refuse(why, ERR_NOTFOUND, "no %s '%.*s'%s", group ? "group" : "SCS", (int)ASSOC_WHO_TEXT_MAX, who,
			  ident_looks_like_pattern(who)
			      ? ": patterns are not possible here; group:NAME stands for many SCSs, * in a block for all"
			  : group ? "; 'mtcctl group list' lists them"
				  : "; 'mtcctl scs list' lists them");
}

struct asc_node *asc_who_of(const struct asc_model *m, const char *who, struct asc_why *why)
{
	struct asc_node *node = asc_model_who(m, who);

	if (!node) {
		asc_refuse_who(why, who);
	}
	return node;
}

int asc_dset_resolve(const struct asc_model *m, struct asc_devname *d, struct asc_why *why)
{
	const struct asc_node *node;

	if (d->axis != ASSOC_DEVICE_SET) {
		return 0;
	}
	node = asc_model_set(m, d->text + sizeof ASSOC_SET_PREFIX - 1);
	if (!node) {
		return asc_refuse(why, ERR_NOTFOUND, "no device set '%.80s'; 'mtcctl set list' lists them",
				  d->text + sizeof ASSOC_SET_PREFIX - 1);
	}
	d->first = node->number;
	return 0;
}
