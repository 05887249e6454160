/* ctl_replies_files.c - replies of imports, exports, undo and backups: a table, one row for
 * each member. */
#include "ctl/ctl_reply_rows.h"

/* -- files */

static const struct ctl_member import_progress[] = {
	BOOLEAN("progress", "true"),
	TEXT("phase", "read, merge, sync or switch"),
	NUM("rows", "done"),
	NUM("rows_total", "0: not known"),
	NUM("octets", "read"),
	NUM("octets_total", "0: not known"),
	END,
};
static const struct ctl_member import_mistake[] = {
	NUM("line", "of the file"),
	TEXT("error", "what is wrong there"),
	END,
};
static const struct ctl_member import_goes[] = { TEXT("goes", "text of a row that is deleted"), END };
static const struct ctl_form import_forms[] = {
	FORM("from time to time", import_progress),
	FORM("each error, the first 20", import_mistake),
	FORM("the first ten rows that would be deleted, in a dry run or when yes is needed", import_goes),
	FORM("when many rows would be deleted and neither yes nor deletes_max allows it", needs_yes),
	NO_MORE_FORMS,
};
static const struct ctl_member import[] = {
	NUM("rows", "of the file"),
	NUM("added", "rows"),
	NUM("replaced", "rows"),
	NUM("unchanged", "rows"),
	NUM("deleted", "rows"),
	NUM("along", "rules deleted with an SCS, group or set"),
	BOOLEAN("dry_run", "nothing was changed"),
	BOOLEAN("needs_yes", "dry run only: the real run needs yes"),
	BOOLEAN("undo", "the previous state is kept for assoc.undo"),
	TEXTS("left_alone", "columns that no row of the file has"),
	TEXTS("left_alone_in_some", "columns that some rows of the file lack"),
	TEXTS("warnings", "effects that were probably not intended, in words"),
	END,
};

static const struct ctl_member export_progress[] = {
	BOOLEAN("progress", "true"),    TEXT("phase", "write"),   NUM("rows", "written"),
	NUM("rows_total", "there are"), NUM("octets", "written"), END,
};
static const struct ctl_member export_unwritten[] = { BOOLEAN("unwritten", "true: the target is full or closed"), END };
static const struct ctl_form export_forms[] = {
	FORM("from time to time", export_progress),
	FORM("before the error, when the target could not be written", export_unwritten),
	NO_MORE_FORMS,
};
static const struct ctl_member export[] = {
	NUM("rows", "written"),
	NUM("octets", "written"),
	END,
};

#define KEPT_STATE                                                                                                               \
	TIME("at", "when the import was made"), TEXT("kind", "scs, group, set, assoc or block"), TEXT("file", "its name"),       \
	    BOOLEAN("replace", "rows of this kind that were not in the file were deleted"), NUM("rows", "of the file"),          \
	    NUM("added", "rows"), NUM("replaced", "rows"), NUM("deleted", "rows"),                                               \
	    NUM("along", "rules deleted with an SCS, group or set"),                                                             \
	    NUM("since", "manual changes between this import and the next one")

static const struct ctl_member undo[] = {
	KEPT_STATE,
	NUM("goes", "rows that are deleted, at most"),
	NUM("left", "states that remain kept"),
	BOOLEAN("needs_yes", "dry run only: the real run needs yes"),
	BOOLEAN("dry_run", "nothing was changed"),
	END,
};
static const struct ctl_member kept[] = { KEPT_STATE, NUM("octets", "size in bytes"), END };
static const struct ctl_form kept_forms[] = { FORM("each state, the newest first", kept), NO_MORE_FORMS };

static const struct ctl_member backup_progress[] = {
	BOOLEAN("progress", "true"), TEXT("phase", "copy"), NUM("octets", "copied"), NUM("octets_total", "at most"), END,
};
static const struct ctl_form backup_forms[] = { FORM("from time to time", backup_progress), NO_MORE_FORMS };
static const struct ctl_member timeline[] = {
	TEXT("boot", "boot id that the times of the journal refer to"),
	NUM("base_ms", "base of the times of the journal"),
	NUM("wall_ms", "real time at the base, milliseconds since 1970"),
	NUM("last_ms", "last time used"),
	END,
};
static const struct ctl_member backup[] = {
	TEXT("store", "the file of the state"),
	NUM("octets", "of the copy"),
	TEXT("sha256", "of the copy, hexadecimal"),
	TEXT("version", "of mtc-iwfd"),
	TEXT("identity", "Diameter host towards SCSs"),
	MAY(NUM, "generation", "generation of the association files; both files of a backup must have the same"),
	ROW("timeline", CTL_M_OBJECT, true, timeline, "of the journal"),
	END,
};

const struct ctl_reply ctl_replies_files[] = {
	{ "scs.import group.import set.import assoc.import block.import", import_forms, import },
	{ "scs.export group.export set.export assoc.export block.export", export_forms, export },
	{ "assoc.undo", needs_yes_forms, undo },
	{ "assoc.undo.list", kept_forms, count_only },
	{ "backup.copy", backup_forms, backup },
	{ NULL, NULL, NULL },
};
