/* dlv_line.c - a line for each SME, and for each pair of an MTC-IWF and the peer that brought its
 * triggers, as long as reports of it wait. Without it each report would try by its timer: an SME
 * that answers at once would get no more than a window of them a second, and a peer that connects
 * would have all messages looked at for its own. */
#include "nodes/smssc/dlv_line.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

#include "nodes/smssc/dlv_step.h"

enum { KEY_MAX = 1024, OF_SME = 1, OF_PEER = 2 };

struct dlv_line {
	struct map_node node;
	struct dlv_msg *first;
	uint32_t n;
	uint32_t counted_n;           /* messages of mobiles to this SME, in this line or not */
	struct dlv_line *prev, *next; /* of peers */
	bool of_peer;                 /* else of an SME */
	bool walked;                  /* tell_some() uses it: it must not be freed */
	const char *host, *via;       /* in the key */
	uint32_t key_len;
	char key[];
};

static void write_host(struct buf *key, const char *host, bool as_it_is)
{
	for (; *host; host++) {
		buf_u8(key, (uint8_t)(as_it_is ? *host : tolower((unsigned char)*host)));
	}
	buf_u8(key, 0);
}

/* Origin-Hosts are the same in any case (RFC 6733 4.3.1); names of SMEs are not. */
static struct buf key_of(uint8_t octets[KEY_MAX], bool of_sme, const char *host, const char *via)
{
	struct buf key = buf_over(octets, KEY_MAX);

	buf_u8(&key, of_sme ? OF_SME : OF_PEER);
	write_host(&key, host, of_sme);
	write_host(&key, of_sme ? "" : via, of_sme);
	return key;
}

static struct dlv_line *find(const struct dlv *d, bool of_sme, const char *host, const char *via)
{
	uint8_t octets[KEY_MAX];
	struct buf key = key_of(octets, of_sme, host, via);

	return key.full ? NULL : MAP_OF(map_find(&d->lines, key.p, (uint32_t)key.len), struct dlv_line, node);
}

static struct dlv_line *find_of(const struct dlv *d, const struct dlv_msg *m)
{
	return find(d, dlv_of_sme(m), m->text.iwf_host, m->text.via);
}

static struct dlv_line *make(struct dlv *d, const struct dlv_msg *m)
{
	uint8_t octets[KEY_MAX];
	struct buf key = key_of(octets, dlv_of_sme(m), m->text.iwf_host, m->text.via);
	struct dlv_line *l = key.full ? NULL : calloc(1, sizeof *l + key.len);

	if (!l) {
		return NULL;
	}
	memcpy(l->key, key.p, key.len);
	l->key_len = (uint32_t)key.len;
	l->host = l->key + 1;
	l->via = l->host + strlen(l->host) + 1;
	l->of_peer = !dlv_of_sme(m);
	map_add(&d->lines, &l->node, l->key, l->key_len);
	if (l->of_peer) {
		DL_APPEND(d->peer_lines, l);
	}
	return l;
}

/* Frees the line if nothing needs it any more. */
static void free_unused(struct dlv *d, struct dlv_line *l)
{
	if (l->first || l->walked || l->counted_n) {
		return;
	}
	if (l->of_peer) {
		DL_DELETE(d->peer_lines, l);
	}
	map_del(&d->lines, &l->node);
	free(l);
}

static struct dlv_line *find_or_make(struct dlv *d, const struct dlv_msg *m)
{
	struct dlv_line *l = find_of(d, m);

	return l ? l : make(d, m);
}

int dlv_line_join(struct dlv *d, struct dlv_msg *m)
{
	struct dlv_line *l = find_or_make(d, m);

	if (!l) {
		return ERR_NOMEM;
	}
	DL_APPEND2(l->first, m, line_prev, line_next);
	l->n++;
	m->line = l;
	return 0;
}

int dlv_line_count(struct dlv *d, struct dlv_msg *m)
{
	struct dlv_line *l = find_or_make(d, m);

	if (!l) {
		return ERR_NOMEM;
	}
	if (l->counted_n >= d->conf.ue_messages_max) {
		free_unused(d, l);
		return ERR_BUSY;
	}
	l->counted_n++;
	m->counted_in = l;
	return 0;
}

void dlv_line_uncount(struct dlv *d, struct dlv_msg *m)
{
	struct dlv_line *l = m->counted_in;

	if (!l) {
		return;
	}
	m->counted_in = NULL;
	l->counted_n--;
	free_unused(d, l);
}

void dlv_line_leave(struct dlv *d, struct dlv_msg *m)
{
	struct dlv_line *l = m->line;

	if (!l) {
		return;
	}
	DL_DELETE2(l->first, m, line_prev, line_next);
	l->n--;
	m->line = NULL;
	free_unused(d, l);
}

/* Tries the first report of the line. False: it found no room, and is the last of the line now. */
static bool tell_first(struct dlv *d, const struct dlv_line *l, struct dlv_now now)
{
	struct dlv_msg *m = l->first;

	d->looked_at++;
	return dlv_step(d, m, DLV_EV_REPORT, now) && !m->line;
}

/* Tries the first n reports of the line, until one finds no room. */
static void tell_some(struct dlv *d, struct dlv_line *l, uint32_t n, struct dlv_now now)
{
	l->walked = true;
	while (n && l->first && tell_first(d, l, now)) {
		n--;
	}
	l->walked = false;
	free_unused(d, l);
}

bool dlv_peer_room(struct dlv *d, const char *host, struct dlv_now now)
{
	struct dlv_line *l = find(d, true, host, "");
	bool waits = l && l->first;

	if (waits) {
		tell_some(d, l, 1, now);
	}
	return waits;
}

void dlv_peer_open(struct dlv *d, const char *host, struct dlv_now now)
{
	struct dlv_line *l, *after;

	DL_FOREACH_SAFE (d->peer_lines, l, after) {
		d->looked_at++;
		if (strcasecmp(l->host, host) == 0 || strcasecmp(l->via, host) == 0) {
			tell_some(d, l, l->n, now);
		}
	}
}

void dlv_line_go_on(struct dlv *d, const struct dlv_msg *m, struct dlv_now now)
{
	struct dlv_line *l = find_of(d, m);

	if (l) {
		tell_some(d, l, 1, now);
	}
}

uint64_t dlv_looked_at(const struct dlv *d)
{
	return d->looked_at;
}

void dlv_unreported(struct dlv *d, uint64_t id, struct dlv_now now)
{
	struct dlv_msg *m = dlv_by_id(d, id);

	dlv_reported(d, id, false, now);
	if (m && m->state == DLV_REPORTING && !m->line && dlv_line_join(d, m)) {
		return; /* its timer alone wakes it */
	}
}
