#include "tests/unit/journal/power_disk.h"

#include <errno.h>

/* -- images */

/* What is beyond the old size reads as zeros, whatever an earlier use of the buffer left there. */
static void grow(struct pd_content *c, uint64_t size)
{
	if (size <= c->size) {
		return;
	}
	if (size > c->cap) {
		c->cap = c->cap ? c->cap : 4096;
		while (c->cap < size) {
			c->cap *= 2;
		}
		c->octets = realloc(c->octets, c->cap);
		assert_non_null(c->octets);
	}
	memset(c->octets + c->size, 0, size - c->size);
	c->size = size;
}

void pd_size(struct pd_content *c, uint64_t size)
{
	grow(c, size);
}

void pd_write(struct pd_content *c, uint64_t at, const void *p, uint64_t n)
{
	grow(c, at + n);
	memcpy(c->octets + at, p, n);
}

void pd_file_copy(struct pd_image *to, const struct pd_image *from, uint32_t file)
{
	to->files[file].size = 0;
	if (from->files[file].size) {
		pd_write(&to->files[file], 0, from->files[file].octets, from->files[file].size);
	}
}

void pd_image_copy(struct pd_image *to, const struct pd_image *from)
{
	for (uint32_t f = 0; f < PD_FILES; f++) {
		to->files[f].size = 0;
	}
	for (uint32_t k = 0; k < from->names_n; k++) {
		pd_file_copy(to, from, from->names[k].file);
	}
	memcpy(to->names, from->names, sizeof to->names);
	to->names_n = from->names_n;
	to->files_n = from->files_n;
}

void pd_image_fini(struct pd_image *i)
{
	for (uint32_t f = 0; f < PD_FILES; f++) {
		free(i->files[f].octets);
	}
	memset(i, 0, sizeof *i);
}

uint32_t pd_find(const struct pd_image *i, const char *name)
{
	for (uint32_t k = 0; k < i->names_n; k++) {
		if (!strcmp(i->names[k].name, name)) {
			return i->names[k].file;
		}
	}
	return UINT32_MAX;
}

void pd_name_set(struct pd_image *i, const char *name, uint32_t file)
{
	uint32_t k = 0;

	while (k < i->names_n && strcmp(i->names[k].name, name) != 0) {
		k++;
	}
	if (k == i->names_n) {
		assert_true(k < PD_NAMES);
		i->names_n++;
		assert_true(strlen(name) < sizeof i->names[k].name);
		memcpy(i->names[k].name, name, strlen(name) + 1);
	}
	i->names[k].file = file;
}

void pd_name_del(struct pd_image *i, const char *name)
{
	for (uint32_t k = 0; k < i->names_n; k++) {
		if (!strcmp(i->names[k].name, name)) {
			i->names[k] = i->names[--i->names_n];
			return;
		}
	}
}

/* -- the trace */

static struct pd_event *event(struct pd_trace *t, enum pd_what what)
{
	struct pd_event *e;

	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 1024;
		t->events = realloc(t->events, t->cap * sizeof *t->events);
		assert_non_null(t->events);
	}
	e = &t->events[t->n++];
	memset(e, 0, sizeof *e);
	e->what = what;
	return e;
}

void pd_note(struct pd_trace *t, enum pd_what what, uint64_t at, uint64_t n)
{
	struct pd_event *e = event(t, what);

	e->at = at;
	e->n = n;
}

static void note_names(struct power_disk *d, enum pd_what what, uint32_t file, const char *name, const char *to)
{
	struct pd_event *e;

	if (!d->trace) {
		return;
	}
	e = event(d->trace, what);
	e->file = file;
	snprintf(e->name, sizeof e->name, "%.31s", name);
	snprintf(e->to, sizeof e->to, "%.31s", to);
}

static void note_file(struct power_disk *d, enum pd_what what, uint32_t file, uint64_t at, uint64_t n)
{
	struct pd_event *e;

	if (!d->trace || d->dead) {
		return;
	}
	e = event(d->trace, what);
	e->file = file;
	e->at = at;
	e->n = n;
}

static void note_write(struct power_disk *d, uint32_t file, const void *p, uint64_t at, uint64_t n)
{
	struct pd_trace *t = d->trace;

	if (!t) {
		return;
	}
	note_file(d, PD_WRITE, file, at, n);
	t->events[t->n - 1].data = t->data_n;
	while (t->data_n + n > t->data_cap) {
		t->data_cap = t->data_cap ? 2 * t->data_cap : 1u << 20;
		t->data = realloc(t->data, t->data_cap);
		assert_non_null(t->data);
	}
	memcpy(t->data + t->data_n, p, n);
	t->data_n += n;
}

void pd_trace_fini(struct pd_trace *t)
{
	free(t->events);
	free(t->data);
	memset(t, 0, sizeof *t);
}

/* -- the functions of a disk */

static int fails(struct power_disk *d, struct pd_fault *f)
{
	if (d->dies_in && --d->dies_in == 0) {
		d->dead = true;
	}
	if (d->dead) {
		return -EIO;
	}
	if (f->fails <= 0) {
		return 0;
	}
	if (f->skip) {
		f->skip--;
		return 0;
	}
	f->fails--;
	return -f->errno_of;
}

static uint64_t octets_of_all(const struct pd_image *i)
{
	uint64_t n = 0;

	for (uint32_t k = 0; k < i->names_n; k++) {
		n += i->files[i->names[k].file].size;
	}
	return n;
}

static int disk_open(void *arg, const char *name, enum jrn_open_how how)
{
	struct power_disk *d = arg;
	uint32_t file = pd_find(&d->now, name);
	int fd = 0, rc;

	if (how == JRN_OPEN_NEW) {
		rc = fails(d, &d->open_new);
		if (rc) {
			return rc;
		}
		assert_true(d->now.files_n < PD_FILES);
		file = d->now.files_n++;
		d->now.files[file].size = 0; /* a file that was there is emptied: for a cut that is another file under the name */
		pd_name_set(&d->now, name, file);
		note_names(d, PD_NEW, file, name, "");
	}
	if (file == UINT32_MAX) {
		return -ENOENT;
	}
	while (fd < (int)PD_FDS && d->fds[fd]) {
		fd++;
	}
	assert_true(fd < (int)PD_FDS); /* descriptors leak */
	d->fds[fd] = file + 1;
	return fd;
}

static uint32_t file_of(const struct power_disk *d, int fd)
{
	assert_true(fd >= 0 && fd < (int)PD_FDS && d->fds[fd]);
	return d->fds[fd] - 1;
}

static void disk_close(void *arg, int fd)
{
	struct power_disk *d = arg;

	(void)file_of(d, fd);
	d->fds[fd] = 0;
}

static int64_t disk_size(void *arg, int fd)
{
	struct power_disk *d = arg;

	return (int64_t)d->now.files[file_of(d, fd)].size;
}

static int64_t disk_pread(void *arg, int fd, void *p, size_t n, uint64_t at)
{
	struct power_disk *d = arg;
	const struct pd_content *c = &d->now.files[file_of(d, fd)];

	if (at >= c->size) {
		return 0;
	}
	if (n > c->size - at) {
		n = (size_t)(c->size - at);
	}
	memcpy(p, c->octets + at, n);
	return (int64_t)n;
}

/* A write that fails may have written a part. */
static int disk_pwrite(void *arg, int fd, const void *p, size_t n, uint64_t at)
{
	struct power_disk *d = arg;
	uint32_t file = file_of(d, fd);
	struct pd_content *c = &d->now.files[file];
	int rc = fails(d, &d->write);

	if (!rc && d->space && at + n > c->size && octets_of_all(&d->now) + at + n - c->size > d->space) {
		return -ENOSPC;
	}
	if (rc) {
		n = d->dead ? 0 : n / 2 / PD_SECTOR * PD_SECTOR;
	}
	if (n) {
		pd_write(c, at, p, n);
		note_write(d, file, p, at, n);
	}
	if (rc) {
		note_file(d, PD_FAILED, file, 0, 0);
	}
	return rc;
}

static int flush_some(struct power_disk *d, uint32_t file, uint64_t at, uint64_t n)
{
	int rc = fails(d, &d->flush);

	if (rc) {
		note_file(d, PD_FAILED, file, 0, 0);
	} else if (!d->lies) {
		note_file(d, PD_FLUSHED, file, at, n);
	}
	return rc;
}

static int disk_flush(void *arg, int fd)
{
	struct power_disk *d = arg;

	return flush_some(d, file_of(d, fd), 0, UINT64_MAX);
}

static int disk_write_through(void *arg, int fd, const void *p, size_t n, uint64_t at)
{
	struct power_disk *d = arg;
	int rc;

	assert_int_equal((uintptr_t)p % 4096 + n % 4096 + at % 4096, 0);
	rc = disk_pwrite(arg, fd, p, n, at);
	return rc ? rc : flush_some(d, file_of(d, fd), at, n);
}

static int disk_rename(void *arg, const char *from, const char *to)
{
	struct power_disk *d = arg;
	uint32_t file = pd_find(&d->now, from);
	int rc = fails(d, &d->rename);

	if (rc || file == UINT32_MAX) {
		return rc ? rc : -ENOENT;
	}
	pd_name_del(&d->now, from);
	pd_name_set(&d->now, to, file);
	note_names(d, PD_RENAME, file, from, to);
	return 0;
}

static int disk_unlink(void *arg, const char *name)
{
	struct power_disk *d = arg;
	int rc = fails(d, &d->unlink);

	if (rc || pd_find(&d->now, name) == UINT32_MAX) {
		return rc ? rc : -ENOENT;
	}
	pd_name_del(&d->now, name);
	note_names(d, PD_UNLINK, 0, name, "");
	return 0;
}

static int disk_sync_dir(void *arg)
{
	struct power_disk *d = arg;
	int rc = fails(d, &d->sync_dir);

	if (!rc && !d->lies) {
		note_file(d, PD_SYNCED, 0, 0, 0);
	}
	return rc;
}

static int disk_list(void *arg, jrn_name_fn *fn, void *fn_arg)
{
	struct power_disk *d = arg;
	struct pd_name names[PD_NAMES]; /* fn may remove some */
	uint32_t n = d->now.names_n;
	int rc = 0;

	memcpy(names, d->now.names, sizeof names);
	for (uint32_t k = 0; !rc && k < n; k++) {
		rc = fn(fn_arg, names[k].name, d->now.files[names[k].file].size);
	}
	return rc;
}

static void disk_space(void *arg, uint64_t *left, uint64_t *whole)
{
	struct power_disk *d = arg;
	uint64_t used = octets_of_all(&d->now);

	*whole = d->space;
	*left = d->space > used ? d->space - used : 0;
}

void pd_init(struct power_disk *d, struct pd_trace *trace)
{
	memset(d, 0, sizeof *d);
	d->trace = trace;
	d->disk = (struct jrn_disk){ .arg = d,
				     .open = disk_open,
				     .close = disk_close,
				     .size = disk_size,
				     .pread = disk_pread,
				     .pwrite = disk_pwrite,
				     .flush = disk_flush,
				     .write_through = disk_write_through,
				     .rename = disk_rename,
				     .unlink = disk_unlink,
				     .sync_dir = disk_sync_dir,
				     .list = disk_list,
				     .space = disk_space };
}

void pd_fini(struct power_disk *d)
{
	pd_image_fini(&d->now);
}
