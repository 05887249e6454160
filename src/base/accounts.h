/* accounts.h - the names of the accounts of this machine. A process that may read the file hands
 * them to one whose sandbox closes it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define ACCOUNTS_MAX 10000u /* further ones are left out */
#define ACCOUNT_NAME_MAX 64 /* with the NUL; an account with a longer name is left out */

struct account {
	uid_t uid;
	char name[ACCOUNT_NAME_MAX]; /* zeros behind it */
};
#define ACCOUNTS_OCTETS_MAX (ACCOUNTS_MAX * sizeof(struct account))

struct accounts;
/* Reads a file of the form of /etc/passwd. The name service is not asked: it would open sockets.
 * ERR_IO: the file cannot be read. ERR_NOMEM. */
ERR_MUST_USE int accounts_load(struct accounts **out, const char *path);
void accounts_free(struct accounts *a); /* NULL allowed */
/* All of them as octets, for another process of this program; borrowed. `a` NULL: none. */
const void *accounts_octets(const struct accounts *a, size_t *len);
/* Of such octets, copied. ERR_PROTO: they are none. ERR_NOMEM. */
ERR_MUST_USE int accounts_of(struct accounts **out, const void *p, size_t len);
/* Whether both are the same; NULL: none. */
bool accounts_same(const struct accounts *a, const struct accounts *b);
/* The name of the first account with this number; NULL: none had it. Borrowed. `a` NULL: none. */
const char *accounts_name(const struct accounts *a, uid_t uid);
