/* ns_charon_int.h - the inside of ns_charon.h, for the files ns_charon*.c only. */
#pragma once
#include "base/obj.h"
#include "ndsip/ns_charon.h"
#include "ndsip/ns_vici.h"

#define NS_CHARON_ROOM (VICI_LENGTH_LEN + VICI_PACKET_MAX) /* of struct ns_charon, octets */

#define NS_CHARON_MAGIC 0x2fb8104du
struct ns_charon {
	struct obj obj;
	struct ns_charon_conf conf;
	struct ns_vici *vici;
	struct sa_table *table;
	struct ns_files *files; /* NULL: none yet */
	struct net_timer *again, *check;
	uint64_t check_at_ms; /* when the list is read again */
	uint64_t life_ms;     /* when the time of a child is almost over; UINT64_MAX: none was named */
	uint64_t pause_ms;
	bool listed;  /* a list was whole since the connection came up */
	bool listing; /* list-sas is on its way */
	bool want_version, want_list, want_names;
	size_t crl_anchor, crl;     /* the next list to load */
	struct ns_files *crl_files; /* of the one that is on its way; NULL: none */
	size_t crl_of;              /* its anchor */
	bool want_flush;            /* one was loaded */
	struct ns_member *at;       /* its work is on its way; NULL: none */
	enum ns_todo what;
	size_t host; /* of INITIATE: the child that is on its way */
	uint8_t *room;
	char version[NS_VERSION_MAX], words[NS_WORDS_MAX];
	uint64_t loss_s;
	struct ns_charon_counts counts;
	bool said_away;
};
OBJ_FIRST(struct ns_charon);

#define NS_CHARON_PAUSE_FIRST_MS 100u /* before charon is tried again */

struct ns_charon *ns_charon_of(void *arg);

/* Sends the next of what is wanted, if charon takes a command now. */
void ns_charon_step(struct ns_charon *c);
/* The begin of a command, in the room. */
struct vici_out ns_charon_begin(const struct ns_charon *c, const char *command);
/* False: charon takes no command now; what was wanted is wanted still. */
bool ns_charon_send(struct ns_charon *c, struct vici_out *o, ns_vici_done_fn *done);
/* Writes a text of charon with what is not printable as '?'. False: it is cut. */
bool ns_charon_text(char *out, size_t cap, const struct vici_text *t);

/* ns_charon_life.c: when the list is to be read because of the time of a child, or of the timer. */
void ns_charon_note_lives(struct ns_charon *c, const struct vici_packet *packet);
void ns_charon_next_check(struct ns_charon *c);

/* ns_charon_lists.c: what there is at charon. */
void ns_charon_on_event(void *arg, const struct vici_packet *packet);
/* False: not sent. */
bool ns_charon_list(struct ns_charon *c);
bool ns_charon_names(struct ns_charon *c);

/* ns_charon_crls.c: the next revocation list; false: there is none, or it is not sent. */
bool ns_charon_crl(struct ns_charon *c);

/* ns_charon_work.c: what the list of SCSs wants of one. False: it is not sent. */
bool ns_charon_send_work(struct ns_charon *c, struct ns_member *m);
void ns_charon_work_ends(struct ns_charon *c);
