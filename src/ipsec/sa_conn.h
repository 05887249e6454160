/* sa_conn.h - the connection of strongSwan that is loaded for one SCS under NDS/IP, and the
 * check of what an operator provisioned for it: IKEv2, certificates of both sides, the trust
 * anchor of this SCS alone (remote.cacerts), suites of the profile with perfect forward secrecy,
 * selectors with protocol and port, one child for each host of the SCS.
 *
 * The reauthentication before the old IKE_SA ends (make before break) is a setting of charon as
 * a whole, charon.make_before_break in strongswan.conf; a connection cannot ask for it. The
 * private key is loaded apart, and so are the CRLs of the trust anchor: without a valid one
 * charon refuses the SCS (revocation strict). PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipsec/sa_ts.h"
#include "ipsec/vici_write.h"

#define SA_CONN_PREFIX "mtc-" /* of the names of our connections */
/* Before the name of a peer of the core, in place of an SCS's: no name of an SCS begins so. */
#define SA_PEER_PREFIX "+"
#define SA_CONN_NAME_MAX 72 /* with NUL: prefix and name of the SCS */
#define SA_CONN_WHY_MAX 256 /* with NUL */
#define SA_HOSTS_MAX 32u    /* of one SCS */
#define SA_CACERTS_MAX 16u

/* Suites of the profile (TS 33.210, RFC 8221 and 8247), where nothing else is configured. */
#define SA_IKE_PROPOSALS "aes128gcm16-prfsha256-ecp256", "aes256gcm16-prfsha384-ecp384"
#define SA_ESP_PROPOSALS "aes128gcm16-ecp256", "aes256gcm16-ecp384"

struct sa_texts {
	const char *const *p;
	size_t n;
};

struct sa_blob { /* a certificate, DER or PEM */
	const void *p;
	size_t len;
};

struct sa_conn {                               /* all borrowed */
	const char *scs;                       /* name of the SCS, or that of a peer with SA_PEER_PREFIX */
	struct sa_texts local_ike, remote_ike; /* numeric; remote "%any": the SCS initiates */
	const char *local_id, *remote_id;      /* hosts; remote: the Origin-Host of the SCS */
	struct sa_blob certificate;            /* ours */
	const struct sa_blob *cacerts;         /* the trust anchors of this SCS */
	size_t cacerts_n;
	struct sa_texts ike_proposals, esp_proposals; /* none: SA_IKE_PROPOSALS, SA_ESP_PROPOSALS */
	const struct sa_ts *local;                    /* our protected addresses with protocol and port */
	size_t local_n;
	const struct sa_ts *remote; /* hosts of the SCS with the same protocol; each is a child */
	size_t remote_n;
	uint32_t child_rekey_s, ike_rekey_s, reauth_s; /* 0: the defaults below */
	bool udp_encap;                                /* ESP in UDP always, for kernel-libipsec */
	/* The service is at the other end, and connections begin at ours: one port in each selector
	 * of the remote hosts, and every port in those of ours. */
	bool we_connect;
};

#define SA_CHILD_REKEY_S 3600u
#define SA_IKE_REKEY_S 14400u
#define SA_REAUTH_S 86400u
#define SA_REPLAY_WINDOW 64u
#define SA_DPD_S 30u

/* Whether it can be loaded. ERR_INVAL with words that name what is wrong and what was expected. */
ERR_MUST_USE int sa_conn_check(const struct sa_conn *c, char why[SA_CONN_WHY_MAX]);

/* Whether it is the name of an SCS, or SA_PEER_PREFIX and one: at most IDENT_SCS_MAX octets. */
bool sa_conn_name_ok(const char *scs);
/* The name of the connection of an SCS. The name of an SCS has at most IDENT_SCS_MAX octets. */
void sa_conn_name(char out[SA_CONN_NAME_MAX], const char *scs);

/* Writes the command load-conn for a checked connection; the caller ends the packet with
 * vici_out_end(). Loading does not initiate: a change of a loaded connection holds from the next
 * IKE_SA on, so whoever changes one terminates and initiates. */
void sa_conn_load(struct vici_out *o, const struct sa_conn *c);

/* One proposal, such as aes128gcm16-ecp256. ERR_INVAL with words: a word that the profile does not
 * have, no encryption, no integrity beside one that needs it, no group (perfect forward secrecy),
 * no pseudo-random function (`ike`). */
ERR_MUST_USE int sa_proposal_check(const char *proposal, bool ike, char why[SA_CONN_WHY_MAX]);
