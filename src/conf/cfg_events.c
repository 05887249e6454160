/* cfg_events.c - libyaml's events, one at a time. Every anchor, alias and tag is an error. */
#include "conf/cfg_events.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_OCTETS_MAX (CFG_SHOWN_MAX - 4) /* of a wrong value */
#define SKIP_DEPTH_MAX 32

static unsigned line_of(const yaml_mark_t *m)
{
	return (unsigned)m->line + 1;
}

unsigned cfg_here(const struct cfg_reader *r)
{
	return line_of(&r->ev.start_mark);
}

const char *cfg_shown(char out[CFG_SHOWN_MAX], const char *p, size_t len)
{
	size_t n = len < SHOWN_OCTETS_MAX ? len : SHOWN_OCTETS_MAX;

	for (size_t i = 0; i < n; i++) {
		out[i] = (unsigned char)p[i] < 0x20 || p[i] == 0x7f ? '?' : p[i];
	}
	/* do not cut a character in two */
	while (n < len && n && ((unsigned char)out[n - 1] & 0xc0) == 0x80) {
		n--;
	}
	memcpy(out + n, n < len ? "..." : "", n < len ? 4 : 1);
	return out;
}

static int syntax_error(struct cfg_reader *r)
{
	const yaml_parser_t *p = &r->parser;
	bool start = p->problem && !strcmp(p->problem, "found character that cannot start any token"); /* libyaml's words */

	if (p->error == YAML_MEMORY_ERROR) {
		return ERR_NOMEM;
	}
	return cfg_wrong(r->why, r->lines, line_of(&p->problem_mark), "not YAML: %s%s%s%s",
			 p->problem ? p->problem : "cannot be read", p->context ? ", " : "", p->context ? p->context : "",
			 start ? "; lines are indented with spaces, and a value that begins with a sign is put in quotes" : "");
}

void cfg_drop_event(struct cfg_reader *r)
{
	yaml_event_delete(&r->ev);
	memset(&r->ev, 0, sizeof r->ev);
}

int cfg_go_on(struct cfg_reader *r, const char *key)
{
	char name[CFG_WHERE_MAX + CFG_NAME_MAX];

	r->wrong = true;
	if (r->why->left_out) {
		return ERR_INVAL;
	}
	snprintf(name, sizeof name, "%s%s%s", r->where, *r->where && key ? "." : "", key ? key : "");
	return cfg_lines_wrong(r->lines, name);
}

int cfg_next(struct cfg_reader *r)
{
	const yaml_event_t *e = &r->ev;
	const unsigned char *anchor = NULL, *tag = NULL;

	cfg_drop_event(r);
	if (!yaml_parser_parse(&r->parser, &r->ev)) {
		return syntax_error(r);
	}
	switch (e->type) {
	case YAML_ALIAS_EVENT:
		return cfg_wrong(r->why, r->lines, cfg_here(r), "an alias (*), expected the value itself");
	case YAML_SCALAR_EVENT:
		anchor = e->data.scalar.anchor;
		tag = e->data.scalar.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = e->data.mapping_start.anchor;
		tag = e->data.mapping_start.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = e->data.sequence_start.anchor;
		tag = e->data.sequence_start.tag;
		break;
	default:
		break;
	}
	if (anchor) {
		cfg_error(r->why, r->lines, cfg_here(r), "an anchor (&), expected plain values");
	}
	if (tag) {
		cfg_error(r->why, r->lines, cfg_here(r), "a tag (!), expected plain values");
	}
	return anchor || tag ? cfg_go_on(r, NULL) : 0;
}

int cfg_skip(struct cfg_reader *r)
{
	size_t depth = 0;

	for (;;) {
		int err;

		if (r->ev.type == YAML_MAPPING_START_EVENT || r->ev.type == YAML_SEQUENCE_START_EVENT) {
			depth++;
		} else if (r->ev.type == YAML_MAPPING_END_EVENT || r->ev.type == YAML_SEQUENCE_END_EVENT) {
			depth--;
		}
		if (!depth) {
			return 0;
		}
		if (depth > SKIP_DEPTH_MAX) {
			return cfg_wrong(r->why, r->lines, cfg_here(r), "nested deeper than any value of a configuration");
		}
		err = cfg_next(r);
		if (err) {
			return err;
		}
	}
}
