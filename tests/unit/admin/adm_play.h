/* adm_play.h - commands of an operator against a real core with stores of its own, without the control socket (ctl_fake.h). */
#pragma once
#include "tests/unit/test.h"

#include "admin/adm.h"
#include "admin/adm_int.h"
#include "tests/unit/admin/ctl_fake.h"
#include "tests/unit/core/core_play.h"

struct play {
	struct core_play core;
	struct adm *adm;
};

static inline int play_start(void **state)
{
	struct play *p = calloc(1, sizeof *p);

	core_play_start(&p->core);
	core_play_provision(&p->core);
	core_play_turns(&p->core, 3);
	assert_int_equal(adm_new(&p->adm, p->core.core, -1, &ADM_CONSOLE_NONE), 0);
	*state = p;
	return 0;
}

static inline int play_end(void **state)
{
	struct play *p = *state;

	adm_free(p->adm);
	core_play_end(&p->core);
	ctl_fake_free();
	free(p);
	return 0;
}

/* A command that is answered in a later turn of the loop. */
static inline const struct ctl_answer *ask(struct play *p, const char *command, const char *args)
{
	const struct ctl_answer *a = ctl_fake_run(command, args);

	for (int i = 0; i < 2000 && !a->times; i++) {
		core_play_turns(&p->core, 1);
	}
	assert_int_equal(a->times, 1);
	return a;
}

static inline const json_t *row_of(const struct ctl_answer *a)
{
	assert_true(a->ok);
	assert_int_equal(json_array_size(a->rows), 1);
	return json_array_get(a->rows, 0);
}

/* A member of an answer as JSON text, "" when it is not there; kept until the next call but three. */
static inline const char *json_of(const json_t *o, const char *member)
{
	static char rooms[4][4096];
	static unsigned at;
	char *text = json_object_get(o, member) ? json_dumps(json_object_get(o, member), JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	at = (at + 1) % 4;
	snprintf(rooms[at], sizeof *rooms, "%s", text ? text : "");
	free(text);
	return rooms[at];
}

#define PLAY_TEST(name) cmocka_unit_test_setup_teardown(name, play_start, play_end)
