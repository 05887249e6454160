/* cfg_iwf_check.c - checks that span several keys. Each error names the line of the key to
 * change. */
#include "conf/cfg_iwf_check.h"
#include "conf/cfg_iwf_audit.h"
#include "conf/cfg_iwf_metrics.h"
#include "conf/cfg_iwf_ndsip.h"
#include "conf/cfg_iwf_ocsp.h"
#include "conf/cfg_iwf_screen.h"
#include "conf/cfg_iwf_sctp.h"
#include "conf/cfg_iwf_smssc.h"
#include "conf/cfg_place.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/ident.h"

/* Keeps the first error of several. */
static void also(int *err, int next)
{
	if (!*err) {
		*err = next;
	}
}

static int check_anchor(const struct cfg_iwf *c, size_t i, struct report *why)
{
	if (!strcmp(c->anchors[i].name, IDENT_ANCHOR_INTERNAL)) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "trust_anchors[%zu].name", i),
				 "trust anchor '%s': this word means SCSs without a certificate, expected another name",
				 c->anchors[i].name);
	}
	for (size_t j = 0; j < i; j++) {
		if (!strcmp(c->anchors[i].name, c->anchors[j].name)) {
			return cfg_wrong(why, c->lines, cfg_line(c->lines, "trust_anchors[%zu].name", i),
					 "duplicate trust anchor '%s', expected unique names", c->anchors[i].name);
		}
	}
	return 0;
}

/* tls needs certificate and key; without tls there must not be any, because they would suggest a
 * protection that does not exist. */
static int check_protection(const struct cfg_iwf *c, const char *list, size_t i, int protection, const char *certificate,
			    const char *key, struct report *why)
{
	const char *word = protection_word(protection);
	const char *with =
	    protection == PROTECTION_NDSIP && !strcmp(list, "listen") ? "tls+ndsip" : "tls"; /* peers have no both */

	if (protection_has_tls(protection) && (!*certificate || !*key)) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s[%zu].protection", list, i),
				 "%s[%zu] has protection %s and no %s, expected certificate and key", list, i, word,
				 *certificate ? "key" : "certificate");
	}
	if (!protection_has_tls(protection) && (*certificate || *key)) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s[%zu].%s", list, i, *certificate ? "certificate" : "key"),
				 "%s[%zu] has protection %s and a %s, expected protection %s or no %s", list, i, word,
				 *certificate ? "certificate" : "key", with, *certificate ? "certificate" : "key");
	}
	return 0;
}

/* An IPv6 socket accepts IPv6 only here, so that a mapped address cannot be reached. `key` is the
 * whole name of the key. */
int cfg_check_form(const struct cfg_iwf *c, const char *key, const char *address, struct report *why)
{
	struct cfg_place p = cfg_place_of(address);
	char text[INET_ADDRSTRLEN];

	if (!cfg_place_mapped(&p) || !inet_ntop(AF_INET, p.octets + 12, text, sizeof text)) {
		return 0;
	}
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s", key),
			 "%s is '%s', an IPv4 address in the form of IPv6, expected '%s'", key, address, text);
}

static int check_form(const struct cfg_iwf *c, const char *list, size_t i, const char *address, struct report *why)
{
	char key[CFG_NAME_MAX];

	snprintf(key, sizeof key, "%s[%zu].address", list, i);
	return cfg_check_form(c, key, address, why);
}

/* The addresses of a listener, each in one form. Returns how many. */
static size_t listen_places(struct cfg_place out[TRANSPORT_MORE_MAX + 1], const struct cfg_listen *l)
{
	out[0] = cfg_place_one(l->address);
	for (size_t i = 0; i < l->more_addresses_n; i++) {
		out[i + 1] = cfg_place_one(l->more_addresses[i]);
	}
	return l->more_addresses_n + 1;
}

/* Two listeners of which the second one could not be bound. */
static int check_places(const struct cfg_iwf *c, size_t i, size_t j, struct report *why)
{
	const struct cfg_listen *a = &c->listen[j], *b = &c->listen[i];
	struct cfg_place pa[TRANSPORT_MORE_MAX + 1], pb[TRANSPORT_MORE_MAX + 1];
	size_t na = listen_places(pa, a), nb = listen_places(pb, b);

	if (!a->port || a->port != b->port || a->transport != b->transport) {
		return 0;
	}
	for (size_t m = 0; m < na * nb; m++) {
		const struct cfg_place *one = &pa[m / nb], *other = &pb[m % nb];

		if (cfg_place_same(one, other)) {
			return cfg_wrong(why, c->lines, cfg_line(c->lines, "listen[%zu].port", i),
					 "listeners '%s' and '%s' have the same address and port, expected different ones",
					 a->name, b->name);
		}
		if (one->family == other->family && (cfg_place_every(one) || cfg_place_every(other))) {
			return cfg_wrong(
			    why, c->lines, cfg_line(c->lines, "listen[%zu].port", i),
			    "listeners '%s' and '%s' have the same port, and %s means every address, expected different ports",
			    a->name, b->name, cfg_place_every(one) ? a->address : b->address);
		}
	}
	return 0;
}

/* A key is in a file or in the token, and the token is named whole. */
static int check_key(const struct cfg_iwf *c, size_t i, struct report *why)
{
	const struct cfg_listen *l = &c->listen[i];
	const struct cfg_pkcs11 *t = &c->keyholder.pkcs11;

	if (!*l->key_object || !cfg_sound(c->lines, "keyholder.pkcs11")) {
		return 0;
	}
	if (*l->key) {
		return cfg_wrong(
		    why, c->lines, cfg_line(c->lines, "listen[%zu].key_object", i),
		    "listener '%s' has both key and key_object, expected one of them: a file, or an object in the token",
		    l->name);
	}
	if (!*t->module || !*t->token || !*t->pin_file) {
		return cfg_wrong(
		    why, c->lines, cfg_line(c->lines, "listen[%zu].key_object", i),
		    "listener '%s' has a key_object and keyholder.pkcs11 has no %s, expected module, token and pin_file", l->name,
		    !*t->module  ? "module"
		    : !*t->token ? "token"
				 : "pin_file");
	}
	return 0;
}

/* A handshake that is over before its signature is given up would say nothing of the keyholder. */
static int check_keyholder(const struct cfg_iwf *c, struct report *why)
{
	if (!cfg_written(c->lines, "keyholder.sign_wait") || c->keyholder.sign_wait_ms < c->limits.handshake_wait_ms) {
		return 0;
	}
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "keyholder.sign_wait"),
			 "keyholder.sign_wait is %llu ms and limits.handshake_wait %llu ms, expected less than that",
			 (unsigned long long)c->keyholder.sign_wait_ms, (unsigned long long)c->limits.handshake_wait_ms);
}

/* What comes in one piece with the end of a handshake counts as a part of it (tls_shake.c). */
static void check_cer(const struct cfg_iwf *c, struct report *why)
{
	const struct cfg_limits *l = &c->limits;
	uint32_t cer = l->cer_max < l->message_max ? l->cer_max : l->message_max;
	bool tls = false;

	for (size_t i = 0; i < c->listen_n; i++) {
		tls = tls || protection_has_tls(c->listen[i].protection);
	}
	if (tls && cer > l->handshake_max) {
		cfg_warn(
		    why, c->lines, cfg_line(c->lines, cfg_written(c->lines, "limits.cer") ? "limits.cer" : "limits.handshake"),
		    "a CER may have %u bytes (limits.cer), and a client only %u until its handshake is done "
		    "(limits.handshake). A CER that comes at once with the end of the handshake counts, too: some connections "
		    "are closed without a CEA. Expected limits.cer to be the smaller one, by what a handshake needs",
		    cer, l->handshake_max);
	}
}

static int check_listener(const struct cfg_iwf *c, size_t i, struct report *why)
{
	const struct cfg_listen *l = &c->listen[i];
	int err = 0;

	for (size_t j = 0; j < i; j++) {
		if (!cfg_sound(c->lines, "listen[%zu]", j)) {
			continue;
		}
		if (!strcmp(l->name, c->listen[j].name)) {
			also(&err, cfg_wrong(why, c->lines, cfg_line(c->lines, "listen[%zu].name", i),
					     "duplicate listener '%s', expected unique names", l->name));
		}
		also(&err, check_places(c, i, j, why));
	}
	also(&err, check_form(c, "listen", i, l->address, why));
	also(&err, cfg_sctp_check_listener(c, i, why));
	if (!transport_is_sctp(l->transport) && l->zone == ZONE_EXTERNAL && l->protection == PROTECTION_NONE) {
		also(&err, cfg_wrong(why, c->lines, cfg_line(c->lines, "listen[%zu].protection", i),
				     "listener '%s' is external without protection, expected protection tls, ndsip or tls+ndsip",
				     l->name));
		return err;
	}
	if (l->protection != PROTECTION_NONE && !c->anchors_n && cfg_sound(c->lines, "trust_anchors")) {
		also(&err, cfg_wrong(why, c->lines, cfg_line(c->lines, "listen[%zu].protection", i),
				     "listener '%s' has protection %s and there are no trust_anchors, expected at least one",
				     l->name, protection_word(l->protection)));
	}
	if (transport_is_sctp(l->transport)) {
		return err; /* nothing of TLS matters */
	}
	also(&err, check_protection(c, "listen", i, l->protection, l->certificate, *l->key ? l->key : l->key_object, why));
	also(&err, check_key(c, i, why));
	return err;
}

static int check_two_peers(const struct cfg_iwf *c, size_t i, size_t j, struct report *why)
{
	const struct cfg_peer *p = &c->peers[i], *q = &c->peers[j];
	struct cfg_place a = cfg_place_one(p->address), b = cfg_place_one(q->address);
	bool name = !strcmp(p->name, q->name);

	if (name || !strcmp(p->host, q->host)) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "peers[%zu].%s", i, name ? "name" : "host"),
				 "duplicate peer %s '%s', expected unique names and hosts", name ? "name" : "host",
				 name ? p->name : p->host);
	}
	if (p->port == q->port && p->transport == q->transport && cfg_place_same(&a, &b)) {
		cfg_warn(why, c->lines, cfg_line(c->lines, "peers[%zu].address", i),
			 "peers '%s' and '%s' have the same address and port; who answers "
			 "there has one host name, so one of the two is never reached",
			 q->name, p->name);
	}
	return 0;
}

static int check_peer(const struct cfg_iwf *c, size_t i, struct report *why)
{
	const struct cfg_peer *p = &c->peers[i];
	int err = 0;

	for (size_t j = 0; j < i; j++) {
		if (cfg_sound(c->lines, "peers[%zu]", j)) {
			also(&err, check_two_peers(c, i, j, why));
		}
	}
	also(&err, check_form(c, "peers", i, p->address, why));
	also(&err, cfg_sctp_check_peer(c, i, why));
	if (!strcmp(p->host, c->internal.host)) {
		also(&err, cfg_wrong(why, c->lines, cfg_line(c->lines, "peers[%zu].host", i),
				     "peer '%s' has our own host name '%s', expected the peer's", p->name, p->host));
	}
	if (transport_is_sctp(p->transport)) {
		return err; /* nothing of TLS matters */
	}
	if (p->protection == PROTECTION_TLS && cfg_anchor_index(c, p->trust) == CFG_ANCHORS_MAX &&
	    cfg_sound(c->lines, "trust_anchors")) {
		also(&err, cfg_wrong(why, c->lines, cfg_line(c->lines, "peers[%zu].trust", i),
				     "peer '%s' has protection tls and trust '%s', expected the name of one of the trust_anchors",
				     p->name, p->trust));
	}
	also(&err, check_protection(c, "peers", i, p->protection, p->certificate, p->key, why));
	return err;
}

static int check_route(const struct cfg_iwf *c, const char *section, struct cfg_route *route, struct report *why)
{
	bool sure = c->peers_n != 0;

	for (size_t i = 0; i < c->peers_n; i++) {
		if (!strcmp(c->peers[i].name, route->peer)) {
			route->peer_index = i;
			return 0;
		}
		sure = sure && cfg_sound(c->lines, "peers[%zu].name", i);
	}
	if (!sure) { /* the name may belong to a key with an error that was reported */
		return 0;
	}
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s.peer", section),
			 "%s.peer is '%s', expected the name of one of the peers, such as '%s'", section, route->peer,
			 c->peers[0].name);
}

/* One message fits into what a connection may have, and that into what an edge may have. A preset
 * grows with the other item; one that is written is refused. */
static int check_requests(struct cfg_iwf *c, struct report *why)
{
	struct cfg_limits *l = &c->limits;
	int err = 0;

	if (l->request_octets_per_connection < l->message_max) {
		if (cfg_written(c->lines, "limits.request_bytes_per_connection")) {
			also(&err, cfg_wrong(why, c->lines, cfg_line(c->lines, "limits.request_bytes_per_connection"),
					     "limits.request_bytes_per_connection is %u, expected at least limits.message (%u)",
					     l->request_octets_per_connection, l->message_max));
		}
		l->request_octets_per_connection = l->message_max;
	}
	if (l->request_octets < l->request_octets_per_connection) {
		if (cfg_written(c->lines, "limits.request_bytes")) {
			also(&err, cfg_wrong(why, c->lines, cfg_line(c->lines, "limits.request_bytes"),
					     "limits.request_bytes is %u, expected at least "
					     "limits.request_bytes_per_connection (%u)",
					     l->request_octets, l->request_octets_per_connection));
		}
		l->request_octets = l->request_octets_per_connection;
	}
	return err;
}

static int check_numbers(struct cfg_iwf *c, struct report *why)
{
	uint32_t ring = 65536;
	int err = 0;

	if (c->dnr.retry_max_ms < c->dnr.retry_min_ms && cfg_sound(c->lines, "dnr.retry_max") &&
	    cfg_sound(c->lines, "dnr.retry_min")) {
		also(&err, cfg_wrong(why, c->lines, cfg_line(c->lines, "dnr.retry_max"),
				     "dnr.retry_max is shorter than dnr.retry_min, expected at least as long"));
	}
	if (c->replay.window_ms < c->limits.duplicates_window_ms && cfg_sound(c->lines, "replay.window") &&
	    cfg_sound(c->lines, "limits.duplicates_window")) {
		also(&err, cfg_wrong(why, c->lines, cfg_line(c->lines, "replay.window"),
				     "replay.window is shorter than limits.duplicates_window, in which a request that comes "
				     "again is a copy: nothing could be a replay; expected at least as long"));
	}
	if (c->timers.hang_ms && c->timers.hang_ms < 1000 && cfg_sound(c->lines, "timers.hang")) {
		also(
		    &err,
		    cfg_wrong(why, c->lines, cfg_line(c->lines, "timers.hang"),
			      "timers.hang is shorter than a busy process may be silent, expected at least 1s, or 0s for never"));
	}
	if (c->timers.restart_max_ms < c->timers.edge_restart_ms && cfg_sound(c->lines, "timers.restart_max") &&
	    cfg_sound(c->lines, "timers.edge_restart")) {
		also(&err, cfg_wrong(why, c->lines, cfg_line(c->lines, "timers.restart_max"),
				     "timers.restart_max is shorter than timers.edge_restart, expected at least as long"));
	}
	if (c->limits.connections_per_address > c->limits.connections_total) {
		/* warn only if it was configured explicitly; otherwise the smaller limit applies */
		if (cfg_written(c->lines, "limits.connections_per_address") &&
		    cfg_sound(c->lines, "limits.connections_per_address") && cfg_sound(c->lines, "limits.connections_total")) {
			also(&err, cfg_wrong(why, c->lines, cfg_line(c->lines, "limits.connections_per_address"),
					     "limits.connections_per_address is above limits.connections_total (%u), expected at "
					     "most that",
					     c->limits.connections_total));
		}
		c->limits.connections_per_address = c->limits.connections_total;
	}
	while (ring < c->limits.ring_size) {
		ring *= 2;
	}
	c->limits.ring_size = ring;
	return err;
}

/* of an idle core: stacks of its threads, tables, buffers */
#define CORE_MEMORY_MIN (UINT64_C(64) << 20)

/* Twice the reserve: it gets well when as much again is free. */
static int check_memory(const struct cfg_iwf *c, struct report *why)
{
	uint64_t least = CORE_MEMORY_MIN + 2 * c->limits.memory_reserve + c->associations_import_memory;

	if (!c->limits.memory || c->limits.memory >= least) {
		return 0;
	}
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "limits.memory"),
			 "limits.memory is %llu, expected 0 or at least %llu: 64 MiB, twice limits.memory_reserve, and "
			 "associations.import_memory",
			 (unsigned long long)c->limits.memory, (unsigned long long)least);
}

/* A socket has less room for its path than a file has. */
static int check_control(const struct cfg_iwf *c, struct report *why)
{
	size_t max = sizeof((struct sockaddr_un *)0)->sun_path - 1, len = strlen(c->control_path);

	if (len <= max) {
		return 0;
	}
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "control.path"),
			 "control.path '%s' is %zu bytes long, and a socket may have %zu, expected a shorter path",
			 c->control_path, len, max);
}

int cfg_iwf_check(struct cfg_iwf *c, struct report *why)
{
	int err = 0;

	if (!strcmp(c->external.host, c->internal.host) && cfg_sound(c->lines, "identity")) {
		also(&err,
		     cfg_wrong(why, c->lines, cfg_line(c->lines, "identity.internal.host"),
			       "identity.internal.host is the external one too, expected a name that is never shown outside"));
	}
	also(&err, check_control(c, why));
	also(&err, cfg_screening_check(c, why));
	also(&err, cfg_ndsip_check(c, why));
	also(&err, cfg_audit_check(c, why));
	also(&err, cfg_metrics_check(c, why));
	for (size_t i = 0; i < c->anchors_n; i++) {
		if (cfg_sound(c->lines, "trust_anchors[%zu]", i)) {
			also(&err, check_anchor(c, i, why));
		}
	}
	for (size_t i = 0; i < c->listen_n; i++) {
		if (cfg_sound(c->lines, "listen[%zu]", i)) {
			also(&err, check_listener(c, i, why));
		}
	}
	for (size_t i = 0; i < c->peers_n; i++) {
		if (cfg_sound(c->lines, "peers[%zu]", i)) {
			also(&err, check_peer(c, i, why));
		}
	}
	if (cfg_sound(c->lines, "s6m.peer")) {
		also(&err, check_route(c, "s6m", &c->s6m, why));
	}
	if (cfg_sound(c->lines, "t4.peer")) {
		also(&err, check_route(c, "t4", &c->t4, why));
	}
	if (cfg_sound(c->lines, "limits.memory") && cfg_sound(c->lines, "limits.memory_reserve") &&
	    cfg_sound(c->lines, "associations.import_memory")) {
		also(&err, check_memory(c, why));
	}
	if (cfg_sound(c->lines, "keyholder") && cfg_sound(c->lines, "limits")) {
		also(&err, check_keyholder(c, why));
	}
	if (cfg_sound(c->lines, "limits")) {
		also(&err, check_requests(c, why));
	}
	if (cfg_sound(c->lines, "limits") && cfg_sound(c->lines, "listen")) {
		check_cer(c, why);
	}
	also(&err, check_numbers(c, why));
	also(&err, cfg_smssc_check(c, why));
	also(&err, cfg_sctp_check_times(c, why));
	also(&err, cfg_ocsp_check(c, why));
	return err;
}
