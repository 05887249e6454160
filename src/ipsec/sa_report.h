/* sa_report.h - what charon says about security associations, as typed views of its messages: the
 * sections of an IKE_SA and of a CHILD_SA in list-sa, ike-updown, child-updown, ike-rekey and
 * child-rekey. Each key that is read may stand in a section once; keys that are not known are
 * passed over, because other versions have others. PURE. */
#pragma once
#include "ipsec/vici.h"

#define SA_IDENTITY_MAX 255u /* octets of an IKE identity */
#define SA_LIFE_UNKNOWN UINT32_MAX

/* Of RFC 7296 and charon; OTHER: a word that is not known. */
enum sa_child_state {
	SA_CHILD_OTHER,
	SA_CHILD_CREATED,
	SA_CHILD_ROUTED,
	SA_CHILD_INSTALLING,
	SA_CHILD_INSTALLED,
	SA_CHILD_UPDATING,
	SA_CHILD_REKEYING,
	SA_CHILD_REKEYED,
	SA_CHILD_RETRYING,
	SA_CHILD_DELETING,
	SA_CHILD_DELETED,
	SA_CHILD_DESTROYING,
};

/* Whether it protects traffic. While its keys are renewed a child carries on as before: a packet of
 * IKE that is lost does not end what it protects. */
static inline bool sa_child_carries(enum sa_child_state state)
{
	return state == SA_CHILD_INSTALLED || state == SA_CHILD_REKEYING;
}

struct sa_ike_view {
	struct vici_text connection; /* the name of the section, as load-conn gave it */
	uint32_t uniqueid;
	struct vici_text state;
	/* Proven only in state ESTABLISHED and after an `up`. Else whatever anybody claims to be:
	 * of any length. */
	struct vici_text remote_id;
	struct vici_section children; /* of child-sas; empty: none */
};

struct sa_child_view {
	struct vici_text name;
	uint32_t uniqueid;
	enum sa_child_state state;               /* DELETING, whatever charon calls it, when its time is over */
	uint32_t life_s;                         /* until its time is over; SA_LIFE_UNKNOWN: not said, or over */
	struct vici_section local_ts, remote_ts; /* lists; vici_item() */
};

enum sa_event {
	SA_LISTED,       /* list-sa, between the command list-sas and its response */
	SA_IKE_UPDOWN,   /* ike-updown */
	SA_CHILD_UPDOWN, /* child-updown */
	SA_IKE_REKEY,    /* ike-rekey: two IKE_SAs, `old` and `new` */
	SA_CHILD_REKEY,  /* child-rekey: in each child `old` and `new` */
};

struct sa_report {
	enum sa_event event;
	bool up;                /* the key `up`; its absence is down, whatever the states say */
	struct sa_ike_view ike; /* IKE_REKEY: the new one */
	uint32_t old_ike;       /* IKE_REKEY: the uniqueid of the old one */
};

/* Reads an event packet. ERR_NOTFOUND: another event. ERR_PROTO: no event; a key that is missing,
 * twice, or has a value that cannot be; more than one IKE_SA. `out` is untouched on failure. */
ERR_MUST_USE int sa_report_read(struct sa_report *out, const struct vici_packet *packet);

/* The next child of `children`; moves it. 0; ERR_NOTFOUND: no more; ERR_PROTO as above. */
ERR_MUST_USE int sa_child_next(struct vici_section *children, struct sa_child_view *out);
/* The same for CHILD_REKEY: the child after the rekeying, and the uniqueid of the one before. */
ERR_MUST_USE int sa_rekeyed_next(struct vici_section *children, struct sa_child_view *out, uint32_t *old);
