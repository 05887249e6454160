/* adm.c - begin and end of the operator's commands: the control server with its tables of
 * commands. */
#include "admin/adm.h"

#include <stdlib.h>

#include "admin/adm_backup.h"
#include "admin/adm_exchange.h"

const struct ctl_command *const adm_tables[] = {
	adm_status_rows, adm_peers_rows,    adm_scs_rows,    adm_assoc_rows,   adm_check_rows,       adm_group_rows,
	adm_set_rows,    adm_exchange_rows, adm_backup_rows, adm_trigger_rows, adm_trigger_one_rows, adm_reload_rows,
	adm_health_rows, adm_quota_rows,    adm_undo_rows,   adm_screen_rows,  adm_ndsip_rows,       NULL
};

static int add_commands(struct adm *a)
{
	int err = 0;

	for (size_t i = 0; !err && adm_tables[i]; i++) {
		err = ctl_server_add(a->ctl, adm_tables[i], a);
	}
	return err;
}

int adm_new(struct adm **out, struct core *core, int fd)
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
	LIST_INIT(&a->waits);
	conf = (struct ctl_server_conf){ .clients_max = a->cfg->limits.ctl_clients, .log = a->log, .counters = a->st };
	err = ctl_server_new(&a->ctl, a->loop, fd, &conf);
	if (!err) {
		err = add_commands(a);
	}
	if (!err) {
		err = adm_reload_init(a);
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
	/* before the imports end: ending them may complete a change of the store */
	adm_waits_orphan(a);
	adm_exports_end(a);
	adm_backup_end(a);
	adm_imports_end(a);
	adm_reload_end(a);
	OBJ_END(a, ADM_MAGIC);
	free(a);
}
