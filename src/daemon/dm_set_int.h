/* dm_set_int.h - a set of files while it is read, for the files dm_set*.c only.
 * Everything here is borrowed by struct dm_reading until dm_set_load() or dm_set_refresh() returns,
 * if nothing else is said. Errors are added to its report. */
#pragma once
#include "base/file.h"
#include "conf/cfg_iwf.h"
#include "daemon/dm_crl_numbers.h"
#include "daemon/dm_set.h"
#include "tls/tls_crl.h"
#include "tls/tls_pem.h"

#define DM_WANTED_MAX (DM_PIECES_MAX - 1) /* all but DM_ENDS */

struct dm_wanted { /* a place in the configuration that names a file */
	uint32_t what;
	size_t index;
	const char *path;
	struct tls_pem octets; /* of a copy, or of `from`; {NULL}: it could not be read */
};

struct dm_reading {
	const struct cfg_iwf *cfg;
	struct report *report;
	const struct dm_set *from;      /* a refresh: only CRLs are read, all else is taken from here; NULL: all is read */
	const struct dm_set *before;    /* the set in use, to compare with; NULL: none */
	struct dm_crl_numbers *numbers; /* of CRLs that were in use; NULL: no anchor has CRLs */
	uint64_t refused;               /* a refresh: anchors that keep their CRLs, a bit for each */
	struct dm_wanted wanted[DM_WANTED_MAX];
	size_t wanted_n;
	struct {
		const char *path;
		struct file_copy content; /* p NULL: it could not be read */
	} copies[DM_WANTED_MAX];
	size_t copies_n;
	struct tls_crl_table tables[CFG_ANCHORS_MAX]; /* of the lists in use; empty: none, or there is an error */
};

/* -- dm_set_wants.c */

/* Fills g->wanted: one entry for each place of the configuration that names a file in use. */
void dm_set_want_all(struct dm_reading *g);
/* `what` is enum dm_file. A key is a private key; a secret is a file whose octets only its process
 * may see. */
bool dm_set_is_key(uint32_t what);
bool dm_set_is_secret(uint32_t what);
/* The key of the configuration that names such a file, for messages. Static. */
const char *dm_set_file_kind(uint32_t what);
/* The processes that get this part need the file. */
bool dm_set_in_part(const struct cfg_iwf *cfg, const struct dm_wanted *w, enum dm_parts part);
/* Whether `words` begin with `with`. */
bool dm_set_starts(const char *words, const char *with);
/* An error and a warning, with the line of the configuration that names the file. */
void dm_set_wrong(struct dm_reading *g, const struct dm_wanted *w, const char *words);
void dm_set_warn(struct dm_reading *g, const struct dm_wanted *w, const char *words);
/* The same for an error text of src/tls about a certificate, its key or one of the anchors: at the
 * line of the file that the words name. */
void dm_set_wrong_among(struct dm_reading *g, const struct dm_wanted *certificate, const char *words);

/* -- dm_set.c */

/* w->octets become those of g->from, which stays their owner. */
void dm_set_take_from(const struct dm_reading *g, struct dm_wanted *w);

/* -- dm_set_crls.c */

/* Reads g->numbers, and notes the ends of all lists in s->ends. ERR_NOMEM. With 0 every file of
 * CRLs can be used, or there is an error in the report. */
ERR_MUST_USE int dm_set_note_crls(struct dm_reading *g, struct dm_set *s);

/* -- dm_set_check.c */

/* The IKE certificate of NDS/IP. Its key is charon's: only the certificate can be looked at. */
void dm_set_check_ike(struct dm_reading *g);
/* The certificates, keys and anchors of all parts, which are sealed. ERR_NOMEM, ERR_IO: they could
 * not be looked at. */
ERR_MUST_USE int dm_set_check_parts(struct dm_reading *g, const struct dm_set *s);
