/* asc_dset.h - named sets of devices. The memberships of a device are in its row, with its rules:
 * one get reads both. A rule on "set:NAME" applies to every member. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ident.h"

#define ASC_DSETS_MAX 4096u
/* memberships of one device under all its identifiers; with more, requests are refused */
#define ASC_DSETS_PER_LOOKUP_MAX 64u

struct asc;
struct asc_why;

struct asc_dset {
	char name[IDENT_SCS_MAX + 1];
};

bool asc_dset_there(const struct asc *a, const char *name);
uint64_t asc_dset_members(const struct asc *a, const char *name); /* counted, not read */
uint64_t asc_dset_rules(const struct asc *a, const char *name);   /* rules of everybody on it */

/* In order of names; stops when fn returns other than 0 and returns that. fn must not change the
 * store. */
typedef int asc_dset_fn(void *arg, const struct asc_dset *set);
int asc_dset_each(const struct asc *a, asc_dset_fn *fn, void *arg);
/* Reads the rows of devices until all members are found. ERR_IO. fn must neither change the store
 * nor look rules up. */
typedef int asc_device_fn(void *arg, const char *device);
ERR_MUST_USE int asc_dset_member_each(const struct asc *a, const char *name, asc_device_fn *fn, void *arg);
