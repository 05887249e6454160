/* fake_journal.h - the journal for fuzzers in place of src/journal: records in memory, and a disk
 * whose trouble the fuzzer orders. What is durable outlives jrn_close(), so that another core
 * finds it. */
#pragma once
#include <stdbool.h>

#include "journal/jrn.h"

enum fake_disk {
	FAKE_DISK_WELL,
	FAKE_DISK_SLOW,  /* what is handed over stays there until the disk is well */
	FAKE_DISK_FULL,  /* ERR_NOSPC: nothing of a commit is kept, but its deletes */
	FAKE_DISK_FAILS, /* as slow, and new triggers are refused: ERR_IO */
};

void fake_journal_begin(void); /* no record, and a disk that is well; no journal is open */
void fake_journal_end(void);   /* frees the records */
void fake_journal_disk(enum fake_disk disk);
/* Commits what was handed over, as the disk lets it, and wakes the owner. True: it did something. */
bool fake_journal_work(void);
/* The next jrn_close() commits nothing more, as if the process had been killed. */
void fake_journal_crash(void);
/* Calls fn for every durable record; stops when it returns other than 0 and returns that. */
int fake_journal_each(jrn_record_fn *fn, void *arg);
