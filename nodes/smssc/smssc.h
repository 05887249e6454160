/* smssc.h - the SMS-SC process, shared by its files. The path of one trigger: smssc_t4 (DTR) ->
 * smssc_dtr (decision) -> dlv (schedule) -> smssc_store (on disk first) -> smssc_t4 (DTA) and
 * smssc_ues (to the mobile and back) -> dlv -> smssc_store -> smssc_t4 (DRR). */
#pragma once
#include "base/timeline.h"
#include "link/link_ids.h"
#include "nodes/common/node_events.h"
#include "nodes/common/node_out.h"
#include "nodes/common/node_server.h"
#include "nodes/smssc/dlv.h"
#include "nodes/smssc/smssc_conf.h"
#include "nodes/smssc/smssc_dup.h"
#include "nodes/smssc/smssc_store.h"

struct smssc_ticket; /* a request whose answer waits for the disk */
struct smssc_ue_conn;
struct mo_ticket; /* smssc_mo.h */
struct smssc_sme; /* smssc_sme.h */
struct smssc_tsp; /* smssc_tsp.h */

#define SMSSC_MAGIC 0x93c1d07eu
struct smssc {
	struct obj obj;
	struct log log;
	struct node_out out;
	struct smssc_conf conf;
	struct net_loop *loop;
	struct smssc_store *store;
	struct smssc_dup *dup;
	struct node_events *events; /* NULL: none */
	struct dlv *dlv;
	struct link_ids ids;
	struct net_check *check;
	struct net_timer *timer;
	struct timeline time;           /* of the store */
	struct net_timer *look;         /* at the clocks */
	bool disk_ill;                  /* logged once per outage */
	uint8_t record[DLV_RECORD_MAX]; /* one being written */

	/* smssc_t4 */
	struct tls_ctx *tls;
	const char *allowed[NODE_ALLOWED_MAX];
	struct node_server_conf server_conf;
	struct net_sctp_ends sctp; /* of server_conf */
	struct node_server *server;
	struct smssc_ticket *tickets;

	/* smssc_sme */
	struct tls_ctx *sme_tls;
	struct smssc_sme *sme; /* NULL: no SMEs */

	/* smssc_tsp */
	struct tls_ctx *tsp_tls[SME_LIST_MAX];
	struct smssc_tsp *tsp; /* NULL: no SME may trigger */

	struct { /* smssc_alarm */
		uint64_t second, untold;
		uint32_t told; /* in that second */
	} alarms;

	struct mo_ticket *mo_tickets; /* smssc_mo */

	/* smssc_ues */
	int ue_fd;
	struct net_listener *ue_listener;
	struct smssc_ue_conn *ue_conns;
	uint32_t ue_conns_n;
};

/* Opens the store, restores its messages, makes the delivery machine and the memory of answered
 * requests. Errors with a reason. */
ERR_MUST_USE int smssc_open(struct smssc *s, char why[SMSSC_STORE_WHY_MAX]);
/* Ends machine and store, without notice to the mobiles and without counting them as lost. Before
 * smssc_ues_end(). */
void smssc_close(struct smssc *s);
struct dlv_now smssc_now(const struct smssc *s);
/* Commits the changes of the turn, then sends the answers that waited for it. Called once in each
 * turn of the loop. */
void smssc_turn(void *arg);
/* {"event":"status",...} on stdout. */
void smssc_status(struct smssc *s);
void smssc_reopen_events(struct smssc *s); /* after rotation */
/* {"event":"alarm","alarm":"forged-trigger","from":FROM,"who":WHO,"form":FORM,"done":DONE} on stdout, and
 * in the log; at most some a second, the rest is counted in the next one. */
void smssc_alarm(struct smssc *s, const char *from, const char *who, const char *form, const char *done);

/* -- smssc_t4.c: the side of the MTC-IWF */
ERR_MUST_USE int smssc_t4_start(struct smssc *s); /* ERR_INVAL, ERR_IO with errno, ERR_NOMEM */
/* Answers all requests that waited for the commit. */
void smssc_t4_committed(struct smssc *s, bool durable);
/* port of the delivery machine */
int smssc_t4_report(void *arg, const struct dlv_msg *m, bool again);
void smssc_t4_end(struct smssc *s);

/* -- smssc_ues.c: the lab link */
ERR_MUST_USE int smssc_ues_start(struct smssc *s);
/* ports of the delivery machine */
int smssc_ues_send(void *arg, struct dlv_conn *conn, const char *imsi, uint64_t id, const uint8_t *rpdu, size_t len);
void smssc_ues_taken_over(void *arg, struct dlv_conn *old, const char *imsi);
void smssc_ues_end(struct smssc *s);
