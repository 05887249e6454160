/* dm_audit.h - the parent's part in the audit: it makes or reads the key of checkpoints, gives the
 * keyholder key and last checkpoint and the core the public half, and joins the two by a pair of
 * sockets. The core never sees the key, the keyholder no file.
 *
 * Beside the key, where the core may not write, is a file KEY.last with size and root of the last
 * checkpoint that was signed. So the next daemon finds that the directory of the audit was rolled
 * back while nothing ran. The file is not synced: after a power cut it may be somewhat older. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/report.h"
#include "conf/cfg_iwf.h"
#include "merkle/mrk_ask.h"

struct dm_child;
struct dm_msg;
struct dm_parent;

struct dm_audit_hand {           /* what a child is given in sealed memory */
	uint8_t key[MRK_KEY];    /* keyholder: private; core: public */
	struct mrk_ask last;     /* what was signed last, by KEY.last and by this daemon; size 0: nothing yet */
	char note[MRK_NOTE_MAX]; /* keyholder: the checkpoint of the directory; "": none */
};

struct dm_audit { /* of the parent */
	bool on;
	int key_fd;  /* sealed memory with the private key; -1: none */
	int last_fd; /* file beside the key with the last checkpoint that was signed; -1: none */
	bool last_failing;
	uint8_t public_key[MRK_KEY];
	char note[MRK_NOTE_MAX]; /* the checkpoint of the directory at the start */
	struct mrk_ask last, coming;
	unsigned coming_n; /* parts of `coming` that have arrived */
};

/* The key, made if it is missing, and the last checkpoint. Before the sandbox. Errors are
 * logged. */
ERR_MUST_USE int dm_audit_open(struct dm_parent *p);
void dm_audit_close(struct dm_parent *p);
/* What this child needs of it, before DM_START. */
ERR_MUST_USE int dm_audit_hand_over(struct dm_child *c);
/* Both run: a new pair between them. */
void dm_audit_join(struct dm_parent *p);
/* The file for published checkpoints, to the core. */
ERR_MUST_USE int dm_audit_publish(struct dm_parent *p);
/* The keyholder has signed. False: not a message of this form. */
bool dm_audit_signed(struct dm_child *c, const struct dm_msg *m);
/* -t: is the key one, or can it be made? */
void dm_audit_check(const struct cfg_iwf *c, struct report *report);
