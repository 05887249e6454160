/* ctl_args.c - checks the arguments of a request against the rows of its command before the handler
 * sees them; reads them for the handler. */
#include <stdio.h>
#include <string.h>

#include "ctl/ctl_internal.h"

/* Is `word` (of n octets) one of the space-separated words? Its place, or -1. */
static int word_index(const char *words, const char *word, size_t n)
{
	for (int i = 0; *words; i++) {
		size_t k = strcspn(words, " ");

		if (k == n && !memcmp(words, word, n)) {
			return i;
		}
		words += k;
		words += strspn(words, " ");
	}
	return -1;
}

static const char *check_text(const struct ctl_arg *row, const json_t *v, char *why, size_t cap)
{
	uint64_t max = row->max ? row->max : CTL_TEXT_MAX;
	size_t n = json_string_length(v);

	if (!json_is_string(v)) {
		snprintf(why, cap, "argument '%s' is no text, expected %s", row->name, row->words ? row->words : row->meaning);
	} else if (row->words && word_index(row->words, json_string_value(v), n) < 0) {
		snprintf(why, cap, "argument '%s' is '%.64s', expected one of: %s", row->name, json_string_value(v), row->words);
	} else if (n < row->min || n > max) {
		snprintf(why, cap, "argument '%s' has %zu bytes, expected %llu to %llu", row->name, n,
			 (unsigned long long)row->min, (unsigned long long)max);
	} else {
		return NULL;
	}
	return why;
}

static const char *check_num(const struct ctl_arg *row, const json_t *v, char *why, size_t cap)
{
	uint64_t max = row->max ? row->max : INT64_MAX;
	json_int_t n = json_integer_value(v);

	if (json_is_integer(v) && n >= 0 && (uint64_t)n >= row->min && (uint64_t)n <= max) {
		return NULL;
	}
	snprintf(why, cap, "argument '%s' is wrong, expected a number from %llu to %llu", row->name, (unsigned long long)row->min,
		 (unsigned long long)max);
	return why;
}

static bool words_ok(const struct ctl_arg *row, const json_t *v)
{
	const json_t *one;
	size_t i;

	if (json_is_string(v)) {
		return word_index(row->words, json_string_value(v), json_string_length(v)) >= 0;
	}
	if (!json_is_array(v) || !json_array_size(v) || json_array_size(v) > 32) {
		return false;
	}
	json_array_foreach((json_t *)(uintptr_t)v, i,
			   one) if (!json_is_string(one) ||
				    word_index(row->words, json_string_value(one), json_string_length(one)) < 0)
	{
		return false;
	}
	return true;
}

static const char *check_texts(const struct ctl_arg *row, const json_t *v, char *why, size_t cap)
{
	const char *problem = NULL;
	unsigned max = row->texts_max ? row->texts_max : CTL_TEXTS_MAX;

	if (!json_is_array(v) || json_array_size(v) > max) {
		snprintf(why, cap, "argument '%s' is wrong, expected a list of at most %u texts", row->name, max);
		return why;
	}
	for (size_t i = 0; i < json_array_size(v) && !problem; i++) {
		problem = check_text(row, json_array_get(v, i), why, cap);
	}
	return problem;
}

static const char *check_one(const struct ctl_arg *row, const json_t *v, char *why, size_t cap)
{
	switch (row->type) {
	case CTL_A_TEXT:
		return check_text(row, v, why, cap);
	case CTL_A_NUM:
		return check_num(row, v, why, cap);
	case CTL_A_BOOL:
		if (json_is_boolean(v)) {
			return NULL;
		}
		snprintf(why, cap, "argument '%s' is wrong, expected true or false", row->name);
		return why;
	case CTL_A_TEXTS:
		return check_texts(row, v, why, cap);
	case CTL_A_FD:
		snprintf(why, cap, "argument '%s' is a descriptor, sent along with the request and not inside it", row->name);
		return why;
	case CTL_A_WORDS:
		if (words_ok(row, v)) {
			return NULL;
		}
		snprintf(why, cap, "argument '%s' is wrong, expected a list of: %s", row->name, row->words);
		return why;
	}
	return why;
}

static const struct ctl_arg *find(const struct ctl_arg *rows, const char *name)
{
	for (; rows && rows->name; rows++) {
		if (!strcmp(rows->name, name)) {
			return rows;
		}
	}
	return NULL;
}

const char *ctl_args_check(const struct ctl_arg *rows, const json_t *args, char *why, size_t cap)
{
	const char *name, *problem;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)args, name, v)
	{
		const struct ctl_arg *row = find(rows, name);

		if (!row) {
			snprintf(why, cap, "unknown argument '%.64s'; 'help' lists what the command takes", name);
			return why;
		}
		problem = check_one(row, v, why, cap);
		if (problem) {
			return problem;
		}
	}
	for (; rows && rows->name; rows++) {
		if (rows->required && rows->type != CTL_A_FD && !json_object_get(args, rows->name)) {
			snprintf(why, cap, "argument '%s' is missing, expected %s", rows->name, rows->meaning);
			return why;
		}
	}
	return NULL;
}

bool ctl_args_take_fd(const struct ctl_arg *rows)
{
	for (; rows && rows->name; rows++) {
		if (rows->type == CTL_A_FD) {
			return true;
		}
	}
	return false;
}

json_t *ctl_args_help(const struct ctl_arg *rows)
{
	static const char *const types[] = { "text", "number", "boolean", "words", "texts", "descriptor" };
	json_t *list = json_array();

	for (; rows && rows->name; rows++) {
		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:b,s:s*,s:s}", "name", rows->name, "type", types[rows->type],
						"required", rows->required, "words", rows->words, "meaning", rows->meaning));
	}
	return list;
}

const char *ctl_arg_text(const json_t *args, const char *name, const char *preset)
{
	const json_t *v = json_object_get(args, name);

	return v ? json_string_value(v) : preset;
}

uint64_t ctl_arg_num(const json_t *args, const char *name, uint64_t preset)
{
	const json_t *v = json_object_get(args, name);

	return v ? (uint64_t)json_integer_value(v) : preset;
}

bool ctl_arg_bool(const json_t *args, const char *name, bool preset)
{
	const json_t *v = json_object_get(args, name);

	return v ? json_is_true(v) : preset;
}

bool ctl_arg_has(const json_t *args, const char *name)
{
	return json_object_get(args, name) != NULL;
}

uint8_t ctl_arg_texts(const json_t *args, const char *name, const char **out, uint8_t max)
{
	const json_t *v = json_object_get(args, name);
	uint8_t n = 0;

	for (size_t i = 0; i < json_array_size(v) && n < max; i++) {
		out[n++] = json_string_value(json_array_get(v, i));
	}
	return n;
}

uint32_t ctl_arg_bits(const json_t *args, const char *name, const char *words, uint32_t preset)
{
	const json_t *v = json_object_get(args, name), *one;
	uint32_t bits = 0;
	size_t i;

	if (!v) {
		return preset;
	}
	if (json_is_string(v)) {
		return UINT32_C(1) << word_index(words, json_string_value(v), json_string_length(v));
	}
	json_array_foreach((json_t *)(uintptr_t)v, i, one) bits |=
	    UINT32_C(1) << word_index(words, json_string_value(one), json_string_length(one));
	return bits;
}
