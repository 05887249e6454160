/* writer.h - writes whole lines to a descriptor that may have a slow reader or none: a log on
 * standard error, events on standard output. The caller never waits for the reader.
 *
 * A thread of its own writes the lines that gathered in a bounded queue. No other way serves every
 * kind of descriptor that a service manager, a shell or a container hands in:
 *   - O_NONBLOCK is a property of the open file description, which we share with the operator's
 *     shell and with every other process on the same terminal or pipe. Setting it would break
 *     them, and they could clear it again. If one of them set it, the thread waits with poll().
 *   - poll() and then write() can still block: parent, edges and core write to the same pipe, and
 *     another one may fill it in between.
 *   - Opening /proc/self/fd/N makes a description of our own, but not of a socket (journald), nor
 *     without the right to open it (a pipe of another user, in a container or after the change to
 *     `user`).
 * A regular file has no reader that could stand still. Its lines are written at once, in the
 * caller, and none is lost if the process is killed. The file may end in an incomplete line, of an
 * earlier run or of another process that found the disk full. So after writer_look(), and after
 * each failed write of ours, the end is examined before the next line, and an incomplete line is
 * ended first. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct writer; /* opaque */

#define WRITER_OCTETS 262144u /* room for buffered lines, where nothing else is configured */
/* how long the end of a program waits for the reader to take the buffered lines */
#define WRITER_END_MS 500u

/* Called when a line is written again after `lost` ones were lost: on the writer's thread or, for a
 * file, in writer_line(). Puts one line that reports the loss into `out`, with its newline, and
 * returns its length; 0: no line. `error` is errno of the last failed write among them; 0: the
 * queue was full because the reader was slow. The writer is locked: do not call it. If the line
 * cannot be written, the next gap counts these lines too. */
typedef size_t writer_gap_fn(void *arg, char *out, size_t size, uint64_t lost, int error);
#define WRITER_GAP_LINE_MAX 256
/* Called when a file ends in `octets` octets of an incomplete line. Puts the line that reports this
 * to a reader into `out`, as above. */
typedef size_t writer_torn_fn(void *arg, char *out, size_t size, uint64_t octets);

/* Borrows fd, which must stay open as long as the process lives. `gap` may be NULL. ERR_NOMEM: no
 * memory or no thread. */
ERR_MUST_USE int writer_open(struct writer **out, int fd, size_t octets_max, writer_gap_fn *gap, void *arg);
/* Incomplete lines are reported with `torn`. NULL, the default: they are ended without a report.
 * Before the first line. */
void writer_on_torn(struct writer *w, writer_torn_fn *torn);
/* Examines the end of the file before the next line. Only for the first process that writes to a
 * file: a process that does so while another is in the middle of a write takes that write for an
 * incomplete line. */
void writer_look(struct writer *w);
/* Changes the limit of buffered bytes. */
void writer_octets_max(struct writer *w, size_t octets_max);
/* Writes one line, with its newline. Copies it. Any thread. ERR_LIMIT: the reader did not take the
 * lines before it. ERR_IO: the file or the reader took nothing. ERR_NOMEM. After an error the line
 * is lost and counted. */
ERR_MUST_USE int writer_line(struct writer *w, const char *line, size_t len);
/* the same; a lost line is counted and reported by `gap` */
void writer_put(struct writer *w, const char *line, size_t len);
/* Lines lost since writer_open(), also those that the thread could not write. Any thread. */
uint64_t writer_lost(struct writer *w);
/* errno of the last write when it failed; 0: it did not, or there was none. Any thread. */
int writer_failing(struct writer *w);
/* Takes w; NULL allowed. Waits until everything is written, at most wait_ms. Returns 0, or
 * ERR_TIMEOUT: the rest is abandoned, and the thread ends with its write or with the process. `gap`
 * reports all missing lines, also the abandoned ones, before this function returns. Afterwards
 * neither `gap` nor `torn` is called, and the caller may free `arg`. */
ERR_MUST_USE int writer_close(struct writer *w, uint32_t wait_ms);
/* The same with WRITER_END_MS, for a process that ends either way. */
void writer_end(struct writer *w);
