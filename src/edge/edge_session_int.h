/* edge_session_int.h - what the files of a session give each other, and nobody else:
 * edge_session.c (its states), edge_accept.c (stage 1), edge_identity.c (stage 2), edge_verdict.c
 * (stage 5) and edge_sessions.c (all of them). */
#pragma once
#include "edge/edge_session.h"

/* Changes its state, and nothing else does. */
void edge_session_set_state(struct edge_session *s, enum edge_session_state state);
/* Closes its connection at once and takes it out of every table. `s` is gone. */
void edge_session_free(struct edge_session *s);
/* From now on it does not count as a stranger. */
void edge_session_known(struct edge_session *s);
/* It has been announced to the core. */
bool edge_session_core_knows(const struct edge_session *s);
/* Limit of its unanswered requests: the smaller one of verdict and configuration. */
uint32_t edge_session_pending_max(const struct edge_session *s);

/* Counts a connection that is not authenticated, and logs `why` and `kind`. Lines are bounded:
 * strangers must not fill a disk. */
void edge_session_stranger(struct edge_session *s, const char *why, const char *kind);
/* May the log get a line about a connection that begins or ends as it should? Those left out are
 * counted in one line. */
bool edge_session_may_say(struct edge_sessions *all);

/* net_listen(): `arg` is the struct edge_listener. Takes `fd`. */
void edge_session_accept(void *arg, int fd, const char *peer);
/* It is known who it is, and what can be known of its revocation is: the link gets the stream. `s`
 * may be gone. */
void edge_session_identified(struct edge_session *s);

extern const struct net_stream_cb edge_session_stream_cb; /* until the link has the stream */
extern const struct link_cb edge_session_link_cb;         /* from then on */
extern const struct edge_proof_cb edge_session_proof_cb;
