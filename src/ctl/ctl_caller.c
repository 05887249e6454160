/* ctl_caller.c - who asks: roles, names of persons, and the words for both. */
#include <stdio.h>
#include <string.h>

#include "ctl/ctl_server.h"

static const char *const words[] = {
	[CTL_ROLE_NONE] = "none", [CTL_ROLE_READ] = "read", [CTL_ROLE_OPERATE] = "operate", [CTL_ROLE_ADMIN] = "admin"
};

const char *ctl_role_word(enum ctl_role role)
{
	return (unsigned)role < sizeof words / sizeof *words ? words[role] : words[CTL_ROLE_NONE];
}

int ctl_role_parse(enum ctl_role *out, const char *word)
{
	for (unsigned i = CTL_ROLE_READ; i <= CTL_ROLE_ADMIN; i++) {
		if (!strcmp(word, words[i])) {
			*out = (enum ctl_role)i;
			return 0;
		}
	}
	return ERR_INVAL;
}

bool ctl_name_ok(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@+-";
	size_t n = strspn(name, allowed);

	return n > 0 && n < CTL_NAME_MAX && !name[n];
}

const char *ctl_caller_text(char out[CTL_CALLER_MAX], const struct ctl_caller *caller)
{
	const char *by = caller->claimed ? " by a certificate and the console, " : " by the console, ";

	snprintf(out, CTL_CALLER_MAX, "%s%suid %u", caller->behalf, caller->behalf[0] ? by : "", (unsigned)caller->uid);
	return out;
}

/* What keeps the service going. Who may trigger what, and how it is judged, is for admin. */
const char *const ctl_operate_commands[] = { "peers.start", "peers.stop", "triggers.cancel", "quota.reset", NULL };

enum ctl_role ctl_command_role(const struct ctl_command *command)
{
	bool operate = false;

	for (size_t i = 0; ctl_operate_commands[i]; i++) {
		operate = operate || !strcmp(ctl_operate_commands[i], command->name);
	}
	return !command->changes ? CTL_ROLE_READ : operate ? CTL_ROLE_OPERATE : CTL_ROLE_ADMIN;
}
