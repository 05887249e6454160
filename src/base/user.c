/* user.c - looks a user up, see user.h. */
#include "base/user.h"

#include <grp.h>
#include <pwd.h>
#include <stdint.h>

#include "base/str.h"

int user_find(struct user *out, const char *name)
{
	const struct passwd *pw = getpwnam(name);
	uint32_t number;

	if (!pw) {
		if (str_parse_u32(&number, name, 0, UINT32_MAX - 1)) { /* the largest one means "no change" to the kernel */
			return ERR_NOTFOUND;
		}
		pw = getpwuid(number);
		*out = (struct user){ number, pw ? pw->pw_gid : number };
		return 0;
	}
	*out = (struct user){ pw->pw_uid, pw->pw_gid };
	return 0;
}

int user_group_find(gid_t *out, const char *name)
{
	const struct group *g = getgrnam(name);

	if (!g) {
		return ERR_NOTFOUND;
	}
	*out = g->gr_gid;
	return 0;
}
