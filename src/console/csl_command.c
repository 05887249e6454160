/* csl_command.c - the rows, and the arguments. */
#include "console/csl_command.h"

#include <string.h>

#include "base/str.h"

#define READ CTL_ROLE_READ
#define OPERATE CTL_ROLE_OPERATE
#define ADMIN CTL_ROLE_ADMIN

const struct csl_command csl_commands[] = {
	{ "status", READ, NULL },
	{ "health", READ, NULL },
	{ "stats", READ, NULL },
	{ "sessions", READ, NULL },
	{ "peers", READ, NULL },
	{ "peers.start", OPERATE, ctl_args_peer_name },
	{ "peers.stop", OPERATE, ctl_args_peer_name },
	{ "scs.list", READ, NULL },
	{ "scs.show", READ, ctl_args_scs_name },
	{ "group.list", READ, NULL },
	{ "set.list", READ, NULL },
	{ "assoc.list", READ, ctl_args_assoc_list },
	{ "assoc.check", READ, ctl_args_assoc_check },
	{ "assoc.add", ADMIN, ctl_args_assoc_add },
	{ "assoc.del", ADMIN, ctl_args_assoc_del },
	{ "assoc.undo", ADMIN, ctl_args_assoc_undo },
	{ "assoc.undo.list", READ, NULL },
	{ "triggers.list", READ, ctl_args_triggers_list },
	{ "triggers.show", READ, ctl_args_triggers_show },
	{ "triggers.cancel", OPERATE, ctl_args_triggers_cancel },
	{ "decisions.search", READ, ctl_args_decisions_search },
	{ "audit.search", READ, ctl_args_audit_search },
	{ "quota.show", READ, ctl_args_quota_show },
	{ "quota.reset", OPERATE, ctl_args_quota_reset },
	{ NULL, CTL_ROLE_NONE, NULL },
};

const char *const csl_import_kinds[] = { "scs", "group", "set", "assoc", "block", NULL };

const struct csl_command *csl_command_find(const char *name)
{
	for (const struct csl_command *c = csl_commands; c->name; c++) {
		if (!strcmp(c->name, name)) {
			return c;
		}
	}
	return NULL;
}

bool csl_import_kind_ok(const char *kind)
{
	for (const char *const *k = csl_import_kinds; *k; k++) {
		if (!strcmp(*k, kind)) {
			return true;
		}
	}
	return false;
}

static json_t *value_of(const struct ctl_arg *row, const char *value)
{
	uint64_t n;

	switch (row->type) {
	case CTL_A_NUM:
		return str_parse_u64(&n, value, 0, INT64_MAX) ? NULL : json_integer((json_int_t)n);
	case CTL_A_BOOL:
		return !strcmp(value, "yes") ? json_true() : !strcmp(value, "no") ? json_false() : NULL;
	case CTL_A_TEXT:
	case CTL_A_WORDS:
	case CTL_A_TEXTS:
		return json_string(value); /* NULL: no UTF-8 */
	default:
		return NULL;
	}
}

const char *csl_arg_add(json_t *args, const struct ctl_arg *rows, const char *key, const char *value)
{
	bool many;
	json_t *list, *v;

	while (rows && rows->name && strcmp(rows->name, key) != 0) {
		rows++;
	}
	if (!rows || !rows->name) {
		return "an argument is not known";
	}
	many = rows->type == CTL_A_TEXTS || rows->type == CTL_A_WORDS;
	if (!many && json_object_get(args, key)) {
		return "an argument is there twice";
	}
	v = value_of(rows, value);
	if (!v) {
		return "an argument has the wrong form";
	}
	if (!many) {
		return json_object_set_new(args, key, v) ? "out of memory" : NULL;
	}
	list = json_object_get(args, key);
	if (!list) {
		list = json_array();
		if (json_object_set_new(args, key, list)) {
			json_decref(v);
			return "out of memory";
		}
	}
	return json_array_append_new(list, v) ? "out of memory" : NULL;
}

json_t *csl_args_of_body(const char *body, size_t len)
{
	json_t *args = len ? json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL) : json_object();

	if (args && !json_is_object(args)) {
		json_decref(args);
		args = NULL;
	}
	return args;
}
