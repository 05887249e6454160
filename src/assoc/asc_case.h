/* asc_case.h - devices whose names differ in the case of the local part only (room-private). The local part counts letter by letter
 * (TS 23.003 19.7.2, CONTRACTS section 1), so they are two devices; mostly one of them was mistyped, and its rule stops or allows nobody.
 * Keys stand in order of octets, far apart for the two: a search goes down the letters and leaves every spelling that no key begins
 * with. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "assoc/asc_import.h"

struct MDB_cursor;
struct MDB_txn;
struct asc_gen;

/* Has the local part of a device's name an upper-case letter? Of two names that differ in case only, one has. */
bool asc_case_has_upper(const char *device, size_t len);

/* Another device of these rows with the same name but for the case. True: its name is in `out`. At most ASC_CASE_LOOKS positions are
 * looked at: false, too, when these do not suffice, or the rows cannot be read. */
#define ASC_CASE_LOOKS 2000u
bool asc_case_twin(struct MDB_cursor *rows, const char *device, char out[ASSOC_DEVICE_TEXT_MAX + 1]);

/* All such pairs of a generation, which nobody writes to meanwhile, of which not both devices were in the generation before (its
 * database of devices in a transaction that reads it): those that an import brought. Bounded: `out->more`. */
void asc_case_pairs(struct asc_gen *g, struct MDB_txn *before, unsigned before_dev, struct asc_import_twins *out);
