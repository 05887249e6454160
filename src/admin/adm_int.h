/* adm_int.h - what the operator's commands share, for src/admin only. */
#pragma once
#include "ctl/ctl_commands.h"
#include "ctl/ctl_server.h"
#include "core/core_int.h"

extern const struct ctl_command adm_status_rows[], adm_assoc_rows[], adm_check_rows[], adm_group_rows[], adm_set_rows[],
    adm_exchange_rows[], adm_trigger_rows[], adm_trigger_one_rows[];
json_t *adm_groups(const struct core *c, const struct asc_asker *who); /* names of its groups */
/* Hands a change to the store; answers rq when it failed, else `changed` does, once, when it is durable and in force. */
typedef void adm_changed_fn(struct core *c, struct ctl_request *rq, const json_t *args, const struct asc_outcome *out);
void adm_change(struct core *c, struct ctl_request *rq, const json_t *args, const struct asc_change *change,
		adm_changed_fn *changed);
json_t *adm_time(uint64_t real_ms);
