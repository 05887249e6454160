/* jrn_trouble.c - no space, or a disk that fails: when it begins, and how the journal finds out
 * that it is over.
 * What goes on meanwhile is in jrn_commit.c. */
#include <stdio.h>

#include "base/str.h"
#include "journal/jrn_int.h"

#define PROBE_WAIT_MIN_US 100000u
#define PROBE_WAIT_MAX_US 5000000u
#define MAKING_US 20000u
#define ROOM_ROUNDS 64 /* commits that win room, for each test */

#define ANY (MACHINE_TO(JRN_WELL) | MACHINE_TO(JRN_FULL) | MACHINE_TO(JRN_FAILING))

static const char *const health_words[] = { "well", "full", "failing" };

static const uint32_t next_healths[] = { [JRN_WELL] = ANY, [JRN_FULL] = ANY, [JRN_FAILING] = ANY };

const struct machine jrn_machine = { "journal", "journal", health_words, next_healths, JRN_HEALTHS };

static enum jrn_health health_of(int state)
{
	return state == 0 ? JRN_WELL : state == ERR_NOSPC ? JRN_FULL : JRN_FAILING;
}

/* The one place where the state of the store changes. The core logs it (core_journal.c): there is
 * no log on this side. */
static void set_state(struct jrn_store *s, int state)
{
	(void)machine_go(&jrn_machine, s->counts.in_health, health_of(s->state), health_of(state));
	s->state = state;
}

void jrn_set_trouble(struct jrn_store *s, int err, uint64_t now_us)
{
	int state = err == ERR_NOSPC ? ERR_NOSPC : ERR_IO;

	if (!s->state) {
		s->counts.troubles++;
		jrn_look(s, now_us);
		s->probe_wait_us = PROBE_WAIT_MIN_US;
		s->probe_us = now_us + PROBE_WAIT_MIN_US;
	}
	if (s->state != state) {
		str_cut(s->why.text, sizeof s->why.text, s->last.text);
		set_state(s, state);
	}
}

/* -- free space */

void jrn_look(struct jrn_store *s, uint64_t now_us)
{
	const struct jrn_log *l = &s->log;
	uint64_t live_max = jrn_log_live_max(l), inside = (l->spares + 1) * l->segment_size;
	struct kv_room room = { .size = l->octets, .size_max = l->size_max, .failing = s->state };

	/* while a spare is made, soon: the next one follows it */
	s->look_us = now_us + (l->maker && jrn_maker_busy(l->maker) ? MAKING_US : JRN_LOOK_MS * 1000ull);
	l->disk->space(l->disk->arg, &room.disk, &room.disk_max);
	room.map_left = live_max > l->live_octets ? live_max - l->live_octets : 0;
	room.left = room.disk_max && room.disk + inside < room.map_left ? room.disk + inside : room.map_left;
	s->room = room;
	s->counts.octets = l->octets;
	s->counts.records = l->live;
}

/* -- the end of trouble */

static bool has_room(const struct jrn_log *l)
{
	uint64_t live_max = jrn_log_live_max(l);
	bool place = jrn_spare_for_new(l) || (l->spares >= JRN_RESERVE_SPARES && jrn_segment_room(l) >= l->segment_size / 4);

	/* a margin, so that trouble does not begin and end with each record */
	return place && l->live_octets <= live_max - live_max / 16;
}

/* Tries to have a spare beyond the reserve: a new one, or one that is won back. */
static int win_room(struct jrn_store *s)
{
	struct jrn_log *l = &s->log;
	int err = 0;

	jrn_spares_look(l);
	if (!l->maker) {
		err_ignore(jrn_spares_need(l, JRN_WANTED_SPARES), "then it has to be won back");
	}
	if (l->pinned) { /* each round would take a segment and give none back */
		return err;
	}
	for (int i = 0; !err && i < ROOM_ROUNDS && !jrn_spare_for_new(l) && (jrn_log_has_waste(l) || s->kept_n); i++) {
		uint64_t seq = l->seq;

		err = jrn_commit_room(s);
		if (l->seq == seq) {
			break; /* there was nothing to write */
		}
	}
	return err;
}

static int probe(struct jrn_store *s)
{
	int err = 0;

	if (s->held || s->log.damaged) {
		return ERR_IO;
	}
	if (s->log.fd < 0) {
		err = jrn_segment_next(&s->log, true);
	}
	if (!err) {
		err = win_room(s);
	}
	return err ? err : has_room(&s->log) ? 0 : ERR_NOSPC;
}

void jrn_probe(struct jrn_store *s, uint64_t now_us)
{
	int err = probe(s);

	if (!err) {
		set_state(s, 0);
		return;
	}
	jrn_set_trouble(s, err, now_us);
	s->probe_wait_us = 2 * s->probe_wait_us < PROBE_WAIT_MAX_US ? 2 * s->probe_wait_us : PROBE_WAIT_MAX_US;
	s->probe_us = now_us + s->probe_wait_us;
}
