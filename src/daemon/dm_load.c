/* dm_load.c - from the name of a configuration to a checked set, and everything that is wrong on
 * the way. */
#include "daemon/dm_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/shown.h"
#include "base/str.h"
#include "daemon/dm_audit.h"
#include "daemon/dm_give.h"
#include "daemon/dm_key_check.h"
#include "daemon/dm_names.h"
#include "daemon/dm_open.h"
#include "daemon/dm_sandbox.h"
#include "daemon/dm_scrape.h"
#include "daemon/dm_sctp.h"
#include "net/net_transport.h"

static int absolute_path(char out[PATH_MAX], const char *path)
{
	char here[PATH_MAX] = "";
	int n;

	if (path[0] != '/' && !getcwd(here, sizeof here)) {
		return ERR_IO;
	}
	n = snprintf(out, PATH_MAX, "%s%s%s", path[0] == '/' ? "" : here, path[0] == '/' ? "" : "/", path);
	if (n >= 0 && n < PATH_MAX) {
		return 0;
	}
	errno = ENAMETOOLONG;
	return ERR_LIMIT;
}

/* Addresses that this machine does not have, ports that we may not take. */
static void check_listeners(const struct cfg_iwf *c, struct report *why)
{
	char address[SHOWN_ADDRESS_MAX];

	for (size_t i = 0; i < c->listen_n; i++) {
		const struct cfg_listen *l = &c->listen[i];
		struct net_sctp_ends sctp;
		int err;

		if (!cfg_sound(c->lines, "listen[%zu]", i) ||
		    (transport_is_sctp(l->transport) && l->zone == ZONE_EXTERNAL && l->protection != PROTECTION_NDSIP)) {
			continue; /* an error already */
		}
		err = net_usable(l->address, l->port, dm_sctp_of(&sctp, c, i));
		if (l->transport == TRANSPORT_SCTP_UDP && (err == ERR_NOTFOUND || (err && errno == EPERM))) {
			continue; /* dm_sctp_check() says it; a parent that runs may make no UDP socket, the next start may */
		}
		if (err == ERR_NOTFOUND) {
			cfg_warn(why, c->lines, cfg_line(c->lines, "listen[%zu].transport", i),
				 "listener '%s' stays shut: " DM_SCTP_MISSING, l->name);
		} else if (err) {
			cfg_error(
			    why, c->lines, cfg_line(c->lines, "listen[%zu].address", i), "listener '%s' cannot have %s: %s",
			    l->name,
			    shown_address(address, l->address, l->transport == TRANSPORT_SCTP_UDP ? sctp.udp_port : l->port),
			    net_bind_words(errno));
		}
	}
}

/* An address of ours that others bind, or that is bound later: it may come with its device. */
static void check_ours(const struct cfg_iwf *c, const char *text, unsigned line, const char *whose, struct report *why)
{
	if (net_usable(text, 0, NULL) == ERR_IO && errno == EADDRNOTAVAIL) {
		cfg_warn(why, c->lines, line, "%s has '%s', and no device of this machine has it (ip address add)", whose, text);
	}
}

static void check_own_addresses(const struct cfg_iwf *c, struct report *why)
{
	char whose[CFG_NAME_MAX + 32];

	for (size_t i = 0; i < c->ndsip.local_ike_n; i++) {
		if (cfg_sound(c->lines, "ndsip.local_ike[%zu]", i)) {
			check_ours(c, c->ndsip.local_ike[i], cfg_line(c->lines, "ndsip.local_ike[%zu]", i), "ndsip.local_ike",
				   why);
		}
	}
	for (size_t i = 0; i < c->peers_n; i++) {
		const struct cfg_peer *p = &c->peers[i];

		snprintf(whose, sizeof whose, "local_addresses of peer '%s'", p->name);
		for (size_t k = 0; k < p->local_addresses_n && cfg_sound(c->lines, "peers[%zu]", i); k++) {
			check_ours(c, p->local_addresses[k], cfg_line(c->lines, "peers[%zu].local_addresses[%zu]", i, k), whose,
				   why);
		}
	}
}

/* Each connection is a descriptor. */
static void check_descriptors(const struct cfg_iwf *c, struct report *why)
{
	struct rlimit limit;

	if (cfg_sound(c->lines, "limits") && getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < dm_descriptors(c)) {
		cfg_warn(why, c->lines, cfg_line(c->lines, "limits.connections_total"),
			 "this process may have %llu descriptors at most, and limits.connections_total wants %llu",
			 (unsigned long long)limit.rlim_max, (unsigned long long)dm_descriptors(c));
	}
}

/* Old configurations go on working, and nobody is left in the belief that they check this. */
static void check_revocation(const struct cfg_iwf *c, struct report *why)
{
	char names[4 * (CFG_NAME_MAX + 2)] = "";
	unsigned n = 0;

	for (size_t i = 0; i < c->anchors_n; i++) {
		if (c->anchors[i].crl_n || *c->anchors[i].ocsp || !cfg_sound(c->lines, "trust_anchors[%zu]", i)) {
			continue;
		}
		if (n++ < 4) {
			str_add(names, sizeof names, n > 1 ? ", " : "");
			str_add(names, sizeof names, c->anchors[i].name);
		}
	}
	if (n) {
		cfg_warn(why, c->lines, cfg_line(c->lines, "trust_anchors"),
			 "revoked certificates of %s%s are not recognised: add crl or ocsp to the trust anchor%s", names,
			 n > 4 ? " and others" : "",
			 c->ndsip.present ? "; without a CRL, NDS/IP accepts no certificate of an anchor" : "");
	}
}

/* The program of the metrics' process, and what it listens at. */
static void check_metrics(const struct cfg_iwf *c, struct report *why)
{
	const struct cfg_metrics *m = &c->metrics;
	char program[PATH_MAX], address[SHOWN_ADDRESS_MAX];
	int err;

	if (!m->on || !cfg_sound(c->lines, "metrics")) {
		return;
	}
	if (dm_scrape_program(program, sizeof program)) {
		cfg_error(
		    why, c->lines, cfg_line(c->lines, "metrics.enabled"),
		    "metrics.enabled is yes, and the program %s cannot be started; install it, or write metrics.enabled: no",
		    program);
	}
	err = net_usable(m->address, m->port, NULL);
	if (err) {
		cfg_error(why, c->lines, cfg_line(c->lines, "metrics.address"), "metrics: %s: %s",
			  shown_address(address, m->address, m->port), err == ERR_IO ? net_bind_words(errno) : err_str(err));
	}
}

/* `names` NULL: the start, which waits for them. */
static int name(struct cfg_iwf *c, const struct cfg_names *names, struct report *why)
{
	char words[DM_NAMES_WHY_MAX];
	int err;

	if (names) {
		c->names = *names;
		return 0;
	}
	cfg_names_add(&c->names, c);
	err = dm_names_wait(&c->names, c->timers.names_ms, words);
	if (err) {
		report_add(why, REPORT_ERROR, "%s", words);
	}
	return err;
}

static int examine(struct dm_loaded *l, const struct cfg_names *names, struct report *why)
{
	int err = cfg_iwf_examine(&l->cfg, l->path, l->text, l->text_len, why);
	int files;

	if (!l->cfg) {
		return err;
	}
	files = name(l->cfg, names, why);
	if (files) {
		return files; /* the checks of files would ask, and wait */
	}
	files = cfg_iwf_check_files(l->cfg, why);
	check_listeners(l->cfg, why);
	check_metrics(l->cfg, why);
	check_own_addresses(l->cfg, why);
	dm_sctp_check(l->cfg, why);
	check_descriptors(l->cfg, why);
	dm_sandbox_check(l->cfg, why);
	check_revocation(l->cfg, why);
	dm_audit_check(l->cfg, why);
	if (!err) {
		err = files;
	}
	files = dm_give_check(l->cfg, why);
	if (!err) {
		err = files;
	}
	files = dm_set_load(&l->set, l->cfg, NULL, 1, why);
	if (!files && !why->errors && !names && dm_key_check_needed(l->set)) {
		dm_key_check(l->cfg, l->set->fd[DM_PART_P11], why); /* a reload does not wait for the token here */
	}
	if (!err) {
		err = files;
	}
	return err ? err : why->errors ? ERR_INVAL : 0;
}

int dm_load(struct dm_loaded *out, const char *path, struct report *why)
{
	char words[CFG_WHY_MAX];
	struct stat st;
	int err;

	*out = (struct dm_loaded){ .unread = true };
	err = absolute_path(out->path, path);
	if (err) {
		report_add(why, REPORT_ERROR, "%s: %s", path, strerror(errno));
		return err;
	}
	out->again = stat(out->path, &st) == 0 && S_ISREG(st.st_mode);
	err = cfg_text_load(&out->text, &out->text_len, out->path, words);
	if (err) {
		report_add(why, REPORT_ERROR, "%s", words);
	} else {
		out->unread = false;
		err = examine(out, NULL, why);
	}
	if (err) {
		bool unread = out->unread;

		dm_loaded_fini(out);
		out->unread = unread;
	}
	return err;
}

void dm_loaded_fini(struct dm_loaded *l)
{
	dm_set_free(l->set);
	cfg_iwf_free(l->cfg);
	free(l->text);
	*l = (struct dm_loaded){ .text = NULL };
}

int dm_load_again(struct cfg_iwf **out, const char *path, const char *text, size_t len, const struct cfg_names *names,
		  struct report *why)
{
	struct dm_loaded l = { .text_len = len };
	int err = absolute_path(l.path, path);

	l.text = malloc(len + 1);
	if (!l.text) {
		return ERR_NOMEM;
	}
	memcpy(l.text, text, len);
	if (!err) {
		err = examine(&l, names, why);
	}
	if (!err) {
		*out = l.cfg;
		l.cfg = NULL;
	}
	dm_loaded_fini(&l);
	return err;
}
