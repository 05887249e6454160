/* exc_json.c - one line of JSON, as the texts that CSV would have. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "exchange/exc_split.h"

struct room {
	char *at, *end;
};

static bool add(struct room *r, const char *text, size_t n)
{
	if (n >= (size_t)(r->end - r->at)) {
		return false;
	}
	memcpy(r->at, text, n);
	r->at += n;
	return true;
}

/* ["trigger","recall"] as "trigger recall". */
static bool add_list(struct room *r, const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)list, i, one)
	{
		if (!json_is_string(one) || strpbrk(json_string_value(one), " ,") || (i && !add(r, " ", 1)) ||
		    !add(r, json_string_value(one), json_string_length(one))) {
			return false;
		}
	}
	return true;
}

static bool add_value(struct room *r, const json_t *v, const struct exc_column *c)
{
	char number[32];

	if (json_is_string(v)) {
		return add(r, json_string_value(v), json_string_length(v));
	}
	if (json_is_array(v)) {
		return (c->type == EXC_T_RIGHTS || c->type == EXC_T_SET || c->type == EXC_T_ADDRESSES ||
			c->type == EXC_T_ANCHORS) &&
		       add_list(r, v);
	}
	if (json_is_boolean(v)) {
		return c->type == EXC_T_BOOL && add(r, json_is_true(v) ? "yes" : "no", json_is_true(v) ? 3 : 2);
	}
	if (!json_is_integer(v) ||
	    (c->type != EXC_T_U16 && c->type != EXC_T_U32 && c->type != EXC_T_TIME && c->type != EXC_T_END)) {
		return false;
	}
	snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	return add(r, number, strlen(number));
}

static int member(struct room *r, const char *name, const json_t *v, enum asc_kind kind, struct exc_field *fields,
		  char why[EXC_WHY_MAX])
{
	size_t i = exc_column_find(kind, name);
	char *from = r->at;

	if (i == exc_columns_n(kind)) {
		snprintf(why, EXC_WHY_MAX, "unknown member '%.64s'", name);
		return ERR_INVAL;
	}
	if (json_is_null(v)) {
		fields[i] = (struct exc_field){ "", 0 };
		return 0;
	}
	r->end = from + EXC_VALUE_MAX + 1;
	if (!add_value(r, v, &exc_columns(kind)[i])) {
		snprintf(why, EXC_WHY_MAX, "%s is a value of another type or too long, expected %s", name,
			 exc_columns(kind)[i].expected);
		return ERR_INVAL;
	}
	fields[i] = (struct exc_field){ from, (size_t)(r->at - from) };
	*r->at++ = 0;
	return 0;
}

int exc_json_split(const char *line, size_t len, enum asc_kind kind, struct exc_field *fields, char room[EXC_JSON_ROOM],
		   char why[EXC_WHY_MAX])
{
	struct room r = { room, room };
	const char *name;
	json_error_t e;
	json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, &e), *v;
	int err = 0;

	for (size_t i = 0; i < exc_columns_n(kind); i++) {
		fields[i] = (struct exc_field){ NULL, 0 };
	}
	if (!json_is_object(o)) {
		if (o) {
			snprintf(why, EXC_WHY_MAX, "expected one JSON object a line: {...}");
		} else {
			snprintf(why, EXC_WHY_MAX, "not JSON at byte %d: %s", e.position, e.text);
		}
		json_decref(o);
		return ERR_INVAL;
	}
	json_object_foreach(o, name, v)
	{
		err = member(&r, name, v, kind, fields, why);
		if (err) {
			break;
		}
	}
	json_decref(o);
	return err;
}
