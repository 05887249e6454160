/* ns_status.c - see ns_status.h. */
#include "ndsip/ns_status.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define OPEN_MAX 65535u
#define CHILDREN_MAX 255u

static void count_associations(struct ns_list *l, const struct sa_table *t)
{
	for (const struct sa_ike *ike = sa_table_first_ike(t); ike; ike = LIST_NEXT(ike, entry)) {
		struct ns_member *m = ike->proven ? ns_list_of(l, ike->connection) : NULL;
		const struct sa_child *c;

		if (!m || !str_equal_nocase(ike->identity, strlen(ike->identity), m->scs.identity, strlen(m->scs.identity))) {
			continue;
		}
		m->ikes++;
		LIST_FOREACH (c, &ike->children, entry) {
			m->children += sa_child_carries(c->state);
		}
	}
}

static void count_connections(struct ns_list *l, const struct ns_proofs *p)
{
	const struct ns_connection *c;

	TAILQ_FOREACH (c, &p->all, entry) {
		struct ns_member *m = c->proof == NS_PROVEN ? ns_list_find(l, c->scs) : NULL;

		if (m) {
			m->open++;
		}
	}
}

static enum ns_scs_state state_of(const struct ns_member *m, bool charon)
{
	return m->refused              ? NS_SCS_REFUSED
	       : charon && m->children ? NS_SCS_UP
	       : !charon || !m->loaded ? NS_SCS_WAITS
	       : m->ikes               ? NS_SCS_CHILDLESS
				       : NS_SCS_DOWN;
}

static void first_ike_address(char out[SA_ADDRESS_TEXT_MAX], const struct ns_scs *s)
{
	sa_address_text(out, &s->ike[0]);
}

static void explain(struct ns_scs_is *is, const struct ns_member *m, bool charon)
{
	char address[SA_ADDRESS_TEXT_MAX];

	switch (is->state) {
	case NS_SCS_REFUSED:
		str_cut(is->words, sizeof is->words, m->words[0] ? m->words : "strongSwan refused its connection");
		break;
	case NS_SCS_WAITS:
		str_cut(is->words, sizeof is->words,
			charon ? "its connection is not loaded into strongSwan yet"
			       : "strongSwan does not answer; see mtcctl ndsip status and the log of charon");
		break;
	case NS_SCS_CHILDLESS:
		str_cut(
		    is->words, sizeof is->words,
		    "its IKE_SA has no child that is installed: the selectors or ESP proposals of both ends differ, or the child "
		    "was ended; the log of charon names it");
		break;
	case NS_SCS_DOWN:
		if (m->scs.ike_n) {
			first_ike_address(address, &m->scs);
			snprintf(
			    is->words, sizeof is->words,
			    "no IKE_SA with %s: it does not answer on UDP 500 and 4500, or the two ends refuse each other; the "
			    "log of charon says which",
			    address);
		} else {
			str_cut(is->words, sizeof is->words,
				"no IKE_SA: the gateway has no address to initiate to (ndsip-ike of an SCS, ike of a peer); the "
				"other end has to initiate, and has not, or charon refused it; the log of charon says which");
		}
		break;
	default:
		break;
	}
}

static void look_at(struct ns_list *l, struct ns_member *m, bool charon)
{
	struct ns_scs_is is;

	memset(&is, 0, sizeof is); /* compared as octets */
	str_set(is.name, sizeof is.name, m->scs.name);
	is.state = (uint8_t)state_of(m, charon);
	is.children = (uint8_t)(m->children > CHILDREN_MAX ? CHILDREN_MAX : m->children);
	is.open = (uint16_t)(m->open > OPEN_MAX ? OPEN_MAX : m->open);
	if (!charon) {
		is.children = 0;
	}
	explain(&is, m, charon);
	if (!memcmp(&is, &m->said, sizeof is)) {
		return;
	}
	m->said = is;
	if (!m->unsaid) {
		m->unsaid = true;
		TAILQ_INSERT_TAIL(&l->saying, m, saying);
	}
}

void ns_status_count(struct ns_list *l, const struct sa_table *t, const struct ns_proofs *p, bool charon)
{
	struct ns_member *m;

	TAILQ_FOREACH (m, &l->all, entry) {
		m->ikes = m->children = m->open = 0;
	}
	count_associations(l, t);
	count_connections(l, p);
	TAILQ_FOREACH (m, &l->all, entry) {
		if (m->active && !m->gone) {
			look_at(l, m, charon);
		}
	}
}

void ns_status_all(struct ns_list *l)
{
	struct ns_member *m;

	TAILQ_FOREACH (m, &l->all, entry) {
		if (m->said.state && !m->unsaid) {
			m->unsaid = true;
			TAILQ_INSERT_TAIL(&l->saying, m, saying);
		}
	}
}

struct ns_member *ns_status_next(const struct ns_list *l, struct ns_scs_is *out)
{
	struct ns_member *m = TAILQ_FIRST(&l->saying);

	if (m) {
		*out = m->said;
	}
	return m;
}

void ns_status_said(struct ns_list *l, struct ns_member *m)
{
	OBJ_CHECK(m, NS_MEMBER_MAGIC);
	if (m->unsaid) {
		m->unsaid = false;
		TAILQ_REMOVE(&l->saying, m, saying);
	}
}
