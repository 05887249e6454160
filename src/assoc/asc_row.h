/* asc_row.h - how records look on disk (room-private). Every key and value begins with a version
 * octet. Numbers are little-endian, but the SCS number in a key is big-endian so that the rules of
 * one SCS stand together.
 *
 * The main environment, in the store's directory:
 *
 *   database  key                                     value
 *   scs       1, name                                 3, 4 or 5, u32 number, strings (u8 length +
 *                                                     octets), limits [, addresses of NDS/IP]
 *   set       1, u32be SCS number, verdict, device    1, u8 rights and mode, i64 from, i64 until
 *   group     1, name                                 1, u32 number, anchor (u8 length + octets)
 *   member    1, u32be group number, u32be SCS number 1
 *   dset      1, name                                 1, u32 number
 *   meta      "generation", "next", "dev"             u64 changes made here, u64 next number,
 *                                                     u64 generation of rows in force
 *   kept      1, u32be id                             members of struct asc_kept, and u64
 *                                                     generation of rows (asc_kept.c)
 *             1, u32be id, part, key                  a row of scs, group, dset, member or set
 *                                                     (part 1 to 5) as it was before an import
 *
 * A program that does not know `kept` ignores it and removes the generations that it names; those
 * states are then forgotten.
 *
 * One generation, an environment in the directory dev-NUMBER below it:
 *
 *   dev       1, device              1, entries: u8 flags, u8 rights, u32 SCS number
 *                                    [, i64 from, i64 until]
 *   count     1, u32be SCS number    1, u64 entries of it in dev
 *   meta      "generation", "next"   u64 changes made in generations so far, u64 next number when
 *                                    it last changed
 *
 * A change is a transaction of one of the two. An import writes a whole new generation; one
 * transaction of the main environment brings it into force. Directories dev-* that neither meta nor
 * `kept` names are left-overs.
 *
 * Groups and SCSs share one sequence of numbers, so "SCS number" above is also a group's, and in
 * `dev` and `count` a named set's. Format 1 had neither groups nor named sets, format 2 no named
 * sets, format 3 no modes of rules. In all of them `dev` and `count` stood in the main environment.
 * The limits of an SCS are those of base/scs_limits.h in its order, preceded by their number. A
 * program that knows fewer of them reads a record whose further ones have their default, and
 * refuses any other. An SCS with NDS/IP has a record of version 4, which a program that does not
 * know NDS/IP refuses, and one with several trust anchors has version 5, which a program that knows
 * one anchor refuses; any other SCS has one of version 3, so that one can go back.
 * A number is never used again. Entries in `dev` whose number has gone are not rules; they are
 * removed when the row is next written or an import merges it. */
#pragma once
#include "assoc/asc.h"
#include "base/buf.h"

#define ASC_ROW_VERSION 1u
#define ASC_KEY_MAX 300u /* LMDB takes 511; a version, a number, a verdict and a device fit */
#define ASC_SCS_RECORD_MAX 2048u
#define ASC_ENTRY_MAX 22u
#define ASC_DEV_RECORD_MAX (1u + ASC_RULES_PER_DEVICE_MAX * ASC_ENTRY_MAX)
#define ASC_NOBODY 0u        /* SCS number of "*" */
#define ASC_SET_DETECT 0x08u /* beside the rights of a rule on a set: ASSOC_DETECT */

/* in place of a verdict: not a rule, but membership in the set of this number, without rights and
 * times */
#define ASC_ENTRY_MEMBER 3u

struct asc_entry {               /* one rule on one exact device, or a membership */
	uint8_t verdict, rights; /* verdict: also ASC_ENTRY_MEMBER */
	uint32_t scs_number;
	int64_t not_before_s, not_after_s;
	uint8_t mode; /* enum assoc_mode */
};

void asc_entry_put(struct buf *b, const struct asc_entry *e);
/* Reads the next entry; false at the end or when damaged (then r->bad). */
bool asc_entry_next(struct rd *r, struct asc_entry *e);

void asc_scs_record_put(struct buf *b, const struct asc_scs *scs, uint32_t number);
/* ERR_VERSION, ERR_PROTO. The name is the key's and not in the record. */
ERR_MUST_USE int asc_scs_record_get(struct asc_scs *scs, uint32_t *number, const void *p, size_t len);
