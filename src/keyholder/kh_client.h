/* kh_client.h - the edge's end: asks a keyholder for signatures, and gives up on one that does not
 * answer. It never blocks. */
#pragma once
#include <stdint.h>

#include "base/log.h"
#include "net/net_loop.h"
#include "stats/st.h"
#include "tls/tls_signer.h"

struct kh_client;

/* An edge may have a channel to each of the two processes with keys. */
enum kh_kind { KH_FILES, KH_PKCS11, KH_KINDS };
/* "keyholder", "keyholder-p11". */
const char *kh_kind_name(unsigned kind);

struct kh_client_conf { /* its pointers are borrowed until kh_client_free() */
	struct net_loop *loop;
	const struct log *log;
	struct st_counters *st; /* ST_EDGE_SIGN_*; NULL: not counted */
	uint64_t wait_ms;       /* for one signature */
	unsigned waiting_max;   /* requests without answer at one keyholder */
	/* The channel to a keyholder of this kind closed, at its end or because of what came;
	 * kh_client_channel() may give another one. NULL: nobody wants to know. */
	void (*lost)(void *arg, unsigned kind);
	void *arg;
};

ERR_MUST_USE int kh_client_new(struct kh_client **out, const struct kh_client_conf *conf);
void kh_client_free(struct kh_client *c); /* NULL allowed. Nothing waits for a signature. */

/* A new channel to a keyholder, in the place of an older one. Takes fd in every case. `keys`: a bit
 * for the index of each listener whose key is there. ERR_INVAL: no such kind; ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int kh_client_channel(struct kh_client *c, unsigned kind, int fd, uint64_t keys);

/* Its functions for tls_remote_new(). Borrows `c`. */
struct tls_signer kh_client_signer(struct kh_client *c);
