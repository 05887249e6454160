/* ctl_reply_check.c - compares one line of a reply with its rows. A difference is a mistake of
 * ours, never of the client. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl_replies.h"

#define DEPTH_MAX 4 /* of objects within a line */

const char *ctl_member_type_str(enum ctl_member_type type)
{
	static const char *const words[] = { "text",          "number", "boolean",         "time",
					     "list of texts", "object", "list of objects", "any" };

	return words[type];
}

const struct ctl_reply *ctl_reply_find(const char *command)
{
	size_t n = strlen(command);

	for (const struct ctl_reply *const *t = ctl_reply_tables; *t; t++) {
		for (const struct ctl_reply *r = *t; r->commands; r++) {
			for (const char *p = r->commands; *p; p += strcspn(p, " "), p += strspn(p, " ")) {
				if (strcspn(p, " ") == n && memcmp(p, command, n) == 0) {
					return r;
				}
			}
		}
	}
	return NULL;
}

static const struct ctl_member *find(const struct ctl_member *rows, const char *name)
{
	for (; rows->name; rows++) {
		if (strcmp(rows->name, name) == 0) {
			return rows;
		}
	}
	return NULL;
}

static bool is_texts(const json_t *v)
{
	for (size_t i = 0; i < json_array_size(v); i++) {
		if (!json_is_string(json_array_get(v, i))) {
			return false;
		}
	}
	return json_is_array(v);
}

static bool is_objects(const json_t *v)
{
	for (size_t i = 0; i < json_array_size(v); i++) {
		if (!json_is_object(json_array_get(v, i))) {
			return false;
		}
	}
	return json_is_array(v);
}

static bool is_time(const json_t *v)
{
	const char *text = json_string_value(v);
	size_t n = json_string_length(v);

	return n >= sizeof "YYYY-MM-DDTHH:MM:SSZ" - 1 && text[10] == 'T' && text[n - 1] == 'Z';
}

static bool is_of_type(enum ctl_member_type type, const json_t *v)
{
	switch (type) {
	case CTL_M_TEXT:
		return json_is_string(v);
	case CTL_M_NUM:
		return json_is_integer(v);
	case CTL_M_BOOL:
		return json_is_boolean(v);
	case CTL_M_TIME:
		return is_time(v);
	case CTL_M_TEXTS:
		return is_texts(v);
	case CTL_M_OBJECT:
		return json_is_object(v);
	case CTL_M_LIST:
		return is_objects(v);
	case CTL_M_ANY:
		return true;
	}
	return false;
}

static const char *check_members(const struct ctl_member *rows, const json_t *o, int depth, char *why);

static const char *check_value(const struct ctl_member *row, const json_t *v, int depth, char *why)
{
	const char *problem = NULL;

	if (!is_of_type(row->type, v)) {
		snprintf(why, CTL_REPLY_WHY_MAX, "member '%s' is no %s", row->name, ctl_member_type_str(row->type));
		return why;
	}
	if (row->type == CTL_M_OBJECT) {
		return check_members(row->members, v, depth + 1, why);
	}
	for (size_t i = 0; row->type == CTL_M_LIST && !problem && i < json_array_size(v); i++) {
		problem = check_members(row->members, json_array_get(v, i), depth + 1, why);
	}
	return problem;
}

static const char *check_members(const struct ctl_member *rows, const json_t *o, int depth, char *why)
{
	const char *name, *problem;
	json_t *v;

	if (depth > DEPTH_MAX) {
		snprintf(why, CTL_REPLY_WHY_MAX, "objects are nested more than %d deep", DEPTH_MAX);
		return why;
	}
	json_object_foreach((json_t *)(uintptr_t)o, name, v)
	{
		const struct ctl_member *row = find(rows, name);

		if (!row) {
			snprintf(why, CTL_REPLY_WHY_MAX, "member '%.64s' has no row", name);
			return why;
		}
		problem = check_value(row, v, depth, why);
		if (problem) {
			return problem;
		}
	}
	for (; rows->name; rows++) {
		if (!rows->optional && !json_object_get(o, rows->name)) {
			snprintf(why, CTL_REPLY_WHY_MAX, "member '%s' is missing, a %s", rows->name,
				 ctl_member_type_str(rows->type));
			return why;
		}
	}
	return NULL;
}

const char *ctl_reply_check_line(const struct ctl_reply *r, const json_t *line, char why[CTL_REPLY_WHY_MAX])
{
	for (const struct ctl_form *f = r->forms; f && f->name; f++) {
		if (json_object_get(line, f->members->name)) {
			return check_members(f->members, line, 0, why);
		}
	}
	snprintf(why, CTL_REPLY_WHY_MAX, "a line before the last one is of no form that it has");
	return why;
}

const char *ctl_reply_check_last(const struct ctl_reply *r, const json_t *last, char why[CTL_REPLY_WHY_MAX])
{
	return check_members(r->last, last, 0, why);
}
