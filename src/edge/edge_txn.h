/* edge_txn.h - the transactions of the Tsp front, for its files only: each request of an SCS is
 * answered exactly once, by the core or at its deadline. A transaction owns the octets of its
 * request until it is answered and the core knows. */
#pragma once
#include "edge/edge_out.h"
#include "edge/edge_tsp.h"

#define EDGE_TXN_MAGIC 0xb2833106u
struct edge_txn { /* one request of an SCS: owns its octets until it is answered, exactly once, and the core knows */
	struct obj obj;
	struct edge_tsp *tsp;
	struct edge_session *session;
	uint64_t number;
	uint64_t answer_by_ms;
	uint64_t came_ns; /* clock_mono_ns() */
	bool host_named;  /* Destination-Host names this host: 3004 is possible */
	bool offered;     /* the core may have seen it */
	bool given_up;    /* answered here, and in `unconfirmed` */
	bool answered;    /* txn_send_answer() was called, or an error of the edge took its place; `end` is the result */
	enum edge_txn_end end;
	struct edge_asked asked; /* once it is decoded: the request as its answer repeats it; views of `message` */
	struct multimap_node by_number;
	TAILQ_ENTRY(edge_txn) entry, of_session;
	uint32_t len;
	uint8_t message[];
};

/* A transaction with a copy of the request. `host_named`: its Destination-Host names this host.
 * NULL: too many requests wait, or no memory. */
struct edge_txn *edge_txn_new(struct edge_tsp *tsp, struct edge_session *s, const uint8_t *message, uint32_t len,
			      bool host_named);
/* Notes what became of its one answer. */
void edge_txn_answered(struct edge_txn *t, enum edge_txn_end how);
/* The only way a transaction ends; frees it. `why` is for one that was not answered: the reason,
 * which is counted. EDGE_TXN_ANSWERED: the caller says that it was, or that its answer could not be
 * sent. */
void edge_txn_finish(struct edge_txn *t, enum edge_txn_end why);
/* Whether a line about a refused request of this session may be written: at most 10 a second.
 * Tells first how many were left out. */
bool edge_tsp_may_say(const struct edge_tsp *tsp, struct edge_session *s);
/* Answers without the core: 3004 if the request named this host and the core cannot have seen
 * it, else Request-Status 201. */
void edge_txn_answer_alone(struct edge_txn *t);
/* Tells the core once more that this request was answered without it. */
void edge_txn_report_given_up(struct edge_txn *t);

/* Sends the answer in `out`, or the error `why` to the request `m`. Each says what became of it. */
enum edge_txn_end edge_tsp_send(struct edge_tsp *tsp, struct edge_session *s, const struct buf *out);
enum edge_txn_end edge_tsp_error(struct edge_tsp *tsp, struct edge_session *s, const struct dia_msg *m,
				 const struct dia_failed *why);

/* Members of the front's table; `arg` is the struct edge_tsp. */
void edge_txn_on_answer(void *arg, uint64_t transaction, const struct ipc_device_action_answer *a);
uint64_t edge_txn_due(void *arg, uint64_t now_ms);
void edge_txn_session_gone(void *arg, struct edge_session *s);
