/* lmdb_journal.h - the journal of a program for format 1 to 3, made as that program made it. */
#pragma once
#include <stdint.h>

/* Makes it in an existing directory without one, with records 1 to n of the text "record N", and numbers up to `reserved` promised. */
void lmdb_journal_make(const char *dir, uint32_t format, uint64_t n, uint64_t reserved);
/* Version in data.mdb; 0: there is none. */
uint32_t lmdb_journal_format(const char *dir);
