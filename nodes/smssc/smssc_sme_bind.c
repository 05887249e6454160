/* smssc_sme_bind.c - binds. One is accepted when password, certificate, address and the number of
 * binds are right. The answer to a refused one never tells what was wrong: the log does.
 * A password is compared on a thread, one after the other: crypt(5) takes milliseconds on purpose,
 * in which no trigger and no message would be taken. */
#include <crypt.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/shown.h"
#include "base/str.h"
#include "net/net_worker.h"
#include "nodes/smssc/smssc_sme.h"

enum { HASHING_END_MS = 60000 };

#define SME_HASHING_MAGIC 0x6c1fd2a7u
struct sme_hashing { /* while it runs, the loop touches only `bind` */
	struct obj obj;
	struct smssc *s;
	struct net_worker *worker;
	bool running;
	struct sme_bind *bind; /* NULL: the connection has ended */
	char password[SMPP_PASSWORD_MAX + 1];
	const char *hash;
	bool fits;
	struct crypt_data crypt;
};
OBJ_FIRST(struct sme_hashing);

static void run(void *arg)
{
	struct sme_hashing *h = OBJ_OF(arg, struct sme_hashing, SME_HASHING_MAGIC);
	const char *made = crypt_r(h->password, h->hash, &h->crypt);
	size_t len = strlen(h->hash);
	unsigned differs = !made || strlen(made) != len;

	for (size_t i = 0; !differs && i < len; i++) {
		differs |= (unsigned char)made[i] ^ (unsigned char)h->hash[i];
	}
	h->fits = !differs;
	explicit_bzero(h->password, sizeof h->password);
}

static bool certificate_fits(const struct sme_bind *b, const struct sme_conf *c)
{
	const struct tls_identity *id = tls_stream_identity(bind_stream(b->conn));

	if (!c->certificate[0]) {
		return !b->tls;
	}
	for (uint8_t i = 0; b->tls && id && i < id->names_n; i++) {
		if (str_equal_nocase(id->names[i], strlen(id->names[i]), c->certificate, strlen(c->certificate))) {
			return true;
		}
	}
	return false;
}

static bool address_fits(const struct sme_bind *b, const struct sme_conf *c)
{
	const char *peer = bind_peer(b->conn);

	for (size_t i = 0; i < c->addresses_n; i++) {
		char shown[SHOWN_ADDRESS_MAX];
		size_t len;

		shown_address(shown, c->addresses[i], 0);
		len = strlen(shown) - 1; /* up to the colon in front of the port */
		if (strncmp(peer, shown, len) == 0) {
			return true;
		}
	}
	return c->addresses_n == 0;
}

static const char *refusal_of(const struct sme_bind *b, const struct sme_owner *o, bool password)
{
	if (!o) {
		return "no SME has this system_id";
	}
	if (!password) {
		return "the password is wrong";
	}
	if (!certificate_fits(b, o->conf)) {
		return b->tls ? "its certificate does not bear the name of this SME, or this SME connects in clear"
			      : "this SME connects over TLS only";
	}
	if (!address_fits(b, o->conf)) {
		return "this SME may not connect from this address";
	}
	if (o->binds_n >= o->conf->binds) {
		return "it has as many binds as it may have";
	}
	return NULL;
}

static void answer(struct sme_bind *b, bool password)
{
	struct smssc *s = b->s;
	struct sme_owner *o = smssc_sme_owner(s, b->system_id);
	const char *why = refusal_of(b, o, password);
	struct smpp_pdu answer = { .header = { .command = b->command | SMPP_RESP, .sequence = b->sequence } };

	if (why) {
		s->sme->counts.binds_refused++;
		log_warn(&s->log, "sme", "%s: bind of '%s' refused: %s", bind_peer(b->conn), b->system_id, why);
		bind_refuse(b->conn, b->command, SMPP_RBINDFAIL, b->sequence);
		return;
	}
	str_cut(answer.system_id, sizeof answer.system_id, s->conf.identity.host);
	if (b->version >= SMPP_VERSION_34) {
		smpp_set_number(&answer, SMPP_TLV_SC_INTERFACE_VERSION, SMPP_VERSION_34);
	}
	b->owner = o;
	sme_hosts_bound(b->host);
	DL_APPEND(o->binds, b);
	o->binds_n++;
	s->sme->counts.binds++;
	log_info(&s->log, "sme", "%s: '%s' is bound by %s", bind_peer(b->conn), o->conf->system_id,
		 smpp_command_name(b->command));
	bind_window_in(b->conn, o->conf->window);
	bind_answer(b->conn, &answer);
	/* as many as it takes at a time; each answer lets the next one go */
	for (uint32_t i = 0; i < s->conf.smes.receipts && smpp_session_may(bind_session(b->conn), SMPP_DELIVER_SM); i++) {
		if (!dlv_peer_room(s->dlv, o->conf->system_id, smssc_now(s))) {
			break;
		}
	}
}

static void take_out(struct sme_bind *b)
{
	DL_DELETE2(b->s->sme->passwords, b, wait_prev, wait_next);
	b->s->sme->passwords_n--;
	b->waits = false;
}

/* It takes the same time for an SME that exists and for one that does not. */
static void next(struct smssc *s)
{
	struct sme_hashing *h = s->sme->hashing;
	struct sme_bind *b = s->sme->passwords;
	const struct sme_owner *o;

	if (h->running || !b) {
		return;
	}
	take_out(b);
	o = smssc_sme_owner(s, b->system_id);
	h->hash = o ? o->conf->password : s->conf.smes.list_n ? s->conf.smes.list[0].password : "$6$none$";
	memcpy(h->password, b->password, sizeof h->password);
	explicit_bzero(b->password, sizeof b->password);
	h->bind = b;
	h->running = true;
	net_worker_start(h->worker);
}

static void done(void *arg)
{
	struct sme_hashing *h = OBJ_OF(arg, struct sme_hashing, SME_HASHING_MAGIC);
	struct sme_bind *b = h->bind;

	h->running = false;
	h->bind = NULL;
	if (b) {
		answer(b, h->fits);
	}
	next(h->s);
}

void smssc_sme_bind(struct sme_bind *b, const struct smpp_pdu *p)
{
	struct smssc_sme *sme = b->s->sme;

	b->command = p->header.command;
	b->sequence = p->header.sequence;
	b->version = p->interface_version;
	str_cut(b->system_id, sizeof b->system_id, p->system_id);
	str_cut(b->password, sizeof b->password, p->password);
	b->waits = true;
	DL_APPEND2(sme->passwords, b, wait_prev, wait_next);
	sme->passwords_n++;
	next(b->s);
}

void smssc_sme_bind_forget(struct sme_bind *b)
{
	struct sme_hashing *h = b->s->sme->hashing;

	if (b->waits) {
		take_out(b);
	}
	if (h && h->bind == b) {
		h->bind = NULL;
	}
	explicit_bzero(b->password, sizeof b->password);
}

int smssc_sme_bind_start(struct smssc *s)
{
	struct sme_hashing *h = calloc(1, sizeof *h);
	int err;

	if (!h) {
		return ERR_NOMEM;
	}
	obj_begin(&h->obj, SME_HASHING_MAGIC);
	h->s = s;
	err = net_worker_new(&h->worker, s->loop, run, done, h);
	if (err) {
		OBJ_END(h, SME_HASHING_MAGIC);
		free(h);
		return err;
	}
	s->sme->hashing = h;
	return 0;
}

void smssc_sme_bind_end(struct smssc *s)
{
	struct sme_hashing *h = s->sme->hashing;

	if (!h || !net_worker_free(h->worker, HASHING_END_MS)) {
		return; /* a hash of hours: the process ends, and its memory with it */
	}
	OBJ_END(h, SME_HASHING_MAGIC);
	free(h);
	s->sme->hashing = NULL;
}
