/* csl_gate.c - two small tables, walked whole: a walk over some dozen entries costs nothing beside
 * a request, and tells nobody by its time where a secret was wrong. */
#include "console/csl_gate.h"

#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "base/str.h"

struct link {
	bool open;
	char secret[CSL_SECRET_MAX];
	struct csl_person person;
	uint64_t until_ms;
};

struct session {
	bool open;
	char cookie[CSL_SECRET_MAX], token[CSL_SECRET_MAX];
	struct csl_person person;
	struct csl_way way;
	uint64_t seen_ms, until_ms;
};

#define CSL_GATE_MAGIC 0x3c7715f9u
struct csl_gate {
	struct obj obj;
	struct csl_gate_conf conf;
	struct link *links;       /* links_max; owned */
	struct session *sessions; /* sessions_max; owned */
};

int csl_gate_new(struct csl_gate **out, const struct csl_gate_conf *conf)
{
	struct csl_gate *g = calloc(1, sizeof *g);

	if (!g) {
		return ERR_NOMEM;
	}
	g->conf = *conf;
	g->links = calloc(conf->links_max, sizeof *g->links);
	g->sessions = calloc(conf->sessions_max, sizeof *g->sessions);
	if (!g->links || !g->sessions) {
		free(g->links);
		free(g->sessions);
		free(g);
		return ERR_NOMEM;
	}
	obj_begin(&g->obj, CSL_GATE_MAGIC);
	*out = g;
	return 0;
}

void csl_gate_free(struct csl_gate *g)
{
	if (!g) {
		return;
	}
	OBJ_END(g, CSL_GATE_MAGIC);
	free(g->links);
	free(g->sessions);
	free(g);
}

/* The time does not depend on where they differ. A secret has one length. */
static bool same(const char *secret, const char *given)
{
	unsigned differ = 0;

	if (strlen(given) != CSL_SECRET_MAX - 1) {
		return false;
	}
	for (size_t i = 0; i < CSL_SECRET_MAX - 1; i++) {
		differ |= (unsigned char)secret[i] ^ (unsigned char)given[i];
	}
	return differ == 0;
}

static bool link_open(const struct link *l, uint64_t now_ms)
{
	return l->open && now_ms < l->until_ms;
}

static bool session_open(const struct csl_gate *g, const struct session *s, uint64_t now_ms)
{
	return s->open && now_ms < s->until_ms && now_ms < s->seen_ms + g->conf.idle_ms;
}

/* A place for one more link of this person, who may have as many as sessions: whoever may only look
 * keeps nobody else out. NULL: all belong to others. */
static struct link *link_place(struct csl_gate *g, const struct csl_person *person, uint64_t now_ms)
{
	struct link *vacant = NULL, *oldest = NULL;
	uint32_t own = 0;

	for (uint32_t i = 0; i < g->conf.links_max; i++) {
		struct link *l = &g->links[i];

		if (!link_open(l, now_ms)) {
			vacant = vacant ? vacant : l;
		} else if (!strcmp(l->person.name, person->name)) {
			own++;
			oldest = !oldest || l->until_ms < oldest->until_ms ? l : oldest;
		}
	}
	return own >= g->conf.sessions_per_person || !vacant ? oldest : vacant;
}

int csl_gate_link(struct csl_gate *g, const struct csl_person *person, const uint8_t random[CSL_SECRET_OCTETS], uint64_t now_ms,
		  char link[CSL_SECRET_MAX])
{
	struct link *place;

	OBJ_CHECK(g, CSL_GATE_MAGIC);
	if (person->role == CTL_ROLE_NONE || !ctl_name_ok(person->name)) {
		return ERR_INVAL;
	}
	place = link_place(g, person, now_ms);
	if (!place) {
		return ERR_BUSY;
	}
	*place = (struct link){ .open = true, .person = *person, .until_ms = now_ms + g->conf.link_ms };
	str_hex(place->secret, random, CSL_SECRET_OCTETS);
	str_set(link, CSL_SECRET_MAX, place->secret);
	return 0;
}

int csl_gate_use(struct csl_gate *g, const char *link, uint64_t now_ms, struct csl_person *out)
{
	struct link *found = NULL;

	OBJ_CHECK(g, CSL_GATE_MAGIC);
	for (uint32_t i = 0; i < g->conf.links_max; i++) {
		if (link_open(&g->links[i], now_ms) && same(g->links[i].secret, link)) {
			found = &g->links[i];
		}
	}
	if (!found) {
		return ERR_AUTH;
	}
	*out = found->person;
	memset(found, 0, sizeof *found);
	return 0;
}

/* A place for one more session of this person; NULL: all belong to others. */
static struct session *place_for(struct csl_gate *g, const struct csl_person *person, uint64_t now_ms)
{
	struct session *vacant = NULL, *oldest = NULL;
	uint32_t own = 0;

	for (uint32_t i = 0; i < g->conf.sessions_max; i++) {
		struct session *s = &g->sessions[i];

		if (!session_open(g, s, now_ms)) {
			vacant = vacant ? vacant : s;
		} else if (!strcmp(s->person.name, person->name)) {
			own++;
			oldest = !oldest || s->seen_ms < oldest->seen_ms ? s : oldest;
		}
	}
	return own >= g->conf.sessions_per_person || !vacant ? oldest : vacant;
}

static void show(const struct csl_gate *g, const struct session *s, uint64_t now_ms, struct csl_session *out)
{
	*out = (struct csl_session){ .person = s->person,
				     .idle_left_ms = s->seen_ms + g->conf.idle_ms - now_ms,
				     .left_ms = s->until_ms - now_ms };
	str_set(out->token, sizeof out->token, s->token);
}

int csl_gate_begin(struct csl_gate *g, const struct csl_person *person, const struct csl_way *way,
		   const uint8_t random[2 * CSL_SECRET_OCTETS], uint64_t now_ms, char cookie[CSL_SECRET_MAX],
		   struct csl_session *out)
{
	struct session *s;

	OBJ_CHECK(g, CSL_GATE_MAGIC);
	s = place_for(g, person, now_ms);
	if (!s) {
		return ERR_BUSY;
	}
	*s = (struct session){
		.open = true, .person = *person, .way = *way, .seen_ms = now_ms, .until_ms = now_ms + g->conf.session_ms
	};
	str_hex(s->cookie, random, CSL_SECRET_OCTETS);
	str_hex(s->token, random + CSL_SECRET_OCTETS, CSL_SECRET_OCTETS);
	str_set(cookie, CSL_SECRET_MAX, s->cookie);
	show(g, s, now_ms, out);
	return 0;
}

static bool way_ok(const struct csl_way *own, const struct csl_way *given)
{
	return own->tls == given->tls && (!own->fingerprint[0] || !strcmp(own->fingerprint, given->fingerprint));
}

int csl_gate_find(struct csl_gate *g, const char *cookie, const char *token, const struct csl_way *way, bool acts,
		  uint64_t now_ms, struct csl_session *out)
{
	struct session *found = NULL;

	OBJ_CHECK(g, CSL_GATE_MAGIC);
	for (uint32_t i = 0; i < g->conf.sessions_max; i++) {
		struct session *s = &g->sessions[i];
		bool it = session_open(g, s, now_ms) && same(s->cookie, cookie);

		if (it && same(s->token, token) && way_ok(&s->way, way)) {
			found = s;
		}
	}
	if (!found) {
		return ERR_AUTH;
	}
	if (acts) {
		found->seen_ms = now_ms;
	}
	show(g, found, now_ms, out);
	return 0;
}

void csl_gate_end(struct csl_gate *g, const char *cookie)
{
	OBJ_CHECK(g, CSL_GATE_MAGIC);
	for (uint32_t i = 0; i < g->conf.sessions_max; i++) {
		if (g->sessions[i].open && same(g->sessions[i].cookie, cookie)) {
			memset(&g->sessions[i], 0, sizeof g->sessions[i]);
		}
	}
}

uint32_t csl_gate_sessions(struct csl_gate *g, uint64_t now_ms)
{
	uint32_t n = 0;

	OBJ_CHECK(g, CSL_GATE_MAGIC);
	for (uint32_t i = 0; i < g->conf.sessions_max; i++) {
		n += session_open(g, &g->sessions[i], now_ms);
	}
	return n;
}
