/* doc_int.h - for src/doctor only: members of replies of the control socket, which may be
 * missing. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* "" and 0 for a member that is missing or of another type. */
static inline const char *doc_text(const json_t *o, const char *member)
{
	const char *text = json_string_value(json_object_get(o, member));

	return text ? text : "";
}

static inline uint64_t doc_number(const json_t *o, const char *member)
{
	json_int_t n = json_integer_value(json_object_get(o, member));

	return n > 0 ? (uint64_t)n : 0;
}
