/* adm.c - begin and end of the operator's commands: the control server with its tables of
 * commands. */
#include "admin/adm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/adm_backup.h"
#include "admin/adm_exchange.h"

_Static_assert((int)CFG_ROLE_ADMIN == (int)CTL_ROLE_ADMIN, "roles of the configuration are those of the control socket");

#define CHANGE_WORDS_MAX 512 /* the decision log cuts them to less */

const struct ctl_command *const adm_tables[] = { adm_status_rows, adm_peers_rows,     adm_scs_rows,         adm_assoc_rows,
						 adm_check_rows,  adm_group_rows,     adm_set_rows,         adm_exchange_rows,
						 adm_backup_rows, adm_trigger_rows,   adm_trigger_one_rows, adm_reload_rows,
						 adm_health_rows, adm_quota_rows,     adm_undo_rows,        adm_screen_rows,
						 adm_ndsip_rows,  adm_decisions_rows, adm_trace_rows,       adm_follow_rows,
						 adm_judge_rows,  adm_console_rows,   adm_audit_rows,       NULL };

static int add_commands(struct adm *a)
{
	int err = 0;

	for (size_t i = 0; !err && adm_tables[i]; i++) {
		err = ctl_server_add(a->ctl, adm_tables[i], a);
	}
	return err;
}

/* These commands write their lines themselves. */
static bool has_own_line(const char *command)
{
	return !strcmp(command, "reload") || !strcmp(command, "screen.set") || !strcmp(command, "trace.start") ||
	       !strcmp(command, "trace.stop");
}

/* A change of who may trigger what is a line of the decision log, with its author. Other changes,
 * such as a log level, are in the message log only. All changes of a person on the console are in
 * the decision log, because the user id in the message log is that of the console. */
static void on_changed(void *arg, const struct ctl_caller *caller, const char *command, const json_t *args)
{
	static const char *const about[] = { "scs.", "group.", "set.", "assoc.", "block." };
	const struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	const char *scs = ctl_arg_text(args, strncmp(command, "scs.", 4) == 0 ? "name" : "scs", "");
	char *said, what[CHANGE_WORDS_MAX], who[CTL_CALLER_MAX];
	size_t i = 0;

	while (i < sizeof about / sizeof *about && strncmp(command, about[i], strlen(about[i])) != 0) {
		i++;
	}
	if (caller->behalf[0]) {
		i = has_own_line(command) ? sizeof about / sizeof *about : 0;
	}
	if (i == sizeof about / sizeof *about || ctl_arg_bool(args, "dry_run", false)) {
		return;
	}
	said = json_dumps(args, JSON_COMPACT | JSON_ENSURE_ASCII);
	snprintf(what, sizeof what, "%s %s", command, said ? said : "");
	free(said);
	core_decide_provisioning(a->core, ctl_caller_text(who, caller), what, scs, ctl_arg_text(args, "device", ""));
}

int adm_new(struct adm **out, struct core *core, int fd, const struct adm_console *console)
{
	struct adm *a = calloc(1, sizeof *a);
	struct ctl_server_conf conf;
	int err;

	if (!a) {
		return ERR_NOMEM;
	}
	obj_begin(&a->obj, ADM_MAGIC);
	a->core = core;
	a->cfg = core_cfg(core);
	a->log = core_log(core);
	a->loop = core_loop(core);
	a->asc = core_store(core);
	a->st = core_counters(core);
	TAILQ_INIT(&a->exports);
	TAILQ_INIT(&a->follows);
	LIST_INIT(&a->waits);
	LIST_INIT(&a->searches);
	conf = (struct ctl_server_conf){ .clients_max = a->cfg->limits.ctl_clients,
					 .log = a->log,
					 .counters = a->st,
					 .changed = on_changed,
					 .changed_arg = a,
					 .has_console = console->uid != ADM_NO_CONSOLE,
					 /* in a laboratory the console and mtcctl have our user */
					 .console_only = console->uid != geteuid(),
					 .console_uid = console->uid,
					 .person = adm_console_person,
					 .person_arg = a,
					 .claimed_max = (enum ctl_role)a->cfg->console.certificates };
	err = ctl_server_new(&a->ctl, a->loop, fd, &conf);
	if (!err) {
		err = adm_console_init(a, console);
	}
	if (!err) {
		err = add_commands(a);
	}
	if (!err) {
		err = adm_reload_init(a);
	}
	if (!err) {
		err = adm_follow_init(a);
	}
	if (err) {
		adm_free(a);
		return err;
	}
	*out = a;
	return 0;
}

void adm_free(struct adm *a)
{
	if (!a) {
		return;
	}
	ctl_server_free(a->ctl);
	adm_console_fini(a);
	/* before the imports end: ending them may complete a change of the store */
	adm_waits_orphan(a);
	adm_exports_end(a);
	adm_searches_end(a);
	adm_backup_end(a);
	adm_imports_end(a);
	adm_reload_end(a);
	adm_follow_end(a);
	OBJ_END(a, ADM_MAGIC);
	free(a);
}
