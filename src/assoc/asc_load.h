/* asc_load.h - what is on disk into memory, when a store is opened (room-private). Rows that this
 * program would not have written are refused. Errors with words: ERR_PROTO, ERR_VERSION, ERR_NOMEM,
 * ERR_IO. */
#pragma once
#include "base/err.h"

struct asc;
struct asc_gen;
struct asc_model;
struct asc_why;
struct MDB_txn;

/* Fills a->model from the main environment, whose transaction is `txn`. Sets next_number and
 * main_changes. */
ERR_MUST_USE int asc_load(struct asc *a, struct MDB_txn *txn, struct asc_why *why);
/* The same rows into another, new model; no counters. */
ERR_MUST_USE int asc_load_model(struct asc *a, struct MDB_txn *txn, struct asc_model *m, struct asc_why *why);
/* How many entries the generation has of each number, into the model. */
ERR_MUST_USE int asc_load_entries(struct asc *a, const struct asc_gen *g, struct asc_model *m, struct asc_why *why);
/* Afterwards: the counters of a->gen. Sets gen_changes, and next_number when the generation knows a
 * larger one. */
ERR_MUST_USE int asc_load_counts(struct asc *a, struct asc_why *why);
