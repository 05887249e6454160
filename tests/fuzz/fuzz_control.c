/* fuzz_control.c - the promises of what an operator hands in: a configuration file, requests on the control socket. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/cfg_iwf.h"
#include "ctl/ctl_commands.h"
#include "net/net_loop.h"
#include "tests/fuzz/fuzz.h"

#define PATH "/etc/f.yaml"
#define TURNS_MAX 200

/* --- configuration: a snapshot that fits together, or one line that names the line --- */

static void check_snapshot(const struct cfg_iwf *c)
{
	promise(c->listen_n >= 1 && c->listen_n <= CFG_LISTEN_MAX && c->peers_n >= 1 && c->peers_n <= CFG_PEERS_MAX,
		"lists have bounds");
	promise(c->s6m.peer_index < c->peers_n && c->t4.peer_index < c->peers_n, "routes name peers");
	for (size_t i = 0; i < c->listen_n; i++) {
		promise(c->listen[i].zone == ZONE_INTERNAL || c->listen[i].protection != PROTECTION_NONE, "outside is protected");
		promise(!protection_has_ndsip(c->listen[i].protection) || c->ndsip.present, "ndsip is described");
		promise(!protection_has_tls(c->listen[i].protection) ||
			    (*c->listen[i].certificate && *c->listen[i].key && c->anchors_n),
			"tls is complete");
	}
	promise(c->dnr.retry_min_ms <= c->dnr.retry_max_ms, "numbers fit together");
}

static void check_words(const char *why)
{
	size_t n = strlen(PATH ":"), digits;

	promise(!strncmp(why, PATH ":", n), "an error names the file");
	digits = strspn(why + n, "0123456789");
	promise(digits && !strncmp(why + n + digits, ": ", 2) && strlen(why) > n + digits + 2,
		"an error names its line and has words");
	for (const char *p = why; *p; p++) {
		promise(*p != '\n' && *p != '\x1b', "an error is one clean line");
	}
}

static void fuzz_config(const char *target, const uint8_t *data, size_t size)
{
	char why[CFG_WHY_MAX] = "";
	struct cfg_iwf *c = NULL;
	int err = cfg_iwf_parse(&c, PATH, data, size, why);

	(void)target;
	if (err) {
		check_words(why);
	} else {
		check_snapshot(c);
	}
	cfg_iwf_free(c);
}

/* --- control socket: whatever comes, each line of a reply is an object, and no request has two last ones --- */

struct dialogue {
	struct net_loop *loop;
	struct net_timer *tick;
	int fd, turns;
	size_t len;
	char got[1 << 20];
};

static void on_any(void *arg, struct ctl_request *rq, const json_t *args)
{
	(void)arg;
	ctl_line(rq, json_copy((json_t *)(uintptr_t)args));
	ctl_done(rq, json_pack("{s:s,s:I,s:i}", "scs", ctl_arg_text(args, "scs", ""), "limit",
			       (json_int_t)ctl_arg_num(args, "limit", 3), "rights",
			       (int)ctl_arg_bits(args, "rights", CTL_WORDS_RIGHTS, 7)));
}

/* One command for each row of arguments (ctl_commands.h). */
static const struct ctl_command commands[] = {
	{ "assoc.add", "", ctl_args_assoc_add, true, on_any },
	{ "assoc.check", "", ctl_args_assoc_check, false, on_any },
	{ "assoc.del", "", ctl_args_assoc_del, true, on_any },
	{ "assoc.export", "", ctl_args_export, false, on_any },
	{ "assoc.import", "", ctl_args_import, true, on_any },
	{ "assoc.list", "", ctl_args_assoc_list, false, on_any },
	{ "assoc.show", "", ctl_args_assoc_show, false, on_any },
	{ "assoc.undo", "", ctl_args_assoc_undo, true, on_any },
	{ "backup.copy", "", ctl_args_backup_copy, true, on_any },
	{ "group.add", "", ctl_args_group_add, true, on_any },
	{ "group.del", "", ctl_args_group_del, true, on_any },
	{ "group.member.add", "", ctl_args_group_member, true, on_any },
	{ "group.set", "", ctl_args_group_set, true, on_any },
	{ "group.show", "", ctl_args_group_name, false, on_any },
	{ "log.level", "", ctl_args_log_level, true, on_any },
	{ "peers.start", "", ctl_args_peer_name, true, on_any },
	{ "quota.reset", "", ctl_args_quota_reset, true, on_any },
	{ "quota.show", "", ctl_args_quota_show, false, on_any },
	{ "scs.add", "", ctl_args_scs_add, true, on_any },
	{ "scs.del", "", ctl_args_scs_del, true, on_any },
	{ "scs.set", "", ctl_args_scs_set, true, on_any },
	{ "scs.show", "", ctl_args_scs_name, false, on_any },
	{ "set.add", "", ctl_args_set_add, true, on_any },
	{ "set.del", "", ctl_args_set_del, true, on_any },
	{ "set.member.add", "", ctl_args_set_member, true, on_any },
	{ "set.set", "", ctl_args_set_set, true, on_any },
	{ "set.show", "", ctl_args_set_show, false, on_any },
	{ "triggers.cancel", "", ctl_args_triggers_cancel, true, on_any },
	{ "triggers.list", "", ctl_args_triggers_list, false, on_any },
	{ "triggers.show", "", ctl_args_triggers_show, false, on_any },
	{ "status", "", NULL, false, on_any },
	{ .name = NULL },
};

/* Reads until the server has closed. */
static void on_tick(void *arg)
{
	struct dialogue *d = arg;
	ssize_t n;

	while ((n = recv(d->fd, d->got + d->len, sizeof d->got - 1 - d->len, MSG_DONTWAIT)) > 0) {
		d->len += (size_t)n;
	}
	if (n == 0 || ++d->turns == TURNS_MAX) {
		net_loop_stop(d->loop);
	} else {
		net_timer_start(d->tick, 1);
	}
}

static void check_replies(char *got, size_t requests)
{
	size_t last = 0;

	for (char *line = got, *end; *line; line = end + 1) {
		json_t *j;

		end = strchr(line, '\n');
		promise(end != NULL, "a reply is whole lines");
		j = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, NULL);
		promise(json_is_object(j), "a line of a reply is an object");
		if (json_object_get(j, "ok")) {
			last++;
		}
		json_decref(j);
	}
	promise(last <= requests, "a request has one last line");
}

static void fuzz_control(const char *target, const uint8_t *data, size_t size)
{
	static struct dialogue d;
	struct ctl_server *s;
	size_t requests = 1;
	int ends[2];

	(void)target;
	memset(&d, 0, sizeof d);
	promise(!net_loop_new(&d.loop) && !net_timer_new(&d.tick, d.loop, on_tick, &d), "a loop");
	promise(!ctl_server_new(&s, d.loop, -1, &(struct ctl_server_conf){ 0 }) && !ctl_server_add(s, commands, NULL),
		"a server");
	promise(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), "a socket");
	promise(!ctl_server_client(s, ends[0], NULL), "a client");
	d.fd = ends[1];
	for (size_t i = 0; i < size; i++) {
		requests += data[i] == '\n';
	}
	promise(send(d.fd, data, size, MSG_NOSIGNAL) >= 0, "the socket of a new client takes octets");
	shutdown(d.fd, SHUT_WR);
	net_timer_start(d.tick, 1);
	promise(!net_loop_run(d.loop), "the loop ends");
	promise(d.turns < TURNS_MAX, "the server closes after its client");
	d.got[d.len] = 0;
	if (strlen(d.got) == d.len) {
		check_replies(d.got, requests);
	}
	ctl_server_free(s);
	net_timer_free(d.tick);
	net_loop_free(d.loop);
	close(d.fd);
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "config") ? fuzz_config : !strcmp(target, "control") ? fuzz_control : NULL;
}
