/* power_cut.h - walks along a trace of a power_disk and builds, at each moment that matters, the
 * disks that a power cut may leave there.
 *
 * The moments are those just before a flush completes, and the end: any subset of what is not yet
 * durable earlier is a subset of what is not yet durable then, and the test was told no less. */
#pragma once
#include "tests/unit/journal/power_disk.h"

#define PC_ALL_UP_TO 8u   /* of so many sectors and names all subsets are built */
#define PC_EACH_FROM 100u /* with so many seeded ones also each sector alone, and each alone missing */

struct pc_unit { /* a sector, a size or a name that is not durable */
	enum { PC_SECTOR, PC_SIZE, PC_NAMES } kind;
	bool taints;    /* the same, and its file has not changed its use: what is written over it is uncertain, too */
	bool uncertain; /* of a failed write or flush: no later flush makes it durable */
	uint32_t file;
	uint64_t at;                  /* PC_SECTOR: octets from the beginning; PC_SIZE: the size */
	const uint8_t *data;          /* PC_SECTOR */
	const struct pd_event *event; /* PC_NAMES */
};

struct power_cut {
	const struct pd_trace *trace;
	size_t done; /* events */
	struct pd_image durable;
	struct pc_unit *units;
	size_t n, cap;
	/* the image under test */
	bool *chosen;
	size_t torn; /* this unit is written up to its middle only; SIZE_MAX: none */
	struct power_disk disk;
	uint64_t images; /* built so far */
};

/* Looks at one image. Returns NULL, or what is wrong. May change the image. */
typedef const char *pc_look_fn(void *arg, struct power_disk *image);

void pc_init(struct power_cut *c, const struct pd_trace *trace, const struct pd_image *base); /* base NULL: an empty disk */
void pc_fini(struct power_cut *c);
/* Goes on to the next moment; events of the test's own on the way go to `told`. False: there is none. */
typedef void pc_told_fn(void *arg, const struct pd_event *e);
bool pc_next(struct power_cut *c, pc_told_fn *told, void *arg);
/* Builds the images of this moment. Returns NULL or what is wrong with the present one. */
const char *pc_images(struct power_cut *c, unsigned seeded, uint64_t seed, pc_look_fn *look, void *arg);
void pc_print(const struct power_cut *c); /* the present image, to stderr */

uint64_t pc_random(uint64_t *seed);
