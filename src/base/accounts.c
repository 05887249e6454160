/* accounts.c - a list in the order of the file: it is asked when somebody logs in. */
#include "base/accounts.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define LINE_MAX_OCTETS 4096

struct accounts {
	struct account *list; /* owned */
	size_t n, cap;
};

static int add(struct accounts *a, const struct passwd *one)
{
	if (strlen(one->pw_name) >= ACCOUNT_NAME_MAX) {
		return 0;
	}
	if (a->n == a->cap) {
		size_t cap = a->cap ? 2 * a->cap : 64;
		struct account *list = reallocarray(a->list, cap, sizeof *list);

		if (!list) {
			return ERR_NOMEM;
		}
		a->list = list;
		a->cap = cap;
	}
	memset(&a->list[a->n], 0, sizeof a->list[a->n]); /* the list is compared and copied as octets */
	a->list[a->n].uid = one->pw_uid;
	str_set(a->list[a->n++].name, ACCOUNT_NAME_MAX, one->pw_name);
	return 0;
}

int accounts_load(struct accounts **out, const char *path)
{
	struct accounts *a = calloc(1, sizeof *a);
	struct passwd one, *found = NULL;
	char room[LINE_MAX_OCTETS];
	FILE *f = fopen(path, "re");
	int err = !a ? ERR_NOMEM : f ? 0 : ERR_IO;

	while (!err && a->n < ACCOUNTS_MAX && fgetpwent_r(f, &one, room, sizeof room, &found) == 0) {
		err = add(a, found);
	}
	if (f) {
		fclose(f);
	}
	if (err) {
		accounts_free(a);
		return err;
	}
	*out = a;
	return 0;
}

void accounts_free(struct accounts *a)
{
	if (!a) {
		return;
	}
	free(a->list);
	free(a);
}

const char *accounts_name(const struct accounts *a, uid_t uid)
{
	for (size_t i = 0; a && i < a->n; i++) {
		if (a->list[i].uid == uid) {
			return a->list[i].name;
		}
	}
	return NULL;
}

const void *accounts_octets(const struct accounts *a, size_t *len)
{
	*len = a ? a->n * sizeof *a->list : 0;
	return a ? a->list : NULL;
}

int accounts_of(struct accounts **out, const void *p, size_t len)
{
	struct accounts *a;

	if (len % sizeof *a->list || len > ACCOUNTS_OCTETS_MAX) {
		return ERR_PROTO;
	}
	a = calloc(1, sizeof *a);
	if (a && len) {
		a->list = malloc(len);
	}
	if (!a || (len && !a->list)) {
		accounts_free(a);
		return ERR_NOMEM;
	}
	a->n = a->cap = len / sizeof *a->list;
	for (size_t i = 0; i < a->n; i++) {
		memcpy(&a->list[i], (const char *)p + i * sizeof *a->list, sizeof *a->list);
		if (!memchr(a->list[i].name, 0, ACCOUNT_NAME_MAX)) {
			accounts_free(a);
			return ERR_PROTO;
		}
	}
	*out = a;
	return 0;
}

bool accounts_same(const struct accounts *a, const struct accounts *b)
{
	size_t an, bn;
	const void *ap = accounts_octets(a, &an), *bp = accounts_octets(b, &bn);

	return an == bn && (!an || memcmp(ap, bp, an) == 0);
}
