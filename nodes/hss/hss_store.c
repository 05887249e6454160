/* hss_store.c - reads lines into an array with hash tables over it. A slot holds the hash of a key
 * and the place of the subscriber. The keys are in the subscribers, so that a slot takes eight
 * bytes. */
#include "nodes/hss/hss_store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/ident.h"
#include "base/sip.h"
#include "base/str.h"
#include "nodes/hss/hss_line.h"

struct slot {
	uint32_t hash;
	uint32_t place; /* in subscribers, plus one; 0: free */
};

/* BY_FOLDED: BY_EXTERNAL in lower case */
enum index_kind { BY_IMSI, BY_MSISDN, BY_EXTERNAL, BY_FOLDED, INDEXES };

static const char *const index_words[INDEXES] = { "imsi", "msisdn", "external_identifiers", "" };

struct index {
	struct slot *slots; /* open addressing, at most half full */
	size_t cap, n;
};

struct hss_store {
	struct hss_memory *memory;
	struct hss_subscriber *subscribers;
	size_t n, cap;
	struct index indexes[INDEXES];
	uint32_t lines;
	bool unended; /* the file ended inside its last line */
	struct sip_key key;
	struct hss_twins twins;
};

struct key {
	const void *p;
	size_t len;
};

static uint32_t hash_of(const struct hss_store *s, struct key key)
{
	return (uint32_t)sip_hash(&s->key, key.p, key.len);
}

static bool has_key(const struct hss_subscriber *s, enum index_kind kind, struct key key)
{
	switch (kind) {
	case BY_IMSI:
		return strlen(s->imsi) == key.len && memcmp(s->imsi, key.p, key.len) == 0;
	case BY_MSISDN:
		return s->msisdn.len == key.len && memcmp(s->msisdn.tbcd, key.p, key.len) == 0;
	case BY_FOLDED:
		for (uint8_t i = 0; i < s->externals_n; i++) {
			if (strlen(s->externals[i]) == key.len && strncasecmp(s->externals[i], key.p, key.len) == 0) {
				return true;
			}
		}
		return false;
	default:
		for (uint8_t i = 0; i < s->externals_n; i++) {
			if (strlen(s->externals[i]) == key.len && memcmp(s->externals[i], key.p, key.len) == 0) {
				return true;
			}
		}
		return false;
	}
}

static const struct hss_subscriber *find(const struct hss_store *s, enum index_kind kind, struct key key)
{
	const struct index *x = &s->indexes[kind];
	uint32_t hash = hash_of(s, key);

	if (!x->cap) {
		return NULL;
	}
	for (size_t i = hash & (x->cap - 1); x->slots[i].place; i = (i + 1) & (x->cap - 1)) {
		const struct hss_subscriber *sub = &s->subscribers[x->slots[i].place - 1];

		if (x->slots[i].hash == hash && has_key(sub, kind, key)) {
			return sub;
		}
	}
	return NULL;
}

static void put(struct slot *slots, size_t cap, struct slot what)
{
	size_t i = what.hash & (cap - 1);

	while (slots[i].place) {
		i = (i + 1) & (cap - 1);
	}
	slots[i] = what;
}

static int grow(struct index *x)
{
	size_t cap = x->cap ? x->cap * 2 : 1024;
	struct slot *slots = calloc(cap, sizeof *slots);

	if (!slots) {
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < x->cap; i++) {
		if (x->slots[i].place) {
			put(slots, cap, x->slots[i]);
		}
	}
	free(x->slots);
	x->slots = slots;
	x->cap = cap;
	return 0;
}

/* Adds the key of the last subscriber. */
static int add_key(struct hss_store *s, enum index_kind kind, struct key key, char why[HSS_WHY_MAX])
{
	struct index *x = &s->indexes[kind];
	const struct hss_subscriber *other = find(s, kind, key);

	if (other) {
		snprintf(why, HSS_WHY_MAX, "%s: the same is on line %u already; expected one subscriber each", index_words[kind],
			 other->line);
		return ERR_INVAL;
	}
	if (2 * (x->n + 1) > x->cap && grow(x)) {
		return ERR_NOMEM;
	}
	put(x->slots, x->cap, (struct slot){ hash_of(s, key), (uint32_t)s->n });
	x->n++;
	return 0;
}

/* Two names that differ only in case are two devices, and usually a mistake. */
static void note_twin(struct hss_store *s, const struct hss_subscriber *other, const char *name)
{
	uint8_t i = 0;

	if (s->twins.n++) {
		return;
	}
	while (strcasecmp(other->externals[i], name) != 0) {
		i++;
	}
	s->twins.first = other->externals[i];
	s->twins.second = name;
	s->twins.first_line = other->line;
	s->twins.second_line = s->subscribers[s->n - 1].line;
}

static int add_folded(struct hss_store *s, const char *name)
{
	struct index *x = &s->indexes[BY_FOLDED];
	char folded[IDENT_EXTERNAL_MAX + 1];
	size_t len = strlen(name);
	const struct hss_subscriber *other;

	for (size_t i = 0; i <= len; i++) {
		folded[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + ('a' - 'A')) : name[i];
	}
	other = find(s, BY_FOLDED, (struct key){ folded, len });
	if (other) {
		note_twin(s, other, name);
		return 0;
	}
	if (2 * (x->n + 1) > x->cap && grow(x)) {
		return ERR_NOMEM;
	}
	put(x->slots, x->cap, (struct slot){ hash_of(s, (struct key){ folded, len }), (uint32_t)s->n });
	x->n++;
	return 0;
}

static int add(struct hss_store *s, const struct hss_subscriber *sub, char why[HSS_WHY_MAX])
{
	const struct hss_subscriber *kept;
	int err;

	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 1024;
		struct hss_subscriber *bigger = cap < UINT32_MAX ? reallocarray(s->subscribers, cap, sizeof *bigger) : NULL;

		if (!bigger) {
			return ERR_NOMEM;
		}
		s->subscribers = bigger;
		s->cap = cap;
	}
	s->subscribers[s->n++] = *sub;
	kept = &s->subscribers[s->n - 1];
	err = add_key(s, BY_IMSI, (struct key){ kept->imsi, strlen(kept->imsi) }, why);
	if (!err && kept->msisdn.len) {
		err = add_key(s, BY_MSISDN, (struct key){ kept->msisdn.tbcd, kept->msisdn.len }, why);
	}
	for (uint8_t i = 0; !err && i < kept->externals_n; i++) {
		err = add_key(s, BY_EXTERNAL, (struct key){ kept->externals[i], strlen(kept->externals[i]) }, why);
		if (!err) {
			err = add_folded(s, kept->externals[i]);
		}
	}
	return err;
}

static bool nothing_to_read(const char *line, size_t len)
{
	size_t blanks = strspn(line, " \t\r");

	return blanks == len || line[blanks] == '#';
}

static int read_lines(struct hss_store *s, FILE *f, char *line, uint32_t *number, char why[HSS_WHY_MAX])
{
	struct hss_subscriber sub;
	int err;

	for (*number = 1; fgets(line, HSS_LINE_MAX + 2, f); ++*number) {
		size_t len = strlen(line);

		/* some editors put this mark before UTF-8 */
		if (*number == 1 && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
			len -= 3;
			memmove(line, line + 3, len + 1);
		}
		s->lines = *number;
		s->unended = !len || line[len - 1] != '\n';
		if (!s->unended) {
			line[--len] = 0;
		} else if (!feof(f)) {
			snprintf(why, HSS_WHY_MAX, "the line is longer than %d bytes or holds a NUL", HSS_LINE_MAX);
			return ERR_INVAL;
		}
		if (nothing_to_read(line, len)) {
			continue;
		}
		err = hss_line_parse(&sub, s->memory, line, len, why);
		if (err) {
			return err;
		}
		sub.line = *number;
		err = add(s, &sub, why);
		if (err) {
			return err;
		}
	}
	if (!ferror(f)) {
		return 0;
	}
	str_cut(why, HSS_WHY_MAX, strerror(errno));
	return ERR_IO;
}

int hss_store_read(struct hss_store **out, FILE *f, const char *path, char why[HSS_STORE_WHY_MAX])
{
	struct hss_store *s = calloc(1, sizeof *s);
	char *line = malloc(HSS_LINE_MAX + 2);
	char words[HSS_WHY_MAX] = "out of memory";
	uint32_t number = 0;
	int err = ERR_NOMEM;

	if (s) {
		s->memory = hss_memory_new();
	}
	if (s && s->memory && line && sip_key_new(&s->key) == 0) {
		err = read_lines(s, f, line, &number, words);
	}
	free(line);
	if (err) {
		snprintf(why, HSS_STORE_WHY_MAX, "%.1000s:%u: %s", path, number, words);
		hss_store_free(s);
		return err;
	}
	*out = s;
	return 0;
}

int hss_store_load(struct hss_store **out, const char *path, char why[HSS_STORE_WHY_MAX])
{
	int err, fd = file_open_in(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	if (!f) {
		snprintf(why, HSS_STORE_WHY_MAX, "%.1000s: %s", path, file_not_opened(path, errno));
		return ERR_IO;
	}
	err = hss_store_read(out, f, path, why);
	fclose(f);
	if (err || !(*out)->unended) {
		return err;
	}
	snprintf(why, HSS_STORE_WHY_MAX,
		 "%.1000s:%u: the file ends inside this line: a part of it may be missing; if it is whole, end its last line "
		 "with a newline",
		 path, (*out)->lines);
	hss_store_free(*out);
	*out = NULL;
	return ERR_INVAL;
}

int hss_store_enough(const struct hss_store *s, uint32_t min, const char *path, char why[HSS_STORE_WHY_MAX])
{
	if (s->n >= min) {
		return 0;
	}
	snprintf(why, HSS_STORE_WHY_MAX, "%.1000s: %zu subscribers, expected at least %u (subscribers_min; 0 when none is meant)",
		 path, s->n, min);
	return ERR_LIMIT;
}

int hss_store_keeps(const struct hss_store *old, const struct hss_store *now, const char *path, char why[HSS_STORE_WHY_MAX])
{
	char shown[3 * 24] = "";
	size_t gone = 0;

	for (size_t i = 0; i < old->n; i++) {
		const char *imsi = old->subscribers[i].imsi;

		if (find(now, BY_IMSI, (struct key){ imsi, strlen(imsi) })) {
			continue;
		}
		if (gone++ < 3) {
			snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%s%s", gone > 1 ? ", " : "", imsi);
		}
	}
	if (gone < 10 || gone <= old->n / 10) {
		return 0;
	}
	snprintf(why, HSS_STORE_WHY_MAX,
		 "%.1000s: %zu of %zu subscribers would go (imsi %s ...); if that is meant, SIGUSR1 reads it all the same", path,
		 gone, old->n, shown);
	return ERR_LIMIT;
}

void hss_store_free(struct hss_store *s)
{
	if (!s) {
		return;
	}
	for (int i = 0; i < INDEXES; i++) {
		free(s->indexes[i].slots);
	}
	free(s->subscribers);
	hss_memory_free(s->memory);
	free(s);
}

const struct hss_twins *hss_store_twins(const struct hss_store *s)
{
	return &s->twins;
}

size_t hss_store_count(const struct hss_store *s)
{
	return s->n;
}

/* Combines `found` with the subscriber of one more identity; both must be the same. */
static bool join(const struct hss_subscriber **found, const struct hss_subscriber *sub)
{
	if (!sub || (*found && *found != sub)) {
		return false;
	}
	*found = sub;
	return true;
}

const struct hss_subscriber *hss_store_find(const struct hss_store *s, const struct app_user_identifier *who, bool imsi_only)
{
	const struct hss_subscriber *found = NULL;
	struct dia_bytes external = who->external_identifier, msisdn = who->msisdn, imsi = who->user_name;
	char id[IDENT_EXTERNAL_MAX + 1];

	if (imsi.p && !join(&found, find(s, BY_IMSI, (struct key){ imsi.p, imsi.len }))) {
		return NULL;
	}
	if (imsi_only) {
		return found;
	}
	if (msisdn.p && !join(&found, find(s, BY_MSISDN, (struct key){ msisdn.p, msisdn.len }))) {
		return NULL;
	}
	if (!external.p) {
		return found;
	}
	if (ident_external(id, external.p, external.len)) {
		return NULL;
	}
	return join(&found, find(s, BY_EXTERNAL, (struct key){ id, strlen(id) })) ? found : NULL;
}
