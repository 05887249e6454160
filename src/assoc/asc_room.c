/* asc_room.c - the room of the two environments, and the readers that hold old pages of them. */
#include "assoc/asc_room.h"

#include "assoc/asc_lmdb.h"
#include "assoc/asc_store.h"
#include "base/clock.h"

void asc_room_look(struct asc *a)
{
	struct asc_rooms now;
	bool main_seen = kv_room_look(&a->main->kv, &now.main) == 0, rows_seen = kv_room_look(&a->gen->kv, &now.rows) == 0;

	a->look_ms = clock_mono_ms() + ASC_LOOK_MS;
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
	if (pthread_mutex_trylock(&a->lock) == 0) {
		a->rooms_seen = a->rooms;
		pthread_mutex_unlock(&a->lock);
	}
	*out = a->rooms_seen;
}
