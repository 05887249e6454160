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

int cfg_sctp_check_listener(const struct cfg_iwf *c, size_t i, struct report *why)
{
	const struct cfg_listen *l = &c->listen[i];
	char where[WHERE_MAX];
	unsigned line;

	snprintf(where, sizeof where, "listen[%zu]", i);
	line = cfg_line(c->lines, "%s.transport", where);
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
