/* kv_compact.h - a store's file written anew without its free pages; between kv.c and kv_compact.c. LMDB uses free pages again, but
 * never gives them back to the file system. */
#pragma once
#include <lmdb.h>
#include <stdint.h>

#include "base/err.h"

#define KV_PATH_MAX 1024

/* Removes a new file that was not finished. */
void kv_compact_clean(const char *dir);
/* When the file is larger than `above` octets and more than half of it is free: writes a new one beside it, durably. ERR_EXISTS: it
 * need not be; any other error: it could not be, nothing is left of it, and the old one is as good as before. */
ERR_MUST_USE int kv_copy_compact(MDB_env *env, const char *dir, uint64_t above);
/* Puts the new file in the place of the old, durably; or removes it, when another process (a backup) has the old one open. The caller
 * has closed its own. */
void kv_compact_switch(const char *dir);
