/* core_t4.h - submits triggers to the SMS-SC and recalls them (T4, TS 29.337 6): ports of the
 * trigger machine. */
#pragma once
#include <stdbool.h>

#include "trigger/trg.h"

struct core;

/* Notes which peer the DTR will go to, for the intent that is written before it leaves. */
void core_t4_will_ask(const struct core *c, struct trg *trg);
int core_t4_submit(void *arg, struct trg *trg, bool again);
int core_t4_recall(void *arg, struct trg *trg, bool again);
