/* dm_change.h - the parent: a changed configuration, from the file to what is in force. It is made
 * ready as a whole, ports included, before anything changes; then it is taken as a whole. */
#pragma once
#include "conf/cfg_merge.h"
#include "daemon/dm_parent_int.h"

struct dm_change {
	struct cfg_iwf *cfg;     /* what will be in force; NULL: the file cannot be read again */
	struct cfg_lines *lines; /* of the file */
	char *text;              /* of the file */
	size_t text_len;
	struct cfg_merged what;
	bool other;              /* the file is another one than that in force */
	int fds[CFG_LISTEN_MAX]; /* listeners that are opened; -1: no change */
	uint16_t ports[CFG_LISTEN_MAX];
	int decisions_fd;     /* the decision log has another path; -1: no change */
	struct dm_back *back; /* NULL: it is read from the file */
};

/* No change; dm_change_drop() does nothing. */
void dm_change_none(struct dm_change *out);
/* Reads the file. `out` has no text when it came through a pipe, and stays as it is. What is wrong
 * is in the report. */
ERR_MUST_USE int dm_change_read(struct dm_change *out, const struct dm_parent *p, struct report *r);
/* Adds the users and groups that it names. */
void dm_change_names(struct cfg_names *names, const struct dm_change *c, const struct dm_parent *p);
/* Checks what was read, and opens what it adds. Everything that is wrong is in the report.
 * ERR_INVAL and others: `out` is to be dropped all the same. */
ERR_MUST_USE int dm_change_prepare(struct dm_change *out, struct dm_parent *p, const struct cfg_names *names, struct report *r);
struct dm_back;
/* The same for what was in force before (dm_back.h): takes its text, and the sockets of listeners
 * that come back, out of `b`. The file is not looked at. */
ERR_MUST_USE int dm_change_back(struct dm_change *out, struct dm_parent *p, struct dm_back *b, struct report *r);
/* It is in force: the parent's part. The processes get it with the next set. Empties `c`. */
void dm_change_use(struct dm_change *c, struct dm_parent *p);
void dm_change_drop(struct dm_change *c);
/* Processes of these roles (CFG_BY_*) that run were started with what was in force before, and a
 * message does not bring them all of it. */
void dm_change_behind(struct dm_parent *p, unsigned by);
/* Those of them that are ready are asked to end; each of the others is when it gets ready. */
void dm_change_anew(struct dm_parent *p);
