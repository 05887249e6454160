/* node_conf.c - rows of the common sections, and the structs made from them. */
#include "nodes/common/node_conf.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/shown.h"
#include "net/net_transport.h"
#include "net/net_usr.h"
#include "nodes/common/node.h"

const struct cfg_row node_identity_rows[] = {
	CFG_HOST("host", struct node_identity, host, NULL, "Origin-Host"),
	CFG_HOST("realm", struct node_identity, realm, NULL, "Origin-Realm"),
	CFG_END,
};

static const struct cfg_word protection_words[] = { { "none", NODE_NONE }, { "tls", NODE_TLS }, { NULL, 0 } };

static const struct cfg_word transport_words[] = {
	{ "tcp", TRANSPORT_TCP }, { "sctp", TRANSPORT_SCTP }, { "sctp-udp", TRANSPORT_SCTP_UDP }, { NULL, 0 }
};

const struct cfg_row node_listen_rows[] = {
	CFG_WORD("transport", struct node_listen, transport, transport_words, "tcp",
		 "tcp, or sctp or sctp-udp with protection none; sctp-udp: SCTP in user space, inside UDP"),
	CFG_ADDRESS("address", struct node_listen, address, NULL, "address to listen on"),
	CFG_TEXTS("more_addresses", CFG_T_ADDRESS, struct node_listen, more_addresses, more_addresses_n, 0, "",
		  "sctp: further addresses to listen on"),
	CFG_PORT("port", struct node_listen, port, 0, "3868", "port to listen on, 0 for a free one which the ready line names"),
	CFG_PORT("udp_port", struct node_listen, udp_port, 1, TRANSPORT_UDP_PORT,
		 "sctp-udp: UDP port to listen on; port is that of SCTP inside"),
	CFG_WORD("protection", struct node_listen, protection, protection_words, NULL, "tls, or none inside a protected zone"),
	CFG_FILE("certificate", struct node_listen, certificate, "", "PEM chain, leaf first, for tls"),
	CFG_FILE("key", struct node_listen, key, "", "PEM private key of the certificate, for tls"),
	CFG_TEXTS("anchors", CFG_T_FILE, struct node_listen, anchors, anchors_n, 0, "",
		  "PEM files of the CAs that certificates of peers may come from, for tls"),
	CFG_END,
};

static const struct cfg_word level_words[] = { { "error", LOG_LEVEL_ERROR },
					       { "warn", LOG_LEVEL_WARN },
					       { "info", LOG_LEVEL_INFO },
					       { "debug", LOG_LEVEL_DEBUG },
					       { NULL, 0 } };

const struct cfg_row node_log_rows[] = {
	CFG_WORD("level", struct node_log_conf, level, level_words, "info", "error, warn, info or debug"),
	CFG_U32("queue", struct node_log_conf, queue_max, 4096, 67108864, "262144",
		"bytes of lines that wait while the reader of standard error, or of standard output, is slow; more are lost"),
	CFG_END,
};

static int use_tls(struct tls_ctx **out, const struct node_identity *identity, const struct node_listen *l,
		   const struct cfg_lines *lines, struct report *why)
{
	struct tls_anchor_conf anchors[IDENTITY_ANCHORS_MAX] = { 0 };
	struct tls_conf conf = {
		.server = true,
		.certificate = l->certificate,
		.own = TLS_OWN_USABLE,
		.own_name = identity->host,
		.key = tls_keyholder_file(l->key),
		.anchors = anchors,
		.anchors_n = l->anchors_n,
		.tls12_allowed = true,
	};
	char words[CFG_WHY_MAX];
	int err;

	for (size_t i = 0; i < l->anchors_n; i++) {
		snprintf(anchors[i].name, sizeof anchors[i].name, "anchor-%zu", i);
		anchors[i].file = l->anchors[i];
	}
	err = tls_ctx_new(out, &conf, words, sizeof words);
	if (err) {
		return cfg_wrong(why, lines, cfg_line(lines, "listen.certificate"), "listen: %s", words);
	}
	if (*words) {
		cfg_warn(why, lines, cfg_line(lines, "listen.key"), "listen: %s", words);
	}
	return 0;
}

const struct net_sctp_ends *node_listen_sctp(struct net_sctp_ends *ends, const struct node_listen *l)
{
	if (!transport_is_sctp(l->transport)) {
		return NULL;
	}
	*ends = (struct net_sctp_ends){ .in_udp = l->transport == TRANSPORT_SCTP_UDP, .udp_port = l->udp_port };
	if (ends->in_udp) {
		ends->timers = (struct net_sctp_timers)NET_USR_QUICK;
	}
	for (size_t i = 0; i < l->more_addresses_n; i++) {
		ends->more[ends->more_n++] = l->more_addresses[i];
	}
	return ends;
}

int node_listen_check(const struct node_listen *l, const struct cfg_lines *lines, struct report *why)
{
	if (!cfg_sound(lines, "listen")) {
		return 0;
	}
	if (transport_is_sctp(l->transport) && l->protection == NODE_TLS) {
		return cfg_wrong(why, lines, cfg_line(lines, "listen.transport"),
				 "listen: transport %s has no protection tls, expected transport tcp, or protection none",
				 transport_word(l->transport));
	}
	if (l->transport != TRANSPORT_SCTP && l->more_addresses_n) {
		return cfg_wrong(why, lines, cfg_line(lines, "listen.more_addresses"),
				 "listen: more_addresses belongs to transport sctp, and transport is %s",
				 transport_word(l->transport));
	}
	if (l->transport != TRANSPORT_SCTP_UDP && cfg_written(lines, "listen.udp_port")) {
		return cfg_wrong(why, lines, cfg_line(lines, "listen.udp_port"),
				 "listen: udp_port belongs to transport sctp-udp, and transport is %s",
				 transport_word(l->transport));
	}
	if (l->transport == TRANSPORT_SCTP_UDP && !l->port) {
		return cfg_wrong(why, lines, cfg_line(lines, "listen.port"),
				 "listen: port is 0 over sctp-udp, expected the port of SCTP");
	}
	if (l->protection == NODE_TLS && (!l->certificate[0] || !l->key[0] || !l->anchors_n)) {
		return cfg_wrong(why, lines, cfg_line(lines, "listen.protection"),
				 "listen: protection tls needs certificate, key and anchors");
	}
	if (l->protection != NODE_TLS && (l->certificate[0] || l->key[0] || l->anchors_n)) {
		return cfg_wrong(why, lines, cfg_line(lines, "listen.protection"),
				 "listen: certificate, key and anchors belong to protection tls, and protection is none");
	}
	return 0;
}

int node_listen_tls(struct tls_ctx **out, const struct node_identity *identity, const struct node_listen *l,
		    const struct cfg_lines *lines, struct report *why)
{
	bool whole = l->certificate[0] && l->key[0] && l->anchors_n; /* else already reported */
	char address[SHOWN_ADDRESS_MAX];
	struct net_sctp_ends sctp;
	int err = 0;

	*out = NULL;
	if (!cfg_sound(lines, "listen")) {
		return 0;
	}
	err = net_usable(l->address, l->port, node_listen_sctp(&sctp, l));
	if (err == ERR_NOTFOUND && l->transport == TRANSPORT_SCTP_UDP) {
		err = cfg_wrong(why, lines, cfg_line(lines, "listen.transport"), "listen: " NET_USR_MISSING);
	} else if (err == ERR_NOTFOUND) {
		err = cfg_wrong(why, lines, cfg_line(lines, "listen.transport"),
				"listen: this kernel has no SCTP; load its module (modprobe sctp), or use transport tcp");
	} else if (err) {
		err = cfg_wrong(why, lines, cfg_line(lines, "listen.address"), "listen: %s cannot be listened on: %s",
				shown_address(address, l->address, l->port), net_bind_words(errno));
	}
	if (l->protection == NODE_TLS && whole && cfg_sound(lines, "identity") && use_tls(out, identity, l, lines, why)) {
		err = ERR_INVAL;
	}
	if (err) {
		tls_ctx_free(*out);
		*out = NULL;
	}
	return err;
}

static const char *kind_words(mode_t kind)
{
	return kind == S_IFDIR ? "directory" : kind == S_IFSOCK ? "socket" : "file";
}

int node_place_check(const char *key, const char *path, mode_t kind, const struct cfg_lines *lines, struct report *why)
{
	const char *slash = strrchr(path, '/');
	unsigned line = cfg_line(lines, "%s", key);
	char dir[CFG_PATH_MAX] = ".";
	struct stat st;
	bool is_there;

	if (!*path || !cfg_sound(lines, "%s", key)) {
		return 0;
	}
	if (slash) {
		snprintf(dir, sizeof dir, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	}
	if (stat(dir, &st) || !S_ISDIR(st.st_mode)) {
		return cfg_wrong(why, lines, line, "%s: directory %s does not exist; create it first", path, dir);
	}
	is_there = stat(path, &st) == 0;
	if (is_there && (st.st_mode & S_IFMT) != kind) {
		return cfg_wrong(why, lines, line, "%s exists and is not a %s", path, kind_words(kind));
	}
	if (is_there && kind != S_IFSOCK ? access(path, kind == S_IFDIR ? W_OK | X_OK : W_OK) : access(dir, W_OK | X_OK)) {
		return cfg_wrong(why, lines, line, "%s: %s, expected a place that this process may write in", path,
				 strerror(errno));
	}
	return 0;
}

void node_link_conf(struct link_conf *out, const struct node_identity *identity, const struct log *log)
{
	*out = (struct link_conf){
		.host = identity->host,
		.realm = identity->realm,
		.product = "mtc-iwf",
		.vendor_id = NODE_VENDOR_ID,
		.origin_state_id = (uint32_t)(clock_real_ms() / 1000),
		.limits = DIA_LIMITS_CORE,
		.dpa_wait_ms = 2000, /* a peer that hangs does not hold our end up for long */
		.log = log,
	};
}
