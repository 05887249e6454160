/* net_message.c - pieces of a message in one buffer. An idle one keeps no memory. */
#include "net/net_message.h"

#include <stdlib.h>
#include <string.h>

void net_message_init(struct net_message *m, size_t max)
{
	*m = (struct net_message){ .max = max };
}

void net_message_fini(struct net_message *m)
{
	free(m->held);
	*m = (struct net_message){ .max = m->max };
}

static int hold(struct net_message *m, const uint8_t *p, size_t n)
{
	if (m->len + n > m->cap) {
		size_t cap = m->cap * 2 > m->len + n ? m->cap * 2 : m->len + n;
		uint8_t *grown;

		if (cap > m->max) {
			cap = m->max;
		}
		grown = realloc(m->held, cap);
		if (!grown) {
			return ERR_NOMEM;
		}
		m->held = grown;
		m->cap = cap;
	}
	memcpy(m->held + m->len, p, n);
	m->len += n;
	return 0;
}

/* The first bytes of a message that is too long: what is held, or else those of its first piece. */
static int refuse(struct net_message *m, const uint8_t *p, const uint8_t **out, size_t *out_len)
{
	m->over = true;
	*out = m->len ? m->held : p;
	*out_len = m->len ? m->len : m->max;
	return ERR_LIMIT;
}

int net_message_add(struct net_message *m, const uint8_t *p, size_t n, bool last, const uint8_t **out, size_t *out_len)
{
	int err;

	*out = NULL;
	*out_len = 0;
	if (m->over) {
		return ERR_LIMIT;
	}
	if (m->cap && !m->len) { /* the message before was given out of it */
		net_message_fini(m);
	}
	if (n > m->max - m->len) {
		return refuse(m, p, out, out_len);
	}
	if (last && !m->len) {
		*out = p;
		*out_len = n;
		return 0;
	}
	err = hold(m, p, n);
	if (err) {
		return err;
	}
	if (!last) {
		return ERR_AGAIN;
	}
	*out = m->held;
	*out_len = m->len;
	m->len = 0;
	return 0;
}
