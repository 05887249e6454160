/* kh_audit.h - the keyholder's part in the audit: the key of checkpoints, and the memory of the
 * last one. It makes the text that it signs itself, of its origin and of the size and root that the
 * core names; it signs no smaller log than before, and no other one of the same size
 * (merkle/mrk_ask.h).
 *
 * It has no file: the last checkpoint comes from the parent, which keeps it in a file beside the
 * key (daemon/dm_audit.h), where the core cannot write. The checkpoint of the audit's directory
 * counts when it is a later one and this key has signed it. */
#pragma once
#include "base/log.h"
#include "merkle/mrk_ask.h"
#include "net/net_loop.h"

#define KH_CHECKPOINTS_PER_SECOND 20u

struct kh_audit;

struct kh_audit_conf { /* its pointers are borrowed until kh_audit_free(), but seed and note: until return */
	struct net_loop *loop;
	const struct log *log;
	const char *origin;
	const uint8_t *seed; /* MRK_KEY octets */
	struct mrk_ask last; /* that was signed; size 0: not known */
	const char *note;    /* the checkpoint of the directory as a text; "": none */
	/* a checkpoint was signed */
	void (*on_signed)(void *arg, const struct mrk_ask *last);
	void *arg;
};

ERR_MUST_USE int kh_audit_new(struct kh_audit **out, const struct kh_audit_conf *conf); /* ERR_NOMEM, ERR_INVAL */
void kh_audit_free(struct kh_audit *a);                                                 /* NULL allowed; wipes the key */
/* Serves the core on this end of a SOCK_SEQPACKET pair, in place of the one before. Takes fd.
 * ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int kh_audit_channel(struct kh_audit *a, int fd);
