/* anchor_list.c - see anchor_list.h. */
#include "base/anchor_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/protection.h"
#include "base/str.h"
#include "base/text.h"

_Static_assert(ANCHOR_LIST_MAX == IDENTITY_ANCHORS_MAX, "a certificate that chains to all of them is announced whole");

struct names {
	char at[ANCHOR_LIST_MAX][IDENT_SCS_MAX + 1];
	uint8_t n;
};

static int order(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool has(const struct names *names, const char *name)
{
	for (uint8_t i = 0; i < names->n; i++) {
		if (strcmp(names->at[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static int add(struct names *names, const char *p, size_t len)
{
	char name[IDENT_SCS_MAX + 1];

	if (str_copy(name, sizeof name, p, len) || !ident_name_ok(name) || has(names, name)) {
		return ERR_INVAL;
	}
	if (names->n == ANCHOR_LIST_MAX) {
		return ERR_LIMIT;
	}
	memcpy(names->at[names->n++], name, sizeof name);
	return 0;
}

static int read_names(struct names *out, const char *text, size_t len)
{
	const char *p = text, *end = text + len;
	int err = 0;

	*out = (struct names){ .n = 0 };
	while (!err) {
		const char *word;

		while (p < end && (*p == ' ' || *p == ',')) {
			p++;
		}
		for (word = p; p < end && *p != ' ' && *p != ',';) {
			p++;
		}
		if (p == word) {
			break;
		}
		err = add(out, word, (size_t)(p - word));
	}
	if (!err && (out->n == 0 || (out->n > 1 && has(out, IDENT_ANCHOR_INTERNAL)))) {
		err = ERR_INVAL;
	}
	return err;
}

int anchor_list_read(char out[ANCHOR_LIST_LEN], const char *text, size_t len)
{
	struct names names;
	struct text t;
	int err = read_names(&names, text, len);

	if (err) {
		return err;
	}
	qsort(names.at, names.n, sizeof *names.at, order);
	t = text_over(out, ANCHOR_LIST_LEN);
	for (uint8_t i = 0; i < names.n; i++) {
		if (i) {
			text_char(&t, ' ');
		}
		text_add(&t, names.at[i]);
	}
	return 0;
}

bool anchor_list_ok(const char *list)
{
	char read[ANCHOR_LIST_LEN];

	return anchor_list_read(read, list, strlen(list)) == 0 && strcmp(read, list) == 0;
}

bool anchor_list_has(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (len && *list) {
		size_t n = strcspn(list, " ");

		if (n == len && memcmp(list, name, n) == 0) {
			return true;
		}
		list += n + (list[n] == ' ');
	}
	return false;
}

uint8_t anchor_list_split(char out[ANCHOR_LIST_MAX][IDENT_SCS_MAX + 1], const char *list)
{
	uint8_t n = 0;

	while (*list && n < ANCHOR_LIST_MAX) {
		size_t len = strcspn(list, " ");

		if (str_copy(out[n], IDENT_SCS_MAX + 1, list, len) == 0 && len) {
			n++;
		}
		list += len + (list[len] == ' ');
	}
	return n;
}

bool anchor_list_share(const char *a, const char *b)
{
	char names[ANCHOR_LIST_MAX][IDENT_SCS_MAX + 1];
	uint8_t n = anchor_list_split(names, a);

	for (uint8_t i = 0; i < n; i++) {
		if (anchor_list_has(b, names[i])) {
			return true;
		}
	}
	return false;
}
