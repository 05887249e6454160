/* asc_case.h - devices whose names differ only in the case of the local part (room-private). Case
 * counts in the local part (TS 23.003 19.7.2, CONTRACTS section 1), so they are two devices. Mostly
 * one name was mistyped, and its rule stops or allows no device. Keys are ordered by octets, so the
 * two stand far apart. The search descends letter by letter and leaves every spelling that no key
 * begins with. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "assoc/asc_import.h"

struct MDB_cursor;
struct MDB_txn;
struct asc_gen;

/* True if the local part of a device's name has an upper-case letter. Of two names that differ in
 * case only, one has. */
bool asc_case_has_upper(const char *device, size_t len);

/* Looks for another device of these rows with the same name but for the case. True: its name is in
 * `out`. Examines at most ASC_CASE_LOOKS positions. Also false if these do not suffice or the rows
 * cannot be read. */
#define ASC_CASE_LOOKS 2000u
bool asc_case_twin(struct MDB_cursor *rows, const char *device, char out[ASSOC_DEVICE_TEXT_MAX + 1]);

/* Finds all such pairs that an import brought: pairs of a generation that nobody writes to
 * meanwhile, of which at most one device was in the previous generation (its database of devices,
 * in a transaction that reads it). Bounded: `out->more`. */
void asc_case_pairs(struct asc_gen *g, struct MDB_txn *before, unsigned before_dev, struct asc_import_twins *out);
