/* node_server.h - the accepting side of an element: one listening socket, many Diameter links, the
 * list of allowed peers, a clean disconnect. Requests go to the owner; answers and own requests go
 * out by link_answer() and link_request() on a link found here. */
#pragma once
#include "link/link.h"
#include "tls/tls_stream.h"

#define NODE_ALLOWED_MAX 64
#define NODE_CONNECTIONS_MAX 256 /* default limit of simultaneous connections */

struct node_server_conf { /* borrowed; must outlive the server */
	const char *address;
	uint16_t port;                    /* 0: a free one */
	struct tls_ctx *tls;              /* NULL: protection none */
	const struct net_sctp_ends *sctp; /* NULL: TCP; not with tls */
	const char *const *allowed;       /* Origin-Hosts that may connect */
	size_t allowed_n;                 /* 0: every one */
	uint32_t connections_max;         /* 0: NODE_CONNECTIONS_MAX */
	struct link_conf link;
};

struct node_server_cb {
	void (*on_open)(void *arg, struct link *l); /* NULL allowed */
	/* as in link.h: the owner answers it exactly once */
	void (*on_request)(void *arg, struct link *l, const struct dia_msg *m);
	/* of a link that was open; it is freed when this returns; NULL allowed */
	void (*on_down)(void *arg, struct link *l);
};

struct node_server;

/* Binds and listens. ERR_INVAL (address), ERR_IO with errno, ERR_NOMEM. Borrows all.
 * With TLS a CER's Origin-Host must be a name of the certificate (else 3010); with a list it must
 * be on it (else 3010). */
ERR_MUST_USE int node_server_new(struct node_server **out, struct net_loop *loop, const struct node_server_conf *conf,
				 const struct node_server_cb *cb, void *arg);
uint16_t node_server_port(const struct node_server *s);
/* An open link to that Origin-Host (ASCII case ignored), the youngest first; NULL: none. */
struct link *node_server_find(const struct node_server *s, const char *host);
/* Stops accepting and sends DPR (REBOOTING) to all. Calls `done` once when all links have gone, at
 * the latest after the DPA wait, never before it returns. A second call, a second or more later,
 * ends the wait. Links end outstanding requests with ERR_CLOSED. */
void node_server_stop(struct node_server *s, void (*done)(void *arg), void *arg);
/* Takes; NULL allowed; drops the remaining links. No callback runs after it. */
void node_server_free(struct node_server *s);
