/* asc_room.h - looking at the room of the two environments (room-private). */
#pragma once
struct asc;

/* Frees the slots of dead readers, and notes what asc_rooms() gives. On the store's thread, or before the thread runs. */
void asc_room_look(struct asc *a);

/* On the store's thread: what a change came to, as far as it is about writing. ERR_NOSPC and ERR_IO are noted and the room is looked at;
 * 0 ends that. Any other error says nothing about the disk. */
void asc_room_wrote(struct asc *a, int err);
