/* core_answer.c - stage 13 of core_path.c: the answer goes to all who wait for it. */
#include "base/fault.h"
#include "core/core_int.h"
#include "core/core_path.h"

static void send_one(void *arg, const struct core_dup_waiter *w, const struct ipc_device_action_answer *a)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	struct core_edge *e = core_edge_find(c, w->generation);
	struct ipc_device_action_answer mine = *a;
	char words[EDGE_WORDS_MAX];

	if (!e) {
		return; /* its connection has closed; a copy of the request gets the same answer */
	}
	mine.session = w->session;
	if (core_send(e, ipc_device_action_answer_put(c->record, w->generation, w->transaction, &mine))) {
		log_error(c->log, "core", "transaction %u-%06llx: %s does not take the answer", w->generation,
			  (unsigned long long)w->transaction, core_edge_words(words, e));
	}
	FAULT_POINT(CORE_ANSWER_QUEUED);
}

/* From its answer on, another request with its Session-Id is a replay. */
static void finished(struct core *c, const struct core_dup_entry *dup)
{
	struct core_replay_request q = core_dup_request(dup);
	uint64_t before = core_replay_forgotten(c->replay);

	core_replay_finish(c->replay, &q, core_now_ms(c));
	st_count_n(&c->st, ST_REPLAYS_FULL, core_replay_forgotten(c->replay) - before);
}

void core_answer(struct core *c, struct core_dup_entry *dup, const struct core_dup_waiter *asker,
		 const struct ipc_device_action_answer *a)
{
	if (dup) {
		finished(c, dup);
		core_dup_settle(c->dup, dup, a, send_one, c);
	} else {
		send_one(c, asker, a);
	}
}
