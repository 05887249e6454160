/* doc_conf.h - the configuration of the gateway as the doctor needs it: what it has a file for, its
 * trust anchors with their revocation lists, the TLS of a connection to a peer. It is read as the
 * daemon reads it. */
#pragma once
#include <stdbool.h>

#include "conf/cfg_iwf.h"
#include "doctor/doc_file.h"
#include "tls/tls_crl.h"
#include "tls/tls_stream.h"

struct doc_conf {
	char path[CFG_PATH_MAX];
	struct cfg_iwf *cfg;     /* NULL: not read, */
	char why[CFG_WHY_MAX];   /* because of this */
	bool missing;            /* there is none, or this user may not read it: no mistake in it */
	struct tls_judge *judge; /* over the anchors that can be used; NULL without a configuration */
	struct tls_anchor_conf anchors[CFG_ANCHORS_MAX];
	struct tls_crl_file crls[CFG_ANCHORS_MAX][CFG_CRLS_MAX];
	size_t anchors_n;
};

/* Never fails: what cannot be read is in `why`. A mistake is a finding. So is an anchor that cannot
 * be used, which is left out, and a list that cannot, without which revocation is not checked.
 * `whole`: also that there is no file, or that it is right. */
void doc_conf_begin(struct doc_conf *c, const char *path, struct doc_report *r, bool whole);
void doc_conf_end(struct doc_conf *c);

/* What the configuration has this file for. False: for nothing. The certificate of a key is read
 * into *certificate, which the caller frees by file_copy_fini() in either case. */
struct file_copy;
bool doc_conf_ours(struct doc_ours *out, struct file_copy *certificate, const struct doc_conf *c, const char *file);

/* The peer of this name. NULL: none, or no configuration. */
const struct cfg_peer *doc_conf_peer(const struct doc_conf *c, const char *name);
/* TLS of our connection to it; borrows from `c`. False: it has none, or its anchor cannot be
 * used. */
bool doc_conf_tls(struct tls_conf *out, const struct doc_conf *c, const struct cfg_peer *peer);
