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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "base/str.h"
#include "ndsip/ns_vici.h"

#define IKES_MAX (2u * NS_LIST_MAX)
#define CHILDREN_MAX (4u * NS_LIST_MAX)
#define NAMES_MAX 16384u /* SCSs: the names of more may not fit into a packet of charon */
#define PAUSE_FIRST_MS 100u
#define PAUSE_MAX_MS 1000u
#define LIFE_STEP_MS 250u /* between two lists while the time of a child is almost over */
#define ROOM (VICI_LENGTH_LEN + VICI_PACKET_MAX)

#define NS_CHARON_MAGIC 0x2fb8104du
struct ns_charon {
	struct obj obj;
	struct ns_charon_conf conf;
	struct ns_vici *vici;
	struct sa_table *table;
	struct ns_files *files; /* NULL: none yet */
	struct net_timer *again, *check;
	uint64_t check_at_ms; /* when the list is read again */
	uint64_t life_ms;     /* when the time of a child is almost over; UINT64_MAX: none was named */
	uint64_t pause_ms;
	bool listed;  /* a list was whole since the connection came up */
	bool listing; /* list-sas is on its way */
	bool want_version, want_list, want_names;
	size_t crl_anchor, crl;     /* the next list to load */
	struct ns_files *crl_files; /* of the one that is on its way; NULL: none */
	size_t crl_of;              /* its anchor */
	bool want_flush;            /* one was loaded */
	struct ns_member *at;       /* its work is on its way; NULL: none */
	enum ns_todo what;
	size_t host; /* of INITIATE: the child that is on its way */
	uint8_t *room;
	char version[NS_VERSION_MAX], words[NS_WORDS_MAX];
	uint64_t loss_s;
	struct ns_charon_counts counts;
	bool said_away;
};
OBJ_FIRST(struct ns_charon);

static void step(struct ns_charon *c);

static struct ns_charon *charon_of(void *arg)
{
	return OBJ_OF(arg, struct ns_charon, NS_CHARON_MAGIC);
}

static bool text_put(char *out, size_t cap, const struct vici_text *t)
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
	struct ns_charon *c = charon_of(arg);

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
	struct ns_charon *c = charon_of(arg);

	c->want_version = c->want_list = c->want_names = true;
	c->crl_anchor = c->crl = 0;
	ns_list_new_charon(c->conf.list);
	step(c);
}

static void on_down(void *arg, const char *why)
{
	struct ns_charon *c = charon_of(arg);

	net_timer_stop(c->check);
	sa_table_clear(c->table);
	if (c->listed) {
		c->counts.losses++;
		c->loss_s = net_loop_real_ms(c->conf.loop) / 1000;
		c->pause_ms = PAUSE_FIRST_MS;
	}
	c->listed = c->listing = false;
	away(c, why);
	later(c);
	c->conf.on_change(c->conf.arg);
}

/* -- events */

static void check_after(struct ns_charon *c, uint64_t wait_ms)
{
	c->check_at_ms = net_loop_now_ms(c->conf.loop) + wait_ms;
	net_timer_start(c->check, wait_ms);
}

/* charon says nothing when the time of a child is over and the other end does not answer: the list
 * has to be read then. A number of seconds is up to one second too large or too small. */
static void note_life(struct ns_charon *c, const struct sa_child_view *child)
{
	uint64_t wait = child->life_s > 1 ? (child->life_s - 1) * UINT64_C(1000) : LIFE_STEP_MS;
	uint64_t at = net_loop_now_ms(c->conf.loop) + wait;

	if (!sa_child_carries(child->state) || child->life_s == SA_LIFE_UNKNOWN || at >= c->life_ms) {
		return;
	}
	c->life_ms = at;
	if (!c->listing && at < c->check_at_ms) {
		check_after(c, wait);
	}
}

static void note_lives(struct ns_charon *c, const struct vici_packet *packet)
{
	struct sa_child_view child;
	struct sa_report r;
	uint32_t old;

	if (sa_report_read(&r, packet)) {
		return;
	}
	if (r.event == SA_CHILD_REKEY) {
		while (sa_rekeyed_next(&r.ike.children, &child, &old) == 0) {
			note_life(c, &child);
		}
	} else {
		while (sa_child_next(&r.ike.children, &child) == 0) {
			note_life(c, &child);
		}
	}
}

/* An event about some hosts changes nothing for the connections to others. */
static void tell(struct ns_charon *c)
{
	struct sa_touched touched;

	sa_table_touched(c->table, &touched);
	for (uint8_t i = 0; i < touched.n; i++) {
		c->conf.on_host(c->conf.arg, &touched.hosts[i]);
	}
	if (touched.all) {
		c->conf.on_change(c->conf.arg);
	} else {
		c->conf.on_hosts(c->conf.arg);
	}
}

/* A peer that makes children without end is cut off before they hold up the others. */
static void end_crowded(struct ns_charon *c)
{
	const struct sa_ike *ike = sa_table_crowded(c->table);
	struct ns_member *m = ike ? ns_list_of(c->conf.list, ike->connection) : NULL;

	if (m && !(m->todo & NS_TODO_TERMINATE) && ike->first > m->ended_to) {
		log_warn(c->conf.log, "ndsip", "%s has more than %u children in one IKE_SA, which is terminated", m->scs.name,
			 SA_IKE_CHILDREN_MAX);
		ns_list_add_work(c->conf.list, m, NS_TODO_TERMINATE | (m->scs.ike_n ? NS_TODO_INITIATE : 0u));
	}
}

static void on_event(void *arg, const struct vici_packet *packet)
{
	struct ns_charon *c = charon_of(arg);
	bool of_list = vici_text_is(&packet->name, "list-sa");
	int err = sa_table_event(c->table, packet);

	if (err == ERR_NOTFOUND) {
		return;
	}
	c->counts.events += !of_list;
	if (err) { /* what is in it cannot be known: no proof until a list is whole */
		log_warn(c->conf.log, "ndsip", "an event of strongSwan could not be taken over (%s); all are listed again",
			 err_str(err));
		c->want_list = true;
	}
	if (!err) {
		note_lives(c, packet);
		end_crowded(c);
	}
	if (of_list) {
		return; /* its end tells all */
	}
	tell(c);
	step(c);
}

/* -- lists */

static void on_check(void *arg)
{
	ns_charon_look(charon_of(arg));
}

static void back(struct ns_charon *c)
{
	c->listed = true;
	c->pause_ms = PAUSE_FIRST_MS;
	c->words[0] = 0;
	log_info(c->conf.log, "ndsip", "strongSwan%s%s is connected; it lists %u IKE_SAs and %u children", *c->version ? " " : "",
		 c->version, sa_table_counts(c->table).ikes, sa_table_counts(c->table).children);
	c->said_away = false;
}

static void next_check(struct ns_charon *c)
{
	uint64_t now = net_loop_now_ms(c->conf.loop), at = now + c->conf.check_ms;

	at = c->life_ms < at ? c->life_ms : at;
	check_after(c, at > now ? at - now : LIFE_STEP_MS);
}

static void on_listed(void *arg, int err, const struct vici_packet *response)
{
	struct ns_charon *c = charon_of(arg);

	(void)response;
	c->listing = false;
	if (err) {
		sa_table_list_cancel(c->table);
		if (err == ERR_NOTFOUND) {
			ns_vici_close(c->vici, "this strongSwan does not know the command list-sas");
		}
		return;
	}
	c->counts.lists++;
	err = sa_table_list_end(c->table);
	if (err) {
		str_cut(c->words, sizeof c->words, "the list of security associations could not be taken over");
		log_error(c->conf.log, "ndsip", "the list of security associations could not be taken over: %s", err_str(err));
	} else if (!c->listed) {
		back(c);
	} else {
		c->words[0] = 0;
	}
	next_check(c);
	tell(c); /* the end of a list is about all */
	step(c);
}

/* -- commands */

static struct vici_out begin(const struct ns_charon *c, const char *command)
{
	struct vici_out o = vici_out_over(c->room, ROOM);

	vici_put_command(&o, command);
	return o;
}

/* False: charon takes no command now; what was wanted is wanted still. */
static bool send_out(struct ns_charon *c, struct vici_out *o, ns_vici_done_fn *done)
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
	struct ns_charon *c = charon_of(arg);
	struct vici_section s = err ? (struct vici_section){ NULL, NULL } : response->message;
	struct vici_element e;

	while (!err && vici_next(&s, &e)) {
		if (e.kind == VICI_VALUE && vici_text_is(&e.key, "version")) {
			(void)text_put(c->version, sizeof c->version, &e.value);
		}
	}
	step(c);
}

static void on_names(void *arg, int err, const struct vici_packet *response)
{
	struct ns_charon *c = charon_of(arg);
	struct vici_section s = err ? (struct vici_section){ NULL, NULL } : response->message;
	struct vici_element e;
	struct vici_text item;
	char name[SA_CONN_NAME_MAX];

	if (err) {
		step(c);
		return;
	}
	ns_list_names_begin(c->conf.list);
	while (vici_next(&s, &e)) {
		while (e.kind == VICI_LIST && vici_item(&e.inside, &item)) {
			if (text_put(name, sizeof name, &item)) {
				ns_list_name(c->conf.list, name);
			}
		}
	}
	ns_list_names_end(c->conf.list);
	step(c);
}

/* The anchor whose list is on its way; NULL: it is a flush, or the files are others by now. */
static struct ns_anchor *crl_anchor(const struct ns_charon *c)
{
	return c->files && c->files == c->crl_files ? &c->files->anchors[c->crl_of] : NULL;
}

/* What charon has of this anchor is older: its SCSs are refused when they are loaded. */
static void on_crl(void *arg, int err, const struct vici_packet *response)
{
	struct ns_charon *c = charon_of(arg);
	struct ns_anchor *a = crl_anchor(c);
	char why[128] = "";

	c->crl_files = NULL;
	if (err ? err != ERR_CLOSED : !ns_vici_success(response, why, sizeof why)) {
		log_error(c->conf.log, "ndsip", "strongSwan refused a revocation list: %s", *why ? why : err_str(err));
		if (a) {
			ns_files_refuse(a, *why ? why : err_str(err));
			ns_list_new_anchor(c->conf.list, a->name);
		}
	}
	step(c);
}

/* The next revocation list; false: there is none. Behind the last one, what charon remembers of
 * lists that it has used is flushed: it would go on to use those as long as they are in force. */
static bool send_crl(struct ns_charon *c)
{
	struct vici_out o;

	while (c->files && c->crl_anchor < c->files->anchors_n) {
		const struct ns_anchor *a = &c->files->anchors[c->crl_anchor];

		if (c->crl == a->crls_n) {
			c->crl_anchor++;
			c->crl = 0;
			continue;
		}
		c->want_flush = true;
		c->crl_files = c->files;
		c->crl_of = c->crl_anchor;
		o = begin(c, "load-cert");
		vici_put_value(&o, "type", "X509_CRL");
		vici_put_value(&o, "flag", "NONE");
		vici_put_octets(&o, "data", a->crls[c->crl].p, a->crls[c->crl].len);
		c->crl++;
		return send_out(c, &o, on_crl);
	}
	if (c->want_flush) {
		c->want_flush = false;
		c->crl_files = NULL;
		o = begin(c, "flush-certs");
		vici_put_value(&o, "type", "X509_CRL");
		return send_out(c, &o, on_crl);
	}
	return false;
}

/* -- work */

static void work_ends(struct ns_charon *c)
{
	struct ns_member *m = c->at;

	c->at = NULL;
	ns_list_done(c->conf.list, m);
}

/* What charon has under this name is of before, and is taken from it: else the peer would go on to
 * be proven by an anchor or by hosts that are no longer provisioned. */
static void refuse(struct ns_charon *c, struct ns_member *m, const char *why)
{
	if (!m->refused || strcmp(m->words, why) != 0) {
		log_error(c->conf.log, "ndsip", "SCS %s has no NDS/IP: %s", m->scs.name, why);
	}
	ns_list_loaded(c->conf.list, m, why);
	ns_list_add_work(c->conf.list, m, NS_TODO_UNLOAD | NS_TODO_TERMINATE);
	c->conf.on_change(c->conf.arg);
}

static void on_work(void *arg, int err, const struct vici_packet *response)
{
	struct ns_charon *c = charon_of(arg);
	struct ns_member *m = c->at;
	char why[160] = "", words[NS_WORDS_MAX];
	bool ended;

	if (err == ERR_CLOSED) {
		c->at = NULL;
		ns_list_undone(c->conf.list, m, c->what);
		return;
	}
	if (c->what == NS_TODO_LOAD && !err && ns_vici_success(response, why, sizeof why)) {
		ns_list_loaded(c->conf.list, m, NULL);
		c->conf.on_hosts(c->conf.arg);
	} else if (c->what == NS_TODO_LOAD) {
		snprintf(words, sizeof words, "strongSwan refused its connection: %s", err ? "it does not know load-conn" : why);
		refuse(c, m, words);
	}
	/* UNLOAD, TERMINATE and INITIATE fail when there is nothing to end, or as the peer wants:
	 * the table says what is. */
	ended = c->what == NS_TODO_TERMINATE;
	work_ends(c);
	if (ended) {
		c->conf.on_hosts(c->conf.arg);
	}
	step(c);
}

struct conn_room { /* of sa_conn, which borrows */
	char ike[NS_IKE_MAX][SA_ADDRESS_TEXT_MAX];
	const char *ike_p[NS_IKE_MAX];
	struct sa_ts hosts[NS_HOSTS_MAX];
	struct sa_ts local[NS_ENDS_MAX]; /* of a peer */
};

static struct sa_ts host_of(const struct sa_address *a, uint8_t protocol, uint16_t port)
{
	return (struct sa_ts){ .from = *a, .to = *a, .protocol = protocol, .port_from = port, .port_to = port ? port : 65535 };
}

/* Connections to a peer begin at any port of ours, and those of an SCS at any of its own. */
static void make_selectors(struct sa_conn *out, struct conn_room *room, const struct ns_params *p, const struct ns_scs *s)
{
	const struct ns_service *to = &s->service;
	uint8_t protocol = to->port ? to->protocol : p->local_n ? p->local[0].protocol : SA_TCP;

	for (uint8_t i = 0; i < s->hosts_n; i++) {
		room->hosts[i] = host_of(&s->hosts[i], protocol, to->port);
	}
	out->remote = room->hosts;
	out->remote_n = s->hosts_n;
	out->we_connect = to->port != 0;
	for (uint8_t i = 0; i < to->local_n; i++) {
		room->local[i] = host_of(&to->local[i], protocol, 0);
	}
	out->local = to->port ? room->local : p->local;
	out->local_n = to->port ? to->local_n : p->local_n;
}

static void make_conn(struct sa_conn *out, struct conn_room *room, const struct ns_charon *c, const struct ns_member *m)
{
	static const char *const any[] = { "%any" };
	const struct ns_params *p = &c->conf.params;
	const struct ns_anchor *a = ns_files_anchor(c->files, m->scs.anchor);

	*out = (struct sa_conn){ .scs = m->scs.name,
				 .local_ike = p->local_ike,
				 .remote_ike = { m->scs.ike_n ? room->ike_p : any, m->scs.ike_n ? m->scs.ike_n : 1 },
				 .local_id = p->local_id,
				 .remote_id = m->scs.identity,
				 .certificate = ns_files_certificate(c->files),
				 .cacerts = a ? a->cas : NULL,
				 .cacerts_n = a ? a->cas_n : 0,
				 .ike_proposals = p->ike_proposals,
				 .esp_proposals = p->esp_proposals,
				 .child_rekey_s = p->child_rekey_s,
				 .ike_rekey_s = p->ike_rekey_s,
				 .reauth_s = p->reauth_s,
				 .udp_encap = p->udp_encap };
	for (uint8_t i = 0; i < m->scs.ike_n; i++) {
		sa_address_text(room->ike[i], &m->scs.ike[i]);
		room->ike_p[i] = room->ike[i];
	}
	make_selectors(out, room, p, &m->scs);
}

/* False: it is not sent, because it was refused here or charon takes no command. */
static bool send_load(struct ns_charon *c, struct ns_member *m)
{
	const struct ns_anchor *a = ns_files_anchor(c->files, m->scs.anchor);
	char why[SA_CONN_WHY_MAX];
	struct conn_room room;
	struct sa_conn conn;
	struct vici_out o;

	if (a && a->refused[0]) {
		refuse(c, m, a->refused);
		return false;
	}
	make_conn(&conn, &room, c, m);
	if (sa_conn_check(&conn, why)) {
		refuse(c, m, why);
		return false;
	}
	o = vici_out_over(c->room, ROOM);
	sa_conn_load(&o, &conn);
	return send_out(c, &o, on_work);
}

static bool send_about(struct ns_charon *c, struct ns_member *m, enum ns_todo what)
{
	struct vici_out o = begin(c, what == NS_TODO_UNLOAD ? "unload-conn" : "terminate");

	vici_put_value(&o, what == NS_TODO_UNLOAD ? "name" : "ike", m->connection);
	if (what == NS_TODO_TERMINATE) {
		m->ended_to = sa_table_newest(c->table);
		vici_put_value(&o, "force", "yes");
		vici_put_value(&o, "timeout", "-1"); /* the events say when */
	}
	return send_out(c, &o, on_work);
}

/* One that charon is ending is none. */
static bool has_child(const struct ns_charon *c, const struct ns_member *m, const struct sa_address *host)
{
	const struct sa_selector *s = sa_table_first(c->table, host);

	for (; s; s = sa_table_next(c->table, s)) {
		if (s->child->state == SA_CHILD_INSTALLED && sa_ts_holds_address(&s->ts, host) &&
		    s->child->ike->first > m->ended_to && !strcmp(s->child->ike->connection, m->connection)) {
			return true;
		}
	}
	return false;
}

static void on_initiated(void *arg, int err, const struct vici_packet *response);

/* The next child that is not there; false: none, or charon takes no command. */
static bool send_initiate(struct ns_charon *c, struct ns_member *m)
{
	char child[32];
	struct vici_out o;

	while (c->host < m->scs.hosts_n && has_child(c, m, &m->scs.hosts[c->host])) {
		c->host++;
	}
	if (c->host >= m->scs.hosts_n || !m->loaded || m->gone) {
		return false;
	}
	snprintf(child, sizeof child, "host-%zu", ++c->host);
	o = begin(c, "initiate");
	vici_put_value(&o, "ike", m->connection);
	vici_put_value(&o, "child", child);
	vici_put_value(&o, "timeout", "-1");
	return send_out(c, &o, on_initiated);
}

static void on_initiated(void *arg, int err, const struct vici_packet *response)
{
	struct ns_charon *c = charon_of(arg);
	struct ns_member *m = c->at;

	(void)response;
	if (err == ERR_CLOSED) {
		c->at = NULL;
		ns_list_undone(c->conf.list, m, NS_TODO_INITIATE);
		return;
	}
	if (!send_initiate(c, m)) {
		work_ends(c);
		step(c);
	}
}

static bool send_work(struct ns_charon *c, struct ns_member *m)
{
	switch (c->what) {
	case NS_TODO_LOAD:
		return send_load(c, m);
	case NS_TODO_INITIATE:
		c->host = 0;
		return send_initiate(c, m);
	default:
		return send_about(c, m, c->what);
	}
}

/* -- one command at a time */

static bool send_list(struct ns_charon *c)
{
	struct vici_out o = begin(c, "list-sas");

	if (!send_out(c, &o, on_listed)) {
		return false;
	}
	c->want_list = false;
	c->listing = true;
	c->life_ms = UINT64_MAX;
	sa_table_list_begin(c->table);
	return true;
}

static bool send_wanted(struct ns_charon *c)
{
	struct vici_out o;

	if (c->want_version) {
		c->want_version = false;
		o = begin(c, "version");
		return send_out(c, &o, on_version);
	}
	if (c->want_list) {
		return send_list(c);
	}
	if (c->want_names && c->conf.list->number && c->conf.list->n <= NAMES_MAX) {
		c->want_names = false;
		o = begin(c, "get-conns");
		return send_out(c, &o, on_names);
	}
	return send_crl(c);
}

static void step(struct ns_charon *c)
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
		if (send_work(c, c->at)) {
			return;
		}
		if (!ns_vici_up(c->vici) && c->at) {
			struct ns_member *m = c->at;

			c->at = NULL;
			ns_list_undone(c->conf.list, m, c->what);
			return;
		}
		work_ends(c);
	}
}

void ns_charon_work(struct ns_charon *c)
{
	OBJ_CHECK(c, NS_CHARON_MAGIC);
	step(c);
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
	step(c);
}

void ns_charon_files(struct ns_charon *c, struct ns_files *files, uint32_t generation)
{
	struct ns_files *old = c->files;
	bool changed = false;

	OBJ_CHECK(c, NS_CHARON_MAGIC);
	c->files = files;
	c->conf.list->files = generation;
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
	step(c);
}

/* -- life */

int ns_charon_new(struct ns_charon **out, const struct ns_charon_conf *conf)
{
	struct ns_charon *c = calloc(1, sizeof *c);
	int err = ERR_NOMEM;

	if (!c) {
		return ERR_NOMEM;
	}
	obj_begin(&c->obj, NS_CHARON_MAGIC);
	c->conf = *conf;
	c->pause_ms = PAUSE_FIRST_MS;
	c->room = malloc(ROOM);
	if (c->room) {
		struct sa_table_conf table = { IKES_MAX, CHILDREN_MAX, conf->services };

		err = sa_table_new(&c->table, &table);
	}
	if (!err) {
		struct ns_vici_conf vici = {
			.loop = conf->loop, .log = conf->log, .on_up = on_up, .on_event = on_event, .on_down = on_down, .arg = c
		};

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
