/* ctl_who.c - whether this client may ask: who may name a person, and what a role allows. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "ctl/ctl_internal.h"

/* A person whom only the console knows has the role that it says, up to a bound. */
static const char *check_claim(const struct ctl_server *s, struct ctl_request *rq, const json_t *name, const json_t *role)
{
	if (!json_is_string(role) || ctl_role_parse(&rq->caller.role, json_string_value(role))) {
		return "role is wrong, expected read, operate or admin";
	}
	if (s->conf.claimed_max == CTL_ROLE_NONE) {
		return "mtc-iwfd takes log-ins by a link only, and none by certificate (control.console_certificates)";
	}
	if (rq->caller.role > s->conf.claimed_max) {
		rq->caller.role = s->conf.claimed_max;
	}
	rq->caller.claimed = true;
	str_set(rq->caller.behalf, sizeof rq->caller.behalf, json_string_value(name));
	return NULL;
}

/* The server knows name and role of whoever has a ticket; the name in the request only shows that
 * the console did not mix up its sessions. */
static const char *check_ticket(const struct ctl_server *s, struct ctl_request *rq, const json_t *name, const json_t *ticket)
{
	if (!json_is_string(ticket)) {
		return "ticket is wrong, expected a text";
	}
	if (!s->conf.person || s->conf.person(s->conf.person_arg, json_string_value(ticket), &rq->caller)) {
		return CTL_LOG_IN_AGAIN;
	}
	return strcmp(rq->caller.behalf, json_string_value(name)) ? "on_behalf_of is wrong, expected the person of the ticket"
								  : NULL;
}

const char *ctl_who_behalf(const struct ctl_server *s, struct ctl_request *rq)
{
	const json_t *name = json_object_get(rq->root, "on_behalf_of"), *role = json_object_get(rq->root, "role"),
		     *ticket = json_object_get(rq->root, "ticket");
	bool console = s->conf.has_console && rq->caller.uid == s->conf.console_uid;

	if (!name && !role && !ticket) {
		return NULL;
	}
	if (!console) {
		return "only the console may ask on behalf of a person (control.console_user)";
	}
	if (!json_is_string(name) || json_string_length(name) != strlen(json_string_value(name)) ||
	    !ctl_name_ok(json_string_value(name))) {
		return "on_behalf_of is wrong, expected the name of a person: 1 to 63 of A-Z a-z 0-9 . _ @ + -";
	}
	if (role && ticket) {
		return "role is wrong, expected none beside a ticket";
	}
	return ticket ? check_ticket(s, rq, name, ticket) : check_claim(s, rq, name, role);
}

const char *ctl_who_role(const struct ctl_server *s, const struct ctl_request *rq, const struct ctl_command *command, char *why,
			 size_t cap)
{
	enum ctl_role needs = ctl_command_role(command);

	if (!s->conf.has_console || rq->caller.uid != s->conf.console_uid) {
		return NULL;
	}
	if (!rq->caller.behalf[0]) {
		return command->changes && s->conf.console_only
			   ? "the console changes nothing without the name of a person (on_behalf_of)"
			   : NULL;
	}
	if (rq->caller.role >= needs) {
		return NULL;
	}
	snprintf(why, cap, "needs the role %s, and %s has %s%s", ctl_role_word(needs), rq->caller.behalf,
		 ctl_role_word(rq->caller.role),
		 rq->caller.claimed && needs > s->conf.claimed_max
		     ? ", the most that a log-in by certificate gives (control.console_certificates); log in by a link of "
		       "'mtcctl console'"
		     : "");
	return why;
}
