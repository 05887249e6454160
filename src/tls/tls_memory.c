/* tls_memory.c - the functions by which OpenSSL takes and frees memory. What was freed may stay in
 * the heap for as long as the process lives. */
#include "tls/tls_memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "tls/tls_openssl.h"

static void *take(size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(len);
}

static void give_back(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	if (p) {
		OPENSSL_cleanse(p, malloc_usable_size(p));
		free(p);
	}
}

/* Never realloc(), which frees the old place as it is. */
static void *resize(void *p, size_t len, const char *file, int line)
{
	size_t had = p ? malloc_usable_size(p) : 0;
	void *q;

	if (len == 0) {
		give_back(p, file, line);
		return NULL;
	}
	if (p && len <= had) {
		return p;
	}
	q = malloc(len);
	if (q && p) {
		memcpy(q, p, had);
		give_back(p, file, line);
	}
	return q;
}

bool tls_memory_wiped(void)
{
	return CRYPTO_set_mem_functions(take, resize, give_back) == 1;
}
