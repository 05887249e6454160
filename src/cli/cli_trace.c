/* cli_trace.c - `trace start`: the file is made here, with the rights of whoever asks, and the
 * gateway gets its descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/obj.h"
#include "cli/cli_client.h"
#include "cli/cli_command.h"

#define NAME_MAX_SENT 200u

#define TRACE_REPLY_MAGIC 0x2c90ae75u
struct trace_reply {
	struct obj obj;
	bool json;
	FILE *out;
};

int cli_show_trace(FILE *out, const json_t *last)
{
	char filter[CLI_SHOWN_MAX], until[CLI_SHOWN_MAX], end[CLI_SHOWN_MAX], file[CLI_SHOWN_MAX], n[SHOWN_COUNT_MAX];

	cli_member(filter, last, "filter");
	cli_member(file, last, "file");
	if (json_is_true(json_object_get(last, "running"))) {
		fprintf(out, "trace %lld runs: %s, %s, into %s\n  until %s or %lld bytes; 'mtcctl trace stop' ends it before\n",
			cli_number(last, "number"), filter,
			json_is_true(json_object_get(last, "unredacted")) ? "UNREDACTED" : "redacted", file,
			cli_member(until, last, "until"), cli_number(last, "octets_max"));
		return CLI_OK;
	}
	fprintf(out, "trace %lld has ended: %s\n  %s in %lld bytes of %s", cli_number(last, "number"),
		cli_member(end, last, "end"), cli_count(n, last, "messages", "message"), cli_number(last, "octets"), file);
	if (cli_number(last, "lost")) {
		fprintf(out, "; lost: %s", cli_count(n, last, "lost", "message"));
	}
	fputs("\n", out);
	return CLI_OK;
}

static int on_row(void *arg, const json_t *row)
{
	struct trace_reply *r = OBJ_OF(arg, struct trace_reply, TRACE_REPLY_MAGIC);
	char *text;

	if (!json_is_true(json_object_get(row, "done"))) {
		return 0;
	}
	if (r->json) {
		text = json_dumps(row, JSON_COMPACT | JSON_ENSURE_ASCII);
		fprintf(r->out, "%s\n", text ? text : "");
		free(text);
	} else if (json_is_true(json_object_get(row, "ok"))) {
		cli_show_trace(r->out, row);
	}
	return 0;
}

/* Readable by its owner alone: it has messages of others. -1: said why. */
static int make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);

	if (fd < 0 && errno == EEXIST) {
		fprintf(stderr, "mtcctl: %s exists already, and a trace overwrites nothing: give another name\n", path);
	} else if (fd < 0) {
		fprintf(stderr, "mtcctl: %s cannot be made: %s\n", path, strerror(errno));
	}
	return fd;
}

static void name_file(json_t *args, const char *path)
{
	size_t n = strlen(path);

	json_object_set_new(args, "name", json_string(n > NAME_MAX_SENT ? path + n - NAME_MAX_SENT : path));
	if (!json_object_get(args, "name")) {
		json_object_set_new(args, "name", json_string("file")); /* its name is no UTF-8 */
	}
}

int cli_trace_start(const struct cli_session *s, json_t *args)
{
	char why[CTL_CLIENT_WHY_MAX], *path = strdup(json_string_value(json_object_get(args, "pcap")));
	struct trace_reply r = { OBJ(TRACE_REPLY_MAGIC), s->json, stdout };
	bool standard = path && strcmp(path, "-") == 0;
	struct ctl_client *client;
	int fd, err;

	if (!path) {
		fputs("mtcctl: out of memory\n", stderr);
		return CLI_USAGE;
	}
	json_object_del(args, "pcap"); /* it goes along as a descriptor */
	name_file(args, standard ? "standard output" : path);
	err = cli_client(&client, s, s->socket, why);
	if (err) {
		fprintf(stderr, "mtcctl: %s\n", why);
		free(path);
		return err == ERR_INVAL ? CLI_USAGE : CLI_CONNECT;
	}
	fd = standard ? STDOUT_FILENO : make_file(path);
	if (standard) {
		r.out = stderr; /* the trace has the other one */
	}
	if (fd < 0) {
		ctl_client_close(client);
		free(path);
		return CLI_USAGE;
	}
	err = ctl_client_ask(client, "trace.start", args, fd, s->wait_ms, on_row, &r, why);
	ctl_client_close(client);
	if (err) {
		fprintf(stderr, "mtcctl: %s\n", why);
		if (!standard && err == ERR_REFUSED) {
			file_remove(path);
		}
	}
	if (!standard) {
		close(fd);
	}
	free(path);
	return err == ERR_REFUSED ? CLI_NO : err ? CLI_CONNECT : CLI_OK;
}
