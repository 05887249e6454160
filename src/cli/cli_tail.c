/* cli_tail.c - `tail`: decisions as they are made. It asks the gateway, and not the file of the
 * decision log, so that the rights on the control socket decide who sees them. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/obj.h"
#include "cli/cli_client.h"
#include "cli/cli_command.h"
#include "cli/cli_term.h"

#define LINE_WAIT_MS 20000u /* the gateway says something every few seconds */
#define AGAIN_MS 200u

#define TAIL_MAGIC 0x9d17f3c8u
struct tail {
	struct obj obj;
	bool json;
	uint64_t left; /* decisions until the end; UINT64_MAX: no end */
	bool heard;    /* on this connection */
};
enum { TAIL_ENOUGH = 1 }; /* no error of ctl_client_ask() is positive */

static enum cli_tone tone_of(const char *verdict)
{
	return strcmp(verdict, "refused") == 0 ? CLI_BAD : strcmp(verdict, "accepted") == 0 ? CLI_GOOD : CLI_DOUBTFUL;
}

static void put(const json_t *row, const char *member, const char *before)
{
	char text[CLI_SHOWN_MAX];

	if (*cli_member(text, row, member)) {
		printf("%s%s", before, text);
	}
}

/* 2027-01-01T10:00:00.123Z refused trigger acme meter-7@fleet.example 41: no-association; RULE */
static void show(const json_t *row)
{
	char verdict[CLI_SHOWN_MAX], time[CLI_SHOWN_MAX];

	cli_member(verdict, row, "verdict");
	printf("%s ", cli_member(time, row, "time"));
	cli_term_begin(stdout, tone_of(verdict));
	printf("%-8s", verdict);
	cli_term_end(stdout, tone_of(verdict));
	put(row, "action", " ");
	put(row, "scs", " ");
	put(row, "device", " ");
	put(row, "reference", " ");
	put(row, "reason", ": ");
	put(row, "rule", "; ");
	put(row, "address", " (");
	puts(*cli_member(time, row, "address") ? ")" : "");
}

static void show_json(const json_t *row)
{
	char *text = json_dumps(row, JSON_COMPACT | JSON_ENSURE_ASCII);

	if (text) {
		puts(text);
	}
	free(text);
}

static int on_row(void *arg, const json_t *row)
{
	struct tail *t = OBJ_OF(arg, struct tail, TAIL_MAGIC);
	bool decision = json_object_get(row, "verdict") != NULL;

	t->heard = true;
	if (json_is_true(json_object_get(row, "done")) || json_object_get(row, "idle")) {
		return 0;
	}
	if (t->json) {
		show_json(row);
	} else if (decision) {
		show(row);
	} else {
		printf("... %lld decisions are left out here: this reader was too slow\n", cli_number(row, "dropped"));
	}
	if (fflush(stdout)) {
		return TAIL_ENOUGH; /* nobody reads any more; mtcctl says so at its end */
	}
	t->left -= decision;
	return t->left ? 0 : TAIL_ENOUGH;
}

static void pause_a_little(void)
{
	const struct timespec t = { .tv_nsec = AGAIN_MS * 1000000L };

	(void)nanosleep(&t, NULL);
}

/* Connects; again and again for as long as mtcctl waits, once it was connected. */
static int connect_to(struct ctl_client **out, const struct cli_session *s, bool again, char why[CTL_CLIENT_WHY_MAX])
{
	uint64_t by_ms = clock_mono_ms() + s->wait_ms;
	int err = cli_client(out, s, s->socket, why);

	while (err && again && clock_mono_ms() < by_ms) {
		pause_a_little();
		err = cli_client(out, s, s->socket, why);
	}
	return err;
}

int cli_tail(const struct cli_session *s, json_t *args)
{
	const json_t *count = json_object_get(args, "count");
	struct tail t = { OBJ(TAIL_MAGIC), s->json, count ? (uint64_t)json_integer_value(count) : UINT64_MAX, false };
	char why[CTL_CLIENT_WHY_MAX];
	bool again = false;

	json_object_del(args, "count");
	for (;;) {
		struct ctl_client *client;
		int err = connect_to(&client, s, again, why);

		if (err) {
			fprintf(stderr, "mtcctl: %s\n", why);
			return err == ERR_INVAL ? CLI_USAGE : CLI_CONNECT;
		}
		t.heard = false;
		err = ctl_client_ask(client, "decisions.follow", args, -1, s->wait_ms > LINE_WAIT_MS ? s->wait_ms : LINE_WAIT_MS,
				     on_row, &t, why);
		ctl_client_close(client);
		if (err == TAIL_ENOUGH) {
			return CLI_OK;
		}
		if (err != ERR_CLOSED && !(err == ERR_REFUSED && t.heard)) {
			fprintf(stderr, "mtcctl: %s\n", why);
			return err == ERR_REFUSED ? CLI_NO : CLI_CONNECT;
		}
		fprintf(stderr, "mtcctl: %s; connecting again, what is decided meanwhile is in the decision log\n", why);
		again = true;
	}
}
