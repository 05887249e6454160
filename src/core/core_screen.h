/* core_screen.h - the rules of the screening rows. The configuration gives a rule for each row; a
 * rule that an operator sets at run time wins over that, also after a restart: those rules are in a
 * small file in state_dir. The edges screen by what this part sends them. */
#pragma once
#include "core/core_edges.h"
#include "core/core_view.h"

#define CORE_SCREEN_FILE "screening" /* in state_dir */

struct core_screen {
	struct screen_rules rules; /* in force */
	struct screen_rules file;  /* of the configuration */
	uint32_t own;              /* rows with a rule of the operator: bits */
	bool due;                  /* an edge has not got every rule: core_screen_look() */
	bool unsaved;              /* the file has exemptions that are not in force: core_screen_save() */
	uint64_t store;            /* generation of the association store whose SCSs the exemptions were compared with */
};

/* Reads the configuration and the file of the operator's rules. ERR_PROTO, ERR_IO with words: the
 * file cannot be used, and no rule is guessed. */
ERR_MUST_USE int core_screen_init(struct core *c, char why[CORE_WHY_MAX]);
/* Takes the rules of a new configuration; those that an operator set stay. */
void core_screen_reload(struct core *c);
/* A new edge gets every rule, before any other record. */
void core_screen_edge(struct core_edge *e);
/* Sends what did not fit into a ring, and ends exemptions of SCSs that are gone. At the end of
 * each turn. */
void core_screen_look(struct core *c);
/* Writes the file again after core_screen_forget() could not. Every few seconds. */
void core_screen_save(struct core *c);
/* Rows that only detect caught a request of this session. */
void core_screen_on_seen(struct core_edge *e, uint64_t session, const struct ipc_screen_seen *seen);

/* core_screen_file.c: the operator's rules on disk. */

/* Reads the rules of the operator over `rules`, and sets their bits in `own`. A missing file: none.
 * Errors as of core_screen_init(). */
ERR_MUST_USE int core_screen_read(struct screen_rules *rules, uint32_t *own, const char *path, char why[CORE_WHY_MAX]);
/* Writes those of `own`. With words: ERR_IO: the file is as it was. ERR_STATE: the new file is in
 * place, but a power cut may bring the one before back. */
ERR_MUST_USE int core_screen_write(const struct screen_rules *rules, uint32_t own, const char *path, char why[CORE_WHY_MAX]);
