/* dm_notify.h - what a service manager is told: "ready", "stopping", a line for people, and that
 * the parent still turns (the notification protocol of systemd, sd_notify(3)).
 *
 * The library of systemd opens a socket for each message, which the sandbox of the parent forbids.
 * The socket is opened once, before the sandbox, and the protocol is a few lines of text. */
#pragma once
#include <stdint.h>

#include "base/log.h"
#include "base/obj.h"
#include "net/net_loop.h"

#define DM_NOTIFY_MAGIC 0x6cf3a92eu
struct dm_notify {
	struct obj obj;
	int fd;               /* -1: no service manager waits for messages */
	uint64_t watchdog_ms; /* it ends us after this time without one; 0: it does not watch */
	struct net_timer *beat;
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and takes them out of the environment, so
 * that no child speaks for the parent. ERR_INVAL, ERR_IO: a manager waits and cannot be reached. It
 * would end the process later, so the start ends now. The reason is logged. */
ERR_MUST_USE int dm_notify_open(struct dm_notify *n, struct log *log);
/* Begins to say that the loop turns, twice in the time of the watchdog. */
ERR_MUST_USE int dm_notify_begin(struct dm_notify *n, struct net_loop *l);
/* SCSs can connect. `status` is for people, at most DM_NOTIFY_STATUS_MAX octets of it are sent. */
#define DM_NOTIFY_STATUS_MAX 200u
void dm_notify_ready(struct dm_notify *n, const char *status);
void dm_notify_stopping(struct dm_notify *n, const char *status);
void dm_notify_end(struct dm_notify *n);
