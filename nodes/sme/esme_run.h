/* esme_run.h - one run of mtc-sme: connects, binds, does what the command asks, unbinds. */
#pragma once
#include "base/log.h"
#include "nodes/sme/esme_options.h"

/* Prints events on standard output. Returns the exit code (enum node_exit). */
int esme_run(const struct esme_options *o, const struct log *log);
