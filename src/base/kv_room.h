/* kv_room.h - the room of a store and its oldest reader, as kv_readers.h finds them; for code that does not include LMDB. */
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
	uint64_t disk;     /* that its file system has for us; pages that can be used again come on top */
	uint64_t disk_max; /* of the whole file system; 0: unknown */
	int failing;       /* why the last change could not be written: ERR_NOSPC, ERR_IO; 0: it could, or nobody tells it here */
	uint64_t held;     /* in pages that would be free without the oldest reader; not in `left` */
	uint64_t cleared;  /* slots of dead readers freed since the store was opened; a number */
	struct kv_reader oldest;
};
