/* cfg_events.h - the events of a YAML text, for cfg_schema.c only. */
#pragma once
#include <yaml.h>

#include "conf/cfg_internal.h"

#define CFG_WHERE_MAX 256

struct cfg_reader {
	yaml_parser_t parser;
	yaml_event_t ev; /* the current one; type YAML_NO_EVENT when none is held */
	const char *path;
	struct cfg_lines *lines;
	struct report *why;
	char where[CFG_WHERE_MAX]; /* full name of the current key */
	bool wrong;                /* an error was reported, and reading continued after it */
};

/* Line of the current event. */
unsigned cfg_here(const struct cfg_reader *r);
/* A text of the file as it may be shown: short, printable. Returns `out`. */
#define CFG_SHOWN_MAX 68
const char *cfg_shown(char out[CFG_SHOWN_MAX], const char *p, size_t len);
/* Frees the current event; harmless if none is held. */
void cfg_drop_event(struct cfg_reader *r);
/* Reports an error and continues after it, so that one run reports all. `key`: the wrong key of the
 * current section; NULL: the section itself. Not 0: reading ends, because there is no room for more
 * errors, or no memory. */
int cfg_go_on(struct cfg_reader *r, const char *key);
/* Reads the next event. Anchors, aliases and tags are refused here, because they only make a file
 * harder to read. */
int cfg_next(struct cfg_reader *r);
/* Skips a node whose first event is the current one; its last one is current then. libyaml needs
 * ever more time for deeper tokens, so a node deeper than any value ends the reading. */
int cfg_skip(struct cfg_reader *r);
