/* core_audit.h - the audit in the core's loop: every decision goes there by the one emitter
 * (audit/aud.h); its thread writes, and this file says what has become of it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/core_audit_post.h"

struct aud_store;
struct mrk_ask;
struct core;
struct net_watch;
struct trg;

struct core_audit {
	struct aud_store *store; /* NULL: the configuration has none */
	struct net_watch *wake;
	uint64_t lost, checkpoints, unsigned_n; /* as counted */
	int error;                              /* errno as logged */
	bool broken, disconnected, cut_told;    /* as logged */
	bool restore_told;                      /* a restore has its record, and its file is still there */
	uint64_t since_ms;                      /* when records last could not be written */
	uint64_t recovered;                     /* records that a crash had taken */
	uint64_t signed_ms;                     /* time of the last checkpoint; 0: none yet */
	struct core_audit_post post;
};

/* Opens it when the configuration has one. An audit that cannot be written is no error: requests
 * are refused then, or not (audit.on_failure). ERR_NOMEM. `key`: public, of the keyholder. */
int core_audit_open(struct core *c, const uint8_t *key, const struct mrk_ask *last, int publish_fd);
void core_audit_close(struct core *c); /* after the last decision */
void core_audit_look(struct core *c);  /* at least once a second */

/* Whether a request is refused now, because its record might not be written. */
bool core_audit_refuses(const struct core *c);

/* A trigger of the journal that was accepted: when its record is not in the audit, a crash took it,
 * and it is made again, flagged. */
void core_audit_restored(struct core *c, const struct trg *t);
void core_audit_restored_all(struct core *c); /* says how many */
/* The record of a restore is written, or the journal has the numbers of after it: when both, the
 * file that says so goes. */
void core_audit_restore_end(struct core *c);
/* The audit is written, and much waits for it: who can make records later should. */
bool core_audit_behind(const struct core *c);
