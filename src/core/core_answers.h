/* core_answers.h - answers kept for duplicate detection across a restart (CONTRACTS section 3, "duplicates"). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trigger/trg.h"

struct core;

ERR_MUST_USE int core_answers_init(struct core *c); /* ERR_NOMEM */
void core_answers_fini(struct core *c);             /* a zeroed part is allowed */
/* Puts the answer in place of the trigger's record. False: the record is to be deleted. */
bool core_answers_keep(struct core *c, const struct trg *t);
void core_answers_drop(void *core, uint64_t number);
bool core_answers_is(const void *record, size_t len);
ERR_MUST_USE int core_answers_restore(struct core *c, uint64_t number, const void *record, size_t len); /* ERR_NOMEM */
