/* node_conf.h - the sections of a configuration file that every element has: identity, listen, log.
 * An element puts these rows into its own table with CFG_SECTION() and reads the file with
 * node_conf_read(). */
#pragma once
#include <sys/stat.h>

#include "base/transport.h"
#include "conf/cfg_schema.h"
#include "link/link.h"
#include "net/net_sctp.h"
#include "tls/tls_stream.h"

enum node_protection { NODE_NONE, NODE_TLS };

struct node_identity {
	char host[CFG_HOST_MAX], realm[CFG_HOST_MAX];
};

struct node_listen {
	int transport; /* enum transport; sctp, sctp-udp: with protection none only */
	char address[CFG_ADDRESS_MAX];
	char more_addresses[TRANSPORT_MORE_MAX][CFG_ADDRESS_MAX]; /* sctp */
	size_t more_addresses_n;
	uint16_t port;                                     /* 0: a free one */
	uint16_t udp_port;                                 /* sctp-udp */
	int protection;                                    /* enum node_protection */
	char certificate[CFG_PATH_MAX], key[CFG_PATH_MAX]; /* tls */
	/* tls: files of the CA certificates that the other end may have */
	char anchors[IDENTITY_ANCHORS_MAX][CFG_PATH_MAX];
	size_t anchors_n;
};

struct node_log_conf {
	int level; /* enum log_level */
	/* bytes buffered for a slow reader of standard error, and as many for standard output */
	uint32_t queue_max;
};

extern const struct cfg_row node_identity_rows[], node_listen_rows[], node_log_rows[];

/* The three sections as rows of an element's table: struct st has members identity, listen and log
 * of the types above. */
#define NODE_CONF_ROWS(st)                                                                                                       \
	CFG_SECTION("identity", st, identity, node_identity_rows, NULL, "who this node is"),                                     \
	    CFG_SECTION("listen", st, listen, node_listen_rows, NULL, "where peers connect"),                                    \
	    CFG_SECTION("log", st, log, node_log_rows, "", "what is written to stderr")

/* What SCTP needs beside address and port, in *ends; it borrows from `l`. NULL: TCP. */
const struct net_sctp_ends *node_listen_sctp(struct net_sctp_ends *ends, const struct node_listen *l);

/* Certificate, key and anchors must be present with tls and absent without. ERR_INVAL with a
 * reason. */
ERR_MUST_USE int node_listen_check(const struct node_listen *l, const struct cfg_lines *lines, struct report *why);
/* Checks that this machine has the address, and that a server named identity.host can use
 * certificate, key and anchors; reports all errors. *out is NULL if protection is none, or if these
 * sections have errors. For -t and for the start, whose server needs *out. ERR_INVAL: errors are in
 * `why`, and *out is NULL. */
ERR_MUST_USE int node_listen_tls(struct tls_ctx **out, const struct node_identity *identity, const struct node_listen *l,
				 const struct cfg_lines *lines, struct report *why);
/* Checks the directory of `path`, the value of `key`: it exists, and we may create there what the
 * start creates (`kind`: S_IFDIR, S_IFSOCK, S_IFREG). "" passes. */
ERR_MUST_USE int node_place_check(const char *key, const char *path, mode_t kind, const struct cfg_lines *lines,
				  struct report *why);

/* Link settings of all elements: product, no vendor, limits of the core network, an Origin-State-Id
 * of this start. The caller adds the applications. Borrows identity and log. */
void node_link_conf(struct link_conf *out, const struct node_identity *identity, const struct log *log);
