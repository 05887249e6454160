/* wake.h - an eventfd by which one thread wakes another, which watches it for reading. Any thread
 * may call. */
#pragma once

/* Makes it readable. Cannot fail where it matters: a full counter is readable already. Never
 * blocks, because the caller opened it with EFD_NONBLOCK. */
void wake_set(int eventfd);
/* Clears the signal until the next wake_set(). Call it before looking at the work: work that is
 * finished later signals again. */
void wake_clear(int eventfd);
