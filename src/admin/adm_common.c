/* adm_common.c - small parts that several commands need; calls no other file of the room. */
#include "admin/adm_int.h"
#include "assoc/asc_import.h"
#include "base/clock.h"
#include "base/shown.h"

void adm_wait_begin(struct adm_wait *w, struct adm *a)
{
	OBJ_CHECK(a, ADM_MAGIC);
	w->adm = a;
	LIST_INSERT_HEAD(&a->waits, w, entry);
}

struct adm *adm_wait_end(struct adm_wait *w)
{
	if (w->adm) {
		LIST_REMOVE(w, entry);
	}
	return w->adm;
}

void adm_waits_orphan(struct adm *a)
{
	struct adm_wait *w;

	OBJ_CHECK(a, ADM_MAGIC);
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
	OBJ_CHECK(a, ADM_MAGIC);
	return adm_time(core_wall_ms(a->core, at_ms));
}

json_t *adm_groups(const struct adm *a, const struct asc_asker *asker)
{
	const struct asc_group *groups[ASC_ASKER_GROUPS_MAX];
	uint8_t n = asc_asker_groups(a->asc, asker, groups);
	json_t *list = json_array();

	OBJ_CHECK(a, ADM_MAGIC);
	for (uint8_t i = 0; i < n; i++) {
		json_array_append_new(list, json_string(groups[i]->name));
	}
	return list;
}

void adm_lapses(json_t *row, uint64_t forgiven, const char *lapses)
{
	json_object_set_new(row, "forgiven", json_integer((json_int_t)forgiven));
	if (*lapses) {
		json_object_set_new(row, "lapses", json_string(lapses));
	}
}

void adm_reader_name(char out[ADM_READER_MAX], const struct kv_reader *reader)
{
	if (reader->ours) {
		snprintf(out, ADM_READER_MAX, "core, an export or backup");
	} else {
		snprintf(out, ADM_READER_MAX, "process %d", (int)reader->pid);
	}
}

void adm_needs_yes(struct ctl_request *rq, const struct asc_why *why, uint64_t deletes)
{
	ctl_line(rq, json_pack("{s:b, s:s, s:I}", "needs_yes", 1, "text", why->text, "deletes", (json_int_t)deletes));
}

void adm_warn(json_t *last, const char *text)
{
	json_t *list = json_object_get(last, "warnings");

	if (!last || !*text) {
		return;
	}
	if (!list) {
		json_object_set_new(last, "warnings", json_array());
		list = json_object_get(last, "warnings");
	}
	json_array_append_new(list, json_string(text));
}

bool adm_unsure(struct ctl_request *rq, const json_t *args, const char *what, const struct adm_goes *goes)
{
	uint64_t all = goes->rules + goes->members;
	char members[SHOWN_COUNT_MAX + 8] = "", n[SHOWN_COUNT_MAX];
	struct asc_why why;

	if (!asc_deletes_much(goes->rules, goes->rules_there) && !asc_deletes_much(goes->members, goes->members_there)) {
		return false;
	}
	if (ctl_arg_bool(args, "yes", false) || all <= ctl_arg_num(args, "deletes_max", 0)) {
		return false;
	}
	if (goes->members) {
		snprintf(members, sizeof members, " and %s", shown_count(n, goes->members, "member"));
	}
	snprintf(why.text, sizeof why.text, "%s '%.63s' would take %llu of %llu rules%s with it", what,
		 ctl_arg_text(args, "name", ""), (unsigned long long)goes->rules, (unsigned long long)goes->rules_there, members);
	adm_needs_yes(rq, &why, all);
	ctl_fail(
	    rq,
	    "%s; nothing was changed. --yes or --deletes-max %llu does it; 'mtcctl assoc undo' does not bring it back: export "
	    "first",
	    why.text, (unsigned long long)all);
	return true;
}

json_t *adm_rights_words(uint8_t bits)
{
	/* CTL_WORDS_RIGHTS, in its order */
	static const char *const words[] = { "trigger", "recall", "replace" };
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (bits & (1u << i)) {
			json_array_append_new(list, json_string(words[i]));
		}
	}
	return list;
}

json_t *adm_set_words(const char *words, uint16_t set)
{
	json_t *list = json_array();
	char word[AGREED_WORD_MAX];

	if (set & AGREED_ANY) {
		json_array_append_new(list, json_string("any"));
		return list;
	}
	for (unsigned i = 1; i < 16; i++) {
		if (set & 1u << i) {
			json_array_append_new(list, json_string(agreed_word(word, words, i)));
		}
	}
	return list;
}

json_t *adm_listed(uint64_t n, bool more)
{
	return json_pack("{s:I, s:b}", "count", (json_int_t)n, "more", more);
}
