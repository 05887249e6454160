/* ns_serve.h - the NDS/IP helper: proves for the edges who protects a connection, keeps charon as
 * the core's list of SCSs wants it, and tells the core what it sees. It reads messages of fixed
 * form and charon's socket, and has no network of its own. */
#pragma once
#include "ndsip/ns_charon.h"
#include "ndsip/ns_msg.h"

#define NS_EDGES_MAX 128u
#define NS_CONNECTIONS_MAX 131072u

struct ns_serve;

struct ns_serve_conf { /* pointers borrowed as long as it lives */
	struct net_loop *loop;
	const struct log *log;
	struct ns_params params;
	struct sa_services services;
	uint64_t grace_ms, check_ms;
	bool keep;      /* ndsip.on_loss */
	unsigned edges; /* that may be at once: each has its share of NS_CONNECTIONS_MAX; 0: no share */
	/* The packet filter rules, each rules_ms; NULL or 0: they are not looked after. `words` say
	 * what is wrong. `again_ms` is preset to rules_ms: when to look next. */
	enum ns_rules (*rules)(void *arg, char words[NS_WORDS_MAX], uint64_t *again_ms);
	uint64_t rules_ms;
	void (*want)(void *arg); /* as in ns_charon.h; ns_serve_charon() answers */
	/* The edge of this generation sent what is no message of an edge; its channel is closed. */
	void (*bad_edge)(void *arg, uint32_t generation);
	void *arg;
};

ERR_MUST_USE int ns_serve_new(struct ns_serve **out, const struct ns_serve_conf *conf);
void ns_serve_free(struct ns_serve *s); /* NULL allowed */

/* A channel to an edge, in place of the one before with this generation. Takes fd in every case.
 * ERR_LIMIT: NS_EDGES_MAX; ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int ns_serve_edge(struct ns_serve *s, int fd, uint32_t generation);
/* The channel to the core, in place of the one before. Takes fd in every case. */
ERR_MUST_USE int ns_serve_core(struct ns_serve *s, int fd);
/* The rules may have changed: they are looked at now, and not at the next turn of their timer. */
void ns_serve_rules(struct ns_serve *s);
void ns_serve_charon(struct ns_serve *s, int fd, const char *why);                    /* ns_charon_open() */
void ns_serve_files(struct ns_serve *s, struct ns_files *files, uint32_t generation); /* ns_charon_files() */
