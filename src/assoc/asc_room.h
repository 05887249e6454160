/* asc_room.h - looking at the room of the two environments (room-private). */
#pragma once
struct asc;

/* Frees the slots of dead readers, and notes what asc_rooms() gives. On the store's thread, or before the thread runs. */
void asc_room_look(struct asc *a);
