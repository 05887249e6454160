/* dm_set.c - reads a set of files, makes its sealed parts and compares two sets. Each file is read
 * once, so that all places of the configuration that name it get the same content. Which places
 * there are is in dm_set_wants.c. */
#include "daemon/dm_set_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/sbx.h"

#define PASSWORD_MAX 8u /* SMPP 3.4 5.2.2 */

/* -- reading */

static void read_copy(struct dm_reading *g, struct dm_wanted *w)
{
	char words[FILE_WHY_MAX], why[CFG_WHY_MAX];
	size_t i;

	for (i = 0; i < g->copies_n; i++) {
		if (strcmp(g->copies[i].path, w->path) == 0) {
			break;
		}
	}
	if (i == g->copies_n) {
		g->copies[g->copies_n++].path = w->path;
		if (file_read(&g->copies[i].content, w->path, TLS_PEM_MAX, words)) {
			snprintf(why, sizeof why, "cannot read %s '%s': %s", dm_set_file_kind(w->what), w->path, words);
			if (g->from) {
				dm_set_warn(g, w, why); /* the one before stays */
			} else {
				dm_set_wrong(g, w, why);
			}
		}
	}
	w->octets = (struct tls_pem){ g->copies[i].content.p, g->copies[i].content.len };
	if (dm_set_is_secret(w->what) && (g->copies[i].content.mode & TLS_KEY_MODE_LOOSE)) {
		snprintf(why, sizeof why, "%s '%s' has mode %04o, so others may read it; 0600 is expected",
			 dm_set_file_kind(w->what), w->path, g->copies[i].content.mode);
		dm_set_warn(g, w, why);
	}
}

/* The same file as it is in use. */
void dm_set_take_from(const struct dm_reading *g, struct dm_wanted *w)
{
	for (unsigned part = 0; part < DM_PARTS && !w->octets.p; part++) {
		w->octets = dm_part_find(&g->from->held[part], (enum dm_file)w->what, w->index);
	}
}

static void read_all(struct dm_reading *g)
{
	for (size_t i = 0; i < g->wanted_n; i++) {
		if (g->from && g->wanted[i].what != DM_CRL) {
			dm_set_take_from(g, &g->wanted[i]);
		} else {
			read_copy(g, &g->wanted[i]);
		}
	}
}

/* The password of the bind: one line of at most 8 characters, which the core sends as it is. */
static void check_password(struct dm_reading *g)
{
	for (size_t i = 0; i < g->wanted_n; i++) {
		const struct dm_wanted *w = &g->wanted[i];
		const char *text = w->octets.p;
		size_t len = 0;

		if (w->what != DM_SMPP_PASSWORD || !text) {
			continue;
		}
		while (len < w->octets.len && text[len] != '\n' && text[len] != '\r') {
			len++;
		}
		if (!len || len > PASSWORD_MAX || memchr(text, 0, len)) {
			dm_set_wrong(g, w, "the first line of smssc.password_file has no password of 1 to 8 characters");
		}
	}
}

static void note_ends(struct dm_reading *g, struct dm_set *s)
{
	for (size_t i = 0; i < g->wanted_n; i++) {
		const struct dm_wanted *w = &g->wanted[i];
		struct tls_pem_times times;

		if (w->what == DM_CRL || dm_set_is_secret(w->what) || !w->octets.p || tls_pem_times(&times, &w->octets)) {
			continue; /* reported by the check */
		}
		s->ends[s->ends_n++] =
		    (struct dm_end){ .what = w->what,
				     .index = (uint32_t)w->index,
				     .not_before_s = w->what == DM_ANCHOR ? times.first_begin_s : times.last_begin_s,
				     .not_after_s = times.first_end_s };
	}
}

static bool same(struct tls_pem a, struct tls_pem b)
{
	return a.p && b.p && a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

/* After dm_set_note_crls(), which may keep those of before. */
static void note_since(const struct dm_reading *g, struct dm_set *s)
{
	for (size_t i = 0; i < g->cfg->anchors_n; i++) {
		s->since[i] = g->before ? g->before->since[i] : s->generation;
	}
	for (size_t i = 0; i < g->wanted_n && g->before; i++) {
		const struct dm_wanted *w = &g->wanted[i];
		bool of_anchor = w->what == DM_ANCHOR || w->what == DM_CRL;

		if (of_anchor &&
		    !same(w->octets, dm_part_find(&g->before->held[DM_PART_NDSIP], (enum dm_file)w->what, w->index))) {
			s->since[w->what == DM_CRL ? w->index / CFG_CRLS_MAX : w->index] = s->generation;
		}
	}
}

static int make_part(const struct dm_reading *g, struct dm_set *s, enum dm_parts part)
{
	struct dm_piece pieces[DM_PIECES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < g->wanted_n; i++) {
		const struct dm_wanted *w = &g->wanted[i];

		if (w->octets.p && dm_set_in_part(g->cfg, w, part)) {
			pieces[n++] = (struct dm_piece){ w->what, (uint32_t)w->index, w->octets.p, w->octets.len };
		}
	}
	for (size_t i = 0; i < g->cfg->anchors_n; i++) {
		const struct dm_wanted anchor = { .what = DM_ANCHOR };

		if (g->tables[i].p && part != DM_PART_NDSIP && dm_set_in_part(g->cfg, &anchor, part)) {
			pieces[n++] = (struct dm_piece){ DM_CRL_TABLE, (uint32_t)i, g->tables[i].p, g->tables[i].len };
		}
	}
	if (part == DM_PART_CORE) {
		pieces[n++] = (struct dm_piece){ DM_ENDS, 0, s->ends, s->ends_n * sizeof *s->ends };
	}
	if (part == DM_PART_NDSIP) {
		pieces[n++] = (struct dm_piece){ DM_SINCE, 0, s->since, sizeof s->since };
	}
	return dm_part_make(&s->fd[part], s->generation, pieces, n);
}

/* Pages of sealed memory are shared: locked here, they are locked for the children, too. */
static int hold(struct dm_reading *g, struct dm_set *s, enum dm_parts part)
{
	int err = dm_part_open(&s->held[part], s->fd[part]);

	if (!err && sbx_lock((void *)(uintptr_t)s->held[part].map, s->held[part].len) && !g->from) {
		report_add(g->report, REPORT_WARNING,
			   "keys may get into swap space, because memory cannot be locked: %s; raise RLIMIT_MEMLOCK "
			   "(LimitMEMLOCK= of a service)",
			   strerror(errno));
	}
	return err;
}

static int fill(struct dm_reading *g, struct dm_set *s)
{
	int err;

	dm_set_want_all(g);
	read_all(g);
	check_password(g);
	note_ends(g, s);
	err = dm_set_note_crls(g, s);
	note_since(g, s);
	for (unsigned part = 0; part < DM_PARTS && !err; part++) {
		err = make_part(g, s, (enum dm_parts)part);
		if (!err) {
			err = hold(g, s, (enum dm_parts)part);
		}
	}
	if (!err && !g->from) { /* else all but the CRLs is in use already, and they are judged */
		dm_set_check_ike(g);
		err = dm_set_check_parts(g, s);
	}
	if (err) {
		report_add(g->report, REPORT_ERROR, "the files could not be kept: %s", err_str(err));
	}
	return g->report->errors ? ERR_INVAL : 0;
}

static int make(struct dm_set **out, const struct cfg_iwf *cfg, const struct dm_set *from, const struct dm_set *before,
		uint32_t generation, uint64_t *refused, struct report *r)
{
	struct dm_reading *g = calloc(1, sizeof *g);
	struct dm_set *s = calloc(1, sizeof *s);
	int err = ERR_NOMEM;

	if (g && s) {
		*g = (struct dm_reading){ .cfg = cfg, .report = r, .from = from, .before = before };
		s->generation = generation;
		memset(s->fd, 0xff, sizeof s->fd); /* -1 each */
		s->cfg = malloc(sizeof *s->cfg);
	}
	if (g && s && s->cfg) {
		memcpy(s->cfg, cfg, sizeof *cfg);
		s->cfg->lines = NULL;
		err = fill(g, s);
		*refused = g->refused;
	} else {
		report_add(r, REPORT_ERROR, "%s", err_str(ERR_NOMEM));
	}
	for (size_t i = 0; g && i < g->copies_n; i++) {
		file_copy_fini(&g->copies[i].content);
	}
	for (size_t i = 0; g && i < CFG_ANCHORS_MAX; i++) {
		tls_crl_table_fini(&g->tables[i]);
	}
	if (g) {
		free(g->numbers);
	}
	free(g);
	if (err) {
		dm_set_free(s);
	} else {
		*out = s;
	}
	return err;
}

int dm_set_load(struct dm_set **out, const struct cfg_iwf *cfg, const struct dm_set *before, uint32_t generation,
		struct report *r)
{
	uint64_t refused;

	return make(out, cfg, NULL, before, generation, &refused, r);
}

int dm_set_refresh(struct dm_set **out, const struct dm_set *from, const struct cfg_iwf *cfg, uint32_t generation,
		   uint64_t *refused, struct report *r)
{
	*refused = 0;
	return make(out, cfg, from, from, generation, refused, r);
}

void dm_set_free(struct dm_set *s)
{
	for (unsigned i = 0; s && i < DM_PARTS; i++) {
		dm_part_close(&s->held[i]);
		if (s->fd[i] >= 0) {
			close(s->fd[i]);
		}
	}
	if (s) {
		free(s->cfg);
	}
	free(s);
}

/* A listener, peer or anchor that the set before does not have in this place, with a file that
 * another one had there: only the configuration has changed. A revocation list always counts. */
static bool is_only_elsewhere(const struct dm_part *from, const struct dm_wanted *w, struct tls_pem now)
{
	if (w->what == DM_CRL || dm_part_find(from, (enum dm_file)w->what, w->index).p) {
		return false;
	}
	for (size_t i = 0; i < CFG_ANCHORS_MAX; i++) {
		if (same(dm_part_find(from, (enum dm_file)w->what, i), now)) {
			return true;
		}
	}
	return false;
}

static unsigned compare_part(const struct dm_part *from, const struct dm_part *to, enum dm_parts which, struct dm_reading *g)
{
	unsigned n = 0;

	for (size_t i = 0; i < g->wanted_n; i++) {
		const struct dm_wanted *w = &g->wanted[i];
		bool again = which == DM_PART_P11 && w->what != DM_PIN; /* a file that another part has, too */
		bool mine = w->what == DM_ANCHOR ? which == DM_PART_CORE : !again && dm_set_in_part(g->cfg, w, which);

		struct tls_pem now = dm_part_find(to, (enum dm_file)w->what, w->index);

		if (!mine || same(dm_part_find(from, (enum dm_file)w->what, w->index), now) || is_only_elsewhere(from, w, now)) {
			continue;
		}
		report_add(g->report, REPORT_RENEWED, "%s", w->path);
		n++;
	}
	return n;
}

unsigned dm_set_changes(const struct dm_set *from, const struct dm_set *to, const struct cfg_iwf *cfg, struct report *r)
{
	struct dm_reading g = { .cfg = cfg, .report = r };
	unsigned n = 0;

	dm_set_want_all(&g);
	for (unsigned i = 0; i < DM_PARTS; i++) {
		struct dm_part a = { .map = NULL }, b = { .map = NULL };

		if (dm_part_open(&a, from->fd[i]) || dm_part_open(&b, to->fd[i])) {
			n++; /* if it cannot be compared, it counts as changed */
		} else {
			n += compare_part(&a, &b, (enum dm_parts)i, &g);
		}
		dm_part_close(&a);
		dm_part_close(&b);
	}
	return n;
}
