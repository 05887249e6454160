/* adm_common.c - small parts that several commands need; calls no other file of the room. */
#include "admin/adm_int.h"
#include "base/clock.h"

void adm_wait_begin(struct adm_wait *w, struct adm *a)
{
	w->adm = a;
	LIST_INSERT_HEAD(&a->waits, w, entry);
}

struct adm *adm_wait_end(struct adm_wait *w)
{
	if (w->adm)
		LIST_REMOVE(w, entry);
	return w->adm;
}

void adm_waits_orphan(struct adm *a)
{
	struct adm_wait *w;

	while ((w = LIST_FIRST(&a->waits))) {
		LIST_REMOVE(w, entry);
		w->adm = NULL;
	}
}

json_t *adm_time(uint64_t real_ms)
{
	char text[CLOCK_TEXT_MAX];

	clock_text(text, real_ms);
	return json_string(text);
}

json_t *adm_core_time(const struct adm *a, uint64_t at_ms)
{
	return adm_time(core_wall_ms(a->core, at_ms));
}

json_t *adm_groups(const struct adm *a, const struct asc_asker *asker)
{
	const struct asc_group *groups[ASC_ASKER_GROUPS_MAX];
	uint8_t n = asc_asker_groups(a->asc, asker, groups);
	json_t *list = json_array();

	for (uint8_t i = 0; i < n; i++)
		json_array_append_new(list, json_string(groups[i]->name));
	return list;
}

const char *adm_zone_word(enum cfg_zone zone)
{
	return zone == CFG_EXTERNAL ? "external" : "internal";
}

const char *adm_protection_word(int protection)
{
	return protection == CFG_TLS ? "tls" : "none";
}

void adm_needs_yes(struct ctl_request *rq, const struct asc_why *why, uint64_t deletes)
{
	ctl_line(rq, json_pack("{s:b, s:s, s:I}", "needs_yes", 1, "text", why->text, "deletes", (json_int_t)deletes));
}

void adm_warn(json_t *last, const char *text)
{
	json_t *list = json_object_get(last, "warnings");

	if (!last || !*text)
		return;
	if (!list) {
		json_object_set_new(last, "warnings", json_array());
		list = json_object_get(last, "warnings");
	}
	json_array_append_new(list, json_string(text));
}
