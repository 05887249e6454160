/* ns_list.c - see ns_list.h. */
#include "ndsip/ns_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

int ns_list_init(struct ns_list *l)
{
	*l = (struct ns_list){ .number = 0 };
	TAILQ_INIT(&l->all);
	TAILQ_INIT(&l->urgent);
	TAILQ_INIT(&l->work);
	TAILQ_INIT(&l->saying);
	return map_init(&l->by_name);
}

static struct ns_member *find_any(const struct ns_list *l, const char *name)
{
	return MAP_OF(map_find(&l->by_name, name, (uint32_t)strlen(name)), struct ns_member, node);
}

struct ns_member *ns_list_find(const struct ns_list *l, const char *name)
{
	struct ns_member *m = find_any(l, name);

	return m && m->active && !m->gone ? m : NULL;
}

struct ns_member *ns_list_of(const struct ns_list *l, const char *connection)
{
	size_t len = strlen(SA_CONN_PREFIX);

	return strncmp(connection, SA_CONN_PREFIX, len) != 0 ? NULL : ns_list_find(l, connection + len);
}

/* -- work */

static bool is_urgent(const struct ns_member *m)
{
	return m->todo & (NS_TODO_TERMINATE | NS_TODO_UNLOAD);
}

static void unqueue(struct ns_list *l, struct ns_member *m)
{
	if (m->todo && !m->busy) {
		TAILQ_REMOVE(is_urgent(m) ? &l->urgent : &l->work, m, work);
	}
}

static void queue(struct ns_list *l, struct ns_member *m)
{
	if (m->todo && !m->busy) {
		TAILQ_INSERT_TAIL(is_urgent(m) ? &l->urgent : &l->work, m, work);
	}
}

static void member_free(struct ns_list *l, struct ns_member *m)
{
	unqueue(l, m);
	if (m->unsaid) {
		TAILQ_REMOVE(&l->saying, m, saying);
	}
	map_del(&l->by_name, &m->node);
	TAILQ_REMOVE(&l->all, m, entry);
	free(m->next);
	OBJ_END(m, NS_MEMBER_MAGIC);
	free(m);
}

void ns_list_fini(struct ns_list *l)
{
	struct ns_member *m;

	if (!l->all.tqh_last) {
		return;
	}
	while ((m = TAILQ_FIRST(&l->all))) {
		member_free(l, m);
	}
	map_fini(&l->by_name);
}

static void end_if_gone(struct ns_list *l, struct ns_member *m)
{
	if (m->gone && !m->todo && !m->busy && !m->next) {
		member_free(l, m);
	}
}

void ns_list_add_work(struct ns_list *l, struct ns_member *m, unsigned todo)
{
	OBJ_CHECK(m, NS_MEMBER_MAGIC);
	unqueue(l, m);
	m->todo |= todo;
	queue(l, m);
}

struct ns_member *ns_list_work(struct ns_list *l, enum ns_todo *what)
{
	static const enum ns_todo order[] = { NS_TODO_UNLOAD, NS_TODO_LOAD, NS_TODO_TERMINATE, NS_TODO_INITIATE };
	struct ns_member *m = TAILQ_FIRST(&l->urgent);

	if (!m) {
		m = TAILQ_FIRST(&l->work);
	}
	if (!m) {
		return NULL;
	}
	unqueue(l, m);
	*what = NS_TODO_INITIATE;
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		if (m->todo & order[i]) {
			*what = order[i];
			break;
		}
	}
	m->todo &= ~(unsigned)*what;
	m->busy = true;
	m->ending = *what == NS_TODO_TERMINATE;
	return m;
}

void ns_list_done(struct ns_list *l, struct ns_member *m)
{
	OBJ_CHECK(m, NS_MEMBER_MAGIC);
	m->busy = m->ending = false;
	queue(l, m);
	end_if_gone(l, m);
}

void ns_list_undone(struct ns_list *l, struct ns_member *m, enum ns_todo what)
{
	OBJ_CHECK(m, NS_MEMBER_MAGIC);
	m->busy = m->ending = false;
	m->todo |= what;
	queue(l, m);
}

bool ns_list_owes(const struct ns_list *l)
{
	const struct ns_member *m;

	TAILQ_FOREACH (m, &l->all, entry) {
		if (m->ending || m->todo & NS_TODO_TERMINATE) {
			return true;
		}
	}
	return false;
}

static unsigned from_the_start(const struct ns_member *m)
{
	return NS_TODO_LOAD | (m->scs.ike_n ? NS_TODO_INITIATE : 0u);
}

static void set_loaded(struct ns_list *l, struct ns_member *m, bool loaded)
{
	if (m->active && !m->gone && loaded != m->loaded) {
		l->loaded = loaded ? l->loaded + 1 : l->loaded - 1;
	}
	m->loaded = loaded;
}

void ns_list_loaded(struct ns_list *l, struct ns_member *m, const char *words)
{
	OBJ_CHECK(m, NS_MEMBER_MAGIC);
	set_loaded(l, m, !words);
	m->refused = words != NULL;
	str_cut(m->words, sizeof m->words, words ? words : "");
}

void ns_list_new_charon(struct ns_list *l)
{
	struct ns_member *m;

	TAILQ_FOREACH (m, &l->all, entry) {
		m->ended_to = 0; /* it counts anew */
		if (m->active && !m->gone) {
			set_loaded(l, m, false);
			ns_list_add_work(l, m, from_the_start(m));
		}
	}
}

void ns_list_new_anchor(struct ns_list *l, const char *anchor)
{
	struct ns_member *m;

	TAILQ_FOREACH (m, &l->all, entry) {
		if (m->active && !m->gone && anchor_list_has(m->scs.anchor, anchor)) {
			ns_list_add_work(l, m, from_the_start(m) | NS_TODO_TERMINATE);
		}
	}
}

void ns_list_new_certificate(struct ns_list *l)
{
	struct ns_member *m;

	TAILQ_FOREACH (m, &l->all, entry) {
		if (m->active && !m->gone) {
			ns_list_add_work(l, m, NS_TODO_LOAD);
		}
	}
}

/* -- lists */

static void forget_gathered(struct ns_list *l)
{
	struct ns_member *m, *next;

	l->gather.on = false;
	for (m = TAILQ_FIRST(&l->all); m; m = next) {
		next = TAILQ_NEXT(m, entry);
		free(m->next);
		m->next = NULL;
		if (!m->active) {
			member_free(l, m);
		} else {
			end_if_gone(l, m);
		}
	}
}

void ns_list_new_core(struct ns_list *l)
{
	forget_gathered(l);
	l->number = 0;
}

static int refuse(struct ns_list *l, int err)
{
	forget_gathered(l);
	return err;
}

int ns_list_begin(struct ns_list *l, const struct ns_begin *b)
{
	forget_gathered(l);
	if (b->list <= l->number || b->n > NS_LIST_MAX) {
		return ERR_PROTO;
	}
	l->gather.on = true;
	l->gather.number = b->list;
	l->gather.n = b->n;
	l->gather.got = 0;
	l->gather.files = b->files;
	return 0;
}

static struct ns_member *member_new(struct ns_list *l, const struct ns_scs *s)
{
	struct ns_member *m = calloc(1, sizeof *m);

	if (!m) {
		return NULL;
	}
	obj_begin(&m->obj, NS_MEMBER_MAGIC);
	m->scs = *s;
	sa_conn_name(m->connection, s->name);
	map_add(&l->by_name, &m->node, m->scs.name, (uint32_t)strlen(m->scs.name));
	TAILQ_INSERT_TAIL(&l->all, m, entry);
	return m;
}

int ns_list_put(struct ns_list *l, const struct ns_scs *s)
{
	struct ns_member *m;

	if (!l->gather.on || s->list != l->gather.number || l->gather.got == l->gather.n) {
		return refuse(l, ERR_PROTO);
	}
	m = find_any(l, s->name);
	if (m && m->next) {
		return refuse(l, ERR_PROTO);
	}
	m = m ? m : member_new(l, s);
	if (!m) {
		return refuse(l, ERR_NOMEM);
	}
	m->next = malloc(sizeof *m->next);
	if (!m->next) {
		return refuse(l, ERR_NOMEM);
	}
	*m->next = *s;
	l->gather.got++;
	return 0;
}

static bool same_addresses(const struct sa_address *a, uint8_t a_n, const struct sa_address *b, uint8_t b_n)
{
	bool same = a_n == b_n;

	for (uint8_t i = 0; i < a_n && same; i++) {
		same = sa_address_equal(&a[i], &b[i]);
	}
	return same;
}

static bool same_service(const struct ns_service *a, const struct ns_service *b)
{
	return a->protocol == b->protocol && a->port == b->port && same_addresses(a->local, a->local_n, b->local, b->local_n);
}

static bool same_scs(const struct ns_scs *a, const struct ns_scs *b)
{
	return !strcmp(a->identity, b->identity) && !strcmp(a->anchor, b->anchor) &&
	       same_addresses(a->ike, a->ike_n, b->ike, b->ike_n) && same_addresses(a->hosts, a->hosts_n, b->hosts, b->hosts_n) &&
	       same_service(&a->service, &b->service);
}

static void remove_member(struct ns_list *l, struct ns_member *m)
{
	l->n--;
	set_loaded(l, m, false);
	m->gone = true;
	unqueue(l, m);
	m->todo = NS_TODO_UNLOAD | NS_TODO_TERMINATE;
	queue(l, m);
}

/* Everything that is known of it, the name excepted: that is its key, and the same. */
static void take_next(struct ns_member *m)
{
	m->scs.list = m->next->list;
	memcpy(m->scs.identity, m->next->identity, sizeof m->scs.identity);
	memcpy(m->scs.anchor, m->next->anchor, sizeof m->scs.anchor);
	m->scs.ike_n = m->next->ike_n;
	memcpy(m->scs.ike, m->next->ike, sizeof m->scs.ike);
	m->scs.hosts_n = m->next->hosts_n;
	memcpy(m->scs.hosts, m->next->hosts, sizeof m->scs.hosts);
	m->scs.service = m->next->service;
}

void ns_list_files(struct ns_list *l, const struct ns_files *files, uint32_t generation)
{
	l->files = generation;
	l->anchors_n = files->anchors_n;
	for (size_t i = 0; i < files->anchors_n; i++) {
		str_set(l->anchors[i].name, sizeof l->anchors[i].name, files->anchors[i].name);
		l->anchors[i].since = files->anchors[i].since;
	}
}

/* Whether the files of these anchors are those of the last helper that had nothing left to end. Our
 * own certificate does not count: the peer was proven by its own. */
static bool same_files(const struct ns_list *l, const char *anchors)
{
	char names[ANCHOR_LIST_MAX][IDENT_SCS_MAX + 1];
	uint8_t n = anchor_list_split(names, anchors), same = 0;
	uint32_t then = l->gather.files;

	for (size_t i = 0; i < l->anchors_n; i++) {
		uint32_t since = l->anchors[i].since;

		if (anchor_list_has(anchors, l->anchors[i].name) && since && since <= then) {
			same++;
		}
	}
	return then && n && same == n && then <= l->files;
}

static void apply(struct ns_list *l, struct ns_member *m)
{
	bool fresh = !m->active, back = m->gone, changed = fresh || back || !same_scs(&m->scs, m->next);
	bool kept = fresh && m->next->known && same_files(l, m->next->anchor);

	take_next(m);
	free(m->next);
	m->next = NULL;
	m->active = true;
	m->gone = false;
	if (fresh || back) {
		l->n++;
		m->loaded = false; /* not counted yet */
	}
	if (!changed) {
		return;
	}
	unqueue(l, m);
	m->todo = from_the_start(m) | (kept ? 0u : NS_TODO_TERMINATE);
	queue(l, m);
}

int ns_list_end(struct ns_list *l, const struct ns_end *e)
{
	struct ns_member *m, *next;

	if (!l->gather.on || e->list != l->gather.number || e->n != l->gather.n || l->gather.got != l->gather.n) {
		return refuse(l, ERR_PROTO);
	}
	l->gather.on = false;
	l->number = e->list;
	for (m = TAILQ_FIRST(&l->all); m; m = next) {
		next = TAILQ_NEXT(m, entry);
		if (m->next) {
			apply(l, m);
		} else if (!m->gone) {
			remove_member(l, m);
		}
	}
	return 0;
}

void ns_list_names_begin(struct ns_list *l)
{
	l->names++;
}

void ns_list_name(struct ns_list *l, const char *connection)
{
	const char *name = connection + strlen(SA_CONN_PREFIX);
	struct ns_scs nobody = { .list = 0 };
	struct ns_member *m;

	if (strncmp(connection, SA_CONN_PREFIX, strlen(SA_CONN_PREFIX)) != 0 || !sa_conn_name_ok(name)) {
		return;
	}
	m = find_any(l, name);
	if (m) {
		m->named = l->names;
		return;
	}
	str_set(nobody.name, sizeof nobody.name, name);
	m = member_new(l, &nobody);
	if (!m) {
		return;
	}
	m->active = m->gone = true;
	ns_list_add_work(l, m, NS_TODO_UNLOAD | NS_TODO_TERMINATE);
}

void ns_list_names_end(struct ns_list *l)
{
	struct ns_member *m;

	TAILQ_FOREACH (m, &l->all, entry) {
		if (m->active && !m->gone && m->loaded && !m->busy && m->named != l->names) {
			set_loaded(l, m, false);
			ns_list_add_work(l, m, from_the_start(m));
		}
	}
}
