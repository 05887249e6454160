/* smssc_sme_conf.c - the rows of `smes`, and what has to fit together. */
#include "nodes/smssc/smssc_sme_conf.h"

#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/shown.h"
#include "net/net_tcp.h"
#include "net/net_transport.h"
#include "nodes/smssc/sme_address.h"

#define HASH_LEAST 20u /* characters behind the last $: MD5, the shortest, has 22 */

static const struct cfg_row tls_rows[] = {
	CFG_ADDRESS("address", struct sme_tls_conf, address, "", "address to listen on for SMPP over TLS; empty: off"),
	CFG_PORT("port", struct sme_tls_conf, port, 0, "3550", "port of it, 0 for a free one which the log names"),
	CFG_FILE("certificate", struct sme_tls_conf, certificate, "", "PEM chain, leaf first"),
	CFG_FILE("key", struct sme_tls_conf, key, "", "PEM private key of the certificate"),
	CFG_TEXTS("anchors", CFG_T_FILE, struct sme_tls_conf, anchors, anchors_n, 0, "",
		  "PEM files of the CAs that certificates of SMEs may come from"),
	CFG_END,
};

static const struct cfg_row plain_rows[] = {
	CFG_ADDRESS("address", struct sme_plain_conf, address, "",
		    "address to listen on for SMPP in clear, where passwords can be read; empty: off"),
	CFG_PORT("port", struct sme_plain_conf, port, 0, "2775", "port of it, 0 for a free one which the log names"),
	CFG_END,
};

static const struct cfg_word protections[] = { { "tls", NODE_TLS }, { "none", NODE_NONE }, { NULL, 0 } };

static const struct cfg_row gateway_rows[] = {
	CFG_ADDRESS("address", struct sme_gateway_conf, address, "",
		    "address of the listener of mtc-iwfd where SMEs that may trigger are SCSs; empty: none may"),
	CFG_PORT("port", struct sme_gateway_conf, port, 1, "5868", "its port"),
	CFG_HOST("host", struct sme_gateway_conf, host, "", "identity.external.host of mtc-iwfd"),
	CFG_HOST("realm", struct sme_gateway_conf, realm, "", "identity.external.realm of mtc-iwfd"),
	CFG_WORD("protection", struct sme_gateway_conf, protection, protections, "tls",
		 "protection of that listener; none: it has zone internal, and the SCSs the anchor internal"),
	CFG_TEXTS("anchors", CFG_T_FILE, struct sme_gateway_conf, anchors, anchors_n, 0, "",
		  "tls: PEM files of the CAs that the certificate of mtc-iwfd may come from"),
	CFG_DURATION("answer_wait", struct sme_gateway_conf, answer_wait_ms, 100, 60000, "15s",
		     "how long a trigger may wait for its answer; then ESME_RSYSERR"),
	CFG_DURATION("report_wait", struct sme_gateway_conf, report_wait_ms, 60000, 31536000000, "2d",
		     "how long after its validity the report of a trigger may come; then its state is UNKNOWN"),
	CFG_DURATION("parts_wait", struct sme_gateway_conf, parts_wait_ms, 1000, 3600000, "5m",
		     "how long a trigger in several segments may wait for the last of them"),
	CFG_DURATION("reconnect", struct sme_gateway_conf, reconnect_ms, 100, 3600000, "8s",
		     "pause between two attempts to connect to the gateway"),
	CFG_U32("pending", struct sme_gateway_conf, pending, 1, 100000, "64",
		"requests about triggers of one SME without an answer; as many triggers may wait for segments"),
	CFG_END,
};

static const struct cfg_row scs_rows[] = {
	CFG_HOST("host", struct sme_scs_conf, identity.host, "", "Origin-Host of the SCS; empty: the SME may not trigger"),
	CFG_HOST("realm", struct sme_scs_conf, identity.realm, "", "Origin-Realm of the SCS"),
	CFG_FILE("certificate", struct sme_scs_conf, certificate, "", "tls: PEM chain with the Origin-Host, leaf first"),
	CFG_FILE("key", struct sme_scs_conf, key, "", "tls: PEM private key of the certificate"),
	CFG_END,
};

static const struct cfg_word forged_words[] = { { "drop", SME_FORGED_DROP }, { "strip", SME_FORGED_STRIP }, { NULL, 0 } };
static const struct cfg_word kinds[] = { { "application", SME_APPLICATION }, { "network", SME_NETWORK }, { NULL, 0 } };

static const struct cfg_row mobiles_rows[] = {
	CFG_BOOL("send", struct sme_mobiles_conf, send, "no",
		 "whether mobiles may send messages, to other mobiles and to the numbers of SMEs"),
	CFG_WORD(
	    "forged", struct sme_mobiles_conf, forged, forged_words, "drop",
	    "a trigger in some form that a mobile sends. drop: it is refused; strip: protocol_id and ports are taken away, and "
	    "the rest is delivered"),
	CFG_U32("rate", struct sme_mobiles_conf, rate, 0, 1000000, "100", "messages a second of all mobiles; 0: no bound"),
	CFG_U32("burst", struct sme_mobiles_conf, burst, 1, 1000000, "200", "messages of them that may come at once"),
	CFG_END,
};

static const struct cfg_row list_rows[] = {
	CFG_STRING("system_id", struct sme_conf, system_id, 1, NULL, "name of the SME in its bind"),
	CFG_HOST("certificate", struct sme_conf, certificate, "",
		 "DNS name that its certificate bears; it connects over TLS only. Empty: it connects in clear only"),
	CFG_STRING("password", struct sme_conf, password, 1, NULL,
		   "hash of its password as of crypt(5), such as openssl passwd -6 prints"),
	CFG_TEXTS("addresses", CFG_T_ADDRESS, struct sme_conf, addresses, addresses_n, 0, "",
		  "addresses that it may connect from; without the list every one"),
	CFG_TEXTS(
	    "sources", CFG_T_STRING, struct sme_conf, sources, sources_n, 1, NULL,
	    "source addresses of its messages: digits, digits and *, or a name; the first is used for a message without one"),
	CFG_TEXTS("numbers", CFG_T_STRING, struct sme_conf, numbers, numbers_n, 0, "",
		  "numbers by which mobiles send messages to it, 1 to 15 digits; without the list they cannot"),
	CFG_U32("rate", struct sme_conf, rate, 0, 1000000, "10", "messages a second; a long one counts once; 0: no bound"),
	CFG_U32("burst", struct sme_conf, burst, 1, 1000000, "20", "messages that may come at once"),
	CFG_U32("window", struct sme_conf, window, 1, 10000, "10", "requests of one connection without an answer"),
	CFG_U32("binds", struct sme_conf, binds, 1, 100000, "4", "connections bound at the same time"),
	CFG_WORD("kind", struct sme_conf, kind, kinds, "application",
		 "network: it brings messages of subscribers of another network, and sources may be [\"*\"], any number"),
	CFG_WORD(
	    "forged", struct sme_conf, forged, forged_words, "drop",
	    "of a network: a trigger in some form that it brings. drop: it is refused; strip: protocol_id and ports are taken "
	    "away, and the rest is delivered"),
	CFG_SECTION("scs", struct sme_conf, scs, scs_rows, "", "the SCS of mtc-iwfd as which it sends triggers"),
	CFG_END,
};

const struct cfg_row smssc_sme_rows[] = {
	CFG_SECTION("tls", struct smssc_sme_conf, tls, tls_rows, "", "SMPP inside TLS with a certificate of the SME"),
	CFG_SECTION("plain", struct smssc_sme_conf, plain, plain_rows, "", "SMPP in clear, inside a protected zone"),
	CFG_SECTION("mobiles", struct smssc_sme_conf, mobiles, mobiles_rows, "", "messages that mobiles send"),
	CFG_SECTION("gateway", struct smssc_sme_conf, gateway, gateway_rows, "", "where the triggers of SMEs go"),
	CFG_FILE("subscribers", struct smssc_sme_conf, subscribers, "",
		 "file of subscribers as mtc-hss has it: which number is which device; empty: none is known"),
	CFG_LIST("list", struct smssc_sme_conf, list, list_n, list_rows, 0, "", "the SMEs"),
	CFG_TEXTS(
	    "reserved_ports", CFG_T_STRING, struct smssc_sme_conf, reserved, reserved_n, 0, "",
	    "application ports N or N-M of device triggers, which no SME may use; without the list 16000-16999 and 49152-65535"),
	CFG_DURATION("bind_wait", struct smssc_sme_conf, bind_wait_ms, 100, 60000, "5s",
		     "how long a connection may be without a bind"),
	CFG_DURATION("answer_wait", struct smssc_sme_conf, answer_wait_ms, 100, 600000, "10s",
		     "how long an SME may take to answer"),
	CFG_DURATION("enquire", struct smssc_sme_conf, enquire_ms, 1000, 3600000, "30s",
		     "silence after which an enquire_link is sent"),
	CFG_DURATION("inactive", struct smssc_sme_conf, inactive_ms, 0, 86400000, "0s",
		     "a connection without any other request for so long is unbound; 0s: never"),
	CFG_DURATION("validity", struct smssc_sme_conf, validity_ms, 1000, 31536000000, "1d",
		     "validity of a message that names none"),
	CFG_DURATION("validity_max", struct smssc_sme_conf, validity_max_ms, 1000, 31536000000, "7d",
		     "longest validity; a longer one becomes this"),
	CFG_U32("connections", struct smssc_sme_conf, connections, 1, 100000, "256", "connections of all SMEs"),
	CFG_U32("connections_per_address", struct smssc_sme_conf, connections_per_address, 1, 100000, "64",
		"connections from one IPv4 address, or from the /64 of an IPv6 address"),
	CFG_U32("unbound_per_address", struct smssc_sme_conf, unbound_per_address, 1, 100000, "8",
		"of these, connections that have no bind yet"),
	CFG_U32("pdu", struct smssc_sme_conf, pdu_max, 512, SMPP_PDU_MAX, "70000", "longest PDU of an SME that is bound, bytes"),
	CFG_U32("receipts", struct smssc_sme_conf, receipts, 1, 10000, "10", "receipts on one connection without an answer"),
	CFG_END,
};

static const char *const reserved_preset[] = { "16000-16999", "49152-65535" };

void smssc_sme_reserved(struct sme_ports *out, const struct smssc_sme_conf *c)
{
	*out = (struct sme_ports){ 0 };
	for (size_t i = 0; i < c->reserved_n; i++) {
		if (sme_ports_add(out, c->reserved[i])) {
			continue; /* smssc_sme_check() has refused it */
		}
	}
	for (size_t i = 0; !c->reserved_n && i < sizeof reserved_preset / sizeof *reserved_preset; i++) {
		if (sme_ports_add(out, reserved_preset[i])) {
			continue; /* they are ours */
		}
	}
}

static bool check_gateway(const struct smssc_sme_conf *c, const struct cfg_lines *lines, struct report *why)
{
	const struct sme_gateway_conf *g = &c->gateway;
	unsigned line = cfg_line(lines, "smes.gateway");

	if (!g->address[0]) {
		return true;
	}
	if (!g->host[0] || !g->realm[0]) {
		cfg_error(why, lines, line, "smes.gateway needs host and realm");
		return false;
	}
	if ((g->protection == NODE_TLS) != (g->anchors_n > 0)) {
		cfg_error(why, lines, line,
			  g->anchors_n ? "smes.gateway.anchors belongs to protection tls"
				       : "smes.gateway: protection tls needs anchors");
		return false;
	}
	return true;
}

static bool check_scs(const struct smssc_sme_conf *c, size_t n, const struct cfg_lines *lines, struct report *why)
{
	const struct sme_scs_conf *scs = &c->list[n].scs;
	unsigned line = cfg_line(lines, "smes.list[%zu].scs", n);
	bool files = scs->certificate[0] && scs->key[0];

	if (!scs->identity.host[0]) {
		return true;
	}
	for (size_t i = 0; i < n; i++) {
		if (strcmp(c->list[i].scs.identity.host, scs->identity.host) == 0) {
			cfg_error(why, lines, line,
				  "smes.list[%zu].scs.host '%s' is the one of smes.list[%zu]; each SME is an SCS "
				  "of its own",
				  n, scs->identity.host, i);
			return false;
		}
	}
	if (!c->gateway.address[0] || !scs->identity.realm[0]) {
		cfg_error(why, lines, line, "smes.list[%zu].scs needs %s", n,
			  scs->identity.realm[0] ? "smes.gateway.address, where its triggers go" : "realm");
		return false;
	}
	if (c->gateway.protection == NODE_TLS ? !files : scs->certificate[0] || scs->key[0]) {
		cfg_error(why, lines, line,
			  c->gateway.protection == NODE_TLS
			      ? "smes.list[%zu].scs needs certificate and key, because smes.gateway has protection tls"
			      : "smes.list[%zu].scs: certificate and key belong to smes.gateway.protection tls",
			  n);
		return false;
	}
	return true;
}

/* "$6$salt$hash". A word that is no hash passes for the salt of an old form, and matches no password;
 * so does a salt whose hash was forgotten. */
static bool is_hash(const char *text)
{
	const char *last = strrchr(text, '$');

	return *text == '$' && strlen(last) > HASH_LEAST && crypt_checksalt(text) != CRYPT_SALT_INVALID;
}

const struct sme_conf *smssc_sme_of_number(const struct smssc_sme_conf *c, const char *digits)
{
	for (size_t i = 0; i < c->list_n; i++) {
		for (size_t k = 0; k < c->list[i].numbers_n; k++) {
			if (strcmp(c->list[i].numbers[k], digits) == 0) {
				return &c->list[i];
			}
		}
	}
	return NULL;
}

static bool check_numbers(const struct smssc_sme_conf *c, size_t n, const struct cfg_lines *lines, struct report *why)
{
	const struct sme_conf *s = &c->list[n];
	unsigned line = cfg_line(lines, "smes.list[%zu].numbers", n);
	bool well = true;

	if (s->numbers_n && !c->mobiles.send) {
		cfg_error(why, lines, line,
			  "smes.list[%zu].numbers needs smes.mobiles.send: yes, because only mobiles send to them", n);
		well = false;
	}
	for (size_t i = 0; i < s->numbers_n; i++) {
		const char *digits = s->numbers[i];

		if (!*digits || digits[strspn(digits, "0123456789")]) {
			cfg_error(why, lines, line, "smes.list[%zu].numbers: '%s', expected 1 to 15 digits", n, digits);
			well = false;
		} else if (smssc_sme_of_number(c, digits) != s) {
			cfg_error(why, lines, line, "smes.list[%zu].numbers: '%s' is the one of another SME", n, digits);
			well = false;
		}
	}
	return well;
}

static bool check_sme(const struct smssc_sme_conf *c, size_t n, const struct cfg_lines *lines, struct report *why)
{
	const struct sme_conf *s = &c->list[n];
	unsigned line = cfg_line(lines, "smes.list[%zu]", n);
	bool well = true;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(c->list[i].system_id, s->system_id) == 0) {
			cfg_error(why, lines, line, "smes.list[%zu]: system_id '%s' is the one of smes.list[%zu]", n,
				  s->system_id, i);
			well = false;
		}
	}
	if (!is_hash(s->password)) {
		cfg_error(why, lines, cfg_line(lines, "smes.list[%zu].password", n),
			  "smes.list[%zu].password is no whole hash of crypt(5), expected what 'openssl passwd -6' prints", n);
		well = false;
	}
	for (size_t i = 0; i < s->sources_n; i++) {
		bool any = s->kind == SME_NETWORK && strcmp(s->sources[i], "*") == 0;

		if (!any && !sme_pattern_is_sound(s->sources[i])) {
			cfg_error(why, lines, cfg_line(lines, "smes.list[%zu].sources", n),
				  "smes.list[%zu].sources: '%s', expected 1 to 15 digits, digits and *, or a name of up to 11 "
				  "letters and digits",
				  n, s->sources[i]);
			well = false;
		}
	}
	well = check_numbers(c, n, lines, why) && well;
	if (s->kind == SME_NETWORK ? s->scs.identity.host[0] : s->forged != SME_FORGED_DROP) {
		cfg_error(why, lines, line,
			  s->kind == SME_NETWORK
			      ? "smes.list[%zu]: a network is no SCS: scs belongs to kind application"
			      : "smes.list[%zu]: forged belongs to kind network; an application is always refused",
			  n);
		well = false;
	}
	if (!(s->certificate[0] ? c->tls.address : c->plain.address)[0]) {
		cfg_error(why, lines, line, "smes.list[%zu]: '%s' can connect nowhere: %s", n, s->system_id,
			  s->certificate[0] ? "smes.tls.address is not set"
					    : "smes.plain.address is not set, and it has no certificate");
		well = false;
	}
	return well;
}

bool smssc_sme_check(const struct smssc_sme_conf *c, const struct cfg_lines *lines, struct report *why)
{
	struct sme_ports ports = { 0 };
	bool well = true;

	if (!cfg_sound(lines, "smes")) {
		return true; /* said already */
	}
	if (c->tls.address[0] && (!c->tls.certificate[0] || !c->tls.key[0] || !c->tls.anchors_n)) {
		cfg_error(why, lines, cfg_line(lines, "smes.tls"), "smes.tls needs certificate, key and anchors");
		well = false;
	}
	if (c->validity_max_ms < c->validity_ms) {
		cfg_error(why, lines, cfg_line(lines, "smes.validity_max"), "smes.validity_max is below validity");
		well = false;
	}
	if (c->connections_per_address > c->connections && cfg_written(lines, "smes.connections_per_address")) {
		cfg_error(why, lines, cfg_line(lines, "smes.connections_per_address"),
			  "smes.connections_per_address is above smes.connections (%u)", c->connections);
		well = false;
	}
	if (c->unbound_per_address > c->connections_per_address && cfg_written(lines, "smes.unbound_per_address")) {
		cfg_error(why, lines, cfg_line(lines, "smes.unbound_per_address"),
			  "smes.unbound_per_address is above smes.connections_per_address (%u)", c->connections_per_address);
		well = false;
	}
	well = check_gateway(c, lines, why) && well;
	for (size_t i = 0; i < c->reserved_n; i++) {
		if (sme_ports_add(&ports, c->reserved[i])) {
			cfg_error(why, lines, cfg_line(lines, "smes.reserved_ports"),
				  "smes.reserved_ports: '%s', expected N or N-M, 0 to 65535", c->reserved[i]);
			well = false;
		}
	}
	for (size_t i = 0; i < c->list_n; i++) {
		well = check_sme(c, i, lines, why) && well;
		well = check_scs(c, i, lines, why) && well;
	}
	if (c->mobiles.send && !c->subscribers[0]) {
		cfg_error(why, lines, cfg_line(lines, "smes.mobiles"),
			  "smes.mobiles.send needs smes.subscribers, which say whose number a mobile has");
		well = false;
	}
	if (c->list_n && !c->subscribers[0]) {
		cfg_warn(why, lines, cfg_line(lines, "smes.list"),
			 "smes.subscribers is not set: no message of an SME reaches a device");
	}
	return well;
}

/* Each connection is a descriptor. */
static void check_descriptors(const struct smssc_sme_conf *c, const struct cfg_lines *lines, struct report *why)
{
	struct rlimit limit;

	if (smssc_sme_on(c) && getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < smssc_sme_descriptors(c)) {
		cfg_warn(why, lines, cfg_line(lines, "smes.connections"),
			 "this process may have %llu descriptors at most, and smes.connections wants %u",
			 (unsigned long long)limit.rlim_max, smssc_sme_descriptors(c));
	}
}

static int usable(const char *section, const char *address, uint16_t port, const struct cfg_lines *lines, struct report *why)
{
	char shown[SHOWN_ADDRESS_MAX];

	if (!address[0] || net_tcp_usable(address, port) == 0) {
		return 0;
	}
	return cfg_wrong(why, lines, cfg_line(lines, "%s.address", section), "%s: %s cannot be listened on: %s", section,
			 shown_address(shown, address, port), net_bind_words(errno));
}

int smssc_sme_tls(struct tls_ctx **out, const struct node_identity *identity, const struct smssc_sme_conf *c,
		  const struct cfg_lines *lines, struct report *why)
{
	struct tls_anchor_conf anchors[IDENTITY_ANCHORS_MAX] = { 0 };
	struct tls_conf conf = { .server = true,
				 .certificate = c->tls.certificate,
				 .own = TLS_OWN_USABLE,
				 .own_name = identity->host,
				 .key = tls_keyholder_file(c->tls.key),
				 .anchors = anchors,
				 .anchors_n = c->tls.anchors_n,
				 .tls12_allowed = true };
	char words[CFG_WHY_MAX];
	int err;

	*out = NULL;
	if (!cfg_sound(lines, "smes")) {
		return 0;
	}
	check_descriptors(c, lines, why);
	err = usable("smes.tls", c->tls.address, c->tls.port, lines, why);
	if (usable("smes.plain", c->plain.address, c->plain.port, lines, why)) {
		err = ERR_INVAL;
	}
	if (!c->tls.address[0] || !c->tls.certificate[0] || !c->tls.key[0] || !c->tls.anchors_n ||
	    !cfg_sound(lines, "identity")) {
		return err;
	}
	for (size_t i = 0; i < c->tls.anchors_n; i++) {
		snprintf(anchors[i].name, sizeof anchors[i].name, "anchor-%zu", i);
		anchors[i].file = c->tls.anchors[i];
	}
	if (tls_ctx_new(out, &conf, words, sizeof words)) {
		return cfg_wrong(why, lines, cfg_line(lines, "smes.tls.certificate"), "smes.tls: %s", words);
	}
	if (*words) {
		cfg_warn(why, lines, cfg_line(lines, "smes.tls.key"), "smes.tls: %s", words);
	}
	return err;
}
