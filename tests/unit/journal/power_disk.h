/* power_disk.h - a disk in memory for the journal that remembers what was written and what was
 * flushed, and builds what a power cut may leave of it.
 *
 * What a cut may leave: everything that a completed flush made durable, and of what was written
 * since, any subset of sectors of 512 octets, each in any version that was written, in any order. A
 * name that was made, moved or removed since the last sync_dir() may have been, or not, whatever
 * happened to other names. Octets of a failed write or flush stay uncertain, and so do others that are
 * written over them, until the file is used for something else. */
#pragma once
#include "tests/unit/test.h"

#include "journal/jrn_disk.h"

#define PD_SECTOR 512u
#define PD_FILES 512u /* ever made */
#define PD_NAMES 64u
#define PD_FDS 32u

struct pd_image { /* files and names at one moment */
	struct pd_content {
		uint8_t *octets; /* owned; NULL: none */
		uint64_t size, cap;
	} files[PD_FILES];
	struct pd_name {
		char name[JRN_NAME_MAX];
		uint32_t file;
	} names[PD_NAMES];
	uint32_t files_n, names_n;
};

enum pd_what {
	PD_NEW,    /* name -> a new file */
	PD_RENAME, /* name -> to */
	PD_UNLINK,
	PD_WRITE,
	PD_FLUSHED, /* the octets from `at` on, n of them (UINT64_MAX: all) are durable */
	PD_FAILED,  /* a write or flush of the file failed */
	PD_SYNCED,  /* the names are durable */
	PD_TOLD,    /* the test was told about operation `at`; n: 0 durable, 1 failed */
	PD_ISSUED,  /* the test has begun operation `at` */
};

struct pd_event {
	enum pd_what what;
	uint32_t file;
	uint64_t at, n;
	size_t data; /* of a write: where its octets are in pd_trace.data */
	char name[32], to[32];
};

struct pd_trace {
	struct pd_event *events;
	size_t n, cap;
	uint8_t *data;
	size_t data_n, data_cap;
};

/* Faults: the calls of that kind fail with this errno while `fails` is above 0; each failure counts it down. */
struct pd_fault {
	int fails, errno_of;
	unsigned skip; /* calls before the first failure */
};

struct power_disk {
	struct jrn_disk disk;   /* for the journal */
	struct pd_image now;    /* what the running program sees */
	struct pd_trace *trace; /* NULL: nothing is recorded */
	uint32_t fds[PD_FDS];   /* file + 1; 0: free */
	struct pd_fault write, flush, rename, unlink, sync_dir, open_new;
	bool lies;        /* flushes do nothing and say that they did */
	bool dead;        /* the program was killed: nothing reaches the disk any more, and each call fails */
	unsigned dies_in; /* calls that write, flush or name until then; 0: never */
	uint64_t space;   /* octets that all files may have; 0: no bound */
};

void pd_init(struct power_disk *d, struct pd_trace *trace);
void pd_fini(struct power_disk *d);
void pd_image_fini(struct pd_image *i);
void pd_trace_fini(struct pd_trace *t);
void pd_note(struct pd_trace *t, enum pd_what what, uint64_t at, uint64_t n); /* PD_TOLD, PD_ISSUED */
uint32_t pd_find(const struct pd_image *i, const char *name);                 /* UINT32_MAX: none */
void pd_name_set(struct pd_image *i, const char *name, uint32_t file);
void pd_name_del(struct pd_image *i, const char *name);
void pd_write(struct pd_content *c, uint64_t at, const void *p, uint64_t n);
void pd_size(struct pd_content *c, uint64_t size); /* grows with zeros */
void pd_file_copy(struct pd_image *to, const struct pd_image *from, uint32_t file);
void pd_image_copy(struct pd_image *to, const struct pd_image *from); /* the files that have names */
