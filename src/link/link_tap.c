/* link_tap.c - copies of messages for a trace. Every message that is sent passes here; those that
 * are received pass link_on_message(). */
#include "link/link_conn.h"

void link_tap(struct link *l, link_tap_fn *fn, void *arg)
{
	OBJ_CHECK(l, LINK_MAGIC);
	l->tap = fn;
	l->tap_arg = arg;
}

int link_write(struct link *l, const uint8_t *message, size_t len)
{
	if (l->tap) {
		l->tap(l->tap_arg, l, true, message, len);
	}
	return net_stream_write(l->stream, message, len);
}
