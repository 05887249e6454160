/* kv_compact.h - rewrites the file of a store without its free pages; between kv.c and
 * kv_compact.c. LMDB reuses free pages but never returns them to the file system. */
#pragma once
#include <lmdb.h>
#include <stdint.h>

#include "base/err.h"

#define KV_PATH_MAX 1024

/* Removes a new file that was not finished. */
void kv_compact_clean(const char *dir);
/* If the file is larger than `above` octets and more than half of it is free, writes a new one
 * beside it, durably. ERR_EXISTS: there is no need. Any other error: the rewrite failed, nothing of
 * it is left, and the old file is unchanged. */
ERR_MUST_USE int kv_copy_compact(MDB_env *env, const char *dir, uint64_t above);
/* Replaces the old file by the new one, durably. Removes the new one instead if another process (a
 * backup) has the old file open. The caller has closed its own. */
void kv_compact_switch(const char *dir);
