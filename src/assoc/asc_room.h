/* asc_room.h - looking at the room of the two environments (room-private). */
#pragma once
struct asc;

/* Frees the slots of dead readers and records the values that asc_rooms() returns. On the store's
 * thread, or before the thread runs. */
void asc_room_look(struct asc *a);

/* On the store's thread: records the result of a change as far as it concerns writing. ERR_NOSPC
 * and ERR_IO are recorded and the room is examined. 0 ends that state. Any other error says nothing
 * about the disk. */
void asc_room_wrote(struct asc *a, int err);
