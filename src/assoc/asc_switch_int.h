/* asc_switch_int.h - the parts of an import's switch (room-private): asc_switch.c the order,
 * asc_switch_who.c SCSs, groups and sets, asc_switch_rules.c rules on sets of devices. */
#pragma once
#include "assoc/asc_edit.h"
#include "assoc/asc_import_int.h"

struct asc_switching {
	struct asc_import *im;
	struct asc_edit e;
	struct asc_touched touched;
	int err;
	struct asc_why *why;
};

/* Each puts the rows of one kind into the transaction. Returns a code of LMDB or errno, or puts our
 * error into s->err, with words. */
int asc_switch_scss(struct asc_switching *s);
int asc_switch_groups(struct asc_switching *s);
int asc_switch_sets(struct asc_switching *s);
int asc_switch_rules(struct asc_switching *s);
