/* cli_overview_ask.c - asks the gateway for what the first page is made of. */
#include "cli/cli_overview.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/obj.h"
#include "cli/cli_client.h"
#include "cli/cli_term.h"

#define RATE_MS 1000u
#define ROWS_MAX 1000 /* of peers */

#define GATHER_MAGIC 0x2f0c9a17u
struct gather {
	struct obj obj;
	json_t *rows, *last, *counters; /* owned */
};

static int on_row(void *arg, const json_t *row)
{
	struct gather *g = OBJ_OF(arg, struct gather, GATHER_MAGIC);
	const char *name = json_string_value(json_object_get(row, "name"));

	if (json_is_true(json_object_get(row, "done"))) {
		json_decref(g->last);
		g->last = json_incref((json_t *)(uintptr_t)row);
	} else if (name && json_object_get(row, "value")) {
		json_object_set(g->counters, name, json_object_get(row, "value"));
	} else if (json_array_size(g->rows) < ROWS_MAX) {
		json_array_append(g->rows, (json_t *)(uintptr_t)row);
	}
	return 0;
}

static void gather_init(struct gather *g)
{
	*g = (struct gather){ .obj = OBJ(GATHER_MAGIC), .rows = json_array(), .counters = json_object() };
}

static void gather_fini(struct gather *g)
{
	json_decref(g->rows);
	json_decref(g->last);
	json_decref(g->counters);
}

static int gather(struct ctl_client *client, const struct cli_session *s, const char *cmd, struct gather *g,
		  char why[CTL_CLIENT_WHY_MAX])
{
	json_t *none = json_object();
	int err = ctl_client_ask(client, cmd, none, -1, s->wait_ms, on_row, g, why);

	json_decref(none);
	return err;
}

static void wait_ms(unsigned ms)
{
	struct timespec left = { ms / 1000, (long)(ms % 1000) * 1000000 };

	while (nanosleep(&left, &left)) {
	}
}

/* For a person: what has changed a second later. */
static void show_rates(struct ctl_client *client, const struct cli_session *s, const json_t *before)
{
	char why[CTL_CLIENT_WHY_MAX];
	uint64_t begun = clock_mono_ms();
	struct gather now;

	gather_init(&now);
	fflush(stdout);
	wait_ms(RATE_MS);
	if (!gather(client, s, "stats", &now, why)) {
		cli_overview_rates(stdout, before, now.counters, clock_mono_ms() - begun);
	}
	gather_fini(&now);
}

int cli_overview(const struct cli_session *s)
{
	struct gather status, peers_now, stats;
	char why[CTL_CLIENT_WHY_MAX], other[CTL_CLIENT_WHY_MAX];
	struct ctl_client *client;
	int err = cli_client(&client, s, s->socket, why);
	bool more;

	if (err) {
		fprintf(stderr, "mtcctl: %s\n", why);
		return err == ERR_INVAL ? CLI_USAGE : CLI_CONNECT;
	}
	gather_init(&status);
	err = gather(client, s, "status", &status, why);
	if (err) {
		fprintf(stderr, "mtcctl: %s\n", why);
	}
	/* a page without peers or counters is better than none */
	gather_init(&peers_now);
	gather_init(&stats);
	more = !err && !gather(client, s, "peers", &peers_now, other) && !gather(client, s, "stats", &stats, other);
	if (!err) {
		cli_overview_show(stdout, &(struct cli_overview){ status.last, peers_now.rows, stats.counters });
	}
	if (more && cli_term_width(stdout)) {
		show_rates(client, s, stats.counters);
	}
	ctl_client_close(client);
	gather_fini(&status);
	gather_fini(&peers_now);
	gather_fini(&stats);
	return err == ERR_REFUSED ? CLI_NO : err ? CLI_CONNECT : CLI_OK;
}
