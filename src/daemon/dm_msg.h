/* dm_msg.h - messages between the parent and its children: one fixed size over a SOCK_SEQPACKET
 * pair, with descriptors (SCM_RIGHTS). The parent accepts only the kinds that children send. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DM_CHILD_FD 3 /* where a child finds its end */
#define DM_FDS_MAX 4

/* What a process could not do with a set of files. */
enum dm_set_step { DM_STEP_CONFIG, DM_STEP_FILES, DM_STEP_CONTEXTS, DM_STEP_LISTEN, DM_STEPS };

enum dm_kind {
	/* parent > child */
	DM_CONFIG = 1,        /* fd: sealed configuration, dm_config.h. index: slot, generation, value: zone of an edge */
	DM_SET = 2,           /* fd: sealed part of the files, dm_part.h; again after each reload, with the configuration */
	DM_LISTEN = 3,        /* fd; index: listener; also before a DM_SET whose configuration has more of them */
	DM_CAPS = 4,          /* fd: counter page of the edges of one zone. index: slot of this edge in it */
	DM_CONTROL = 5,       /* fd: listening control socket */
	DM_DECISIONS = 6,     /* fd: decision log; again after each rotation */
	DM_START = 7,         /* that was all: begin */
	DM_RING = 8,          /* 4 fds; for the core index: slot, generation, what: zone, value: of the edge, dm_ring_value() */
	DM_EDGE_GONE = 9,     /* generation */
	DM_STOP = 10,         /* end in order */
	DM_BEAT = 19,         /* fd: page of its sign of life */
	DM_HUNG = 20,         /* for the core. value: that many more processes of a kind were ended because they hung;
			       * what: the kind, enum sbx_role; index: how many since the start of the parent */
	DM_LOG_LOST = 14,     /* for the core. value: that many more lines of the parent's log were lost */
	DM_REFUSED = 22,      /* for the core. value: that many more processes were ended by their sandbox */
	DM_SANDBOX_GONE = 23, /* for the core. generation: pid of a process that ended */
	DM_EDGE_SET = 15,     /* core: generation: of an edge, value: of the set of files that it uses */
	DM_KEYS = 24,         /* fd: end of a pair between an edge and a keyholder. what: enum kh_kind; value: bits of listeners;
			    * generation: for the keyholder, of the edge; index: for the edge, number of the pair */
	DM_SETS_USED = 28,    /* keyholder: value: generation of the oldest set of files that an edge uses */
	DM_KEYHOLDER = 25,    /* core: what: enum kh_kind, index: enum dm_child_state, generation, value: pid of a keyholder */
	DM_NDSIP = 29,        /* fd: end of a pair between the NDS/IP helper and an edge or the core. generation: for the helper,
			    * of the edge, 0: the core; index: for the edge and the core, number of the pair */
	DM_VICI = 32,         /* NDS/IP helper: fd: connected to charon; without: value: errno */
	DM_RELOADED = 16,     /* core: fd: sealed lines of the report, value: 1 when the set is in use, index: of the request,
			    * 0: SIGHUP; what: 1: it was to show only, 2: the configuration is another one */
	DM_CONFIG_DISK = 70,  /* core: value: 1: the file of the configuration is another one than that in force */
	DM_CONSOLE = 73, /* core: fd: sealed numbers and names of this machine, dm_console.h; again when a reload finds others */
	DM_NAMES_LATE = 75,    /* core: value: that many more reloads had no answer of the name service */
	DM_WAITS = 74,         /* core: fd: sealed lines of the items that wait for the next start; none: no item does */
	DM_CRL_RENEWED = 40,   /* core: value: that many more times files of CRLs were taken without a reload */
	DM_CRL_REFUSED = 41,   /* core: value: that many more times they were wrong */
	DM_CRL_WRONG = 42,     /* core: value: anchors whose files are wrong, and which use those before; a bit for each */
	DM_AUDIT_KEY = 50,     /* fd: sealed struct dm_audit_hand (dm_audit.h), for the keyholder and for the core */
	DM_AUDIT = 51,         /* fd: end of the pair between the core and the keyholder for checkpoints */
	DM_AUDIT_PUBLISH = 52, /* core: fd: file for published checkpoints; again after each rotation */
	DM_FETCH = 60, /* fd: end of a pair between an edge, or the core, and the fetcher. generation: of the edge or core;
			* index: number of the pair; what: 1: it is the core */
	DM_FETCH_CONNECTED = 61, /* fetcher: fd: a connection to a responder, or none. generation: as in DM_FETCH_WANTED */
	DM_METRICS = 71,         /* fd: page of the metrics, for the core to write, for their process to read */
	DM_METRICS_LISTEN = 72,  /* metrics: fd: listening */
	/* child > parent */
	DM_AUDIT_SIGNED = 53, /* keyholder: a checkpoint was signed. index 0: value: its size; 1 to 4: 8 octets of its root */
	DM_READY = 11,
	DM_BAD_EDGE = 12,     /* core, keyholder: generation */
	DM_SET_TAKEN = 17,    /* generation: of the set of files, value: 1 when it is used from now on; else what: enum
			       * dm_set_step, index: the error, positive */
	DM_KEYS_LOST = 27,    /* edge: a pair of DM_KEYS closed. what: enum kh_kind, index: its number */
	DM_NDSIP_LOST = 30,   /* edge, core: the pair of DM_NDSIP closed. index: its number */
	DM_VICI_WANTED = 31,  /* NDS/IP helper: a connection to charon */
	DM_FETCH_LOST = 62,   /* edge, core: the pair of DM_FETCH closed. index: its number */
	DM_FETCH_WANTED = 63, /* fetcher: a connection. index: number of a responder; generation: repeated in the answer */
	DM_RELOAD = 18,       /* core: an operator wants the files read again; index: of the request; value: 1: only shown */
	/* child > parent > core: what is in force. generation: pid, index: uid, value:
	 * capabilities, what: dm_sandbox.h */
	DM_SANDBOX = 21,
	/* both ways: from a keyholder to the parent, from the parent to the core */
	DM_COUNT = 26, /* what: enum st_counter, value: that many more; to the core index: enum kh_kind */
	/* both ways: from the core to the parent, from the parent to the edges */
	DM_LOG_LEVEL = 13, /* value */
};

#define DM_RELOADED_DRY 1u /* in `what` of DM_RELOADED */
#define DM_RELOADED_CONFIG 2u

struct dm_msg {
	uint32_t kind; /* enum dm_kind */
	uint32_t what, index, generation;
	uint64_t value;
};

/* The value of DM_RING: the process of the edge, and a bit for each listener that it was given. */
static inline uint64_t dm_ring_value(uint32_t pid, uint32_t listeners)
{
	return (uint64_t)listeners << 32 | pid;
}

/* Sends; the descriptors stay the caller's. ERR_CLOSED, ERR_BUSY (the other side does not read),
 * ERR_IO. */
ERR_MUST_USE int dm_send(int sock, const struct dm_msg *m, const int *fds, int fds_n);

/* Receives one; descriptors beyond those in the message are -1. Blocks when the socket does.
 * ERR_AGAIN, ERR_CLOSED, ERR_IO, ERR_PROTO (another size or number of descriptors: everything
 * received is closed). */
ERR_MUST_USE int dm_recv(int sock, struct dm_msg *m, int fds[DM_FDS_MAX]);

/* A sealed copy of `len` bytes, close-on-exec. ERR_IO. */
ERR_MUST_USE int dm_memfd(int *fd, const char *name, const void *p, size_t len);
/* The same of `n` pieces, one behind the other. */
struct iovec;
ERR_MUST_USE int dm_memfd_v(int *fd, const char *name, const struct iovec *v, size_t n);
