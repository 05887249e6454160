/* kv_room.h - the room of a store and its oldest reader, as kv_readers.h finds them. For code that
 * does not include LMDB. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct kv_reader {
	pid_t pid;       /* 0: nobody reads a state older than the newest */
	bool ours;       /* this process */
	uint64_t state;  /* number of the commit whose state it reads */
	uint64_t behind; /* commits since then */
};

struct kv_room {           /* octets */
	uint64_t size;     /* of the file, free pages included; 0: never looked at */
	uint64_t size_max; /* that it may grow to */
	uint64_t left;     /* until it is full, or its disk: the smaller of the two that follow */
	uint64_t map_left; /* until it is as large as it may be */
	/* free space that the file system has for us; reusable pages are not part of it */
	uint64_t disk;
	uint64_t disk_max; /* of the whole file system; 0: unknown */
	/* why the last write failed: ERR_NOSPC, ERR_IO; 0: it did not, or nobody reports it here */
	int failing;
	/* in pages that only the oldest reader keeps from being free; not part of `left` */
	uint64_t held;
	uint64_t cleared; /* slots of dead readers freed since the store was opened; a number */
	struct kv_reader oldest;
};
