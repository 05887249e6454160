/* store_place.h - a store in a directory of its own, in memory where there is such a place, for the tests of this room. */
#pragma once
#include "tests/unit/test.h"

#include <dirent.h>
#include <ftw.h>
#include <unistd.h>

#include "assoc/asc.h"
#include "assoc/asc_import.h"
#include "tests/support/asc_wait.h"

struct place {
	char dir[64];
	struct asc *a;
	struct asc_conf conf;
	struct asc_why why;
};

static inline int place_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int place_open(struct place *p)
{
	asc_close(p->a);
	p->a = NULL;
	p->conf.dir = p->dir;
	return asc_open(&p->a, &p->conf, &p->why);
}

static inline void place_close(struct place *p)
{
	asc_close(p->a);
	p->a = NULL;
}

static inline int place_setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	assert_non_null(p);
	p->conf.map_max = 64u << 20;
	p->conf.import_memory = 64u << 10;
	strcpy(p->dir, "/dev/shm/test-asc-XXXXXX");
	if (!mkdtemp(p->dir)) {
		strcpy(p->dir, "/tmp/test-asc-XXXXXX");
		assert_non_null(mkdtemp(p->dir));
	}
	assert_int_equal(place_open(p), 0);
	*state = p;
	return 0;
}

static inline int place_teardown(void **state)
{
	struct place *p = *state;

	asc_close(p->a);
	nftw(p->dir, place_remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(p);
	return 0;
}

static inline struct asc_scs place_scs(const char *name, const char *e164, const char *host)
{
	struct asc_scs s;

	asc_scs_init(&s);
	strcpy(s.name, name);
	strcpy(s.e164, e164);
	strcpy(s.origin_host, host);
	strcpy(s.realm, "acme.example");
	strcpy(s.anchor, "anchor-a");
	return s;
}

static inline void place_put(struct place *p, const char *name, const char *e164, const char *host)
{
	struct asc_scs s = place_scs(name, e164, host);

	assert_int_equal(asc_scs_put(p->a, &s, &p->why), 0);
}

static inline void place_two_scs(struct place *p)
{
	place_put(p, "acme", "49170123456", "scs.acme.example");
	place_put(p, "beta", "49170123457", "scs.beta.example");
}

static inline int place_add(struct place *p, int verdict, const char *who, const char *device)
{
	struct asc_rule_new r = { .who = who, .device = device, .verdict = (uint8_t)verdict, .rights = ASSOC_RIGHT_TRIGGER };

	return asc_rule_add(p->a, &r, &p->why);
}

/* The rules found, as text in the order of finding, joined by ";". */
static inline const char *place_found(struct place *p, const char *who, const char *external, const char *msisdn)
{
	static char out[8192];
	static struct assoc_found f;
	struct asc_device device = { external, msisdn };
	char text[ASSOC_RULE_TEXT_MAX];

	assert_int_equal(asc_find_rules(p->a, &(struct asc_asker){ .scs = who }, &device, &f), 0);
	out[0] = 0;
	for (uint8_t i = 0; i < f.n; i++) {
		if (i) {
			strcat(out, ";");
		}
		strcat(out, assoc_rule_text(text, &f.rules[i]));
	}
	return out;
}

/* Generations of the store on disk. */
static inline int place_generations(const struct place *p)
{
	DIR *d = opendir(p->dir);
	struct dirent *e;
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d))) {
		n += strncmp(e->d_name, "dev-", 4) == 0;
	}
	closedir(d);
	return n;
}

/* Adds "NAME-," for each SCS that was removed and "NAME~," for each that changed. */
static inline void place_list_peers(char *out, size_t cap, const struct asc_import_peer *peers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		snprintf(out + strlen(out), cap - strlen(out), "%s%s,", peers[i].name, peers[i].removed ? "-" : "~");
	}
}

#define PLACE_TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
