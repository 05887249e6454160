/* dm_console.c - see dm_console.h. */
#include "daemon/dm_console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "conf/cfg_names.h"
#include "daemon/dm_msg.h"

#define ACCOUNTS "/etc/passwd"

struct numbers { /* in front of the accounts */
	uint32_t uid, read, operate, admin;
};
_Static_assert((uint32_t)(gid_t)-1 == UINT32_MAX && ADM_NO_CONSOLE == UINT32_MAX, "one number for none");

/* -- this machine */

static void find_group(gid_t *out, const struct cfg_names *names, const char *name, struct report *warnings)
{
	if (*name && cfg_names_group(out, names, name)) {
		report_add(warnings, REPORT_WARNING,
			   "this machine has no group '%s' (control.console_groups): nobody has its role", name);
	}
}

void dm_console_look(struct adm_console *out, const struct cfg_iwf *cfg, struct report *warnings)
{
	struct user console;
	int err;

	*out = ADM_CONSOLE_NONE;
	if (!cfg->console_user[0]) {
		return;
	}
	if (cfg_names_user(&console, &cfg->names, cfg->console_user)) {
		report_add(warnings, REPORT_WARNING,
			   "this machine has no user '%s' (control.console_user): the console can change nothing",
			   cfg->console_user);
		return;
	}
	out->uid = (uint32_t)console.uid;
	find_group(&out->read, &cfg->names, cfg->console.read, warnings);
	find_group(&out->operate, &cfg->names, cfg->console.operate, warnings);
	find_group(&out->admin, &cfg->names, cfg->console.admin, warnings);
	err = accounts_load(&out->accounts, ACCOUNTS);
	if (err) {
		report_add(warnings, REPORT_WARNING, ACCOUNTS ": %s; persons on the console are known by their numbers",
			   err_str(err));
	}
}

void dm_console_fini(struct adm_console *c)
{
	accounts_free(c->accounts);
	*c = ADM_CONSOLE_NONE;
}

/* -- what has changed */

/* The number of a user or group as text, or "none". */
static const char *number_text(char out[16], uint32_t n)
{
	snprintf(out, 16, n == UINT32_MAX ? "none" : "%u", n);
	return out;
}

static bool differs(struct report *r, const char *item, const char *kind, const char *names[2], uint32_t had, uint32_t has)
{
	char before[16], now[16];

	if (had == has) {
		return false;
	}
	if (strcmp(names[0], names[1]) == 0) { /* else the line about the configuration says it */
		report_add(r, REPORT_CHANGE, "%s: %s '%s' has the number %s on this machine now (before: %s)", item, kind,
			   names[1], number_text(now, has), number_text(before, had));
	}
	return true;
}

bool dm_console_compare(struct report *r, const struct adm_console *had, const struct cfg_iwf *before,
			const struct adm_console *has, const struct cfg_iwf *cfg)
{
	const char *user[] = { before->console_user, cfg->console_user }, *read[] = { before->console.read, cfg->console.read },
		   *operate[] = { before->console.operate, cfg->console.operate },
		   *admin[] = { before->console.admin, cfg->console.admin };
	bool any = differs(r, "control.console_user", "user", user, had->uid, has->uid);

	any = differs(r, "control.console_groups.read", "group", read, had->read, has->read) || any;
	any = differs(r, "control.console_groups.operate", "group", operate, had->operate, has->operate) || any;
	any = differs(r, "control.console_groups.admin", "group", admin, had->admin, has->admin) || any;
	if (!accounts_same(had->accounts, has->accounts)) {
		report_add(r, REPORT_RENEWED, ACCOUNTS " (names of persons on the console)");
		any = true;
	}
	return any;
}

/* -- to the core */

int dm_console_make(int *fd, const struct adm_console *c)
{
	struct numbers h = { c->uid, (uint32_t)c->read, (uint32_t)c->operate, (uint32_t)c->admin };
	size_t len = 0;
	const void *names = accounts_octets(c->accounts, &len);
	struct iovec v[] = { { &h, sizeof h }, { (void *)(uintptr_t)names, len } };

	return dm_memfd_v(fd, "mtc-iwf-console", v, len ? 2 : 1);
}

static int read_names(struct accounts **out, int fd, size_t len)
{
	void *names = malloc(len);
	int err = !names                                                          ? ERR_NOMEM
		  : pread(fd, names, len, sizeof(struct numbers)) != (ssize_t)len ? ERR_IO
										  : accounts_of(out, names, len);

	free(names);
	return err;
}

int dm_console_take(struct adm_console *out, int fd)
{
	const size_t most = sizeof(struct numbers) + ACCOUNTS_OCTETS_MAX;
	struct numbers h;
	struct stat st;
	int err = 0;

	*out = ADM_CONSOLE_NONE;
	if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof h || (uint64_t)st.st_size > most ||
	    pread(fd, &h, sizeof h, 0) != (ssize_t)sizeof h) {
		err = ERR_PROTO;
	} else if ((size_t)st.st_size > sizeof h) {
		err = read_names(&out->accounts, fd, (size_t)st.st_size - sizeof h);
	}
	close(fd);
	if (!err) {
		out->uid = h.uid;
		out->read = h.read;
		out->operate = h.operate;
		out->admin = h.admin;
	}
	return err;
}
