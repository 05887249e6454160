/* ns_charon.h - the conversation with charon: what security associations there are (events, and a
 * whole list on a timer), and what the list of SCSs wants done (ns_list.h): load, unload,
 * terminate, initiate. One command at a time; the urgent ones first. */
#pragma once
#include "base/log.h"
#include "ipsec/sa_table.h"
#include "ndsip/ns_files.h"
#include "ndsip/ns_list.h"
#include "net/net_loop.h"

struct ns_charon;

struct ns_params { /* of each connection; all borrowed as long as the owner lives */
	const char *local_id;
	struct sa_texts local_ike;
	const struct sa_ts *local; /* protected addresses of ours with protocol and port */
	size_t local_n;
	struct sa_texts ike_proposals, esp_proposals;  /* none: those of the profile */
	uint32_t child_rekey_s, ike_rekey_s, reauth_s; /* 0: preset */
	bool udp_encap;
};

struct ns_charon_conf { /* pointers borrowed as long as it lives */
	struct net_loop *loop;
	const struct log *log;
	struct ns_list *list;
	struct ns_params params;
	struct sa_services services;
	uint64_t check_ms; /* between two lists */
	/* A connection to charon is wanted: ns_charon_open() answers. */
	void (*want)(void *arg);
	/* A child at this protected host came, went or changed. */
	void (*on_host)(void *arg, const struct sa_address *host);
	/* Anything else may have changed, whether charon is there included. */
	void (*on_change)(void *arg);
	/* After those hosts: nothing else has changed but what the core is told, such as that
	 * charon has taken the connection of one more SCS. */
	void (*on_hosts)(void *arg);
	void *arg;
};

struct ns_charon_counts {
	uint64_t losses, events, lists;
};

ERR_MUST_USE int ns_charon_new(struct ns_charon **out, const struct ns_charon_conf *conf);
void ns_charon_free(struct ns_charon *c); /* NULL allowed */

/* The answer to `want`: a connected descriptor, taken; or -1 and words. Without one it is wanted
 * again after a pause. */
void ns_charon_open(struct ns_charon *c, int fd, const char *why);
/* New files; takes them. SCSs whose trust anchor has changed must prove who they are again.
 * `generation`: of the set, not 0. */
void ns_charon_files(struct ns_charon *c, struct ns_files *files, uint32_t generation);
/* The list has work, or a new core has sent its first list. */
void ns_charon_work(struct ns_charon *c);
/* Asks for a whole list as soon as possible. */
void ns_charon_look(struct ns_charon *c);

bool ns_charon_there(const struct ns_charon *c); /* connected, and a list was whole since */
const struct sa_table *ns_charon_table(const struct ns_charon *c);
struct ns_charon_counts ns_charon_counts(const struct ns_charon *c);
const char *ns_charon_version(const struct ns_charon *c); /* "" while not known */
const char *ns_charon_words(const struct ns_charon *c);   /* what is wrong; "": nothing */
uint64_t ns_charon_loss_s(const struct ns_charon *c);     /* real time of the last loss; 0: none */
