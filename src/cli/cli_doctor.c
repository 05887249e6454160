/* cli_doctor.c - `doctor`: gathers what the gateway says, the end of its decision log, its
 * configuration and files, and has src/doctor judge it. It changes nothing. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/nearest.h"
#include "base/obj.h"
#include "base/str.h"
#include "base/text.h"
#include "cli/cli_client.h"
#include "cli/cli_doctor.h"
#include "doctor/doc_conf.h"
#include "doctor/doc_gateway.h"
#include "doctor/doc_ocsp.h"
#include "doctor/doc_probe.h"

#define DEFAULT_CONFIG "/etc/mtc-iwf/mtc-iwfd.yaml"

/* -- the gateway is asked */

#define ASKING_MAGIC 0x2a6fd0b7u
struct asking {
	struct obj obj;
	json_t *rows, *last;
};

static int on_row(void *arg, const json_t *row)
{
	struct asking *a = OBJ_OF(arg, struct asking, ASKING_MAGIC);

	if (json_is_true(json_object_get(row, "done"))) {
		a->last = json_incref((json_t *)(uintptr_t)row);
	} else {
		json_array_append(a->rows, (json_t *)(uintptr_t)row);
	}
	return 0;
}

json_t *cli_doctor_ask(struct cli_doctor *d, const char *cmd, json_t *args, bool last)
{
	struct asking a = { .obj = OBJ(ASKING_MAGIC), .rows = json_array() };
	char why[CTL_CLIENT_WHY_MAX];
	int err = d->client ? ctl_client_ask(d->client, cmd, args, -1, d->session->wait_ms, on_row, &a, why) : ERR_CLOSED;
	json_t *wanted = err ? NULL : last ? a.last : a.rows;

	json_incref(wanted);
	json_decref(a.rows);
	json_decref(a.last);
	json_decref(args);
	if (err && err != ERR_REFUSED && d->client) {
		ctl_client_close(d->client);
		d->client = NULL;
		str_cut(d->no_client, sizeof d->no_client, why);
	}
	return wanted;
}

const char *cli_doctor_text(const json_t *row, const char *member)
{
	const char *text = json_string_value(json_object_get(row, member));

	return text ? text : "";
}

json_t *cli_doctor_row(const json_t *rows, const char *const *members, const char *text)
{
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
	{
		for (const char *const *m = members; *m; m++) {
			const char *value = cli_doctor_text(row, *m);

			if (str_equal_nocase(value, strlen(value), text, strlen(text))) {
				return row;
			}
		}
	}
	return NULL;
}

/* -- a file */

static void peer_hosts(const char *out[CFG_PEERS_MAX + 1], const struct doc_conf *conf)
{
	size_t n = conf->cfg ? conf->cfg->peers_n : 0;

	for (size_t i = 0; i < n; i++) {
		out[i] = conf->cfg->peers[i].host;
	}
	out[n] = NULL;
}

static void asked_anchors(const char *out[CFG_ANCHORS_MAX + 1], const struct doc_conf *conf)
{
	size_t n = 0;

	for (size_t i = 0; conf->cfg && i < conf->cfg->anchors_n; i++) {
		if (*conf->cfg->anchors[i].ocsp) {
			out[n++] = conf->cfg->anchors[i].name;
		}
	}
	out[n] = NULL;
}

static void look_at_copy(struct cli_doctor *d, const char *file, const struct file_copy *copy, const struct doc_conf *conf)
{
	const char *hosts[CFG_PEERS_MAX + 1], *asked[CFG_ANCHORS_MAX + 1];
	struct file_copy certificate;
	struct doc_ours ours;
	bool is_ours = doc_conf_ours(&ours, &certificate, conf, file);
	json_t *scs = is_ours ? NULL : cli_doctor_ask(d, "scs.list", NULL, false);

	peer_hosts(hosts, conf);
	asked_anchors(asked, conf);
	doc_look_at_file(&d->report, &(struct doc_file){ .file = file,
							 .pem = { copy->p, copy->len },
							 .mode = copy->mode,
							 .now_s = clock_real_ms() / 1000,
							 .anchors = conf->anchors,
							 .anchors_n = conf->anchors_n,
							 .judge = conf->judge,
							 .no_judge = conf->why,
							 .ours = is_ours ? &ours : NULL,
							 .peers = hosts,
							 .asked = asked,
							 .scs = scs });
	json_decref(scs);
	file_copy_fini(&certificate);
}

static void look_at_one(struct cli_doctor *d, const char *file, const struct doc_conf *conf)
{
	char why[FILE_WHY_MAX];
	struct file_copy copy;

	if (file_read(&copy, file, TLS_PEM_MAX, why)) {
		doc_say(&d->report, DOC_FILE_UNREAD, file, DOC_WORDS({ "file", file }, { "why", why }));
		return;
	}
	look_at_copy(d, file, &copy, conf);
	file_copy_fini(&copy);
}

static int look_at_file(struct cli_doctor *d, const char *file)
{
	struct doc_conf *conf = malloc(sizeof *conf);

	if (!conf) {
		return CLI_CONNECT;
	}
	doc_conf_begin(conf, d->config, &d->report, false);
	look_at_one(d, file, conf);
	doc_conf_end(conf);
	free(conf);
	return CLI_OK;
}

/* A key that this user may not read is as it should be. */
static void look_at_own(struct cli_doctor *d, const char *file, const struct doc_conf *conf)
{
	if (*file && (!access(file, R_OK) || errno != EACCES)) {
		look_at_one(d, file, conf);
	}
}

/* The gateway's own certificates and keys. */
static void look_at_owns(struct cli_doctor *d, const struct doc_conf *conf)
{
	for (size_t i = 0; conf->cfg && i < conf->cfg->listen_n; i++) {
		look_at_own(d, conf->cfg->listen[i].certificate, conf);
		look_at_own(d, conf->cfg->listen[i].key, conf);
	}
	for (size_t i = 0; conf->cfg && i < conf->cfg->peers_n; i++) {
		look_at_own(d, conf->cfg->peers[i].certificate, conf);
		look_at_own(d, conf->cfg->peers[i].key, conf);
	}
}

/* -- the gateway as a whole */

struct newest {
	char path[CFG_PATH_MAX];
	uint64_t s;
};

static void offer(struct newest *n, const char *path)
{
	struct stat st;

	if (*path && !stat(path, &st) && S_ISREG(st.st_mode) && st.st_mtime > 0 && (uint64_t)st.st_mtime > n->s) {
		n->s = (uint64_t)st.st_mtime;
		str_cut(n->path, sizeof n->path, path);
	}
}

static void offer_dir(struct newest *n, const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	char path[CFG_PATH_MAX + 300];

	while (d && (entry = readdir(d))) {
		snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
		offer(n, path);
	}
	if (d) {
		closedir(d);
	}
}

static void find_newest(struct newest *n, const json_t *status, const struct doc_conf *conf)
{
	char dir[CFG_PATH_MAX + 16];
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(status, "written"), i, row) offer(n, cli_doctor_text(row, "path"));
	if (conf->cfg) {
		offer_dir(n, conf->cfg->state_dir);
		snprintf(dir, sizeof dir, "%s/journal", conf->cfg->state_dir);
		offer_dir(n, dir);
	}
}

static int say_down(struct cli_doctor *d)
{
	doc_say(&d->report, DOC_GATEWAY_DOWN, "gateway", DOC_WORDS({ "why", d->no_client }));
	return CLI_CONNECT;
}

static int whole(struct cli_doctor *d)
{
	struct newest newest = { .s = 0 };
	struct doc_conf *conf = malloc(sizeof *conf);
	json_t *status = cli_doctor_ask(d, "status", NULL, true);
	int code = status ? CLI_OK : say_down(d);

	if (conf) {
		doc_conf_begin(conf, d->config, &d->report, true);
		look_at_owns(d, conf);
		if (conf->cfg) {
			cli_doctor_net(d, conf->cfg, status);
		}
		find_newest(&newest, status, conf);
		doc_conf_end(conf);
	}
	free(conf);
	if (status) {
		doc_look_at_gateway(&d->report, &(struct doc_gateway){ .status = status,
								       .now_s = clock_real_ms() / 1000,
								       .newest = newest.path,
								       .newest_s = newest.s });
		doc_look_at_ocsp(&d->report, json_object_get(status, "ocsp"), NULL);
	}
	json_decref(status);
	return code;
}

/* -- a peer */

/* "192.0.2.7:3868", "[2001:db8::1]:3868" */
static bool split_address(char out[CFG_ADDRESS_MAX], uint32_t *port, const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t skip = *text == '[', n = colon ? (size_t)(colon - text) : 0;

	return colon && n > 2 * skip && !str_parse_u32(port, colon + 1, 1, 65535) &&
	       !str_copy(out, CFG_ADDRESS_MAX, text + skip, n - 2 * skip);
}

/* NULL: over TCP. */
static const struct net_sctp_ends *sctp_of(struct net_sctp_ends *e, const struct cfg_peer *peer, const struct cfg_sctp *times)
{
	*e = (struct net_sctp_ends){ .timers = { .rto_initial_ms = (uint32_t)times->rto_initial_ms,
						 .rto_min_ms = (uint32_t)times->rto_min_ms,
						 .rto_max_ms = (uint32_t)times->rto_max_ms },
				     .in_udp = peer->transport == TRANSPORT_SCTP_UDP,
				     .udp_port = peer->udp_port };
	for (size_t i = 0; i < peer->more_addresses_n; i++) {
		e->more[e->more_n++] = peer->more_addresses[i];
	}
	for (size_t i = 0; i < peer->local_addresses_n; i++) {
		e->local[e->local_n++] = peer->local_addresses[i];
	}
	return transport_is_sctp(peer->transport) ? e : NULL;
}

static void try_peer(struct doc_peer *p, const struct doc_conf *conf, char why[DOC_PROBE_WHY_MAX])
{
	const struct cfg_peer *peer = doc_conf_peer(conf, cli_doctor_text(p->row, "name"));
	bool secure = strcmp(cli_doctor_text(p->row, "protection"), protection_word(PROTECTION_NONE)) != 0;
	char address[CFG_ADDRESS_MAX];
	struct doc_probe probe = { .address = address, .host = cli_doctor_text(p->row, "host"), .wait_ms = CLI_DOCTOR_PROBE_MS };
	struct net_sctp_ends ends;
	struct tls_conf tls;
	uint32_t port;

	p->wait_ms = CLI_DOCTOR_PROBE_MS;
	p->certificate = peer ? peer->certificate : "";
	if (!split_address(address, &port, cli_doctor_text(p->row, "address"))) {
		str_set(why, DOC_PROBE_WHY_MAX, "it is no address with a port");
		return;
	}
	probe.port = (uint16_t)port;
	probe.tls = peer && doc_conf_tls(&tls, conf, peer) ? &tls : NULL;
	probe.sctp = peer ? sctp_of(&ends, peer, &conf->cfg->sctp) : NULL;
	p->reach = doc_probe(&probe, why);
	if (p->reach == DOC_REACH_CONNECTS && secure && !probe.tls) {
		str_cut(why, DOC_PROBE_WHY_MAX, conf->cfg ? "its trust anchor cannot be used" : conf->why);
	}
}

static const char *our_addresses(char *out, size_t size, const struct cfg_peer *peer)
{
	struct text t = text_over(out, size);

	for (size_t i = 0; i < peer->local_addresses_n; i++) {
		text_add(&t, i ? ", " : "");
		text_add(&t, peer->local_addresses[i]);
	}
	return out;
}

static void look_at_peer(struct cli_doctor *d, const json_t *row)
{
	char why[DOC_PROBE_WHY_MAX] = "";
	struct doc_peer p = { .row = row, .reach = DOC_REACH_UNTRIED, .why = why, .certificate = "" };
	const struct cfg_peer *peer;
	struct doc_conf *conf = NULL;
	char ours[CFG_ADDRESS_MAX * (TRANSPORT_MORE_MAX + 1) + 32] = "";

	if (doc_peer_may_be_tried(row)) {
		conf = malloc(sizeof *conf);
	}
	if (conf) {
		doc_conf_begin(conf, d->config, &d->report, false);
		try_peer(&p, conf, why);
	}
	peer = conf ? doc_conf_peer(conf, cli_doctor_text(row, "name")) : NULL;
	if (peer) {
		p.transport = transport_word(peer->transport);
		p.local = our_addresses(ours, sizeof ours, peer);
	}
	doc_look_at_peer(&d->report, &p);
	if (peer) {
		cli_doctor_peer_name(d, peer, p.reach >= DOC_REACH_CONNECTS);
	}
	if (conf) {
		doc_conf_end(conf);
	}
	free(conf);
}

/* -- a name */

static void say_unknown(struct cli_doctor *d, const char *name, const json_t *peers, const json_t *scss)
{
	char meant[200] = "";
	struct nearest n;
	const json_t *row;
	size_t i;

	nearest_init(&n, name);
	json_array_foreach((json_t *)(uintptr_t)peers, i, row) nearest_offer(&n, cli_doctor_text(row, "name"));
	json_array_foreach((json_t *)(uintptr_t)scss, i, row) nearest_offer(&n, cli_doctor_text(row, "name"));
	if (n.best) {
		snprintf(meant, sizeof meant, "; did you mean '%.100s'?", n.best);
	}
	doc_say(&d->report, DOC_NAME_UNKNOWN, name, DOC_WORDS({ "name", name }, { "meant", meant }));
}

static int look_at_name(struct cli_doctor *d, const char *name)
{
	static const char *const of_peer[] = { "name", "host", NULL }, *const of_scs[] = { "name", "origin_host", "e164", NULL };
	json_t *peers = cli_doctor_ask(d, "peers", NULL, false), *scss = cli_doctor_ask(d, "scs.list", NULL, false),
	       *shown = NULL;
	json_t *status = cli_doctor_ask(d, "status", NULL, true);
	const json_t *peer = cli_doctor_row(peers, of_peer, name), *scs = cli_doctor_row(scss, of_scs, name);
	int code = CLI_OK;

	if (scs && !peer) {
		shown = cli_doctor_ask(d, "scs.show", json_pack("{s:s}", "name", cli_doctor_text(scs, "name")), false);
	}
	if (peer) {
		look_at_peer(d, peer);
	} else if (json_array_size(shown)) {
		cli_doctor_scs(d, json_array_get(shown, 0), status);
		doc_look_at_ocsp(&d->report, json_object_get(status, "ocsp"), cli_doctor_text(scs, "anchor"));
	} else if (!access(name, F_OK)) {
		code = look_at_file(d, name);
	} else if (!d->client) {
		code = say_down(d);
	} else if (!cli_doctor_stranger(d, name, status)) {
		say_unknown(d, name, peers, scss);
	}
	json_decref(peers);
	json_decref(scss);
	json_decref(shown);
	json_decref(status);
	return code;
}

int cli_doctor(const struct cli_session *s, const json_t *args)
{
	const char *what = json_string_value(json_object_get(args, "what"));
	const char *config = json_string_value(json_object_get(args, "config"));
	struct cli_doctor d = { .session = s, .config = config ? config : DEFAULT_CONFIG };
	int code;

	if (!doc_report_begin(&d.report)) {
		fputs("mtcctl: out of memory\n", stderr);
		return CLI_CONNECT;
	}
	if (cli_client(&d.client, s, s->socket, d.no_client)) {
		d.client = NULL;
	}
	if (!what) {
		code = whole(&d);
	} else {
		code = strchr(what, '/') ? look_at_file(&d, what) : look_at_name(&d, what);
	}
	code = cli_doctor_show(s, &d.report, code);
	doc_report_end(&d.report);
	ctl_client_close(d.client);
	return code;
}
