/* adm_console.c - who is logged in at the console. A person connects to the console's socket; the
 * console hands that connection over, and the kernel tells us whose it is. So the console neither
 * says who somebody is nor with which role:
 *
 *  person --"console.link"--> (our end of the connection) --link--> person --> browser
 *  browser --link--> console --"console.enter"--> ticket: requests for this person, until its end
 *
 * The process of the console holds the connection, too: it may read it, write to it and end it. It
 * cannot write to our end, so that only the person asks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/adm_int.h"
#include "base/clock.h"
#include "base/str.h"

#define PERSON_MAX 8        /* links and log-ins of one person */
#define CLIENTS_MAX 64      /* who ask for a link at the same time */
#define USER_CLIENTS_MAX 4  /* of them of one user */
#define CLIENT_WAIT_MS 5000 /* to ask */

/* False: it is not, and rq is answered. */
static bool is_console(const struct adm *a, struct ctl_request *rq)
{
	if (a->console.uid == ADM_NO_CONSOLE) {
		ctl_fail(rq,
			 "this gateway has no console: name its user in control.console_user of mtc-iwfd, and start it again");
		return false;
	}
	if (ctl_caller(rq)->uid != a->console.uid) {
		ctl_refuse(rq, "only the console may say who logs in or out (control.console_user)");
		return false;
	}
	return true;
}

static void refused(struct adm *a)
{
	st_count(a->st, ST_CONSOLE_REFUSED);
}

static void person_of(struct ctl_person *out, const struct adm *a, const struct ctl_caller *caller)
{
	const struct ctl_roles roles = { a->console.read, a->console.operate, a->console.admin };
	const char *name = accounts_name(a->console.accounts, caller->uid);
	/* a console with a user of its own is no person; in a laboratory all have one user */
	bool itself = caller->uid == a->console.uid && caller->uid != geteuid();

	*out = (struct ctl_person){ .uid = caller->uid, .role = itself ? CTL_ROLE_NONE : ctl_role_of(&roles, caller) };
	if (name && ctl_name_ok(name)) {
		str_set(out->name, sizeof out->name, name);
	} else {
		snprintf(out->name, sizeof out->name, "uid-%u", (unsigned)caller->uid);
	}
}

static void no_role(struct adm *a, struct ctl_request *rq, const struct ctl_person *person)
{
	refused(a);
	ctl_refuse(rq, "%s has no role on the console: its groups are in the configuration of mtc-iwfd (control.console_groups)",
		   person->name);
}

/* -- the person's end */

static void on_link(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	uint8_t random[CTL_SECRET_OCTETS];
	char link[CTL_SECRET_MAX];
	struct ctl_person person;
	int err;

	(void)args;
	person_of(&person, a, ctl_caller(rq));
	if (person.role == CTL_ROLE_NONE) {
		no_role(a, rq, &person);
		return;
	}
	err = getrandom(random, sizeof random, 0) == (ssize_t)sizeof random ? 0 : ERR_IO;
	if (!err) {
		err = ctl_persons_link(a->persons, &person, random, a->link_ms, clock_boot_ms(), link);
	}
	if (err) {
		refused(a);
		ctl_fail(rq, "%s",
			 err == ERR_BUSY ? "too many are logged in (control.console_log_ins): log out elsewhere, or wait"
					 : err_str(err));
		return;
	}
	st_count(a->st, ST_CONSOLE_LINKS);
	ctl_note(rq, "for %s with the role %s", person.name, ctl_role_word(person.role));
	ctl_done(rq, json_pack("{s:s+, s:s, s:s, s:I}", "link", ctl_about(rq), link, "name", person.name, "role",
			       ctl_role_word(person.role), "seconds", (json_int_t)(a->link_ms / 1000)));
}

static const struct ctl_command login_rows[] = {
	{ "console.link", "make a link that logs the caller in, once", NULL, true, on_link },
	{ .name = NULL },
};

/* -- the console's end */

/* Who connected, and nothing else: at the other end of a connection that the console made itself,
 * the kernel would tell of the one who listens there. That end has an address, the end of who
 * connects has none. */
static const char *look(struct ctl_caller *out, int fd)
{
	struct sockaddr_un peer;
	socklen_t len = sizeof peer, cred_len, groups_len = sizeof out->groups;
	int type = 0;
	socklen_t type_len = sizeof type;
	struct ucred cred;

	memset(&peer, 0, sizeof peer);
	if (getpeername(fd, (struct sockaddr *)&peer, &len)) {
		return "the descriptor is no connection, or it has ended";
	}
	if (peer.sun_family != AF_UNIX || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) || type != SOCK_STREAM) {
		return "the descriptor is not a stream of a UNIX socket";
	}
	if (len > sizeof(sa_family_t)) {
		return "the descriptor is not the end that accepted a connection";
	}
	cred_len = sizeof cred;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &cred_len) || cred.uid == (uid_t)-1) {
		return "the kernel does not say who connected";
	}
	*out = (struct ctl_caller){ .uid = cred.uid, .gid = cred.gid, .pid = cred.pid };
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, out->groups, &groups_len) == 0) {
		out->groups_n = (unsigned)(groups_len / sizeof *out->groups);
	}
	return NULL;
}

/* It is printed on terminals. */
static bool url_ok(const char *url)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:/[]#%-_";

	return (!strncmp(url, "http://", 7) || !strncmp(url, "https://", 8)) && !url[strspn(url, allowed)];
}

static void on_client(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	const char *problem, *url = ctl_arg_text(args, "url", "");
	struct ctl_caller caller;
	struct ctl_person person;
	int err, fd;

	if (!is_console(a, rq)) {
		return;
	}
	fd = ctl_take_fd(rq);
	problem = !url_ok(url) ? "url is wrong, expected http: or https: and an address" : look(&caller, fd);
	if (problem) {
		close(fd);
		ctl_fail(rq, "%s", problem);
		return;
	}
	person_of(&person, a, &caller);
	if (person.role == CTL_ROLE_NONE) {
		close(fd);
		no_role(a, rq, &person);
		return;
	}
	a->link_ms = 1000 * ctl_arg_num(args, "seconds", 1);
	err = ctl_server_client(a->login, fd, url);
	if (err) {
		close(fd);
		refused(a);
		ctl_fail(rq, "too many ask for a link at the same time; try again");
		return;
	}
	ctl_done(rq, json_pack("{s:s, s:s}", "name", person.name, "role", ctl_role_word(person.role)));
}

static void on_enter(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	uint8_t random[CTL_SECRET_OCTETS];
	char ticket[CTL_SECRET_MAX];
	struct ctl_person person;
	int err;

	if (!is_console(a, rq)) {
		return;
	}
	err = getrandom(random, sizeof random, 0) == (ssize_t)sizeof random ? 0 : ERR_IO;
	if (!err) {
		err = ctl_persons_enter(a->persons, ctl_arg_text(args, "link", ""), random, clock_boot_ms(), ticket, &person);
	}
	if (err) {
		refused(a);
		ctl_fail(rq, "%s", err == ERR_AUTH ? "no such link is open" : err_str(err));
		return;
	}
	st_count(a->st, ST_CONSOLE_LOG_INS);
	log_info(a->log, "ctl", "%s logged in at the console with the role %s", person.name, ctl_role_word(person.role));
	ctl_done(rq, json_pack("{s:s, s:s, s:s, s:I}", "ticket", ticket, "name", person.name, "role", ctl_role_word(person.role),
			       "seconds", (json_int_t)(a->cfg->console.session_ms / 1000)));
}

static void on_leave(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);

	if (!is_console(a, rq)) {
		return;
	}
	ctl_persons_leave(a->persons, ctl_arg_text(args, "ticket", ""));
	ctl_done(rq, NULL);
}

const struct ctl_command adm_console_rows[] = {
	{ "console.client", "for the console: serve the person of this connection, who asks for a link", ctl_args_console_client,
	  false, on_client },
	{ "console.enter", "for the console: use a link up", ctl_args_console_enter, false, on_enter },
	{ "console.leave", "for the console: end a log-in", ctl_args_console_leave, false, on_leave },
	{ .name = NULL },
};

int adm_console_person(void *arg, const char *ticket, struct ctl_caller *caller)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	struct ctl_person person;
	int err = ctl_persons_find(a->persons, ticket, clock_boot_ms(), &person);

	if (err) {
		refused(a);
		return err;
	}
	str_set(caller->behalf, sizeof caller->behalf, person.name);
	caller->role = person.role;
	return 0;
}

int adm_console_init(struct adm *a, const struct adm_console *conf)
{
	const struct cfg_console *c = &a->cfg->console;
	struct ctl_persons_conf persons = { c->log_ins, PERSON_MAX, c->session_ms, c->idle_ms };
	struct ctl_server_conf server = {
		.clients_max = CLIENTS_MAX, .user_clients_max = USER_CLIENTS_MAX, .request_wait_ms = CLIENT_WAIT_MS, .log = a->log
	};
	int err;

	a->console = *conf;
	err = ctl_persons_new(&a->persons, &persons);
	if (!err) {
		err = ctl_server_new(&a->login, a->loop, -1, &server);
	}
	if (!err) {
		err = ctl_server_add(a->login, login_rows, a);
	}
	return err;
}

void adm_console_again(struct adm *a, const struct adm_console *conf)
{
	if (!a) {
		return;
	}
	OBJ_CHECK(a, ADM_MAGIC);
	a->console = *conf;
	ctl_server_console(a->ctl, conf->uid != ADM_NO_CONSOLE, conf->uid != geteuid(), conf->uid);
}

void adm_console_fini(struct adm *a)
{
	ctl_server_free(a->login);
	ctl_persons_free(a->persons);
}
