/* ctl_persons.c - one small table, walked whole: a walk over some dozen entries costs nothing
 * beside a request, and tells nobody by its time where a secret was wrong. */
#include "ctl/ctl_persons.h"

#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "base/str.h"

enum kind { VACANT, LINK, LOG_IN };

struct entry {
	enum kind kind;
	char secret[CTL_SECRET_MAX]; /* the link, or the ticket */
	struct ctl_person person;
	uint64_t until_ms, seen_ms;
};

#define CTL_PERSONS_MAGIC 0x7ae0315cu
struct ctl_persons {
	struct obj obj;
	struct ctl_persons_conf conf;
	struct entry *entries; /* conf.max; owned */
};

int ctl_persons_new(struct ctl_persons **out, const struct ctl_persons_conf *conf)
{
	struct ctl_persons *p = calloc(1, sizeof *p);

	if (!p) {
		return ERR_NOMEM;
	}
	p->conf = *conf;
	p->entries = calloc(conf->max, sizeof *p->entries);
	if (!p->entries) {
		free(p);
		return ERR_NOMEM;
	}
	obj_begin(&p->obj, CTL_PERSONS_MAGIC);
	*out = p;
	return 0;
}

void ctl_persons_free(struct ctl_persons *p)
{
	if (!p) {
		return;
	}
	OBJ_END(p, CTL_PERSONS_MAGIC);
	explicit_bzero(p->entries, p->conf.max * sizeof *p->entries);
	free(p->entries);
	free(p);
}

static bool in_group(const struct ctl_caller *caller, gid_t gid)
{
	bool in = caller->gid == gid;

	for (unsigned i = 0; i < caller->groups_n; i++) {
		in = in || caller->groups[i] == gid;
	}
	return gid != CTL_NO_GROUP && in;
}

enum ctl_role ctl_role_of(const struct ctl_roles *roles, const struct ctl_caller *caller)
{
	if (caller->uid == 0 || in_group(caller, roles->admin)) {
		return CTL_ROLE_ADMIN;
	}
	if (in_group(caller, roles->operate)) {
		return CTL_ROLE_OPERATE;
	}
	return in_group(caller, roles->read) ? CTL_ROLE_READ : CTL_ROLE_NONE;
}

/* The time does not depend on where they differ. A secret has one length. */
static bool same(const char *secret, const char *given)
{
	unsigned differ = 0;

	if (strlen(given) != CTL_SECRET_MAX - 1) {
		return false;
	}
	for (size_t i = 0; i < CTL_SECRET_MAX - 1; i++) {
		differ |= (unsigned char)secret[i] ^ (unsigned char)given[i];
	}
	return differ == 0;
}

static bool is_open(const struct ctl_persons *p, const struct entry *e, uint64_t now_ms)
{
	return e->kind != VACANT && now_ms < e->until_ms && (e->kind == LINK || now_ms < e->seen_ms + p->conf.idle_ms);
}

/* A place for one more entry of this person. NULL: all belong to others. */
static struct entry *place_for(struct ctl_persons *p, uid_t uid, uint64_t now_ms)
{
	struct entry *vacant = NULL, *oldest = NULL;
	uint32_t own = 0;

	for (uint32_t i = 0; i < p->conf.max; i++) {
		struct entry *e = &p->entries[i];

		if (!is_open(p, e, now_ms)) {
			vacant = vacant ? vacant : e;
		} else if (e->person.uid == uid) {
			own++;
			oldest = !oldest || e->seen_ms < oldest->seen_ms ? e : oldest;
		}
	}
	return own >= p->conf.per_person_max || !vacant ? oldest : vacant;
}

static struct entry *find(struct ctl_persons *p, enum kind kind, const char *secret, uint64_t now_ms)
{
	struct entry *found = NULL;

	for (uint32_t i = 0; i < p->conf.max; i++) {
		struct entry *e = &p->entries[i];
		bool it = same(e->secret, secret);

		if (it && e->kind == kind && is_open(p, e, now_ms)) {
			found = e;
		}
	}
	return found;
}

int ctl_persons_link(struct ctl_persons *p, const struct ctl_person *person, const uint8_t random[CTL_SECRET_OCTETS],
		     uint64_t link_ms, uint64_t now_ms, char link[CTL_SECRET_MAX])
{
	struct entry *e;

	OBJ_CHECK(p, CTL_PERSONS_MAGIC);
	if (person->role == CTL_ROLE_NONE || !ctl_name_ok(person->name)) {
		return ERR_INVAL;
	}
	e = place_for(p, person->uid, now_ms);
	if (!e) {
		return ERR_BUSY;
	}
	*e = (struct entry){ .kind = LINK, .person = *person, .seen_ms = now_ms, .until_ms = now_ms + link_ms };
	str_hex(e->secret, random, CTL_SECRET_OCTETS);
	str_set(link, CTL_SECRET_MAX, e->secret);
	return 0;
}

int ctl_persons_enter(struct ctl_persons *p, const char *link, const uint8_t random[CTL_SECRET_OCTETS], uint64_t now_ms,
		      char ticket[CTL_SECRET_MAX], struct ctl_person *out)
{
	struct entry *e;

	OBJ_CHECK(p, CTL_PERSONS_MAGIC);
	e = find(p, LINK, link, now_ms);
	if (!e) {
		return ERR_AUTH;
	}
	e->kind = LOG_IN;
	e->seen_ms = now_ms;
	e->until_ms = now_ms + p->conf.session_ms;
	str_hex(e->secret, random, CTL_SECRET_OCTETS);
	str_set(ticket, CTL_SECRET_MAX, e->secret);
	*out = e->person;
	return 0;
}

int ctl_persons_find(struct ctl_persons *p, const char *ticket, uint64_t now_ms, struct ctl_person *out)
{
	struct entry *e;

	OBJ_CHECK(p, CTL_PERSONS_MAGIC);
	e = find(p, LOG_IN, ticket, now_ms);
	if (!e) {
		return ERR_AUTH;
	}
	e->seen_ms = now_ms;
	*out = e->person;
	return 0;
}

void ctl_persons_leave(struct ctl_persons *p, const char *ticket)
{
	OBJ_CHECK(p, CTL_PERSONS_MAGIC);
	for (uint32_t i = 0; i < p->conf.max; i++) {
		if (p->entries[i].kind == LOG_IN && same(p->entries[i].secret, ticket)) {
			explicit_bzero(&p->entries[i], sizeof p->entries[i]);
		}
	}
}

uint32_t ctl_persons_open(const struct ctl_persons *p, uint64_t now_ms)
{
	uint32_t n = 0;

	OBJ_CHECK(p, CTL_PERSONS_MAGIC);
	for (uint32_t i = 0; i < p->conf.max; i++) {
		n += is_open(p, &p->entries[i], now_ms);
	}
	return n;
}
