/* csl_ask.c - one question, one connection. */
#include "console/csl_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "base/str.h"

int csl_ask(const struct csl_ask_conf *conf, const struct csl_person *person, const char *cmd, const json_t *args, int fd,
	    ctl_row_fn *fn, void *arg, char why[CTL_CLIENT_WHY_MAX])
{
	struct ctl_client *c;
	int err = ctl_client_open(&c, conf->socket, conf->wait_ms, why);

	if (err) { /* those two are for what mtc-iwfd says */
		return err == ERR_REFUSED || err == ERR_AUTH ? ERR_NOTFOUND : err;
	}
	if (person) {
		ctl_client_behalf(c, person->name, ctl_role_word(person->role), person->ticket);
	}
	err = ctl_client_ask(c, cmd, args, fd, conf->wait_ms, fn, arg, why);
	ctl_client_close(c);
	return err == ERR_REFUSED && !strcmp(why, CTL_LOG_IN_AGAIN) ? ERR_AUTH : err;
}

#define ANSWER_MAGIC 0x71c9e0a5u
struct answer {
	struct obj obj;
	char *text;
	size_t len, cap, max;
	const struct csl_pick *pick;
	uint32_t rows;
};

/* Adds `n` octets; there is always room for the few that end the answer. */
static int add(struct answer *a, const char *p, size_t n)
{
	size_t cap = a->cap ? a->cap : 4096;
	char *text;

	if (n > a->max - a->len) {
		return ERR_LIMIT;
	}
	while (cap < a->len + n) {
		cap *= 2;
	}
	if (cap != a->cap) {
		text = realloc(a->text, cap);
		if (!text) {
			return ERR_NOMEM;
		}
		a->text = text;
		a->cap = cap;
	}
	memcpy(a->text + a->len, p, n);
	a->len += n;
	return 0;
}

static int add_text(struct answer *a, const char *text)
{
	return add(a, text, strlen(text));
}

/* Is the member one of "a,b,c"? */
static bool in_list(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; *p; p += strspn(p, ",")) {
		size_t k = strcspn(p, ",");

		if (k == n && !memcmp(p, name, n)) {
			return true;
		}
		p += k;
	}
	return false;
}

/* The row with the members that are wanted. New reference; NULL: out of memory. */
static json_t *picked(const struct csl_pick *pick, const json_t *row)
{
	json_t *all = (json_t *)(uintptr_t)row, *some, *value;
	const char *name;
	int err = 0;

	if (!pick->fields[0]) {
		return json_incref(all);
	}
	some = json_object();
	json_object_foreach(all, name, value)
	{
		err |= in_list(pick->fields, name) ? json_object_set(some, name, value) : 0;
	}
	if (err) {
		json_decref(some);
		return NULL;
	}
	return some;
}

static int on_row(void *arg, const json_t *row)
{
	struct answer *a = OBJ_OF(arg, struct answer, ANSWER_MAGIC);
	bool done = json_is_true(json_object_get(row, "done"));
	json_t *shown;
	char *text;
	int err;

	if (!done && a->pick->rows && a->rows >= a->pick->rows) {
		return 0;
	}
	shown = done ? json_incref((json_t *)(uintptr_t)row) : picked(a->pick, row);
	text = shown ? json_dumps(shown, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	json_decref(shown);
	err = text ? add_text(a, done ? "],\"last\":" : a->rows ? "," : "") : ERR_NOMEM;
	a->rows += !done;
	if (!err) {
		err = add_text(a, text);
	}
	if (!err && done) {
		err = add_text(a, "}");
	}
	free(text);
	return err;
}

int csl_ask_text(const struct csl_ask_conf *conf, const struct csl_person *person, const char *cmd, const json_t *args,
		 const struct csl_pick *pick, char **text, size_t *len, char why[CTL_CLIENT_WHY_MAX])
{
	struct answer a = { .obj = OBJ(ANSWER_MAGIC), .max = conf->answer_max, .pick = pick };
	int err = add_text(&a, "{\"rows\":[");

	if (err) {
		str_cut(why, CTL_CLIENT_WHY_MAX, "out of memory");
		return err;
	}
	err = csl_ask(conf, person, cmd, args, -1, on_row, &a, why);
	if (err == ERR_LIMIT) {
		snprintf(why, CTL_CLIENT_WHY_MAX, "the answer is longer than %zu bytes (limits.answer_max): ask for less",
			 conf->answer_max);
	}
	if (err) {
		free(a.text);
		return err;
	}
	*text = a.text;
	*len = a.len;
	return 0;
}
