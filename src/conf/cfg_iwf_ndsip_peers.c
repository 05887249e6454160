/* cfg_iwf_ndsip_peers.c - what a peer of the core under NDS/IP needs: an address of ours and
 * those of the peer inside a tunnel of its own, and who the other end of that tunnel is. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ident.h"
#include "base/str.h"
#include "conf/cfg_iwf.h"
#include "conf/cfg_iwf_ndsip.h"
#include "ipsec/sa_table.h"

#define KEY_MAX 64
/* The name of its connection at charon is one octet longer (ndsip/ns_msg.h). */
#define NAME_OCTETS_MAX (IDENT_SCS_MAX - 1)

/* An error at peers[i].key. */
__attribute__((format(printf, 5, 6))) static int wrong(const struct cfg_iwf *c, size_t i, const char *key, struct report *why,
						       const char *fmt, ...)
{
	char words[CFG_WHY_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(words, sizeof words, fmt, args);
	va_end(args);
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "peers[%zu].%s", i, key), "peer '%s' %s", c->peers[i].name, words);
}

static bool is(const char *text, const struct sa_address *address)
{
	struct sa_address a;

	return !sa_address_read(&a, text, strlen(text)) && sa_address_equal(&a, address);
}

static bool has(const char (*list)[CFG_ADDRESS_MAX], size_t n, const struct sa_address *address)
{
	bool found = false;

	for (size_t i = 0; i < n && !found; i++) {
		found = is(list[i], address);
	}
	return found;
}

static bool is_theirs(const struct cfg_peer *p, const struct sa_address *address)
{
	return is(p->address, address) || has(p->more_addresses, p->more_addresses_n, address);
}

const struct cfg_peer *cfg_ndsip_peer_with(const struct cfg_iwf *c, const struct sa_address *address)
{
	for (size_t i = 0; i < c->peers_n; i++) {
		const struct cfg_peer *p = &c->peers[i];

		if (protection_has_ndsip(p->protection) &&
		    (is_theirs(p, address) || has(p->local_addresses, p->local_addresses_n, address))) {
			return p;
		}
	}
	return NULL;
}

static bool listens(const struct cfg_iwf *c, const struct sa_address *address)
{
	bool found = false;

	for (size_t i = 0; i < c->listen_n && !found; i++) {
		found =
		    is(c->listen[i].address, address) || has(c->listen[i].more_addresses, c->listen[i].more_addresses_n, address);
	}
	return found;
}

/* -- one address */

/* `first` has the family of all addresses inside the tunnel. */
static int check_inside(const struct cfg_iwf *c, size_t i, const char *key, const char *text, struct report *why)
{
	const struct cfg_peer *p = &c->peers[i];
	struct sa_address a, first;

	if (sa_address_read(&a, text, strlen(text)) || sa_address_read(&first, p->address, strlen(p->address))) {
		return 0; /* reported by its row */
	}
	if (sa_address_unspecified(&a)) {
		return wrong(c, i, key, why, "has protection ndsip and the address '%s', expected that of one host", text);
	}
	if (has(c->ndsip.local_ike, c->ndsip.local_ike_n, &a)) {
		return wrong(
		    c, i, key, why,
		    "has protection ndsip and the address '%s', which ndsip.local_ike has for IKE, expected another one, "
		    "inside the tunnel",
		    text);
	}
	if (has(p->ike, p->ike_n, &a)) {
		return wrong(c, i, key, why,
			     "has protection ndsip and the address '%s', which it also has for IKE, expected another one, inside "
			     "the tunnel",
			     text);
	}
	if (a.family != first.family) {
		return wrong(c, i, key, why,
			     "has protection ndsip and the addresses '%s' and '%s', expected IPv4 or IPv6 addresses only",
			     p->address, text);
	}
	return 0;
}

static int check_theirs(const struct cfg_iwf *c, size_t i, const char *key, const char *text, struct report *why)
{
	struct sa_address a;
	int err = check_inside(c, i, key, text, why);

	if (err || sa_address_read(&a, text, strlen(text))) {
		return err;
	}
	if (listens(c, &a) || has(c->peers[i].local_addresses, c->peers[i].local_addresses_n, &a)) {
		return wrong(c, i, key, why, "has protection ndsip and the address '%s', which is ours, expected the peer's",
			     text);
	}
	for (size_t j = 0; j < i; j++) {
		if (protection_has_ndsip(c->peers[j].protection) && is_theirs(&c->peers[j], &a)) {
			return wrong(
			    c, i, key, why,
			    "and peer '%s' have protection ndsip and the address '%s', and a host has one tunnel, expected "
			    "different addresses",
			    c->peers[j].name, text);
		}
	}
	return 0;
}

static int check_ike(const struct cfg_iwf *c, size_t i, size_t k, struct report *why)
{
	const struct cfg_peer *p = &c->peers[i];
	const char *text = p->ike[k];
	char key[KEY_MAX];
	struct sa_address a;

	snprintf(key, sizeof key, "ike[%zu]", k);
	if (sa_address_read(&a, text, strlen(text)) || sa_address_unspecified(&a)) {
		return wrong(c, i, key, why, "has '%s' in ike, which is no address of one host, expected one", text);
	}
	if (has(c->ndsip.local_ike, c->ndsip.local_ike_n, &a)) {
		return wrong(c, i, key, why, "has '%s' in ike, which is ours (ndsip.local_ike), expected the peer's", text);
	}
	if (has(p->ike, k, &a)) {
		return wrong(c, i, key, why, "has '%s' in ike twice, expected different addresses", text);
	}
	return 0;
}

/* -- one peer */

static int check_addresses(const struct cfg_iwf *c, size_t i, struct report *why)
{
	const struct cfg_peer *p = &c->peers[i];
	char key[KEY_MAX];
	int err = check_theirs(c, i, "address", p->address, why);

	if (p->transport == TRANSPORT_TCP && p->local_addresses_n != 1) {
		return wrong(c, i, p->local_addresses_n ? "local_addresses" : "protection", why,
			     "has protection ndsip over tcp and %zu local_addresses, expected the one of ours inside the tunnel",
			     p->local_addresses_n);
	}
	if (p->local_addresses_n > SA_SELECTORS_MAX) {
		return wrong(c, i, "local_addresses", why, "has %zu local_addresses, and a tunnel carries %u, expected fewer",
			     p->local_addresses_n, SA_SELECTORS_MAX);
	}
	for (size_t k = 0; k < p->more_addresses_n && !err; k++) {
		snprintf(key, sizeof key, "more_addresses[%zu]", k);
		err = check_theirs(c, i, key, p->more_addresses[k], why);
	}
	for (size_t k = 0; k < p->local_addresses_n && !err; k++) {
		snprintf(key, sizeof key, "local_addresses[%zu]", k);
		err = check_inside(c, i, key, p->local_addresses[k], why);
	}
	for (size_t k = 0; k < p->ike_n && !err; k++) {
		err = check_ike(c, i, k, why);
	}
	return err;
}

/* charon keeps one IKE_SA between two identities: the tunnel of the one peer would end that of the
 * other. */
static int check_who(struct cfg_iwf *c, size_t i, struct report *why)
{
	struct cfg_peer *p = &c->peers[i];

	if (!*p->identity) {
		str_set(p->identity, sizeof p->identity, p->host);
	}
	if (!strcmp(p->identity, c->ndsip.local_id)) {
		return wrong(c, i, "identity", why, "has our own IKE identity '%s', expected the peer's", p->identity);
	}
	if (strlen(p->name) > NAME_OCTETS_MAX) {
		return wrong(c, i, "name", why, "has protection ndsip and a name of %zu octets, expected at most %d",
			     strlen(p->name), NAME_OCTETS_MAX);
	}
	for (size_t j = 0; j < i; j++) {
		if (protection_has_ndsip(c->peers[j].protection) && !strcmp(p->identity, c->peers[j].identity)) {
			return wrong(
			    c, i, "identity", why,
			    "and peer '%s' have the IKE identity '%s', expected a tunnel with an identity of its own for "
			    "each",
			    c->peers[j].name, p->identity);
		}
	}
	if (cfg_anchor_index(c, p->trust) == CFG_ANCHORS_MAX && cfg_sound(c->lines, "trust_anchors")) {
		return wrong(c, i, "trust", why,
			     "has protection ndsip and trust '%s', expected the name of one of the trust_anchors, which its "
			     "certificate for IKE must chain to",
			     p->trust);
	}
	return 0;
}

/* A warning only: the file of the anchor may have lists, too. */
static void check_revocation(const struct cfg_iwf *c, size_t i, struct report *why)
{
	const struct cfg_peer *p = &c->peers[i];
	size_t anchor = cfg_anchor_index(c, p->trust);

	if (anchor < c->anchors_n && !c->anchors[anchor].crl_n && cfg_sound(c->lines, "trust_anchors[%zu]", anchor)) {
		cfg_warn(
		    why, c->lines, cfg_line(c->lines, "peers[%zu].trust", i),
		    "peer '%s' has protection ndsip, and its trust anchor '%s' has no crl: without a valid one charon refuses "
		    "the peer",
		    p->name, p->trust);
	}
}

static int check_peer(struct cfg_iwf *c, size_t i, struct report *why)
{
	const struct cfg_peer *p = &c->peers[i];
	int err;

	if (!protection_has_ndsip(p->protection)) {
		if (p->ike_n || *p->identity) {
			return wrong(c, i, p->ike_n ? "ike" : "identity", why,
				     "has protection %s and %s, which belongs to protection ndsip, expected none",
				     protection_word(p->protection), p->ike_n ? "ike" : "identity");
		}
		return 0;
	}
	if (!c->ndsip.present) {
		return wrong(c, i, "protection", why,
			     "has protection ndsip and there is no section ndsip, expected one, or protection tls");
	}
	err = check_who(c, i, why);
	if (!err) {
		check_revocation(c, i, why);
	}
	if (cfg_sound(c->lines, "ndsip.local_ike")) {
		int other = check_addresses(c, i, why);

		err = err ? err : other;
	}
	return err;
}

int cfg_ndsip_check_peers(struct cfg_iwf *c, struct report *why)
{
	int err = 0, one;

	for (size_t i = 0; i < c->peers_n; i++) {
		one = cfg_sound(c->lines, "peers[%zu]", i) ? check_peer(c, i, why) : 0;
		err = err ? err : one;
	}
	return err;
}
