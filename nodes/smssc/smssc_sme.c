/* smssc_sme.c - listeners and connections of SMEs. */
#include "nodes/smssc/smssc_sme.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utlist.h>

#include "base/shown.h"
#include "net/net_tcp.h"
#include "net/net_transport.h"
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

static void on_request(void *arg, struct bind_conn *c, const struct smpp_pdu *p)
{
	struct sme_bind *b = OBJ_OF(arg, struct sme_bind, SME_BIND_MAGIC);

	(void)c;
	if (b->owner) {
		smssc_sme_request(b, p);
	} else {
		smssc_sme_bind(b, p);
	}
}

/* Whatever became of a receipt, there is room for another one. */
static void next_receipt(const struct sme_bind *b)
{
	(void)dlv_peer_room(b->s->dlv, b->owner->conf->system_id, smssc_now(b->s));
}

/* The receipt of the delivery whose id is the token. */
static void on_answer(void *arg, struct bind_conn *c, uint64_t token, uint32_t status, const struct smpp_pdu *p)
{
	struct sme_bind *b = OBJ_OF(arg, struct sme_bind, SME_BIND_MAGIC);
	struct smssc *s = b->s;

	(void)p;
	if (dlv_is_to_sme(s->dlv, token)) {
		smssc_sme_delivered(s, b, token, status);
		next_receipt(b);
		return;
	}
	if (status == SMPP_ROK) {
		s->sme->counts.receipts++;
	} else {
		s->sme->counts.receipts_again++;
		log_info(&s->log, "sme", "%s: receipt of delivery %llu answered with %s (0x%x); it is sent again", bind_peer(c),
			 (unsigned long long)token, smpp_status_name(status), status);
	}
	dlv_reported(s->dlv, token, status == SMPP_ROK, smssc_now(s));
	next_receipt(b);
}

static void on_lost(void *arg, struct bind_conn *c, uint64_t token, int err)
{
	struct sme_bind *b = OBJ_OF(arg, struct sme_bind, SME_BIND_MAGIC);

	(void)c;
	if (dlv_is_to_sme(b->s->dlv, token)) {
		b->s->sme->counts.to_smes_again++;
	} else {
		b->s->sme->counts.receipts_again++;
	}
	if (err == ERR_CLOSED) {
		dlv_unreported(b->s->dlv, token, smssc_now(b->s));
	} else {
		dlv_reported(b->s->dlv, token, false, smssc_now(b->s));
	}
	next_receipt(b);
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
	smssc_sme_bind_forget(b);
	if (b->owner) {
		DL_DELETE(b->owner->binds, b);
		b->owner->binds_n--;
	}
	DL_DELETE2(sme->all, b, all_prev, all_next);
	sme->all_n--;
	sme_hosts_give(&sme->hosts, b->host, b->owner);
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
	err = sme_hosts_take(out, &s->sme->hosts, peer, s->conf.smes.connections_per_address, s->conf.smes.unbound_per_address);
	if (err) {
		s->sme->counts.connections_crowded += err == ERR_LIMIT;
		s->sme->counts.connections_unbound += err == ERR_BUSY;
		log_warn(&s->log, "sme", "%s: connection refused: %s", peer,
			 err == ERR_LIMIT  ? "smes.connections_per_address is reached"
			 : err == ERR_BUSY ? "smes.unbound_per_address is reached"
					   : err_str(err));
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
		sme_hosts_give(&s->sme->hosts, host, false);
		close(fd);
		return;
	}
	obj_begin(&b->obj, SME_BIND_MAGIC);
	b->s = s;
	b->host = host;
	b->tls = tls;
	if (begin(b, tls, fd, peer)) {
		log_warn(&s->log, "sme", "%s: connection refused: out of memory", peer);
		sme_hosts_give(&s->sme->hosts, host, false);
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

static int load_subscribers(struct hss_store **out, const struct smssc_sme_conf *c, char why[SMSSC_STORE_WHY_MAX])
{
	_Static_assert(SMSSC_STORE_WHY_MAX >= HSS_STORE_WHY_MAX, "the reason fits");
	return c->subscribers[0] ? hss_store_load(out, c->subscribers, why) : 0;
}

int smssc_sme_try_subscribers(const struct smssc_sme_conf *c, char why[SMSSC_STORE_WHY_MAX])
{
	struct hss_store *store = NULL;
	int err = smssc_sme_on(c) ? load_subscribers(&store, c, why) : 0;

	hss_store_free(store);
	return err;
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
	if (!s->sme || !(s->sme->room = malloc(SME_TEXT_MAX)) || sme_hosts_init(&s->sme->hosts) || smssc_sme_bind_start(s)) {
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
	sme_meter_init(&s->sme->mobiles, c->mobiles.rate, c->mobiles.burst, net_loop_now_ms(s->loop));
	s->sme->number_key = smssc_store_number_key(s->store);
	err = load_subscribers(&s->sme->subscribers, c, why);
	if (err) {
		return err;
	}
	err = listen_on(s, LISTEN_TLS, c->tls.address, c->tls.port, accept_tls);
	if (!err) {
		section = "smes.plain";
		err = listen_on(s, LISTEN_PLAIN, c->plain.address, c->plain.port, accept_plain);
	}
	if (err) {
		snprintf(why, SMSSC_STORE_WHY_MAX, "%s: %s", section, err == ERR_IO ? net_bind_words(errno) : err_str(err));
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
	smssc_sme_bind_end(s);
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
	json_object_set_new(status, "at_gateway", json_integer((json_int_t)dlv_gauge(s->dlv).afar));
	json_object_set_new(status, "binds_waiting", json_integer(s->sme->passwords_n));
#define SME_COUNT(name, words) json_object_set_new(status, #name, json_integer((json_int_t)s->sme->counts.name));
	SME_COUNTS(SME_COUNT)
#undef SME_COUNT
	return status;
}
