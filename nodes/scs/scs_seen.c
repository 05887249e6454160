/* scs_seen.c - a hash table in memory and a log on disk, one line for each report: "r REAL_MS HOST
 * END_TO_END REFERENCE DEVICE". The line is synced before the report is acknowledged. A line torn
 * by a crash was not acknowledged: it is dropped, and the report comes again. */
#include "nodes/scs/scs_seen.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <utlist.h>

#include "base/map.h"

#define HEADER "mtc-scs reports 1\n"
#define KEY_MAX 640
#define LINE_SIZE 1024

struct entry {
	struct map_node by_id, by_reference;
	struct entry *prev, *next;
	uint64_t real_ms;
	char *reference_key; /* after the id key */
	char id_key[];       /* "HOST END_TO_END", NUL, "REFERENCE DEVICE", NUL */
};

struct scs_seen {
	struct entry *all; /* in the order of arrival */
	struct map ids, references;
	char *path;
	int lock_fd, fd; /* -1: memory only */
	bool torn;       /* a partly written line could not be removed */
};

static struct entry *find(const struct scs_seen *s, const char *id_key, const char *reference_key)
{
	struct entry *e = MAP_OF(map_find(&s->ids, id_key, (uint32_t)strlen(id_key)), struct entry, by_id);

	if (!e) {
		e = MAP_OF(map_find(&s->references, reference_key, (uint32_t)strlen(reference_key)), struct entry, by_reference);
	}
	return e;
}

static void drop(struct scs_seen *s, struct entry *e)
{
	map_del(&s->ids, &e->by_id);
	map_del(&s->references, &e->by_reference);
	DL_DELETE(s->all, e);
	free(e);
}

static int keep(struct scs_seen *s, const char *id_key, const char *reference_key, uint64_t real_ms)
{
	size_t id_len = strlen(id_key), reference_len = strlen(reference_key);
	struct entry *e = calloc(1, sizeof *e + id_len + reference_len + 2);

	if (!e) {
		return ERR_NOMEM;
	}
	e->real_ms = real_ms;
	e->reference_key = e->id_key + id_len + 1;
	memcpy(e->id_key, id_key, id_len);
	memcpy(e->reference_key, reference_key, reference_len);
	map_add(&s->ids, &e->by_id, e->id_key, (uint32_t)id_len);
	map_add(&s->references, &e->by_reference, e->reference_key, (uint32_t)reference_len);
	DL_APPEND(s->all, e);
	if (s->ids.n > SCS_SEEN_MAX) {
		drop(s, s->all);
	}
	return 0;
}

static void keys_of(char id_key[KEY_MAX], char reference_key[KEY_MAX], const struct scs_report_key *key)
{
	snprintf(id_key, KEY_MAX, "%.300s %" PRIu32, key->host, key->end_to_end);
	snprintf(reference_key, KEY_MAX, "%" PRIu32 " %.300s", key->reference, key->device);
}

static int line_of(char line[LINE_SIZE], uint64_t real_ms, const char *id_key, const char *reference_key)
{
	return snprintf(line, LINE_SIZE, "r %" PRIu64 " %s %s\n", real_ms, id_key, reference_key);
}

/* Reads one line of the file. A malformed line is left from a crash and is skipped. */
static int read_line(struct scs_seen *s, const char *line, uint64_t now_ms)
{
	char host[304], device[304] = "", id_key[KEY_MAX], reference_key[KEY_MAX];
	struct scs_report_key key = { .host = host, .device = device };
	uint64_t real_ms;

	if (!strchr(line, '\n') || sscanf(line, "r %" SCNu64 " %303s %" SCNu32 " %" SCNu32 " %303s", &real_ms, host,
					  &key.end_to_end, &key.reference, device) < 4) {
		return 0;
	}
	if (real_ms + SCS_SEEN_KEPT_MS < now_ms) {
		return 0;
	}
	keys_of(id_key, reference_key, &key);
	return find(s, id_key, reference_key) ? 0 : keep(s, id_key, reference_key, real_ms);
}

static int read_file(struct scs_seen *s, uint64_t now_ms)
{
	char line[LINE_SIZE];
	FILE *f = fopen(s->path, "re");
	int err = 0;

	if (!f) {
		return errno == ENOENT ? 0 : ERR_IO;
	}
	if (!fgets(line, sizeof line, f)) {
		err = ferror(f) ? ERR_IO : 0; /* empty: just made */
	} else if (strcmp(line, HEADER) != 0) {
		err = ERR_INVAL;
	}
	while (!err && fgets(line, sizeof line, f)) {
		err = read_line(s, line, now_ms);
	}
	if (!err && ferror(f)) {
		err = ERR_IO;
	}
	fclose(f);
	return err;
}

/* Writes a new file next to the old one and renames it, so that a complete one always exists. */
static int write_anew(struct scs_seen *s)
{
	size_t size = strlen(s->path) + 5;
	char *beside = malloc(size), line[LINE_SIZE];
	FILE *f = NULL;
	int err = ERR_IO;

	if (!beside) {
		return ERR_NOMEM;
	}
	snprintf(beside, size, "%s.new", s->path);
	f = fopen(beside, "we");
	if (!f) {
		goto out;
	}
	fputs(HEADER, f);
	for (const struct entry *e = s->all; e; e = e->next) {
		line_of(line, e->real_ms, e->id_key, e->reference_key);
		fputs(line, f);
	}
	if (fflush(f) == 0 && fsync(fileno(f)) == 0 && rename(beside, s->path) == 0) {
		err = 0;
	}
	fclose(f);
out:
	free(beside);
	return err;
}

/* Locks a separate file, because the state file itself is replaced. */
static int lock(struct scs_seen *s)
{
	size_t size = strlen(s->path) + 6;
	char *name = malloc(size);
	int err = 0;

	if (!name) {
		return ERR_NOMEM;
	}
	snprintf(name, size, "%s.lock", s->path);
	s->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	free(name);
	if (s->lock_fd < 0) {
		return ERR_IO;
	}
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB)) {
		err = errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO;
	}
	return err;
}

static int open_file(struct scs_seen *s, uint64_t real_ms)
{
	int err = lock(s);

	if (!err) {
		err = read_file(s, real_ms);
	}
	if (!err) {
		err = write_anew(s);
	}
	if (err) {
		return err;
	}
	s->fd = open(s->path, O_WRONLY | O_APPEND | O_CLOEXEC);
	return s->fd < 0 ? ERR_IO : 0;
}

int scs_seen_open(struct scs_seen **out, const char *path, uint64_t real_ms, char *why, size_t why_size)
{
	struct scs_seen *s = calloc(1, sizeof *s);
	int err = 0;

	if (s) {
		s->fd = s->lock_fd = -1;
	}
	if (s && path) {
		s->path = strdup(path);
	}
	if (!s || (path && !s->path) || map_init(&s->ids) || map_init(&s->references)) {
		err = ERR_NOMEM;
	} else if (path) {
		err = open_file(s, real_ms);
	}
	if (!err) {
		*out = s;
		return 0;
	}
	snprintf(why, why_size, "--state %s: %s", path ? path : "",
		 err == ERR_BUSY    ? "another process uses it"
		 : err == ERR_INVAL ? "not a file of mtc-scs; name a new one"
		 : err == ERR_IO    ? strerror(errno)
				    : err_str(err));
	scs_seen_close(s);
	return err;
}

void scs_seen_close(struct scs_seen *s)
{
	if (!s) {
		return;
	}
	while (s->all) {
		drop(s, s->all);
	}
	map_fini(&s->ids);
	map_fini(&s->references);
	if (s->fd >= 0) {
		close(s->fd);
	}
	if (s->lock_fd >= 0) {
		close(s->lock_fd);
	}
	free(s->path);
	free(s);
}

bool scs_seen_has(const struct scs_seen *s, const struct scs_report_key *key)
{
	char id_key[KEY_MAX], reference_key[KEY_MAX];

	keys_of(id_key, reference_key, key);
	return find(s, id_key, reference_key) != NULL;
}

/* A partly written line is removed, or else ended, so that the next line is separate. */
static int append(struct scs_seen *s, const char *line, size_t len)
{
	off_t end = lseek(s->fd, 0, SEEK_END);

	if (end < 0 || (s->torn && write(s->fd, "\n", 1) != 1)) {
		return ERR_IO;
	}
	s->torn = false;
	if (write(s->fd, line, len) == (ssize_t)len && fdatasync(s->fd) == 0) {
		return 0;
	}
	s->torn = ftruncate(s->fd, end) != 0;
	return ERR_IO;
}

int scs_seen_add(struct scs_seen *s, const struct scs_report_key *key, uint64_t real_ms)
{
	char id_key[KEY_MAX], reference_key[KEY_MAX], line[LINE_SIZE];
	int len, err;

	keys_of(id_key, reference_key, key);
	if (find(s, id_key, reference_key)) {
		return 0;
	}
	len = line_of(line, real_ms, id_key, reference_key);
	err = s->fd >= 0 ? append(s, line, (size_t)len) : 0;
	return err ? err : keep(s, id_key, reference_key, real_ms);
}

size_t scs_seen_count(const struct scs_seen *s)
{
	return s->ids.n;
}
