/* node_out.c - events become lines; lines go to the writer. */
#include "nodes/common/node_out.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/stdfd.h"
#include "nodes/common/node.h"

/* On the writer's thread. No line among the events: who reads them expects events only. */
static size_t on_gap(void *arg, char *out, size_t size, uint64_t lost, int error)
{
	const struct log *log = arg;

	(void)out;
	(void)size;
	log_error(log, "events", "%llu events lost: %s%s", (unsigned long long)lost,
		  error ? "write to standard output failed: " : "the reader of standard output did not take them in time",
		  error ? strerror(error) : "");
	return 0;
}

int node_out_init(struct node_out *o, const struct log *log, size_t octets_max)
{
	*o = (struct node_out){ .log = log };
	if (!stdfd_written(STDOUT_FILENO))
		return 0;
	return writer_open(&o->writer, STDOUT_FILENO, octets_max, on_gap, (void *)(uintptr_t)log);
}

void node_out_fini(struct node_out *o)
{
	(void)!writer_close(o->writer, WRITER_END_MS);
	o->writer = NULL;
}

void node_out_event(struct node_out *o, json_t *event)
{
	size_t len;
	char *line = node_line(event, &len);
	int err = line ? 0 : ERR_NOMEM;

	if (line && o->writer)
		err = writer_line(o->writer, line, len);
	free(line);
	if (err && !o->losing)
		log_error(o->log, "events", "an event could not be written to standard output: %s",
			  err == ERR_LIMIT ? "its reader does not take what was written before" : err_str(err));
	o->losing = err != 0;
}

void node_out_ready(struct node_out *o, const char *address, uint16_t port)
{
	node_out_event(o, json_pack("{s:s, s:s, s:i}", "event", "ready", "address", address, "port", (int)port));
}

uint64_t node_out_lost(const struct node_out *o)
{
	return o->writer ? writer_lost(o->writer) : 0;
}
