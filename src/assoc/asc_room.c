/* asc_room.c - the room of the two environments, and the readers that hold old pages of them. */
#include "assoc/asc_room.h"

#include "assoc/asc_lmdb.h"
#include "assoc/asc_store.h"
#include "base/clock.h"

#define DISK_FREED (1u << 20) /* so much more than at the failure: somebody has freed space */

/* The end of a full disk is reported before the next change proves it. A quota is not visible here:
 * only the change shows it. */
static void judge_failing(struct asc *a, struct kv_room *now)
{
	if (a->failing == ERR_NOSPC && !a->failing_disk_known) {
		a->failing_disk = now->disk;
		a->failing_disk_known = true;
	} else if (a->failing == ERR_NOSPC && now->disk >= a->failing_disk + DISK_FREED) {
		a->failing = 0;
	}
	now->failing = a->failing;
}

void asc_room_wrote(struct asc *a, int err)
{
	if (err != 0 && err != ERR_NOSPC && err != ERR_IO) {
		return;
	}
	if (err || a->failing) {
		a->failing = err;
		a->failing_disk_known = false;
		asc_room_look(a);
	}
}

void asc_room_look(struct asc *a)
{
	struct asc_rooms now;
	bool main_seen = kv_room_look(&a->main->kv, &now.main) == 0, rows_seen = kv_room_look(&a->gen->kv, &now.rows) == 0;

	a->look_ms = clock_mono_ms() + ASC_LOOK_MS;
	if (main_seen) {
		judge_failing(a, &now.main);
	}
	pthread_mutex_lock(&a->lock);
	if (main_seen) {
		a->rooms.main = now.main;
	}
	if (rows_seen) {
		a->rooms.rows = now.rows;
	}
	pthread_mutex_unlock(&a->lock);
}

void asc_rooms(struct asc *a, struct asc_rooms *out)
{
	OBJ_CHECK(a, ASC_MAGIC);
	if (pthread_mutex_trylock(&a->lock) == 0) {
		a->rooms_seen = a->rooms;
		pthread_mutex_unlock(&a->lock);
	}
	*out = a->rooms_seen;
}
