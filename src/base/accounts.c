/* accounts.c - a list in the order of the file: it is asked when somebody logs in. */
#include "base/accounts.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define LINE_MAX_OCTETS 4096

struct account {
	uid_t uid;
	char name[ACCOUNT_NAME_MAX];
};

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
