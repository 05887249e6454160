/* csl_login.c - one command on a server of the kind that the control socket is. */
#include "console/csl_login.h"

#include <stdlib.h>

#include "base/obj.h"

/* Everybody may connect, and nobody may keep the others out. */
#define CLIENTS_MAX 128
#define USER_CLIENTS_MAX 4

#define CSL_LOGIN_MAGIC 0x6be21f98u
struct csl_login {
	struct obj obj;
	struct csl_login_conf conf;
	struct ctl_server *server;
};

static void on_link(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct csl_login *l = OBJ_OF(arg, struct csl_login, CSL_LOGIN_MAGIC);
	struct csl_person person = { .role = csl_role_of(&l->conf.roles, ctl_caller(rq)) };
	char link[CSL_SECRET_MAX];
	int err;

	(void)args;
	csl_name_of(person.name, "/etc/passwd", ctl_caller(rq)->uid);
	if (person.role == CTL_ROLE_NONE) {
		ctl_fail(rq, "%s has no role on the console: its groups are in the configuration of mtc-iwf-console (groups)",
			 person.name);
		return;
	}
	err = csl_door_link(l->conf.door, &person, link);
	if (err) {
		ctl_fail(rq, "%s",
			 err == ERR_BUSY ? "too many links are open (limits.links): use one, or wait until their time is over"
					 : err_str(err));
		return;
	}
	ctl_note(rq, "for %s with the role %s", person.name, ctl_role_word(person.role));
	ctl_done(rq, json_pack("{s:s+, s:s, s:s, s:I}", "link", l->conf.url, link, "name", person.name, "role",
			       ctl_role_word(person.role), "seconds", (json_int_t)(l->conf.link_ms / 1000)));
}

static const struct ctl_command rows[] = {
	{ CSL_LOGIN_COMMAND, "make a link that logs the caller in, once", NULL, true, on_link },
	{ .name = NULL },
};

int csl_login_new(struct csl_login **out, struct net_loop *loop, const struct csl_login_conf *conf)
{
	struct ctl_server_conf server = {
		.clients_max = CLIENTS_MAX, .user_clients_max = USER_CLIENTS_MAX, .log = conf->log, .request_wait_ms = 5000
	};
	struct csl_login *l = calloc(1, sizeof *l);
	int err;

	if (!l) {
		return ERR_NOMEM;
	}
	obj_begin(&l->obj, CSL_LOGIN_MAGIC);
	l->conf = *conf;
	err = ctl_server_new(&l->server, loop, conf->fd, &server);
	if (!err) {
		err = ctl_server_add(l->server, rows, l);
	}
	if (err) {
		csl_login_free(l);
		return err;
	}
	*out = l;
	return 0;
}

void csl_login_free(struct csl_login *l)
{
	if (!l) {
		return;
	}
	ctl_server_free(l->server);
	OBJ_END(l, CSL_LOGIN_MAGIC);
	free(l);
}
