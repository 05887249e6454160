/* adm_screen.c - the screening rows: what holds, and another rule for a row. */
#include <stdio.h>
#include <string.h>

#include "admin/adm_int.h"
#include "base/nearest.h"
#include "core/core.h"

static const char *from_word(const struct core_screen_view *v, enum screen_row row)
{
	struct screen_rule preset = screen_rule_preset(row);

	if (v->own) {
		return "run time";
	}
	return screen_rule_equal(&v->file, &preset) ? "preset" : "configuration";
}

static json_t *names_of(const struct screen_rule *rule)
{
	json_t *names = json_array();

	for (unsigned i = 0; i < rule->except_n; i++) {
		json_array_append_new(names, json_string(rule->except[i]));
	}
	return names;
}

static json_t *row_of(const struct core_screen_view *v, enum screen_row row)
{
	return json_pack("{s:s, s:s, s:i, s:o, s:s, s:b}", "row", screen_row_name(row), "mode", screen_mode_word(v->rule.mode),
			 "answer", v->rule.answer, "except", names_of(&v->rule), "from", from_word(v, row), "relaxed",
			 v->relaxed);
}

json_t *adm_screening(const struct adm *a)
{
	json_t *rows = json_array();

	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		struct core_screen_view v;

		core_screen_view(a->core, (enum screen_row)i, &v);
		if (v.relaxed || v.own) {
			json_array_append_new(rows, row_of(&v, (enum screen_row)i));
		}
	}
	return rows;
}

static void on_list(void *arg, struct ctl_request *rq, const json_t *args)
{
	static const char *const classes[] = { [SCREEN_FIXED] = "fixed", [SCREEN_CLOSED] = "closed", [SCREEN_OPEN] = "open" };
	const struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);

	(void)args;
	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		enum screen_row row = (enum screen_row)i;
		char configured[SCREEN_RULE_TEXT_MAX];
		struct core_screen_view v;
		json_t *line;

		core_screen_view(a->core, row, &v);
		line = row_of(&v, row);
		if (line) {
			json_object_set_new(line, "class", json_string(classes[screen_row_class(row)]));
			json_object_set_new(line, "configured", json_string(screen_rule_text(configured, &v.file)));
			json_object_set_new(line, "caught", json_integer((json_int_t)v.caught));
			json_object_set_new(line, "meaning", json_string(screen_row_meaning(row)));
		}
		ctl_line(rq, line);
	}
	ctl_done(rq, json_pack("{s:i}", "count", (int)SCREEN_ROWS_N));
}

/* -- another rule */

/* False: rq is answered. */
static bool find_row(struct ctl_request *rq, const char *name, enum screen_row *row)
{
	const char *near;

	if (!screen_row_find(row, name, &near)) {
		return true;
	}
	if (near) {
		ctl_fail(rq, "there is no screening row '%s'; did you mean '%s'?", name, near);
	} else {
		ctl_fail(rq, "there is no screening row '%s'; 'mtcctl screen list' shows all of them", name);
	}
	return false;
}

static void bad_mode(struct ctl_request *rq, const char *mode)
{
	struct nearest n;

	nearest_init(&n, mode);
	for (unsigned i = SCREEN_ENFORCE; i <= SCREEN_DETECT; i++) {
		nearest_offer(&n, screen_mode_word((uint8_t)i));
	}
	nearest_offer(&n, "default");
	ctl_fail(rq, "mode '%s' is none; expected enforce, drop, detect, or default for the rule of the configuration%s%s%s",
		 mode, n.best ? "; did you mean '" : "", n.best ? n.best : "", n.best ? "'?" : "");
}

/* Options that this request cannot have together. False: rq is answered. */
static bool options_fit(struct ctl_request *rq, const json_t *args)
{
	bool back = !strcmp(ctl_arg_text(args, "mode", ""), "default"), none = ctl_arg_bool(args, "no_except", false);
	const char *option = none ? "--no-except" : json_object_get(args, "except") ? "--except" : "--answer";

	if (none && json_object_get(args, "except")) {
		ctl_fail(rq, "use either --except or --no-except, not both; nothing was changed");
		return false;
	}
	if (back && (none || json_object_get(args, "except") || json_object_get(args, "answer"))) {
		ctl_fail(rq,
			 "%s cannot be used with the mode default, which takes mode, answer and exceptions from the "
			 "configuration; name the mode enforce, drop or detect, or leave the option out; nothing was changed",
			 option);
		return false;
	}
	return true;
}

/* Takes mode, answer and exceptions over the rule in force. False: rq is answered. */
static bool take_rule(const struct adm *a, struct ctl_request *rq, const json_t *args, struct screen_rule *rule)
{
	const char *names[SCREEN_EXCEPT_MAX], *mode = ctl_arg_text(args, "mode", "");
	uint8_t n = ctl_arg_texts(args, "except", names, SCREEN_EXCEPT_MAX);

	if (screen_mode_parse(&rule->mode, mode)) {
		bad_mode(rq, mode);
		return false;
	}
	rule->answer = (uint16_t)ctl_arg_num(args, "answer", rule->answer);
	if (n || ctl_arg_bool(args, "no_except", false)) {
		rule->except_n = 0;
	}
	for (uint8_t i = 0; i < n; i++) {
		if (!asc_scs_find(a->asc, names[i])) {
			ctl_fail(rq, "there is no SCS '%s'; nothing was changed", names[i]);
			return false;
		}
		if (screen_rule_except(rule, names[i])) {
			ctl_fail(rq, "SCS '%s' is named twice; nothing was changed", names[i]);
			return false;
		}
	}
	return true;
}

static void say_set(struct adm *a, struct ctl_request *rq, enum screen_row row, const struct screen_rule *before)
{
	char was[SCREEN_RULE_TEXT_MAX], now[SCREEN_RULE_TEXT_MAX];
	struct core_screen_view v;
	json_t *last;

	core_screen_view(a->core, row, &v);
	last = row_of(&v, row);
	if (last) {
		json_object_set_new(last, "was", json_string(screen_rule_text(was, before)));
		json_object_set_new(last, "now", json_string(screen_rule_text(now, &v.rule)));
	}
	ctl_note(rq, "%s: %s; was %s", screen_row_name(row), now, was);
	ctl_done(rq, last);
}

static void on_set(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	const struct ctl_caller *caller = ctl_caller(rq);
	bool back = !strcmp(ctl_arg_text(args, "mode", ""), "default");
	char why[CORE_WHY_MAX], who[CTL_CALLER_MAX + 16], text[CTL_CALLER_MAX];
	struct core_screen_view v;
	struct screen_rule rule;
	enum screen_row row;

	if (!find_row(rq, ctl_arg_text(args, "row", ""), &row) || !options_fit(rq, args)) {
		return;
	}
	core_screen_view(a->core, row, &v);
	rule = v.rule;
	if (!back && !take_rule(a, rq, args, &rule)) {
		return;
	}
	snprintf(who, sizeof who, "%s pid %d", ctl_caller_text(text, caller), (int)caller->pid);
	if (core_screen_set(a->core, row, back ? NULL : &rule, who, why)) {
		ctl_fail(rq, "%s", why);
	} else {
		say_set(a, rq, row, &v.rule);
	}
}

const struct ctl_command adm_screen_rows[] = {
	{ "screen.list", "list the screening rows with their rules", NULL, false, on_list },
	{ "screen.set", "set the rule of a screening row, also for later starts", ctl_args_screen_set, true, on_set },
	{ .name = NULL },
};
