/* smssc_sme.c - listeners and binds. A bind is accepted when password, certificate, address and the
 * number of binds are right. The answer to a refused one never tells what was wrong: the log does. */
#include "nodes/smssc/smssc_sme.h"

#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utlist.h>

#include "base/shown.h"
#include "base/str.h"
#include "net/net_tcp.h"
#include "nodes/smssc/sme_text.h"

enum { BACKLOG = 128, WRITE_QUEUE_MAX = 1024 * 1024, LISTEN_TLS = 0, LISTEN_PLAIN = 1 };

struct sme_owner *smssc_sme_owner(const struct smssc *s, const char *system_id)
{
	for (size_t i = 0; s->sme && i < s->conf.smes.list_n; i++) {
		if (strcmp(s->conf.smes.list[i].system_id, system_id) == 0) {
			return &s->sme->owners[i];
		}
	}
	return NULL;
}

/* Both take the same time for an SME that exists and for one that does not. */
static bool password_fits(const struct smssc *s, const struct sme_owner *o, const char *password)
{
	const char *hash = o ? o->conf->password : s->conf.smes.list_n ? s->conf.smes.list[0].password : "$6$none$";
	const char *made = crypt_r(password, hash, s->sme->crypt);
	size_t len = strlen(hash);
	unsigned differs = 0;

	if (!made || strlen(made) != len) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		differs |= (unsigned char)made[i] ^ (unsigned char)hash[i];
	}
	return !differs && o;
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

static const char *refusal_of(const struct sme_bind *b, const struct sme_owner *o, const struct smpp_pdu *p)
{
	bool password = password_fits(b->s, o, p->password);

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

static void on_bind(struct sme_bind *b, const struct smpp_pdu *p)
{
	struct smssc *s = b->s;
	struct sme_owner *o = smssc_sme_owner(s, p->system_id);
	const char *why = refusal_of(b, o, p);
	struct smpp_pdu answer = { .header = { .command = p->header.command | SMPP_RESP, .sequence = p->header.sequence } };

	if (why) {
		s->sme->counts.binds_refused++;
		log_warn(&s->log, "sme", "%s: bind of '%s' refused: %s", bind_peer(b->conn), p->system_id, why);
		bind_refuse(b->conn, p->header.command, SMPP_RBINDFAIL, p->header.sequence);
		return;
	}
	str_cut(answer.system_id, sizeof answer.system_id, s->conf.identity.host);
	if (p->interface_version >= SMPP_VERSION_34) {
		smpp_set_number(&answer, SMPP_TLV_SC_INTERFACE_VERSION, SMPP_VERSION_34);
	}
	b->owner = o;
	DL_APPEND(o->binds, b);
	o->binds_n++;
	s->sme->counts.binds++;
	log_info(&s->log, "sme", "%s: '%s' is bound by %s", bind_peer(b->conn), o->conf->system_id,
		 smpp_command_name(p->header.command));
	bind_window_in(b->conn, o->conf->window);
	bind_answer(b->conn, &answer);
	if (smpp_session_may(bind_session(b->conn), SMPP_DELIVER_SM)) {
		dlv_peer_open(s->dlv, o->conf->system_id, smssc_now(s));
	}
}

static void on_request(void *arg, struct bind_conn *c, const struct smpp_pdu *p)
{
	struct sme_bind *b = OBJ_OF(arg, struct sme_bind, SME_BIND_MAGIC);

	(void)c;
	if (b->owner) {
		smssc_sme_request(b, p);
	} else {
		on_bind(b, p);
	}
}

/* The receipt of the delivery whose id is the token. */
static void on_answer(void *arg, struct bind_conn *c, uint64_t token, uint32_t status, const struct smpp_pdu *p)
{
	struct sme_bind *b = OBJ_OF(arg, struct sme_bind, SME_BIND_MAGIC);
	struct smssc *s = b->s;

	(void)p;
	if (status == SMPP_ROK) {
		s->sme->counts.receipts++;
	} else {
		s->sme->counts.receipts_again++;
		log_info(&s->log, "sme", "%s: receipt of delivery %llu answered with %s (0x%x); it is sent again", bind_peer(c),
			 (unsigned long long)token, smpp_status_name(status), status);
	}
	dlv_reported(s->dlv, token, status == SMPP_ROK, smssc_now(s));
}

static void on_lost(void *arg, struct bind_conn *c, uint64_t token, int err)
{
	struct sme_bind *b = OBJ_OF(arg, struct sme_bind, SME_BIND_MAGIC);

	(void)c;
	(void)err;
	b->s->sme->counts.receipts_again++;
	dlv_reported(b->s->dlv, token, false, smssc_now(b->s));
}

static void on_refused(void *arg, struct bind_conn *c, uint32_t command, uint32_t status)
{
	(void)c;
	(void)command;
	(void)status; /* the log has them */
	OBJ_OF(arg, struct sme_bind, SME_BIND_MAGIC)->s->sme->counts.malformed++;
}

static void forget(struct sme_bind *b)
{
	struct smssc_sme *sme = b->s->sme;

	smssc_sme_forget(b->s, b);
	if (b->owner) {
		DL_DELETE(b->owner->binds, b);
		b->owner->binds_n--;
	}
	DL_DELETE2(sme->all, b, all_prev, all_next);
	sme->all_n--;
	sme_hosts_give(&sme->hosts, b->host);
	OBJ_END(b, SME_BIND_MAGIC);
	free(b);
}

static void on_down(void *arg, struct bind_conn *c, int err, const char *why)
{
	struct sme_bind *b = OBJ_OF(arg, struct sme_bind, SME_BIND_MAGIC);

	(void)err;
	log_info(&b->s->log, "sme", "%s: connection of %s%s%s ended: %s", bind_peer(c), b->owner ? "'" : "nobody",
		 b->owner ? b->owner->conf->system_id : "", b->owner ? "'" : "", why);
	forget(b);
}

static const struct bind_cb callbacks = {
	.on_request = on_request, .on_answer = on_answer, .on_lost = on_lost, .on_refused = on_refused, .on_down = on_down
};
static const struct net_stream_cb no_callbacks; /* the connection sets its own at once */

static int open_stream(struct net_stream **out, struct smssc *s, bool tls, int fd, const char *peer)
{
	const struct net_stream_conf conf = { .write_queue_max = WRITE_QUEUE_MAX };

	if (tls) {
		return tls_accept(out, s->sme_tls, s->loop, fd, peer, &conf, &no_callbacks, NULL);
	}
	return net_tcp_accept(out, s->loop, fd, peer, &conf, &no_callbacks, NULL);
}

static int begin(struct sme_bind *b, bool tls, int fd, const char *peer)
{
	struct smssc *s = b->s;
	const struct smssc_sme_conf *c = &s->conf.smes;
	const struct bind_conf conf = { .session = { .role = SMPP_ROLE_SMSC,
						     .bind_wait_ms = (uint32_t)c->bind_wait_ms,
						     .answer_wait_ms = (uint32_t)c->answer_wait_ms,
						     .enquire_ms = (uint32_t)c->enquire_ms,
						     .inactive_ms = (uint32_t)c->inactive_ms,
						     .window_in = 1,
						     .window_out = c->receipts },
					.pdu_max = c->pdu_max,
					.log = &s->log };
	struct net_stream *stream;
	int err = open_stream(&stream, s, tls, fd, peer);

	if (err) {
		close(fd);
		return err;
	}
	err = bind_conn_new(&b->conn, s->loop, stream, &conf, &callbacks, b);
	if (err) {
		net_stream_close(stream);
	}
	return err;
}

/* One more connection of this address, if there is room for it. */
static int enter(struct sme_host **out, struct smssc *s, const char *peer)
{
	int err;

	if (s->sme->all_n >= s->conf.smes.connections) {
		s->sme->counts.connections_refused++;
		log_warn(&s->log, "sme", "%s: connection refused: smes.connections is reached", peer);
		return ERR_LIMIT;
	}
	err = sme_hosts_take(out, &s->sme->hosts, peer, s->conf.smes.connections_per_address);
	if (err) {
		s->sme->counts.connections_crowded += err == ERR_LIMIT;
		log_warn(&s->log, "sme", "%s: connection refused: %s", peer,
			 err == ERR_LIMIT ? "smes.connections_per_address is reached" : err_str(err));
	}
	return err;
}

static void accept_one(struct smssc *s, bool tls, int fd, const char *peer)
{
	struct sme_host *host;
	struct sme_bind *b;

	if (enter(&host, s, peer)) {
		close(fd);
		return;
	}
	b = calloc(1, sizeof *b);
	if (!b) {
		log_warn(&s->log, "sme", "%s: connection refused: out of memory", peer);
		sme_hosts_give(&s->sme->hosts, host);
		close(fd);
		return;
	}
	obj_begin(&b->obj, SME_BIND_MAGIC);
	b->s = s;
	b->host = host;
	b->tls = tls;
	if (begin(b, tls, fd, peer)) {
		log_warn(&s->log, "sme", "%s: connection refused: out of memory", peer);
		sme_hosts_give(&s->sme->hosts, host);
		OBJ_END(b, SME_BIND_MAGIC);
		free(b);
		return;
	}
	DL_APPEND2(s->sme->all, b, all_prev, all_next);
	s->sme->all_n++;
}

static void accept_tls(void *arg, int fd, const char *peer)
{
	accept_one(OBJ_OF(arg, struct smssc, SMSSC_MAGIC), true, fd, peer);
}

static void accept_plain(void *arg, int fd, const char *peer)
{
	accept_one(OBJ_OF(arg, struct smssc, SMSSC_MAGIC), false, fd, peer);
}

static int listen_on(struct smssc *s, int which, const char *address, uint16_t port, net_accept_fn *fn)
{
	char shown[SHOWN_ADDRESS_MAX];
	uint16_t bound;
	int err;

	if (!address[0]) {
		return 0;
	}
	err = net_tcp_bind(&s->sme->fds[which], &bound, address, port, BACKLOG);
	if (err) {
		s->sme->fds[which] = -1;
		return err;
	}
	err = net_listener_new(&s->sme->listeners[which], s->loop, s->sme->fds[which], fn, s);
	if (!err) {
		log_info(&s->log, "sme", "SMEs connect to %s (%s)", shown_address(shown, address, bound),
			 which == LISTEN_TLS ? "SMPP over TLS" : "SMPP in clear");
	}
	return err;
}

static int load_subscribers(struct smssc *s, char why[SMSSC_STORE_WHY_MAX])
{
	_Static_assert(SMSSC_STORE_WHY_MAX >= HSS_STORE_WHY_MAX, "the reason fits");
	return s->conf.smes.subscribers[0] ? hss_store_load(&s->sme->subscribers, s->conf.smes.subscribers, why) : 0;
}

/* If it cannot be raised so far, the check of the configuration has said it. */
static void raise_descriptors(struct smssc *s)
{
	rlim_t wanted = smssc_sme_descriptors(&s->conf.smes);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted) {
		return;
	}
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0) {
		log_warn(&s->log, "sme", "the limit of descriptors cannot be raised to %llu: %s",
			 (unsigned long long)limit.rlim_cur, strerror(errno));
	}
}

int smssc_sme_start(struct smssc *s, char why[SMSSC_STORE_WHY_MAX])
{
	const struct smssc_sme_conf *c = &s->conf.smes;
	const char *section = "smes.tls";
	int err;

	if (!smssc_sme_on(c)) {
		return 0;
	}
	s->sme = calloc(1, sizeof *s->sme);
	if (!s->sme || !(s->sme->crypt = calloc(1, sizeof *s->sme->crypt)) || !(s->sme->room = malloc(SME_TEXT_MAX)) ||
	    sme_hosts_init(&s->sme->hosts)) {
		str_set(why, SMSSC_STORE_WHY_MAX, "out of memory");
		return ERR_NOMEM;
	}
	s->sme->fds[LISTEN_TLS] = s->sme->fds[LISTEN_PLAIN] = -1;
	for (size_t i = 0; i < c->list_n; i++) {
		s->sme->owners[i].conf = &c->list[i];
		sme_meter_init(&s->sme->owners[i].meter, c->list[i].rate, c->list[i].burst, net_loop_now_ms(s->loop));
	}
	smssc_sme_reserved(&s->sme->reserved, c);
	raise_descriptors(s);
	err = load_subscribers(s, why);
	if (err) {
		return err;
	}
	err = listen_on(s, LISTEN_TLS, c->tls.address, c->tls.port, accept_tls);
	if (!err) {
		section = "smes.plain";
		err = listen_on(s, LISTEN_PLAIN, c->plain.address, c->plain.port, accept_plain);
	}
	if (err) {
		snprintf(why, SMSSC_STORE_WHY_MAX, "%s: %s", section, err == ERR_IO ? strerror(errno) : err_str(err));
	}
	return err;
}

static void stop_listening(struct smssc_sme *sme)
{
	for (int i = 0; i < 2; i++) {
		net_listener_free(sme->listeners[i]);
		sme->listeners[i] = NULL;
		if (sme->fds[i] >= 0) {
			close(sme->fds[i]);
			sme->fds[i] = -1;
		}
	}
}

void smssc_sme_stop(struct smssc *s)
{
	struct sme_bind *b;

	if (!s->sme) {
		return;
	}
	stop_listening(s->sme);
	DL_FOREACH2(s->sme->all, b, all_next)
	{
		bind_unbind(b->conn);
	}
}

void smssc_sme_end(struct smssc *s)
{
	struct smssc_sme *sme = s->sme;

	if (!sme) {
		return;
	}
	stop_listening(sme);
	while (sme->all) {
		bind_free(sme->all->conn);
		forget(sme->all);
	}
	smssc_sme_committed(s, false);
	sme_hosts_fini(&sme->hosts);
	hss_store_free(sme->subscribers);
	free(sme->crypt);
	free(sme->room);
	free(sme);
	s->sme = NULL;
}

json_t *smssc_sme_status(const struct smssc *s)
{
	json_t *status = s->sme ? json_object() : NULL;

	if (!status) {
		return NULL;
	}
	json_object_set_new(status, "connections", json_integer(s->sme->all_n));
#define SME_COUNT(name, words) json_object_set_new(status, #name, json_integer((json_int_t)s->sme->counts.name));
	SME_COUNTS(SME_COUNT)
#undef SME_COUNT
	return status;
}
