/* names_hang.c - loaded in front of mtc-iwfd: the name service never answers about the group and the user "silent", as an LDAP server that is
 * away, and after 2 s about the group "late". */
#include <dlfcn.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <string.h>

struct group *getgrnam(const char *name)
{
	struct group *(*behind)(const char *) = NULL;

	if (strcmp(name, "silent") == 0) {
		poll(NULL, 0, -1);
	}
	if (strcmp(name, "late") == 0) {
		poll(NULL, 0, 2000);
	}
	*(void **)&behind = dlsym(RTLD_NEXT, "getgrnam");
	return behind(name);
}

struct passwd *getpwnam(const char *name)
{
	struct passwd *(*behind)(const char *) = NULL;

	if (strcmp(name, "silent") == 0) {
		poll(NULL, 0, -1);
	}
	*(void **)&behind = dlsym(RTLD_NEXT, "getpwnam");
	return behind(name);
}
