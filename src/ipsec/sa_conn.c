/* sa_conn.c - checks what is provisioned for an SCS under NDS/IP and writes its load-conn. */
#include "ipsec/sa_conn.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ident.h"
#include "base/str.h"

static const char *const ike_defaults[] = { SA_IKE_PROPOSALS };
static const char *const esp_defaults[] = { SA_ESP_PROPOSALS };

__attribute__((format(printf, 2, 3))) static int wrong(char why[SA_CONN_WHY_MAX], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, SA_CONN_WHY_MAX, fmt, args);
	va_end(args);
	return ERR_INVAL;
}

static struct sa_texts or_default(struct sa_texts given, const char *const *defaults, size_t n)
{
	return given.n ? given : (struct sa_texts){ defaults, n };
}

static struct sa_texts ike_proposals(const struct sa_conn *c)
{
	return or_default(c->ike_proposals, ike_defaults, sizeof ike_defaults / sizeof *ike_defaults);
}

static struct sa_texts esp_proposals(const struct sa_conn *c)
{
	return or_default(c->esp_proposals, esp_defaults, sizeof esp_defaults / sizeof *esp_defaults);
}

/* -- proposals */

enum part {
	PART_AEAD = 0x1,
	PART_ENCRYPTION = 0x2,
	PART_INTEGRITY = 0x4,
	PART_PRF = 0x8,
	PART_GROUP = 0x10,
	PART_ESN = 0x20,
};

/* What the profile has. No NULL encryption, DES, 3DES, MD5, SHA-1 and no group below 2048 bits. */
static unsigned part_of(const char *word, size_t len)
{
	static const struct {
		const char *word;
		enum part part;
	} words[] = {
		{ "aes128gcm16", PART_AEAD },  { "aes256gcm16", PART_AEAD }, { "aes128", PART_ENCRYPTION },
		{ "aes256", PART_ENCRYPTION }, { "sha256", PART_INTEGRITY }, { "sha384", PART_INTEGRITY },
		{ "sha512", PART_INTEGRITY },  { "prfsha256", PART_PRF },    { "prfsha384", PART_PRF },
		{ "prfsha512", PART_PRF },     { "ecp256", PART_GROUP },     { "ecp384", PART_GROUP },
		{ "x25519", PART_GROUP },      { "modp2048", PART_GROUP },   { "modp3072", PART_GROUP },
		{ "modp4096", PART_GROUP },    { "esn", PART_ESN },          { "noesn", PART_ESN },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strlen(words[i].word) == len && !memcmp(words[i].word, word, len)) {
			return words[i].part;
		}
	}
	return 0;
}

static int check_parts(const char *proposal, unsigned parts, bool ike, char why[SA_CONN_WHY_MAX])
{
	bool aead = parts & PART_AEAD, plain = parts & PART_ENCRYPTION;

	if (aead == plain) {
		return wrong(why, "proposal '%.64s' has %s, expected one kind of encryption, such as aes128gcm16", proposal,
			     aead ? "two kinds of encryption" : "no encryption");
	}
	if (plain && !(parts & PART_INTEGRITY)) {
		return wrong(why, "proposal '%.64s' has no integrity, expected sha256 beside aes128 or aes256", proposal);
	}
	if (aead && (parts & PART_INTEGRITY)) {
		return wrong(why, "proposal '%.64s' has an integrity word beside GCM, which has its own; expected none",
			     proposal);
	}
	if (!(parts & PART_GROUP)) {
		return wrong(why, "proposal '%.64s' has no group, expected one, such as ecp256 (perfect forward secrecy)",
			     proposal);
	}
	if (ike && aead && !(parts & PART_PRF)) {
		return wrong(why, "proposal '%.64s' has no pseudo-random function, expected one, such as prfsha256", proposal);
	}
	if (ike ? parts & PART_ESN : parts & PART_PRF) {
		return wrong(why, "proposal '%.64s' has a word that belongs to %s, expected none", proposal, ike ? "ESP" : "IKE");
	}
	return 0;
}

int sa_proposal_check(const char *proposal, bool ike, char why[SA_CONN_WHY_MAX])
{
	unsigned parts = 0;

	for (const char *p = proposal;;) {
		size_t len = strcspn(p, "-");
		unsigned part = part_of(p, len);

		if (!part) {
			return wrong(why,
				     "proposal '%.64s' has the word '%.*s', expected one of the profile, such as aes128gcm16-%s",
				     proposal, len > 32 ? 32 : (int)len, p, ike ? "prfsha256-ecp256" : "ecp256");
		}
		parts |= part;
		if (!p[len]) {
			return check_parts(proposal, parts, ike, why);
		}
		p += len + 1;
	}
}

static int check_proposals(struct sa_texts list, bool ike, char why[SA_CONN_WHY_MAX])
{
	int err = 0;

	for (size_t i = 0; i < list.n && !err; i++) {
		err = sa_proposal_check(list.p[i], ike, why);
	}
	return err;
}

/* -- identities and certificates */

static int check_host(const char *what, const char *name, char why[SA_CONN_WHY_MAX])
{
	char host[IDENT_HOST_MAX + 1];

	if (!name || ident_host(host, name, strlen(name)) || strcmp(host, name) != 0) {
		return wrong(why, "the %s is '%.100s', expected a host name in lower case", what, name ? name : "");
	}
	return 0;
}

static int check_certificates(const struct sa_conn *c, char why[SA_CONN_WHY_MAX])
{
	if (!c->certificate.len || c->certificate.len > VICI_VALUE_MAX) {
		return wrong(why, "our certificate has %zu octets, expected 1 to %u", c->certificate.len, VICI_VALUE_MAX);
	}
	if (!c->cacerts_n || c->cacerts_n > SA_CACERTS_MAX) {
		return wrong(why, "SCS '%.63s' has %zu certificates in its trust anchors, expected 1 to %u", c->scs, c->cacerts_n,
			     SA_CACERTS_MAX);
	}
	for (size_t i = 0; i < c->cacerts_n; i++) {
		if (!c->cacerts[i].len || c->cacerts[i].len > VICI_VALUE_MAX) {
			return wrong(why, "a certificate in the trust anchor of SCS '%.63s' has %zu octets, expected 1 to %u",
				     c->scs, c->cacerts[i].len, VICI_VALUE_MAX);
		}
	}
	return 0;
}

/* -- selectors */

/* `serves`: the connections are made to this end. */
static int check_selector(const struct sa_ts *ts, bool ours, bool serves, uint8_t protocol, char why[SA_CONN_WHY_MAX])
{
	const char *side = ours ? "our selector" : "selector";
	char text[SA_TS_TEXT_MAX];

	sa_ts_text(text, ts);
	if (ts->protocol != protocol || (protocol != SA_TCP && protocol != SA_SCTP)) {
		return wrong(why, "%s %s has protocol %u, expected %s in all", side, text, ts->protocol, "tcp or sctp, the same");
	}
	if (!sa_ts_is_host(ts)) {
		return wrong(why, "%s %s is more than one host, expected each host by itself", side, text);
	}
	if (ts->port_unknown || (serves && ts->port_from != ts->port_to)) {
		return wrong(why, "%s %s has no certain port, expected the port of a %s", side, text, ours ? "listener" : "peer");
	}
	return 0;
}

static int check_selectors(const struct sa_conn *c, char why[SA_CONN_WHY_MAX])
{
	int err = 0;

	if (!c->local_n || c->local_n > SA_HOSTS_MAX || !c->remote_n || c->remote_n > SA_HOSTS_MAX) {
		return wrong(why, "SCS '%.63s' has %zu selectors of ours and %zu hosts, expected 1 to %u of each", c->scs,
			     c->local_n, c->remote_n, SA_HOSTS_MAX);
	}
	for (size_t i = 0; i < c->local_n && !err; i++) {
		err = check_selector(&c->local[i], true, !c->we_connect, c->local[0].protocol, why);
	}
	for (size_t i = 0; i < c->remote_n && !err; i++) {
		err = check_selector(&c->remote[i], false, c->we_connect, c->local[0].protocol, why);
	}
	for (size_t i = 0; i < c->remote_n && !err; i++) {
		for (size_t j = 0; j < i && !err; j++) {
			if (sa_ts_meet_addresses(&c->remote[i], &c->remote[j])) {
				err = wrong(why, "SCS '%.63s' has two selectors for one host, expected one child a host", c->scs);
			}
		}
	}
	return err;
}

/* strongSwan carries no packets to a peer's own IKE address in a tunnel (allow_peer_ts). */
static int check_ike_address(const char *text, bool remote, const struct sa_ts *ts, size_t n, char why[SA_CONN_WHY_MAX])
{
	struct sa_address a;

	if (remote && !strcmp(text, "%any")) {
		return 0;
	}
	if (sa_address_read(&a, text, strlen(text))) {
		return wrong(why, "the IKE address '%.64s' is none, expected a numeric address%s", text,
			     remote ? " or %any" : "");
	}
	for (size_t i = 0; i < n; i++) {
		if (sa_ts_holds_address(&ts[i], &a)) {
			return wrong(why,
				     "the IKE address %.64s is also protected by a selector, expected another address inside the "
				     "tunnel",
				     text);
		}
	}
	return 0;
}

static int check_ike_addresses(const struct sa_conn *c, char why[SA_CONN_WHY_MAX])
{
	int err = 0;

	if (!c->local_ike.n || !c->remote_ike.n) {
		return wrong(why, "SCS '%.63s' has no %s IKE address, expected at least one", c->scs,
			     c->local_ike.n ? "remote" : "local");
	}
	for (size_t i = 0; i < c->local_ike.n && !err; i++) {
		err = check_ike_address(c->local_ike.p[i], false, c->local, c->local_n, why);
	}
	for (size_t i = 0; i < c->remote_ike.n && !err; i++) {
		err = check_ike_address(c->remote_ike.p[i], true, c->remote, c->remote_n, why);
	}
	return err;
}

int sa_conn_check(const struct sa_conn *c, char why[SA_CONN_WHY_MAX])
{
	int err;

	if (!c->scs || !sa_conn_name_ok(c->scs)) {
		return wrong(why, "the name of an SCS is '%.64s', expected a name of a-z 0-9 . _ -", c->scs ? c->scs : "");
	}
	err = check_host("local identity", c->local_id, why);
	err = err ? err : check_host("remote identity", c->remote_id, why);
	if (!err && !strcmp(c->local_id, c->remote_id)) {
		err = wrong(why, "SCS '%.63s' has our own identity '%.100s', expected its Origin-Host", c->scs, c->local_id);
	}
	err = err ? err : check_certificates(c, why);
	err = err ? err : check_proposals(ike_proposals(c), true, why);
	err = err ? err : check_proposals(esp_proposals(c), false, why);
	err = err ? err : check_selectors(c, why);
	return err ? err : check_ike_addresses(c, why);
}

bool sa_conn_name_ok(const char *scs)
{
	size_t prefix = strlen(SA_PEER_PREFIX);
	bool peer = strncmp(scs, SA_PEER_PREFIX, prefix) == 0;

	return strlen(scs) <= IDENT_SCS_MAX && ident_name_ok(peer ? scs + prefix : scs);
}

/* -- the message */

void sa_conn_name(char out[SA_CONN_NAME_MAX], const char *scs)
{
	str_set(out, SA_CONN_NAME_MAX, SA_CONN_PREFIX);
	str_add(out, SA_CONN_NAME_MAX, scs);
}

static void put_texts(struct vici_out *o, const char *key, struct sa_texts list)
{
	vici_put_list(o, key);
	for (size_t i = 0; i < list.n; i++) {
		vici_put_item(o, list.p[i], strlen(list.p[i]));
	}
	vici_put_list_end(o);
}

static void put_number(struct vici_out *o, const char *key, uint32_t given, uint32_t preset, const char *unit)
{
	char text[16];

	snprintf(text, sizeof text, "%u%s", given ? given : preset, unit);
	vici_put_value(o, key, text);
}

static void put_selector(struct vici_out *o, const struct sa_ts *ts)
{
	char text[SA_TS_TEXT_MAX];

	sa_ts_text(text, ts);
	vici_put_item(o, text, strlen(text));
}

static void put_child(struct vici_out *o, const struct sa_conn *c, size_t host)
{
	char name[32];

	snprintf(name, sizeof name, "host-%zu", host + 1);
	vici_put_section(o, name);
	vici_put_list(o, "local_ts");
	for (size_t i = 0; i < c->local_n; i++) {
		put_selector(o, &c->local[i]);
	}
	vici_put_list_end(o);
	vici_put_list(o, "remote_ts");
	put_selector(o, &c->remote[host]);
	vici_put_list_end(o);
	put_texts(o, "esp_proposals", esp_proposals(c));
	vici_put_value(o, "mode", "tunnel");
	put_number(o, "rekey_time", c->child_rekey_s, SA_CHILD_REKEY_S, "s");
	put_number(o, "replay_window", SA_REPLAY_WINDOW, SA_REPLAY_WINDOW, "");
	vici_put_value(o, "start_action", "none");
	vici_put_value(o, "close_action", "none");
	vici_put_value(o, "dpd_action", "clear");
	vici_put_section_end(o);
}

static void put_ends(struct vici_out *o, const struct sa_conn *c)
{
	vici_put_section(o, "local");
	vici_put_value(o, "auth", "pubkey");
	vici_put_value(o, "id", c->local_id);
	vici_put_list(o, "certs");
	vici_put_item(o, c->certificate.p, c->certificate.len);
	vici_put_list_end(o);
	vici_put_section_end(o);
	vici_put_section(o, "remote");
	vici_put_value(o, "auth", "pubkey");
	vici_put_value(o, "id", c->remote_id);
	vici_put_value(o, "revocation", "strict");
	vici_put_list(o, "cacerts");
	for (size_t i = 0; i < c->cacerts_n; i++) {
		vici_put_item(o, c->cacerts[i].p, c->cacerts[i].len);
	}
	vici_put_list_end(o);
	vici_put_section_end(o);
}

void sa_conn_load(struct vici_out *o, const struct sa_conn *c)
{
	char name[SA_CONN_NAME_MAX];

	sa_conn_name(name, c->scs);
	vici_put_command(o, "load-conn");
	vici_put_section(o, name);
	vici_put_value(o, "version", "2");
	put_texts(o, "local_addrs", c->local_ike);
	put_texts(o, "remote_addrs", c->remote_ike);
	put_texts(o, "proposals", ike_proposals(c));
	vici_put_value(o, "unique", "replace");
	vici_put_value(o, "mobike", "no");
	vici_put_value(o, "send_cert", "always");
	vici_put_value(o, "encap", c->udp_encap ? "yes" : "no");
	put_number(o, "dpd_delay", SA_DPD_S, SA_DPD_S, "s");
	put_number(o, "rekey_time", c->ike_rekey_s, SA_IKE_REKEY_S, "s");
	put_number(o, "reauth_time", c->reauth_s, SA_REAUTH_S, "s");
	put_ends(o, c);
	vici_put_section(o, "children");
	for (size_t i = 0; i < c->remote_n; i++) {
		put_child(o, c, i);
	}
	vici_put_section_end(o);
	vici_put_section_end(o);
}
