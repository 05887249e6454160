/* link_ids.c - identifiers that do not repeat, also after a restart. */
#include "link/link_ids.h"

#include "base/text.h"

#define HOST_SHOWN_MAX 253u

void link_ids_init(struct link_ids *ids, const char *host, uint64_t real_ms, uint32_t random)
{
	uint64_t seconds = real_ms / 1000;

	ids->host = host;
	/* RFC 6733 3: high 12 bits from the low 12 bits of the time, the rest random, then
	 * counting up */
	ids->end_to_end_next = (uint32_t)(seconds & 0xfff) << 20 | (random & 0xfffff);
	/* RFC 6733 8.8: the time is the high part, a counter the low part; its random start
	 * separates two processes started in one second */
	ids->session_next = seconds << 32 | (random & 0xfffff000u);
}

uint32_t link_ids_end_to_end(struct link_ids *ids)
{
	return ids->end_to_end_next++;
}

/* What every Session-Id begins with: "host;high;low". It always fits. */
static struct text session_begin(const struct link_ids *ids, char out[LINK_SESSION_ID_MAX], uint64_t high, uint32_t low)
{
	struct text t = text_over(out, LINK_SESSION_ID_MAX);

	text_octets(&t, ids->host, strnlen(ids->host, HOST_SHOWN_MAX));
	text_char(&t, ';');
	text_u32(&t, (uint32_t)high);
	text_char(&t, ';');
	text_u32(&t, low);
	return t;
}

size_t link_ids_session(struct link_ids *ids, char out[LINK_SESSION_ID_MAX])
{
	uint64_t n = ids->session_next++;
	struct text t = session_begin(ids, out, n >> 32, (uint32_t)n);

	return t.len;
}

size_t link_ids_session_of(const struct link_ids *ids, char out[LINK_SESSION_ID_MAX], uint64_t began_ms, uint32_t end_to_end)
{
	struct text t = session_begin(ids, out, began_ms / 1000, end_to_end);

	text_add(&t, ";again");
	return t.len;
}
