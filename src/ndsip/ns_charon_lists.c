/* ns_charon_lists.c - what there is at charon: its events, its list of security associations, its
 * list of connections. */
#include "base/str.h"
#include "ndsip/ns_charon_int.h"

/* -- events */

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

void ns_charon_on_event(void *arg, const struct vici_packet *packet)
{
	struct ns_charon *c = ns_charon_of(arg);
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
		ns_charon_note_lives(c, packet);
		end_crowded(c);
	}
	if (of_list) {
		return; /* its end tells all */
	}
	tell(c);
	ns_charon_step(c);
}

/* -- lists */

static void back(struct ns_charon *c)
{
	c->listed = true;
	c->pause_ms = NS_CHARON_PAUSE_FIRST_MS;
	c->words[0] = 0;
	log_info(c->conf.log, "ndsip", "strongSwan%s%s is connected; it lists %u IKE_SAs and %u children", *c->version ? " " : "",
		 c->version, sa_table_counts(c->table).ikes, sa_table_counts(c->table).children);
	c->said_away = false;
}

static void on_listed(void *arg, int err, const struct vici_packet *response)
{
	struct ns_charon *c = ns_charon_of(arg);

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
	ns_charon_next_check(c);
	tell(c); /* the end of a list is about all */
	ns_charon_step(c);
}

bool ns_charon_list(struct ns_charon *c)
{
	struct vici_out o = ns_charon_begin(c, "list-sas");

	if (!ns_charon_send(c, &o, on_listed)) {
		return false;
	}
	c->want_list = false;
	c->listing = true;
	c->life_ms = UINT64_MAX;
	sa_table_list_begin(c->table);
	return true;
}

static void on_names(void *arg, int err, const struct vici_packet *response)
{
	struct ns_charon *c = ns_charon_of(arg);
	struct vici_section s = err ? (struct vici_section){ NULL, NULL } : response->message;
	struct vici_element e;
	struct vici_text item;
	char name[SA_CONN_NAME_MAX];

	if (err) {
		ns_charon_step(c);
		return;
	}
	ns_list_names_begin(c->conf.list);
	while (vici_next(&s, &e)) {
		while (e.kind == VICI_LIST && vici_item(&e.inside, &item)) {
			if (ns_charon_text(name, sizeof name, &item)) {
				ns_list_name(c->conf.list, name);
			}
		}
	}
	ns_list_names_end(c->conf.list);
	ns_charon_step(c);
}

bool ns_charon_names(struct ns_charon *c)
{
	struct vici_out o = ns_charon_begin(c, "get-conns");

	c->want_names = false;
	return ns_charon_send(c, &o, on_names);
}
