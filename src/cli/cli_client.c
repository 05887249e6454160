/* cli_client.c - connects to the gateway. A person at a terminal is told when it keeps silent, and
 * how long mtcctl still waits: a core that hangs is ended and started again meanwhile. */
#include "cli/cli_client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli_tick.h"

#define SILENT_MS 2000u

/* "2026-12-01T10:00:03.120Z" -> "10:00:03Z" */
static void time_of_day(char out[CLOCK_TEXT_MAX], uint64_t real_ms)
{
	char text[CLOCK_TEXT_MAX];
	const char *at;

	clock_text(text, real_ms);
	at = strchr(text, 'T');
	snprintf(out, CLOCK_TEXT_MAX, "%.8sZ", at ? at + 1 : text);
}

static void on_silent(void *arg, uint64_t left_ms)
{
	const struct cli_session *s = OBJ_OF(arg, struct cli_session, CLI_SESSION_MAGIC);
	char until[CLOCK_TEXT_MAX], words[CLI_TICK_NOTE_MAX];

	if (s->json || !isatty(STDERR_FILENO)) {
		return;
	}
	time_of_day(until, clock_real_ms() + left_ms);
	snprintf(words, sizeof words, "no answer from mtc-iwfd yet, waiting until %s at the latest (--wait)", until);
	if (!cli_tick_note(s->tick, words)) {
		fprintf(stderr, "mtcctl: %s\n", words);
	}
}

int cli_client(struct ctl_client **out, const struct cli_session *s, const char *path, char why[CTL_CLIENT_WHY_MAX])
{
	struct ctl_patience patience = { SILENT_MS, on_silent, (void *)(uintptr_t)s };

	return ctl_client_open_patiently(out, path, s->wait_ms, &patience, why);
}
