/* tail.h - does a file of lines end with a complete line? After a crash, a power cut or a full disk
 * it may end in half a line or in zero bytes. Before appending, that line is ended: otherwise the
 * next line is joined to it and both are lost to a reader. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum tail {
	/* empty, or the last octet is a newline; also a pipe, a socket or a terminal, which have no
	 * end */
	TAIL_WHOLE,
	TAIL_TORN,    /* octets stand behind the last newline */
	TAIL_UNKNOWN, /* not empty, and we may not read it: begin with a newline to be safe */
};

/* More bytes than these after the last newline are counted as these. */
#define TAIL_LOOK_MAX 65536u

/* Opens or creates (`mode`) a file of lines for appending, or a named pipe that has a reader.
 * Neither this call nor a write ever waits for the reader. A regular file that may be read is open
 * for reading too, so that a process that gets the descriptor can read its end. -1 with errno;
 * ENXIO: the pipe has no reader. */
int tail_open(const char *path, unsigned mode);

/* Examines the end of the regular file behind fd. If fd is open for writing only, the file is
 * opened again for reading. *octets: number of octets behind the last newline; 0 unless TAIL_TORN.
 * The offset of fd does not change. */
enum tail tail_look(int fd, uint64_t *octets);

/* Writes where a descriptor leads, for people: the present path of its file as the kernel knows it,
 * or `otherwise`. A long path is cut. */
#define TAIL_NAME_MAX 256
const char *tail_name(char out[TAIL_NAME_MAX], int fd, const char *otherwise);
