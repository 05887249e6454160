#include "tests/unit/journal/power_cut.h"

uint64_t pc_random(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

void pc_init(struct power_cut *c, const struct pd_trace *trace, const struct pd_image *base)
{
	memset(c, 0, sizeof *c);
	c->trace = trace;
	c->torn = SIZE_MAX;
	if (base) {
		pd_image_copy(&c->durable, base);
	}
	pd_init(&c->disk, NULL);
}

void pc_fini(struct power_cut *c)
{
	pd_image_fini(&c->durable);
	pd_fini(&c->disk);
	free(c->units);
	free(c->chosen);
}

/* -- what is not durable */

static struct pc_unit *unit_add(struct power_cut *c)
{
	if (c->n == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 1024;
		c->units = realloc(c->units, c->cap * sizeof *c->units);
		c->chosen = realloc(c->chosen, c->cap * sizeof *c->chosen);
		assert_true(c->units && c->chosen);
	}
	memset(&c->units[c->n], 0, sizeof c->units[c->n]);
	return &c->units[c->n++];
}

/* The same octets as the durable ones make no difference, unless other octets were written there since. */
static bool changes(const struct power_cut *c, uint32_t file, uint64_t at, const uint8_t *p)
{
	static const uint8_t zeros[PD_SECTOR];
	const struct pd_content *d = &c->durable.files[file];

	for (size_t i = 0; i < c->n; i++) {
		if (c->units[i].kind == PC_SECTOR && c->units[i].file == file && c->units[i].at == at) {
			return true;
		}
	}
	return memcmp(p, at + PD_SECTOR <= d->size ? d->octets + at : zeros, PD_SECTOR) != 0;
}

static void add_write(struct power_cut *c, const struct pd_event *e)
{
	struct pd_content *d = &c->durable.files[e->file];

	assert_int_equal(e->at % PD_SECTOR + e->n % PD_SECTOR, 0);
	if (e->at + e->n > d->size) {
		*unit_add(c) = (struct pc_unit){ .kind = PC_SIZE, .file = e->file, .at = e->at + e->n };
	}
	for (uint64_t k = 0; k < e->n; k += PD_SECTOR) {
		const uint8_t *p = c->trace->data + e->data + k;

		if (changes(c, e->file, e->at + k, p)) {
			*unit_add(c) = (struct pc_unit){ .kind = PC_SECTOR, .file = e->file, .at = e->at + k, .data = p };
		}
	}
}

static void put_name(struct pd_image *i, const struct pd_event *e)
{
	if (e->what == PD_UNLINK) {
		pd_name_del(i, e->name);
		return;
	}
	if (e->what == PD_RENAME) { /* a file has one name */
		for (uint32_t k = 0; k < i->names_n; k++) {
			if (i->names[k].file == e->file) {
				pd_name_del(i, i->names[k].name);
				break;
			}
		}
	}
	pd_name_set(i, e->what == PD_RENAME ? e->to : e->name, e->file);
	i->files_n = e->file >= i->files_n ? e->file + 1 : i->files_n;
}

static void apply(struct pd_image *i, const struct pc_unit *u, uint64_t n)
{
	if (u->kind == PC_SECTOR) {
		pd_write(&i->files[u->file], u->at, u->data, n);
	} else if (u->kind == PC_SIZE) {
		pd_size(&i->files[u->file], u->at);
	} else {
		put_name(i, u->event);
	}
}

static bool flushed(const struct pc_unit *u, const struct pd_event *e)
{
	if (e->what == PD_SYNCED) {
		return u->kind == PC_NAMES;
	}
	if (u->kind == PC_NAMES || u->file != e->file) {
		return false;
	}
	if (u->kind == PC_SIZE) {
		return e->n == UINT64_MAX || u->at <= e->at + e->n;
	}
	return e->n == UINT64_MAX || (u->at >= e->at && u->at < e->at + e->n);
}

/* Is there a later unit, certain and flushed as well, for the same sector? Then the uncertain one is over. */
static bool replaced(const struct power_cut *c, size_t k, const struct pd_event *e)
{
	for (size_t i = k + 1; i < c->n; i++) {
		const struct pc_unit *u = &c->units[i];

		if (u->kind == PC_SECTOR && u->file == c->units[k].file && u->at == c->units[k].at && !u->uncertain &&
		    flushed(u, e)) {
			return true;
		}
	}
	return false;
}

/* Is there an earlier unit of that sector whose write or flush failed? A program that tries again on the same pages has nothing. */
static bool tainted(const struct power_cut *c, size_t k)
{
	for (size_t i = 0; i < k; i++) {
		const struct pc_unit *u = &c->units[i];

		if (u->taints && u->kind == PC_SECTOR && u->file == c->units[k].file && u->at == c->units[k].at) {
			return true;
		}
	}
	return false;
}

static void complete(struct power_cut *c, const struct pd_event *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (c->units[i].kind == PC_SECTOR && !c->units[i].uncertain && flushed(&c->units[i], e) && tainted(c, i)) {
			c->units[i].uncertain = c->units[i].taints = true;
		}
	}
	for (size_t i = 0; i < c->n; i++) {
		if (c->units[i].uncertain && c->units[i].kind == PC_SECTOR && flushed(&c->units[i], e) && replaced(c, i, e)) {
			c->units[i].uncertain = false; /* whether it was there once makes no difference now */
		}
	}
	for (size_t i = 0; i < c->n; i++) {
		if (flushed(&c->units[i], e) && !c->units[i].uncertain) {
			apply(&c->durable, &c->units[i], PD_SECTOR);
		} else {
			c->units[kept++] = c->units[i];
		}
	}
	c->n = kept;
}

static void failed(struct power_cut *c, uint32_t file)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->units[i].kind != PC_NAMES && c->units[i].file == file) {
			c->units[i].uncertain = c->units[i].taints = true;
		}
	}
}

/* A file that gets another name is used anew, with other octets in all of its pages. */
static void used_anew(struct power_cut *c, uint32_t file)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->units[i].kind != PC_NAMES && c->units[i].file == file) {
			c->units[i].taints = false;
		}
	}
}

static void one(struct power_cut *c, const struct pd_event *e, pc_told_fn *told, void *arg)
{
	switch (e->what) {
	case PD_RENAME:
		used_anew(c, e->file);
		__attribute__((fallthrough));
	case PD_NEW:
	case PD_UNLINK:
		*unit_add(c) = (struct pc_unit){ .kind = PC_NAMES, .event = e };
		break;
	case PD_WRITE:
		add_write(c, e);
		break;
	case PD_FLUSHED:
	case PD_SYNCED:
		complete(c, e);
		break;
	case PD_FAILED:
		failed(c, e->file);
		break;
	default:
		told(arg, e);
	}
}

static bool is_moment(const struct power_cut *c)
{
	const struct pd_event *next = &c->trace->events[c->done];

	return c->done == c->trace->n || next->what == PD_SYNCED || next->what == PD_FLUSHED;
}

bool pc_next(struct power_cut *c, pc_told_fn *told, void *arg)
{
	bool any = false;

	while (c->done < c->trace->n && (!any || !is_moment(c))) {
		one(c, &c->trace->events[c->done++], told, arg);
		any = true;
	}
	return any;
}

/* -- images */

static const char *build(struct power_cut *c, pc_look_fn *look, void *arg)
{
	struct pd_image *i = &c->disk.now;

	pd_image_copy(i, &c->durable);
	for (size_t k = 0; k < c->n; k++) {
		if (c->units[k].kind == PC_NAMES && c->units[k].event->what != PD_UNLINK) {
			pd_file_copy(i, &c->durable, c->units[k].event->file);
		}
	}
	for (size_t k = 0; k < c->n; k++) {
		if (c->chosen[k]) {
			apply(i, &c->units[k], k == c->torn ? PD_SECTOR / 2 : PD_SECTOR);
		}
	}
	c->images++;
	return look(arg, &c->disk);
}

static const char *all_subsets(struct power_cut *c, pc_look_fn *look, void *arg)
{
	const char *wrong = NULL;

	for (uint32_t set = 0; !wrong && set < 1u << c->n; set++) {
		for (size_t k = 0; k < c->n; k++) {
			c->chosen[k] = set >> k & 1;
		}
		wrong = build(c, look, arg);
	}
	return wrong;
}

/* Each one alone there, and each one alone missing; none and all, too. */
static const char *each_alone(struct power_cut *c, pc_look_fn *look, void *arg)
{
	const char *wrong = NULL;

	for (int rest = 0; !wrong && rest < 2; rest++) {
		for (size_t alone = 0; !wrong && alone <= c->n; alone++) {
			for (size_t k = 0; k < c->n; k++) {
				c->chosen[k] = (k == alone) != (rest == 1);
			}
			wrong = build(c, look, arg);
		}
	}
	return wrong;
}

static const char *seeded_subsets(struct power_cut *c, unsigned count, uint64_t seed, pc_look_fn *look, void *arg)
{
	const char *wrong = NULL;

	for (unsigned i = 0; !wrong && i < count; i++) {
		uint64_t dense = pc_random(&seed) % 17; /* of 16: from nearly none to nearly all */

		for (size_t k = 0; k < c->n; k++) {
			c->chosen[k] = pc_random(&seed) % 16 < dense;
		}
		c->torn = pc_random(&seed) % 4 ? SIZE_MAX : pc_random(&seed) % c->n;
		wrong = build(c, look, arg);
	}
	if (!wrong) {
		c->torn = SIZE_MAX;
	}
	return wrong;
}

const char *pc_images(struct power_cut *c, unsigned seeded, uint64_t seed, pc_look_fn *look, void *arg)
{
	const char *wrong;

	c->torn = SIZE_MAX;
	if (c->n <= PC_ALL_UP_TO) {
		return all_subsets(c, look, arg);
	}
	wrong = seeded >= PC_EACH_FROM ? each_alone(c, look, arg) : NULL;
	return wrong ? wrong : seeded_subsets(c, seeded, seed, look, arg);
}

static void print_event(size_t at, const struct pd_event *e)
{
	static const char *const words[] = {
		[PD_NEW] = "new",         [PD_RENAME] = "rename", [PD_UNLINK] = "unlink",       [PD_WRITE] = "write",
		[PD_FLUSHED] = "flushed", [PD_FAILED] = "failed", [PD_SYNCED] = "names synced", [PD_TOLD] = "told",
		[PD_ISSUED] = "issued"
	};

	fprintf(stderr, "  %zu: %s", at, words[e->what]);
	if (e->name[0]) {
		fprintf(stderr, " %s %s, file %u\n", e->name, e->to, e->file);
	} else if (e->what == PD_TOLD || e->what == PD_ISSUED) {
		fprintf(stderr, " operation %llu%s\n", (unsigned long long)e->at, e->n ? ": failed" : "");
	} else {
		fprintf(stderr, " file %u at %llu, %lld\n", e->file, (unsigned long long)e->at, (long long)e->n);
	}
}

#define LAST_EVENTS 40u

void pc_print(const struct power_cut *c)
{
	for (size_t i = c->done > LAST_EVENTS ? c->done - LAST_EVENTS : 0; i < c->done; i++) {
		print_event(i, &c->trace->events[i]);
	}
	fprintf(stderr, "after event %zu of %zu, of %zu that are not durable these reached the disk:\n", c->done, c->trace->n,
		c->n);
	for (size_t k = 0; k < c->n; k++) {
		const struct pc_unit *u = &c->units[k];

		if (!c->chosen[k]) {
			continue;
		}
		if (u->kind == PC_NAMES) {
			fprintf(stderr, "  name %s %s\n", u->event->name, u->event->to);
		} else {
			fprintf(stderr, "  file %u %s %llu%s\n", u->file, u->kind == PC_SIZE ? "size" : "sector at",
				(unsigned long long)u->at, k == c->torn ? ", torn" : "");
		}
	}
	for (uint32_t k = 0; k < c->durable.names_n; k++) { /* which the image had before those */
		fprintf(stderr, "  durable: %s is file %u\n", c->durable.names[k].name, c->durable.names[k].file);
	}
}
