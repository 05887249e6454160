/* ctl_persons.h - who is logged in at the console, as mtc-iwfd knows it by itself: links that were
 * made for persons whom the kernel named, and the log-ins that these links became. A console that
 * was taken over can ask for these persons only, with their roles, until their time is over.
 * The table is bounded. A person with per_person_max entries loses the one that was used longest
 * ago, so that nobody keeps others out. Secrets are compared without regard to where they differ.
 * PURE: times and random octets are arguments. */
#pragma once
#include "ctl/ctl_server.h"

#define CTL_SECRET_OCTETS 16 /* 128 random bits in each link and ticket */
#define CTL_SECRET_MAX (2 * CTL_SECRET_OCTETS + 1)

struct ctl_person {
	char name[CTL_NAME_MAX];
	uid_t uid;
	enum ctl_role role;
};

struct ctl_persons_conf {
	uint32_t max, per_person_max; /* links and log-ins together */
	/* a log-in ends after this time, and when it was not used for so long */
	uint64_t session_ms, idle_ms;
};

/* The groups of this machine whose members have a role; CTL_NO_GROUP: nobody has it. */
#define CTL_NO_GROUP ((gid_t)-1)
struct ctl_roles {
	gid_t read, operate, admin;
};
/* The highest role of the client's groups. Root has admin. */
enum ctl_role ctl_role_of(const struct ctl_roles *roles, const struct ctl_caller *caller);

struct ctl_persons;
/* ERR_NOMEM. */
ERR_MUST_USE int ctl_persons_new(struct ctl_persons **out, const struct ctl_persons_conf *conf);
void ctl_persons_free(struct ctl_persons *p); /* NULL allowed */

/* Makes a link of the random octets, for `link_ms`. ERR_BUSY: all places belong to others.
 * ERR_INVAL: no role, or a name that is none. */
ERR_MUST_USE int ctl_persons_link(struct ctl_persons *p, const struct ctl_person *person, const uint8_t random[CTL_SECRET_OCTETS],
				  uint64_t link_ms, uint64_t now_ms, char link[CTL_SECRET_MAX]);
/* Uses a link up: it becomes a log-in, whose ticket is made of the random octets. ERR_AUTH: no such
 * link is open. */
ERR_MUST_USE int ctl_persons_enter(struct ctl_persons *p, const char *link, const uint8_t random[CTL_SECRET_OCTETS],
				   uint64_t now_ms, char ticket[CTL_SECRET_MAX], struct ctl_person *out);
/* The person of this ticket, which is used now. ERR_AUTH: there is no such log-in, or it is
 * over. */
ERR_MUST_USE int ctl_persons_find(struct ctl_persons *p, const char *ticket, uint64_t now_ms, struct ctl_person *out);
/* Ends the log-in of this ticket; nothing happens without one. */
void ctl_persons_leave(struct ctl_persons *p, const char *ticket);
/* Links and log-ins that are open now. */
uint32_t ctl_persons_open(const struct ctl_persons *p, uint64_t now_ms);
