/* csl_gate.c - two small tables, walked whole: a walk over some dozen entries costs nothing beside
 * a request, and tells nobody by its time where a secret was wrong. */
#include "console/csl_gate.h"

#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "base/str.h"

struct mark {
	bool open;
	char secret[CSL_SECRET_MAX];
	uid_t uid;
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
	struct mark *marks;       /* links_max; owned */
	struct session *sessions; /* sessions_max; owned */
};

int csl_gate_new(struct csl_gate **out, const struct csl_gate_conf *conf)
{
	struct csl_gate *g = calloc(1, sizeof *g);

	if (!g) {
		return ERR_NOMEM;
	}
	g->conf = *conf;
	g->marks = calloc(conf->links_max, sizeof *g->marks);
	g->sessions = calloc(conf->sessions_max, sizeof *g->sessions);
	if (!g->marks || !g->sessions) {
		free(g->marks);
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
	free(g->marks);
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

static bool mark_open(const struct mark *m, uint64_t now_ms)
{
	return m->open && now_ms < m->until_ms;
}

static bool session_open(const struct csl_gate *g, const struct session *s, uint64_t now_ms)
{
	return s->open && now_ms < s->until_ms && now_ms < s->seen_ms + g->conf.idle_ms;
}

/* A place for one more mark of this user, who may have as many as sessions: whoever may only look
 * keeps nobody else out. NULL: all belong to others. */
static struct mark *mark_place(struct csl_gate *g, uid_t uid, uint64_t now_ms)
{
	struct mark *vacant = NULL, *oldest = NULL;
	uint32_t own = 0;

	for (uint32_t i = 0; i < g->conf.links_max; i++) {
		struct mark *m = &g->marks[i];

		if (!mark_open(m, now_ms)) {
			vacant = vacant ? vacant : m;
		} else if (m->uid == uid) {
			own++;
			oldest = !oldest || m->until_ms < oldest->until_ms ? m : oldest;
		}
	}
	return own >= g->conf.sessions_per_person || !vacant ? oldest : vacant;
}

int csl_gate_mark(struct csl_gate *g, uid_t uid, const uint8_t random[CSL_SECRET_OCTETS], uint64_t now_ms,
		  char mark[CSL_SECRET_MAX])
{
	struct mark *place;

	OBJ_CHECK(g, CSL_GATE_MAGIC);
	place = mark_place(g, uid, now_ms);
	if (!place) {
		return ERR_BUSY;
	}
	*place = (struct mark){ .open = true, .uid = uid, .until_ms = now_ms + g->conf.link_ms };
	str_hex(place->secret, random, CSL_SECRET_OCTETS);
	str_set(mark, CSL_SECRET_MAX, place->secret);
	return 0;
}

int csl_gate_use(struct csl_gate *g, const char *mark, uint64_t now_ms)
{
	struct mark *found = NULL;

	OBJ_CHECK(g, CSL_GATE_MAGIC);
	for (uint32_t i = 0; i < g->conf.links_max; i++) {
		if (mark_open(&g->marks[i], now_ms) && same(g->marks[i].secret, mark)) {
			found = &g->marks[i];
		}
	}
	if (!found) {
		return ERR_AUTH;
	}
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
