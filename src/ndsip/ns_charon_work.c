/* ns_charon_work.c - what the list of SCSs wants done about one of them: load, unload, terminate,
 * initiate. */
#include <stdio.h>
#include <string.h>

#include "ndsip/ns_charon_int.h"

void ns_charon_work_ends(struct ns_charon *c)
{
	struct ns_member *m = c->at;

	c->at = NULL;
	ns_list_done(c->conf.list, m);
}

/* Unloads the older connection that charon has under this name. Otherwise the peer would still be
 * proven by an anchor or by hosts that are no longer provisioned. */
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
	struct ns_charon *c = ns_charon_of(arg);
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
	ns_charon_work_ends(c);
	if (ended) {
		c->conf.on_hosts(c->conf.arg);
	}
	ns_charon_step(c);
}

struct conn_room { /* of sa_conn, which borrows */
	char ike[NS_IKE_MAX][SA_ADDRESS_TEXT_MAX];
	const char *ike_p[NS_IKE_MAX];
	struct sa_blob cas[SA_CACERTS_MAX];
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

/* The certificates of all its trust anchors, but of those by which nobody is proven now. When there
 * are more than fit, sa_conn_check() refuses them all. */
static void make_cacerts(struct sa_conn *out, struct conn_room *room, const struct ns_files *files, const struct ns_scs *s)
{
	char names[ANCHOR_LIST_MAX][IDENT_SCS_MAX + 1];
	uint8_t n = anchor_list_split(names, s->anchor);

	out->cacerts = room->cas;
	for (uint8_t i = 0; i < n; i++) {
		const struct ns_anchor *a = ns_files_anchor(files, names[i]);

		for (size_t k = 0; a && !a->refused[0] && k < a->cas_n; k++) {
			if (out->cacerts_n < SA_CACERTS_MAX) {
				room->cas[out->cacerts_n] = a->cas[k];
			}
			out->cacerts_n++;
		}
	}
}

/* Why nobody is proven by any of its trust anchors; NULL: by one of them it may be. */
static const char *refused_by(const struct ns_files *files, const struct ns_scs *s)
{
	char names[ANCHOR_LIST_MAX][IDENT_SCS_MAX + 1];
	uint8_t n = anchor_list_split(names, s->anchor);
	const char *why = NULL;

	for (uint8_t i = 0; i < n; i++) {
		const struct ns_anchor *a = ns_files_anchor(files, names[i]);

		if (a && !a->refused[0]) {
			return NULL;
		}
		why = !why && a ? a->refused : why;
	}
	return why;
}

static void make_conn(struct sa_conn *out, struct conn_room *room, const struct ns_charon *c, const struct ns_member *m)
{
	static const char *const any[] = { "%any" };
	const struct ns_params *p = &c->conf.params;

	*out = (struct sa_conn){ .scs = m->scs.name,
				 .local_ike = p->local_ike,
				 .remote_ike = { m->scs.ike_n ? room->ike_p : any, m->scs.ike_n ? m->scs.ike_n : 1 },
				 .local_id = p->local_id,
				 .remote_id = m->scs.identity,
				 .certificate = ns_files_certificate(c->files),
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
	make_cacerts(out, room, c->files, &m->scs);
	make_selectors(out, room, p, &m->scs);
}

/* False: it is not sent, because it was refused here or charon takes no command. */
static bool send_load(struct ns_charon *c, struct ns_member *m)
{
	const char *refused = refused_by(c->files, &m->scs);
	char why[SA_CONN_WHY_MAX];
	struct conn_room room;
	struct sa_conn conn;
	struct vici_out o;

	if (refused) {
		refuse(c, m, refused);
		return false;
	}
	make_conn(&conn, &room, c, m);
	if (sa_conn_check(&conn, why)) {
		refuse(c, m, why);
		return false;
	}
	o = vici_out_over(c->room, NS_CHARON_ROOM);
	sa_conn_load(&o, &conn);
	return ns_charon_send(c, &o, on_work);
}

static bool send_about(struct ns_charon *c, struct ns_member *m, enum ns_todo what)
{
	struct vici_out o = ns_charon_begin(c, what == NS_TODO_UNLOAD ? "unload-conn" : "terminate");

	vici_put_value(&o, what == NS_TODO_UNLOAD ? "name" : "ike", m->connection);
	if (what == NS_TODO_TERMINATE) {
		m->ended_to = sa_table_newest(c->table);
		vici_put_value(&o, "force", "yes");
		vici_put_value(&o, "timeout", "-1"); /* the events say when */
	}
	return ns_charon_send(c, &o, on_work);
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
	o = ns_charon_begin(c, "initiate");
	vici_put_value(&o, "ike", m->connection);
	vici_put_value(&o, "child", child);
	vici_put_value(&o, "timeout", "-1");
	return ns_charon_send(c, &o, on_initiated);
}

static void on_initiated(void *arg, int err, const struct vici_packet *response)
{
	struct ns_charon *c = ns_charon_of(arg);
	struct ns_member *m = c->at;

	(void)response;
	if (err == ERR_CLOSED) {
		c->at = NULL;
		ns_list_undone(c->conf.list, m, NS_TODO_INITIATE);
		return;
	}
	if (!send_initiate(c, m)) {
		ns_charon_work_ends(c);
		ns_charon_step(c);
	}
}

bool ns_charon_send_work(struct ns_charon *c, struct ns_member *m)
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
