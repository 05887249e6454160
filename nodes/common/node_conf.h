/* node_conf.h - the sections of a configuration file that every element has: identity, listen, log. An element puts these rows into
 * its own table with CFG_SECTION() and reads the file with node_conf_read(). */
#pragma once
#include <sys/stat.h>

#include "conf/cfg_schema.h"
#include "link/link.h"
#include "tls/tls_stream.h"

enum node_protection { NODE_NONE, NODE_TLS };

struct node_identity {
	char host[CFG_HOST_MAX], realm[CFG_HOST_MAX];
};

struct node_listen {
	char address[CFG_ADDRESS_MAX];
	uint16_t port;                                     /* 0: a free one */
	int protection;                                    /* enum node_protection */
	char certificate[CFG_PATH_MAX], key[CFG_PATH_MAX]; /* tls */
	char anchors[IDENTITY_ANCHORS_MAX][CFG_PATH_MAX];  /* tls: files of CA certificates that may be at the other end */
	size_t anchors_n;
};

struct node_log_conf {
	int level;          /* enum log_level */
	uint32_t queue_max; /* octets that wait for the reader of standard error, and as many for that of standard output */
};

extern const struct cfg_row node_identity_rows[], node_listen_rows[], node_log_rows[];

/* The three sections as rows of an element's table: struct st has members identity, listen and log of the types above. */
#define NODE_CONF_ROWS(st)                                                                                                       \
	CFG_SECTION("identity", st, identity, node_identity_rows, NULL, "who this node is"),                                     \
	    CFG_SECTION("listen", st, listen, node_listen_rows, NULL, "where peers connect"),                                    \
	    CFG_SECTION("log", st, log, node_log_rows, "", "what is written to stderr")

/* Certificate, key and anchors are there with tls and absent without. ERR_INVAL with words. */
ERR_MUST_USE int node_listen_check(const struct node_listen *l, const struct cfg_lines *lines, struct report *why);
/* This machine has the address, and certificate, key and anchors can be used by a server of the name identity.host: all that is wrong is
 * told. *out is NULL when protection is none, or what was read of these sections is wrong. For -t and the start, whose server needs *out.
 * ERR_INVAL: errors are in `why`, and *out is NULL. */
ERR_MUST_USE int node_listen_tls(struct tls_ctx **out, const struct node_identity *identity, const struct node_listen *l,
				 const struct cfg_lines *lines, struct report *why);
/* The directory that `path`, the value of `key`, is or will be made in is there, and we may make it: `kind` is what the start makes
 * (S_IFDIR, S_IFSOCK, S_IFREG). "" is always right. */
ERR_MUST_USE int node_place_check(const char *key, const char *path, mode_t kind, const struct cfg_lines *lines,
				  struct report *why);

/* What all elements tell their links: product, no vendor, limits of the core network, an Origin-State-Id of this start. Applications
 * are added by the caller. Borrows identity and log. */
void node_link_conf(struct link_conf *out, const struct node_identity *identity, const struct log *log);
