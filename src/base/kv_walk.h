/* kv_walk.h - whether every page of a store that is in use can be read; for kv.c only. */
#pragma once
#include <lmdb.h>

/* Reads every entry of every database once. Before anybody else uses `env`, on any one thread.
 * Returns 0, or LMDB's code: MDB_CORRUPTED also for an entry that is all zero. */
int kv_walk(MDB_env *env);
