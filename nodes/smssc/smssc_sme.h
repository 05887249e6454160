/* smssc_sme.h - the SMS-SC as an SMSC for SMEs (Tsms, TS 23.682): SMPP 3.4 with bind, submission and
 * receipts. The path of a message: smssc_sme (bind) -> smssc_sme_submit (request, filter, dlv) ->
 * smssc_store (on disk first) -> the answer -> dlv, as a trigger -> smssc_sme_report (receipt). */
#pragma once
#include "bind/bind_conn.h"
#include "nodes/hss/hss_store.h"
#include "nodes/smssc/sme_filter.h"
#include "nodes/smssc/sme_hosts.h"
#include "nodes/smssc/sme_meter.h"
#include "nodes/smssc/smssc.h"

/* Counted once for all SMEs; in the line of SIGUSR1. */
#define SME_COUNTS(X)                                                                                                            \
	X(binds, "binds accepted")                                                                                               \
	X(binds_refused, "binds refused")                                                                                        \
	X(connections_refused, "connections refused: too many")                                                                  \
	X(connections_crowded, "connections refused: too many from one address")                                                 \
	X(connections_unbound, "connections refused: too many from one address without a bind")                                  \
	X(submitted, "messages taken")                                                                                           \
	X(refused, "requests refused")                                                                                           \
	X(malformed, "PDUs that cannot be read, or that state or window do not allow")                                           \
	X(throttled, "messages refused: rate")                                                                                   \
	X(forged, "messages refused: a trigger or receipt in some form")                                                         \
	X(spoofed, "messages refused: a source that is not the SME's")                                                           \
	X(triggers, "triggers taken, for the gateway")                                                                           \
	X(triggers_refused, "triggers refused by the gateway, or because it was away")                                           \
	X(triggers_unknown, "of these, triggers that the gateway may have all the same")                                         \
	X(triggers_cancelled, "triggers cancelled at the gateway")                                                               \
	X(triggers_replaced, "triggers replaced at the gateway")                                                                 \
	X(changes_refused, "cancel_sm and replace_sm of triggers refused by the gateway, or because it was away")                \
	X(segments, "segments of triggers taken")                                                                                \
	X(segments_refused, "segments of triggers that do not fit together, or with too much")                                   \
	X(segments_late, "triggers of which segments were missing when their time was over")                                     \
	X(reports_nobodys, "reports of the gateway about no trigger that waits for one")                                         \
	X(foreign, "requests about messages of another SME, or of nobody")                                                       \
	X(networks_forged, "messages of other networks with a trigger in some form: dropped or stripped")                        \
	X(mobiles_sent, "messages of mobiles taken")                                                                             \
	X(mobiles_refused, "messages of mobiles refused")                                                                        \
	X(mobiles_forged, "messages of mobiles with a trigger in some form: dropped or stripped")                                \
	X(to_smes, "messages of mobiles that their SME has taken")                                                               \
	X(to_smes_again, "messages of mobiles that it did not take, and gets again")                                             \
	X(to_smes_refused, "messages of mobiles that it refused for good")                                                       \
	X(receipts, "receipts answered")                                                                                         \
	X(receipts_again, "receipts not answered, or refused")

struct sme_counts {
#define SME_COUNT(name, words) uint64_t name;
	SME_COUNTS(SME_COUNT)
#undef SME_COUNT
};

struct sme_owner { /* one of the configuration */
	const struct sme_conf *conf;
	struct sme_meter meter;
	struct sme_bind *binds; /* bound, the one for the next receipt first */
	uint32_t binds_n;
	struct tsp_scs *scs; /* NULL: it may not trigger */
};

#define SME_BIND_MAGIC 0x5be11d42u
struct sme_bind { /* one connection */
	struct obj obj;
	struct smssc *s;
	struct bind_conn *conn;
	struct sme_owner *owner; /* NULL: not bound */
	struct sme_host *host;   /* its address, where it counts as bound once it has an owner */
	bool tls;
	struct sme_bind *prev, *next;         /* of the owner */
	struct sme_bind *all_prev, *all_next; /* all */

	/* of a bind whose password is not compared yet */
	bool waits;
	uint8_t version;
	uint32_t command, sequence;
	char system_id[SMPP_SYSTEM_ID_MAX + 1], password[SMPP_PASSWORD_MAX + 1];
	struct sme_bind *wait_prev, *wait_next;
};

struct sme_hashing; /* the password that is compared now */

struct sme_ticket; /* a request whose answer waits for the disk */

struct smssc_sme {
	struct sme_owner owners[SME_LIST_MAX];
	struct sme_ports reserved;
	struct sme_meter mobiles;
	struct sip_key number_key;
	struct hss_store *subscribers; /* NULL: none */
	struct sme_hashing *hashing;
	struct sme_bind *passwords; /* binds that wait for it: one a connection at most */
	uint32_t passwords_n;
	struct net_listener *listeners[2];
	int fds[2];
	struct sme_bind *all;
	struct sme_hosts hosts; /* of all */
	uint32_t all_n;
	struct sme_ticket *tickets;
	struct sme_counts counts;
	uint8_t *room; /* SME_TEXT_MAX octets: text that is converted */
};

/* Whether the start could read smes.subscribers, for -t. ERR_INVAL, ERR_IO, ERR_NOMEM with a reason. */
ERR_MUST_USE int smssc_sme_try_subscribers(const struct smssc_sme_conf *c, char why[SMSSC_STORE_WHY_MAX]);
/* Opens the listeners of the configuration; nothing without one. ERR_INVAL, ERR_IO, ERR_NOMEM with a
 * reason. */
ERR_MUST_USE int smssc_sme_start(struct smssc *s, char why[SMSSC_STORE_WHY_MAX]);
/* Stops listening and unbinds. */
void smssc_sme_stop(struct smssc *s);
void smssc_sme_end(struct smssc *s);
/* The member "sme" of the status; NULL: no SMEs are configured, or no memory. */
json_t *smssc_sme_status(const struct smssc *s);
/* The SME of a message that the store kept; NULL: it is not in the configuration any more. */
struct sme_owner *smssc_sme_owner(const struct smssc *s, const char *system_id);

/* -- smssc_sme_bind.c */
ERR_MUST_USE int smssc_sme_bind_start(struct smssc *s); /* ERR_NOMEM, ERR_IO */
/* A bind: answered once its password was compared. */
void smssc_sme_bind(struct sme_bind *b, const struct smpp_pdu *p);
/* The connection has ended: it is not answered any more. */
void smssc_sme_bind_forget(struct sme_bind *b);
void smssc_sme_bind_end(struct smssc *s); /* after the last connection */

/* -- smssc_sme_submit.c */
void smssc_sme_request(struct sme_bind *b, const struct smpp_pdu *p);
/* Answers all requests that waited for the commit. */
void smssc_sme_committed(struct smssc *s, bool durable);
/* The connection has ended: its answers go nowhere. */
void smssc_sme_forget(struct smssc *s, const struct sme_bind *b);

/* -- smssc_sme_report.c: port of the delivery machine for messages of SMEs */
int smssc_sme_report(struct smssc *s, const struct dlv_msg *m);
uint8_t smssc_sme_state(const struct dlv_msg *m); /* enum smpp_state */
/* A bind of this SME that receives and has room; the binds take turns. NULL: none; *any: it has one
 * that receives. */
struct sme_bind *smssc_sme_receiving(struct sme_owner *o, bool *any);

/* -- smssc_sme_deliver.c: the same port for messages of mobiles to SMEs */
int smssc_sme_deliver(struct smssc *s, const struct dlv_msg *m);
/* The SME has answered it. */
void smssc_sme_delivered(struct smssc *s, struct sme_bind *b, uint64_t id, uint32_t status);
