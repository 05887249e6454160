/* edge_ocsp.h - OCSP in an edge: the answers that it keeps, its channel to the fetcher, and the
 * connections that wait for an answer between their TLS handshake and their CER.
 *
 * Nothing is read from a connection that waits. It goes on when every certificate has an answer,
 * or after timers.ocsp without: what is missing then is judged as revocation that is unknown. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/few.h"
#include "base/obj.h"
#include "conf/cfg_iwf.h"
#include "fetch/fch_client.h"
#include "ipc/ipc_rec.h"
#include "tls/tls_ocsp.h"
#include "tls/tls_stream.h"

struct edge_session;
struct edge_sessions;

struct edge_ocsp_wait {  /* of one connection */
	uint32_t number; /* question that it waits for; 0: it does not wait */
	bool over;       /* it has waited as long as it may */
	uint64_t by_ms;
	TAILQ_ENTRY(edge_session) entry;
};

#define EDGE_OCSP_MAGIC 0x2d94c6b1u
struct edge_ocsp {
	struct obj obj;
	struct edge_sessions *all;
	struct tls_ocsp *store;
	struct fch_client *channel; /* NULL: there is none now */
	uint32_t channel_number;
	void (*lost)(void *arg, uint32_t number);
	void *lost_arg;
	TAILQ_HEAD(, edge_session) waiting; /* the first waits no longer than the others */
	uint32_t waiting_n;
	struct net_timer *limit;  /* of the first that waits */
	struct net_timer *staple; /* when our own certificates are looked after */
	struct tls_stapled stapled[CFG_LISTEN_MAX];
	struct ipc_ocsp_state *reported;           /* of each responder, as the core was told last */
	struct few told;                           /* lines of the log about answers that were not taken */
	void (*go_on)(struct edge_session *s);     /* the connection waits no longer */
	void (*listed)(struct edge_sessions *all); /* a certificate is known to be revoked from now on */
};

/* ERR_NOMEM, ERR_IO: edge_ocsp_fini() frees what there is. */
ERR_MUST_USE int edge_ocsp_init(struct edge_ocsp *o, struct edge_sessions *all, void (*go_on)(struct edge_session *s),
				void (*listed)(struct edge_sessions *all));
void edge_ocsp_fini(struct edge_ocsp *o); /* when all sessions are gone; also when it is zero */

/* As edge_fetcher(). */
ERR_MUST_USE int edge_ocsp_channel(struct edge_ocsp *o, int fd, uint32_t number, void (*lost)(void *arg, uint32_t number),
				   void *arg);
/* The handshake is done. True: it has to wait for an answer, and go_on() follows unless it ends
 * first. */
bool edge_ocsp_wait(struct edge_ocsp *o, struct edge_session *s);
void edge_ocsp_forget(struct edge_ocsp *o, struct edge_session *s); /* it is about to be freed */
/* A listener is new or has another context. */
void edge_ocsp_staple(struct edge_ocsp *o);
/* The core keeps a response for all edges: see tls_ocsp_learn(). */
void edge_ocsp_on_known(struct edge_ocsp *o, const struct ipc_ocsp *known);
/* A new core is connected. */
void edge_ocsp_announce(struct edge_ocsp *o);
/* Tells the core what is new about the responders. With the counters. */
void edge_ocsp_report(struct edge_ocsp *o);
/* When to look at a session again that is to be asked about at ask_at_s: rounded up, so that many
 * sessions are looked at together. */
uint64_t edge_ocsp_look_at_s(const struct edge_ocsp *o, uint64_t ask_at_s, uint64_t fresh_until_s);
