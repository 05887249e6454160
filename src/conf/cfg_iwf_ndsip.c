/* cfg_iwf_ndsip.c - the section `ndsip`: its rows, and what it needs of the listeners. */
#include "conf/cfg_iwf_ndsip.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/shown.h"
#include "base/str.h"
#include "conf/cfg_iwf.h"
#include "ipsec/sa_conn.h"
#include "ipsec/sa_table.h"

#define DAY_MS UINT64_C(86400000)

static const struct cfg_word modes[] = { { "xfrm", CFG_NDSIP_XFRM }, { "libipsec", CFG_NDSIP_LIBIPSEC }, { NULL, 0 } };
static const struct cfg_word losses[] = { { "cut", CFG_NDSIP_CUT }, { "keep", CFG_NDSIP_KEEP }, { NULL, 0 } };

const struct cfg_row cfg_ndsip_rows[] = {
	CFG_FILE("vici", struct cfg_ndsip, vici, "/run/charon.vici",
		 "UNIX socket of charon, the IKE daemon of strongSwan (VICI). Whoever can connect to it has the rights of root"),
	CFG_WORD("mode", struct cfg_ndsip, mode, modes, "xfrm",
		 "how charon carries packets. xfrm: the IPsec of the kernel; libipsec: its plugin kernel-libipsec, through a TUN "
		 "device"),
	CFG_NAME("device", struct cfg_ndsip, device, "ipsec0", "mode libipsec: name of that TUN device"),
	CFG_HOST("local_id", struct cfg_ndsip, local_id, "",
		 "our IKE identity, a name in our certificate; empty: identity.external.host"),
	CFG_FILE("certificate", struct cfg_ndsip, certificate, "",
		 "PEM file of our certificate for IKE, whose private key charon has; required in this section"),
	CFG_TEXTS("local_ike", CFG_T_ADDRESS, struct cfg_ndsip, local_ike, local_ike_n, 0, "",
		  "our addresses for IKE and ESP, outside the tunnels; at least one is required in this section"),
	CFG_WORD("on_loss", struct cfg_ndsip, on_loss, losses, "cut",
		 "sessions of external listeners when charon or the process that asks it is away. cut: they are closed within a "
		 "second; keep: they stay. New connections are refused in both cases"),
	CFG_DURATION("grace", struct cfg_ndsip, grace_ms, 0, 5000, "900ms",
		     "an SCS whose protection ended may be protected again within this time; meanwhile nothing is read from its "
		     "connection and nothing is sent, and at the end it is closed"),
	CFG_DURATION("check", struct cfg_ndsip, check_ms, 1000, 60000, "5s",
		     "interval at which charon is asked for all its security associations, besides its events"),
	CFG_DURATION("rules_check", struct cfg_ndsip, rules_check_ms, 100, 10000, "1s",
		     "interval at which the rules of the packet filter are checked ('mtcctl ndsip rules')"),
	CFG_TEXTS("ike_proposals", CFG_T_STRING, struct cfg_ndsip, ike_proposals, ike_proposals_n, 0, "",
		  "proposals for the IKE_SA in the words of strongSwan; empty: aes128gcm16-prfsha256-ecp256 and "
		  "aes256gcm16-prfsha384-ecp384"),
	CFG_TEXTS("esp_proposals", CFG_T_STRING, struct cfg_ndsip, esp_proposals, esp_proposals_n, 0, "",
		  "proposals for ESP, each with a group (perfect forward secrecy); empty: aes128gcm16-ecp256 and "
		  "aes256gcm16-ecp384"),
	CFG_DURATION("child_rekey", struct cfg_ndsip, child_rekey_ms, 10000, DAY_MS, "1h", "interval of new keys for ESP"),
	CFG_DURATION("ike_rekey", struct cfg_ndsip, ike_rekey_ms, 10000, 7 * DAY_MS, "4h", "interval of new keys for IKE"),
	CFG_DURATION("reauth", struct cfg_ndsip, reauth_ms, 10000, 30 * DAY_MS, "24h",
		     "interval at which both sides prove their certificates again, not shorter than ike_rekey. charon does this "
		     "without a gap only when "
		     "charon.make_before_break is set in strongswan.conf, which cannot be asked for over its socket"),
	CFG_END,
};

/* Keeps the first error of several. */
static void also(int *err, int next)
{
	if (!*err) {
		*err = next;
	}
}

/* A socket has less room for its path than a file has. */
static int check_vici(const struct cfg_iwf *c, struct report *why)
{
	size_t max = sizeof((struct sockaddr_un *)0)->sun_path - 1, len = strlen(c->ndsip.vici);
	unsigned line = cfg_line(c->lines, "ndsip.vici");

	if (len > max) {
		return cfg_wrong(why, c->lines, line,
				 "ndsip.vici '%s' is %zu bytes long, and a socket may have %zu, expected a shorter path",
				 c->ndsip.vici, len, max);
	}
	return 0;
}

/* Keys that are required only because the section is present. */
static int check_missing(const struct cfg_iwf *c, struct report *why)
{
	unsigned line = cfg_line(c->lines, "ndsip");
	int err = 0;

	if (!*c->ndsip.certificate && cfg_sound(c->lines, "ndsip.certificate")) {
		also(&err, cfg_wrong(why, c->lines, line,
				     "key 'certificate' is missing in ndsip, expected the PEM file of our certificate for IKE"));
	}
	if (!c->ndsip.local_ike_n && cfg_sound(c->lines, "ndsip.local_ike")) {
		also(&err, cfg_wrong(why, c->lines, line,
				     "key 'local_ike' is missing in ndsip, expected our addresses for IKE, at least one"));
	}
	if (cfg_sound(c->lines, "ndsip.vici")) {
		also(&err, check_vici(c, why));
	}
	return err;
}

static int check_local_ike(const struct cfg_iwf *c, size_t i, struct report *why)
{
	const char *text = c->ndsip.local_ike[i];
	unsigned line = cfg_line(c->lines, "ndsip.local_ike[%zu]", i);
	struct sa_address a, other;

	if (sa_address_read(&a, text, strlen(text)) || sa_address_unspecified(&a)) {
		return cfg_wrong(why, c->lines, line,
				 "ndsip.local_ike[%zu] is '%s', which is no address of one host, expected one that SCSs reach", i,
				 text);
	}
	for (size_t j = 0; j < i; j++) {
		if (!sa_address_read(&other, c->ndsip.local_ike[j], strlen(c->ndsip.local_ike[j])) &&
		    sa_address_equal(&a, &other)) {
			return cfg_wrong(why, c->lines, line,
					 "ndsip.local_ike[%zu] is '%s', which is in the list already, expected different "
					 "addresses",
					 i, text);
		}
	}
	return 0;
}

static int check_proposals(struct cfg_iwf *c, const char *key, char (*list)[CFG_PROPOSAL_MAX], size_t n, bool ike,
			   struct report *why)
{
	char words[SA_CONN_WHY_MAX];
	int err = 0;

	for (size_t i = 0; i < n; i++) {
		if (cfg_sound(c->lines, "ndsip.%s[%zu]", key, i) && sa_proposal_check(list[i], ike, words)) {
			also(&err, cfg_wrong(why, c->lines, cfg_line(c->lines, "ndsip.%s[%zu]", key, i), "ndsip.%s[%zu]: %s", key,
					     i, words));
		}
	}
	return err;
}

/* The new proof of the certificates also makes new keys: it would always come first. */
static int check_reauth(const struct cfg_iwf *c, struct report *why)
{
	const char *key = cfg_written(c->lines, "ndsip.reauth") ? "ndsip.reauth" : "ndsip.ike_rekey";
	char reauth[SHOWN_SPAN_MAX], rekey[SHOWN_SPAN_MAX];

	if (c->ndsip.reauth_ms >= c->ndsip.ike_rekey_ms || !cfg_sound(c->lines, "ndsip.reauth") ||
	    !cfg_sound(c->lines, "ndsip.ike_rekey")) {
		return 0;
	}
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s", key),
			 "ndsip.reauth is %s, and ndsip.ike_rekey is %s, so keys would never be renewed without a new proof of "
			 "the certificates, expected a reauth that is not shorter",
			 shown_span(reauth, c->ndsip.reauth_ms), shown_span(rekey, c->ndsip.ike_rekey_ms));
}

/* The peer of IKE sees the identity; the internal one is never shown outside. */
static int check_identity(struct cfg_iwf *c, struct report *why)
{
	if (!*c->ndsip.local_id) {
		str_set(c->ndsip.local_id, sizeof c->ndsip.local_id, c->external.host);
	}
	if (!cfg_sound(c->lines, "identity") || !cfg_sound(c->lines, "ndsip.local_id") ||
	    strcmp(c->ndsip.local_id, c->internal.host) != 0) {
		return 0;
	}
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "ndsip.local_id"),
			 "ndsip.local_id is identity.internal.host, which is never shown outside, expected another name");
}

/* strongSwan carries no packets to the address of its own IKE in a tunnel. */
static int check_protected(const struct cfg_iwf *c, size_t i, const char *address, unsigned line, struct report *why)
{
	const struct cfg_listen *l = &c->listen[i];
	struct sa_address a, ike;

	if (sa_address_read(&a, address, strlen(address))) {
		return 0; /* reported by its row */
	}
	if (sa_address_unspecified(&a)) {
		return cfg_wrong(why, c->lines, line,
				 "listener '%s' has protection %s and listens on every address (%s), expected one protected "
				 "address",
				 l->name, protection_word(l->protection), address);
	}
	for (size_t k = 0; k < c->ndsip.local_ike_n; k++) {
		if (!sa_address_read(&ike, c->ndsip.local_ike[k], strlen(c->ndsip.local_ike[k])) && sa_address_equal(&a, &ike)) {
			return cfg_wrong(why, c->lines, line,
					 "listener '%s' has protection %s and the address '%s', which ndsip.local_ike has for "
					 "IKE, expected another one, inside the tunnels",
					 l->name, protection_word(l->protection), address);
		}
	}
	return 0;
}

static int check_all_protected(const struct cfg_iwf *c, size_t i, struct report *why)
{
	const struct cfg_listen *l = &c->listen[i];
	int err = check_protected(c, i, l->address, cfg_line(c->lines, "listen[%zu].address", i), why);

	for (size_t k = 0; k < l->more_addresses_n; k++) {
		also(&err, check_protected(c, i, l->more_addresses[k],
					   cfg_line(c->lines, "listen[%zu].more_addresses[%zu]", i, k), why));
	}
	return err;
}

/* Each address of ours is proven with each one of the SCS, and no tunnel is between an IPv4 and an
 * IPv6 address. */
static int check_families(const struct cfg_iwf *c, size_t i, struct report *why)
{
	const struct cfg_listen *l = &c->listen[i];
	struct sa_address first, a;

	if (sa_address_read(&first, l->address, strlen(l->address))) {
		return 0; /* reported by its row */
	}
	for (size_t k = 0; k < l->more_addresses_n; k++) {
		const char *more = l->more_addresses[k];

		if (!sa_address_read(&a, more, strlen(more)) && a.family != first.family) {
			return cfg_wrong(why, c->lines, cfg_line(c->lines, "listen[%zu].more_addresses[%zu]", i, k),
					 "listener '%s' has NDS/IP over sctp with the addresses '%s' and '%s', expected IPv4 or "
					 "IPv6 addresses only",
					 l->name, l->address, more);
		}
	}
	return 0;
}

static int check_listener(const struct cfg_iwf *c, size_t i, struct report *why)
{
	const struct cfg_listen *l = &c->listen[i];
	int err = 0;

	if (!c->ndsip.present) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "listen[%zu].protection", i),
				 "listener '%s' has protection %s and there is no section ndsip, expected one, or protection tls",
				 l->name, protection_word(l->protection));
	}
	if (!l->port) {
		also(&err, cfg_wrong(why, c->lines, cfg_line(c->lines, "listen[%zu].port", i),
				     "listener '%s' has protection %s and port 0, expected the port that the tunnels are for",
				     l->name, protection_word(l->protection)));
	}
	if (cfg_sound(c->lines, "ndsip.local_ike")) {
		also(&err, check_all_protected(c, i, why));
	}
	also(&err, check_families(c, i, why));
	return err;
}

/* The tunnel of an SCS carries all selectors of ours, with one protocol. `first` has the protocol
 * of the others, `n` counts the selectors up to listener i. */
static int check_selectors(const struct cfg_iwf *c, size_t first, size_t i, size_t *n, struct report *why)
{
	const struct cfg_listen *l = &c->listen[i], *f = &c->listen[first];
	size_t before = *n;

	*n += 1 + l->more_addresses_n;
	if (l->transport != f->transport) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "listen[%zu].transport", i),
				 "listeners '%s' and '%s' have NDS/IP over %s and %s, and a tunnel is for one of them, expected "
				 "one transport for all listeners with NDS/IP",
				 f->name, l->name, transport_word(f->transport), transport_word(l->transport));
	}
	if (before <= SA_SELECTORS_MAX && *n > SA_SELECTORS_MAX) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "listen[%zu].address", i),
				 "the listeners with NDS/IP have more than %u protected addresses with '%s', expected at most "
				 "that many, because a tunnel carries all of them",
				 SA_SELECTORS_MAX, l->name);
	}
	return 0;
}

static int check_listeners(const struct cfg_iwf *c, struct report *why)
{
	size_t users = 0, first = 0, selectors = 0;
	bool sure = true;
	int err = 0;

	for (size_t i = 0; i < c->listen_n; i++) {
		bool sound = cfg_sound(c->lines, "listen[%zu]", i);

		sure = sure && sound;
		if (sound && protection_has_ndsip(c->listen[i].protection)) {
			first = users++ ? first : i;
			also(&err, check_listener(c, i, why));
			also(&err, check_selectors(c, first, i, &selectors, why));
		}
	}
	if (c->ndsip.present && !users && sure && !cfg_ndsip_has_peers(c)) {
		cfg_warn(why, c->lines, cfg_line(c->lines, "ndsip"),
			 "the section ndsip protects nothing: no listener has protection ndsip or tls+ndsip, and no peer ndsip");
	}
	return err;
}

int cfg_ndsip_check(struct cfg_iwf *c, struct report *why)
{
	int err = 0;

	c->ndsip.present = cfg_written(c->lines, "ndsip");
	if (!c->ndsip.present) {
		also(&err, check_listeners(c, why));
		also(&err, cfg_ndsip_check_peers(c, why));
		return err;
	}
	also(&err, check_missing(c, why));
	also(&err, check_identity(c, why));
	also(&err, check_reauth(c, why));
	for (size_t i = 0; i < c->ndsip.local_ike_n; i++) {
		if (cfg_sound(c->lines, "ndsip.local_ike[%zu]", i)) {
			also(&err, check_local_ike(c, i, why));
		}
	}
	also(&err, check_proposals(c, "ike_proposals", c->ndsip.ike_proposals, c->ndsip.ike_proposals_n, true, why));
	also(&err, check_proposals(c, "esp_proposals", c->ndsip.esp_proposals, c->ndsip.esp_proposals_n, false, why));
	also(&err, check_listeners(c, why));
	also(&err, cfg_ndsip_check_peers(c, why));
	return err;
}

/* -- addresses of SCSs */

bool cfg_ndsip_serves(const struct cfg_iwf *c)
{
	for (size_t i = 0; i < c->listen_n; i++) {
		if (protection_has_ndsip(c->listen[i].protection)) {
			return true;
		}
	}
	return false;
}

bool cfg_ndsip_has_peers(const struct cfg_iwf *c)
{
	for (size_t i = 0; i < c->peers_n; i++) {
		if (protection_has_ndsip(c->peers[i].protection)) {
			return true;
		}
	}
	return false;
}

bool cfg_ndsip_used(const struct cfg_iwf *c)
{
	return cfg_ndsip_serves(c) || cfg_ndsip_has_peers(c);
}

static bool is_this(const char *text, const struct sa_address *address)
{
	struct sa_address a;

	return !sa_address_read(&a, text, strlen(text)) && sa_address_equal(&a, address);
}

/* One of the addresses of a listener. */
static bool is_of(const struct cfg_listen *l, const struct sa_address *address)
{
	bool found = is_this(l->address, address);

	for (size_t i = 0; i < l->more_addresses_n && !found; i++) {
		found = is_this(l->more_addresses[i], address);
	}
	return found;
}

static bool has_family(const char *text, uint8_t family)
{
	struct sa_address a;

	return !sa_address_read(&a, text, strlen(text)) && a.family == family;
}

static bool listens_in(const struct cfg_listen *l, uint8_t family)
{
	bool found = has_family(l->address, family);

	for (size_t i = 0; i < l->more_addresses_n && !found; i++) {
		found = has_family(l->more_addresses[i], family);
	}
	return found;
}

int cfg_ndsip_peer_check(const struct cfg_iwf *c, const struct sa_address *address, bool ike, char why[CFG_WHY_MAX])
{
	bool reachable = ike ? !c->ndsip.local_ike_n : !cfg_ndsip_serves(c);
	const struct cfg_peer *peer = cfg_ndsip_peer_with(c, address);
	char text[SA_ADDRESS_TEXT_MAX];

	if (!c->ndsip.present) {
		return 0;
	}
	sa_address_text(text, address);
	if (peer) {
		snprintf(why, CFG_WHY_MAX, "%s is inside the tunnel of our peer '%s', expected one of the SCS", text, peer->name);
		return ERR_INVAL;
	}
	for (size_t i = 0; i < c->ndsip.local_ike_n; i++) {
		if (is_this(c->ndsip.local_ike[i], address)) {
			snprintf(why, CFG_WHY_MAX, "%s is an address of ours (ndsip.local_ike), expected one of the SCS", text);
			return ERR_INVAL;
		}
		reachable = reachable || (ike && has_family(c->ndsip.local_ike[i], address->family));
	}
	for (size_t i = 0; i < c->listen_n; i++) {
		if (!protection_has_ndsip(c->listen[i].protection)) {
			continue;
		}
		if (is_of(&c->listen[i], address)) {
			snprintf(why, CFG_WHY_MAX, "%s is the address of our listener '%s', expected one of the SCS", text,
				 c->listen[i].name);
			return ERR_INVAL;
		}
		reachable = reachable || (!ike && listens_in(&c->listen[i], address->family));
	}
	if (!reachable) {
		snprintf(why, CFG_WHY_MAX, "%s cannot be reached: %s has an IPv%u address", text,
			 ike ? "no entry of ndsip.local_ike" : "no listener with NDS/IP", address->family);
		return ERR_INVAL;
	}
	return 0;
}
