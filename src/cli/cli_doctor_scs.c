/* cli_doctor_scs.c - `doctor` of an SCS: the rows of the gateway about it, and the end of the
 * decision log. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli_doctor.h"
#include "doctor/doc_scs.h"

#define TAIL_MAX (4u << 20) /* bytes of the decision log that are read; the page of the doctor names it */
#define RULES_MAX 1000      /* rules of one name that are asked for */

/* -- the decision log */

static const char *decisions_path(const json_t *status)
{
	static const char *const name[] = { "name", NULL };

	return cli_doctor_text(cli_doctor_row(json_object_get(status, "written"), name, "decision log"), "path");
}

static void take_lines(struct doc_tail *t, const char *scs, const char *host, const char *p, size_t len)
{
	const char *end = p + len, *newline;

	for (; p < end && (newline = memchr(p, '\n', (size_t)(end - p))); p = newline + 1) {
		size_t n = (size_t)(newline - p);

		if ((*scs && memmem(p, n, scs, strlen(scs))) || (*host && memmem(p, n, host, strlen(host)))) {
			doc_tail_take(t, scs, host, p, n);
		}
	}
}

/* Returns why it was not read; NULL: it was. */
static const char *read_tail(struct doc_tail *t, const char *path, const char *scs, const char *host)
{
	int fd = *path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
	const char *why = *path ? NULL : "the configuration has no decision log (log.decisions)";
	char *text = malloc(TAIL_MAX);
	struct stat st;
	ssize_t n;

	if (!why && (fd < 0 || fstat(fd, &st) < 0)) {
		why = strerror(errno);
	} else if (!why && !S_ISREG(st.st_mode)) {
		why = "the decision log is no file";
	} else if (!why && !text) {
		why = "out of memory";
	}
	if (!why) {
		n = pread(fd, text, TAIL_MAX, st.st_size > (off_t)TAIL_MAX ? st.st_size - (off_t)TAIL_MAX : 0);
		if (n < 0) {
			why = strerror(errno);
		} else {
			take_lines(t, scs, host, text, (size_t)n);
		}
	}
	if (fd >= 0) {
		close(fd);
	}
	free(text);
	return why;
}

/* -- an SCS */

static void add_rules(struct cli_doctor *d, json_t *to, const char *who, const char *effect)
{
	json_t *rows = cli_doctor_ask(d, "assoc.list",
				      json_pack("{s:s, s:s, s:i}", "scs", who, "effect", effect, "limit", RULES_MAX), false);

	if (rows) {
		json_array_extend(to, rows);
	}
	json_decref(rows);
}

static void ask_rules(struct cli_doctor *d, const json_t *row, json_t *blocks, json_t *allows)
{
	const char *name = cli_doctor_text(row, "name");
	const json_t *group;
	char who[300];
	size_t i;

	add_rules(d, blocks, name, "block");
	add_rules(d, blocks, "*", "block");
	add_rules(d, allows, name, "allow");
	json_array_foreach(json_object_get(row, "groups"), i, group)
	{
		snprintf(who, sizeof who, "group:%s", json_string_value(group) ? json_string_value(group) : "");
		add_rules(d, blocks, who, "block");
		add_rules(d, allows, who, "allow");
	}
}

static json_t *sessions_of(struct cli_doctor *d, const char *name)
{
	json_t *all = cli_doctor_ask(d, "sessions", NULL, false), *own = json_array(), *row;
	size_t i;

	json_array_foreach(all, i, row)
	{
		if (strcmp(cli_doctor_text(row, "scs"), name) == 0) {
			json_array_append(own, row);
		}
	}
	json_decref(all);
	return own;
}

void cli_doctor_scs(struct cli_doctor *d, const json_t *row, const json_t *status)
{
	const char *name = cli_doctor_text(row, "name");
	struct doc_tail tail = { 0 };
	json_t *sessions = sessions_of(d, name), *blocks = json_array(), *allows = json_array();
	json_t *quota = cli_doctor_ask(d, "quota.show", json_pack("{s:s}", "scs", name), false), *ndsip = NULL;
	struct doc_scs s = { .row = row,
			     .sessions = sessions,
			     .blocks = blocks,
			     .allows = allows,
			     .responders = json_object_get(status, "ocsp"),
			     .tail = &tail };

	ask_rules(d, row, blocks, allows);
	if (json_array_size(json_object_get(row, "ndsip_hosts"))) {
		ndsip = cli_doctor_ask(d, "ndsip.status", json_pack("{s:s}", "scs", name), false);
	}
	s.quota = json_array_get(quota, 0);
	s.ndsip = json_array_get(ndsip, 0);
	s.no_tail = read_tail(&tail, decisions_path(status), name, cli_doctor_text(row, "origin_host"));
	doc_look_at_scs(&d->report, &s);
	doc_tail_fini(&tail);
	json_decref(sessions);
	json_decref(blocks);
	json_decref(allows);
	json_decref(quota);
	json_decref(ndsip);
}

bool cli_doctor_stranger(struct cli_doctor *d, const char *name, const json_t *status)
{
	struct doc_tail tail = { 0 };
	bool told = !read_tail(&tail, decisions_path(status), "", name) && doc_look_at_stranger(&d->report, name, &tail);

	doc_tail_fini(&tail);
	return told;
}
