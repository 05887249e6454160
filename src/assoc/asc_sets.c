/* asc_sets.c - the index of rules on sets of devices, built once and searched often: ranges as a
 * tree of intervals laid over a sorted array, domains in a hash table, named sets by number. A
 * look-up among ten thousand ranges takes about a dozen steps. */
#include "assoc/asc_sets.h"

#include <stdlib.h>
#include <string.h>

int asc_set_rule_order(const void *x, const void *y)
{
	const struct asc_set_rule *a = x, *b = y;

	return a->verdict != b->verdict ? (a->verdict > b->verdict) - (a->verdict < b->verdict)
					: strcmp(a->device.text, b->device.text);
}

uint64_t asc_sets_hash(const struct sip_key *key, const char *text)
{
	return sip_hash(key, text, strlen(text));
}

void asc_sets_free(struct asc_sets *s)
{
	free(s->all);
	free(s->room);
	free(s->reach);
	*s = (struct asc_sets){ .all = NULL };
}

struct by_key {
	uint64_t key;
	uint32_t at;
};

static int by_key_order(const void *x, const void *y)
{
	const struct by_key *a = x, *b = y;

	return (a->key > b->key) - (a->key < b->key);
}

/* Lists the rules of one axis in order of device.first. Returns how many. */
static uint32_t list_of(const struct asc_sets *s, uint8_t axis, uint32_t *out, struct by_key *room)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		if (s->all[i].device.axis == axis) {
			room[n++] = (struct by_key){ s->all[i].device.first, i };
		}
	}
	qsort(room, n, sizeof *room, by_key_order);
	for (uint32_t i = 0; i < n; i++) {
		out[i] = room[i].at;
	}
	return n;
}

/* Returns the largest last number in ranges[low, high), and keeps it at the middle of that part. */
static uint64_t fill_reach(struct asc_sets *s, uint32_t low, uint32_t high)
{
	uint32_t middle = low + (high - low) / 2;
	uint64_t reach, other;

	if (low >= high) {
		return 0;
	}
	reach = s->all[s->ranges[middle]].device.last;
	other = fill_reach(s, low, middle);
	reach = other > reach ? other : reach;
	other = fill_reach(s, middle + 1, high);
	s->reach[middle] = other > reach ? other : reach;
	return s->reach[middle];
}

static void fill_domains(struct asc_sets *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t at;

		if (s->all[i].device.axis != ASSOC_DEVICE_DOMAIN) {
			continue;
		}
		at = (uint32_t)asc_sets_hash(&s->key, s->all[i].device.text + 1) & s->domains_mask;
		while (s->domains[at]) {
			at = (at + 1) & s->domains_mask;
		}
		s->domains[at] = i + 1;
		s->domains_n++;
	}
}

int asc_sets_build(struct asc_sets *out, struct asc_set_rule *all, uint32_t n, const struct sip_key *key)
{
	struct asc_sets s = { .all = all, .n = n, .key = *key };
	struct by_key *room;
	uint32_t table = 4;

	*out = (struct asc_sets){ .all = NULL };
	if (n == 0) {
		free(all);
		return 0;
	}
	while (table < 2 * n) {
		table *= 2;
	}
	room = malloc(n * sizeof *room);
	s.room = calloc((size_t)table + n, sizeof *s.room);
	s.reach = malloc(n * sizeof *s.reach);
	if (!room || !s.room || !s.reach) {
		free(room);
		asc_sets_free(&s);
		return ERR_NOMEM;
	}
	qsort(all, n, sizeof *all, asc_set_rule_order);
	s.domains = s.room;
	s.domains_mask = table - 1;
	fill_domains(&s);
	s.ranges = s.room + table;
	s.ranges_n = list_of(&s, ASSOC_DEVICE_RANGE, s.ranges, room);
	s.named = s.ranges + s.ranges_n;
	s.named_n = list_of(&s, ASSOC_DEVICE_SET, s.named, room);
	s.any = s.named + s.named_n;
	s.any_n = list_of(&s, ASSOC_DEVICE_ANY, s.any, room);
	(void)fill_reach(&s, 0, s.ranges_n);
	free(room);
	*out = s;
	return 0;
}

const struct asc_set_rule *asc_sets_find(const struct asc_sets *s, uint8_t verdict, const char *device)
{
	uint32_t low = 0, high = s->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct asc_set_rule *r = &s->all[middle];
		int c = r->verdict != verdict ? (r->verdict > verdict) - (r->verdict < verdict) : strcmp(r->device.text, device);

		if (c == 0) {
			return r;
		}
		if (c < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return NULL;
}

struct hits {
	const struct asc_sets *s;
	uint64_t number;
	asc_hit_fn *fn;
	void *arg;
};

/* Recurses as deep as the logarithm of the number of ranges. */
static bool hit_ranges(const struct hits *h, uint32_t low, uint32_t high)
{
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct asc_set_rule *r = &h->s->all[h->s->ranges[middle]];

		if (h->s->reach[middle] < h->number) {
			return true;
		}
		if (!hit_ranges(h, low, middle)) {
			return false;
		}
		if (r->device.first > h->number) {
			return true;
		}
		if (r->device.last >= h->number && !h->fn(h->arg, r)) {
			return false;
		}
		low = middle + 1;
	}
	return true;
}

static bool hit_domains(const struct asc_sets *s, const struct asc_target *t, asc_hit_fn *fn, void *arg)
{
	for (uint32_t at = (uint32_t)t->at_hash & s->domains_mask; s->domains[at]; at = (at + 1) & s->domains_mask) {
		const struct asc_set_rule *r = &s->all[s->domains[at] - 1];

		/* without the '*', both begin at the '@' and are in lower case */
		if (strcmp(r->device.text + 1, t->at) == 0 && !fn(arg, r)) {
			return false;
		}
	}
	return true;
}

bool asc_sets_hit(const struct asc_sets *s, const struct asc_target *t, asc_hit_fn *fn, void *arg)
{
	struct hits h = { s, t->msisdn, fn, arg };

	for (uint32_t i = 0; i < s->any_n; i++) {
		if (!fn(arg, &s->all[s->any[i]])) {
			return false;
		}
	}
	if (s->domains_n && t->at && !hit_domains(s, t, fn, arg)) {
		return false;
	}
	/* numbers have no leading zeros, so one within a range has as many digits as its ends */
	return !s->ranges_n || !t->msisdn || hit_ranges(&h, 0, s->ranges_n);
}

bool asc_sets_named(const struct asc_sets *s, uint32_t set_number, asc_hit_fn *fn, void *arg)
{
	uint32_t low = 0, high = s->named_n;

	while (low < high) { /* find the first rule on this set */
		uint32_t middle = low + (high - low) / 2;

		if (s->all[s->named[middle]].device.first < set_number) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	for (; low < s->named_n && s->all[s->named[low]].device.first == set_number; low++) {
		if (!fn(arg, &s->all[s->named[low]])) {
			return false;
		}
	}
	return true;
}
