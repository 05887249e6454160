/* node_out.c - events become lines; lines go to the writer. */
#include "nodes/common/node_out.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/shown.h"
#include "base/stdfd.h"
#include "base/tail.h"
#include "nodes/common/node.h"

/* On the writer's thread. Adds no line of its own: a reader of events expects events only. */
static size_t on_gap(void *arg, char *out, size_t size, uint64_t lost, int error)
{
	const struct log *log = OBJ_OF(arg, struct node_out, NODE_OUT_MAGIC)->log;
	char name[TAIL_NAME_MAX], events[SHOWN_COUNT_MAX];

	(void)out;
	(void)size;
	tail_name(name, STDOUT_FILENO, "standard output");
	(void)shown_count(events, lost, "event");
	if (error) {
		log_error(log, "events", "%s lost: %s cannot be written: %s", events, name, strerror(error));
	} else {
		log_error(log, "events", "%s lost: the reader of %s did not take them in time", events, name);
	}
	return 0;
}

static size_t on_torn(void *arg, char *out, size_t size, uint64_t octets)
{
	const struct log *log = OBJ_OF(arg, struct node_out, NODE_OUT_MAGIC)->log;
	char name[TAIL_NAME_MAX], n[SHOWN_COUNT_MAX];

	log_warn(log, "events", "%s had a torn line at its end, %s; an event behind it says so",
		 tail_name(name, STDOUT_FILENO, "standard output"), shown_count(n, octets, "byte"));
	return node_torn_line(out, size, octets);
}

int node_out_init(struct node_out *o, const struct log *log, size_t octets_max)
{
	int err;

	*o = (struct node_out){ .obj = OBJ(NODE_OUT_MAGIC), .log = log };
	if (!stdfd_written(STDOUT_FILENO)) {
		return 0;
	}
	err = writer_open(&o->writer, STDOUT_FILENO, octets_max, on_gap, o);
	if (err) {
		return err;
	}
	writer_on_torn(o->writer, on_torn);
	writer_look(o->writer);
	return 0;
}

void node_out_fini(struct node_out *o)
{
	writer_end(o->writer);
	o->writer = NULL;
}

static const char *words_of(const struct node_out *o, int err)
{
	int error = o->writer ? writer_failing(o->writer) : 0;

	if (err == ERR_LIMIT) {
		return "its reader does not take what was written before";
	}
	return err == ERR_IO && error ? strerror(error) : err_str(err);
}

void node_out_event(struct node_out *o, json_t *event)
{
	char *line, name[TAIL_NAME_MAX];
	size_t len;
	int err;

	line = node_line(event, &len);
	err = line ? 0 : ERR_NOMEM;

	if (line && o->writer) {
		err = writer_line(o->writer, line, len);
	}
	free(line);
	if (err && !o->losing) {
		log_error(o->log, "events", "an event could not be written to %s: %s",
			  tail_name(name, STDOUT_FILENO, "standard output"), words_of(o, err));
	}
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
