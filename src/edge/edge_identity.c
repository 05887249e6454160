/* edge_identity.c - stage 2: whose a connection is, by TLS, by NDS/IP or by both. */
#include "edge/edge_session_int.h"

#include <stdio.h>
#include <string.h>

#include "base/container.h"
#include "base/str.h"
#include "policy/pol_reason.h"

/* Copies the names, groups and anchors that are valid in a record. Others prove nothing and are
 * left out. */
static void take_identity(struct ipc_identity *out, const struct tls_identity *in)
{
	out->kind = IDENTITY_TLS;
	out->not_after_s = in->not_after_s;
	for (uint8_t i = 0; i < in->names_n && out->names_n < IDENTITY_NAMES_MAX; i++) {
		if (ident_host(out->names[out->names_n], in->names[i], strlen(in->names[i])) == 0) {
			out->names_n++;
		}
	}
	for (uint8_t i = 0; i < in->groups_n && out->groups_n < IDENTITY_GROUPS_MAX; i++) {
		size_t len = strspn(in->groups[i], "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
						   "abcdefghijklmnopqrstuvwxyz{|}~");

		if (len > 0 && len <= IPC_GROUP_LEN_MAX && in->groups[i][len] == 0) {
			memcpy(out->groups[out->groups_n++], in->groups[i], len + 1);
		}
	}
	for (uint8_t i = 0; i < in->anchors_n && out->anchors_n < IDENTITY_ANCHORS_MAX; i++) {
		if (ident_name_ok(in->anchors[i])) {
			out->revocation[out->anchors_n] = in->revocation[i];
			str_set(out->anchors[out->anchors_n++], sizeof out->anchors[0], in->anchors[i]);
		}
	}
}

/* The SCS of the tunnel proves one name: as a certificate does, or beside one. */
static void take_proof(struct edge_session *s)
{
	struct ipc_identity *id = &s->identity;

	if (s->listener->tls) {
		str_set(id->ike, sizeof id->ike, s->proof.identity);
		return;
	}
	id->kind = IDENTITY_IPSEC;
	id->names_n = 1;
	str_set(id->names[0], sizeof id->names[0], s->proof.identity);
	id->anchors_n = anchor_list_split(id->anchors, s->proof.anchor);
}

static bool who_is_it(struct edge_session *s)
{
	const struct tls_identity *id;

	if (protection_has_ndsip(s->listener->conf->protection)) {
		take_proof(s);
	}
	if (s->identity.kind == IDENTITY_IPSEC) {
		return true;
	}
	if (!s->listener->tls) {
		s->identity.kind = IDENTITY_INTERNAL;
		return s->listener->conf->zone == ZONE_INTERNAL;
	}
	id = tls_stream_identity(s->stream);
	if (!id) {
		return false;
	}
	take_identity(&s->identity, id);
	return s->identity.names_n > 0 && s->identity.anchors_n > 0 &&
	       tls_stream_negotiated(s->stream, &s->tls_version, &s->tls_suite) == 0;
}

void edge_session_identified(struct edge_session *s)
{
	struct edge_sessions *all = s->all;
	char why[TLS_REVOCATION_WORDS_MAX];

	if (!edge_revocation_passed(s, why)) {
		edge_session_stranger(s, why, "");
		edge_session_free(s);
		return;
	}
	if (s->listener->tls) {
		st_count(&all->env->st, ST_EDGE_HANDSHAKE_OK);
	}
	if (link_accept(&s->link, all->env->loop, s->stream, &all->link_conf, &edge_session_link_cb, s)) {
		edge_session_free(s);
		return;
	}
	if (s->state == EDGE_SESSION_RESPONDER) {
		net_stream_resume(s->stream);
	}
	s->stream = NULL; /* the link owns it */
	edge_session_set_state(s, EDGE_SESSION_CER);
}

/* The stream is open, and proven where the listener has NDS/IP. */
static void identify(struct edge_session *s)
{
	if (!who_is_it(s)) {
		edge_session_stranger(s, "its certificate names nobody", "");
		edge_session_free(s);
		return;
	}
	edge_session_known(s);
	if (edge_ocsp_wait(&s->all->ocsp, s)) {
		net_stream_pause(s->stream); /* nothing is read meanwhile */
		edge_session_set_state(s, EDGE_SESSION_RESPONDER);
	} else {
		edge_session_identified(s);
	}
}

static void stream_on_open(void *arg)
{
	struct edge_session *s = OBJ_OF(arg, struct edge_session, EDGE_SESSION_MAGIC);

	s->opened = true;
	if (s->state == EDGE_SESSION_HANDSHAKE) {
		identify(s);
	}
}

/* -- NDS/IP: the helper proves, holds and cuts */

static struct edge_session *session_of(struct edge_proof *p)
{
	return CONTAINER_OF(p, struct edge_session, proof);
}

static void freeze(struct edge_session *s, bool frozen)
{
	if (s->link) {
		link_freeze(s->link, frozen);
	} else if (s->stream) {
		net_stream_freeze(s->stream, frozen);
	}
}

static void on_proven(void *arg, struct edge_proof *p)
{
	struct edge_session *s = session_of(p);

	(void)arg;
	OBJ_CHECK(s, EDGE_SESSION_MAGIC);
	freeze(s, false);
	if (s->state != EDGE_SESSION_PROOF) {
		log_info(s->all->env->log, "edge", "%s at %s: protected again by %s (SCS %s)", *s->host ? s->host : "nobody",
			 s->address, p->identity, p->scs);
		return;
	}
	st_count(&s->all->env->st, ST_EDGE_PROVEN);
	edge_session_set_state(s, EDGE_SESSION_HANDSHAKE);
	if (s->opened) {
		identify(s);
	}
}

static void on_held(void *arg, struct edge_proof *p)
{
	struct edge_session *s = session_of(p);

	(void)arg;
	OBJ_CHECK(s, EDGE_SESSION_MAGIC);
	freeze(s, true);
	st_count(&s->all->env->st, ST_EDGE_HELD);
	log_warn(s->all->env->log, "edge", "%s at %s: held: %s", *s->host ? s->host : p->identity, s->address,
		 ns_reason_words(p->reason));
}

static void on_cut(void *arg, struct edge_proof *p)
{
	struct edge_session *s = session_of(p);
	struct edge_sessions *all = s->all;
	char words[128];

	(void)arg;
	OBJ_CHECK(s, EDGE_SESSION_MAGIC);
	freeze(s, true); /* what is queued is not sent */
	if (s->state == EDGE_SESSION_PROOF) {
		st_count(&all->env->st, ST_EDGE_REFUSED_UNPROVEN);
		snprintf(words, sizeof words, "%s (%s)", ns_reason_words(p->reason), ns_reason_word(p->reason));
		edge_session_stranger(s, words, "");
		edge_session_free(s);
		return;
	}
	st_count(&all->env->st, ST_EDGE_PROTECTION_LOST);
	s->end_reason = pol_reason_str(POL_PROTECTION_LOST);
	log_warn(all->env->log, "edge", "%s at %s is cut: %s (%s)", *s->host ? s->host : p->identity, s->address,
		 ns_reason_words(p->reason), ns_reason_word(p->reason));
	if (s->link) {
		edge_session_drop(s, s->end_reason);
	} else {
		edge_session_free(s);
	}
}

const struct edge_proof_cb edge_session_proof_cb = { on_proven, on_held, on_cut };

static void stream_on_close(void *arg, int err, const char *why)
{
	struct edge_session *s = OBJ_OF(arg, struct edge_session, EDGE_SESSION_MAGIC);
	char kind[48] = "";

	if (*err_str_beside(err, why)) {
		snprintf(kind, sizeof kind, " (%s)", err_str(err));
	}
	edge_session_stranger(s, why, kind);
	edge_session_free(s);
}

static void stream_on_data(void *arg, const uint8_t *p, size_t n)
{
	(void)arg;
	(void)p;
	(void)n; /* not called: on_open gives the stream to the link, which replaces these callbacks */
}

const struct net_stream_cb edge_session_stream_cb = { .on_open = stream_on_open,
						      .on_data = stream_on_data,
						      .on_close = stream_on_close };
