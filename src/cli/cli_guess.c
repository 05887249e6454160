/* cli_guess.c - "did you mean 'acme'?" for names that only the gateway knows: SCSs, groups, sets
 * and peers. It asks for the list of them, after a refusal only. */
#include <string.h>

#include "base/nearest.h"
#include "base/obj.h"
#include "base/str.h"
#include "cli/cli_command.h"
#include "ctl/ctl_client.h"

#define ROWS_MAX 100000u /* of a list; a longer one is not searched to its end */
#define WAIT_MS 2000u    /* nobody waits longer for a hint */
#define NAME_MAX_ 64     /* a name has at most 63 letters */

struct list {
	const char *group, *arg; /* group NULL: of any command */
	const char *cmd;         /* request for names; NULL: it lists something else */
	const char *lister;
};

/* Which list an argument is in; NULL: none. */
static const struct list *list_of(const struct cli_command *c, const char *arg)
{
	static const struct list rows[] = {
		{ "peers", "name", "peers", "mtcctl peers" },
		{ "scs", "name", "scs.list", "mtcctl scs list" },
		{ "group", "name", "group.list", "mtcctl group list" },
		{ "group", "group", "group.list", "mtcctl group list" },
		{ "set", "name", "set.list", "mtcctl set list" },
		{ "set", "set", "set.list", "mtcctl set list" },
		{ "triggers", "reference", NULL, "mtcctl triggers list" },
		{ "audit", "seq", NULL, "mtcctl audit search DIR" },
		{ "trace", "number", NULL, "mtcctl trace status" },
		{ "trace", "trigger", NULL, "mtcctl triggers list" },
		{ "trace", "peer", "peers", "mtcctl peers" },
		{ NULL, "session", NULL, "mtcctl sessions" },
		{ NULL, "scs", "scs.list", "mtcctl scs list" },
		{ NULL, "except", "scs.list", "mtcctl scs list" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if ((!rows[i].group || !strcmp(rows[i].group, c->group)) && !strcmp(rows[i].arg, arg)) {
			return &rows[i];
		}
	}
	return NULL;
}

/* The first name of `scs add` and the like is a new one. */
static bool is_new(const struct cli_command *c, const char *arg)
{
	return c->verb && !strcmp(c->verb, "add") && !strcmp(arg, "name");
}

const char *cli_lister(const struct cli_command *c, const struct cli_param *p)
{
	const struct list *list = list_of(c, p->arg);

	return list && !is_new(c, p->arg) ? list->lister : NULL;
}

#define SEARCH_MAGIC 0x6b1e52d3u
struct search {
	struct obj obj;
	struct nearest near;
	char best[NAME_MAX_];
	bool known;
	unsigned rows;
};

static int on_row(void *arg, const json_t *row)
{
	struct search *s = OBJ_OF(arg, struct search, SEARCH_MAGIC);
	const char *name = json_string_value(json_object_get(row, "name"));

	if (!name || s->known) {
		return 0;
	}
	if (++s->rows > ROWS_MAX) {
		return ERR_LIMIT;
	}
	s->known = !strcmp(name, s->near.word);
	nearest_offer(&s->near, name);
	if (s->near.best == name) { /* the row goes, its name stays */
		str_cut(s->best, sizeof s->best, name);
		s->near.best = s->best;
	}
	return 0;
}

static void guess(const struct cli_session *session, const char *list, const char *word, const char *before)
{
	uint32_t wait_ms = session->wait_ms < WAIT_MS ? session->wait_ms : WAIT_MS;
	struct search s = { .obj = OBJ(SEARCH_MAGIC) };
	char why[CTL_CLIENT_WHY_MAX];
	struct ctl_client *client;

	if (strlen(word) >= NAME_MAX_ || ctl_client_open(&client, session->socket, wait_ms, why)) {
		return; /* the command itself has said what is wrong */
	}
	nearest_init(&s.near, word);
	if (!ctl_client_ask(client, list, NULL, -1, wait_ms, on_row, &s, why) && !s.known && s.near.best) {
		fprintf(stderr, "mtcctl: did you mean '%s%s'?\n", before, s.near.best);
	}
	ctl_client_close(client);
}

void cli_guess(const struct cli_session *s, const struct cli_command *c, const json_t *args)
{
	if (s->json || !c->cmd) {
		return;
	}
	for (const struct cli_param *p = c->params; p && p->arg; p++) {
		const char *word = json_string_value(json_object_get(args, p->arg));
		const struct list *list = list_of(c, p->arg);

		if (!word || is_new(c, p->arg)) {
			continue;
		}
		if (p->kind == CLI_WHO && !strncmp(word, "group:", 6)) {
			guess(s, "group.list", word + 6, "group:");
		} else if (p->kind == CLI_DEVICE && !strncmp(word, "set:", 4)) {
			guess(s, "set.list", word + 4, "set:");
		} else if (list && list->cmd && strcmp(word, "*") != 0) {
			guess(s, list->cmd, word, "");
		}
	}
}
