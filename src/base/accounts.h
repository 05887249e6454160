/* accounts.h - the names of the accounts of this machine, read once: a process reads them before
 * its sandbox, which closes the file. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define ACCOUNTS_MAX 10000u /* further ones are left out */
#define ACCOUNT_NAME_MAX 64 /* with the NUL; an account with a longer name is left out */

struct accounts;
/* Reads a file of the form of /etc/passwd. The name service is not asked: it would open sockets.
 * ERR_IO: the file cannot be read. ERR_NOMEM. */
ERR_MUST_USE int accounts_load(struct accounts **out, const char *path);
void accounts_free(struct accounts *a); /* NULL allowed */
/* The name of the first account with this number; NULL: none had it. Borrowed. `a` NULL: none. */
const char *accounts_name(const struct accounts *a, uid_t uid);
