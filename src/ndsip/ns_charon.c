/* ns_charon.c - see ns_charon.h. What is sent, in this order, as far as it is wanted:
 *
 *   version                 once a connection
 *   list-sas                at first, on the timer, and when the table is not whole; the events
 *                           list-sa between it and its response are the list
 *   get-conns               when the core has sent its list, and on the timer: what an earlier
 *                           helper has left is unloaded, and what somebody else unloaded is
 *                           loaded again
 *   load-cert, flush-certs  revocation lists, after each change of the files
 *   work of the list */
#include "ndsip/ns_charon.h"

#include <stdlib.h>

#include "base/str.h"
#include "ndsip/ns_charon_int.h"

#define IKES_MAX (2u * NS_LIST_MAX)
#define CHILDREN_MAX (4u * NS_LIST_MAX)
#define NAMES_MAX 16384u /* SCSs: the names of more may not fit into a packet of charon */
#define PAUSE_MAX_MS 1000u

struct ns_charon *ns_charon_of(void *arg)
{
	return OBJ_OF(arg, struct ns_charon, NS_CHARON_MAGIC);
}

bool ns_charon_text(char *out, size_t cap, const struct vici_text *t)
{
	size_t n = t->len < cap ? t->len : cap - 1;

	for (size_t i = 0; i < n; i++) {
		out[i] = t->p[i] >= 0x20 && t->p[i] <= 0x7e ? t->p[i] : '?';
	}
	out[n] = 0;
	return n == t->len;
}

/* -- connecting */

static void on_again(void *arg)
{
	struct ns_charon *c = ns_charon_of(arg);

	c->conf.want(c->conf.arg);
}

static void later(struct ns_charon *c)
{
	net_timer_start(c->again, c->pause_ms);
	c->pause_ms = c->pause_ms * 2 < PAUSE_MAX_MS ? c->pause_ms * 2 : PAUSE_MAX_MS;
}

static void away(struct ns_charon *c, const char *why)
{
	str_cut(c->words, sizeof c->words, why);
	if (!c->said_away) {
		c->said_away = true;
		log_error(
		    c->conf.log, "ndsip",
		    "strongSwan is away: %s; no connection is proven until it is back. Is charon running, and is ndsip.vici "
		    "its socket?",
		    why);
	}
}

void ns_charon_open(struct ns_charon *c, int fd, const char *why)
{
	int err;

	OBJ_CHECK(c, NS_CHARON_MAGIC);
	if (fd < 0) {
		away(c, why);
		later(c);
		return;
	}
	err = ns_vici_open(c->vici, fd);
	if (err) {
		away(c, err_str(err));
		later(c);
	}
}

static void on_up(void *arg)
{
	struct ns_charon *c = ns_charon_of(arg);

	c->want_version = c->want_list = c->want_names = true;
	c->crl_anchor = c->crl = 0;
	ns_list_new_charon(c->conf.list);
	ns_charon_step(c);
}

static void on_down(void *arg, const char *why)
{
	struct ns_charon *c = ns_charon_of(arg);

	net_timer_stop(c->check);
	sa_table_clear(c->table);
	if (c->listed) {
		c->counts.losses++;
		c->loss_s = net_loop_real_ms(c->conf.loop) / 1000;
		c->pause_ms = NS_CHARON_PAUSE_FIRST_MS;
	}
	c->listed = c->listing = false;
	away(c, why);
	later(c);
	c->conf.on_change(c->conf.arg);
}

/* -- commands */

struct vici_out ns_charon_begin(const struct ns_charon *c, const char *command)
{
	struct vici_out o = vici_out_over(c->room, NS_CHARON_ROOM);

	vici_put_command(&o, command);
	return o;
}

bool ns_charon_send(struct ns_charon *c, struct vici_out *o, ns_vici_done_fn *done)
{
	int err = ns_vici_send(c->vici, o, done, c);

	if (err && err != ERR_CLOSED) {
		log_error(c->conf.log, "ndsip", "a command for strongSwan cannot be sent: %s", err_str(err));
		ns_vici_close(c->vici, "a command cannot be sent");
	}
	return err == 0;
}

static void on_version(void *arg, int err, const struct vici_packet *response)
{
	struct ns_charon *c = ns_charon_of(arg);
	struct vici_section s = err ? (struct vici_section){ NULL, NULL } : response->message;
	struct vici_element e;

	while (!err && vici_next(&s, &e)) {
		if (e.kind == VICI_VALUE && vici_text_is(&e.key, "version")) {
			(void)ns_charon_text(c->version, sizeof c->version, &e.value);
		}
	}
	ns_charon_step(c);
}

/* -- one command at a time */

static bool send_wanted(struct ns_charon *c)
{
	struct vici_out o;

	if (c->want_version) {
		c->want_version = false;
		o = ns_charon_begin(c, "version");
		return ns_charon_send(c, &o, on_version);
	}
	if (c->want_list) {
		return ns_charon_list(c);
	}
	if (c->want_names && c->conf.list->number && c->conf.list->n <= NAMES_MAX) {
		return ns_charon_names(c);
	}
	return ns_charon_crl(c);
}

void ns_charon_step(struct ns_charon *c)
{
	while (ns_vici_up(c->vici) && !ns_vici_waiting(c->vici) && !c->at) {
		if (send_wanted(c)) {
			return;
		}
		if (!c->files) {
			return; /* no connection can be made without certificates */
		}
		c->at = ns_list_work(c->conf.list, &c->what);
		if (!c->at) {
			return;
		}
		if (ns_charon_send_work(c, c->at)) {
			return;
		}
		if (!ns_vici_up(c->vici) && c->at) {
			struct ns_member *m = c->at;

			c->at = NULL;
			ns_list_undone(c->conf.list, m, c->what);
			return;
		}
		ns_charon_work_ends(c);
	}
}

void ns_charon_work(struct ns_charon *c)
{
	OBJ_CHECK(c, NS_CHARON_MAGIC);
	ns_charon_step(c);
}

/* SCSs that we have to call, and that have lost their children, are called again. */
static void call_again(struct ns_charon *c)
{
	struct ns_member *m;

	TAILQ_FOREACH (m, &c->conf.list->all, entry) {
		if (m->active && !m->gone && m->loaded && m->scs.ike_n && !m->todo && !m->busy && !m->children) {
			ns_list_add_work(c->conf.list, m, NS_TODO_INITIATE);
		}
	}
}

void ns_charon_look(struct ns_charon *c)
{
	OBJ_CHECK(c, NS_CHARON_MAGIC);
	if (!c->listing) {
		c->want_list = true;
	}
	if (c->listed) {
		c->want_names = true;
		call_again(c);
	}
	ns_charon_step(c);
}

void ns_charon_files(struct ns_charon *c, struct ns_files *files, uint32_t generation)
{
	struct ns_files *old = c->files;
	bool changed = false;

	OBJ_CHECK(c, NS_CHARON_MAGIC);
	c->files = files;
	ns_list_files(c->conf.list, files, generation);
	c->crl_anchor = c->crl = 0;
	for (size_t i = 0; old && i < files->anchors_n; i++) {
		const struct ns_anchor *a = &files->anchors[i];

		const struct ns_anchor *before = ns_files_anchor(old, a->name);

		if (!ns_files_same_anchor(a, before) || before->refused[0]) { /* charon may take it now */
			ns_list_new_anchor(c->conf.list, a->name);
			changed = true;
		}
	}
	if (old && !ns_files_same_certificate(old, files)) {
		ns_list_new_certificate(c->conf.list);
	}
	ns_files_free(old);
	if (changed) {
		c->conf.on_change(c->conf.arg); /* what was proven to an anchor of before is held */
	}
	ns_charon_step(c);
}

/* -- life */

static void on_check(void *arg)
{
	ns_charon_look(ns_charon_of(arg));
}

int ns_charon_new(struct ns_charon **out, const struct ns_charon_conf *conf)
{
	struct ns_charon *c = calloc(1, sizeof *c);
	int err = ERR_NOMEM;

	if (!c) {
		return ERR_NOMEM;
	}
	obj_begin(&c->obj, NS_CHARON_MAGIC);
	c->conf = *conf;
	c->pause_ms = NS_CHARON_PAUSE_FIRST_MS;
	c->room = malloc(NS_CHARON_ROOM);
	if (c->room) {
		struct sa_table_conf table = { IKES_MAX, CHILDREN_MAX, conf->services };

		err = sa_table_new(&c->table, &table);
	}
	if (!err) {
		struct ns_vici_conf vici = { .loop = conf->loop,
					     .log = conf->log,
					     .on_up = on_up,
					     .on_event = ns_charon_on_event,
					     .on_down = on_down,
					     .arg = c };

		err = ns_vici_new(&c->vici, &vici);
	}
	if (!err) {
		err = net_timer_new(&c->again, conf->loop, on_again, c);
	}
	if (!err) {
		err = net_timer_new(&c->check, conf->loop, on_check, c);
	}
	if (err) {
		ns_charon_free(c);
		return err;
	}
	net_timer_start(c->again, 0);
	*out = c;
	return 0;
}

void ns_charon_free(struct ns_charon *c)
{
	if (!c) {
		return;
	}
	OBJ_CHECK(c, NS_CHARON_MAGIC);
	ns_vici_free(c->vici);
	net_timer_free(c->again);
	net_timer_free(c->check);
	sa_table_free(c->table);
	ns_files_free(c->files);
	free(c->room);
	OBJ_END(c, NS_CHARON_MAGIC);
	free(c);
}

bool ns_charon_there(const struct ns_charon *c)
{
	return c->listed;
}

const struct sa_table *ns_charon_table(const struct ns_charon *c)
{
	return c->table;
}

struct ns_charon_counts ns_charon_counts(const struct ns_charon *c)
{
	return c->counts;
}

const char *ns_charon_version(const struct ns_charon *c)
{
	return c->version;
}

const char *ns_charon_words(const struct ns_charon *c)
{
	return c->words;
}

uint64_t ns_charon_loss_s(const struct ns_charon *c)
{
	return c->loss_s;
}
