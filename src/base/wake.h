/* wake.h - an eventfd by which one thread wakes another: the other watches it for reading. Any thread. */
#pragma once

/* Makes it readable. Cannot fail where it matters: a full counter is readable already. Never blocks (EFD_NONBLOCK is the caller's). */
void wake_set(int eventfd);
/* Makes it unreadable until the next wake_set(); first, before looking at the work: what is finished after this wakes again. */
void wake_clear(int eventfd);
