/* cfg_iwf_sctp.c - what a listener or a peer over SCTP needs, and what it cannot have. */
#include "conf/cfg_iwf_sctp.h"

#include <stdio.h>

#include "conf/cfg_iwf_check.h"
#include "conf/cfg_place.h"

#define WHERE_MAX 32
#define KEY_MAX 96
#define OURS "expected the addresses that the other side shall learn"

/* `key` is the whole name of the address. */
static int check_every(const struct cfg_iwf *c, const char *key, const char *address, struct report *why)
{
	struct cfg_place p = cfg_place_of(address);

	if (!cfg_place_every(&p)) {
		return 0;
	}
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s", key),
			 "%s is '%s', every address of the machine, and SCTP would list all of them, " OURS, key, address);
}

/* One of a list. */
static int check_address(const struct cfg_iwf *c, const char *key, const char *address, struct report *why)
{
	int err = check_every(c, key, address, why);

	return err ? err : cfg_check_form(c, key, address, why);
}

/* The addresses of one end: `first` (NULL: none) and a list. */
static int check_end(const struct cfg_iwf *c, const char *where, const char *list, const char *first,
		     const char (*more)[CFG_ADDRESS_MAX], size_t n, struct report *why)
{
	char key[KEY_MAX];
	int err = 0;

	if (first) {
		snprintf(key, sizeof key, "%s.address", where);
		err = check_every(c, key, first, why);
	}
	for (size_t i = 0; i < n && !err; i++) {
		struct cfg_place p = cfg_place_one(more[i]), q = cfg_place_one(first ? first : more[i]);
		bool again = first && cfg_place_same(&p, &q);

		for (size_t j = 0; j < i && !again; j++) {
			q = cfg_place_one(more[j]);
			again = cfg_place_same(&p, &q);
		}
		snprintf(key, sizeof key, "%s.%s[%zu]", where, list, i);
		err = again
			  ? cfg_wrong(why, c->lines, cfg_line(c->lines, "%s", key),
				      "%s is '%s', which is one of its addresses already, expected different ones", key, more[i])
			  : check_address(c, key, more[i], why);
	}
	return err;
}

static int only_with_sctp(const struct cfg_iwf *c, const char *where, const char *key, struct report *why)
{
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s.%s", where, key),
			 "%s.%s belongs to transport sctp, and transport is tcp", where, key);
}

/* -- SCTP in user space */

static int only_in_udp(const struct cfg_iwf *c, const char *where, int transport, struct report *why)
{
	char key[KEY_MAX];

	snprintf(key, sizeof key, "%s.udp_port", where);
	if (transport == TRANSPORT_SCTP_UDP || !cfg_written(c->lines, key)) {
		return 0;
	}
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s", key), "%s belongs to transport sctp-udp, and transport is %s",
			 key, transport_word(transport));
}

/* The stack of an edge is one for all listeners, and sees no address of ours. */
static int check_udp_pair(const struct cfg_iwf *c, size_t i, size_t j, struct report *why)
{
	const struct cfg_listen *a = &c->listen[j], *b = &c->listen[i];
	struct cfg_place p = cfg_place_one(a->address), q = cfg_place_one(b->address);

	if (a->transport != TRANSPORT_SCTP_UDP || !cfg_sound(c->lines, "listen[%zu]", j)) {
		return 0;
	}
	if (a->port == b->port) {
		return cfg_wrong(
		    why, c->lines, cfg_line(c->lines, "listen[%zu].port", i),
		    "listeners '%s' and '%s' have transport sctp-udp and the same port, expected different ones, even at "
		    "different addresses",
		    a->name, b->name);
	}
	if (a->udp_port == b->udp_port && cfg_place_same(&p, &q)) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "listen[%zu].udp_port", i),
				 "listeners '%s' and '%s' have the same address and udp_port, expected different ones", a->name,
				 b->name);
	}
	return 0;
}

static int check_listener_in_udp(const struct cfg_iwf *c, size_t i, const char *where, struct report *why)
{
	const struct cfg_listen *l = &c->listen[i];
	char key[KEY_MAX];
	int err = 0;

	if (l->zone == ZONE_EXTERNAL || l->protection != PROTECTION_NONE) {
		return cfg_wrong(
		    why, c->lines, cfg_line(c->lines, "%s.transport", where),
		    "listener '%s' has transport sctp-udp, which is for laboratories and has no protection (that of a "
		    "tunnel cannot be proven for it), expected zone internal and protection none, or another transport",
		    l->name);
	}
	if (!l->port) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s.port", where),
				 "listener '%s' has transport sctp-udp and port 0, expected the port of SCTP", l->name);
	}
	if (l->more_addresses_n) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s.more_addresses", where),
				 "%s.more_addresses belongs to transport sctp, and transport is sctp-udp, which has one address",
				 where);
	}
	snprintf(key, sizeof key, "%s.address", where);
	err = check_every(c, key, l->address, why);
	for (size_t j = 0; j < i && !err; j++) {
		err = check_udp_pair(c, i, j, why);
	}
	return err;
}

static int check_peer_in_udp(const struct cfg_iwf *c, size_t i, const char *where, struct report *why)
{
	const struct cfg_peer *p = &c->peers[i];
	char key[KEY_MAX];

	if (p->protection != PROTECTION_NONE) {
		return cfg_wrong(
		    why, c->lines, cfg_line(c->lines, "%s.transport", where),
		    "peer '%s' has transport sctp-udp, which is for laboratories and has no protection (that of a tunnel "
		    "cannot be proven for it), expected protection none, or another transport",
		    p->name);
	}
	if (p->local_addresses_n != 1) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s.local_addresses", where),
				 "peer '%s' has transport sctp-udp and %zu local_addresses, expected one", p->name,
				 p->local_addresses_n);
	}
	if (p->more_addresses_n) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s.more_addresses", where),
				 "%s.more_addresses belongs to transport sctp, and transport is sctp-udp, which has one address",
				 where);
	}
	snprintf(key, sizeof key, "%s.local_addresses[0]", where);
	return check_address(c, key, p->local_addresses[0], why);
}

/* -- both kinds */

int cfg_sctp_check_listener(const struct cfg_iwf *c, size_t i, struct report *why)
{
	const struct cfg_listen *l = &c->listen[i];
	char where[WHERE_MAX];
	unsigned line;

	snprintf(where, sizeof where, "listen[%zu]", i);
	line = cfg_line(c->lines, "%s.transport", where);
	if (only_in_udp(c, where, l->transport, why)) {
		return ERR_INVAL;
	}
	if (l->transport == TRANSPORT_SCTP_UDP) {
		return check_listener_in_udp(c, i, where, why);
	}
	if (l->transport != TRANSPORT_SCTP) {
		return l->more_addresses_n ? only_with_sctp(c, where, "more_addresses", why) : 0;
	}
	if (protection_has_tls(l->protection)) {
		return cfg_wrong(why, c->lines, line,
				 "listener '%s' has protection %s over sctp, which is not offered (nor is DTLS over SCTP), "
				 "expected transport tcp, or protection ndsip%s",
				 l->name, protection_word(l->protection), l->zone == ZONE_EXTERNAL ? "" : " or none");
	}
	if (l->zone == ZONE_EXTERNAL && l->protection == PROTECTION_NONE) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "listen[%zu].protection", i),
				 "listener '%s' is external over sctp without protection, expected protection ndsip", l->name);
	}
	if (*l->certificate || *l->key || *l->key_object) {
		return cfg_wrong(why, c->lines, line, "listener '%s' has transport sctp and a %s, expected none: nothing uses it",
				 l->name,
				 *l->certificate ? "certificate"
				 : *l->key       ? "key"
						 : "key_object");
	}
	return check_end(c, where, "more_addresses", l->address, l->more_addresses, l->more_addresses_n, why);
}

int cfg_sctp_check_peer(const struct cfg_iwf *c, size_t i, struct report *why)
{
	const struct cfg_peer *p = &c->peers[i];
	char where[WHERE_MAX], key[KEY_MAX];
	unsigned line;
	int err;

	snprintf(where, sizeof where, "peers[%zu]", i);
	line = cfg_line(c->lines, "%s.transport", where);
	if (only_in_udp(c, where, p->transport, why)) {
		return ERR_INVAL;
	}
	if (p->transport == TRANSPORT_SCTP_UDP) {
		return check_peer_in_udp(c, i, where, why);
	}
	if (p->transport != TRANSPORT_SCTP) {
		if (p->more_addresses_n) {
			return only_with_sctp(c, where, "more_addresses", why);
		}
		return p->local_addresses_n && !protection_has_ndsip(p->protection)
			   ? only_with_sctp(c, where, "local_addresses", why)
			   : 0;
	}
	if (p->protection == PROTECTION_TLS) {
		return cfg_wrong(why, c->lines, line,
				 "peer '%s' has protection tls over sctp, which is not offered (nor is DTLS over SCTP), "
				 "expected transport tcp, or protection ndsip or none",
				 p->name);
	}
	if (*p->certificate || *p->key || (*p->trust && p->protection == PROTECTION_NONE)) {
		return cfg_wrong(why, c->lines, line, "peer '%s' has transport sctp and a %s, expected none: nothing uses it",
				 p->name,
				 *p->certificate ? "certificate"
				 : *p->key       ? "key"
						 : "trust");
	}
	if (!p->local_addresses_n) {
		return cfg_wrong(
		    why, c->lines, line,
		    "peer '%s' has transport sctp and no local_addresses; without them SCTP would list all addresses "
		    "of the machine, " OURS,
		    p->name);
	}
	snprintf(key, sizeof key, "%s.reopen_detect", where);
	if (cfg_written(c->lines, key) && p->reopen_detect) {
		cfg_warn(why, c->lines, cfg_line(c->lines, "%s", key),
			 "peer '%s' has reopen_detect and transport sctp, over which it has no effect", p->name);
	}
	err = check_end(c, where, "more_addresses", p->address, p->more_addresses, p->more_addresses_n, why);
	return err ? err : check_end(c, where, "local_addresses", NULL, p->local_addresses, p->local_addresses_n, why);
}

int cfg_sctp_check_times(const struct cfg_iwf *c, struct report *why)
{
	const struct cfg_sctp *s = &c->sctp;

	if (!cfg_sound(c->lines, "sctp") || (s->rto_min_ms <= s->rto_initial_ms && s->rto_initial_ms <= s->rto_max_ms)) {
		return 0;
	}
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "sctp.rto_initial"),
			 "sctp.rto_initial is %llu ms, expected from sctp.rto_min (%llu ms) to sctp.rto_max (%llu ms)",
			 (unsigned long long)s->rto_initial_ms, (unsigned long long)s->rto_min_ms,
			 (unsigned long long)s->rto_max_ms);
}
