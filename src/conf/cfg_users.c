/* cfg_users.c - the users of the processes, see cfg_users.h. */
#include "conf/cfg_users.h"

#include <stdio.h>
#include <unistd.h>

#include "conf/cfg_names.h"

static const char *const process_words[CFG_PROCESSES] = { "the core", "the edges", "the keyholders" };

static const char *own_name(const struct cfg_iwf *c, enum cfg_process which)
{
	return which == CFG_PROCESS_CORE ? c->user_core : which == CFG_PROCESS_EDGE ? c->user_edge : c->user_keyholder;
}

int cfg_user_find(struct cfg_user *out, const struct cfg_iwf *c, enum cfg_process which)
{
	static const char *const keys[CFG_PROCESSES] = { "users.core", "users.edge", "users.keyholder" };
	const char *own = own_name(c, which);

	*out =
	    (struct cfg_user){ .id = { geteuid(), getegid() }, .name = *own ? own : c->user, .key = *own ? keys[which] : "user" };
	if (!*out->name || geteuid() != 0) {
		return 0;
	}
	out->change = true;
	return cfg_names_user(&out->id, &c->names, out->name);
}

static bool named(const struct cfg_iwf *c)
{
	return *c->user_core || *c->user_edge || *c->user_keyholder;
}

/* One that stays root, or shares its user with another. */
static bool shared(const struct cfg_user u[CFG_PROCESSES], char words[CFG_WHY_MAX])
{
	for (unsigned i = 0; i < CFG_PROCESSES; i++) {
		if (u[i].id.uid == 0) {
			snprintf(words, CFG_WHY_MAX,
				 "%s would run as root; give each kind of process a user of its own with users: { core, edge, "
				 "keyholder }",
				 process_words[i]);
			return true;
		}
		for (unsigned j = 0; j < i; j++) {
			if (u[i].id.uid == u[j].id.uid) {
				snprintf(words, CFG_WHY_MAX,
					 "%s and %s would share the user '%s'; give each a user of its own with users: { core, "
					 "edge, keyholder }",
					 process_words[j], process_words[i], u[i].name);
				return true;
			}
		}
	}
	return false;
}

enum cfg_users_state cfg_users_look(const struct cfg_iwf *c, char words[CFG_WHY_MAX])
{
	struct cfg_user u[CFG_PROCESSES];

	words[0] = 0;
	if (geteuid() != 0) {
		snprintf(
		    words, CFG_WHY_MAX,
		    "mtc-iwfd was not started as root, so that all its processes run as one user (uid %u); start it as root%s",
		    (unsigned)geteuid(), named(c) ? ", or remove users:" : " and name users: { core, edge, keyholder }");
		return CFG_USERS_ONE;
	}
	for (unsigned i = 0; i < CFG_PROCESSES; i++) {
		if (cfg_user_find(&u[i], c, (enum cfg_process)i)) {
			return CFG_USERS_APART;
		}
	}
	return shared(u, words) ? CFG_USERS_SHARED : CFG_USERS_APART;
}

static void check_group(const struct cfg_iwf *c, const char *role, const char *group, struct report *why)
{
	gid_t gid;

	if (*group && cfg_names_group(&gid, &c->names, group)) {
		cfg_warn(why, c->lines, cfg_line(c->lines, "control.console_groups.%s", role),
			 "control.console_groups.%s: this machine has no group '%s'; nobody has this role", role, group);
	}
}

/* Then the console would not be bound by the persons who are logged in: the core takes its own user
 * for that of a laboratory, and what an edge asks for the console's word. */
static void check_console_apart(const struct cfg_iwf *c, const struct user *console, struct report *why)
{
	struct cfg_user u;

	if (geteuid() != 0 || c->sandbox != CFG_SANDBOX_REQUIRE) {
		return;
	}
	for (unsigned i = 0; i < CFG_PROCESSES; i++) {
		if (!cfg_user_find(&u, c, (enum cfg_process)i) && u.id.uid == console->uid) {
			cfg_warn(
			    why, c->lines, cfg_line(c->lines, "control.console_user"),
			    "control.console_user: the console and %s would share the user '%s', so that whoever takes one of "
			    "them over has the other; give the console a user of its own",
			    process_words[i], c->console_user);
			return;
		}
	}
}

/* Without them the gateway works, and the console can change nothing. */
static void check_console(const struct cfg_iwf *c, struct report *why)
{
	struct user console;

	if (cfg_sound(c->lines, "control")) {
		check_group(c, "read", c->console.read, why);
		check_group(c, "operate", c->console.operate, why);
		check_group(c, "admin", c->console.admin, why);
	}
	if (c->console.certificates > CFG_ROLE_READ && cfg_sound(c->lines, "control")) {
		cfg_warn(why, c->lines, cfg_line(c->lines, "control.console_certificates"),
			 "control.console_certificates: whoever takes the console over may "
			 "do what this role may, in any name; log-ins by a link do not need it");
	}
	if (c->console_user[0] && cfg_sound(c->lines, "control") && cfg_names_user(&console, &c->names, c->console_user)) {
		cfg_warn(why, c->lines, cfg_line(c->lines, "control.console_user"),
			 "control.console_user: this machine has no user '%s'; the console can change nothing", c->console_user);
	} else if (c->console_user[0] && cfg_sound(c->lines, "control") && cfg_sound(c->lines, "users")) {
		check_console_apart(c, &console, why);
	}
}

int cfg_users_check(const struct cfg_iwf *c, struct report *why)
{
	char words[CFG_WHY_MAX];
	enum cfg_users_state state;

	check_console(c, why);
	if (c->sandbox != CFG_SANDBOX_REQUIRE || !cfg_sound(c->lines, "users") || !cfg_sound(c->lines, "sandbox")) {
		return 0;
	}
	state = cfg_users_look(c, words);
	if (state == CFG_USERS_SHARED || (state == CFG_USERS_ONE && named(c))) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "sandbox"), "sandbox: require: %s", words);
	}
	return 0;
}
