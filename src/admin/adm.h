/* adm.h - the operator's commands on the control socket. They read and change the core through
 * core/core_view.h; the core does not know them. Everything runs on the loop of the core. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/accounts.h"
#include "base/err.h"

struct adm; /* the control socket with its clients, and the running import, exports and backup */
struct core;

/* Serves the commands of ctl/ctl_commands.h on the listening UNIX socket `fd`. Borrows `core` and
 * `fd`, both until adm_free(), and what `console` borrows. ERR_NOMEM, ERR_IO: nothing is served. */
#define ADM_NO_CONSOLE UINT32_MAX
struct adm_console {
	uint32_t uid;               /* this user may ask on behalf of persons; ADM_NO_CONSOLE: nobody may */
	gid_t read, operate, admin; /* groups whose members have the role; (gid_t)-1: nobody */
	struct accounts *accounts;  /* names of persons; borrowed; NULL: they are known by their numbers */
};
#define ADM_CONSOLE_NONE ((struct adm_console){ ADM_NO_CONSOLE, (gid_t)-1, (gid_t)-1, (gid_t)-1, NULL })
ERR_MUST_USE int adm_new(struct adm **out, struct core *core, int fd, const struct adm_console *console);
/* Others are meant by these from now on. Who is logged in keeps the role until the log-in ends.
 * Borrows what `console` borrows; the accounts before are not used any more. `a` NULL: there is no
 * control socket. */
void adm_console_again(struct adm *a, const struct adm_console *console);
/* Ends all clients, imports and exports; nothing of an unfinished import is applied. Call it before
 * core_free(): changes that the store or the journal have not yet completed are completed there.
 * NULL allowed. */
void adm_free(struct adm *a);

struct adm_reloaded { /* the reload with this number (core_cb.on_reload; 0: by a signal) has ended */
	uint32_t number;
	bool taken;       /* what was read is in use; after a dry run: it could be */
	bool config;      /* the configuration is another one */
	bool dry_run;     /* nothing was to be changed */
	const char *text; /* lines "KIND TEXT\n", with the kinds of base/report.h; borrowed */
	size_t len;
};
/* Answers the client. A number that no client awaits is ignored. NULL allowed. */
void adm_reloaded(struct adm *a, const struct adm_reloaded *r);
/* Writes to the decision log who changed what; before adm_reloaded(). `a` NULL: there is no control
 * socket. */
void adm_reload_record(const struct adm *a, struct core *core, const struct adm_reloaded *r);
