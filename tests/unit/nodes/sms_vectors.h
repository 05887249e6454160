/* sms_vectors.h - reads "key = hex" lines of tests/vectors/sms. */
#pragma once
#include "base/str.h"
#include "tests/unit/test.h"

static inline size_t vector(uint8_t *out, size_t cap, const char *key)
{
	const char *folder = getenv("MTC_VECTORS");
	char path[512], line[1024];
	size_t len = 0;
	FILE *f;

	assert_non_null(folder);
	snprintf(path, sizeof path, "%s/device-trigger.txt", folder);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		char *value = strstr(line, " = ");

		if (!value || line[0] == '#' || line[0] == '[' || strncmp(line, key, strlen(key)) ||
		    line + strlen(key) != value) {
			continue;
		}
		value[3 + strcspn(value + 3, "\n")] = 0;
		assert_int_equal(str_unhex(out, cap, &len, value + 3), 0);
		break;
	}
	fclose(f);
	assert_true(len > 0);
	return len;
}
