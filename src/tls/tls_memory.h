/* tls_memory.h - for processes that read private keys: memory that OpenSSL gives back is wiped. */
#pragma once
#include <stdbool.h>

/* From now on OpenSSL wipes each piece of memory before it frees it. When a private key is decoded,
 * OpenSSL wipes the key itself, but not all copies of its file that were made on the way.
 * Before anything else of the process uses OpenSSL; false: something has, and nothing is wiped. */
bool tls_memory_wiped(void);
